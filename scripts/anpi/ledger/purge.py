"""Taking a patient out of the ledger, and out of what samples left in the results folder."""

from __future__ import annotations

import shutil
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from anpi.files.bucket import Bucket
from anpi.ledger.blots import blot_state
from anpi.ledger.entries import CURRENT, locked, read_content, read_entries, read_entry, state_digest, write_entry
from anpi.ledger.kept import fetch_entries, keep_entries
from anpi.ledger.leftovers import OF_SAMPLES, places_of
from anpi.ledger.recorded import State
from anpi.problems import InputError, Problem


def purge_patient(results: Path, patient: str, stored: Bucket | None = None) -> list[str]:
    """Remove a withdrawn patient from every entry of the ledger, with the samples, and what they left in the folder.

    The comparison with the last run and the report's page, which name the patient, are removed too. The next run writes
    them anew for want of the page: Snakemake does not miss the comparison alone, which is a step on the way. With a
    bucket the same is done there; one that was stopped midway is taken up by the next.

    Parameters
    ----------
    results : Path
        Folder of the results.
    patient : str
        As the tables had it.
    stored : Bucket, optional
        Where the results are stored.

    Returns
    -------
    list of str
        What was done, in words.

    Raises
    ------
    InputError
        The patient still takes part, or the ledger does not know the patient.
    """
    ledger, kept = results / "ledger", None if stored is None else stored.below("ledger")
    present = present_state(ledger, kept)
    if patient in present["patients"]:
        mend = "Take the patient out of the tables and run Snakemake to its end first."
        raise InputError(Problem(str(ledger / CURRENT), f"patient {patient} still takes part", mend=mend))
    done, samples = purge_entries(ledger, kept, patient)
    for place in ("ledger/changes.json", "report/index.html", "ledger/pages", "ledger/kept"):
        remove(results, stored, place)
    if remove(results, stored, "exports"):
        done.append("exports was removed; the target export makes it anew")
    done.append(
        "ledger/changes.json and report/index.html were removed; the next run writes them and the manifest anew"
    )
    # A sample that is another patient's now keeps its files.
    for sample in sorted(samples - set(present["samples"])):
        for place in places_of(results, sample) if stored is None else stored_places(stored, results, sample):
            done += [f"{place} was removed"] if remove(results, stored, place) else []
    return done


def present_state(ledger: Path, kept: Bucket | None) -> State:
    """Return the state of the last run, which is a result and lies where those do."""
    if kept is None:
        return read_entry(ledger / CURRENT).state
    content, _ = kept.read(CURRENT)
    mend = "Name the folder of the results in the bucket, of a run that has ended."
    if content is None:
        raise InputError(Problem(f"{kept.url}/{CURRENT}", "no such object", mend=mend))
    return read_content(f"{kept.url}/{CURRENT}", content, mend).state


def purge_entries(ledger: Path, kept: Bucket | None, patient: str) -> tuple[list[str], set[str]]:
    """Rewrite the entries that hold a patient, here and in the bucket; return what was done and the samples."""
    done, samples = [], set()
    ledger.mkdir(parents=True, exist_ok=True)
    with locked(ledger):
        keep_entries(ledger, kept, fetch_entries(ledger, kept, renamed=True))
        for entry in read_entries(ledger):
            theirs = {name for name, state in entry.state["samples"].items() if state["patient"] == patient}
            if patient not in entry.state["patients"] and not theirs:
                continue
            samples |= theirs
            state = without(entry.state, patient, theirs)
            changed = replace(entry, state=state, sha256=state_digest(state))
            write_entry(ledger, changed)
            keep_entries(ledger, kept, [changed.file])
            if kept is not None:
                kept.remove(entry.file)
            (ledger / entry.file).unlink()
            done.append(f"ledger/{entry.file} became ledger/{changed.file}")
    if not done:
        raise InputError(Problem(str(ledger), f"no entry holds patient {patient}", mend="Write the id as in patients."))
    return done, samples


def stored_places(stored: Bucket, results: Path, sample: str) -> list[str]:
    """List what a sample has in the bucket and in the folder."""
    patterns = [pattern.format(sample) for pattern in OF_SAMPLES]
    files = {name for name in stored.objects() if any(fnmatchcase(name, pattern) for pattern in patterns)}
    return sorted(files.union(places_of(results, sample)))


def remove(results: Path, stored: Bucket | None, place: str) -> bool:
    """Remove a file or a folder of the results, here and in the bucket; return whether there was one."""
    there = stored is not None and stored.remove_all(place)
    return remove_here(results / place) or there


def remove_here(path: Path) -> bool:
    if path.is_dir():
        shutil.rmtree(path)
        return True
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def without(state: State, patient: str, samples: set[str]) -> State:
    """Return a state without a patient and the patient's samples; their ids in words of others are blotted out."""
    kept = blot_state(state, {patient, *samples})
    kept["patients"] = {name: value for name, value in kept["patients"].items() if name != patient}
    kept["endpoints"] = {name: value for name, value in kept["endpoints"].items() if name != patient}
    kept["samples"] = {name: value for name, value in kept["samples"].items() if name not in samples}
    return kept
