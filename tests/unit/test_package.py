"""The wheel: built from the repository, installed into an environment of its own, run far from the clone."""

from __future__ import annotations

import csv
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# TPM of one tumour that is plainly SCLC-A: a few genes do not suffice for a call, which is said.
GENES = {"ASCL1": 500.0, "INSM1": 300.0, "DLL3": 70.0, "NEUROD1": 2.0, "POU2F3": 0.1, "YAP1": 3.0}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of programs of an environment that holds the wheel, and the locked packages by a path."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    (wheel,) = folder.glob("anpi-*.whl")
    python = folder / "venv" / "bin" / "python"
    uv = [Path(sys.executable).parent / "uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python]
    subprocess.run([*uv, wheel], check=True, capture_output=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    (site / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def run(program: Path, *words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False)


def test_the_command_calls_subtypes_of_one_sample(installed: Path, tmp_path: Path):
    (tmp_path / "tpm.tsv").write_text("gene\tS1\n" + "".join(f"{gene}\t{tpm}\n" for gene, tpm in GENES.items()))
    words = ("call-subtypes", "--expression", "tpm.tsv", "--unit", "tpm", "--out", "calls.tsv")
    done = run(installed / "anpi", *words, cwd=tmp_path)
    assert done.returncode == 0
    said = done.stderr.splitlines()
    assert said[0] == "tpm.tsv: 6 of 6 gene names found in the annotation"
    assert [line for line in said[1:] if "of a part of the genes alone?" not in line] == []
    with open(tmp_path / "calls.tsv") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert row["sample_id"] == "S1"
    assert row["call"] == "none"
    assert row["reason"] != "NA"


def test_the_package_and_its_data_are_those_installed(installed: Path, tmp_path: Path):
    code = "import anpi, anpi.files.shipped as s; print(anpi.__file__, s.ROOT, anpi.call_subtypes.__module__)"
    done = run(installed / "python", "-c", code, cwd=tmp_path)
    place, data, module = done.stdout.split()
    assert Path(place).is_relative_to(installed.parent)
    assert Path(data).is_relative_to(installed.parent)
    assert module == "anpi.api"


def test_a_trial_is_begun_by_its_short_name(installed: Path, tmp_path: Path):
    done = run(installed / "anpi", "init", "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "--reads" in done.stdout


def test_an_unknown_program_is_told_with_the_nearest(installed: Path, tmp_path: Path):
    done = run(installed / "anpi", "call-subtype", cwd=tmp_path)
    assert done.returncode == 2
    assert "Is it call-subtypes?" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_program_but_the_simulator_is_listed(installed: Path, tmp_path: Path):
    said = run(installed / "anpi", "--help", cwd=tmp_path).stdout
    names = {file.stem.replace("_", "-") for file in (ROOT / "scripts").glob("*.py")} - {"simulate-demo"}
    assert names == {line.split()[0] for line in said.splitlines()[2:]}


def test_the_stub_names_what_the_package_gives():
    from anpi import api

    stub = (ROOT / "scripts" / "anpi" / "__init__.pyi").read_text()
    assert {line.split()[-1] for line in stub.splitlines() if line.startswith("from")} == set(api.__all__)
