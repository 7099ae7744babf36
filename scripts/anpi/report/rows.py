"""Rows of the tables of results by their columns, as the report words them; what is missing is NaN of a number."""

from __future__ import annotations

from typing import TypedDict


class Ratio(TypedDict):
    """An estimate with its interval."""

    estimate: float
    ci_low: float
    ci_high: float


class Comparison(TypedDict):
    """Who is compared in what: a group with the reference, or per standard deviation of a score (no ``level``)."""

    endpoint: str
    biomarker: str
    level: str | None
    reference: str | None
    effect: str


class ResultRow(Ratio, Comparison):
    """A row of ``association/results.tsv``, and of ``sensitivity.tsv``."""

    entry: str
    family: str
    tier: str
    set: str
    n: float
    events: float
    p: float
    p_adjusted: float
    method: str | None
    warning: str | None


class EstimandRow(Comparison):
    """A row of ``association/estimands.tsv``: a test or a ratio as declared, and its range over all estimands."""

    answers: float
    tested: float
    shown: float
    estimate: float
    estimate_low: float
    estimate_high: float
    ci_low_least: float
    ci_high_most: float
    p: float
    p_low: float
    p_high: float


class SubgroupRow(TypedDict):
    """A row of ``association/subgroups.tsv``, as far as its label goes."""

    variable: str
    subgroup: str
    biomarker: str
    level: str | None
    reference: str | None


class IncidenceRow(TypedDict):
    """A cumulative incidence of ``association/incidence.tsv`` with its interval."""

    events: float
    left_out: float
    incidence: float
    ci_low: float
    ci_high: float


class DetectableRow(TypedDict):
    """A row of ``association/detectable.tsv``: the hazard ratios that would have been shown, and their power."""

    endpoint: str
    biomarker: str
    level: str | None
    n: float
    total: float
    events: float
    alpha: float
    hr_above: float
    hr_below: float
    power_above: float
    power_below: float


class StripRow(Ratio):
    """A line of the robustness strip."""

    label: str
    words: str
    declared: bool
