"""The transcript integrity number, against RSeQC's, and what it says of degraded RNA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pysam
import pytest

from anpi.alignment.gene_model import build_gene_model
from anpi.alignment.measure import Measures

READ = 50
# gene: exons (from 0, half open), weight of the 3' end
GENES = {
    "G1": ([(1000, 1733)], 0),
    "G2": ([(5000, 5400), (6000, 6350), (7000, 7901)], 0),
    "G3": ([(10000, 10120), (12000, 13007)], 2),
    "G4": ([(20000, 21000), (22000, 22500)], 6),
    "G5": ([(30000, 30611)], 1),
}
# What tin.py of RSeQC 5.0.6 (defaults, BED12 of these transcripts) says of `write_library`.
RSEQC = {
    "G1": 92.92319676732562,
    "G2": 92.87280400440874,
    "G3": 61.198691410772845,
    "G4": 32.974722005957744,
    "G5": 76.69919931660118,
}


def write_library(folder: Path) -> tuple[Path, Path]:
    """Write spliced single reads along each transcript, more at one end where it has weight; give BAM and GTF."""
    draw = np.random.default_rng(11)
    header = pysam.AlignmentHeader.from_dict({"HD": {"SO": "coordinate"}, "SQ": [{"SN": "1", "LN": 50_000}]})
    records, rows = [], []
    for gene, (exons, weight) in GENES.items():
        names = f'gene_id "{gene}"; transcript_id "T{gene}";'
        rows += [f"1\tt\texon\t{start + 1}\t{end}\t.\t+\t.\t{names}\n" for start, end in exons]
        bases = np.concatenate([np.arange(start, end) for start, end in exons])
        for number in range(300):
            first = int((len(bases) - READ) * draw.random() ** (1 / (1 + weight)))
            record = pysam.AlignedSegment(header)
            record.query_name, record.query_sequence = f"{gene}_{number}", "ACGTA" * 10
            record.query_qualities = pysam.qualitystring_to_array("I" * READ)
            record.reference_id, record.mapping_quality = 0, 60
            covered = bases[first : first + READ]
            record.reference_start = int(covered[0])
            breaks = np.flatnonzero(np.diff(covered) > 1)
            cigar, before = [], 0
            for place in breaks.tolist():
                cigar += [(0, place + 1 - before), (3, int(covered[place + 1] - covered[place] - 1))]
                before = place + 1
            record.cigartuples = [*cigar, (0, READ - before)]
            records.append(record)
    records.sort(key=lambda record: record.reference_start)
    bam, gtf = folder / "library.bam", folder / "genes.gtf"
    with pysam.AlignmentFile(str(bam), "wb", header=header) as out:
        for record in records:
            out.write(record)
    pysam.index(str(bam))
    gtf.write_text("".join(rows))
    return bam, gtf


def test_transcripts_have_the_integrity_numbers_of_rseqc(tmp_path: Path):
    bam, gtf = write_library(tmp_path)
    measures = Measures(build_gene_model(gtf))
    measures.add_file(bam)
    assert measures.integrity() == pytest.approx(list(RSEQC.values()), rel=1e-9)
    assert RSEQC["G2"] > RSEQC["G3"] > RSEQC["G4"]


def test_too_few_transcripts_have_no_median(tmp_path: Path):
    bam, gtf = write_library(tmp_path)
    measures = Measures(build_gene_model(gtf))
    measures.add_file(bam)
    assert measures.integrity_facts() == {"transcript_integrity": None}
