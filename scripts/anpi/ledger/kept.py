"""The ledger in its folder and in the bucket, where the run's results are stored in one.

The folder works alone where results are on this disk. In the bucket an entry is an object, so that a run from another
folder or machine finds those of earlier runs. One number is one entry, here and there; what contradicts it is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from anpi.files.bucket import ONE_AT_A_TIME, Bucket
from anpi.files.writing import write_text
from anpi.ledger.entries import NAME, Entry, files_of, locked, read_content, read_entries, state_digest, write_entry
from anpi.ledger.recorded import State
from anpi.problems import InputError, Problem, refuse


def record(folder: Path, state: State, today: str | None = None, kept: Bucket | None = None) -> Entry:
    """Add a state to the ledger, unless the last entry holds the same one.

    Two processes take turns, and one that is killed leaves no part of an entry. With a bucket, entries that it lacks
    are stored too: of a run whose upload failed, or of runs before there was a bucket.
    """
    sha256 = state_digest(state)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        keep_entries(folder, kept, fetch_entries(folder, kept))
        entries = read_entries(folder)
        if entries and entries[-1].sha256 == sha256:
            return entries[-1]
        number = (entries[-1].number or 0) + 1 if entries else 1
        entry = Entry(state, sha256, number, today or datetime.now(UTC).date().isoformat())
        write_entry(folder, entry)
        keep_entries(folder, kept, [entry.file])
        refuse_second(folder, kept, entry)
        return entry


def fetch_entries(folder: Path, kept: Bucket | None, renamed: bool = False) -> list[str]:
    """Fetch the entries of the bucket that the folder lacks.

    Parameters
    ----------
    folder : Path
        The ledger.
    kept : Bucket or None
        Its copy in the bucket; without one nothing is done.
    renamed : bool
        Let two entries have one number, as when entries are under way from one name to another.

    Returns
    -------
    list of str
        Names of the entries that the bucket lacks.

    Raises
    ------
    InputError
        Folder and bucket hold different entries under one number, or one in the bucket is damaged.
    """
    if kept is None:
        return []
    there = {name: stored for name, stored in kept.objects().items() if NAME.fullmatch(name)}
    here = entry_names(folder)
    by_number = {} if renamed else {number_of(name): name for name in there}
    problems = [] if renamed else twice(kept.url, there)
    for name in here:
        other = by_number.get(number_of(name), name)
        if other != name or (name in there and not kept.holds(name, there[name], (folder / name).read_bytes())):
            problems.append(differs(folder / name, f"{kept.url}/{other}"))
    refuse(problems)
    for name in sorted(set(there) - set(here)):
        fetch_entry(folder, kept, name)
    return sorted(set(here) - set(there))


def fetch_entry(folder: Path, kept: Bucket, name: str) -> None:
    """Fetch one entry after reading it."""
    url = f"{kept.url}/{name}"
    content, _ = kept.read(name)
    if content is None:
        raise InputError(Problem(url, "was removed at the same time", mend=ONE_AT_A_TIME))
    read_content(url, content, "Put a whole copy in its place, from a folder that ran before, or delete the object.")
    write_text(folder / name, content.decode("utf-8"))


def keep_entries(folder: Path, kept: Bucket | None, names: Iterable[str]) -> None:
    """Store entries of the folder in the bucket."""
    if kept is not None:
        for name in names:
            kept.write(name, (folder / name).read_bytes())


def refuse_second(folder: Path, kept: Bucket | None, entry: Entry) -> None:
    """Withdraw an entry whose number another run took at the same time, and say so."""
    names = [] if kept is None else [name for name in kept.objects() if NAME.fullmatch(name)]
    others = [name for name in names if number_of(name) == entry.number and name != entry.file]
    if kept is not None and others:
        kept.remove(entry.file)
        (folder / entry.file).unlink()
        fault = f"another run recorded number {entry.number} at the same time"
        raise InputError(Problem(f"{kept.url}/{others[0]}", fault, mend=ONE_AT_A_TIME))


def differs(file: Path, url: str) -> Problem:
    """Tell of an entry that is another one in the bucket, as after a patient was taken out there."""
    mend = (
        f"If the bucket is right, as after purge_patient.py, remove {file.parent}: it is fetched anew. "
        "Else delete the object, and run again."
    )
    return Problem(str(file), f"is not what the bucket keeps as {url}", mend=mend)


def twice(url: str, names: Iterable[str]) -> list[Problem]:
    """Find numbers that two entries have."""
    counts = Counter(map(number_of, names))
    mend = "If purge_patient.py was stopped, run it again; else delete one of the two, here and in the bucket."
    numbers = sorted(number for number, count in counts.items() if count > 1)
    return [Problem(url, f"two entries have number {number}", mend=mend) for number in numbers]


def entry_names(folder: Path) -> list[str]:
    return sorted(path.name for path in files_of(folder) if NAME.fullmatch(path.name))


def number_of(name: str) -> int:
    return int(name.split("-")[0])
