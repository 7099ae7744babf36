"""Patients whose data contradict themselves or lie on the edge of a rule, each judged by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from unit.endpoints.small_trial import Trial, scans_of

from anpi.recist.best_response import ResponseRules, confirmed_response_day


@pytest.mark.parametrize(
    ("scans", "day"),
    [
        ("42:CR 84:PR 126:PR", 42),
        ("42:PR 84:PR", 42),
        ("42:CR 63:NE 84:PR 126:PR", 42),
        ("42:CR 84:PR", None),  # a PR after a CR confirms neither
        ("42:CR 84:SD 126:PR 168:PR", 126),
        ("42:PR 60:NE 63:NE 84:PR 126:PR", 84),
        ("42:PR 60:NE 63:PR 80:NE 100:PR", 63),
        ("42:CR 84:PR 126:SD 168:PR 210:PR", 168),  # the response that is confirmed began after the SD
        ("42:PR 84:CR 126:CR", 42),
        ("42:CR 84:PR 126:CR", 42),
        ("35:CR 42:PR 70:PR", 35),
    ],
)
def test_a_response_begins_at_the_first_cr_or_pr_that_its_confirmation_rests_on(scans, day):
    assert confirmed_response_day(scans_of(scans), ResponseRules()) == day


def test_duration_and_time_to_response_after_cr_pr_pr(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=168)
    trial.scans("P", scans_of("42:CR 84:PR 126:PR 168:PD"))
    found = trial.derive()["P"]
    assert (found["cbor"], found["response"]) == ("PR", "Y")
    assert (found["ttr_days"], found["dor_days"], found["dor_event"]) == (43, 127, 1)


def reported(trial: Trial, scans: str) -> None:
    trial.scans("P", scans_of(scans))


def measured(trial: Trial, scans: str) -> None:
    """The same responses by one target lesion, which a baseline scan (day -7) would give 100 mm."""
    sizes = {"CR": 0, "PR": 50, "SD": 90, "PD": 160}
    for scan in scans_of(scans):
        size, place = sizes[str(scan.response)], {"patient_id": "P", "assessment_at": scan.day}
        trial.add("lesions", lesion_id="T", kind="target", node="N", diameter_mm=size, status="", **place)


@pytest.mark.parametrize("told", [reported, measured])
@pytest.mark.parametrize("scans", ["42:PR 84:PR", "42:SD 84:SD", "42:CR 84:CR", "42:SD 84:PD"])
def test_without_a_baseline_scan_no_response_can_be_judged(told, scans, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", baseline_assessed="N", last_alive_at=84)
    told(trial, scans)
    found = trial.derive()
    row = found["P"]
    assert [row[name] for name in ("bor", "cbor", "cbor_strict")] == ["NE"] * 3
    names = ("response", "response_unconfirmed", "response_strict", "disease_control", "disease_control_unconfirmed")
    assert [row[name] for name in names] == ["N"] * 5
    assert pd.isna(row["dor_days"])
    assert (row["response_evaluable"], row["pfs_days"], row["pfs_event"], row["pfs_event_ema"]) == ("no", 1, 0, 0)
    assert "no_baseline" in found.rules_asked("P")


def test_a_new_lesion_is_progression_without_a_baseline_too(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", baseline_assessed="N", last_alive_at=84)
    trial.add("assessments", patient_id="P", assessment_at=42, overall_response="PR", new_lesion="N")
    trial.add("assessments", patient_id="P", assessment_at=84, overall_response="PD", new_lesion="Y")
    row = trial.derive()["P"]
    assert (row["bor"], row["pfs_event"], row["pfs_event_ema"], row["pfs_days_ema"]) == ("PD", 0, 1, 85)


@pytest.mark.parametrize("told", [reported, measured])
def test_a_scan_after_death_counts_for_nothing_but_a_query(told, tmp_path):
    """Death on day 61: the PR of day 85 confirms nothing, the PD of day 127 is no progression."""
    trial = Trial(tmp_path)
    trial.patient("P", death_at=60, last_alive_at=60)
    if told is measured:
        trial.add("lesions", patient_id="P", assessment_at=-7, lesion_id="T", kind="target", node="N", diameter_mm=100)
    told(trial, "42:PR 84:PR 126:PD")
    found = trial.derive()
    row = found["P"]
    assert (row["bor"], row["cbor"], row["response"]) == ("PR", "SD", "N")
    assert (row["pfs_days"], row["pfs_event"], row["os_days"], row["os_event"]) == (61, 1, 61, 1)
    assert "scan_after_death" in found.rules_asked("P")


def test_scan_on_the_day_of_death_counts(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", death_at=84, last_alive_at=84)
    trial.scans("P", scans_of("42:PR 84:PR"))
    found = trial.derive()
    assert (found["P"]["cbor"], found["P"]["pfs_days"], found["P"]["dor_days"]) == ("PR", 85, 43)
    assert "scan_after_death" not in found.rules_asked("P")


def test_a_therapy_after_death_censors_nothing(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", death_at=60, last_alive_at=60)
    trial.scans("P", scans_of("42:SD"))
    trial.add("therapies", patient_id="P", start_at=70, name="topotecan")
    found = trial.derive()
    assert (found["P"]["pfs_days"], found["P"]["pfs_event"]) == (61, 1)
    assert "therapy_after_death" in found.rules_asked("P")


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("assessments", {"assessment_at": 84, "overall_response": "SD"}),
        ("assessments", {"assessment_at": 84, "overall_response": "NE"}),
        ("lesions", {"assessment_at": 84, "lesion_id": "T", "kind": "target", "diameter_mm": 20}),
        ("therapies", {"start_at": 84, "name": "topotecan"}),
        ("adverse_events", {"term": "Rash", "soc": "Skin", "grade": 1, "start_at": 84}),
        ("adverse_events", {"term": "Rash", "soc": "Skin", "grade": 1, "start_at": 10, "end_at": 84}),
    ],
)
def test_last_known_alive_is_the_latest_of_all_dated_contacts(table, row, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=59, treatment_end_at=50)
    trial.scans("P", scans_of("42:SD"))
    trial.add(table, patient_id="P", **row)
    found = trial.derive()
    assert (found["P"]["os_days"], found["P"]["os_event"]) == (85, 0)
    assert found["P"]["os_days"] >= found["P"]["pfs_days"]
    asked = {"last_alive_before_scan"} if table in ("assessments", "lesions") else {"last_alive_before_contact"}
    assert asked <= found.rules_asked("P")
    cut = trial.derive(data_cutoff="2024-03-11")["P"]  # day 71: what is later is not known
    assert (cut["os_days"], cut["os_event"]) == (60, 0)


def test_end_of_treatment_and_withdrawal_are_contacts(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=59, treatment_end_at=90)
    trial.patient("Q", last_alive_at=59, withdrawal_at=91)
    trial.patient("R", treatment_end_at=30)
    trial.scans("P", scans_of("42:SD"))
    found = trial.derive()
    assert [found[name]["os_days"] for name in "PQR"] == [91, 92, 31]


YEARLY = {"later": [{"from_day": 365, "interval_days": 84}]}


@pytest.mark.parametrize(
    ("scans", "event", "rules"),
    [
        ("364:SD 500:PD", True, YEARLY),  # one missed late scan
        ("364:SD 500:PD", False, {}),  # every 6 weeks for ever it were three
        ("357:SD 539:PD", True, YEARLY),  # stands for 378: 2 x (84 + 7) days are the most
        ("357:SD 540:PD", False, YEARLY),
        ("42:SD 140:PD", True, YEARLY),
        ("42:SD 141:PD", False, YEARLY),
        ("336:SD 490:PD", False, {"later": [{"from_day": 500, "interval_days": 84}]}),
        ("350:SD 490:PD", True, YEARLY),  # stands for 336; due next were 378 and 462
        ("42:SD 160:PD", True, {"missed_scans": 3}),
        ("42:SD 190:PD", False, {"missed_scans": 3}),
    ],
)
def test_scans_that_are_not_due_are_not_missed(scans, event, rules, tmp_path):
    """Due on 336, 378 and, every 12 weeks from day 365 on, 462 and 546; a scan stands for the nearest due day."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=600)
    days = [scan.day for scan in scans_of(scans)]
    trial.scans("P", scans_of(" ".join([*(f"{day}:SD" for day in range(42, days[0], 42)), scans])))
    assert trial.derive(scans=rules)["P"]["pfs_event"] == int(event)


