"""Sex by XIST and Y genes: fixed limits, a sample at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.expression.genes import annotate
from anpi.identity.sex import XIST, Y_GENES, sex_from_expression


def profile(xist: float | None, y: float | None) -> pd.DataFrame:
    levels = {} if xist is None else {XIST: xist}
    levels |= {} if y is None else dict.fromkeys(Y_GENES, y)
    return pd.DataFrame({"S1": levels}, dtype=float)


@pytest.mark.parametrize(
    ("xist", "y", "sex"),
    [
        (25, 0.1, "F"),
        (0.02, 60, "M"),
        (0.02, 0.1, "unclear"),  # a man's tumour without Y, or a woman's without XIST
        (25, 60, "unclear"),  # both: a mixture
        (25, 2, "unclear"),
        (2, 0.1, "unclear"),
        (2, 60, "unclear"),
        (None, 60, "M"),
        (None, 0.1, None),  # low Y alone does not make a woman
        (25, None, None),
        (None, None, None),
    ],
)
def test_calls(xist: float | None, y: float | None, sex: str | None):
    called = sex_from_expression(profile(xist, y))["sex_expression"].item()
    assert called == sex if sex else pd.isna(called)


def test_two_measured_y_genes_are_too_few():
    table = profile(0.0, 60.0).drop(index=list(Y_GENES)[2:])
    assert pd.isna(sex_from_expression(table)["sex_expression"].item())


def test_other_samples_do_not_matter():
    rng = np.random.default_rng(3)
    cohort = pd.DataFrame(rng.lognormal(1, 2, (8, 30)), index=[XIST, *Y_GENES], columns=[f"S{i}" for i in range(30)])
    together = sex_from_expression(cohort).set_index("sample_id")
    for sample in cohort:
        pd.testing.assert_frame_equal(
            sex_from_expression(cohort[[sample]]).set_index("sample_id"), together.loc[[sample]]
        )


def test_melanomas_of_known_sex(external_data: Path):
    """41 tumours (Gide 2019), 26 men; a table of coding genes, without XIST, so nobody may be called a woman."""
    folder = external_data / "data" / "expression" / "gide2019_melanoma"
    values = pd.read_csv(folder / "expression_log2tpm.tsv.gz", sep="\t", index_col=0)
    values = values[values.index.isin(Y_GENES.values())]
    tpm = np.exp2(values) - 0.001
    tpm.index = annotate(values.index)["gene_id"].to_numpy()
    called = sex_from_expression(tpm).set_index("sample_id")
    stated = pd.read_csv(folder / "clinical.tsv", sep="\t").set_index("sample_id")["sex"].reindex(called.index)
    assert stated.value_counts().to_dict() == {"M": 26, "F": 15}
    assert (called["sex_expression"][stated == "M"] == "M").all()
    assert called["sex_expression"][stated == "F"].isna().all()
    assert called["y_tpm"][stated == "F"].max() < 1 < 15 < called["y_tpm"][stated == "M"].min()


def test_airway_cells_of_a_man(external_data: Path):
    """Transcripts of XIST and the Y genes in the published salmon results (GENCODE 29)."""
    quant = pd.read_csv(external_data / "data" / "quants" / "airway" / "SRR1039508" / "quant.sf.gz", sep="\t")
    tpm = quant.set_index(quant["Name"].str.split(".").str[0])["TPM"]
    main = {
        "ENSG00000229807": "ENST00000429829",
        "ENSG00000129824": "ENST00000430575",
        "ENSG00000067048": "ENST00000336079",
        "ENSG00000012817": "ENST00000317961",
        "ENSG00000114374": "ENST00000338981",
        "ENSG00000067646": "ENST00000383052",
    }
    levels = pd.DataFrame({"SRR1039508": {gene: tpm.get(name, np.nan) for gene, name in main.items()}})
    assert levels.loc["ENSG00000129824", "SRR1039508"] == pytest.approx(444, abs=30)
    assert sex_from_expression(levels)["sex_expression"].item() == "M"
