"""How the primary answers stand under other choices, and without each patient: the strips of the first screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from anpi.figures.forest import robustness
from anpi.report import sentences as say
from anpi.report.blocks import Drawing
from anpi.report.claims import DECLARED, Claim, PrimaryQuestion, primary_questions
from anpi.report.numbers import NONE, has_value, p_value, ratio, text
from anpi.report.rows import Ratio, ResultRow, StripRow
from anpi.report.tables import Run
from anpi.trial.endpoints import endpoint_kind, endpoint_words, supplied
from anpi.words.lists import plural
from anpi.words.p_values import p_words

MOST_ROWS = 20  # with four subtypes: the declared answer, five choices, the range
MOST_QUESTIONS = 4
SHORT = {"progression-free survival": "PFS", "overall survival": "OS", "duration of response": "DOR"}
NO_RATIO: Ratio = {"estimate": np.nan, "ci_low": np.nan, "ci_high": np.nan}


@dataclass(frozen=True)
class Choice:
    """One way to answer the primary question: its test and its ratios, as `association/sensitivity.tsv` has them."""

    label: str
    test: ResultRow
    ratios: list[ResultRow]
    variant_of_endpoint: bool = False

    @property
    def tested(self) -> bool:
        return has_value(self.test["p"])


def choices_of(run: Run, question: PrimaryQuestion) -> list[Choice]:
    """Return every way in which one question was answered, the declared one first."""
    table = run.table("sensitivity")
    if table is None:
        return []
    same_endpoint = table["endpoint"].map(lambda variant: is_of(variant, question.endpoint)).astype(bool)
    rows = table[table["entry"].eq(question.entry) & same_endpoint]
    if is_supplied(run, question.endpoint):  # no other rule was applied to it: its variants are copies
        rows = rows[rows["endpoint"].eq(question.endpoint)]
    declared = rows.loc[rows["variant"].eq(DECLARED), "biomarker"].unique()
    if len(declared) > 1:  # another scheme of subtypes has a name of its own, and answers the one question there is
        rows = rows[rows["biomarker"].eq(question.biomarker)]
    choices = []
    for variant, part in rows.groupby("variant", sort=False):
        main = say.main_rows(part)
        if main.empty:
            continue
        records = main.to_dict("records")
        ratios = [r for r in records if r["effect"] in say.RATIOS and has_value(r["estimate"])]
        if main["p"].notna().any() or ratios or main["warning"].notna().any():
            of_endpoint = str(variant).startswith("endpoint ")
            choices.append(Choice(variant_words(str(variant)), records[0], ratios, of_endpoint))
    return sorted(choices, key=lambda choice: choice.label != DECLARED)


def is_supplied(run: Run, endpoint: str) -> bool:
    """Return whether the sponsor supplied an endpoint of all patients who have it."""
    reason = f"{endpoint}_reason" if endpoint_kind(endpoint) == "time" else "bor_reason"
    endpoints = run.tables["endpoints"]
    return reason in endpoints and bool(supplied(endpoints[reason].dropna()).all())


def is_of(endpoint: object, declared: str) -> bool:
    """Return whether an endpoint is the declared one or a variant of it (``pfs_ema``, ``ipfs``, ``pfs_by_central``)."""
    words = str(endpoint).removeprefix("i") if not declared.startswith("i") else str(endpoint)
    return words == declared or words.startswith(f"{declared}_")


def variant_words(variant: str) -> str:
    words = endpoint_words(variant.removeprefix("endpoint ")) if variant.startswith("endpoint ") else variant
    for long, short in SHORT.items():
        words = words.replace(long, short)
    return words


def judged(choices: list[Choice]) -> list[Choice]:
    """Return the choices beside the declared one that are answers to its test (a difference in means is none)."""
    return [c for c in choices if c.label != DECLARED and not str(c.test["effect"]).startswith("difference")]


def holds_sentence(choices: list[Choice], claim: Claim, name: str = "") -> str:
    """Say under how many other choices the answer is the same, and under how many it cannot be told.

    Where one p does not decide, what is the same is the side of the level on which the unadjusted p lies.
    """
    alpha = claim.level
    declared = next((c for c in choices if c.label == DECLARED), None)
    others = merged(judged(choices))
    if declared is None or not declared.tested or not others:
        return ""
    shown = declared.test["p"] < alpha
    same = [c for c in others if c.tested and (c.test["p"] < alpha) == shown]
    turned = [c.label for c in others if c.tested and (c.test["p"] < alpha) != shown]
    untold = len(others) - len(same) - len(turned)
    head = f"The answer{name} holds" if claim.alone else f"The unadjusted p{name} stays on its side of {alpha:g}"
    words = f"{head} under {len(same)} of {plural(len(others), 'other choice')}"
    words += f"; the other side of {alpha:g} under {', '.join(turned)}" if turned else ""
    return words + (f"; not testable under {untold}" if untold else "") + "."


def merged(choices: list[Choice]) -> list[Choice]:
    """Put variants of the endpoint with the same numbers into one row: that they agree is one thing to see."""
    groups: dict[tuple[Any, ...], list[Choice]] = {}
    for choice in choices:
        numbers = [(r["level"], r["estimate"], r["ci_low"], r["ci_high"]) for r in choice.ratios]
        same = str((choice.test["p"], numbers)) if choice.variant_of_endpoint and choice.tested else choice.label
        groups.setdefault((same,), []).append(choice)
    found = []
    for group in groups.values():
        label = group[0].label if len(group) == 1 else f"{len(group)} other estimands, all alike"
        found.append(replace(group[0], label=label))
    return found


def strip_rows(choices: list[Choice], left_out: list[StripRow]) -> tuple[pd.DataFrame, int]:
    """Lay out the strip: one row per choice and compared group, and the range without each patient.

    Returns
    -------
    rows, left
        Whole choices alone, as many as there is room for; ``left`` counts the others.
    """
    blocks = [choice_rows(choice) for choice in merged(choices)]
    shown: list[StripRow] = []
    for place, block in enumerate(blocks):
        if shown and len(shown) + len(block) + len(left_out) > MOST_ROWS:
            return pd.DataFrame([*shown, *left_out]), len(blocks) - place
        shown += block
    return pd.DataFrame([*shown, *left_out]), 0


def choice_rows(choice: Choice) -> list[StripRow]:
    """Lay out one choice: a row a compared group, p beside the first."""
    declared, several = choice.label == DECLARED, len(choice.ratios) > 1
    if not choice.ratios:
        return [strip_row(choice.label, NO_RATIO, untold_words(choice), declared)]
    rows = []
    for place, row in enumerate(choice.ratios):
        group = f", {say.level_words(row['level'], row['biomarker'])}" if several and has_value(row["level"]) else ""
        words = f"{ratio(row['estimate'])} ({ratio(row['ci_low'])} to {ratio(row['ci_high'])})"
        shown = f"  {p_words(choice.test['p'])}" if choice.tested and place == 0 else ""
        rows.append(strip_row(choice.label + group, row, words + shown, declared))
    return rows


def untold_words(choice: Choice) -> str:
    return p_words(choice.test["p"]) if choice.tested else "cannot be tested"


def strip_row(label: str, row: Ratio, words: str, declared: bool = False) -> StripRow:
    return {
        "label": label,
        "estimate": row["estimate"],
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "words": words,
        "declared": declared,
    }


def left_out_rows(run: Run, biomarker: str) -> list[StripRow]:
    """Return the range of the first ratio, named where there are several, and of p without each patient in turn."""
    influence = run.table("influence")
    ratios = [c for c in influence if c.startswith("hr_")] if influence is not None else []
    if influence is None or influence["p"].isna().all():
        return []
    alone = influence[influence["patient_id"].notna()]
    words = f"p {p_value(alone['p'].min())} to {p_value(alone['p'].max())}"
    if not ratios:
        return [strip_row("without each patient in turn", NO_RATIO, words)]
    low, high = alone[ratios[0]].min(), alone[ratios[0]].max()
    middle = influence.loc[influence["patient_id"].isna(), ratios[0]]
    estimate = float(middle.iloc[0]) if len(middle) else np.nan
    span: Ratio = {"estimate": estimate, "ci_low": low, "ci_high": high}
    group = f", {say.level_words(ratios[0].removeprefix('hr_'), biomarker)}" if len(ratios) > 1 else ""
    return [strip_row(f"without each patient in turn{group}", span, f"{ratio(low)} to {ratio(high)}  {words}")]


def strips(run: Run) -> list[Drawing]:
    """Draw a robustness strip each primary question; none when the run has no sensitivity analysis of it."""
    questions = primary_questions(run)
    found = []
    for place, question in enumerate(questions[:MOST_QUESTIONS], start=1):
        # Patients are left out of the first question alone.
        left_out = left_out_rows(run, question.biomarker) if place == 1 else []
        name = f" for {question.words}" if len(questions) > 1 else ""
        drawing = strip(choices_of(run, question), left_out, question.claim, name)
        if drawing is not None:
            found.append(drawing if place == 1 else replace(drawing, name=f"{drawing.name}-{place}"))
    return found


def strip(choices: list[Choice], left_out: list[StripRow], claim: Claim, name: str) -> Drawing | None:
    """Draw the strip of one question; None where it was not answered."""
    if not choices:
        return None
    rows, left = strip_rows(choices, left_out)
    effect = next((say.RATIOS[r["effect"]] for c in choices for r in c.ratios), "ratio")
    last = "; last row: the range, no interval" if left_out else ""
    more = f" {plural(left, 'more choice')} {'stand' if left > 1 else 'stands'} on the page of details." if left else ""
    caption = (
        f"{holds_sentence(choices, claim, name)} Lines: 95% intervals{last}. Only the declared analysis is a "
        f"test.{more}"
    )
    shown = (rows, say.capital(effect))
    return Drawing("robustness", f"The answer{name} under other choices", caption.strip(), robustness, shown)


def what_if(run: Run) -> list[dict[str, str]]:
    """Return the precomputed answers under other choices and without each patient, for the what-if of the page.

    Returns
    -------
    list of dict
        ``name`` as chosen, ``words`` the answer in a sentence, ``patient`` who is left out (or empty).
    """
    questions = primary_questions(run)
    found = []
    for question in questions[:MOST_QUESTIONS]:
        name = f"{question.words}: " if len(questions) > 1 else ""
        found += [
            {"name": name + choice.label, "words": choice_sentence(choice, question.claim.level), "patient": ""}
            for choice in judged(choices_of(run, question))
        ]
    return [*found, *(without_patients(run, questions[0]) if questions else [])]


def without_patients(run: Run, question: PrimaryQuestion) -> list[dict[str, str]]:
    """Return the precomputed answers to the first primary question without each patient."""
    influence = run.table("influence")
    if influence is None:
        return []
    ratios, claim, found = [c for c in influence if c.startswith("hr_")], question.claim, []
    changes = {
        "yes": "the conclusion would change" if claim.alone else f"its unadjusted p crosses {claim.level:g}",
        "no": "the conclusion stays" if claim.alone else f"its unadjusted p stays on its side of {claim.level:g}",
    }
    for row in influence[influence["patient_id"].notna()].to_dict("records"):
        parts = [
            f"hazard ratio {ratio(row[c])} for {say.group_words(c.removeprefix('hr_'), question.biomarker)}"
            for c in ratios
            if has_value(row[c])
        ]
        words = "; ".join([*parts, p_words(row["p"]) if has_value(row["p"]) else "not testable"])
        patient, turned = str(row["patient_id"]), changes[row["changes_conclusion"]]
        found.append({"name": f"without {patient}", "words": f"{say.capital(words)}: {turned}.", "patient": patient})
    return found


def choice_sentence(choice: Choice, alpha: float) -> str:
    """Say one precomputed answer: the ratios, then p, then on which side of the declared level it lies."""
    parts = [say.ratio_clause(pd.Series(row)) for row in choice.ratios]
    if not choice.tested:
        return f"Cannot be tested: {text(choice.test['warning'], NONE)}."
    side = "below" if choice.test["p"] < alpha else "not below"
    return say.capital("; ".join([*parts, f"{p_words(choice.test['p'])} (unadjusted), {side} {alpha:g}."]))
