"""Cost of a dry run, of every cohort step and of one more sample, with 10, 100, 1,000 and 3,000 samples.

    python tests/benchmarks/benchmark_scale.py [--samples 10 100 1000 3000] [--genes 20000] [--batches 8]
    python tests/benchmarks/benchmark_scale.py --planning [--samples 24 1000 3000] --genes 2000
    python tests/benchmarks/benchmark_scale.py --steps call_subtypes score_signatures --samples 1000 3000 10000

Quantification is stubbed: samples come as prepared salmon tables, and the per-sample results are laid out
beforehand and marked as made. A sample's counts are drawn anew around those of one quantified sample (gamma-Poisson),
for all samples differ in earnest and DESeq2 takes its time accordingly. Genes beyond those of the demo are made up.
The number of batches is the same at each size: a batch is a column of the designs, whose cost grows by their square.
Planning, the new sample's job and every cohort step are real. The rival of the planning is a bare Snakefile of the
same jobs (rules, inputs and outputs as in the trial's own plan, a shell line a job; see `same_jobs`), finished and
recorded as the trial is and planned in the same run: the ratio of their CPU seconds, the least of three each, is what
checks, digests and wiring cost. With --planning, no step of the cohort is run: empty files stand for its results,
which planning does not read. With --steps, these rules alone are run, and what they need.
Of each cohort step wall and CPU seconds and peak memory are shown, with the growth against the size before: 1 is
linear in samples, more is worse.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests")]

from same_jobs import write_same_jobs

from anpi.accounts.account import Account, account_table
from anpi.files.writing import write_table
from demo.genes import choose_genes
from demo.reads import Transcriptome, build_transcriptome, write_transcripts
from demo.strangers import build_contigs, write_contigs
from demo.trial import LEAST_PATIENTS, simulate_trial, write_sheets

BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
FRAGMENTS = 10_000_000
# Marks all jobs as finished, each with its record; all start at once, since Snakemake looks at all that wait whenever
# one has ended.
FINISH = ("--forceall", "--touch", "--cores", "100000", "--max-jobs-per-timespan", "100000/1s", "--scheduler", "greedy")
# Contrasts and exploration, which have goals of their own.
SLOW = ("test_expression", "explore_cohort")
BALLAST = "ENSG9{:010d}"


@dataclass(frozen=True)
class Prepared:
    """A trial laid out for the workflow, with what one more sample needs; the last patient's is held back."""

    folder: Path
    transcriptome: Transcriptome
    names: list[str]
    tpm: pd.DataFrame
    held_back: pd.DataFrame

    def lay_out(self, sample: str, column: str, seed: int, finished: bool = True) -> None:
        """Write a sample's salmon table, or all that its job leaves when it counts as finished."""
        draw = np.random.default_rng(seed)
        ballast = np.random.default_rng(0).lognormal(1, 1.5, len(self.names))
        known = self.tpm[column].reindex(self.names).to_numpy()
        levels = np.where(np.isnan(known), ballast, known)
        counts = draw.poisson(levels * draw.gamma(20, 1 / 20, len(levels)) * FRAGMENTS / levels.sum())
        table = pd.DataFrame({"gene_id": self.names, "counts": counts.astype(float), "tpm": levels})
        if not finished:
            write_quant(self.folder / "salmon" / sample / "quant.sf", self.transcripts(), table)
            return
        results = self.folder / "results" / "samples" / sample
        results.mkdir(parents=True)
        table.assign(tpm=1e6 * counts / counts.sum()).to_parquet(results / "genes.parquet", index=False)
        facts = {"fragments": FRAGMENTS, "mapping_rate": 85.0, "genes_detected": int((counts >= 5).sum())}
        (results / "qc.json").write_text(json.dumps(facts))
        reads = Account("reads", sample, FRAGMENTS, FRAGMENTS)
        write_table(results / "accounts.tsv", account_table([reads]))

    def transcripts(self) -> pd.DataFrame:
        """List all transcripts of the reference, with their share of the reads of their gene."""
        made_up = sorted(set(self.names) - set(self.transcriptome.table["gene_id"]))
        ballast = pd.DataFrame({"transcript_id": made_up, "gene_id": made_up, "length": 300, "share": 1.0})
        return pd.concat([self.transcriptome.table, ballast], ignore_index=True)


