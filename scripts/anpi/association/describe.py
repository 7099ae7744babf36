"""Estimates without tests: survival and response by group and by arm, and the coordinates of the curves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from anpi.association.groups import split_groups
from anpi.association.plan import DURING_TREATMENT, Plan
from anpi.association.question import Question, all_questions
from anpi.association.trial import Trial
from anpi.stats.exact import clopper_pearson
from anpi.stats.survival import SurvivalCurve, follow_up, kaplan_meier, restricted_mean
from anpi.trial.endpoints import BINARY, TIMES, endpoint_kind
from anpi.trial.times import DAYS_PER_MONTH

EVERYONE = "all"
EFFICACY = "efficacy"
BEST_RESPONSES = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")
CURVE_COLUMNS = (
    "entry",
    "endpoint",
    "biomarker",
    "set",
    "level",
    "kind",
    "time_days",
    "survival",
    "ci_low",
    "ci_high",
    "at_risk",
    "censored",
    "events",
)
GROUP_COLUMNS = ("entry", "endpoint", "biomarker", "set", "level")


def described_groups(
    plan: Plan, trial: Trial, registry: pd.DataFrame | None
) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Yield each group that is described: its names and its patients' outcome.

    The efficacy of the treated patients, together and by arm, comes first; then each grouped question of the plan.
    """
    members = trial.members(plan.all_treated)
    for endpoint in (*TIMES, *BINARY):
        outcome = trial.outcome(endpoint).loc[members].dropna()
        arms = trial.arms().loc[outcome.index]
        names = {"entry": EFFICACY, "endpoint": endpoint, "biomarker": "arm", "set": plan.all_treated}
        yield {**names, "level": EVERYONE}, outcome
        for arm in sorted(arms.unique()):
            yield {**names, "level": arm}, outcome[arms.eq(arm)]
    for question in all_questions(plan, trial, registry):
        if question.grouped and question.kind != "ordered":
            yield from question_groups(question, plan)


def question_groups(question: Question, plan: Plan) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    if question.entry.biomarker in DURING_TREATMENT:
        return
    names = dict(
        zip(
            GROUP_COLUMNS,
            (question.entry.entry, question.endpoint, question.biomarker, question.entry.set),
            strict=False,
        )
    )
    frame = question.frame
    yield {**names, "level": EVERYONE}, frame
    for level in split_groups(frame["marker"], plan, question.biomarker).levels:
        yield {**names, "level": level}, frame[frame["marker"].eq(level)]


def survival_table(plan: Plan, trial: Trial, registry: pd.DataFrame | None = None) -> pd.DataFrame:
    """Number, events, median, rates, restricted mean and follow-up of each described group, in months."""
    rows = [
        {**names, **survival_row(frame, plan)}
        for names, frame in described_groups(plan, trial, registry)
        if endpoint_kind(names["endpoint"]) == "time"
    ]
    columns = [*GROUP_COLUMNS, *survival_row(pd.DataFrame({"time": [], "event": []}), plan)]
    return pd.DataFrame(rows, columns=columns)


def survival_row(frame: pd.DataFrame, plan: Plan) -> dict[str, float]:
    curve = kaplan_meier(frame["time"], frame["event"])
    row: dict[str, float] = {"n": len(frame), "events": int(frame["event"].sum())}
    row |= triple("median_months", tuple(value / DAYS_PER_MONTH for value in curve.median()))
    for months in plan.rate_months:
        rate = curve.at(months * DAYS_PER_MONTH)
        row |= triple(f"rate_{months:g}m", rate if rate[0] < 1 else (rate[0], np.nan, np.nan))
    mean = restricted_mean(frame["time"], frame["event"], plan.restricted_mean_months * DAYS_PER_MONTH)
    values = np.array([mean.estimate, *mean.limits]) / DAYS_PER_MONTH
    row |= triple(f"rmst_{plan.restricted_mean_months:g}m", tuple(values))
    reverse = follow_up(frame["time"], frame["event"])
    return row | triple("follow_up_months", tuple(value / DAYS_PER_MONTH for value in reverse))


def triple(name: str, values: tuple[float, ...]) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def curve_table(plan: Plan, trial: Trial, registry: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return points of curves: ``kind`` step (curve and interval), censor (marks), risk (numbers below the axis)."""
    parts = []
    for names, frame in described_groups(plan, trial, registry):
        if endpoint_kind(names["endpoint"]) != "time" or frame.empty:
            continue
        longest = float(frame["time"].max())
        parts.append(curve_rows(kaplan_meier(frame["time"], frame["event"]), longest).assign(**names))
    empty = pd.DataFrame(columns=list(CURVE_COLUMNS))
    return pd.concat(parts)[list(CURVE_COLUMNS)].reset_index(drop=True) if parts else empty


def curve_rows(curve: SurvivalCurve, longest: float) -> pd.DataFrame:
    start = pd.DataFrame([("step", 0.0, 1.0, np.nan, np.nan)])
    steps = pd.DataFrame({0: "step", 1: curve.times, 2: curve.survival, 3: curve.low, 4: curve.high})
    marked = curve.censored > 0
    marks = pd.DataFrame({0: "censor", 1: curve.times[marked], 2: curve.survival[marked], 3: np.nan, 4: np.nan})
    drawn = pd.concat([start, steps, marks]).set_axis(["kind", "time_days", "survival", "ci_low", "ci_high"], axis=1)
    drawn["censored"] = [*[np.nan] * (len(steps) + 1), *curve.censored[marked]]
    spacing = 3 if longest <= 24 * DAYS_PER_MONTH else 6 if longest <= 60 * DAYS_PER_MONTH else 12
    grid = np.arange(0, longest / DAYS_PER_MONTH + spacing, spacing) * DAYS_PER_MONTH
    counts = pd.DataFrame([curve.risk_at(time) for time in grid], columns=["at_risk", "censored", "events"])
    return pd.concat([drawn, counts.assign(kind="risk", time_days=grid)])


def response_counts(plan: Plan, trial: Trial, registry: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return patients, responders, rate with exact interval, and best responses of each described group, by arm too."""
    best = trial.endpoints["bor"].fillna("NE") if "bor" in trial.endpoints.columns else None
    rows = []
    for names, frame in described_groups(plan, trial, registry):
        if endpoint_kind(names["endpoint"]) != "binary":
            continue
        arms = trial.arms().reindex(frame.index)
        split = names["biomarker"] != "arm" and trial.arms().nunique() > 1
        for arm in [EVERYONE, *(sorted(arms.unique()) if split else [])]:
            part = frame if arm == EVERYONE else frame[arms.eq(arm)]
            rows.append({**names, "arm": arm, **response_row(part["y"], best)})
    columns = [*GROUP_COLUMNS, "arm", "n", "yes", "rate", "ci_low", "ci_high", *BEST_RESPONSES]
    return pd.DataFrame(rows, columns=columns)


def response_row(y: pd.Series, best: pd.Series | None) -> dict[str, float]:
    yes, total = int(y.sum()), len(y)
    low, high = clopper_pearson(yes, total)
    row = {"n": total, "yes": yes, "rate": yes / total if total else np.nan, "ci_low": low, "ci_high": high}
    if best is not None:
        counts = best.reindex(y.index).value_counts()
        row |= {name: int(counts.get(name, 0)) for name in BEST_RESPONSES}
    return row
