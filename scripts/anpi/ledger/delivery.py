"""A new delivery against the last recorded run: what should not differ without a word is asked about.

A first-time arm, dates beyond those of the last run that no cut-off covers, patients or lesions that are gone, another
unit. Each is confirmed in the config (``confirmed``) by the words in which it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from anpi.files.checksums import hash_file
from anpi.files.sheet import file_of
from anpi.ledger.entries import NAME, files_of, read_entry
from anpi.ledger.fingerprint import fingerprint, lesions_of
from anpi.problems import InputError, Problem, refuse
from anpi.tables.reading import read_text_table
from anpi.tables.schema import read_settings
from anpi.words.lists import listed, plural

SHIFT = 5.0  # times that a median moves when the unit is another one; that of LDH or its like moves less by itself


def check_delivery(settings: Mapping[str, Any], rules: Path, ledger: Path | str, file: str) -> None:
    """Ask about what differs from the last recorded run as no delivery should without a word.

    Parameters
    ----------
    settings : mapping
        The config with its defaults; ``confirmed`` lists what was confirmed.
    rules : Path
        ``endpoints.yaml``, for the data cut-off: dates up to it are expected.
    ledger : path
        Folder of the ledger; without an entry nothing is asked.
    file : str
        The config, for messages.

    Raises
    ------
    InputError
        With every finding that is not confirmed, and how to confirm it.
    """
    state = last_state(Path(ledger))
    inputs = {f"clinical.{name}": Path(path) for name, path in settings["clinical"].items() if path}
    if state is None or same_inputs(state, inputs, settings):
        return
    cutoff = read_settings(rules, "endpoints")["data_cutoff"]
    problems = []
    for words, mend in findings(state, inputs, settings, cutoff):
        if words not in settings["confirmed"]:
            line = words.replace("'", "''")
            mend = f"{mend} If it is right, confirm it in the config: confirmed: ['{line}']."
            problems.append(Problem(file, f"not as the last run: {words}", column="confirmed", mend=mend))
    refuse(problems)


def last_state(ledger: Path) -> dict[str, Any] | None:
    """Return the state of the last entry; a damaged one is told by the step that compares runs."""
    found = sorted((int(match[1]), path) for path in files_of(ledger) if (match := NAME.fullmatch(path.name)))
    try:
        return read_entry(found[-1][1]).state if found else None
    except InputError:
        return None


def same_inputs(state: Mapping[str, Any], inputs: Mapping[str, Path], settings: Mapping[str, Any]) -> bool:
    """Return whether nothing was delivered since the last run: the same tables and the same unit."""
    known = state.get("inputs", {})
    unit = (settings.get("expression") or {}).get("unit")
    before = ((state.get("settings") or {}).get("expression") or {}).get("unit")
    same_tables = {key for key in known if key.startswith("clinical.")} == set(inputs)
    return (
        same_tables and unit == before and all(known[key] == hash_file(file_of(path)) for key, path in inputs.items())
    )


def findings(
    state: Mapping[str, Any], inputs: Mapping[str, Path], settings: Mapping[str, Any], cutoff: str | None
) -> Iterator[tuple[str, str]]:
    """Find what differs from a recorded state, each with the words that confirm it and what to do else."""
    people = read_text_table(inputs["clinical.patients"])
    known = {patient["arm"] for patient in state["patients"].values()}
    for arm in sorted(set(people["arm"].dropna()) - known):
        yield f"new arm {arm}", f"Arms so far: {listed(sorted(map(str, known)))}."
    gone = sorted(set(state["patients"]) - set(people["patient_id"]))
    if gone:
        # What confirms it names no patient: the config stands in every result, those of who withdrew are to be gone.
        yield f"{plural(len(gone), 'patient')} gone", f"It is {listed(gone)}: restore rows that were lost."
    yield from lost_lesions(state, inputs, set(people["patient_id"]))
    before, now = state.get("delivery"), fingerprint(inputs, settings)
    if before is not None:
        yield from later_dates(before["latest"], now["latest"], cutoff)
        yield from other_units(before, now)


def lost_lesions(state: Mapping[str, Any], inputs: Mapping[str, Path], present: set[str]) -> Iterator[tuple[str, str]]:
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


def other_units(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Find units that are others, and medians so far from the last one that the unit must be."""
    for name, unit in sorted(now["units"].items()):
        was = before["units"].get(name)
        if was and unit and was != unit:
            words = [one if isinstance(one, str) else listed(one) for one in (was, unit)]
            yield f"unit of {name} from {words[0]} to {words[1]}", "Convert the values to the unit they had."
    for name, value in sorted(now["medians"].items()):
        was = before["medians"].get(name)
        if was and value and max(was / value, value / was) > SHIFT:
            yield f"median of {name} from {was:g} to {value:g}", "Is its unit another one? Convert the values."
