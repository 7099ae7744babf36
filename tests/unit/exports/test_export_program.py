"""The program, what it refuses, and what it leaves in a folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from export_results import FORMATS
from unit.exports.made_run import make_run, read, write_manifest
from warm import python

from anpi.exports.finished_run import FinishedRun
from anpi.exports.folder import export as write_export
from anpi.files.writing import write_json, write_table
from anpi.problems import InputError

PROGRAM = Path(__file__).resolve().parents[3] / "scripts" / "export_results.py"


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_run_gives_the_same_bytes(name: str, results: Path, tmp_path: Path):
    for place in ("one", "two"):
        write_export(FinishedRun(results), name, FORMATS[name], tmp_path / place)
    one, two = (json.loads((tmp_path / place / f"export_{name}.json").read_text()) for place in ("one", "two"))
    assert one == two
    assert one["files"]


def test_the_program_writes_a_format(results: Path, tmp_path: Path):
    command = [
        python(),
        str(PROGRAM),
        "--results",
        str(results),
        "--format",
        "gct",
        "--out",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "tpm.gct").is_file()


def test_tables_of_an_earlier_run_with_samples_are_not_exported(tmp_path: Path):
    run = make_run(tmp_path)
    manifest = json.loads((run / "manifest.json").read_text())
    folders = ("clinical/", "analysis/", "association/")
    kept = {name: sha256 for name, sha256 in manifest["results"].items() if name.startswith(folders)}
    write_json(run / "manifest.json", manifest | {"results": kept})
    write_export(FinishedRun(run), "parquet", FORMATS["parquet"], tmp_path / "out")
    written = {file.stem for file in (tmp_path / "out").glob("*.parquet")}
    assert "endpoints" in written
    assert not written & {"calls", "scores", "targets", "fractions", "pathways", "tpm", "counts"}
    with pytest.raises(InputError, match="need a run with samples"):
        write_export(FinishedRun(run), "gct", FORMATS["gct"], tmp_path / "gct")


@pytest.mark.parametrize(
    ("wrong", "break_it"),
    [
        ("results without a manifest are exported", lambda run: (run / "manifest.json").unlink()),
        (
            "a result that changed since the run is exported",
            lambda run: write_table(
                run / "clinical/endpoints.tsv", read(run / "clinical/endpoints.tsv").assign(pfs_days=1)
            ),
        ),
        (
            "the patients' table changed since the run that is exported",
            lambda run: (run.parent / "config/patients.csv").write_text("patient_id\nX\n"),
        ),
        ("a run without expression is exported as GCT", lambda run: (run / "qc/verdicts.tsv").unlink()),
    ],
)
def test_what_cannot_be_exported_is_refused(wrong: str, break_it, tmp_path: Path, tells):
    run = make_run(tmp_path)
    break_it(run)
    name = "gct" if "GCT" in wrong else "parquet"
    with pytest.raises(InputError) as fault:
        write_export(FinishedRun(run), name, FORMATS[name], tmp_path / "out")
    tells(wrong, map(str, fault.value.problems))


def test_an_export_anew_holds_nothing_of_a_patient_who_was_taken_out(tmp_path: Path):
    run = make_run(tmp_path)
    write_export(FinishedRun(run), "phenopackets", FORMATS["phenopackets"], tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("of the user")
    assert (tmp_path / "out" / "0003.json").is_file()
    for name in ("clinical/endpoints.tsv", "analysis/sets.tsv"):
        table = read(run / name)
        write_table(run / name, table[table["patient_id"] != "0003"])
    write_manifest(tmp_path / "plan.yaml", tmp_path / "config", run, True)
    write_export(FinishedRun(run), "phenopackets", FORMATS["phenopackets"], tmp_path / "out")
    assert not (tmp_path / "out" / "0003.json").exists()
    assert (tmp_path / "out" / "0004.json").is_file()
    assert (tmp_path / "out" / "notes.txt").is_file()


def test_what_is_left_out_is_told(tmp_path: Path):
    run = make_run(tmp_path)
    (tmp_path / "config" / "patients.csv").rename(tmp_path / "elsewhere.csv")
    write_export(FinishedRun(run), "cbioportal", FORMATS["cbioportal"], tmp_path / "out")
    notes = json.loads((tmp_path / "out" / "export_cbioportal.json").read_text())["notes"]
    assert any("clinical.patients (config/patients.csv) was not found" in note for note in notes)
    assert any("no patient without a sample" in note for note in notes)
    named = FinishedRun(run, {"clinical.patients": tmp_path / "elsewhere.csv"})
    assert "sex" in named.patients


@pytest.mark.parametrize("name", ["ars", "cbioportal", "definexml", "parquet", "phenopackets", "sbom"])
def test_a_run_without_expression_is_exported(name: str, tmp_path: Path):
    run = make_run(tmp_path, [{"entry": "arms", "endpoints": ["pfs"], "biomarker": "arm"}], expressed=False)
    write_export(FinishedRun(run), name, FORMATS[name], tmp_path / "out")
    assert json.loads((tmp_path / "out" / f"export_{name}.json").read_text())["files"]


def test_no_date_stands_in_a_phenopacket_or_a_study_of_cbioportal(export):
    """Dates of patients become durations; the date of the run is no patient's."""
    for name in ("phenopackets", "cbioportal"):
        for file in export(name).rglob("*"):
            if file.is_file():
                text = file.read_text().replace("2026-03-01", "")
                assert "2022-12-20" not in text, file
                assert "2023-01-01" not in text, file


