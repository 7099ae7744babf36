"""What effects the tests of survival could have shown with the patients and events that there were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.association.groups import Groups, split_groups
from anpi.association.plan import DURING_TREATMENT, Plan
from anpi.association.question import Question, all_questions
from anpi.association.trial import Trial
from anpi.stats.power import (
    detectable_by_simulation,
    detectable_hazard_ratio,
    detectable_hazard_ratio_per_sd,
    simulated_power,
)

COLUMNS = (
    "entry",
    "endpoint",
    "biomarker",
    "level",
    "n",
    "total",
    "events",
    "hr_below",
    "power_below",
    "hr_above",
    "power_above",
    "method",
)
POWER = 0.8
MOST_SIMULATED = 1000
TRIALS = 2000


def detectable_table(plan: Plan, trial: Trial, registry: pd.DataFrame | None) -> pd.DataFrame:
    """Return hazard ratios that would be shown with 80% power, for primary and secondary time-to-event questions.

    Returns
    -------
    DataFrame
        One row a tested group (against the others; of two groups one row, the other's is its reciprocal), or one for a
        score (a standard deviation). ``hr_below`` and ``hr_above`` are the ratios nearest to 1 that would be shown; NA
        where none would, however far from 1. ``power_below`` and ``power_above`` are their power in trials drawn
        afresh; NA where a formula gave them.
    """
    rows: list[dict[str, object]] = []
    for question in all_questions(plan, trial, registry, ("primary", "secondary")):
        timed = question.kind == "time" and question.entry.biomarker not in DURING_TREATMENT
        timed = timed and question.entry.cut != "maximally_selected"
        if timed and question.obstacle is None:
            names = {"entry": question.entry.entry, "endpoint": question.endpoint, "biomarker": question.biomarker}
            found = detectable_groups(question, plan) if question.grouped else detectable_score(question, plan)
            rows += [{**names, **row} for row in found]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def detectable_groups(question: Question, plan: Plan) -> list[dict[str, object]]:
    groups = split_groups(question.frame["marker"], plan, question.biomarker)
    frame = question.frame[question.frame["marker"].isin(groups.tested)]
    events = int(frame["event"].sum())
    if len(groups.tested) < 2 or not events:
        return []
    sizes = frame["marker"].value_counts()
    few = len(frame) <= MOST_SIMULATED
    found = simulated(question, frame, plan) if few else by_formula(question, frame, groups, plan)
    shown = groups.tested[1:] if len(groups.tested) == 2 else groups.tested
    return [
        {"level": level, "n": int(sizes[level]), "total": len(frame), "events": events, **found[level]}
        for level in groups.levels
        if level in shown
    ]


def simulated(question: Question, frame: pd.DataFrame, plan: Plan) -> dict[object, dict[str, object]]:
    """Find the ratios of each group by simulation, and their power with other random numbers."""
    data = frame["time"], frame["event"], frame["marker"], frame["arm"].to_numpy() if question.stratified else None
    level = plan.level(question.entry.family)
    ratios = detectable_by_simulation(*data, level, POWER, TRIALS, plan.seed)
    power = simulated_power(data, ratios, level, TRIALS, plan.seed + 1)
    method = f"simulation of {TRIALS} trials with these group sizes, hazards and follow-up"
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


def by_formula(question: Question, frame: pd.DataFrame, groups: Groups, plan: Plan) -> dict[object, dict[str, object]]:
    events, df = int(frame["event"].sum()), len(groups.tested) - 1
    found: dict[object, dict[str, object]] = {}
    for level in groups.tested:
        share = float(frame["marker"].eq(level).mean())
        ratio = detectable_hazard_ratio(events, share, df, plan.level(question.entry.family), POWER)
        found[level] = {"hr_below": 1 / ratio, "hr_above": ratio, "method": "Schoenfeld's formula"}
    return found


def detectable_score(question: Question, plan: Plan) -> list[dict[str, object]]:
    events, total = int(question.frame["event"].sum()), len(question.frame)
    ratio = detectable_hazard_ratio_per_sd(events, plan.level(question.entry.family), POWER)
    if not np.isfinite(ratio):
        return []
    row = {"n": total, "total": total, "events": events, "hr_below": 1 / ratio, "hr_above": ratio}
    return [{"level": None, **row, "method": "formula of Hsieh and Lavori, a standard deviation"}]
