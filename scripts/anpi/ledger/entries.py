"""The entries of the ledger: one file a state, numbered, known by its content, never half-written, never changed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from anpi.files.writing import write_json
from anpi.ledger.recorded import State
from anpi.problems import InputError, Problem, refuse

NAME = re.compile(r"(\d{4,})-[0-9a-f]{12}\.json")
CURRENT = "current.json"
FORMAT = 1
# What a comparison needs of a state, of each patient and of each sample, with its kind.
COMPARED: dict[str, type] = dict.fromkeys(
    ("software", "settings", "rules", "plan", "inputs", "patients", "samples", "endpoints", "attrition"), dict
) | dict.fromkeys(("models", "rates", "survival", "results"), list)
OF_ROWS = ("rates", "survival", "results")
OF_A_PATIENT = ("arm", "sample", "sets", "reason_out", "columns", "rows")
OF_A_SAMPLE = ("patient", "columns")


@dataclass(frozen=True)
class Entry:
    """A state with its place in the ledger; one that was never recorded has neither number nor date."""

    state: State
    sha256: str
    number: int | None = None
    date: str | None = None

    @property
    def file(self) -> str:
        return f"{self.number:04d}-{self.sha256[:12]}.json"

    @property
    def words(self) -> str:
        """Name the entry in a sentence."""
        return "the present state" if self.number is None else f"run {self.number} of {self.date}"


def state_digest(state: Mapping[str, object]) -> str:
    """Return the SHA-256 by which a state is known, whatever the order and the layout of its text."""
    return hashlib.sha256(json.dumps(state, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_entries(folder: Path) -> list[Entry]:
    """Read a ledger, oldest entry first; a folder that is not there is an empty ledger.

    Raises
    ------
    InputError
        For each entry whose content is not what its checksum says.
    """
    found = sorted((int(match.group(1)), path) for path in files_of(folder) if (match := NAME.fullmatch(path.name)))
    return [read_entry(path) for _, path in found]


def files_of(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def read_entry(path: Path) -> Entry:
    """Read an entry of a ledger, or the state of a run (``current.json``), and check it."""
    mend = "Restore it from a copy, or remove it: the comparison is then made with the entry before it."
    try:
        return read_content(str(path), path.read_bytes(), mend)
    except FileNotFoundError:
        raise InputError(Problem(str(path), "file not found")) from None


def read_content(file: str, text: bytes, mend: str) -> Entry:
    """Read the text of an entry, or of a state, and check it; ``file`` and ``mend`` are for messages."""
    try:
        content = json.loads(text.decode("utf-8"))
        if "state" not in content:
            return Entry(checked_state(content, file), state_digest(content))
        entry = Entry(checked_state(content["state"], file), content["sha256"], int(content["number"]), content["date"])
    except (ValueError, KeyError, TypeError):
        raise InputError(Problem(file, "not an entry of a ledger, or damaged", mend=mend)) from None
    if entry.sha256 != state_digest(entry.state):
        raise InputError(Problem(file, "the content is not what its checksum says", mend=mend))
    return entry


def checked_state(content: Any, file: str) -> State:
    for key in ("patients", "samples", "endpoints", "results", "software"):
        if not isinstance(content[key], COMPARED[key]):  # a KeyError or TypeError says that it is no state
            raise TypeError(key)
    if content.get("format", FORMAT) != FORMAT:
        found, mend = str(content["format"]), "Read it with the version of anpi that wrote it."
        raise InputError(Problem(file, column="format", found=found, expected=str(FORMAT), mend=mend))
    return cast(State, dict(content))


def refuse_incomparable(state: State, file: str) -> None:
    """Refuse a state that lacks what a comparison with another one needs; ``file`` is for messages."""
    content = cast(dict[str, Any], state)
    faults = [key for key, kind in COMPARED.items() if not isinstance(content.get(key), kind)]
    faults += [key for key in OF_ROWS if key not in faults and not all(isinstance(row, dict) for row in content[key])]
    if not faults:
        faults = [] if "alpha" in content["plan"] else ["plan.alpha"]
        faults += lacking_parts("patients", content["patients"], OF_A_PATIENT)
        faults += lacking_parts("samples", content["samples"], OF_A_SAMPLE)
    mend = "Restore the file from a copy, or compare with another run."
    refuse([Problem(file, "a state without what runs are compared by", column=key, mend=mend) for key in faults])


def lacking_parts(name: str, members: Mapping[str, Any], needed: Iterable[str]) -> list[str]:
    """Name what the first patient or sample lacks that is not whole."""
    for member, parts in members.items():
        lacking = [key for key in needed if not isinstance(parts, dict) or key not in parts]
        if lacking:
            return [f"{name}.{member}.{key}" for key in lacking]
    return []


def read_run(path: Path) -> Entry:
    """Read the state of a results folder, of a frozen copy of one, or of one entry.

    A results folder whose present state stands in its ledger is known by that entry's number and date.
    """
    if not path.is_dir():
        return whole_entry(path)
    ledger = path / "ledger"
    if not (ledger / CURRENT).is_file():
        mend = "Name a results folder of a finished run, a frozen copy, or a file of a ledger."
        raise InputError(Problem(str(path), f"holds no ledger/{CURRENT}", mend=mend))
    present = whole_entry(ledger / CURRENT)
    recorded = [entry for entry in read_entries(ledger) if entry.sha256 == present.sha256]
    return recorded[-1] if recorded else present


def whole_entry(path: Path) -> Entry:
    entry = read_entry(path)
    refuse_incomparable(entry.state, str(path))
    return entry


def last_different(entries: list[Entry], sha256: str) -> Entry | None:
    """Return the last entry whose state is another one, or None when there is none."""
    return next((entry for entry in reversed(entries) if entry.sha256 != sha256), None)


def write_entry(folder: Path, entry: Entry) -> None:
    content = {"number": entry.number, "date": entry.date, "sha256": entry.sha256, "state": entry.state}
    write_json(folder / entry.file, content)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time change the ledger; the system frees the lock of a process that dies."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
