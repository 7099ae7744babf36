"""The registry of signatures: what each is made of, how it is scored, where it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anpi.expression.genes import annotate
from anpi.files.shipped import REGISTRY
from anpi.files.text import read_text
from anpi.problems import InputError, Problem, nearest, refuse, refuse_missing_columns
from anpi.tables.reading import read_text_table
from anpi.trial.methods import SCORING

ROLES = {method.id: method.roles for method in SCORING.values()}
COLUMNS = [
    "id",
    "name",
    "category",
    "method",
    "unit",
    "direction",
    "minimum_coverage",
    "genes_file",
    "citation",
    "licence",
]
GENE_COLUMNS = ("signature", "symbol", "weight", "role")
USER_COVERAGE = 0.8


@dataclass(frozen=True)
class Signature:
    """One signature.

    Parameters
    ----------
    id, name, category, method, unit, direction, citation, licence : str
        As in the registry; ``unit`` is what the method needs (tpm or log2_tpm_plus_1).
    minimum_coverage : float
        Share of the genes below which no score is given.
    genes : pandas.DataFrame
        ``gene_id`` (or the name itself where the annotation lacks it), ``symbol``, ``weight``, ``role``.
    """

    id: str
    name: str
    category: str
    method: str
    unit: str
    direction: str
    minimum_coverage: float
    genes: pd.DataFrame
    citation: str = ""
    licence: str = ""


def read_registry(path: Path | str = REGISTRY) -> list[Signature]:
    """Read a registry and the gene files that it names (paths relative to the registry).

    Raises
    ------
    InputError
        A column lacks, a method or role is unknown, a coverage is not a share, a gene file has no such signature.
    """
    path = Path(path)
    table = read_whole(path)
    name = str(path)
    refuse_missing_columns(name, table, COLUMNS)
    mend: str | None
    if table.empty:
        mend = "A file cut short? Copy it again, or leave it out."
        raise InputError(Problem(name, "the registry has no signature", expected="one row per signature", mend=mend))
    problems = []
    for i, row in table.iterrows():
        at = int(str(i)) + 2
        for column in ("id", "unit", "genes_file"):
            if row[column] is None:
                problems.append(Problem(name, row=at, column=column, found="", expected="a value"))
        if row["method"] not in ROLES:
            hint = nearest(str(row["method"]), ROLES)
            mend = f"Did you mean {hint}?" if hint else None
            expected = ", ".join(ROLES)
            problems.append(Problem(name, column="method", found=row["method"], expected=expected, mend=mend, row=at))
        if not is_share(row["minimum_coverage"]):
            expected = "a share above 0 and at most 1"
            found = row["minimum_coverage"]
            problems.append(Problem(name, column="minimum_coverage", found=found, expected=expected, row=at))
    for twice in table.loc[table["id"].duplicated(), "id"]:
        problems.append(Problem(name, "the signature stands twice", column="id", found=twice))
    refuse(problems)
    genes = read_gene_files(path.parent, table["genes_file"].unique()).sort_values(["role", "gene_id"])
    by_signature: dict[Any, pd.DataFrame] = dict(iter(genes.groupby(["file", "signature"], sort=False)))
    signatures = []
    for row in table.to_dict("records"):
        listed = by_signature.get((row["genes_file"], row["id"]), genes.iloc[:0])
        strange = sorted(set(listed["role"]) - ROLES[row["method"]])
        if listed.empty:
            problems.append(Problem(str(path.parent / row["genes_file"]), f"no genes of signature {row['id']}"))
        if strange:
            expected = ", ".join(sorted(ROLES[row["method"]]))
            problems.append(Problem(row["genes_file"], row["id"], column="role", found=strange[0], expected=expected))
        text = {key: row[key] or "" for key in COLUMNS if key not in ("minimum_coverage", "genes_file")}
        columns = listed[["gene_id", "symbol", "weight", "role"]].reset_index(drop=True)
        signatures.append(Signature(**text, minimum_coverage=float(row["minimum_coverage"]), genes=columns))
    refuse(problems)
    return signatures


def read_whole(path: Path) -> pd.DataFrame:
    """Read a table; one whose last row has no line end may lack signatures or genes without a trace."""
    table = read_text_table(path)
    if table.attrs["cut"]:
        mend = "Copy the file again; end the last row with a line end if it is whole."
        raise InputError(Problem(str(path), "the last row has no line end, as of a file cut short", mend=mend))
    return table


def named_once(signatures: list[Signature]) -> list[Signature]:
    """Return the signatures; a name that the registry and a gene set, or two files of sets, share is refused."""
    names = [signature.id for signature in signatures]
    twice = sorted({name for name in names if names.count(name) > 1})
    mend = "Rename the set."
    refuse([Problem("signatures", "the same name twice", found=", ".join(twice), mend=mend)] if twice else [])
    return signatures


def is_share(text: object) -> bool:
    try:
        return 0 < float(str(text)) <= 1
    except ValueError:
        return False


def read_gene_files(folder: Path, names: Iterable[str]) -> pd.DataFrame:
    """Read gene files (``signature``, ``symbol``, ``weight``, ``role``) and key the symbols by gene id."""
    tables = []
    for file in sorted(names):
        table = read_whole(folder / file)
        refuse_missing_columns(str(folder / file), table, GENE_COLUMNS)
        tables.append(table.assign(file=file, row=table.index))
    genes = pd.concat(tables, ignore_index=True)
    genes["weight"] = finite_weights(genes)
    genes["gene_id"] = annotate(genes["symbol"])["gene_id"].to_numpy()
    return genes.drop_duplicates(["file", "signature", "role", "gene_id"])


def finite_weights(genes: pd.DataFrame) -> pd.Series:
    """Read the weights of genes; a cell that is no finite number is refused with its row."""
    weights = pd.to_numeric(genes["weight"], errors="coerce").astype(float)
    refuse(
        [
            Problem(str(file), row=int(row) + 2, column="weight", found=str(text), expected="a number")
            for row, file, text, weight in zip(genes["row"], genes["file"], genes["weight"], weights, strict=True)
            if not np.isfinite(weight)
        ]
    )
    return weights


def read_gmt(path: Path | str, method: str = "mean_log", minimum_coverage: float = USER_COVERAGE) -> list[Signature]:
    """Read a user's gene sets in GMT format: name, description, genes, separated by tabs.

    Raises
    ------
    InputError
        A line with fewer than three cells, a name that stands twice.
    """
    problems, signatures, seen = [], [], set()
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not any(cells):
            continue
        symbols = list(dict.fromkeys(cell for cell in cells[2:] if cell))
        if not symbols:
            expected = "name, description and genes, separated by tabs"
            problems.append(Problem(str(path), row=number, found=line[:60], expected=expected))
            continue
        if cells[0] in seen:
            problems.append(Problem(str(path), "the set stands twice", row=number, found=cells[0]))
        seen.add(cells[0])
        found = annotate(symbols).drop_duplicates("gene_id")
        genes = found[["gene_id", "symbol"]].assign(weight=1.0, role="gene").sort_values("gene_id", ignore_index=True)
        unit = "tpm" if method == "ssgsea_raw" else "log2_tpm_plus_1"
        signatures.append(
            Signature(
                cells[0], cells[0], "user", method, unit, "higher = more", minimum_coverage, genes, str(path), "user"
            )
        )
    refuse(problems)
    if not signatures:
        raise InputError(
            Problem(str(path), "no gene sets found", expected="name, description and genes, tab-separated")
        )
    return signatures
