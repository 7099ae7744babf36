"""Faults of disks, hands, clocks and machines: told in words, nothing half-written, the same bytes at the end.

Reads that are damaged and disks that fill up below quantify_sample are in test_alignment_inputs.py, runs that are
killed, in any environment, in test_reruns.py, a ledger whose recording is killed or whose entry is damaged in
unit/ledger/test_entries.py.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from warm import python

from workflow.running import BIN, attempt, command, environment, planned, results_of, run

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.xdist_group("faults"),
    pytest.mark.skipif(not (shutil.which("salmon") and shutil.which("fastp")), reason="salmon and fastp are needed"),
]
# What a run makes anew when the clinical half and the end of the cohort are gone: some seconds of jobs, of ten rules.
REMOVED = ("clinical", "association", "report", "subtypes")
SAMPLE = "samples/P005-B"
# Results that programs find by the folder they are given.
BELOW_FOLDERS = {
    "assemble_cohort": (f"{SAMPLE}/genes.parquet", f"{SAMPLE}/qc.json"),
    "describe_run": ("analysis/sets.tsv", "subtypes/calls.tsv", "immune/scores.tsv", f"{SAMPLE}/reads.json"),
    "write_manifest": ("qc/verdicts.tsv", f"{SAMPLE}/reads.json", f"{SAMPLE}/fastp.json"),
    "write_report": ("association/results.tsv", "association/statements.json", "ledger/changes.json"),
}


@pytest.fixture
def trial(finished_trial: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_trial, tmp_path / "trial", symlinks=True))


@pytest.fixture
def unfinished(trial: Path) -> Path:
    """A trial some of whose results are still to be made."""
    for name in REMOVED:
        shutil.rmtree(trial / "results" / name)
    return trial


def assert_same(trial: Path, finished: Path) -> None:
    expected, found = results_of(finished), results_of(trial)
    assert set(found) == set(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


def shell_commands(anpi: Path, trial: Path) -> dict[str, list[str]]:
    """Return the words of one job of every rule that calls a program of scripts/, by the program's name."""
    said = run(anpi, trial, "--dry-run", "--forceall", "--printshellcmds")
    found = {}
    for line in re.findall(r"^Shell command: (.*) > \S+ 2>&1$", said, flags=re.M):
        words = [word for word in shlex.split(line) if not re.match(r"ANPI_\w+=", word)]
        if len(words) > 1 and words[1].endswith(".py"):
            found.setdefault(Path(words[1]).stem, words[1:])
    return found


def run_here(words: list[str]) -> tuple[object, str]:
    """Run a program in this process, which has imported the libraries; give its exit code and what it says."""
    said = io.StringIO()
    before = sys.argv
    sys.argv = words
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            runpy.run_path(words[0], run_name="__main__")
        return 0, said.getvalue()
    except SystemExit as end:
        return end.code, said.getvalue()
    finally:
        sys.argv = before


@contextmanager
def cut_short(file: Path) -> Iterator[None]:
    """Take away the second half of a file, and the end of the line before, and put them back."""
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2].rstrip(b"\n"))
    try:
        yield
    finally:
        file.write_bytes(content)


def test_every_program_names_a_result_that_is_damaged(
    anpi: Path, trial: Path, monkeypatch: pytest.MonkeyPatch, tells: Callable
):
    """Each result that each program reads, cut to its half: never a traceback, never a shorter table taken as whole."""
    monkeypatch.chdir(trial)
    made_by = json.loads(Path("results/manifest.json").read_text())["made_by"]
    before = results_of(trial)
    wrong, tried, told = [], 0, set()
    for program, words in shell_commands(anpi, trial).items():
        words_read = [word for option, word in pairwise(words) if not option.startswith(("--out", "--kept"))]
        read = [word.removeprefix("results/") for word in words_read if word.startswith("results/")]
        for name in dict.fromkeys([*read, *BELOW_FOLDERS.get(program, ())]):
            file = Path("results", name)
            if not file.is_file() or made_by.get(name) == program:
                continue
            with cut_short(file):
                code, said = run_here(words)
            tried += 1
            if code != 2 or not re.search(f"{re.escape(str(file))}[:,] ", said) or "Traceback" in said:
                wrong.append((program, name, code, said[-500:]))
            told |= {line.strip()[2:] for line in said.splitlines() if f"{file}: the result is damaged" in line}
    assert wrong == [], "\n".join(map(str, wrong))
    assert tried >= 40
    assert results_of(trial) == before
    for name in ("qc/facts.tsv", f"{SAMPLE}/genes.parquet", "cohort/genes.tsv"):
        (line,) = (line for line in told if line.startswith(f"results/{name}: "))
        tells(f"a result is damaged ({Path(name).name})", [line])


