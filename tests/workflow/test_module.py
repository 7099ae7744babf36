"""The workflow as a module of another one, as users and snakedeploy write it; one step asked for by its name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import warm

from workflow.running import ROOT, environment

pytestmark = pytest.mark.workflow

PATIENTS = "patient_id,arm,pfs_days,pfs_event\nP1,one,100,1\nP2,one,200,0\n"
MODULE = """
configfile: "config/config.yaml"

module anpi:
    snakefile: {snakefile}
    config: config

use rule * from anpi{renamed}
"""
ALL = """
rule after:
    default_target: True
    input: rules.anpi_all.input
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of another workflow, with a trial of two patients and no samples."""
    for folder in ("config", "workflow"):
        (tmp_path / folder).mkdir()
    (tmp_path / "patients.csv").write_text(PATIENTS)
    (tmp_path / "config" / "config.yaml").write_text("clinical: {patients: patients.csv}\n")
    return tmp_path


def snakemake(folder: Path, *words: str, **variables: str) -> str:
    done = subprocess.run(
        [*warm.snakemake(), "--cores", "1", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment(**variables),
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout + done.stderr


def test_rules_of_the_module_run_under_other_names_and_are_described_by_their_own(project: Path):
    snakefile = repr(str(ROOT / "workflow" / "Snakefile"))
    (project / "workflow" / "Snakefile").write_text(MODULE.format(snakefile=snakefile, renamed=" as anpi_*") + ALL)
    said = snakemake(project)
    assert "rule anpi_derive_endpoints" in said
    manifest = json.loads((project / "results" / "manifest.json").read_text())
    assert set(manifest["steps"]) == {
        *("derive_endpoints", "build_sets", "close_accounts", "test_associations", "describe_run", "write_report")
    }
    assert "Nothing to be done" in snakemake(project, "--dry-run")


@pytest.fixture
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Publish the project as lab/anpi with a tag, and let git find it there in place of GitHub."""
    place = tmp_path_factory.mktemp("github")
    source = place / "source"
    for name in ("workflow", "scripts", "config", "resources", "envs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("*.pyc", "__pycache__"))
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-C", str(source)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"], ["tag", "v1.0"]):
        subprocess.run([*git, *words], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(source), str(place / "lab" / "anpi")], check=True)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{place}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "XDG_CACHE_HOME": str(place / "cache"),
    }


def test_what_snakedeploy_writes_runs(project: Path, published: dict[str, str]):
    """It names a repository and a tag; the programs lie in no folder of this machine before."""
    declared = 'github("lab/anpi", path="workflow/Snakefile", tag="v1.0")'
    (project / "workflow" / "Snakefile").write_text(MODULE.format(snakefile=declared, renamed=""))
    snakemake(project, "derive_endpoints", **published)
    assert (project / "results" / "clinical" / "endpoints.tsv").is_file()
    commands = snakemake(project, "--dry-run", "--forceall", "--printshellcmds", **published)
    programs = {Path(path) for path in re.findall(r"(\S+/scripts/\w+\.py)", commands)}
    assert programs
    assert all(path.is_relative_to(published["XDG_CACHE_HOME"]) for path in programs)


def test_snakedeploy_finds_the_profiles(tmp_path: Path):
    """It copies the folder profiles at the top of a repository; Snakemake looks in it, too."""
    copied = shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    for name in os.listdir(ROOT / "workflow" / "profiles"):
        own = ROOT / "workflow" / "profiles" / name / "profile.yaml"
        assert (copied / name / "profile.yaml").read_bytes() == own.read_bytes()


def test_a_step_is_asked_for_by_its_name(project: Path):
    """The config is found in the folder of the trial; ``--configfile`` would take the name for another config."""
    snakefile = str(ROOT / "workflow" / "Snakefile")
    words = ["--snakefile", snakefile, "--directory", str(project), "--cores", "1", "build_sets"]
    said = snakemake(project.parent, *words, "--dry-run")
    jobs = re.findall(r"^(\w+)\s+1$", said.split("Job stats:")[1].split("total")[0], flags=re.M)
    assert jobs == ["derive_endpoints", "build_sets"]
