"""Batch and site against biomarker and outcome: what cannot be told apart is refused as a cause."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.association.groups import split_groups
from anpi.association.plan import DURING_TREATMENT, Plan
from anpi.association.question import Question
from anpi.association.trial import Trial
from anpi.stats.permutation import permute_groups
from anpi.trial.results import APART_IN_ARMS

FROM_SAMPLES = ("subtype", "signatures", "genes")
SMALLEST_BATCH = 3
STRONG = 0.5
SUSPECT_P = 0.01
PERMUTATIONS = 2000


def confounding(question: Question, trial: Trial, plan: Plan) -> tuple[str | None, list[str]]:
    """Look whether arm, batch or site explains the biomarker or the outcome.

    Returns
    -------
    refusal : str or None
        Why the biomarker cannot be tested: it varies within no arm, where arms are strata, or within no batch.
    notes : list of str
        Warnings of strong but not complete confounding.
    """
    if refusal := alike_within_arms(question, plan):
        return refusal, []
    notes = apart_in_arms(question, plan)
    if trial.samples is None or question.entry.biomarker not in FROM_SAMPLES or question.frame.empty:
        return None, notes
    for name in ("batch", "site"):
        if name not in trial.samples.columns:
            continue
        batch = trial.samples[name].reindex(question.frame.index)
        frame = question.frame[batch.notna()]
        batch = batch.dropna().astype(str)
        sizes = batch.map(batch.value_counts())
        large = sizes >= SMALLEST_BATCH
        if batch[large].nunique() < 2:
            continue
        marker = frame["marker"]
        if question.grouped and inseparable(marker[large], batch[large]) and large.mean() >= STRONG:
            return (
                f"every {name} holds one {question.biomarker} only, so the two cannot be told apart: not tested"
            ), notes
        if share_explained(marker, batch, question.grouped):
            notes.append(
                f"{question.biomarker} differs between {name}es: it may stand for {name}".replace("sitees", "sites")
            )
        outcome = frame["y"] if "y" in frame else frame["event"]
        if "y" in frame and inseparable(frame["y"][large], batch[large]) and large.mean() >= STRONG:
            return f"every {name} holds one outcome only, so {name} explains it as well: not tested", notes
        if share_explained(outcome, batch, False):
            notes.append(f"the outcome differs between {name}es".replace("sitees", "sites"))
    return None, notes


def alike_within_arms(question: Question, plan: Plan) -> str | None:
    """Say why groups cannot be tested within arms, where arms are strata: each arm holds one of them."""
    if not question.stratified or not question.grouped or question.entry.biomarker in DURING_TREATMENT:
        return None
    tested = split_groups(question.frame["marker"], plan, question.biomarker).tested
    frame = question.frame[question.frame["marker"].isin(tested)]
    if not inseparable(frame["marker"], frame["arm"]):
        return None
    held = f"every arm holds one {question.biomarker} only"
    return f"{held}, so the two cannot be told apart within arms: not tested"


def apart_in_arms(question: Question, plan: Plan) -> list[str]:
    """Tell of groups of which most stand in other arms than the reference: within arms they are hardly compared.

    Of each group and the reference the smaller number in each arm is counted. A group that keeps half of its patients
    (or of the reference's, where those are fewer) beside the other, or as many as a group needs, is not told of.
    """
    if not question.grouped or question.entry.biomarker in ("arm", *DURING_TREATMENT):
        return []
    groups = split_groups(question.frame["marker"], plan, question.biomarker)
    counts = pd.crosstab(question.frame["marker"], question.frame["arm"]).reindex(groups.tested)
    if counts.shape[0] < 2 or counts.shape[1] < 2:
        return []
    reference, sizes = counts.loc[groups.reference], counts.sum(axis=1)
    beside = counts.clip(upper=reference, axis=1).sum(axis=1).drop(groups.reference)
    enough = (sizes.drop(groups.reference).clip(upper=sizes[groups.reference]) / 2).clip(upper=plan.smallest_group)
    apart = [f"{level} {count}" for level, count in beside[beside < enough].items()]
    if not apart:
        return []
    return [
        f"within arms few patients of a group stand beside as many of {groups.reference} ({', '.join(apart)}): "
        f"{question.biomarker} {APART_IN_ARMS}"
    ]


def inseparable(values: pd.Series, batch: pd.Series) -> bool:
    """Return whether values differ between batches and within none."""
    return values.nunique() > 1 and bool((values.groupby(batch).nunique() == 1).all())


def share_explained(values: pd.Series, batch: pd.Series, grouped: bool) -> bool:
    """Return whether batch explains at least half of the spread of values, beyond chance."""
    columns = pd.get_dummies(values.astype(str)).astype(float) if grouped else values.astype(float).to_frame()
    columns = columns.loc[:, columns.nunique() > 1]
    if columns.empty or batch.nunique() >= len(batch) / 2:
        return False
    total = float(((columns - columns.mean()) ** 2).to_numpy().sum())
    between = float(((columns.groupby(batch).transform("mean") - columns.mean()) ** 2).to_numpy().sum())
    if between / total < STRONG:
        return False
    tests = [permute_groups(columns[name], batch, None, PERMUTATIONS, 0).p for name in columns.columns]
    return bool(np.nanmin(tests) * len(tests) < SUSPECT_P)
