"""The results of a run as the report reads them; a table that the run does not have is None."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anpi.files.checksums import hash_file
from anpi.files.intact import read_json
from anpi.files.shipped import REGISTRY, ROOT
from anpi.report.inputs import GENES, NEEDED, STATEMENTS, expected_tables
from anpi.report.numbers import has_value
from anpi.tables.matrices import read_matrix
from anpi.tables.reading import read_facts, read_table
from anpi.tables.schema import read_settings
from anpi.tables.targets import read_target_table
from anpi.trial.compared import Comparison
from anpi.trial.declared import DeclaredPlan, DeclaredRules
from anpi.trial.subtypes import CALLED

MOST_DRAWN = 300  # patients a figure: more can neither be seen nor pointed at
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ENDS = ("treatment_end", "death", "last_alive")


@dataclass(frozen=True)
class Given:
    """What a report is made from.

    Parameters
    ----------
    results : Path
        Folder of the run's results.
    patients, samples, adverse_events, therapies : Path or None
        The user's tables, those that the run has.
    plan, rules : Path
        ``plan.yaml`` and ``endpoints.yaml``.
    title : str
        What heads the report.
    thresholds : dict
        Limits to warn and to fail of each QC metric.
    links : dict
        Where other pages are, as seen from the report: ``multiqc``.
    carry : frozenset of str
        Extra columns that go along into the workbook.
    user_targets : Path or None
        The user's list of targets.
    alignments : bool
        Alignments were measured; what stands in the folder of one else is of an earlier run.
    """

    results: Path
    patients: Path
    plan: Path
    rules: Path
    title: str
    samples: Path | None = None
    adverse_events: Path | None = None
    therapies: Path | None = None
    thresholds: dict[str, tuple[float, float]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    carry: frozenset[str] = frozenset()
    user_targets: Path | None = None
    alignments: bool = True


@dataclass
class Run:
    """All that the report knows of a run: ``tables`` by the names of `inputs.TABLES`, and the inputs beside them."""

    title: str
    patients: pd.DataFrame
    plan: DeclaredPlan
    rules: DeclaredRules
    tables: dict[str, pd.DataFrame]
    samples: pd.DataFrame | None = None
    adverse_events: pd.DataFrame | None = None
    therapies: pd.DataFrame | None = None
    statements: dict[str, Any] = field(default_factory=dict)
    thresholds: dict[str, tuple[float, float]] = field(default_factory=dict)
    registry: pd.DataFrame | None = None
    links: dict[str, str] = field(default_factory=dict)
    changes: Comparison | None = None
    genes: pd.DataFrame | None = None
    targets: pd.DataFrame = field(default_factory=read_target_table)
    declared: str = ""
    carry: frozenset[str] = frozenset()
    _places: dict[tuple[str, str], dict[Any, Any]] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a table; None when the run has none or it has no row."""
        frame = self.tables.get(name)
        return None if frame is None or frame.empty else frame

    @cached_property
    def people(self) -> pd.DataFrame:
        """One row a patient (index ``patient_id``, sorted): baseline, sets, chosen sample, call, endpoints.

        ``group`` is A, N, P or I for a confident or lean call, ``mixed``, ``none`` for a sample without a call, and
        missing for a patient without a sample.
        """
        frame = self.patients.set_index("patient_id").sort_index()
        sets = self.tables["sets"].set_index("patient_id").reindex(frame.index)
        endpoints = self.tables["endpoints"].set_index("patient_id").reindex(frame.index)
        fresh = [c for c in endpoints if c not in sets]
        frame = frame.drop(columns=[c for c in frame if c in sets or c in endpoints]).join(sets).join(endpoints[fresh])
        frame["arm"] = self.patients.set_index("patient_id")["arm"]
        calls = self.table("calls")
        if calls is None:
            return frame.assign(group=None, call=None, subtype=None)
        chosen = calls.set_index("sample_id").reindex(frame["sample_id"]).set_axis(frame.index)
        return frame.assign(group=call_groups(chosen), call=chosen["call"], subtype=chosen["subtype"])

    @cached_property
    def sample_patients(self) -> pd.Series:
        """Patient of each sample: from the sample sheet, else from the analysis sets."""
        if self.samples is not None:
            return self.samples.set_index("sample_id")["patient_id"]
        sets = self.tables["sets"].dropna(subset=["sample_id"])
        return sets.set_index("sample_id")["patient_id"]

    @cached_property
    def drawn(self) -> frozenset[str]:
        """Patients that figures with a mark a patient draw: all, or as many as a figure bears, evenly spaced by id."""
        ids = [str(patient) for patient in self.people.index]
        if len(ids) <= MOST_DRAWN:
            return frozenset(ids)
        return frozenset(ids[place] for place in np.linspace(0, len(ids) - 1, MOST_DRAWN).round().astype(int))

    def is_drawn(self, patients: pd.Series | pd.Index) -> pd.Series:
        """Return which rows belong to a patient whom figures draw."""
        return patients.astype(str).isin(self.drawn)

    @cached_property
    def samples_of(self) -> dict[str, list[str]]:
        """Samples of each patient, in the order of the sheet."""
        found: dict[str, list[str]] = {}
        for sample, patient in self.sample_patients.items():
            found.setdefault(str(patient), []).append(str(sample))
        return found

    @cached_property
    def signature_names(self) -> dict[str, str]:
        return {} if self.registry is None else dict(zip(self.registry["id"], self.registry["name"], strict=True))

    def rows(self, name: str, column: str, value: object) -> pd.DataFrame | None:
        """Return the rows of a table in which a column has a value; None where the run has none."""
        frame = self.table(name)
        if frame is None or not has_value(value):
            return None
        if (name, column) not in self._places:
            self._places[name, column] = frame.groupby(frame[column].astype(str), sort=False).indices
        places = self._places[name, column].get(str(value))
        return None if places is None else frame.take(places)

    def members(self, name: str) -> pd.DataFrame:
        """Return rows of `people` that belong to an analysis set."""
        return self.people[self.people[name].eq("yes")] if name in self.people else self.people.iloc[:0]


