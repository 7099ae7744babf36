"""The endpoints of random odd patients by the project and by the second program."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from second_programming import derive
from unit.endpoints.small_trial import Trial

from anpi.endpoints.rules import make_rules

RESPONSES = ["CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE"]
CODES = ["iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "iUPD", "iUPD", "iCPD", "NE"]
STATUSES = ["present", "absent", "progression", "not evaluable", "", "increased", "no change since last"]
NEW = ["equivocal", "unequivocal", "unequivocal", "absent", "", "increased", "no change since last"]
OTHER_RULES: list[dict[str, Any]] = [
    {},
    {"progression": {"after_withdrawal": "censor", "date_of_sum": "first_scan"}, "scans": {"window_days": 3}},
    {"best_response": {"cr_then_less": "progression", "after_new_therapy": "include", "regrowth_after_pr": "any"}},
    {"confirmation": {"minimum_days": 14, "not_evaluable_between": 2, "stable_between": 1}},
    {"scans": {"interval_days": 21, "missed_scans": 3}, "stable_disease": {"minimum_days": 56}},
    {"scans": {"missed_scans": None}, "best_response": {"regrowth_after_pr": "none"}},
    {"survival": {"last_alive": "as_recorded"}, "scans": {"close_assessments": "apart"}},
    {"scans": {"later": [{"from_day": 127, "interval_days": 84}]}, "progression": {"radiotherapy": "ignore"}},
    {
        "progression": {"clinical": "event", "new_node_below_10_mm": "ignore", "equivocal_new_lesion": "as_recorded"},
        "scans": {
            "later": [{"from_day": 60, "interval_days": 21}, {"from_day": 200, "interval_days": 63}],
            "missed_scans": 1,
        },
    },
    {"irecist": {"unconfirmed": "censor", "increase_reference": "previous_scan", "confirmation_window": "strict"}},
    {"irecist": {"pending_iupd": "censor", "confirmation_variance_days": 2, "iupd_ne_iupd": "confirmed"}},
    {
        "irecist": {
            "unconfirmed": "censor", "censored_at": "last_without_progression", "confirmation_growth": ">5",
            "confirmation_window": "none", "iupd_between": 1,
        }
    },
]  # fmt: skip


def make_patient(draw: random.Random) -> dict[str, Any]:
    """Draw a patient whose days often fall together or on the edge of a rule."""
    visits = [42 * place + draw.randint(-8, 8) for place in range(1, draw.randint(2, 7))]
    days = [draw.choice([*visits, draw.randint(-20, 400), 0, 27, 28]) for _ in range(draw.randint(0, 6))]
    days += [day + draw.choice([1, 3, 3, 7, 8]) for day in days if draw.random() < 0.3]  # a scan of another organ

    def sometime() -> int:
        return max(0, draw.choice([*visits, draw.randint(0, 400), 98]) + draw.choice([-1, 0, 0, 1, 97, 98]))

    death = sometime() if draw.random() < 0.5 else None
    patient = {
        "death": death,
        "last_alive": death if death is not None or draw.random() < 0.2 else sometime(),
        "withdrawal": sometime() if draw.random() < 0.3 else None,
        "cutoff": sometime() if draw.random() < 0.3 else None,
        "baseline": draw.choice([None, None, None, True, False]),
        "treatment_end": sometime() if draw.random() < 0.3 else None,
        "progressed": draw.random() < 0.5,
        "contacts": [sometime() for _ in range(draw.choice([0, 0, 1]))],
    }
    assessments = [
        {"day": day, "overall_response": draw.choice(RESPONSES), "new_lesion": draw.choice(["", "N", "E"])}
        for day in days
    ]
    coded = draw.random() < 0.3
    for row in assessments:
        if coded and draw.random() < 0.9:
            row["irecist_response"] = draw.choice(CODES)
        if draw.random() < 0.3:
            row["target_response"] = draw.choice(["CR", "PR", "SD", "PD", "NE"])
            row["nontarget_response"] = draw.choice(["", "CR", "NON-CR/NON-PD", "PD", "NE"])
        row["new_symptom"] = draw.choice(["", "", "Y", "N"])
        row["visit"] = draw.choice(["", "", "", "V1", "V2"])
        row["new_lesion"] = draw.choice("YYN") if row["overall_response"] == "PD" else row["new_lesion"]
    lesions = make_lesions(draw, visits) if draw.random() < 0.7 else []
    kinds = ["radiotherapy", "chemotherapy", ""]
    therapies = [{"day": sometime(), "kind": draw.choice(kinds)} for _ in range(draw.choice([0, 0, 0, 1, 2]))]
    return {"patient": patient, "assessments": assessments, "lesions": lesions, "therapies": therapies}


def make_lesions(draw: random.Random, visits: list[int]) -> list[dict[str, Any]]:
    """Draw lesions that shrink, grow, vanish, merge, are missed or come later."""
    rows = []
    scans = [(day, f"V{place}") for place, day in enumerate(visits)]
    named = draw.random() < 0.6
    if draw.random() < 0.3:
        scans += [(day + draw.choice([1, 3, 7, 9]), visit) for day, visit in scans]
    baseline = [(day, "") for day in draw.choice([[-7], [-21, -3], [0]])]
    missing, sizes = draw.choice([0, 0, 0.2]), draw.choice([0, 0.8])
    kinds = ["target"] * draw.randint(0, 3) + ["nontarget"] * draw.randint(0, 2) + ["new"] * draw.choice([0, 0, 1, 4])
    for place, kind in enumerate(kinds):
        node = draw.choice(["Y", "N", "N"]) if kind != "nontarget" else "N"
        late = draw.choice([0, 0, 3, 7, 8])  # this lesion was seen by another scan, some days later
        first = size = draw.choice([15, 20, 25, 50, 9 if node == "Y" else 12, 0])
        for day, visit in (baseline if kind != "new" and draw.random() < 0.93 else []) + scans:
            if day > 0 and draw.random() < missing + (0.4 if kind == "new" else 0):
                continue
            status = ""
            if kind == "target" and day > 0:
                size = draw.choice([size, size, first * 0.7, first * 0.3, size * 1.2, size + 5, size + 4.9, 0, 9.9, 10])
                size = round(min(size, 300), 1)
            if kind == "target" and draw.random() < 0.12:
                status = draw.choice(
                    ["too small to measure", "not evaluable", "merged"] if day > 0 else ["not evaluable"]
                )
            elif kind == "nontarget":
                status = draw.choices(STATUSES, [6, 3, 0.3, 1, 1, 2, 1] if day > 0 else [8, 1, 0, 0, 2, 0, 0])[0]
            elif kind == "new":
                status = draw.choice(NEW)
                size = draw.choice([9, 10, 12, 12, 14, 14.9, 15, 19])
            sized = (kind == "target" and not status) or (kind != "target" and draw.random() < sizes)
            length = size if sized else ""
            organ = draw.choice(["liver", "lung", "lung, left", ""]) if kind == "new" else ""
            found = {
                "day": day,
                "visit": visit,
                "lesion_id": f"L{place}",
                "kind": kind,
                "node": node,
                "location": organ,
            }
            if not named and day > 0:
                found |= {"day": day + late, "visit": ""}
            rows.append(found | {"diameter_mm": length, "status": status})
    once = draw.choice(["", "", "nontarget", "new"])  # noted when first seen and never again
    first = {row["lesion_id"]: row["day"] for row in sorted(rows, key=lambda row: -row["day"])}
    return [row for row in rows if row["kind"] != once or row["day"] == first[row["lesion_id"]]]


def add(trial: Trial, name: str, drawn: dict[str, Any]) -> None:
    """Add a drawn patient; a row of a drawn table may name its evaluator."""
    dated = ("death", "last_alive", "withdrawal", "cutoff")
    facts = {f"{fact}_at": drawn["patient"][fact] for fact in dated}
    if drawn["patient"]["treatment_end"] is not None:
        facts["treatment_end_at"] = drawn["patient"]["treatment_end"]
        facts["treatment_end_reason"] = "clinical progression" if drawn["patient"]["progressed"] else "toxicity"
    for day in drawn["patient"]["contacts"]:
        trial.add("adverse_events", patient_id=name, term="Cough", soc="Lung", grade=1, start_at=day)
    baseline = {True: "Y", False: "N", None: ""}[drawn["patient"]["baseline"]]
    trial.patient(name, baseline_assessed=baseline, **facts)
    for table in ("assessments", "lesions"):
        for row in drawn[table]:
            rest = {key: value for key, value in row.items() if key != "day"}
            trial.add(table, patient_id=name, assessment_at=row["day"], **rest)
    for row in drawn["therapies"]:
        trial.add("therapies", patient_id=name, start_at=row["day"], kind=row["kind"])


def disagreements(
    trial: Trial, people: dict[str, dict[str, Any]], rules: dict[str, Any]
) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Return what the project derives otherwise than the second program, by patient and column."""
    found, settings = trial.derive(**rules), make_rules(rules).settings
    differ = {}
    for name, person in people.items():
        expected = derive(**person, rules=settings)
        row = {column: None if pd.isna(found[name][column]) else found[name][column] for column in expected}
        if row != expected:
            differ[name] = {
                column: (row[column], expected[column]) for column in row if row[column] != expected[column]
            }
    return differ


