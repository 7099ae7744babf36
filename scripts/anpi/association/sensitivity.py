"""The same questions under other choices, and without each patient in turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from anpi.association.engine import answer
from anpi.association.groups import Groups, split_groups
from anpi.association.plan import Entry, Plan
from anpi.association.question import (
    COLUMNS,
    Marker,
    Question,
    Row,
    all_questions,
    ask,
    entry_markers,
    informative,
)
from anpi.association.response import fit_odds
from anpi.association.time_to_event import adjusted_test, fit_hazards, stratified_scores
from anpi.association.trial import Trial
from anpi.stats.permutation import permute_design, permute_logrank
from anpi.stats.survival import Z, logrank, restricted_mean
from anpi.trial.endpoints import endpoint_variants
from anpi.trial.results import MEANS
from anpi.trial.sets import SUBTYPED, USABLE
from anpi.trial.times import DAYS_PER_MONTH

MOST_REFITTED = 100


def sensitivity_table(plan: Plan, trial: Trial, rows: list[Row], registry: pd.DataFrame | None) -> pd.DataFrame:
    """Answer primary and secondary questions under other definitions; ``variant`` says what differs.

    None of these is a further test: their p-values are not adjusted and claim nothing by themselves.
    """
    found: list[tuple[str, Row]] = []
    for entry in plan.entries:
        if entry.tier == "exploratory":
            continue
        declared = [row for row in rows if row.entry == entry.entry]
        found += [("as declared", row) for row in declared]
        for endpoint in entry.endpoints:
            for variant in endpoint_variants(endpoint, trial.endpoints.columns):
                changed = replace(entry, endpoints=(variant,))
                found += [(f"endpoint {variant}", row) for row in answers(changed, plan, trial, registry)]
            if entry.biomarker == "subtype" and trial.calls is not None:
                found += subtype_variants(replace(entry, endpoints=(endpoint,)), plan, trial)
        found += other_discrete_p(entry, declared, plan, trial, registry)
        if arms_matter(entry, trial):
            other = replace(entry, stratify_by_arm=not entry.stratify_by_arm)
            name = "stratified by arm" if other.stratify_by_arm else "arms pooled"
            found += [(name, row) for row in answers(other, plan, trial, registry)]
    for question in all_questions(plan, trial, registry, ("primary",)):
        if question.kind == "time" and question.grouped:
            found += [("restricted mean", row) for row in question.stamp(restricted_mean_rows(question, plan))]
    records = [{"variant": name, **row.record()} for name, row in found]
    frame = pd.DataFrame(records, columns=["variant", *COLUMNS])
    frame.loc[frame["variant"] != "as declared", "p_adjusted"] = np.nan
    frame["events"] = frame["events"].astype("Int64")
    return frame


def arms_matter(entry: Entry, trial: Trial) -> bool:
    """Return whether the answer could be another with arms as strata than with arms pooled."""
    arms = trial.arms().loc[trial.members(entry.set)].nunique()
    return arms > 1 and entry.biomarker != "arm" and entry.cut != "maximally_selected"


def other_discrete_p(
    entry: Entry, declared: list[Row], plan: Plan, trial: Trial, registry: pd.DataFrame | None
) -> list[tuple[str, Row]]:
    """Return the tests of response by groups by the p that the plan does not declare, where that makes another test."""
    other, name = ("exact", "exact p") if plan.discrete_p == "mid" else ("mid", "mid-p")
    changed = replace(plan, settings=plan.settings | {"discrete_p": other})
    methods = {(row.endpoint, row.biomarker): row.method for row in reversed(declared) if row.role == "test"}
    found = []
    for question in asked(entry, plan, trial, registry):
        if question.kind == "binary" and question.grouped:
            test = answer(question, changed, trial)[0]
            if test.method != methods.get((test.endpoint, test.biomarker)):
                found.append((name, test))
    return found


def answers(entry: Entry, plan: Plan, trial: Trial, registry: pd.DataFrame | None) -> list[Row]:
    return [row for question in asked(entry, plan, trial, registry) for row in answer(question, plan, trial)]


def asked(entry: Entry, plan: Plan, trial: Trial, registry: pd.DataFrame | None) -> list[Question]:
    markers = entry_markers(entry, trial, registry)
    return [ask(entry, endpoint, marker, trial, plan) for endpoint in entry.endpoints for marker in markers]


def subtype_variants(entry: Entry, plan: Plan, trial: Trial) -> list[tuple[str, Row]]:
    """Return other readings of the subtype: confident calls alone, Rudin's scheme of 2019, probabilities as weights."""
    calls = trial.calls
    assert calls is not None
    found: list[tuple[str, Row]] = []
    markers = []
    if "call" in calls.columns:
        confident = calls["subtype"].where(calls["call"].eq("confident")).astype(object)
        markers.append(("confident calls only", Marker("subtype", confident, True)))
    if "napy" in calls.columns:
        markers.append(("scheme NAPY (Rudin 2019)", Marker("napy", calls["napy"].astype(object), True)))
    for name, marker in markers:
        found += [(name, row) for row in answer(ask(entry, entry.endpoints[0], marker, trial, plan), plan, trial)]
    columns = [f"p_{name}" for name in plan.subtype_order]
    if set(columns) <= set(calls.columns):
        question = ask(shared_entry(entry, trial), entry.endpoints[0], shared_marker(trial, columns), trial, plan)
        if question.obstacle is None and len(question.frame) >= entry.minimum_n:
            weights = calls.loc[question.frame.index, columns].astype(float)
            rows = probability_rows(question, weights.set_axis(plan.subtype_order, axis=1), plan)
            found += [("probabilities as weights", row) for row in question.stamp(rows)]
    return found


