"""Expression matrices with a declared unit, and the rules by which one unit becomes another."""

from __future__ import annotations

import csv
import io
import itertools
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anpi.expression.declared_units import (
    base_problems,
    constant_samples,
    length_problems,
    other_bases,
    tpm_notes,
    unit_problems,
)
from anpi.expression.genes import ENSEMBL_GENE, annotate, dates_among
from anpi.expression.matrix_header import header_faults, remarks_above, sample_places, separator_of
from anpi.expression.tallies import row_of_sums, without_tallies
from anpi.files import numbers as numbers_file
from anpi.files.numbers import is_parquet
from anpi.files.plain import MOST_LINE, most_numbers, open_bounded, text_lines
from anpi.files.sheet import WORKBOOKS, split_sheet
from anpi.problems import InputError, Problem, missing_file, refuse
from anpi.tables.workbook import iterate_sheet
from anpi.trial.methods import EXPRESSION

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
FOREIGN = re.compile("[\u0391-\u03a9\u0400-\u04ff\uff00-\uffef]")  # capitals of Greek, Cyrillic, full width
PLAIN_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.-]*")
OF_NUMBERS = b"0123456789.eE+-\n"
NO_NUMBER = re.compile(r"\t\s*[+-]?(?:nan|inf|infinity|true|false|null|none)\s*(?=\t|$)", re.I)
LOG2_TPM = re.compile(r"log2_tpm_plus_(\d+(?:\.\d+)?)")
UNITS = "counts, tpm, log2_tpm_plus_<c> (such as log2_tpm_plus_1) or vst"
MOST_ROWS = 1_000_000  # an annotation has some 400,000 transcripts


@dataclass(frozen=True)
class Expression:
    """A matrix of expression in a linear unit.

    Parameters
    ----------
    values : pandas.DataFrame
        Genes x samples, float; rows keyed by Ensembl gene id without version (or by the user's name of a gene that
        the annotation lacks), each once; NaN where a value was missing.
    genes : pandas.DataFrame
        ``gene_id``, ``symbol``, ``biotype``, ``length`` of each row, in the same order.
    unit : str
        ``counts`` or ``tpm``, or ``vst`` (which is neither linear nor convertible).
    notes : tuple of str
        What was done on reading, such as duplicates summed, in words.
    """

    values: pd.DataFrame
    genes: pd.DataFrame
    unit: str
    notes: tuple[str, ...] = ()

    def by_symbol(self) -> pd.DataFrame:
        """Return the values keyed by symbol; ids that share a symbol are summed (NaN only when all are)."""
        symbols = pd.Index(self.genes["symbol"], name="symbol")
        frame = self.values.set_axis(symbols, axis=0)
        if symbols.is_unique:
            return frame
        return frame.groupby(level=0, sort=False).sum(min_count=1)


def read_expression(
    path: Path | str, unit: str, annotation: pd.DataFrame | None = None, genes_needed: bool = True
) -> Expression:
    """Read a matrix: genes in rows (Ensembl ids or symbols), samples in columns, tab or comma separated.

    Columns that tell of the genes (``gene_name``, ``Length``, ``Entrez_Gene_Id``) and remarks above the header (``#``)
    are passed over; samples that are named by their alignments (``…/S1.sorted.bam``) by what they have of the sample.
    Duplicated genes are summed in the linear unit.

    Parameters
    ----------
    path : path
        TSV or CSV, ``.gz`` allowed, a sheet (``file.xlsx#Sheet``), or the Parquet of a run (`anpi.files.numbers`).
    unit : str
        counts, tpm, log2_tpm_plus_<c> or vst. Logarithms are taken back to TPM: ``2**x - c``, not below 0.
    annotation : pandas.DataFrame, optional
        Gene table (see `anpi.expression.genes.read_gene_table`); the shipped one when absent.
    genes_needed : bool
        Whether a matrix of a header alone is refused, or has no gene: so a cohort's TPM stand where none can be made.

    Raises
    ------
    InputError
        Not a matrix of numbers, gene names mangled to dates, a unit that the values contradict.
    """
    if is_parquet(path):
        numbers = numbers_file.read_numbers(path)
    elif not genes_needed and len(list(itertools.islice(read_rows(path), 2))) == 1:
        numbers = pd.DataFrame(columns=read_sample_names(path), index=pd.Index([], name="gene_id"), dtype=float)
    else:
        numbers = read_numbers(path)
    if not genes_needed and numbers.empty:
        return Expression(numbers, annotate([]), unit)
    if is_parquet(path) and not np.isfinite(numbers.to_numpy()).any():
        raise InputError(no_number(str(path)))
    return with_unit(numbers, unit, annotation, str(path))


