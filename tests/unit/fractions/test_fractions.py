"""Fractions of immune cells: quanTIseq's own result, mixtures of known truth, what each sample depends on, refusals."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from warm import python

from anpi.expression.draws import draw_genes
from anpi.expression.matrix import Expression, as_expression, read_expression
from anpi.expression.reference_levels import read_reference
from anpi.files.shipped import ROOT
from anpi.fractions.deconvolve import DRAWS, LEVELS, deconvolve, fit_shares, intervals
from anpi.fractions.estimate import COLUMNS, estimate_fractions
from anpi.fractions.til10 import FOLDER, read_profiles
from anpi.problems import InputError
from anpi.tables.reading import read_text_table

TYPES = list(read_profiles().cell_types)
MRNA = read_profiles().mrna


def wide(table: pd.DataFrame, value: str = "fraction") -> pd.DataFrame:
    return table.pivot(index="sample_id", columns="cell_type", values=value)[[*TYPES, "Other"]]


def pure_profiles() -> pd.DataFrame:
    table = read_text_table(FOLDER / "til10.tsv").set_index("gene_id")
    return table[TYPES].astype(float)


def tumour_profile(generator: np.random.Generator) -> pd.Series:
    """Draw a tumour near the reference's median, with a tenth of its marker genes: the others are of its leukocytes."""
    median = read_reference()["median"]
    tumour = (median + 0.01) * np.exp(generator.normal(0, 0.4, len(median)))
    tumour[tumour.index.isin(pure_profiles().index)] *= 0.1
    return tumour / tumour.sum() * 1e6


def mixtures(count: int, seed: int = 1) -> tuple[Expression, pd.DataFrame]:
    """Mix mRNA of cells: marker genes as in the matrix, all else as in the tumour. Returns also the true fractions."""
    generator = np.random.default_rng(seed)
    pure, mixed, truth = pure_profiles(), {}, {}
    for i in range(count):
        cells = generator.dirichlet(np.full(len(TYPES), 0.7)) * generator.uniform(0.1, 0.7)
        other = 1 - cells.sum()
        share = cells * MRNA / (cells @ MRNA + other * MRNA.mean())
        tumour = tumour_profile(generator)
        rest = tumour[~tumour.index.isin(pure.index)]
        rest = rest / rest.sum() * (1e6 * share.sum() - (pure @ share).sum())
        sample = (tumour * (1 - share.sum())).add(pure @ share, fill_value=0).add(rest, fill_value=0)
        mixed[f"s{i:02}"] = sample * np.exp(generator.normal(0, 0.15, len(sample)))
        truth[f"s{i:02}"] = [*cells, other]
    return as_expression(pd.DataFrame(mixed), "tpm"), pd.DataFrame(truth, index=[*TYPES, "Other"]).T


@pytest.fixture(scope="module")
def mixed() -> tuple[Expression, pd.DataFrame]:
    return mixtures(40)


def test_the_reference_programs_own_result(external_data: Path) -> None:
    folder = external_data / "data" / "deconvolution" / "quantiseq"
    expected = pd.read_csv(folder / "quanTIseq_cell_fractions.txt", sep="\t", index_col=0)
    found = estimate_fractions(read_expression(folder / "quanTIseq_gene_tpm.txt.gz", "tpm"))
    assert np.abs(wide(found)[expected.columns] - expected).to_numpy().max() < 1e-6
    assert (found["genes_used"] == 153).all()


def test_a_limit_on_the_sum_is_kept_exactly() -> None:
    """Against a general optimiser, on mixtures above and below the limit."""
    generator = np.random.default_rng(3)
    for level in (0.4, 1.0, 3.0):
        profiles = generator.gamma(1.0, 100.0, (30, 4))
        mixture = profiles @ (level * generator.dirichlet(np.ones(4))) + generator.normal(0, 20, 30)

        def loss(shares: np.ndarray, profiles: np.ndarray = profiles, mixture: np.ndarray = mixture) -> float:
            return float((((profiles @ shares - mixture) / 300) ** 2).sum())

        limit = {"type": "ineq", "fun": lambda shares: 1 - shares.sum()}
        best = minimize(loss, np.full(4, 0.2), bounds=[(0, 1)] * 4, constraints=[limit], options={"ftol": 1e-15})
        (found,) = fit_shares(profiles[None], mixture[None])
        assert found.sum() <= 1 + 1e-12
        assert loss(found) <= loss(best.x) + 1e-9
        assert found == pytest.approx(best.x, abs=1e-3)


def test_intervals_are_those_of_fits_to_all_drawn_genes(mixed: tuple[Expression, pd.DataFrame]) -> None:
    """The triangle of a draw stands for its genes, where the sum is limited and where it is not."""
    profiles = read_profiles(tumour=True)
    genes = np.arange(len(profiles.gene_ids))
    names = mixed[0].values.index
    for sample, level in (("s00", 1.0), ("s01", 0.1), ("s02", 5.0)):
        mixture = level * mixed[0].values[sample].to_numpy()[names.get_indexer(profiles.gene_ids)]
        picks = draw_genes(profiles.gene_ids, mixture, DRAWS)
        drawn = deconvolve(profiles, profiles.tpm[picks], mixture[picks])
        found = np.array(intervals(profiles, genes, mixture))
        assert found == pytest.approx(np.percentile(drawn, LEVELS, axis=0), abs=1e-12)


