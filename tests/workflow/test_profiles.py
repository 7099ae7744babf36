"""The profiles: keys that Snakemake knows, groups that can run, and jobs that ask for what a cluster can give."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.api import SnakemakeApi
from snakemake.resources import Resource
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings
from snakemake.workflow import Workflow
from warm import snakemake

from workflow.conftest import Trial
from workflow.recorded import process_kept

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PROFILES = ROOT / "workflow" / "profiles"
SMALL, HUGE = 1, 10**9

pytestmark = pytest.mark.workflow


def profile(name: str) -> dict:
    return yaml.safe_load((PROFILES / name / "profile.yaml").read_text())


@pytest.fixture
def rules_of_run(trial: Trial) -> Iterator[Workflow]:
    """Load the workflow on a trial, without planning a run."""
    config = ConfigSettings(configfiles=[trial.path("config/config.yaml")], replace_workflow_config=True)
    with process_kept(), SnakemakeApi(OutputSettings()) as api:
        loaded = api.workflow(
            ResourceSettings(nodes=1),
            config_settings=config,
            snakefile=ROOT / "workflow" / "Snakefile",
            workdir=trial.folder,
        )
        yield loaded._workflow


def test_the_slurm_profile_keeps_what_the_default_profile_sets():
    """Whether it stands beside the default profile (--profile) or in its place (--workflow-profile)."""
    given = profile("slurm")
    for key, value in profile("default").items():
        assert given[key] == value, key


def ask(wanted: Resource, size_mb: int, attempt: int) -> int:
    """Ask for a resource as Snakemake does, for inputs of a size."""
    files = SimpleNamespace(size_mb=size_mb, index="not made yet")
    return wanted.evaluate({}, input=files, attempt=attempt, threads=1, rulename="", async_run=None).value


def test_every_job_asks_for_memory_and_time_that_grow_with_the_attempt_up_to_one_ceiling(rules_of_run: Workflow):
    ceiling = rules_of_run.globals["CEILING"]
    attempts = profile("slurm")["retries"] + 1
    faults = []
    for rule in rules_of_run.rules:
        if rule.norun or rule.name in rules_of_run._localrules:
            continue
        for resource, most in ceiling.items():
            wanted = rule.resources.get(resource)
            if wanted is None:
                faults.append(f"{rule.name}: no {resource}; give {resource}=needs({resource!r}, …)")
                continue
            small = [ask(wanted, SMALL, attempt) for attempt in range(1, attempts + 1)]
            huge = [ask(wanted, HUGE, attempt) for attempt in range(1, attempts + 1)]
            if not 0 < small[0] < small[1] <= small[2]:
                faults.append(f"{rule.name}: {resource} {small} does not grow")
            if max(small + huge) > most:
                faults.append(f"{rule.name}: {resource} {huge} is over {most}")
    assert faults == []


def rule_graph(folder: Path, *options: str) -> tuple[set[str], list[tuple[str, str]]]:
    """Plan a run and give its rules and which needs which (from, to)."""
    done = subprocess.run(
        [*snakemake(), "--snakefile", ROOT / "workflow" / "Snakefile", "--rulegraph", *options]
        + ["--directory", folder, "--configfile", folder / "config" / "config.yaml"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', done.stdout, re.M))
    edges = [(names[a], names[b]) for a, b in re.findall(r"^\s*(\d+) -> (\d+)", done.stdout, re.M)]
    return set(names.values()), edges


def reached(start: set[str], edges: list[tuple[str, str]]) -> set[str]:
    """Return all that follows, by one step or many."""
    found: set[str] = set()
    border = start
    while border:
        border = {b for a, b in edges if a in border} - found
        found |= border
    return found


@pytest.mark.parametrize("aligner", [None, "hisat2"])
def test_snakemake_takes_the_slurm_profile_and_no_group_waits_for_what_waits_for_it(trial: Trial, aligner: str | None):
    if aligner:
        gene = 'gene_id "ENSG00000139618"; gene_name "BRCA2"; transcript_id "ENST00000380152";'
        trial.path("reference/genome.fa").write_text(f">chr13\n{'ACGT' * 100}\n")
        trial.path("reference/genes.gtf").write_text(f"chr13\tmade\texon\t1\t300\t.\t+\t.\t{gene}\n")
        trial.setting("reference", {"genome": "reference/genome.fa", "gtf": "reference/genes.gtf"})
        trial.setting("alignment.tool", aligner)
    rules, edges = rule_graph(trial.folder, "--profile", str(PROFILES / "slurm"))
    groups = profile("slurm")["groups"]
    assert len(edges) > len(rules) > 15
    assert ("count_alignments" in rules) == bool(aligner)
    for group in set(groups.values()):
        members = {rule for rule in rules if groups.get(rule) == group}
        assert len(members) > 1, group
        outside = reached(members, edges) - members
        back = reached(outside, edges) & members
        assert back == set(), f"group {group}: {back} wait for rules outside that wait for the group"
