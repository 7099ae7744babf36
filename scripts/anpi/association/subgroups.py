"""The primary answer within subgroups of patients, for a forest plot; described, never tested one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from anpi.association.groups import split_groups, standardised
from anpi.association.plan import Plan
from anpi.association.question import Question, all_questions
from anpi.association.response import fit_odds
from anpi.association.time_to_event import added_test, fit_hazards, strata_of
from anpi.association.trial import Trial
from anpi.stats.newton import RegressionFit
from anpi.words.lists import listed, plural

MOST_LEVELS = 5
COLUMNS = (
    "entry",
    "endpoint",
    "biomarker",
    "variable",
    "subgroup",
    "level",
    "reference",
    "n",
    "events",
    "effect",
    "estimate",
    "ci_low",
    "ci_high",
    "interaction_p",
    "warning",
)


def subgroup_table(plan: Plan, trial: Trial, registry: pd.DataFrame | None) -> pd.DataFrame:
    """Return effects of the primary biomarker within each subgroup that the plan names.

    Returns
    -------
    DataFrame
        One row a variable, subgroup and compared group; ``interaction_p`` is that of biomarker x variable, the same in
        all rows of a variable, unadjusted: a subgroup whose interval excludes 1 is no finding.
    """
    rows: list[dict[str, object]] = []
    for question in all_questions(plan, trial, registry, ("primary",)):
        if question.kind != "ordered" and question.obstacle is None:
            main = main_columns(question, plan)
            for name in plan.subgroups:
                rows += variable_rows(question, main, name, trial, plan)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def main_columns(question: Question, plan: Plan) -> pd.DataFrame:
    """Return columns of the biomarker: a 0/1 column each tested group but the reference, or the score by its SD."""
    marker = question.frame["marker"]
    if not question.grouped:
        return standardised(marker).rename("score").to_frame().dropna()
    groups = split_groups(marker, plan, question.biomarker)
    return groups.dummies(marker[marker.isin(groups.tested)])


def variable_rows(
    question: Question, main: pd.DataFrame, name: str, trial: Trial, plan: Plan
) -> Iterator[dict[str, object]]:
    """Return rows of one variable, none where all patients are alike in it or it is not known."""
    levels = subgroup_levels(trial.arms() if name == "arm" else trial.covariate(name)).reindex(main.index)
    shown = sorted(levels.dropna().unique())
    if main.empty or len(shown) < 2:
        return
    p = interaction(question, main, levels, name == "arm" and question.stratified, plan)
    reference = None
    if question.grouped:
        reference = split_groups(question.frame["marker"], plan, question.biomarker).reference
    for subgroup in shown:
        inside = levels.index[levels.eq(subgroup)]
        fit = fit_subgroup(question, main.loc[inside], plan)
        outcome = question.frame.loc[inside, "event" if question.kind == "time" else "y"]
        for column in main:
            row = {"variable": name, "subgroup": subgroup, "level": column if question.grouped else None}
            row |= {"entry": question.entry.entry, "endpoint": question.endpoint, "biomarker": question.biomarker}
            row |= {"reference": reference, "n": len(inside), "events": int(outcome.sum()), "interaction_p": p}
            yield row | estimate(question, fit, str(column), len(inside), plan)


def subgroup_levels(values: pd.Series) -> pd.Series:
    """Return levels of a variable as text; an amount with many values is split at its median."""
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > MOST_LEVELS:
        middle = values.median()
        words = np.where(values > middle, f"above {middle:g}", f"at most {middle:g}")
        return pd.Series(words, index=values.index, dtype=object).where(values.notna())
    if pd.api.types.is_numeric_dtype(values):
        return values.map(lambda value: f"{value:g}", na_action="ignore").astype(object)
    return values.astype("string").astype(object).where(values.notna())


def estimate(question: Question, fit: RegressionFit | None, column: str, count: int, plan: Plan) -> dict[str, object]:
    if fit is None or column not in fit.terms:
        few = f"{plural(count, 'patient')}, fewer than {plan.smallest_group}: not estimated"
        return {"warning": few if count < plan.smallest_group else "too little in this subgroup to estimate"}
    ratio = "HR" if question.kind == "time" else "OR"
    value, low, high, _ = fit.ratio(column)
    left_out = question.entry.adjust_for
    return {
        "effect": ratio if question.grouped else f"{ratio} per SD",
        "estimate": value,
        "ci_low": low,
        "ci_high": high,
        "warning": f"not adjusted for {listed(left_out, len(left_out))}" if left_out else None,
    }


def fit_subgroup(question: Question, x: pd.DataFrame, plan: Plan) -> RegressionFit | None:
    """Fit the model within a subgroup; columns in which all its patients are alike are left out."""
    x = x.loc[:, x.nunique() > 1]
    if x.shape[1] == 0 or len(x) < plan.smallest_group:
        return None
    return fit_model(question, x)


def interaction(question: Question, main: pd.DataFrame, levels: pd.Series, is_stratum: bool, plan: Plan) -> float:
    """Return p of the products of biomarker and variable; NaN without a fit.

    Of times by permutation (see `added_test`), of response by the penalised likelihood ratio. A variable that is the
    stratum has no column of its own: each of its levels has a baseline.
    """
    known = levels.notna()
    main, levels = main[known], levels[known]
    others = pd.get_dummies(levels, drop_first=True).astype(float)
    products = pd.DataFrame({f"{m} x {o}": main[m] * others[o] for m in main for o in others}, index=main.index)
    products = products.loc[:, products.nunique() > 1]
    if products.empty:
        return np.nan
    own = others.iloc[:, :0] if is_stratum and question.kind == "time" else others
    if question.kind == "time":
        frame = question.frame.loc[main.index]
        known = pd.concat([main, own], axis=1)
        result = added_test(frame, known, products, strata_of(frame, question), plan) if frame["event"].any() else None
        return np.nan if result is None else result.p
    fit = fit_model(question, pd.concat([main, own, products], axis=1))
    return np.nan if fit is None else fit.joint_test(list(products.columns))[1]


def fit_model(question: Question, x: pd.DataFrame) -> RegressionFit | None:
    frame = question.frame.loc[x.index]
    if question.kind != "time":
        return fit_odds(frame["y"], x) if frame["y"].nunique() > 1 else None
    alone = replace(question, stratified=question.stratified and frame["arm"].nunique() > 1)
    return fit_hazards(frame, x, alone) if frame["event"].any() else None
