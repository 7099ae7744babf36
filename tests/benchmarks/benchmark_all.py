"""The table of docs/performance.md: what each piece of work costs, against a rival that does the same in the same run.

    python tests/benchmarks/benchmark_all.py [--pairs 1000000] [--repeats 3] [--only quantify reads] [--write FILE]

CPU seconds (user and system, of this process and all that it starts) and not the clock's, since these are nearly the
same when others use the machine. Own work and the rival's take turns; medians are shown, and the median of the ratios.
A rival that is not installed is said to be skipped. ``--write`` puts the table between the marks of a page.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests"), str(ROOT / "tests" / "benchmarks")]

import benchmark_alignment
import benchmark_endpoints
import benchmark_quantify
import benchmark_report
import benchmark_scale
import benchmark_signatures
from benchmark_quantify import EQUAL, by_hand, by_step, call
from simulated_alignments import simulate_genes, write_annotations
from statsmodels.duration.survfunc import survdiff
from unit.report.made import make_tables, read_made, write_run

from anpi.report.page import write_report
from anpi.stats.permutation import permute_logrank

DEMO_PAIRS = 120_000
MARKS = ("<!-- table of make benchmark -->\n", "<!-- end of the table -->\n")
HEAD = "| work | rival | CPU s | rival's CPU s | ratio (lowest to highest) | goal |\n|---|---|---|---|---|---|\n"
Action = Callable[[], object]
# Ends well where R has the package.
GSVA = ("Rscript", "-e", "library(GSVA)")


@dataclass(frozen=True)
class Contest:
    """A piece of work, and a rival that does the same.

    Parameters
    ----------
    work, rival : str
        In words.
    goal : float, optional
        The greatest ratio of own to rival's seconds that is aimed at; None where the rival does more or less than we.
    own, other : callable
        They return the CPU seconds that they took.
    needs : sequence of str
        A command that ends well where the rival is installed; else it is skipped.
    scale : float
        How many times the measured work the rival's whole work is.
    """

    work: str
    rival: str
    goal: float | None
    own: Callable[[], float]
    other: Callable[[], float]
    needs: Sequence[str] = ("true",)
    scale: float = 1


@dataclass(frozen=True)
class Sizes:
    """How large the pieces of work are."""

    pairs: int
    samples: int
    patients: int


def cpu_seconds(action: Action) -> float:
    """Return the CPU seconds of an action, with those of the processes that it starts and waits for."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    before = [resource.getrusage(kind) for kind in kinds]
    action()
    after = [resource.getrusage(kind) for kind in kinds]
    return sum(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(before, after, strict=True))


def cost_of(command: list[str], folder: Path) -> Callable[[], float]:
    """Return what runs a command and returns its CPU seconds."""
    return partial(cpu_seconds, partial(call, command, folder))


def is_there(command: Sequence[str]) -> bool:
    """Return whether a command can be run and ends well."""
    return bool(shutil.which(command[0])) and not subprocess.run(command, capture_output=True, check=False).returncode


def row_of(contest: Contest, repeats: int) -> str:
    """Measure a contest; give its row of the table."""
    there = is_there(contest.needs)
    own, other = [], []
    for _ in range(repeats):
        own.append(contest.own())
        if there:
            other.append(contest.other() * contest.scale)
    goal = f"{contest.goal:.2f}" if contest.goal else "none"
    cells = [contest.work, contest.rival, f"{median(own):.1f}"]
    if not there:
        return f"| {' | '.join(cells)} | skipped: not installed | | {goal} |\n"
    ratios = [one / two for one, two in zip(own, other, strict=True)]
    spread = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    return f"| {' | '.join([*cells, f'{median(other):.1f}', spread, goal])} |\n"


def reads(folder: Path, sizes: Sizes) -> Iterator[Contest]:
    """Yield the quantification of a sample of the demo's size, and of a larger one."""
    for pairs, goal in ((DEMO_PAIRS, 1.15), (sizes.pairs, 1.00)):
        place = folder / f"reads{pairs}"
        place.mkdir()
        benchmark_quantify.prepare(place, pairs)
        kallisto = ["kallisto", "quant", "-i", "kallisto.index", "-o", "kallisto", "-t", "2"]
        if shutil.which("kallisto"):
            call(["kallisto", "index", "-i", "kallisto.index", "transcripts.fa"], place)
        work, own = f"`quantify_sample`, {pairs:,} pairs", partial(cpu_seconds, partial(by_step, place))
        hand = partial(cpu_seconds, partial(by_hand, place, EQUAL, "hand"))
        yield Contest(work, "fastp and salmon by hand, gzip between them", goal, own, hand)
        bare = cost_of([*kallisto, "1.fastq.gz", "2.fastq.gz"], place)
        yield Contest(work, "kallisto, nothing checked or trimmed", None, own, bare, ("kallisto", "version"))


def alignments(folder: Path, sizes: Sizes) -> Iterator[Contest]:
    """Yield the facts of an alignment in one pass."""
    draw = np.random.default_rng(1)
    genes, pairs = simulate_genes(20_000, draw), sizes.pairs // 5
    write_annotations(folder, genes)
    benchmark_alignment.write_bams(folder, genes, pairs, draw)
    script = [sys.executable, str(ROOT / "scripts" / "build_gene_model.py")]
    call([*script, "--gtf", "genes.gtf", "--out", "genes.npz"], folder)
    own = [sys.executable, str(ROOT / "scripts" / "measure_alignment.py"), "--gene-model", "genes.npz"]
    own += ["--alignment", "one.bam", "--out", "one.json"]
    stats = ["samtools", "stats", "one.bam"]
    work = f"`measure_alignment`, {pairs:,} pairs"
    yield Contest(work, "samtools stats, no genes", None, cost_of(own, folder), cost_of(stats, folder))


