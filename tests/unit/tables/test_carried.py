"""Extra columns go into results only when the config names them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import anndata
import openpyxl
import pandas as pd
import pytest
from unit.report.made import make_tables, write_run
from warm import python

from anpi.check import check_run
from anpi.problems import InputError
from anpi.tables.carried import carried

ROOT = Path(__file__).resolve().parents[3]


def test_columns_of_the_schema_go_along_and_extra_ones_only_when_named():
    frame = pd.DataFrame({"patient_id": ["P1"], "arm": ["A"], "death_day": ["5"], "smoking": ["x"], "note": ["y"]})
    assert list(carried(frame, "patients", ())) == ["patient_id", "arm", "death_day"]
    assert list(carried(frame, "patients", ["patients.note", "samples.smoking"]))[3:] == ["note"]


def test_a_column_to_be_carried_that_no_table_has_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tables").mkdir()
    Path("tables/patients.csv").write_text("patient_id,arm,treatment_start_date,smoking\nP1,A,2024-01-01,x\n")
    config = {"clinical": {"patients": "tables/patients.csv"}, "carry_columns": ["patients.smokng"]}
    with pytest.raises(InputError, match=r"carry_columns: found 'patients[.]smokng', expected a column that one"):
        check_run(config)


def run(program: str, *arguments: object) -> None:
    done = subprocess.run([python(), ROOT / "scripts" / program, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_workbook_holds_of_the_patients_what_the_config_names(tmp_path):
    tables = make_tables(6)
    tables["patients"] = tables["patients"].assign(smoking="former", note="zqxwv")
    write_run(tmp_path, tables)
    inputs = ["--results", tmp_path / "results", "--patients", tmp_path / "patients.csv"]
    run("write_report.py", *inputs, "--carry", "patients.smoking", "--out-dir", tmp_path / "report")
    sheet = openpyxl.load_workbook(tmp_path / "report" / "tables.xlsx")["patients"]
    header = [cell.value for cell in next(sheet.rows)]
    assert "smoking" in header
    assert "note" not in header
    for file in (tmp_path / "report").rglob("*.*"):
        assert file.suffix == ".xlsx" or b"zqxwv" not in file.read_bytes(), file


def test_the_cohort_holds_of_the_samples_what_the_config_names(tmp_path):
    sheet = {"sample_id": ["S1", "S2"], "patient_id": ["P1", "P2"], "timepoint": "baseline", "specimen": "ffpe"}
    sheet |= {"site": "a", "batch": "b", "block_age": "3", "note": "zqxwv"}
    pd.DataFrame(sheet).to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    for name in ("tpm", "counts"):
        frame = pd.DataFrame({"gene_id": ["g1", "g2"], "S1": [1.0, 2.0], "S2": [3.0, 4.0]})
        frame.to_csv(tmp_path / f"{name}.tsv", sep="\t", index=False)
    genes = pd.DataFrame({"gene_id": ["g1", "g2"], "symbol": ["A", "B"], "biotype": "protein_coding", "length": 9})
    genes.to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    for name in ("verdicts", "calls"):
        pd.DataFrame({"sample_id": ["S1", "S2"], name: "x"}).to_csv(tmp_path / f"{name}.tsv", sep="\t", index=False)
    scores = pd.DataFrame({"sample_id": ["S1", "S2"], "signature": "s", "score": 1.0})
    scores.to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    inputs = [
        word
        for n in ("tpm", "counts", "genes", "samples", "verdicts", "calls", "scores")
        for word in (f"--{n}", tmp_path / f"{n}.tsv")
    ]
    run("write_cohort.py", *inputs, "--carry", "samples.block_age", "--out", tmp_path / "cohort.h5ad")
    obs = anndata.read_h5ad(tmp_path / "cohort.h5ad").obs
    assert "block_age" in obs
    assert "note" not in obs
