"""How often Snakemake looks for jobs to start: held against the Snakemake that is locked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from warm import snakemake

from anpi.files.shipped import ROOT

JOBS = 8
SNAKEFILE = f"""
import sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
from anpi.wiring.cluster import spare_starts_and_waits

onstart:
    spare_starts_and_waits(workflow)

rule all:
    input: expand("made/{{number}}", number=range({JOBS}))

rule one:
    output: "made/{{number}}"
    shell: "sleep 0.4; touch {{output}}"
"""


@pytest.mark.parametrize(("bound", "spared"), [((), True), (("--max-jobs-per-timespan", "99/1s"), False)])
def test_jobs_are_looked_for_once_for_each_that_ends(tmp_path: Path, bound: tuple[str, ...], spared: bool) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    command = [*snakemake(), "--cores", "1", "--verbose", *bound]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "made").iterdir())) == JOBS
    looks = done.stderr.count("Resources before job selection")
    assert (looks == JOBS + 1) == spared  # and once for the target
