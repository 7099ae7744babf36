"""Exploration and views of the signatures: what is drawn and said of hand-made tables."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from anpi.figures.heatmaps import correlation
from anpi.report.biology import cohort_views, discovery, lacking_sentences, panel_sentences


def run_of(**tables: pd.DataFrame) -> SimpleNamespace:
    return SimpleNamespace(table=tables.get, registry=None, signature_names={"a": "Alpha"})


def test_the_drawn_correlations_are_those_of_the_table_in_the_order_asked():
    rho = pd.DataFrame([[1.0, 0.25], [0.25, 1.0]], index=["a", "b"], columns=["a", "b"])
    _, data = correlation(rho, {"b": "Beta", "a": "Alpha"})
    assert data["signature"].tolist() == ["Beta", "Alpha"]
    assert data[["b", "a"]].to_numpy().tolist() == [[1.0, 0.25], [0.25, 1.0]]


def test_each_pair_of_signatures_is_shown_both_ways():
    pairs = pd.DataFrame({"signature_1": ["a"], "signature_2": ["b"], "rho": [-0.5], "samples": [9]})
    given = pd.DataFrame({"sample_id": ["S", "S"], "signature": ["a", "b"], "score": [1.0, 2.0]})
    methods = pd.DataFrame({"signature": ["a"], "samples": [9], "mean_log_ssgsea_raw": [0.91]})
    drawing, table = cohort_views(run_of(signature_correlation=pairs, signature_methods=methods), given)
    assert np.allclose(drawing.draw().data.set_index("signature")[["a", "b"]], [[1, -0.5], [-0.5, 1]])
    assert "9 samples" in drawing.caption
    assert [cell.words for cell in table.rows[0]] == ["Alpha", "9", "0.91"]


def test_a_cohort_too_small_to_explore_says_nothing():
    empty = pd.DataFrame(columns=["rank", "chosen"])
    assert discovery(run_of(nmf_ranks=empty, nmf_names=empty, nmf_agreement=empty)) == []
    assert cohort_views(run_of(), pd.DataFrame()) == []


def test_the_agreement_of_discovery_and_locked_calls_is_said_in_numbers():
    ranks = pd.DataFrame({"rank": [2, 3], "cophenetic": [0.9, 0.98], "silhouette": [0.8, 0.7], "chosen": ["no", "yes"]})
    names = pd.DataFrame({"cluster": [1, 2, 3], "name": ["A", "N", "I"], "samples": [12, 6, 2]})
    agreement = pd.DataFrame({"samples": [20], "same": [0.75], "kappa": [0.6], "adjusted_rand": [0.5]})
    (text,) = discovery(run_of(nmf_ranks=ranks, nmf_names=names, nmf_agreement=agreement))
    assert "3 clusters" in text.words
    assert "A (12 samples), N (6 samples), I (2 samples)" in text.words
    assert "agree in 75% of 20 samples (kappa 0.60, adjusted Rand 0.50)" in text.words


def test_scores_of_a_panel_are_told_to_hold_within_the_run():
    (words,) = panel_sentences(pd.Series(["log2 ratio", "log2(TPM of a panel + 1)", None]))
    assert "with no published limit" in words
    assert panel_sentences(pd.Series(["TPM", "log2(TPM + 1)", None])) == []


def test_signatures_without_a_score_are_told_apart_from_those_without_some() -> None:
    scores = pd.DataFrame({"signature": ["a", "a", "b", "b", "c", "c"], "score": [1, 2, None, 3, None, None]})
    assert lacking_sentences(scores) == [
        "1 signature could not be scored in any sample (too few genes are present).",
        "1 signature could not be scored in some samples (too few genes are present).",
    ]
    assert lacking_sentences(scores[:2]) == []
