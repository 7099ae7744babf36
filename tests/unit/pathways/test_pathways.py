"""Activity of pathways: R's values, what each sample depends on, a pathway that is switched on, coverage.

The values of R come from progeny 1.20.0 under R 4.2:

    genes <- sort(rownames(getModel("Human", top = 100)), method = "radix")
    i <- seq_along(genes) - 1
    expr <- cbind(s1 = (i * 7919) %% 1000 / 100, s2 = (i * 104729) %% 997 / 100)
    rownames(expr) <- genes
    progeny(expr, scale = FALSE, top = 100)
    progeny(expr[i %% 5 != 0, ], scale = FALSE, top = 100)
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from warm import python

from anpi.expression.matrix import as_expression
from anpi.expression.reference_levels import read_reference
from anpi.files.shipped import ROOT
from anpi.pathways.progeny import WEIGHTS, read_weights, score_pathways
from anpi.tables.reading import read_text_table

ORDER_OF_R = "Androgen EGFR Estrogen Hypoxia JAK-STAT MAPK NFkB p53 PI3K TGFb TNFa Trail VEGF WNT"
PATHWAYS = ORDER_OF_R.split()
OF_ALL_GENES = {
    "s1": "2207.49661804 45.9045145893 1535.35268656 3024.91764803 4328.55049469 720.934959798 4238.70622980 "
    "2874.30376829 -2431.30929185 1693.17012626 4886.22261232 155.537014836 44.0659207897 430.596966590",
    "s2": "2201.16281991 136.7124532890 1532.38369978 3727.29434274 4047.17167746 1027.728806960 4191.67987914 "
    "2970.40010722 -2206.45775253 1888.75232911 4674.72857295 107.120349759 -430.6036694760 438.878027194",
}
OF_FOUR_IN_FIVE = {
    "s1": "1731.80150544 57.5614576385 1266.11073250 2321.91908913 3403.11725588 516.191857089 3751.86387024 "
    "2290.22653601 -1647.77347598 1334.58845346 4384.02954520 20.13447539080 -217.444448939 243.436335916",
    "s2": "1914.27269623 167.1660382380 1260.67852296 2837.72572097 3145.93194235 761.900332948 3662.97622859 "
    "2403.12052804 -1600.05782701 1354.47354336 4235.34573075 3.90057378991 -481.061314092 302.251576289",
}


def r_matrix() -> pd.DataFrame:
    """TPM whose log2(TPM + 1) are the numbers of the R snippet."""
    genes = sorted(set(read_text_table(WEIGHTS)["symbol"]))
    i = np.arange(len(genes))
    return pd.DataFrame({"s1": i * 7919 % 1000 / 100, "s2": i * 104729 % 997 / 100}, index=genes).rpow(2) - 1


def scores_of(values: pd.DataFrame, column: str = "score") -> pd.DataFrame:
    table = score_pathways(as_expression(values, "tpm"))
    return table.pivot(index="sample_id", columns="pathway", values=column)[PATHWAYS]


@pytest.fixture(scope="module")
def tumours() -> pd.DataFrame:
    """The median tumour and ten that vary around it."""
    median, generator = read_reference()["median"], np.random.default_rng(2)
    varied = {f"t{i}": median * np.exp(generator.normal(0, 0.5, len(median))) for i in range(10)}
    return pd.DataFrame({"median": median, **varied})


def test_the_scores_are_those_of_r() -> None:
    matrix = r_matrix()
    for values, expected in ((matrix, OF_ALL_GENES), (matrix[np.arange(len(matrix)) % 5 != 0], OF_FOUR_IN_FIVE)):
        found = scores_of(values)
        for sample, numbers in expected.items():
            assert found.loc[sample].to_numpy() == pytest.approx([float(n) for n in numbers.split()], rel=1e-9)


def test_a_sample_depends_on_itself_alone(tumours: pd.DataFrame) -> None:
    together = score_pathways(as_expression(tumours, "tpm"))
    alone = score_pathways(as_expression(tumours[["t4"]].iloc[::-1], "tpm"))
    own = together[together["sample_id"] == "t4"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, own, check_exact=True)
    assert list(together["sample_id"].unique()) == list(tumours.columns)


def test_the_median_tumour_is_the_reference_whatever_its_level(tumours: pd.DataFrame) -> None:
    for level in (1.0, 1.15):
        above = scores_of(tumours[["median"]] * level, "above_reference").loc["median"]
        assert above.abs().max() < 1e-6


def test_a_pathway_that_is_switched_on_is_found(tumours: pd.DataFrame) -> None:
    usual = scores_of(tumours, "above_reference")
    for pathway in ("Hypoxia", "JAK-STAT", "TGFb", "p53"):
        rows = read_weights().query("pathway == @pathway").set_index("gene_id")["weight"]
        factor = pd.Series(2.0 ** np.sign(rows), index=rows.index).reindex(tumours.index).fillna(1.0)
        gained = scores_of(tumours.mul(factor, axis=0), "above_reference") - usual
        assert (gained.idxmax(axis=1) == pathway).all(), pathway


def test_the_interval_is_as_wide_as_the_genes_disagree(tumours: pd.DataFrame) -> None:
    table = score_pathways(as_expression(tumours, "tpm")).dropna(subset=["score"])
    assert (table["low"] <= table["score"]).all()
    assert (table["score"] <= table["high"]).all()
    width = (table["high"] - table["low"]).groupby(table["sample_id"]).mean()
    assert width["t0"] > 10 * width["median"]


def test_too_few_genes_have_no_score(tumours: pd.DataFrame) -> None:
    genes = read_weights().query("pathway == 'WNT'")["gene_id"]
    lacking = tumours.drop([gene for gene in genes[::2] if gene in tumours.index])
    table = score_pathways(as_expression(lacking.assign(silent=0.0), "tpm"))
    wnt = table[table["pathway"] == "WNT"].set_index("sample_id")
    assert wnt[["score", "low", "high", "above_reference"]].isna().all(axis=None)
    assert "of 100 genes, at least 60% needed" in wnt.loc["t0", "reason"]
    assert set(wnt["genes_total"]) == {100}
    assert table.loc[(table["pathway"] == "TNFa") & (table["sample_id"] == "t0"), "score"].notna().all()
    assert set(table.loc[table["sample_id"] == "silent", "reason"]) == {"no expression in the sample"}


def test_the_program_writes_the_table(tumours: pd.DataFrame, tmp_path: Path) -> None:
    matrix, out = tmp_path / "tpm.tsv", tmp_path / "pathways.tsv"
    tumours[["t0", "t1"]].to_csv(matrix, sep="\t")
    program = [python(), ROOT / "scripts" / "score_pathways.py", "--expression", matrix, "--unit", "tpm"]
    subprocess.run([*program, "--out", out], check=True)
    table = pd.read_csv(out, sep="\t")
    assert list(table.columns[:7]) == ["sample_id", "pathway", "score", "low", "high", "genes_used", "genes_total"]
    assert len(table) == 2 * len(PATHWAYS)
