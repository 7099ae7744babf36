"""The ledger: an entry a state, whole or not there, numbered in turn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from warm import python

from anpi.files.shipped import ROOT
from anpi.files.writing import write_json
from anpi.ledger.entries import last_different, read_entries, read_entry, read_run, state_digest
from anpi.ledger.kept import record
from anpi.problems import InputError


def state(number: int, **more: Any) -> dict[str, Any]:
    return {"patients": {}, "samples": {}, "endpoints": {}, "results": [], "software": {"made": str(number)}, **more}


def test_a_state_is_recorded_once_and_again_when_it_comes_back(tmp_path: Path):
    ledger = tmp_path / "ledger"
    for number in (1, 1, 2, 2, 1):
        record(ledger, state(number), "2026-01-01")
    entries = read_entries(ledger)
    assert [entry.state["software"]["made"] for entry in entries] == ["1", "2", "1"]
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert all(path.name.split("-")[1][:12] == state_digest(read_entry(path).state)[:12] for path in ledger.iterdir())


def test_the_entry_to_compare_with_is_the_last_one_that_differs(tmp_path: Path):
    for number in (1, 2, 3):
        record(tmp_path, state(number), "2026-01-01")
    entries = read_entries(tmp_path)
    before = last_different(entries, state_digest(state(3)))
    assert before is not None
    assert before.number == 2
    unseen = last_different(entries, state_digest(state(4)))
    assert unseen is not None
    assert unseen.number == 3
    assert last_different([], "x") is None


def test_a_clock_that_went_back_changes_no_order(tmp_path: Path):
    record(tmp_path, state(1), "2026-05-01")
    record(tmp_path, state(2), "2020-01-01")
    assert [(entry.number, entry.date) for entry in read_entries(tmp_path)] == [(1, "2026-05-01"), (2, "2020-01-01")]


def test_a_ledger_that_was_removed_starts_anew(tmp_path: Path):
    record(tmp_path / "ledger", state(1))
    for path in (tmp_path / "ledger").iterdir():
        path.unlink()
    assert record(tmp_path / "ledger", state(2)).number == 1


def test_recording_twice_at_once_gives_each_state_a_number_of_its_own(tmp_path: Path):
    programs = []
    for number in range(4):
        write_json(tmp_path / f"{number}.json", state(number))
        command = [python(), str(ROOT / "scripts" / "record_run.py"), "--state", str(tmp_path / f"{number}.json")]
        command += ["--ledger", str(tmp_path / "ledger"), "--out", str(tmp_path / f"recorded_{number}.json")]
        programs.append(subprocess.Popen(command))
    assert [program.wait() for program in programs] == [0] * 4
    assert [entry.number for entry in read_entries(tmp_path / "ledger")] == [1, 2, 3, 4]


def test_a_killed_recording_leaves_no_part_of_an_entry_and_no_lock(tmp_path: Path):
    holder = (
        "import sys, time; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path; from anpi.ledger.entries import locked\n"
        "with locked(Path(sys.argv[1])): (Path(sys.argv[1]) / '.0001-abcdefabcdef.json.part').write_text('{'); "
        "print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path), str(ROOT / "scripts")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    began = time.monotonic()
    assert record(tmp_path, state(1)).number == 1
    assert time.monotonic() - began < 5
    assert len(read_entries(tmp_path)) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"made": "1"', '"made": "7"'),
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: json.dumps({"number": 1, "state": {}}),
    ],
    ids=["edited", "cut", "a list", "no state"],
)
def test_a_damaged_entry_is_named_and_how_to_mend_it(tmp_path: Path, spoil: Any):
    path = tmp_path / record(tmp_path, state(1)).file
    path.write_text(spoil(path.read_text()))
    with pytest.raises(InputError) as error:
        read_entries(tmp_path)
    assert path.name in str(error.value)
    assert "Restore it from a copy" in str(error.value)


def test_a_folder_without_a_run_is_refused_in_words(tmp_path: Path):
    with pytest.raises(InputError, match=r"holds no ledger/current\.json"):
        read_run(tmp_path)
