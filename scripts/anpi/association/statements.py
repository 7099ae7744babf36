"""What the numbers say, in plain sentences made from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anpi.association.plan import Plan, declared_endpoint, endpoint_kind
from anpi.association.question import Row
from anpi.association.trial import Trial
from anpi.trial.terms import GATE_CLOSED, INTERACTION
from anpi.words.lists import plural
from anpi.words.p_values import p_words

NAMES = {
    "pfs": "Progression-free survival",
    "os": "Overall survival",
    "dor": "Duration of response",
    "response": "Response",
    "disease_control": "Disease control",
    "bor": "Best response",
    "cbor": "Confirmed best response",
}
PATIENTS_FEW = 40


def build_statements(
    plan: Plan,
    trial: Trial,
    rows: list[Row],
    survival: pd.DataFrame,
    sensitivity: pd.DataFrame,
    influence: pd.DataFrame,
    representativeness: pd.DataFrame,
    detectable: pd.DataFrame,
    changes: list[dict[str, Any]],
) -> dict[str, Any]:
    """Make the sentences of the first screen.

    Returns
    -------
    dict
        Lists of sentences under ``question``, ``sets``, ``primary``, ``detectable``, ``secondary``, ``exploratory``,
        ``limits``; ``plan_changes`` as recorded; ``tests`` made and not made by family.
    """
    primary = [row for row in rows if row.tier == "primary"]
    return {
        "question": question_words(plan),
        "sets": set_words(trial),
        "primary": [line for test in tests(primary) for line in answer_words(test, rows, survival, plan)],
        "detectable": detectable_words(detectable, plan),
        "secondary": [short_words(test, rows, plan) for test in tests(rows) if test.tier == "secondary"],
        "exploratory": exploratory_words(rows, plan),
        "limits": limit_words(plan, trial, rows, sensitivity, influence, representativeness),
        "plan_changes": changes,
        "tests": count_tests(rows, plan),
    }


def tests(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.role == "test"]


def endpoint_name(endpoint: str) -> str:
    """Name of an endpoint at the start of a sentence."""
    for suffix, words in (("_ema", " (EMA rules)"), ("_fda", " (FDA rules)"), ("_unconfirmed", " (unconfirmed)")):
        if endpoint.endswith(suffix):
            return NAMES.get(endpoint.removesuffix(suffix), endpoint) + words
    return NAMES.get(endpoint, endpoint)


def number(value: float, digits: int = 2) -> str:
    """Write a number for reading: three significant digits at most, no false precision."""
    if not np.isfinite(value):
        return "not reached"
    if value != 0 and (abs(value) >= 1000 or abs(value) < 0.01):
        return f"{value:.2g}"
    whole = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else digits
    return f"{value:.{min(whole, digits)}f}"


def question_words(plan: Plan) -> list[str]:
    primary = plan.primary()
    if primary is None:
        return ["The plan declares no primary question; everything here is secondary or exploratory."]
    names = " and ".join(endpoint_name(endpoint).lower() for endpoint in primary.endpoints)
    return [f"Does {names} differ by {primary.biomarker}?"]


def set_words(trial: Trial) -> list[str]:
    total = len(trial.patients)
    return [f"{name.replace('_', ' ')}: {len(trial.members(name))} of {total} patients" for name in trial.set_names()]


def answer_words(test: Row, rows: list[Row], survival: pd.DataFrame, plan: Plan) -> list[str]:
    """The answer to one question: what was compared, estimates with intervals, then the test."""
    if test.effect == INTERACTION:
        return [interaction_words(test, plan)]
    name = endpoint_name(test.endpoint)
    if not np.isfinite(test.p):
        why = "; ".join(test.warnings) or "no reason recorded"
        return [f"{name} by {test.biomarker} could not be tested: {why}."] + median_words(test, survival)
    units = {"time": "events", "binary": f"with {name.lower()}", "ordered": "responders"}
    unit = units[endpoint_kind(test.endpoint)]
    verdict = (
        f"the difference is larger than chance alone would make it at the {100 * plan.alpha:g} % level"
        if test.p_adjusted < plan.alpha
        else "a difference is not shown, which does not mean that there is none"
    )
    method = (test.method or "").split(";")[0]
    adjusted = f", adjusted {p_words(test.p_adjusted)}" if abs(test.p_adjusted - test.p) > 1e-12 else ""
    lines = [
        f"{name} by {test.biomarker} in {test.n} patients with {test.events} {unit} ({method}): "
        f"{p_words(test.p)}{adjusted}: {verdict}."
    ]
    return lines + own_words(test) + median_words(test, survival) + contrast_words(test, rows)


def interaction_words(test: Row, plan: Plan) -> str:
    """The answer to whether an effect differs between arms, which is another question than whether there is one."""
    name = f"{endpoint_name(test.endpoint)} by {test.biomarker}"
    if not np.isfinite(test.p):
        why = "; ".join(test.warnings) or "no reason recorded"
        return f"{name}: whether the effect differs between arms could not be tested: {why}."
    verdict = (
        f"the effect differs between arms by more than chance alone would make it at the {100 * plan.alpha:g} % level"
        if test.p_adjusted < plan.alpha
        else "that the effect differs between arms is not shown, which does not mean that it does not"
    )
    numbers = f"{p_words(test.p)}, adjusted {p_words(test.p_adjusted)}"
    return f"{name} and arm in {test.n} patients ({test.method}): {numbers}: {verdict}."


def own_words(test: Row) -> list[str]:
    """The estimate that stands in the row of the test itself, such as that of a score."""
    return [f"{ratio_words(test)}."] if test.effect and np.isfinite(test.ci_low) else []


def ratio_words(row: Row) -> str:
    """An estimate with its interval."""
    low = number(row.ci_low) if np.isfinite(row.ci_low) else "no lower limit"
    high = number(row.ci_high) if np.isfinite(row.ci_high) else "no upper limit"
    return f"{row.effect} {number(row.estimate)} (95 % CI {low} to {high})"


def median_words(test: Row, survival: pd.DataFrame) -> list[str]:
    same = [survival[name] == getattr(test, name) for name in ("entry", "endpoint", "biomarker")]
    part = survival[same[0] & same[1] & same[2]]
    lines = []
    for _, group in part[(part["level"] != "all") & (part["n"] > 0)].iterrows():
        low, high = group["median_months_low"], group["median_months_high"]
        interval = f"95 % CI {number(low, 1)} to {number(high, 1)}" if np.isfinite(low) else "interval not estimable"
        median = group["median_months"]
        words = f"median {number(median, 1)} months" if np.isfinite(median) else "median not reached"
        counts = f"{plural(group['events'], 'event')} in {plural(group['n'], 'patient')}"
        lines.append(f"{test.biomarker} {group['level']}: {words} ({interval}), {counts}.")
    return lines


def contrast_words(test: Row, rows: list[Row]) -> list[str]:
    mine = [r for r in rows if r.entry == test.entry and r.endpoint == test.endpoint and r.biomarker == test.biomarker]
    return [
        f"{row.level} against {row.reference}: {ratio_words(row)}."
        for row in mine
        if row.role == "contrast" and row.effect and row.level and row.reference and np.isfinite(row.estimate)
    ]


def detectable_words(detectable: pd.DataFrame, plan: Plan) -> list[str]:
    """What the primary test could have shown with the events that there were."""
    primary = plan.primary()
    mine = detectable[detectable["entry"].eq(primary.entry if primary else None)]
    lines = []
    for _, row in mine.iterrows():
        what = f"{row['biomarker']} {row['level']} ({row['n']} of {row['total']} patients) against the others"
        if not isinstance(row["level"], str):
            what = f"a standard deviation of {row['biomarker']}"
        sides = (("hr_above", "more", "power_above"), ("hr_below", "less", "power_below"))
        ends = [
            f"{number(row[name], 1 if side == 'more' else 2)} or {side}{power_words(row[power])}"
            for name, side, power in sides
            if np.isfinite(row[name])
        ]
        shown = (
            f"a hazard ratio of {' (or '.join(ends)}{')' if len(ends) > 1 else ''} would have been shown in 4 of 5 "
            "such trials; smaller differences would mostly have been missed"
            if ends
            else "no difference, however large, would have been shown in 4 of 5 such trials"
        )
        lines.append(f"{endpoint_name(row['endpoint'])}, {row['events']} events, {what}: {shown}.")
    return lines


def power_words(power: float) -> str:
    """Write the simulated power of a ratio, where there is one."""
    return f" [power {power:.2f}]" if np.isfinite(power) else ""


def short_words(test: Row, rows: list[Row], plan: Plan) -> str:
    """The answer to a secondary question in one sentence: estimates, then the test."""
    if test.effect == INTERACTION:
        return interaction_words(test, plan)
    name = f"{endpoint_name(test.endpoint)} by {test.biomarker}"
    if not np.isfinite(test.p):
        return f"{name}: not tested ({'; '.join(test.warnings) or 'no reason recorded'})."
    shown = f"a difference is {'shown' if test.p_adjusted < plan.alpha else 'not shown'}"
    if any(warning.startswith(GATE_CLOSED) for warning in test.warnings):
        shown = "described and not tested, because what must be shown first was not"
    estimates = [line.rstrip(".") for line in own_words(test) + contrast_words(test, rows)]
    parts = "; ".join(estimates) + "; " if estimates else ""
    return f"{name}: {parts}{p_words(test.p)}, adjusted {p_words(test.p_adjusted)}; {shown}."


def exploratory_words(rows: list[Row], plan: Plan) -> list[str]:
    lines = []
    for family in dict.fromkeys(row.family for row in rows if row.tier == "exploratory"):
        made = [row for row in tests(rows) if row.family == family and np.isfinite(row.p)]
        below = [row for row in made if row.p < plan.alpha]
        kept = [row for row in made if row.p_adjusted < plan.alpha]
        name = family.replace("_", " ")
        if not made:
            lines.append(f"{name}: no test could be made.")
            continue
        method = {"bh": "a false discovery rate", "holm": "a family-wise error", "none": "no adjustment"}
        lines.append(
            f"{name}: {plural(len(made), 'test')}, {len(below)} with p < {plan.alpha:g} where about "
            f"{plan.alpha * len(made):.1f} would be expected by chance alone; {len(kept)} remain under "
            f"{method[plan.multiplicity[family]]} of {plan.alpha:g}. These raise questions; they do not answer them."
        )
        lines += [
            f"{endpoint_name(row.endpoint)} and {row.biomarker}: {ratio_words(row)}, "
            f"adjusted {p_words(row.p_adjusted)}."
            for row in kept
            if row.effect and np.isfinite(row.ci_low)
        ]
    return lines


def limit_words(
    plan: Plan,
    trial: Trial,
    rows: list[Row],
    sensitivity: pd.DataFrame,
    influence: pd.DataFrame,
    representativeness: pd.DataFrame,
) -> list[str]:
    """What weakens the answers, found in the numbers."""
    lines = []
    treated, evaluable = len(trial.members(plan.all_treated)), len(trial.members(plan.biomarker_set))
    lines.append(
        f"{evaluable} of {treated} treated patients have the biomarker"
        + ("; results may not hold for the others." if evaluable < treated else ".")
    )
    if 0 < evaluable < PATIENTS_FEW:
        lines.append("Few patients: estimates are imprecise and any single one can be far off.")
    notable = representativeness[representativeness["warning"].eq("notable difference")]["variable"].unique()
    if len(notable):
        lines.append(f"Patients with and without the biomarker differ in {', '.join(notable)}.")
    if influence["changes_conclusion"].eq("yes").any():
        who = influence.loc[influence["changes_conclusion"].eq("yes"), "patient_id"]
        lines.append(
            f"The primary conclusion would change if one of {len(who)} patients were left out: it hangs on few."
        )
    lines += disagreement_words(sensitivity, plan)
    for row in rows:
        if row.tier == "primary" and row.role == "test" and np.isfinite(row.p):
            lines += [f"{warning[0].upper()}{warning[1:]}." for warning in row.warnings]
    lines.append(
        "Subtypes and scores were not randomised: an association with outcome under treatment cannot tell a marker of "
        "benefit from a marker of prognosis."
    )
    return list(dict.fromkeys(lines))


def disagreement_words(sensitivity: pd.DataFrame, plan: Plan) -> list[str]:
    """Name the variants under which a primary test falls on the other side of alpha, each against its own answer."""
    tested = sensitivity[sensitivity["tier"].eq("primary") & sensitivity["level"].isna() & sensitivity["p"].notna()]
    declared = tested["variant"].eq("as declared")
    questions = pd.Series([question_of(row) for _, row in tested.iterrows()], index=tested.index, dtype=object)
    lines = []
    for place, row in tested[declared].iterrows():
        rest = tested[~declared & questions.eq(questions[place])]
        others = rest[(rest["p"] < plan.alpha) != (row["p"] < plan.alpha)]["variant"].unique()
        name = "" if declared.sum() == 1 else f" of {questions[place]}"
        if len(others):
            lines.append(
                f"The primary test{name} falls on the other side of {plan.alpha:g} under: {', '.join(others)}."
            )
    return lines


def question_of(row: pd.Series) -> str:
    """Name the declared question that a row of the sensitivity table answers in its own way."""
    endpoint = declared_endpoint(str(row["endpoint"]))
    biomarker = "subtype" if row["biomarker"] == "napy" else row["biomarker"]
    asked = INTERACTION if row["effect"] == INTERACTION else "entry"
    return f"{endpoint} by {biomarker} ({asked} {row['entry']})"


def count_tests(rows: list[Row], plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "family": family,
            "multiplicity": method,
            "tested": sum(bool(np.isfinite(row.p)) for row in tests(rows) if row.family == family),
            "not_tested": sum(not np.isfinite(row.p) for row in tests(rows) if row.family == family),
        }
        for family, method in plan.multiplicity.items()
    ]
