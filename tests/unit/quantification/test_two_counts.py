"""The settled strandedness, and the agreement of two counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from anpi.expression.agreement import count_agreement
from anpi.expression.strandedness import resolve_strandedness, strandedness_facts


@pytest.mark.parametrize(
    ("declared", "quantified", "aligned", "settled"),
    [
        ("reverse", "forward", "unstranded", ("unstranded", "alignments")),
        ("reverse", "forward", "unclear", ("forward", "salmon")),
        ("reverse", "forward", None, ("forward", "salmon")),
        ("reverse", "unclear", None, ("reverse", "declared")),
        ("reverse", None, None, ("reverse", "declared")),
        ("auto", None, "unclear", (None, "none")),
        (None, None, None, (None, "none")),
    ],
)
def test_what_is_measured_and_clear_goes_before_what_is_declared(declared, quantified, aligned, settled):
    assert resolve_strandedness(declared, quantified, aligned) == settled
    facts = {"strandedness_declared": declared, "strandedness": quantified, "aligned_strandedness": aligned}
    assert tuple(strandedness_facts(facts).values()) == settled


def tables(salmon: np.ndarray, aligned: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    genes = [f"G{n}" for n in range(len(salmon))]
    return (
        pd.DataFrame({"gene_id": genes, "counts": salmon}),
        pd.DataFrame({"gene_id": genes, "counts": aligned}).sample(frac=1, random_state=1),
    )


def test_agreement_is_scipys_over_the_genes_that_either_sees():
    rng = np.random.default_rng(3)
    salmon = np.round(rng.lognormal(3, 2, 200), 3)
    aligned = np.round(salmon * rng.lognormal(0, 0.4, 200))
    seen = (salmon >= 5) | (aligned >= 5)
    found = count_agreement(*tables(salmon, aligned))
    logs = np.log2(salmon[seen] + 1), np.log2(aligned[seen] + 1)
    assert found["count_agreement_genes"] == seen.sum() < 200
    assert found["count_agreement_pearson"] == pytest.approx(pearsonr(*logs).statistic, abs=5e-5)
    expected = spearmanr(salmon[seen], aligned[seen]).statistic
    assert found["count_agreement_spearman"] == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("salmon", [np.arange(9.0) + 10, np.full(50, 7.0), np.zeros(50), np.full(50, np.nan)])
def test_too_little_to_compare_is_not_known(salmon):
    found = count_agreement(*tables(salmon, salmon))
    assert found["count_agreement_pearson"] is None
    assert found["count_agreement_spearman"] is None
