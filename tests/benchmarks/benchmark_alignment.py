"""Cost of measuring an alignment in one pass against samtools stats and the programs of RSeQC on the same BAM.

    python tests/benchmarks/benchmark_alignment.py [--pairs 200000] [--rseqc FOLDER] [--skip geneBody_coverage]

``--rseqc`` names the folder with RSeQC's programs (pip install RSeQC, in an environment of its own); without it
that part is left out, and this is said. The BAM is simulated: pairs of 100 bases of spliced transcripts, sorted by
coordinate; a second one holds everything four times. Prints CPU seconds and peak memory of each program, ratios and
growth.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))

from simulated_alignments import Gene, Library, simulate_genes, write_annotations, write_sam

PROGRAMS = {
    "infer_experiment": ["-s", "100000000"],
    "read_distribution": [],
    "junction_annotation": ["-o", "{out}", "--skip-plot"],
    "junction_saturation": ["-o", "{out}"],
    "inner_distance": ["-o", "{out}", "-k", "100000000"],
    "read_GC": ["-o", "{out}"],
    "geneBody_coverage": ["-o", "{out}", "--skip-plot"],
    "tin": [],
    "read_duplication": ["-o", "{out}"],
}
LAUNCH = """
import os, sys
child = os.fork()
if not child:
    os.execvp(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as out:
    out.write(f"[{usage.ru_utime + usage.ru_stime}, {usage.ru_maxrss}]")
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""
WITHOUT_GENES = ("read_GC", "read_duplication")


def write_bams(folder: Path, genes: list[Gene], pairs: int, draw: np.random.Generator) -> None:
    """Write one.bam, sorted by coordinate, and four.bam, which holds everything four times."""
    one, four = str(folder / "one.bam"), str(folder / "four.bam")
    sort = ["samtools", "sort", "-m", "300M", "-o", one, "-"]
    with subprocess.Popen(sort, stdin=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL) as into:
        assert into.stdin is not None
        write_sam(into.stdin, genes, Library(pairs), draw)
    subprocess.run(["samtools", "merge", "-f", four, one, one, one, one], check=True)
    for file in (one, four):
        subprocess.run(["samtools", "index", file], check=True)


def measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a program; give its CPU seconds and its peak memory in MB.

    From a small process: a fork of this large one would count this one's memory.
    """
    with open(folder / "out.txt", "w") as out, open(folder / "err.txt", "w") as err:
        words = [sys.executable, "-S", "-c", LAUNCH, "cost.json", *command]
        status = subprocess.run(words, cwd=folder, stdout=out, stderr=err).returncode
    if status:
        sys.exit(f"{command[0]}: {(folder / 'err.txt').read_text()[-2000:]}")
    seconds, kilobytes = json.loads((folder / "cost.json").read_text())
    return seconds, kilobytes / 1024


def show(name: str, cost: tuple[float, float]) -> None:
    print(f"{name:28s} {cost[0]:8.1f} s {cost[1]:8.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--rseqc", type=Path, help="folder with RSeQC's programs")
    parser.add_argument("--skip", nargs="*", default=[], choices=list(PROGRAMS), help="programs of RSeQC to leave out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        draw = np.random.default_rng(1)
        genes = simulate_genes(arguments.genes, draw)
        write_annotations(folder, genes)
        write_bams(folder, genes, arguments.pairs, draw)
        own = [sys.executable, str(ROOT / "scripts" / "measure_alignment.py"), "--gene-model", "genes.npz"]
        build = [
            sys.executable,
            str(ROOT / "scripts" / "build_gene_model.py"),
            "--gtf",
            "genes.gtf",
            "--out",
            "genes.npz",
        ]
        show("gene model", measure(build, folder))
        costs = {}
        for file in ("one", "four"):
            costs[file] = measure([*own, "--alignment", f"{file}.bam", "--out", f"{file}.json"], folder)
            show(f"one pass, {file}", costs[file])
        facts = {file: json.loads((folder / f"{file}.json").read_text()) for file in costs}
        stats = measure(["samtools", "stats", "one.bam"], folder)
        show("samtools stats, one", stats)
        others = [stats]
        if arguments.rseqc is None:
            print("RSeQC is left out: --rseqc names no folder")
        for name, options in PROGRAMS.items() if arguments.rseqc else ():
            if name in arguments.skip:
                print(f"{name} is left out, as told")
                continue
            words = [word.format(out=name) for word in options]
            bed = [] if name in WITHOUT_GENES else ["-r", "genes.bed"]
            others.append(
                measure([str(arguments.rseqc.resolve() / f"{name}.py"), "-i", "one.bam", *bed, *words], folder)
            )
            show(f"{name}, one", others[-1])
        records = 2 * arguments.pairs
        rate = records / costs["one"][0]
        print(f"records: {records} and {4 * records}; {rate:.0f} records a CPU second")
        print(f"all others to one pass: {sum(cost[0] for cost in others) / costs['one'][0]:.1f} times the time")
        print(f"the largest of the others to one pass: {max(c[1] for c in others) / costs['one'][1]:.2f} of the memory")
        grown = costs["four"][0] / costs["one"][0], costs["four"][1] / costs["one"][1]
        print(f"four times the records: {grown[0]:.2f} times the time, {grown[1]:.2f} of the memory")
        same = {name for name, value in facts["one"].items() if value == facts["four"][name]}
        told = ("exonic_share", "aligned_strandedness", "fragment_length_median", "junctions", "error_rate")
        assert set(told) <= same, set(told) - same
        print({name: facts["one"][name] for name in told})


if __name__ == "__main__":
    main()
