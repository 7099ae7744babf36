"""From real deliveries to a run that plans, with no edit but the answers."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from unit.delivery.delivery_files import SHEETS, write_csv, write_reads, write_workbook
from warm import python, snakemake

from workflow.running import environment

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("cohorts")]


def init(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [python(), ROOT / "scripts" / "init_trial.py", *words, "--out", folder / "config"]
    return subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def asked(folder: Path) -> set[str]:
    content = yaml.safe_load((folder / "config" / "answers.yaml").read_text())["answers"]
    return {name for name, answer in content.items() if answer is None}


def start(folder: Path, answers: Mapping[str, str], *words: object) -> dict:
    """Ask for what is open, answer it, and plan the run; return its config."""
    assert init(folder, *words).returncode == 2
    assert asked(folder) == set(answers)
    (folder / "answers.yaml").write_text(yaml.safe_dump({"answers": dict(answers)}))
    done = init(folder, *words, "--answers", folder / "answers.yaml")
    assert done.returncode == 0, done.stderr
    command = [
        *snakemake(),
        "-n",
        "--snakefile",
        str(ROOT / "workflow" / "Snakefile"),
        "--directory",
        str(folder),
    ]
    planned = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "write_report" in planned.stdout + planned.stderr
    return yaml.safe_load((folder / "config" / "config.yaml").read_text())


def rows(path: str | Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if str(path).endswith(".tsv") else ","))


def test_a_published_cohort_with_a_matrix(external_data: Path, tmp_path: Path):
    source = external_data / "data" / "expression" / "gide2019_melanoma"
    answers = {"samples: timepoint": "baseline", "expression: unit": "log2_tpm_plus_0.001"}
    config = start(tmp_path, answers, "--reads", source, "--clinical", source / "clinical.tsv")
    assert config["expression"] == {
        "matrix": str(source / "expression_log2tpm.tsv.gz"),
        "unit": "log2_tpm_plus_0.001",
    }
    given = {row["patient_id"]: row for row in rows(source / "clinical.tsv")}
    made = {row["patient_id"]: row for row in rows(config["clinical"]["patients"])}
    assert len(made) == 41
    assert {p: row["pfs_months"] for p, row in made.items()} == {
        p: row["survival_time_pfs"] for p, row in given.items()
    }
    assert {p: row["os_event"] for p, row in made.items()} == {p: row["event_occurred_os"] for p, row in given.items()}
    assert {p: row["bor"] for p, row in made.items()} == {p: row["recist"] for p, row in given.items()}


def test_datasets_of_a_trial(external_data: Path, tmp_path: Path):
    files = sorted((external_data / "clinical" / "pharmaverse").glob("*.csv"))
    config = start(tmp_path, {"endpoints: data cut-off": "2015-03-05"}, "--clinical", *files)
    assert set(config["clinical"]) == {"patients", "assessments", "lesions", "adverse_events"}
    assert len(rows(config["clinical"]["patients"])) == 254
    changes = rows(tmp_path / "config" / "conversion.tsv")
    events = {row["row"]: row for row in changes if row["column"] == "AESEV"}
    grade = {"MILD": "1", "MODERATE": "2", "SEVERE": "3"}
    source = rows(next(file for file in files if file.name == "adverse_events.csv"))
    assert {int(row): (change["from"], change["to"]) for row, change in events.items()} == {
        number: (row["AESEV"], grade[row["AESEV"]]) for number, row in enumerate(source, start=2)
    }


def test_reads_with_the_sample_table_of_a_study(external_data: Path, tmp_path: Path):
    reads = external_data / "data" / "reads" / "armor_airway_chr1"
    table = external_data / "data" / "reads" / "airway_star_bams" / "sample_table.csv"
    people = [
        ["N61311", "A", "M", "61,5"],
        ["N052611", "A", "F", "50,0"],
        ["N080611", "A", "F", "5,1"],
        ["N061011", "A", "M", "52,0"],
    ]
    clinical = write_csv(tmp_path / "patients.csv", [["Patient", "Arm", "Gender", "Age"], *people], ";")
    words = ("--reads", reads, "--clinical", clinical, table)
    assert init(tmp_path, *words).returncode == 2
    assert asked(tmp_path) == {"sample_table.csv: sample_id of samples"}
    columns = {
        "sample_table.csv: sample_id of samples": "Run",
        "sample_table.csv, cell: column of samples": "patient_id",
    }
    (tmp_path / "config" / "answers.yaml").write_text(yaml.safe_dump({"answers": columns}))
    runs = [f"SRR10395{number}" for number in ("08", "09", "12", "13", "16", "17", "20", "21")]
    treated = {f"samples: timepoint, {run}": ("on_treatment" if int(run[-2:]) % 4 == 1 else "baseline") for run in runs}
    config = start(tmp_path, treated, *words)
    assert config["reference"]["transcripts"] == str(
        reads / "reference" / "Gencode28" / "gencode.v28.transcripts.1.1.10M.fa.gz"
    )
    used = {row["sample_id"]: (row["patient_id"], row["use"]) for row in rows(config["samples"])}
    assert used["SRR1039508"] == ("N61311", "yes")
    assert {sample for sample, (_, use) in used.items() if use == "no"} == set(runs[4:])


def test_a_folder_of_nf_core_rnaseq(external_data: Path, tmp_path: Path):
    """Its merged matrices and its salmon folders hold the same samples: which of them is used is asked."""
    results = tmp_path / "results_nf"
    for run in ("SRR1039508", "SRR1039509"):
        folder = results / "star_salmon" / run
        shutil.copytree(external_data / "data" / "quants" / "airway" / run, folder)
    lines = ["gene_id\tgene_name\tSRR1039508\tSRR1039509"]
    lines += [f"ENSG{number:011}\tG{number}\t{number * 7}\t{number * 5}" for number in range(1, 201)]
    (results / "star_salmon" / "salmon.merged.gene_counts.tsv").write_text("\n".join(lines) + "\n")
    people = write_csv(tmp_path / "p.csv", [["Patient", "Arm"], ["SRR1039508", "A"], ["SRR1039509", "A"]])
    words = ("--reads", results, "--clinical", people)
    assert init(tmp_path, *words).returncode == 2
    assert "reads: kind" in asked(tmp_path)
    answers = {"reads: kind": "matrix salmon.merged.gene_counts.tsv"}
    (tmp_path / "config" / "answers.yaml").write_text(yaml.safe_dump({"answers": answers}))
    times = {f"samples: timepoint, {run}": "baseline" for run in ("SRR1039508", "SRR1039509")}
    config = start(tmp_path, times, *words)
    assert config["expression"]["unit"] == "counts"


def test_a_messy_workbook(tmp_path: Path):
    """As hospitals send it, with lesions in a column a visit."""
    lesions = [
        ["Patient", "Lesion", "Type", "Lymph node", "Location", "Baseline", "Week 6"],
        ["P001", "Date", None, None, None, "10/01/2024", "14/02/2024"],
        [None, "T1", "Target", "no", "liver", "32 mm", "30 mm"],
        [None, "N1", "non-target", "no", "lung", "present", "absent"],
    ]
    write_workbook(tmp_path / "export.xlsx", SHEETS | {"Lesions": lesions})
    write_reads(tmp_path / "fastq", ["P001_baseline", "P002_pre", "P003_baseline"])
    (tmp_path / "transcripts.fa").write_text(
        ">ENST00000456328.2|ENSG00000290825.1|-|-|A-1|A|12|lncRNA|\nACGTACGTACGT\n"
    )
    answers = {
        "export.xlsx#Scans, Subject: rows without a patient": "as_above",
        "export.xlsx#Lesions, Patient: rows without a patient": "as_above",
        "export.xlsx#Patients, Arm: Arm A or arm A": "Arm A",
        "export.xlsx#Patients, OS status: coding": "1_is_event",
        "export.xlsx#Patients, Date of death: values, UNK": "missing",
        "reference: transcripts": str(tmp_path / "transcripts.fa"),
        "endpoints: data cut-off": "2024-06-30",
    }
    config = start(tmp_path, answers, "--reads", tmp_path / "fastq", "--clinical", tmp_path / "export.xlsx")
    made = [(row["lesion_id"], row["visit"], row["diameter_mm"]) for row in rows(config["clinical"]["lesions"])]
    assert made == [("T1", "Baseline", "32"), ("T1", "Week 6", "30"), ("N1", "Baseline", "NA"), ("N1", "Week 6", "NA")]