def shared_entry(entry: Entry, trial: Trial) -> Entry:
    """Return an entry about called subtypes as one about all usable tumours: mixed ones stand in it by their shares."""
    wider = entry.set == SUBTYPED and USABLE in trial.sets.columns
    return replace(entry, set=USABLE) if wider else entry


def shared_marker(trial: Trial, columns: list[str]) -> Marker:
    """Return the foremost class of each tumour that has a call or is mixed; its shares are what is tested."""
    assert trial.calls is not None
    calls = trial.calls
    known = calls[columns].notna().all(axis=1) & (calls["subtype"].notna() | is_mixed(calls))
    foremost = calls.loc[known, columns].astype(float).idxmax(axis=1).str.removeprefix("p_")
    return Marker("subtype", foremost.reindex(calls.index).astype(object), True)


def is_mixed(calls: pd.DataFrame) -> pd.Series:
    return calls["call"].eq("mixed") if "call" in calls.columns else pd.Series(False, index=calls.index)


def probability_rows(question: Question, weights: pd.DataFrame, plan: Plan) -> list[Row]:
    """Test with each patient shared over the subtypes by the call's probabilities; ratios are of pure subtypes.

    Subtypes with less weight than the smallest group are left out of the ratios, the one with most weight is the
    reference.
    """
    known = weights.notna().all(axis=1)
    frame, weights, covariates = question.frame[known], weights[known], informative(question.covariates[known])[0]
    outcome = frame["event"] if question.kind == "time" else frame["y"] >= (2 if question.kind == "ordered" else 1)
    test = Row(n=len(frame), events=int(outcome.sum()), effect="chi-square")
    total = weights.sum().sort_values(ascending=False, kind="stable")
    large = list(total.index[total >= plan.smallest_group])
    if len(large) < 2:
        test.warnings.append("fewer than two subtypes with enough weight: not tested")
        return [test]
    strata = frame["arm"].to_numpy() if question.stratified else None
    scores = stratified_scores(frame, strata) if question.kind == "time" else frame["y"].to_numpy()
    result = permute_design(scores, weights[large].to_numpy(), strata, plan.permutations, plan.seed)
    test.estimate, test.p = result.statistic, result.p
    test.method = f"permutation test of outcome against subtype probabilities, {result.df} df"
    x = pd.concat([weights[large[1:]], covariates], axis=1)
    fit = None
    if question.kind == "time" and outcome.any():
        fit = fit_hazards(frame, x, question)
    elif question.kind == "binary":
        fit = fit_odds(frame["y"], x)
    if fit is None:
        return [test]
    effect = "HR" if question.kind == "time" else "OR"
    rows = [Row(level, large[0], len(frame), test.events, effect, role="contrast") for level in large[1:]]
    for row in rows:
        row.estimate, row.ci_low, row.ci_high, row.p = fit.ratio(str(row.level))
        row.method = f"{fit.method} on probabilities: a pure {row.level} against a pure {row.reference}"
    return [test, *rows]