def signatures(folder: Path, sizes: Sizes) -> Iterator[Contest]:
    """Yield the scores of the ssGSEA sets."""
    samples = min(sizes.samples, 100)
    work = f"ssGSEA of 52 sets, {samples} samples"

    def own() -> float:
        return benchmark_signatures.run_apart(samples, 20_000, only_ssgsea=True)["seconds"]

    def other() -> float:
        return benchmark_signatures.run_rival(samples, 20_000)[0]

    yield Contest(work, "GSVA of R", 1.00, own, other, GSVA)


def tests(folder: Path, sizes: Sizes) -> Iterator[Contest]:
    """Yield the permutation test of the primary question."""
    arrangements, tried = 10_000, 100
    rng = np.random.default_rng(1)
    group = rng.choice(list("ABCD"), sizes.patients, p=[0.45, 0.25, 0.12, 0.18])
    times, event = rng.exponential(100, sizes.patients), (rng.random(sizes.patients) < 0.8).astype(int)
    own = partial(cpu_seconds, partial(permute_logrank, times, event, group, permutations=arrangements))

    def other() -> None:
        for _ in range(tried):
            survdiff(times, event, rng.permutation(group))

    work = f"log-rank test, {arrangements:,} arrangements, {sizes.patients} patients"
    yield Contest(work, "statsmodels in a loop", 1.00, own, partial(cpu_seconds, other), scale=arrangements / tried)


def endpoints(folder: Path, sizes: Sizes) -> Iterator[Contest]:
    """Yield the derivation of endpoints from files to tables."""
    patients = 5 * sizes.patients
    paths = [str(path) for path in benchmark_endpoints.write_trial(folder, patients, 12).values()]
    own = [sys.executable, str(ROOT / "scripts" / "derive_endpoints.py"), "--out-dir", "out"]
    for kind, path in zip(("patients", "lesions", "assessments"), paths, strict=True):
        own += [f"--{kind}", path]
    copy = "import sys, pandas as pd\nfor p in sys.argv[1:]: pd.read_csv(p, dtype=str).to_csv(p + '.copy', index=False)"
    other = [sys.executable, "-c", copy, *paths]
    work, rival = f"`derive_endpoints`, {patients:,} patients of 13 scans", "pandas copies the tables as text"
    yield Contest(work, rival, None, cost_of(own, folder), cost_of(other, folder))


def report(folder: Path, sizes: Sizes) -> Iterator[Contest]:
    """Yield the report with a page a patient."""
    tables = make_tables(sizes.patients)
    write_run(folder, tables)

    def own() -> None:
        write_report(read_made(folder), folder / "report")

    other = partial(benchmark_report.draw_bare, tables["timepoints"], folder / "course.svg")
    work, rival = f"`write_report`, {sizes.patients} patients", "bare matplotlib, one line a patient"
    yield Contest(work, rival, None, partial(cpu_seconds, own), partial(cpu_seconds, other))


def planning(folder: Path, sizes: Sizes) -> Iterator[Contest]:
    """Yield the plan of a trial whose samples are quantified."""
    trial, bare = folder / "trial", folder / "bare"
    benchmark_scale.prepare(trial, sizes.samples, 4000, 8)
    benchmark_scale.stand_in(trial)
    benchmark_scale.prepare_bare(trial, bare)
    own = partial(benchmark_scale.snakemake, trial, "--dry-run")
    other = partial(benchmark_scale.bare_dry_run, bare)
    work = f"plan of a trial, {sizes.samples} quantified samples"
    yield Contest(
        work, "a bare Snakefile of the same jobs", None, partial(cpu_seconds, own), partial(cpu_seconds, other)
    )


PARTS = {part.__name__: part for part in (reads, alignments, signatures, tests, endpoints, report, planning)}


def machine() -> str:
    """Describe the machine in general terms: cores, processor, memory, and how busy it is."""
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", info.read_text()) if info.is_file() else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = os.getloadavg()[1]
    name = model[1] if model else platform.machine()
    return f"{os.cpu_count()} cores, {name}, {memory:.0f} GB; load {load:.0f} when begun"


def versions() -> str:
    """Name the versions of the tools that were measured."""
    words = []
    for tool in (["salmon", "--version"], ["fastp", "--version"], ["samtools", "--version"], ["kallisto", "version"]):
        if shutil.which(tool[0]):
            said = subprocess.run(tool, capture_output=True, text=True, errors="replace", check=False)
            match = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
            words.append(f"{tool[0]} {match[0] if match else ''}")
    return ", ".join(words)


def table(parts: Sequence[str], sizes: Sizes, repeats: int) -> str:
    """Measure parts; print rows as they come, and give the table."""
    text = f"{machine()}.\n{versions()}. Medians of {repeats}.\n\n{HEAD}"
    print(text, end="", flush=True)
    for part in parts:
        with tempfile.TemporaryDirectory() as name:
            for contest in PARTS[part](Path(name), sizes):
                row = row_of(contest, repeats)
                print(row, end="", flush=True)
                text += row
    return text


def write_between_marks(page: Path, text: str) -> None:
    """Put a table into a page, in place of the one that is there."""
    before, rest = page.read_text().split(MARKS[0])
    page.write_text(before + MARKS[0] + text + MARKS[1] + rest.split(MARKS[1])[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--write", type=Path, help="a page with the marks of the table")
    arguments = parser.parse_args()
    text = table(arguments.only, Sizes(arguments.pairs, arguments.samples, arguments.patients), arguments.repeats)
    if arguments.write:
        write_between_marks(arguments.write, text)


if __name__ == "__main__":
    main()