def call_groups(calls: pd.DataFrame) -> pd.Series:
    """Return the group under which a call is shown (A, N, P, I, mixed, none; missing without a sample)."""
    group = calls["subtype"].where(calls["call"].isin(CALLED), calls["call"])
    return group.astype(object).where(group.notna(), None)


def read_run(given: Given) -> Run:
    """Read the tables below a folder of results by their contracted names.

    Raises
    ------
    InputError
        A table that every run has is missing, or an input is not what its schema says.
    """
    results = given.results
    expected = expected_tables(given.samples is not None, given.adverse_events is not None, given.alignments)
    found = {n: results / p for n, p in expected.items() if n in NEEDED or (results / p).is_file()}
    statements, changes = results / STATEMENTS, results / "ledger" / "changes.json"
    people = plain(read_table(given.patients, "patients"))
    others = {
        name: plain(read_table(path, name)) if path else None
        for name, path in (
            ("samples", given.samples),
            ("adverse_events", given.adverse_events),
            ("therapies", given.therapies),
        )
    }
    therapies = others["therapies"]
    return Run(
        title=clean(given.title),
        patients=people,
        plan=read_settings(given.plan, "plan"),
        rules=read_settings(given.rules, "endpoints"),
        tables={name: plain(read_facts(path)) for name, path in found.items()},
        samples=others["samples"],
        adverse_events=others["adverse_events"],
        therapies=None if therapies is None else therapy_days(therapies, people),
        statements=read_json(statements) if statements.is_file() else {},
        thresholds=given.thresholds,
        registry=read_facts(REGISTRY) if REGISTRY.is_file() else None,
        links=given.links,
        genes=read_genes(results) if given.samples else None,
        changes=read_json(changes) if changes.is_file() else None,
        carry=given.carry,
        targets=read_target_table(users=given.user_targets),
        declared=f"Plan: {settings_words(given.plan)}. Rules of endpoints: {settings_words(given.rules)}.",
    )


def read_genes(results: Path) -> pd.DataFrame | None:
    """Read all genes in TPM: ``gene_id``, ``symbol``, then one column per sample; None where the run has none."""
    paths = [results / name for name in GENES]
    if not all(path.is_file() for path in paths):
        return None
    matrix, genes = read_matrix(paths[0]), read_facts(paths[1])
    if matrix.empty:
        return None
    values = matrix.reset_index()
    symbols = values["gene_id"].map(genes.drop_duplicates("gene_id").set_index("gene_id")["symbol"])
    values.insert(1, "symbol", [clean(str(symbol)) if has_value(symbol) else None for symbol in symbols])
    return values


def settings_words(path: Path) -> str:
    """Name a file of settings without its place, with its SHA-256, and say when it is as anpi ships it."""
    sha256, shipped = hash_file(path), ROOT / "config" / path.name
    same = shipped.is_file() and hash_file(shipped) == sha256
    return f"{path.name}{' as shipped' if same else ''}, SHA-256 {sha256[:12]}…"


def end_days(row: Mapping[str, Any] | pd.Series) -> dict[str, float]:
    """Return study days of the ends of a course, from dates or from study days."""
    start = row.get("treatment_start_date")
    found = {}
    for name in ENDS:
        day: Any = row.get(f"{name}_day")
        date: Any = row.get(f"{name}_date")
        if has_value(day):
            found[name] = float(day)
        elif has_value(date) and has_value(start):
            found[name] = float((pd.Timestamp(date) - pd.Timestamp(start)).days + 1)
    os_days: Any = row.get("os_days")
    if "death" not in found and row.get("os_event") == 1 and has_value(os_days):
        found["death"] = float(os_days)
    return found


def therapy_days(therapies: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
    """Return ``patient_id`` and ``start_day`` (study day) of each subsequent therapy whose day is known."""
    if "start_day" in therapies:
        day = numbers_of(therapies, "start_day")
    elif "treatment_start_date" in patients:
        start = therapies["patient_id"].map(patients.set_index("patient_id")["treatment_start_date"])
        day = (pd.to_datetime(therapies["start_date"]) - pd.to_datetime(start)).dt.days + 1.0
    else:
        day = pd.Series(np.nan, index=therapies.index)
    return pd.DataFrame({"patient_id": therapies["patient_id"], "start_day": day}).dropna().reset_index(drop=True)


def clean(text: str) -> str:
    """Replace characters that neither XML nor a workbook can hold."""
    return CONTROL.sub("\ufffd", text)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Clean all texts of a table, None for what is missing."""
    fixed = frame.copy()
    for column in fixed.columns:
        if fixed[column].dtype == object:
            fixed[column] = list(clean_values(fixed[column]))
    return fixed


def clean_values(column: pd.Series) -> Iterator[object]:
    """Clean the texts of a column, each of its words once."""
    known: dict[str, str] = {}
    for value in column:
        if type(value) is str:
            yield known.get(value) or known.setdefault(value, clean(value))
        elif type(value) is float and value != value:  # most of them; told without a question to pandas
            yield None
        else:
            yield value if has_value(value) else None


def numbers_of(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as floats, all missing where the table has no such column."""
    if column not in frame:
        return pd.Series(np.nan, index=frame.index)
    return pd.to_numeric(frame[column], errors="coerce").astype(float)
