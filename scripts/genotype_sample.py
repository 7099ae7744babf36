"""Count the alleles of a sample at common exonic SNPs, call its genotypes and estimate contamination.

Reads BAM or CRAM aligned to GRCh38 or GRCh37 (told from the length of chromosome 1); alignments to anything else give a
table without counts and the reason. With an index that is not older than its file only the listed places are read,
else the whole file, once.

Example
-------
python scripts/genotype_sample.py --alignment tumour.bam --out genotypes.tsv --out-facts identity.json
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.files.writing import write_json, write_table
from anpi.identity.genotypes import genotype_facts, genotype_table
from anpi.identity.pileup import Pileup, count_alleles, empty_counts
from anpi.identity.sites import SITES, read_sites
from anpi.problems import InputError, placeless_words
from anpi.program import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alignment", required=True, nargs="+", type=Path, help="BAM or CRAM files of one sample")
    parser.add_argument("--genome", type=Path, help="genome FASTA, needed by most CRAM files")
    parser.add_argument("--sites", type=Path, default=SITES, help="list of SNPs (default: the shipped one)")
    parser.add_argument("--out", required=True, type=Path, help="table of genotypes to write")
    parser.add_argument("--out-facts", required=True, type=Path, help="JSON of what they rest on, and contamination")
    parser.add_argument(
        "--record-failure",
        action="store_true",
        help="write why a file cannot be read into the facts instead of ending with an error, so that others go on",
    )
    arguments = parser.parse_args()
    sites = read_sites(arguments.sites)
    try:
        pileup = count_alleles(arguments.alignment, sites, arguments.genome)
    except InputError as error:
        if not arguments.record_failure:
            raise
        print(error, file=sys.stderr)
        pileup = Pileup(None, empty_counts(len(sites)), placeless_words(error.problems))
    facts = genotype_facts(pileup, sites)
    write_table(arguments.out, genotype_table(pileup, sites))
    write_json(arguments.out_facts, facts)
    print(pileup.note or f"{facts['sites_covered']} of {len(sites)} SNPs covered", file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
