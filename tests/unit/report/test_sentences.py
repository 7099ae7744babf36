"""Sentences from tables made by hand: what is claimed, and what is not."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anpi.files.shipped import ROOT
from anpi.report import sentences as say
from anpi.tables.schema import check_settings, load_schema, load_yaml

PLAN = check_settings(load_yaml(ROOT / "config" / "plan.yaml"), load_schema("plan"), "plan.yaml")

COLUMNS = [
    "entry", "family", "tier", "endpoint", "biomarker", "level", "reference", "set", "n", "events", "effect",
    "estimate", "ci_low", "ci_high", "p", "p_adjusted", "method", "warning",
]  # fmt: skip


def result(**values: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {
        "entry": "pfs_by_subtype",
        "family": "primary",
        "tier": "primary",
        "endpoint": "pfs",
        "biomarker": "subtype",
    }
    return row | {"reference": "A", "set": "subtype_evaluable", "n": 20, "events": 17} | values


def primary(p: float | None, **values: Any) -> pd.DataFrame:
    rows = [
        result(p=p, p_adjusted=p, effect="chi-square", estimate=5.8, method="log-rank test", n=14, events=11, **values),
        result(level="A", n=9, events=8, method="reference group"),
        result(level="N", n=3, events=3, warning="3 patients, fewer than 5: described, not tested"),
        result(
            level="I", n=5, events=3, effect="HR", estimate=0.1135, ci_low=0.0138, ci_high=0.9305, p=p, p_adjusted=p
        ),
    ]
    return pd.DataFrame(rows)


def test_a_difference_is_claimed_with_its_estimate_and_the_groups_compared() -> None:
    words = say.primary_headline(primary(0.008), PLAN)
    assert words == (
        "Progression-free survival differed between SCLC-A and SCLC-I: hazard ratio 0.11 (95% CI 0.01 to "
        "0.93) for SCLC-I "
        "against SCLC-A (p = 0.008, tested at 0.05; 14 patients, 11 events). "
        "Too few to compare, so described only: SCLC-N (n = 3)."
    )


def test_no_difference_is_not_told_as_equality() -> None:
    words = say.primary_headline(primary(0.31), PLAN)
    assert "cannot tell SCLC-A and SCLC-I apart" in words
    assert "apart by progression-free survival: hazard ratio 0.11" in words
    assert "do not show that there is none" in words
    assert "differed" not in words
    assert "significant" not in words


def test_what_was_not_tested_is_an_answer_with_its_reason() -> None:
    words = say.primary_headline(primary(None, warning="4 events, fewer than the 5 that the plan asks for"), PLAN)
    assert words.startswith("We cannot tell whether progression-free survival differs by subtype: 4 events, fewer")
    assert say.primary_headline(None, PLAN) == "We cannot tell: this run made no test of it."


def test_effects_within_arms_are_not_groups_of_the_question() -> None:
    rows = [
        result(
            entry="gep", biomarker="gep18", p=0.01, p_adjusted=0.01, effect="chi-square", estimate=6.9, n=22, events=19
        ),
        result(
            entry="gep", biomarker="gep18", level="high", reference="high", n=11, events=8, method="reference group"
        ),
        result(
            entry="gep",
            biomarker="gep18",
            level="low",
            reference="high",
            effect="HR",
            estimate=3.9,
            ci_low=1.3,
            ci_high=11.4,
        ),
        result(entry="gep", biomarker="gep18", effect="interaction with arm", p=1.0, p_adjusted=1.0),
        result(
            entry="gep",
            biomarker="gep18",
            level="arm x: low",
            reference=None,
            effect="HR",
            estimate=6.2,
            ci_low=1.2,
            ci_high=61,
        ),
    ]
    words = say.one_headline(pd.DataFrame(rows), 0.05)
    assert words == (
        "Progression-free survival differed between gep18 high and gep18 low: hazard ratio 3.90 (95% CI "
        "1.30 to 11.4) for "
        "gep18 low against gep18 high (p = 0.010, tested at 0.05; 22 patients, 19 events)."
    )
    assert len(say.test_rows(pd.DataFrame(rows))) == 2


def test_the_rows_of_an_event_during_treatment_are_not_groups_of_patients() -> None:
    about = {"endpoint": "os", "biomarker": "response", "effect": "HR", "estimate": 0.4, "ci_low": 0.2, "ci_high": 0.8}
    rows = [
        result(level="after it", reference="before or without it", p=0.01, p_adjusted=0.01, **about),
        result(level="by day 42", reference="not by then", p=0.02, p_adjusted=0.04, **about),
        result(level="by day 84", reference="not by then", p=0.02, p_adjusted=0.04, **about),
    ]
    words = say.one_headline(pd.DataFrame(rows), 0.05)
    assert words.startswith(
        "Overall survival differed between the time after a response and the time before or without it: hazard ratio "
        "0.40 (95% CI 0.20 to 0.80) for after a response against before or without it; "
    )


def test_a_test_that_was_not_made_is_told_with_its_reason_first_and_once() -> None:
    noted = "not in the test, fewer than 5 patients: N, P; 1 patient with the rarer outcome, fewer than 5: not tested"
    test = result(endpoint="disease_control", biomarker="subtype", p=None, warning=noted)
    assert say.short_answer(pd.Series(test), 0.05, "secondary") == (
        "Disease control by subtype: not tested (1 patient with the rarer outcome, fewer than 5; not in the test, "
        "fewer than 5 patients: N, P)."
    )


def test_the_adjusted_p_decides() -> None:
    rows = primary(0.03)
    rows["p_adjusted"] = 0.06
    words = say.primary_headline(rows, PLAN)
    assert words.startswith("We cannot tell")
    assert "(adjusted p = 0.060, tested at 0.05; 14 patients, 11 events)" in words


def test_question_of_the_plan() -> None:
    assert say.question(PLAN) == "Does progression-free survival differ between SCLC subtypes?"
    none = PLAN | {"families": [f for f in PLAN["families"] if f["tier"] != "primary"]}
    assert "no primary question" in say.question(none)
    entry = {"endpoints": ["os"], "biomarker": "genes", "signatures": [], "genes": ["DLL3", "MYC"], "columns": []}
    assert say.question({"families": [{"tier": "primary", "entries": [entry]}]}) == (
        "Is overall survival associated with DLL3 and MYC?"
    )


@pytest.mark.parametrize(
    ("tier", "p", "must", "never"),
    [
        ("exploratory", 0.01, "worth a look in other data", "is shown"),
        ("exploratory", 0.2, "chance alone may give as much", "difference"),
        ("secondary", 0.01, "a difference is shown", "worth a look"),
        ("secondary", 0.2, "not the same as no difference", "a difference is shown"),
    ],
)
def test_an_exploratory_result_never_sounds_like_a_finding(tier: str, p: float, must: str, never: str) -> None:
    words = say.verdict(pd.Series({"p": p, "p_adjusted": p}), 0.05, tier)
    assert must in words
    assert never not in words


def test_family_counts_beside_what_chance_gives() -> None:
    rows = [result(entry="s", family="x", endpoint="pfs", biomarker=f"g{i}", p=p, p_adjusted=q) for i, (p, q) in
            enumerate([(0.001, 0.04), (0.04, 0.5), (0.9, 0.9), (None, None)])]  # fmt: skip
    rows.append(result(entry="s", family="x", endpoint="pfs", biomarker="g0", level="arm b", p=0.001, p_adjusted=0.001))
    words = say.family_sentence(pd.DataFrame(rows), "x", 0.05, "bh")
    assert words == (
        "3 tests made: 2 with p below 0.05, where chance alone would give about 0.15; 1 after adjustment by Benjamini "
        "and Hochberg. 1 declared but not made, with the reason in the table."
    )


def test_one_test_is_said_in_full() -> None:
    row = pd.Series(
        result(endpoint="os", biomarker="response", level="after it", reference="before", effect="HR", estimate=0.35,
               ci_low=0.1, ci_high=1.29, p=0.11, p_adjusted=0.11)
    )  # fmt: skip
    assert say.short_answer(row, 0.05, "exploratory") == (
        "Overall survival by response: hazard ratio 0.35 (95% CI 0.10 to 1.29) for after a response against before; "
        "p = 0.11: chance alone may give as much."
    )
    row["p"], row["warning"] = None, "4 events"
    assert say.short_answer(row, 0.05, "exploratory") == "Overall survival by response: not tested (4 events)."


def test_medians_and_rates() -> None:
    row = pd.Series(
        {
            "level": "I",
            "n": 5,
            "events": 3,
            "median_months": 16.41,
            "median_months_low": 4.68,
            "median_months_high": np.nan,
        }
    )
    assert say.median_sentence(row, "subtype") == (
        "SCLC-I: median 16.4 months (95% CI 4.7 to not reached), 3 events in 5 patients."
    )
    row["median_months"] = np.nan
    assert "median not reached (95% CI" in say.median_sentence(row, "subtype")
    rate = pd.Series({"events": 9, "n": 24, "estimate": 0.375, "ci_low": 0.188, "ci_high": 0.594})
    assert say.rate_sentence("Response", rate) == "Response: 9 of 24 patients, 38% (95% CI 19% to 59%)."
    assert say.rate_sentence("Response", pd.Series({"events": 0, "n": 0})) == "Response: no patient."


def test_attrition_names_who_left() -> None:
    steps = pd.DataFrame(
        {
            "step": ["enrolled", "treated", "qc_pass"], "patients": [24, 24, 21],
            "from_step": [None, "enrolled", "treated"], "left": [0, 0, 3], "who_left": [None, None, "P1, P2, P3"],
        }
    )  # fmt: skip
    assert say.step_sentence(steps) == ["With usable RNA: 21 of 24 (88%) of those treated; not P1, P2 and P3."]


def test_samples_queries_and_influence() -> None:
    verdicts = pd.DataFrame({"sample_id": list("abcd"), "verdict": ["pass", "pass", "warn", "fail"]})
    words = say.sample_sentence(verdicts, pd.Series(["A", "mixed", "none", None]))
    assert words.startswith(
        "1 of 4 samples failed quality control, 1 passed with a warning; 1 patient had a mixed call and 1 had no call"
    )
    assert "nothing here is about subtypes" in say.sample_sentence(None, pd.Series(dtype=object))
    queries = pd.DataFrame({"patient_id": ["P1", "P1", "P2"], "severity": ["error", "warning", "error"]})
    assert say.query_sentence(queries).startswith("3 data queries open in 2 patients (2 errors and 1 warning)")
    influence = pd.DataFrame(
        {"patient_id": [None, "P1", "P2"], "p": [0.01, 0.02, 0.2], "changes_conclusion": ["no", "no", "yes"]}
    )
    assert "between 0.010 and 0.20; without P2 the conclusion would change" in str(
        say.influence_sentence(influence, 0.05)
    )
    assert say.influence_sentence(influence.assign(p=np.nan), 0.05) is None


def test_where_one_p_does_not_decide_only_its_side_is_said() -> None:
    """Of two tests under Holm, p 0.039 of one may be 0.078 adjusted: nothing was concluded that could change."""
    influence = pd.DataFrame(
        {"patient_id": [None, "P1", "P2"], "p": [0.039, 0.02, 0.2], "changes_conclusion": ["no", "no", "yes"]}
    )
    words = str(say.influence_sentence(influence, 0.05, False, "overall survival by sex"))
    assert words == (
        "Leaving out each patient in turn moves the unadjusted p-value of overall survival by sex between 0.020 and "
        "0.20; without P2 it crosses 0.05."
    )
    stays = str(say.influence_sentence(influence.assign(changes_conclusion="no"), 0.025, False))
    assert "the unadjusted primary p-value" in stays
    assert stays.endswith("; no single patient takes it across 0.025.")


def test_clearance_of_a_marker_divides_the_time_not_the_patients():
    row = {"biomarker": "clearance of ctDNA", "level": "after it", "estimate": 0.5, "method": "Cox"}
    words = "the time after clearance of ctDNA and the time before or without it"
    assert say.compared(pd.DataFrame([row])) == words


@pytest.mark.parametrize(
    ("endpoint", "counted"),
    [
        ("ipfs", "events"),
        ("dor_unconfirmed", "events"),
        ("iresponse_confirmed", "responders"),
        ("response_strict", "responders"),
        ("disease_control_strict", "patients with disease control"),
    ],
)
def test_what_is_counted_follows_the_kind_of_the_endpoint(endpoint: str, counted: str):
    assert say.unit(endpoint)[1] == counted


def test_one_p_of_several_ratios_is_called_one_test() -> None:
    """The p beside three ratios is of none of them alone."""
    rows = primary(0.008)
    third = rows[rows["effect"].eq("HR")].assign(level="P")
    words = say.primary_headline(pd.concat([rows, third], ignore_index=True), PLAN)
    assert "(one test of all groups: p = 0.008, tested at 0.05; 14 patients, 11 events)" in words


def test_counts_of_one_are_in_the_singular() -> None:
    numbers = {"level": "A", "n": 1, "events": 1, "median_months": 5.4, "median_months_low": None}
    row = pd.Series(numbers | {"median_months_high": None}, name=0)
    assert say.median_sentence(row, "subtype").endswith("1 event in 1 patient.")
    assert say.median_sentence(row.replace({1: 2}), "subtype").endswith("2 events in 2 patients.")
