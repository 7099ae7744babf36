"""The samples of a cohort side by side: counts, TPM and QC metrics, each sample's values its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anpi.expression.appended import Files, LastMatrices, write_appended, write_matrix
from anpi.expression.declared_units import SOME_GENES
from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import Expression, read_expression, to_tpm
from anpi.expression.summary import FROM_GENES, matrix_facts
from anpi.files.checksums import hash_file
from anpi.files.intact import intact, read_json
from anpi.files.kept import Place
from anpi.problems import Problem, nearest, refuse
from anpi.progress import say
from anpi.words.lists import plural

LOOKED_AT = 200  # samples that tell how a gene is expressed
EXPECTED = 10  # fragments, or TPM; of fewer a gene may have none by chance
MOST_SILENT = 0.05  # of the genes with as many; tumours differ in fewer than a hundredth
SUMMARY, QC = "genes.parquet", "qc.json"


@dataclass(frozen=True)
class Cohort:
    """Tables of a cohort; ``counts`` and ``tpm`` are genes x samples, keyed by gene id, None when unknown."""

    counts: pd.DataFrame | None
    tpm: pd.DataFrame | None
    genes: pd.DataFrame
    facts: pd.DataFrame
    notes: tuple[str, ...] = ()


def assemble_samples(
    folder: Path, samples: Sequence[str], genes: pd.DataFrame, files: Mapping[str, Files], place: Place | None
) -> Cohort:
    """Put the gene summaries of samples side by side, and write the matrices of ``counts`` and ``tpm``.

    Parameters
    ----------
    folder : Path
        Holds ``<sample>/genes.parquet`` and ``<sample>/qc.json``.
    genes : pandas.DataFrame
        Gene table of the reference (see `anpi.quantification.reference.gene_table`).
    files : mapping
        Of each matrix its text, and the same as Parquet.
    place : Place or None
        A folder that remembers the matrices of the last run, of which columns are taken that are still right.

    Returns
    -------
    Cohort
        Without the matrices.
    """
    names = sorted(samples)
    last = LastMatrices(place, genes["gene_id"].to_list())
    made_from = {name: hash_file(folder / name / SUMMARY) for name in names}
    same = set(last.same(made_from))
    others = [name for name in names if name not in same]
    if same:
        say(f"{len(others)} of {len(names)} samples to be read; the others are as they were")
    found = dict(zip(files, read_summaries(folder, others, genes), strict=True))
    for matrix, values in found.items():
        if same:
            write_appended(files[matrix], last.values[matrix], last.texts[matrix], values, names)
        else:
            write_matrix(files[matrix], values)
    last.keep(files, made_from)
    return Cohort(None, None, genes, sample_facts(folder, names))


def read_summaries(folder: Path, names: Sequence[str], genes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read counts and TPM of samples, genes x samples."""
    index = pd.Index(genes["gene_id"], name="gene_id")
    # Filled in place: thousands of samples are not held twice.
    counts, tpm = np.empty((len(names), len(index))), np.empty((len(names), len(index)))
    read = SummaryReader(index)
    for place, sample in enumerate(names):
        counts[place], tpm[place] = read(folder / sample / SUMMARY)
    both = [pd.DataFrame(values.T, index=index, columns=list(names), copy=False) for values in (counts, tpm)]
    return both[0], both[1]


def sample_facts(folder: Path, names: Sequence[str]) -> pd.DataFrame:
    """Read the facts of quality of samples, one row a sample."""
    return pd.DataFrame([{"sample_id": name, **read_json(folder / name / QC)} for name in names])


def sample_digests(folder: Path, names: Sequence[str]) -> pd.DataFrame:
    """Return the SHA-256 of the files of samples: what their rows elsewhere were made from."""
    rows = [{"sample_id": name, "genes": hash_file(folder / name / SUMMARY)} for name in names]
    return pd.DataFrame([{**row, "qc": hash_file(folder / row["sample_id"] / QC)} for row in rows])


class SummaryReader:
    """Reads counts and TPM in one order of genes, whose places are looked up once for samples that list them alike."""

    def __init__(self, index: pd.Index):
        self.index = index
        self.listed: pa.ChunkedArray | None = None

    def __call__(self, file: Path) -> tuple[np.ndarray, np.ndarray]:
        with intact(file):
            table = pq.ParquetFile(file).read(use_threads=False)
            listed, counts, tpm = (table[name] for name in ("gene_id", "counts", "tpm"))
            if self.listed is None or not listed.equals(self.listed):
                genes = pd.Index(listed.to_numpy())
                refuse(strange_genes(file, genes.difference(self.index)))
                self.places, self.listed = genes.get_indexer(self.index), listed
        return self.in_order(counts.to_numpy()), self.in_order(tpm.to_numpy())

    def in_order(self, values: np.ndarray) -> np.ndarray:
        return np.where(self.places < 0, np.nan, values[self.places])


