"""Endpoints by iRECIST: published scenarios, courses of lesions reckoned by hand, and what must hold of any course."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from small_trial import Derived, Trial, load, number

SEQUENCES = load("irecist_sequences.tsv")
LESIONS = load("irecist_lesions.tsv")
WORDS = {"iCR": "CR", "iPR": "PR", "iSD": "SD", "NON-iCR/NON-iUPD": "NON-CR/NON-PD", "NE": "NE"}
NONTARGET = {"NC": "present", "UNE": "progression", "NCLA": "NCLA", "INCLA": "INCLA", "NE": "not evaluable"}
STABLE = {"stable_disease": {"minimum_days": 42}}  # as admiralonco and the vectors have it


def codes_of(trial: Trial, name: str, scans: str) -> None:
    """Add assessments with a reader's i-codes; ``42:iUPD 84:iCPD``."""
    for item in scans.split():
        day, code = item.split(":")
        recist = WORDS.get(code, "PD")
        trial.add("assessments", patient_id=name, assessment_at=day, overall_response=recist, irecist_response=code)


def words_of(trial: Trial, name: str, scans: str) -> None:
    for item in scans.split():
        day, word = item.split(":")
        trial.add("assessments", patient_id=name, assessment_at=day, overall_response=word)


def lesions_of(trial: Trial, name: str, row: dict[str, str]) -> None:
    """Add lesions: ``day|sum|non-target|new lesions`` a scan, ``N1,liver,12`` a new lesion."""

    def add(day: str, lesion: str, kind: str, **facts: Any) -> None:
        trial.add("lesions", patient_id=name, assessment_at=day, lesion_id=lesion, kind=kind, **facts)

    add("-7", "T1", "target", diameter_mm=row["baseline"], location="lung")
    add("-7", "NT1", "nontarget", status="present")
    for scan in row["scans"].split():
        day, total, nontarget, news, *symptom = scan.split("|")
        asked = {"new_symptom": "Y" if symptom else ""}
        target = {"status": "not evaluable"} if total == "NE" else {"diameter_mm": total}
        add(day, "T1", "target", **target, **asked)
        add(day, "NT1", "nontarget", status=NONTARGET[nontarget], **asked)
        for new in filter(None, news.split(";")):
            lesion, organ, size = new.split(",")
            told = {"diameter_mm": size} if size.isdigit() else {"status": size.replace("first", "new")}
            add(day, lesion, "new", location=organ, **told, **asked)


def facts_of(row: dict[str, str]) -> dict[str, int]:
    names = {"death_day": "death_at", "treatment_end_day": "treatment_end_at", "data_cutoff_day": "cutoff_at"}
    facts = dict(fact.split("=") for fact in row["facts"].split())
    return {names.get(name, "last_alive_at"): int(day) for name, day in facts.items()}


def timepoints(derived: Derived, name: str) -> str:
    points = derived.seen.timepoints
    return " ".join(points.loc[points["patient_id"] == name, "irecist"])


@pytest.fixture(scope="module")
def by_codes(tmp_path_factory):
    def derive(**irecist: Any) -> Derived:
        trial = Trial(tmp_path_factory.mktemp("codes"))
        for row in SEQUENCES:
            trial.patient(row["id"])
            codes_of(trial, row["id"], row["scans"])
        return trial.derive(irecist=irecist, **STABLE)

    return {
        "event": derive(),
        "last_scan": derive(unconfirmed="censor"),
        "last_without_progression": derive(unconfirmed="censor", censored_at="last_without_progression"),
    }


SOUND = [row for row in SEQUENCES if row["ibor"]]


@pytest.mark.parametrize("row", SOUND, ids=[row["id"] for row in SOUND])
def test_sequence_of_codes(row, by_codes):
    found = by_codes["event"][row["id"]]
    assert (found["ibor"], found["icbor"], found["iresponse"]) == (row["ibor"], row["icbor"], row["response"])
    assert (found["ipfs_event"], found["ipfs_days"]) == (int(row["event"]), int(row["day"]) + 1)
    confirmed = number(row["confirmed_on"])
    assert found["ipfs_reason"].startswith("iCPD: ") is (confirmed is not None)
    if confirmed is not None:
        assert found["ipfs_reason"].endswith(f"confirmed on day {confirmed + 1}")
    for variant, day in (("last_scan", "only_day"), ("last_without_progression", "only_day_without_progression")):
        other = by_codes[variant][row["id"]]
        assert (other["ipfs_event"], other["ipfs_days"]) == (int(row["only_event"]), int(row[day]) + 1)


