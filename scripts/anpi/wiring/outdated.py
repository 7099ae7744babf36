"""Results that Snakemake would take for right by their time alone, though they are not known to be.

Snakemake sees a change of settings, code or reads by the records that it keeps in ``.snakemake``, and a change of a
result by its time. Without the records, or after a copy that gave all files new times, it sees neither; after results
were put back from a backup, its records are of others. What programs wrote down of their results
(`anpi.files.made_from`) lies beside these and tells: such results are given an old date, so that Snakemake makes them
anew. Where nothing changed, it finds so by their content, and makes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

from anpi.files.checksums import content_digest
from anpi.files.made_from import RECORDS, note_of, states_of, write_note
from anpi.problems import InputError, Problem
from anpi.wiring.told import in_words
from anpi.words.lists import plural

METADATA, LOCKS = ".snakemake/metadata", ".snakemake/locks"
LONG_AGO = 315_705_600  # 2 January 1980: all file systems know it, and no file of a user is older
LONGEST_NAME = 254  # Snakemake cuts longer names of its records into folders
# Facts of a sample, and the key that they have when its files could not be read.
FAILURES = {"reads.json": "failure", "alignment.json": "alignment_failure"}
NEEDED = ("code", "input", "params", "software-env")


def watch_triggers(workflow: Any) -> None:
    """Refuse to run where the user forbids Snakemake to look at what settings, reads and code are known by.

    Snakemake (9.27) tells of it only when all rules are read: what it is told then is looked at as it comes.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The run, whose rules are being read.
    """
    kind = type(workflow)

    class Watched(kind):  # type: ignore[misc,valid-type]
        def __setattr__(self, name: str, value: Any) -> None:
            if name == "dag_settings" and hasattr(value, "rerun_triggers"):
                in_words(check_triggers, value.rerun_triggers)
            super().__setattr__(name, value)

    workflow.__class__ = Watched


def check_triggers(triggers: Iterable[object]) -> None:
    """Refuse to leave out any of what Snakemake looks at but the time, at which it looks always.

    Raises
    ------
    InputError
        With the option by which the user left it out.
    """
    given = sorted(map(str, triggers))
    if any(name not in given for name in NEEDED):
        found, expected = " ".join(given), f"{' '.join(NEEDED)} among them, else results stay as they are when "
        expected += "settings, reads, tables or anpi change"
        mend = "Leave the option out, in the profile too. To keep results over a change all the same: --touch."
        raise InputError(Problem("--rerun-triggers", found=found, expected=expected, mend=mend))


def outdate(results: str, samples: Iterable[str], recorded: bool = True) -> list[str]:
    """Do what `make_old` does; return in words which results are made anew, and why."""
    unknown, replaced = make_old(Path(results), samples, recorded)
    words = [unknown_words(results, unknown)] if unknown else []
    return words + ([replaced_words(results, replaced)] if replaced else [])


def make_old(results: Path, samples: Iterable[str], recorded: bool = True) -> tuple[list[str], list[str]]:
    """Date results back that Snakemake has no record of, or one of others, and those made from others than there are.

    Parameters
    ----------
    results : Path
        Folder of the results, as the config names it from the folder of the run.
    samples : iterable of str
        Samples that take part; what others left is no result of this run.
    recorded : bool
        Snakemake keeps its records in files; else they are not looked for.

    Returns
    -------
    unknown : list of str
        Results without a record of Snakemake's that had another date, the uppermost of each step.
    replaced : list of str
        Results that were changed or put back since their step ran; Snakemake's records of them are removed.
    """
    looked_at = {None, *samples}
    records = {name: record for name, record in read_records(results / RECORDS) if sample_of(name) in looked_at}
    digests = {name: digest for record in records.values() for name, digest in record["made"].items()}
    at_rest = not os.path.isdir(LOCKS) or not os.listdir(LOCKS)  # else a step may be between its results and its record
    unknown, replaced = [], []
    for step, record in sorted(records.items()):
        lacks = recorded and not any(has_metadata(results, name) for name in record["made"])
        if at_rest and not lacks and (others := replaced_results(results, step, record)):
            forget(results, step, record["made"])
            replaced += others
        elif lacks or any(digests.get(name, digest) != digest for name, digest in record["read"].items()):
            changed = [set_old(results / name) for name in record["made"]]
            unknown += [step] if lacks and any(changed) else []
    return unknown, replaced


def replaced_results(results: Path, step: str, record: Mapping[str, Any]) -> list[str]:
    """Find the results of a step that are not those it made when it ran last, the uppermost when all were put back.

    Size and time tell that nothing was touched; of what was, the content is looked at. Results that are not there are
    missed by Snakemake itself.
    """
    file, made = str(results / RECORDS / f"{step}.json"), record["made"]
    try:
        note = json.loads(note_of(file).read_bytes())
        noted, before = note["record"], dict(note["states"])
    except (OSError, ValueError, KeyError, TypeError):
        noted, before = record["sha256"], {}  # after --touch: the record is taken for right
    if noted != record["sha256"]:
        return [step]
    states = states_of(results, made)
    touched = [name for name, state in states.items() if state is not None and state != before.get(name)]
    if found := [name for name in touched if content_digest(results / name) != made[name]]:
        return found
    if touched:
        with suppress(OSError):  # in a folder of another user
            write_note(file, record["sha256"], states)
    return []


def forget(results: Path, step: str, made: Iterable[str]) -> None:
    """Date the results of a step back and remove what is noted of them, so that they are made anew."""
    for name in made:
        set_old(results / name)
        for file in metadata_files(results, name):
            Path(file).unlink(missing_ok=True)
    note_of(str(results / RECORDS / f"{step}.json")).unlink(missing_ok=True)


def date_unrecorded(results: Path, names: Iterable[str]) -> list[str]:
    """Date results back that have no record of Snakemake; return those that had another date."""
    return [name for name in names if not has_metadata(results, name) and set_old(results / name)]


def read_records(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what programs wrote down, by the result that names it; of damaged ones the manifest tells."""
    for place, _, names in os.walk(folder):
        within = os.path.relpath(place, folder)
        for file in (name for name in names if name.endswith(".json")):
            with suppress(OSError, ValueError, KeyError, TypeError), open(os.path.join(place, file), "rb") as content:
                text = content.read()
                record = json.loads(text)
                name = os.path.normpath(os.path.join(within, file.removesuffix(".json")))
                sha256 = hashlib.sha256(text).hexdigest()
                yield name, {"made": record["made"], "read": record["read"], "sha256": sha256}


