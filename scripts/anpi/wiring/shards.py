"""Samples beyond one trial: which sample is in which shard, and whether what a shard was made of is still the same.

The samples of a shard stand in its list, each with the state of its files (size and time), by which planning sees in a
second what is new among a hundred thousand. Of files in another state it compares the content: a copy or a touch makes
nothing anew.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.files.checksums import hash_file, short_digest
from anpi.files.sheet import WORKBOOKS, file_of
from anpi.files.text import read_text
from anpi.files.writing import write_text
from anpi.problems import InputError, Problem, missing_file, odd_path, refuse
from anpi.tables.allowed import allowing
from anpi.tables.reading import FIRST_DATA_ROW, case_problems, check_column, repeated_rows, without_identifiers
from anpi.tables.schema import check_settings, load_schema
from anpi.tables.sheets import RESERVED, read_samples, sheet_row

CONFIG = "--config"
TABLES = (".tsv", ".csv", ".tsv.gz", ".csv.gz", *WORKBOOKS)
FILES = {"genes": "genes.parquet", "qc": "qc.json"}
LIST, DIGESTS = "samples.tsv", "digests.tsv"  # of a shard: what it is made of, and the content of what was read
State = tuple[str, ...]


@dataclass(frozen=True)
class Shards:
    """Settings with every default, and the samples of each shard by its number."""

    settings: dict[str, Any]
    samples: dict[str, list[str]]


def checked_shards(config: Mapping[str, Any], job: bool = False) -> Shards:
    """Check the config, the list of samples and that each has its files; write the list of each shard that changed.

    Parameters
    ----------
    config : mapping
        As the user gave it.
    job : bool
        The process runs one job of a run whose inputs were checked: nothing is looked at or written again.

    Raises
    ------
    InputError
        With all faults.
    """
    settings = check_settings(config, load_schema("shards"), CONFIG)
    refuse(path_problems(settings))
    with allowing(settings["allow_columns"]):
        rows = listed_samples(settings["samples"])
    names, size = list(rows), settings["shard_size"]
    starts = range(0, len(names), size)
    samples = {f"{number:04d}": names[start : start + size] for number, start in enumerate(starts, 1)}
    if not job:
        folder = Path(settings["samples_dir"])
        states = look_at(folder, rows, settings["samples"])
        for number, of_shard in samples.items():
            keep_list(Path(settings["results"], number), folder, {name: states[name] for name in of_shard})
        if left := leftovers(Path(settings["results"]), samples):
            print(f"Of samples that are listed no more, in no table: rm -r -- {shlex.join(left)}", file=sys.stderr)
    return Shards(settings, samples)


def leftovers(results: Path, shards: Collection[str]) -> list[str]:
    """List what shards behind the last one left when the list was longer."""
    gone = {path.parent.name for path in results.glob(f"*/{LIST}")} - set(shards)
    places = ("{}", "logs/score_shard/{}.log", "benchmarks/score_shard/{}.tsv")
    files = [results / place.format(shard) for shard in sorted(gone) for place in places]
    return [str(file) for file in files if file.exists()]


def path_problems(settings: Mapping[str, Any]) -> list[Problem]:
    """Find paths that Snakemake would read as something else, and inputs that are not there."""
    paths = {key: settings[key] for key in ("samples", "samples_dir", "reference_genes", "results")}
    odd = {key: expected for key, path in paths.items() if (expected := odd_path(path))}
    if odd:
        return [Problem(CONFIG, column=key, found=paths[key], expected=expected) for key, expected in odd.items()]
    files = [file_of(paths[key]) for key in ("samples", "reference_genes")]
    problems = [missing_file(file) for file in files if not os.path.exists(file)]
    if not os.path.isdir(paths["samples_dir"]):
        expected = "a folder with a folder for each sample"
        problems.append(Problem(CONFIG, column="samples_dir", found=paths["samples_dir"], expected=expected))
    if os.path.exists(paths["results"]) and not os.path.isdir(paths["results"]):
        problems.append(Problem(CONFIG, column="results", found=paths["results"], expected="a folder, not a file"))
    return problems


def listed_samples(path: str) -> dict[str, int]:
    """Return the samples of a list (an id a line) or of those of a sample sheet that are used, with their rows."""
    if file_of(path).lower().endswith(TABLES):
        sheet = read_samples(path)
        frame = sheet[sheet["use"] != "no"]
    else:
        lines = pd.Series([line.strip() for line in read_text(path).splitlines()], dtype=object)
        lines.index -= FIRST_DATA_ROW - 1  # without a header
        frame = lines[lines != ""].to_frame("sample_id")
        check_list(frame, path)
    if frame.empty:
        raise InputError(Problem(path, "no sample is listed", expected="an id a line, or a sample sheet"))
    return {name: sheet_row(index) for index, name in frame["sample_id"].items()}


def check_list(frame: pd.DataFrame, path: str) -> None:
    """Check ids as those of a sample sheet."""
    frame.attrs["file"] = path
    schema = load_schema("samples")
    _, problems = check_column(frame["sample_id"], schema["properties"]["sample_id"], True, path)
    problems += repeated_rows(frame, schema, path) + case_problems(frame, "sample_id")
    for index, name in frame["sample_id"][frame["sample_id"].isin(["sample_id", *RESERVED])].items():
        expected = "the id of a sample; a list has no header"
        problems.append(Problem(path, row=sheet_row(index), found=name, expected=expected))
    refuse(without_identifiers(problems, frame, "samples", path))


def look_at(folder: Path, rows: Mapping[str, int], path: str) -> dict[str, State]:
    """Return size and time of the files of each sample; a sample that lacks one is told."""
    states, problems = {}, []
    for name, row in rows.items():
        try:
            found = [os.stat(f"{folder}/{name}/{file}") for file in FILES.values()]
        except OSError as error:
            mend = "Run quantify_sample and summarise_sample on it, or take it out of the list."
            fault = f"sample {name} has no {os.path.basename(error.filename)} in {folder}"
            problems.append(Problem(path, fault, row=row, mend=mend))
            continue
        states[name] = tuple(f"{of_file.st_size}-{of_file.st_mtime_ns}" for of_file in found)
        if not all(of_file.st_size for of_file in found):
            fault = f"a file of sample {name} in {folder} is empty (0 bytes)"
            problems.append(Problem(path, fault, row=row, mend="Copy it again."))
    refuse(problems)
    return states


def keep_list(shard: Path, folder: Path, states: Mapping[str, State]) -> None:
    """Write the list of a shard where it is not as it stands there."""
    before, read = rows_of(shard / LIST), rows_of(shard / DIGESTS)
    rows = {
        name: (content_name(folder / name, state, before.get(name), read.get(name)), *state)
        for name, state in states.items()
    }
    if list(rows.items()) != list(before.items()):
        lines = [("sample_id", "content", *FILES), *((name, *row) for name, row in rows.items())]
        write_text(shard / LIST, "".join("\t".join(line) + "\n" for line in lines))


def content_name(sample: Path, state: State, before: State | None, read: State | None) -> str:
    """Return what the content of a sample's files is called: after their state when it was first seen.

    It stays when size or time are others and the content is that which its shard has read.
    """
    if before:
        name, *last = before
        if tuple(last) == state or read == tuple(hash_file(sample / file) for file in FILES.values()):
            return name
    return short_digest(state)


def rows_of(file: Path) -> dict[str, State]:
    """Read a table of a shard by sample; nothing of one that is not there."""
    if not file.is_file():
        return {}
    rows = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()[1:])
    return {row[0]: tuple(row[1:]) for row in rows}


def made_of(file: str) -> str:
    """Return what a shard is known by: its samples, in their order, and the content of their files."""
    return short_digest([(name, row[0]) for name, row in rows_of(Path(file)).items()])
