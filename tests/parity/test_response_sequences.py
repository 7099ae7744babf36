"""Every sequence of up to four responses by RECIST 1.1, by the project and by the second program.

The 1,554 sequences of CR, PR, SD, NON-CR/NON-PD, PD and NE over one to four time points, each on three schedules:
every next scan may confirm the one before; only the next but one may; none may.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from second_programming import derive
from test_second_programming import RESPONSES, add, disagreements
from unit.endpoints.small_trial import Trial

from anpi.endpoints.rules import make_rules

FIRST = 42
NEXT_CONFIRMS, NEXT_BUT_ONE_CONFIRMS, NONE_CONFIRMS = 42, 20, 9  # days between scans; 28 are needed
SEQUENCES = [sequence for length in range(1, 5) for sequence in product(RESPONSES, repeat=length)]
COMPARED = {"bor", "cbor", "response", "response_unconfirmed", "pfs_days", "pfs_event", "pfs_days_ema", "pfs_event_ema"}
COMPARED |= {f"{name}{suffix}" for name in ("dor_days", "dor_event", "ttr_days") for suffix in ("", "_unconfirmed")}


def person(sequence: tuple[str, ...], every: int) -> dict[str, Any]:
    """Return a patient who is seen at scans alone and followed to the last one."""
    days = [FIRST + every * place for place in range(len(sequence))]
    rows = [{"day": day, "overall_response": word, "new_lesion": ""} for day, word in zip(days, sequence, strict=True)]
    facts = dict.fromkeys(("death", "withdrawal", "cutoff", "treatment_end"))
    facts |= {"last_alive": days[-1], "baseline": True, "progressed": False, "contacts": []}
    return {"patient": facts, "assessments": rows, "lesions": [], "therapies": []}


@pytest.mark.parametrize("every", [NEXT_CONFIRMS, NEXT_BUT_ONE_CONFIRMS, NONE_CONFIRMS])
def test_every_sequence_of_up_to_four_responses(every: int, tmp_path: Path):
    people = {" ".join(sequence): person(sequence, every) for sequence in SEQUENCES}
    assert len(people) == 6 + 6**2 + 6**3 + 6**4
    trial = Trial(tmp_path)
    for place, drawn in enumerate(people.values()):
        add(trial, f"P{place}", drawn)
    numbered = {f"P{place}": drawn for place, drawn in enumerate(people.values())}
    names = dict(zip(numbered, people, strict=True))
    assert {names[place]: found for place, found in disagreements(trial, numbered, {}).items()} == {}


@pytest.mark.parametrize(
    ("every", "sequence", "confirmed"),
    [
        (NEXT_CONFIRMS, ("PR", "PR"), "PR"),
        (NEXT_BUT_ONE_CONFIRMS, ("PR", "PR"), "SD"),
        (NEXT_BUT_ONE_CONFIRMS, ("PR", "PR", "PR"), "PR"),
        (NONE_CONFIRMS, ("CR", "CR", "CR", "CR"), "SD"),
    ],
)
def test_the_schedules_are_what_they_are_called(every: int, sequence: tuple[str, ...], confirmed: str):
    """By table 3 of RECIST 1.1; the second program compares all that this file is about."""
    found = derive(**person(sequence, every), rules=make_rules({}).settings)
    assert found["cbor"] == confirmed
    assert set(found) >= COMPARED
