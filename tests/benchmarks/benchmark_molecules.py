"""Cost of counting molecules once, of an alignment beside umi_tools and of its parts, and of the look for strangers.

    python tests/benchmarks/benchmark_molecules.py [--fragments 300000] [--umi-tools PROGRAM]

``--umi-tools`` names the program of an environment of its own (pip install umi_tools); without it that part is left
out, and this is said. Single reads of 60 bases at 20,000 places, three copies a molecule; a second file holds four
times as many. Prints CPU seconds and peak memory, and whether the molecules are as many.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pysam

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))

from benchmark_alignment import measure, show

KEEP = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from anpi.quantification.molecules import molecules_of_alignments
print(molecules_of_alignments("S", [Path(sys.argv[2])], [Path("kept.bam")], Path("."))[1])
"""
LOOK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from anpi.reads.strangers import count_strangers
print(count_strangers([(Path("drawn.fastq"), None)], Path("contigs.fa")))
"""


def write_bam(path: Path, fragments: int, seed: int) -> None:
    """Write sorted single reads with identifiers of 10 bases, errors in one of a hundred."""
    draw = np.random.default_rng(seed)
    header = pysam.AlignmentHeader.from_dict(
        {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "1", "LN": 10_000_000}]}
    )
    molecules = fragments // 3
    place = np.sort(draw.integers(20_000, size=molecules) * 450)
    identifiers = draw.choice(list("ACGT"), (molecules, 10))
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for molecule in range(molecules):
            for copy in range(3):
                letters = identifiers[molecule].copy()
                if draw.random() < 0.1:
                    letters[draw.integers(10)] = "ACGT"[draw.integers(4)]
                record = pysam.AlignedSegment(header)
                record.query_name = f"r{molecule}c{copy}_{''.join(letters)}"
                record.query_sequence, record.reference_id = "ACGTT" * 12, 0
                record.reference_start, record.cigartuples, record.mapping_quality = int(place[molecule]), [(0, 60)], 60
                out.write(record)
    pysam.index(str(path))


def write_reads(folder: Path) -> None:
    """Write 100,000 drawn reads, and contigs of 1.4 million bases: about those that the methods name."""
    draw = np.random.default_rng(1)
    contig = "".join(draw.choice(list("ACGT"), 1_400_000))
    (folder / "contigs.fa").write_text(f">c ebv\n{contig[:700_000]}\n>d mycoplasma\n{contig[700_000:]}\n")
    reads = ("".join(letters) for letters in draw.choice(list("ACGT"), (100_000, 100)))
    (folder / "drawn.fastq").write_text("".join(f"@r{n}\n{read}\n+\n{'I' * 100}\n" for n, read in enumerate(reads)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fragments", type=int, default=300_000)
    parser.add_argument("--umi-tools", help="the program")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, times in (("one.bam", 1), ("four.bam", 4)):
            write_bam(folder / file, times * arguments.fragments, times)
            cost = measure([sys.executable, "-c", KEEP, str(ROOT / "scripts"), file], folder)
            show(f"anpi, {times * arguments.fragments} fragments", cost)
            print(f"  {(folder / 'out.txt').read_text().strip()} molecules")
        if arguments.umi_tools:
            show(
                "umi_tools dedup, one.bam",
                measure([arguments.umi_tools, "dedup", "-I", "one.bam", "-S", "u.bam"], folder),
            )
            with pysam.AlignmentFile(str(folder / "u.bam")) as kept:
                print(f"  {kept.count(until_eof=True)} molecules")
        else:
            print("umi_tools is not compared: name it by --umi-tools")
        write_reads(folder)
        show("strangers, 100,000 reads", measure([sys.executable, "-c", LOOK, str(ROOT / "scripts")], folder))


if __name__ == "__main__":
    main()
