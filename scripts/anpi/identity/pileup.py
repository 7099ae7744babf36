"""Reads with each allele at the listed SNPs, from BAM or CRAM, with an index or without."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from anpi.alignment.records import open_alignment
from anpi.identity.sites import build_of, contig_names
from anpi.problems import InputError, Problem
from anpi.reads.alignments import indexes_of

LEAST_BASE_QUALITY = 20
LEAST_MAPPING_QUALITY = 20
MOST_FRAGMENTS = 2000
LEFT_OUT = pysam.FUNMAP | pysam.FSECONDARY | pysam.FSUPPLEMENTARY | pysam.FDUP | pysam.FQCFAIL
MATCHED = (pysam.CMATCH, pysam.CEQUAL, pysam.CDIFF)
ON_REFERENCE = (*MATCHED, pysam.CDEL, pysam.CREF_SKIP)
ON_READ = (*MATCHED, pysam.CINS, pysam.CSOFT_CLIP)


@dataclass
class Site:
    """Bases seen at one position (from 0), a fragment counted once."""

    position: int
    bases: dict[str, str | None] = field(default_factory=dict)

    def add(self, fragment: str, base: str) -> None:
        """Count a fragment's base; where its mates disagree it does not count."""
        if fragment in self.bases:
            if self.bases[fragment] != base:
                self.bases[fragment] = None
        elif len(self.bases) < MOST_FRAGMENTS:
            self.bases[fragment] = base


@dataclass(frozen=True)
class Pileup:
    """What a sample's alignments show at the sites.

    Parameters
    ----------
    build : str or None
        grch38, grch37, or None for any other.
    counts : pandas.DataFrame
        One row per site: ``position``, ``depth``, ``ref_reads``, ``alt_reads``, ``other_reads``; missing where the
        alignments cannot tell (another build, a chromosome that they lack).
    note : str
        Why there are no counts; empty when there are.
    """

    build: str | None
    counts: pd.DataFrame
    note: str = ""


def count_alleles(paths: Sequence[Path], sites: pd.DataFrame, reference: Path | None = None) -> Pileup:
    """Count the reads with each allele, over all alignments of a sample.

    Duplicates, secondary and supplementary records and those that failed the sequencer's filter are left out, and bases
    and mappings of quality below 20. Two mates over one site count once. At most the first 2,000 fragments count at a
    site, which bounds the memory.

    Parameters
    ----------
    paths : sequence of Path
        BAM or CRAM files; an index that is older than its file is not used.
    sites : pandas.DataFrame
        See `anpi.identity.sites.read_sites`.
    reference : Path, optional
        Genome FASTA, for CRAM.

    Raises
    ------
    InputError
        A file that is damaged, or alignments of one sample to two builds.
    """
    builds = {path: read_build(path, reference) for path in paths}
    if len(set(builds.values())) > 1:
        shown = ", ".join(f"{path.name} to {build or 'another genome'}" for path, build in builds.items())
        raise InputError(Problem(str(paths[0]), f"the sample is aligned to several genomes: {shown}"))
    build = next(iter(builds.values()), None)
    if build is None:
        note = "not aligned to GRCh38 or GRCh37 (by the lengths of chromosomes)" if paths else "no alignment"
        return Pileup(None, empty_counts(len(sites)), note)
    tallies: list[Site | None] = [None] * len(sites)
    for path in paths:
        try:  # around the block: closing a damaged file fails too
            with open_alignment(path, reference, fresh_index(path)) as alignment:
                add_alignment(alignment, path, sites[["chromosome"]].assign(position=sites[build]), tallies)
        except (OSError, ValueError) as error:
            cause = error.__context__ or error
            raise InputError(Problem(str(path), f"damaged or cut short ({cause})", mend="Copy it again.")) from None
    return Pileup(build, tally_sites(sites, build, tallies))


def empty_counts(rows: int) -> pd.DataFrame:
    columns = ["position", "depth", "ref_reads", "alt_reads", "other_reads"]
    return pd.DataFrame({column: pd.array([pd.NA] * rows, dtype="Int64") for column in columns})


