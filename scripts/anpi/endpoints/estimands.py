"""PFS under every declared combination of strategies for intercurrent events (ICH E9 (R1))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import pandas as pd

from anpi.endpoints.derive import ending_words
from anpi.endpoints.evaluators import patients_read, suffix_of
from anpi.endpoints.immune import immune_outcome
from anpi.endpoints.observations import Observations, observe
from anpi.endpoints.progression import Handling, progression_free
from anpi.endpoints.readers import evaluator_names, primary_evaluator
from anpi.endpoints.rules import Rules
from anpi.endpoints.time_to_event import Outcome
from anpi.problems import Problem, refuse
from anpi.stats.survival import kaplan_meier
from anpi.tables.clinical import Clinical

MOST = 64
# What each strategy adds to the name of a variant where it is not that of the primary answer.
NAMES = {
    "new_therapy": {"censored": "therapy_censored", "counted": "therapy_counted", "event": "therapy_event"},
    "missed_scans": {"censored": "missed_censored", "counted": "missed_counted"},
    "withdrawal": {"censored": "withdrawal_censored", "counted": "withdrawal_counted"},
    "radiotherapy": {"new_therapy": "radiotherapy_new_therapy", "ignore": "radiotherapy_ignored"},
    "clinical_progression": {"no_event": "clinical_no_event", "event": "clinical_event"},
    "beyond_progression": {"recist": "recist", "irecist": "irecist"},
}
EVENTS = (*NAMES, "evaluator")
COLUMNS = ["variant", "days", *EVENTS, "n", "events", "median_days", "ci_low", "ci_high"]


@dataclass(frozen=True)
class Estimand:
    """A strategy for each intercurrent event, and the end of the columns: nothing for the primary answer."""

    strategies: Mapping[str, str]
    suffix: str


def primary_strategies(clinical: Clinical, rules: Rules) -> dict[str, str]:
    """Return the strategies of the primary answer, by the rules of ``progression``, ``scans`` and ``evaluator``."""
    progression = rules.settings["progression"]
    ema = progression["primary"] == "ema"
    held = {"count": "counted", "censor": "censored"}
    return {
        "new_therapy": "counted" if ema else "censored",
        "missed_scans": "counted" if ema or rules.schedule.missed is None else "censored",
        "withdrawal": "counted" if ema else held[progression["after_withdrawal"]],
        "radiotherapy": progression["radiotherapy"],
        "clinical_progression": progression["clinical"],
        "beyond_progression": "recist",
        "evaluator": primary_evaluator(clinical, rules) or "",
    }


def declared_estimands(clinical: Clinical, rules: Rules) -> list[Estimand]:
    """Return every combination of the strategies that ``estimands`` declares, the primary answer first."""
    primary = primary_strategies(clinical, rules)
    choices = [list(dict.fromkeys([primary[event], *rules.settings["estimands"][event]])) for event in EVENTS]
    found = []
    for strategies in product(*choices):
        chosen = dict(zip(EVENTS, strategies, strict=True))
        parts = [NAMES[event][chosen[event]] for event in NAMES if chosen[event] != primary[event]]
        if chosen["evaluator"] != primary["evaluator"]:
            parts.append(suffix_of(chosen["evaluator"]).strip("_"))
        found.append(Estimand(chosen, "_if_" + "_".join(parts) if parts else ""))
    return found


def check_estimands(clinical: Clinical, rules: Rules) -> None:
    """Refuse evaluators whom the tables do not have and more than 64 combinations.

    Raises
    ------
    InputError
        With every fault.
    """
    problems, names = [], evaluator_names(clinical)
    expected = f"one of {', '.join(names)}" if names else "none, as the tables name no evaluator"
    for name in rules.settings["estimands"]["evaluator"]:
        if name not in names:
            problems.append(Problem("endpoints.yaml", column="estimands.evaluator", found=name, expected=expected))
    count = len(declared_estimands(clinical, rules))
    if count > MOST:
        told, most = f"{count} combinations", f"at most {MOST}"
        problems.append(Problem("endpoints.yaml", column="estimands", found=told, expected=most))
    refuse(problems)


def handling(strategies: Mapping[str, str], rules: Rules) -> Handling:
    """Return how PFS takes intercurrent events under one combination."""
    primary = rules.handling(rules.settings["progression"]["primary"])
    counted = strategies["missed_scans"] == "counted"
    return replace(
        primary,
        schedule=replace(rules.schedule, missed=None) if counted else rules.schedule,
        new_therapy={"censored": "censor", "counted": "count", "event": "event"}[strategies["new_therapy"]],
        withdrawal={"censored": "censor", "counted": "count"}[strategies["withdrawal"]],
        clinical=strategies["clinical_progression"] == "event",
    )


class Observed:
    """The trial as it is seen under the strategies that change what is observed; each is looked at once."""

    def __init__(self, clinical: Clinical, rules: Rules, seen: Observations):
        self.clinical, self.rules = clinical, rules
        primary = primary_strategies(clinical, rules)
        self.seen_under = {(primary["radiotherapy"], primary["evaluator"]): (rules, seen)}

    def under(self, strategies: Mapping[str, str]) -> tuple[Rules, Observations]:
        key = strategies["radiotherapy"], strategies["evaluator"]
        if key not in self.seen_under:
            progression = self.rules.settings["progression"] | {"radiotherapy": key[0]}
            settings = {**self.rules.settings, "progression": progression, "evaluator": key[1] or None}
            rules = replace(self.rules, settings=settings)
            self.seen_under[key] = rules, observe(self.clinical, rules)
        return self.seen_under[key]


def estimand_columns(clinical: Clinical, seen: Observations, rules: Rules, patients: pd.Series) -> pd.DataFrame:
    """Return ``pfs_days_if_*``, ``pfs_event_if_*`` and ``pfs_reason_if_*`` of every combination but the primary one.

    Parameters
    ----------
    patients : Series
        Ids in the order of the rows. Who has no course, or no reading by the evaluator, has no time.
    """
    if clinical.assessments is None and clinical.lesions is None:
        return pd.DataFrame(index=patients.index)
    observed, primary = Observed(clinical, rules, seen), primary_strategies(clinical, rules)
    columns: dict[str, pd.Series] = {}
    for estimand in declared_estimands(clinical, rules):
        if not estimand.suffix:
            continue
        strategy_rules, view = observed.under(estimand.strategies)
        whole = estimand.strategies["evaluator"] == primary["evaluator"]
        read = set(patients) if whole else patients_read(view)
        found = [
            outcome_of(patient, estimand, strategy_rules, view) if patient in read else None for patient in patients
        ]
        columns |= as_columns(found, estimand, view, patients)
    return pd.DataFrame(columns, index=patients.index)


def outcome_of(patient: str, estimand: Estimand, rules: Rules, seen: Observations) -> Outcome | None:
    course, how = seen.courses.get(patient), handling(estimand.strategies, rules)
    if course is None:
        return None
    if estimand.strategies["beyond_progression"] == "irecist":
        return immune_outcome(seen.immune.get(patient, []), course, rules, how)[0]
    return progression_free(course, how)


def as_columns(
    found: list[Outcome | None], estimand: Estimand, seen: Observations, patients: pd.Series
) -> dict[str, pd.Series]:
    days = [None if outcome is None else outcome.day + 1 for outcome in found]
    events = [None if outcome is None else int(outcome.event) for outcome in found]
    unread = f"no reading by {estimand.strategies['evaluator']}"
    reasons = [
        (seen.facts.at[patient, "no_reference"] or unread)
        if outcome is None
        else ending_words(outcome, seen.courses[patient])
        for patient, outcome in zip(patients, found, strict=True)
    ]
    return {
        f"pfs_days{estimand.suffix}": pd.Series(days, index=patients.index, dtype="Int64"),
        f"pfs_event{estimand.suffix}": pd.Series(events, index=patients.index, dtype="Int64"),
        f"pfs_reason{estimand.suffix}": pd.Series(reasons, index=patients.index, dtype=object),
    }


def estimand_table(clinical: Clinical, endpoints: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return ``estimands.tsv``: each combination, its columns of ``endpoints.tsv`` and PFS of the treated under it."""
    rows = []
    treated = endpoints[endpoints["treated"] == "yes"]
    for estimand in declared_estimands(clinical, rules):
        days, event = f"pfs_days{estimand.suffix}", f"pfs_event{estimand.suffix}"
        if days not in endpoints:
            continue
        people = treated[treated[days].notna()]
        times, events = (people[column].to_numpy(dtype=float) for column in (days, event))
        curve = kaplan_meier(times, events, rules.settings["rates"]["confidence"])
        counts = {"n": len(people), "events": int(events.sum())}
        median = dict(zip(("median_days", "ci_low", "ci_high"), curve.median(), strict=True))
        name = {"variant": f"pfs{estimand.suffix}", "days": days}
        rows.append(name | dict(estimand.strategies) | counts | median)
    return pd.DataFrame(rows, columns=COLUMNS)
