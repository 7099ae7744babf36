"""The header of a matrix as programs write it: remarks above it, columns that tell of the genes, paths as names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from anpi.expression.genes import annotate
from anpi.expression.tallies import ON_NO_GENE
from anpi.files.plain import MOST_LINE, most_numbers, open_bounded
from anpi.files.sheet import split_sheet
from anpi.problems import InputError, Problem, fold

MOST_REMARKS = 1000  # lines
FEW_BYTES = 1 << 13  # that are read at a time: most matrices have no remark
TABBED = {".tsv", ".txt", ".tab", ".gct", ".sf", ".results"}
GCT = "#1.2"
COVERAGE = b"##annotation="
# Of nf-core/rnaseq, featureCounts, StringTie, GDC, cBioPortal, GCT and others, folded.
DESCRIPTIONS = frozenset(
    ("symbol", "genesymbol", "hugosymbol", "hgncsymbol", "genename", "description", "entrezgeneid", "entrezid")
    + ("biotype", "genetype", "genebiotype", "length", "transcriptids")
    + ("chr", "chrom", "chromosome", "reference", "start", "end", "strand")
)
# What programs say of one sample, a column each, folded: RSEM, kallisto, salmon, StringTie, GDC.
MEASURES = frozenset(
    ("tpm", "fpkm", "rpkm", "coverage", "expectedcount", "estcounts", "numreads", "efflength", "effectivelength")
    + ("isopct", "unstranded", "strandedfirst", "strandedsecond")
    + ("tpmunstranded", "fpkmunstranded", "fpkmuqunstranded")
)
ALIGNMENT = re.compile(
    r"(?P<sample>.+?)(?:[._](?:sorted|markdup|markduplicates|dedup|umi_dedup|coord|Aligned\.sortedByCoord\.out))*"
    r"\.(?:bam|cram|sam)",
    re.IGNORECASE,
)


def separator_of(path: Path | str) -> str:
    return "\t" if TABBED & set(Path(path).suffixes) else ","


def remarks_above(path: Path | str) -> int:
    """Count the lines above the header that programs begin with ``#``, and the one of sizes in a GCT.

    A line of as many cells as the next one is a header that begins so.

    Raises
    ------
    InputError
        The remarks of recount3, whose numbers are a hundred times those of reads, and look like counts.
    """
    if split_sheet(path)[1] is not None:
        return 0
    lines: list[bytes] = []
    with open_bounded(path, most_numbers(path), FEW_BYTES) as file:
        while len(lines) < MOST_REMARKS and (line := file.readline(MOST_LINE + 1)):
            lines.append(line.removeprefix(b"\xef\xbb\xbf"))
            if not lines[-1].startswith(b"#"):
                break
    remarks = [line for line in lines if line.startswith(b"#")]
    if remarks and remarks[0].startswith(COVERAGE):
        expected = "fragments or reads a gene"
        mend = "Divide them by the length of the reads: write what compute_read_counts of recount3 returns."
        raise InputError(Problem(str(path), "sums of the coverage of bases", 1, None, "recount3's", expected, mend))
    if [line.strip() for line in remarks] == [GCT.encode()]:
        return 2
    separator = separator_of(path).encode()
    cells = [line.count(separator) for line in lines[-2:]]
    return len(remarks) - (len(cells) == 2 and 0 < cells[0] == cells[1] and len(remarks) < len(lines))


def sample_places(header: Sequence[str]) -> dict[int, str]:
    """Return the samples of a header by place: all columns but those of genes; alignments by the name of the sample."""
    cells = [cell.strip() for cell in header]
    places = {place: cell for place, cell in enumerate(cells) if place and fold(cell) not in DESCRIPTIONS}
    named = [ALIGNMENT.fullmatch(PurePosixPath(cell).name) for cell in places.values()]
    short = [match["sample"] for match in named if match]
    if len(set(short)) == len(places):
        return dict(zip(places, short, strict=True))
    return places


def header_faults(name: str, header: Sequence[str], row: int) -> list[Problem]:
    """Find a first row that is none of names, and columns that are measures of one sample in place of samples."""
    first, *cells = [cell.strip() for cell in header] or [""]
    if cells and all(map(is_figure, cells)) and is_gene(first):
        expected = "a name for the column of genes, and the samples"
        mend = "Write a row of names above it; of STAR's four columns keep the genes and that of the library's strand."
        return [Problem(name, "no header", row=row, found=", ".join([first, *cells][:3]), expected=expected, mend=mend)]
    measures = [cell for cell in cells if fold(cell) in MEASURES]
    if len(measures) > 1:
        expected = "a column a sample; this is the table of one sample"
        mend = "Make one matrix of the column of counts, or of TPM, of all samples; a column's name is its sample's."
        return [Problem(name, row=row, found=f"columns {', '.join(measures)}", expected=expected, mend=mend)]
    return []


def is_gene(name: str) -> bool:
    return ON_NO_GENE.fullmatch(name) is not None or bool(annotate([name])["biotype"].notna().all())


def is_figure(cell: str) -> bool:
    return re.fullmatch(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?", cell, re.IGNORECASE) is not None
