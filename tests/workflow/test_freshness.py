"""Every key of config, plan and rules and every column of every table, changed alone, replans the declared rules.

``freshness.tsv`` declares for each what is changed to what, in which trial, and the rules whose record changes with it;
the rules that follow from their results are Snakemake's to find. A key or column that is not in the table fails.
"""

from __future__ import annotations

import csv
import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from anpi.tables.schema import load_schema
from demo.trial import LEAST_PATIENTS, write_trial
from workflow.conftest import Trial
from workflow.recorded import ROOT, Job, Record, planned_workflow, records, replanned, unrecorded_words

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("freshness")]

DECLARED = Path(__file__).with_name("freshness.tsv")
SETTINGS = ("config", "plan", "endpoints")
SHEETS = ("samples", "units")
CLINICAL = ("patients", "assessments", "lesions", "therapies", "adverse_events", "biomarkers")
SAMPLES = ("P001-B", "P002-B", "P010-B")
IDS = ("sample_id", "patient_id")
# Endpoints that the sponsor decided, of the first patient.
DECIDED = {"pfs_days": "90", "pfs_event": "1", "os_days": "290", "os_event": "1"}
# Entries with the keys that the shipped plan does not use.
FAMILY = {
    "family": "more",
    "tier": "exploratory",
    "entries": [
        {"entry": "category", "endpoints": ["pfs"], "biomarker": "signatures", "categories": ["T cell"]},
        {"entry": "gene", "endpoints": ["pfs"], "biomarker": "genes", "genes": ["SLFN11"], "cut": "none"},
        {"entry": "column", "endpoints": ["pfs"], "biomarker": "columns", "columns": ["ldh"]},
        {"entry": "marker", "endpoints": ["pfs"], "biomarker": "markers", "markers": ["LDH"]},
    ],
}
ROWS = list(csv.DictReader(DECLARED.open(), delimiter="\t", quoting=csv.QUOTE_NONE))


def schema_keys(schema: dict[str, Any], prefix: str = "") -> list[str]:
    """List the keys of a schema, through blocks and lists of blocks."""
    keys = []
    for name, rule in schema.get("properties", {}).items():
        inner = schema_keys(rule.get("items", rule), f"{prefix}{name}.") if not is_threshold(rule) else []
        keys += inner or [f"{prefix}{name}"]
    return keys


def is_threshold(rule: dict[str, Any]) -> bool:
    return set(rule.get("properties", {})) == {"warn", "fail"}


@pytest.mark.parametrize("where", [*SETTINGS, *SHEETS, *CLINICAL])
def test_every_key_and_column_is_declared(where: str):
    """A new key or column needs a row: what it is changed to, and the rules that this must run again."""
    declared = {row["key"] for row in ROWS if row["where"] == where and row["rules"]}
    assert declared == set(schema_keys(load_schema(where))), f"add or remove rows of {DECLARED.name}"


def table_path(where: str) -> str:
    return f"config/{where}.tsv" if where in SHEETS else f"config/clinical/{where}.csv"


def read(trial: Trial, where: str) -> pd.DataFrame:
    path = trial.path(table_path(where))
    return pd.read_csv(path, sep="\t" if where in SHEETS else ",", dtype=str, keep_default_na=False)


def write(trial: Trial, where: str, frame: pd.DataFrame) -> None:
    frame.to_csv(trial.path(table_path(where)), sep="\t" if where in SHEETS else ",", index=False)


def measurements(trial: Trial) -> pd.DataFrame:
    """Markers of blood of each patient, and one of the last sample, which stands first."""
    starts = read(trial, "patients").set_index("patient_id")["treatment_start_date"]
    owner = read(trial, "samples").set_index("sample_id").at[SAMPLES[-1], "patient_id"]
    rows = [[owner, SAMPLES[-1], "TMB", "7", "per Mb", "panel", starts[owner]]]
    rows += [[patient, "", "LDH", "210", "U/L", "photometry", start] for patient, start in starts.items()]
    return pd.DataFrame(rows, columns=["patient_id", "sample_id", "marker", "value", "unit", "method", "date"])


def write_other_files(trial: Trial) -> None:
    """Write what changed keys point to: files of the same kind with another content."""
    other = trial.path("other")
    other.mkdir()
    for where in (*SHEETS, *CLINICAL):
        text = trial.path(table_path(where)).read_text()
        (other / Path(table_path(where)).name).write_text(text.rstrip("\n") + "\n\n")
    for name in ("plan", "endpoints"):
        (other / f"{name}.yaml").write_text((ROOT / "config" / f"{name}.yaml").read_text() + "# another\n")
    for name, source in (("R1.fastq", "reads"), ("R2.fastq", "reads"), ("S.bam", "reads")):
        (other / name).write_text(f"another file of {source}\n")
    (other / "quant.sf").write_text("Name\tLength\tEffectiveLength\tTPM\tNumReads\n")
    (other / "contigs.fa").write_text(">c phix\nACGT\n")
    (other / "targets.tsv").write_text("target\tgenes\tcompartment\nPTK7\tPTK7\ttumour\n")
    (other / "sets.gmt").write_text("another\tset\tASCL1\tNEUROD1\n")
    shutil.copy(trial.path("reference/transcripts.fa.gz"), other / "transcripts.fa.gz")
    (other / "genes.gtf").write_text(GTF)
    (other / "genome.fa").write_text(">chr1\nACGTACGT\n")
    shutil.copytree(ROOT / "resources" / "subtypes" / "sclc_anpi" / "1.0.0", other / "model")
    (other / "model" / "NOTES.txt").write_text("Another model.\n")


