"""The plan of tests: read, checked in words before anything runs. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pandas as pd

from anpi.problems import Problem, nearest, refuse
from anpi.tables.biomarkers import spoilt_numbers
from anpi.tables.names import is_unknown
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import check_forgiving, column_rule, load_schema, load_yaml
from anpi.trial.endpoints import NAMES, endpoint_columns, endpoint_kind, is_endpoint
from anpi.trial.sets import NAMES as SET_NAMES
from anpi.trial.sets import OF_EXPRESSION

LISTS = {
    "signatures": ("signatures", "categories"),
    "genes": ("genes",),
    "columns": ("columns",),
    "markers": ("markers",),
    "clearance": ("markers",),
}
DURING_TREATMENT = ("response", "immune_related", "clearance")  # what happens then and divides a patient's time
MOST_CELLS = 5  # of a column, that are told one by one
SAMPLE_COLUMNS = ("site", "batch", "specimen", "timepoint", "tumour_content")

Value = TypeVar("Value")


@dataclass(frozen=True)
class Entry:
    """One declared question: endpoints against a biomarker in a set of patients."""

    entry: str
    family: str
    tier: str
    endpoints: tuple[str, ...]
    biomarker: str
    signatures: tuple[str, ...]
    categories: tuple[str, ...]
    genes: tuple[str, ...]
    columns: tuple[str, ...]
    markers: tuple[str, ...]
    set: str
    adjust_for: tuple[str, ...]
    stratify_by_arm: bool
    interaction_with_arm: bool
    cut: str | float
    minimum_n: int
    minimum_events: int
    why: str


class Key(Generic[Value]):
    """A key of a plan, read from its settings."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, plan: Plan, owner: type) -> Value:
        found: Value = plan.settings[self.name]
        return found


@dataclass(frozen=True)
class Plan:
    """A checked plan.

    ``settings`` holds every key with its default filled in, ``multiplicity`` the method of each family, ``gates`` the
    family that must pass before it, ``shares`` its share of alpha: behind a gate at most that of the gate.
    """

    file: str
    settings: dict[str, Any]
    entries: tuple[Entry, ...]
    multiplicity: dict[str, str]
    gates: dict[str, str] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)

    seed = Key[int]()
    permutations = Key[int]()
    alpha = Key[float]()
    smallest_group = Key[int]()
    events_per_parameter = Key[float]()
    rate_months = Key[list[float]]()
    restricted_mean_months = Key[float]()
    discrete_p = Key[str]()
    landmark_days = Key[list[int]]()
    subtype_order = Key[list[str]]()
    all_treated = Key[str]()
    biomarker_set = Key[str]()
    baseline = Key[list[str]]()
    subgroups = Key[list[str]]()
    change = Key[dict[str, Any]]()
    expression = Key[dict[str, Any]]()

    def level(self, family: str) -> float:
        """Return the level at which the tests of a family are held: its share of alpha."""
        return self.alpha * self.shares.get(family, 1.0)

    def primary(self) -> Entry | None:
        """Return the first entry of the primary tier."""
        return next((entry for entry in self.entries if entry.tier == "primary"), None)


def read_plan(path: Path | str) -> Plan:
    """Read a plan and check its own keys, names and endpoints.

    Raises
    ------
    InputError
        Unknown keys and values with the nearest known ones, names given twice, a biomarker without its list.
    """
    plan, problems = read_forgiving(path)
    refuse(problems)
    return plan


def read_forgiving(path: Path | str) -> tuple[Plan, list[Problem]]:
    """Read a plan; one with faults is given without what is faulty, so that all else in it can still be checked.

    Returns
    -------
    plan : Plan
        With any problem, good for checks alone.
    problems : list of Problem
        Every fault that the plan shows by itself.
    """
    settings, problems = check_forgiving(load_yaml(path), load_schema("plan"), str(path))
    plan = build_plan(settings, str(path))
    return plan, problems + list(own_problems(plan))


def build_plan(settings: dict[str, Any], file: str) -> Plan:
    entries = []
    families = settings.setdefault("families", [])
    for place, family in enumerate(families, start=1):
        for number, entry in enumerate(family.setdefault("entries", []), start=1):
            whole = {
                "entry": f"{number} of family {family.get('family', place)}",
                "endpoints": [],
                "biomarker": "",
            } | entry
            whole |= {"family": family.get("family", ""), "tier": family.get("tier", "")}
            known: dict[str, Any] = {key: whole[key] for key in Entry.__dataclass_fields__}
            known |= {key: tuple(value) for key, value in known.items() if isinstance(value, list)}
            entries.append(Entry(**known))
    multiplicity = {family.get("family", ""): family["multiplicity"] for family in families}
    return Plan(file, settings, tuple(entries), multiplicity, family_gates(families), family_shares(families))


