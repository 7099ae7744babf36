"""Plain sentences made from numbers. Estimates come first; what the data cannot tell is said as an answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from anpi.report.numbers import count_of, interval, known, listed, months, p_words, percent, plural, ratio

ENDPOINTS = {
    "pfs": "progression-free survival",
    "os": "overall survival",
    "dor": "duration of response",
    "response": "confirmed response",
    "disease_control": "disease control",
    "bor": "best response",
    "cbor": "confirmed best response",
}
SUFFIXES = {"_ema": " (EMA censoring)", "_unconfirmed": " (unconfirmed)", "_strict": " (strict confirmation)"}
RATIOS = {
    "HR": "hazard ratio",
    "OR": "odds ratio",
    "HR per SD": "hazard ratio per SD",
    "OR per SD": "odds ratio per SD",
}
TIMES = ("pfs", "os", "dor")


def endpoint_words(endpoint: str) -> str:
    """Name an endpoint within a sentence."""
    for suffix, words in SUFFIXES.items():
        if endpoint.endswith(suffix):
            return ENDPOINTS.get(endpoint.removesuffix(suffix), endpoint) + words
    return ENDPOINTS.get(endpoint, endpoint)


def level_words(level: object, biomarker: str) -> str:
    """Name a group: SCLC-A for the subtype A."""
    return f"SCLC-{level}" if biomarker == "subtype" and str(level) in ("A", "N", "P", "I") else str(level)


def capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def question(plan: dict[str, Any]) -> str:
    """Give the primary question of the plan."""
    entry = primary_entry(plan)
    if entry is None:
        return "The plan declares no primary question; all that follows is secondary or exploratory."
    endpoints = " and ".join(endpoint_words(e) for e in entry["endpoints"])
    marker = {"subtype": "SCLC subtypes", "arm": "treatment arms"}.get(entry["biomarker"])
    if marker:
        return f"Does {endpoints} differ between {marker}?"
    names = [*entry["signatures"], *entry["genes"], *entry["columns"]] or [entry["biomarker"]]
    return f"Is {endpoints} associated with {listed(names)}?"


def primary_entry(plan: dict[str, Any]) -> dict[str, Any] | None:
    return next((e for f in plan["families"] if f["tier"] == "primary" for e in f["entries"]), None)


def test_rows(results: pd.DataFrame) -> pd.DataFrame:
    """Give the rows that carry a question's test: no level, or the only row of a score."""
    first = ~results.duplicated(["entry", "endpoint", "biomarker"])
    return results[first]


def tested(row: pd.Series) -> bool:
    return known(row["p"])


def verdict(row: pd.Series, alpha: float, tier: str) -> str:
    """Say what a test's p-value allows to say, by the place of the test in the plan."""
    shown = p_words(row["p_adjusted"] if known(row["p_adjusted"]) else row["p"])
    adjusted = known(row["p_adjusted"]) and not math.isclose(row["p_adjusted"], row["p"], rel_tol=1e-9)
    shown = f"adjusted {shown}" if adjusted else shown
    below = (row["p_adjusted"] if known(row["p_adjusted"]) else row["p"]) < alpha
    if tier == "exploratory":
        return f"{shown}: {'worth a look in other data' if below else 'nothing that chance would not give'}"
    if below:
        return f"{shown}, below the declared {alpha:g}: a difference is shown"
    return f"{shown}: a difference is not shown, which is not the same as no difference"


def primary_headline(results: pd.DataFrame | None, plan: dict[str, Any]) -> str:
    """Answer the primary question in one sentence; that it cannot be told is an answer too."""
    entry = primary_entry(plan)
    if entry is None:
        return "No primary question was declared."
    if results is None:
        return "We cannot tell: this run made no test of it."
    rows = test_rows(results[results["entry"] == entry["entry"]])
    if rows.empty:
        return "We cannot tell: this run made no test of it."
    return " ".join(one_headline(row, plan) for _, row in rows.iterrows())


def one_headline(row: pd.Series, plan: dict[str, Any]) -> str:
    name = endpoint_words(row["endpoint"])
    marker = "SCLC subtypes" if row["biomarker"] == "subtype" else row["biomarker"]
    where = f"{plural(int(row['n']), 'patient')}, {plural(int(row['events'] or 0) if known(row['events']) else 0, *unit(row['endpoint']))}"
    if not tested(row):
        return f"We cannot tell whether {name} differs by {row['biomarker']}: {row['warning'] or 'it was not tested'}."
    p = row["p_adjusted"] if known(row["p_adjusted"]) else row["p"]
    if p < plan["alpha"]:
        return f"{capital(name)} differed between {marker} ({p_words(p)}; {where})."
    return (
        f"We cannot tell {marker} apart by {name} ({p_words(p)}; {where}): these data do not show a difference, "
        "and do not show that there is none."
    )


def unit(endpoint: str) -> tuple[str, str]:
    """Name what is counted as an event of an endpoint, one and many."""
    if endpoint.startswith(TIMES):
        return "event", "events"
    if endpoint.startswith("disease_control"):
        return "patient with disease control", "patients with disease control"
    return "responder", "responders"


