"""A study folder of cBioPortal: patients, samples, expression, subtype and signatures, targets, timelines.

Format: https://docs.cbioportal.org/file-formats. Times are months as of ADaM, timelines days from the start of
treatment (day 1 of the trial is 0 there).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.exports.finished_run import FinishedRun
from anpi.exports.gct import cell
from anpi.files.writing import write_text
from anpi.trial.endpoints import ENDPOINTS, RESPONSES, TIMES, endpoint_columns
from anpi.trial.times import DAYS_PER_MONTH
from anpi.words.lists import plural

CANCER = "sclc"  # as OncoTree and every portal have it
STATUS = {one.name: one.status for one in ENDPOINTS if one.status}
PATIENT_ENDPOINTS = (
    *RESPONSES,
    *(f"{name}_reason" for name in STATUS),
    *(column for name in TIMES if name not in STATUS for column in endpoint_columns(name)),
)


def write_cbioportal(run: FinishedRun, folder: Path) -> None:
    """Write the study: a meta file beside each data file, case lists below ``case_lists``."""
    write_study(run, folder)
    clinical(run, folder, "patient", patient_attributes(run))
    timelines(run, folder)
    if not run.has("subtypes/calls.tsv"):
        samples = run.patients[["patient_id"]].assign(sample_id=run.patients["patient_id"] + "_no_sample")
        clinical(run, folder, "sample", upper(samples[["patient_id", "sample_id"]]))
        return case_list(run, folder, "all", "All samples", list(samples["sample_id"]))
    samples = run.samples
    without = run.endpoints.loc[~run.endpoints["patient_id"].isin(samples["patient_id"]), "patient_id"]
    if len(without):
        run.note(f"cBioPortal shows no patient without a sample: {', '.join(without)}")
    clinical(
        run, folder, "sample", upper(samples[["patient_id", *samples.columns.difference(["patient_id"], sort=False)]])
    )
    expression(run, folder)
    generic_assays(run, folder)
    names = list(samples["sample_id"])
    case_list(run, folder, "all", "All samples", names)
    return case_list(run, folder, "rna_seq_v2_mrna", "Samples with mRNA data (RNA-seq)", names)


def meta(run: FinishedRun, folder: Path, name: str, /, **fields: str) -> None:
    """Write a meta file: a field a line."""
    lines = {"cancer_study_identifier": run.study_id, **fields}
    write_text(folder / f"meta_{name}.txt", "".join(f"{key}: {value}\n" for key, value in lines.items()))


def write_study(run: FinishedRun, folder: Path) -> None:
    meta(
        run, folder, "study", type_of_cancer=CANCER, name=run.title, add_global_case_list="false",
        description=f"Results of anpi {run.manifest['anpi']}, run of {run.date or 'unknown date'}",
        reference_genome="hg38",
    )  # fmt: skip


def upper(table: pd.DataFrame) -> pd.DataFrame:
    """Call columns as cBioPortal does."""
    return table.rename(columns=lambda name: "".join(c if c.isalnum() else "_" for c in str(name)).upper())


def patient_attributes(run: FinishedRun) -> pd.DataFrame:
    """Return one row per patient: baseline, survival with status, response."""
    table = run.patients.drop(columns="sample_id", errors="ignore")
    ends = run.endpoints.set_index("patient_id").reindex(table["patient_id"]).reset_index()
    for name, words in STATUS.items():
        event = ends[f"{name}_event"]
        table[f"{name}_months"] = ends[f"{name}_days"].astype(float) / DAYS_PER_MONTH
        table[f"{name}_status"] = event.map(dict(enumerate(words)))
    for name in PATIENT_ENDPOINTS:
        if name in ends:
            table[name] = ends[name]
    return upper(table.rename(columns={"sex": "SEX", "age": "AGE"}))


def clinical(run: FinishedRun, folder: Path, level: str, table: pd.DataFrame) -> None:
    """Write attributes of patients or samples below the four lines that describe them."""
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in table]
    names = [name.replace("_", " ").capitalize() for name in table]
    head = [names, names, ["NUMBER" if one else "STRING" for one in numeric], ["1"] * table.shape[1]]
    lines = ["#" + "\t".join(line) for line in head] + ["\t".join(table)]
    lines += ["\t".join(map(cell, row)) for row in table.itertuples(index=False)]
    write_text(folder / f"data_clinical_{level}.txt", "\n".join(lines) + "\n")
    kind = f"{level.upper()}_ATTRIBUTES"
    meta(
        run, folder, f"clinical_{level}", genetic_alteration_type="CLINICAL", datatype=kind,
        data_filename=f"data_clinical_{level}.txt",
    )  # fmt: skip


def write_rows(path: Path, table: pd.DataFrame) -> None:
    """Write a table of tabs, NA for missing."""
    lines = ["\t".join(map(str, table)), *("\t".join(map(cell, row)) for row in table.itertuples(index=False))]
    write_text(path, "\n".join(lines) + "\n")


def expression(run: FinishedRun, folder: Path) -> None:
    """Write TPM, and z-scores of log2(TPM + 1) against the samples that passed or were warned of.

    A symbol of several genes keeps the one with the largest sum, as cBioPortal takes a symbol once.
    """
    tpm = run.matrix("cohort/tpm.tsv.gz")
    symbols = run.table("cohort/genes.tsv").set_index("gene_id")["symbol"].reindex(tpm.index)
    if symbols.isna().any():
        run.note(f"expression: {plural(int(symbols.isna().sum()), 'gene')} without a symbol left out")
    tpm = tpm[symbols.notna()].set_axis(symbols.dropna())
    order = np.argsort(-tpm.sum(axis=1).to_numpy(), kind="stable")
    twice = int(tpm.index.duplicated().sum())
    if twice:
        run.note(f"expression: {plural(twice, 'gene')} whose symbol another gene with more reads has left out")
    tpm = tpm.iloc[order].loc[lambda table: ~table.index.duplicated()].sort_index()
    verdicts = run.samples.set_index("sample_id")["verdict"].reindex(tpm.columns)
    logs = pd.DataFrame(np.log2(tpm + 1))
    used = logs.loc[:, verdicts.ne("fail").to_numpy()]
    spread = used.std(axis=1, ddof=1)
    unlike = int(spread.fillna(0).le(0).sum())
    if unlike:
        run.note(f"z-scores: {plural(unlike, 'gene')} without spread among the samples that did not fail, left empty")
    z = logs.sub(used.mean(axis=1), axis=0).div(spread.where(spread > 0), axis=0).round(4)
    shared = {"genetic_alteration_type": "MRNA_EXPRESSION"}
    for name, table, fields in (
        ("tpm", tpm, {
            "datatype": "CONTINUOUS", "stable_id": "rna_seq_v2_mrna", "show_profile_in_analysis_tab": "false",
            "profile_name": "mRNA expression (TPM)", "profile_description": "Transcripts per million, salmon",
        }),
        ("zscores", z, {
            "datatype": "Z-SCORE", "stable_id": "rna_seq_v2_mrna_median_Zscores",
            "source_stable_id": "rna_seq_v2_mrna", "show_profile_in_analysis_tab": "true",
            "profile_name": "mRNA expression z-scores",
            "profile_description": "z of log2(TPM + 1) against the samples of this study that did not fail",
        }),
    ):  # fmt: skip
        write_rows(folder / f"data_mrna_{name}.txt", table.rename_axis("Hugo_Symbol").reset_index())
        meta(run, folder, f"mrna_{name}", **shared, **fields, data_filename=f"data_mrna_{name}.txt")


def generic_assays(run: FinishedRun, folder: Path) -> None:
    """Write subtype, its probabilities, signatures and, where the run has them, targets and fractions."""
    calls = run.calls.set_index("sample_id")
    assay(run, folder, "subtype", "CATEGORICAL", calls[["subtype", "call"]].T, "Subtype and how sure its call is")
    chances = [name for name in ("p_A", "p_N", "p_P", "p_I") if name in calls]
    assay(run, folder, "subtype_probability", "LIMIT-VALUE", calls[chances].T, "Probability of each subtype")
    assay(run, folder, "signature", "LIMIT-VALUE", run.scores.T, "Signature scores", run.score_units)
    if run.has("targets/targets.tsv"):
        table = run.table("targets/targets.tsv")
        wide = table.pivot(index="target", columns="sample_id", values="tpm")
        assay(run, folder, "target", "LIMIT-VALUE", wide, "Expression of targets of therapy (TPM)")
        wide = table.pivot(index="target", columns="sample_id", values="level")
        assay(run, folder, "target_level", "CATEGORICAL", wide, "Level of targets of therapy, where the reads can tell")
    if run.has("immune/fractions.tsv"):
        table = run.table("immune/fractions.tsv")
        wide = table.pivot(index=["method", "cell_type"], columns="sample_id", values="fraction")
        wide.index = pd.Index(["_".join(map(str, names)) for names in wide.index])
        assay(run, folder, "fraction", "LIMIT-VALUE", wide, "Fractions of cell types")
    if run.has("immune/pathways.tsv"):
        wide = run.table("immune/pathways.tsv").pivot(index="pathway", columns="sample_id", values="score")
        assay(run, folder, "pathway", "LIMIT-VALUE", wide, "Activity of pathways")


def assay(
    run: FinishedRun, folder: Path, name: str, datatype: str, values: pd.DataFrame, words: str,
    units: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """Write a generic assay: an entity a row, a sample a column."""
    keys = ["".join(c if c.isalnum() else "_" for c in f"{name}_{entity}") for entity in values.index]
    described = [f"{words}; {(units or {}).get(str(entity), '')}".strip("; ") for entity in values.index]
    table = values.reset_index(drop=True)
    table.insert(0, "DESCRIPTION", described)
    table.insert(0, "NAME", [str(entity) for entity in values.index])
    table.insert(0, "ENTITY_STABLE_ID", keys)
    write_rows(folder / f"data_{name}.txt", table)
    limits = {"pivot_threshold_value": "0", "value_sort_order": "DESC"} if datatype == "LIMIT-VALUE" else {}
    meta(
        run, folder, name, genetic_alteration_type="GENERIC_ASSAY", generic_assay_type=name.upper(),
        datatype=datatype, stable_id=name, profile_name=words, profile_description=words,
        data_filename=f"data_{name}.txt", show_profile_in_analysis_tab="true",
        generic_entity_meta_properties="NAME,DESCRIPTION", **limits,
    )  # fmt: skip


def timelines(run: FinishedRun, folder: Path) -> None:
    """Write what happened when, in days from the start of treatment: scans, therapies after it, samples."""
    for name, table in timeline_tables(run):
        if len(table):
            dated = table[table["START_DATE"].notna()]
            if len(dated) < len(table):
                lost = len(table) - len(dated)
                run.note(f"timeline of {name}: {plural(lost, 'event')} of unknown day left out")
            write_rows(folder / f"data_timeline_{name}.txt", dated)
            meta(
                run, folder, f"timeline_{name}", genetic_alteration_type="CLINICAL", datatype="TIMELINE",
                data_filename=f"data_timeline_{name}.txt",
            )  # fmt: skip


def timeline_tables(run: FinishedRun) -> Iterator[tuple[str, pd.DataFrame]]:
    patients, days = run.user_table("clinical.patients"), run.timeline()
    if patients is not None:
        given = patients.assign(agent=patients["patient_id"].map(run.treatments)).dropna(subset="agent")
        last = days.offsets(given, "treatment_end")
        yield "treatment", timeline(given["patient_id"], 0, "TREATMENT", last, AGENT=given["agent"])
    points = run.table("clinical/timepoints.tsv")
    shown = {"SUM_MM": points["sum_mm"], "RESPONSE": points["overall"]}
    yield "scans", timeline(points["patient_id"], run.scan_days(points), "IMAGING", None, **shown)
    therapies = run.user_table("clinical.therapies")
    if therapies is not None:
        first = days.offsets(therapies, "start")
        yield "therapies", timeline(therapies["patient_id"], first, "TREATMENT", None, AGENT=therapies["name"])
    samples = run.user_table("samples")
    if samples is not None:
        taken = days.offsets(samples, "collection")
        shown = {"SAMPLE_ID": samples["sample_id"], "TIMEPOINT": samples["timepoint"]}
        yield "samples", timeline(samples["patient_id"], taken, "SPECIMEN", None, **shown)


def timeline(patients: pd.Series, start: object, kind: str, stop: object, **shown: pd.Series) -> pd.DataFrame:
    """Return events of one kind."""
    return pd.DataFrame({"PATIENT_ID": patients, "START_DATE": start, "STOP_DATE": stop, "EVENT_TYPE": kind, **shown})


def case_list(run: FinishedRun, folder: Path, name: str, words: str, samples: list[str]) -> None:
    """Write a list of samples."""
    category = "all_cases_in_study" if name == "all" else "all_cases_with_mrna_rnaseq_data"
    lines = {
        "cancer_study_identifier": run.study_id, "stable_id": f"{run.study_id}_{name}", "case_list_name": words,
        "case_list_description": f"{words} ({len(samples)})", "case_list_category": category,
        "case_list_ids": "\t".join(samples),
    }  # fmt: skip
    text = "".join(f"{key}: {value}\n" for key, value in lines.items())
    write_text(folder / "case_lists" / f"cases_{name}.txt", text)
