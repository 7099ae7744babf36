"""Cost of samples beyond one trial: planned, called and scored by ``workflow/shards.smk``, their tables laid together.

    python tests/benchmarks/benchmark_shards.py [--samples 10000] [--shard 1000] [--genes 20000] [--cores 2]
        [--keep FOLDER] [--prepare]

Quantification is stubbed: of each sample there is what its own job leaves, counts drawn around a simulated tumour
(gamma-Poisson, those of half the genes with fractions, as salmon has them), 0.25 MB for 20,000 genes. All else is the
workflow as a user calls it. Shown are the plan of a run and of one with nothing to do, CPU seconds of each program for
the first and the last shard and its memory at most, and what all took by the clock. A folder that is kept is filled
where samples lack, and used again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from anpi.expression.genes import read_gene_table
from demo.expression import build_model, pure_tumours, simulate_expression
from demo.genes import choose_genes

FRAGMENTS = 10_000_000
PROGRAMS = ("score_shard", "lay_shards")
# Python runs this at the start of every program: at its end, the program tells what it has used.
TELL_USAGE = """
import atexit, os, resource, sys
def tell(lines={lines!r}):
    used = resource.getrusage(resource.RUSAGE_SELF)
    words = [os.path.basename(sys.argv[0]), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, *sys.argv[1:]]
    with open(lines, "a") as out:
        out.write("\\t".join(map(str, words)) + "\\n")
