"""Run a plan over a trial: every declared question, its warnings, and the adjustment over each family."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from anpi.association.confounding import confounding
from anpi.association.during_treatment import time_by_event
from anpi.association.gates import adjust_families, compare_levels
from anpi.association.interaction import interaction_rows
from anpi.association.plan import DURING_TREATMENT, Plan
from anpi.association.question import COLUMNS, Question, Row, all_questions
from anpi.association.response import response_rows
from anpi.association.time_to_event import time_rows
from anpi.association.trial import Trial
from anpi.progress import say
from anpi.stats.multiplicity import adjust


def run_plan(plan: Plan, trial: Trial, registry: pd.DataFrame | None = None) -> list[Row]:
    """Answer every question of the plan.

    Returns
    -------
    list of Row
        In the order of the plan; within a question the test stands first. ``p_adjusted`` of a test is adjusted over
        the tests of its family, and never below those of the family's gate; that of a contrast over the contrasts of
        its question, and never below that of the question's test, so that no single group is claimed when the
        question is not.
    """
    questions = list(all_questions(plan, trial, registry))
    answered = []
    for question in questions:
        answered.append(answer(question, plan, trial))
        name = f"{question.entry.entry}, {question.endpoint} by {question.biomarker}"
        say(f"{name}: answered, {len(answered)} of {len(questions)}")
    adjust_families(plan, [row for rows in answered for row in rows])
    for rows in answered:
        adjust_contrasts(rows)
        compare_levels(rows, plan.alpha)
    return [row for rows in answered for row in rows]


def answer(question: Question, plan: Plan, trial: Trial) -> list[Row]:
    """Answer one question, with its confounding looked at first."""
    refusal, notes = confounding(question, trial, plan)
    if refusal and question.obstacle is None:
        question = replace(question, obstacle=refusal)
    question.notes.extend(notes)
    if question.entry.biomarker in DURING_TREATMENT:
        rows = time_by_event(question, plan, trial.exposure(question.biomarker))
    else:
        rows = time_rows(question, plan) if question.kind == "time" else response_rows(question, plan)
    if question.entry.interaction_with_arm:
        rows += interaction_rows(question, plan)
    return question.stamp(rows)


def adjust_contrasts(rows: list[Row]) -> None:
    """Adjust contrasts by Holm within a question, held to the test that opens the question."""
    start = 0
    for place in [i for i, row in enumerate(rows) if row.role == "test"][1:] + [len(rows)]:
        block = rows[start:place]
        contrasts = [row for row in block if row.role == "contrast"]
        gate = block[0].p_adjusted if block else np.nan
        for row, adjusted in zip(contrasts, adjust([row.p for row in contrasts], "holm"), strict=True):
            row.p_adjusted = float(max(adjusted, gate)) if np.isfinite(gate) else np.nan
        start = place


def results_table(rows: list[Row]) -> pd.DataFrame:
    """Return the rows as the table of results."""
    frame = pd.DataFrame([row.record() for row in rows], columns=list(COLUMNS))
    frame["events"] = frame["events"].astype("Int64")
    return frame
