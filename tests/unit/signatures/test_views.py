"""Views of a cohort's scores against scipy and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from unit.subtypes.simulated import simulated_tumours

from anpi.expression.matrix import Expression
from anpi.files.kept import Kept
from anpi.signatures import views
from anpi.signatures.registry import read_registry
from anpi.signatures.views import compare_methods, correlate_signatures, summarise_by_subtype


@pytest.fixture
def scores() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    first = rng.normal(size=12)
    rows = {"a": first, "b": first + rng.normal(size=12), "c": np.where(np.arange(12) < 4, np.nan, first)}
    wide = pd.DataFrame(rows, index=[f"s{i:02d}" for i in range(12)])
    return wide.rename_axis("sample_id").reset_index().melt("sample_id", var_name="signature", value_name="score")


def test_correlation_is_that_of_scipy_over_samples_with_both(scores: pd.DataFrame) -> None:
    table = correlate_signatures(scores).set_index(["signature_1", "signature_2"])
    wide = scores.pivot(index="sample_id", columns="signature", values="score")
    assert table.at[("a", "b"), "rho"] == pytest.approx(spearmanr(wide["a"], wide["b"]).statistic)
    assert table.at[("a", "c"), "samples"] == 8
    assert np.isnan(table.at[("a", "c"), "rho"])


def test_summary_by_subtype_by_hand() -> None:
    values = [1.0, 3.0, 5.0, 11.0]
    scores = pd.DataFrame({"sample_id": list("wxyz"), "signature": "s", "score": values})
    subtypes = pd.Series({"w": "A", "x": "A", "y": "A", "z": "I"})
    table = summarise_by_subtype(scores, subtypes).set_index("subtype")
    assert table.loc["A", ["samples", "median", "q1", "q3"]].tolist() == [3, 3.0, 2.0, 4.0]
    assert table.at["I", "z"] == pytest.approx((11 - 4) / np.std(values, ddof=1))
    assert summarise_by_subtype(scores, subtypes.drop("z"))["subtype"].tolist() == ["A"]


def test_methods_agree_on_a_programme_that_varies() -> None:
    subtypes = pd.Series(list("AANPI") * 4, index=[f"S{i:02d}" for i in range(20)])
    expression = simulated_tumours(subtypes, seed=2)
    chosen = [s for s in read_registry() if s.id in ("neuroendocrine", "ifng6", "gep18")]
    table = compare_methods(expression, chosen).set_index("signature")
    assert list(table.index) == ["ifng6", "neuroendocrine"]
    assert (table["samples"] == 20).all()
    assert (table[["mean_log_ssgsea_raw", "mean_log_singscore", "ssgsea_raw_singscore"]] > 0.8).all(axis=None)
    nobody = Expression(expression.values.iloc[:, :0], expression.genes, "tpm")
    assert list(compare_methods(nobody, chosen).columns) == list(table.reset_index().columns)


@pytest.mark.parametrize("change", ["a new sample", "a changed sample", "other signatures", "nothing"])
def test_methods_are_compared_anew_where_a_sample_or_a_signature_is_another(change, monkeypatch) -> None:
    subtypes = pd.Series(list("AANPI") * 4, index=[f"S{i:02d}" for i in range(20)])
    expression = simulated_tumours(subtypes, seed=2)
    chosen = [s for s in read_registry() if s.id in ("neuroendocrine", "ifng6", "gep18")]
    without = replace(expression, values=expression.values.drop(columns="S07"))
    other = expression.values.copy()
    other.loc[:, "S03"] = other["S03"].iloc[::-1].to_numpy()
    kept = Kept(None)
    compare_methods(without if change == "a new sample" else expression, chosen, kept)
    now = replace(expression, values=other) if change == "a changed sample" else expression
    if change == "other signatures":
        chosen = [replace(s, genes=s.genes.iloc[1:]) for s in chosen]
    scored: list[str] = []
    score = views.score_signatures
    monkeypatch.setattr(
        views, "score_signatures", lambda part, *rest, **more: scored.extend(part.values) or score(part, *rest, **more)
    )
    again = Kept(None)
    again.before = kept.now
    found = compare_methods(now, chosen, again)
    expected = {"a new sample": ["S07"], "a changed sample": ["S03"], "nothing": []}
    assert scored == expected.get(change, list(expression.values))
    pd.testing.assert_frame_equal(found, compare_methods(now, chosen), check_exact=True)
