"""Trials of which no, one or half the samples can be used, or none can be called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import yaml

from demo.trial import SimulatedTrial, simulate_trial, write_trial

PATIENTS = 16
# Which samples fail by hand: all, all but the first, those of the first arm, none (and no gene is where it belongs).
CASES: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "all fail": lambda sheet: pd.Series(True, index=sheet.index),
    "all but one fail": lambda sheet: sheet["sample_id"] != sheet["sample_id"].min(),
    "one arm fails": lambda sheet: sheet["arm"] == sheet["arm"].min(),
    "no call": lambda sheet: pd.Series(False, index=sheet.index),
}


def write_case(folder: Path, case: str, trial: SimulatedTrial | None = None) -> None:
    """Write a trial that begins from a matrix of counts, as one of `CASES`."""
    trial = trial or simulate_trial(PATIENTS)
    write_trial(folder, PATIENTS, pairs=10)
    config = folder / "config"
    sheet = pd.read_csv(config / "samples.tsv", sep="\t", dtype=str)
    arms = pd.read_csv(config / "clinical" / "patients.csv", dtype=str).set_index("patient_id")["arm"]
    fails = CASES[case](sheet.assign(arm=sheet["patient_id"].map(arms)))
    sheet["verdict_override"] = fails.map({True: "fail", False: "NA"})
    sheet["override_reason"] = fails.map({True: "made to fail", False: "NA"})
    sheet.to_csv(config / "samples.tsv", sep="\t", index=False, na_rep="NA")
    counts = (trial.tpm * 3).round()
    if case == "no call":
        counts = counts.set_axis(counts.index.to_series().sample(frac=1, random_state=1))
    counts.rename_axis("gene_id").to_csv(folder / "counts.tsv.gz", sep="\t")
    settings = yaml.safe_load((config / "config.yaml").read_text())
    settings = {key: value for key, value in settings.items() if key not in ("units", "reference", "fragment_length")}
    settings["expression"] = {"matrix": "counts.tsv.gz", "unit": "counts"}
    settings["qc"] = {"genes_detected": {"warn": 400, "fail": 200}}
    (config / "config.yaml").write_text(yaml.safe_dump(settings))
