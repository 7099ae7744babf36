"""The samples of a cohort side by side: counts, TPM and QC metrics, each sample's values its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import Expression, read_expression, to_tpm
from anpi.expression.summary import FROM_GENES, matrix_facts
from anpi.files.intact import intact, read_json
from anpi.problems import Problem, nearest, refuse


@dataclass(frozen=True)
class Cohort:
    """Tables of a cohort; ``counts`` and ``tpm`` are genes x samples, keyed by gene id, None when unknown."""

    counts: pd.DataFrame | None
    tpm: pd.DataFrame | None
    genes: pd.DataFrame
    facts: pd.DataFrame
    notes: tuple[str, ...] = ()


def assemble_samples(folder: Path, samples: Sequence[str], genes: pd.DataFrame) -> Cohort:
    """Put the gene summaries of quantified samples side by side.

    Parameters
    ----------
    folder : Path
        Holds ``<sample>/genes.parquet`` and ``<sample>/qc.json``.
    genes : pandas.DataFrame
        Gene table of the reference (see `anpi.quantification.reference.gene_table`).
    """
    names, facts = sorted(samples), []
    index = pd.Index(genes["gene_id"], name="gene_id")
    # Filled in place: thousands of samples are not held twice.
    counts, tpm = np.empty((len(names), len(index))), np.empty((len(names), len(index)))
    read = SummaryReader(index)
    for place, sample in enumerate(names):
        counts[place], tpm[place] = read(folder / sample / "genes.parquet")
        facts.append({"sample_id": sample, **read_json(folder / sample / "qc.json")})
    both = [pd.DataFrame(values.T, index=index, columns=names, copy=False) for values in (counts, tpm)]
    return Cohort(both[0], both[1], genes, pd.DataFrame(facts))


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
                self.places = pd.Index(listed.to_numpy()).get_indexer(self.index)
                self.listed = listed
        return self.in_order(counts.to_numpy()), self.in_order(tpm.to_numpy())

    def in_order(self, values: np.ndarray) -> np.ndarray:
        return np.where(self.places < 0, np.nan, values[self.places])


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
    chosen = Expression(expression.values[sorted(samples)], expression.genes, expression.unit, tuple(notes))
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
