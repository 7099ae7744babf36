"""Reads of known origin: random transcripts, fragments drawn from counts, FASTQ written in blocks."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from isal import igzip

from anpi.files.writing import whole_file
from demo.streams import stream

BASES = np.frombuffer(b"ACGT", dtype=np.uint8)
COMPLEMENT = np.array([3, 2, 1, 0], dtype=np.uint8)
# Ends of the TruSeq adapters as sequencers read them behind a short insert, then the dark cycles' G.
ADAPTERS = ("AGATCGGAAGAGCACACGTCTGAACTCCAGTCA", "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT")
FRAGMENT_MEAN, FRAGMENT_SPREAD, SHORT_SHARE, SHORTEST_FRAGMENT = 180, 30, 0.03, 36
ERROR_RATE = 0.003
BLOCK = 100_000
GOOD, DOUBTFUL = ord("F"), ord(",")
SECOND_ISOFORM_SHARE = 0.3
SECOND_ISOFORM_EVERY = 20


@dataclass(frozen=True)
class Transcriptome:
    """Transcripts with their sequences.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a transcript: ``transcript_id``, ``gene_id``, ``symbol``, ``biotype``, ``name``, ``length``, ``share``
        (of its gene's transcripts).
    bases : numpy.ndarray of uint8
        All sequences one behind the other, 0 to 3 for A, C, G, T.
    starts : numpy.ndarray of int64
        Where each transcript begins in ``bases``.
    """

    table: pd.DataFrame
    bases: np.ndarray
    starts: np.ndarray

    def gene_counts(self, counts: np.ndarray) -> pd.Series:
        """Sum counts of transcripts by gene (sorted by id)."""
        return pd.Series(counts, index=self.table["gene_id"]).groupby(level=0).sum()

    def with_others(self, others: Transcriptome) -> Transcriptome:
        """Return these transcripts and, behind them, others."""
        table = pd.concat([self.table, others.table], ignore_index=True)
        starts = np.concatenate([self.starts, others.starts + len(self.bases)])
        return Transcriptome(table, np.concatenate([self.bases, others.bases]), starts)


def build_transcriptome(genes: pd.DataFrame, seed: int = 1) -> Transcriptome:
    """Return each gene a random sequence; every twentieth gene has a second transcript that lacks the first third.

    Parameters
    ----------
    genes : pandas.DataFrame
        Indexed by gene id: ``symbol``, ``biotype``, ``length``. A gene's sequence depends on the seed and its id alone.
    """
    rows, pieces = [], []
    for gene_id, gene in genes.iterrows():
        draw = stream(seed, "sequence", gene_id)
        bases = draw.integers(0, 4, int(gene["length"]), dtype=np.uint8)
        number = int(str(gene_id)[4:15])
        two = number % SECOND_ISOFORM_EVERY == 0 and len(bases) >= 750
        for isoform, piece in enumerate([bases, bases[len(bases) // 3 :]] if two else [bases]):
            share = 1.0 if not two else (1 - SECOND_ISOFORM_SHARE, SECOND_ISOFORM_SHARE)[isoform]
            rows.append(
                {
                    "transcript_id": f"ENST9{number % 10**9:09d}{isoform + 1}",
                    "gene_id": gene_id,
                    "symbol": gene["symbol"],
                    "biotype": gene["biotype"],
                    "name": f"{gene['symbol']}-{201 + isoform}",
                    "length": len(piece),
                    "share": share,
                }
            )
            pieces.append(piece)
    lengths = np.array([len(piece) for piece in pieces])
    return Transcriptome(pd.DataFrame(rows), np.concatenate(pieces), np.concatenate([[0], np.cumsum(lengths)[:-1]]))


def write_transcripts(path: Path | str, transcriptome: Transcriptome) -> None:
    """Write the transcripts as gzipped FASTA with headers as GENCODE writes them."""
    letters = BASES[transcriptome.bases].tobytes().decode()
    records = []
    for start, row in zip(transcriptome.starts, transcriptome.table.itertuples(), strict=True):
        fields = [f"{row.transcript_id}.1", f"{row.gene_id}.1", "-", "-", row.name, row.symbol, row.length, row.biotype]
        sequence = letters[start : start + row.length]
        lines = [sequence[i : i + 60] for i in range(0, len(sequence), 60)]
        records.append(">" + "|".join(map(str, fields)) + "|\n" + "\n".join(lines) + "\n")
    with whole_file(path) as part:
        part.write_bytes(gzip.compress("".join(records).encode(), compresslevel=6, mtime=0))


def draw_counts(tpm: pd.Series, transcriptome: Transcriptome, fragments: int, draw: np.random.Generator) -> np.ndarray:
    """Draw fragments by transcript: multinomial, in proportion to TPM times the number of places a fragment fits.

    Parameters
    ----------
    tpm : pandas.Series
        TPM by gene id.
    """
    table = transcriptome.table
    levels = tpm.reindex(table["gene_id"]).to_numpy() * table["share"].to_numpy()
    weights = levels * (table["length"].to_numpy() - FRAGMENT_MEAN + 1)
    return draw.multinomial(fragments, weights / weights.sum())


def write_reads(
    paths: list[Path],
    counts: np.ndarray,
    transcriptome: Transcriptome,
    draw: np.random.Generator,
    *,
    name: str = "sim",
    strandedness: str = "reverse",
    unmapped: int = 0,
    read_length: int = 75,
) -> None:
    """Write the reads of known fragments as FASTQ.

    Fragments lie anywhere in their transcript with equal chance, their length is normal (180, 30) but for 3% short
    ones whose reads run into the adapter; 0.3% of bases are substituted.

    Parameters
    ----------
    paths : list of path
        Two files for pairs, one for single reads (read 1 of the pair); gzipped where the name ends with ``.gz``.
    counts : numpy.ndarray
        Fragments of each transcript, in the order of ``transcriptome.table``.
    draw : numpy.random.Generator
        Source of all chance: the same generator state gives the same bytes.
    name : str
        First part of the read names.
    strandedness : str
        reverse (read 1 is antisense, salmon's ISR), forward (ISF) or unstranded.
    unmapped : int
        Further fragments of random bases, which map nowhere.
    """
    origin = np.concatenate([np.repeat(np.arange(len(counts)), counts), np.full(unmapped, -1)])
    draw.shuffle(origin)
    with ExitStack() as stack:
        files = [stack.enter_context(fastq_file(Path(path))) for path in paths]
        for first in range(0, len(origin), BLOCK):
            block = origin[first : first + BLOCK]
            mates = draw_mates(block, transcriptome, draw, strandedness, read_length)
            for file, reads in zip(files, mates, strict=False):
                file.write(fastq_block(reads, draw, name, first))


@contextmanager
def fastq_file(path: Path) -> Iterator[Any]:
    """Open a FASTQ file for writing; gzip headers hold no name and no time, so the same reads are the same bytes."""
    with whole_file(path) as part, open(part, "wb") as raw:
        if path.suffix != ".gz":
            yield raw
            return
        with igzip.IGzipFile(filename="", mode="wb", fileobj=raw, compresslevel=1, mtime=0) as zipped:
            yield zipped


def draw_mates(
    origin: np.ndarray, transcriptome: Transcriptome, draw: np.random.Generator, strandedness: str, read_length: int
) -> list[np.ndarray]:
    """Cut both mates of every fragment (bases 0 to 3), adapters included; origin -1 gives random bases."""
    count = len(origin)
    real = origin >= 0
    limit = np.where(real, transcriptome.table["length"].to_numpy()[origin], 3000)
    lengths = np.rint(draw.normal(FRAGMENT_MEAN, FRAGMENT_SPREAD, count)).astype(np.int64)
    short = draw.random(count) < SHORT_SHARE
    lengths[short] = draw.integers(SHORTEST_FRAGMENT, read_length, int(short.sum()))
    lengths = np.clip(lengths, SHORTEST_FRAGMENT, limit)
    starts = np.where(real, transcriptome.starts[origin], 0) + np.floor(
        draw.random(count) * (limit - lengths + 1)
    ).astype(np.int64)
    cycle = np.arange(read_length)
    inside = cycle[None, :] < lengths[:, None]
    last = len(transcriptome.bases) - 1
    sense = transcriptome.bases[np.minimum(starts[:, None] + cycle, last)]
    antisense = COMPLEMENT[transcriptome.bases[np.maximum((starts + lengths - 1)[:, None] - cycle, 0)]]
    lost = np.flatnonzero(~real)
    for mate in (sense, antisense):
        mate[lost] = draw.integers(0, 4, (len(lost), read_length), dtype=np.uint8)
    if strandedness == "unstranded":
        flip = draw.random(count) < 0.5
        first, second = np.where(flip[:, None], antisense, sense), np.where(flip[:, None], sense, antisense)
    else:
        first, second = (antisense, sense) if strandedness == "reverse" else (sense, antisense)
    for mate, adapter in ((first, ADAPTERS[0]), (second, ADAPTERS[1])):
        run_into_adapter(mate, lengths, inside, adapter)
    return [first, second]


def run_into_adapter(mate: np.ndarray, lengths: np.ndarray, inside: np.ndarray, adapter: str) -> None:
    """Replace the bases behind the end of a short fragment by the adapter (in place)."""
    rows = np.flatnonzero(lengths < mate.shape[1])
    tail = np.full(mate.shape[1], 2, dtype=np.uint8)
    tail[: len(adapter)] = np.searchsorted(BASES, np.frombuffer(adapter.encode(), dtype=np.uint8))
    behind = np.clip(np.arange(mate.shape[1])[None, :] - lengths[rows, None], 0, None)
    mate[rows] = np.where(inside[rows], mate[rows], tail[behind])


def fastq_block(reads: np.ndarray, draw: np.random.Generator, name: str, first: int) -> bytes:
    """Put sequencing errors on reads and lay them out as FASTQ; substituted bases mostly get a low quality."""
    count, length = reads.shape
    errors = draw.binomial(reads.size, ERROR_RATE)
    places = draw.integers(0, reads.size, errors)
    flat = reads.reshape(-1)
    flat[places] = (flat[places] + draw.integers(1, 4, errors, dtype=np.uint8)) % 4
    stem = f"{name}:".encode()
    head = len(stem) + 10
    record = np.empty((count, head + 1 + length + 3 + length + 1), dtype=np.uint8)
    record[:, 0] = ord("@")
    record[:, 1 : 1 + len(stem)] = np.frombuffer(stem, dtype=np.uint8)
    numbers = np.arange(first + 1, first + count + 1)
    record[:, 1 + len(stem) : head] = (numbers[:, None] // 10 ** np.arange(8, -1, -1)) % 10 + ord("0")
    record[:, head] = ord("\n")
    record[:, head + 1 : head + 1 + length] = BASES[reads]
    record[:, head + 1 + length : head + 4 + length] = np.frombuffer(b"\n+\n", dtype=np.uint8)
    quality = np.full(reads.size, GOOD, dtype=np.uint8)
    quality[places[draw.random(errors) < 0.8]] = DOUBTFUL
    record[:, head + 4 + length : -1] = quality.reshape(count, length)
    record[:, -1] = ord("\n")
    return record.tobytes()
