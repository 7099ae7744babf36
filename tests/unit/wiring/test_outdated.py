"""Without Snakemake's records, or with all times mixed up, a rerun ends as a run from scratch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from warm import snakemake

from anpi.files.shipped import ROOT

STEP = f"""
import sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
from pathlib import Path
from anpi.files.made_from import recorded
from anpi.files.writing import write_text
with recorded():
    source, word, target = sys.argv[1:]
    write_text(target, Path(source).read_text() + word)
"""
SNAKEFILE = f"""
import os, sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
from anpi.wiring.outdated import outdate, watch_triggers

watch_triggers(workflow)
for words in outdate("results", ["S1"]):
    print(words, file=sys.stderr)

rule two:
    default_target: True
    input: "results/sub/one"
    output: "results/two"
    params: call=f"ANPI_RECORDS=results/made_from {{sys.executable}} step.py", word=config["second"]
    shell: "{{params.call}} {{input}} {{params.word}} {{output}}"

rule one:
    input: "given"
    output: "results/sub/one"
    params: call=f"ANPI_RECORDS=results/made_from {{sys.executable}} step.py", word=config["first"]
    shell: "{{params.call}} {{input}} {{params.word}} {{output}}"
"""
OLD = 1_000_000_000


class Run:
    """A folder in which two steps ran, one on the result of the other."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
        (folder / "step.py").write_text(STEP, encoding="utf-8")
        (folder / "given").write_text("0", encoding="utf-8")
        self.again()

    def again(self, *words: str, first: str = "a", second: str = "b") -> tuple[int, str]:
        config = [f"first={first}", f"second={second}"]
        command = [*snakemake(), "--cores", "1", *words, "--config", *config]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def forget(self) -> None:
        shutil.rmtree(self.folder / ".snakemake")

    def date_all(self) -> None:
        for file in self.folder.rglob("*"):
            if ".snakemake" not in file.parts:
                os.utime(file, (OLD, OLD))

    @property
    def made(self) -> str:
        return (self.folder / "results" / "two").read_text(encoding="utf-8")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_without_records_a_changed_setting_is_made_anew(run: Run) -> None:
    assert run.made == "0ab"
    run.forget()
    run.date_all()
    code, said = run.again(first="x")
    assert (code, run.made) == (0, "0xb")
    assert "results: sub/one and 1 other step: Snakemake's records of them are not in .snakemake" in said


def test_a_dry_run_without_records_plans_what_the_run_does(run: Run) -> None:
    run.forget()
    for _ in range(2):
        assert "Nothing to be done" not in run.again("--dry-run", first="x")[1]
    run.again(first="x")
    assert run.made == "0xb"
    assert "Nothing to be done" in run.again(first="x")[1]


def test_without_records_touch_keeps_what_is_there(run: Run) -> None:
    run.forget()
    assert run.again("--touch")[0] == 0
    code, said = run.again()
    assert code == 0
    assert "Nothing to be done" in said
    assert "records of them" not in said


def test_moved_results_are_results_without_records(run: Run) -> None:
    """Their records are there, by the name that the folder had."""
    moved = run.folder / "results"
    moved.rename(run.folder / "before")
    shutil.copytree(run.folder / "before", moved)
    metadata = run.folder / ".snakemake" / "metadata"
    for record in metadata.iterdir():
        record.rename(record.with_name("b" + record.name[1:]))
    run.date_all()
    run.again(second="y")
    assert run.made == "0ay"


def test_what_a_stopped_run_left_is_made_anew_whatever_the_times(run: Run) -> None:
    """One step ran with another setting, then the folder was copied without its times."""
    run.again("--until", "one", first="x")
    assert run.made == "0ab"
    run.date_all()
    run.again(first="x")
    assert run.made == "0xb"


def test_where_nothing_changed_nothing_is_made_whatever_the_times(run: Run) -> None:
    run.date_all()
    code, said = run.again()
    assert (code, run.made) == (0, "0ab")
    assert "Nothing to be done" in said
    assert (run.folder / "results" / "two").stat().st_mtime == OLD


