"""A run made by hand for the tests of the report: tables in the shape that the programs write, of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter

from anpi.files.shipped import ROOT
from anpi.files.writing import write_json, write_table
from anpi.report.inputs import TABLES
from anpi.report.patient_record import PatientRecord, all_patients
from anpi.report.tables import Given, Run, read_run

CLASSES = ("A", "N", "P", "I")
ARMS = ("cadonilimab", "cadonilimab + chemotherapy")
SIGNATURES = ("gep18", "ifng6", "cytolytic", "proliferation")


def make_tables(count: int = 12, ids: list[str] | None = None, arms: tuple[str, ...] = ARMS) -> dict[str, pd.DataFrame]:
    """Make all tables of a run of ``count`` patients; the last has no sample, the one before a failed one."""
    rng = np.random.default_rng(count)
    ids = ids or [f"P{i + 1:04d}" for i in range(count)]
    arm = [arms[i % len(arms)] for i in range(count)]
    subtype = [CLASSES[i % 4] for i in range(count)]
    pfs = rng.integers(30, 500, count)
    event = (rng.random(count) < 0.8).astype(int)
    tables = {"patients": make_patients(ids, arm, rng)}
    responded = ["Y" if i % 3 == 0 else "N" for i in range(count)]
    tables["endpoints"] = pd.DataFrame(
        {
            "patient_id": ids, "arm": arm, "bor": "PR", "cbor": "SD", "response": responded, "disease_control": "Y",
            "response_evaluable": "yes", "pfs_days": pfs, "pfs_event": event, "pfs_reason": "PD",
            "os_days": pfs + 100, "os_event": event, "os_reason": "death", "response_unconfirmed": responded,
            "iresponse": responded, "ipfs_days": pfs,
        }
    )  # fmt: skip
    samples = [f"{p}-B" for p in ids[:-1]]
    failed = [i == count - 2 for i in range(count - 1)]
    tables["verdicts"] = pd.DataFrame(
        {
            "sample_id": samples, "verdict": np.where(failed, "fail", "pass"),
            "reasons": ["5 fragments sequenced, below 100 (fail)" if fails else None for fails in failed],
            "fragments": np.where(failed, 5, 1000), "genes_detected": 900,
        }
    )  # fmt: skip
    tables["samples"] = pd.DataFrame({"sample_id": samples, "patient_id": ids[:-1], "timepoint": "baseline"})
    tables["calls"] = make_calls(samples, subtype, failed)
    tables["programmes"] = pd.DataFrame(
        {"sample_id": samples} | {k: rng.normal(size=count - 1) for k in ("A", "N", "P", "inflamed")}
    )
    tables["scores"] = make_scores(samples, rng)
    inside = ["yes"] * (count - 2) + ["no"] * 2
    reasons = [None] * (count - 2) + ["sample failed quality: few fragments", "no tissue"]
    tables["sets"] = pd.DataFrame(
        {
            "patient_id": ids, "sample_id": [*samples, None], "all_treated": "yes", "rna_evaluable": inside,
            "subtype_evaluable": inside, "response_evaluable": "yes", "reason_out": reasons,
        }
    )  # fmt: skip
    tables["attrition"] = pd.DataFrame(
        {
            "step": ["enrolled", "treated", "tissue", "qc_pass", "subtype_called", "response_evaluable"],
            "description": "…", "patients": [count, count, count - 1, count - 2, count - 2, count],
            "from_step": [None, "enrolled", "treated", "tissue", "qc_pass", "treated"],
            "left": [0, 0, 1, 1, 0, 0], "who_left": [None, None, ids[-1], ids[-2], None, None],
        }
    )  # fmt: skip
    tables["timepoints"] = make_scans(ids, rng)
    tables["queries"] = pd.DataFrame(
        {
            "patient_id": [ids[0]],
            "severity": ["error"],
            "rule": ["scan_after_death"],
            "message": ["scan of day 90, death on day 80"],
        }
    )
    tables["rates"] = make_rates(tables["endpoints"])
    tables["curves"] = make_curves(tables["endpoints"].iloc[:-2].assign(level=subtype[:-2]))
    tables["survival"] = make_survival(tables["endpoints"].iloc[:-2].assign(level=subtype[:-2]))
    tables["results"] = make_results(tables["endpoints"].iloc[:-2].assign(level=subtype[:-2]))
    return tables


def make_patients(ids: list[str], arm: list[str], rng: np.random.Generator) -> pd.DataFrame:
    count = len(ids)
    return pd.DataFrame(
        {
            "patient_id": ids, "arm": arm, "sex": [("F", "M")[i % 2] for i in range(count)],
            "age": rng.integers(40, 80, count).astype(float), "ecog": [i % 2 for i in range(count)],
            "ldh": np.where(np.arange(count) % 5 == 0, np.nan, 250.0), "treatment_start_date": "2024-01-01",
            "treatment_end_date": "2024-06-01", "last_alive_date": "2024-12-01",
        }
    )  # fmt: skip


def make_calls(samples: list[str], subtype: list[str], failed: list[bool]) -> pd.DataFrame:
    frame = pd.DataFrame({"sample_id": samples, "subtype": subtype[: len(samples)], "call": "confident"})
    for k in CLASSES:
        frame[f"p_{k}"] = np.where(frame["subtype"] == k, 0.91, 0.03)
    frame = frame.assign(
        margin=0.88, gene_coverage=0.95, reason=None, napy=frame["subtype"], model="made 1.0.0", model_sha256="ab" * 32
    )
    frame.loc[failed, ["subtype", "call", "reason"]] = [None, "none", "QC failed"]
    return frame


def make_scores(samples: list[str], rng: np.random.Generator) -> pd.DataFrame:
    rows = [(s, g, rng.normal(), "log2(TPM + 1)", rng.uniform(0, 100), 10, 10) for s in samples for g in SIGNATURES]
    return pd.DataFrame(
        rows, columns=["sample_id", "signature", "score", "unit", "reference_percentile", "genes_used", "genes_total"]
    )


def make_scans(ids: list[str], rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for patient in ids:
        for visit in range(1, 4):
            rows.append((patient, 42 * visit, 60.0, rng.uniform(-60, 40), "SD", None))
    columns = ["patient_id", "assessment_day", "sum_mm", "change_from_baseline_pct", "overall", "queries"]
    return pd.DataFrame(rows, columns=columns).assign(change_from_nadir_pct=0.0, new_lesion="N", baseline_mm=60.0)


def make_rates(endpoints: pd.DataFrame) -> pd.DataFrame:
    n, hits = len(endpoints), int(endpoints["response"].eq("Y").sum())
    row = {
        "population": "all treated",
        "n": n,
        "events": hits,
        "months": None,
        "estimate": hits / n,
        "ci_low": 0.1,
        "ci_high": 0.6,
    }
    return pd.DataFrame(
        [
            {"measure": m, "arm": a} | row | {"unit": "proportion", "method": "Clopper-Pearson"}
            for m in ("ORR", "DCR")
            for a in ("all", *ARMS)
        ]
    )


NAMES = {"entry": "pfs_by_subtype", "endpoint": "pfs", "biomarker": "subtype", "set": "subtype_evaluable"}


def make_curves(people: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for level, group in people.groupby("level"):
        fit = KaplanMeierFitter().fit(group["pfs_days"], group["pfs_event"])
        low, high = (fit.confidence_interval_.iloc[:, i].to_numpy() for i in (0, 1))
        steps = {"kind": "step", "time_days": fit.timeline, "survival": fit.survival_function_.iloc[:, 0].to_numpy()}
        parts.append(pd.DataFrame(steps | {"ci_low": low, "ci_high": high, "level": level}))
        grid = np.arange(0, people["pfs_days"].max() + 91, 91.3125)
        counts = [(group["pfs_days"] >= t).sum() for t in grid]
        parts.append(
            pd.DataFrame(
                {"kind": "risk", "time_days": grid, "at_risk": counts, "censored": 0, "events": 0, "level": level}
            )
        )
    return pd.concat(parts, ignore_index=True).assign(**NAMES)


def make_survival(people: pd.DataFrame) -> pd.DataFrame:
    rows = [
        NAMES
        | {
            "level": level,
            "n": len(g),
            "events": g["pfs_event"].sum(),
            "median_months": 5.0,
            "median_months_low": 3.0,
            "median_months_high": np.nan,
        }
        for level, g in people.groupby("level")
    ]
    return pd.DataFrame(rows)


def make_results(people: pd.DataFrame) -> pd.DataFrame:
    """Make a primary answer: I against A, P described only; the counts are those of the patients."""
    counts = people.groupby("level")["pfs_event"].agg(n="size", events="sum").reindex(list(CLASSES), fill_value=0)
    of = {level: {"n": int(row["n"]), "events": int(row["events"])} for level, row in counts.iterrows()}
    both = {name: of["A"][name] + of["I"][name] for name in ("n", "events")}
    about = NAMES | {"family": "primary", "tier": "primary", "reference": "A"}
    test = {"effect": "chi-square", "estimate": 2.1, "p": 0.31, "p_adjusted": 0.31, "method": "log-rank test"}
    ratio = {"effect": "HR", "estimate": 0.42, "ci_low": 0.15, "ci_high": 1.21, "p": 0.29, "p_adjusted": 0.31}
    frame = pd.DataFrame(
        [
            about | both | test | {"level": None},
            about | of["A"] | {"level": "A", "method": "reference group"},
            about | of["I"] | ratio | {"level": "I", "method": "Firth Cox"},
            about | of["P"] | {"level": "P", "warning": "2 patients, fewer than 5: described, not tested"},
        ]
    )
    columns = (
        "entry family tier endpoint biomarker level reference set n events effect estimate ci_low ci_high p "
        "p_adjusted method warning"
    )
    return frame.reindex(columns=columns.split())


def with_choices(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Add a declared answer, one that agrees, one that turns, one that cannot be tested, and two patients left out."""
    row = NAMES | {"family": "primary", "tier": "primary", "level": None, "reference": "A", "n": 10, "events": 8}
    found = [
        row | {"variant": "as declared", "effect": "chi-square", "p": 0.031},
        row
        | {"variant": "as declared", "level": "I", "effect": "HR", "estimate": 0.42, "ci_low": 0.15, "ci_high": 0.9},
        row | {"variant": "arms pooled", "effect": "chi-square", "p": 0.012},
        row | {"variant": "endpoint pfs_ema", "endpoint": "pfs_ema", "effect": "chi-square", "p": 0.31},
        row | {"variant": "confident calls only", "warning": "9 patients: not tested"},
    ]
    columns = ["variant", *tables["results"].columns]
    influence = {"patient_id": [None, "P0001", "P0005"], "p": [0.031, 0.04, 0.081]}
    influence |= {"changes_conclusion": ["no", "no", "yes"], "hr_I": [0.42, 0.4, 0.6]}
    return tables | {
        "sensitivity": pd.DataFrame(found).reindex(columns=columns),
        "influence": pd.DataFrame(influence),
    }


