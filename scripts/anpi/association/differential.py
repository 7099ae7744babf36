"""Differential expression between declared groups by pydeseq2, with a reason for every number that is missing."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anpi.association.confounding import inseparable
from anpi.association.plan import Plan
from anpi.association.question import design
from anpi.association.trial import Trial

COLUMNS = (
    "contrast",
    "gene_id",
    "symbol",
    "base_mean",
    "log2_fold_change",
    "standard_error",
    "shrunken_log2_fold_change",
    "statistic",
    "p",
    "p_adjusted",
    "reason",
)
GROUP = "tested_group"
# The time of a fit grows by the square of the columns.
MOST_COLUMNS = 100


@dataclass(frozen=True)
class Contrast:
    """Two groups of samples to compare.

    Parameters
    ----------
    name : str
        Such as ``responders against non-responders``.
    inside : pandas.Series
        1 for the group, 0 for the reference, by patient.
    covariates : pandas.DataFrame
        Numeric columns to adjust for, same rows.
    notes : tuple of str
        Covariates left out and why.
    obstacle : str or None
        Why it is not tested.
    """

    name: str
    inside: pd.Series
    covariates: pd.DataFrame
    notes: tuple[str, ...]
    obstacle: str | None

    def summary(self) -> dict[str, object]:
        """Name, sizes, design and obstacle, as a row of the table of contrasts."""
        terms = [*dict.fromkeys(name.split(": ")[0] for name in self.covariates.columns), "group"]
        return {
            "contrast": self.name,
            "n_group": int(self.inside.sum()),
            "n_reference": int((1 - self.inside).sum()),
            "design": "~ " + " + ".join(terms),
            "notes": "; ".join(self.notes) or None,
            "reason": self.obstacle,
        }


def declared_contrasts(plan: Plan, trial: Trial) -> Iterator[Contrast]:
    """Return the contrasts that the plan declares: responders, and each subtype against the others."""
    settings = plan.settings["expression"]
    members = trial.members(settings["set"])
    members = members[trial.sets.loc[members, "sample_id"].notna()]
    if "response" in settings["contrasts"]:
        response = trial.outcome("response")["y"].reindex(members)
        yield contrast("responders against non-responders", response, plan, trial)
    if "subtype" in settings["contrasts"]:
        if trial.calls is None:
            nothing = pd.Series(np.nan, index=members)
            yield contrast("subtypes", nothing, plan, trial, "no subtype calls")
            return
        called = trial.calls["subtype"].reindex(members)
        for level in plan.subtype_order:
            inside = called.eq(level).astype(float).where(called.notna())
            yield contrast(f"subtype {level} against the others", inside, plan, trial)


def contrast(name: str, inside: pd.Series, plan: Plan, trial: Trial, obstacle: str | None = None) -> Contrast:
    """Join a grouping with its covariates; refuse what is too small or cannot be told from a batch."""
    settings = plan.settings["expression"]
    parts: list[pd.DataFrame] = []
    notes: list[str] = []
    if inside.isna().any() and inside.notna().any():
        left_out = f"{int(inside.isna().sum())} of {len(inside)} patients with a sample left out"
        notes.append(f"{left_out}: it is not known to which group they belong")
    inside = inside.dropna()
    for column in settings["adjust_for"]:
        values = trial.covariate(column).reindex(inside.index)
        if values.isna().any():
            notes.append(f"not adjusted for {column}: {'not given' if values.isna().all() else 'missing for some'}")
        elif values.nunique() < 2:
            notes.append(f"not adjusted for {column}: one level only")
        elif inside.nunique() > 1 and has_levels(values) and inseparable(inside, values.astype(str)):
            obstacle = obstacle or f"every {column} holds one group only, so the two cannot be told apart: not tested"
        else:
            parts.append(design(values.to_frame()))
    covariates = pd.concat(parts, axis=1) if parts else pd.DataFrame(index=inside.index)
    smallest = settings["smallest_group"]
    sizes = int(inside.sum()), int((1 - inside).sum())
    if obstacle is None and min(sizes) < smallest:
        obstacle = f"groups of {sizes[0]} and {sizes[1]}, fewer than {smallest} in one: not tested"
    if len(covariates.columns) + 2 > MOST_COLUMNS:
        obstacle = obstacle or too_many_columns(covariates)
    if obstacle is None:
        whole = np.column_stack([np.ones(len(inside)), covariates.to_numpy(dtype=float), inside.to_numpy()])
        if np.linalg.matrix_rank(whole) < whole.shape[1]:
            obstacle = "group and covariates cannot be told apart (the design lacks full rank): not tested"
        elif len(inside) - whole.shape[1] < 3:
            obstacle = "too few samples for the covariates asked for: not tested"
    return Contrast(name, inside, covariates, tuple(notes), obstacle)


def has_levels(values: pd.Series) -> bool:
    """Return whether a covariate has levels; an amount that hardly two patients share has none to hold one group."""
    return isinstance(values.dtype, pd.CategoricalDtype) or values.nunique() < len(values) / 2


def too_many_columns(covariates: pd.DataFrame) -> str:
    """Return which covariate has too many levels to adjust for."""
    named = covariates.columns.str.split(": ").str[0].value_counts()
    column, others = named.index[0], named.iloc[0]
    return (
        f"the design would have {len(covariates.columns) + 2} columns, more than {MOST_COLUMNS} ({column} has "
        f"{others + 1} levels): not tested; join levels, such as the runs of one machine, or take the column out of "
        "adjust_for"
    )


def compare_groups(counts: pd.DataFrame, item: Contrast, minimum_count: int) -> pd.DataFrame:
    """Compare two groups gene by gene (DESeq2; Love 2014), fold changes shrunken by apeglm (Zhu 2019).

    Parameters
    ----------
    counts : (genes, patients) DataFrame
        Raw counts; estimated ones are rounded.
    minimum_count : int
        A gene is tested when at least as many samples as the smaller group hold that many counts.

    Returns
    -------
    DataFrame
        One row a gene, in the order of ``counts``, with `COLUMNS` but contrast and symbol; ``reason`` says why p or
        the adjusted p is missing.
    """
    part = counts[item.inside.index].round()
    smaller = int(min(item.inside.sum(), (1 - item.inside).sum()))
    result = pd.DataFrame(index=part.index, columns=list(COLUMNS[3:-1]), dtype=float)
    result["reason"] = pd.Series(None, index=part.index, dtype=object)
    low = (part >= max(minimum_count, 1)).sum(axis=1) < smaller
    result.loc[low, "reason"] = f"fewer than {minimum_count} counts in too many samples: not tested"
    result.loc[part.isna().any(axis=1), "reason"] = "no count is known in some of the samples: not tested"
    result["base_mean"] = part.mean(axis=1)
    tested = result["reason"].isna()
    if not tested.any():
        return result
    part = part[tested]
    found = fit(part, item)
    for name in found.columns:
        result.loc[found.index, name] = found[name]
    return result


def fit(counts: pd.DataFrame, item: Contrast) -> pd.DataFrame:
    """Run DESeq2 on one thread and explain what it leaves missing."""
    from anpi.association.deseq import compare  # a second of imports, for nothing where all contrasts are kept

    design = item.covariates.set_axis([f"c{place}" for place in range(item.covariates.shape[1])], axis=1)
    design.insert(0, "Intercept", 1.0)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        result = compare(counts, design.assign(**{GROUP: item.inside}), GROUP)
    reason = pd.Series(None, index=result.index, dtype=object)
    reason[result["p_adjusted"].isna()] = "expression too low for the adjusted p (independent filtering)"
    reason[result["p"].isna()] = "one sample far from the others (Cook's distance), or the fit failed"
    return result.assign(reason=reason)
