"""Matrices of the last run, to which samples are added: columns of samples that are as they were are not made again.

A step that runs again finds its results gone. So it keeps links to its matrices, with the digest of the table of genes
that each column was made from, and takes from them what is still right: the numbers of the Parquet, and the text as it
was written, cut at its cells.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.files.checksums import hash_file
from anpi.files.kept import DAMAGED, Place, digest_of, link
from anpi.files.numbers import as_written, read_numbers, write_numbers
from anpi.files.writing import PRECISE, binary_file, whole_file, write_json, write_table
from anpi.problems import InputError, Problem

RECORD = "columns.json"
SEPARATORS = (ord("\t"), ord("\n"))
Files = tuple[Path, ...]


class LastMatrices:
    """The matrices of the last run; there are none where they were made by other code, of other genes or are damaged.

    Parameters
    ----------
    place : Place or None
        A folder; None for nowhere.
    genes : sequence of str
        Rows of the matrices.
    """

    def __init__(self, place: Place | None, genes: Sequence[str]):
        self.folder = place.path if place else None
        self.key = digest_of(place.code, list(genes)) if place else ""
        self.columns: dict[str, str] = {}
        self.values: dict[str, pd.DataFrame] = {}
        self.texts: dict[str, bytes] = {}
        if self.folder is not None:
            refuse_file(self.folder)
            self.read(self.folder)

    def read(self, folder: Path) -> None:
        """Read what is kept, each file held against its checksum."""
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            if record["key"] != self.key or any(hash_file(folder / n) != sha for n, sha in record["files"].items()):
                return
            for name in record["matrices"]:
                self.values[name] = read_numbers(folder / f"{name}.parquet")
                self.texts[name] = gzip.decompress((folder / f"{name}.tsv.gz").read_bytes())
            self.columns = dict(record["columns"])
        except (*DAMAGED, InputError, KeyError, TypeError):  # none yet, or damaged: all is made anew
            return

    def same(self, made_from: Mapping[str, str]) -> list[str]:
        """List the samples whose columns are right, of those whose tables have these digests."""
        return [sample for sample, digest in made_from.items() if self.columns.get(sample) == digest]

    def keep(self, files: Mapping[str, Files], made_from: Mapping[str, str]) -> None:
        """Keep matrices that were just written, each as text and as Parquet."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / RECORD).unlink(missing_ok=True)
        kept = {f"{name}.{'.'.join(file.name.split('.')[1:])}": file for name, of in files.items() for file in of}
        for name, file in kept.items():
            with whole_file(self.folder / name) as part:
                link(file, part)
        sums = {name: hash_file(file) for name, file in kept.items()}
        record = {"key": self.key, "matrices": list(files), "files": sums, "columns": dict(made_from)}
        write_json(self.folder / RECORD, record)


def refuse_file(folder: Path) -> None:
    """Refuse, before anything is written, a file where the folder of kept matrices belongs."""
    if folder.exists() and not folder.is_dir():
        raise InputError(Problem(str(folder), "is a file", expected="a folder", mend="Delete it and run again."))


def write_matrix(files: Files, values: pd.DataFrame) -> None:
    """Write a matrix (genes x samples) as text, and its numbers as they stand there as Parquet."""
    text, *others = files
    write_table(text, values.reset_index())
    for other in others:
        write_numbers(other, as_written(values))  # a step has the same numbers from either


def write_appended(files: Files, old: pd.DataFrame, text: bytes, new: pd.DataFrame, names: Sequence[str]) -> None:
    """Write a matrix of columns of the last run and of new ones, with the bytes of `write_matrix`.

    Parameters
    ----------
    old, text
        The numbers of the last run and their text; columns that are not among ``names``, or among the new ones, go.
    new : pandas.DataFrame
        Genes (those of ``old``) x new samples.
    names : sequence of str
        All columns, in their order.
    """
    place, *others = files
    with binary_file(place) as out:
        out.writelines(appended_lines(text, list(old.columns), cells_of(new), names))
    numbers = pd.concat([old.drop(columns=[name for name in new if name in old]), as_written(new)], axis=1)[list(names)]
    for other in others:
        write_numbers(other, numbers)


def cells_of(values: pd.DataFrame) -> dict[str, list[bytes]]:
    """Return the cells of columns as `write_matrix` writes them, with their header."""
    columns = zip(values.columns, values.to_numpy().T.tolist(), strict=True)
    return {
        name: [f"\t{name}".encode(), *(b"\t" + (b"NA" if x != x else (PRECISE % x).encode()) for x in column)]
        for name, column in columns
    }


def appended_lines(
    text: bytes, old: Sequence[str], new: Mapping[str, Sequence[bytes]], names: Sequence[str]
) -> Iterator[bytes]:
    """Cut the lines of a matrix at its cells, and put them together with new cells in the order of ``names``."""
    array = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero((array == SEPARATORS[0]) | (array == SEPARATORS[1])).reshape(-1, len(old) + 1)
    place = {name: number for number, name in enumerate(old)}
    # Samples that stood side by side stay so: a line is cut where samples come or go, and nowhere else.
    runs: list[str | tuple[int, int]] = []
    kept = [-1 if name in new else place[name] for name in names]
    for is_new, group in groupby(enumerate(kept), lambda pair: (pair[1] < 0, pair[1] - pair[0] if pair[1] >= 0 else 0)):
        members = list(group)
        runs += [names[i] for i, _ in members] if is_new[0] else [(members[0][1], members[-1][1] + 1)]
    begins = [0, *(ends[:-1, -1] + 1).tolist()]
    for row, (begin, cuts) in enumerate(zip(begins, ends, strict=True)):
        parts = [text[begin : cuts[0]]]
        parts += [new[run][row] if isinstance(run, str) else text[cuts[run[0]] : cuts[run[1]]] for run in runs]
        yield b"".join([*parts, b"\n"])
