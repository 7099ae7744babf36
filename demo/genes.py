"""The genes of a simulated transcriptome: those that analyses ask for, and ballast of expressed genes."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.expression.genes import annotate, read_gene_table, strip_version
from anpi.files.shipped import ROOT
from anpi.tables.reading import read_text_table
from demo.streams import stream

RESOURCES = ROOT / "resources"
DEMO = RESOURCES / "demo"
QUARTILES = RESOURCES / "expression" / "sclc_ucologne_2015_tpm_quartiles.tsv.gz"
BROAD_SETS = "hallmark_"
SHORTEST, LONGEST, BALLAST_LENGTH = 500, 3000, 300
UNSEEN_QUARTILES = (1.0, 0.3, 3.0)
MITOCHONDRIAL_MEDIAN = 12000.0
SUM_OF_MEDIANS = 870_000.0


@functools.cache
def read_programmes(path: Path = DEMO / "programmes.tsv") -> pd.DataFrame:
    """Read the genes that move together: ``symbol``, ``programme``."""
    return read_text_table(path)


@functools.cache
def read_levels(path: Path = DEMO / "levels.tsv") -> pd.DataFrame:
    """Read the stated TPM of genes with two states: ``symbol``, ``programme``, ``on``, ``off``."""
    return read_text_table(path).astype({"on": float, "off": float})


@functools.cache
def read_normal_tissues(path: Path = DEMO / "normal_tissues.tsv") -> pd.DataFrame:
    """Read TPM of marker genes in normal tissues, indexed by symbol, one column a tissue."""
    return read_text_table(path).set_index("symbol").astype(float)


@functools.cache
def read_quartiles(path: Path = QUARTILES) -> pd.DataFrame:
    """Read median and quartiles of TPM over the reference tumours, indexed by gene id."""
    table = read_text_table(path).set_index("gene_id")
    return table[["symbol", "median", "q1", "q3"]].astype({"median": float, "q1": float, "q3": float})


def asked_genes(resources: Path = RESOURCES) -> set[str]:
    """Collect the gene names in every table below ``subtypes`` and ``signatures``, as they stand there.

    A column of a ``.tsv`` counts when it is called ``gene_id``, ``gene`` or ``symbol`` (the first of these that a table
    has); in a ``.gmt`` each line is a set. Sets of more than 150 genes are left out: a transcriptome of a thousand
    genes cannot hold them.
    """
    paths = [path for folder in ("subtypes", "signatures") for path in sorted((resources / folder).rglob("*.tsv"))]
    return set().union(*map(table_genes, paths))


def table_genes(path: Path) -> set[str]:
    table = read_text_table(path)
    column = next((name for name in ("gene_id", "gene", "symbol") if name in table.columns), None)
    if column is None:
        return set()
    if "signature" in table.columns:
        table = table[~table["signature"].str.startswith(BROAD_SETS)]
    return set(table[column].dropna())


def choose_genes(size: int = 1300, seed: int = 1, asked: Iterable[str] | None = None) -> pd.DataFrame:
    """Choose the genes of a simulated transcriptome.

    Every gene of the simulator's own programmes and every gene that a subtype model or signature asks for is in it.
    Mitochondrial genes, the most expressed genes of the reference and a seeded choice of others fill it up; they carry
    as many transcripts as the rest of a transcriptome would, so that the TPM of the named genes stand on the scale of
    real samples.

    Parameters
    ----------
    size : int
        Number of genes; more when the named genes alone are more.
    seed : int
        Seed of the choice of others.
    asked : iterable of str, optional
        Names of genes that must be in it; those of ``resources/subtypes`` and ``resources/signatures`` when absent.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``gene_id`` and sorted: ``symbol``, ``biotype``, ``length`` (bases, of the simulated transcript),
        ``median``, ``q1``, ``q3`` (TPM), ``role`` (named or ballast).
    """
    measured = set(read_programmes()["symbol"]) | set(read_normal_tissues().index)
    named = gene_ids_of(measured | set(asked_genes() if asked is None else asked))
    ballast = [gene for gene in ballast_order(seed, size) if gene not in named]
    chosen = sorted(named) + ballast[: max(0, size - len(named))]
    return describe_genes(chosen, set(named))


def gene_ids_of(names: Iterable[str]) -> set[str]:
    """Turn names or ids into gene ids; names that the gene table lacks are passed over."""
    found = annotate(sorted(strip_version(name) for name in names))
    return set(found["gene_id"][found["biotype"].notna()])


def ballast_order(seed: int, size: int) -> list[str]:
    """Order the genes that fill up: mitochondrial, four in five most expressed, then a seeded choice above 5 TPM."""
    genes = read_gene_table()
    coding = genes[genes["biotype"] == "protein_coding"]
    mitochondrial = coding["gene_id"][coding["symbol"].str.startswith("MT-")].tolist()
    quartiles = read_quartiles()
    quartiles = quartiles[quartiles.index.isin(coding["gene_id"])]
    ranked = quartiles.sort_values(["median"], ascending=False, kind="stable").index.tolist()
    top, rest = ranked[: size // 2], sorted(quartiles.index[quartiles["median"] > 5])
    others = stream(seed, "ballast").permutation(sorted(set(rest) - set(top))).tolist()
    mixed = [gene for i in range(len(top)) for gene in (*top[4 * i : 4 * i + 4], *others[i : i + 1])]
    return mitochondrial + list(dict.fromkeys(mixed))


def describe_genes(gene_ids: list[str], named: set[str]) -> pd.DataFrame:
    """Look up symbol, length and quartiles; ballast is short, so that the named genes get most of the reads."""
    table = annotate(gene_ids).set_index("gene_id").sort_index()
    quartiles = read_quartiles()[["median", "q1", "q3"]].reindex(table.index)
    mitochondrial = table["symbol"].str.startswith("MT-").to_numpy()
    unseen = quartiles["median"].isna().to_numpy()
    for column, value in zip(quartiles.columns, UNSEEN_QUARTILES, strict=True):
        quartiles.loc[unseen, column] = value
    for column, factor in zip(quartiles.columns, (1.0, 0.7, 1.4), strict=True):
        quartiles.loc[mitochondrial, column] = MITOCHONDRIAL_MEDIAN * factor
    is_named = table.index.isin(named)
    table["length"] = np.where(is_named, table["length"].clip(SHORTEST, LONGEST), BALLAST_LENGTH).astype(int)
    table["role"] = np.where(is_named, "named", "ballast")
    ballast = ~is_named & ~mitochondrial
    if ballast.any():
        fixed = quartiles["median"][~ballast].sum()
        quartiles[ballast] *= max(1.0, (SUM_OF_MEDIANS - fixed) / quartiles["median"][ballast].sum())
    return table.join(quartiles)
