"""The target `export` on a finished run whose tables and matrix are sheets of a workbook: all formats, each whole."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from simulate_demo import write_trial
from unit.delivery.delivery_files import write_workbook

from anpi.expression.matrix import read_numbers
from anpi.files.checksums import hash_file
from demo.trial import simulate_trial
from workflow.running import ROOT, attempt

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("cohorts")]

PATIENTS = 16
FORMATS = {"ars", "cbioportal", "definexml", "gct", "mudata", "parquet", "phenopackets", "sbom"}
TABLES = ("patients", "assessments", "lesions", "therapies", "adverse_events", "biomarkers")


def rows(path: Path, separator: str) -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=separator))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small trial, all of whose tables lie in one workbook, after the target ``export``; tests only read it."""
    folder = tmp_path_factory.mktemp("export")
    write_trial(folder, PATIENTS, pairs=10)
    config = folder / "config"
    tpm = simulate_trial(PATIENTS).tpm.round(3)
    sheets = {name: rows(config / "clinical" / f"{name}.csv", ",") for name in TABLES}
    sheets |= {"samples": rows(config / "samples.tsv", "\t")}
    sheets["tpm"] = [
        ["gene_id", *tpm.columns],
        *([gene, *values] for gene, values in zip(tpm.index, tpm.to_numpy().tolist(), strict=True)),
    ]
    write_workbook(folder / "trial.xlsx", sheets)
    settings = yaml.safe_load((config / "config.yaml").read_text())
    settings = {key: value for key, value in settings.items() if key not in ("units", "reference", "fragment_length")}
    settings |= {"samples": "trial.xlsx#samples", "expression": {"matrix": "trial.xlsx#tpm", "unit": "tpm"}}
    settings["clinical"] = {name: f"trial.xlsx#{name}" for name in TABLES}
    (config / "config.yaml").write_text(yaml.safe_dump(settings))
    code, said = attempt(ROOT, folder, "export")
    assert code == 0, said[-5000:]
    return folder


def record(exported: Path, name: str) -> dict:
    return json.loads((exported / "results" / "exports" / name / f"export_{name}.json").read_text())


def test_every_format_is_written_whole(exported: Path):
    assert {path.name for path in (exported / "results" / "exports").iterdir()} == FORMATS
    for name in FORMATS:
        made = record(exported, name)
        assert made["files"], name
        folder = exported / "results" / "exports" / name
        assert made["files"] == {file: hash_file(folder / file) for file in made["files"]}
        assert not [note for note in made["notes"] if "not found" in note]


def test_baseline_columns_come_from_the_sheets(exported: Path):
    told = pd.read_csv(exported / "config" / "clinical" / "patients.csv", dtype=str).set_index("patient_id")
    (file,) = (exported / "results" / "exports" / "definexml").rglob("adsl.csv")
    subjects = pd.read_csv(file, dtype=str).set_index("USUBJID")
    assert set(subjects.index) == set(told.index)
    assert subjects["SEX"].to_dict() == told["sex"].to_dict()
    assert subjects["AGE"].astype(float).to_dict() == told["age"].astype(float).to_dict()


def test_the_matrix_of_the_sheet_is_exported(exported: Path):
    """GCT holds the TPM of the cohort, which are those of the sheet brought to a million."""
    lines = rows(exported / "results" / "exports" / "gct" / "tpm.gct", "\t")
    exported_tpm = {line[0]: dict(zip(lines[2], line, strict=True)) for line in lines[3:]}
    sheet = read_numbers(f"{exported / 'trial.xlsx'}#tpm")
    sample, gene = sheet.columns[0], sheet[sheet.columns[0]].idxmax()
    told = sheet.at[gene, sample] / sheet[sample].sum() * 1e6
    assert float(exported_tpm[gene][sample]) == pytest.approx(told, rel=1e-5)


def test_nothing_is_left_to_do_until_the_workbook_changes(exported: Path):
    assert "Nothing to be done" in attempt(ROOT, exported, "-n", "export")[1]
