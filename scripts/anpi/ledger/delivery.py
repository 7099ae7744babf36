"""A new delivery against the last recorded run: what should not differ without a word is asked about.

A first-time arm, dates beyond those of the last run that no cut-off covers, patients or lesions that are gone, another
unit. Each is confirmed in the config (``confirmed``) by the words in which it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anpi.files.checksums import hash_file
from anpi.files.sheet import file_of
from anpi.ledger.entries import NAME, files_of, read_entry
from anpi.ledger.recorded import State
from anpi.problems import InputError, Problem, refuse


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
    # A planning of the same delivery starts without what only a comparison needs.
    from anpi.ledger.questions import findings
    from anpi.tables.schema import read_settings

    cutoff = read_settings(rules, "endpoints")["data_cutoff"]
    problems = []
    for words, mend in findings(state, inputs, settings, cutoff):
        if words not in settings["confirmed"]:
            line = words.replace("'", "''")
            mend = f"{mend} If it is right, confirm it in the config: confirmed: ['{line}']."
            problems.append(Problem(file, f"not as the last run: {words}", column="confirmed", mend=mend))
    refuse(problems)


def last_state(ledger: Path) -> State | None:
    """Return the state of the last entry; a damaged one is told by the step that compares runs."""
    found = sorted((int(match[1]), path) for path in files_of(ledger) if (match := NAME.fullmatch(path.name)))
    try:
        return read_entry(found[-1][1]).state if found else None
    except InputError:
        return None


def same_inputs(state: State, inputs: Mapping[str, Path], settings: Mapping[str, Any]) -> bool:
    """Return whether nothing was delivered since the last run: the same tables and the same unit."""
    recorded = state.get("inputs", {})
    unit = (settings.get("expression") or {}).get("unit")
    before = ((state.get("settings") or {}).get("expression") or {}).get("unit")
    same_tables = {key for key in recorded if key.startswith("clinical.")} == set(inputs)
    return (
        same_tables
        and unit == before
        and all(recorded[key] == hash_file(file_of(path)) for key, path in inputs.items())
    )
