"""Cost of samples beyond one trial: assembled, called and scored a shard at a time, no step holding more than a shard.

    python tests/benchmarks/benchmark_shards.py [--samples 10000] [--shard 1000] [--genes 20000] [--at-a-time 2]

Quantification is stubbed: of each sample there is what its own job leaves, counts drawn around a simulated tumour
(gamma-Poisson). The programs are those of the workflow, called as docs/design_100000.md shows, without Snakemake. Of
each program CPU seconds and peak memory of the first and the last shard are shown, then what all shards took by the
clock, and what 100,000 samples would by the same rate.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from anpi.arithmetic import SAME
from anpi.expression.genes import read_gene_table
from demo.expression import build_model, pure_tumours, simulate_expression
from demo.genes import choose_genes

FRAGMENTS = 10_000_000
PROGRAMS = ("assemble_cohort", "call_subtypes", "score_signatures", "estimate_fractions", "score_pathways")
TABLES = ("calls", "scores", "fractions", "pathways")


def prepare(folder: Path, samples: list[str], genes: int) -> None:
    """Lay out what the jobs of samples leave, and the gene table of their reference."""
    chosen = choose_genes()
    tpm = simulate_expression(pure_tumours(list("ANPI")), model=build_model(chosen))
    table = read_gene_table()
    more = table.loc[~table["gene_id"].isin(tpm.index), "gene_id"].head(max(0, genes - len(tpm)))
    names = sorted({*tpm.index, *more})
    table[table["gene_id"].isin(names)].to_csv(folder / "genes.tsv", sep="\t", index=False, na_rep="NA")
    others = np.random.default_rng(0).lognormal(1, 1.5, len(names))
    for seed, sample in enumerate(samples):
        draw = np.random.default_rng(seed)
        known = tpm.iloc[:, seed % tpm.shape[1]].reindex(names).to_numpy()
        levels = np.where(np.isnan(known), others, known) * draw.gamma(20, 1 / 20, len(names))
        counts = draw.poisson(levels * FRAGMENTS / levels.sum()).astype(float)
        results = folder / "samples" / sample
        results.mkdir(parents=True)
        frame = pd.DataFrame({"gene_id": names, "counts": counts, "tpm": 1e6 * counts / counts.sum()})
        frame.to_parquet(results / "genes.parquet", index=False)
        facts = {"fragments": FRAGMENTS, "mapping_rate": 85.0, "genes_detected": int((counts >= 5).sum())}
        (results / "qc.json").write_text(json.dumps(facts))


def commands(folder: Path, shard: Path, samples: list[str]) -> dict[str, list[object]]:
    """Return the arguments of each program for a shard."""
    matrices = {name: shard / f"{name}.parquet" for name in ("counts", "tpm")}
    tpm = ["--expression", matrices["tpm"], "--unit", "tpm"]
    assembled = [f"--samples-dir={folder / 'samples'}", f"--reference-genes={folder / 'genes.tsv'}"]
    for name, file in matrices.items():
        assembled += [f"--out-{name}", shard / f"{name}.tsv.gz", file]
    assembled += ["--out-genes", shard / "genes.tsv", "--out-facts", shard / "facts.tsv", "--samples", *samples]
    return {
        "assemble_cohort": assembled,
        "call_subtypes": [*tpm, "--counts", matrices["counts"], "--out", shard / "calls.tsv"],
        "score_signatures": [*tpm, "--out", shard / "scores.tsv"],
        "estimate_fractions": [*tpm, "--tumour", "--out", shard / "fractions.tsv"],
        "score_pathways": [*tpm, "--out", shard / "pathways.tsv"],
    }


def run_shard(folder: Path, number: int, samples: list[str]) -> dict[str, tuple[float, float]]:
    """Run all programs on a shard; return CPU seconds and MB of each."""
    shard, costs = folder / f"shard{number:04d}", {}
    shard.mkdir()
    for name, arguments in commands(folder, shard, samples).items():
        with open(shard / f"{name}.log", "w") as log:
            command = [sys.executable, str(ROOT / "scripts" / f"{name}.py"), *map(str, arguments)]
            process = subprocess.Popen(command, env=os.environ | SAME, stdout=log, stderr=log)
            _, status, used = os.wait4(process.pid, 0)
        if status:
            sys.exit((shard / f"{name}.log").read_text()[-2000:])
        costs[name] = (used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
    return costs


def lay_together(folder: Path) -> None:
    """Lay the tables of all shards one behind the other."""
    for name in TABLES:
        with open(folder / f"{name}.tsv", "w") as out:
            for number, file in enumerate(sorted(folder.glob(f"shard*/{name}.tsv"))):
                out.writelines(file.read_text().splitlines(keepends=True)[1 if number else 0 :])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--shard", type=int, default=1000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--at-a-time", type=int, default=2)
    arguments = parser.parse_args()
    samples = [f"S{number:06d}" for number in range(arguments.samples)]
    shards = [samples[start : start + arguments.shard] for start in range(0, len(samples), arguments.shard)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, samples, arguments.genes)
        begin = time.perf_counter()
        with ThreadPoolExecutor(arguments.at_a_time) as pool:
            costs = list(pool.map(lambda given: run_shard(folder, *given), enumerate(shards)))
        lay_together(folder)
        wall = time.perf_counter() - begin
        called = (folder / "calls.tsv").read_text().count("\n") - 1
    print(f"{called} samples of {arguments.genes} genes in {len(shards)} shards, {arguments.at_a_time} at a time")
    for program in PROGRAMS:
        (first, _), (last, _) = costs[0][program], costs[-1][program]
        most = max(cost[program][1] for cost in costs)
        print(f"  {program:20s} first shard {first:6.1f} CPU s, last {last:6.1f}, at most {most:6.0f} MB")
    whole = sum(cpu for cost in costs for cpu, _ in cost.values())
    print(f"  all shards {whole:.0f} CPU s, {wall:.0f} s by the clock", end="")
    print(f"; 100,000 samples at this rate {wall * 100_000 / len(samples) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
