"""Small trials for tests: tables written as files and taken through the whole derivation."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.endpoints.derive import derive_endpoints
from anpi.endpoints.observations import Observations, observe
from anpi.endpoints.queries import ScanQuery, find_queries
from anpi.endpoints.rules import make_rules
from anpi.recist.best_response import Scan
from anpi.tables.clinical import read_clinical

DATA = Path(__file__).resolve().parents[2] / "data" / "clinical"
START = date(2024, 1, 1)


def load(name: str) -> list[dict[str, str]]:
    """Read a table of tests/data/clinical as rows of text."""
    with open(DATA / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def number(text: str) -> int | None:
    return int(text) if text else None


def scans_of(text: str) -> list[Scan]:
    """Read ``31:CR 46:NE`` as scans; ``-`` is a scan without a response."""
    pairs = [item.split(":", 1) for item in text.split()]
    return [Scan(int(day), None if response == "-" else response) for day, response in pairs]


def calendar(offset: Any) -> str:
    """Write days from the start of treatment as a date; nothing for nothing."""
    return "" if offset in (None, "") else (START + timedelta(days=int(offset))).isoformat()


def study_day(offset: Any) -> str:
    if offset in (None, ""):
        return ""
    return str(int(offset) + 1 if int(offset) >= 0 else int(offset))


class Trial:
    """A trial in files: days are days from the start of treatment, written as dates or as study days."""

    def __init__(self, folder: Path, as_days: bool = False):
        self.folder = folder
        self.as_days = as_days
        self.rows: dict[str, list[dict[str, Any]]] = {"patients": []}

    def add(self, table: str, **row: Any) -> None:
        """Add a row; a key that ends with ``_at`` becomes a date or a study day."""
        written = {}
        for key, value in row.items():
            if key.endswith("_at"):
                name = f"{key[:-3]}_day" if self.as_days else f"{key[:-3]}_date"
                name = name.removeprefix("taken_")  # of biomarkers.csv
                written[name] = study_day(value) if self.as_days else calendar(value)
            else:
                written[key] = "" if value is None else value
        self.rows.setdefault(table, []).append(written)

    def patient(self, patient_id: str, **facts: Any) -> None:
        self.add("patients", patient_id=patient_id, **{"arm": "A", "treatment_start_at": 0} | facts)

    def scans(self, patient_id: str, scans: Iterable[Scan]) -> None:
        for scan in scans:
            if scan.response is not None:
                self.add("assessments", patient_id=patient_id, assessment_at=scan.day, overall_response=scan.response)

    def write(self) -> dict[str, Path]:
        paths = {}
        for table, rows in self.rows.items():
            paths[table] = self.folder / f"{table}.csv"
            pd.DataFrame(rows).to_csv(paths[table], index=False)
        return paths

    def derive(self, **settings: Any) -> Derived:
        """Take the files through reading, observing and deriving."""
        rules = make_rules(settings)
        clinical = read_clinical(self.write())
        seen = observe(clinical, rules)
        endpoints = derive_endpoints(clinical, seen, rules)
        return Derived(endpoints, seen, find_queries(clinical, seen, endpoints, rules))


class Derived:
    """What came out, by patient."""

    def __init__(self, endpoints: pd.DataFrame, seen: Observations, queries: list[ScanQuery]):
        self.table = endpoints
        self.seen = seen
        self.queries = queries
        self.rows: Mapping[str, dict[str, Any]] = endpoints.set_index("patient_id").to_dict("index")

    def __getitem__(self, patient: str) -> dict[str, Any]:
        return self.rows[patient]

    def rules_asked(self, patient: str) -> set[str]:
        return {query.rule for query in self.queries if query.patient_id == patient}
