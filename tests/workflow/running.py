"""How tests start the workflow from a clone and read what it plans, runs and leaves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from warm import snakemake

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SHIPPED = ("workflow", "scripts", "config", "resources", "envs", "demo")
# MultiQC writes a new identity into each of its reports
DIFFERS_BY_NATURE = {".snakemake", "logs", "benchmarks", "config", "truth", "reads", "multiqc"}


def clone(target: Path) -> Path:
    """Copy what a fresh clone holds of the program, with new times."""
    for name in SHIPPED:
        shutil.copytree(
            ROOT / name, target / name, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("*.pyc")
        )
    return target


def copy(installation: Path, folder: Path) -> Path:
    """Copy an installation with new times, to be edited or touched."""
    return Path(shutil.copytree(installation, folder / "anpi", copy_function=shutil.copyfile))


def command(installation: Path, trial: Path, *words: str, **variables: str) -> list[str]:
    """Return the words that run Snakemake, in an environment with other variables."""
    config = trial / "config" / "config.yaml"
    snakefile = installation / "workflow" / "Snakefile"
    return [
        *(*snakemake(**variables), "--snakefile", str(snakefile), "--directory", str(trial)),
        *("--configfile", str(config), "--cores", "2", *words),
    ]


def environment(**others: str) -> dict[str, str]:
    """Return the environment of a run: this one with the Python packages' folder first, and others' settings."""
    return {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **others}


def attempt(installation: Path, trial: Path, *words: str, **variables: str) -> tuple[int, str]:
    """Run Snakemake, in an environment with other variables; give its exit code and what it says."""
    done = subprocess.run(
        command(installation, trial, *words, **variables),
        capture_output=True,
        text=True,
        env=environment(**variables),
        check=False,
        cwd=trial,
    )
    return done.returncode, done.stdout + done.stderr


def run(installation: Path, trial: Path, *words: str, **variables: str) -> str:
    """Run Snakemake to its good end; give what it says."""
    code, said = attempt(installation, trial, *words, **variables)
    assert code == 0, said[-5000:]
    return said


def planned(installation: Path, trial: Path, *targets: str) -> dict[str, int]:
    """Count the jobs of each rule that a run would execute."""
    said = run(installation, trial, "--dry-run", *targets)
    if "Nothing to be done" in said:
        return {}
    table = said.split("Job stats:")[1].split("total")[0]
    jobs = {name: int(count) for name, count in re.findall(r"^(\w+)\s+(\d+)$", table, flags=re.M)}
    return {name: count for name, count in jobs.items() if name != "all"}


def results_of(trial: Path) -> dict[str, bytes]:
    """Read every result that must be the same in every run.

    salmon orders the contigs of an index anew at each build, so the index itself is left out; what is quantified
    against it is not.
    """
    results = trial / "results"
    files = [file for file in results.rglob("*") if file.is_file() and "salmon_index" not in file.parts]
    return {
        str(file.relative_to(results)): file.read_bytes()
        for file in files
        if file.relative_to(results).parts[0] not in DIFFERS_BY_NATURE
    }
