"""A purged patient is named nowhere in an entry, and all that is no name stays as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from unit.ledger.finished import finish, without
from unit.report.made import make_tables

from anpi.ledger.compare import compare_runs
from anpi.ledger.entries import read_entries
from anpi.ledger.purge import purge_patient
from anpi.ledger.purge import without as purged_of

IDS = [str(number + 1) for number in range(8)]
AS_THEY_WERE = ("software", "results", "rates", "survival", "attrition", "inputs", "models", "delivery")
SUSPECT = "its genotypes differ from 3-C of the same patient 3 and they match 2-B of patient 2: swapped? (fail)"
BLOTTED = (
    "its genotypes differ from 3-C of the same patient 3 and they match (purged) of patient (purged): swapped? (fail)"
)


@pytest.fixture
def entries(tmp_path: Path) -> tuple[Any, Any, Any]:
    """Entries of a trial whose patients have numbers for ids: the first before and after patient 2 is purged."""
    tables = make_tables(8, IDS)
    measure = "2 fragments sequenced, below 100 (fail)"
    tables["verdicts"]["reasons"] = [measure, None, f"{measure}; {SUSPECT}", *[None] * 4]
    finish(tmp_path, tables)
    fewer = without(tables, "2")
    fewer["verdicts"]["reasons"] = None
    finish(tmp_path, fewer)
    ledger = tmp_path / "results" / "ledger"
    before = read_entries(ledger)[0]
    purge_patient(tmp_path / "results", "2")
    return before, *read_entries(ledger)


def test_numbers_that_are_equal_to_an_id_stay_as_they_were(entries: tuple[Any, Any, Any]):
    before, after, _ = entries
    assert {key: after.state[key] for key in AS_THEY_WERE} == {key: before.state[key] for key in AS_THEY_WERE}
    assert after.state["settings"] == before.state["settings"]
    assert after.state["plan"] == before.state["plan"]
    assert after.state["rules"] == before.state["rules"]
    others = {patient: state for patient, state in before.state["patients"].items() if patient != "2"}
    assert after.state["patients"] == others


def test_a_patient_with_a_number_for_an_id_is_named_nowhere(entries: tuple[Any, Any, Any]):
    _, after, _ = entries
    assert "2" not in {*after.state["patients"], *after.state["endpoints"]}
    assert "2-B" not in after.state["samples"]
    reasons = {name: state.get("reasons") for name, state in after.state["samples"].items()}
    assert reasons["1-B"] == "2 fragments sequenced, below 100 (fail)"
    assert reasons["3-B"] == f"2 fragments sequenced, below 100 (fail); {BLOTTED}"


def test_a_purged_entry_is_compared_with_the_next_run(entries: tuple[Any, Any, Any]):
    _, after, last = entries
    changes = compare_runs(after, last)
    names = {section["name"] for section in changes["sections"]}
    assert names == {"inputs"}  # the files are others; no call, endpoint or result moved


def state_with(text: str, *samples: str) -> Any:
    """Return a state in which a sample of patient 9 is judged with a text."""
    patients = {"9": {"arm": "A", "sample": "9-B", "reason_out": None}, "P2.1": {"arm": "A", "sample": "P2.1"}}
    of = {name: {"patient": "9", "reasons": text} for name in ("9-B", *samples)}
    endpoints = {"9": {"pfs_reason": "PD: sum 2.5 mm above the nadir of day 2"}}
    return {"patients": patients, "samples": of, "endpoints": endpoints, "settings": {"title": "Phase 2 of A"}}


@pytest.mark.parametrize(
    ("patient", "text", "told"),
    [
        ("2", "set from fail to pass by hand: as 2 said, 2.5% of 2,000, 2% and 1.2",
         "set from fail to pass by hand: as (purged) said, 2.5% of 2,000, 2% and 1.2"),
        ("2", "same as patients 5, 2 and 12", "same as patients 5, (purged) and 12"),
        ("2", "like 2.", "like (purged)."),
        ("A", "SCLC-A like sample A", "SCLC-A like sample (purged)"),
        ("P2", "P2 is not P2.1 and not P22, P2-C or XP2", "(purged) is not P2.1 and not P22, P2-C or XP2"),
        ("P2", "file P2.fastq.gz", "file (purged).fastq.gz"),
    ],
)  # fmt: skip
def test_an_id_is_blotted_out_of_a_text_and_numbers_are_not(patient: str, text: str, told: str):
    state = purged_of(state_with(text), patient, set())
    assert state["samples"]["9-B"].get("reasons") == told
    assert state["patients"] == state_with(text)["patients"]
    assert state["endpoints"] == state_with(text)["endpoints"]
    assert state["settings"] == {"title": "Phase 2 of A"}


def test_a_telling_id_leaves_the_settings_too():
    state = state_with("none") | {"settings": {"clinical": {"patients": "data/P002/patients.csv"}, "seed": 2}}
    kept = purged_of(state, "P002", set())["settings"]
    assert kept == {"clinical": {"patients": "data/(purged)/patients.csv"}, "seed": 2}


def test_a_sample_of_the_patient_is_no_sample_of_another():
    state = state_with("none") | {"patients": {"9": {"arm": "A", "sample": "2-B", "reason_out": None}}}
    assert purged_of(state, "2", {"2-B"})["patients"]["9"]["sample"] == "(purged)"
