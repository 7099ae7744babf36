"""Runs made by hand and closed by the library's own functions: state, manifest, ledger, RO-Crate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from unit.report.made import make_tables, write_run

from anpi.files.shipped import ROOT
from anpi.files.writing import write_json, write_text
from anpi.ledger.compare import compare_runs
from anpi.ledger.crate import build_crate, copy_wiring
from anpi.ledger.entries import Entry, last_different, read_entries, state_digest
from anpi.ledger.kept import record
from anpi.ledger.state import build_state
from anpi.manifest import build_manifest

CONFIG = ROOT / "config"
STEPS = {
    "derive_endpoints": {"code": "00c0de00", "makes": ["clinical/endpoints.tsv", "clinical/rates.tsv"]},
    "build_sets": {"code": "5e75", "makes": ["analysis/sets.tsv", "analysis/attrition.tsv"]},
    "judge_samples": {"code": "9c", "makes": ["qc/verdicts.tsv"]},
    "call_subtypes": {"code": "ca11", "makes": ["subtypes/calls.tsv"]},
    "score_signatures": {"code": "5c0", "makes": ["immune/scores.tsv"]},
    "test_associations": {"code": "a550", "makes": ["association/results.tsv", "association/survival.tsv"]},
    "summarise_sample": {"code": "5a", "makes": ["samples/{sample}/genes.parquet", "samples/{sample}/qc.json"]},
    "write_report": {"code": "4e", "makes": ["report/index.html", "report/patients"]},
    "describe_run": {"code": "de", "makes": ["ledger/current.json", "ledger/changes.json"]},
}
Tables = dict[str, pd.DataFrame]


def settings_of(folder: Path) -> dict[str, Any]:
    """Return the settings of a run with expression, its tables named by absolute paths."""
    return {
        "title": "Made trial", "results": str(folder / "results"), "samples": str(folder / "samples.tsv"),
        "units": None,
        "expression": None, "clinical": {"patients": str(folder / "patients.csv"), "adverse_events": None}, "seed": 1,
        "qc": {"fragments": {"warn": 500, "fail": 100}}, "signatures": {"gmt": []},
    }  # fmt: skip


def inputs_of(folder: Path) -> dict[str, Path]:
    return {"clinical.patients": folder / "patients.csv", "samples": folder / "samples.tsv"}


def state_of(folder: Path, tables: Tables, **settings: Any) -> dict[str, Any]:
    """Write the tables and describe them."""
    write_run(folder, tables)
    paths = (inputs_of(folder), CONFIG / "plan.yaml", CONFIG / "endpoints.yaml", folder / "results")
    return build_state(settings_of(folder) | settings, *paths, samples_of(tables))


def samples_of(tables: Tables) -> dict[str, frozenset[str]]:
    """Return the samples that take part, with the files that the run makes of each."""
    return dict.fromkeys(sorted(tables["samples"]["sample_id"]), frozenset({"genes.parquet"}))


def finish(folder: Path, tables: Tables | None = None, today: str = "2026-03-01") -> Path:
    """Make a finished run below a folder, once more when there was one; give the results."""
    tables = tables or make_tables(8)
    results = folder / "results"
    state = state_of(folder, tables)
    used = samples_of(tables)
    for sample in used:
        write_text(results / "samples" / sample / "genes.parquet", f"genes of {sample}")
    write_text(results / "report" / "index.html", "<h1>report</h1>")
    state = state_of(folder, tables)
    present = Entry(state, state_digest(state))
    earlier = last_different(read_entries(results / "ledger"), present.sha256)
    write_json(results / "ledger" / "changes.json", compare_runs(earlier, present))
    write_json(results / "ledger" / "current.json", state)
    paths = (CONFIG / "plan.yaml", CONFIG / "endpoints.yaml")
    manifest = build_manifest(settings_of(folder), inputs_of(folder), paths, results, used, *paths, STEPS)
    write_json(results / "manifest.json", manifest)
    entry = record(results / "ledger", state, today)
    recorded = {"entry": entry.file, "number": entry.number, "date": entry.date, "sha256": entry.sha256}
    write_json(results / "ledger" / "recorded.json", recorded)
    copy_wiring(results / "provenance")
    crate = build_crate(results, read(results / "manifest.json"), recorded, results / "provenance", results / "ledger")
    write_json(results / "ro-crate-metadata.json", crate)
    return results


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def without(tables: Tables, patient: str) -> Tables:
    """Take a patient out of every table, as a user would, and let the counts follow."""
    kept = {}
    for name, frame in tables.items():
        mine = frame["patient_id"].eq(patient) if "patient_id" in frame else pd.Series(False, index=frame.index)
        if "sample_id" in frame:
            mine |= frame["sample_id"].eq(f"{patient}-B")
        kept[name] = frame[~mine].reset_index(drop=True)
    return kept


def changed(tables: Tables, name: str, where: str, key: str, **cells: Any) -> Tables:
    """Set cells of the rows of a table whose column ``where`` is ``key``."""
    frame = tables[name].copy()
    for column, value in cells.items():
        if column not in frame:
            frame[column] = None
        frame[column] = frame[column].astype(object)
        frame.loc[frame[where].eq(key), column] = value
    return tables | {name: frame}