@pytest.mark.parametrize(
    ("scans", "words"),
    [
        ("42:SD 200:PD", "follows 2 or more missed scans"),
        ("42:SD 84:NE 126:NE 168:PD", "follows 2 scan(s) that could not be evaluated (day 85, 127), none missed"),
        ("42:SD 84:NE 250:PD", "2 or more missed scans, beside 1 scan(s) that could not be evaluated (day 85)"),
    ],
)
def test_words_tell_scans_that_could_not_be_evaluated_from_missed_ones(scans, words, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=300)
    trial.scans("P", scans_of(scans))
    row = trial.derive()["P"]
    assert (row["pfs_days"], row["pfs_event"]) == (43, 0)
    assert words in row["pfs_reason"]


def measure(trial: Trial, day: int, lesion: str, size: float | str, **more: str) -> None:
    rest = {"kind": "target", "node": "N", "status": "", "location": lesion} | more
    trial.add("lesions", patient_id="P", assessment_at=day, lesion_id=lesion, diameter_mm=size, **rest)


def test_a_ct_and_the_mri_some_days_later_are_one_time_point_without_a_visit(tmp_path):
    """Lung by CT on day 43, brain by MRI on day 46: together they halve; each alone would be NE."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=100)
    for lesion, size in (("lung", 50), ("brain", 20)):
        measure(trial, -7, lesion, size)
    for day, lesion, size in ((42, "lung", 20), (45, "brain", 15), (84, "lung", 20), (91, "brain", 10)):
        measure(trial, day, lesion, size)
    found = trial.derive()
    assert found.seen.timepoints[["first_day", "day", "overall"]].to_numpy().tolist() == [
        [42, 45, "PR"],
        [84, 91, "PR"],
    ]
    assert (found["P"]["cbor"], found["P"]["ttr_days"]) == ("PR", 46)
    apart = trial.derive(scans={"window_days": 2})
    assert apart.seen.timepoints["overall"].tolist() == ["NE"] * 4


def test_the_same_lesion_measured_again_is_another_time_point(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=100)
    for day, size in ((-7, 50), (42, 30), (47, 20)):
        measure(trial, day, "lung", size)
    assert trial.derive().seen.timepoints["day"].tolist() == [42, 47]


def test_progression_by_the_mri_of_a_time_point(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=100)
    measure(trial, -7, "lung", 50)
    measure(trial, 42, "lung", 30)
    measure(trial, 45, "brain", "", kind="new", status="unequivocal")
    row = trial.derive()["P"]
    assert (row["bor"], row["pfs_days"], row["pfs_event"]) == ("PD", 46, 1)


def equivocal(trial: Trial, *scans: tuple[int, str, str]) -> None:
    trial.patient("P", last_alive_at=200)
    for day, response, new in scans:
        trial.add("assessments", patient_id="P", assessment_at=day, overall_response=response, new_lesion=new)


@pytest.mark.parametrize(
    ("scans", "day"),
    [
        ([(42, "SD", "E"), (84, "PD", "Y")], 43),
        ([(42, "SD", "N"), (84, "SD", "E"), (126, "SD", "E"), (168, "PD", "Y")], 85),
        ([(42, "SD", "E"), (84, "NE", ""), (126, "PD", "Y")], 43),
        ([(42, "SD", "E"), (84, "SD", "N"), (126, "PD", "Y")], 127),  # it was none
        ([(42, "SD", "E"), (84, "PD", "N")], 85),
        ([(42, "PR", "E"), (84, "PD", "Y")], 43),
    ],
)
def test_a_reported_new_lesion_is_dated_back_to_when_it_was_equivocal(scans, day, tmp_path):
    trial = Trial(tmp_path)
    equivocal(trial, *scans)
    found = trial.derive()
    assert (found["P"]["pfs_days"], found["P"]["pfs_event"]) == (day, 1)
    moved = day != scans[-1][0] + 1
    assert ("equivocal_new_lesion" in found.rules_asked("P")) == moved
    kept = trial.derive(progression={"equivocal_new_lesion": "as_recorded"})
    assert kept["P"]["pfs_days"] == scans[-1][0] + 1
    assert ("equivocal_new_lesion" in kept.rules_asked("P")) == moved
    # The scan that settles it confirms nothing by iRECIST: it is the same lesion.
    assert found["P"]["ibor"] != "iCPD"


def test_a_new_node_below_10_mm_is_asked_about(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=200)
    for day, size in ((-7, 50), (42, 48), (84, 48)):
        measure(trial, day, "lung", size)
    for day, size in ((42, 8), (84, 12)):
        measure(trial, day, "hilar", size, kind="new", node="Y", status="unequivocal")
    for rule, days in (("count", 43), ("ignore", 85)):
        found = trial.derive(progression={"new_node_below_10_mm": rule})
        assert found["P"]["pfs_days"] == days
        assert "new_node_below_10_mm" in found.rules_asked("P")


@pytest.mark.parametrize("kind", ["radiotherapy", "Palliative Radiotherapy", "stereotactic radiosurgery"])
def test_palliative_radiotherapy_is_a_new_therapy_by_a_rule_of_the_protocol(kind, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=200)
    trial.scans("P", scans_of("42:SD 84:PR 126:PR 168:PD"))
    trial.add("therapies", patient_id="P", start_at=50, name="bone metastasis, 8 Gy", kind=kind)
    for rule, expected in (("new_therapy", (43, 0, "SD")), ("ignore", (169, 1, "PR"))):
        found = trial.derive(progression={"radiotherapy": rule})
        assert tuple(found["P"][name] for name in ("pfs_days", "pfs_event", "cbor")) == expected
        assert "radiotherapy" in found.rules_asked("P")
    trial.add("therapies", patient_id="P", start_at=100, name="topotecan", kind="chemotherapy")
    row = trial.derive(progression={"radiotherapy": "ignore"})["P"]
    assert (row["pfs_days"], row["pfs_event"]) == (85, 0)


@pytest.mark.parametrize(
    ("reason", "declared"),
    [("clinical progression", True), ("Disease progression", True), ("Completed without progression", False)],
)
def test_clinical_progression_counts_as_declared(reason, declared, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=200, treatment_end_at=70, treatment_end_reason=reason)
    trial.scans("P", scans_of("42:SD 84:SD"))
    plain = trial.derive()
    assert (plain["P"]["pfs_days"], plain["P"]["pfs_event"]) == (85, 0)
    assert ("progression_not_on_scan" in plain.rules_asked("P")) == declared
    row = trial.derive(progression={"clinical": "event"})["P"]
    assert (row["pfs_days"], row["pfs_event"]) == ((71, 1) if declared else (85, 0))
    if declared:
        assert row["pfs_reason"].startswith("clinical progression: ")


def test_assessments_close_together_are_asked_about(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=200)
    trial.scans("P", scans_of("42:NE 45:SD 84:SD"))
    assert "assessments_joined" in trial.derive().rules_asked("P")
    apart = trial.derive(scans={"close_assessments": "apart"})
    assert "assessments_close_together" in apart.rules_asked("P")


@pytest.mark.parametrize(
    ("scans", "expected"),
    [
        ("42:SD 45:SD", "45:SD"),
        ("42:SD 45:PD", "45:PD"),
        ("42:PD 45:SD", "42:PD"),
        ("42:PD 45:PD", "42:PD"),
        ("42:PR 45:SD", "45:SD"),
        ("42:NON-CR/NON-PD 45:PR", "45:PR"),  # table 1: what is left of non-target lesions leaves a PR one
        ("42:CR 45:NON-CR/NON-PD", "45:PR"),
        ("42:CR 45:NE", "45:PR"),
        ("42:NE 45:SD", "45:SD"),
        ("42:NON-CR/NON-PD 45:NE", "45:NE"),  # table 2
        ("42:NON-CR/NON-PD 45:CR", "45:PR"),
        ("42:NE 45:PD", "45:PD"),
        ("42:SD 49:PD", "49:PD"),
        ("42:SD 50:PD", "42:SD 50:PD"),
        ("42:SD 46:SD 49:PR 50:PR", "49:SD 50:PR"),
        ("0:SD 5:SD", "0:SD 5:SD"),
    ],
)
def test_reported_scans_within_the_window_are_one_time_point(scans, expected, tmp_path):
    """The response by RECIST 1.1, tables 1 and 2; progression on the first scan that shows it, all else on the last."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=200)
    trial.scans("P", scans_of(scans))
    found = trial.derive().seen.timepoints
    assert " ".join(f"{day:.0f}:{word}" for day, word in zip(found["day"], found["overall"], strict=True)) == expected


