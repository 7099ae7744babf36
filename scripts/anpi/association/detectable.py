"""What effects the tests of survival could have shown with the patients and events that there were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.association.groups import Groups, split_groups
from anpi.association.plan import DURING_TREATMENT, Plan
from anpi.association.question import Question, Row, all_questions
from anpi.association.trial import Trial
from anpi.stats.power import (
    detectable_by_simulation,
    detectable_hazard_ratio,
    detectable_hazard_ratio_per_sd,
    simulated_power,
)
from anpi.trial.results import INTERACTION

COLUMNS = (
    "entry",
    "endpoint",
    "biomarker",
    "level",
    "n",
    "total",
    "events",
    "alpha",
    "hr_below",
    "power_below",
    "hr_above",
    "power_above",
    "method",
)
STEPPED = ("holm", "bh")  # the least p of m tests is held against alpha / m
POWER = 0.8
MOST_SIMULATED = 1000
TRIALS = 2000


def detectable_table(plan: Plan, trial: Trial, registry: pd.DataFrame | None, rows: list[Row]) -> pd.DataFrame:
    """Return hazard ratios that would be shown with 80% power, for primary and secondary time-to-event questions.

    Parameters
    ----------
    rows : list of Row
        The answers of `anpi.association.engine.run_plan`. A question whose test was not made shows nothing, however
        large an effect is.

    Returns
    -------
    DataFrame
        One row a tested group (against the others; of two groups one row, the other's is its reciprocal), or one for a
        score (a standard deviation). ``alpha`` is the level (see `level_alone`). ``hr_below`` and ``hr_above`` are the
        ratios nearest to 1 that would be shown; NA where none would, however far from 1. ``power_below`` and
        ``power_above`` are their power in trials drawn afresh; NA where a formula gave them.
    """
    made = [row for row in rows if row.role == "test" and np.isfinite(row.p)]
    asked = {(row.entry, row.endpoint, row.biomarker) for row in made if row.effect != INTERACTION}
    found: list[dict[str, object]] = []
    for question in all_questions(plan, trial, registry, ("primary", "secondary")):
        timed = question.kind == "time" and question.entry.biomarker not in DURING_TREATMENT
        timed = timed and question.entry.cut != "maximally_selected"
        if timed and (question.entry.entry, question.endpoint, question.biomarker) in asked:
            alpha = level_alone(plan, question.entry.family, made)
            names = {"entry": question.entry.entry, "endpoint": question.endpoint, "biomarker": question.biomarker}
            of_question = detectable_groups if question.grouped else detectable_score
            found += [{**names, "alpha": alpha, **row} for row in of_question(question, plan, alpha)]
    return pd.DataFrame(found, columns=list(COLUMNS))


def level_alone(plan: Plan, family: str, made: list[Row]) -> float:
    """Return the level at which a test of a family is shown whatever its other tests give.

    The family's level, divided among its tests where they are adjusted for each other. A fixed sequence has the whole
    level for each, once those before it are shown.
    """
    count = sum(row.family == family for row in made) if plan.multiplicity[family] in STEPPED else 1
    return plan.level(family) / count


def detectable_groups(question: Question, plan: Plan, alpha: float) -> list[dict[str, object]]:
    groups = split_groups(question.frame["marker"], plan, question.biomarker)
    frame = question.frame[question.frame["marker"].isin(groups.tested)]
    events = int(frame["event"].sum())
    if len(groups.tested) < 2 or not events:
        return []
    sizes = frame["marker"].value_counts()
    few = len(frame) <= MOST_SIMULATED
    found = simulated(question, frame, plan, alpha) if few else by_formula(frame, groups, alpha)
    shown = groups.tested[1:] if len(groups.tested) == 2 else groups.tested
    return [
        {"level": level, "n": int(sizes[level]), "total": len(frame), "events": events, **found[level]}
        for level in groups.levels
        if level in shown
    ]


def simulated(question: Question, frame: pd.DataFrame, plan: Plan, alpha: float) -> dict[object, dict[str, object]]:
    """Find the ratios of each group, or of a score, by simulation, and their power with other random numbers."""
    data = frame["time"], frame["event"], frame["marker"], frame["arm"].to_numpy() if question.stratified else None
    score = not question.grouped
    ratios = detectable_by_simulation(*data, alpha, POWER, TRIALS, plan.seed, score)
    power = simulated_power(data, ratios, alpha, TRIALS, plan.seed + 1, score)
    at_hand = "values of the score" if score else "group sizes"
    method = f"simulation of {TRIALS} trials with these {at_hand}, hazards and follow-up"
    method += "; a standard deviation" if score else ""
    return {
        group: {
            "hr_below": below,
            "power_below": power[group][0],
            "hr_above": above,
            "power_above": power[group][1],
            "method": method,
        }
        for group, (below, above) in ratios.items()
    }


def by_formula(frame: pd.DataFrame, groups: Groups, alpha: float) -> dict[object, dict[str, object]]:
    events, df = int(frame["event"].sum()), len(groups.tested) - 1
    found: dict[object, dict[str, object]] = {}
    for level in groups.tested:
        share = float(frame["marker"].eq(level).mean())
        ratio = detectable_hazard_ratio(events, share, df, alpha, POWER)
        found[level] = {"hr_below": 1 / ratio, "hr_above": ratio, "method": "Schoenfeld's formula"}
    return found


def detectable_score(question: Question, plan: Plan, alpha: float) -> list[dict[str, object]]:
    events, total = int(question.frame["event"].sum()), len(question.frame)
    row = {"level": None, "n": total, "total": total, "events": events}
    if total <= MOST_SIMULATED:
        return [row | simulated(question, question.frame, plan, alpha)[None]]
    ratio = detectable_hazard_ratio_per_sd(events, alpha, POWER)
    method = "formula of Hsieh and Lavori, a standard deviation"
    return [row | {"hr_below": 1 / ratio, "hr_above": ratio, "method": method}]
