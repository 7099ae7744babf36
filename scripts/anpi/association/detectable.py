"""What effects the tests of survival could have shown with the patients and events that there were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.association.groups import split_groups
from anpi.association.plan import Plan
from anpi.association.question import Question, all_questions
from anpi.association.trial import Trial
from anpi.stats.power import detectable_by_simulation, detectable_hazard_ratio, detectable_hazard_ratio_per_sd

COLUMNS = ("entry", "endpoint", "biomarker", "level", "n", "total", "events", "hr_below", "hr_above", "method")
POWER = 0.8
MOST_SIMULATED = 200
TRIALS = 500


def detectable_table(plan: Plan, trial: Trial, registry: pd.DataFrame | None) -> pd.DataFrame:
    """Hazard ratios that would be shown with 80 % power, for primary and secondary time-to-event questions.

    Returns
    -------
    DataFrame
        One row a tested group (against the others), or one for a score (a standard deviation). ``hr_below`` and
        ``hr_above`` are the ratios nearest to 1 that would be shown; NA where none would, however far from 1.
    """
    rows: list[dict[str, object]] = []
    for question in all_questions(plan, trial, registry):
        timed = question.kind == "time" and question.entry.biomarker not in ("response", "immune_related")
        timed = timed and question.entry.cut != "maximally_selected"
        if timed and question.entry.tier != "exploratory" and question.obstacle is None:
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
    if events <= MOST_SIMULATED:
        strata = frame["arm"].to_numpy() if question.stratified else None
        data = frame["time"], frame["event"], frame["marker"], strata
        ratios = detectable_by_simulation(*data, plan.alpha, POWER, TRIALS, plan.seed)
        method = f"simulation of {TRIALS} trials given the times and group sizes"
    else:
        above = {
            level: detectable_hazard_ratio(events, sizes[level] / len(frame), len(groups.tested) - 1, plan.alpha, POWER)
            for level in groups.tested
        }
        ratios = {level: (1 / ratio, ratio) for level, ratio in above.items()}
        method = "Schoenfeld's formula"
    return [
        {
            "level": level,
            "n": int(sizes[level]),
            "total": len(frame),
            "events": events,
            "hr_below": ratios[level][0],
            "hr_above": ratios[level][1],
            "method": method,
        }
        for level in groups.levels
        if level in groups.tested
    ]


def detectable_score(question: Question, plan: Plan) -> list[dict[str, object]]:
    events, total = int(question.frame["event"].sum()), len(question.frame)
    ratio = detectable_hazard_ratio_per_sd(events, plan.alpha, POWER)
    if not np.isfinite(ratio):
        return []
    row = {"n": total, "total": total, "events": events, "hr_below": 1 / ratio, "hr_above": ratio}
    return [{"level": None, **row, "method": "formula of Hsieh and Lavori, a standard deviation"}]