def write_quant(path: Path, transcripts: pd.DataFrame, genes: pd.DataFrame) -> None:
    """Write a salmon table whose transcripts share the reads of their gene."""
    path.parent.mkdir(parents=True)
    reads = transcripts["gene_id"].map(genes.set_index("gene_id")["counts"]) * transcripts["share"]
    quant = pd.DataFrame({"Name": transcripts["transcript_id"] + ".1", "Length": transcripts["length"]})
    rates = reads / (quant["Length"] - 150)
    quant = quant.assign(EffectiveLength=quant["Length"] - 150, TPM=1e6 * rates / rates.sum(), NumReads=reads)
    quant.to_csv(path, sep="\t", index=False)


def prepare(folder: Path, count: int, genes: int, batches: int) -> Prepared:
    """Lay out a trial of ``count`` baseline samples, each with its own counts of ``genes`` genes."""
    chosen = choose_genes()
    trial = simulate_trial(max(count + 1, LEAST_PATIENTS), 1000, 1, chosen)
    transcriptome = build_transcriptome(chosen)
    fasta = folder / "reference" / "transcripts.fa.gz"
    write_transcripts(fasta, transcriptome)
    write_contigs(folder / "config" / "strangers.fa", build_contigs())
    ballast = [BALLAST.format(i) for i in range(max(0, genes - len(chosen)))]
    sequence = "".join(np.random.default_rng(1).choice(list("ACGT"), 300))
    with gzip.open(fasta, "at") as out:
        out.writelines(f">{n}.1|{n}.1|-|-|{n}-201|{n}|300|protein_coding|\n{sequence}\n" for n in ballast)
    names = sorted(set(transcriptome.table["gene_id"]) | set(ballast))
    baseline = trial.samples[trial.samples["timepoint"] == "baseline"].drop_duplicates("patient_id").head(count + 1)
    laid_out = list(map(str, baseline.index[:-1]))
    units = pd.DataFrame({"sample_id": laid_out, "unit_id": "L1"})
    write_sheets(folder / "config", trial, units.assign(quant=[f"salmon/{s}/quant.sf" for s in laid_out]), 1000)
    samples = pd.read_csv(folder / "config" / "samples.tsv", sep="\t", dtype=str)
    samples = samples[samples["sample_id"].isin(baseline.index)]
    samples["batch"] = [f"B{1 + place % batches}" for place in range(len(samples))]
    held_back = samples[samples["sample_id"] == baseline.index[-1]]
    samples.drop(held_back.index).to_csv(folder / "config" / "samples.tsv", sep="\t", index=False)
    prepared = Prepared(folder, transcriptome, names, trial.tpm, held_back)
    for sample in laid_out:
        file = folder / "salmon" / sample / "quant.sf"
        file.parent.mkdir(parents=True)
        file.write_text("stands for a salmon table\n")
    snakemake(folder, "results/reference/transcripts.tsv.gz")
    for seed, sample in enumerate(laid_out):
        prepared.lay_out(sample, sample, seed)
    snakemake(folder, "--touch", "--until", "summarise_sample")
    return prepared


