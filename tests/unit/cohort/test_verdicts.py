"""Verdicts at and around their thresholds."""

from __future__ import annotations

import pandas as pd
import pytest

from anpi.cohort.facts import FACTS
from anpi.cohort.verdicts import judge_samples, read_verdicts
from anpi.problems import InputError
from anpi.tables.schema import load_schema

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
        "4,000 fragments sequenced, below 5,000 (warn); 12.5% of fragments map, below 30% (fail); "
        "71.25% of the counts on one gene, above 50% (fail)"
    )


def test_a_good_sample_has_no_reason():
    assert judge() == ("pass", "")


def test_a_fact_that_is_missing_is_not_judged():
    """A matrix tells nothing of reads: that is not a failure."""
    assert judge(fragments=None, mapping_rate=float("nan"))[0] == "pass"
    table = judge_samples(pd.DataFrame([{"sample_id": "S1", "top_gene_share": 60.0}]), THRESHOLDS)
    assert table["verdict"].tolist() == ["fail"]


@pytest.mark.parametrize(
    ("declared", "salmon", "aligned", "verdict"),
    [
        ("reverse", "reverse", None, "pass"),
        ("reverse", "reverse", "reverse", "pass"),
        ("reverse", "unstranded", None, "warn"),
        ("reverse", "unclear", None, "warn"),
        ("reverse", "reverse", "forward", "warn"),
        ("auto", "reverse", "forward", "warn"),
        ("auto", "forward", None, "pass"),
        (None, "forward", None, "pass"),
        ("forward", None, None, "pass"),
    ],
)
def test_sources_that_disagree_on_the_strand_are_warned_of(declared, salmon, aligned, verdict):
    facts = {"strandedness_declared": declared, "strandedness": salmon, "aligned_strandedness": aligned}
    assert judge(**facts)[0] == verdict


def test_a_warning_of_the_strand_names_every_source_and_what_is_used():
    _, reasons = judge(
        strandedness_declared="reverse",
        strandedness="unstranded",
        aligned_strandedness="forward",
        strandedness_resolved="forward",
    )
    assert reasons == (
        "strand: declared reverse, salmon sees unstranded, the alignments show forward, forward is used (warn)"
    )


@pytest.mark.parametrize(
    ("grade", "verdict"),
    [("good", "pass"), ("moderate", "pass"), ("poor", "warn"), ("unknown", "pass"), (None, "pass")],
)
def test_degraded_rna_is_warned_of(grade, verdict):
    found, reasons = judge(degradation=grade, degradation_reason="fragments of 80 bases")
    assert found == verdict
    assert reasons == ("RNA degraded: fragments of 80 bases (warn)" if verdict == "warn" else "")


def test_damaged_inputs_fail_with_their_words():
    verdict, reasons = judge(failure="lane_R2.fastq.gz is cut short after 100 reads", mapping_rate=None)
    assert verdict == "fail"
    assert reasons == "lane_R2.fastq.gz is cut short after 100 reads (fail)"


def test_an_alignment_that_cannot_be_read_is_warned_of():
    verdict, reasons = judge(alignment_failure="a.bam has no EOF block")
    assert (verdict, reasons) == ("warn", "the alignment cannot be read: a.bam has no EOF block (warn)")
    assert judge(alignment_failure=None)[0] == "pass"


def identified(**known) -> tuple[str, str]:
    identities = pd.DataFrame([{"sample_id": "S1", **known}])
    table = judge_samples(pd.DataFrame([{"sample_id": "S1", **GOOD}]), THRESHOLDS, identities)
    assert table.at[0, "fragments"] == 9000
    return table.at[0, "verdict"], table.at[0, "reasons"]


@pytest.mark.parametrize(
    ("known", "verdict", "reason"),
    [
        ({"identity": "match"}, "pass", ""),
        ({"identity": "unknown", "identity_reason": "3 sites"}, "pass", ""),
        ({"identity": "suspect", "identity_reason": "matches S2 of P9"}, "fail", "matches S2 of P9 (fail)"),
        ({"sex_clinical": "F", "sex_expression": "F"}, "pass", ""),
        ({"sex_clinical": "F", "sex_expression": None}, "pass", ""),
        (
            {"sex_clinical": "F", "sex_expression": "M"},
            "warn",
            "female in the clinical table but male by XIST and Y genes (warn)",
        ),
    ],
)
def test_what_is_known_of_the_identity_is_judged(known, verdict, reason):
    assert identified(**known) == (verdict, reason)


