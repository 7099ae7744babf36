"""Is a salmon table whole and its own? Its numbers against each other, its rows against the reference.

A table that lost rows, took them twice or holds another's values sums to a million TPM as well as a sound one. What it
cannot do is agree with itself and with the transcripts: salmon's TPM follow from its reads and effective lengths, and
it writes one row for each transcript of its index, with the length of its sequence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from anpi.expression.transcript_ids import strip_transcript_version
from anpi.problems import Problem

# salmon writes reads and effective lengths with three decimals, TPM with six.
ROUNDED, ROUNDED_TPM = 0.0005, 0.0000005
# Older versions write six significant digits.
RELATIVE = 1e-3
MOST_SHOWN = 3
COPY_AGAIN = "The table is not whole, or was changed after salmon wrote it; copy it again."
ANOTHER_REFERENCE = (
    "Copy the table again; or give in reference.transcripts the sequences that salmon's index was made of, all of them."
)


def number_problems(quant: pd.DataFrame, file: str) -> list[Problem]:
    """Find rows whose numbers no salmon writes.

    Parameters
    ----------
    quant : pandas.DataFrame
        Columns of ``quant.sf``, numbers as floats; all finite.

    Returns
    -------
    list of Problem
        Names that are missing or stand twice, negative numbers, lengths that are no whole number above 0, effective
        lengths of 0, TPM that do not follow from reads and effective lengths: the first row of each kind.
    """
    twice = quant["Name"].duplicated()
    length, effective = quant["Length"], quant["EffectiveLength"]
    kinds = [
        ("Name", quant["Name"].str.strip() == "", "the name of a transcript"),
        ("Name", twice, "each transcript once"),
        ("Length", (length < 1) | (length % 1 != 0), "a whole number of bases"),
        ("EffectiveLength", effective <= 0, "a number above 0"),
        ("TPM", quant["TPM"] < 0, "0 or more"),
        ("NumReads", quant["NumReads"] < 0, "0 or more"),
    ]
    problems = [
        Problem(file, row=int(row) + 2, column=column, found=shown(quant[column].iloc[row]), expected=expected,
                mend=COPY_AGAIN)
        for column, wrong, expected in kinds
        for row in np.flatnonzero(wrong)[:1]
    ]  # fmt: skip
    return problems or tpm_problems(quant, file)


def shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def tpm_problems(quant: pd.DataFrame, file: str) -> list[Problem]:
    """Compare TPM with what reads and effective lengths give: ``1e6 * r_i / sum(r)``, ``r = reads / length``.

    The bound of a row is what the written decimals leave open (Li & Dewey 2011, 10.1186/1471-2105-12-323).
    """
    reads, length, tpm = (quant[column].to_numpy() for column in ("NumReads", "EffectiveLength", "TPM"))
    rates = reads / length
    total = rates.sum()
    if not total:
        wrong, expected = tpm > ROUNDED_TPM, np.zeros(len(tpm))
    else:
        expected = rates / total * 1e6
        rounding = (ROUNDED / length) * (1 + rates) / total * 1e6 + ROUNDED_TPM
        wrong = np.abs(tpm - expected) > 2 * rounding + RELATIVE * np.maximum(tpm, expected)
    return [
        Problem(
            file,
            f"{int(wrong.sum())} of {len(quant)} TPM do not follow from reads and effective lengths",
            row=int(row) + 2,
            column="TPM",
            found=f"{tpm[row]:g}",
            expected=f"{expected[row]:g}",
            mend=COPY_AGAIN,
        )
        for row in np.flatnonzero(wrong)[:1]
    ]


def reference_problems(quant: pd.DataFrame, transcripts: pd.DataFrame, file: str) -> list[Problem]:
    """Compare the rows of a salmon table with the transcripts of the reference: both ways, and their lengths.

    Versions of ids are not compared: lengths are. Of transcripts with one sequence salmon keeps the first unless told
    otherwise, so one of them is enough.

    Parameters
    ----------
    quant : pandas.DataFrame
        ``Name`` and ``Length``.
    transcripts : pandas.DataFrame
        ``transcript_id``, ``length`` and ``same_as`` (see `anpi.quantification.reference.same_sequences`).
    """
    reference = transcripts.set_axis(bare_names(transcripts["transcript_id"]), axis=0)
    names = bare_names(quant["Name"])
    stranger = ~names.isin(reference.index)
    problems = [
        Problem(file, f"{int(stranger.sum())} of {len(quant)} transcripts are none of the reference",
                row=int(row) + 2, column="Name", found=quant["Name"].iloc[row], mend=ANOTHER_REFERENCE)
        for row in np.flatnonzero(stranger)[:1]
    ]  # fmt: skip
    lacking = lacking_transcripts(reference, names)
    if len(lacking):
        found = ", ".join(lacking[:MOST_SHOWN])
        words = f"{len(lacking)} of {len(reference)} transcripts of the reference have no row"
        problems.append(Problem(file, words, found=f"none of {found}", mend=ANOTHER_REFERENCE))
    lengths = reference["length"].astype(float).reindex(names)
    other = (lengths.to_numpy() != quant["Length"].to_numpy()) & ~stranger
    problems += [
        Problem(file, f"{int(other.sum())} of {len(quant)} lengths are not those of the reference", row=int(row) + 2,
                column="Length", found=shown(float(quant["Length"].iloc[row])),
                expected=f"{lengths.iloc[row]:g}, the length of {quant['Name'].iloc[row]}", mend=ANOTHER_REFERENCE)
        for row in np.flatnonzero(other)[:1]
    ]  # fmt: skip
    return problems


def bare_names(names: pd.Series) -> pd.Index:
    """Return ids without version; whole ones where two would become one."""
    bare = [strip_transcript_version(name) for name in names]
    return pd.Index(bare if len(set(bare)) == len(bare) else list(names))


def lacking_transcripts(reference: pd.DataFrame, names: pd.Index) -> list[str]:
    """List the ids of the reference that have no row, nor a transcript of the same sequence that has one."""
    there = reference.index.isin(names)
    if "same_as" in reference:
        group = reference["same_as"].where(reference["same_as"].notna(), reference["transcript_id"])
        there = pd.Series(there, index=reference.index).groupby(group.to_numpy()).transform("any").to_numpy()
    return list(reference["transcript_id"][~there])


def account_problems(
    quant: pd.DataFrame,
    transcripts: pd.DataFrame,
    reads: Mapping[str, Any],
    mapped: int | None,
    file: str,
    at_most: bool = False,
) -> list[Problem]:
    """Hold a salmon table against the reference and the number of fragments that salmon says it mapped.

    Parameters
    ----------
    reads : mapping
        ``reads.json`` of the quantify step, empty without one. A table without rows is what that step writes when
        nothing maps, and only then.
    mapped : int or None
        ``num_mapped`` of the ``meta_info.json`` beside the table; None without one.
    at_most : bool
        Whether ``mapped`` also holds fragments that were not assigned.
    """
    if reads.get("failure") or reads.get("fragments_mapped") == 0:
        return [Problem(file, "rows in the table of a sample without reads", mend=COPY_AGAIN)] if len(quant) else []
    total = float(quant["NumReads"].sum())
    excess = 0.0 if mapped is None else total - mapped
    if (excess if at_most else abs(excess)) > 1 + ROUNDED * len(quant):
        expected = f"{'at most ' if at_most else ''}{mapped}, num_mapped of meta_info.json"
        fault = "the reads are not those that salmon says it mapped"
        mend = "Copy the whole salmon folder again."
        problem = Problem(file, fault, column="NumReads", found=f"a sum of {total:.10g}", expected=expected, mend=mend)
        return [*reference_problems(quant, transcripts, file), problem]
    return reference_problems(quant, transcripts, file)