def write_run(folder: Path, tables: dict[str, pd.DataFrame], statements: dict[str, object] | None = None) -> None:
    """Write tables to a folder as a run would: ``results/``, ``patients.csv`` and ``samples.tsv``."""
    for name, frame in tables.items():
        inputs = {"patients": folder / "patients.csv", "samples": folder / "samples.tsv"}
        write_table(inputs.get(name) or folder / "results" / TABLES[name], frame)
    if statements is not None:
        write_json(folder / "results" / "association" / "statements.json", statements)


def read_made(folder: Path, title: str = "Made trial", user_targets: Path | None = None, **more: bool) -> Run:
    """Read a run that `write_run` wrote, with the plan and the rules that anpi ships."""
    samples = folder / "samples.tsv"
    config = ROOT / "config"
    paths = (folder / "results", folder / "patients.csv", config / "plan.yaml", config / "endpoints.yaml")
    thresholds = {"fragments": (500.0, 100.0), "genes_detected": (800.0, 400.0)}
    sheet = samples if samples.is_file() else None
    return read_run(Given(*paths, title, sheet, thresholds=thresholds, user_targets=user_targets, **more))


def record_of(run: Run, patient: str) -> PatientRecord:
    """Return what the page of a patient is made from."""
    return next(own for own in all_patients(run) if own.patient == patient)
