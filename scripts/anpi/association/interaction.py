"""Does the effect of a biomarker differ between arms? A test of the products, and the effect within each arm."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from anpi.association import response, time_to_event
from anpi.association.groups import split_groups, standardised
from anpi.association.plan import Plan
from anpi.association.question import Question, Row, informative
from anpi.association.time_to_event import arm_columns
from anpi.stats.logistic import fit_logistic
from anpi.stats.newton import RegressionFit
from anpi.trial.results import INTERACTION

NOT_RANDOMISED = "arms were not randomised unless the protocol says so: an association, not a prediction"


@dataclass(frozen=True)
class Design:
    """Patients with a tested group, columns of the biomarker (with the level each stands for), and its products."""

    frame: pd.DataFrame
    main: pd.DataFrame
    levels: dict[str, str | None]
    covariates: pd.DataFrame
    products: pd.DataFrame

    @property
    def x(self) -> pd.DataFrame:
        """All columns of the model."""
        return pd.concat([self.main, arm_columns(self.frame), self.covariates, self.products], axis=1)


def interaction_rows(question: Question, plan: Plan) -> list[Row]:
    """Test biomarker x arm, and give the effect within each arm."""
    timed = question.kind == "time"
    test = Row(n=len(question.frame), events=count_events(question, question.frame), effect=INTERACTION)
    obstacle = too_little(question)
    if obstacle:
        test.warnings.append(obstacle)
        return [test]
    design = build_design(question, plan)
    test.n, test.events = len(design.frame), count_events(question, design.frame)
    sizes = design.frame["arm"].value_counts().reindex(question.frame["arm"].unique(), fill_value=0)
    if sizes.min() < plan.smallest_group or design.main.empty or not design.products.any().all():
        test.warnings.append("too few patients of a group in an arm: not tested")
    elif not (time_test(test, design, plan) if timed else binary_test(test, design)):
        test.warnings.append("the model could not be fitted: not tested")
    test.warnings.append(NOT_RANDOMISED)
    arms = sorted(question.frame["arm"].unique())
    return [test, *(row for arm in arms for row in arm_rows(question, design, arm, plan))]


def count_events(question: Question, frame: pd.DataFrame) -> int:
    """Count events or responses; of an ordered best response PR and CR."""
    if question.kind == "ordered":
        return int((frame["y"] >= 2).sum())
    return int(frame["event" if question.kind == "time" else "y"].sum())


def too_little(question: Question) -> str | None:
    """Return why there is no interaction to test, if so."""
    if question.kind == "time":
        obstacle = time_to_event.too_little(question, question.frame)
    else:
        obstacle = response.too_little(question, question.frame)
    if obstacle is None and question.frame["arm"].nunique() < 2:
        return "one arm only: no interaction to test"
    if obstacle is None and question.kind == "ordered":
        return "interaction is not tested for ordered outcomes"
    if obstacle is None and not question.grouped and question.frame["marker"].nunique() < 2:
        return "all patients have the same value: not tested"
    return obstacle


def build_design(question: Question, plan: Plan) -> Design:
    """Return the columns of the biomarker (dummies of the tested groups, or the score by SD) and of its products."""
    marker = question.frame["marker"]
    levels: dict[str, str | None] = {"score": None}
    if question.grouped:
        groups = split_groups(marker, plan, question.biomarker)
        marker = marker[marker.isin(groups.tested)]
        main = groups.dummies(marker)
        levels = {level: level for level in main.columns}
    else:
        main = standardised(marker).rename("score").to_frame()
    main = main.dropna()
    frame = question.frame.loc[main.index]
    arm = arm_columns(frame)
    products = pd.DataFrame({f"{m} x {a}": main[m] * arm[a] for m in main for a in arm}, index=main.index)
    return Design(frame, main, levels, informative(question.covariates.loc[main.index])[0], products)


def time_test(test: Row, design: Design, plan: Plan) -> bool:
    """Compute the test of the products by permutation within arms; False when it could not be made."""
    known = pd.concat([design.main, design.covariates], axis=1)
    result = time_to_event.added_test(design.frame, known, design.products, design.frame["arm"].to_numpy(), plan)
    if result is None:
        return False
    test.estimate, test.p = result.statistic, result.p
    test.method = (
        f"test of biomarker x arm, {result.df} df: residuals of the model without the products, exchanged within arms "
        f"({result.arrangements:,} arrangements)"
    )
    return True


def binary_test(test: Row, design: Design) -> bool:
    """Compute the penalised likelihood-ratio test of the products in a logistic model; False when it has no fit."""
    fit = fit_logistic(design.frame["y"], design.x, firth=True)
    if fit is None:
        return False
    test.estimate, test.p = fit.joint_test(design.products.columns)
    df = design.products.shape[1]
    test.method = f"penalised likelihood-ratio test of biomarker x arm, {df} df, {fit.method}"
    return True


def arm_rows(question: Question, design: Design, arm: str, plan: Plan) -> list[Row]:
    """Return the effect of the biomarker within one arm."""
    inside = design.frame["arm"].eq(arm)
    part = design.frame[inside]
    events = count_events(question, part)
    covariates, _ = informative(design.covariates[inside])
    fit = fit_within(question, part, pd.concat([design.main[inside], covariates], axis=1), plan)
    ratio = "HR" if question.kind == "time" else "OR"
    rows = []
    for column, level in design.levels.items():
        name, effect = (f"arm {arm}: {level}", ratio) if level else (f"arm {arm}", f"{ratio} per SD")
        row = Row(name, None, len(part), events, effect, role="contrast")
        if fit is None or column not in fit.terms or not np.isfinite(fit.ratio(column)[0]):
            row.warnings.append("too little in this arm to estimate")
        else:
            row.estimate, row.ci_low, row.ci_high, row.p = fit.ratio(column)
            row.method = f"{fit.method}, within the arm"
        rows.append(row)
    return rows


def fit_within(question: Question, part: pd.DataFrame, x: pd.DataFrame, plan: Plan) -> RegressionFit | None:
    x = x.loc[:, x.nunique() > 1]
    if x.shape[1] == 0 or len(part) < plan.smallest_group:
        return None
    if question.kind == "time":
        alone = replace(question, stratified=False)
        return time_to_event.fit_hazards(part, x, alone) if part["event"].any() else None
    return response.fit_odds(part["y"], x)