def test_a_damaged_result_is_made_anew_and_a_second_run_beside_the_first_ends_in_words(
    anpi: Path, unfinished: Path, finished_trial: Path
):
    """A result is cut short after its step ran, which planning finds; then the run is started, twice."""
    damaged = unfinished / "results" / SAMPLE / "genes.parquet"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    code, said = attempt(anpi, unfinished, "--dry-run")
    assert code == 0
    assert f"results: {SAMPLE}/genes.parquet: not as the step left it that ran last" in said
    assert "Traceback" not in said

    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command(anpi, unfinished), env=environment(), cwd=unfinished, **quiet) as first:
        while first.poll() is None and not list(unfinished.glob(".snakemake/locks/*")):
            time.sleep(0.05)
        code, said = attempt(anpi, unfinished)
        while "a concurrent process" in said:  # Snakemake's words where the first run replaces what the second looks at
            code, said = attempt(anpi, unfinished)
        assert first.poll() is None, "the first run ended before the second began"
    assert code == 1
    assert "Directory cannot be locked" in said
    assert "--unlock" in said
    assert first.returncode == 0
    assert_same(unfinished, finished_trial)


@contextmanager
def mounted(folder: Path, *words: str) -> Iterator[None]:
    """Mount something over a folder for a while, or skip the test where that needs rights that it lacks."""
    if subprocess.run(["mount", *words, folder], check=False, capture_output=True).returncode:
        pytest.skip("disks cannot be mounted here: it takes root")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    with mounted(folder, "--bind", str(folder)):
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield


