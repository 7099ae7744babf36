"""Quantify one sample from FASTQ, BAM or CRAM: integrity, fastp, salmon, in one go.

Trimmed reads are held in a temporary folder and removed. The result is the same to the last byte for the same
reads, in any order, in any kind of file, and for any number of threads. Alignments are turned back to reads, unless
they are to transcripts: those go to salmon's alignment mode.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
import tempfile
from pathlib import Path

from anpi.files.intact import intact
from anpi.program import run_program
from anpi.quantification.quantify import Reference, quantify_aligned_transcripts, quantify_sample, record_failure
from anpi.quantification.salmon import FragmentLength
from anpi.reads.fastq import FaultyReads
from anpi.reads.sample_reads import add_unit_options, units_given
from anpi.tools import refuse_full_disk, room_in


def main() -> None:
    arguments = parse()
    transcripts = read_ids(arguments.transcripts) if arguments.transcripts else []
    given = (arguments.transcripts_fasta, arguments.genome, arguments.strangers)
    reference = Reference(arguments.index, arguments.landmarks, transcripts, *given)
    length = FragmentLength(arguments.fragment_mean, arguments.fragment_sd, "config")
    quantify = quantify_aligned_transcripts if arguments.aligned_to == "transcriptome" else quantify_sample
    sample, out_dir = arguments.sample, arguments.out_dir
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="anpi-", dir=arguments.scratch) as name:
        scratch = Path(name)
        try:
            with room_in(scratch, out_dir):
                quantify(
                    *(sample, arguments.units, reference, out_dir, scratch, arguments.threads, length),
                    arguments.strandedness,
                )
        except FaultyReads as error:
            # Reads that were cut in scratch are no fault of the sample's.
            refuse_full_disk(scratch)
            if not arguments.record_failure:
                raise
            print(f"{sample} fails: {error}", file=sys.stderr)
            record_failure(sample, error, out_dir, scratch, arguments.strandedness)


def read_ids(table: Path) -> list[str]:
    """Read the ids of the reference's transcripts; without pandas, which costs more than short jobs take."""
    with intact(table), gzip.open(table, "rt", encoding="utf-8", newline="") as lines:
        return [row["transcript_id"] for row in csv.DictReader(lines, delimiter="\t")]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", required=True, help="sample id")
    add_unit_options(parser)
    parser.add_argument(
        "--aligned-to",
        default="genome",
        choices=["genome", "transcriptome"],
        help="what alignments are to (default: genome)",
    )
    parser.add_argument("--index", required=True, type=Path, help="salmon index")
    parser.add_argument("--landmarks", type=Path, help="landmarks of the transcripts (build_reference.py), for reads")
    parser.add_argument("--transcripts", type=Path, help="table of transcripts (build_reference.py), for alignments")
    parser.add_argument("--transcripts-fasta", type=Path, help="transcripts, for alignments to them")
    parser.add_argument("--genome", type=Path, help="genome FASTA, for CRAM")
    parser.add_argument("--strangers", type=Path, help="FASTA of contigs with their class, for the drawn reads")
    parser.add_argument("--out-dir", required=True, type=Path, help="folder of the sample's results")
    parser.add_argument("--strandedness", default="auto", help="as declared in the units sheet (default: auto)")
    parser.add_argument("--fragment-mean", type=float, default=250, help="of single-end libraries (default: 250)")
    parser.add_argument("--fragment-sd", type=float, default=25, help="of single-end libraries (default: 25)")
    parser.add_argument("--threads", type=int, default=1, help="cores for trimming and salmon (default: 1)")
    parser.add_argument("--scratch", type=Path, help="folder for temporary files (default: the system's)")
    parser.add_argument(
        "--record-failure",
        action="store_true",
        help="when the sample's own files are at fault, write the reason as its result and end with 0",
    )
    arguments = parser.parse_args()
    arguments.units = units_given(parser, arguments)
    if arguments.aligned_to == "genome" and not arguments.landmarks:
        parser.error("reads need --landmarks")
    if arguments.alignment and not arguments.transcripts:
        parser.error("--alignment needs --transcripts")
    if arguments.aligned_to == "transcriptome" and (arguments.unit or not arguments.transcripts_fasta):
        parser.error("--aligned-to transcriptome takes --alignment alone, and needs --transcripts-fasta")
    return arguments


if __name__ == "__main__":
    run_program(main)
