"""Invented trials as files, with effects that are known because they were put in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SIGNATURES = ("gep18", "ifng6", "t_effector", "cytolytic")
SHARES = {"A": 0.45, "N": 0.25, "P": 0.12, "I": 0.18}


def make_trial(
    folder: Path,
    count: int = 40,
    seed: int = 1,
    hazard_ratio: float = 1.0,
    arms: tuple[str, ...] = ("AK104", "AK104 + chemotherapy"),
    rna: bool = True,
    evaluable: float = 0.85,
) -> list[str]:
    """Write a trial and give the arguments of test_associations.py but the plan and the output folder.

    Subtype I has the hazard of progression times ``hazard_ratio``, and so more responses; with a ratio of 1 nothing
    has any effect. Scores never have one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    patients = [f"{i:04d}" for i in range(1, count + 1)]
    subtype = rng.choice(list(SHARES), size=count, p=list(SHARES.values()))
    arm = np.array([arms[i % len(arms)] for i in range(count)])
    hazard = np.where(subtype == "I", hazard_ratio, 1.0) / 120
    progression = rng.exponential(1 / hazard)
    death = progression + rng.exponential(150, count)
    end = rng.uniform(150, 700, count)
    response = rng.random(count) < (0.3 if hazard_ratio == 1 else np.where(progression > 100, 0.5, 0.1))
    pfs, pfs_event = np.minimum(progression, end), progression <= end
    frame = pd.DataFrame({"patient_id": patients, "arm": arm})
    frame["sex"] = rng.choice(["F", "M"], count)
    frame["age"] = rng.integers(45, 80, count)
    frame["ecog"] = rng.integers(0, 2, count)
    frame["treatment_start_date"] = "2023-01-01"
    frame["teff"] = rng.normal(size=count).round(4)
    frame.to_csv(folder / "patients.csv", index=False)
    bor = np.where(response, "PR", np.where(progression > 60, "SD", "PD"))
    endpoints = pd.DataFrame({"patient_id": patients, "bor": bor, "cbor": bor})
    endpoints["response"] = np.where(response, "Y", "N")
    endpoints["disease_control"] = np.where(bor == "PD", "N", "Y")
    endpoints["pfs_days"], endpoints["pfs_event"] = np.ceil(pfs).astype(int), pfs_event.astype(int)
    endpoints["os_days"] = np.ceil(np.minimum(death, end)).astype(int)
    endpoints["os_event"] = (death <= end).astype(int)
    endpoints["ttr_days"] = np.where(response, 42, np.nan)
    endpoints.to_csv(folder / "endpoints.tsv", sep="\t", index=False, na_rep="NA")
    called = rng.random(count) < evaluable if rna else np.zeros(count, dtype=bool)
    sets = pd.DataFrame({"patient_id": patients})
    sets["sample_id"] = [f"S{p}" if c else None for p, c in zip(patients, called, strict=True)]
    for name, members in (
        ("all_treated", np.ones(count, dtype=bool)),
        ("rna_evaluable", called),
        ("subtype_evaluable", called),
        ("response_evaluable", np.ones(count, dtype=bool)),
    ):
        sets[name] = np.where(members, "yes", "no")
    sets["reason_out"] = None
    sets.to_csv(folder / "sets.tsv", sep="\t", index=False, na_rep="NA")
    arguments = [
        *("--patients", str(folder / "patients.csv")),
        *("--endpoints", str(folder / "endpoints.tsv")),
        *("--sets", str(folder / "sets.tsv")),
    ]
    if not rna:
        return arguments
    calls = pd.DataFrame({"sample_id": [f"S{p}" for p in patients], "subtype": subtype, "call": "confident"})
    for name in SHARES:
        calls[f"p_{name}"] = np.where(subtype == name, 0.85, 0.05)
    calls["napy"] = np.where(subtype == "I", "Y", subtype)
    calls["ne_score"] = rng.normal(size=count)
    calls[called].to_csv(folder / "calls.tsv", sep="\t", index=False)
    scores = pd.concat(
        pd.DataFrame({"sample_id": calls["sample_id"], "signature": name, "score": rng.normal(size=count)})
        for name in SIGNATURES
    )
    scores[scores["sample_id"].isin(calls[called]["sample_id"])].to_csv(folder / "scores.tsv", sep="\t", index=False)
    return [*arguments, "--calls", str(folder / "calls.tsv"), "--scores", str(folder / "scores.tsv")]
