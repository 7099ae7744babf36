"""List the introns of a gene annotation, for aligners."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.program import run_program
from anpi.quantification.align import write_splice_sites


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gtf", required=True, type=Path, help="gene annotation, .gz allowed")
    parser.add_argument(
        "--out", required=True, type=Path, help="chromosome, last and next exon base, strand (HISAT2's)"
    )
    arguments = parser.parse_args()
    count = write_splice_sites(arguments.gtf, arguments.out)
    print(f"{count} introns", file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
