"""Which config a run takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from warm import snakemake

ROOT = Path(__file__).resolve().parents[2]
PATIENTS = "patient_id,arm,pfs_days,pfs_event\nP1,one,100,1\nP2,one,200,0\n"


def test_a_config_named_on_the_command_line_is_not_mixed_with_the_folders_own(tmp_path: Path):
    """The folder's own config asks for samples that do not exist; the named one does not know of them."""
    (tmp_path / "config").mkdir()
    (tmp_path / "patients.csv").write_text(PATIENTS)
    (tmp_path / "config" / "config.yaml").write_text("samples: none.tsv\nclinical: {patients: none.csv}\n")
    (tmp_path / "other.yaml").write_text("clinical: {patients: patients.csv}\n")
    command = [str(Path(sys.executable).parent / "snakemake"), "--snakefile", str(ROOT / "workflow" / "Snakefile")]
    words = [*command, "--directory", str(tmp_path), "--cores", "1", "--dry-run"]
    own = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert own.returncode == 1
    assert "none.csv" in own.stdout + own.stderr
    other = [*words, "--configfile", "other.yaml"]
    named = subprocess.run(other, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert named.returncode == 0, named.stderr[-2000:]
    assert "derive_endpoints" in named.stdout + named.stderr


@pytest.mark.parametrize("asked", [["results/subtypes/calls.tsv"], ["--forcerun", "call_subtypes"]])
def test_a_result_of_samples_that_the_config_lacks_is_told_without_a_traceback(tmp_path: Path, asked: list[str]):
    (tmp_path / "config").mkdir()
    (tmp_path / "patients.csv").write_text(PATIENTS)
    (tmp_path / "config" / "config.yaml").write_text("clinical: {patients: patients.csv}\n")
    command = [*snakemake(), "--snakefile", str(ROOT / "workflow" / "Snakefile"), "--cores", "1", "--dry-run"]
    done = subprocess.run([*command, *asked], capture_output=True, text=True, check=False, cwd=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "samples and expression (or units) of the config, which has clinical tables alone" in said
    assert "Traceback" not in said
