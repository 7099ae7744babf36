"""The state of a run: what went in, what stood behind it and what came out, small enough to keep for years.

A state holds no date, no place and no name of a user or a machine: the same inputs, code and settings give the same
state.
Rows of the clinical tables are kept as digests, which tell that a row was added or corrected and not what it holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.files.checksums import hash_file
from anpi.files.intact import intact, read_json, refuse_cut_table
from anpi.ledger.entries import FORMAT
from anpi.ledger.fingerprint import fingerprint, lesions_of
from anpi.ledger.recorded import PatientState, SampleState, State, TableRow
from anpi.manifest import files_of, placeless, software
from anpi.tables.reading import read_text_rows
from anpi.tables.schema import read_settings
from anpi.trial.endpoints import RESPONSES, TIMES
from anpi.trial.results import Made

SHORT = 12
OF_RESPONSE = (*RESPONSES, "response_evaluable", "ttr_days")
PARTS = ("days", "event", "reason")
PROBABILITIES = ("p_A", "p_N", "p_P", "p_I", "margin", "stability")
RESULT_KEYS = ("entry", "endpoint", "biomarker", "level", "reference", "set", "effect")
RESULT_VALUES = ("family", "tier", "n", "events", "estimate", "ci_low", "ci_high", "p", "p_adjusted")
SURVIVAL_KEYS = ("entry", "endpoint", "biomarker", "level", "set")
SURVIVAL_VALUES = ("n", "events", "median_months", "median_months_low", "median_months_high")
RATE_KEYS = ("measure", "arm", "population", "months")
RATE_VALUES = ("n", "events", "estimate", "ci_low", "ci_high", "unit")


def build_state(
    settings: Mapping[str, Any],
    inputs: Mapping[str, Path],
    plan: Path,
    rules: Path,
    results: Path,
    used: Made,
) -> State:
    """Describe what a run is made from and what it found.

    Parameters
    ----------
    settings : mapping
        The config with its defaults.
    inputs : mapping
        Files of the user by the key of the config that names them, such as ``clinical.patients``.
    plan, rules : Path
        ``plan.yaml`` and ``endpoints.yaml``.
    results : Path
        Folder of the results.
    used : mapping
        Samples that take part, with the files that the run makes of each, below its folder.
    """
    expressed = bool(settings["samples"])
    return {
        "format": FORMAT,
        "software": software(settings),
        "settings": placeless(settings),
        "rules": read_settings(rules, "endpoints"),
        "plan": read_settings(plan, "plan"),
        "inputs": {name: hash_file(path) for name, path in sorted(files_of(inputs).items())},
        "reference": reference_identity(results) if settings["units"] else None,
        "models": models(results) if expressed else [],
        "delivery": fingerprint(inputs, settings),
        "patients": patient_states(inputs, results),
        "samples": sample_states(inputs["samples"], results, used) if expressed else {},
        "endpoints": endpoint_states(results / "clinical" / "endpoints.tsv"),
        "attrition": {str(row["step"]): row["patients"] for row in records(results / "analysis" / "attrition.tsv")},
        "rates": numbers(results / "clinical" / "rates.tsv", RATE_KEYS, RATE_VALUES),
        "survival": numbers(results / "association" / "survival.tsv", SURVIVAL_KEYS, SURVIVAL_VALUES),
        "results": numbers(results / "association" / "results.tsv", RESULT_KEYS, RESULT_VALUES),
    }


def short_digest(*values: object) -> str:
    return hashlib.sha256(json.dumps([str(value) for value in values]).encode()).hexdigest()[:SHORT]


def records(path: Path) -> list[dict[str, str | None]]:
    """Read a table of the results as texts, None for what is missing; one that is cut short is refused."""
    refuse_cut_table(path)
    return read_text_rows(path)


def reference_identity(results: Path) -> str | None:
    """Return the digest of the reference that reads were quantified against."""
    file = results / "reference" / "reference.json"
    return hash_file(file) if file.is_file() else None


def models(results: Path) -> list[str]:
    """Name the subtype models of the calls, with the beginning of their checksums."""
    calls = records(results / "subtypes" / "calls.tsv")
    return sorted({f"{row['model']} ({str(row['model_sha256'])[:SHORT]})" for row in calls})


def patient_states(inputs: Mapping[str, Path], results: Path) -> dict[str, PatientState]:
    """Return for each patient: arm, sample of the analyses, sets, and digests of the rows of the clinical tables.

    Of ``patients`` each column has its digest, of the other tables each row.
    """
    sets = {row["patient_id"]: row for row in records(results / "analysis" / "sets.tsv")}
    states: dict[str, PatientState] = {}
    for row in read_text_rows(inputs["clinical.patients"]):
        patient = str(row["patient_id"])
        inside = sets.get(patient, {})
        states[patient] = {
            "arm": row["arm"],
            "sample": inside.get("sample_id"),
            "sets": sorted(name for name, value in inside.items() if value == "yes"),
            "reason_out": inside.get("reason_out"),
            "columns": {name: short_digest(value) for name, value in row.items() if value is not None},
            "rows": {},
        }
    for name, path in sorted(inputs.items()):
        if name.startswith("clinical.") and name != "clinical.patients":
            for row in read_text_rows(path):
                rows = states.get(str(row["patient_id"]), {"rows": {}})["rows"]
                cells = sorted((key, value) for key, value in row.items() if value is not None)
                rows.setdefault(name.removeprefix("clinical."), []).append(short_digest(*cells))
    for patient, count in lesions_of(inputs).items():
        if patient in states:
            states[patient]["lesions"] = count
    for state in states.values():
        state["rows"] = {table: sorted(digests) for table, digests in state["rows"].items()}
    return states


def sample_states(sheet: Path, results: Path, used: Made) -> dict[str, SampleState]:
    """Return for each sample of the sheet: patient, what it was measured from, verdict, call, digest of its scores."""
    verdicts = by_sample(results / "qc" / "verdicts.tsv")
    calls = by_sample(results / "subtypes" / "calls.tsv")
    scores = score_digests(results / "immune" / "scores.tsv")
    states = {}
    for row in read_text_rows(sheet):
        sample = str(row["sample_id"])
        state: SampleState = {
            "patient": str(row["patient_id"]),
            "used": sample in used,
            "columns": {name: short_digest(value) for name, value in row.items() if value is not None},
        }
        if sample in used:
            call, verdict = calls.get(sample, {}), verdicts.get(sample, {})
            state |= measured(results / "samples" / sample, used[sample])
            state |= {"verdict": verdict.get("verdict"), "reasons": verdict.get("reasons")}
            state |= {"subtype": call.get("subtype"), "call": call.get("call"), "call_reason": call.get("reason")}
            state["model"] = short_digest(call.get("model"), call.get("model_sha256"))
            state["probabilities"] = short_digest(*(call.get(name) for name in PROBABILITIES))
            state["scores"] = scores.get(sample)
        states[sample] = state
    return states


def measured(folder: Path, made: Collection[str]) -> SampleState:
    """Return digests of a sample's reads and of its genes; None for a sample that comes from a matrix."""
    reads, genes = (
        file if file.name in made and file.is_file() else None
        for file in (folder / "reads.json", folder / "genes.parquet")
    )
    units = read_json(reads)["units"] if reads else []
    sums = sorted(checksum for unit in units for checksum in unit["sha256"])
    return {
        "reads": short_digest(*sums) if sums else None,
        "genes": hash_file(genes)[:SHORT] if genes else None,
    }