@pytest.mark.parametrize("name", [row["id"] for row in SEQUENCES if not row["ibor"]])
def test_an_icpd_without_an_iupd_is_asked_about_and_is_no_confirmed_progression(name, by_codes):
    assert "icpd_without_iupd" in by_codes["event"].rules_asked(name)
    found = by_codes["event"][name]
    assert found["ipfs_reason"].startswith("iUPD never confirmed")
    assert found["ibor"] not in ("iCPD", "MISSING", "NE")
    assert by_codes["last_scan"][name]["ipfs_event"] == 0


@pytest.fixture(scope="module")
def by_lesions(tmp_path_factory):
    trial = Trial(tmp_path_factory.mktemp("lesions"))
    for row in LESIONS:
        trial.patient(row["id"], **facts_of(row))
        lesions_of(trial, row["id"], row)
    return trial.derive(**STABLE)


@pytest.mark.parametrize("row", LESIONS, ids=[row["id"] for row in LESIONS])
def test_course_of_lesions(row, by_lesions):
    found = by_lesions[row["id"]]
    assert timepoints(by_lesions, row["id"]) == row["timepoints"]
    assert (found["ibor"], found["ipfs_event"], found["ipfs_days"]) == (
        row["ibor"], int(row["event"]), int(row["day"]) + 1,
    )  # fmt: skip
    if row["reason"] != "censored":
        assert found["ipfs_reason"].startswith(row["reason"])


SWITCHED = [row for row in LESIONS if row["switch"]]


@pytest.mark.parametrize("row", SWITCHED, ids=[row["id"] for row in SWITCHED])
def test_switch_of_what_the_paper_leaves_open(row, tmp_path):
    name, value = row["switch"].split("=", 1)
    trial = Trial(tmp_path)
    trial.patient(row["id"], **facts_of(row))
    lesions_of(trial, row["id"], row)
    derived = trial.derive(irecist={name: int(value) if value.isdigit() else value}, **STABLE)
    found = derived[row["id"]]
    assert timepoints(derived, row["id"]) == row["other_timepoints"]
    assert (found["ibor"], found["ipfs_event"], found["ipfs_days"]) == (
        row["other_ibor"], int(row["other_event"]), int(row["other_day"]) + 1,
    )  # fmt: skip
    assert found["ipfs_reason"].startswith(row["other_reason"])


def test_duration_runs_over_a_progression_that_was_reset(by_lesions):
    found = by_lesions["L35"]  # iPR on day 42, iUPD, iPR, then the progression of day 168 that is confirmed
    assert (found["idor_days"], found["idor_event"]) == (168 - 42 + 1, 1)
    assert pd.isna(by_lesions["L01"]["idor_days"])
    assert by_lesions["L01"]["idor_reason"] == "no response"


def test_recist_stays_as_it_is(by_lesions):
    found = by_lesions["L07"]  # pseudoprogression: PD by RECIST 1.1, a response by iRECIST
    assert (found["bor"], found["pfs_event"], found["pfs_days"]) == ("PD", 1, 43)
    assert (found["iresponse"], found["iresponse_confirmed"]) == ("Y", "Y")


def test_without_progression_both_are_the_same(tmp_path):
    trial = Trial(tmp_path)
    for name, scans in {
        "P1": "42:SD 84:PR 126:SD 168:NE",
        "P2": "20:SD",
        "P3": "42:CR 84:PR",
        "P4": "30:NE",
        "P5": "",
    }.items():
        trial.patient(name, death_at=200 if name in ("P1", "P5") else None)
        words_of(trial, name, scans)
    derived = trial.derive()
    for row in derived.rows.values():
        assert row["ibor"].replace("i", "").replace("NON-iUPD", "NON-PD") == row["bor"]
        assert row["icbor"].replace("i", "") == row["cbor"]
        assert (row["ipfs_days"], row["ipfs_event"]) == (row["pfs_days_ema"], row["pfs_event_ema"])
        assert row["ipfs_reason"] == row["pfs_reason_ema"]


def test_progression_reported_again_does_not_tell_whether_it_was_confirmed(tmp_path):
    """Of RECIST 1.1 words alone iUPD and iCPD cannot be told apart, but where another category progressed anew."""
    trial = Trial(tmp_path)
    trial.patient("P1")
    words_of(trial, "P1", "42:PD 84:PD")
    trial.patient("P2")
    parts = {"overall_response": "PD", "target_response": "PD"}
    trial.add("assessments", patient_id="P2", assessment_at=42, new_lesion="N", **parts)
    trial.add("assessments", patient_id="P2", assessment_at=84, new_lesion="Y", **parts)
    derived = trial.derive()
    assert timepoints(derived, "P1") == "iUPD iUPD"
    assert "confirmation_not_known" in derived.rules_asked("P1")
    assert timepoints(derived, "P2") == "iUPD iCPD"
    assert [derived[name]["ipfs_days"] for name in ("P1", "P2")] == [43, 43]


