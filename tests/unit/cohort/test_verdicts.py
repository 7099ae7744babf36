"""Verdicts at and around their thresholds."""

from __future__ import annotations

import pandas as pd
import pytest

from anpi.cohort.verdicts import judge_samples

THRESHOLDS = {
    "fragments": {"warn": 5000, "fail": 1000},
    "mapping_rate": {"warn": 60, "fail": 30},
    "top_gene_share": {"warn": 20, "fail": 50},
}
GOOD = {"fragments": 9000, "mapping_rate": 90.0, "top_gene_share": 3.0}


def judge(**facts) -> tuple[str, str]:
    table = judge_samples(pd.DataFrame([{"sample_id": "S1", **GOOD, **facts}]), THRESHOLDS)
    return table.at[0, "verdict"], table.at[0, "reasons"]


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({}, "pass"),
        ({"fragments": 5000}, "pass"),
        ({"fragments": 4999}, "warn"),
        ({"fragments": 1000}, "warn"),
        ({"fragments": 999}, "fail"),
        ({"fragments": 0}, "fail"),
        ({"mapping_rate": 60.0}, "pass"),
        ({"mapping_rate": 59.99}, "warn"),
        ({"mapping_rate": 30.0}, "warn"),
        ({"mapping_rate": 29.99}, "fail"),
        ({"top_gene_share": 20.0}, "pass"),
        ({"top_gene_share": 20.01}, "warn"),
        ({"top_gene_share": 50.0}, "warn"),
        ({"top_gene_share": 50.01}, "fail"),
        ({"mapping_rate": 50.0, "fragments": 900}, "fail"),
        ({"mapping_rate": 50.0, "fragments": 4000}, "warn"),
    ],
)
def test_a_threshold_itself_still_passes(facts, verdict):
    assert judge(**facts)[0] == verdict


def test_every_reason_is_told_with_its_number_and_its_limit():
    _, reasons = judge(mapping_rate=12.5, fragments=4000, top_gene_share=71.25)
    assert reasons == (
        "4000 fragments sequenced, below 5000 (warn); 12.5 % of fragments map, below 30 (fail); "
        "71.25 % of the counts on one gene, above 50 (fail)"
    )


def test_a_good_sample_has_no_reason():
    assert judge() == ("pass", "")


def test_a_fact_that_is_missing_is_not_judged():
    """A matrix tells nothing of reads: that is not a failure."""
    assert judge(fragments=None, mapping_rate=float("nan"))[0] == "pass"
    table = judge_samples(pd.DataFrame([{"sample_id": "S1", "top_gene_share": 60.0}]), THRESHOLDS)
    assert table["verdict"].tolist() == ["fail"]


@pytest.mark.parametrize(
    ("declared", "seen", "verdict"),
    [
        ("reverse", "reverse", "pass"),
        ("reverse", "unstranded", "warn"),
        ("auto", "forward", "pass"),
        (None, "forward", "pass"),
        ("forward", None, "pass"),
    ],
)
def test_another_strandedness_than_declared_is_warned_of(declared, seen, verdict):
    found, reasons = judge(strandedness_declared=declared, strandedness=seen)
    assert found == verdict
    assert ("declared reverse but the reads look unstranded" in reasons) == (verdict == "warn")


def test_a_warning_of_strand_does_not_mend_a_failure():
    assert judge(fragments=10, strandedness_declared="reverse", strandedness="forward")[0] == "fail"


def test_a_sample_is_judged_by_its_own_facts():
    facts = pd.DataFrame([{"sample_id": f"S{n}", **GOOD, "fragments": n} for n in (10, 3000, 9000)])
    together = judge_samples(facts, THRESHOLDS)
    assert together["verdict"].tolist() == ["fail", "warn", "pass"]
    for place in range(3):
        alone = judge_samples(facts.iloc[[place]], THRESHOLDS)
        assert alone.iloc[0].to_dict() == together.iloc[place].to_dict()