def add_sample(prepared: Prepared, treated: int | None) -> None:
    """Put one more sample into the sheets: of the n-th patient under treatment, or the baseline of the last one."""
    sheets = prepared.folder / "config"
    samples = pd.read_csv(sheets / "samples.tsv", sep="\t", dtype=str)
    units = pd.read_csv(sheets / "units.tsv", sep="\t", dtype=str)
    new, like = prepared.held_back, str(samples["sample_id"][treated or 0])
    if treated is not None:
        collected = pd.Timestamp(samples["collection_date"][treated]) + pd.Timedelta(days=60)  # weeks into treatment
        facts = {"sample_id": f"more{treated}", "timepoint": "on_treatment", "collection_date": f"{collected:%F}"}
        new = samples.iloc[[treated]].assign(**facts)
    sample = str(new["sample_id"].iloc[0])
    pd.concat([samples, new]).to_csv(sheets / "samples.tsv", sep="\t", index=False)
    row = units.iloc[[0]].assign(sample_id=sample, quant=f"salmon/{sample}/quant.sf")
    pd.concat([units, row]).drop_duplicates("sample_id").to_csv(sheets / "units.tsv", sep="\t", index=False)
    prepared.lay_out(sample, like if treated is not None else sample, treated or 0, finished=False)


def call(command: list[str], folder: Path) -> tuple[float, str]:
    """Run a command to its end; give wall seconds and what it says."""
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    if done.returncode:
        sys.exit((done.stdout + done.stderr)[-4000:])
    return time.perf_counter() - begin, done.stdout + done.stderr


def snakemake(folder: Path, *words: str) -> tuple[float, str]:
    config = str(folder / "config" / "config.yaml")
    command = ["snakemake", "--snakefile", str(ROOT / "workflow" / "Snakefile"), "--directory", str(folder)]
    return call([*command, "--configfile", config, "--cores", "2", *words], folder)


def stand_in(folder: Path) -> None:
    """Put an empty file for every result that is not there, and mark all as made."""
    _, said = snakemake(folder, "--dry-run")
    for line in re.findall(r"^\s+output: (.*)$", said, flags=re.M):
        for path in (folder / name.split(" ")[0] for name in line.split(", ")):
            if path.suffix:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            else:
                path.mkdir(parents=True, exist_ok=True)
    snakemake(folder, *FINISH)


