"""Cost of the quantify step against the same fastp and salmon commands run by hand.

    python tests/benchmarks/benchmark_quantify.py [--pairs 2000000] [--repeats 3]

Prints CPU seconds (user + system, children included) and wall seconds of each, and the ratios. Also the agreement of
gene counts with the simulated truth, for the step (given fragment length, uniform start: the same bytes every time) and
for plain salmon (learns from a random choice of mappings: other bytes every time).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from anpi.arithmetic import SAME
from anpi.expression.summary import read_quant, summarise_genes
from anpi.quantification.reference import build_landmarks, build_reference
from demo.expression import build_model, pure_tumours, simulate_expression
from demo.genes import choose_genes
from demo.reads import build_transcriptome, draw_counts, write_reads, write_transcripts
from demo.streams import stream

TRANSCRIPTS = 20_000
FASTP = ["fastp", "--compression", "1", "--thread", "2", "--html", "/dev/null", "--dont_eval_duplication"]
EQUAL = ["--numAuxModelSamples", "0", "--initUniform"]


def measure(action: Callable[[], None]) -> tuple[float, float]:
    """Return CPU seconds of all children and wall seconds of an action."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    action()
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begin
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def call(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, cwd=folder, check=True, env=environment, **quiet)


def prepare(folder: Path, pairs: int) -> pd.Series:
    """Simulate a sample and its reference below ``folder``; give the true counts by gene id."""
    genes = choose_genes(TRANSCRIPTS)
    transcriptome = build_transcriptome(genes)
    write_transcripts(folder / "transcripts.fa.gz", transcriptome)
    tpm = simulate_expression(pure_tumours(["A"]), model=build_model(genes)).iloc[:, 0]
    counts = draw_counts(tpm, transcriptome, pairs, stream(1, "benchmark"))
    paths = [folder / "1.fastq.gz", folder / "2.fastq.gz"]
    write_reads(paths, counts, transcriptome, stream(2, "benchmark"), read_length=100)
    table = build_reference(folder / "transcripts.fa.gz", None, None, folder / "transcripts.fa")
    table.to_csv(folder / "transcripts.tsv", sep="\t", index=False)
    build_landmarks(folder / "transcripts.fa", folder / "landmarks.npy")
    call(["salmon", "index", "--transcripts", "transcripts.fa", "--index", "index", "--keepDuplicates"], folder)
    return transcriptome.gene_counts(counts)


def by_hand(folder: Path, flags: list[str], out: str) -> None:
    reads = ["--in1", "1.fastq.gz", "--in2", "2.fastq.gz", "--out1", "t1.fastq.gz", "--out2", "t2.fastq.gz"]
    call([*FASTP, *reads, "--json", "fastp.json"], folder)
    trimmed = ["-1", "t1.fastq.gz", "-2", "t2.fastq.gz"]
    call(["salmon", "quant", "-i", "index", "-l", "A", "-p", "2", *trimmed, "-o", out, *flags], folder)


def by_step(folder: Path) -> None:
    program = [sys.executable, str(ROOT / "scripts" / "quantify_sample.py"), "--sample", "S1", "--index", "index"]
    unit = ["--unit", "L1", "1.fastq.gz", "2.fastq.gz"]
    # As a job of the workflow has it: the environment already names the arithmetic, and nothing starts anew.
    options = ["--landmarks", "landmarks.npy", "--out-dir", "step", "--threads", "2", "--scratch", "."]
    call([*program, *unit, *options], folder, os.environ | SAME)


def agreement(quant: Path, folder: Path, truth: pd.Series) -> str:
    transcripts = pd.read_csv(folder / "transcripts.tsv", sep="\t", dtype=str)
    counts = summarise_genes(read_quant(quant), transcripts, str(quant))[0].set_index("gene_id")["counts"]
    both = pd.concat([counts, truth.rename("truth")], axis=1).fillna(0)
    correlation = np.log2(both + 1).corr().iloc[0, 1]
    error = ((both["counts"] - both["truth"]).abs() / both["truth"])[both["truth"] >= 20].median()
    return f"Pearson of log2 counts {correlation:.6f}, median relative error {100 * error:.3f}%"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = prepare(folder, arguments.pairs)
        rows = []
        for _ in range(arguments.repeats):
            shutil.rmtree(folder / "step", ignore_errors=True)
            rows.append((*measure(lambda: by_step(folder)), *measure(lambda: by_hand(folder, EQUAL, "hand"))))
        table = np.array(rows)
        medians = np.median(table, axis=0)
        print(f"{arguments.pairs} pairs, median of {arguments.repeats}")
        print(f"quantify step   CPU {medians[0]:6.1f} s   wall {medians[1]:6.1f} s")
        print(f"by hand         CPU {medians[2]:6.1f} s   wall {medians[3]:6.1f} s")
        ratios = np.median(table[:, :2] / table[:, 2:], axis=0)
        print(f"ratio           CPU {ratios[0]:6.3f}     wall {ratios[1]:6.3f}")
        by_hand(folder, [], "plain")
        print("step: ", agreement(folder / "step" / "salmon" / "quant.sf", folder, truth))
        print("plain:", agreement(folder / "plain" / "quant.sf", folder, truth))
        print("length:", json.loads((folder / "step" / "reads.json").read_text())["fragment_length"])


if __name__ == "__main__":
    main()
