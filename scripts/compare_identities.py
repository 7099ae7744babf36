"""Compare the samples of a cohort: sex by expression against the clinical table, genotypes of all pairs, contamination.

Same patient must match, different patients must not. A suspected swap names the samples that it concerns, so this is
the one place where what is said of a sample may change when another sample arrives.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.files.writing import write_table
from anpi.identity.compare import compare_identities
from anpi.identity.sites import SITES, read_sites
from anpi.program import run_program
from anpi.tables.matrices import read_matrix
from anpi.tables.reading import read_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", required=True, type=Path, help="sample sheet")
    sexes = parser.add_mutually_exclusive_group()
    sexes.add_argument("--patients", type=Path, help="clinical table of patients, for their sex")
    sexes.add_argument("--sex", nargs="*", default=[], metavar="PATIENT=F", help="the same in words: F or M by patient")
    parser.add_argument("--tpm", required=True, type=Path, help="genes x samples, transcripts per million")
    parser.add_argument("--samples-dir", type=Path, help="folder with <sample>/genotypes.tsv and identity.json")
    parser.add_argument("--genotyped", nargs="*", default=[], help="samples that have them")
    parser.add_argument(
        "--sites", type=Path, default=SITES, help="list of SNPs that they were made with (default: the shipped one)"
    )
    parser.add_argument("--out", required=True, type=Path, help="table to write, one row per sample")
    parser.add_argument("--out-pairs", required=True, type=Path, help="table to write, one row per pair")
    arguments = parser.parse_args()
    if arguments.genotyped and not arguments.samples_dir:
        parser.error("--genotyped needs --samples-dir")
    stated = dict(word.rsplit("=", 1) for word in arguments.sex)
    if arguments.patients:
        patients = read_table(arguments.patients, "patients")
        stated = dict(zip(patients["patient_id"], patients["sex"], strict=True))
    folders = {sample: arguments.samples_dir / sample for sample in arguments.genotyped}
    samples = read_table(arguments.samples, "samples")
    identities, pairs = compare_identities(
        samples, stated, read_matrix(arguments.tpm), folders, read_sites(arguments.sites)
    )
    write_table(arguments.out, identities)
    write_table(arguments.out_pairs, pairs)
    counts = identities["identity"].value_counts().to_dict()
    print(", ".join(f"{count} {identity}" for identity, count in sorted(counts.items())), file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
