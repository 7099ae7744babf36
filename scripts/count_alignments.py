"""Count a sample's aligned fragments on genes with featureCounts, by the strandedness that was settled for it.

The strandedness is that of the alignments when they are clear, else salmon's, else the declared one, else both
strands count.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from anpi.expression.strandedness import resolve_strandedness
from anpi.expression.summary import Reads, quantified_strandedness
from anpi.files.checksums import hash_file
from anpi.files.intact import read_json
from anpi.files.writing import write_json, write_table, write_text
from anpi.program import run_program
from anpi.quantification.gene_counts import assigned_share, count_genes, no_counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", required=True, help="sample id")
    parser.add_argument(
        "--bam", required=True, nargs="+", type=Path, help="alignments to the genome (CRAM too), summed"
    )
    parser.add_argument("--gtf", required=True, type=Path, help="gene annotation of that genome, .gz allowed")
    parser.add_argument("--genome", type=Path, help="its FASTA, for CRAM")
    parser.add_argument("--strandedness", default="auto", help="as declared (default: auto)")
    parser.add_argument("--reads", type=Path, help="reads.json of quantify_sample.py")
    parser.add_argument("--alignment", type=Path, help="facts of the alignments (measure_alignment.py)")
    parser.add_argument(
        "--molecules", action="store_true", help="names hold molecular identifiers: count each molecule once"
    )
    parser.add_argument("--threads", type=int, default=1, help="cores of featureCounts (default: 1)")
    parser.add_argument("--scratch", type=Path, help="folder for temporary files (default: the system's)")
    parser.add_argument("--out", required=True, type=Path, help="table: gene_id, counts")
    parser.add_argument("--unit-id", nargs="*", default=[], help="ids of the units that the files are, in their order")
    parser.add_argument("--out-reads", type=Path, help="JSON: what the files are, where nothing else reads them")
    parser.add_argument("--out-summary", required=True, type=Path, help="what was assigned and what not")
    arguments = parser.parse_args()
    reads: Reads = read_json(arguments.reads) if arguments.reads else {}
    quantified = quantified_strandedness(reads, {})
    measured = read_json(arguments.alignment) if arguments.alignment else {}
    strandedness, source = resolve_strandedness(
        arguments.strandedness, quantified, measured.get("aligned_strandedness")
    )
    if "alignment_failure" in measured:
        print(f"nothing to count: {measured['alignment_failure']}", file=sys.stderr)
        write_text(arguments.out_summary, f"Status\t{arguments.sample}\nAssigned\t0\n")
        write_table(arguments.out, no_counts(arguments.gtf))
        write_reads(arguments, {"failure": measured["alignment_failure"]})
        return
    with tempfile.TemporaryDirectory(prefix="anpi-", dir=arguments.scratch) as scratch:
        counts, summary, molecules = count_genes(
            arguments.sample,
            arguments.bam,
            arguments.gtf,
            arguments.genome,
            strandedness,
            Path(scratch),
            arguments.threads,
            arguments.molecules,
        )
    write_text(arguments.out_summary, summary)
    write_table(arguments.out, counts)
    write_reads(
        arguments, {"fragments_mapped": molecules.mapped, "molecules": molecules.molecules} if molecules else {}
    )
    print(f"{strandedness or 'both strands'} ({source}); {assigned_share(summary)}% assigned", file=sys.stderr)


def write_reads(arguments: argparse.Namespace, told: dict) -> None:
    """Write what the alignments are known by, as quantify_sample.py does of reads."""
    if arguments.out_reads:
        files = zip(arguments.unit_id, arguments.bam, strict=True)
        units = [{"unit_id": unit, "reads": None, "sha256": [hash_file(file)]} for unit, file in files]
        facts = {"sample_id": arguments.sample, "strandedness_declared": arguments.strandedness, "units": units}
        write_json(arguments.out_reads, {**facts, **told})


if __name__ == "__main__":
    run_program(main)
