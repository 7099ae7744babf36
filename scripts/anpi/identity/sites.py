"""The listed SNPs: where they stand in each genome build, their alleles and how common those are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from anpi.alignment.contigs import assembly_of, plain_name
from anpi.files.shipped import ROOT
from anpi.problems import Problem, refuse, refuse_missing_columns
from anpi.tables.reading import read_text_table

SITES = ROOT / "resources" / "identity" / "snps.tsv"
POPULATIONS = ("af_eas", "af_amr", "af_afr", "af_eur", "af_sas")
COLUMNS = ["rsid", "chromosome", "grch38", "grch37", "ref", "alt", "af", *POPULATIONS]


def read_sites(path: Path | str = SITES) -> pd.DataFrame:
    """Read a list of SNPs.

    Returns
    -------
    pandas.DataFrame
        ``rsid``, ``chromosome`` (text without ``chr``), ``grch38`` and ``grch37`` (positions from 1), ``ref`` and
        ``alt`` (bases of the forward strand), ``af`` (share of ``alt`` in all of 1000 Genomes) and that share in its
        East Asian, American, African, European and South Asian samples; other columns as text.

    Raises
    ------
    InputError
        A column that lacks, a value that is no position, base or share, an rsid twice.
    """
    table = read_text_table(path)
    refuse_missing_columns(str(path), table, COLUMNS)
    problems = []
    for column in ("grch38", "grch37", "af", *POPULATIONS):
        numbers = pd.to_numeric(table[column], errors="coerce")
        low, high = (1, 3e8) if column.startswith("grch") else (0, 1)
        for row in table.index[~numbers.between(low, high)]:
            expected = "a position" if column.startswith("grch") else "a share between 0 and 1"
            problems.append(
                Problem(str(path), row=row + 2, column=column, found=table.at[row, column], expected=expected)
            )
        table[column] = numbers
    for column in ("ref", "alt"):
        for row in table.index[~table[column].isin(list("ACGT"))]:
            found = table.at[row, column]
            problems.append(Problem(str(path), row=row + 2, column=column, found=found, expected="A, C, G or T"))
    for row in table.index[table["rsid"].duplicated()]:
        problems.append(Problem(str(path), "stands twice", row=row + 2, column="rsid", found=table.at[row, "rsid"]))
    refuse(problems)
    return table.astype({"grch38": int, "grch37": int})


def build_of(names: Sequence[str], lengths: Sequence[int]) -> str | None:
    """Tell the genome build from the references of an alignment: grch38, grch37 or None."""
    assembly = assembly_of(dict(zip(map(plain_name, names), lengths, strict=True)))
    return assembly.lower() if assembly else None


def contig_names(chromosomes: pd.Series, references: Sequence[str]) -> pd.Series:
    """Return the name that each chromosome has in an alignment; None where it lacks."""
    named = {plain_name(reference): reference for reference in references}
    return chromosomes.map(lambda chromosome: named.get(chromosome))
