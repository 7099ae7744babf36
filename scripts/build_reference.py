"""Prepare what reads are quantified against: transcripts with plain names, their genes, and decoys.

Takes a transcript FASTA with GENCODE or Ensembl headers; or a GTF and a genome; or a FASTA with other headers and
the GTF that names its genes. The genome, when given, is appended as decoy.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.expression.reference_look import refuse_foreign_genes
from anpi.files.checksums import hash_file
from anpi.files.writing import write_json, write_table, write_text
from anpi.program import run_program
from anpi.quantification.reference import (
    WITHOUT_GENE,
    build_landmarks,
    build_reference,
    gene_table,
    same_sequences,
    write_decoys,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transcripts", type=Path, help="transcript FASTA, .gz allowed")
    parser.add_argument("--gtf", type=Path, help="gene annotation, .gz allowed")
    parser.add_argument("--genome", type=Path, help="genome FASTA: decoy, and source of transcripts with --gtf")
    parser.add_argument("--out-fasta", required=True, type=Path, help="transcripts, then decoys, for salmon index")
    parser.add_argument("--out-decoys", required=True, type=Path, help="names of the decoys (empty without a genome)")
    parser.add_argument("--out-transcripts", required=True, type=Path, help="table of transcripts and their genes")
    parser.add_argument("--out-genes", required=True, type=Path, help="table of genes")
    parser.add_argument("--out-landmarks", required=True, type=Path, help="words that tell where a read lies (npy)")
    parser.add_argument("--out-identity", required=True, type=Path, help="JSON: checksum of the sequences, and counts")
    arguments = parser.parse_args()
    transcripts = build_reference(arguments.transcripts, arguments.gtf, arguments.genome, arguments.out_fasta)
    same_as = transcripts["transcript_id"].map(same_sequences(arguments.out_fasta))
    build_landmarks(arguments.out_fasta, arguments.out_landmarks)
    if arguments.genome:
        write_decoys(arguments.genome, arguments.out_fasta, arguments.out_decoys)
    else:
        write_text(arguments.out_decoys, "")
    genes = gene_table(transcripts)
    refuse_foreign_genes(genes, str(arguments.transcripts or arguments.gtf))
    write_table(arguments.out_transcripts, transcripts.assign(same_as=same_as))
    write_table(arguments.out_genes, genes)
    identity = {
        "sequences_sha256": hash_file(arguments.out_fasta),
        "transcripts": len(transcripts),
        "genes": len(genes),
        "without_gene": int((genes["biotype"] == WITHOUT_GENE).sum()),
        "decoys": len(arguments.out_decoys.read_text().splitlines()),
    }
    write_json(arguments.out_identity, identity)
    bare = f"{identity['without_gene']} of them sequences without a gene"
    print(f"{len(transcripts)} transcripts of {len(genes)} genes, {bare}", file=sys.stderr)


if __name__ == "__main__":
    run_program(main)