def as_expression(values: pd.DataFrame, unit: str, name: str = "the matrix") -> Expression:
    """Return a data frame as a matrix of expression, checked as a file is.

    Parameters
    ----------
    values : pandas.DataFrame
        Genes (Ensembl ids or symbols) x samples, in ``unit``.
    unit : str
        counts, tpm, log2_tpm_plus_<c> or vst.
    name : str
        What faults call it.

    Raises
    ------
    InputError
        As `read_expression`.
    """
    return with_unit(frame_numbers(values, name), unit, None, name)


def frame_numbers(values: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a data frame as numbers; rows are counted as in a file of it, whose header is row 1."""
    if not isinstance(values, pd.DataFrame):
        raise InputError(Problem(name, found=type(values).__name__, expected="a data frame of genes x samples"))
    if values.columns.empty:
        raise InputError(Problem(name, "no sample columns found"))
    nameless = [place for place, sample in enumerate(values.columns, 1) if sample is None or sample != sample]
    refuse([Problem(name, f"column {place} has no name", row=1, mend="Name the sample.") for place in nameless])
    twice = values.columns[values.columns.duplicated()].unique()
    refuse([Problem(name, "the sample stands twice", row=1, column=str(sample)) for sample in twice])
    genes = [str(gene).strip() for gene in values.index]
    problems = [fault for row, gene in enumerate(genes, 2) for fault in cell_problems([gene], [""], name, row)]
    refuse([*problems[:20], *date_problems(genes, name), *copied_rows(values, genes, name)])
    if all(pd.api.types.is_numeric_dtype(kind) for kind in values.dtypes):
        numbers = values.astype(float)
        bad = np.isinf(numbers)
    else:
        numbers, bad = parse_cells(values)
    refuse(no_numbers(values, bad, range(2, len(values) + 2), name))
    if not numbers.notna().any(axis=None):
        raise InputError(no_number(name))
    return numbers.set_axis(pd.Index(genes, name=values.index.name), axis=0)


def parse_cells(cells: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the numbers of cells, missing ones NaN, and which cells hold none."""
    missing = cells.isna() | cells.isin(["", "NA"])
    numbers = cells.mask(missing, np.nan).apply(pd.to_numeric, errors="coerce").astype(float)
    return numbers, (numbers.isna() & ~missing) | np.isinf(numbers)


def copied_rows(values: pd.DataFrame, genes: Sequence[str], name: str) -> list[Problem]:
    """Find rows of a data frame that stand twice, as `Copies` does."""
    if len(set(genes)) == len(genes):
        return []
    copies = Copies(name)
    for number, (gene, row) in enumerate(zip(genes, values.itertuples(index=False, name=None), strict=True), start=2):
        copies.take([gene, *("" if pd.isna(cell) else str(cell) for cell in row)], number)
    return list(copies.problems())[:20]


def date_problems(genes: Sequence[str], name: str) -> list[Problem]:
    """Find gene names that became dates."""
    mangled = dates_among(genes)
    if not mangled:
        return []
    fault, expected = f"{len(mangled)} gene names turned into dates", "symbols such as SEPTIN2 or MARCHF1"
    mend = "Export the matrix again without passing it through a spreadsheet."
    return [Problem(name, fault, found=", ".join(mangled[:20]), expected=expected, mend=mend)]


def no_numbers(values: pd.DataFrame, bad: pd.DataFrame, rows: Sequence[int], name: str) -> list[Problem]:
    """Tell the first cells that hold no number; ``rows`` are the rows of the file by place."""
    mend = "Write the decimal sign as a point, and NA for a missing value."
    return [
        Problem(
            name,
            row=rows[row],
            column=str(values.columns[column]),
            found=str(values.iat[row, column]),
            expected="a number",
            mend=mend,
        )
        for row, column in list(zip(*np.nonzero(bad.to_numpy()), strict=True))[:20]
    ]


def with_unit(raw: pd.DataFrame, unit: str, annotation: pd.DataFrame | None, name: str) -> Expression:
    """Return numbers in a declared unit as a matrix of expression in a linear one."""
    offset = LOG2_TPM.fullmatch(str(unit))
    if offset is None and unit not in ("counts", "tpm", "vst"):
        raise InputError(Problem(name, column="unit", found=str(unit), expected=UNITS))
    raw, tallies = without_tallies(raw, name)
    if not raw.notna().any(axis=None):
        raise InputError(no_number(name))
    constant = float(offset.group(1)) if offset else None
    refuse(constant_samples(raw, unit, constant, name) or unit_problems(raw, unit, constant, name))
    values = raw if offset is None else (np.exp2(raw) - float(offset.group(1))).clip(lower=0)
    expression = key_by_gene(values, unit if offset is None else "tpm", annotation, name)
    if offset is not None:
        found = base_problems(expression.values, expression.genes, unit, name)
        refuse(found or other_bases(expression.values, unit, name))
    if expression.unit == "tpm":
        refuse(length_problems(expression.values, expression.genes, unit, name))
    notes = tpm_notes(values.sum()) if expression.unit == "tpm" else []
    if expression.unit != "vst":
        refuse(row_of_sums(expression.values, expression.genes["biotype"].notna(), name))
    return replace(expression, notes=(*expression.notes, *tallies, *notes))


def read_sample_names(path: Path | str) -> list[str]:
    """Read the columns of a matrix that are samples, from its first two rows alone.

    Raises
    ------
    InputError
        No column of a sample, one that stands twice, a header of another length than the first row: pandas would
        read that with all columns shifted by one.
    """
    name = str(path)
    rows = list(itertools.islice(read_rows(path), 2))
    header = [cell.strip() for cell in rows[0]] if rows else []
    row = first_row(path)
    refuse(header_faults(name, header, row))
    samples = list(sample_places(header).values())
    if not samples:
        mend = "Separate the cells with tabs in a .tsv and commas in a .csv."
        if split_sheet(path)[1] is not None:
            mend = "Its first row names the genes' column and the samples: take out titles above it."
        raise InputError(Problem(name, "no sample columns found", row=row, mend=mend))
    if "" in samples:
        raise InputError(Problem(name, "a column has no name", row=row, mend="Name every column, or take it out."))
    if len(rows) > 1 and len(rows[1]) != len(header):
        found, expected = f"{len(rows[1])} cells", f"{len(header)} as in the header"
        mend = "Give the column of genes a name too, and a name to every column."
        raise InputError(Problem(name, row=row + 1, found=found, expected=expected, mend=mend))
    twice = sorted({sample for sample in samples if samples.count(sample) > 1})
    refuse([Problem(name, "the sample stands twice", row=row, column=sample) for sample in twice])
    return samples


def first_row(path: Path | str) -> int:
    """Return the row of the header: 1, or the one below the remarks of a program."""
    try:
        return 1 + remarks_above(path)
    except (OSError, EOFError, zlib.error):  # told by the reader of rows
        return 1


def read_gene_names(path: Path | str) -> list[str]:
    """Read the names of the rows of a matrix, without its values."""
    rows = read_rows(path)
    next(rows, None)
    return [row[0].strip() for row in rows if row]


def read_rows(path: Path | str) -> Iterator[list[str]]:
    """Iterate over the rows of a matrix, as texts; a file that cannot be read is an InputError."""
    name = str(path)
    file, sheet = split_sheet(path)
    if sheet is not None:
        yield from sheet_rows(file, sheet)
        return
    if name.lower().endswith(WORKBOOKS):
        mend = f"Name the sheet: {name}#Sheet1."
        raise InputError(Problem(name, "this is an Excel workbook", expected="a matrix", mend=mend))
    try:
        lines = itertools.islice(text_lines(path, most_numbers(path)), remarks_above(path), None)
        for number, row in enumerate(csv.reader(lines, delimiter=separator_of(path))):
            if number > MOST_ROWS:
                found, mend = f"more than {MOST_ROWS:,} rows", "Give genes in rows and samples in columns."
                raise InputError(Problem(name, found=found, expected="a row a gene", mend=mend))
            yield row
    except FileNotFoundError:
        raise InputError(missing_file(path)) from None
    except UnicodeDecodeError:
        raise InputError(Problem(name, "not UTF-8 text", mend="Save the file as UTF-8.")) from None
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise InputError(Problem(name, f"cannot be read ({error})", mend="Copy it again.")) from None


def sheet_rows(file: str, sheet: str) -> Iterator[list[str]]:
    """Iterate over the rows of a sheet as wide as its header, with all digits of numbers; an empty one has no cells."""
    last, width = 0, 0
    for number, row in iterate_sheet(file, sheet, exact=True):
        yield from ([] for _ in range(number - last - 1))
        while len(row) > width and not row[-1].strip():
            row.pop()
        width = width or len(row)
        yield row + [""] * (width - len(row)) if any(cell.strip() for cell in row) else []
        last = number


def row_problems(rows: Iterator[list[str]], name: str, first: int) -> Iterator[Problem]:
    """Find what pandas would pass over, row by row.

    Rows with more or fewer cells than the header, which it fills or shifts; characters that cannot be seen, and names
    with letters that look like others, which make a gene unknown; words for no number, which it takes as missing; a
    row that stands twice, whose values would be added up. ``first`` is the row of the header.
    """
    copies = Copies(name)
    header = next(rows)
    for number, row in enumerate(rows, start=first + 1):
        if row and len(row) != len(header):
            yield Problem(name, row=number, found=f"{len(row)} cells", expected=f"{len(header)} as in the header")
        elif row:
            yield from cell_problems(row, header, name, number)
            copies.take(row, number)
    yield from copies.problems()


def is_plain(path: Path | str) -> bool:
    """Return whether rows hold a plain name, each once, and characters of numbers alone: then none has a fault.

    A matrix is read by most steps of a run, and looking at each cell takes longer than all that they compute of it.
    """
    names: set[bytes] = set()
    separator = separator_of(path).encode()
    try:
        with open_bounded(path, most_numbers(path)) as file:
            for _ in range(remarks_above(path)):
                file.readline(MOST_LINE + 1)
            header = file.readline(MOST_LINE + 1)
            if b'"' in header or b"\r" in header:
                return False
            while line := file.readline(MOST_LINE + 1):
                name, _, cells = line.partition(separator)
                strange = cells.translate(None, OF_NUMBERS + separator)
                if strange or cells.count(separator) + 1 != header.count(separator) or not PLAIN_NAME.fullmatch(name):
                    return False
                if name in names or len(names) == MOST_ROWS or len(line) > MOST_LINE:
                    return False
                names.add(name)
    except (OSError, EOFError, zlib.error):  # told by the reader of rows
        return False
    return True


class Copies:
    """Rows of a matrix that stand twice: one gene with the same values, or one Ensembl id.

    Rows of a symbol with other values are other genes of that symbol, and where every row stands twice, each holds its
    part: both are added up.
    """

    def __init__(self, name: str):
        self.name = name
        self.first: dict[str, tuple[int, int]] = {}
        self.again: dict[str, tuple[int, bool]] = {}

    def take(self, row: Sequence[str], number: int) -> None:
        gene, values = row[0].strip(), hash(tuple(row[1:]))
        first, earlier = self.first.setdefault(gene, (number, values))
        if first != number:
            copied = ENSEMBL_GENE.fullmatch(gene) is not None or (earlier == values and any_number(row[1:]))
            self.again.setdefault(gene, (number, copied))

    def problems(self) -> Iterator[Problem]:
        """Tell the copies, unless all rows are such."""
        mend = "Export the matrix again: values of rows of one gene are added up."
        for gene, (number, copied) in self.again.items() if len(self.again) < len(self.first) else ():
            if copied:
                expected = f"each row once; it stands in row {self.first[gene][0]} already"
                yield Problem(self.name, row=number, found=gene, expected=expected, mend=mend)


def any_number(cells: Sequence[str]) -> bool:
    """Return whether any cell is something else than 0 or missing."""
    return any(cell.strip("0. ") not in ("", "NA") for cell in cells)


def cell_problems(row: Sequence[str], header: Sequence[str], name: str, number: int) -> Iterator[Problem]:
    """Find characters and words of a row that stand for no gene and no number."""
    text = "\t".join(row)
    if strange := UNSEEN.search(text):
        found = strange[0].encode("unicode_escape").decode("ascii")
        yield Problem(name, "a character that cannot be seen", row=number, found=found, mend="Take it out.")
    if FOREIGN.search(row[0]):
        mend = "Type the name anew: letters of another alphabet look like Latin ones."
        yield Problem(name, row=number, found=row[0], expected="a gene name in Latin letters", mend=mend)
    if word := NO_NUMBER.search(text, len(row[0])):
        column = header[text.count("\t", 0, word.start()) + 1].strip()
        found, mend = word[0].strip(), "Write the decimal sign as a point, and NA for a missing value."
        yield Problem(name, row=number, column=column, found=found, expected="a number", mend=mend)


def is_gzip(path: Path | str) -> bool:
    with open(path, "rb") as handle:
        return handle.read(2) == b"\x1f\x8b"


def read_numbers(path: Path | str) -> pd.DataFrame:
    """Read the bare matrix: index = names as they stand in the file, columns = samples, values float."""
    name = str(path)
    read_sample_names(path)  # refuses what is no header
    sheet = None if split_sheet(path)[1] is None else list(read_rows(path))

    def rows() -> Iterator[list[str]]:
        return read_rows(path) if sheet is None else iter(sheet)

    if sheet is not None or not is_plain(path):
        refuse(list(itertools.islice(row_problems(rows(), name, first_row(path)), 20)))
    plain = read_plain_numbers(path, sheet)
    if plain is not None:
        return plain
    try:
        frame = pd.read_csv(**csv_source(path, sheet), index_col=0, dtype=str, keep_default_na=False)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise InputError(Problem(name, f"not a readable table ({error})")) from None
    frame.index = frame.index.map(str).str.strip()
    frame = of_samples(frame)
    refuse(date_problems(list(frame.index), name))
    numbers, bad = parse_cells(frame)
    filled = (
        [number for number, row in enumerate(rows(), start=first_row(path)) if row][1:] if bad.any(axis=None) else []
    )
    problems = no_numbers(frame, bad, filled, name)
    if not problems and numbers.isna().all(axis=None):
        problems.append(no_number(name))
    refuse(problems)
    return numbers


def no_number(name: str) -> Problem:
    mend = "Give one row per gene, with a value for each sample."
    return Problem(name, "the matrix holds no number", mend=mend)


def csv_source(path: Path | str, sheet: Sequence[Sequence[str]] | None) -> dict[str, Any]:
    """Return how pandas is to read a matrix: its file, or the rows of a sheet."""
    if sheet is None:
        compression = "gzip" if is_gzip(path) else None
        source: Any = path
        return {
            "filepath_or_buffer": source,
            "sep": separator_of(path),
            "encoding": "utf-8-sig",
            "compression": compression,
            "skiprows": remarks_above(path),
        }
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(sheet)
    text.seek(0)
    return {"filepath_or_buffer": text, "sep": ","}


def of_samples(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of samples, by the samples' names."""
    places = sample_places(["", *map(str, frame.columns)])
    chosen = frame if len(places) == len(frame.columns) else frame.iloc[:, [place - 1 for place in places]]
    return chosen.set_axis(pd.Index(list(places.values())), axis=1)


def read_plain_numbers(path: Path | str, sheet: Sequence[Sequence[str]] | None) -> pd.DataFrame | None:
    """Read a matrix without faults at once; None where any cell or name needs a closer look."""
    header = next(read_rows(path) if sheet is None else iter(sheet))
    places = sample_places(header)
    texts = {cell for place, cell in enumerate(header) if place not in places}
    kinds: dict[Any, type] = defaultdict(lambda: float, {0: str} | dict.fromkeys(texts, str))
    try:
        frame = pd.read_csv(
            **csv_source(path, sheet),
            index_col=0,
            dtype=kinds,
            keep_default_na=False,
            na_values=["", "NA"],
            float_precision="round_trip",
        )
    except (OSError, EOFError, zlib.error, ValueError):  # the slower reader of cells finds it again and names the place
        return None
    frame = of_samples(frame)
    if frame.index.hasnans or dates_among([str(name).strip() for name in frame.index]):
        return None
    frame.index = frame.index.map(str).str.strip()
    values = frame.to_numpy(dtype=float)
    return None if np.isinf(values).any() or np.isnan(values).all() else frame


def key_by_gene(values: pd.DataFrame, unit: str, annotation: pd.DataFrame | None, name: str) -> Expression:
    genes = annotate(values.index, annotation)
    annotated = int(genes["biotype"].notna().sum())
    notes = [f"{annotated} of {len(genes)} gene names found in the annotation"]
    keyed = values.set_axis(pd.Index(genes["gene_id"], name="gene_id"), axis=0, copy=False)
    if keyed.index.has_duplicates:
        repeats = int(keyed.index.duplicated().sum())
        notes.append(f"{repeats} rows of genes that stand more than once, summed")
        keyed = keyed.groupby(level=0, sort=False).sum(min_count=1)
        genes = genes.drop_duplicates("gene_id")
    if annotated == 0:
        found = ", ".join(map(str, values.index[:3]))
        raise InputError(
            Problem(
                name,
                "no gene name is known",
                found=found,
                expected="Ensembl gene ids or gene symbols in the first column",
            )
        )
    return Expression(keyed, genes.reset_index(drop=True), unit, tuple(notes))


def refuse_vst(expression: Expression) -> None:
    """Refuse what cannot be converted to TPM."""
    if expression.unit == "vst":
        mend = "vst values cannot be converted to TPM; supply one of the other units."
        raise InputError(Problem("expression", found="vst", expected=EXPRESSION, mend=mend))


def to_tpm(expression: Expression) -> Expression:
    """Convert to TPM: counts are divided by gene length, then scaled to one million a sample; TPM are rescaled.

    Genes without a known length cannot be converted and are left out, with a note.

    Raises
    ------
    InputError
        For vst, which cannot be taken back.
    """
    refuse_vst(expression)
    values, genes, notes = expression.values, expression.genes, expression.notes
    if expression.unit == "counts":
        measured = genes["length"].notna().to_numpy()
        if not measured.all():
            notes = (*notes, f"{int((~measured).sum())} genes of unknown length left out of TPM")
        values, genes = values[measured], genes[measured].reset_index(drop=True)
        values = values.div(genes["length"].to_numpy(), axis=0)
    totals = values.sum().replace(0, 1)  # a sample without reads holds zeros; a missing value stays missing
    return Expression(values.div(totals, axis=1) * 1e6, genes, "tpm", notes)
