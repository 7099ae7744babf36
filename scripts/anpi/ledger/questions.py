"""What of a new delivery is asked about: new arms, lost patients and lesions, later dates, other units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from anpi.ledger.fingerprint import fingerprint, lesions_of
from anpi.ledger.recorded import Ranges, State
from anpi.tables.reading import read_text_table
from anpi.words.lists import listed, plural

SHIFT = 5.0  # times that a median moves when the unit is another one; that of LDH or its like moves less by itself


def findings(
    state: State, inputs: Mapping[str, Path], settings: Mapping[str, Any], cutoff: str | None
) -> Iterator[tuple[str, str]]:
    """Find what differs from a recorded state, each with the words that confirm it and what to do else."""
    people = read_text_table(inputs["clinical.patients"])
    arms = {patient["arm"] for patient in state["patients"].values()}
    for arm in sorted(set(people["arm"].dropna()) - arms):
        yield f"new arm {arm}", f"Arms so far: {listed(sorted(map(str, arms)))}."
    gone = sorted(set(state["patients"]) - set(people["patient_id"]))
    if gone:
        # What confirms it names no patient: the config stands in every result, those of who withdrew are to be gone.
        yield f"{plural(len(gone), 'patient')} gone", f"It is {listed(gone)}: restore rows that were lost."
    yield from lost_lesions(state, inputs, set(people["patient_id"]))
    before, now = state.get("delivery"), fingerprint(inputs, settings)
    if before is not None:
        yield from later_dates(before["latest"], now["latest"], cutoff)
        yield from other_units(before, now)


def lost_lesions(state: State, inputs: Mapping[str, Path], present: set[str]) -> Iterator[tuple[str, str]]:
    """Find patients who had more lesions."""
    now = lesions_of(inputs)
    before = {patient: told.get("lesions", 0) for patient, told in state["patients"].items() if patient in present}
    fewer = {patient: count for patient, count in sorted(before.items()) if count > now.get(patient, 0)}
    if fewer:
        told = listed(f"{patient} {count} to {now.get(patient, 0)}" for patient, count in fewer.items())
        yield f"fewer lesions of {plural(len(fewer), 'patient')}", f"{told}: restore rows that were lost."


def later_dates(before: Mapping[str, str], now: Mapping[str, str], cutoff: str | None) -> Iterator[tuple[str, str]]:
    """Find dates beyond those of the last run that no data cut-off covers."""
    for table, day in sorted(now.items()):
        if table in before and day > before[table] and (cutoff is None or day > cutoff):
            mend = f"The last run had dates up to {before[table]}; the data cut-off is {cutoff or 'none'}."
            yield f"{table} up to {day}", mend


def other_units(before: Ranges, now: Ranges) -> Iterator[tuple[str, str]]:
    """Find units that are others, and medians so far from the last one that the unit must be."""
    for name, unit in sorted(now["units"].items()):
        was = before["units"].get(name)
        if was and unit and was != unit:
            words = [one if isinstance(one, str) else listed(one) for one in (was, unit)]
            yield f"unit of {name} from {words[0]} to {words[1]}", "Convert the values to the unit they had."
    for name, value in sorted(now["medians"].items()):
        last = before["medians"].get(name)
        if last and value and max(last / value, value / last) > SHIFT:
            yield f"median of {name} from {last:g} to {value:g}", "Is its unit another one? Convert the values."