@pytest.mark.parametrize(
    ("visits", "expected"),
    [(("V1", "V1"), [42]), (("V1", "V2"), [42, 45]), (("V1", ""), [42, 45])],
)
def test_visits_say_which_reported_scans_are_one_time_point(visits, expected, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=200)
    for day, visit, response in zip((42, 45), visits, ("PD", "SD"), strict=True):
        trial.add("assessments", patient_id="P", assessment_at=day, visit=visit, overall_response=response)
    assert trial.derive().seen.timepoints["day"].tolist() == expected


def test_reported_scans_do_not_join_across_the_start_of_a_new_therapy(tmp_path):
    """The CT before the therapy counts; the MRI after it does not."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=200)
    trial.scans("P", scans_of("42:SD 45:SD"))
    trial.add("therapies", patient_id="P", start_at=43, name="topotecan", kind="chemotherapy")
    row = trial.derive()["P"]
    assert (row["bor"], row["pfs_days"], row["pfs_event"]) == ("SD", 43, 0)


def test_an_equivocal_lesion_of_one_part_is_not_settled_by_the_other(tmp_path):
    """The CT doubts, the MRI of the brain sees none; six weeks later it is sure: it counts from the CT."""
    trial = Trial(tmp_path)
    equivocal(trial, (42, "SD", "E"), (45, "SD", "N"), (84, "PD", "Y"))
    row = trial.derive()["P"]
    assert (row["pfs_days"], row["pfs_event"]) == (43, 1)
    row = trial.derive(progression={"equivocal_new_lesion": "as_recorded"})["P"]
    assert (row["pfs_days"], row["pfs_event"]) == (85, 1)


def test_a_joined_scan_confirms_as_one(tmp_path):
    """PR by CT and stable disease left in the brain at two visits: one confirmed response, dated at its last scan."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=200)
    trial.scans("P", scans_of("42:PR 45:NON-CR/NON-PD 84:PR 88:NON-CR/NON-PD"))
    row = trial.derive()["P"]
    assert (row["cbor"], row["ttr_days"]) == ("PR", 46)