GTF = 'chr1\tmade\texon\t1\t8\t.\t+\t.\tgene_id "ENSG00000000001"; transcript_id "ENST00000000001"; gene_name "ONE";\n'


def reads(trial: Trial) -> None:
    """A trial from FASTQ: paired, and one single library."""


def alignments(trial: Trial) -> None:
    """The same from BAM files."""
    trial.path("reads/S.bam").write_text("stands for alignments\n")
    units = read(trial, "units")[["sample_id", "unit_id"]].drop_duplicates("sample_id")
    write(trial, "units", units.assign(bam=[f"reads/{sample}.bam" for sample in units["sample_id"]]))
    for sample in units["sample_id"]:
        trial.path(f"reads/{sample}.bam").write_text(f"stands for alignments of {sample}\n")


def counted(trial: Trial) -> None:
    """From BAM files with the genes of their genome alone."""
    alignments(trial)
    trial.path("reference/genes.gtf").write_text(GTF.replace("ONE", "TWO"))
    trial.setting("reference", {"gtf": "reference/genes.gtf"})


def quantified(trial: Trial) -> None:
    """The same from salmon's results."""
    units = read(trial, "units")[["sample_id", "unit_id"]].drop_duplicates("sample_id")
    write(trial, "units", units.assign(quant=[f"reads/{sample}/quant.sf" for sample in units["sample_id"]]))
    for sample in units["sample_id"]:
        trial.path(f"reads/{sample}").mkdir()
        trial.path(f"reads/{sample}/quant.sf").write_text(f"stands for {sample}\n")


def genome(trial: Trial) -> None:
    """From FASTQ, against a genome and its genes, aligned with STAR."""
    trial.path("reference/genes.gtf").write_text(GTF.replace("ONE", "TWO"))
    trial.path("reference/genome.fa").write_text(">chr1\nTTTTACGT\n")
    trial.setting("reference", {"gtf": "reference/genes.gtf", "genome": "reference/genome.fa"})
    trial.setting("alignment.tool", "star")


def download(trial: Trial) -> None:
    """From FASTQ, against a reference that is downloaded."""
    names = {"transcripts": "transcripts.fa.gz", "gtf": "genes.gtf.gz", "genome": "genome.fa.gz"}
    reference: dict[str, Any] = {name: f"https://example.org/{file}" for name, file in names.items()}
    trial.setting("reference", reference | {"sha256": dict.fromkeys(names, "a" * 64)})


def matrix(trial: Trial) -> None:
    """The same from a matrix of TPM."""
    frame = pd.DataFrame({"gene": ["ASCL1", "NEUROD1"], **{sample: [600000, 400000] for sample in SAMPLES}})
    for folder, values in (("config", frame), ("other", frame.iloc[::-1])):
        values.to_csv(trial.path(f"{folder}/matrix.tsv"), sep="\t", index=False)
    for key in ("units", "reference"):
        trial.setting(key, None)
    trial.setting("expression", {"matrix": "config/matrix.tsv", "unit": "tpm"})


