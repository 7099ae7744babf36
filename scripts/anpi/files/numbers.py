"""Matrices of numbers as Parquet: the values of the text beside them, read in a tenth of the time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anpi.files.intact import damaged, intact
from anpi.files.writing import PRECISE, whole_file
from anpi.problems import InputError, Problem, missing_file

GENE = "gene_id"
DIGITS, MOST_EXACT = 10, 22  # significant digits of PRECISE; powers of ten up to the 22nd are exact
UNSURE = 1e-4  # from a half, where rounding of a product of floats may go the other way
DIGEST = b"sha256"  # of names and values: Parquet by itself does not see a damage of its head

POWERS = np.array([float(f"1e{power}") for power in range(MOST_EXACT + 1)])


def is_parquet(path: Path | str) -> bool:
    return Path(path).suffix == ".parquet"


def write_numbers(path: Path | str, values: pd.DataFrame) -> None:
    """Write a matrix: ``gene_id``, then a column of numbers for each sample.

    Parameters
    ----------
    values : pandas.DataFrame
        Genes (index) x samples.
    """
    genes, names = list(map(str, values.index)), list(map(str, values.columns))
    by_sample = np.ascontiguousarray(values.to_numpy(float).T)
    table = pa.table([genes, *map(pa.array, by_sample)], schema_of(names, digest_of(genes, names, by_sample)))
    with whole_file(path) as part:
        pq.write_table(table, part, compression="zstd", use_dictionary=False, write_statistics=False)


def as_written(values: pd.DataFrame) -> pd.DataFrame:
    """Return numbers as they are read again from a text of ten significant digits (`PRECISE`), to the bit."""
    rounded = np.empty(values.shape[::-1])
    for place, column in enumerate(values.to_numpy(float).T):
        rounded[place] = column_as_written(column)
    return pd.DataFrame(rounded.T, index=values.index, columns=values.columns, copy=False)


def column_as_written(values: np.ndarray) -> np.ndarray:
    """Round to ten significant digits: whole digits over a power of ten, both exact, are what a reader of text finds.

    Where a product is too near to a half to tell, or numbers are very small or large, the text itself is asked.
    """
    written = values.copy()
    places = np.flatnonzero((values != np.rint(values)) | (np.abs(values) >= 10.0**DIGITS))
    numbers = values[places]
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = DIGITS - 1 - np.floor(np.log10(np.abs(numbers)))
        sure = (shift >= 0) & (shift <= MOST_EXACT)
        power = POWERS[np.where(sure, shift, 0).astype(int)]
        product = numbers * power
        digits = np.rint(product)
        sure &= np.abs(np.abs(product - np.trunc(product)) - 0.5) > UNSURE
        sure &= (np.abs(digits) >= 10.0 ** (DIGITS - 1)) & (np.abs(digits) <= 10.0**DIGITS)
    written[places] = digits / power
    for place in places[~sure].tolist():
        written[place] = float(PRECISE % values[place])
    return written


def schema_of(names: list[str], digest: str) -> pa.Schema:
    columns = [(GENE, pa.string()), *((name, pa.float64()) for name in names)]
    return pa.schema([pa.field(name, kind) for name, kind in columns], {DIGEST: digest})


def digest_of(genes: list[str], names: list[str], by_sample: np.ndarray) -> str:
    """Return the SHA-256 of a matrix, samples x genes."""
    digest = hashlib.sha256(json.dumps([genes, names]).encode())
    digest.update(by_sample.data)
    return digest.hexdigest()


def read_numbers(path: Path | str) -> pd.DataFrame:
    """Read a matrix that `write_numbers` wrote: genes (index ``gene_id``) x samples.

    Raises
    ------
    InputError
        A file that is damaged, or that another program wrote.
    """
    if not Path(path).exists():
        raise InputError(missing_file(path))
    with intact(path), open(path, "rb") as file:  # opened here, so that the record of what was read has it
        table = pq.ParquetFile(file).read(use_threads=False)
    stated = (table.schema.metadata or {}).get(DIGEST)
    if stated is None:
        expected, mend = "Parquet that a run of anpi wrote", "Give the matrix as text, or as a sheet of a workbook."
        raise InputError(Problem(str(path), found="Parquet of another program", expected=expected, mend=mend))
    with intact(path):
        genes, names = table[0].to_pylist(), table.column_names[1:]
        by_sample = np.empty((len(names), len(genes)))
        for place in range(len(names)):
            by_sample[place] = table[place + 1].to_numpy()
        whole = table.schema.equals(schema_of(names, "")) and digest_of(genes, names, by_sample).encode() == stated
    if not whole:
        raise InputError(damaged(path))
    return pd.DataFrame(by_sample.T, index=pd.Index(genes, name=GENE, dtype=object), columns=names)