def lesion(trial: Trial, day: int, lesion_id: str, kind: str, **facts: object) -> None:
    place = {"patient_id": "P", "assessment_at": day, "lesion_id": lesion_id, "kind": kind}
    trial.add("lesions", **place, **{"node": "N", "diameter_mm": "", "status": ""} | facts)


def assessment(trial: Trial, day: int, overall: str, target: str = "", nontarget: str = "", new: str = "N") -> None:
    told = {"overall_response": overall, "target_response": target, "nontarget_response": nontarget, "new_lesion": new}
    trial.add("assessments", patient_id="P", assessment_at=day, **told)


@pytest.mark.parametrize(
    ("later", "size", "overall"),
    [
        (None, 20, "PD"),  # the lesions say nothing of non-target disease on that day: the assessment does
        (None, 0, "PD"),
        ("present", 20, "SD"),  # they do
        ("not evaluable", 20, "SD"),
    ],
)
def test_where_no_nontarget_lesion_was_followed_the_assessment_tells(later, size, overall, tmp_path):
    """Non-target lesions are often listed at baseline and followed as one word a scan (RECIST 1.1, 4.3.3)."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=150)
    for day, mm in ((0, 20), (42, size), (84, size)):
        lesion(trial, day, "T", "target", diameter_mm=mm)
    lesion(trial, 0, "N", "nontarget", status="present")
    for day in (42, 84):
        if later:
            lesion(trial, day, "N", "nontarget", status=later)
    assessment(trial, 42, "SD", "SD", "NON-CR/NON-PD")
    assessment(trial, 84, "PD", "SD", "PD")
    found = trial.derive()
    assert found.seen.timepoints["overall"].tolist()[-1] == overall
    assert (found["P"]["pfs_days"], found["P"]["pfs_event"]) == (85, int(overall == "PD"))


def test_a_complete_response_needs_no_row_of_a_nontarget_lesion_that_the_assessment_calls_gone(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=150)
    lesion(trial, 0, "N", "nontarget", status="present")
    for day, mm in ((0, 20), (42, 0), (84, 0)):
        lesion(trial, day, "T", "target", diameter_mm=mm)
    for day in (42, 84):
        assessment(trial, day, "CR", "CR", "CR")
    assert trial.derive()["P"]["cbor"] == "CR"


@pytest.mark.parametrize(
    ("rule", "size", "event"), [("ignore", 8, 0), ("ignore", 12, 1), ("ignore", None, 1), ("count", 8, 1)]
)
def test_a_small_new_node_that_is_ignored_is_so_in_the_assessment_of_that_scan_too(rule, size, event, tmp_path):
    """The reader's Y is of that node; without a row of a small node it stays progression."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=150)
    for day in (0, 42, 84):
        lesion(trial, day, "T", "target", diameter_mm=20)
    if size is not None:
        lesion(trial, 84, "X", "new", node="Y", diameter_mm=size)
    assessment(trial, 42, "SD", "SD")
    assessment(trial, 84, "PD", "SD", new="Y")
    found = trial.derive(progression={"new_node_below_10_mm": rule})
    assert (found["P"]["pfs_days"], found["P"]["pfs_event"]) == (85, event)
    assert ("new_node_below_10_mm" in found.rules_asked("P")) == (size == 8)


