"""Who stands in which analysis, by a trial of ten patients made by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from anpi.cohort.sets import build_attrition, build_sets, choose_samples, of_trial

# P01 all in; P02 no tissue; P03 failed sample; P04 no subtype; P05 two samples; P06 its sample is not in use;
# P07 not treated; P08 no response; P09 lean call; P10 mixed call and not treated.
PATIENTS = pd.DataFrame({"patient_id": [f"P{n:02d}" for n in range(1, 11)]})
ENDPOINTS = pd.DataFrame(
    {
        "patient_id": PATIENTS["patient_id"],
        "randomised": "no",
        "treated": ["no" if n in (7, 10) else "yes" for n in range(1, 11)],
        "population_reason": ["not treated: no start" if n in (7, 10) else "treated" for n in range(1, 11)],
        "response_evaluable": ["yes"] * 6 + ["no", "no", "yes", "no"],
    }
)
SAMPLES = pd.DataFrame(
    [
        ("P01-B", "P01", "baseline", None),
        ("P03-B", "P03", "baseline", None),
        ("P04-B", "P04", "baseline", "yes"),
        ("P05-X", "P05", "progression", None),
        ("P05-B", "P05", "baseline", None),
        ("P06-B", "P06", "baseline", "no"),
        ("P07-B", "P07", "baseline", None),
        ("P08-B", "P08", "baseline", None),
        ("P09-B", "P09", "baseline", None),
        ("P10-B", "P10", "baseline", None),
    ],
    columns=["sample_id", "patient_id", "timepoint", "use"],
)
USED = [sample for sample in SAMPLES["sample_id"] if sample != "P06-B"]
VERDICTS = pd.DataFrame({"sample_id": USED, "verdict": "pass", "reasons": "", "genes_detected": 15000})
VERDICTS.loc[VERDICTS["sample_id"] == "P03-B", ["verdict", "reasons"]] = ["fail", "12% of fragments map"]
CALLS = pd.DataFrame({"sample_id": USED, "call": "confident", "reason": None})
CALLS.loc[CALLS["sample_id"] == "P04-B", ["call", "reason"]] = ["none", "looks like lung"]
CALLS.loc[CALLS["sample_id"] == "P09-B", "call"] = "lean"
CALLS.loc[CALLS["sample_id"] == "P10-B", "call"] = "mixed"

EXPECTED = """\
P01 P01-B yes yes yes yes
P02 -     yes no  no  yes no tissue
P03 P03-B yes no  no  yes sample failed quality: 12% of fragments map
P04 P04-B yes yes no  yes subtype none: looks like lung
P05 P05-B yes yes yes yes
P06 -     yes no  no  yes sample not in use
P07 P07-B no  no  no  no  not treated: no start; response not evaluable
P08 P08-B yes yes yes no  response not evaluable
P09 P09-B yes yes yes yes
P10 P10-B no  no  no  no  not treated: no start; subtype mixed; response not evaluable
"""


def rows_of(text: str) -> list[list[str | None]]:
    rows: list[list[str | None]] = []
    for line in text.splitlines():
        words = line.split(maxsplit=6)
        rows.append([None if word == "-" else word for word in words[:6]] + [words[6] if len(words) > 6 else None])
    return rows


def as_rows(sets: pd.DataFrame) -> list[list[str | None]]:
    columns = ["patient_id", "sample_id", "all_treated", "rna_evaluable", "subtype_evaluable", "response_evaluable"]
    return sets[[*columns, "reason_out"]].astype(object).where(lambda frame: frame.notna(), None).to_numpy().tolist()


def test_sets_of_the_trial_made_by_hand():
    assert as_rows(build_sets(PATIENTS, ENDPOINTS, SAMPLES, VERDICTS, CALLS)) == rows_of(EXPECTED)


def test_order_of_the_tables_does_not_matter():
    shuffled = [table.sample(frac=1, random_state=3) for table in (PATIENTS, ENDPOINTS, SAMPLES, VERDICTS, CALLS)]
    assert as_rows(build_sets(*shuffled)) == rows_of(EXPECTED)


def test_attrition_of_the_trial_made_by_hand():
    sets = build_sets(PATIENTS, ENDPOINTS, SAMPLES, VERDICTS, CALLS)
    table = build_attrition(sets, SAMPLES, CALLS).set_index("step")
    counts = {
        **{"enrolled": 10, "treated": 8, "tissue": 7, "sequenced": 6, "qc_pass": 5, "tumour": 5},
        **{"subtype_called": 4, "confident_call": 3, "response_evaluable": 7},
    }
    assert table["patients"].to_dict() == counts
    left = {
        **{"treated": "P07, P10", "tissue": "P02", "sequenced": "P06", "qc_pass": "P03"},
        **{"subtype_called": "P04", "confident_call": "P09", "response_evaluable": "P08"},
    }
    assert table["who_left"].dropna().to_dict() == left
    for step, row in table.iloc[1:].iterrows():
        assert row["left"] == counts[row["from_step"]] - row["patients"], step


def test_a_sample_of_other_tissue_stands_in_no_set_of_expression():
    """P01's sample is smooth muscle of good quality; P05 has a second baseline sample, which is the tumour."""
    more = pd.DataFrame({"sample_id": ["P05-C"], "patient_id": ["P05"], "timepoint": ["baseline"], "use": [None]})
    samples = pd.concat([SAMPLES, more])
    told = VERDICTS.iloc[[0]].assign(sample_id="P05-C", verdict="warn", genes_detected=9000)
    calls = pd.concat([CALLS, CALLS.iloc[[0]].assign(sample_id="P05-C")]).assign(identity="sclc")
    foreign = calls["sample_id"].isin(["P01-B", "P05-B"])
    calls.loc[foreign, ["identity", "call", "reason"]] = ["not_sclc", "none", "not SCLC-like; smooth muscle 100%"]
    sets = build_sets(PATIENTS, ENDPOINTS, samples, pd.concat([VERDICTS, told]), calls)
    row = sets.set_index("patient_id").loc["P01"]
    assert row[["rna_evaluable", "subtype_evaluable", "all_treated"]].tolist() == ["no", "no", "yes"]
    assert row["reason_out"] == "sample is not this tumour: not SCLC-like; smooth muscle 100%"
    other = sets.set_index("patient_id").loc["P05"]
    assert other[["sample_id", "rna_evaluable"]].tolist() == ["P05-C", "yes"]
    steps = build_attrition(sets, samples, calls).set_index("step")
    assert steps.loc[["qc_pass", "tumour"], "patients"].tolist() == [5, 4]
    assert steps.loc["tumour", "who_left"] == "P01"
    declared = build_sets(PATIENTS, ENDPOINTS, samples, pd.concat([VERDICTS, told]), of_trial(calls, "any"))
    row = declared.set_index("patient_id").loc["P01"]
    assert row[["rna_evaluable", "subtype_evaluable"]].tolist() == ["yes", "no"]
    assert build_attrition(declared, samples, calls).set_index("step").loc["tumour", "left"] == 0
    assert of_trial(calls, "sclc") is calls