def family_gates(families: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the gate of each family that has one; by default secondary families wait for the primary one."""
    primary = next((family.get("family") for family in families if family.get("tier") == "primary"), None)
    gates = {}
    for family in families:
        automatic = primary if family.get("tier") == "secondary" else None
        gate = automatic if family["gate"] == "auto" else family["gate"]
        if gate not in (None, "none"):
            gates[family.get("family", "")] = gate
    return gates


def family_shares(families: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the share of alpha of each family; one behind a gate has by default what its gate hands on."""
    gates = family_gates(families)
    shares: dict[str, float] = {}
    for family in families:
        name = family.get("family", "")
        shares[name] = min(float(family["alpha_share"]), shares.get(gates.get(name, ""), 1.0))
    return shares


def own_problems(plan: Plan) -> Iterator[Problem]:
    """Find faults that the plan shows by itself."""
    families = plan.settings["families"]
    yield from repeated(plan.file, "families", [family["family"] for family in families if "family" in family])
    if plan.change["family"] in [family.get("family") for family in families]:
        expected = "a name that no other family has"
        yield Problem(plan.file, column="change.family", found=plan.change["family"], expected=expected)
    yield from repeated(plan.file, "entries", [entry.entry for entry in plan.entries])
    if len([family for family in families if family.get("tier") == "primary"]) > 1:
        yield Problem(plan.file, column="families", found="two families of tier primary", expected="one at most")
    yield from gate_problems(plan)
    for entry in plan.entries:
        key = f"entry {entry.entry}"
        for endpoint in entry.endpoints:
            if not is_endpoint(endpoint):
                yield unknown(plan.file, f"{key}, endpoints", endpoint, NAMES, "an endpoint that is derived")
        yield from list_problems(plan.file, key, entry)
        if entry.biomarker in DURING_TREATMENT:
            for endpoint in entry.endpoints:
                if endpoint_kind(endpoint) != "time":
                    expected = "a time to event (pfs, os)"
                    yield Problem(plan.file, column=f"{key}, endpoints", found=endpoint, expected=expected)
        if entry.cut != "none" and entry.biomarker in ("subtype", "arm", *DURING_TREATMENT):
            expected = "none: this biomarker has levels already"
            yield Problem(plan.file, column=f"{key}, cut", found=str(entry.cut), expected=expected)
        if entry.cut == "maximally_selected":
            for endpoint in entry.endpoints:
                if is_endpoint(endpoint) and endpoint_kind(endpoint) != "time":
                    expected = "a time to event where the cut is maximally selected"
                    yield Problem(plan.file, column=f"{key}, endpoints", found=endpoint, expected=expected)
        if entry.interaction_with_arm and entry.biomarker in ("arm", *DURING_TREATMENT):
            expected = "false for this biomarker"
            yield Problem(plan.file, column=f"{key}, interaction_with_arm", found="true", expected=expected)


def list_problems(file: str, key: str, entry: Entry) -> Iterator[Problem]:
    """Find a biomarker without the list of its names, and a list of another one."""
    own = LISTS.get(entry.biomarker, ())
    if own and not any(getattr(entry, name) for name in own):
        expected = f"a list under {' or '.join(own)}"
        yield Problem(file, column=key, found=f"biomarker {entry.biomarker} without a list", expected=expected)
    for name in dict.fromkeys(name for names in LISTS.values() for name in names):
        if entry.biomarker and name not in own and getattr(entry, name):
            kind = next(kind for kind, names in LISTS.items() if name in names)
            mend = f"Make a separate entry with biomarker: {kind}."
            found = f"{name} under biomarker {entry.biomarker}"
            yield Problem(file, column=key, found=found, expected=f"{name} left out", mend=mend)


def gate_problems(plan: Plan) -> Iterator[Problem]:
    """Find gates that are no family before their own, and shares of alpha that come to more than there is."""
    names = [family.get("family", "") for family in plan.settings["families"]]
    strange = [
        unknown(plan.file, f"family {name}, gate", plan.gates[name], names[:place], "a family that stands before it")
        for place, name in enumerate(names)
        if name in plan.gates and plan.gates[name] not in names[:place]
    ]
    yield from strange or share_problems(plan)


def share_problems(plan: Plan) -> Iterator[Problem]:
    """Find families with more of alpha than their gate hands on, alone or together."""
    for family in plan.settings["families"]:
        name, share = family.get("family", ""), float(family["alpha_share"])
        least = plan.shares[name]
        if least < share < 1:
            found = f"{share:g} behind {plan.gates[name]}, whose share is {least:g}"
            mend = "Leave alpha_share out: the family then has all that its gate hands on."
            column = f"family {name}, alpha_share"
            yield Problem(plan.file, column=column, found=found, expected=f"{least:g} at most", mend=mend)
    yield from sum_problems(plan)


def sum_problems(plan: Plan) -> Iterator[Problem]:
    """Find families that together have more of alpha than there is, or than the gate before them hands on.

    Exploratory families claim nothing and count for nothing: a family behind one has the alpha of what stands before.
    """
    tiers = {family.get("family", ""): family.get("tier") for family in plan.settings["families"]}
    behind: dict[str | None, list[str]] = {}
    for name in [name for name, tier in tiers.items() if tier != "exploratory"]:
        gate = plan.gates.get(name)
        while gate is not None and tiers[gate] == "exploratory":
            gate = plan.gates.get(gate)
        behind.setdefault(gate, []).append(name)
    for gate, names in behind.items():
        shares = [plan.shares[name] for name in names]
        if gate is None and any(share < 1 for share in shares) and sum(shares) > 1 + 1e-9:
            expected = "shares of the primary and secondary families without a gate that sum to 1 at most"
            found = f"a sum of {sum(shares):g}"
            yield Problem(plan.file, column="families, alpha_share", found=found, expected=expected)
        if gate is not None and sum(shares) > plan.shares[gate] + 1e-9:
            found = f"{' and '.join(names)} behind {gate}, with shares that sum to {sum(shares):g}"
            mend = "Give each its part by alpha_share, or let one wait for the other by gate."
            expected = f"a sum of {plan.shares[gate]:g} at most"
            yield Problem(plan.file, column="families, alpha_share", found=found, expected=expected, mend=mend)


def repeated(file: str, key: str, names: Sequence[str]) -> Iterator[Problem]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(file, column=key, found=f"{name} {names.count(name)} times", expected="each name once")


def unknown(file: str, key: str, found: str, known: Iterable[str], expected: str) -> Problem:
    """Find a name that is not among the known ones, and the nearest of them."""
    names = list(known)
    near = nearest(found, names)
    shown = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
    mend = f"Did you mean {near}?" if near else f"Known: {shown or 'none'}."
    return Problem(file, column=key, found=found, expected=expected, mend=mend)


def check_plan(
    plan: Plan,
    registry: pd.DataFrame | None = None,
    patients: pd.DataFrame | None = None,
    samples: pd.DataFrame | None = None,
    sets: Collection[str] = SET_NAMES,
    derived: Collection[str] | None = None,
    empty: Collection[str] = (),
    markers: Collection[str] | None = None,
) -> None:
    """Check a plan against the inputs it will meet; can be done at planning time, before any analysis.

    Parameters
    ----------
    registry : DataFrame, optional
        Signatures: columns ``id`` and ``category``.
    patients, samples : DataFrame, optional
        As read from patients.csv and samples.tsv (text or typed).
    sets : collection of str
        Names of analysis sets.
    derived : collection of str, optional
        Columns of endpoints.tsv, when it exists already.
    empty : collection of str
        Sets without a patient, when they are known already. A set that asks for expression may be empty (a run
        without RNA is a run): its entries are then reported as not tested.
    markers : collection of str, optional
        Markers of biomarkers.csv.

    Raises
    ------
    InputError
        Unknown signatures, categories, covariates or sets, covariates with one level, endpoints not derived.
    """
    problems = list(plan_problems(plan, registry, patients, samples, sets, derived, markers))
    refuse(problems + list(empty_set_problems(plan, empty)))


def plan_faults(
    path: Path | str,
    registry: pd.DataFrame,
    patients: pd.DataFrame | None,
    samples: pd.DataFrame | None,
    markers: Collection[str] | None = None,
) -> list[Problem]:
    """List every fault of a plan: of its own and against the inputs it will meet (see `check_plan`)."""
    plan, problems = read_forgiving(path)
    return problems + list(plan_problems(plan, registry, patients, samples, SET_NAMES, None, markers))


def empty_set_problems(plan: Plan, empty: Collection[str]) -> Iterator[Problem]:
    for entry in plan.entries:
        if entry.set in empty and entry.set not in OF_EXPRESSION:
            mend = "Check the table of sets, or name another set in the plan."
            yield Problem(
                plan.file,
                column=f"entry {entry.entry}, set",
                found=f"{entry.set}, which is empty",
                expected="a set with patients",
                mend=mend,
            )


def plan_problems(
    plan: Plan,
    registry: pd.DataFrame | None,
    patients: pd.DataFrame | None,
    samples: pd.DataFrame | None,
    sets: Collection[str],
    derived: Collection[str] | None,
    markers: Collection[str] | None = None,
) -> Iterator[Problem]:
    named_sets = {"all_treated": plan.all_treated, "biomarker_set": plan.biomarker_set}
    named_sets["expression, set"] = plan.expression["set"]
    named_sets |= {f"entry {entry.entry}, set": entry.set for entry in plan.entries}
    for key, name in named_sets.items():
        if name not in sets:
            yield unknown(plan.file, key, name, sorted(sets), "an analysis set")
    if patients is not None:
        known = [*dict.fromkeys([*patients.columns, *SAMPLE_COLUMNS])]
        optional = load_schema("plan")["properties"]["baseline"]["default"]
        for column in plan.expression["adjust_for"]:
            if column not in known:
                yield unknown(plan.file, "expression, adjust_for", column, known, "a column of patients or samples")
        for column in plan.baseline:
            if column not in [*known, *optional]:
                yield unknown(plan.file, "baseline", column, known, "a column of patients or samples")
    if registry is not None:
        ids = sorted(set(registry["id"].dropna()))
        for name in plan.change["signatures"]:
            if name not in ids:
                yield unknown(plan.file, "change, signatures", name, ids, "the id of a signature of the registry")
    for entry in plan.entries:
        key = f"entry {entry.entry}"
        if registry is not None:
            yield from signature_problems(plan.file, key, entry, registry)
        if patients is not None:
            for column in entry.columns:
                yield from column_problems(plan.file, f"{key}, columns", column, patients, None)
            for column in entry.adjust_for:
                yield from column_problems(plan.file, f"{key}, adjust_for", column, patients, samples)
        if markers is not None:
            for marker in sorted(set(entry.markers) - set(markers)):
                yield unknown(plan.file, f"{key}, markers", marker, sorted(markers), "a marker of biomarkers.csv")
        if derived is not None:
            for endpoint in entry.endpoints:
                lacking = [column for column in endpoint_columns(endpoint) if column not in derived]
                if lacking and is_endpoint(endpoint):
                    expected = f"columns {', '.join(lacking)} in the table of endpoints"
                    mend = "The endpoint was not derived: check endpoints.yaml, or take it out of the plan."
                    yield Problem(plan.file, column=f"{key}, endpoints", found=endpoint, expected=expected, mend=mend)


def signature_problems(file: str, key: str, entry: Entry, registry: pd.DataFrame) -> Iterator[Problem]:
    ids, categories = sorted(set(registry["id"].dropna())), sorted(set(registry["category"].dropna()))
    for name in entry.signatures:
        if name not in ids:
            yield unknown(file, f"{key}, signatures", name, ids, "the id of a signature of the registry")
    for name in entry.categories:
        if name != "all" and name not in categories:
            yield unknown(file, f"{key}, categories", name, ["all", *categories], "a category of the registry")


def column_problems(
    file: str, key: str, column: str, patients: pd.DataFrame, samples: pd.DataFrame | None
) -> Iterator[Problem]:
    """Find a column that is not there, or in which all patients are alike."""
    source = patients.attrs.get("file", "patients.csv")
    frame = patients
    if column not in patients.columns and column in SAMPLE_COLUMNS:
        if samples is None:
            return
        frame, source = samples, samples.attrs.get("file", "samples.tsv")
    if column not in frame.columns or not frame[column].notna().any():
        known = [name for name in frame.columns if name != "patient_id" and frame[name].notna().any()]
        yield unknown(file, key, column, known, f"a filled column of {source}")
        return
    levels = frame[column].dropna().astype(str).unique()
    if len(levels) == 1 and len(frame) > 1:
        mend = f"Take it out: a column in which all are alike ({levels[0]}) explains nothing."
        yield Problem(file, column=key, found=f"{column} with one level", expected="two levels or more", mend=mend)
    if all(column_rule(load_schema(table), column) is None for table in ("patients", "samples")):
        yield from cell_problems(source, frame[column])


def cell_problems(source: str, values: pd.Series) -> Iterator[Problem]:
    """Find cells of a column of one's own that would be a group beside numbers or names, and are none."""
    spoilt = {index: (text, expected) for index, text, expected in spoilt_numbers(values)}
    for index, text in values.dropna().astype(str).items():
        if is_unknown(text):
            spoilt.setdefault(index, (text, "a value, or nothing where none is known"))
    more = f" {len(spoilt)} cells are so." if len(spoilt) > MOST_CELLS else ""
    mend = f"The plan names the column: write numbers with a point, and leave empty what is not known.{more}"
    for index, (found, expected) in list(spoilt.items())[:MOST_CELLS]:
        row = int(index) + FIRST_DATA_ROW if isinstance(index, int) else None
        yield Problem(source, row=row, column=str(values.name), found=found, expected=expected, mend=mend)


def chosen_signatures(entry: Entry, registry: pd.DataFrame) -> list[str]:
    """Return ids of the signatures that an entry names, in the order of the registry."""
    wanted = set(entry.signatures)
    by_category = registry["category"].isin(entry.categories) | ("all" in entry.categories)
    return list(registry.loc[by_category | registry["id"].isin(wanted), "id"])
