"""Analysis datasets in the shape of ADaM: ADSL, ADTTE, ADRS and ADBM, with what define.xml says of each variable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from anpi.exports.finished_run import FinishedRun
from anpi.tables.schema import column_rule, load_schema
from anpi.trial.endpoints import ENDPOINTS, endpoint_columns, endpoint_kind
from anpi.trial.methods import TPM_OF_PANEL
from anpi.trial.sets import USABLE

LABELS = {
    "STUDYID": "Study Identifier",
    "USUBJID": "Unique Subject Identifier",
    "TRT01P": "Planned Treatment for Period 01",
    "TRT01A": "Actual Treatment for Period 01",
    "SEX": "Sex",
    "AGE": "Age",
    "AGEU": "Age Units",
    "PARAMCD": "Parameter Code",
    "PARAM": "Parameter",
    "STARTDT": "Time-to-Event Origin Date for Subject",
    "STARTDY": "Study Day of Time-to-Event Origin",
    "ADT": "Analysis Date",
    "ADY": "Analysis Relative Day",
    "AVAL": "Analysis Value",
    "AVALC": "Analysis Value (C)",
    "AVALU": "Analysis Value Unit",
    "CNSR": "Censor",
    "EVNTDESC": "Event or Censoring Description",
    "SRC": "Source of the Value",
    "SPECID": "Specimen Identifier",
}
# Parameters of ADRS that hold an endpoint under a code of their own.
RESPONSES = {one.name: one.code for one in ENDPOINTS if one.kind != "time" and one.code}
RESPONSE_DAYS = ("response_confirmed_days", "ttr_days_unconfirmed", "ttr_days")
OF_SAMPLES = ("timepoint", "specimen", "site", "batch", "tumour_content")


@dataclass(frozen=True)
class Dataset:
    """A dataset with the label of each of its variables; ``keys`` tell its rows apart."""

    name: str
    label: str
    structure: str
    adam_class: str
    keys: tuple[str, ...]
    table: pd.DataFrame
    labels: dict[str, str]


def datasets(run: FinishedRun) -> list[Dataset]:
    """Return the datasets of a run; ADBM only where it has samples."""
    made = [subject_level(run), times(run), responses(run)]
    return [*made, biomarkers(run)] if run.has("subtypes/calls.tsv") else made


def dataset(run: FinishedRun, name: str, label: str, structure: str, adam_class: str, keys: tuple[str, ...],
            table: pd.DataFrame, labels: dict[str, str] | None = None) -> Dataset:  # fmt: skip
    table = table.copy()
    table.insert(0, "STUDYID", run.study_id)
    words = {column: (labels or {}).get(column) or LABELS[column] for column in table}
    return Dataset(name, label, structure, adam_class, keys, table.reset_index(drop=True), words)


def subject_level(run: FinishedRun) -> Dataset:
    """Return one row per patient: arms, baseline, the specimen that stands for the patient, analysis sets."""
    patients = baseline(run)
    received = patients["patient_id"].map(run.treatments)
    table = pd.DataFrame({"USUBJID": patients["patient_id"], "TRT01P": patients["arm"], "TRT01A": received})
    labels = {"TRT01P": "arm", "TRT01A": "treatment received", "SEX": "sex", "AGE": "age"}
    if "sex" in patients:
        table["SEX"] = patients["sex"]
    if "age" in patients:
        table["AGE"], table["AGEU"] = patients["age"], "YEARS"
    if run.has("subtypes/calls.tsv"):
        usable = patients[USABLE].eq("yes") if USABLE in patients else True
        table["SPECID"] = patients["sample_id"].where(usable)
    named = ("patient_id", "sample_id", "arm", "sex", "age", *run.set_names)
    others = [n for n in patients if n not in named]
    for place, name in enumerate(others, start=1):
        table[f"BASE{place:02}"], labels[f"BASE{place:02}"] = patients[name], name
    for place, name in enumerate(run.set_names, start=1):
        table[f"SET{place:02}FL"], labels[f"SET{place:02}FL"] = patients[name].map({"yes": "Y", "no": "N"}), name
    keys = ("STUDYID", "USUBJID")
    return dataset(run, "ADSL", "Subject-Level Analysis Dataset", "One record per subject",
                   "SUBJECT LEVEL ANALYSIS DATASET", keys, table, labels)  # fmt: skip


def baseline(run: FinishedRun) -> pd.DataFrame:
    """Return the patients with what the sheet says of the sample that stands for each."""
    if not run.has("subtypes/calls.tsv"):
        return run.patients
    columns = [name for name in OF_SAMPLES if name in run.samples and name not in run.patients]
    return run.patients.merge(run.samples[["sample_id", *columns]], on="sample_id", how="left")


def variables(run: FinishedRun, made: list[Dataset]) -> pd.DataFrame:
    """Return one row per variable of ADSL: its label, and whether it is a ``number`` or a ``category``."""
    table = baseline(run)
    kinds = {name: "number" if is_number(table[name]) else "category" for name in table}
    rows = [
        {"dataset": one.name, "variable": name, "label": label, "kind": kinds.get(label, "category")}
        for one in made if one.name == "ADSL" for name, label in one.labels.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def is_number(values: pd.Series) -> bool:
    """Return whether a column is one of amounts: not declared as text, and all its values numbers."""
    rules = [column_rule(load_schema(name), str(values.name)) for name in ("patients", "samples")]
    rule = next((rule for rule in rules if rule is not None), None)
    if rule is not None and rule["type"] == "string":
        return False
    return bool(pd.to_numeric(values, errors="coerce").notna().eq(values.notna()).all())


def declared(run: FinishedRun, kinds: tuple[str, ...]) -> list[str]:
    """Return the endpoints that the plan declares, of some kinds."""
    entries = [entry for family in run.manifest["plan"]["families"] for entry in family["entries"]]
    names = dict.fromkeys(name for entry in entries for name in entry["endpoints"])
    return [name for name in names if endpoint_kind(name) in kinds]


def adam_table(run: FinishedRun, name: str) -> pd.DataFrame:
    """Read ADTTE or ADRS of the results."""
    return run.table(f"clinical/{name}.csv")


def subjects(run: FinishedRun, rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return who rows are of, and the treatment that they received."""
    return {"USUBJID": rows["patient_id"], "TRT01A": rows["patient_id"].map(run.treatments)}


