"""What a run was made from: versions, settings, checksums. Nothing in it names a host, a user or a place."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from anpi import __version__
from anpi.provenance import file_digest
from anpi.tables.schema import ROOT

PACKAGES = (
    "anndata",
    "firthmodels",
    "gseapy",
    "lifelines",
    "matplotlib",
    "numpy",
    "pandas",
    "pydeseq2",
    "pysam",
    "scanpy",
    "scikit-learn",
    "scikit-survival",
    "scipy",
    "snakemake",
    "statsmodels",
)
TOOLS = ("salmon", "fastp", "samtools")
FOLDERS = [
    "analysis",
    "association",
    "clinical",
    "cohort",
    "exploration",
    "expression",
    "immune",
    "qc",
    "report",
    "subtypes",
]
KINDS = {".tsv", ".csv", ".gz", ".json", ".h5ad", ".html", ".xlsx"}
VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")


def build_manifest(
    settings: Mapping[str, Any],
    inputs: Iterable[Path],
    resources: Iterable[Path],
    results: Path,
    samples: Sequence[str],
) -> dict[str, Any]:
    """Describe a run.

    Parameters
    ----------
    settings : mapping
        The config with its defaults.
    inputs : iterable of Path
        Tables, matrix and reference of the user; the checksums of reads come from the quantify step.
    resources : iterable of Path
        Shipped files and folders that the run reads.
    results : Path
        Folder of the results.
    samples : sequence of str
        Samples that take part; folders of samples that were taken out since are passed over.
    """
    return {
        "anpi": __version__,
        "commit": commit(),
        "settings": placeless(settings),
        "software": {"python": platform.python_version(), **package_versions(), **tool_versions()},
        "inputs": {placeless(str(path)): file_digest(path) for path in sorted(set(inputs))},
        "reads": read_checksums(results, samples),
        "resources": {
            file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name: file_digest(file)
            for resource in resources
            for file in (sorted(resource.rglob("*")) if resource.is_dir() else [resource])
            if file.is_file()
        },
        "results": result_checksums(results, samples),
    }


def placeless(value: Any) -> Any:
    """Take the place out of paths: an absolute one keeps its last two parts, whatever holds them."""
    if isinstance(value, Mapping):
        return {key: placeless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [placeless(item) for item in value]
    if isinstance(value, str) and Path(value).is_absolute():
        return "…/" + "/".join(Path(value).parts[-2:])
    return value


def commit() -> str | None:
    """Give the git commit of the installation, with ``+changes`` when files differ from it; None outside git."""
    try:
        head = git("rev-parse", "HEAD")
        return f"{head}+changes" if git("status", "--porcelain", "--untracked-files=no") else head
    except (OSError, subprocess.CalledProcessError):
        return None


def git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True).stdout.strip()


def package_versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in PACKAGES}


def tool_versions() -> dict[str, str | None]:
    """Ask each program for its version; None when it is not here (it may be in an environment of its own)."""
    versions: dict[str, str | None] = {}
    for tool in TOOLS:
        try:
            answer = subprocess.run([tool, "--version"], capture_output=True, text=True, errors="replace", check=False)
        except OSError:
            versions[tool] = None
            continue
        match = VERSION.search(answer.stdout + answer.stderr)
        versions[tool] = match.group() if match else None
    return versions


def read_checksums(results: Path, samples: Sequence[str]) -> dict[str, list[str]]:
    """Collect the checksums of the reads as the quantify step found them, by sample and unit."""
    found: dict[str, list[str]] = {}
    for sample in samples:
        file = results / "samples" / sample / "reads.json"
        if file.is_file():
            units = json.loads(file.read_text())["units"]
            found |= {f"{sample}/{unit['unit_id']}": unit["sha256"] for unit in units}
    return found


def result_checksums(results: Path, samples: Sequence[str]) -> dict[str, str]:
    """Checksum the tables and pages of the results."""
    files: set[Path] = set()
    for folder in FOLDERS:
        files |= {file for file in (results / folder).rglob("*") if file.is_file() and file.suffix in KINDS}
    for sample in samples:
        files |= set((results / "samples" / sample).glob("genes.parquet"))
    return {file.relative_to(results).as_posix(): file_digest(file) for file in sorted(files)}
