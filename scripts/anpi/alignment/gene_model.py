"""The gene model that alignments are measured by: an annotation reduced to sorted arrays."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anpi.alignment.contigs import assembly_named, assembly_of, plain_name
from anpi.alignment.intervals import SHIFT, Intervals, subtract, union
from anpi.files.writing import whole_file
from anpi.problems import InputError, Problem
from anpi.quantification.reference import open_text, read_gtf

BINS = 100
LEAST_BODY = 500
LONG_EXON = 1000
RIBOSOMAL = ("rRNA", "Mt_rRNA", "rRNA_pseudogene")


@dataclass(frozen=True)
class GeneModel:
    """An annotation as arrays of positions (see `anpi.alignment.intervals`).

    Parameters
    ----------
    assembly : str
        The human assembly that the head of the GTF names, or an empty text.
    contigs : numpy.ndarray
        Plain names of the contigs; their place is the contig's number in positions.
    last : numpy.ndarray
        Where the last exon of each contig ends, in bases.
    exons, genes, forward, reverse, ribosomal : Intervals
        Exons of all transcripts; from start to end of transcripts, of both strands and of each; exons of rRNA genes.
    long_exons : Intervals
        Stretches of 1,000 bases or more that are exon, and intron of no transcript: where the length of a
        fragment is its length on the genome.
    donors, acceptors : numpy.ndarray
        Sorted starts and ends of introns.
    body_positions : numpy.ndarray
        Sorted positions of 100 percentiles of one transcript a gene.
    body_slots : numpy.ndarray
        For each of these ``100 * transcript + percentile``, percentiles from 5' to 3'.
    integrity_positions, integrity_slots : numpy.ndarray
        Sorted positions at which the transcript integrity number looks, and the transcript of each.
    """

    assembly: str
    contigs: np.ndarray
    last: np.ndarray
    exons: Intervals
    genes: Intervals
    forward: Intervals
    reverse: Intervals
    ribosomal: Intervals
    long_exons: Intervals
    donors: np.ndarray
    acceptors: np.ndarray
    body_positions: np.ndarray
    body_slots: np.ndarray
    integrity_positions: np.ndarray
    integrity_slots: np.ndarray


def build_gene_model(gtf: Path) -> GeneModel:
    """Reduce a GTF to the arrays that alignments are measured by.

    The transcript that stands for a gene in the coverage of gene bodies is MANE Select, else Ensembl's canonical one,
    else the longest (of equal ones the first by id), in protein-coding genes when the GTF tells biotypes, of 500 bases
    or more.
    """
    transcripts, exons = read_gtf(gtf)
    if transcripts.empty:
        raise InputError(Problem(str(gtf), "no exon found", mend="Give the GTF of a gene annotation."))
    contigs = np.array(sorted({plain_name(parts[0][0]) for parts in exons.values()}))
    number = {name: i for i, name in enumerate(contigs.tolist())}
    # One row an exon: transcript, its contig and strand, start, end.
    sizes = np.array([len(exons[name]) for name in transcripts["transcript_id"]])
    flat = list(itertools.chain.from_iterable(exons[name] for name in transcripts["transcript_id"]))
    base = np.array([number[plain_name(exon[0])] for exon in flat], np.int64) << SHIFT
    starts = base + np.array([exon[1] for exon in flat], np.int64)
    ends = base + np.array([exon[2] for exon in flat], np.int64)
    first = np.cumsum(sizes) - sizes
    minus = np.array([flat[i][3] == "-" for i in first])
    stranded = np.array([flat[i][3] in "+-" for i in first])
    span_starts, span_ends = starts[first], np.maximum.reduceat(ends, first)
    inner = np.ones(len(flat), bool)
    inner[first] = False
    after = np.flatnonzero(inner)
    introns = Intervals(ends[after - 1], starts[after])
    real = introns.starts < introns.ends
    introns = Intervals(introns.starts[real], introns.ends[real])
    all_exons = union(starts, ends)
    ribosomal = np.repeat(transcripts["biotype"].isin(RIBOSOMAL).to_numpy(), sizes)
    bare = subtract(all_exons, union(*introns))
    long = bare.ends - bare.starts >= LONG_EXON
    chosen = representative_transcripts(transcripts, np.add.reduceat(ends - starts, first))
    positions, slots = body_percentiles(chosen, first, sizes, starts, ends, minus)
    looked_at, looked_slots = integrity_positions(chosen, first, sizes, starts, ends)
    last = np.zeros(len(contigs), np.int64)
    np.maximum.at(last, ends >> SHIFT, ends & ((1 << SHIFT) - 1))
    return GeneModel(
        assembly=assembly_named(head_of(gtf)) or "",
        contigs=contigs,
        last=last,
        exons=all_exons,
        genes=union(span_starts, span_ends),
        forward=union(span_starts[stranded & ~minus], span_ends[stranded & ~minus]),
        reverse=union(span_starts[stranded & minus], span_ends[stranded & minus]),
        ribosomal=union(starts[ribosomal], ends[ribosomal]),
        long_exons=Intervals(bare.starts[long], bare.ends[long]),
        donors=np.unique(introns.starts),
        acceptors=np.unique(introns.ends),
        body_positions=positions,
        body_slots=slots,
        integrity_positions=looked_at,
        integrity_slots=looked_slots,
    )


def head_of(gtf: Path) -> str:
    """Return the comment lines that head a GTF."""
    return "".join(itertools.takewhile(lambda line: line.startswith("#"), open_text(gtf)))


def representative_transcripts(transcripts: pd.DataFrame, lengths: np.ndarray) -> np.ndarray:
    """Choose the transcript that stands for each gene (see `build_gene_model`); give their rows."""
    table = transcripts.assign(length=lengths, place=np.arange(len(transcripts)))
    table = table[table["length"] >= LEAST_BODY]
    if table["biotype"].eq("protein_coding").any():
        table = table[table["biotype"].eq("protein_coding")]
    table = table.sort_values(["canonical", "length", "transcript_id"], ascending=[False, False, True])
    return table.drop_duplicates("gene_id").sort_values("gene_id")["place"].to_numpy()


def body_percentiles(
    chosen: np.ndarray, first: np.ndarray, sizes: np.ndarray, starts: np.ndarray, ends: np.ndarray, minus: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Place the percentiles of the chosen transcripts on the genome, sorted, with their slots."""
    positions = np.empty((len(chosen), BINS), np.int64)
    for row, place in enumerate(chosen):
        rows = slice(first[place], first[place] + sizes[place])
        before = np.cumsum(ends[rows] - starts[rows])
        wanted = np.arange(1, BINS + 1) * (before[-1] - 1) // BINS
        exon = np.searchsorted(before, wanted, "right")
        positions[row] = ends[rows][exon] - (before[exon] - wanted)
    positions[minus[chosen]] = positions[minus[chosen], ::-1]
    slots = np.arange(positions.size, dtype=np.int32)
    order = np.argsort(positions.ravel(), kind="stable")
    return positions.ravel()[order], slots[order]


