"""A program leaves a record of what it read and made, when the workflow asks for it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT / "scripts")!r})
from anpi.files.writing import write_text
from anpi.program import run_program

def main():
    given, folder, out = sys.argv[2], sys.argv[4], sys.argv[6]
    below = open(Path(folder) / "S1" / "facts.json").read()
    Path("elsewhere.txt").read_text()
    [file.read_text() for file in Path("results/made_from").glob("*.json")]
    write_text(out, below)
    write_text(Path(out).parent / "deep" / "a.tsv", "second")
    write_text(Path(out).parent / "gone.tsv", "taken away again")
    (Path(out).parent / "gone.tsv").unlink()
    if "fail" in sys.argv:
        raise SystemExit(1)

run_program(main)
"""


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess:
    (folder / "results" / "samples" / "S1").mkdir(parents=True)
    (folder / "results" / "samples" / "S2").mkdir()
    for name in ("table.tsv", "elsewhere.txt", "results/samples/S1/facts.json", "results/samples/S2/facts.json"):
        (folder / name).write_text(name)
    command = [sys.executable, "-c", PROGRAM, "--table", "samples=table.tsv", "--samples-dir", "results/samples"]
    command = [*command, "--out", "results/qc/b.tsv", *words]
    return subprocess.run(command, cwd=folder, env={**os.environ, **variables}, capture_output=True, check=False)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_record_holds_what_was_read_and_made_by_content(tmp_path: Path):
    done = run(tmp_path, ANPI_MADE_FROM="abc", ANPI_RECORDS="results/made_from")
    assert done.returncode == 0, done.stderr
    files = list((tmp_path / "results" / "made_from").rglob("*.json"))
    assert files == [tmp_path / "results" / "made_from" / "qc" / "b.tsv.json"]
    facts = "results/samples/S1/facts.json"
    assert json.loads(files[0].read_text()) == {
        "decided_by": "abc",
        "read": {"../table.tsv": sha256("table.tsv"), "samples/S1/facts.json": sha256(facts)},
        "made": {"qc/b.tsv": sha256(facts), "qc/deep/a.tsv": sha256("second")},
    }


def test_a_program_that_fails_or_runs_by_itself_leaves_no_record(tmp_path: Path):
    failed = run(tmp_path / "one", "fail", ANPI_MADE_FROM="abc", ANPI_RECORDS="results/made_from")
    alone = run(tmp_path / "two")
    assert (failed.returncode, alone.returncode) == (1, 0)
    assert list(tmp_path.rglob("made_from")) == []


def test_records_of_other_results_are_no_inputs(tmp_path: Path):
    (tmp_path / "results" / "made_from").mkdir(parents=True)
    (tmp_path / "results" / "made_from" / "gone.tsv.json").write_text("{}")
    done = run(tmp_path, "--results", "results", ANPI_MADE_FROM="abc", ANPI_RECORDS="results/made_from")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "results" / "made_from" / "qc" / "b.tsv.json").read_text())
    assert sorted(record["read"]) == ["../table.tsv", "samples/S1/facts.json"]
