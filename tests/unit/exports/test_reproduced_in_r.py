"""Every row of the results in R (survival, coin, stats), from the exported datasets; skipped without R."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from export_results import FORMATS
from unit.exports.made_run import make_run

from anpi.exports.finished_run import FinishedRun
from anpi.exports.folder import export

SCORES = {"biomarker": "signatures", "signatures": ["gep18"]}
SUBTYPE = {"biomarker": "subtype"}
PLAN: list[dict[str, Any]] = [
    {"entry": "groups", "endpoints": ["pfs", "response", "bor"], **SUBTYPE},
    {"entry": "whole", "endpoints": ["response"], "stratify_by_arm": False, **SUBTYPE},
    {"entry": "adjusted", "endpoints": ["pfs", "response"], "adjust_for": ["age", "sex"], **SUBTYPE},
    {"entry": "scores", "endpoints": ["pfs", "response", "bor"], **SCORES},
    {"entry": "scores_whole", "endpoints": ["response", "bor"], "stratify_by_arm": False, **SCORES},
    {"entry": "scores_adjusted", "endpoints": ["os", "response"], "adjust_for": ["ecog", "sex"], **SCORES},
    {"entry": "halves", "endpoints": ["response"], "cut": "median", **SCORES},
    {"entry": "columns", "endpoints": ["pfs", "response"], "biomarker": "columns", "columns": ["teff"]},
    {"entry": "genes", "endpoints": ["pfs"], "biomarker": "genes", "genes": ["ASCL1"]},
    {"entry": "products", "endpoints": ["pfs", "response"], "interaction_with_arm": True, **SCORES},
    {"entry": "after_response", "endpoints": ["os"], "biomarker": "response"},
]


def r_has(*packages: str) -> bool:
    if shutil.which("Rscript") is None:
        return False
    wanted = "; ".join(f"library({name})" for name in packages)
    return subprocess.run(["Rscript", "-e", wanted], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def r() -> None:
    if not r_has("survival", "coin"):
        pytest.skip("R with survival and coin is not installed")


@pytest.fixture(scope="module")
def exported(r: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_run(tmp_path_factory.mktemp("r"), PLAN, {"discrete_p": "exact"}, count=60, seed=4, hazard_ratio=0.5)


def export_run(folder: Path, plan: list[dict[str, Any]], settings: dict[str, Any], **made: Any) -> Path:
    run = make_run(folder, plan, settings=settings, **made)
    export(FinishedRun(run), "ars", FORMATS["ars"], folder / "ars")
    return folder / "ars"


def reproduce(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["Rscript", "reproduce.R"], cwd=folder, capture_output=True, text=True)


def whole(folder: Path) -> str:
    """Return what R says when it reproduces every row."""
    rows = len(pd.read_csv(folder / "analyses.csv"))
    return f"{rows} rows: {rows} reproduced, 0 differ, 0 not covered"


def test_every_row_is_reproduced(exported: Path):
    done = reproduce(exported)
    assert whole(exported) in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_mid_p_is_reproduced(r: None, tmp_path: Path):
    """Of 24 patients, where ties weigh: within arms by permutation, and of the whole table."""
    plan = [{**entry, "endpoints": ["response"]} for entry in PLAN if entry["entry"] in ("halves", "whole")]
    settings = {"discrete_p": "mid", "permutations": 20_000, "smallest_group": 3}
    folder = export_run(tmp_path, plan, settings, count=24, seed=8)
    table = pd.read_csv(folder / "analyses.csv", dtype=str)
    assert table.loc[table["method"].str.contains("mid-p", na=False), "entry"].tolist() == ["whole", "halves"]
    done = reproduce(folder)
    assert whole(folder) in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
    table["method"] = table["method"].str.replace("mid-p", "p")
    table.to_csv(folder / "analyses.csv", index=False)
    done = reproduce(folder)
    assert "2 differ" in done.stdout, "the exact p is another"


def test_a_number_that_is_not_so_is_found(exported: Path, tmp_path: Path):
    copy = shutil.copytree(exported, tmp_path / "copy")
    table = pd.read_csv(copy / "analyses.csv")
    table = table[table["entry"].eq("genes")]
    table["estimate"] *= 1.0001
    table.to_csv(copy / "analyses.csv", index=False)
    done = reproduce(copy)
    assert done.returncode == 1
    assert "estimate" in done.stdout
