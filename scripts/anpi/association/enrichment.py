"""Preranked gene set enrichment by gseapy on local gene sets."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.files.text import read_text
from anpi.problems import InputError, Problem
from anpi.tables.reading import read_facts

COLUMNS = (
    "contrast",
    "gene_set",
    "genes_total",
    "genes_used",
    "es",
    "nes",
    "p",
    "fdr",
    "leading_edge",
    "reason",
)


def read_gene_sets(path: Path | str) -> dict[str, list[str]]:
    """Read gene sets from a GMT file, or from a table with the columns ``signature`` and ``symbol``.

    Raises
    ------
    InputError
        A set without genes, a set twice, a table without these columns.
    """
    name = str(path)
    if ".tsv" in Path(path).suffixes:
        table = read_facts(path)
        lacking = {"signature", "symbol"} - set(table.columns)
        if lacking:
            raise InputError(
                Problem(name, "columns are missing", found=", ".join(table.columns), expected="signature, symbol")
            )
        return {str(key): list(dict.fromkeys(part.astype(str))) for key, part in table.groupby("signature")["symbol"]}
    sets: dict[str, list[str]] = {}
    problems = []
    for row, line in enumerate(read_text(path).splitlines(), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not any(cells):
            continue
        genes = list(dict.fromkeys(cell for cell in cells[2:] if cell))
        if not genes:
            expected = "name, description, genes, separated by tabs"
            problems.append(Problem(name, "a gene set without genes", row=row, found=cells[0], expected=expected))
        elif cells[0] in sets:
            problems.append(Problem(name, row=row, found=f"{cells[0]} twice", expected="each name once"))
        sets[cells[0]] = genes
    if problems:
        raise InputError(problems)
    return sets


def rank_genes(differential: pd.DataFrame) -> pd.Series:
    """Return the Wald statistic by symbol, falling; of several ids of a symbol the one with the larger mean count."""
    known = differential.dropna(subset=["statistic", "symbol"])
    known = known.sort_values(["base_mean", "gene_id"], ascending=[False, True]).drop_duplicates("symbol")
    known = known.sort_values(["statistic", "symbol"], ascending=[False, True])
    return known.set_index("symbol")["statistic"]


def enrich(
    ranks: pd.Series, sets: dict[str, list[str]], smallest: int, largest: int, permutations: int, seed: int
) -> pd.DataFrame:
    """Test every set for enrichment by preranked GSEA (Subramanian 2005); a reason stands where there is none.

    Parameters
    ----------
    ranks : Series
        Statistic by symbol, falling.
    smallest, largest : int
        Least and greatest number of genes of a set among the ranked ones.
    """
    universe = set(ranks.index)
    rows = []
    for name in sorted(sets):
        used = [gene for gene in sets[name] if gene in universe]
        reason = None
        if len(used) < smallest:
            reason = f"{len(used)} of its genes are ranked, fewer than {smallest}: not tested"
        elif len(used) > largest:
            reason = f"{len(used)} of its genes are ranked, more than {largest}: not tested"
        rows.append({"gene_set": name, "genes_total": len(sets[name]), "genes_used": len(used), "reason": reason})
    table = pd.DataFrame(rows, columns=list(COLUMNS[1:]))
    tested = {name: sets[name] for name in table.loc[table["reason"].isna(), "gene_set"]}
    if not tested:
        return table
    import gseapy  # half a second, for nothing where all contrasts are kept

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = gseapy.prerank(
            ranks.rename("statistic").to_frame(),
            tested,
            min_size=smallest,
            max_size=largest,
            permutation_num=permutations,
            threads=1,
            seed=seed,
            no_plot=True,
            outdir=None,
        ).res2d
    found = result.set_index("Term").reindex(table["gene_set"])
    for column, source in (("es", "ES"), ("nes", "NES"), ("p", "NOM p-val"), ("fdr", "FDR q-val")):
        values = pd.to_numeric(found[source], errors="coerce").replace([np.inf, -np.inf], np.nan)
        table[column] = values.to_numpy(dtype=float)
    for column in ("p", "fdr"):
        table[column] = table[column].clip(lower=1 / (permutations + 1))
    table["leading_edge"] = found["Lead_genes"].to_numpy()
    silent = table["reason"].isna() & table["nes"].isna()
    table.loc[silent, "reason"] = "no permutation fell on its side, so the score could not be normalised"
    return table
