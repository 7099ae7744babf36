"""Alignments of known origin: genes on a genome, pairs of spliced transcripts, genomic DNA, degraded RNA."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

CONTIGS = 20
CONTIG_LENGTH = 150_000_000
EXONS = 8
READ = 100
SPREAD = 60
Gene = tuple[str, str, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Library:
    """What a library is made of.

    Parameters
    ----------
    pairs : int
    fragment : int
        Mean length of fragments in bases.
    dna : float
        Share of the pairs that come from genomic DNA.
    three_prime : float or None
        Mean distance in bases of a fragment's end from the 3' end of its transcript; None for fragments from
        everywhere.
    stranded : bool
        Mate 1 against the gene, as dUTP libraries have it; else on either strand.
    """

    pairs: int
    fragment: int = 250
    dna: float = 0.0
    three_prime: float | None = None
    stranded: bool = True


def simulate_genes(count: int, draw: np.random.Generator) -> list[Gene]:
    """Lay genes of eight exons side by side: contig, strand, starts and ends of exons."""
    genes = []
    room = CONTIG_LENGTH * CONTIGS // count
    for number in range(count):
        contig, place = divmod(number * room, CONTIG_LENGTH)
        lengths = np.append(draw.integers(80, 300, EXONS - 1), draw.integers(300, 3000))
        strand = "+-"[number % 2]
        lengths = lengths if strand == "+" else lengths[::-1]
        gaps = draw.integers(200, max(room // EXONS - 500, 300), EXONS)
        starts = place + np.cumsum(gaps) + np.cumsum(lengths) - lengths
        genes.append((f"chr{contig + 1}", strand, starts, starts + lengths))
    return genes


def write_annotations(folder: Path, genes: list[Gene]) -> None:
    with open(folder / "genes.gtf", "w") as gtf, open(folder / "genes.bed", "w") as bed:
        for number, (contig, strand, starts, ends) in enumerate(genes):
            name = f'gene_id "G{number}"; transcript_id "G{number}.1"; gene_type "protein_coding";'
            for start, end in zip(starts, ends, strict=True):
                print(contig, "test", "exon", start + 1, end, ".", strand, ".", name, sep="\t", file=gtf)
            sizes = ",".join(map(str, ends - starts))
            offsets = ",".join(map(str, starts - starts[0]))
            thick = (starts[0], ends[-1])
            place = (contig, starts[0], ends[-1], f"G{number}.1", 0, strand)
            print(*place, *thick, 0, EXONS, sizes, offsets, sep="\t", file=bed)


def place_read(starts: np.ndarray, ends: np.ndarray, first: int, length: int) -> tuple[int, str, int]:
    """Return first base (from 1), CIGAR and end of a read from base ``first`` of the spliced transcript on."""
    before = np.cumsum(ends - starts)
    exon = int(np.searchsorted(before, first, "right"))
    position = int(ends[exon] - (before[exon] - first))
    begin, left, cigar = position + 1, length, ""
    while left:
        here = min(left, int(ends[exon]) - position)
        cigar += f"{here}M"
        left -= here
        position += here
        if left:
            exon += 1
            cigar += f"{starts[exon] - position}N"
            position = int(starts[exon])
    return begin, cigar, position


def write_sam(out: TextIO, genes: list[Gene], library: Library, draw: np.random.Generator) -> None:
    """Write the alignments of a library as SAM, mates one after the other."""
    lengths = np.array([(ends - starts).sum() for _, _, starts, ends in genes])
    weights = draw.lognormal(0, 2, len(genes)) * (lengths if library.three_prime is None else 1)
    chosen = np.sort(draw.choice(len(genes), library.pairs, p=weights / weights.sum()))
    fragments = np.clip(draw.normal(library.fragment, min(SPREAD, library.fragment / 3), library.pairs), 30, None)
    fragments = np.minimum(fragments.astype(int), lengths[chosen])
    room = lengths[chosen] - fragments
    if library.three_prime is None:
        firsts = (draw.random(library.pairs) * (room + 1)).astype(int)
    else:
        firsts = room - np.minimum(draw.exponential(library.three_prime, library.pairs).astype(int), room)
    minus = np.array([strand == "-" for _, strand, _, _ in genes])[chosen]
    if library.three_prime is not None:
        firsts = np.where(minus, room - firsts, firsts)
    dna = draw.random(library.pairs) < library.dna
    against = draw.random(library.pairs) < 0.5
    if library.stranded:
        against = np.where(dna, against, minus)
    contigs = draw.integers(0, CONTIGS, library.pairs)
    places = draw.integers(0, CONTIG_LENGTH, library.pairs)
    letters = "".join(np.array(list("ACGT"))[draw.integers(0, 4, 1 << 20)])
    offsets = draw.integers(0, len(letters) - READ, (library.pairs, 2))
    out.write("@HD\tVN:1.6\n")
    out.writelines(f"@SQ\tSN:chr{i + 1}\tLN:{CONTIG_LENGTH + 1_000_000}\n" for i in range(CONTIGS))
    for i in range(library.pairs):
        fragment = int(fragments[i])
        length = min(READ, fragment)
        if dna[i]:
            contig, left = f"chr{contigs[i] + 1}", int(places[i]) + 1
            right, left_cigar, right_cigar = left + fragment - length, f"{length}M", f"{length}M"
            end = left + fragment - 1
        else:
            contig, _, starts, ends = genes[chosen[i]]
            left, left_cigar, _ = place_read(starts, ends, int(firsts[i]), length)
            right, right_cigar, end = place_read(starts, ends, int(firsts[i]) + fragment - length, length)
        one, two = offsets[i].tolist()
        flags = (99, 147) if against[i] else (163, 83)
        tail = f"{'I' * length}\tNM:i:{i % 3 == 0:d}\n"
        span = end - left + 1
        near = f"read.{i}\t{flags[0]}\t{contig}\t{left}\t255\t{left_cigar}\t=\t{right}\t{span}"
        far = f"read.{i}\t{flags[1]}\t{contig}\t{right}\t255\t{right_cigar}\t=\t{left}\t{-span}"
        out.write(f"{near}\t{letters[one : one + length]}\t{tail}{far}\t{letters[two : two + length]}\t{tail}")