@pytest.mark.parametrize(
    ("read", "scanned", "bor"),
    [
        (41, 43, "SD"),  # nobody reads a scan before it is made: two scans, one before the therapy
        (41, 42, "SD"),  # the day on which the therapy began is before it
        (45, 42, "PR"),  # the scan of the day of the therapy, read three days later
    ],
)
def test_an_assessment_before_a_new_therapy_is_not_of_the_scan_after_it(read, scanned, bor, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=150)
    lesion(trial, 0, "T", "target", diameter_mm=20)
    lesion(trial, scanned, "T", "target", diameter_mm=10)
    assessment(trial, read, "SD", "SD")
    trial.add("therapies", patient_id="P", start_at=42 if scanned > 41 and read > 41 else 41, name="x", kind="")
    row = trial.derive()["P"]
    assert row["bor"] == bor
    assert row["pfs_days"] == {"SD": 42, "PR": 43}[bor]


def test_a_response_after_clinical_progression_lasts_to_the_next_event_not_to_one_before_it(tmp_path):
    """Treatment ended for clinical progression on day 51; the response of day 127 ends with the PD of day 211."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=250, treatment_end_at=50, treatment_end_reason="clinical progression")
    trial.scans("P", scans_of("42:SD 84:SD 126:PR 168:PR 210:PD"))
    row = trial.derive(progression={"clinical": "event"})["P"]
    assert (row["pfs_days"], row["pfs_event"]) == (51, 1)
    assert row["ttr_days"] == 127
    for suffix in ("", "_ema", "_unconfirmed"):
        assert (row[f"dor_days{suffix}"], row[f"dor_event{suffix}"]) == (85, 1)
        assert row[f"dor_reason{suffix}"].startswith("PD: progression at the scan of day 211")


@pytest.mark.parametrize("fact", ["treatment_end", "withdrawal", "last_alive", "death"])
def test_who_patients_csv_knows_of_after_the_cutoff_was_alive_on_it(fact, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", **{f"{fact}_at": 150})
    trial.patient("Q", last_alive_at=30)
    trial.scans("P", scans_of("42:SD"))
    found = trial.derive(data_cutoff="2024-03-11")  # day 71
    assert (found["P"]["os_days"], found["P"]["os_event"]) == (71, 0)
    assert (found["Q"]["os_days"], found["Q"]["os_event"]) == (31, 0)


@pytest.mark.parametrize(("rule", "day"), [("first_scan", 43), ("last_scan", 46)])
def test_a_sum_dates_progression_by_its_rule_though_a_new_lesion_is_seen_later_in_the_visit(rule, day, tmp_path):
    """Of two scans of a visit the first (day 43) shows the growth, the second (day 46) a new lesion as well."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=150)
    lesion(trial, 0, "T", "target", diameter_mm=20)
    lesion(trial, 42, "T", "target", diameter_mm=40, visit="V1")
    lesion(trial, 45, "X", "new", status="unequivocal", visit="V1")
    row = trial.derive(progression={"date_of_sum": rule})["P"]
    assert (row["pfs_days"], row["pfs_event"]) == (day, 1)