def integrity_positions(
    chosen: np.ndarray, first: np.ndarray, sizes: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Place what RSeQC's tin.py looks at: the ends of each exon, and every n-th base, some 100 of a transcript.

    Returns
    -------
    positions, slots : numpy.ndarray
        Sorted, with the number of the chosen transcript.
    """
    places, counts = [np.empty(0, np.int64)], []
    for place in chosen:
        rows = slice(first[place], first[place] + sizes[place])
        before = np.cumsum(ends[rows] - starts[rows])
        wanted = np.arange(0, before[-1], before[-1] // BINS)
        exon = np.searchsorted(before, wanted, "right")
        bases = np.unique(np.concatenate([starts[rows], ends[rows] - 1, ends[rows][exon] - (before[exon] - wanted)]))
        places.append(bases)
        counts.append(len(bases))
    positions = np.concatenate(places)
    slots = np.repeat(np.arange(len(chosen), dtype=np.int32), counts)
    order = np.argsort(positions, kind="stable")
    return positions[order], slots[order]


def write_gene_model(model: GeneModel, path: Path) -> None:
    """Write a gene model, the same bytes for the same annotation."""
    arrays: dict[str, Any] = {name: np.array(value) for name, value in asdict(model).items()}
    with whole_file(path) as part, open(part, "wb") as handle:
        np.savez_compressed(handle, **arrays)


def load_gene_model(path: Path) -> GeneModel:
    """Load what `write_gene_model` wrote."""
    try:
        with np.load(path) as arrays:
            found = {name: arrays[name] for name in arrays.files}
            fields: dict[str, Any] = {
                name: Intervals(*found[name]) if kind == "Intervals" else found[name]
                for name, kind in GeneModel.__annotations__.items()
            }
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError):
        raise InputError(Problem(str(path), "no gene model of build_gene_model.py", mend="Build it again.")) from None
    return GeneModel(**{**fields, "assembly": str(fields["assembly"])})


def match_contigs(model: GeneModel, names: Sequence[str], lengths: Sequence[int], file: str) -> np.ndarray:
    """Return the model's number of each contig of an alignment, -1 for contigs without genes.

    Raises
    ------
    InputError
        No contig in common; genes beyond the end of a contig; an annotation of another assembly than the alignment.
    """
    plain = [plain_name(name) for name in names]
    number = {name: i for i, name in enumerate(model.contigs.tolist())}
    matched = np.array([number.get(name, -1) for name in plain], np.int64)
    mend = "Give in reference.gtf an annotation of the assembly that the reads were aligned to."
    if not (matched >= 0).any():
        found = f"contigs {', '.join(names[:3])}"
        expected = f"contigs of the annotation, such as {', '.join(model.contigs[:3])}"
        raise InputError(Problem(file, "no contig of the annotation", found=found, expected=expected, mend=mend))
    refuse_other_assembly(model, dict(zip(plain, lengths, strict=True)), file, mend)
    return matched


def refuse_other_assembly(model: GeneModel, lengths: Mapping[str, int], file: str, mend: str) -> None:
    aligned = assembly_of(lengths)
    if aligned and model.assembly and aligned != model.assembly:
        message = f"the alignment is to {aligned}, the annotation is of {model.assembly}"
        raise InputError(Problem(file, message, mend=mend))
    for name, last in zip(model.contigs.tolist(), model.last.tolist(), strict=True):
        if name in lengths and last > lengths[name]:
            to = aligned or "another assembly"
            message = f"contig {name} of the alignment ({to}) is shorter than the genes of the annotation"
            message += f" ({model.assembly})" if model.assembly else ""
            found, expected = f"{lengths[name]} bases", f"at least {last}, where a gene ends"
            raise InputError(Problem(file, message, found=found, expected=expected, mend=mend))
