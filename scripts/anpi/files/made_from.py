"""What a file was made from, written down by the program that makes it.

Snakemake knows what it planned; only the program knows what it read. So each program that the workflow calls leaves a
record: a digest of its code and settings, as the workflow gives it, what a sheet declares of the sample, the files that
it read and those that it wrote, by their content. Files that come with anpi are covered by the digest of its code; the
memory of earlier runs decides no result. A result that was touched, put back from a backup or left after its settings
changed contradicts its record, years later and without Snakemake.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

from anpi.files.checksums import content_digest
from anpi.files.sheet import file_of
from anpi.files.shipped import is_shipped

RECORDS = "made_from"  # their folder, below the results
# What runs remember of those before them, below the results; some of it is of samples withdrawn since.
MEMORY = rf"({RECORDS}/|ledger/(\d{{4,}}-|pages/|kept/)|association/plan_history\.json$)"
DIGEST, FOLDER = "ANPI_MADE_FROM", "ANPI_RECORDS"
COMPILED = ".pyc"  # Python keeps what it compiled of a module that is loaded late, and reads it the next time
# Beside Snakemake's own records, which tell nothing of a result's content: a note of each record, by its path.
NOTES = ".snakemake/anpi"
DECLARED = ("strandedness", "umi", "aligned-to", "molecules")  # options that a sheet declares of each sample


class Watch:
    """Files that this process reads below the places its arguments name, and files that it puts in place."""

    def __init__(self, arguments: list[str]):
        words = [word.partition("=")[2] or word for word in arguments]
        words = [word if os.path.exists(word) else file_of(word) for word in words]
        places = [os.path.abspath(word) for word in words if os.path.exists(word)]
        self.folders = tuple(place + os.sep for place in places if os.path.isdir(place))
        self.read = {place for place in places if os.path.isfile(place)}
        self.made: set[str] = set()
        self.active = True

    def __call__(self, event: str, details: tuple[Any, ...]) -> None:
        if not self.active or event not in ("open", "os.rename"):
            return
        if event == "os.rename":
            place = os.path.abspath(os.fsdecode(details[1]))
            if not place.endswith(COMPILED):
                self.made.add(place)
        elif isinstance(details[0], (str, bytes)) and str(details[1] or "r").startswith("r"):
            place = os.path.abspath(os.fsdecode(details[0]))
            if place.startswith(self.folders) and not place.endswith(COMPILED) and os.path.isfile(place):
                self.read.add(place)


@contextmanager
def recorded(environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Write a record of what the program in this block reads and makes, when the workflow asks for it."""
    folder = environment.get(FOLDER)
    if not folder:
        yield
        return
    watch = Watch(sys.argv[1:])
    sys.addaudithook(watch)
    try:
        yield
    finally:
        watch.active = False
    results = os.path.dirname(os.path.abspath(folder)) + os.sep
    memory = re.compile(re.escape(results) + MEMORY)
    made, read = ({file for file in files_at(found) if not memory.match(file)} for found in (watch.made, watch.read))
    made = {file for file in made if file.startswith(results)}  # what lies in scratch is no result
    if made:
        read = {file for file in read - made if not is_shipped(file)}
        write_record(Path(folder), environment.get(DIGEST, ""), read, made)


def declared_in(arguments: list[str]) -> dict[str, list[str]]:
    """Return what a sheet declared of the sample, by option, with the values of each time that it stands."""
    found: dict[str, list[str]] = {}
    for place, word in enumerate(arguments):
        if word.removeprefix("--") in DECLARED and word.startswith("--"):
            values = takewhile(lambda value: not value.startswith("--"), arguments[place + 1 :])
            found.setdefault(word[2:], []).append(" ".join(values))
    return found


def files_at(places: Iterable[str]) -> set[str]:
    """Return the files at places and in folders at them."""
    below = [str(file) for place in places if os.path.isdir(place) for file in Path(place).rglob("*")]
    return {file for file in (*places, *below) if os.path.isfile(file)}


def write_record(folder: Path, decided_by: str, read: set[str], made: set[str]) -> None:
    """Write a record, named by the uppermost file that was made; paths are told from the folder of the results."""
    results = os.path.abspath(folder.parent)
    record = {
        "decided_by": decided_by,
        "declared": declared_in(sys.argv[1:]),
        "read": {os.path.relpath(file, results): content_digest(file) for file in read},
        "made": {os.path.relpath(file, results): content_digest(file) for file in made},
    }
    uppermost = min(record["made"], key=lambda name: (name.count("/"), name))
    target = folder / f"{uppermost}.json"
    text = json.dumps(record, indent=1, sort_keys=True) + "\n"
    place(target, text)
    if os.path.isdir(os.path.dirname(NOTES)):
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        write_note(str(target), sha256, states_of(folder.parent, record["made"]))


def place(target: Path, text: str) -> None:
    """Write a small file whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, target)


def states_of(results: Path, names: Iterable[str]) -> dict[str, list[int] | None]:
    """Return size and time of each result, none of one that is not there."""
    return {name: state_of(os.path.join(results, name)) for name in names}


def state_of(file: str) -> list[int] | None:
    """Return size and time of a file; None where it is not there, which Snakemake sees itself."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def write_note(record: str, sha256: str, states: Mapping[str, list[int] | None]) -> None:
    """Note in the folder of a run the checksum of a record, and the state of the results that it is of."""
    place(note_of(record), json.dumps({"record": sha256, "states": states}))


def note_of(record: str) -> Path:
    """Return where the note of a record lies: by its path as the config has it, so that a moved folder keeps it."""
    return Path(NOTES, hashlib.sha256(os.path.normpath(record).encode()).hexdigest()[:32])
