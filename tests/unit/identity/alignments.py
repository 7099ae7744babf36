"""Small alignments with known bases, to a made-up genome that has the lengths of a real build."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from anpi.identity.sites import COLUMNS

LENGTHS = {"grch38": {"1": 248956422, "2": 242193529}, "grch37": {"1": 249250621, "2": 243199373}}
READ = 75


def header_of(build: str = "grch38", prefix: str = "chr", order: str = "coordinate") -> pysam.AlignmentHeader:
    contigs = [{"SN": f"{prefix}{name}", "LN": length} for name, length in LENGTHS[build].items()]
    return pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6", "SO": order}, "SQ": contigs})


def read_of(
    header: pysam.AlignmentHeader,
    name: str,
    start: int,
    sequence: str,
    contig: int = 0,
    cigar: str | None = None,
    flag: int = 0,
    quality: int = 60,
    bases: int | list[int] = 37,
) -> pysam.AlignedSegment:
    """Make a read; ``start`` counts from 0."""
    read = pysam.AlignedSegment(header)
    read.query_name, read.flag, read.reference_id, read.reference_start = name, flag, contig, start
    read.mapping_quality, read.cigarstring = quality, cigar or f"{len(sequence)}M"
    read.query_sequence = sequence
    read.query_qualities = pysam.qualitystring_to_array(
        "".join(chr(q + 33) for q in ([bases] * len(sequence) if isinstance(bases, int) else bases))
    )
    return read


def write_alignment(
    path: Path, header: pysam.AlignmentHeader, reads: Iterable[pysam.AlignedSegment], index: bool = True
) -> Path:
    with pysam.AlignmentFile(str(path), "wb", header=header) as file:
        for read in sorted(reads, key=lambda read: (read.reference_id, read.reference_start)) if index else reads:
            file.write(read)
    if index:
        pysam.index(str(path))
    return path


def made_up_sites(count: int, seed: int = 1) -> pd.DataFrame:
    """Make a list of SNPs of its own, on chromosomes 1 and 2, at other places in each build."""
    draw = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        ref, alt = draw.choice(list("ACGT"), 2, replace=False)
        frequency = draw.uniform(0.3, 0.7)
        place = 10_000 + 1000 * i
        rows.append([f"rs{i + 1}", str(1 + i % 2), place, place + 321, ref, alt, *[round(frequency, 3)] * 6])
    return pd.DataFrame(rows, columns=COLUMNS)


def write_sample(
    path: Path,
    sites: pd.DataFrame,
    people: list[tuple[np.ndarray, float]],
    depth: float,
    seed: int,
    build: str = "grch38",
    index: bool = True,
) -> Path:
    """Write paired reads of a mixture of people (copies of alt at each site, share) over every site."""
    draw = np.random.default_rng(seed)
    header = header_of(build)
    shares = [share for _, share in people]
    reads = []
    for row, site in enumerate(sites.itertuples()):
        for i in range(draw.poisson(depth)):
            person = people[draw.choice(len(people), p=shares)][0]
            base = site.alt if draw.random() < person[row] / 2 else site.ref
            if draw.random() < 0.002:
                base = draw.choice(list("ACGT"))
            start = int(getattr(site, build)) - 1 - int(draw.integers(0, READ))
            offset = int(getattr(site, build)) - 1 - start
            contig = int(site.chromosome) - 1
            name = f"r{row}.{i}"
            for flag, shift in ((99, 0), (147, int(draw.integers(0, 150)))):
                sequence = draw.choice(list("ACGT"), READ)
                if 0 <= offset - shift < READ:
                    sequence[offset - shift] = base
                reads.append(read_of(header, name, start + shift, "".join(sequence), contig, flag=flag))
    return write_alignment(path, header, reads, index)