def test_columns_of_your_own_stay_where_they_are(tmp_path: Path):
    """As in the report: only those go along that the config carries or the plan names."""
    run = make_run(tmp_path, [{"entry": "main", "endpoints": ["pfs"], "biomarker": "columns", "columns": ["teff"]}])
    path = tmp_path / "config" / "patients.csv"
    lines = path.read_text().splitlines()
    extra = ["smoking,parking", *["never,secret"] * (len(lines) - 1)]
    path.write_text("".join(f"{line},{more}\n" for line, more in zip(lines, extra, strict=True)))
    write_manifest(tmp_path / "plan.yaml", tmp_path / "config", run, True)
    assert {"teff", "age"} <= set(FinishedRun(run).patients)
    assert not {"smoking", "parking"} & set(FinishedRun(run).patients)
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["settings"]["carry_columns"] = ["patients.smoking"]
    write_json(run / "manifest.json", manifest)
    assert "smoking" in FinishedRun(run).patients
    for name in FORMATS:
        write_export(FinishedRun(run), name, FORMATS[name], tmp_path / name)
        assert not [file for file in (tmp_path / name).rglob("*") if file.is_file() and b"secret" in file.read_bytes()]


@pytest.mark.parametrize(
    ("key", "value"),
    [("results", None), ("results", {"clinical/endpoints.tsv": 3}), ("settings", []), ("settings", {"title": {}}),
     ("plan", {}), ("plan", {"families": [{"entries": [3]}]}), ("given_as", {"samples": None}), ("software", "x"),
     ("given_as", {"samples": "nowhere.tsv"}), ("inputs", {"config/patients.csv": "x"})],
)  # fmt: skip
def test_a_damaged_manifest_is_told_with_its_mend(tmp_path: Path, results: Path, key: str, value: object):
    run = shutil.copytree(results.parent, tmp_path / "trial") / "results"
    content = json.loads((run / "manifest.json").read_text())
    write_json(run / "manifest.json", content | {key: value})
    with pytest.raises(InputError, match=rf"manifest.json, {key}: .*Run the workflow again: it is made anew\."):
        write_export(FinishedRun(run), "sbom", FORMATS["sbom"], tmp_path / "out")
    write_json(run / "manifest.json", {name: part for name, part in content.items() if name != key})
    with pytest.raises(InputError, match=f"the manifest lacks {key}"):
        write_export(FinishedRun(run), "sbom", FORMATS["sbom"], tmp_path / "out")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", "{}", '{"date": 3}', '{"date": "yesterday"}'])
def test_a_damaged_record_of_the_ledgers_entry_is_told(tmp_path: Path, results: Path, text: str):
    run = shutil.copytree(results.parent, tmp_path / "trial") / "results"
    (run / "ledger/recorded.json").write_text(text)
    with pytest.raises(InputError, match=r"recorded.json.*Delete it and run again: it is made again\."):
        write_export(FinishedRun(run), "definexml", FORMATS["definexml"], tmp_path / "out")
    (run / "ledger/recorded.json").unlink()  # a copy without its ledger is exported
    write_export(FinishedRun(run), "definexml", FORMATS["definexml"], tmp_path / "out")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"files": ["a"]}', '{"files": 3}'])
def test_a_damaged_list_of_an_earlier_export_is_told(tmp_path: Path, results: Path, text: str):
    """Which files of patients it left cannot be known."""
    (tmp_path / "export_sbom.json").write_text(text)
    with pytest.raises(InputError, match=r"export_sbom.json: not the list of an export. Delete .* and export again"):
        write_export(FinishedRun(results), "sbom", FORMATS["sbom"], tmp_path)


def test_what_an_earlier_run_left_in_the_folder_is_not_exported(tmp_path: Path, results: Path):
    """As after a run that has no pathways or samples any more: the manifest lists what the run made."""
    run = shutil.copytree(results.parent, tmp_path / "trial") / "results"
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["results"]["immune/pathways.tsv"]
    write_json(run / "manifest.json", manifest)
    write_export(FinishedRun(run), "parquet", FORMATS["parquet"], tmp_path / "out")
    assert (tmp_path / "out/fractions.parquet").is_file()
    assert not (tmp_path / "out/pathways.parquet").exists()
    del manifest["results"]["subtypes/calls.tsv"]
    write_json(run / "manifest.json", manifest)
    write_export(FinishedRun(run), "phenopackets", FORMATS["phenopackets"], tmp_path / "out")
    assert "biosamples" not in json.loads((tmp_path / "out/0001.json").read_text())


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("clinical.patient", r"--inputs: found 'clinical.patient=.*Is it clinical.patients\?"),
        ("clinical.therapies", "a table that the run was made from: clinical.patients, samples. Leave it out"),
    ],
)
def test_a_table_that_the_run_was_not_made_from_is_refused(tmp_path: Path, results: Path, named: str, words: str):
    path = results.parent / "config/patients.csv"
    with pytest.raises(InputError, match=words):
        write_export(FinishedRun(results, {named: path}), "cbioportal", FORMATS["cbioportal"], tmp_path)
    write_export(FinishedRun(results, {"clinical.patients": path}), "parquet", FORMATS["parquet"], tmp_path)
    run = FinishedRun(results, {"clinical.patients": tmp_path / "gone.csv"})
    with pytest.raises(InputError, match=r"gone.csv: file not found\. It was named by --inputs clinical\.patients"):
        write_export(run, "parquet", FORMATS["parquet"], tmp_path)


def test_a_table_of_the_same_name_elsewhere_does_not_hide_the_right_one(
    tmp_path: Path, results: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "other/config").mkdir(parents=True)
    (tmp_path / "other/config/patients.csv").write_text("patient_id,arm\nX,A\n")
    run = shutil.copytree(results, tmp_path / "other/results")
    monkeypatch.chdir(results.parent)
    assert "sex" in FinishedRun(run).patients
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"patients\.csv: the file has changed since the run"):
        _ = FinishedRun(run).patients
