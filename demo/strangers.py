"""Reads of others than the patient: made-up contigs of a mouse, a mycoplasma and a virus, and fragments of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from anpi.files.writing import write_text
from demo.reads import BASES, FRAGMENT_MEAN, Transcriptome
from demo.streams import stream

# Lengths of the contigs of each class, about those of what they stand for.
LENGTHS = {"mouse": (1900, 4700), "mycoplasma": (1500,), "merkel": (5400,)}


def build_contigs(seed: int = 1) -> Transcriptome:
    """Return contigs of random bases: real ones cannot be shipped, and what is random is nobody else's.

    Returns
    -------
    Transcriptome
        ``gene_id`` of its table is the class.
    """
    rows = [(kind, f"{kind}_{i}", length) for kind, all_of in LENGTHS.items() for i, length in enumerate(all_of, 1)]
    table = pd.DataFrame(rows, columns=["gene_id", "transcript_id", "length"])
    pieces = [stream(seed, "contig", name).integers(0, 4, length, dtype=np.uint8) for _, name, length in rows]
    lengths = table["length"].to_numpy()
    return Transcriptome(table, np.concatenate(pieces), np.concatenate([[0], np.cumsum(lengths)[:-1]]))


def write_contigs(path: Path, contigs: Transcriptome) -> None:
    """Write the contigs as FASTA, the class of each behind its name."""
    letters = BASES[contigs.bases].tobytes().decode()
    records = []
    for start, row in zip(contigs.starts, contigs.table.itertuples(), strict=True):
        sequence = letters[start : start + row.length]
        lines = [sequence[i : i + 60] for i in range(0, len(sequence), 60)]
        records.append("\n".join([f">{row.transcript_id} {row.gene_id}", *lines]) + "\n")
    write_text(path, "".join(records))


def draw_fragments(contigs: Transcriptome, kind: str, fragments: int, draw: np.random.Generator) -> np.ndarray:
    """Draw fragments by contig, of one class, in proportion to the number of places where a fragment fits."""
    places = contigs.table["length"].to_numpy() - FRAGMENT_MEAN + 1
    weights = np.where(contigs.table["gene_id"] == kind, places, 0)
    return draw.multinomial(fragments, weights / weights.sum())