def read_build(path: Path, reference: Path | None) -> str | None:
    with open_alignment(path, reference) as alignment:
        return build_of(alignment.references, alignment.lengths)


def fresh_index(path: Path) -> Path | None:
    """Return the index of an alignment, unless it is older than the file, and so may be another file's."""
    return next((index for index, fresh in indexes_of(path) if fresh), None)


def add_alignment(alignment: pysam.AlignmentFile, path: Path, places: pd.DataFrame, tallies: list[Site | None]) -> None:
    """Add the bases of one alignment to the sites (``chromosome``, ``position``) that it can tell of."""
    names = contig_names(places["chromosome"], alignment.references)
    by_contig: dict[str, list[Site]] = {}
    for row, (name, position) in enumerate(zip(names, places["position"], strict=True)):
        if name is not None:
            site = tallies[row] or Site(int(position) - 1)
            tallies[row] = site
            by_contig.setdefault(name, []).append(site)
    for group in by_contig.values():
        group.sort(key=lambda site: site.position)
    reads = indexed_reads(alignment, by_contig) if fresh_index(path) else alignment.fetch(until_eof=True)
    for read in reads:
        if is_usable(read) and read.reference_name in by_contig:
            add_read(read, by_contig[read.reference_name])


def indexed_reads(alignment: pysam.AlignmentFile, by_contig: dict[str, list[Site]]) -> Iterator[pysam.AlignedSegment]:
    """Return the reads over the sites by the index; one over two sites comes twice, which counts once."""
    for contig, group in by_contig.items():
        for site in group:
            yield from alignment.fetch(contig, site.position, site.position + 1)


def is_usable(read: pysam.AlignedSegment) -> bool:
    return not read.flag & LEFT_OUT and read.mapping_quality >= LEAST_MAPPING_QUALITY


def add_read(read: pysam.AlignedSegment, sites: list[Site]) -> None:
    """Add the base that a read has at each site that it covers."""
    end = read.reference_end or 0
    i = bisect_left(sites, read.reference_start, key=lambda site: site.position)
    while i < len(sites) and sites[i].position < end:
        base = base_at(read, sites[i].position)
        if base is not None:
            sites[i].add(read.query_name or "", base)
        i += 1


def base_at(read: pysam.AlignedSegment, position: int) -> str | None:
    """Return a read's base over a position of the reference (from 0); None in a gap, or below the quality."""
    on_reference, on_read = read.reference_start, 0
    for operation, length in read.cigartuples or ():
        if operation in MATCHED and position < on_reference + length:
            place = on_read + position - on_reference
            sequence, qualities = read.query_sequence, read.query_qualities
            if sequence is None or (qualities is not None and qualities[place] < LEAST_BASE_QUALITY):
                return None
            return sequence[place].upper()
        on_reference += length if operation in ON_REFERENCE else 0
        on_read += length if operation in ON_READ else 0
        if on_reference > position:
            return None
    return None


def tally_sites(sites: pd.DataFrame, build: str, tallies: Sequence[Site | None]) -> pd.DataFrame:
    """Count the alleles at each site."""
    table = empty_counts(len(sites))
    table["position"] = sites[build].to_numpy()
    for row, (site, ref, alt) in enumerate(zip(tallies, sites["ref"], sites["alt"], strict=True)):
        if site is not None:
            seen = Counter(base for base in site.bases.values() if base is not None)
            others = sum(count for base, count in seen.items() if base not in (ref, alt))
            depth = sum(seen.values())
            table.iloc[row, 1:] = [depth, seen[ref], seen[alt], others]
    return table


def usable_sites(counts: pd.DataFrame) -> np.ndarray:
    """Return where the listed alleles explain the reads: a site with a fifth of other bases is not what is listed."""
    depth = counts["depth"].fillna(0).to_numpy(dtype=float)
    others = counts["other_reads"].fillna(0).to_numpy(dtype=float)
    return (depth > 0) & (others <= 0.2 * depth)
