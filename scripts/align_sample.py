"""Align the reads of one sample to the genome with STAR or HISAT2: a sorted BAM file with its index.

The reads are checked and trimmed as for the quantification; each unit is a read group. The same reads give the same
bytes, whatever the number of threads and the order of the units.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from anpi.program import run_program
from anpi.quantification.align import align_sample
from anpi.reads.sample_reads import add_unit_options, units_given
from anpi.tools import ALIGNERS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", required=True, help="sample id")
    add_unit_options(parser)
    parser.add_argument("--tool", required=True, choices=sorted(ALIGNERS), help="aligner")
    parser.add_argument("--index", required=True, type=Path, help="folder of the genome's index, made by the tool")
    parser.add_argument("--splice-sites", required=True, type=Path, help="introns (list_splice_sites.py)")
    parser.add_argument("--threads", type=int, default=1, help="cores for trimming and alignment (default: 1)")
    parser.add_argument("--scratch", type=Path, help="folder for temporary files (default: the system's)")
    parser.add_argument("--out", required=True, type=Path, help="BAM file; its index stands beside it as .bai")
    parser.add_argument(
        "--record-failure",
        action="store_true",
        help="when the sample's own files are at fault, write an alignment without records and end with 0",
    )
    arguments = parser.parse_args()
    units = units_given(parser, arguments)
    with tempfile.TemporaryDirectory(prefix="anpi-", dir=arguments.scratch) as scratch:
        align_sample(
            arguments.sample,
            units,
            arguments.tool,
            arguments.index,
            arguments.splice_sites,
            arguments.out,
            Path(scratch),
            arguments.threads,
            arguments.record_failure,
        )


if __name__ == "__main__":
    run_program(main)
