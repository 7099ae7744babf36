"""A finished run made by hand: an invented trial, its declared tests, and the manifest of all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from unit.association.trial_files import make_trial

from anpi.association.engine import results_table, run_plan
from anpi.association.plan import read_plan
from anpi.association.trial import read_trial
from anpi.exports.finished_run import FinishedRun
from anpi.files.checksums import hash_file
from anpi.files.writing import write_estimates, write_json, write_table

GENES = {
    "ENSG00000139352": "ASCL1",
    "ENSG00000162992": "NEUROD1",
    "ENSG00000137709": "POU2F3",
    "ENSG00000137693": "YAP1",
}
MADE = ("clinical/endpoints.tsv", "clinical/adtte.csv", "clinical/adrs.csv", "clinical/timepoints.tsv",
        "analysis/sets.tsv", "subtypes/calls.tsv", "immune/scores.tsv", "qc/verdicts.tsv", "cohort/tpm.tsv.gz",
        "cohort/counts.tsv.gz", "cohort/genes.tsv", "association/results.tsv", "targets/targets.tsv",
    "immune/fractions.tsv", "immune/pathways.tsv")  # fmt: skip
FAMILY = {"family": "primary", "tier": "primary"}


def make_run(
    folder: Path,
    entries: list[dict[str, Any]] | None = None,
    expressed: bool = True,
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> Path:
    """Write a trial, its results and their manifest; return the folder of the results. ``settings``: of the plan."""
    config, results = folder / "config", folder / "results"
    make_trial(config, rna=expressed, **options)
    patients = pd.read_csv(config / "patients.csv", dtype={"patient_id": str})
    write_clinical(config, results, patients)
    write_table(results / "analysis/sets.tsv", read(config / "sets.tsv"))
    if expressed:
        write_samples(config, results)
    plan = folder / "plan.yaml"
    entries = entries or [{"entry": "main", "endpoints": ["pfs"], "biomarker": "subtype"}]
    content = {"permutations": 2000, **(settings or {}), "families": [{**FAMILY, "entries": entries}]}
    plan.write_text(yaml.safe_dump(content, sort_keys=False))
    write_results(plan, config, results, expressed)
    write_manifest(plan, config, results, expressed)
    return results


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", dtype={"patient_id": str, "sample_id": str})


def write_clinical(config: Path, results: Path, patients: pd.DataFrame) -> None:
    """Write endpoints with arms, the same in the shape of ADaM, and one scan of each patient."""
    endpoints = read(config / "endpoints.tsv").merge(patients[["patient_id", "arm"]], on="patient_id")
    write_table(results / "clinical/endpoints.tsv", endpoints)
    keys = {"USUBJID": endpoints["patient_id"], "TRT01A": endpoints["arm"]}
    times = [
        pd.DataFrame({**keys, "PARAMCD": name.upper(), "PARAM": name, "AVAL": endpoints[f"{name}_days"],
                      "AVALU": "DAYS", "CNSR": 1 - endpoints[f"{name}_event"]})
        for name in ("pfs", "os")
    ]  # fmt: skip
    write_table(results / "clinical/adtte.csv", pd.concat(times))
    codes = {"BOR": "bor", "CBOR": "cbor", "CRSP": "response", "DCR": "disease_control"}
    responses = [
        pd.DataFrame({**keys, "PARAMCD": code, "PARAM": name, "ADY": np.nan, "AVALC": endpoints[name]})
        for code, name in codes.items()
    ]
    write_table(results / "clinical/adrs.csv", pd.concat(responses))
    scans = {"patient_id": endpoints["patient_id"], "assessment_day": 43, "sum_mm": 20.0, "overall": endpoints["bor"]}
    write_table(results / "clinical/timepoints.tsv", pd.DataFrame(scans))


def write_samples(config: Path, results: Path) -> None:
    """Write calls, scores, verdicts and expression of the samples, and their sheet."""
    calls, scores = read(config / "calls.tsv"), read(config / "scores.tsv")
    calls["reason"] = np.where(calls["subtype"].eq("P"), "few reads", None)
    calls.loc[calls.index[0], ["call", "reason"]] = ["mixed", "two classes near each other"]
    write_table(results / "subtypes/calls.tsv", calls)
    write_table(results / "immune/scores.tsv", scores.assign(unit="z", genes_used=3))
    write_cells(results, calls["sample_id"])
    samples = calls[["sample_id"]].assign(patient_id=calls["sample_id"].str.removeprefix("S"))
    samples = samples.assign(
        timepoint="baseline", specimen="ffpe", site="lung", batch="B1", collection_date="2022-12-20"
    )
    write_table(config / "samples.tsv", samples)
    write_table(results / "qc/verdicts.tsv", samples[["sample_id"]].assign(verdict="pass", reasons=None))
    rng = np.random.default_rng(3)
    tpm = pd.DataFrame(
        rng.gamma(2, 20, (len(GENES), len(calls))).round(3), index=list(GENES), columns=calls["sample_id"]
    )
    table = tpm.rename_axis("gene_id").reset_index()
    write_table(results / "cohort/tpm.tsv.gz", table)
    write_table(results / "cohort/counts.tsv.gz", table)
    genes = pd.DataFrame(
        {"gene_id": list(GENES), "symbol": list(GENES.values()), "biotype": "protein_coding", "length": 900}
    )
    write_table(results / "cohort/genes.tsv", genes)


def write_cells(results: Path, samples: pd.Series) -> None:
    """Write a target, two cell types and a pathway of each sample."""
    levels = np.where(np.arange(len(samples)) % 2, "high", "cannot_tell")
    table = pd.DataFrame({"sample_id": samples, "target": "DLL3", "tpm": 12.5, "level": levels})
    write_table(results / "targets/targets.tsv", table)
    shares = {"B cells": 0.25, "Other": 0.75}
    cells = [
        pd.DataFrame({"sample_id": samples, "method": "quantiseq", "cell_type": n, "fraction": f})
        for n, f in shares.items()
    ]
    write_table(results / "immune/fractions.tsv", pd.concat(cells))
    pathways = pd.DataFrame({"sample_id": samples, "pathway": "JAK-STAT", "score": 1.5})
    write_table(results / "immune/pathways.tsv", pathways)


def write_results(plan: Path, config: Path, results: Path, expressed: bool) -> None:
    """Run the plan as the workflow does."""
    given = {"patients": config / "patients.csv", "endpoints": results / "clinical/endpoints.tsv",
             "sets": results / "analysis/sets.tsv"}  # fmt: skip
    if expressed:
        given |= {"calls": results / "subtypes/calls.tsv", "scores": results / "immune/scores.tsv",
                  "tpm": results / "cohort/tpm.tsv.gz", "genes": results / "cohort/genes.tsv",
                  "samples": config / "samples.tsv"}  # fmt: skip
    write_estimates(results / "association/results.tsv", results_table(run_plan(read_plan(plan), read_trial(**given))))


def write_manifest(plan: Path, config: Path, results: Path, expressed: bool) -> None:
    given = {"clinical.patients": "patients.csv"} | ({"samples": "samples.tsv"} if expressed else {})
    manifest = {
        "anpi": "0.1.0",
        "settings": {"title": "Made trial", "private": False},
        "plan": dict(read_plan(plan).settings),
        "software": {"python": "3.11.9", "salmon": "1.10.1"},
        "given_as": {key: f"config/{name}" for key, name in given.items()},
        "inputs": {f"config/{name}": hash_file(config / name) for name in given.values()},
        "results": {name: hash_file(results / name) for name in MADE if (results / name).is_file()},
    }
    write_json(results / "manifest.json", json.loads(json.dumps(manifest)))
    write_json(results / "ledger/recorded.json", {"date": "2026-03-01"})


def finished(results: Path) -> FinishedRun:
    return FinishedRun(results)