@pytest.mark.parametrize("times", [shutil.copy2, shutil.copyfile], ids=["as they were", "new"])
@pytest.mark.parametrize("part", ["", "sub", "two"], ids=["all", "one step", "the last result alone"])
def test_results_that_are_put_back_from_a_backup_are_made_anew(run: Run, part: str, times: Any) -> None:
    """Snakemake's records are of what was made since; those of the programs came back with the results."""
    results, backup = run.folder / "results", run.folder / "backup"
    shutil.copytree(results, backup)
    run.again(first="x", second="y")
    assert run.made == "0xy"
    if (backup / part).is_file():
        times(backup / part, results / part)
    else:
        shutil.rmtree(results / part)
        shutil.copytree(backup / part, results / part, copy_function=times)
    code, said = run.again(first="x", second="y")
    assert (code, run.made) == (0, "0xy")
    assert "not as the step left it that ran last" in said
    assert "Nothing to be done" in run.again(first="x", second="y")[1]


def test_results_that_are_put_back_as_they_are_rerun_nothing(run: Run) -> None:
    results, backup = run.folder / "results", run.folder / "backup"
    results.rename(backup)
    shutil.copytree(backup, results, copy_function=shutil.copyfile)
    for _ in range(2):
        assert "Nothing to be done" in run.again()[1]


def test_a_result_that_was_edited_by_hand_is_made_anew_and_named(run: Run) -> None:
    (run.folder / "results" / "sub" / "one").write_text("by hand", encoding="utf-8")
    assert "results: sub/one: not as the step left it" in run.again("--dry-run")[1]
    assert run.again()[0] == 0
    assert run.made == "0ab"


def test_a_result_that_is_kept_by_touch_is_kept(run: Run) -> None:
    """The user says so; verify_run.py tells of it."""
    (run.folder / "results" / "two").write_text("by hand", encoding="utf-8")
    assert run.again("--touch")[0] == 0
    assert run.made == "by hand"


def test_a_plan_beside_a_run_changes_no_date(run: Run) -> None:
    """A step that runs has written its results, and not yet its record."""
    (run.folder / ".snakemake" / "locks").mkdir(exist_ok=True)
    (run.folder / ".snakemake" / "locks" / "0.input.lock").write_text("given", encoding="utf-8")
    file = run.folder / "results" / "two"
    file.write_text("0ac", encoding="utf-8")
    before = file.stat().st_mtime_ns
    run.again("--dry-run", "--nolock")
    assert file.stat().st_mtime_ns == before


def test_what_samples_left_that_take_no_part_keeps_its_date(run: Run) -> None:
    for sample in ("S1", "S2"):
        record = json.dumps({"made": {f"samples/{sample}/x": ""}, "read": {}})
        for place, text in (("", "x"), ("made_from/", record)):
            file = run.folder / "results" / place / "samples" / sample / ("x.json" if place else "x")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    run.date_all()
    run.again()
    dates = {sample: (run.folder / "results/samples" / sample / "x").stat().st_mtime for sample in ("S1", "S2")}
    assert dates["S1"] < OLD
    assert dates["S2"] == OLD


@pytest.mark.parametrize("triggers", ["mtime", "mtime params", "mtime params input code"])
def test_triggers_that_would_hide_a_change_are_refused(run: Run, triggers: str) -> None:
    code, said = run.again("--rerun-triggers", *triggers.split(), first="x")
    assert code == 1
    assert f"--rerun-triggers: found '{' '.join(sorted(triggers.split()))}'" in said
    assert "Traceback" not in said
    assert run.made == "0ab"


def test_all_triggers_may_be_named(run: Run) -> None:
    assert run.again("--rerun-triggers", "params", "software-env", "input", "code", first="x")[0] == 0
    assert run.made == "0xb"
