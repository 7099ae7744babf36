"""How often Snakemake looks for jobs to start and reads inputs: held against the Snakemake that is locked."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from warm import snakemake

from anpi.files.shipped import ROOT
from anpi.wiring.looks import spare_pipes

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


MANY_OUTPUTS = f"""
import hashlib, sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
from anpi.wiring.cluster import spare_starts_and_waits

plain = hashlib.file_digest

def told(file, kind):
    print("hashed", getattr(file, "name", "nothing"), file=sys.stderr)
    return plain(file, kind)

hashlib.file_digest = told

onstart:
    if config["spared"]: spare_starts_and_waits(workflow)

rule all:
    input: "last"

rule first:
    input: "given"
    output: "a", "b", "c"
    shell: "cp {{input}} a; cp {{input}} b; echo c > c"

rule last:
    input: "given", "a", "b"
    output: "last", "other"
    shell: "mv given old; echo other > given; touch {{output}}"
"""


def test_inputs_are_read_once_for_each_job_and_recorded_as_they_are(tmp_path: Path) -> None:
    """Also an input that a job changed, against all rules: what one job found is not taken for the next."""
    sums, reads = [], []
    for spared in (0, 1):
        folder = tmp_path / str(spared)
        folder.mkdir()
        (folder / "Snakefile").write_text(MANY_OUTPUTS, encoding="utf-8")
        (folder / "given").write_text("given")
        command = [*snakemake(), "--cores", "1", "--max-checksum-file-size", "1000", "--config", f"spared={spared}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        reads.append(sorted(line for line in done.stderr.splitlines() if line.startswith("hashed ")))
        records = [json.loads(file.read_text()) for file in (folder / ".snakemake" / "metadata").iterdir()]
        sums.append(sorted((sorted(record["input_checksums"].items()) for record in records), key=str))
    assert reads[1] == ["hashed a", "hashed b", "hashed given", "hashed given"]
    assert len(reads[0]) > len(reads[1])
    assert sums[0] == sums[1]
    assert [len(found) for found in sums[1]].count(3) == 2


PIPES = f"""
import sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
from anpi.wiring.looks import spare_pipes
from snakemake.jobs import Job

plain = Job.is_pipe_or_service_input

def told(job, path):
    print("whether it is a pipe", file=sys.stderr)
    return plain(job, path)

Job.is_pipe_or_service_input = told

onstart:
    spare_pipes(workflow)

rule last:
    input: "middle"
    output: "last"
    shell: "cat {{input}} > {{output}}"

rule middle:
    output: pipe("middle") if config["piped"] else "middle"
    shell: "echo through > {{output}}"
"""


@pytest.mark.parametrize("piped", [0, 1])
def test_pipes_are_asked_for_where_there_is_one(tmp_path: Path, piped: int) -> None:
    (tmp_path / "Snakefile").write_text(PIPES, encoding="utf-8")
    command = [*snakemake(), "--cores", "2", "--config", f"piped={piped}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "last").read_text() == "through\n"
    assert ("whether it is a pipe" in done.stderr) == bool(piped)


class StandIn:
    """A job of a DAG, whose inputs all come through pipes by its own account."""

    is_checkpoint = False
    pipe_or_service_output: tuple[str, ...] = ()

    def __init__(self, dag: SimpleNamespace):
        self.dag = dag

    def is_pipe_or_service_input(self, path: str) -> bool:
        return True


def test_another_run_of_the_same_process_is_asked_for_pipes() -> None:
    ours, other = SimpleNamespace(), SimpleNamespace()
    ours.jobs = [StandIn(ours)]
    spare_pipes(SimpleNamespace(dag=ours))
    assert not ours.jobs[0].is_pipe_or_service_input("middle")
    assert StandIn(other).is_pipe_or_service_input("middle")