def test_a_sample_of_which_no_identity_is_known_keeps_its_verdict():
    facts = pd.DataFrame([{"sample_id": "S1", **GOOD}, {"sample_id": "S2", **GOOD, "fragments": 10}])
    identities = pd.DataFrame([{"sample_id": "S2", "identity": "match", "fragments": 9999}])
    table = judge_samples(facts, THRESHOLDS, identities)
    assert table["verdict"].tolist() == ["pass", "fail"]
    assert table["fragments"].tolist() == [9000, 10]


def overridden(override: str | None, reason: str | None, **facts) -> list:
    sheet = pd.DataFrame([{"sample_id": "S1", "verdict_override": override, "override_reason": reason}])
    table = judge_samples(pd.DataFrame([{"sample_id": "S1", **GOOD, **facts}]), THRESHOLDS, samples=sheet)
    return table.loc[0, ["verdict", "reasons", "verdict_before_override", "override_reason"]].tolist()


def test_an_override_takes_the_place_of_the_verdict_and_is_told():
    assert overridden("warn", "all markers seen", fragments=900) == [
        "warn",
        "900 fragments sequenced, below 1,000 (fail); set from fail to warn by hand: all markers seen",
        "fail",
        "all markers seen",
    ]
    assert overridden("fail", "tube mix-up") == [
        "fail",
        "set from pass to fail by hand: tube mix-up",
        "pass",
        "tube mix-up",
    ]


def test_an_override_that_changes_nothing_says_so():
    assert overridden("pass", "looked at")[1] == "left at pass by hand: looked at"


def test_without_an_override_its_columns_are_empty():
    assert overridden(None, None) == ["pass", "", None, None]


def test_no_override_lets_in_a_sample_without_usable_reads():
    verdict, reasons, before, _ = overridden("pass", "please", failure="the file is cut short")
    assert (verdict, before) == ("fail", "fail")
    assert "which an unusable input does not allow: please" in reasons


def test_every_threshold_of_the_config_has_its_words_and_its_side():
    rules = load_schema("config")["properties"]["qc"]["properties"]
    assert set(rules) <= set(FACTS)
    for fact, rule in rules.items():
        assert FACTS[fact].ceiling == ("more than" in rule["description"]), fact


def test_a_warning_of_strand_does_not_mend_a_failure():
    assert judge(fragments=10, strandedness_declared="reverse", strandedness="forward")[0] == "fail"


def test_a_sample_is_judged_by_its_own_facts():
    facts = pd.DataFrame([{"sample_id": f"S{n}", **GOOD, "fragments": n} for n in (10, 3000, 9000)])
    together = judge_samples(facts, THRESHOLDS)
    assert together["verdict"].tolist() == ["fail", "warn", "pass"]
    for place in range(3):
        alone = judge_samples(facts.iloc[[place]], THRESHOLDS)
        assert alone.iloc[0].to_dict() == together.iloc[place].to_dict()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sample_id\tverdict\nS1\tpass\nS2\tfail\n", "row 1, column reasons: the column is missing"),
        ("sample_id\tverdict\treasons\nS1\tpass\tNA\nS2\tfailed\tx\n", "row 3, column verdict: found 'failed'"),
        (
            "sample_id\tverdict\treasons\nS1\tpass\tNA\nS1\tfail\tx\nS2\tfail\tx\n",
            "row 3, column sample_id: found 'S1'",
        ),
        ("sample_id\tverdict\treasons\nS1\tpass\tNA\nS-2\tfail\tx\n", "1 samples have no verdict, found 'S2'"),
        ("sample_id\tverdict\treasons\n", "2 samples have no verdict"),
    ],
)
def test_a_table_that_does_not_judge_every_sample_is_refused(tmp_path, text, words):
    (tmp_path / "verdicts.tsv").write_text(text)
    with pytest.raises(InputError, match=words):
        read_verdicts(tmp_path / "verdicts.tsv", ["S1", "S2"])


def test_verdicts_of_every_sample_are_read(tmp_path):
    (tmp_path / "verdicts.tsv").write_text(
        "sample_id\tverdict\treasons\nS1\tpass\tNA\nS2\tfail\tfew reads\nS3\twarn\tx\n"
    )
    assert read_verdicts(tmp_path / "verdicts.tsv", ["S1", "S2"])["verdict"].tolist() == ["pass", "fail", "warn"]