def test_a_reported_response_that_is_no_progression_confirms_none(tmp_path):
    """Whatever its parts say: that they contradict it is asked about by another rule."""
    trial = Trial(tmp_path)
    trial.patient("P1")
    trial.add("assessments", patient_id="P1", assessment_at=42, overall_response="PD", target_response="SD")
    trial.add("assessments", patient_id="P1", assessment_at=84, overall_response="CR", target_response="PD")
    assert timepoints(trial.derive(), "P1") == "iUPD iCR"


def test_words_of_recist_up_to_the_first_progression_and_codes_after_it(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1")
    for day, word, code in ((42, "PR", "PR"), (84, "PD", "iUPD"), (126, "PR", "iPR"), (168, "PD", "")):
        trial.add("assessments", patient_id="P1", assessment_at=day, overall_response=word, irecist_response=code)
    derived = trial.derive(irecist={"iupd_between": 1})
    assert timepoints(derived, "P1") == "iPR iUPD iPR iUPD"
    assert derived["P1"]["icbor"] == "iPR"
    assert trial.derive()["P1"]["icbor"] == "iSD"
    assert (derived["P1"]["ipfs_days"], derived["P1"]["ipfs_event"]) == (169, 1)


def test_data_after_death_do_not_confirm(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1", death_at=100)
    codes_of(trial, "P1", "42:iUPD 84:NE 120:iCPD")
    found = trial.derive()["P1"]
    assert (found["ibor"], found["ipfs_days"]) == ("iUPD", 43)
    assert found["ipfs_reason"].startswith("iUPD never confirmed")


def test_no_baseline_scan_is_not_evaluable(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1", baseline_assessed="N")
    codes_of(trial, "P1", "42:iPR 84:iPR 126:iUPD")
    found = trial.derive()["P1"]
    assert (found["ibor"], found["icbor"], found["iresponse"], found["ipfs_event"]) == ("NE", "NE", "N", 0)


@pytest.mark.parametrize(
    ("window", "days", "code", "asked"),
    [
        ("query", 21, "iCPD", "confirmation_too_early"),
        ("strict", 21, "NE", "confirmation_too_early"),
        ("none", 21, "iCPD", None),
        ("query", 28, "iCPD", None),
        ("query", 56, "iCPD", None),
        ("query", 57, "iCPD", "confirmation_too_late"),
        ("strict", 57, "iUPD", "confirmation_too_late"),
        ("none", 57, "iCPD", None),
    ],
)
def test_window_of_a_readers_confirmation(window, days, code, asked, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1")
    codes_of(trial, "P1", f"42:iUPD {42 + days}:iCPD")
    derived = trial.derive(irecist={"confirmation_window": window})
    assert timepoints(derived, "P1") == f"iUPD {code}"
    assert {r for r in derived.rules_asked("P1") if r.startswith("confirmation")} == ({asked} if asked else set())


def test_iupd_ne_iupd_is_asked_about_or_confirmed_by_the_switch(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1")
    codes_of(trial, "P1", "42:iUPD 84:NE 126:iUPD")
    derived = trial.derive()
    assert timepoints(derived, "P1") == "iUPD NE iUPD"
    assert "iupd_after_ne" in derived.rules_asked("P1")
    derived = trial.derive(irecist={"iupd_ne_iupd": "confirmed"})
    assert (timepoints(derived, "P1"), derived["P1"]["ibor"]) == ("iUPD NE iCPD", "iCPD")


def test_less_than_a_complete_response_is_progression_by_the_switch(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1")
    codes_of(trial, "P1", "42:iCR 84:iPR 126:iPR 168:iCR")
    derived = trial.derive(best_response={"cr_then_less": "progression"})
    assert timepoints(derived, "P1") == "iCR iUPD iUPD iCR"
    assert timepoints(trial.derive(), "P1") == "iCR iPR iPR iCR"


def test_the_worst_of_several_codes_of_a_day_counts(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1")
    codes_of(trial, "P1", "42:iUPD 84:iUPD 84:iCPD")
    assert timepoints(trial.derive(), "P1") == "iUPD iCPD"


def test_a_code_against_recist_before_the_first_progression_is_asked_about(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1")
    trial.add("assessments", patient_id="P1", assessment_at=42, overall_response="SD", irecist_response="iPR")
    assert "irecist_differs" in trial.derive().rules_asked("P1")


def followed(trial: Trial, target: list[int], other: str, later: str) -> None:
    """Add a patient with a progression on day 42 by a new lesion or by a non-target one, and its status ``later``.

    ``target`` are the sizes of the target lesion at baseline and on days 42, 84 and 126.
    """
    trial.patient("P1", last_alive_at=200)
    for day, size in zip((-7, 42, 84, 126), target, strict=True):
        place = {"patient_id": "P1", "assessment_at": day}
        trial.add("lesions", **place, lesion_id="T1", kind="target", diameter_mm=size)
    kind, first = ("new", "unequivocal") if other == "new" else ("nontarget", "progression")
    told = [(42, first), (84, later), (126, later)]
    if other == "nontarget":
        told = [(-7, "present"), *told]
    for day, status in told:
        if status:
            trial.add("lesions", patient_id="P1", assessment_at=day, lesion_id="O1", kind=kind, status=status)


@pytest.mark.parametrize(
    ("other", "target", "status", "codes", "asked"),
    [
        ("new", [40, 40, 40, 40], "", "iUPD NE NE", True),  # new lesions are often noted once, when they appear
        ("new", [40, 40, 40, 40], "not evaluable", "iUPD NE NE", True),
        ("new", [40, 40, 40, 40], "absent", "iUPD iSD iSD", False),
        ("new", [40, 40, 40, 40], "no change since last", "iUPD iUPD iUPD", False),
        ("new", [40, 40, 20, 20], "", "iUPD iPR iPR", False),  # a response after it needs no word of it
        ("new", [40, 40, 40, 46], "", "iUPD NE NE", True),
        ("new", [40, 40, 40, 48], "", "iUPD NE iCPD", True),  # progression of the target lesions as well
        ("nontarget", [40, 40, 40, 40], "", "iUPD NE NE", True),
        ("nontarget", [40, 40, 20, 20], "not evaluable", "iUPD NE NE", True),
        ("nontarget", [40, 40, 40, 40], "present", "iUPD iSD iSD", False),
        ("nontarget", [40, 40, 20, 20], "absent", "iUPD iPR iPR", False),
    ],
)
def test_what_no_row_says_has_gone_resets_nothing(other, target, status, codes, asked, tmp_path):
    """Absent is never zero: a progression is not taken back because nobody looked at it again."""
    trial = Trial(tmp_path)
    followed(trial, target, other, status)
    found = trial.derive()
    assert timepoints(found, "P1") == codes
    assert ("progression_not_followed" in found.rules_asked("P1")) is asked
    event = 0 if codes.split()[1] in ("iSD", "iPR") else 1
    assert (found["P1"]["ipfs_event"], found["P1"]["ipfs_days"]) == (event, 43 if event else 127)


@pytest.mark.parametrize(("overall", "new", "code"), [("SD", "N", "iSD"), ("PD", "N", "NE"), ("SD", "", "NE")])
def test_an_assessment_says_whether_a_reported_new_lesion_is_still_there(overall, new, code, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1", last_alive_at=200)
    for day in (-7, 42, 84):
        trial.add("lesions", patient_id="P1", assessment_at=day, lesion_id="T1", kind="target", diameter_mm=40)
    for day, word, told in ((42, "PD", "Y"), (84, overall, new)):
        trial.add("assessments", patient_id="P1", assessment_at=day, overall_response=word, new_lesion=told)
    assert timepoints(trial.derive(), "P1") == f"iUPD {code}"


def test_lesions_confirm_what_a_reader_alone_called_iupd(tmp_path):
    """No scan is PD by RECIST 1.1; the non-target lesions that had progressed by the reader's word grow."""
    trial = Trial(tmp_path)
    trial.patient("P1", last_alive_at=200)
    told = {"overall_response": "NE", "irecist_response": "iUPD", "nontarget_response": "PD"}
    trial.add("assessments", patient_id="P1", assessment_at=42, **told)
    for day, status in ((-7, "present"), (84, "increased")):
        place = {"patient_id": "P1", "assessment_at": day}
        trial.add("lesions", **place, lesion_id="T1", kind="target", diameter_mm=40)
        trial.add("lesions", **place, lesion_id="N1", kind="nontarget", status=status)
    assert timepoints(trial.derive(), "P1") == "iUPD iCPD"