def by_sample(path: Path) -> dict[str, dict[str, str | None]]:
    return {str(row["sample_id"]): row for row in records(path)}


def score_digests(path: Path) -> dict[str, str]:
    """Digest all scores of each sample."""
    refuse_cut_table(path)
    with intact(path):
        columns = ["sample_id", "signature", "score"]
        table = pd.read_csv(path, sep="\t", dtype=str, usecols=columns, keep_default_na=False)
    table = table.sort_values(["sample_id", "signature"])
    return {
        str(sample): short_digest(*rows["signature"], *rows["score"]) for sample, rows in table.groupby("sample_id")
    }


def endpoint_states(path: Path) -> dict[str, TableRow]:
    """Return each patient's endpoints with their reasons; ``variants`` digests the columns that are not kept."""
    states = {}
    for row in records(path):
        kept = {name: row[name] for name in OF_RESPONSE if row.get(name) is not None}
        kept |= {
            f"{time}_{part}": row[f"{time}_{part}"]
            for time in TIMES
            for part in PARTS
            if row.get(f"{time}_{part}") is not None
        }
        # A source names a row of a table, which moves when another patient's row goes; a date follows from the days.
        others = {
            k: v for k, v in row.items() if v is not None and k not in kept and "_date" not in k and "_source" not in k
        }
        rest = sorted(others.items())
        states[str(row["patient_id"])] = {k: str(v) for k, v in kept.items()} | {"variants": short_digest(*rest)}
    return states


def numbers(path: Path, keys: Sequence[str], values: Sequence[str]) -> list[TableRow]:
    """Keep the numbers of a table's rows with what names a row; what is missing is left out."""
    kept = [
        {name: str(row[name]) for name in (*keys, *values) if row.get(name) is not None}
        for row in (records(path) if path.is_file() else [])
    ]
    return sorted(kept, key=lambda row: [row.get(name, "") for name in keys])
