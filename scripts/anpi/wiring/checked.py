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

from anpi.files.checksums import short_digest
from anpi.files.shipped import ROOT
from anpi.files.stored import is_stored
from anpi.problems import refuse
from anpi.provenance import code_digest
from anpi.tables.allowed import allowing
from anpi.tables.config import SHIPPED_SETTINGS, Run, config_paths, path_problems, shipped
from anpi.tables.identifier_lists import LISTS
from anpi.wiring.files import known_by

MEMORY = ".snakemake/anpi_checked.json"
MODEL_MEMORY = ".snakemake/anpi_model.json"
CONFIG_SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"  # its defaults are no part of a program's code
LISTED = ("used", "sexes", "notes")  # fields of a run that JSON knows


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
    found = recall(memory, config, file)
    if found is not None:
        return found
    # Here and below: a planning that remembers its checks starts without what only they need.
    from anpi.check import check_run, read_checked
    from anpi.tables.schema import check_settings, load_schema

    if job:
        settings = check_settings(config, load_schema("config"), file)
        refuse(path_problems(settings, file))
        with allowing(settings["allow_columns"]):
            return read_checked(settings)
    run = check_run(config, file)
    remember(memory, config, file, run)
    return run


def inputs_digest(settings: Mapping[str, Any], file: str) -> str:
    """Digest all that the checks of a run look at, but the reads, of which they ask that they are there."""
    files = {key: known_by(path) for key, path in config_paths(settings).items() if key != "results"}
    names = SHIPPED_SETTINGS.values()
    beside = {name: known_by(os.path.join(os.path.dirname(file), name)) for name in names}
    code = code_digest("anpi/check.py", CONFIG_SCHEMA, *(shipped(None, name) for name in names), LISTS)
    today = date.today().isoformat()
    return short_digest([code, dict(settings), files, beside, today, os.getcwd()])


def recall(memory: str, config: Mapping[str, Any], file: str) -> Run | None:
    """Return a run that was checked, unless inputs differ or a file of a sample is not there any more.

    Raises
    ------
    InputError
        The same config names a path that has become what no file or folder of a run can be.
    """
    try:
        kept = json.loads(Path(memory).read_text(encoding="utf-8"))
        if kept["config"] != short_digest(dict(config)):
            return None
        run = Run(kept["settings"], table_of(kept["samples"]), table_of(kept["units"]), *(kept[key] for key in LISTED))
        refuse(path_problems(run.config, file))
        if kept["digest"] != inputs_digest(run.config, file) or not all(map(is_there, kept["reads"])):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # no memory, or a damaged one: all is checked
        return None
    return run


def is_there(path: str) -> bool:
    """Return whether a file of a sample is there, as far as planning can tell; of a salmon folder its table."""
    tables = (os.path.join(path, name) for name in ("quant.sf", "quant.sf.gz"))
    return is_stored(path) or os.path.isfile(path) or any(map(os.path.isfile, tables))


def remember(memory: str, config: Mapping[str, Any], file: str, run: Run) -> None:
    """Note a checked run."""
    from anpi.tables.sheets import FILES

    units = None if run.units is None else records(run.units)
    kept = {
        "config": short_digest(dict(config)),
        "digest": inputs_digest(run.config, file),
        "settings": run.config,
        "samples": None if run.samples is None else records(run.samples[["sample_id"]]),
        "units": units,
        "reads": sorted({row[column] for row in units or [] for column in FILES if row[column] is not None}),
        **{key: getattr(run, key) for key in LISTED},
    }
    write_memory(memory, kept)


def table_of(rows: list[dict[str, Any]] | None) -> pd.DataFrame | None:
    """Return the table that was written as rows."""
    return None if rows is None else pd.DataFrame(rows, dtype=object)


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
