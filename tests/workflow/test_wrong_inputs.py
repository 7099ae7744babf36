"""What a user reads who made a mistake: place, what was found, what was expected, how to mend it."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.check import check_run
from anpi.expression.assemble import assemble_matrix
from anpi.problems import InputError
from anpi.tables.schema import load_yaml
from workflow.conftest import Trial

ROOT = Path(__file__).resolve().parents[2]
CONFIG, SAMPLES, UNITS = "config/config.yaml", "config/samples.tsv", "config/units.tsv"
PATIENTS = "config/clinical/patients.csv"
ASSESSMENTS = "config/clinical/assessments.csv"
LESIONS = "config/clinical/lesions.csv"
EVENTS = "config/clinical/adverse_events.csv"
GENES = pd.read_csv(ROOT / "resources" / "genes" / "gencode_v48.tsv.gz", sep="\t").query("biotype == 'protein_coding'")


@dataclass(frozen=True)
class Case:
    """A mistake, and for each problem that it makes the words that its line must hold, in this order."""

    name: str
    spoil: Callable[[Trial], object]
    says: tuple[tuple[str, ...], ...]


def case(name: str, spoil: Callable[[Trial], object], *words: str) -> Case:
    return Case(name, spoil, (words,))


def write_matrix(trial: Trial, change: Callable[[pd.DataFrame], pd.DataFrame], unit: str = "tpm") -> None:
    """Replace the units by a matrix of TPM of 1,000 genes."""
    rng = np.random.default_rng(5)
    samples = pd.read_csv(trial.path(SAMPLES), sep="\t")["sample_id"]
    symbols = GENES["symbol"].drop_duplicates().head(1000)
    values = pd.DataFrame(rng.lognormal(2, 2, (1000, len(samples))), index=symbols, columns=samples)
    change(1e6 * values / values.sum()).to_csv(trial.path("config/matrix.tsv"), sep="\t", index_label="gene")
    trial.setting("units", None)
    trial.setting("reference", None)
    trial.setting("expression", {"matrix": "config/matrix.tsv", "unit": unit})


def misname_matrix(trial: Trial) -> None:
    write_matrix(trial, lambda values: values)
    trial.path("config/matrix.tsv").rename("config/matrx.tsv")


def repeat_header(trial: Trial) -> None:
    write_matrix(trial, lambda values: values)
    trial.edit("config/matrix.tsv", lambda text: text.replace("\tP001-O\t", "\tP001-B\t", 1))


CASES = [
    # The config
    case("unknown key", lambda t: t.setting("clincal", {}), CONFIG, "clincal", "unknown key", "Did you mean clinical?"),
    case(
        "unknown key in a block",
        lambda t: t.setting("reference.transcript", "x.fa"),
        *(CONFIG, "reference.transcript", "unknown key", "Did you mean transcripts?"),
    ),
    case(
        "unknown key in a shared block",
        lambda t: t.setting("qc.fragments.warm", 3),
        *(CONFIG, "qc.fragments.warm", "unknown key", "Did you mean warn?"),
    ),
    case(
        "wrong type",
        lambda t: t.setting("fragment_length.mean", "long"),
        *(CONFIG, "fragment_length.mean", "found 'long'", "expected a number with a decimal point from 30 to 1000"),
    ),
    case("a list for a path", lambda t: t.setting("units", ["a"]), CONFIG, "units", "found", "the path of units.tsv"),
    case("missing key", lambda t: t.setting("clinical.patients", None), CONFIG, "clinical", "key patients is missing"),
    case(
        "empty block",
        lambda t: t.edit(CONFIG, lambda text: text[: text.index("clinical:")] + "clinical:\n"),
        *(CONFIG, "clinical", "found 'null'", "a block of keys"),
    ),
    case(
        "UMI in a place that no read has",
        lambda t: t.cell(UNITS, 2, "umi", "barcode"),
        *(UNITS, "row 2", "column umi", "found 'barcode'", "expected"),
    ),
    case(
        "empty path",
        lambda t: t.setting("clinical.patients", ""),
        *(CONFIG, "clinical.patients", "found ''", "the path of patients.csv"),
    ),
    case(
        "path that no file can have",
        lambda t: t.setting("clinical.lesions", "lesions\0.csv"),
        *(CONFIG, "clinical.lesions", "a text without characters that cannot be seen"),
    ),
    case("missing block", lambda t: t.setting("clinical", None), CONFIG, "key clinical is missing"),
    case(
        "threshold without its pair",
        lambda t: t.setting("qc.mapping_rate", {"warn": 50}),
        *(CONFIG, "qc.mapping_rate", "key fail is missing"),
    ),
    case(
        "threshold of failing above that of warning",
        lambda t: t.setting("qc.mapping_rate", {"warn": 30, "fail": 60}),
        *(CONFIG, "qc.mapping_rate", "found 'warn 30, fail 60'", "fail at or below warn"),
    ),
    case(
        "both units and a matrix",
        lambda t: t.setting("expression", {"matrix": SAMPLES, "unit": "tpm"}),
        *(CONFIG, "both units and expression are given", "Keep the one"),
    ),
    case(
        "samples without units",
        lambda t: t.setting("units", None),
        *(CONFIG, "samples is given without units or expression"),
    ),
    case("units without samples", lambda t: t.setting("samples", None), CONFIG, "units is given without samples"),
    case(
        "no reference",
        lambda t: t.setting("reference", None),
        *(CONFIG, "reference", "units need a reference", "Give reference.transcripts"),
    ),
    case(
        "reference that is not there",
        lambda t: t.setting("reference.transcripts", "reference/transcript.fa.gz"),
        *(CONFIG, "reference.transcripts", "does not exist", "found 'reference/transcript.fa.gz'"),
        "Is it reference/transcripts.fa.gz?",
    ),
    case(
        "URL without checksum",
        lambda t: t.setting("reference.transcripts", "https://example.org/t.fa.gz"),
        *(CONFIG, "reference.transcripts", "a URL without a checksum", "Add reference.sha256.transcripts"),
    ),
    case(
        "checksum of another kind",
        lambda t: t.setting("reference.sha256", {"transcripts": "d41d8cd98f00b204e9800998ecf8427e"}),
        *(CONFIG, "reference.sha256.transcripts", "found 'd41d8cd9", "64 hexadecimal digits"),
    ),
    case(
        "URL of another scheme",
        lambda t: (
            t.setting("reference.transcripts", "gs://bucket/t.fa"),
            t.setting("reference.sha256", {"transcripts": "0" * 64}),
        ),
        *(CONFIG, "reference.transcripts", "found 'gs://bucket/t.fa'", "an s3 URL, or a URL that begins with https://"),
    ),
    case(
        "reference in S3 with a checksum",
        lambda t: (
            t.setting("reference.transcripts", "s3://bucket/t.fa"),
            t.setting("reference.sha256", {"transcripts": "0" * 64}),
        ),
        *(CONFIG, "reference.transcripts", "a checksum of an object of S3", "Leave reference.sha256.transcripts out"),
    ),
    case(
        "bucket without an object",
        lambda t: t.setting("reference.transcripts", "s3://bucket"),
        *(CONFIG, "reference.transcripts", "found 's3://bucket'", "s3://bucket/key"),
    ),
    case(
        "clinical table that is not there",
        lambda t: t.setting("clinical.patients", "config/clinical/patient.csv"),
        *("config/clinical/patient.csv", "file not found", "Is it config/clinical/patients.csv?"),
    ),
    case(
        "signatures that are not there",
        lambda t: t.setting("signatures.gmt", ["own.gmt"]),
        *(CONFIG, "signatures.gmt", "does not exist", "found 'own.gmt'"),
    ),
    # Matrices
    case(
        "unknown unit of a matrix",
        lambda t: write_matrix(t, lambda values: values, "rpkm"),
        *(CONFIG, "expression.unit", "found 'rpkm'", "counts, tpm, vst or log2_tpm_plus_<c>"),
    ),
    case(
        "matrix that lacks a sample",
        lambda t: write_matrix(t, lambda values: values.rename(columns={"P003-B": "P003_B"})),
        *("config/matrix.tsv", "row 1", "sample P003-B", "no column of the matrix", "Did you mean P003_B?"),
    ),
    case(
        "matrix that is not there",
        misname_matrix,
        *(CONFIG, "expression.matrix", "does not exist", "Is it config/matrx.tsv?"),
    ),
    case("matrix with a sample twice", repeat_header, "config/matrix.tsv", "row 1", "P001-B", "stands twice"),
    # Any table
    case(
        "not UTF-8",
        lambda t: t.path(PATIENTS).write_bytes(t.path(PATIENTS).read_bytes().replace(b"chemo", b"ch\xe9mo")),
        *(PATIENTS, "not UTF-8 text", "CSV UTF-8"),
    ),
    case(
        "semicolons in a CSV",
        lambda t: t.edit(PATIENTS, lambda text: text.replace(",", ";")),
        *(PATIENTS, "row 1", "expected columns separated by commas", "A .csv file holds commas"),
    ),
    case(
        "commas in a TSV",
        lambda t: t.edit(SAMPLES, lambda text: text.replace("\t", ",")),
        *(SAMPLES, "row 1", "expected columns separated by tabs"),
    ),
    case(
        "ragged row",
        lambda t: t.add_row(ASSESSMENTS, "P001,2024-09-01,PD"),
        *(ASSESSMENTS, "row 65", "found '3 cells'", "expected 7 as in the header"),
    ),
    case(
        "column twice",
        lambda t: t.edit(PATIENTS, lambda text: text.replace(",age,", ",sex,", 1)),
        *(PATIENTS, "row 1", "column sex", "stands twice"),
    ),
    case(
        "missing column with a near name",
        lambda t: t.edit(PATIENTS, lambda text: text.replace("patient_id", "patient_nr", 1)),
        *(PATIENTS, "row 1", "column patient_id", "missing", "Is it the column patient_nr?"),
    ),
    case(
        "misspelt optional column",
        lambda t: t.edit(PATIENTS, lambda text: text.replace("death_date", "Death Date", 1)),
        *(PATIENTS, "row 1", "column Death Date", "misspelt column", "Call it death_date."),
    ),
    case(
        "optional column with a letter too few",
        lambda t: t.edit(PATIENTS, lambda text: text.replace("death_date", "deth_date", 1)),
        *(PATIENTS, "row 1", "column deth_date", "misspelt column", "Call it death_date."),
    ),
    case("empty file", lambda t: t.path(LESIONS).write_text(""), LESIONS, "row 1", "the file has no header"),
    case(
        "damaged gzip file",
        lambda t: (
            t.path("config/clinical/patients.csv.gz").write_bytes(gzip.compress(t.path(PATIENTS).read_bytes())[:-30]),
            t.setting("clinical.patients", "config/clinical/patients.csv.gz"),
        ),
        *("config/clinical/patients.csv.gz", "the gzip file is damaged or cut short", "Copy it again."),
    ),
    # Samples
    case(
        "sample of no patient",
        lambda t: t.cell(SAMPLES, 6, "patient_id", "p003"),
        *(
            SAMPLES,
            "row 6",
            "column patient_id",
            "found 'p003'",
            "a patient of the patients table",
            "Did you mean P003?",
        ),
    ),
    case(
        "sample twice",
        lambda t: t.add_row(SAMPLES, "P003-B\tP003\tbaseline\tffpe\tlung\tB1\t2023-08-05\t80"),
        *(SAMPLES, "row 24", "column sample_id", "found 'P003-B'", "each once; it stands in row 6 already"),
    ),
    case(
        "timepoint of another word",
        lambda t: t.cell(SAMPLES, 2, "timepoint", "Baseline"),
        *(SAMPLES, "row 2", "column timepoint", "found 'Baseline'", "one of baseline, on_treatment, progression"),
        "Did you mean baseline?",
    ),
    case(
        "tumour content above 100",
        lambda t: t.cell(SAMPLES, 2, "tumour_content", "800"),
        *(SAMPLES, "row 2", "column tumour_content", "found '800'", "a number with a decimal point from 0 to 100"),
    ),
    Case(
        "no samples listed",
        lambda t: (
            t.edit(SAMPLES, lambda text: text.splitlines()[0] + "\n"),
            t.edit(UNITS, lambda text: text.splitlines()[0] + "\n"),
        ),
        (
            (SAMPLES, "the table has no sample", "one row per sample", "take it out of the config"),
            (UNITS, "the table has no unit", "one row per unit"),
        ),
    ),
    # Units
    case(
        "file of reads that is not there",
        lambda t: t.cell(UNITS, 2, "fastq_1", "reads/P001-B_L1_R1.fq.gz"),
        *(UNITS, "row 2", "column fastq_1", "the file does not exist", "found 'reads/P001-B_L1_R1.fq.gz'"),
        "Is it reads/P001-B_L1_R1.fastq.gz?",
    ),
    case(
        "file of reads whose name is too long for any file",
        lambda t: t.cell(UNITS, 2, "fastq_1", "reads/" + "x" * 300),
        *(UNITS, "row 2", "column fastq_1", "the file does not exist"),
    ),
    case(
        "empty file of reads",
        lambda t: (t.path("reads/empty.fastq.gz").touch(), t.cell(UNITS, 2, "fastq_1", "reads/empty.fastq.gz")),
        *(UNITS, "row 2", "column fastq_1", "empty (0 bytes)", "found 'reads/empty.fastq.gz'", "Copy it again."),
    ),
    case(
        "folder for a file of reads",
        lambda t: t.cell(UNITS, 2, "fastq_1", "reads"),
        *(UNITS, "row 2", "column fastq_1", "found 'reads'", "expected a file, not a folder"),
    ),
    case(
        "same file twice",
        lambda t: t.cell(UNITS, 7, "fastq_1", "./reads/P001-B_L1_R1.fastq.gz"),
        *(UNITS, "row 7", "column fastq_1", "each file once; it stands in row 2 already"),
    ),
    case(
        "single and paired mixed",
        lambda t: t.cell(UNITS, 3, "fastq_2", "NA"),
        *(UNITS, "row 3", "sample P001-B mixes units", "found 'paired and single'", "Give each kind a sample"),
    ),
    case(
        "reads and salmon result in a row",
        lambda t: t.cell(UNITS, 4, "quant", "reference"),
        *(UNITS, "row 4", "found 'fastq_1 and quant'", "exactly one of fastq_1, bam, quant"),
    ),
    case(
        "mate without its first",
        lambda t: t.cell(UNITS, 6, "fastq_1", "NA"),
        *(UNITS, "row 6", "found 'none'", "exactly one of fastq_1, bam, quant", "Fill fastq_1 when fastq_2 is filled."),
    ),
    case(
        "BAM that is not there",
        lambda t: (
            t.cell(UNITS, 12, "bam", "reads/P007.bam"),
            t.cell(UNITS, 12, "fastq_1", "NA"),
            t.cell(UNITS, 12, "fastq_2", "NA"),
        ),
        *(UNITS, "row 12", "column bam", "the file does not exist", "found 'reads/P007.bam'"),
    ),
    case(
        "salmon folder without a result",
        lambda t: (
            t.cell(UNITS, 12, "quant", "reference"),
            t.cell(UNITS, 12, "fastq_1", "NA"),
            t.cell(UNITS, 12, "fastq_2", "NA"),
        ),
        *(UNITS, "row 12", "column quant", "found 'reference'", "a salmon folder with quant.sf inside"),
    ),
    case(
        "units of no sample",
        lambda t: (
            t.path("reads/new.fastq").write_text("@r\nA\n+\nI\n"),
            t.add_row(UNITS, "P016-C\tL1\treads/new.fastq\tNA\tauto"),
        ),
        *(UNITS, "row 27", "column sample_id", "found 'P016-C'", "Did you mean P016-B?"),
    ),
    case(
        "sample without unit",
        lambda t: t.edit(UNITS, lambda text: "".join(x for x in text.splitlines(True) if "P008-B" not in x)),
        *(UNITS, "sample P008-B has no unit", "set use to no"),
    ),
    case(
        "two strands in a sample",
        lambda t: t.cell(UNITS, 3, "strandedness", "forward"),
        *(UNITS, "row 3", "column strandedness", "sample P001-B", "found 'forward and reverse'", "expected one"),
    ),
    # Clinical tables
    case(
        "day before month",
        lambda t: t.cell(ASSESSMENTS, 2, "assessment_date", "29/03/2024"),
        *(ASSESSMENTS, "row 2", "column assessment_date", "found '29/03/2024'", "a date as YYYY-MM-DD"),
        "Dates are year-month-day",
    ),
    case(
        "day that no month has",
        lambda t: t.cell(PATIENTS, 2, "treatment_start_date", "2024-02-30"),
        *(PATIENTS, "row 2", "column treatment_start_date", "found '2024-02-30'", "a date as YYYY-MM-DD"),
    ),
    case(
        "date with its day unknown",
        lambda t: t.cell(PATIENTS, 4, "death_date", "2023-11"),
        *(PATIENTS, "row 4", "column death_date", "found '2023-11'", "an unknown day cannot stand here"),
    ),
    case(
        "decimal comma",
        lambda t: t.cell(PATIENTS, 2, "ldh", "151,5"),
        *(PATIENTS, "row 2", "column ldh", "found '151,5'", "a number", "Write the decimal sign as a point"),
    ),
    case(
        "digits with an underscore",
        lambda t: t.cell(PATIENTS, 2, "age", "6_3"),
        *(PATIENTS, "row 2", "column age", "found '6_3'", "a number"),
    ),
    case(
        "sex in words",
        lambda t: t.cell(PATIENTS, 2, "sex", "male"),
        *(PATIENTS, "row 2", "column sex", "found 'male'", "one of F, M", "Did you mean M?"),
    ),
    case(
        "grade without a number",
        lambda t: t.cell(EVENTS, 3, "grade", "III"),
        *(EVENTS, "row 3", "column grade", "found 'III'", "a whole number from 1 to 5"),
    ),
    case(
        "patient twice",
        lambda t: t.cell(PATIENTS, 3, "patient_id", "P001"),
        *(PATIENTS, "row 3", "column patient_id", "found 'P001'", "it stands in row 2 already"),
    ),
    case(
        "death before treatment",
        lambda t: t.cell(PATIENTS, 2, "death_date", "2024-01-01"),
        *(PATIENTS, "row 2", "column death_date", "found '2024-01-01'", "from the treatment start 2024-02-16 on"),
    ),
    case(
        "end of treatment before its start",
        lambda t: t.cell(PATIENTS, 3, "treatment_end_date", "2023-08-24"),
        *(PATIENTS, "row 3", "column treatment_end_date", "found '2023-08-24'", "treatment start 2024-01-31 on"),
    ),
    case(
        "response that RECIST does not know",
        lambda t: t.cell(ASSESSMENTS, 2, "overall_response", "uPR"),
        *(ASSESSMENTS, "row 2", "column overall_response", "found 'uPR'", "one of CR, PR, SD", "Did you mean PR?"),
    ),
    case(
        "lesion of two kinds",
        lambda t: t.cell(LESIONS, 5, "kind", "nontarget"),
        *(LESIONS, "row 5", "column kind", "found 'nontarget'", "target, as lesion T1 has in row 2"),
    ),
    case(
        "lesion that is gone and has a size",
        lambda t: t.cell(LESIONS, 5, "status", "absent"),
        *(LESIONS, "row 5", "column status", "found 'absent with 19 mm'", "no size"),
    ),
    case(
        "negative diameter",
        lambda t: t.cell(LESIONS, 5, "diameter_mm", "-19"),
        *(LESIONS, "row 5", "column diameter_mm", "found '-19'", "from 0 to 500"),
    ),
    case(
        "half of an endpoint",
        lambda t: t.cell(PATIENTS, 5, "pfs_days", "120"),
        *(PATIENTS, "row 5", "column pfs_event", "a value, as pfs_days has one"),
    ),
    case(
        "date and study day of one event",
        lambda t: t.cell(PATIENTS, 2, "death_day", "300"),
        *(PATIENTS, "row 1", "column death_day", "both death_day and death_date are given", "Keep one."),
    ),
    # Rules and plan
    case(
        "plan with an unknown signature",
        lambda t: (
            t.path("plan.yaml").write_text((ROOT / "config" / "plan.yaml").read_text().replace("gep18", "gep_18", 1)),
            t.setting("plan", "plan.yaml"),
        ),
        *("plan.yaml", "immune_signatures", "found 'gep_18'", "Did you mean gep18?"),
    ),
    case(
        "rules with an unknown key",
        lambda t: (
            t.path("rules.yaml").write_text("confirmation: {minimum_day: 28}\n"),
            t.setting("endpoints", "rules.yaml"),
        ),
        *("rules.yaml", "confirmation.minimum_day", "unknown key", "Did you mean minimum_days?"),
    ),
    case(
        "rules that are no YAML",
        lambda t: (
            t.path("rules.yaml").write_text("scans:\n  interval_days: [42\n  window_days: 7\n"),
            t.setting("endpoints", "rules.yaml"),
        ),
        *("rules.yaml", "row 3", "not valid YAML"),
    ),
    case(
        "rules with a key twice",
        lambda t: (
            t.path("rules.yaml").write_text("scans:\n  interval_days: 42\n  interval_days: 56\n"),
            t.setting("endpoints", "rules.yaml"),
        ),
        *("rules.yaml", "row 3", "interval_days", "stands twice"),
    ),
    case(
        "rules that are not there",
        lambda t: t.setting("endpoints", "config/endpoint.yaml"),
        *("config/endpoint.yaml", "file not found"),
    ),
    # Several at once
    Case(
        "several faults of one file",
        lambda t: (
            t.cell(PATIENTS, 2, "sex", "x"),
            t.cell(PATIENTS, 3, "age", "sixty"),
            t.cell(PATIENTS, 3, "ecog", "7"),
            t.cell(PATIENTS, 4, "death_date", "2023-13-01"),
        ),
        (
            (PATIENTS, "row 2", "column sex", "found 'x'"),
            (PATIENTS, "row 3", "column age", "found 'sixty'"),
            (PATIENTS, "row 3", "column ecog", "found '7'", "a whole number from 0 to 5"),
            (PATIENTS, "row 4", "column death_date", "found '2023-13-01'"),
        ),
    ),
    Case(
        "faults of several files",
        lambda t: (
            t.setting("reference.transcripts", "no.fa"),
            t.cell(SAMPLES, 2, "timepoint", "before"),
            t.cell(ASSESSMENTS, 2, "new_lesion", "maybe"),
            t.cell(EVENTS, 2, "grade", "6"),
            t.path("rules.yaml").write_text("data_cutoff: soon\n"),
            t.setting("endpoints", "rules.yaml"),
        ),
        (
            (CONFIG, "reference.transcripts", "found 'no.fa'"),
            (ASSESSMENTS, "row 2", "column new_lesion", "found 'maybe'", "one of Y, N, E"),
            (EVENTS, "row 2", "column grade", "found '6'"),
            (SAMPLES, "row 2", "column timepoint", "found 'before'"),
            ("rules.yaml", "data_cutoff", "found 'soon'", "a date as YYYY-MM-DD"),
        ),
    ),
]

BAD_IDS = ["P 1", "-P1", "../P1", "x" * 300, "$(x)", "P1;x", "Pé", "P1/2", ".hidden", "P'1"]


def problems_of(trial: Trial) -> list[str]:
    """Check a spoilt trial; give each problem as the user reads it."""
    with pytest.raises(InputError) as caught:
        check_run(load_yaml(CONFIG), CONFIG)
    return [str(problem) for problem in caught.value.problems]


def holds_in_order(line: str, words: tuple[str, ...]) -> bool:
    place = 0
    for word in words:
        place = line.find(word, place)
        if place < 0:
            return False
        place += len(word)
    return True


def test_the_trial_that_is_spoilt_is_good(trial):
    run = check_run(load_yaml(CONFIG), CONFIG)
    assert len(run.used) == 22
    assert run.units is not None
    assert set(run.units["kind"]) == {"paired", "single"}
    assert run.config["fragment_length"] == {"mean": 180, "sd": 30}
    assert run.config["seed"] == 1


@pytest.mark.parametrize("wrong", CASES, ids=lambda wrong: wrong.name)
def test_a_mistake_is_told_in_words(trial, wrong, tells):
    wrong.spoil(trial)
    problems = problems_of(trial)
    assert len(problems) == len(wrong.says), problems
    for line, words in zip(problems, wrong.says, strict=True):
        assert holds_in_order(line, words), (line, words)
        assert "None" not in line
        assert "Traceback" not in line
    tells(wrong.name, problems)


@pytest.mark.parametrize("bad", BAD_IDS)
@pytest.mark.parametrize(("file", "column"), [(SAMPLES, "sample_id"), (UNITS, "unit_id"), (PATIENTS, "patient_id")])
def test_ids_that_a_shell_or_a_path_could_misread_are_refused(trial, bad, file, column, tells):
    trial.cell(file, 3, column, bad)
    line = next(line for line in problems_of(trial) if "an id of letters, digits" in line)
    assert holds_in_order(line, (file, "row 3", f"column {column}", f"found {bad[:70]!r}"[:60]))
    tells(f"{column} {bad if len(bad) < 20 else 'of 300 characters'}", [line])


def test_ids_of_digits_stay_text(trial):
    for file in (PATIENTS, SAMPLES, ASSESSMENTS, LESIONS, EVENTS):
        trial.edit(file, lambda text: text.replace("P007", "007"))
    trial.edit(UNITS, lambda text: re.sub(r"^P007-", "007-", text, flags=re.MULTILINE).replace("\tL1\t", "\t01\t"))
    run = check_run(load_yaml(CONFIG), CONFIG)
    assert "007-B" in run.used
    assert run.units is not None
    assert run.samples is not None
    assert set(run.units["unit_id"]) == {"01", "L2"}
    assert run.samples.set_index("sample_id").at["007-B", "patient_id"] == "007"


def test_a_patient_without_sample_and_extra_columns_are_allowed(trial):
    trial.cell(SAMPLES, 2, "pathologist_note", "necrosis")
    run = check_run(load_yaml(CONFIG), CONFIG)
    assert run.samples is not None
    assert "P006" not in set(run.samples["patient_id"])
    assert run.samples["pathologist_note"].iloc[0] == "necrosis"


def test_a_sample_that_is_not_used_needs_no_files(trial):
    trial.edit(UNITS, lambda text: "".join(line for line in text.splitlines(True) if "P008-B" not in line))
    trial.edit(UNITS, lambda text: text.replace("reads/P016-B_L1_R1.fastq.gz", "lost.fastq.gz"))
    for sample in ("P008-B", "P016-B"):
        trial.cell(SAMPLES, trial.row(SAMPLES, sample), "use", "no")
    assert not {"P008-B", "P016-B"} & set(check_run(load_yaml(CONFIG), CONFIG).used)


MATRICES = [
    (
        "logs declared as TPM",
        lambda values: np.log2(values + 1),
        "tpm",
        ("declared tpm", "values from 0", "these look like logarithms"),
    ),
    ("logs declared as counts", lambda values: np.log2(values + 1), "counts", ("declared counts", "logarithms")),
    (
        "TPM declared as logs",
        lambda values: values,
        "log2_tpm_plus_1",
        ("declared log2_tpm_plus_1", "none above 25"),
    ),
    (
        "another offset",
        lambda values: np.log2(values + 0.001),
        "log2_tpm_plus_1",
        ("declared log2_tpm_plus_1", "no value below log2(1) = 0"),
    ),
    ("negative counts", lambda values: values.round() - 1, "counts", ("declared counts", "no negative value")),
    ("counts declared as TPM", lambda values: (values * 30).round(), "tpm", ("declared tpm", "sum over genes")),
    (
        "TPM declared as counts",
        lambda values: values,
        "counts",
        ("declared counts", "sums to one million", "these look like tpm"),
    ),
    (
        "symbols that became dates",
        lambda values: values.rename(index={values.index[3]: "2-Sep", values.index[7]: "Mar-01"}),
        "tpm",
        ("2 gene names turned into dates", "2-Sep, Mar-01", "without passing it through a spreadsheet"),
    ),
    (
        "text for a number",
        lambda values: values.astype(object).mask(values == values.iloc[2, 1], "1,5"),
        "tpm",
        ("row 4", "P001-O", "found '1,5'", "a number", "point"),
    ),
    (
        "infinite value",
        lambda values: values.mask(values == values.iloc[2, 1], np.inf),
        "tpm",
        ("row 4", "P001-O", "found 'inf'", "a number"),
    ),
    (
        "genes of another species",
        lambda values: values.set_axis([f"ENSMUSG{number:011d}" for number in range(len(values))]),
        "tpm",
        ("gene name", "ENSMUSG00000000000", "Ensembl gene ids or gene symbols"),
    ),
]


@pytest.mark.parametrize(("name", "change", "unit", "words"), MATRICES, ids=[row[0] for row in MATRICES])
def test_a_matrix_that_contradicts_its_unit_is_refused(trial, name, change, unit, words, tells):
    write_matrix(trial, change, unit)
    run = check_run(load_yaml(CONFIG), CONFIG)
    with pytest.raises(InputError) as caught:
        assemble_matrix(Path("config/matrix.tsv"), unit, run.used)
    assert any(holds_in_order(str(problem), ("config/matrix.tsv", *words)) for problem in caught.value.problems)
    tells(name, map(str, caught.value.problems))


def dry_run(folder: Path) -> subprocess.CompletedProcess:
    bin_folder = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    command = [str(bin_folder / "snakemake"), "-n", "--snakefile", str(ROOT / "workflow" / "Snakefile")]
    command += ["--directory", str(folder), "--configfile", CONFIG]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


SHOWN = ["unknown key", "faults of several files", "file of reads that is not there", "not UTF-8"]


@pytest.mark.workflow
@pytest.mark.parametrize("name", SHOWN)
def test_a_dry_run_shows_the_words_and_no_traceback(trial, name):
    wrong = next(wrong for wrong in CASES if wrong.name == name)
    wrong.spoil(trial)
    done = dry_run(trial.folder)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "Traceback" not in said
    for words in wrong.says:
        assert any(holds_in_order(line, words[1:]) for line in said.splitlines()), said


@pytest.mark.workflow
def test_a_config_that_is_no_yaml_ends_in_words(trial):
    trial.path(CONFIG).write_text("samples: [config/samples.tsv\nclinical: {}\n")
    done = dry_run(trial.folder)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "Config file is not valid JSON or YAML" in done.stdout + done.stderr
