"""Cost of a dry run and of one more sample, with 10, 100 and 1,000 finished samples.

    python tests/benchmarks/benchmark_planning.py [--samples 10 100 1000]

Quantification is stubbed: samples come as prepared salmon tables, and the per-sample results are laid out
beforehand and marked as made. Planning, the new sample's job and every cohort step are real. The rival is a bare
Snakefile with as many jobs of the same shape (a shell line a job), planned in the same run: the ratio is what checks
and digests cost.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PROGRAMS = ROOT / "scripts"
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
BARE = """
SAMPLES = [line.strip() for line in open("samples.txt")]
rule all:
    input: "merged.txt"
rule quantify:
    output: "out/{sample}.quant"
    shell: "touch {output}"
rule summarise:
    input: "out/{sample}.quant"
    output: "out/{sample}.genes"
    shell: "touch {output}"
rule merge:
    input: expand("out/{sample}.genes", sample=SAMPLES)
    output: "merged.txt"
    shell: "touch {output}"
"""


def call(command: list[str], folder: Path) -> tuple[float, str]:
    """Run a command to its end; give wall seconds and what it says."""
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    if done.returncode:
        sys.exit((done.stdout + done.stderr)[-4000:])
    return time.perf_counter() - begin, done.stdout + done.stderr


def snakemake(folder: Path, *words: str) -> tuple[float, str]:
    snakefile = str(ROOT / "workflow" / "Snakefile")
    config = str(folder / "config" / "config.yaml")
    return call(
        [
            *("snakemake", "--snakefile", snakefile, "--directory", str(folder)),
            "--configfile",
            config,
            "--cores",
            "2",
            *words,
        ],
        folder,
    )


def prepare(folder: Path, template: Path, count: int) -> None:
    """Lay out a trial of ``count`` patients, one prepared salmon table each, and what its sample jobs would make."""
    trial = [
        sys.executable,
        str(PROGRAMS / "simulate_demo.py"),
        "--out",
        str(folder),
        "--patients",
        str(max(count, 16)),
    ]
    call([*trial, "--pairs", "1000"], ROOT)
    shutil.rmtree(folder / "reads")
    sheets = folder / "config"
    samples = pd.read_csv(sheets / "samples.tsv", sep="\t", dtype=str).drop_duplicates("patient_id").head(count)
    samples.to_csv(sheets / "samples.tsv", sep="\t", index=False)
    quant = [f"salmon/{sample}/quant.sf" for sample in samples["sample_id"]]
    pd.DataFrame({"sample_id": samples["sample_id"], "unit_id": "L1", "quant": quant}).to_csv(
        sheets / "units.tsv", sep="\t", index=False
    )
    for sample in samples["sample_id"]:
        lay_out(folder, template, sample)


def lay_out(folder: Path, template: Path, sample: str, finished: bool = True) -> None:
    (folder / "salmon" / sample).mkdir(parents=True)
    shutil.copy(template / "salmon" / "quant.sf", folder / "salmon" / sample)
    if finished:
        (folder / "results" / "samples" / sample).mkdir(parents=True)
        for name in ("genes.parquet", "qc.json"):
            shutil.copy(template / name, folder / "results" / "samples" / sample)


def add_sample(folder: Path, template: Path) -> None:
    sheets = folder / "config"
    samples = pd.read_csv(sheets / "samples.tsv", sep="\t", dtype=str)
    units = pd.read_csv(sheets / "units.tsv", sep="\t", dtype=str)
    new = samples.iloc[[0]].assign(sample_id="one-more", timepoint="on_treatment")
    pd.concat([samples, new]).to_csv(sheets / "samples.tsv", sep="\t", index=False)
    row = units.iloc[[0]].assign(sample_id="one-more", quant="salmon/one-more/quant.sf")
    pd.concat([units, row]).to_csv(sheets / "units.tsv", sep="\t", index=False)
    lay_out(folder, template, "one-more", finished=False)


def make_template(folder: Path) -> Path:
    """Quantify one sample for real; its results are every sample's."""
    trial = folder / "template"
    call([sys.executable, str(PROGRAMS / "simulate_demo.py"), "--out", str(trial), "--patients", "16"], ROOT)
    sample = pd.read_csv(trial / "config" / "samples.tsv", sep="\t")["sample_id"][0]
    snakemake(trial, f"results/samples/{sample}/genes.parquet")
    return trial / "results" / "samples" / sample


def bare_dry_run(folder: Path, count: int) -> float:
    folder.mkdir()
    (folder / "Snakefile").write_text(BARE)
    (folder / "samples.txt").write_text("".join(f"S{i}\n" for i in range(count)))
    (folder / "out").mkdir()
    for i in range(count):
        (folder / "out" / f"S{i}.quant").touch()
        (folder / "out" / f"S{i}.genes").touch()
    (folder / "merged.txt").touch()
    return call(["snakemake", "--cores", "1", "--dry-run"], folder)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=[10, 100, 1000])
    arguments = parser.parse_args()
    print("samples  dry_run_s  bare_s  ratio  add_one_s  jobs_of_add  peak_child_MB")
    with tempfile.TemporaryDirectory() as name:
        template = make_template(Path(name))
        for count in arguments.samples:
            folder = Path(name) / str(count)
            prepare(folder, template, count)
            snakemake(folder, "--touch", "--until", "summarise_sample", "build_reference")
            snakemake(folder)
            nothing, said = snakemake(folder, "--dry-run")
            assert "Nothing to be done" in said, said[-2000:]
            bare = bare_dry_run(Path(name) / f"bare{count}", count)
            add_sample(folder, template)
            adding, said = snakemake(folder)
            jobs = re.search(r"^total\s+(\d+)", said, flags=re.M)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
            added = jobs.group(1) if jobs else "?"
            print(f"{count:7d} {nothing:10.1f} {bare:7.1f} {nothing / bare:6.2f} {adding:10.1f} {added:>12} {peak:14d}")


if __name__ == "__main__":
    main()
