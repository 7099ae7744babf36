"""What ``plan.yaml`` and ``endpoints.yaml`` declare, once read: every key has a value, its default where none is given.

The schemas say what each key may hold and why; a test holds the types to them.
"""

from __future__ import annotations

from typing import TypedDict


class DeclaredEntry(TypedDict):
    """A question of a plan: endpoints against a biomarker in a set of patients."""

    entry: str
    endpoints: list[str]
    biomarker: str
    signatures: list[str]
    categories: list[str]
    genes: list[str]
    columns: list[str]
    markers: list[str]
    set: str
    adjust_for: list[str]
    stratify_by_arm: bool
    interaction_with_arm: bool
    cut: str | float
    minimum_n: int
    minimum_events: int
    why: str


class DeclaredFamily(TypedDict):
    """A family of a plan: questions whose tests are adjusted for each other."""

    family: str
    tier: str
    multiplicity: str
    gate: str
    alpha_share: float
    entries: list[DeclaredEntry]


class DeclaredChange(TypedDict):
    """What a plan tests of the change under treatment."""

    family: str
    tier: str
    multiplicity: str
    contrasts: list[str]
    signatures: list[str]
    genes: list[str]
    endpoints: list[str]


class DeclaredExpression(TypedDict):
    """What a plan tests gene by gene."""

    contrasts: list[str]
    set: str
    adjust_for: list[str]
    smallest_group: int
    minimum_count: int
    smallest_gene_set: int
    largest_gene_set: int
    permutations: int


class DeclaredPlan(TypedDict):
    """``plan.yaml``."""

    seed: int
    permutations: int
    alpha: float
    smallest_group: int
    events_per_parameter: float
    rate_months: list[float]
    discrete_p: str
    restricted_mean_months: float
    landmark_days: list[int]
    subtype_order: list[str]
    all_treated: str
    biomarker_set: str
    baseline: list[str]
    subgroups: list[str]
    families: list[DeclaredFamily]
    change: DeclaredChange
    expression: DeclaredExpression


class DeclaredConfirmation(TypedDict):
    """When a response is confirmed."""

    minimum_days: int
    not_evaluable_between: int
    stable_between: int
    strict_minimum_days: int


class DeclaredStableDisease(TypedDict):
    """When a disease is stable."""

    minimum_days: int


class DeclaredLaterScans(TypedDict):
    """The interval of scans from a day on."""

    from_day: int
    interval_days: int


class DeclaredScans(TypedDict):
    """When scans are due, and how many may be missed."""

    interval_days: int
    window_days: int
    close_assessments: str
    missed_scans: int | None
    later: list[DeclaredLaterScans]


class DeclaredProgression(TypedDict):
    """What counts as progression, and what censors it."""

    primary: str
    sensitivity: str | None
    after_withdrawal: str
    date_of_sum: str
    equivocal_new_lesion: str
    new_node_below_10_mm: str
    radiotherapy: str
    radiotherapy_words: list[str]
    clinical: str


class DeclaredSafety(TypedDict):
    """Which adverse events count, and the dictionaries that code them."""

    end_window_days: int | None
    worsening: str
    stopped_words: list[str]
    delayed_words: list[str]
    cycle_days: int
    meddra_version: str | None
    ctcae_version: str | None


class DeclaredRules(TypedDict):
    """``endpoints.yaml``, as far as other rooms than `anpi.endpoints` read it."""

    reference: str
    data_cutoff: str | None
    confirmation: DeclaredConfirmation
    stable_disease: DeclaredStableDisease
    scans: DeclaredScans
    progression: DeclaredProgression
    adverse_events: DeclaredSafety
