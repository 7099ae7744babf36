"""Taking a patient out of the ledger, and out of what samples left in the results folder."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from anpi.ledger.entries import CURRENT, locked, read_entries, read_entry, state_digest, write_entry
from anpi.ledger.leftovers import places_of
from anpi.problems import InputError, Problem

PURGED = "(purged)"


def purge_patient(results: Path, patient: str) -> list[str]:
    """Remove a withdrawn patient from every entry of the ledger, with the samples, and what they left in the folder.

    The comparison with the last run and the report's page, which name the patient, are removed too. The next run writes
    them anew for want of the page: Snakemake does not miss the comparison alone, which is a step on the way.

    Returns
    -------
    list of str
        What was done, in words.

    Raises
    ------
    InputError
        The patient still takes part, or the ledger does not know the patient.
    """
    ledger = results / "ledger"
    present = read_entry(ledger / CURRENT).state
    if patient in present["patients"]:
        mend = "Take the patient out of the tables and run Snakemake to its end first."
        raise InputError(Problem(str(ledger / CURRENT), f"patient {patient} still takes part", mend=mend))
    done, samples = [], set()
    with locked(ledger):
        for entry in read_entries(ledger):
            own = {name for name, state in entry.state["samples"].items() if state["patient"] == patient}
            if patient not in entry.state["patients"] and not own:
                continue
            samples |= own
            state = without(entry.state, patient, own)
            changed = replace(entry, state=state, sha256=state_digest(state))
            write_entry(ledger, changed)
            (ledger / entry.file).unlink()
            done.append(f"ledger/{entry.file} became ledger/{changed.file}")
    if not done:
        raise InputError(Problem(str(ledger), f"no entry holds patient {patient}", mend="Write the id as in patients."))
    for name in ("ledger/changes.json", "report/index.html"):
        remove(results / name)
    remove(results / "ledger" / "pages")
    if remove(results / "exports"):
        done.append("exports was removed; the target export makes it anew")
    done.append(
        "ledger/changes.json and report/index.html were removed; the next run writes them and the manifest anew"
    )
    # A sample that is another patient's now keeps its files.
    for place in [
        place for sample in sorted(samples - set(present["samples"])) for place in places_of(results, sample)
    ]:
        done += [f"{place} was removed"] if remove(results / place) else []
    return done


def remove(path: Path) -> bool:
    if path.is_dir():
        shutil.rmtree(path)
        return True
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def without(state: dict[str, Any], patient: str, samples: set[str]) -> dict[str, Any]:
    """Return a state without a patient and the patient's samples; their ids in words of others are blotted out."""
    kept = dict(state)
    kept["patients"] = {name: value for name, value in state["patients"].items() if name != patient}
    kept["endpoints"] = {name: value for name, value in state["endpoints"].items() if name != patient}
    kept["samples"] = {name: value for name, value in state["samples"].items() if name not in samples}
    ids = "|".join(re.escape(name) for name in sorted({patient, *samples}, key=len, reverse=True))
    return blotted(kept, re.compile(rf"(?<![A-Za-z0-9._-])({ids})(?![A-Za-z0-9_-])"))


def blotted(value: Any, ids: re.Pattern[str]) -> Any:
    if isinstance(value, dict):
        return {key: blotted(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [blotted(item, ids) for item in value]
    return ids.sub(PURGED, value) if isinstance(value, str) else value
