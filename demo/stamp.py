"""What a folder was simulated with, so that a second call can leave it alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.files.writing import write_json

STAMP = Path("truth") / "simulation.json"
WRITTEN = ("config/**/*", "reads/*", "reference/transcripts.fa.gz", "truth/*")


def genes_digest(genes: pd.DataFrame) -> str:
    """Digest the simulated transcriptome's genes: it changes when a model or signature asks for other genes."""
    return hashlib.sha256(genes.to_csv(float_format="%.6g").encode()).hexdigest()[:16]


def stands(folder: Path, facts: Mapping[str, Any]) -> bool:
    """Return whether the folder holds, whole, what was simulated with the same facts."""
    stamp = read_stamp(folder)
    return stamp.get("facts") == dict(facts) and stamp.get("files") == file_sizes(folder)


def lift_stamp(folder: Path) -> None:
    """Take away the stamp and the files that it lists: they are about to be simulated anew."""
    for name in read_stamp(folder).get("files", {}):
        (folder / name).unlink(missing_ok=True)
    (folder / STAMP).unlink(missing_ok=True)


def set_stamp(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write down what the folder was simulated with; the last file of a simulation."""
    write_json(folder / STAMP, {"facts": dict(facts), "files": file_sizes(folder)})


def read_stamp(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def file_sizes(folder: Path) -> dict[str, int]:
    paths = [path for pattern in WRITTEN for path in folder.glob(pattern) if path.is_file()]
    return {str(path.relative_to(folder)): path.stat().st_size for path in paths if path != folder / STAMP}
