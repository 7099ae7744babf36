"""Sum a sample's salmon result or counted alignments to genes and state the facts by which it is judged."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from anpi.accounts.account import Account, account_table, refuse_open
from anpi.accounts.of_sample import counting_accounts, sample_accounts
from anpi.expression.agreement import count_agreement
from anpi.expression.counted import genes_of_counts, read_summary
from anpi.expression.degradation import grade_degradation
from anpi.expression.quant_account import account_problems
from anpi.expression.strandedness import strandedness_facts
from anpi.expression.summary import (
    Reads,
    alignment_facts,
    depth_facts,
    library_formats,
    quality_facts,
    read_quant,
    salmon_reads,
    summarise_genes,
)
from anpi.files.intact import read_json
from anpi.files.rows import Row
from anpi.files.stored import quant_file
from anpi.files.writing import whole_file, write_json, write_table
from anpi.problems import refuse
from anpi.program import run_program
from anpi.subtypes.model import DEFAULT, load_model, subtype_genes
from anpi.tables.reading import read_facts, read_text_table
from anpi.words.counting import COUNTED_BY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quant", help="salmon folder, or quant.sf (.gz allowed); else --gene-counts are all there is")
    parser.add_argument("--transcripts", required=True, type=Path, help="table of transcripts (build_reference.py)")
    parser.add_argument("--reads", type=Path, help="reads.json of quantify_sample.py")
    parser.add_argument("--fastp", type=Path, help="fastp.json of quantify_sample.py")
    parser.add_argument("--alignment", type=Path, help="alignment.json of measure_alignment.py")
    parser.add_argument("--gene-counts", type=Path, help="gene counts of the alignments (count_alignments.py)")
    parser.add_argument("--counting", type=Path, help="what of the alignments was counted (count_alignments.py)")
    parser.add_argument(
        "--model", default=DEFAULT, type=Path, help="subtype model whose genes are counted (default: the shipped one)"
    )
    parser.add_argument(
        "--strandedness", default="auto", help="as declared, for salmon results made elsewhere (default: auto)"
    )
    parser.add_argument("--out-genes", required=True, type=Path, help="parquet: gene_id, counts, tpm")
    parser.add_argument("--sample", default="sample", help="sample id, for its accounts (default: sample)")
    parser.add_argument("--out-accounts", type=Path, help="TSV: reads, transcripts and genes, and what became of them")
    parser.add_argument("--out-qc", required=True, type=Path, help="JSON: QC metrics")
    arguments = parser.parse_args()
    if not arguments.quant and not (arguments.gene_counts and arguments.counting and arguments.reads):
        parser.error("give --quant, or --gene-counts with --counting and --reads")
    measured = read_json(arguments.alignment) if arguments.alignment else {}
    transcripts = read_text_table(arguments.transcripts)
    genes, accounts, told = (from_salmon if arguments.quant else from_counts)(arguments, transcripts)
    facts = {
        **told,
        **depth_facts(genes, *subtype_genes(load_model(arguments.model))),
        **(alignment_facts(measured) if arguments.alignment else {}),
    }
    facts |= grade_degradation(facts)
    facts |= strandedness_facts(facts)
    if arguments.quant and arguments.gene_counts:
        facts |= count_agreement(genes, read_facts(arguments.gene_counts))
    with whole_file(arguments.out_genes) as part:
        genes.to_parquet(part, index=False, compression="zstd")
    write_json(arguments.out_qc, facts)
    if arguments.out_accounts:
        table = account_table(accounts)
        refuse_open(table)
        write_table(arguments.out_accounts, table)
    print(f"{facts['genes_detected']} genes detected", file=sys.stderr)


Sample = tuple[pd.DataFrame, list[Account], Row]


def from_salmon(arguments: argparse.Namespace, transcripts: pd.DataFrame) -> Sample:
    """Return genes, accounts and facts of a salmon result."""
    file = quant_file(arguments.quant)
    of_reads: Reads = read_json(arguments.reads) if arguments.reads else {}
    told = salmon_reads(file.parent)
    quant = read_quant(file)
    at_most = told.pop("mapped_overcounted", False)
    refuse(account_problems(quant, transcripts, of_reads, told.get("fragments_mapped"), str(file), at_most))
    if at_most:
        told["fragments_mapped"] = round(float(quant["NumReads"].sum()))
    reads: Reads = of_reads or {**told, "strandedness_declared": arguments.strandedness}
    genes, unknown = summarise_genes(quant, transcripts, str(file))
    fastp = read_json(arguments.fastp) if arguments.fastp else None
    facts = {
        **quality_facts(genes, reads, fastp, library_formats(file.parent)),
        "unknown_transcript_share": round(100 * unknown, 2),
        "counted_by": "salmon",
    }
    return genes, sample_accounts(arguments.sample, quant, transcripts, genes, reads, fastp), facts


def from_counts(arguments: argparse.Namespace, transcripts: pd.DataFrame) -> Sample:
    """Return genes, accounts and facts of alignments that are all that is counted."""
    reads = read_json(arguments.reads)
    genes = genes_of_counts(read_facts(arguments.gene_counts), transcripts)
    facts = {**quality_facts(genes, reads, None, {}), "unknown_transcript_share": None, "counted_by": COUNTED_BY}
    return genes, counting_accounts(arguments.sample, read_summary(arguments.counting), genes, reads), facts


if __name__ == "__main__":
    run_program(main)