atexit.register(tell)
"""


@cache
def tumours(genes: int) -> tuple[list[str], np.ndarray]:
    """Return genes and their levels in tumours of each class."""
    chosen = choose_genes()
    tpm = simulate_expression(pure_tumours(list("ANPI")), model=build_model(chosen))
    table = read_gene_table().sort_values("biotype", key=lambda biotype: biotype != "protein_coding", kind="stable")
    more = table.loc[~table["gene_id"].isin(tpm.index), "gene_id"].head(max(0, genes - len(tpm)))
    names = sorted({*tpm.index, *more})
    known = tpm.reindex(names).to_numpy()
    others = np.random.default_rng(0).lognormal(1, 1.5, len(names))
    return names, np.where(np.isnan(known), others[:, None], known).T


def prepare(folder: Path, samples: list[str], genes: int, processes: int = 1) -> None:
    """Lay out what the jobs of samples leave, and the gene table of their reference."""
    names, _ = tumours(genes)
    table = read_gene_table()
    table[table["gene_id"].isin(names)].to_csv(folder / "genes.tsv", sep="\t", index=False, na_rep="NA")
    (folder / "samples.txt").write_text("".join(f"{sample}\n" for sample in samples))
    numbered = list(enumerate(samples))
    with ProcessPoolExecutor(processes) if processes > 1 else nullcontext() as pool:
        parts = [numbered[start::processes] for start in range(processes)]
        list((pool.map if pool else map)(partial(prepare_samples, folder, genes), parts))


@cache
def schema_of_genes() -> pa.Schema:
    """Return the schema of a table of genes, as pandas writes it in three times the time."""
    frame = pd.DataFrame({"gene_id": ["G"], "counts": [1.0], "tpm": [1.0]})
    return pa.Schema.from_pandas(frame, preserve_index=False)


def prepare_samples(folder: Path, genes: int, samples: list[tuple[int, str]]) -> None:
    """Lay out what lacks of samples, each drawn by its number."""
    names, levels = tumours(genes)
    column, schema = pa.array(names), schema_of_genes()
    for number, sample in samples:
        results = folder / "samples" / sample
        if (results / "qc.json").exists():
            continue
        draw = np.random.default_rng(number)
        drawn = levels[number % len(levels)] * draw.gamma(20, 1 / 20, len(names))
        counts = draw.poisson(drawn * FRAGMENTS / drawn.sum()).astype(float)
        counts[::2] += np.round((counts[::2] > 0) * draw.random(len(counts[::2])), 3)
        results.mkdir(parents=True, exist_ok=True)
        columns = [column, pa.array(counts), pa.array(np.round(1e6 * counts / counts.sum(), 6))]
        pq.write_table(pa.table(columns, schema=schema), results / "genes.parquet", compression="zstd")
        facts = {"fragments": FRAGMENTS, "mapping_rate": 85.0, "genes_detected": int((counts >= 5).sum())}
        (results / "qc.json").write_text(json.dumps(facts))


@dataclass
class Used:
    """What a run of a program has used."""

    program: str
    cpu: float
    mb: float
    words: list[str]

    def of_shard(self, shard: str) -> bool:
        return any(f"/{shard}/" in word for word in self.words)


@dataclass
class Call:
    """A call of the workflow: seconds by the clock, its own use, and that of its programs."""

    wall: float
    own: Used
    programs: list[Used]
    said: str


def call(folder: Path, shard: int, cores: int, *words: str) -> Call:
    """Call the workflow as a user does."""
    lines = folder / "used.tsv"
    lines.unlink(missing_ok=True)
    (folder / "sitecustomize.py").write_text(TELL_USAGE.format(lines=str(lines)))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow" / "shards.smk"), *words]
    command += ["--directory", str(folder), "--cores", str(cores), "--config", "samples=samples.txt"]
    command += ["samples_dir=samples", "reference_genes=genes.tsv", "results=results", f"shard_size={shard}"]
    begin = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    wall = time.perf_counter() - begin
    if done.returncode:
        sys.exit((done.stdout + done.stderr)[-3000:])
    rows = [line.split("\t") for line in lines.read_text().splitlines()]
    used = [Used(row[0].removesuffix(".py"), float(row[1]), float(row[2]), row[3:]) for row in rows]
    own = next(one for one in used if one.program not in PROGRAMS)
    return Call(wall, own, [one for one in used if one.program in PROGRAMS], done.stdout + done.stderr)


def show_plan(what: str, plan: Call) -> None:
    print(f"  {what:28s} {plan.wall:6.1f} s, {plan.own.cpu:6.1f} CPU s, {plan.own.mb:6.0f} MB", flush=True)


def show_run(run: Call, last: str) -> None:
    """Show what each program took, and what all took."""
    for program in PROGRAMS:
        used = [one for one in run.programs if one.program == program]
        ends = [sum(one.cpu for one in used if one.of_shard(shard)) for shard in ("0001", last)]
        told = f"first shard {ends[0]:6.1f} CPU s, last {ends[1]:6.1f}" if len(used) > 1 else ""
        whole, most = sum(one.cpu for one in used), max(one.mb for one in used)
        print(f"  {program:20s} {whole:7.1f} CPU s, at most {most:6.0f} MB  {told}")
    programs = sum(one.cpu for one in run.programs)
    print(f"  Snakemake itself {run.own.cpu:.1f} CPU s, {run.own.mb:.0f} MB")
    print(f"  all {programs + run.own.cpu:.0f} CPU s, {run.wall:.0f} s by the clock", flush=True)


def measure(folder: Path, samples: int, shard: int, cores: int) -> None:
    """Plan, run and plan again."""
    for name in ("results", ".snakemake"):
        shutil.rmtree(folder / name, ignore_errors=True)
    show_plan("plan of all", call(folder, shard, cores, "--dry-run", "--quiet", "all"))
    run = call(folder, shard, cores)
    last = max(file.parent.name for file in (folder / "results").glob("*/samples.tsv"))
    show_run(run, last)
    again = call(folder, shard, cores, "--dry-run")
    if "Nothing to be done" not in again.said:
        sys.exit(again.said[-3000:])
    show_plan("plan with nothing to do", again)
    with open(folder / "results" / "calls.tsv") as calls:
        laid = sum(1 for _ in calls) - 1
    if laid != samples:
        sys.exit(f"{laid} samples were called, not {samples}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--shard", type=int, default=1000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="folder of the samples, used again (default: none)")
    parser.add_argument("--prepare", action="store_true", help="lay out the samples and no more")
    arguments = parser.parse_args()
    samples = [f"S{number:06d}" for number in range(arguments.samples)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        begin = time.perf_counter()
        prepare(folder, samples, arguments.genes, arguments.cores)
        if arguments.prepare:
            return
        print(f"{arguments.samples} samples of {arguments.genes} genes, shards of {arguments.shard}")
        print(f"  laid out in {time.perf_counter() - begin:.0f} s; {arguments.cores} shards at a time")
        measure(folder, arguments.samples, arguments.shard, arguments.cores)


if __name__ == "__main__":
    main()
