"""CPU time and memory of scoring every shipped signature, against R's GSVA where R is there, and growth with samples.

Run: python tests/benchmarks/benchmark_signatures.py [--samples 1000] [--genes 20000]
Each measurement runs in a process of its own, so that its peak memory is its own. The rival scores the same ssGSEA
sets (50 Hallmark, 2 ESTIMATE) only; the ratio printed is for these alone, on the same matrix and one core.
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
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import Expression
from anpi.signatures.registry import Signature, read_registry
from anpi.signatures.scores import score_signatures

RIVAL = """
suppressMessages(library(GSVA)); suppressMessages(library(BiocParallel))
x <- as.matrix(read.table("{matrix}", header = TRUE, sep = "\\t", row.names = 1, check.names = FALSE))
lines <- strsplit(readLines("{sets}"), "\\t"); sets <- lapply(lines, `[`, -1); names(sets) <- sapply(lines, `[`, 1)
start <- sum(proc.time()[1:2])
s <- gsva(x, sets, method = "ssgsea", ssgsea.norm = FALSE, verbose = FALSE, parallel.sz = 1, BPPARAM = SerialParam())
cat("seconds", sum(proc.time()[1:2]) - start, "\\n")
write.table(s[names(sets), ], "{out}", sep = "\\t", quote = FALSE)
cat("memory", sum(gc()[, 6]), "\\n")
"""


def make_matrix(samples: int, genes: int, seed: int = 1) -> Expression:
    """Draw TPM without ties, genes of the signatures first."""
    wanted = {gene for signature in read_registry() for gene in signature.genes["gene_id"]}
    table = read_gene_table().drop_duplicates("gene_id")
    table = pd.concat([table[table["gene_id"].isin(wanted)], table[~table["gene_id"].isin(wanted)]]).head(genes)
    rng = np.random.default_rng(seed)
    tpm = np.exp(rng.normal(1.0, 2.0, (len(table), samples)))
    values = pd.DataFrame(tpm, index=pd.Index(table["gene_id"], name="gene_id"))
    values.columns = pd.Index([f"s{i}" for i in range(samples)])
    return Expression(values / values.sum() * 1e6, table.reset_index(drop=True), "tpm")


def choose(only_ssgsea: bool) -> list[Signature]:
    return [s for s in read_registry() if s.method == "ssgsea_raw" or not only_ssgsea]


def run_here(samples: int, genes: int, only_ssgsea: bool) -> None:
    """Measure in this process and print JSON: seconds of scoring, MB at peak above the matrix."""
    expression = make_matrix(samples, genes)
    signatures = choose(only_ssgsea)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    table = score_signatures(expression, signatures)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "peak_mb": peak / 1024, "before_mb": before / 1024, "rows": len(table)}))


def run_apart(samples: int, genes: int, only_ssgsea: bool = False) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", "--samples", str(samples), "--genes", str(genes)]
    one_core = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command + ["--only-ssgsea"] * only_ssgsea, capture_output=True, text=True, check=True, env=one_core
    )
    return dict(json.loads(done.stdout))


def run_rival(samples: int, genes: int) -> tuple[float, float, float]:
    """Score the same sets by R; give seconds, MB, and the greatest difference from our scores."""
    expression = make_matrix(samples, genes)
    signatures = choose(only_ssgsea=True)
    with tempfile.TemporaryDirectory() as folder:
        matrix, sets, out = (Path(folder) / name for name in ("x.tsv", "sets.txt", "out.tsv"))
        expression.values.to_csv(matrix, sep="\t", index_label=False)
        present = set(expression.values.index)
        sets.write_text(
            "".join("\t".join([s.id, *[g for g in s.genes["gene_id"] if g in present]]) + "\n" for s in signatures)
        )
        code = RIVAL.format(matrix=matrix, sets=sets, out=out)
        done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
        facts = dict(line.split()[:2] for line in done.stdout.splitlines() if line.startswith(("seconds", "memory")))
        theirs = pd.read_csv(out, sep="\t")
    ours = score_signatures(expression, signatures).pivot(index="signature", columns="sample_id", values="score")
    difference = (ours.loc[theirs.index, theirs.columns] - theirs).abs().to_numpy().max()
    return float(facts["seconds"]), float(facts["memory"]), float(difference)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--genes", type=int, default=20000)
    parser.add_argument("--rival-samples", type=int, default=100, help="samples for R, which is slow")
    parser.add_argument("--only-ssgsea", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        run_here(arguments.samples, arguments.genes, arguments.only_ssgsea)
        return
    count = len(read_registry())
    for samples in (arguments.samples // 4, arguments.samples // 2, arguments.samples):
        found = run_apart(samples, arguments.genes)
        each = 1000 * found["seconds"] / samples
        print(
            f"{samples} samples x {arguments.genes} genes x {count} signatures: {found['seconds']:.2f} s, "
            f"{each:.2f} ms a sample, peak {found['peak_mb']:.0f} MB ({found['before_mb']:.0f} MB before scoring)"
        )
    if shutil.which("Rscript") is None:
        print("Rscript not found: no rival")
        return
    ours = run_apart(arguments.rival_samples, arguments.genes, only_ssgsea=True)
    seconds, memory, difference = run_rival(arguments.rival_samples, arguments.genes)
    print(
        f"ssGSEA of {len(choose(True))} sets, {arguments.rival_samples} samples, one core: {ours['seconds']:.2f} s, "
        f"GSVA {seconds:.2f} s ({memory:.0f} MB): {seconds / ours['seconds']:.1f} times faster; "
        f"greatest difference of a score {difference:.1e}"
    )


if __name__ == "__main__":
    main()
