"""What a checked config says of a run: its files, and what the rules are wired with.

A planning that remembers its checks needs these alone, so nothing that only checks need is imported here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.files.plain import odd_file
from anpi.files.sheet import file_of
from anpi.files.shipped import ROOT
from anpi.files.stored import is_stored
from anpi.problems import InputError, Problem, odd_path

REFERENCE_FILES = ("transcripts", "gtf", "genome")
# Files that anpi ships in config/, which a run takes when the config names none of its own.
SHIPPED_SETTINGS = {"endpoints": "endpoints.yaml", "plan": "plan.yaml"}


@dataclass(frozen=True)
class Run:
    """A run whose inputs were checked.

    Parameters
    ----------
    config : dict
        With every default filled in.
    samples : pandas.DataFrame or None
        Sample sheet; None when the run has no expression.
    units : pandas.DataFrame or None
        Units of the samples in use; None when a matrix is given.
    used : list of str
        Samples that take part, sorted.
    sexes : dict of str to str
        F or M by patient of a sample that takes part, as the clinical table says.
    notes : list of str
        What is said when a run is planned and stands in no result: dates yet to come, groups of one sample.
    """

    config: dict[str, Any]
    samples: pd.DataFrame | None
    units: pd.DataFrame | None
    used: list[str]
    sexes: dict[str, str]
    notes: list[str] = field(default_factory=list)


def config_paths(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return every path of the config by its key."""
    keys = ("results", "samples", "units", "subtype_model", "endpoints", "plan")
    paths = {key: settings[key] for key in keys}
    paths |= {f"clinical.{table}": path for table, path in settings["clinical"].items()}
    paths |= {f"reference.{name}": settings["reference"][name] for name in REFERENCE_FILES}
    paths |= {f"signatures.gmt.{number}": path for number, path in enumerate(settings["signatures"]["gmt"], start=1)}
    paths["targets.own"] = settings["targets"]["own"]
    paths["strangers.contigs"] = settings["strangers"]["contigs"]
    if settings["expression"]:
        paths["expression.matrix"] = settings["expression"]["matrix"]
    return {key: path for key, path in paths.items() if path is not None}


def path_problems(settings: Mapping[str, Any], file: str) -> list[Problem]:
    """Find paths that a program or Snakemake would read as something else, and results where inputs stand."""
    paths = config_paths(settings)
    problems = []
    for key, path in paths.items():
        expected = odd_path(path)
        if expected:
            problems.append(Problem(file, column=key, found=path, expected=expected))
        elif odd := odd_file(file_of(path), file, key):
            problems.append(odd)
    results = os.path.realpath(settings["results"] or "/") if not problems else ""
    tables = ("samples", "units", "expression.matrix", "clinical.")
    if settings["results"] == "" or results == os.path.realpath("/"):
        problems.append(Problem(file, column="results", found=settings["results"], expected="a folder of its own"))
    elif results and Path(results) in Path.cwd().resolve().parents:
        expected = "a folder in, beside or below the one in which the run is started, not one above it"
        problems.append(Problem(file, column="results", found=settings["results"], expected=expected))
    elif os.path.exists(results) and not os.path.isdir(results):
        problems.append(Problem(file, column="results", found=settings["results"], expected="a folder, not a file"))
    for key, path in paths.items():
        if results and key.startswith(tables) and os.path.dirname(os.path.realpath(path)) == results:
            expected = f"a folder of its own, not that of {key}"
            problems.append(Problem(file, column="results", found=settings["results"], expected=expected))
            break
    return problems


def check_writable(folder: str) -> None:
    """Refuse a folder to write into that is read-only, or would be made in one that is."""
    place = os.path.abspath(folder)
    while not os.path.exists(place):
        place = os.path.dirname(place)
    if not os.access(place, os.W_OK):
        mend = "Mount it for writing, have it opened to you, or take another folder."
        raise InputError(Problem(place, "the folder cannot be written to", mend=mend))


def shipped(path: str | None, name: str) -> Path:
    """Return the user's file, or the one that anpi ships in ``config/``."""
    return Path(path) if path else ROOT / "config" / name


def is_url(value: str) -> bool:
    """Return whether a reference is to be downloaded; objects of S3 are not, Snakemake fetches them."""
    return "://" in value and not is_stored(value)


def counted_alone(reference: Mapping[str, Any], units: pd.DataFrame | None) -> bool:
    """Return whether alignments to the genome are to be counted as they are: genes are given, and no sequences."""
    if units is None or reference["transcripts"] or reference["genome"] or not reference["gtf"]:
        return False
    return set(units["kind"]) == {"bam"} and not (units["aligned_to"] == "transcriptome").any()
