"""Genes and their names: Ensembl gene id without version is the key, symbols come with an annotation."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from anpi.files.intact import intact
from anpi.files.shipped import ROOT
from anpi.problems import InputError, Problem
from anpi.tables.reading import read_text_table

GENES = ROOT / "resources" / "genes" / "gencode_v48.tsv.gz"
ALIASES = ROOT / "resources" / "genes" / "aliases.tsv"
COLUMNS = ["gene_id", "symbol", "biotype", "length"]
ENSEMBL_GENE = re.compile(r"(ENSG\d{11})(?:\.\d+)?(_PAR_Y)?")
# Months that genes were named like, short and long, in languages of western Europe.
MONTHS = (
    "mars?|march|mrz|mrt|mär|märz|maart|mar[zç]o|sept?|september|septembre|septiembre|sett?|settembre|setembro"
    "|dec|december|dez|dezember|dezembro|déc|décembre|dic|dicembre|diciembre"
    "|oct|october|okt|oktober|octobre|apr|april|avr|avril|feb|february|februar|févr?|février"
)
EXCEL_DATE = re.compile(
    rf"\d{{1,2}}(?:[-/ ]|\.\s?)(?:{MONTHS})\.?(?:[-/ ]\d{{2,4}})?|(?:{MONTHS})(?:[-/ ]|\.\s)\d{{1,2}}"
    r"|\d{4}-\d{2}-\d{2}.*|\d{1,2}/\d{1,2}/\d{2,4}(?: \d{1,2}:\d{2}(?::\d{2})?)?|\d{4}/\d{1,2}/\d{1,2}"
    r"|\d{1,2}\.\d{1,2}\.(?:\d{2}|\d{4})",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(\d+)(?:\.0+)?")
DAYS = range(36_526, 73_051)  # of the years 2000 to 2099, as Excel counts them


def strip_version(gene_id: str) -> str:
    """Take the version off an Ensembl gene id; other names, such as ``NKX2-1`` or ``HLA-A``, stay untouched.

    >>> strip_version("ENSG00000139352.4"), strip_version("NKX2-1")
    ('ENSG00000139352', 'NKX2-1')
    """
    match = ENSEMBL_GENE.fullmatch(gene_id)
    return match.group(1) + (match.group(2) or "") if match else gene_id


def is_excel_date(name: str) -> bool:
    """Return whether a gene name is one that a spreadsheet turned into a date (``2-Sep``, ``Mar-01``)."""
    return EXCEL_DATE.fullmatch(name) is not None


def dates_among(names: Sequence[str]) -> list[str]:
    """Return the gene names that a spreadsheet turned into dates, also into a day's number (``45292``, ``45292.0``).

    Names that are numbers throughout are those of another register of genes.
    """
    numbers = {name: int(match[1]) for name in names if (match := NUMBER.fullmatch(name))}
    days = [name for name, number in numbers.items() if number in DAYS]
    numbered = 2 * sum(name in numbers for name in names) > len(names)
    mangled = {name for name in names if is_excel_date(name)} | (set() if numbered else set(days))
    return [name for name in names if name in mangled]


@functools.cache
def read_gene_table(path: Path = GENES) -> pd.DataFrame:
    """Read a gene table.

    Returns
    -------
    pandas.DataFrame
        Columns ``gene_id`` (no version), ``symbol``, ``biotype``, ``length`` (exonic bases, float), one row a gene.

    Raises
    ------
    InputError
        Another table.
    """
    genes = read_shipped(path) if path == GENES else read_text_table(path)
    if lacking := [column for column in COLUMNS if column not in genes]:
        found = f"no column {', '.join(lacking)}"
        raise InputError(Problem(str(path), "no gene table", row=1, found=found, expected=", ".join(COLUMNS)))
    genes = genes[COLUMNS].copy()
    with intact(path):
        genes["length"] = genes["length"].astype(float)
    return genes


def read_shipped(path: Path) -> pd.DataFrame:
    """Read a table of the installation as `read_text_table` does, without the checks of what a user gives."""
    table = pd.read_csv(path, sep="\t", dtype=object, keep_default_na=False, quoting=csv.QUOTE_NONE)
    return table.where(~table.isin(["", "NA"]), None)


@functools.cache
def read_aliases(path: Path = ALIASES) -> dict[str, str]:
    """Read the stated table of former symbols: ``{alias: present symbol}``."""
    table = read_shipped(path)
    return dict(zip(table["alias"], table["symbol"], strict=True))


def annotate(names: Iterable[str], annotation: pd.DataFrame | None = None) -> pd.DataFrame:
    """Find gene id, symbol, biotype and length for the row names of a matrix, ids or symbols alike.

    An Ensembl id (its version ignored) is looked up as such. Any other name is looked up as a symbol, then as a
    former symbol. A name that is neither keeps itself as id and symbol: nothing is dropped here.

    Returns
    -------
    pandas.DataFrame
        One row a name, in the order given: ``gene_id``, ``symbol``, ``biotype``, ``length`` (NaN when unknown).
    """
    genes = read_gene_table() if annotation is None else annotation
    by_id = genes.drop_duplicates("gene_id").set_index("gene_id")
    coding_first = genes.assign(coding=genes["biotype"] != "protein_coding").sort_values("coding", kind="stable")
    id_of_symbol = coding_first.drop_duplicates("symbol").set_index("symbol")["gene_id"].to_dict()
    aliases = read_aliases()
    ids = []
    for name in map(str, names):
        bare = strip_version(name)
        if bare not in by_id.index:
            bare = id_of_symbol.get(name) or id_of_symbol.get(aliases.get(name, name), bare)
        ids.append(bare)
    found = by_id.reindex(ids).reset_index()
    found["gene_id"] = ids
    found["symbol"] = found["symbol"].fillna(found["gene_id"])
    return found[["gene_id", "symbol", "biotype", "length"]]