def compare(draw: random.Random, count: int, rules: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the drawn patients on whom the two programs differ, with what differs."""
    people = {f"P{number}": make_patient(draw) for number in range(count)}
    trial = Trial(folder)
    for name, person in people.items():
        add(trial, name, person)
    return {name: (found, people[name]) for name, found in disagreements(trial, people, rules).items()}


@pytest.mark.parametrize("rules", OTHER_RULES, ids=range(len(OTHER_RULES)))
def test_both_programs_agree(rules, tmp_path):
    assert compare(random.Random(OTHER_RULES.index(rules)), 80, rules, tmp_path) == {}


READERS = ("central", "investigator")


def read_twice(draw: random.Random) -> dict[str, dict[str, Any]]:
    """Draw a patient whom two evaluators read on days and with lesions of their own; give the patient of each."""
    patient = make_patient(draw)
    found = {
        READERS[0]: patient,
        READERS[1]: {**make_patient(draw), **{k: patient[k] for k in ("patient", "therapies")}},
    }
    if draw.random() < 0.2:
        found[draw.choice(READERS)] |= {"assessments": [], "lesions": []}
    return found


def contacts(drawn: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Add the days on which the other evaluator saw the patient: whoever read a scan, the patient was alive."""
    days = [row["day"] for table in ("assessments", "lesions") for row in other[table]]
    return {**drawn, "patient": drawn["patient"] | {"contacts": [*drawn["patient"]["contacts"], *days]}}


def compare_readings(
    draw: random.Random, count: int, reader: str, rules: dict[str, Any], folder: Path
) -> dict[str, Any]:
    """Return the drawn patients, read by two, on whose readings by ``reader`` the programs differ."""
    drawn = {f"P{number}": read_twice(draw) for number in range(count)}
    trial, people = Trial(folder), {}
    (other,) = set(READERS) - {reader}
    for name, readings in drawn.items():
        tables = {
            table: [row | {"evaluator": who} for who in READERS for row in readings[who][table]]
            for table in ("assessments", "lesions")
        }
        add(trial, name, readings[reader] | tables)
        people[name] = contacts(readings[reader], readings[other])
    found = disagreements(trial, people, rules | {"evaluator": reader})
    return {name: (differing, people[name]) for name, differing in found.items()}


@pytest.mark.parametrize("reader", READERS)
def test_both_programs_agree_on_the_readings_of_each_evaluator(reader, tmp_path):
    assert compare_readings(random.Random(READERS.index(reader)), 100, reader, {}, tmp_path) == {}
