"""A whole small trial on disk: sheets, reads, reference, clinical tables, and the truth behind them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd

from anpi.files.rows import Document, Row
from anpi.files.shipped import ROOT
from anpi.files.writing import write_json, write_table, write_text
from demo.biomarkers import MARKER, simulate_ctdna
from demo.clinical import (
    LOG_HAZARD_RATIO_OF_INFLAMMATION,
    LOG_HAZARD_RATIOS,
    ClinicalTables,
    TrialDesign,
    log_hazards,
    sex_of,
    simulate_clinical,
)
from demo.expression import SUBTYPES, build_model, draw_tumours, simulate_expression
from demo.genes import choose_genes
from demo.reads import Transcriptome, build_transcriptome, draw_counts, write_reads, write_transcripts
from demo.strangers import build_contigs, draw_fragments, write_contigs
from demo.streams import stream

SUBTYPE_CYCLE = "ANAIPAIANAPAIANAAIPNAIAN"
LEAST_PATIENTS = 16
WRONG_SEX, NO_TISSUE, FAILED, MIXED, NOT_SCLC = 4, 6, 9, 12, 15
MOUSE, TARGET_HIGH = 14, 16
MOUSE_SHARE = 0.065
SWITCHED = [0.0, 1.0, 0.0, 0.0]  # shares of A, N, P, I
TARGET, TARGET_LIFT = "DLL3", 8.0
ON_TREATMENT_SAMPLES = 6
ABSENT = ("sex", "age", "arm", "ecog", "liver_mets", "brain_mets", "ldh", "batch", "purity")

CONFIG = """\
# A simulated trial. The truth behind it stands in truth/.
samples: config/samples.tsv
units: config/units.tsv
clinical:
  patients: config/clinical/patients.csv
  assessments: config/clinical/assessments.csv
  lesions: config/clinical/lesions.csv
  therapies: config/clinical/therapies.csv
  adverse_events: config/clinical/adverse_events.csv
  biomarkers: config/clinical/biomarkers.csv
plan: config/plan.yaml
reference:
  transcripts: reference/transcripts.fa.gz
strangers:
  contigs: config/strangers.fa
# The single-end libraries were cut to this length.
fragment_length: {mean: 180, sd: 30}
# A small transcriptome and few reads: thresholds to match.
qc:
  fragments: {warn: %(warn)d, fail: %(fail)d}
  genes_detected: {warn: 600, fail: 400}
"""
WARN_SHARE, FAIL_SHARE = 0.5, 0.25
SHIPPED_PLAN = ROOT / "config" / "plan.yaml"
FAMILY = f"""\
  - family: exploratory_clearance
    tier: exploratory
    multiplicity: bh
    entries:
      - entry: survival_by_clearance
        endpoints: [pfs, os]
        biomarker: clearance
        markers: [{MARKER}]
        set: all_treated
        why: Landmark and time-dependent models, since only who is followed can clear a marker