def test_mixtures_of_known_cells_are_found_again(mixed: tuple[Expression, pd.DataFrame]) -> None:
    """CD4 T cells alone follow less well: their profile is nearly that of regulatory T cells."""
    expression, truth = mixed
    found = wide(estimate_fractions(expression, tumour=True)).loc[truth.index]
    above = truth[TYPES].to_numpy() > 0.02
    assert np.corrcoef(found[TYPES].to_numpy()[above], truth[TYPES].to_numpy()[above])[0, 1] >= 0.95
    for cell in [*TYPES, "Other"]:
        assert np.corrcoef(found[cell], truth[cell])[0, 1] >= (0.75 if cell == "T.cells.CD4" else 0.9), cell
    assert found["Other"].mean() == pytest.approx(truth["Other"].mean(), abs=0.03)
    assert found.sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_intervals_hold_the_estimate_and_mostly_the_truth(mixed: tuple[Expression, pd.DataFrame]) -> None:
    expression, truth = mixed
    table = estimate_fractions(expression, tumour=True)
    assert (table["low"] <= table["fraction"]).all()
    assert (table["fraction"] <= table["high"]).all()
    low, high = wide(table, "low").loc[truth.index], wide(table, "high").loc[truth.index]
    inside = ((low <= truth[low.columns]) & (truth[low.columns] <= high)).to_numpy()
    assert inside.mean() > 0.7
    assert (table["high"] - table["low"]).mean() > 0.01


def test_a_sample_depends_on_itself_alone(mixed: tuple[Expression, pd.DataFrame]) -> None:
    expression, _ = mixed
    values = expression.values
    all_of_them = estimate_fractions(expression, tumour=True)
    alone = estimate_fractions(as_expression(values[["s07"]].iloc[::-1], "tpm"), tumour=True)
    own = all_of_them[all_of_them["sample_id"] == "s07"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, own, check_exact=True)
    scaled = estimate_fractions(as_expression(values[["s07"]] * 0.7, "tpm"), tumour=True)
    assert scaled["fraction"].to_numpy() == pytest.approx(alone["fraction"].to_numpy(), abs=1e-9)


def test_other_rna_does_not_dilute_the_cells(mixed: tuple[Expression, pd.DataFrame]) -> None:
    """Mitochondrial RNA and genes without a symbol are a matter of the kit: they make no part of the million."""
    values = mixed[0].values[["s01"]]
    more = values * 0.5
    more.loc["ENSG00000198804"] = 3e5  # MT-CO1
    more.loc["ENSG00000299999"] = 2e5
    found, as_was = (estimate_fractions(as_expression(v, "tpm"), tumour=True) for v in (more, values))
    assert found["fraction"].to_numpy() == pytest.approx(as_was["fraction"].to_numpy(), abs=1e-9)


def test_too_few_genes_and_panels_have_no_answer(mixed: tuple[Expression, pd.DataFrame]) -> None:
    values, markers = mixed[0].values[["s00"]], list(read_profiles(tumour=True).gene_ids)
    few = estimate_fractions(as_expression(values.drop(markers[::4]), "tpm"), tumour=True)
    assert few["fraction"].isna().all()
    assert few["low"].isna().all()
    assert few["reason"].str.contains("103 of 138 genes, at least 80% needed").all()
    assert list(few["cell_type"]) == [*TYPES, "Other"]
    panel = values[values.index.isin(markers) | (np.arange(len(values)) % 10 == 0)]
    by_itself = estimate_fractions(as_expression(panel / panel.sum() * 1e6, "tpm"), tumour=True)
    assert by_itself["reason"].str.contains("a panel, whose share of all mRNA is not known").all()
    part = estimate_fractions(as_expression(panel, "tpm"), tumour=True)  # TPM of the whole, of which a part is given
    whole = estimate_fractions(as_expression(values, "tpm"), tumour=True)
    assert part["fraction"].to_numpy() == pytest.approx(whole["fraction"].to_numpy(), abs=0.03)
    silent = estimate_fractions(as_expression(values.assign(zero=0.0), "tpm"), tumour=True)
    assert set(silent.loc[silent["sample_id"] == "zero", "reason"]) == {"no expression in the sample"}


def test_normal_tissue_is_told_beside_the_cells(mixed: tuple[Expression, pd.DataFrame]) -> None:
    tissues = pd.DataFrame({"sample_id": ["s00", "s01"], "sclc": ["yes", "no"], "lymph_node": [38.2, 0.0]})
    found = estimate_fractions(as_expression(mixed[0].values[["s00", "s01"]], "tpm"), True, tissues)
    cautions = found.groupby("sample_id")["caution"].first()
    assert cautions["s00"] == "normal tissue: lymph node 38%; the immune cells may be its own"
    assert cautions["s01"] == "the sample is not SCLC"
    assert found["fraction"].notna().all()


def test_the_program_writes_the_table(mixed: tuple[Expression, pd.DataFrame], tmp_path: Path) -> None:
    matrix, out = tmp_path / "tpm.tsv", tmp_path / "fractions.tsv"
    mixed[0].values[["s00", "s01"]].to_csv(matrix, sep="\t")
    program = [python(), ROOT / "scripts" / "estimate_fractions.py", "--expression", matrix, "--unit", "tpm"]
    subprocess.run([*program, "--out", out], check=True)
    table = pd.read_csv(out, sep="\t")
    assert list(table.columns[:8]) == COLUMNS
    assert list(table["cell_type"]) == 2 * [*TYPES, "Other"]
    assert set(table["method"]) == {"quantiseq"}


def test_values_that_cannot_be_taken_back_are_refused(mixed: tuple[Expression, pd.DataFrame]) -> None:
    with pytest.raises(InputError, match="vst"):
        estimate_fractions(as_expression(np.log2(mixed[0].values[["s00"]] + 1), "vst"))