def cpu_of_children() -> float:
    """Return the CPU seconds of all processes that this one started and waited for, so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def planning_cost(plan: Callable[[], tuple[float, str]]) -> float:
    """Return the CPU seconds of a planning that has nothing to do, the least of three."""
    costs = []
    for _ in range(3):
        before = cpu_of_children()
        _, said = plan()
        costs.append(cpu_of_children() - before)
        assert "Nothing to be done" in said, said[-2000:]
    return min(costs)


def bare_dry_run(folder: Path) -> tuple[float, str]:
    """Plan a bare workflow of the same jobs that has nothing to do."""
    return call(["snakemake", "--cores", "1", "--dry-run"], folder)


def prepare_bare(trial: Path, folder: Path) -> None:
    """Lay out the bare workflow of a trial, finished."""
    folder.mkdir()
    write_same_jobs(trial, folder)
    call(["snakemake", *FINISH], folder)


def read_costs(folder: Path, since: float = 0) -> dict[str, dict[str, float]]:
    """Read wall and CPU seconds and peak memory (MB) of each cohort step that ran since, as Snakemake measured them."""
    costs = {}
    for file in sorted((folder / "results" / "benchmarks").glob("*.tsv")):
        if file.stat().st_mtime < since:
            continue
        row = next(csv.DictReader(file.open(), delimiter="\t"))
        costs[file.stem] = {
            name: float(row[key]) if row[key] not in ("-", "NA") else float("nan")
            for name, key in (("wall", "s"), ("cpu", "cpu_time"), ("memory", "max_rss"))
        }
    return costs


def show_costs(count: int, costs: dict[str, dict[str, float]], before: tuple[int, dict[str, dict[str, float]]]) -> None:
    """Print each step, dearest first, with its growth in CPU time against the size before (1: linear)."""
    print(f"\n{count} samples: step                 wall s    CPU s  memory MB   growth")
    for step, cost in sorted(costs.items(), key=lambda item: -item[1]["wall"]):
        size, earlier = before
        growth = "-"
        if step in earlier and earlier[step]["cpu"] > 0:
            growth = f"{cost['cpu'] / earlier[step]['cpu'] / (count / size):.2f}"
        print(f"  {step:34s} {cost['wall']:7.1f} {cost['cpu']:8.1f} {cost['memory']:10.0f} {growth:>8}")


def show_planning(folder: Path, bare_folder: Path, count: int) -> None:
    """Print what planning the finished trial costs beside a bare Snakefile."""
    prepare_bare(folder, bare_folder)
    own = planning_cost(lambda: snakemake(folder, "--dry-run"))
    bare = planning_cost(lambda: bare_dry_run(bare_folder))
    print(
        f"{count} samples: planning {own:.2f} CPU s, {own / bare:.2f} times a bare Snakefile's {bare:.2f}", flush=True
    )


def show_one_more(prepared: Prepared, count: int, treated: int | None) -> None:
    """Add a sample; print what the run costs, and what the steps cost that are neither contrasts nor exploration."""
    add_sample(prepared, treated)
    began, before = time.time(), cpu_of_children()
    wall, said = snakemake(prepared.folder)
    cpu = cpu_of_children() - before
    jobs = re.search(r"^total\s+(\d+)", said, flags=re.M)
    costs = read_costs(prepared.folder, began)
    show_costs(count, costs, (1, {}))
    others = [cost for step, cost in costs.items() if not step.startswith(SLOW)]
    sums = ", ".join(f"{sum(cost[key] for cost in others):.1f} s {key}" for key in ("wall", "cpu"))
    kind = "one more baseline" if treated is None else "one more sample under treatment"
    print(f"  {kind}: {wall:.1f} s wall, {cpu:.1f} s CPU, {jobs.group(1) if jobs else '?'} jobs", end="")
    print(f" (steps without contrasts and exploration {sums})", flush=True)


def show_without_slow(prepared: Prepared, treated: int) -> None:
    """Add a sample under treatment; print what all costs by the clock but contrasts and exploration, run apart.

    The run is in three: what neither waits for them nor is one of them, they, and the rest; each plans anew.
    """
    add_sample(prepared, treated)
    first, _ = snakemake(prepared.folder, "--omit-from", *SLOW)
    slow, _ = snakemake(prepared.folder, *SLOW)
    rest, _ = snakemake(prepared.folder)
    print(f"  one more sample under treatment, in three runs: {first + rest:.1f} s wall", end="")
    print(f" ({first:.1f} and {rest:.1f}, two plannings among them), contrasts and exploration {slow:.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=[10, 100, 1000, 3000])
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--planning", action="store_true", help="measure plannings alone, without running the cohort")
    parser.add_argument("--steps", nargs="+", metavar="RULE", help="run these rules alone, with what they need")
    parser.add_argument("--keep", type=Path, help="an empty folder for the trials (default: temporary)")
    arguments = parser.parse_args()
    before: tuple[int, dict[str, dict[str, float]]] = (1, {})
    with tempfile.TemporaryDirectory() as name:
        for count in arguments.samples:
            folder = (arguments.keep or Path(name)) / str(count)
            prepared = prepare(folder, count, arguments.genes, arguments.batches)
            whole = 0.0
            if arguments.planning:
                stand_in(folder)
            else:
                whole, _ = snakemake(folder, *(arguments.steps or ()))
                costs = read_costs(folder)
                show_costs(count, costs, before)
                before = (count, costs)
            if arguments.steps:
                print(f"  these steps {whole:.1f} s, planning among them", flush=True)
                continue
            if arguments.planning:
                show_planning(folder, Path(name) / f"bare{count}", count)
                continue
            print(f"  all cohort steps {whole:.1f} s", flush=True)
            show_one_more(prepared, count + 1, treated=0)
            show_without_slow(prepared, treated=1)
            show_one_more(prepared, count + 3, treated=None)
            pages = folder / "results" / "report"
            size = sum(file.stat().st_size for file in pages.rglob("*") if file.is_file()) / 1e6
            page = (pages / "index.html").stat().st_size / 1e6
            print(f"  report {page:.1f} MB, with all pages {size:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
