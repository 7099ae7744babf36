"""Tables of single samples that stand beside a matrix: each sample once, and numbers where numbers belong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.problems import Problem, refuse, refuse_missing_columns
from anpi.tables.reading import FIRST_DATA_ROW, read_facts

NO_SHARE = ("sclc", "sclc_reason")
ANY_NUMBER = (-math.inf, math.inf)
Limits = Mapping[str, tuple[float, float]]


def read_sample_table(path: Path | str, columns: Sequence[str] = (), limits: Limits | None = None) -> pd.DataFrame:
    """Read a table with a row a sample.

    Parameters
    ----------
    columns : sequence of str
        That it must have beside ``sample_id``.
    limits : mapping, optional
        Least and greatest number by column, of the columns that hold numbers, as far as the table has them.

    Raises
    ------
    InputError
        A column that lacks, a row without a sample, a sample twice, a word or another number in a column of numbers.
    """
    table, name = read_facts(path), str(path)
    refuse_missing_columns(name, table, ("sample_id", *columns))
    problems = list(sample_problems(table, name))
    for column, (least, most) in (limits or {}).items():
        if column in table:
            problems += number_problems(table[column], least, most, name)
    refuse(problems)
    return table


def read_tissues(path: Path | str) -> pd.DataFrame:
    """Read ``subtypes/tissues.tsv``: percent of each normal tissue by sample, beside whether it is SCLC."""
    table, name = read_sample_table(path), str(path)
    shares = table.columns.drop(["sample_id", *NO_SHARE], errors="ignore")
    refuse([problem for column in shares for problem in number_problems(table[column], 0, 100, name)])
    return table


def sample_problems(table: pd.DataFrame, name: str) -> Iterator[Problem]:
    """Find rows without a sample, and samples that stand twice."""
    first: dict[str, int] = {}
    for row, sample in enumerate(table["sample_id"], start=FIRST_DATA_ROW):
        if pd.isna(sample):
            yield Problem(name, row=row, column="sample_id", found="", expected="the id of a sample")
        elif first.setdefault(sample, row) != row:
            expected = f"each sample once; it stands in row {first[sample]} already"
            mend = "Take out the row that is wrong."
            yield Problem(name, row=row, column="sample_id", found=sample, expected=expected, mend=mend)


def number_problems(values: pd.Series, least: float, most: float, name: str) -> list[Problem]:
    """Find what is no number within limits; missing values are none."""
    texts = values[values.notna()].map(str)  # True is a word here, which pandas takes for 1
    numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    wrong = ~(np.isfinite(numbers) & numbers.between(least, most))
    expected = "a number" if math.isinf(most) else f"a number from {least:g} to {most:g}"
    mend = "Leave the cell empty where it is not known."
    return [
        Problem(
            name, row=int(str(row)) + FIRST_DATA_ROW, column=str(values.name), found=text, expected=expected, mend=mend
        )
        for row, text in texts[wrong].items()
    ]
