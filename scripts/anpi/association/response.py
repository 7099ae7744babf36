"""Tests of response, disease control and best response against groups and scores."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from anpi.association.grouped import GroupedTest, group_rows, left_out_note, prepare_test
from anpi.association.groups import split_groups, standardised
from anpi.association.plan import Plan
from anpi.association.question import Question, Row
from anpi.association.time_to_event import adjusted_words, arm_columns
from anpi.stats.exact import fisher_exact, jonckheere, wilcoxon
from anpi.stats.logistic import fit_logistic
from anpi.stats.newton import RegressionFit
from anpi.stats.permutation import permute_groups, permute_jonckheere, permute_trend
from anpi.stats.roc import area_under_curve, stratified_area
from anpi.words.lists import plural

MOST_PERMUTED = 200  # as many as have the exact rank test


def response_rows(question: Question, plan: Plan) -> list[Row]:
    """Test a binary or ordered endpoint as the question asks."""
    if question.kind == "ordered":
        return ordered_rows(question, plan)
    return binary_by_group(question, plan) if question.grouped else binary_by_score(question, plan)


def too_little(question: Question, frame: pd.DataFrame) -> str | None:
    """Return why the data do not carry a test, if they do not."""
    if question.obstacle:
        return question.obstacle
    entry, y = question.entry, frame["y"]
    if len(y) < entry.minimum_n:
        return f"{plural(len(y), 'patient')}, fewer than the {entry.minimum_n} that the plan asks for: not tested"
    if y.nunique() < 2:
        return "all patients have the same outcome: not tested"
    if question.kind == "binary":
        rarer = int(min(y.sum(), len(y) - y.sum()))
        if rarer < entry.minimum_events:
            return (
                f"{plural(rarer, 'patient')} with the rarer outcome, fewer than the {entry.minimum_events} that "
                "the plan asks for: not tested"
            )
    return None


def binary_by_group(question: Question, plan: Plan) -> list[Row]:
    """Test all groups at once by an exact test, then each group's odds against the largest one."""
    if question.obstacle:
        return [Row(n=len(question.frame), warnings=[question.obstacle])]
    grouped = prepare_test(question, plan, "y", too_little)
    frame, test, fit = grouped.frame, grouped.test, None
    few: list[str] = []
    if grouped.obstacle is None:
        dummies = grouped.groups.dummies(frame["marker"])
        x = pd.concat([dummies, grouped.covariates], axis=1)
        if question.stratified:
            x = pd.concat([x, arm_columns(frame)], axis=1)
        fit, few = fit_odds(frame["y"], x), few_outcomes(frame["y"], x, plan)
        if grouped.covariates.shape[1]:
            adjusted_test(test, grouped, list(dummies.columns), fit)
        else:
            exact_test(test, question, frame, plan)
    return [test, *group_rows(question, grouped.groups, "y", plan.smallest_group, partial(compare_odds, fit, few))]


def exact_test(test: Row, question: Question, frame: pd.DataFrame, plan: Plan) -> None:
    """Compute Fisher's exact test, or within arms the exact-conditional Cochran-Mantel-Haenszel test by permutation."""
    mid = plan.discrete_p == "mid"
    if question.stratified:
        result = permute_groups(frame["y"], frame["marker"], frame["arm"], plan.permutations, plan.seed, mid)
        test.effect, test.estimate, test.p = "chi-square", result.statistic, result.p
        test.method = (
            f"generalised Cochran-Mantel-Haenszel test within arms, {result.df} df, permutation {'mid-' * mid}p "
            f"({result.arrangements:,} arrangements)"
        )
        return
    table = pd.crosstab(frame["marker"], frame["y"])
    exact = fisher_exact(table.to_numpy(), plan.seed, mid=mid)
    test.p = exact.p
    how = "exact" if exact.exact else f"{exact.tables} random tables"
    test.method = f"Fisher's test of a {table.shape[0]} x {table.shape[1]} table, {how}{', mid-p' * mid}"


