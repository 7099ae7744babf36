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
CONTIGS = 20
CONTIG_LENGTH = 150_000_000
EXONS = 8
READ = 100
PROGRAMS = {
    "infer_experiment": ["-s", "100000000"],
    "read_distribution": [],
    "junction_annotation": ["-o", "{out}", "--skip-plot"],
    "junction_saturation": ["-o", "{out}"],
    "inner_distance": ["-o", "{out}", "-k", "100000000"],
    "read_GC": ["-o", "{out}"],
    "geneBody_coverage": ["-o", "{out}", "--skip-plot"],
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
WITHOUT_GENES = ("read_GC",)


def simulate_genes(count: int, draw: np.random.Generator) -> list[tuple[str, str, np.ndarray, np.ndarray]]:
    """Lay genes of eight exons side by side: contig, strand, starts and ends of exons."""
    genes = []
    room = CONTIG_LENGTH * CONTIGS // count
    for number in range(count):
        contig, place = divmod(number * room, CONTIG_LENGTH)
        lengths = np.append(draw.integers(80, 300, EXONS - 1), draw.integers(300, 3000))
        strand = "+-"[number % 2]
        lengths = lengths if strand == "+" else lengths[::-1]
        gaps = draw.integers(200, max(room // EXONS - 500, 300), EXONS)
        starts = place + np.cumsum(gaps) + np.cumsum(lengths) - lengths
        genes.append((f"chr{contig + 1}", strand, starts, starts + lengths))
    return genes


def write_annotations(folder: Path, genes: list[tuple[str, str, np.ndarray, np.ndarray]]) -> None:
    with open(folder / "genes.gtf", "w") as gtf, open(folder / "genes.bed", "w") as bed:
        for number, (contig, strand, starts, ends) in enumerate(genes):
            name = f'gene_id "G{number}"; transcript_id "G{number}.1"; gene_type "protein_coding";'
            for start, end in zip(starts, ends, strict=True):
                print(contig, "test", "exon", start + 1, end, ".", strand, ".", name, sep="\t", file=gtf)
            sizes = ",".join(map(str, ends - starts))
            offsets = ",".join(map(str, starts - starts[0]))
            thick = (starts[0], ends[-1])
            place = (contig, starts[0], ends[-1], f"G{number}.1", 0, strand)
            print(*place, *thick, 0, EXONS, sizes, offsets, sep="\t", file=bed)


def place_read(starts: np.ndarray, ends: np.ndarray, first: int) -> tuple[int, str, int]:
    """Give first base (from 1), CIGAR and end of a read from base ``first`` of the spliced transcript on."""
    before = np.cumsum(ends - starts)
    exon = int(np.searchsorted(before, first, "right"))
    position = int(ends[exon] - (before[exon] - first))
    begin, left, cigar = position + 1, READ, ""
    while left:
        here = min(left, int(ends[exon]) - position)
        cigar += f"{here}M"
        left -= here
        position += here
        if left:
            exon += 1
            cigar += f"{starts[exon] - position}N"
            position = int(starts[exon])
    return begin, cigar, position


def write_bam(folder: Path, genes: list[tuple[str, str, np.ndarray, np.ndarray]], pairs: int, draw) -> None:
    lengths = np.array([(ends - starts).sum() for _, _, starts, ends in genes])
    weights = draw.lognormal(0, 2, len(genes)) * lengths
    chosen = np.sort(draw.choice(len(genes), pairs, p=weights / weights.sum()))
    fragments = np.clip(draw.normal(250, 60, pairs).astype(int), READ, lengths[chosen])
    firsts = (draw.random(pairs) * (lengths[chosen] - fragments + 1)).astype(int)
    letters = "".join(np.array(list("ACGT"))[draw.integers(0, 4, 1 << 20)])
    offsets = draw.integers(0, len(letters) - READ, (pairs, 2))
    header = "".join(f"@SQ\tSN:chr{i + 1}\tLN:{CONTIG_LENGTH + 1_000_000}\n" for i in range(CONTIGS))
    sort = ["samtools", "sort", "-m", "300M", "-o", str(folder / "one.bam"), "-"]
    with subprocess.Popen(sort, stdin=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL) as into:
        assert into.stdin is not None
        into.stdin.write("@HD\tVN:1.6\n" + header)
        rows = zip(chosen.tolist(), firsts.tolist(), fragments.tolist(), offsets.tolist(), strict=True)
        for number, (gene, first, fragment, (one, two)) in enumerate(rows):
            contig, strand, starts, ends = genes[gene]
            left, left_cigar, _ = place_read(starts, ends, first)
            right, right_cigar, end = place_read(starts, ends, first + fragment - READ)
            # mate 1 against the gene, as dUTP libraries have it
            flags = (163, 83) if strand == "+" else (99, 147)
            tail = f"{'I' * READ}\tNM:i:{number % 3 == 0:d}\n"
            name, span = f"read.{number}", end - left + 1
            near = f"{name}\t{flags[0]}\t{contig}\t{left}\t255\t{left_cigar}\t=\t{right}\t{span}"
            far = f"{name}\t{flags[1]}\t{contig}\t{right}\t255\t{right_cigar}\t=\t{left}\t{-span}"
            into.stdin.write(f"{near}\t{letters[one : one + READ]}\t{tail}{far}\t{letters[two : two + READ]}\t{tail}")
    one, four = str(folder / "one.bam"), str(folder / "four.bam")
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
        write_bam(folder, genes, arguments.pairs, draw)
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
