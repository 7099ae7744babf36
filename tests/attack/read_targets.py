"""Targets that run salmon and fastp, or read what they made: FASTQ, BAM, CRAM, ``quant.sf``."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import build_reference
import pandas as pd
import pysam
import quantify_sample
import summarise_sample

from anpi.cohort.verdicts import judge_samples
from attack.expression_targets import words_of
from attack.oracle import Outcome
from attack.reads import GOOD_GENOME

SAMPLE = "P003-B"
GENOME = 60_000
THRESHOLDS = {"fragments": {"warn": 500, "fail": 250}, "mapping_rate": {"warn": 60, "fail": 30}}


def run_main(program, *words: object) -> None:
    """Call a program's main function with its arguments."""
    before = sys.argv
    sys.argv = [program.__name__, *map(str, words)]
    try:
        program.main()
    finally:
        sys.argv = before


def write_reads(trial: Path, folder: Path) -> None:
    """Write one sample as FASTQ, BAM and CRAM, its reference, and its salmon result."""
    folder.mkdir(parents=True)
    for mate in (1, 2):
        squeezed = (trial / "reads" / f"{SAMPLE}_L1_R{mate}.fastq.gz").read_bytes()
        (folder / f"R{mate}.fastq").write_bytes(gzip.decompress(squeezed))
    tables = ("fasta", "decoys", "transcripts", "genes", "landmarks", "identity")
    outs = [
        word
        for name in tables
        for word in (f"--out-{name}", folder / f"{name}.{'tsv.gz' if name == 'transcripts' else 'txt'}")
    ]
    run_main(build_reference, "--transcripts", trial / "reference" / "transcripts.fa.gz", *outs)
    index = ["salmon", "index", "--transcripts", "fasta.txt", "--index", "index", "--threads", "1", "--keepDuplicates"]
    subprocess.run(index, cwd=folder, check=True, capture_output=True)
    write_alignments(folder)


def write_alignments(folder: Path) -> None:
    """Place the reads anywhere on a genome that was drawn, sorted by their names."""
    rng = random.Random(3)
    (folder / "genome.fa").write_text(">chr1\n" + "".join(rng.choices("ACGT", k=GENOME)) + "\n")
    header = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr1", "LN": GENOME}]})
    mates = [pysam.FastxFile(str(folder / f"R{mate}.fastq")) for mate in (1, 2)]
    with pysam.AlignmentFile(str(folder / "reads.bam"), "wb", header=header) as out:
        for pair in zip(*mates, strict=True):
            for mate, read in enumerate(pair):
                record = pysam.AlignedSegment(header)
                record.query_name, record.query_sequence = read.name.split("/")[0], read.sequence
                record.query_qualities = pysam.qualitystring_to_array(read.quality)
                record.flag, record.mapping_quality = (67, 131)[mate], 60
                record.reference_id, record.reference_start = 0, rng.randrange(GENOME - 200)
                record.cigarstring = f"{len(read.sequence)}M"
                out.write(record)
    exons = [
        f'chr1\tdrawn\texon\t{start}\t{start + 1500}\t.\t+\t.\tgene_id "G{start:05d}"; transcript_id "T{start:05d}";\n'
        for start in range(100, GENOME - 1600, 2000)
    ]
    (folder / "genes.gtf").write_text("".join(exons))
    (folder / GOOD_GENOME).parent.mkdir()
    shutil.copyfile(folder / "genome.fa", folder / GOOD_GENOME)
    cram = ["samtools", "view", "-C", "-T", GOOD_GENOME, "--no-PG", "-o", "reads.cram", "reads.bam"]
    subprocess.run(cram, cwd=folder, check=True, capture_output=True)


def write_salmon(folder: Path) -> None:
    """Keep the salmon result of the sample beside its reads, with and without what salmon says of itself."""
    quantify(folder / "quant", UNITS["fastq"])
    (folder / "bare").mkdir()
    shutil.copyfile(folder / "quant" / "salmon" / "quant.sf", folder / "bare" / "quant.sf")


UNITS: dict[str, list[str]] = {
    "fastq": ["--unit", "L1", "R1.fastq", "R2.fastq"],
    "bam": ["--alignment", "L1", "reads.bam"],
    "cram": ["--alignment", "L1", "reads.cram", "--genome", "genome.fa"],
}


def quantify(out: Path, units: list[str]) -> None:
    reference = ["--index", "index", "--landmarks", "landmarks.txt", "--transcripts", "transcripts.tsv.gz"]
    words = ["--sample", SAMPLE, *units, *reference]
    run_main(quantify_sample, *words, "--record-failure", "--out-dir", out)


def summarise_into(folder: Path, quant: Path, *words: object) -> None:
    """Summarise a salmon result in a folder: ``genes.parquet`` and ``qc.json``."""
    out = ("--out-genes", folder / "genes.parquet", "--out-qc", folder / "qc.json")
    run_main(summarise_sample, "--quant", quant, "--transcripts", "transcripts.tsv.gz", *words, *out)


def summarise(quant: Path, *words: object) -> tuple[dict, str]:
    """Return the facts of a salmon result and its table of genes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        summarise_into(folder, quant, *words)
        facts = json.loads((folder / "qc.json").read_text())
        return facts, pd.read_parquet(folder / "genes.parquet").to_csv(index=False)


def verdict_words(facts: dict) -> set[tuple[str, str]]:
    """Return what the verdict tells of a sample; a failure is told by its reason."""
    frame = pd.DataFrame([{"sample_id": SAMPLE, **facts}])
    return words_of(judge_samples(frame, THRESHOLDS), ("reasons",))


def reads_outcome(kind: str) -> Callable[[], Outcome]:
    """Return the run from reads to the sample's verdict."""

    def run() -> Outcome:
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "out"
            quantify(out, UNITS[kind])
            reads = json.loads((out / "reads.json").read_text())
            facts, genes = summarise(out / "salmon", "--reads", out / "reads.json", "--fastp", out / "fastp.json")
            quant = (out / "salmon" / "quant.sf").read_text()
        told = verdict_words(facts) | {("", f"{unit.get('alignment')}") for unit in reads["units"]}
        if "failure" not in reads:
            told.add(("", f"{reads['fragments'] - reads['fragments_passed']} fragments left out by fastp"))
        return Outcome(frozenset(told), {"quant": quant, "genes": genes})

    return run


def salmon_outcome(folder: str) -> Callable[[], Outcome]:
    """Return the run from a salmon result made elsewhere to the sample's verdict."""

    def run() -> Outcome:
        facts, genes = summarise(Path(folder))
        return Outcome(frozenset(verdict_words(facts)), {"genes": genes, "facts": json.dumps(facts, sort_keys=True)})

    return run
