"""Best response against the published test cases of admiralonco and RECIST 1.1 table 3."""

from __future__ import annotations

import pytest
from small_trial import Trial, load, number, scans_of

from anpi.recist.best_response import (
    BENEFIT,
    Best,
    ResponseRules,
    best_response,
    confirmed_best_response,
    confirmed_response_day,
    disease_control_day,
    less_after_complete,
    response_day,
    until_progression,
)

CONFIGURATIONS = {
    "predef_sd42_conf28_ne1": (42, 28, 1, 0),
    "sd42_conf28_ne1": (42, 28, 1, 0),
    "sd28_conf28_ne1": (28, 28, 1, 0),
    "sd28_conf29_ne1": (28, 29, 1, 0),
    "sd42_conf28_ne0": (42, 28, 0, 0),
    "sd42_conf28_ne2": (42, 28, 2, 0),
    "sd42_conf28_ne1_acceptsd": (42, 28, 1, 1),
    "sd35_conf28_ne1": (35, 28, 1, 0),
}
PUBLISHED = [row for row in load("best_response.tsv") if row["parameter"] != "ASSESSMENTS_UP_TO_FIRST_PD"]


def flag(day: int | None) -> Best:
    return Best("N" if day is None else "Y", day)


@pytest.mark.parametrize("row", PUBLISHED, ids=[row["id"] for row in PUBLISHED])
def test_published_case(row):
    rules = ResponseRules(
        number(row["minimum_stable_days"]) or 28,
        28 if row["confirmation_days"] == "" else int(row["confirmation_days"]),
        1 if row["not_evaluable_between"] == "" else int(row["not_evaluable_between"]),
        int(row["stable_between"]),
    )
    scans = sorted(scans_of(row["scans"]), key=lambda scan: scan.day)
    if row["progression"]:
        scans = until_progression(scans, int(row["progression"]))
    benefit = row["benefit"].split() or BENEFIT
    found = {
        "BOR": lambda: best_response(scans, rules),
        "CBOR": lambda: confirmed_best_response(scans, rules),
        "RSP": lambda: flag(response_day(scans)),
        "CRSP": lambda: flag(confirmed_response_day(scans, rules)),
        "CBR": lambda: flag(disease_control_day(scans, number(row["response"]), rules, benefit)),
    }[row["parameter"]]()
    if row["missing_as_ne"] == "1" and found.value == "MISSING":
        found = Best("NE", None)
    assert found == Best(row["value"], number(row["day"]))


@pytest.mark.parametrize(
    "row", [row for row in load("best_response.tsv") if row not in PUBLISHED], ids=lambda r: r["id"]
)
def test_scans_up_to_first_progression(row):
    assert until_progression(scans_of(row["scans"])) == scans_of(row["value"])


def test_edge_cases_in_eight_configurations():
    subjects = {row["id"]: row for row in load("edge_cases.tsv")}
    expected = load("edge_case_responses.tsv")
    wrong = []
    for row in expected:
        rules = ResponseRules(*CONFIGURATIONS[row["configuration"]])
        scans = until_progression([scan for scan in scans_of(subjects[row["id"]]["scans"]) if scan.day >= 0])
        first, confirmed = response_day(scans), confirmed_response_day(scans, rules)
        found = {
            "BOR": best_response(scans, rules),
            "CBOR": confirmed_best_response(scans, rules),
            "RSP": flag(first),
            "CRSP": flag(confirmed),
            "CB": flag(disease_control_day(scans, first, rules)),
            "CCB": flag(disease_control_day(scans, confirmed, rules)),
        }[row["parameter"]]
        if found != Best(row["value"], number(row["day"])):
            wrong.append((row, found))
    assert len(expected) == 1539
    assert wrong == []


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_edge_cases_from_files(configuration, tmp_path):
    """The program's tables hold what admiralonco gave; a patient without scans is NE, no responder."""
    stable, confirmation, not_evaluable, stable_between = CONFIGURATIONS[configuration]
    trial = Trial(tmp_path)
    for row in load("edge_cases.tsv"):
        trial.patient(row["id"], death_at=row["death"], last_alive_at=row["last_alive"])
        trial.scans(row["id"], scans_of(row["scans"]))
    found = trial.derive(
        stable_disease={"minimum_days": stable},
        confirmation={
            "minimum_days": confirmation,
            "not_evaluable_between": not_evaluable,
            "stable_between": stable_between,
        },
    )
    for row in load("edge_case_responses.tsv"):
        if row["configuration"] != configuration:
            continue
        value = row["value"].replace("MISSING", "NE")
        column = {"BOR": "bor", "CBOR": "cbor", "RSP": "response_unconfirmed", "CRSP": "response"}.get(row["parameter"])
        column = column or {"CB": "disease_control_unconfirmed", "CCB": "disease_control"}[row["parameter"]]
        assert found[row["id"]][column] == value, (row, column)
        if row["parameter"] in ("BOR", "CBOR") and row["day"]:
            assert found[row["id"]][f"{column}_day"] == int(row["day"]) + 1
        if row["parameter"] == "CRSP" and row["day"]:
            assert found[row["id"]]["ttr_days"] == int(row["day"]) + 1


def test_recist_table_3(tmp_path):
    """With CR followed by less read as progression, the best response is that of table 3 in both columns."""
    trial, expected = Trial(tmp_path), {}
    for row in load("recist_table_3.tsv"):
        for when, first in (("late_enough", 42), ("too_early", 21)):
            patient = "-".join((row["first"], row["subsequent"], when))
            trial.patient(patient)
            trial.scans(patient, scans_of(f"{first}:{row['first']} {first + 63}:{row['subsequent']}"))
            expected[patient] = row[when].split(" ")[0]
    found = trial.derive(best_response={"cr_then_less": "progression"}, stable_disease={"minimum_days": 42})
    assert len(expected) == 22
    assert found.table.set_index("patient_id")["cbor"].to_dict() == expected


def test_less_after_complete_response_is_asked_and_left_as_recorded(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P")
    trial.scans("P", scans_of("21:CR 63:PR"))
    found = trial.derive(stable_disease={"minimum_days": 42})
    assert found["P"]["cbor"] == "SD"  # what admiralonco gives (its issue 275)
    assert "less_after_complete_response" in found.rules_asked("P")
    read_as_progression = trial.derive(best_response={"cr_then_less": "progression"})
    assert (read_as_progression["P"]["pfs_days"], read_as_progression["P"]["pfs_event"]) == (64, 1)
    assert "less_after_complete_response" in read_as_progression.rules_asked("P")
    assert less_after_complete(scans_of("21:CR 63:NE 84:CR")) is None


def test_scan_after_new_therapy_is_excluded_or_included(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P")
    trial.scans("P", scans_of("42:SD 84:PR 126:PR"))
    trial.add("therapies", patient_id="P", start_at=60, name="topotecan")
    assert trial.derive()["P"]["cbor"] == "SD"
    included = trial.derive(best_response={"after_new_therapy": "include"})["P"]
    assert (included["cbor"], included["cbor_day"], included["ttr_days"]) == ("PR", 85, 85)