def restricted_mean_rows(question: Question, plan: Plan) -> list[Row]:
    """Return the difference in restricted mean time of each tested group against the reference, in months."""
    frame = question.frame
    groups = split_groups(frame["marker"], plan, question.biomarker)
    tau = plan.restricted_mean_months * DAYS_PER_MONTH
    means = {}
    for level in groups.tested:
        part = frame[frame["marker"].eq(level)]
        means[level] = restricted_mean(part["time"], part["event"], tau)
    rows = []
    for level in groups.tested[1:]:
        part = frame[frame["marker"].eq(level)]
        row = Row(level, groups.reference, len(part), int(part["event"].sum()), MEANS, role="description")
        base = means[groups.tested[0]]
        difference = means[level].estimate - base.estimate
        silent = [name for name in (groups.tested[0], level) if not means[name].se > 0]
        half = np.nan if silent else Z * np.hypot(means[level].se, base.se)
        row.estimate, row.ci_low, row.ci_high = (
            float(value) / DAYS_PER_MONTH for value in (difference, difference - half, difference + half)
        )
        row.method = f"restricted mean within {plan.restricted_mean_months:g} months, Greenwood error"
        if not np.isfinite(row.estimate):
            row.warnings.append("follow-up ends before the restriction: not estimated")
        elif silent:
            row.warnings.append(
                f"no interval: no event before the restriction tells of the error in {' and '.join(silent)}"
            )
        rows.append(row)
    return rows


def answer_of(
    part: pd.DataFrame, covariates: pd.DataFrame, groups: Groups, question: Question, plan: Plan, refit: bool
) -> dict[str, float]:
    """Answer the primary question for some of its patients: ``chi_square``, ``p`` and, when asked, hazard ratios."""
    dummies, adjusted = groups.dummies(part["marker"]), covariates.shape[1] > 0
    data = part["time"], part["event"], part["marker"], part["arm"].to_numpy() if question.stratified else None
    test = logrank(*data)
    found = {"chi_square": test.chi_square, "p": test.p}
    if refit or adjusted:
        fitted = fit_hazards(part, pd.concat([dummies, covariates], axis=1), question)
    if adjusted:
        row = Row()
        adjusted_test(row, covariates, list(dummies.columns), fitted)
        found = {"chi_square": row.estimate, "p": row.p}
    elif refit:
        found["p"] = permute_logrank(*data, plan.permutations, plan.seed).p
    if refit:
        coef = {} if fitted is None else dict(zip(fitted.terms, fitted.coef, strict=True))
        found |= {f"hr_{level}": float(np.exp(coef.get(level, np.nan))) for level in groups.tested[1:]}
    return found


def influence_table(plan: Plan, trial: Trial, registry: pd.DataFrame | None) -> pd.DataFrame:
    """Return the primary test and hazard ratios without each patient in turn (first endpoint of the primary entry).

    Returns
    -------
    DataFrame
        ``patient_id`` (the patient left out; NA in the first row, which has all), ``chi_square``, ``p``,
        ``changes_conclusion`` (p lies on the other side of alpha times the share of the family). The first row is the
        primary answer itself. Up to 100 patients p is by the plan's permutations and ``hr_<group>`` is given. Beyond,
        p without a patient is asymptotic, and whether it changes the conclusion is seen beside the asymptotic p of all.
        With covariates p is that of the adjusted model. Empty when the primary test could not be made.
    """
    columns = ["patient_id", "chi_square", "p", "changes_conclusion"]
    primary = plan.primary()
    questions = [
        q for q in all_questions(plan, trial, registry, ("primary",)) if primary is not None and q.entry == primary
    ]
    if not questions or questions[0].kind != "time" or not questions[0].grouped or questions[0].obstacle:
        return pd.DataFrame(columns=columns)
    question = questions[0]
    declared = answer(question, plan, trial)[0]
    if not np.isfinite(declared.p):
        return pd.DataFrame(columns=columns)
    groups = split_groups(question.frame["marker"], plan, question.biomarker)
    frame = question.frame[question.frame["marker"].isin(groups.tested)]
    if len(groups.tested) < 2:  # a question about an event during treatment has no groups
        return pd.DataFrame(columns=columns)
    covariates, _ = informative(question.covariates.loc[frame.index])
    refit = len(frame) <= MOST_REFITTED
    rows = []
    for patient in [None, *frame.index]:
        part = frame if patient is None else frame.drop(index=patient)
        found = answer_of(part, informative(covariates.loc[part.index])[0], groups, question, plan, refit)
        rows.append({"patient_id": patient, **found})
    table = pd.DataFrame(rows)
    reached = table["p"] < plan.level(question.entry.family)
    table.loc[0, ["chi_square", "p"]] = declared.estimate, declared.p
    changes = table["p"].notna() & (reached != reached.iloc[0])
    table.insert(3, "changes_conclusion", np.where(changes, "yes", "no"))
    return table
