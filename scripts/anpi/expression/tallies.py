"""Rows of a matrix that are no genes: reads on none, as programs that count tell them, and sums of the others."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from anpi.problems import InputError, Problem

OF_HTSEQ = "__(?:no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)"
OF_STAR = "N_(?:unmapped|multimapping|noFeature|ambiguous)"
ON_NO_GENE = re.compile(rf"{OF_HTSEQ}|{OF_STAR}|Unassigned_\w+")
OF_SUMS = re.compile(r"(?:grand[ _]?)?(?:totals?|sum)", re.IGNORECASE)
FEW_ROWS = 10  # of which one may be the sum of the others by chance
SAME = 1e-4  # how far, relatively, a row of sums may be from them


def without_tallies(raw: pd.DataFrame, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Leave out the rows of reads on no gene, with a note of them.

    Raises
    ------
    InputError
        A row of sums, which would stand as a gene with half of all reads.
    """
    names = list(map(str, raw.index))
    for row in names:
        if OF_SUMS.fullmatch(row):
            raise InputError(sums_fault(name, row))
    tallies = [row for row in names if ON_NO_GENE.fullmatch(row)]
    if not tallies:
        return raw, []
    note = f"{len(tallies)} rows of reads on no gene left out: {', '.join(tallies[:10])}"
    return raw[[row not in tallies for row in names]], [note]


def sums_fault(name: str, row: str) -> Problem:
    """Return that a row of a matrix holds the sums of the others."""
    mend = "Take the row out: its values would count as those of a gene."
    return Problem(name, "a row of sums", found=row, expected="a gene in every row", mend=mend)


def row_of_sums(values: pd.DataFrame, known: pd.Series, name: str) -> list[Problem]:
    """Find a row of no known gene that holds in each sample the sum of all others, whatever it is called.

    Parameters
    ----------
    known : pandas.Series
        Whether the gene of each row is known.
    """
    numbers = values.to_numpy()
    sums = np.nansum(numbers, axis=0)
    if len(numbers) <= FEW_ROWS or not (sums > 0).any():
        return []
    first = int(sums.argmax())
    likely = ~known.to_numpy() & np.isclose(2 * numbers[:, first], sums[first], rtol=SAME)
    for place in np.flatnonzero(likely):
        if np.isclose(2 * numbers[place], sums, rtol=SAME).all():
            return [sums_fault(name, str(values.index[place]))]
    return []