"""


@dataclass(frozen=True)
class SimulatedTrial:
    """A trial before it is written.

    Parameters
    ----------
    patients : pandas.DataFrame
        Truth by patient: ``subtype`` (mixed or none for the planted ones), shares, inflammation, purity, ``role``.
    samples : pandas.DataFrame
        Truth by sample: the columns of `simulate_expression`, sheet columns, ``fragments``, ``unmapped``, ``foreign``.
    clinical : ClinicalTables
    biomarkers : pandas.DataFrame
        Rows of ``biomarkers.csv``.
    tpm : pandas.DataFrame
        Genes x samples, as drawn.
    planted : list of Planted
    """

    patients: pd.DataFrame
    samples: pd.DataFrame
    clinical: ClinicalTables
    biomarkers: pd.DataFrame
    tpm: pd.DataFrame
    planted: list[Planted]


class Shown(TypedDict):
    """Table below ``results/`` that shows a finding, by one of the values of a column."""

    file: str
    column: str
    values: list[str]


class Finding(TypedDict):
    """What is planted in a patient, and what the report should say of it."""

    kind: str
    patient_id: str
    finding: str


class Planted(Finding):
    """A finding, the sample that has it (None: the patient) and where it is shown."""

    sample_id: str | None
    shown_in: Shown


def patient_name(number: int) -> str:
    return f"P{number:03d}"


def simulate_trial(
    patients: int = 24, pairs: int = 120_000, seed: int = 1, genes: pd.DataFrame | None = None
) -> SimulatedTrial:
    """Draw a trial with planted findings.

    The leading subtypes follow a fixed cycle and every patient has own streams of chance: more patients leave the
    earlier ones as they are.

    Parameters
    ----------
    patients : int
        At least 16, so that every planted finding has its patient.
    pairs : int
        Fragments of an ordinary sample.
    """
    if patients < LEAST_PATIENTS:
        raise ValueError(f"a simulated trial needs at least {LEAST_PATIENTS} patients for what is planted in it")
    truth = draw_patients(patients, seed)
    clinical = simulate_clinical(log_hazards(truth.assign(subtype=truth["leading"])), seed)
    wrong = clinical.patients["patient_id"] == patient_name(WRONG_SEX)
    clinical.patients.loc[wrong, "sex"] = clinical.patients.loc[wrong, "sex"].map({"F": "M", "M": "F"})
    samples = draw_samples(truth, clinical, pairs, seed)
    genes = choose_genes() if genes is None else genes
    tpm = simulate_expression(samples, seed, build_model(genes))
    tpm.loc[genes["symbol"].eq(TARGET), f"{patient_name(TARGET_HIGH)}-B"] *= TARGET_LIFT
    later = samples.loc[samples["timepoint"] != "baseline", "donor"]
    spared = {*later, patient_name(MOUSE), *truth.index[truth["role"] != "ordinary"]}
    planted = planted_in_samples() + planted_switch(samples) + contradict(clinical, spared)
    truth["hazard_multiplier"] = clinical.truth.set_index("patient_id")["hazard_multiplier"]
    truth["progression_days"] = clinical.truth.set_index("patient_id")["progression_days"]
    biomarkers, truth["ctdna_cleared_day"] = simulate_ctdna(clinical, seed)
    return SimulatedTrial(truth, samples, clinical, biomarkers, tpm, planted)


def draw_patients(patients: int, seed: int) -> pd.DataFrame:
    """Draw the truth by patient, the planted ones included."""
    names = [patient_name(i) for i in range(1, patients + 1)]
    leading = pd.Series([SUBTYPE_CYCLE[i % len(SUBTYPE_CYCLE)] for i in range(patients)], index=names)
    truth = draw_tumours(leading, seed)
    truth.insert(0, "role", "ordinary")
    truth["leading"] = truth["subtype"]
    truth["sex"] = [sex_of(name, seed) for name in names]
    roles = {
        WRONG_SEX: "wrong sex",
        NO_TISSUE: "no tissue",
        FAILED: "failed sample",
        MIXED: "mixed",
        NOT_SCLC: "not SCLC",
    }
    for number, role in roles.items():
        truth.loc[patient_name(number), "role"] = role
    mixed, other = patient_name(MIXED), patient_name(NOT_SCLC)
    truth.loc[mixed, ["subtype", "leading", *SUBTYPES]] = ["A+N", "A", 0.35, 0.65, 0.0, 0.0]
    truth.loc[mixed, ["inflammation", "purity"]] = [-0.4, 0.85]
    truth.loc[other, ["subtype", "leading"]] = ["none", "A"]
    truth.loc[other, ["inflammation", "purity", "tissue"]] = [0.0, 0.0, "airway_muscle"]
    truth.index.name = "patient_id"
    return truth


def draw_samples(truth: pd.DataFrame, clinical: ClinicalTables, pairs: int, seed: int) -> pd.DataFrame:
    """Draw the samples: one at baseline of every patient with tissue, a few later ones."""
    starts = clinical.patients.set_index("patient_id")["treatment_start_date"]
    later = later_samples(truth, clinical)
    rows = {}
    for number, patient_id in enumerate(truth.index, start=1):
        if number == NO_TISSUE:
            continue
        before = int(stream(seed, "tissue", patient_id).integers(3, 40))
        taken = {"baseline": starts[patient_id] - timedelta(days=before)} | later.get(patient_id, {})
        for point, day in taken.items():
            sample = f"{patient_id}-{point[0].upper()}"
            facts = {"patient_id": patient_id, "timepoint": point, "collection_date": day}
            rows[sample] = facts | sample_facts(sample, number, point, truth.loc[patient_id], pairs, seed)
    samples = pd.DataFrame.from_dict(rows, orient="index")
    samples.index.name = "sample_id"
    samples.loc[first_of_a(samples), list(SUBTYPES)] = SWITCHED
    return samples


def first_of_a(samples: pd.DataFrame) -> list[str]:
    """Return the sample under treatment whose tumour became another: of the first A tumour, which turns to N."""
    donors = samples.loc[samples["timepoint"].eq("baseline") & samples["A"].gt(0.5), "donor"]
    later = samples["timepoint"].eq("on_treatment") & samples["donor"].isin(donors)
    return list(samples.index[later][:1])


def planted_switch(samples: pd.DataFrame) -> list[Planted]:
    """Return the planted switch, where a patient's course allowed a second sample."""
    shown_in: Shown = {"file": "change/changes.tsv", "column": "feature", "values": ["subtype_switch"]}
    finding = "ASCL1 programme at baseline, NEUROD1 programme on treatment: very probably of different subtypes"
    return [
        {
            "kind": "subtype switch",
            "patient_id": samples.at[sample, "donor"],
            "sample_id": sample,
            "finding": finding,
            "shown_in": shown_in,
        }
        for sample in first_of_a(samples)
    ]


