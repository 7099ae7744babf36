"""The checked run, remembered: inputs that passed all checks are not checked again until one of them changes.

Checks take longer than all else of a planning, and each job on a cluster plans again. What was checked is known by the
config, the content of every file that it names, the code of the checks and the day (some checks know today's date).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.check import SHIPPED_SETTINGS, Run, check_run, config_paths, path_problems, read_checked, shipped
from anpi.files.checksums import short_digest
from anpi.problems import refuse
from anpi.provenance import code_digest
from anpi.tables.identifier_lists import LISTS
from anpi.tables.identifiers import allowing
from anpi.tables.schema import check_settings, load_schema
from anpi.tables.sheets import FILES, is_stored
from anpi.wiring.files import known_by

MEMORY = ".snakemake/anpi_checked.json"
MODEL_MEMORY = ".snakemake/anpi_model.json"


def checked_run(config: Mapping[str, Any], file: str, job: bool = False, memory: str = MEMORY) -> Run:
    """Check all inputs of a run, or take what a planning before found of the same inputs.

    Parameters
    ----------
    config, file
        The config as the user wrote it, and its name for messages.
    job : bool
        The process runs one job of a run whose inputs were checked: without a memory of it, read the sheets alone.
    memory : str
        File that remembers what was checked, in the folder of the run.

    Raises
    ------
    InputError
        With the faults of all files, each with its place and how to mend it.
    """
    settings = check_settings(config, load_schema("config"), file)
    refuse(path_problems(settings, file))
    digest = inputs_digest(settings, file)
    found = recall(memory, digest, settings)
    if found is not None:
        return found
    if job:
        with allowing(settings["allow_columns"]):
            return read_checked(settings)
    run = check_run(config, file)
    remember(memory, digest, run)
    return run


def inputs_digest(settings: Mapping[str, Any], file: str) -> str:
    """Digest all that the checks of a run look at, but the reads, of which they ask that they are there."""
    files = {key: known_by(path) for key, path in config_paths(settings).items() if key != "results"}
    names = SHIPPED_SETTINGS.values()
    beside = {name: known_by(os.path.join(os.path.dirname(file), name)) for name in names}
    code = code_digest("anpi/check.py", *(shipped(None, name) for name in names), LISTS)
    return short_digest([code, dict(settings), files, beside, date.today().isoformat(), os.getcwd()])


def recall(memory: str, digest: str, settings: dict[str, Any]) -> Run | None:
    """Return a run that was checked, unless inputs differ or a file of a sample is not there any more."""
    try:
        kept = json.loads(Path(memory).read_text(encoding="utf-8"))
        if kept["digest"] != digest:
            return None
        units = None if kept["units"] is None else pd.DataFrame(kept["units"], dtype=object)
        samples = None if kept["samples"] is None else pd.DataFrame(kept["samples"], dtype=object)
        run = Run(settings, samples, units, kept["used"], kept["sexes"], kept["notes"])
    except (OSError, ValueError, KeyError, TypeError):  # no memory, or a damaged one: the inputs are checked again
        return None
    rows = kept["units"] or []
    files = {row[column] for row in rows for column in FILES if row[column] is not None}
    return run if all(map(is_there, files)) else None


def is_there(path: str) -> bool:
    """Return whether a file of a sample is there, as far as planning can tell; of a salmon folder its table."""
    tables = (os.path.join(path, name) for name in ("quant.sf", "quant.sf.gz"))
    return is_stored(path) or os.path.isfile(path) or any(map(os.path.isfile, tables))


def remember(memory: str, digest: str, run: Run) -> None:
    """Note a checked run."""
    kept = {
        "digest": digest,
        "samples": None if run.samples is None else records(run.samples[["sample_id"]]),
        "units": None if run.units is None else records(run.units),
        "used": run.used,
        "sexes": run.sexes,
        "notes": run.notes,
    }
    write_memory(memory, kept)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Write a table of texts as rows, None for what is missing."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def genes_of_model(folder: Path, memory: str = MODEL_MEMORY) -> list[list[str]]:
    """Return the genes that a subtype model calls by, and its anchors; read anew when the model or its code changes.

    Raises
    ------
    InputError
        A file of the model lacks, or differs from its checksum.
    """
    digest = short_digest([code_digest("anpi/subtypes/model.py"), known_by(str(folder))])
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(Path(memory).read_text(encoding="utf-8"))
        if kept["digest"] == digest:
            return [list(genes) for genes in kept["genes"]]
    from anpi.subtypes.model import load_model, subtype_genes

    found = [sorted(genes) for genes in subtype_genes(load_model(folder))]
    write_memory(memory, {"digest": digest, "genes": found})
    return found


def write_memory(memory: str, kept: object) -> None:
    """Write what a later planning may take, for its owner alone; a folder that cannot be written to is no fault."""
    part = f"{memory}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(memory) or ".", exist_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            json.dump(kept, out)
        os.replace(part, memory)
    except OSError:
        return
