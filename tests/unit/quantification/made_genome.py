"""A small genome with genes, and reads whose gene, strand and place are known."""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass
from pathlib import Path

COMPLEMENT = str.maketrans("ACGT", "TGCA")
READ = 75
FRAGMENT = 200
# gene: strand and exons (start counted from 0, end); ANTI lies within an intron and an exon of FWD, on the other strand
GENES = {
    "ENSG00000000001": ("+", [(1000, 1400), (2400, 2800), (4000, 4600)]),
    "ENSG00000000002": ("-", [(8000, 8500), (9500, 10100)]),
    "ENSG00000000003": ("-", [(4200, 4900)]),
    "ENSG00000000004": ("+", [(13000, 14500)]),
}
FRAGMENTS = {"ENSG00000000001": 900, "ENSG00000000002": 600, "ENSG00000000003": 300, "ENSG00000000004": 0}


@dataclass(frozen=True)
class MadeGenome:
    """Files of a made-up genome."""

    fasta: Path
    gtf: Path
    sequence: str

    def transcript(self, gene: str) -> str:
        strand, exons = GENES[gene]
        spliced = "".join(self.sequence[start:end] for start, end in exons)
        return spliced if strand == "+" else spliced[::-1].translate(COMPLEMENT)


def make_genome(folder: Path) -> MadeGenome:
    """Write ``genome.fa`` and ``genes.gtf.gz``; gene ids carry versions, as GENCODE's do."""
    draw = random.Random(7)
    sequence = "".join(draw.choices("ACGT", k=20_000))
    (folder / "genome.fa").write_text(f">chr1 made up\n{sequence}\n")
    rows = []
    for gene, (strand, exons) in GENES.items():
        names = f'gene_id "{gene}.3"; transcript_id "{gene.replace("ENSG", "ENST")}.1"; gene_name "{gene[-1]}";'
        for start, end in exons:
            rows.append(f"chr1\tmade\texon\t{start + 1}\t{end}\t.\t{strand}\t.\t{names}\n")
    (folder / "genes.gtf.gz").write_bytes(gzip.compress("".join(rows).encode(), mtime=0))
    return MadeGenome(folder / "genome.fa", folder / "genes.gtf.gz", sequence)


def make_reads(genome: MadeGenome, folder: Path, name: str, strandedness: str, seed: int) -> tuple[str, str]:
    """Write pairs of every gene, as many as `FRAGMENTS` says; give both files."""
    draw = random.Random(seed)
    pairs = [(gene, number) for gene, count in FRAGMENTS.items() for number in range(count)]
    draw.shuffle(pairs)
    files = [folder / f"{name}_R{mate}.fastq.gz" for mate in (1, 2)]
    with gzip.open(files[0], "wt") as first, gzip.open(files[1], "wt") as second:
        for gene, number in pairs:
            transcript = genome.transcript(gene)
            start = draw.randrange(len(transcript) - FRAGMENT)
            fragment = transcript[start : start + FRAGMENT]
            if strandedness == "reverse" or (strandedness == "unstranded" and draw.random() < 0.5):
                fragment = fragment[::-1].translate(COMPLEMENT)
            mate = fragment[::-1].translate(COMPLEMENT)
            for out, sequence, end in ((first, fragment, 1), (second, mate, 2)):
                out.write(f"@{name}:{gene}:{number}/{end}\n{sequence[:READ]}\n+\n{'I' * READ}\n")
    return str(files[0]), str(files[1])
