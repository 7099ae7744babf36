"""Accounts of one sample: its reads, the transcripts of the reference, the sums over genes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from anpi.accounts.account import Account
from anpi.words.counting import ASSIGNED, COUNTED_BY, left_out_words

PASSED = "passed_filter_reads"
ROUNDED = 0.0005  # counts of genes are written with three decimals


def sample_accounts(
    sample: str,
    quant: pd.DataFrame,
    transcripts: pd.DataFrame,
    genes: pd.DataFrame,
    reads: Mapping[str, Any],
    fastp: Mapping[str, Any] | None,
) -> list[Account]:
    """Return the accounts of a sample.

    Parameters
    ----------
    quant, transcripts, genes : pandas.DataFrame
        See `anpi.expression.summary`.
    reads : mapping
        ``reads.json`` of the quantify step, or what a salmon folder tells of its reads.
    fastp : mapping or None
        fastp's report.
    """
    return [
        *record_accounts(sample, reads),
        read_account(sample, quant, reads, fastp),
        transcript_account(sample, quant, transcripts, reads),
        gene_account(sample, quant, genes),
    ]


def counting_accounts(
    sample: str, summary: dict[str, int], genes: pd.DataFrame, reads: Mapping[str, Any]
) -> list[Account]:
    """Return the accounts of a sample whose alignments alone are counted.

    Parameters
    ----------
    summary : dict
        featureCounts' fragments by status.
    genes : pandas.DataFrame
        See `anpi.expression.counted.genes_of_counts`.
    """
    if reads.get("failure"):
        return [Account("reads", sample, 0, 0, note="not counted: the files of the sample cannot be used")]
    assigned, counted = summary[ASSIGNED], round(float(genes["counts"].sum()))
    return [
        Account("reads", sample, sum(summary.values()), assigned, left_out=left_out_words(summary), note=COUNTED_BY),
        Account("genes", sample, assigned, counted, note="fragments on genes"),
    ]


def record_accounts(sample: str, reads: Mapping[str, Any]) -> Iterator[Account]:
    """Account for the primary records of alignments that were turned back to reads."""
    for unit in reads.get("units") or ():
        if counts := unit.get("alignment"):
            left = {
                "that failed the quality control of the sequencer": counts["qc_fail_records"],
                "whose mate lacks": counts["mates_left_out"],
                "unpaired in a file of pairs": counts["unpaired_left_out"],
            }
            used = 2 * counts["pairs"] if counts["pairs"] else unit["reads"]
            scope = f"{sample}/{unit['unit_id']}"
            yield Account("records", scope, counts["primary_records"], used, left_out=left)


def read_account(
    sample: str, quant: pd.DataFrame, reads: Mapping[str, Any], fastp: Mapping[str, Any] | None
) -> Account:
    """Account for fragments: mapped, unmapped, or left out by fastp for its reasons."""
    if reads.get("failure"):
        return Account("reads", sample, 0, 0, note="not counted: the files of the sample cannot be used")
    mapped, passed, given = (reads.get(name) for name in ("fragments_mapped", "fragments_passed", "fragments"))
    mapped = round(float(quant["NumReads"].sum())) if mapped is None else mapped
    molecules = reads.get("molecules")
    used = mapped if molecules is None else molecules
    copies = {} if molecules is None else {"further copies of a molecule": mapped - molecules}
    if passed is None:
        note = "how many were sequenced is not told"
        return Account("reads", sample, mapped, used, left_out=copies, note=note)
    mates = 2 if reads.get("layout") == "paired" else 1
    left = {
        f"{reason.removesuffix('_reads').replace('_', ' ')} (fastp)": number // mates
        for reason, number in ((fastp or {}).get("filtering_result") or {}).items()
        if reason != PASSED
    }
    left["unmapped"] = passed - mapped
    left |= copies
    note = "trimming before salmon is not told" if given is None and "units" not in reads else ""
    if twice := reads.get("drawn_reads_twice"):
        note = f"{twice} of the drawn reads stand twice"
    return Account("reads", sample, passed if given is None else given, used, left_out=left, note=note)


def transcript_account(
    sample: str, quant: pd.DataFrame, transcripts: pd.DataFrame, reads: Mapping[str, Any]
) -> Account:
    """Account for the transcripts of the reference: each has a row of ``quant.sf``, or its twin has."""
    given = len(transcripts)
    if not len(quant):
        why = "of a sample whose files cannot be used" if reads.get("failure") else "in which no read maps"
        return Account("transcripts", sample, given, 0, left_out={why: given})
    twins = min(given - len(quant), int(transcripts["same_as"].notna().sum()) if "same_as" in transcripts else 0)
    return Account("transcripts", sample, given, len(quant), left_out={"of the sequence of another": max(twins, 0)})


def gene_account(sample: str, quant: pd.DataFrame, genes: pd.DataFrame) -> Account:
    """Account for the sum of reads over transcripts, which is that over genes but for written decimals."""
    given, used = float(quant["NumReads"].sum()), float(genes["counts"].sum())
    closes = abs(given - used) <= ROUNDED * max(len(genes), 1) + 1e-6
    return Account("genes", sample, round(given), round(given) if closes else round(used), note="fragments on genes")