def strange_genes(file: Path, genes: pd.Index) -> list[Problem]:
    """Return that a sample has genes which the gene table does not list: they would be left out without a word."""
    if genes.empty:
        return []
    found = f"{', '.join(map(str, genes[:3]))}{' …' if len(genes) > 3 else ''}"
    expected = "genes of the gene table alone, as the sample's own reference lists them"
    mend = "Give the gene table of the reference that the sample was quantified against."
    fault = f"{plural(len(genes), 'gene')} of the sample not in the gene table"
    return [Problem(str(file), fault, found=found, expected=expected, mend=mend)]


def assemble_matrix(path: Path, unit: str, samples: Sequence[str], genes: pd.DataFrame | None = None) -> Cohort:
    """Make a cohort of the user's matrix; every listed sample must be a column of it.

    Raises
    ------
    InputError
        A sample that the matrix lacks, and whatever `read_expression` refuses.
    """
    expression = read_expression(path, unit, genes if genes is not None else read_gene_table())
    refuse(missing_samples(path, list(expression.values.columns), samples))
    notes = list(expression.notes)
    left = sorted(set(map(str, expression.values.columns)) - set(samples))
    if left:
        notes.append(
            f"{len(left)} columns of the matrix are not in the sample sheet and left out: {', '.join(left[:10])}"
        )
    values = expression.values[sorted(samples)]
    notes += [*(program_notes(values) if expression.unit == "counts" else []), *missing_notes(values)]
    notes += silent_notes(values) if expression.unit != "vst" else []
    chosen = Expression(values, expression.genes, expression.unit, tuple(notes))
    counts = chosen.values if chosen.unit == "counts" else None
    scaled = to_tpm(chosen) if chosen.unit == "counts" else chosen
    tpm = None if chosen.unit == "vst" else scaled.values
    table = chosen.genes.sort_values("gene_id").reset_index(drop=True)
    # Variance-stabilised values have no zero: how many genes are detected, and what share one takes, they do not tell.
    facts = [
        {
            "sample_id": sample,
            **(
                dict.fromkeys(FROM_GENES)
                if tpm is None
                else matrix_facts(tpm[sample], None if counts is None else counts[sample])
            ),
        }
        for sample in sorted(samples)
    ]
    return Cohort(sort_rows(counts), sort_rows(tpm), table, pd.DataFrame(facts), scaled.notes)


def program_notes(counts: pd.DataFrame) -> list[str]:
    """Return that some samples were counted, and others estimated: by two programs, whose levels are not the same."""
    kinds: dict[bool, list[str]] = {True: [], False: []}
    for sample, column in counts.items():
        above = column[column > 0].to_numpy()
        if len(above) >= SOME_GENES:
            kinds[bool((above % 1 == 0).all())].append(str(sample))
    whole, broken = kinds[True], kinds[False]
    if not whole or not broken:
        return []
    fewer, more = (whole, broken) if len(whole) <= len(broken) else (broken, whole)
    what = "whole numbers" if fewer is whole else "fractions"
    other = "fractions" if fewer is whole else "whole numbers"
    return [
        f"counts of {plural(len(fewer), 'sample')} are {what} ({', '.join(fewer[:10])}), of {len(more)} others {other}:"
        " counted by two programs, or against two references?"
    ]


def silent_notes(values: pd.DataFrame) -> list[str]:
    """Return which samples have 0 for many genes of which other samples let expect a good deal.

    So it is where tables of two references were joined, and what one lacks was filled with zeros.
    """
    some = values.iloc[:, :LOOKED_AT]
    share = (some / some.sum().replace(0, np.nan)).median(axis=1)
    found = []
    for sample, column in values.items():
        expected = share * column.sum() >= EXPECTED
        silent = column.index[expected & (column == 0)]
        if len(silent) > MOST_SILENT * expected.sum() and expected.sum() >= SOME_GENES:
            found.append(f"{sample} of {len(silent):,}, such as {', '.join(map(str, silent[:3]))}")
    if not found:
        return []
    fault = "genes that are well expressed in other samples have the value 0"
    return [f"{fault} in {plural(len(found), 'sample')} ({'; '.join(found[:10])}): was another reference used?"]


def missing_notes(values: pd.DataFrame) -> list[str]:
    """Return which samples lack values of genes that other samples have."""
    lacking = values.isna()
    numbers = lacking[lacking.any(axis=1) & ~lacking.all(axis=1)].sum()
    numbers = numbers[numbers > 0]
    if numbers.empty:
        return []
    shown = ", ".join(f"{sample} of {number:,}" for sample, number in numbers.head(10).items())
    return [f"values of genes that other samples have are missing in {plural(len(numbers), 'sample')}: {shown}"]


def missing_samples(path: Path | str, columns: Sequence[str], samples: Sequence[str]) -> list[Problem]:
    """Find the samples of the sheet that are no column of the matrix."""
    problems = []
    for sample in sorted(set(samples) - set(columns)):
        near = nearest(sample, sorted(set(columns) - set(samples)), 0.8)
        shown = f"Did you mean {near}?" if near else f"The first columns are {', '.join(columns[:5])}."
        mend = f"{shown} Mend the names, or set use to no."
        problems.append(
            Problem(str(path), f"sample {sample} of the sheet is no column of the matrix", row=1, mend=mend)
        )
    return problems


def sort_rows(frame: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if frame is None else frame.sort_index()
