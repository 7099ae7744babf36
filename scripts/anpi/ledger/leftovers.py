"""What samples that were taken out left in the results folder."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from anpi.files.made_from import RECORDS
from anpi.trial.compared import Leftovers

OF_SAMPLES = ("logs/*/{}.log", "benchmarks/*/{}.tsv", RECORDS + "/samples/{}")


def find_leftovers(results: Path, used: Collection[str]) -> Leftovers:
    """List folders of samples that take no part any more. No table or page of the run holds them."""
    folder = results / "samples"
    present = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    samples = [name for name in present if name not in used]
    places = [place for sample in samples for place in places_of(results, sample)]
    return {"samples": samples, "command": shlex.join(["rm", "-r", "--", *places]) if places else ""}


def places_of(results: Path, sample: str) -> list[str]:
    """List what a sample has in the results folder, by paths below it."""
    files = sorted(file for pattern in OF_SAMPLES for file in results.glob(pattern.format(sample)))
    return [f"samples/{sample}", *(file.relative_to(results).as_posix() for file in files)]
