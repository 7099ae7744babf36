"""The manifest lists results of the steps that a run has: those of an earlier kind of run in the folder are none."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENTS = "patient_id,arm,pfs_days,pfs_event\nP1,one,100,1\nP2,one,200,0\n"


def test_a_clinical_run_has_no_step_of_samples_or_of_adverse_events(tmp_path: Path):
    (tmp_path / "patients.csv").write_text(PATIENTS)
    (tmp_path / "config.yaml").write_text("clinical: {patients: patients.csv}\n")
    words = ["--snakefile", ROOT / "workflow" / "Snakefile", "--directory", tmp_path, "--cores", "1"]
    words += ["--configfile", tmp_path / "config.yaml", "--dry-run", "--printshellcmds", "--until", "write_manifest"]
    command = [sys.executable, "-m", "snakemake", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    call = re.search(r"write_manifest\.py .*", done.stdout + done.stderr)
    assert call is not None, done.stderr[-2000:]
    given = shlex.split(call[0])
    steps = json.loads(given[given.index("--steps") + 1])
    assert set(steps) == {
        *("derive_endpoints", "build_sets", "test_associations"),
        *("close_accounts", "describe_run", "write_report"),
    }
    assert json.loads(given[given.index("--samples") + 1]) == {}