def times(run: FinishedRun) -> Dataset:
    """Return one row per patient and time to event; those that the plan declares beyond ADTTE are added."""
    table = adam_table(run, "adtte")
    held = set(table["PARAMCD"])
    others = [name for name in declared(run, ("time",)) if name.upper().replace("_", "") not in held]
    parts = [table]
    for place, name in enumerate(others, start=1):
        days, event = endpoint_columns(name)
        if {days, event} <= set(run.endpoints):
            rows = run.endpoints[run.endpoints[days].notna()]
            parts.append(pd.DataFrame({
                **subjects(run, rows), "PARAMCD": f"TTE{place:02}", "PARAM": name,
                "AVAL": rows[days], "AVALU": "DAYS", "CNSR": 1 - rows[event],
            }))  # fmt: skip
    return dataset(run, "ADTTE", "Time-to-Event Analysis Dataset", "One record per subject per parameter",
                   "BASIC DATA STRUCTURE", ("STUDYID", "USUBJID", "PARAMCD"), pd.concat(parts))  # fmt: skip


def responses(run: FinishedRun) -> Dataset:
    """Return one row per patient, parameter and day: ADRS, other forms of response, days of response."""
    table = adam_table(run, "adrs")
    others = [name for name in declared(run, ("binary", "ordered")) if name not in RESPONSES and name in run.endpoints]
    days = [name for name in RESPONSE_DAYS if name in run.endpoints]
    parts = [table]
    for place, name in enumerate((*others, *days), start=1):
        rows = run.endpoints[run.endpoints[name].notna()]
        day = rows[name] if name in days else None
        parts.append(pd.DataFrame({
            **subjects(run, rows), "PARAMCD": f"RSP{place:02}", "PARAM": name,
            "ADY": day, "AVALC": rows[name] if day is None else "Y",
        }))  # fmt: skip
    return dataset(run, "ADRS", "Response Analysis Dataset", "One record per subject per parameter per day",
                   "BASIC DATA STRUCTURE", ("STUDYID", "USUBJID", "PARAMCD", "ADY"),
                   pd.concat([part for part in parts if len(part)]))  # fmt: skip


def biomarkers(run: FinishedRun) -> Dataset:
    """Return one row per sample and biomarker: subtype, call, probabilities, signatures, genes of the plan."""
    calls = run.calls.set_index("sample_id")
    parts = [("SUBTYPE", "subtype", calls["subtype"]), ("SUBTCALL", "call", calls["call"])]
    parts += [
        (name.replace("_", "").upper(), name, calls[name]) for name in ("p_A", "p_N", "p_P", "p_I") if name in calls
    ]
    parts += [(f"SIG{place:03}", str(name), run.scores[name]) for place, name in enumerate(run.scores, start=1)]
    parts += [(f"GENE{place:03}", name, values) for place, (name, values) in enumerate(genes(run), start=1)]
    owner = run.samples.set_index("sample_id")["patient_id"]
    of_genes = TPM_OF_PANEL if any(TPM_OF_PANEL in unit for unit in run.score_units.values()) else "TPM"
    rows = []
    for code, name, values in parts:
        measured = values.dropna()
        number = pd.api.types.is_numeric_dtype(measured)
        unit = of_genes if code.startswith("GENE") else run.score_units.get(name)
        rows.append(pd.DataFrame({
            "USUBJID": owner.reindex(measured.index), "SPECID": measured.index, "PARAMCD": code, "PARAM": name,
            "AVAL": measured if number else pd.Series(float("nan"), index=measured.index),
            "AVALC": None if number else measured, "AVALU": unit,
        }))  # fmt: skip
    table = pd.concat([part.astype(object) for part in rows], ignore_index=True).astype({"AVAL": float})
    return dataset(run, "ADBM", "Biomarker Analysis Dataset", "One record per specimen per parameter",
                   "BASIC DATA STRUCTURE", ("STUDYID", "USUBJID", "SPECID", "PARAMCD"), table)  # fmt: skip


def genes(run: FinishedRun) -> Iterator[tuple[str, pd.Series]]:
    """Yield the genes that the plan names, by Ensembl id or symbol, with their TPM by sample."""
    entries = [entry for family in run.manifest["plan"]["families"] for entry in family["entries"]]
    wanted = dict.fromkeys(name for entry in entries for name in entry["genes"])
    if not wanted:
        return
    tpm = run.matrix("cohort/tpm.tsv.gz")
    symbols = run.table("cohort/genes.tsv").drop_duplicates("symbol").set_index("symbol")["gene_id"]
    for name in wanted:
        gene = name if name in tpm.index else symbols.get(name)
        if gene in tpm.index:
            yield name, tpm.loc[gene]
