"""What an alignment says of its library: QC metrics in one pass over the records.

The facts, shares in percent, NA (null) where the alignment or a missing annotation cannot tell:

=============================  ========================================================================================
fact                           what
=============================  ========================================================================================
aligned_records                records in the files; of these ``aligned_primary``, ``aligned_secondary``,
                               ``aligned_supplementary``, ``aligned_qc_failed`` (counts)
aligned_rate                   primary records that are mapped; NA when the files hold no unmapped record
aligned_proper_pair_rate       paired primary records in proper pairs
aligned_unique_rate            mapped primary records of mapping quality 30 or more
duplicates_marked              whether duplicates were looked for: a record or the header tells
duplicate_rate                 mapped primary records marked as duplicates; NA when none were looked for
error_rate                     edits (NM) a base aligned; ``error_source`` names the tag
aligned_gc_content             G and C among the bases of primary records
aligned_read_length            mean length of primary records, bases
mitochondrial_share            counted records on the mitochondrial contig; NA when the header has none
exonic_share, intronic_share,  aligned blocks by their midpoint: in an exon; else in a gene; else outside. The three sum
intergenic_share               to 100, over blocks on annotated contigs
unannotated_share              blocks on contigs without any gene
ribosomal_share                blocks in exons of rRNA genes and pseudogenes; NA when the annotation has none
genomic_dna_share              estimated by what lies outside genes and against the strand
aligned_strandedness           forward, reverse, unstranded or unclear
aligned_forward_share          of records on genes of one strand, those read as the transcript
fragment_length_median         of pairs that lie in an intron-free exon of 1,000 bases; ``fragment_length_iqr``,
                               ``fragment_length_pairs`` (how many)
three_prime_share              median over transcripts of the coverage of the 3' third among that of both outer thirds:
                               50 is even, 100 all at the 3' end; ``covered_transcripts`` (how many)
transcript_integrity           median transcript integrity number (TIN) of the covered transcripts: 100 is even
place_duplicate_rate           fragments that share 5' end, strand and length with another, marked or not;
                               ``weak_gene_duplicate_rate``: the same in genes with fewer than 10 fragments a kilobase
library_fragments              distinct fragments in the library, estimated
spliced_share                  uniquely mapped records over an intron
junctions                      distinct introns; ``junctions_known_share``: both sites annotated
junction_saturation            known introns that half of the fragments already show
=============================  ========================================================================================

Beside them, for figures: ``gene_body_coverage`` (100 numbers from 5' to 3', mean 1), ``fragment_length_histogram``
(pairs by length, 0 to 1,000 bases), ``junction_curve`` (known introns shown by 10, 20 … 100% of the fragments).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from anpi.alignment.contigs import MITOCHONDRION, plain_name
from anpi.alignment.duplicates import Places
from anpi.alignment.gene_model import BINS, GeneModel, match_contigs
from anpi.alignment.intervals import SHIFT, Intervals, index_of, inside, overlaps, subtract
from anpi.alignment.junctions import Junctions, are_among
from anpi.alignment.records import (
    DUPLICATE,
    FLAGS,
    NOT_PRIMARY,
    PAIRED,
    PROPER,
    QC_FAILED,
    REVERSE,
    SECOND,
    SECONDARY,
    SUPPLEMENTARY,
    UNMAPPED,
    Batch,
    open_alignment,
    read_batches,
)
from anpi.expression.summary import percent, strand_call
from anpi.files.rows import Document

UNIQUE = 30
LONGEST_FRAGMENT = 1000
LEAST_PAIRS = 100
LEAST_COVERAGE = 3.0
LEAST_TRANSCRIPTS = 20
LEAST_JUNCTIONS = 100
THIRD = BINS // 3
MARKING = re.compile(r"mark_?dup", re.I)
REMOVING = re.compile(r"remove_(sequencing_)?duplicates[= ]true|markdup (.* )?-r\b|--remove-duplicates", re.I)


class Measures:
    """Sums over the records of a library; `facts` turns them into QC metrics."""

    def __init__(self, model: GeneModel | None):
        self.model = model
        self.numbers: dict[str, int] = {}
        self.flags = np.zeros(FLAGS, np.int64)
        self.marking = False
        self.unique = 0
        self.bases = self.gc = self.reads = self.read_bases = 0
        self.edits = self.edited_bases = self.mismatches = self.compared_bases = 0
        self.counted = 0
        self.mitochondrial: int | None = None
        self.blocks = self.annotated = self.exonic = self.genic = self.ribosomal = 0
        self.has_ribosomal = False
        self.outside = self.one_strand = 0.0
        self.placed = self.placed_outside = 0
        self.forward = self.reverse = self.both_strands = 0
        self.fragments = np.zeros(LONGEST_FRAGMENT + 1, np.int64)
        self.unique_counted = self.spliced = 0
        self.junctions = Junctions()
        size = 0 if model is None else len(model.body_positions)
        self.body = np.zeros(size + 1, np.int64)
        self.looked_at = np.zeros((0 if model is None else len(model.integrity_positions)) + 1, np.int64)
        self.places = Places()

    def add_file(self, path: Path, genome: Path | None = None) -> None:
        """Measure the records of a BAM, SAM or CRAM file, sorted or not.

        Raises
        ------
        InputError
            A file that is damaged, or aligned to another assembly than the annotation.
        """
        with open_alignment(path, genome) as records:
            names, lengths = list(records.references), list(records.lengths)
            programs = records.header.to_dict().get("PG", [])
        self.marking |= any(marks_duplicates(program) for program in programs)
        mitochondria = [i for i, name in enumerate(names) if plain_name(name) == MITOCHONDRION]
        if mitochondria:
            self.mitochondrial = self.mitochondrial or 0
        if self.model is None:
            matched = np.array([self.numbers.setdefault(name, len(self.numbers)) for name in names], np.int64)
        else:
            matched = match_contigs(self.model, names, lengths, str(path))
            self.has_ribosomal |= bool(np.isin(self.model.ribosomal.starts >> SHIFT, matched).any())
            self.outside, self.one_strand = shares_of_genome(self.model, matched, np.array(lengths, np.int64))
        for batch in read_batches(path, genome):
            self.add_batch(batch, np.array(mitochondria, np.int64), matched)

    def add_batch(self, batch: Batch, mitochondria: np.ndarray, matched: np.ndarray) -> None:
        self.flags += batch.every_flag
        self.bases += batch.bases
        self.gc += batch.gc
        shape_lengths, shape_bases = np.array(batch.shapes.length), np.array(batch.shapes.bases)
        self.reads += len(batch.flag) + len(batch.unmapped_lengths)
        self.read_bases += int(batch.unmapped_lengths.sum())
        if not len(batch.flag):
            return
        self.read_bases += int(shape_lengths[batch.shape].sum())
        self.unique += int((batch.quality >= UNIQUE).sum())
        aligned = shape_bases[batch.shape]
        has_edits, has_mismatches = batch.edits >= 0, batch.mismatches >= 0
        self.edits += int(batch.edits[has_edits].sum())
        self.edited_bases += int(aligned[has_edits].sum())
        # nM counts the mismatches of both mates, on each of them.
        once = has_mismatches & ~((batch.flag & PROPER > 0) & (batch.flag & SECOND > 0))
        self.mismatches += int(batch.mismatches[once].sum())
        self.compared_bases += int(aligned[has_mismatches].sum())
        kept = batch.flag & (DUPLICATE | QC_FAILED) == 0
        self.counted += int(kept.sum())
        if self.mitochondrial is not None:
            self.mitochondrial += int(np.isin(batch.contig[kept], mitochondria).sum())
        unique = kept & (batch.quality >= UNIQUE)
        self.unique_counted += int(unique.sum())
        is_spliced = np.zeros(len(batch.flag), bool)
        is_spliced[batch.spliced] = True
        self.spliced += int((unique & is_spliced).sum())
        contig = matched[batch.contig]
        start = (contig << SHIFT) + batch.start
        on_contig = contig >= 0
        self.add_junctions(batch, start, unique & on_contig)
        self.add_places(batch, start, on_contig & (batch.flag & (QC_FAILED | SECOND) == 0))
        if self.model is not None:
            self.add_blocks(self.model, batch, start, kept, on_contig)
            span = np.array(batch.shapes.span)[batch.shape]
            self.add_strands(self.model, batch, start, start + span, unique & on_contig)
            self.add_fragments(self.model, batch, start, unique & on_contig)

    def add_blocks(
        self, model: GeneModel, batch: Batch, start: np.ndarray, kept: np.ndarray, on_contig: np.ndarray
    ) -> None:
        rows, left, right = spread(batch.shapes.blocks, batch.shape, np.flatnonzero(kept))
        self.blocks += len(rows)
        chosen = on_contig[rows]
        rows, left, right = rows[chosen], left[chosen], right[chosen]
        left, right = start[rows] + left, start[rows] + right
        middle = left + (right - left) // 2
        exonic = inside(middle, model.exons)
        self.annotated += len(rows)
        self.exonic += int(exonic.sum())
        self.genic += int((exonic | inside(middle, model.genes)).sum())
        self.ribosomal += int(inside(middle, model.ribosomal).sum())
        for positions, sums in (
            (model.body_positions, self.body),
            (model.integrity_positions, self.looked_at),
        ):
            sums += np.bincount(np.searchsorted(positions, left), minlength=len(sums))
            sums -= np.bincount(np.searchsorted(positions, right), minlength=len(sums))

    def add_places(self, batch: Batch, start: np.ndarray, chosen: np.ndarray) -> None:
        start, reverse, shape = start[chosen], batch.flag[chosen] & REVERSE > 0, batch.shape[chosen]
        five = np.where(reverse, start + np.array(batch.shapes.span, np.int64)[shape], start)
        loci = np.full(len(five), -1) if self.model is None else index_of(five - reverse, self.model.genes)
        self.places.add(five, reverse, batch.template[chosen], loci)

    def add_strands(
        self, model: GeneModel, batch: Batch, start: np.ndarray, end: np.ndarray, chosen: np.ndarray
    ) -> None:
        flag, start, end = batch.flag[chosen], start[chosen], end[chosen]
        self.placed += len(flag)
        self.placed_outside += int((~overlaps(start, end, model.genes)).sum())
        on_forward, on_reverse = overlaps(start, end, model.forward), overlaps(start, end, model.reverse)
        second = (flag & PAIRED > 0) & (flag & SECOND > 0)
        read_forward = (flag & REVERSE == 0) ^ second
        self.both_strands += int((on_forward & on_reverse).sum())
        one = on_forward ^ on_reverse
        as_gene = read_forward == on_forward
        self.forward += int((one & as_gene).sum())
        self.reverse += int((one & ~as_gene).sum())

    def add_fragments(self, model: GeneModel, batch: Batch, start: np.ndarray, chosen: np.ndarray) -> None:
        # The left mate of a pair alone has a positive TLEN.
        left = chosen & (batch.flag & PROPER > 0) & (batch.template > 0)
        start, length = start[left], batch.template[left]
        exon = index_of(start, model.long_exons)
        whole = (exon >= 0) & (exon == index_of(start + length - 1, model.long_exons)) & (length <= LONGEST_FRAGMENT)
        self.fragments += np.bincount(length[whole], minlength=LONGEST_FRAGMENT + 1)

    def add_junctions(self, batch: Batch, start: np.ndarray, chosen: np.ndarray) -> None:
        which = np.flatnonzero(chosen[batch.spliced]) if len(batch.spliced) else np.empty(0, np.int64)
        rows = batch.spliced[which]
        place, left, right = spread(batch.shapes.introns, batch.shape, rows)
        if len(place):
            bucket = np.zeros(len(batch.flag), np.int64)
            bucket[rows] = batch.bucket[which]
            self.junctions.add(start[place] + left, start[place] + right, bucket[place])

    def facts(self) -> Document:
        """State the facts (see the head of this module)."""
        return {
            **self.flag_facts(),
            **self.base_facts(),
            **self.annotation_facts(),
            **self.fragment_facts(),
            **self.body_facts(),
            **self.integrity_facts(),
            **self.places.facts(None if self.model is None else exonic_bases(self.model)),
            **self.junction_facts(),
        }

    def flag_facts(self) -> Document:
        values = np.arange(FLAGS)

        def count(chosen: np.ndarray) -> int:
            return int(self.flags[chosen].sum())

        primary = values & NOT_PRIMARY == 0
        mapped = primary & (values & UNMAPPED == 0)
        paired = primary & (values & PAIRED > 0)
        duplicates = count(mapped & (values & DUPLICATE > 0))
        marked = self.marking or count(values & DUPLICATE > 0) > 0
        return {
            "aligned_records": count(values >= 0),
            "aligned_primary": count(primary),
            "aligned_secondary": count(values & SECONDARY > 0),
            "aligned_supplementary": count(values & SUPPLEMENTARY > 0),
            "aligned_qc_failed": count(values & QC_FAILED > 0),
            "aligned_mapped": count(mapped),
            "aligned_rate": percent_or_none(count(mapped), count(primary)) if count(mapped) < count(primary) else None,
            "aligned_proper_pair_rate": percent_or_none(count(paired & mapped & (values & PROPER > 0)), count(paired)),
            "aligned_unique_rate": percent_or_none(self.unique, count(mapped)),
            "duplicates_marked": marked,
            "duplicate_rate": percent_or_none(duplicates, count(mapped)) if marked else None,
        }

    def base_facts(self) -> Document:
        source = "NM" if self.edited_bases else "nM" if self.compared_bases else None
        edits, bases = (self.edits, self.edited_bases) if source == "NM" else (self.mismatches, self.compared_bases)
        return {
            "error_rate": round(100 * edits / bases, 4) if bases else None,
            "error_source": source,
            "aligned_gc_content": percent_or_none(self.gc, self.bases),
            "aligned_read_length": round(self.read_bases / self.reads, 1) if self.reads else None,
            "mitochondrial_share": None
            if self.mitochondrial is None
            else percent_or_none(self.mitochondrial, self.counted),
        }

    def annotation_facts(self) -> Document:
        stranded = self.forward + self.reverse
        call = strand_call(self.forward, self.reverse)
        return {
            "exonic_share": percent_or_none(self.exonic, self.annotated),
            "intronic_share": percent_or_none(self.genic - self.exonic, self.annotated),
            "intergenic_share": percent_or_none(self.annotated - self.genic, self.annotated),
            "unannotated_share": percent_or_none(self.blocks - self.annotated, self.blocks),
            "ribosomal_share": percent_or_none(self.ribosomal, self.annotated) if self.has_ribosomal else None,
            "genomic_dna_share": self.genomic_dna(call),
            "aligned_strandedness": call,
            "aligned_forward_share": percent_or_none(self.forward, stranded),
        }

    def genomic_dna(self, call: str | None) -> float | None:
        """Estimate the share of DNA by the reads outside genes and, in a stranded library, against the strand."""
        estimates = []
        # By records, since DNA is not spliced: by blocks, each read of RNA over an intron would count twice.
        if self.placed and self.outside:
            estimates.append(self.placed_outside / self.placed / self.outside)
        if call in ("forward", "reverse") and self.one_strand:
            estimates.append(2 * min(self.forward, self.reverse) / self.placed / self.one_strand)
        return round(100 * min(1.0, *estimates), 2) if estimates else None

    def fragment_facts(self) -> Document:
        pairs = int(self.fragments.sum())
        lower, median, upper = (quantile(self.fragments, part) for part in (0.25, 0.5, 0.75))
        enough = pairs >= LEAST_PAIRS
        return {
            "fragment_length_median": median if enough else None,
            "fragment_length_iqr": upper - lower if enough else None,
            "fragment_length_pairs": None if self.model is None else pairs,
            "fragment_length_histogram": self.fragments.tolist() if pairs else None,
        }

    def body_facts(self) -> Document:
        names = ("three_prime_share", "covered_transcripts", "gene_body_coverage")
        if self.model is None or not len(self.model.body_slots):
            return dict.fromkeys(names)
        depth = np.zeros(len(self.model.body_slots))
        depth[self.model.body_slots] = np.cumsum(self.body)[:-1]
        coverage = depth.reshape(-1, BINS)
        covered = coverage[coverage.mean(axis=1) >= LEAST_COVERAGE]
        first, last = covered[:, :THIRD].sum(axis=1), covered[:, -THIRD:].sum(axis=1)
        outer = first + last > 0
        shares = last[outer] / (first + last)[outer]
        total = coverage.sum()
        curve = (coverage.sum(axis=0) / (total / BINS)).round(4).tolist() if total else None
        enough = len(shares) >= LEAST_TRANSCRIPTS
        values = (round(100 * float(np.median(shares)), 2) if enough else None, len(covered), curve)
        return dict(zip(names, values, strict=True))

    def integrity(self) -> np.ndarray:
        """Return the transcript integrity number of each covered transcript: 100 times the share of even positions.

        References
        ----------
        Wang 2016, 10.1186/s12859-016-0922-z: exp of the entropy of the coverage, among the positions.
        """
        assert self.model is not None
        slots, depth = self.model.integrity_slots, np.cumsum(self.looked_at)[:-1].astype(float)
        positions = np.bincount(slots)
        total = np.bincount(slots, depth)
        share = depth / np.maximum(total, 1)[slots]
        entropy = -np.bincount(slots, share * np.log(np.where(share > 0, share, 1)))
        covered = total >= LEAST_COVERAGE * positions
        return 100 * np.exp(entropy[covered]) / positions[covered]

    def integrity_facts(self) -> Document:
        if self.model is None or not len(self.model.integrity_slots):
            return {"transcript_integrity": None}
        found = self.integrity()
        return {"transcript_integrity": round(float(np.median(found)), 2) if len(found) >= LEAST_TRANSCRIPTS else None}

    def junction_facts(self) -> Document:
        self.junctions.merge()
        facts: Document = {
            "spliced_share": percent_or_none(self.spliced, self.unique_counted),
            "junctions": len(self.junctions.starts),
            "junctions_known_share": None,
            "junction_saturation": None,
            "junction_curve": None,
        }
        if self.model is None:
            return facts
        annotated = are_among(self.junctions.starts, self.model.donors)
        annotated &= are_among(self.junctions.ends, self.model.acceptors)
        curve = self.junctions.found_by_step(annotated)
        facts["junctions_known_share"] = percent_or_none(int(annotated.sum()), len(annotated))
        if curve[-1] >= LEAST_JUNCTIONS:
            facts["junction_saturation"] = percent_or_none(curve[len(curve) // 2 - 1], curve[-1])
            facts["junction_curve"] = curve
        return facts


def measure_alignments(files: Sequence[Path], model: GeneModel | None, genome: Path | None = None) -> Document:
    """Measure all alignments of a library in one pass (facts: see the head of this module).

    Parameters
    ----------
    files : sequence of Path
        BAM, SAM or CRAM, sorted or not.
    model : GeneModel or None
        Without one, what rests on an annotation is None.
    genome : Path, optional
        What CRAM files were written with.
    """
    measures = Measures(model)
    for file in files:
        measures.add_file(file, genome)
    return measures.facts()


def shares_of_genome(model: GeneModel, matched: np.ndarray, lengths: np.ndarray) -> tuple[float, float]:
    """Return the shares of the contigs with genes that lie outside genes, and in genes of one strand alone."""
    total = lengths[matched >= 0].sum()

    def bases(intervals: Intervals) -> int:
        chosen = np.isin(intervals.starts >> SHIFT, matched)
        return int((intervals.ends - intervals.starts)[chosen].sum())

    one = bases(subtract(model.forward, model.reverse)) + bases(subtract(model.reverse, model.forward))
    return 1 - bases(model.genes) / total, one / total


def exonic_bases(model: GeneModel) -> np.ndarray:
    """Return the bases of exon in each stretch of genes."""
    inside_genes = index_of(model.exons.starts, model.genes)
    return np.bincount(inside_genes, model.exons.ends - model.exons.starts, minlength=len(model.genes.starts))


def marks_duplicates(program: Mapping[str, str]) -> bool:
    """Return whether a program of the header marked duplicates and left them in the file."""
    words = program.get("CL", "")
    tool = " ".join([program.get("ID", ""), program.get("PN", ""), *words.split()[:2]])
    return bool(MARKING.search(tool)) and not REMOVING.search(words)


def spread(
    parts: list[list[tuple[int, int]]], shape: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return row, start and end (from the record's first base) of every part of the chosen rows' shapes."""
    count = np.array([len(part) for part in parts], np.int64)
    flat = np.array([pair for part in parts for pair in part], np.int64).reshape(-1, 2)
    chosen = shape[rows]
    many = count[chosen] if len(chosen) else np.empty(0, np.int64)
    repeated = np.repeat(np.arange(len(rows)), many)
    within = np.arange(len(repeated)) - np.repeat(np.cumsum(many) - many, many)
    first = np.cumsum(count) - count
    place = first[chosen[repeated]] + within if len(repeated) else np.empty(0, np.int64)
    return rows[repeated], flat[place, 0], flat[place, 1]


def quantile(histogram: np.ndarray, part: float) -> int:
    """Return the lowest value that ``part`` of a histogram's content does not exceed."""
    return int(np.searchsorted(np.cumsum(histogram), part * histogram.sum()))


def percent_or_none(part: int, whole: int) -> float | None:
    """Return a share in percent; None of nothing."""
    return percent(part, whole) if whole else None