def test_nobody_is_lost_on_the_way():
    """Everyone is in a set or has a reason why not."""
    sets = build_sets(PATIENTS, ENDPOINTS, SAMPLES, VERDICTS, CALLS)
    assert sets["patient_id"].tolist() == PATIENTS["patient_id"].tolist()
    out = (sets.filter(regex="evaluable|treated") == "no").any(axis=1)
    assert (sets["reason_out"].notna() == out).all()


def test_a_run_without_expression_has_the_clinical_sets():
    sets = build_sets(PATIENTS, ENDPOINTS)
    assert (sets["rna_evaluable"] == "no").all()
    assert (sets["all_treated"] == "yes").sum() == 8
    assert sets["reason_out"].str.contains("no expression in this run").all()
    assert build_attrition(sets, None, None)["step"].tolist() == ["enrolled", "treated", "response_evaluable"]


def test_populations_of_a_randomised_trial_and_its_attrition():
    """P01 was not randomised though treated, P07 randomised and never treated."""
    randomised = ["no" if n in (1, 10) else "yes" for n in range(1, 11)]
    sets = build_sets(PATIENTS, ENDPOINTS.assign(randomised=randomised))
    assert sets["randomised"].tolist() == randomised
    assert sets["treated"].tolist() == sets["all_treated"].tolist() == ENDPOINTS["treated"].tolist()
    steps = build_attrition(sets, None, None).set_index("step")
    assert steps["patients"].to_dict() == {"enrolled": 10, "randomised": 8, "treated": 8, "response_evaluable": 7}
    assert steps.loc["randomised", ["left", "who_left"]].tolist() == [2, "P01, P10"]


def test_a_sample_taken_under_treatment_predicts_nothing():
    samples = pd.DataFrame({"sample_id": ["S"], "patient_id": ["P01"], "timepoint": ["on_treatment"], "use": [None]})
    verdicts = pd.DataFrame({"sample_id": ["S"], "verdict": ["pass"], "reasons": [""], "genes_detected": [15000]})
    sets = build_sets(PATIENTS, ENDPOINTS, samples, verdicts).set_index("patient_id")
    assert sets.loc["P01", ["sample_id", "rna_evaluable"]].tolist() == ["S", "no"]
    assert "no baseline sample, only on_treatment" in sets.at["P01", "reason_out"]


def choose(*rows: tuple) -> str:
    """Choose among samples of one patient: (sample, timepoint, verdict, genes detected)."""
    table = pd.DataFrame(rows, columns=["sample_id", "timepoint", "verdict", "genes_detected"])
    samples = table[["sample_id", "timepoint"]].assign(patient_id="P1", use=None)
    verdicts = table[["sample_id", "verdict", "genes_detected"]].assign(reasons="")
    return choose_samples(samples, verdicts)["sample_id"].item()


@pytest.mark.parametrize(
    ("chosen", "rows"),
    [
        ("b", [("a", "progression", "pass", 20000), ("b", "baseline", "warn", 9000)]),
        ("b", [("a", "baseline", "warn", 20000), ("b", "baseline", "pass", 9000)]),
        ("b", [("a", "baseline", "pass", 9000), ("b", "baseline", "pass", 20000)]),
        ("a", [("b", "baseline", "pass", 9000), ("a", "baseline", "pass", 9000)]),
        ("a", [("a", "baseline", "fail", 90)]),
        # quality does not outweigh time: what was taken under treatment cannot stand for baseline
        ("a", [("a", "baseline", "fail", 90), ("b", "on_treatment", "pass", 20000)]),
    ],
)
def test_one_sample_a_patient(chosen, rows):
    assert choose(*rows) == chosen
    assert choose(*rows[::-1]) == chosen


def test_columns_of_the_users_sheet_do_not_disturb():
    """Extra columns are carried along, whatever they are called."""
    samples = SAMPLES.assign(verdict="good", reasons="mine", genes_detected="many", reason="x", call="y")
    assert as_rows(build_sets(PATIENTS, ENDPOINTS, samples, VERDICTS, CALLS)) == rows_of(EXPECTED)