def fit_odds(y: pd.Series, x: pd.DataFrame) -> RegressionFit | None:
    """Fit logistic regression with Firth's penalty, the estimator of odds ratios for any number of outcomes."""
    return fit_logistic(y, x.loc[:, x.nunique() > 1], firth=True)


def few_outcomes(y: pd.Series, x: pd.DataFrame, plan: Plan) -> list[str]:
    """Warn of fewer of the rarer outcome a term than the plan asks for."""
    rarer, terms = int(min(y.sum(), len(y) - y.sum())), x.shape[1]
    if rarer >= plan.events_per_parameter * terms:
        return []
    what = f"{plural(rarer, 'patient')} with the rarer outcome for {plural(terms, 'term')}"
    return [f"{what}: the penalty pulls estimates towards no effect"]


def adjusted_test(test: Row, grouped: GroupedTest, tested: list[str], fit: RegressionFit | None) -> None:
    if fit is None:
        test.warnings.append("the adjusted model could not be fitted: not tested")
        return
    test.effect = "chi-square"
    test.estimate, test.p = fit.joint_test(tested)
    test.method = (
        f"likelihood-ratio test, {len(tested)} df, {fit.method} regression{adjusted_words(grouped.covariates)}"
    )


def compare_odds(fit: RegressionFit | None, few: list[str], row: Row, level: str) -> None:
    """Put a group's odds ratio into its row, with what weakens it."""
    if fit is None or level not in fit.terms:
        row.warnings.append("no odds ratio: not tested")
        return
    row.effect, row.method = "OR", f"{fit.method} regression"
    row.estimate, row.ci_low, row.ci_high, row.p = fit.ratio(level)
    row.warnings += few
    if row.events in (0, row.n):
        row.warnings.append("all patients of this group have one outcome: the estimate rests on the penalty")


def binary_by_score(question: Question, plan: Plan) -> list[Row]:
    """Compute the area under the curve with the exact rank test, and the odds ratio a standard deviation."""
    frame = question.frame
    test = Row(n=len(frame), events=int(frame["y"].sum()), effect="AUC")
    odds = Row(n=test.n, events=test.events, effect="OR per SD", role="contrast")
    obstacle = too_little(question, frame)
    z = standardised(frame["marker"]) if len(frame) else frame["marker"]
    if obstacle is None and z.isna().any():
        obstacle = "all patients have the same value: not tested"
    if obstacle:
        test.warnings.append(obstacle)
        return [test]
    if question.stratified:
        area = stratified_area(frame["marker"], frame["y"], frame["arm"].astype(str))
        rarer = frame.groupby("arm")["y"].agg(lambda y: min(y.sum(), len(y) - y.sum()))
        if (rarer < 2).any():
            names = ", ".join(map(str, rarer.index[rarer < 2]))
            test.warnings.append(f"the area is without arms of fewer than two patients with either outcome: {names}")
    else:
        area = area_under_curve(frame["marker"], frame["y"])
    if np.isfinite(area.estimate) and np.isnan(area.low):
        alone = min(test.events or 0, test.n - (test.events or 0)) < 2
        why = "one patient alone has the rarer outcome" if alone else "the outcomes do not overlap in the score"
        test.warnings.append(f"no interval: {why}")
    x = pd.concat([z.rename("score"), question.covariates], axis=1)
    if question.stratified:
        x = pd.concat([x, arm_columns(frame)], axis=1)
    fit = fit_odds(frame["y"], x)
    if fit is not None:
        odds.estimate, odds.ci_low, odds.ci_high, odds.p = fit.ratio("score")
        odds.method = f"{fit.method} regression" + (", arm as covariate" if question.stratified else "")
        odds.method += adjusted_words(question.covariates)
        odds.warnings += few_outcomes(frame["y"], x, plan)
    else:
        odds.warnings.append("the model could not be fitted: not tested")
    if question.covariates.shape[1]:
        odds.role, test.role = "test", "description"
        test.estimate, test.ci_low, test.ci_high, test.method = area.estimate, area.low, area.high, "DeLong"
        test.warnings.append("described, not adjusted: the odds ratio is the test")
        return [odds, test]
    test.estimate, test.ci_low, test.ci_high = area.estimate, area.low, area.high
    test.p, test.method = rank_test(question, frame, plan)
    return [test, odds]


