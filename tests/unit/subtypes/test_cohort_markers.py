"""Marker genes are those of Wilcoxon's test by scipy, which shares neither ranks, ties nor adjustment with ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, mannwhitneyu

from anpi.subtypes.markers import find_markers


@pytest.fixture(scope="module")
def cohort() -> tuple[pd.DataFrame, pd.Series]:
    """Make 40 samples: one gene is high in N, ten have ties, one is the same in all; two samples have another call."""
    rng = np.random.default_rng(4)
    logs = pd.DataFrame(rng.gamma(2, 2, (40, 30)), columns=[f"G{i:02d}" for i in range(30)])
    subtype = pd.Series(["A", "A", "A", "N", "P"] * 7 + ["A", "N", "N", "I", "mixed"])
    logs.iloc[:, :10] = logs.iloc[:, :10].round()
    logs["G00"] = 3.0
    logs.loc[subtype == "N", "G20"] += 20
    logs.loc[subtype.isin(["I", "mixed"])] = 1000.0
    return logs, subtype


def test_scores_and_adjusted_p_are_those_of_scipy(cohort: tuple[pd.DataFrame, pd.Series]) -> None:
    logs, subtype = cohort
    genes = pd.DataFrame({"gene_id": logs.columns, "symbol": [f"S{name}" for name in logs]})
    found = find_markers(logs, subtype, ["A", "N", "P"], genes, most=30).set_index(["group", "gene_id"])
    assert len(found) == 90
    assert found.index[30] == ("N", "G20")
    assert found["symbol"].tolist() == [f"S{gene}" for _, gene in found.index]
    others = logs[subtype.isin(["A", "N", "P"])]
    for group in ("A", "N", "P"):
        inside = subtype[others.index] == group
        test = mannwhitneyu(others[inside], others[~inside], use_continuity=False, method="asymptotic")
        p = np.nan_to_num(test.pvalue, nan=1)  # of the gene that is the same in all
        own = found.loc[group].loc[logs.columns]
        assert own["p_adjusted"].to_numpy() == pytest.approx(false_discovery_control(p), rel=1e-9)
        above = test.statistic - inside.sum() * (~inside).sum() / 2
        assert (np.sign(own["score"].to_numpy()) == np.sign(above)).all()
        means = [np.expm1(np.log(2) * others[rows].mean()) for rows in (inside, ~inside)]
        assert own["log2_fold_change"].to_numpy() == pytest.approx(np.log2(means[0] / means[1]), abs=1e-5)
        assert found.loc[group, "score"].is_monotonic_decreasing


def test_only_the_first_are_listed(cohort: tuple[pd.DataFrame, pd.Series]) -> None:
    logs, subtype = cohort
    genes = pd.DataFrame({"gene_id": ["G20"], "symbol": ["ONE"]})
    found = find_markers(logs, subtype, ["A", "N"], genes, most=2)
    assert found["group"].tolist() == ["A", "A", "N", "N"]
    assert found.loc[2, ["gene_id", "symbol"]].tolist() == ["G20", "ONE"]
    assert found.loc[[0, 1, 3], "symbol"].isna().all()  # a gene without a symbol stands by its id


def test_of_equal_scores_the_larger_ratio_comes_first() -> None:
    """Three genes part the groups alike: the ranks are the same, and how far they lie apart decides."""
    logs = pd.DataFrame({"near": [1.0] * 4 + [2.0] * 4, "far": [1.0] * 4 + [9.0] * 4, "next": [1.0] * 4 + [2.0] * 4})
    genes = pd.DataFrame({"gene_id": logs.columns, "symbol": logs.columns})
    found = find_markers(logs, pd.Series(["A"] * 4 + ["N"] * 4), ["A", "N"], genes, most=2)
    assert found.loc[found["group"] == "N", "gene_id"].tolist() == ["far", "near"]
    assert found.loc[found["group"] == "A", "gene_id"].tolist() == ["near", "next"]
