"""Two states of a trial side by side: who came and left, what moved, and why.

The comparison is plain data (sentences and tables of texts), which the report shows and ``compare_runs.py`` prints.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from anpi.association.history import compare
from anpi.ledger.entries import Entry, refuse_incomparable
from anpi.ledger.moved_patients import calls, corrections, endpoints, memberships, people
from anpi.ledger.moved_results import efficacy, results
from anpi.ledger.reasons import Reasons
from anpi.ledger.recorded import State
from anpi.ledger.sections import section
from anpi.trial.compared import Comparison, Section, Since
from anpi.words.lists import listed

FIRST = "This is the first run recorded."
HEXADECIMAL = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}")


def compare_runs(old: Entry | None, new: Entry) -> Comparison:
    """Compare two states.

    Parameters
    ----------
    old : Entry or None
        The earlier state; None when there is none.
    new : Entry
        The later one.

    Returns
    -------
    Comparison
        Without ``leftovers``.
    """
    if old is None:
        return {"first": True, "since": None, "sentences": [FIRST], "further": [], "sections": []}
    for entry in (old, new):
        refuse_incomparable(entry.state, entry.words)
    since: Since = {"number": old.number, "date": old.date, "sha256": old.sha256, "words": old.words}
    reasons = Reasons(old.state, new.state)
    makers: tuple[Callable[[State, State, Reasons], Section], ...] = (
        people, calls, memberships, corrections, endpoints, efficacy, results, plan, inputs, software
    )  # fmt: skip
    sections = [make(old.state, new.state, reasons) for make in makers]
    told = [part for part in sections if part["rows"] or part["sentences"] or part["further"]]
    same = [section["same"] for section in sections if section not in told]
    lines, further = ([line for part in told for line in part[key]] for key in ("sentences", "further"))
    if not told:
        lines = ["Nothing changed."]
    elif same:
        (further if lines else lines).append(f"The same as before: {listed(same, len(same))}.")
    return {"first": False, "since": since, "sentences": lines, "further": further, "sections": told}


def plan(old: State, new: State, reasons: Reasons) -> Section:
    """Return what changed in the plan of tests and in the rules of the endpoints."""
    rows = [("plan", line) for line in reasons.plan]
    rows += [("data cut-off", reasons.cutoff)] if reasons.cutoff else []
    rows += [("rules of the endpoints", line) for line in reasons.rules]
    rows += [("thresholds of quality", line) for line in reasons.settings]
    sentences = []
    if reasons.plan:
        sentences.append(f"The plan changed: {listed(reasons.plan, 3)}.")
    if reasons.cutoff:
        sentences.append(f"The {reasons.cutoff}.")
    if reasons.rules:
        sentences.append(f"The rules of the endpoints changed: {listed(reasons.rules, 3)}.")
    if reasons.settings:
        sentences.append(f"The thresholds of quality changed: {listed(reasons.settings, 3)}.")
    title = "Plan, rules and thresholds"
    return section("plan", title, "plan, rules and thresholds", sentences, ["Of", "Change"], rows)


def inputs(old: State, new: State, reasons: Reasons) -> Section:
    """List input files and settings that differ."""
    names = sorted(set(old["inputs"]) | set(new["inputs"]))
    rows = [(name, file_words(old["inputs"].get(name), new["inputs"].get(name))) for name in names]
    rows = [(name, what) for name, what in rows if what]
    rows += [("reference", "built anew, with other content")] if reasons.reference_changed() else []
    before, after = ({k: v for k, v in state["settings"].items() if k != "qc"} for state in (old, new))
    rows += [("settings", line) for line in compare(before, after)]
    rows += [("subtype model", f"{listed(old['models'])} became {listed(new['models'])}")] * (
        old["models"] != new["models"]
    )
    changed = list(dict.fromkeys(name for name, _ in rows))
    further = [f"Inputs that differ: {listed(changed, 12)}."] if changed else []
    sentences = []
    if old["models"] != new["models"]:
        sentences.append(f"The subtype model changed: {listed(old['models'])} became {listed(new['models'])}.")
    if reasons.reference_changed():
        sentences.append("The reference of the reads changed.")
    title, header = "Inputs and settings that differ", ["Input", "Change"]
    return section("inputs", title, "inputs and settings", sentences, header, rows, (), further)


def file_words(before: str | None, after: str | None) -> str:
    if before == after:
        return ""
    return "added" if before is None else "no longer given" if after is None else "other content"


def software(old: State, new: State, reasons: Reasons) -> Section:
    """List programs and packages of another version."""
    rows = [tuple(HEXADECIMAL.sub(r"\1…", line).split(": ", 1)) for line in reasons.software]
    names = [row[0] for row in rows]
    sentences = [f"Software that differs: {listed(names, 6)}."] if names else []
    return section("software", "Software that differs", "software", sentences, ["What", "Change"], rows)
