"""Plain sentences made from numbers. Estimates come first; what the data cannot tell is said as an answer."""

from __future__ import annotations

import math

import pandas as pd

from anpi.report.evidence import cite, joined
from anpi.report.numbers import count_of, has_value, interval, months, percent, ratio, text
from anpi.trial.declared import DeclaredEntry, DeclaredPlan
from anpi.trial.endpoints import (
    BINARY,
    BY_NAME,
    declared_endpoint,
    endpoint_kind,
    endpoint_parts,
    endpoint_words,
    supplied,
)
from anpi.trial.results import CLEARANCE, GATE_CLOSED, INTERACTION
from anpi.trial.subtypes import SUBTYPES
from anpi.words.lists import listed, plural
from anpi.words.p_values import p_words

RATIOS = {
    "HR": "hazard ratio",
    "OR": "odds ratio",
    "HR per SD": "hazard ratio per SD",
    "OR per SD": "odds ratio per SD",
}
# What happens during treatment divides a patient's time, not the patients.
EXPOSURES = {"response": "a response", "immune_related": "an immune-related event"}
NOT_TESTED = ": not tested"
SUPPLIED = "Best responses were supplied, not derived from scans: whether they were confirmed is not known."
ADJUSTMENTS = {
    "holm": "Holm's adjustment",
    "bh": "adjustment by Benjamini and Hochberg",
    "none": "no adjustment",
    "fixed_sequence": "testing in the declared order",
}


def exposure_words(biomarker: object) -> str | None:
    """Name what happens during treatment, ``a response``; None where the biomarker is nothing of the kind."""
    return EXPOSURES.get(str(biomarker)) or (str(biomarker) if str(biomarker).startswith(CLEARANCE) else None)


def level_words(level: object, biomarker: str) -> str:
    """Name a group: SCLC-A for the subtype A, ``after a response`` for the time after it."""
    event, name = exposure_words(biomarker), str(level)
    if event and name.startswith("by day "):
        return f"{event} {name}"
    if event:
        return {"after it": f"after {event}", "not by then": "none by then"}.get(name, name)
    return f"SCLC-{level}" if biomarker == "subtype" and name in SUBTYPES else name


def group_words(level: object, biomarker: str) -> str:
    """Name a group in a sentence, with its biomarker where the level alone says too little."""
    if biomarker in ("subtype", "arm") or exposure_words(biomarker):
        return level_words(level, biomarker)
    return f"{biomarker} {level}"


def main_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a question's rows without its interaction with arm and what follows it, the effects within arms."""
    after = rows["effect"].eq(INTERACTION).cumsum()
    return rows[after == 0]


def capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def question(plan: DeclaredPlan) -> str:
    """Return the primary questions of the plan, one an entry."""
    asked = [entry_question(entry) for entry in primary_entries(plan)]
    return " ".join(asked) or "The plan declares no primary question; all that follows is secondary or exploratory."


def entry_question(entry: DeclaredEntry) -> str:
    endpoints = " and ".join(endpoint_words(e) for e in entry["endpoints"])
    marker = {"subtype": "SCLC subtypes", "arm": "treatment arms"}.get(entry["biomarker"])
    if marker:
        return f"Does {endpoints} differ between {marker}?"
    names = [*entry["signatures"], *entry["genes"], *entry["columns"], *entry.get("markers", [])] or [
        entry["biomarker"]
    ]
    return f"Is {endpoints} associated with {listed(names)}?"


def primary_entries(plan: DeclaredPlan) -> list[DeclaredEntry]:
    return [entry for family in plan["families"] if family["tier"] == "primary" for entry in family["entries"]]


def primary_entry(plan: DeclaredPlan) -> DeclaredEntry | None:
    return next(iter(primary_entries(plan)), None)


