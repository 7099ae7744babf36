"""Whose reading of the scans counts: the evaluator whom endpoints.yaml names, or the first there is of a list."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from anpi.endpoints.rules import Rules
from anpi.problems import Problem
from anpi.tables.clinical import Clinical


def evaluator_names(clinical: Clinical) -> list[str]:
    """Return the names in the column evaluator of assessments.csv and lesions.csv."""
    return sorted({name for frame in read_tables(clinical) for name in frame["evaluator"].dropna()})


def suffix_of(name: str) -> str:
    """Return the ending of the columns of an evaluator: ``_by_`` and the name in small letters and digits."""
    return "_by_" + re.sub(r"[\W_]+", "_", name.lower()).strip("_")


def read_tables(clinical: Clinical) -> list[pd.DataFrame]:
    return [frame for frame in (clinical.assessments, clinical.lesions) if frame is not None]


def named(rules: Rules) -> list[str]:
    """Return the evaluators of endpoints.yaml in their order; none for null."""
    chosen = rules.settings["evaluator"]
    return [chosen] if isinstance(chosen, str) else list(chosen or ())


def primary_evaluator(clinical: Clinical, rules: Rules) -> str | None:
    """Return the evaluator who counts: the first of those named whom the tables have; None when nobody is named."""
    names = evaluator_names(clinical)
    return next((name for name in named(rules) if name in names), names[0] if len(names) == 1 else None)


def evaluator_problems(clinical: Clinical, rules: Rules) -> list[Problem]:
    """Find why nobody knows whose reading counts, or whose is which.

    Several evaluators, none named or none of those named; two whose columns would have one name; lesions that name
    nobody where assessments name several, so that they would count for each.
    """
    names, chosen = evaluator_names(clinical), named(rules)
    if len(names) < 2 and not (chosen and names):
        return []
    tables = [frame for frame in read_tables(clinical) if frame["evaluator"].notna().any()]
    found = {"file": tables[0].attrs["file"], "column": "evaluator", "found": ", ".join(names)}
    if not chosen:
        expected = "one, or evaluator in endpoints.yaml to name the one that counts"
        return [Problem(message="several evaluators", expected=expected, **found)]
    if not set(chosen) & set(names):
        return [Problem(expected=f"{' or '.join(chosen)}, the evaluator of endpoints.yaml", **found)]
    suffixes = [suffix_of(name) for name in names]
    if len(set(suffixes)) < len(names) or suffix_of("") in suffixes:
        mend = "Write one evaluator in one way; give two of them names that differ."
        return [Problem(expected="names that differ in letters or digits", mend=mend, **found)]
    silent = [frame for frame in read_tables(clinical) if len(frame) and frame["evaluator"].isna().all()]
    mend = "Fill the column evaluator, or name one evaluator alone in both tables."
    expected = f"the evaluator of each row, as {Path(tables[0].attrs['file']).name} has several"
    return [
        Problem(frame.attrs["file"], column="evaluator", found="", expected=expected, mend=mend)
        for frame in silent
        if len(names) > 1
    ]


def read_by(frame: pd.DataFrame, evaluator: str | None) -> pd.DataFrame:
    """Keep the rows of an evaluator; all of a table that names none."""
    if evaluator is None or frame["evaluator"].isna().all():
        return frame
    return frame[frame["evaluator"] == evaluator]
