"""The workflow on a real SLURM: the same bytes as the local run, also when a node, memory or time gives out.

Run by ``make test-slurm``, as root; no part of ``make test``. The trial is small: 16 patients, 9 samples of 5,000 read
pairs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchmarks.benchmark_shards import prepare
from slurm.cluster import NODES, CannotStart, Cluster, processes_of

from demo.trial import LEAST_PATIENTS, write_trial

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SAMPLES = 9
PATIENCE = 1800
# Not compared: what tells of the run and not of its results, MultiQC's page, which holds the hour, and salmon's index,
# whose sequences have no fixed order.
NO_RESULT = ("logs/", "benchmarks/", "multiqc/", "reference/salmon_index/")
# A cluster of one machine may be asked often.
POLLING = {
    "--slurm-init-seconds-before-status-checks": "1",
    "--seconds-between-status-checks": "1",
    "--max-jobs-per-timespan": "100/1s",
    "--latency-wait": "10",
}
OWNER = ["--default-resources", "slurm_account=lab", "slurm_partition=main"]
# Too little at the first attempt, for jobs that start at once and are small: faults that cost little time.
HUNGRY, SLOW = "derive_endpoints", "tabulate_adverse_events"
TOO_LITTLE = [
    "--set-resources",
    f"{HUNGRY}:mem_mb=[220, 1500, 1500][attempt - 1]",
    f"{SLOW}:runtime=[1, 20, 20][attempt - 1]",
]


def leave(number: int, frame: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster that is stopped whatever happens: also on failure, Ctrl-C and SIGTERM."""
    signal.signal(signal.SIGTERM, leave)
    try:
        started = Cluster.start()
    except CannotStart as reason:
        pytest.exit(f"no cluster: {reason}", returncode=3)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated trial of which few samples are in the sheets."""
    folder = tmp_path_factory.mktemp("slurm") / "trial"
    write_trial(folder, LEAST_PATIENTS, pairs=5000)
    sheet = (folder / "config" / "samples.tsv").read_text().splitlines()
    used = {line.split("\t")[0] for line in sheet[: SAMPLES + 1]}
    for name in ("samples.tsv", "units.tsv"):
        lines = (folder / "config" / name).read_text().splitlines(keepends=True)
        (folder / "config" / name).write_text("".join(line for line in lines if line.split("\t")[0] in used))
    return folder


def copy_of(trial: Path, name: str) -> Path:
    """Return a folder beside the trial with its inputs."""
    folder = trial.parent / name
    shutil.copytree(trial / "config", folder / "config")
    for inputs in ("reads", "reference"):
        shutil.copytree(trial / inputs, folder / inputs, copy_function=os.link)
    return folder


def start_run(folder: Path, *options: str, snakefile: str = "Snakefile") -> subprocess.Popen:
    """Start the workflow on a folder, its words into run.log."""
    command = [str(BIN / "snakemake"), "--snakefile", str(ROOT / "workflow" / snakefile), "--directory", str(folder)]
    with open(folder / "run.log", "w") as log:
        return subprocess.Popen(
            [*command, *options], stdout=log, stderr=log, env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
        )


def start_on_slurm(folder: Path, *options: str, snakefile: str = "Snakefile") -> subprocess.Popen:
    profile = ["--profile", str(ROOT / "workflow" / "profiles" / "slurm")]
    polling = (word for pair in POLLING.items() for word in pair)
    return start_run(folder, *profile, *OWNER, *polling, *options, snakefile=snakefile)


def finish(run: subprocess.Popen, folder: Path) -> None:
    """Wait for a run; it must end well. When the wait ends otherwise, so does the run."""
    try:
        code = run.wait(timeout=PATIENCE)
    except BaseException:
        abandon(run)
        raise
    assert code == 0, (folder / "run.log").read_text()[-5000:]


def abandon(run: subprocess.Popen) -> None:
    """End a run: on an interrupt Snakemake cancels its jobs (SIGTERM lets it wait for them); else by force."""
    run.send_signal(signal.SIGINT)
    try:
        run.wait(timeout=20)
    except subprocess.TimeoutExpired:
        run.kill()
        run.wait()


def timed(what: str, action: Callable[[], None]) -> None:
    start = time.monotonic()
    action()
    print(f"\n{what}: {time.monotonic() - start:.0f} s at a load of {os.getloadavg()[1]:.0f}")


@pytest.fixture(scope="module")
def local(trial: Path) -> Path:
    """Results of the run without SLURM."""
    folder = copy_of(trial, "local")
    timed("local, 2 cores", lambda: finish(start_run(folder, "--cores", "2"), folder))
    return folder / "results"


@pytest.fixture(scope="module")
def plain(cluster: Cluster, trial: Path) -> Path:
    """Results of a run on SLURM in which nothing goes wrong."""
    folder = copy_of(trial, "plain")
    timed("SLURM, two nodes", lambda: finish(start_on_slurm(folder), folder))
    return folder / "results"


class Faults:
    """A run on SLURM in which a node dies, a job needs more memory and a job more time than it was given."""

    def __init__(self, cluster: Cluster, folder: Path):
        self.cluster = cluster
        self.results = folder / "results"
        before = {job["JobID"] for job in cluster.jobs()}
        run = start_on_slurm(folder, *TOO_LITTLE)
        try:
            hanging = self._hang(f"{SLOW}.py", run)
            self.dead_node = next(node for node in NODES if node != hanging)
            self._await("a sample is quantified there", run, self._quantifies)
            cluster.kill_node(self.dead_node)
        except BaseException:
            abandon(run)
            raise
        finish(run, folder)
        self.logs = folder / ".snakemake" / "slurm_logs"
        self.jobs = [job for job in cluster.jobs() if job["JobID"] not in before]

    def _hang(self, program: str, run: subprocess.Popen) -> str:
        """Stop a program in its course, as one that waits for ever, and give its node."""
        self._await(f"{program} runs", run, lambda: self._running(program))
        pid = self._running(program)[0]
        os.kill(pid, signal.SIGSTOP)
        environment = Path(f"/proc/{pid}/environ").read_text()
        return next(node for node in NODES if f"SLURMD_NODENAME={node}\0" in environment)

    def _quantifies(self) -> bool:
        jobs = self.cluster.call("squeue", "--noheader", f"--nodelist={self.dead_node}", "--format=%A").split()
        return bool(self._running("quantify_sample.py", jobs))

    def _running(self, program: str, jobs: list[str] | None = None) -> list[int]:
        """List the processes that run a program (not the shells around them)."""
        found = []
        for pid in processes_of(jobs):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            except OSError:
                continue
            if len(words) > 1 and words[1].endswith(f"/{program}"):
                found.append(pid)
        return found

    def _await(self, what: str, run: subprocess.Popen, ready: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not ready():
            assert run.poll() is None, f"the run ended before {what}"
            assert time.monotonic() < end, f"waited in vain until {what}"
            time.sleep(0.05)

    def attempts(self, rule: str) -> list[dict[str, str]]:
        """List the jobs of a rule as they were handed in, but for one that was lost with the node."""
        found = [job for job in self.jobs if job["Comment"].startswith(f"rule_{rule}") and job["State"] != "NODE_FAIL"]
        return sorted(found, key=lambda job: int(job["JobID"]))


@pytest.fixture(scope="module")
def faults(cluster: Cluster, trial: Path) -> Faults:
    """Asked for by the last tests: a node stays dead."""
    started = time.monotonic()
    faults = Faults(cluster, copy_of(trial, "faults"))
    print(
        f"\nSLURM, with a node killed, a job over its memory and one over its time: {time.monotonic() - started:.0f} s"
    )
    return faults


def content(results: Path) -> dict[str, bytes]:
    """Read every result."""
    files = {path.relative_to(results).as_posix(): path for path in results.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith(NO_RESULT)}


def assert_same(found: Path, expected: Path) -> None:
    one, other = content(found), content(expected)
    assert sorted(one) == sorted(other)
    assert [name for name in other if one[name] != other[name]] == []
    assert len(json.loads(other["manifest.json"])) > 3


def test_slurm_gives_the_bytes_of_the_local_run(plain: Path, local: Path):
    assert_same(plain, local)


def test_a_sample_and_the_small_steps_of_cohort_and_report_are_one_job_each(cluster: Cluster, plain: Path):
    comments = [job["Comment"] for job in cluster.jobs()]
    assert sum(comment.startswith("rule_sample_") for comment in comments) == SAMPLES
    for group in ("cohort", "change", "report"):
        assert sum(comment.startswith(f"rule_{group}_") for comment in comments) == 1
    assert not [
        comment
        for comment in comments
        if comment.startswith(("rule_quantify", "rule_judge", "rule_test_changes", "rule_write"))
    ]


def test_a_job_is_one_step_in_which_snakemake_starts_once(cluster: Cluster, plain: Path):
    jobs = cluster.call("sacct", "--noheader", "--parsable2", "--format=JobID").split()
    assert {job.partition(".")[2] for job in jobs} == {"", "batch"}


def test_shards_have_the_bytes_of_a_local_run(cluster: Cluster, tmp_path: Path):
    """Five samples in three shards, each a job, and one that lays their tables together."""
    prepare(tmp_path, [f"S{number}" for number in range(5)], genes=0)
    (tmp_path / "samples.txt").write_text("".join(f"S{number}\n" for number in range(5)))
    inputs = ["samples=samples.txt", "samples_dir=samples", "reference_genes=genes.tsv", "shard_size=2"]
    before = {job["JobID"] for job in cluster.jobs()}
    finish(start_on_slurm(tmp_path, "--config", *inputs, "results=slurm", snakefile="shards.smk"), tmp_path)
    rules = [job["Comment"].split("_wildcards")[0] for job in cluster.jobs() if job["JobID"] not in before]
    assert sorted(rules) == ["rule_lay_shards", *["rule_score_shard"] * 3]
    finish(start_run(tmp_path, "--cores", "2", "--config", *inputs, "results=local", snakefile="shards.smk"), tmp_path)
    assert len(content(tmp_path / "local")) > 20
    assert content(tmp_path / "slurm") == content(tmp_path / "local")


def test_faults_leave_the_bytes_as_they_are(faults: Faults, local: Path):
    assert_same(faults.results, local)


def test_a_killed_node_is_left_out_and_its_jobs_are_done_elsewhere(faults: Faults):
    lost = [job for job in faults.jobs if job["State"] == "NODE_FAIL"]
    assert lost
    assert {job["NodeList"] for job in lost} == {faults.dead_node}
    last = max(lost, key=lambda job: job["End"])["End"]
    later = {job["NodeList"] for job in faults.jobs if job["Submit"] > last}
    assert later == set(NODES) - {faults.dead_node}


def test_a_job_over_its_memory_is_tried_again_with_more(faults: Faults):
    first, second = faults.attempts(HUNGRY)
    assert first["State"] != "COMPLETED"
    assert first["ReqMem"] == "220M"
    log = faults.logs / f"rule_{HUNGRY}" / f"{first['JobID']}.log"
    assert f"StepId={first['JobID']}.batch exceeded memory limit" in log.read_text()
    assert (second["State"], second["ReqMem"]) == ("COMPLETED", "1500M")


def test_a_job_over_its_time_is_tried_again_with_more(faults: Faults):
    first, second = faults.attempts(SLOW)
    assert (first["State"], first["Timelimit"]) == ("TIMEOUT", "00:01:00")
    assert (second["State"], second["Timelimit"]) == ("COMPLETED", "00:20:00")