def contrast_sentences(results: pd.DataFrame, entry: str, endpoint: str) -> list[str]:
    """Give each group's ratio against the reference with its interval, or why it has none."""
    rows = results[(results["entry"] == entry) & (results["endpoint"] == endpoint) & results["level"].notna()]
    sentences = []
    for _, row in rows.iterrows():
        name = level_words(row["level"], row["biomarker"])
        if known(row["estimate"]) and row["effect"] in RATIOS:
            reference = level_words(row["reference"], row["biomarker"])
            bounds = interval(row["ci_low"], row["ci_high"])
            sentences.append(
                f"{name} against {reference}: {RATIOS[row['effect']]} {ratio(row['estimate'])} (95% CI {bounds})."
            )
        elif row["n"] and known(row["warning"]):
            sentences.append(f"{name}: {row['warning']}.")
    return sentences


def median_sentence(row: pd.Series, biomarker: str) -> str:
    """Give a group's median with interval, and its events."""
    name = level_words(row["level"], biomarker)
    if not row["n"]:
        return f"{name}: no patient."
    bounds = interval(row["median_months_low"], row["median_months_high"], months)
    reached = months(row["median_months"])
    unit_words = "" if reached == "not reached" else " months"
    return f"{name}: median {reached}{unit_words} (95% CI {bounds}), {row['events']:.0f} events in {plural(int(row['n']), 'patient')}."


def rate_sentence(words: str, row: pd.Series) -> str:
    """Give a proportion with its exact interval: ``Objective response: 9 of 24 patients, 38% (95% CI 19% to 59%).``"""
    hits, n = int(row["events"]), int(row["n"])
    if not n:
        return f"{words}: no patient."
    bounds = interval(row["ci_low"], row["ci_high"], percent)
    return f"{words}: {hits} of {plural(n, 'patient')}, {percent(row['estimate'])} (95% CI {bounds})."


def sample_sentence(verdicts: pd.DataFrame | None, groups: pd.Series) -> str:
    """Say how many samples failed and how many have no single subtype."""
    if verdicts is None:
        return "This run has no expression data: nothing here is about subtypes or signatures."
    counts = verdicts["verdict"].value_counts()
    failed, warned = int(counts.get("fail", 0)), int(counts.get("warn", 0))
    mixed, none = int(groups.eq("mixed").sum()), int(groups.eq("none").sum())
    parts = [
        f"{failed} of {plural(len(verdicts), 'sample')} failed quality control"
        + (f", {warned} passed with a warning" if warned else "")
    ]
    parts.append(f"{plural(mixed, 'patient')} had a mixed call and {none} no call; they are in no subtype group")
    return "; ".join(parts) + "."


def query_sentence(queries: pd.DataFrame | None) -> str:
    """Say how many questions to the data manager are open."""
    if queries is None:
        return "No contradiction was found in the clinical tables."
    counts = queries["severity"].value_counts()
    words = [plural(int(counts[s]), s) for s in ("error", "warning", "note") if s in counts]
    patients = queries["patient_id"].nunique()
    return f"{plural(len(queries), 'data query', 'data queries')} open in {plural(patients, 'patient')} ({listed(words)}); endpoints may change with the answers."


def step_sentence(attrition: pd.DataFrame) -> list[str]:
    """Say who left at each step."""
    sentences = []
    steps = attrition.set_index("step")["patients"]
    for _, row in attrition.iterrows():
        if known(row["from_step"]) and row["left"]:
            name = str(row["step"]).replace("_", " ")
            before = str(row["from_step"]).replace("_", " ")
            who = listed(str(row["who_left"]).split(", "), 12)
            sentences.append(
                f"{capital(name)}: {count_of(int(row['patients']), int(steps[row['from_step']]))} of {before}; not {who}.".replace(
                    ") of", ") of those"
                )
            )
    return sentences


def family_sentence(results: pd.DataFrame, family: str, alpha: float, multiplicity: str) -> str:
    """Count the tests of a family and what remains after adjustment, beside what chance alone would give."""
    rows = test_rows(results[results["family"] == family])
    made = rows[rows["p"].notna()]
    if made.empty:
        return f"{plural(len(rows), 'test')} declared, none could be made."
    below, kept = int((made["p"] < alpha).sum()), int((made["p_adjusted"] < alpha).sum())
    not_made = len(rows) - len(made)
    how = {"holm": "Holm's adjustment", "bh": "adjustment by Benjamini and Hochberg", "none": "no adjustment"}[
        multiplicity
    ]
    sentence = (
        f"{plural(len(made), 'test')} made: {below} with p below {alpha:g}, where chance alone would give about "
        f"{alpha * len(made):.1f}; {kept} after {how}."
    )
    return sentence + (f" {not_made} declared but not made, with the reason in the table." if not_made else "")


def influence_sentence(influence: pd.DataFrame | None, alpha: float) -> str | None:
    """Say whether the primary answer hangs on one patient."""
    if influence is None or influence["p"].notna().sum() == 0:
        return None
    low, high = influence["p"].min(), influence["p"].max()
    turned = influence.loc[influence["changes_conclusion"].eq("yes"), "patient_id"]
    span = f"Leaving out each patient in turn moves the primary p-value between {p_words(low)[2:].lstrip('= ')} and {p_words(high)[2:].lstrip('= ')}"
    if len(turned):
        return f"{span}; without {listed(list(turned))} the conclusion would change. It hangs on single patients."
    return f"{span}; no single patient changes the conclusion."


def sentence_list(statements: dict[str, Any], key: str) -> Sequence[str]:
    """Give a list of sentences that the analysis wrote, or none."""
    found = statements.get(key, [])
    return [str(item) for item in found] if isinstance(found, list) else [str(found)]
