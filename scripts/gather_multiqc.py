"""Lay out what MultiQC shall show: files of fastp, salmon and featureCounts by sample, verdicts, facts, curves."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.program import run_program
from anpi.report.multiqc import stage_multiqc
from anpi.tables.reading import read_facts
from anpi.trial.results import made_of_samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", required=True, type=Path, help="verdicts.tsv; its samples are shown")
    parser.add_argument("--samples-dir", required=True, type=Path, help="folder of the samples' results")
    parser.add_argument(
        "--quant",
        action="append",
        nargs=2,
        default=[],
        metavar=("SAMPLE", "PATH"),
        help="salmon folder or quant.sf of a sample that came with one; may be repeated",
    )
    parser.add_argument(
        "--samples",
        required=True,
        type=made_of_samples,
        metavar="JSON",
        help="samples that take part, by the files that the run makes of each",
    )
    parser.add_argument("--out-dir", required=True, type=Path, help="an empty folder")
    arguments = parser.parse_args()
    given = {sample: Path(path) for sample, path in arguments.quant}
    quantified = {sample: path if path.is_dir() else path.parent for sample, path in given.items()}
    counts = stage_multiqc(
        read_facts(arguments.verdicts), arguments.samples_dir, quantified, arguments.out_dir, arguments.samples
    )
    print(", ".join(f"{tool}: {count} samples" for tool, count in counts.items()), file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
