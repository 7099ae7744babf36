"""Quantify one sample from FASTQ files: integrity, fastp, salmon, in one go.

Trimmed reads are held in a temporary folder and removed. The result is the same to the last byte for the same
reads and any number of threads.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from anpi.expression.quantify import FragmentLength, quantify_sample
from anpi.tables.problems import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", required=True, help="sample id")
    parser.add_argument(
        "--unit",
        required=True,
        action="append",
        nargs="+",
        metavar=("ID FASTQ_1", "FASTQ_2"),
        help="id of a unit and its one or two FASTQ files; repeat for each unit",
    )
    parser.add_argument("--index", required=True, type=Path, help="salmon index")
    parser.add_argument("--out-dir", required=True, type=Path, help="folder of the sample's results")
    parser.add_argument("--strandedness", default="auto", help="as declared in the units sheet (default: auto)")
    parser.add_argument("--fragment-mean", type=float, default=250, help="of single-end libraries (default: 250)")
    parser.add_argument("--fragment-sd", type=float, default=25, help="of single-end libraries (default: 25)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--scratch", type=Path, help="folder for temporary files (default: the system's)")
    arguments = parser.parse_args()
    units = []
    for unit in arguments.unit:
        if len(unit) not in (2, 3):
            parser.error("--unit takes an id and one or two FASTQ files")
        units.append((unit[0], unit[1], unit[2] if len(unit) == 3 else None))
    # So that tools are stopped and scratch is removed when the run is cancelled.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    arguments.out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="anpi-", dir=arguments.scratch) as scratch:
        quantify_sample(
            arguments.sample,
            units,
            arguments.index,
            arguments.out_dir,
            Path(scratch),
            arguments.threads,
            FragmentLength(arguments.fragment_mean, arguments.fragment_sd, "config"),
            arguments.strandedness,
        )


if __name__ == "__main__":
    run_program(main)