def test_a_full_disk_is_told_and_more_room_gives_the_same_bytes(anpi: Path, unfinished: Path, finished_trial: Path):
    results = unfinished / "results"
    shutil.rmtree(results / "ledger" / "pages")  # pages of the last report take no room
    made = unfinished / "made"
    results.rename(made)
    results.mkdir()
    used = sum(-(-file.stat().st_size // 4096) * 4 + 4 for file in made.rglob("*"))
    with mounted(results, "-t", "tmpfs", "-o", f"size={used + 400}k", "tmpfs"):
        shutil.copytree(made, results, dirs_exist_ok=True)
        code, said = attempt(anpi, unfinished)
        assert code == 1
        assert "No space left on device: results/" in said
        assert "Traceback" not in said
        expected = results_of(finished_trial)
        assert [name for name, content in results_of(unfinished).items() if content != expected.get(name)] == []
        subprocess.run(["mount", "-o", "remount,size=1g", results], check=True)
        run(anpi, unfinished)
        assert_same(unfinished, finished_trial)


def test_folders_that_cannot_be_written_to_are_named_and_nothing_changes(
    anpi: Path, trial: Path, finished_trial: Path, tells: Callable
):
    with read_only(trial):
        code, said = attempt(anpi, trial)
        assert code == 1
        assert "Traceback" not in said
        (line,) = told_of(said, "trial: the folder cannot be written to")
        tells("the folder of the run is read-only", [line])
    with read_only(trial / "results"):  # each result is there: Snakemake's own words, before anything runs
        code, said = attempt(anpi, trial, "--forcerun", "write_report")
        assert code == 1
        assert "Write-protected output files" in said
        assert "Traceback" not in said
    assert_same(trial, finished_trial)
    (trial / "results").rename(trial / "made")
    (trial / "results").mkdir()
    with read_only(trial / "results"):
        code, said = attempt(anpi, trial)
        assert code == 1
        assert "Traceback" not in said
        (line,) = told_of(said, "results: the folder cannot be written to")
        tells("the folder of results is read-only", [line])
    (trial / "results").rmdir()
    (trial / "made").rename(trial / "results")
    assert planned(anpi, trial) == {}


def told_of(said: str, words: str) -> list[str]:
    return sorted({line.strip().removeprefix("- ") for line in said.splitlines() if words in line})


def tool(folder: Path, name: str, text: str) -> str:
    """Put a program of that name into a folder; give a PATH that finds it first."""
    folder.mkdir()
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return f"{folder}:{BIN}:{os.environ['PATH']}"


def test_a_tool_that_is_missing_is_named_and_no_sample_blamed(
    anpi: Path, trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tells: Callable
):
    monkeypatch.chdir(trial)
    words = shell_commands(anpi, trial)["quantify_sample"]
    out = tmp_path / "out"
    words[words.index("--out-dir") + 1] = str(out)
    for missing in ("salmon", "fastp"):
        folder = tmp_path / f"without_{missing}"
        folder.mkdir()
        for name in {"salmon", "fastp"} - {missing}:
            (folder / name).symlink_to(str(shutil.which(name)))
        done = subprocess.run(
            [python(), *words],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PATH": str(folder)},
        )
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        (line,) = told_of(done.stderr, f"{missing}: the program is not installed")
        tells(f"{missing} is missing", [line])
    assert [path for path in out.rglob("*") if path.is_file()] == []


def test_a_tool_of_another_version_is_told_and_reruns_nothing(
    anpi: Path, trial: Path, finished_trial: Path, tmp_path: Path
):
    path = tool(tmp_path / "bin", "salmon", "echo salmon 1.99.9")
    assert "Nothing to be done" in run(anpi, trial, "--dry-run", PATH=path)
    run(anpi, trial, "--forcerun", "describe_run", "--until", "describe_run", PATH=path)
    changes = json.loads((trial / "results" / "ledger" / "changes.json").read_text())
    (rows,) = (section["rows"] for section in changes["sections"] if section["name"] == "software")
    version = json.loads((finished_trial / "results" / "manifest.json").read_text())["software"]["salmon"]
    assert [row[0] for row in rows] == ["salmon"]
    assert version in rows[0][1]
    assert "1.99.9" in rows[0][1]
    assert "Software that differs: salmon." in changes["sentences"]


def test_a_corrected_table_of_an_old_date_is_seen(anpi: Path, trial: Path):
    """Results are dated later than the correction: by a copy that keeps dates, or a clock that went back."""
    date = time.mktime((1999, 1, 1, 0, 0, 0, 0, 0, 0))
    corrected = trial / "config" / "clinical" / "assessments.csv"
    corrected.write_text(re.sub(r"(?m)^(P001,[^,]+),SD,SD,", r"\1,PR,PR,", corrected.read_text()))
    os.utime(corrected, (date, date))
    jobs = planned(anpi, trial)
    assert jobs.keys() >= {"derive_endpoints", "build_sets", "test_associations", "describe_run", "write_report"}
    assert not jobs.keys() & {"quantify_sample", "call_subtypes", "tabulate_adverse_events"}


@pytest.fixture
def decimal_comma(tmp_path: Path) -> dict[str, str]:
    """Make a locale that writes 1.5 as 1,5, and the environment that asks for it."""
    make = ["localedef", "-i", "de_DE", "-f", "UTF-8", "--no-archive", str(tmp_path / "locales" / "de_DE.UTF-8")]
    (tmp_path / "locales").mkdir()
    if not shutil.which("localedef") or subprocess.run(make, check=False, capture_output=True).returncode:
        pytest.skip("a locale with decimal commas cannot be made here (Debian: apt-get install locales)")
    asked = {"LOCPATH": str(tmp_path / "locales"), "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}
    shown = subprocess.run(["bash", "-c", "printf %.1f 1,5"], capture_output=True, text=True, env=os.environ | asked)
    assert shown.stdout == "1,5"
    return asked


def test_tools_write_the_same_bytes_where_commas_are_decimal(
    anpi: Path, trial: Path, finished_trial: Path, decimal_comma: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(trial)
    commands = shell_commands(anpi, trial)
    for number, program in enumerate(("quantify_sample", "summarise_sample"), start=1):
        words = [python(), *commands[program], *(["--threads", "3"] if number == 1 else [])]
        variables = {"PYTHONHASHSEED": str(number), "OMP_NUM_THREADS": str(number)}
        subprocess.run(words, check=True, capture_output=True, env=os.environ | decimal_comma | variables)
    assert_same(trial, finished_trial)


def test_another_environment_and_a_clock_that_went_back_change_no_byte(
    anpi: Path, trial: Path, finished_trial: Path, decimal_comma: dict[str, str], tmp_path: Path
):
    """Decimal commas, another time zone, hash seed, number of cores and threads, a home that cannot be written to.

    The whole cohort and the whole clinical half are made again. What stands is from the future, of one day or of
    several: Snakemake says so, in words, and goes on once it is touched; then nothing is left to do.
    """
    files = [file for file in (trial / "results").rglob("*") if file.is_file()]
    for number, file in enumerate(files):
        date = time.time() + 86400 * (1 + number % 3)
        os.utime(file, (date, date))
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    home = {"HOME": "/proc", "XDG_CACHE_HOME": str(tmp_path / "cache")}  # Snakemake itself needs a cache
    variables = {**decimal_comma, **threads, **home, "TZ": "Asia/Shanghai", "PYTHONHASHSEED": "4711"}
    words = ("--cores", "1", "--forcerun", "assemble_cohort", "derive_endpoints")
    code, said = attempt(anpi, trial, *words, **variables)
    assert code == 1
    assert "This could indicate a clock skew problem" in said
    assert "Traceback" not in said
    for file in files:
        if file.is_file():
            file.touch()
    run(anpi, trial, *words, **variables)
    for step in ("call_subtypes", "score_targets"):  # none was taken from what an earlier run had kept
        assert "as they were" not in (trial / f"results/logs/{step}.log").read_text()
    assert_same(trial, finished_trial)
    assert planned(anpi, trial) == {}