VARIANTS: dict[str, Callable[[Trial], None]] = {
    variant.__name__: variant for variant in (reads, alignments, counted, quantified, genome, download, matrix)
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, dict[Job, Record]]]:
    """Write each kind of trial once, of three samples, with what is recorded of it."""
    good = tmp_path_factory.mktemp("freshness") / "good"
    write_trial(good, LEAST_PATIENTS, pairs=10)

    @functools.cache
    def prepare(variant: str) -> tuple[Path, dict[Job, Record]]:
        trial = Trial(Path(shutil.copytree(good, tmp_path_factory.mktemp(variant) / "trial")))
        for where in SHEETS:
            frame = read(trial, where)
            write(trial, where, frame[frame["sample_id"].isin(SAMPLES)])
        patients = read(trial, "patients").assign(initials="none", **dict.fromkeys(DECIDED, "NA"))
        patients.loc[0, list(DECIDED)] = list(DECIDED.values())
        write(trial, "patients", patients)
        samples = read(trial, "samples").assign(verdict_override="NA", override_reason="NA")
        samples.loc[0, ["verdict_override", "override_reason", "collection_date"]] = ["fail", "seen", "NA"]
        write(trial, "samples", samples)
        write(trial, "biomarkers", measurements(trial))
        trial.setting("clinical.biomarkers", table_path("biomarkers"))
        trial.setting("allow_columns", ["patients.initials", "patients.arm"])
        for name in ("plan", "endpoints"):
            shutil.copy(ROOT / "config" / f"{name}.yaml", trial.path(f"config/{name}.yaml"))
            trial.setting(name, f"config/{name}.yaml")
        rules = yaml.safe_load(trial.path("config/endpoints.yaml").read_text())
        rules["scans"]["later"] = [{"from_day": 200, "interval_days": 84}]
        trial.path("config/endpoints.yaml").write_text(yaml.safe_dump(rules, sort_keys=False))
        plan = yaml.safe_load(trial.path("config/plan.yaml").read_text())
        plan["families"].append(FAMILY)
        trial.path("config/plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
        write_other_files(trial)
        VARIANTS[variant](trial)
        return trial.folder, records(trial.folder)

    return prepare


def change(trial: Trial, row: dict[str, str]) -> None:
    """Make the change of a row of the table; an id is renamed in all tables."""
    where, key, value = row["where"], row["key"], row["value"]
    if where == "config":
        trial.setting(key, yaml.safe_load(value))
    elif where in SETTINGS:
        path = trial.path(f"config/{where}.yaml")
        content = yaml.safe_load(path.read_text())
        if key == "families.family":  # of the last, which no other waits for
            content["families"][-1]["family"] = value
        else:
            set_key(content, key.split("."), yaml.safe_load(value))
        path.write_text(yaml.safe_dump(content, sort_keys=False))
    elif key in IDS and (where, key) != ("samples", "patient_id"):
        rename(trial, key, read(trial, where)[key].iloc[0], value)
    else:
        frame = read(trial, where).drop(columns=key.replace("_months", "_days") if key.endswith("_months") else [])
        frame.loc[rows_to_change(frame, key), key] = value
        write(trial, where, frame.fillna("NA"))


def rename(trial: Trial, key: str, old: str, new: str) -> None:
    for table in (*SHEETS, *CLINICAL):
        frame = read(trial, table)
        if key in frame:
            write(trial, table, frame.assign(**{key: frame[key].replace(old, new)}))


def rows_to_change(frame: pd.DataFrame, key: str) -> pd.Series:
    """The first row, or all rows that must say the same as it."""
    together = [column for column in TOGETHER.get(key, list(frame)) if column in frame]
    return frame[together].eq(frame[together].iloc[0]).all(axis=1)


# Columns by which rows belong together that must hold one value; an evaluator is one for all.
TOGETHER = {
    "strandedness": ["sample_id"],
    "aligned_to": ["sample_id"],
    "umi": ["sample_id"],
    "kind": ["patient_id", "lesion_id"],
    "evaluator": [],
    "unit": ["marker"],
    "method": ["marker"],
}


def set_key(content: Any, parts: list[str], value: Any) -> None:
    """Set a key where it stands, in the first block of a list that has it, or where it could stand."""
    blocks = content if isinstance(content, list) else [content]
    block = next((block for block in blocks if has_key(block, parts)), blocks[0])
    if len(parts) == 1:
        block[parts[0]] = value
    else:
        set_key(block.setdefault(parts[0], {}), parts[1:], value)


def has_key(content: Any, parts: list[str]) -> bool:
    blocks = content if isinstance(content, list) else [content]
    if not parts:
        return True
    return any(parts[0] in block and has_key(block[parts[0]], parts[1:]) for block in blocks if isinstance(block, dict))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['where']}.{row['key']}")
def test_a_change_replans_the_declared_rules(prepared, tmp_path: Path, row: dict[str, str]):
    folder, before = prepared(row["trial"])
    trial = Trial(Path(shutil.copytree(folder, tmp_path / "trial", copy_function=os.link)))
    for file in (*trial.path("config").rglob("*.*"),):
        if file.is_file():  # linked files are those of all trials
            shutil.copy2(file, f"{file}.own")
            os.replace(f"{file}.own", file)
    change(trial, row)
    assert " ".join(sorted(replanned(before, records(trial.folder)))) == row["rules"]


# The model of summarise_sample is known by its genes: another version with the same ones changes no fact of a sample.
MODEL = {"summarise_sample": [str(ROOT / "resources" / "subtypes" / "sclc_anpi" / "2.0.0")]}
KNOWN_OTHERWISE = {variant: MODEL for variant in VARIANTS if variant != "matrix"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_word_of_a_command_that_decides_something_is_recorded(prepared, variant: str):
    folder, _ = prepared(variant)
    with planned_workflow(folder) as flow:
        words = {job.rule.name: unrecorded_words(job) for job in flow.dag.jobs if job.rule.shellcmd}
    assert len(words) > 15
    assert {rule: found for rule, found in words.items() if found} == KNOWN_OTHERWISE.get(variant, {})