def sample_of(name: str) -> str | None:
    """Return the sample that a result is of alone; None of all others."""
    top, *rest = PurePath(name).parts
    return rest[0] if top == "samples" and rest else None


def has_metadata(results: Path, name: str) -> bool:
    """Return whether Snakemake has a record of a result, or of a folder that it lies in."""
    return any(map(os.path.isfile, metadata_files(results, name)))


def metadata_files(results: Path, name: str) -> Iterator[str]:
    """Yield where Snakemake keeps its records of a result and of the folders that it lies in."""
    places = (name, *(str(folder) for folder in PurePath(name).parents if folder.name))
    return (metadata_file(os.path.normpath(results / place)) for place in places)


def metadata_file(path: str) -> str:
    """Return where Snakemake (9) keeps its record of a file."""
    name = urlsafe_b64encode(path.encode()).decode()
    parts = [name[i : i + LONGEST_NAME] for i in range(0, len(name), LONGEST_NAME)]
    return os.path.join(METADATA, *(f"@{part}" for part in parts[:-1]), parts[-1])


def set_old(file: Path) -> bool:
    """Date a file back; return whether it had another date.

    Raises
    ------
    InputError
        The file belongs to another user.
    """
    try:
        before = file.stat().st_mtime
        os.utime(file, (LONG_AGO, LONG_AGO))
    except PermissionError:
        fault = "was made by another user, and has to be made anew"
        raise InputError(Problem(str(file), fault, mend="Delete it, or let its owner run.")) from None
    except OSError:  # gone since
        return False
    return before != LONG_AGO


def replaced_files(results: Path, files: Mapping[str, Sequence[str]]) -> set[str]:
    """Find files that failed their sample and were written again since: damaged in the middle, both ends were right.

    The results of such a sample are given an old date; where the content is another one, they are made anew.

    Parameters
    ----------
    results : Path
        Folder of the results.
    files : mapping
        Reads or alignments on this disk, by sample.
    """
    found = set()
    for sample, paths in files.items():
        folder = results / "samples" / sample
        if failed := [folder / name for name, key in FAILURES.items() if has_key(folder / name, key)]:
            since = min(file.stat().st_mtime for file in failed)
            again = {path for path in paths if os.path.isfile(path) and written(path) > since}
            for file in folder.rglob("*") if again else ():
                set_old(file)
            found |= again
    return found


def has_key(file: Path, key: str) -> bool:
    """Return whether facts of a sample hold a key; those that are not there or damaged do not."""
    try:
        content = file.read_bytes()
        return key.encode() in content and key in json.loads(content)
    except (OSError, ValueError, TypeError):
        return False


def written(path: str) -> float:
    """Return when a file was put in its place; a copy may keep an older time of its content."""
    state = os.stat(path)
    return max(state.st_mtime, state.st_ctime)


def unknown_words(results: str, unknown: Sequence[str]) -> str:
    """Say which results are made anew, and how they are kept."""
    others = f" and {plural(len(unknown) - 1, 'other step')}" if len(unknown) > 1 else ""
    return (
        f"{results}: {unknown[0]}{others}: Snakemake's records of them are not in .snakemake (it was removed, or left "
        "behind by a copy or a move), so what was changed since cannot be told: they are made anew. If nothing was "
        "changed, snakemake --touch keeps them."
    )


def replaced_words(results: str, replaced: Sequence[str]) -> str:
    """Say which results were changed since their step ran, and that they are made anew."""
    others = f" and {plural(len(replaced) - 1, 'other result')}" if len(replaced) > 1 else ""
    return (
        f"{results}: {replaced[0]}{others}: not as the step left it that ran last (changed by hand, put back from a "
        "backup, or cut short): made anew."
    )