def rank_test(question: Question, frame: pd.DataFrame, plan: Plan) -> tuple[float, str]:
    """Compute Wilcoxon's exact test, or within arms its permutation (van Elteren) form."""
    values, yes = frame["marker"].astype(float), frame["y"].eq(1)
    if not question.stratified:
        result = wilcoxon(values[yes], values[~yes])
        how = "exact" if result.exact else "normal approximation with ties"
        return result.p, f"interval by DeLong; Wilcoxon rank-sum test, {how}"
    sizes = frame.groupby("arm")["marker"].transform("size")
    ranks = frame.groupby("arm")["marker"].rank() / (sizes + 1)
    trend = permute_trend(ranks, yes.astype(float), frame["arm"], plan.permutations, plan.seed)
    words = f"within arms: interval by DeLong; van Elteren rank test, permutation p ({trend.arrangements:,})"
    return trend.p, words


def trend_test(test: Row, frame: pd.DataFrame, plan: Plan) -> None:
    """Compute the Jonckheere-Terpstra test by permutation, of many patients by the normal distribution."""
    data, test.effect, test.method = (frame["marker"].astype(float), frame["y"]), "z", "Jonckheere-Terpstra test"
    if len(frame) > MOST_PERMUTED:
        line = jonckheere(*data)
        test.estimate, test.p = line.z, line.p
        return
    drawn = permute_jonckheere(*data, plan.permutations, plan.seed)
    test.estimate, test.p = drawn.statistic, drawn.p
    test.method += f", permutation p ({drawn.arrangements:,})"


def ordered_rows(question: Question, plan: Plan) -> list[Row]:
    """Test best response as an ordered outcome (PD, SD, PR, CR): Jonckheere for scores, permuted ranks for groups."""
    frame = question.frame
    test = Row(n=len(frame), events=int((frame["y"] >= 2).sum()))
    test.warnings += [] if question.obstacle else ["best response not evaluable is left out"]
    obstacle = too_little(question, frame)
    if obstacle is None and question.grouped:
        groups = split_groups(frame["marker"], plan, question.biomarker)
        test.warnings += left_out_note(groups, frame["marker"], plan)
        frame = frame[frame["marker"].isin(groups.tested)]
        obstacle = too_little(question, frame)
        if obstacle is None and len(groups.tested) < 2:
            obstacle = f"fewer than two groups of at least {plan.smallest_group} patients: not tested"
    if obstacle:
        test.warnings.append(obstacle)
        return [test]
    test.n, test.events = len(frame), int((frame["y"] >= 2).sum())
    strata = frame["arm"].to_numpy() if question.stratified else None
    if question.grouped:
        result = permute_groups(frame["y"].rank(), frame["marker"], strata, plan.permutations, plan.seed)
        test.effect, test.estimate, test.p = "chi-square", result.statistic, result.p
        test.method = (
            f"Kruskal-Wallis test of ordered best response{' within arms' if question.stratified else ''}, "
            f"{result.df} df, permutation p ({result.arrangements:,})"
        )
    elif question.stratified:
        ranks = frame.groupby("arm")["marker"].rank()
        trend = permute_trend(ranks, frame["y"], strata, plan.permutations, plan.seed)
        test.effect, test.estimate, test.p = "z", trend.statistic, trend.p
        test.method = (
            f"trend of the score over ordered best response within arms, permutation p ({trend.arrangements:,})"
        )
    else:
        trend_test(test, frame, plan)
    if question.covariates.shape[1]:
        test.warnings.append("not adjusted: this test takes no covariates")
    return [test]
