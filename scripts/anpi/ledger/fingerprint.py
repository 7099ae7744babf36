"""The ranges by which a delivery is known again: dates, units, lesions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.ledger.recorded import Ranges
from anpi.tables.reading import read_text_table
from anpi.tables.schema import DATE, NUMBER, column_rule, load_schema

LEAST_VALUES = 5  # of which a median is kept


def fingerprint(inputs: Mapping[str, Path], settings: Mapping[str, Any]) -> Ranges:
    """Return the ranges by which a delivery is known again."""
    tables = clinical_tables(inputs)
    units: dict[str, str | list[str] | None] = {"expression": (settings.get("expression") or {}).get("unit")}
    if "biomarkers" in tables and "unit" in tables["biomarkers"]:
        for marker, rows in tables["biomarkers"].groupby("marker"):
            units[str(marker)] = sorted(rows["unit"].dropna().unique())
    latest = {name: day for name, frame in tables.items() if (day := latest_date(frame, name))}
    return {"latest": latest, "units": units, "medians": medians(tables["patients"])}


def clinical_tables(inputs: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Read the clinical tables of a run as text, by name."""
    names = {key.removeprefix("clinical."): path for key, path in inputs.items() if key.startswith("clinical.")}
    return {name: read_text_table(path) for name, path in names.items()}


def latest_date(frame: pd.DataFrame, table: str) -> str | None:
    """Return the latest calendar date of a table."""
    schema = load_schema(table)
    columns = [column for column in frame if (column_rule(schema, str(column)) or {}).get("format") == "date"]
    days = [day for column in columns for day in frame[column].dropna() if DATE.fullmatch(day)]
    return max(days, default=None)


def medians(patients: pd.DataFrame) -> dict[str, float]:
    """Return the median of LDH, with three digits, where enough patients have a value."""
    values = [float(text) for text in patients.get("ldh", pd.Series(dtype=object)).dropna() if NUMBER.fullmatch(text)]
    return {"ldh": float(f"{pd.Series(values).median():.3g}")} if len(values) >= LEAST_VALUES else {}


def lesions_of(inputs: Mapping[str, Path]) -> dict[str, int]:
    """Count the lesions of each patient."""
    if "clinical.lesions" not in inputs:
        return {}
    frame = read_text_table(inputs["clinical.lesions"])
    return {str(patient): int(count) for patient, count in frame.groupby("patient_id")["lesion_id"].nunique().items()}
