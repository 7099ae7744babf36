"""Judge each sample (pass, warn, fail) from its QC metrics and stated thresholds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.cohort.facts import threshold
from anpi.cohort.verdicts import judge_samples
from anpi.expression.sample_table import ANY_NUMBER, read_sample_table
from anpi.files.writing import write_table
from anpi.program import run_program
from anpi.tables.reading import read_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", required=True, type=Path, help="QC metrics, one row per sample")
    parser.add_argument(
        "--identity", type=Path, help="whose sample each is, one row per sample (compare_identities.py)"
    )
    parser.add_argument("--samples", type=Path, help="sample sheet, for its columns verdict_override, override_reason")
    parser.add_argument(
        "--threshold", action="append", default=[], type=threshold, metavar="FACT=WARN,FAIL", help="may be repeated"
    )
    parser.add_argument("--out", required=True, type=Path, help="table of verdicts to write")
    arguments = parser.parse_args()
    limits = {fact: {"warn": warn, "fail": fail} for fact, (warn, fail) in arguments.threshold}
    numbers = dict.fromkeys(limits, ANY_NUMBER)
    identities = read_sample_table(arguments.identity, limits=numbers) if arguments.identity else None
    samples = read_table(arguments.samples, "samples") if arguments.samples else None
    facts = read_sample_table(arguments.facts, limits=numbers)
    verdicts = judge_samples(facts, limits, identities, samples)
    write_table(arguments.out, verdicts)
    counts = verdicts["verdict"].value_counts().to_dict()
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())), file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
