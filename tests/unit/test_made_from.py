"""A program leaves a record of what it read and made, when the workflow asks for it."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from anpi.files.made_from import declared_in
from anpi.manifest import declared_of
from anpi.tables.reading import read_table
from anpi.wiring.units import units_by_sample

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
    for file in [file for name in ("made_from", "ledger") for file in Path("results", name).rglob("*.*")]:
        write_text(file, file.read_text())
    [Path(word).read_text() for word in sys.argv if word.endswith("registry.tsv")]
    write_text(out, below)
    write_text(Path(out).parent / "deep" / "a.tsv", "second")
    write_text(Path(out).parent / "gone.tsv", "taken away again")
    (Path(out).parent / "gone.tsv").unlink()
    if "scratch" in sys.argv:
        write_text(Path("scratch", "tmp.X", "staged.json"), below)
        Path(out).unlink() if "alone" in sys.argv else None
    if "late" in sys.argv:
        import late
    if "fail" in sys.argv:
        raise SystemExit(1)

run_program(main)
"""


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess:
    (folder / "results" / "samples" / "S1").mkdir(parents=True, exist_ok=True)
    (folder / "results" / "samples" / "S2").mkdir(exist_ok=True)
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
        "declared": {},
        "read": {"../table.tsv": sha256("table.tsv"), "samples/S1/facts.json": sha256(facts)},
        "made": {"qc/b.tsv": sha256(facts), "qc/deep/a.tsv": sha256("second")},
    }


@pytest.mark.parametrize("words", [["scratch"], ["scratch", "alone"]])
def test_what_is_made_in_scratch_is_no_result_and_has_no_record_anywhere(tmp_path: Path, words: list[str]):
    """Its record would lie beside it, or where its path leads to from the records: in any folder of the machine."""
    folder = tmp_path / "trial"
    done = run(folder, *words, ANPI_MADE_FROM="abc", ANPI_RECORDS="results/made_from")
    assert done.returncode == 0, done.stderr
    records = [
        file.relative_to(folder)
        for file in tmp_path.rglob("*")
        if file.suffix == ".json" and "samples" not in file.parts
    ]
    made = Path("results/made_from/qc/b.tsv.json" if "alone" not in words else "results/made_from/qc/deep/a.tsv.json")
    assert sorted(records) == sorted([made, Path("scratch/tmp.X/staged.json")])
    assert "staged" not in (folder / made).read_text()


def test_a_record_holds_what_a_sheet_declares_of_the_sample(tmp_path: Path):
    words = ["--unit", "L1", "a.fastq", "--umi", "L1", "read1:8", "--umi", "L2", "read1:8", "--strandedness", "reverse"]
    run(tmp_path, *words, "--molecules", ANPI_MADE_FROM="abc", ANPI_RECORDS="results/made_from")
    record = json.loads((tmp_path / "results" / "made_from" / "qc" / "b.tsv.json").read_text())
    expected = {"umi": ["L1 read1:8", "L2 read1:8"], "strandedness": ["reverse"], "molecules": [""]}
    assert record["declared"] == expected


def test_a_module_that_python_compiles_is_neither_made_nor_read(tmp_path: Path):
    """Also where it is kept below a folder that an argument names, such as the one of scratch."""
    tmp_path.joinpath("late.py").write_text("")
    words = ("late", "--scratch", str(tmp_path))
    for _ in range(2):
        done = run(tmp_path, *words, ANPI_MADE_FROM="abc", ANPI_RECORDS="results/made_from", PYTHONDONTWRITEBYTECODE="")
        assert done.returncode == 0, done.stderr
        assert list(tmp_path.rglob("late.*.pyc"))
        record = json.loads((tmp_path / "results" / "made_from" / "qc" / "b.tsv.json").read_text())
        assert not [name for name in (*record["made"], *record["read"]) if name.endswith(".pyc")]


def test_a_program_that_fails_or_runs_by_itself_leaves_no_record(tmp_path: Path):
    failed = run(tmp_path / "one", "fail", ANPI_MADE_FROM="abc", ANPI_RECORDS="results/made_from")
    alone = run(tmp_path / "two")
    assert (failed.returncode, alone.returncode) == (1, 0)
    assert list(tmp_path.rglob("made_from")) == []


def test_what_is_remembered_of_earlier_runs_is_neither_read_nor_made(tmp_path: Path):
    for name in ("made_from/gone.tsv.json", "ledger/0001-abc.json", "ledger/pages/P1.html", "ledger/kept/step.zip"):
        (tmp_path / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results" / name).write_text("{}")
    done = run(tmp_path, "--results", "results", ANPI_MADE_FROM="abc", ANPI_RECORDS="results/made_from")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "results" / "made_from" / "qc" / "b.tsv.json").read_text())
    assert sorted(record["read"]) == ["../table.tsv", "samples/S1/facts.json"]
    assert not [name for name in record["made"] if name.startswith(("made_from/", "ledger/"))]


SHEETS = (
    "sample_id\tunit_id\tfastq_1\tfastq_2\nS1\tL1\ta_1.fq\ta_2.fq\n",
    "sample_id\tunit_id\tfastq_1\tfastq_2\tstrandedness\tumi\n"
    "S1\tL1\ta_1.fq\ta_2.fq\tauto\tread1:8\nS1\tL2\tb_1.fq\tb_2.fq\treverse\tNA\n",
    "sample_id\tunit_id\tbam\taligned_to\tstrandedness\nS1\tL1\ta.bam\ttranscriptome\tforward\n",
)


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_manifest_states_what_the_rules_tell_the_programs(sheet: str, tmp_path: Path):
    """The sheet as the manifest reads it, against the options that the rules make of it."""
    path = tmp_path / "units.tsv"
    path.write_text(sheet)
    for name in {word for word in sheet.replace("\n", "\t").split("\t") if word.endswith((".fq", ".bam"))}:
        (tmp_path / name).write_text("x")
    units = units_by_sample(typed_units(path))["S1"]
    files = {file: str(tmp_path / file) for file in units.reads}
    words = f"{units.options(files)} --aligned-to {units.aligned_to} --strandedness {units.strandedness}"
    told = declared_in(shlex.split(words + " --molecules" * units.identified))
    stated = declared_of({"units": str(path)}, ["S1"])["S1"]
    assert {option: values for option, values in stated.items() if values} == told


def typed_units(path: Path) -> pd.DataFrame:
    """Return the rows of a sheet with each column that the rules ask for."""
    rows = read_table(path, "units")
    kind = "bam" if rows["bam"].notna().any() else "paired"
    return rows.assign(kind=kind)


def test_shipped_files_are_no_inputs_wherever_the_results_are(tmp_path: Path):
    registry = ROOT / "resources" / "signatures" / "registry.tsv"
    done = run(tmp_path, "--registry", str(registry), ANPI_MADE_FROM="abc", ANPI_RECORDS="results/made_from")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "results" / "made_from" / "qc" / "b.tsv.json").read_text())
    assert sorted(record["read"]) == ["../table.tsv", "samples/S1/facts.json"]