def later_samples(truth: pd.DataFrame, clinical: ClinicalTables) -> dict[str, dict[str, date]]:
    """Choose who has further samples: the first six with a second scan, and the first other who progressed."""
    ordinary = truth.index[truth["role"] == "ordinary"]
    scans = clinical.assessments[clinical.assessments["patient_id"].isin(ordinary)].groupby("patient_id", sort=False)
    second = {name: rows["assessment_date"].iloc[0] for name, rows in scans if len(rows) > 1}
    on_treatment = dict(list(second.items())[:ON_TREATMENT_SAMPLES])
    progressed = [
        (name, rows["assessment_date"].iloc[-1])
        for name, rows in scans
        if rows["overall_response"].iloc[-1] == "PD" and name not in on_treatment
    ]
    chosen = {name: {"on_treatment": day} for name, day in on_treatment.items()}
    return chosen | {name: {"progression": day} for name, day in progressed[:1]}


def sample_facts(sample: str, number: int, point: str, facts: pd.Series, pairs: int, seed: int) -> Row:
    """Draw one sample: what is in it, how it was stored and sequenced."""
    draw = stream(seed, "sample facts", sample)
    failed = number == FAILED
    shown = np.clip(100 * facts["purity"] + draw.normal(0, 5), 5, 95)
    fragments = round(pairs * draw.uniform(0.9, 1.1))
    total = max(200, fragments // 8) if failed else fragments
    unmapped = round(total * (0.75 if failed else 0.03))
    return {
        **{subtype: facts[subtype] for subtype in SUBTYPES},
        "inflammation": facts["inflammation"] + {"baseline": 0.0, "on_treatment": 0.8, "progression": 0.2}[point],
        **{column: facts[column] for column in ("purity", "tissue", "sex")},
        "donor": facts.name,
        "specimen": "ffpe" if draw.random() < 0.7 else "frozen",
        "site": str(draw.choice(["lung", "liver", "lymph node", "adrenal gland"])),
        "batch": f"B{1 + (number - 1) // 12}",
        "tumour_content": 5 * round(shown / 5) if number != NOT_SCLC else 40,
        "lanes": 2 if number % 8 == 1 else 1,
        "mates": 1 if number % 10 == 0 else 2,
        "suffix": ".fastq" if number % 24 == 11 else ".fastq.gz",
        "strandedness": "unstranded" if number % 24 == 17 else "reverse",
        "declared": "unstranded" if number % 24 == 17 else "auto" if number % 5 == 0 else "reverse",
        "fragments": total - unmapped,
        "unmapped": unmapped,
        "foreign": round(MOUSE_SHARE * total) if number == MOUSE and point == "baseline" else 0,
    }


def planted_in_samples() -> list[Planted]:
    """Return what is planted in the samples, what the report should say of it and in which table."""
    no_call: Shown = {"file": "subtypes/calls.tsv", "column": "call", "values": ["none"]}
    words: tuple[tuple[int, str, str, Shown], ...] = (
        (
            WRONG_SEX,
            "wrong sex",
            "the clinical table says the other sex than XIST and the Y genes: a warning",
            {"file": "qc/verdicts.tsv", "column": "verdict", "values": ["warn"]},
        ),
        (
            NO_TISSUE,
            "no tissue",
            "treated but without a sample: left out of every biomarker analysis, with that reason",
            {"file": "analysis/sets.tsv", "column": "rna_evaluable", "values": ["no"]},
        ),
        (
            FAILED,
            "failed sample",
            "few reads, most of which map nowhere: the sample fails quality control and gets no subtype",
            {"file": "qc/verdicts.tsv", "column": "verdict", "values": ["fail"]},
        ),
        (
            MIXED,
            "between two subtypes",
            "ASCL1 and NEUROD1 programmes both on: called mixed or lean, never confident",
            {"file": "subtypes/calls.tsv", "column": "call", "values": ["mixed", "lean"]},
        ),
        (
            NOT_SCLC,
            "not SCLC",
            "airway smooth muscle without neuroendocrine genes and proliferation: gets no subtype",
            no_call,
        ),
        (
            MOUSE,
            "mouse",
            f"{MOUSE_SHARE:.1%} more fragments of a mouse's contigs: a warning",
            {"file": "qc/verdicts.tsv", "column": "verdict", "values": ["warn"]},
        ),
        (
            TARGET_HIGH,
            "target high",
            f"{TARGET} {TARGET_LIFT:g} times as high as drawn: level high",
            {"file": "targets/targets.tsv", "column": "level", "values": ["high"]},
        ),
    )
    return [
        {
            "kind": kind,
            "patient_id": patient_name(number),
            "sample_id": None if number == NO_TISSUE else f"{patient_name(number)}-B",
            "finding": finding,
            "shown_in": shown_in,
        }
        for number, kind, finding, shown_in in words
    ]


def contradict(clinical: ClinicalTables, spared: Collection[str]) -> list[Planted]:
    """Plant two contradictions: a scan after death, and a progression that nothing recorded supports.

    Each goes to the first patient whose course allows it; where there is none, it is not planted.
    """
    late, afterwards = scan_after_death(clinical, spared)
    doubted = doubt_progression(clinical, {*spared, *(entry["patient_id"] for entry in late)})
    clinical.assessments = in_order(pd.concat([clinical.assessments, afterwards], ignore_index=True))
    shown_in: Shown = {"file": "clinical/queries.tsv", "column": "severity", "values": ["error", "warning"]}
    return [{**entry, "sample_id": None, "shown_in": shown_in} for entry in [*late, *doubted]]


def scan_after_death(clinical: ClinicalTables, spared: Collection[str]) -> tuple[list[Finding], pd.DataFrame]:
    """Find who gets a scan nine days after death, and give that scan (a copy of the last true one)."""
    scans, cut_off = clinical.assessments, TrialDesign().cut_off
    for patient in clinical.patients.to_dict("records"):
        death, rows = patient["death_date"], scans[scans["patient_id"] == patient["patient_id"]]
        if patient["patient_id"] in spared or death is None or rows.empty or death > cut_off - timedelta(days=60):
            continue
        day = death + timedelta(days=9)
        finding = f"a scan on {day} stands after the death on {death}: a query"
        entry: Finding = {"kind": "scan after death", "patient_id": patient["patient_id"], "finding": finding}
        return [entry], rows.tail(1).assign(assessment_date=day)
    return [], scans.head(0)


def doubt_progression(clinical: ClinicalTables, spared: Collection[str]) -> list[Finding]:
    """Report the last response before a true progression as PD, although the targets respond (in place)."""
    scans = clinical.assessments
    for name, rows in scans.groupby("patient_id", sort=False):
        if name not in spared and rows["overall_response"].tolist()[-3:] == ["PR", "PR", "PD"]:
            day = rows["assessment_date"].iloc[-2]
            scans.loc[rows.index[-2], "overall_response"] = "PD"
            finding = f"PD reported on {day} while the target lesions respond and no lesion is new: a query"
            return [{"kind": "unsupported progression", "patient_id": name, "finding": finding}]
    return []


def in_order(scans: pd.DataFrame) -> pd.DataFrame:
    return scans.sort_values(["patient_id", "assessment_date"], kind="stable").reset_index(drop=True)


def write_trial(folder: Path | str, patients: int = 24, pairs: int = 120_000, seed: int = 1) -> SimulatedTrial:
    """Simulate a trial and write it, ready for the workflow.

    Parameters
    ----------
    folder : path
        Takes ``config/``, ``reads/``, ``reference/`` and ``truth/``. All paths in the sheets are relative to it.
    """
    folder = Path(folder)
    genes = choose_genes()
    trial = simulate_trial(patients, pairs, seed, genes)
    transcriptome = build_transcriptome(genes)
    write_transcripts(folder / "reference" / "transcripts.fa.gz", transcriptome)
    contigs = build_contigs(seed)
    write_contigs(folder / "config" / "strangers.fa", contigs)
    counts, units = {}, []
    for sample, facts in trial.samples.iterrows():
        counts[sample], rows = write_sample(folder, str(sample), facts, trial.tpm[sample], transcriptome, contigs, seed)
        units += rows
    write_sheets(folder / "config", trial, pd.DataFrame(units), pairs)
    write_truth(folder / "truth", trial, pd.DataFrame(counts), genes)
    return trial


def write_sample(
    folder: Path,
    sample: str,
    facts: pd.Series,
    tpm: pd.Series,
    transcriptome: Transcriptome,
    contigs: Transcriptome,
    seed: int,
) -> tuple[pd.Series, list[Row]]:
    """Write a sample's reads; give its true fragments by gene and its rows of the units sheet."""
    total = np.zeros(len(transcriptome.table), dtype=np.int64)
    all_sequences = transcriptome.with_others(contigs)
    rows = []
    for lane in range(facts["lanes"]):
        unit = f"L{lane + 1}"
        draw = stream(seed, "reads", sample, unit)
        counts = draw_counts(tpm, transcriptome, facts["fragments"] // facts["lanes"], draw)
        names = [f"reads/{sample}_{unit}_R{mate + 1}{facts['suffix']}" for mate in range(facts["mates"])]
        foreign = facts["foreign"] // facts["lanes"]
        strangers = draw_fragments(contigs, "mouse", foreign, stream(seed, "mouse", sample, unit))
        write_reads(
            [folder / name for name in names],
            np.concatenate([counts, strangers]),
            all_sequences,
            draw,
            name=f"{sample}:{unit}",
            strandedness=facts["strandedness"],
            unmapped=facts["unmapped"] // facts["lanes"],
        )
        total += counts
        row = {"sample_id": sample, "unit_id": unit, "fastq_1": names[0]}
        rows.append(row | {"fastq_2": names[1] if len(names) > 1 else None, "strandedness": facts["declared"]})
    return transcriptome.gene_counts(total), rows


def write_sheets(config: Path, trial: SimulatedTrial, units: pd.DataFrame, pairs: int) -> None:
    """Write the sheets, the clinical tables and the config."""
    columns = ["patient_id", "timepoint", "specimen", "site", "batch", "collection_date", "tumour_content"]
    write_table(config / "samples.tsv", trial.samples[columns].reset_index())
    write_table(config / "units.tsv", units)
    for name in ("patients", "assessments", "lesions", "therapies", "adverse_events"):
        write_table(config / "clinical" / f"{name}.csv", getattr(trial.clinical, name))
    write_table(config / "clinical" / "biomarkers.csv", trial.biomarkers)
    write_text(
        config / "plan.yaml", SHIPPED_PLAN.read_text(encoding="utf-8").replace("change:  ", FAMILY + "change:  ", 1)
    )
    depth = {"warn": round(WARN_SHARE * pairs), "fail": round(FAIL_SHARE * pairs)}
    write_text(config / "config.yaml", CONFIG % depth)


def write_truth(folder: Path, trial: SimulatedTrial, counts: pd.DataFrame, genes: pd.DataFrame) -> None:
    """Write what is true of the trial."""
    patients = trial.patients.drop(columns=["leading"])
    patients.loc[patients["subtype"] == "none", [*SUBTYPES, "inflammation"]] = np.nan
    write_table(folder / "patients.tsv", patients.reset_index())
    shown = ["patient_id", "timepoint", "inflammation", "purity", "tissue", "strandedness", "fragments", "unmapped"]
    shown.append("foreign")
    samples = trial.samples[shown].copy()
    samples["fragments"] = counts.sum()
    write_table(folder / "samples.tsv", samples.reset_index())
    counts = counts.rename_axis("gene_id")
    counts.insert(0, "symbol", genes["symbol"].reindex(counts.index))
    write_table(folder / "counts.tsv.gz", counts.reset_index())
    write_json(folder / "effects.json", effects())
    write_json(folder / "planted.json", trial.planted)


def effects() -> Document:
    """Return the built-in effects on progression-free survival, and what has none."""
    design = TrialDesign()
    return {
        "pfs": {
            "model": "Weibull, proportional hazards; subtype and inflammation act together (conditional effects)",
            "shape": design.shape,
            "median_days_of_reference": design.median,
            "subtype": {"reference": "A", "log_hazard_ratio": LOG_HAZARD_RATIOS},
            "inflammation": {
                "log_hazard_ratio_per_unit": LOG_HAZARD_RATIO_OF_INFLAMMATION,
                "unit": "one standard deviation of the inflammation factor in the reference tumours",
            },
        },
        "clearance": "ctDNA is cleared by those whose latent progression comes late; it causes nothing",
        "no_effect_on_pfs": list(ABSENT),
    }