def test_without_target_lesions_the_first_scan_that_is_no_progression_dates_the_best_response(tmp_path):
    """A CR that nothing confirms is NON-CR/NON-PD, as the scan of day 43 was already."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=150)
    for day, status in ((0, "present"), (42, "present"), (126, "absent")):
        lesion(trial, day, "N", "nontarget", status=status)
    row = trial.derive()["P"]
    assert (row["cbor"], row["cbor_day"]) == ("NON-CR/NON-PD", 43)


@pytest.mark.parametrize(
    ("scans", "best"),
    [
        ("42:NON-CR/NON-PD 84:CR", "NON-CR/NON-PD"),  # only who has no target lesion is NON-CR/NON-PD
        ("42:CR 84:NON-CR/NON-PD", "NON-CR/NON-PD"),
        ("42:CR 84:SD", "SD"),
        ("42:PR 84:NON-CR/NON-PD", "SD"),  # contradictory: the PR speaks of target lesions
        ("42:CR", "SD"),  # nothing tells
    ],
)
def test_reported_responses_tell_who_has_no_target_lesions(scans, best, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=150)
    trial.scans("P", scans_of(scans))
    assert trial.derive()["P"]["cbor"] == best


@pytest.mark.parametrize(
    ("scans", "expected", "best"),
    [
        ("42:NON-CR/NON-PD 84:CR 88:NON-CR/NON-PD", "42:NON-CR/NON-PD 88:NON-CR/NON-PD", "NON-CR/NON-PD"),  # table 2
        ("42:NON-CR/NON-PD 84:CR 88:NE", "42:NON-CR/NON-PD 88:NE", "NON-CR/NON-PD"),  # not all evaluated
        ("42:NON-CR/NON-PD 84:CR 88:CR", "42:NON-CR/NON-PD 88:CR", "CR"),
        ("42:SD 84:CR 88:NON-CR/NON-PD", "42:SD 88:PR", "PR"),  # table 1: there are target lesions
        ("42:CR 45:NON-CR/NON-PD 84:NE", "45:PR 84:NE", "PR"),  # what is left of the rest may be all that was read
    ],
)
def test_without_target_lesions_no_two_readings_make_a_partial_response(scans, expected, best, tmp_path):
    """RECIST 1.1, table 2, knows no PR; NON-CR/NON-PD of a whole time point says that there are no target lesions."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=200)
    trial.scans("P", scans_of(scans))
    derived = trial.derive()
    found = derived.seen.timepoints
    assert " ".join(f"{day:.0f}:{word}" for day, word in zip(found["day"], found["overall"], strict=True)) == expected
    row = derived["P"]
    assert row["bor"] == best
    assert row["cbor"] == {"CR": "NON-CR/NON-PD", "PR": "SD"}.get(best, best)
    assert row["ibor"] == (best if best == "NON-CR/NON-PD" else f"i{best}").replace("NON-CR/NON-PD", "NON-iCR/NON-iUPD")
