"""The shape of a state: what an entry of the ledger keeps of a run.

Keys that came later lack in the states of earlier versions; who reads them asks by ``get``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from anpi.trial.declared import DeclaredPlan, DeclaredRules

TableRow = dict[str, str]  # of a table of results, as texts; what is missing lacks


class PatientState(TypedDict):
    """A patient: arm, sample of the analyses, sets, and digests of the cells and rows of the clinical tables."""

    arm: str | None
    sample: str | None
    sets: list[str]
    reason_out: str | None
    columns: dict[str, str]
    rows: dict[str, list[str]]
    lesions: NotRequired[int]


class SampleState(TypedDict, total=False):
    """A sample of the sheet; one that takes no part has no more than the first three."""

    patient: str
    used: bool
    columns: dict[str, str]
    reads: str | None
    genes: str | None
    verdict: str | None
    reasons: str | None
    subtype: str | None
    call: str | None
    call_reason: str | None
    model: str
    probabilities: str
    scores: str | None


class Ranges(TypedDict):
    """What a delivery is known again by.

    ``latest`` date by table, ``units`` (of expression, and of markers as lists), ``medians`` of what has no column for
    its unit.
    """

    latest: dict[str, str]
    units: dict[str, str | list[str] | None]
    medians: dict[str, float]


class State(TypedDict):
    """What a run is made from and what it found; ``settings`` is the config."""

    format: int
    software: dict[str, str | None]
    settings: Mapping[str, Any]
    rules: DeclaredRules
    plan: DeclaredPlan
    inputs: dict[str, str]
    reference: str | None
    models: list[str]
    delivery: Ranges
    patients: dict[str, PatientState]
    samples: dict[str, SampleState]
    endpoints: dict[str, TableRow]
    attrition: dict[str, str | None]
    rates: list[TableRow]
    survival: list[TableRow]
    results: list[TableRow]
