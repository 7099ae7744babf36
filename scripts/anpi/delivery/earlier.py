"""What stands in the folder of a trial from an earlier delivery, and what a person changed there since."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.delivery.conversions import Conversions
from anpi.delivery.decisions import LEAVE_OUT, Decisions
from anpi.problems import InputError, Problem, refuse, refuse_missing_columns
from anpi.tables.clinical import TABLES
from anpi.tables.reading import FIRST_DATA_ROW, read_text_rows, read_text_table
from anpi.tables.schema import load_yaml

BY_HAND = ("use", "verdict_override", "override_reason")  # what a person decides of a sample
KEEP = "keep"
ABSENT = ": not in the delivery"
NO_FILE = "no file holds the sample "
BLOCKS = ("reference", "clinical")


def table_path(folder: Path, table: str) -> Path:
    """Return where a table of the trial lies in its folder."""
    return folder / f"{table}.tsv" if table in ("samples", "units") else folder / "clinical" / f"{table}.csv"


def earlier_config(folder: Path) -> dict[str, Any]:
    """Return the config of an earlier delivery, empty where there is none.

    Raises
    ------
    InputError
        No YAML; a key that holds a block holds something else.
    """
    path = folder / "config.yaml"
    config = load_yaml(path) if path.is_file() else {}
    mend = "Write a line each below it, or delete the key."
    refuse(
        [
            Problem(str(path), column=key, found=str(config[key]), expected="a block of keys", mend=mend)
            for key in BLOCKS
            if config.get(key) is not None and not isinstance(config[key], dict)
        ]
    )
    return config


def named_tables(folder: Path) -> set[str]:
    """Return the tables that an earlier config names where they are written, for a mapping without a record of them."""
    config = earlier_config(folder)
    named = {**(config.get("clinical") or {}), **{key: config.get(key) for key in ("samples", "units")}}
    return {
        str(name)
        for name, path in named.items()
        if path is not None and os.path.abspath(str(path)) == os.path.abspath(table_path(folder, str(name)))
    }


def unrecorded_samples(path: Path) -> dict[str, dict[str, str]]:
    """Return samples that an earlier delivery set to ``no``, by its conversion.tsv, where the mapping has no record."""
    rows = read_text_rows(path) if path.is_file() else []
    told = [str(row.get("why")) for row in rows if row.get("column") == "use" and row.get("to") == "no"]
    return {why.removeprefix(NO_FILE): {"use": "no"} for why in told if why.startswith(NO_FILE)}


def decide_absent(tables: Mapping[str, object], decisions: Decisions) -> None:
    """Ask about tables that an earlier delivery had and this one has not."""
    for table in sorted(decisions.written - set(tables) - {"units"}):
        text = f"An earlier delivery had {table}, this one has none. Does the earlier table stay in the trial?"
        decisions.decide(f"{table}{ABSENT}", text, (KEEP, LEAVE_OUT))


def kept_tables(tables: Mapping[str, object], decisions: Decisions) -> set[str]:
    """Return the tables of an earlier delivery that stay, as answered."""
    absent = decisions.written - set(tables)
    return {table for table in absent if decisions.made.get(f"{table}{ABSENT}") == KEEP}


def lasting_answers(tables: Mapping[str, object], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that the next delivery needs: whether a table stays is asked anew when it goes again."""
    spent = {name for name, answer in answers.items() if name.endswith(ABSENT) and answer == LEAVE_OUT}
    spent |= {f"{table}{ABSENT}" for table in tables}
    return {name: answer for name, answer in answers.items() if name not in spent}


def clinical_kept(
    folder: Path, config: Mapping[str, Any], tables: Mapping[str, object], decisions: Decisions
) -> dict[str, Any]:
    """Return the clinical tables of an earlier config that stay: those that a person added, or that were asked about.

    Raises
    ------
    InputError
        A table that a person added is in the delivery too.
    """
    named = {key: value for key, value in (config.get("clinical") or {}).items() if value is not None}
    added = {key: value for key, value in named.items() if key not in decisions.written}
    config_file = str(folder / "config.yaml")
    if decisions.recorded:
        mend = f"Take the key out and move the file, or answer '<table>: table': {LEAVE_OUT} for that of the delivery."
        refuse(
            [
                Problem(config_file, "the delivery holds this table too", column=f"clinical.{key}", mend=mend)
                for key, value in added.items()
                if key in tables
            ]
        )
    kept = kept_tables(tables, decisions)
    return {key: value for key, value in added.items() if key not in tables} | {
        table: str(table_path(folder, table)) for table in TABLES if table in kept
    }


def written_of(samples: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return what a sheet of samples says that a person may change, by sample."""
    columns = [column for column in BY_HAND if column in samples]
    return {
        str(row["sample_id"]): {column: str(row[column]) for column in columns if row[column] is not None}
        for row in samples.to_dict("records")
    }


def earlier_samples(path: Path) -> dict[str, dict[str, str]]:
    """Return what the sheet of samples of an earlier delivery says now that a person may change, by sample."""
    if not path.is_file():
        return {}
    frame = read_text_table(path)
    refuse_missing_columns(str(path), frame, ["sample_id"])
    twice = frame.index[frame["sample_id"].duplicated()]
    if len(twice):
        row, found = int(twice[0]) + FIRST_DATA_ROW, str(frame.at[twice[0], "sample_id"])
        raise InputError(Problem(str(path), row=row, column="sample_id", found=found, expected="each sample once"))
    return written_of(frame)


def with_edits(
    frame: pd.DataFrame, path: Path, written: Mapping[str, Mapping[str, str]], conversions: Conversions
) -> pd.DataFrame:
    """Return a sheet of samples with what a person changed in the earlier one.

    Parameters
    ----------
    path : Path
        Where the earlier one lies.
    written : mapping
        What was written there, by sample: all else was changed by a person.
    """
    result = frame.copy()
    for sample, now in earlier_samples(path).items():
        place = result.index[result["sample_id"] == sample]
        if not len(place):
            conversions.add(("samples.tsv", ""), None, "sample_id", sample, "", "not in this delivery any more")
            continue
        for column in BY_HAND:
            default = "yes" if column == "use" else None
            value = now.get(column, default)
            if value == written.get(sample, {}).get(column, default):
                continue
            was = result.at[place[0], column] if column in result else None
            result = result if column in result else result.assign(**{column: None}).astype(object)
            result.at[place[0], column] = value
            if (was or default) != value:
                why = f"kept as a person changed it for {sample} in the earlier samples.tsv"
                conversions.add(("samples.tsv", ""), None, column, was, value, why)
    return result
