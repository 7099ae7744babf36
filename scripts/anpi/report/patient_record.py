"""What the page of one patient is made from, and nothing else: the patient's own rows, and what all pages share.

A page that is built from a `PatientRecord` cannot hold what is not in it; so its `digest` tells whether a page is still
right. Rows are plain dictionaries: a page holds some dozens of them, and a frame for each costs more than the page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from anpi.report.biology import drawable
from anpi.report.numbers import has_value
from anpi.report.tables import Run

Rows = list[dict[str, Any]]
OF_TARGETS = ["target", "name", "drugs", "threshold"]
OF_PATIENTS = ("timepoints", "queries", "pairs", "changes")
OF_SAMPLES = ("calls", "programmes", "tissues", "verdicts", "scores", "targets")


@dataclass(frozen=True)
class Shared:
    """What the pages of all patients share.

    Parameters
    ----------
    title : str
        What heads the report.
    has_verdicts, has_events : bool
        Whether the run has samples that were judged, and whether adverse events were given.
    sets : tuple of str
        Analysis sets.
    signatures : dict
        Names of the signatures by id.
    drawable : tuple of str or None
        Signatures that may be drawn, in their order; None for all.
    targets : dict
        What is known of each target, by its name.
    declared : tuple of str
        Features whose change the plan tests.
    """

    title: str
    has_verdicts: bool
    has_events: bool
    sets: tuple[str, ...]
    signatures: Mapping[str, str]
    drawable: tuple[str, ...] | None
    targets: Mapping[str, Mapping[str, Any]]
    declared: tuple[str, ...]


@dataclass(frozen=True)
class PatientRecord:
    """A patient: the row of `Run.people`, the samples, the rows of each table, and what is shared."""

    patient: str
    person: Mapping[str, Any]
    samples: tuple[str, ...]
    rows: Mapping[str, Rows]
    shared: Shared

    @property
    def sample(self) -> str | None:
        """The sample that stands for the patient in the analyses."""
        chosen = self.person.get("sample_id")
        return str(chosen) if has_value(chosen) else None

    def of_sample(self, table: str, sample: str | None) -> Rows:
        """Return the rows of one of the patient's samples."""
        return [row for row in self.rows.get(table, []) if str(row["sample_id"]) == sample]

    def digest(self, beside: str) -> str:
        """Digest all of it, and what else decides the page; the same content gives the same digits in any run."""
        parts = (beside, self.patient, self.person, self.samples, self.rows, self.shared)
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def all_patients(run: Run) -> Iterator[PatientRecord]:
    """Return what each page is made from, in the order of the patients."""
    shared = shared_of(run)
    by_patient = {name: grouped(run.table(name), "patient_id") for name in OF_PATIENTS}
    by_sample = {name: grouped(run.table(name), "sample_id") for name in OF_SAMPLES}
    by_patient |= {
        "adverse_events": grouped(run.adverse_events, "patient_id"),
        "therapies": grouped(run.therapies, "patient_id"),
    }
    for patient, person in zip(run.people.index, records(run.people), strict=True):
        chosen = person.get("sample_id")
        samples = list(
            dict.fromkeys([*run.samples_of.get(str(patient), ()), *([str(chosen)] if has_value(chosen) else [])])
        )
        rows = {name: found[str(patient)] for name, found in by_patient.items() if str(patient) in found}
        for name, found in by_sample.items():
            mine = [row for sample in samples for row in found.get(sample, ())]
            rows |= {name: mine} if mine else {}
        yield PatientRecord(str(patient), person, tuple(samples), rows, shared)


def shared_of(run: Run) -> Shared:
    tests, order = run.table("change_tests"), drawable(run.registry)
    targets = records(run.targets[OF_TARGETS]) if run.table("targets") is not None else []
    return Shared(
        run.title,
        run.table("verdicts") is not None,
        run.adverse_events is not None,
        tuple(run.tables["sets"].columns),
        dict(sorted(run.signature_names.items())),
        None if order is None else tuple(order),
        {row["target"]: row for row in targets},
        () if tests is None else tuple(sorted(set(map(str, tests["biomarker"])))),
    )


def grouped(frame: pd.DataFrame | None, column: str) -> dict[str, Rows]:
    """Return the rows of a table by what a column names, in their order."""
    found: dict[str, Rows] = {}
    for row in [] if frame is None else records(frame):
        if has_value(row[column]):
            found.setdefault(str(row[column]), []).append(row)
    return found


def records(frame: pd.DataFrame) -> Rows:
    """Return rows as dictionaries of plain values, None for what is missing."""
    names = [str(name) for name in frame.columns]
    columns = {name: plain_values(frame.iloc[:, place]) for place, name in enumerate(names)}
    return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def plain_values(column: pd.Series) -> list[Any]:
    return [value if there else None for value, there in zip(column.tolist(), column.notna().tolist(), strict=True)]