def untested_words(row: pd.Series) -> str:
    """Return that a test was not made, and why: the reason itself first, then what else was noted."""
    noted = text(row["warning"], "no reason given").split("; ")
    noted.sort(key=lambda note: not note.endswith(NOT_TESTED))
    return f"not tested ({'; '.join(note.removesuffix(NOT_TESTED) for note in noted)})"


def test_rows(results: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that carry a question's tests: its first row, and its interaction with arm."""
    first = ~results.duplicated(["entry", "endpoint", "biomarker"])
    return results[first | results["effect"].eq(INTERACTION)]


def tested(row: pd.Series) -> bool:
    return has_value(row["p"])


def decisive_p(row: pd.Series) -> float:
    """Return the p by which a test is judged: the adjusted one, where there is one."""
    return row["p_adjusted"] if has_value(row["p_adjusted"]) else row["p"]


def was_adjusted(row: pd.Series) -> bool:
    """Return whether a test's adjusted p is another number than its p."""
    return has_value(row["p_adjusted"]) and not math.isclose(row["p_adjusted"], row["p"], rel_tol=1e-9)


def verdict(row: pd.Series, alpha: float, tier: str) -> str:
    """Return what a test's p-value allows to say, by the place of the test in the plan."""
    if GATE_CLOSED in text(row.get("warning"), ""):
        return f"{p_words(row['p'])}, described and not tested: what must be shown first was not"
    shown = p_words(decisive_p(row))
    shown = f"adjusted {shown}" if was_adjusted(row) else shown
    below = decisive_p(row) < alpha
    if tier == "exploratory":
        return f"{shown}: {'worth a look in other data' if below else 'chance alone may give as much'}"
    if below:
        return f"{shown}, below the declared {alpha:g}: a difference is shown"
    return f"{shown}: a difference is not shown, which is not the same as no difference"


def primary_headline(results: pd.DataFrame | None, plan: DeclaredPlan) -> str:
    """Answer the primary questions in a few sentences; that one cannot be told is an answer too."""
    entries = [entry["entry"] for entry in primary_entries(plan)]
    if not entries:
        return "No primary question was declared, so nothing in this report is a confirmed finding."
    rows = pd.DataFrame() if results is None else results[results["entry"].isin(entries)]
    if rows.empty:
        return "We cannot tell: this run made no test of it."
    questions = [question for _, question in rows.groupby(["entry", "endpoint", "biomarker"], sort=False)]
    return joined(
        sentence
        for question in questions
        for sentence in (one_headline(question, plan["alpha"]), *interactions(question, plan["alpha"], "primary"))
    )


def interactions(rows: pd.DataFrame, alpha: float, tier: str) -> list[str]:
    """Return for one question whether its effect differs between arms, where the plan asks for it."""
    return [interaction_sentence(row, alpha, tier) for _, row in rows[rows["effect"].eq(INTERACTION)].iterrows()]


def interaction_sentence(test: pd.Series, alpha: float, tier: str) -> str:
    """Return whether an effect differs between arms, which is another question than whether there is one."""
    name = f"{capital(endpoint_words(test['endpoint']))} by {test['biomarker']}, whether it differs between arms"
    if not tested(test):
        return f"{name}: {untested_words(test)}."
    words = f"{name}: {verdict(test, alpha, tier)}."
    return cite(words, "results", *((part, test.name) for part in numbers_of(test)))


def one_headline(rows: pd.DataFrame, alpha: float) -> str:
    """Answer one question: the estimates, then what the test allows to say, then who could not be compared.

    Parameters
    ----------
    rows : pandas.DataFrame
        The rows of one endpoint and biomarker; the first carries the test.
    """
    rows = main_rows(rows)
    test = rows.iloc[0]
    name, marker = endpoint_words(test["endpoint"]), test["biomarker"]
    if not tested(test):
        return f"We cannot tell whether {name} differs by {marker}: {text(test['warning'], 'it was not tested')}."
    ratios = rows[rows["estimate"].notna() & rows["effect"].isin(list(RATIOS))]
    estimates = "; ".join(ratio_clause(row) for _, row in ratios.iterrows())
    events = int(test["events"]) if has_value(test["events"]) else 0
    p = p_words(decisive_p(test))
    numbers = f"{plural(int(test['n']), 'patient')}, {plural(events, *unit(test['endpoint']))}"
    of_all = "one test of all groups: " if len(ratios) > 1 else ""
    where = f"{of_all}{'adjusted ' if was_adjusted(test) else ''}{p}, tested at {alpha:g}; {numbers}"
    below = decisive_p(test) < alpha
    answer = (
        f"{capital(name)} differed between {compared(rows)}"
        if below
        else f"We cannot tell {compared(rows)} apart by {name}"
    )
    caution = "" if below else "These data do not show a difference, and do not show that there is none."
    parts = [*((bounds(row), place) for place, row in ratios.iterrows()), (p, test.name), (numbers, test.name)]
    first = cite(f"{answer}{': ' + estimates if estimates else ''} ({where}).", "results", *parts)
    return joined(sentence for sentence in (first, caution, small_groups(rows)) if sentence)


def ratio_clause(row: pd.Series) -> str:
    """Return a ratio with its interval: ``hazard ratio 0.11 (95% CI 0.01 to 0.93) for SCLC-I against SCLC-A``."""
    groups = against(row)
    return f"{RATIOS[row['effect']]} {bounds(row)}{' for ' if groups else ''}{groups}"


def numbers_of(test: pd.Series) -> list[str]:
    """Return the numbers of a test as a sentence writes them, in its order: the ratio, p, p adjusted."""
    ratios = [bounds(test)] if test["effect"] in RATIOS and has_value(test["estimate"]) else []
    return [*ratios, *dict.fromkeys(p_words(test[name]) for name in ("p", "p_adjusted") if has_value(test[name]))]


def bounds(row: pd.Series) -> str:
    """Write an estimate with its interval."""
    return f"{ratio(row['estimate'])} (95% CI {interval(row['ci_low'], row['ci_high'])})"


def against(row: pd.Series) -> str:
    """Name the two groups of a ratio; empty for a score."""
    if not has_value(row["level"]):
        return ""
    return " against ".join(group_words(row[c], row["biomarker"]) for c in ("level", "reference") if has_value(row[c]))


def compared(rows: pd.DataFrame) -> str:
    """Name the groups that a question compared."""
    test = rows.iloc[0]
    if event := exposure_words(test["biomarker"]):
        return f"the time after {event} and the time before or without it"
    inside = rows[rows["level"].notna() & (rows["estimate"].notna() | rows["method"].eq("reference group"))]
    if len(inside) < 2:
        return {"subtype": "SCLC subtypes", "arm": "treatment arms"}.get(
            test["biomarker"], f"patients by {test['biomarker']}"
        )
    return listed([group_words(level, test["biomarker"]) for level in inside["level"]])


def small_groups(rows: pd.DataFrame) -> str:
    """Name the groups that were described and not tested, in one sentence."""
    small = rows[rows["level"].notna() & rows["warning"].astype(str).str.contains("described, not tested")]
    if small.empty:
        return ""
    names = [f"{group_words(r.level, r.biomarker)} (n = {r.n:.0f})" for r in small.itertuples()]
    words = f"Too few to compare, so described only: {listed(names, len(names))}."
    return cite(words, "results", *zip(names, small.index, strict=True))


def unit(endpoint: str) -> tuple[str, str]:
    """Name what is counted as an event of an endpoint, one and many."""
    if endpoint_kind(endpoint) == "time":
        return "event", "events"
    if endpoint_kind(endpoint) == "binary" and declared_endpoint(endpoint) != "response":
        words = BY_NAME[endpoint_parts(endpoint)[0]].words
        return f"patient with {words}", f"patients with {words}"
    return "responder", "responders"


def median_sentence(row: pd.Series, biomarker: str, name: str = "") -> str:
    """Return a group's median with interval, and its events."""
    name = name or group_words(row["level"], biomarker)
    if not row["n"]:
        return f"{name}: no patient."
    bounds = interval(row["median_months_low"], row["median_months_high"], months)
    reached = months(row["median_months"])
    unit_words = "" if reached == "not reached" else " months"
    numbers = (
        f"{reached}{unit_words} (95% CI {bounds}), {plural(int(row['events']), 'event')} in "
        f"{plural(int(row['n']), 'patient')}"
    )
    return cite(f"{name}: median {numbers}.", "survival", (numbers, row.name))


def rate_sentence(words: str, row: pd.Series) -> str:
    """Return a proportion with its interval: ``Objective response: 9 of 24 patients, 38% (95% CI 19% to 59%).``"""
    hits, n = int(row["events"]), int(row["n"])
    if not n:
        return f"{words}: no patient."
    bounds = interval(row["ci_low"], row["ci_high"], percent)
    numbers = f"{hits} of {plural(n, 'patient')}, {percent(row['estimate'])} (95% CI {bounds})"
    return cite(f"{words}: {numbers}.", "rates", (numbers, row.name))


def best_responses_supplied(endpoints: pd.DataFrame) -> bool:
    """Return whether the sponsor supplied best responses: whether they were confirmed is not known then."""
    return "bor_reason" in endpoints and bool(supplied(endpoints["bor_reason"]).any())


def main_rates(endpoints: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the measures of the rates that count, with their words."""
    rates = [(str(BY_NAME[name].measure), str(BY_NAME[name].measured[""])) for name in BINARY]
    if not best_responses_supplied(endpoints):
        return rates
    return [(measure, words.replace(", confirmed", ", as supplied")) for measure, words in rates]


def sample_sentence(verdicts: pd.DataFrame | None, groups: pd.Series) -> str:
    """Return how many samples failed and how many have no single subtype."""
    if verdicts is None:
        return "This run has no expression data: nothing here is about subtypes or signatures."
    counts = verdicts["verdict"].value_counts()
    failed, warned = int(counts.get("fail", 0)), int(counts.get("warn", 0))
    mixed, none = int(groups.eq("mixed").sum()), int(groups.eq("none").sum())
    parts = [
        f"{failed} of {plural(len(verdicts), 'sample')} failed quality control"
        + (f", {warned} passed with a warning" if warned else "")
    ]
    who = f"{plural(mixed, 'patient')} had a mixed call" if mixed else "no patient had a mixed call"
    parts.append(f"{who} and {none or 'none'} had no call; they are in no subtype group")
    return "; ".join(parts) + "."


def query_sentence(queries: pd.DataFrame | None) -> str:
    """Return how many questions to the data manager are open."""
    if queries is None:
        return "No contradiction was found in the clinical tables."
    counts = queries["severity"].value_counts()
    words = [plural(int(counts[s]), s) for s in ("error", "warning", "note") if s in counts]
    patients = queries["patient_id"].nunique()
    return (
        f"{plural(len(queries), 'data query', 'data queries')} open in {plural(patients, 'patient')} "
        f"({listed(words)}); endpoints may change with the answers."
    )


def account_sentences(accounts: pd.DataFrame | None) -> list[str]:
    """Return that the accounts of the run close, and what was left out or waits for an answer."""
    if accounts is None:
        return []
    rows = accounts[accounts["account"].str.startswith("rows of")]
    asked, left, given = (int(rows[column].sum()) for column in ("asked", "left_out", "given"))
    waiting = f"{asked or 'none'} {'wait' if asked > 1 else 'waits'} for an answer"
    out = f"{left or 'none'} {'are' if left > 1 else 'is'} left out"
    words = f"of {plural(given, 'row')} of the clinical tables {waiting} and {out}"
    return [f"All {len(accounts)} accounts of the run close: {words}, each with its reason (accounts.tsv)."]


def step_words(step: str) -> str:
    """Name a step from enrolment to analysis."""
    return {
        "tissue": "with tissue",
        "qc_pass": "with usable RNA",
        "tumour": "with tumour in the sample",
        "confident_call": "confidently called",
    }.get(step, step.replace("_", " "))


def step_sentence(attrition: pd.DataFrame) -> list[str]:
    """Return who left at each step."""
    sentences = []
    steps = attrition.set_index("step")["patients"]
    for _, row in attrition.iterrows():
        if has_value(row["from_step"]) and row["left"]:
            name, before = step_words(row["step"]), step_words(row["from_step"])
            who = listed(str(row["who_left"]).split(", "), 12)
            count = count_of(int(row["patients"]), int(steps[row["from_step"]]))
            sentences.append(f"{capital(name)}: {count} of those {before}; not {who}.")

    return sentences


def short_answer(test: pd.Series, alpha: float, tier: str) -> str:
    """Say one test in one sentence: estimate, then p, then what it allows to say."""
    name = f"{capital(endpoint_words(test['endpoint']))} by {test['biomarker']}"
    if not tested(test):
        return f"{name}: {untested_words(test)}."
    has_ratio = test["effect"] in RATIOS and has_value(test["estimate"])
    words = f"{name}: {ratio_clause(test) + '; ' if has_ratio else ''}{verdict(test, alpha, tier)}."
    return cite(words, "results", *((part, test.name) for part in numbers_of(test)))


def family_sentence(results: pd.DataFrame, family: str, alpha: float, multiplicity: str) -> str:
    """Count the tests of a family and what remains after adjustment, beside what chance alone would give."""
    rows = test_rows(results[results["family"] == family])
    made = rows[rows["p"].notna()]
    if made.empty:
        return f"{plural(len(rows), 'test')} declared, none could be made."
    below, kept = int((made["p"] < alpha).sum()), int((made["p_adjusted"] < alpha).sum())
    if len(rows) == 1:
        return "One test, declared beforehand."
    not_made = len(rows) - len(made)
    chance = alpha * len(made)
    expected = f"{chance:.0f}" if chance >= 10 else f"{chance:.2g}"
    sentence = (
        f"{plural(len(made), 'test')} made: {below} with p below {alpha:g}, where chance alone would give about "
        f"{expected}; {kept} after {ADJUSTMENTS[multiplicity]}."
    )
    return sentence + (f" {not_made} declared but not made, with the reason in the table." if not_made else "")


def influence_sentence(influence: pd.DataFrame | None, level: float, alone: bool = True, name: str = "") -> str | None:
    """Return whether the primary answer hangs on one patient.

    Parameters
    ----------
    level : float
        Against which p was held.
    alone : bool
        Whether that p decides by itself; else only where it lies is said.
    name : str
        The question, where there are several.
    """
    if influence is None or influence["p"].notna().sum() == 0:
        return None
    ends = [influence["p"].idxmin(), influence["p"].idxmax()]
    low, high = (p_words(influence.at[end, "p"])[2:].lstrip("= ") for end in ends)
    turned = influence.loc[influence["changes_conclusion"].eq("yes"), "patient_id"]
    what = f"{'' if alone else 'unadjusted '}{f'p-value of {name}' if name else 'primary p-value'}"
    span = f"Leaving out each patient in turn moves the {what} between {low} and {high}"
    without = f"; without {'any one of ' if len(turned) > 1 else ''}{listed(list(turned))} "
    if alone:
        changes, stays = "the conclusion would change. It hangs on single patients.", "changes the conclusion"
    else:
        changes, stays = f"it crosses {level:g}.", f"takes it across {level:g}"
    words = without + changes if len(turned) else f"; no single patient {stays}."
    return cite(span + words, "influence", *zip((low, high), ends, strict=True))
