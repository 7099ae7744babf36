"""The small trials whose files are attacked: by dates, with the sponsor's endpoints, by study days."""

from __future__ import annotations

import shutil
from contextlib import chdir
from pathlib import Path
from typing import Any

import pandas as pd
import shift_dates
import yaml

from anpi.check import check_run
from anpi.endpoints.derive import derive_endpoints
from anpi.endpoints.observations import Observations, observe
from anpi.endpoints.rules import Rules, read_rules
from anpi.tables.clinical import Clinical, read_clinical
from anpi.tables.schema import load_yaml
from attack.clinical_targets import CONFIG
from attack.expression_targets import write_expression
from attack.read_targets import run_main, write_reads, write_salmon
from attack.workbooks import workbook_of
from demo.trial import LEAST_PATIENTS, write_trial

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("patients", "assessments", "lesions", "therapies", "adverse_events", "biomarkers")
STAINING = ("0", "1+", "2+", "3+")


def write_trials(folder: Path) -> None:
    """Write all trials, and the matrices, reads and salmon results beside them."""
    dates = folder / "dates"
    write_trial(dates, LEAST_PATIENTS, pairs=1000)
    for name in ("endpoints", "plan"):
        shutil.copyfile(ROOT / "config" / f"{name}.yaml", dates / "config" / f"{name}.yaml")
    add_biomarkers(dates)
    clinical, seen, rules = observed(dates)
    add_immune_codes(dates, seen)
    shutil.copytree(dates, folder / "supplied")
    add_supplied(folder / "supplied", derive_endpoints(clinical, seen, rules))
    write_days(dates, folder / "days")
    write_sheets(dates, folder / "sheets")
    write_expression(folder / "expression")
    write_reads(dates, folder / "reads")
    with chdir(folder / "reads"):
        write_salmon(Path())


def write_sheets(dates: Path, folder: Path) -> None:
    """Write a trial whose tables are sheets of workbooks, one each."""
    shutil.copytree(dates, folder)
    config = yaml.safe_load((folder / CONFIG).read_text())
    config["clinical"] = {name: as_sheet(folder, path, name) for name, path in config["clinical"].items()}
    settle(folder, clinical=config["clinical"], samples=as_sheet(folder, config["samples"], "samples"))


def as_sheet(trial: Path, path: str, sheet: str) -> str:
    """Write a table as a sheet of a workbook beside it; return the sheet's name."""
    place = Path(path).with_suffix(".xlsx")
    separator = "," if path.endswith(".csv") else "\t"
    (trial / place).write_bytes(workbook_of((trial / path).read_bytes(), sheet, separator))
    return f"{place}#{sheet}"


def settle(trial: Path, **settings: Any) -> None:
    """Change keys of a trial's config; it names its plan and rules."""
    path = trial / CONFIG
    config = yaml.safe_load(path.read_text()) | {"endpoints": "config/endpoints.yaml", "plan": "config/plan.yaml"}
    path.write_text(yaml.safe_dump(config | settings, sort_keys=False))


def add_biomarkers(trial: Path) -> None:
    """Add a marker of blood at the start and two months later, and one of tissue in words."""
    tables = trial / "config" / "clinical"
    patients = pd.read_csv(tables / "patients.csv", dtype=str, keep_default_na=False)
    rows = []
    for number, (patient, start) in enumerate(
        zip(patients["patient_id"], patients["treatment_start_date"], strict=True)
    ):
        if start in ("", "NA"):
            continue
        days = [str(pd.Timestamp(start).date() + pd.Timedelta(days=days)) for days in (-3, 56)]
        rows += [
            (patient, "NSE", f"{12.5 + 3 * number + later}", "ng/mL", "ECLIA", day) for later, day in enumerate(days)
        ]
        rows.append((patient, "DLL3 staining", STAINING[number % 4], "NA", "SP347", days[0]))
    columns = ["patient_id", "marker", "value", "unit", "method", "date"]
    pd.DataFrame(rows, columns=columns).to_csv(tables / "biomarkers.csv", index=False)
    settle(trial, clinical={table: f"config/clinical/{table}.csv" for table in TABLES})


def observed(trial: Path) -> tuple[Clinical, Observations, Rules]:
    """Read what the tables of a trial say."""
    with chdir(trial):
        config = check_run(load_yaml(CONFIG), CONFIG).config
        rules = read_rules(Path(config["endpoints"]))
        clinical = read_clinical(config["clinical"])
        return clinical, observe(clinical, rules), rules


def add_immune_codes(trial: Path, seen: Observations) -> None:
    """Add what a reader would have written by iRECIST: what the scans lead to."""
    path = trial / "config" / "clinical" / "assessments.csv"
    told = pd.read_csv(path, dtype=str, keep_default_na=False)
    points = seen.timepoints
    dates = seen.timeline.calendar(points["patient_id"], points["day"]).astype(str)
    codes = dict(zip(zip(points["patient_id"], dates, strict=True), points["irecist"], strict=True))
    keys = zip(told["patient_id"], told["assessment_date"], strict=True)
    told["irecist_response"] = [code if isinstance(code := codes.get(key), str) else "NA" for key in keys]
    told.to_csv(path, index=False)


def add_supplied(trial: Path, endpoints: pd.DataFrame) -> None:
    """Add times and best responses that a sponsor decided: those that the trial's tables lead to."""
    path = trial / "config" / "clinical" / "patients.csv"
    columns = ["patient_id", "pfs_days", "pfs_event", "os_days", "os_event", "bor"]
    patients = pd.read_csv(path, dtype=str, keep_default_na=False)
    supplied = endpoints[columns].convert_dtypes().astype(str).replace("<NA>", "NA")
    patients.merge(supplied, on="patient_id").to_csv(path, index=False)


def write_days(dates: Path, folder: Path) -> None:
    """Write a trial with study days in place of dates."""
    shutil.copytree(dates, folder)
    tables = dates / "config" / "clinical"
    given = [word for table in TABLES for word in (f"--{table.replace('_', '-')}", tables / f"{table}.csv")]
    rules = dates / "config" / "endpoints.yaml"
    words = ["--samples", dates / "config" / "samples.tsv", "--rules", rules, "--days", "--out-dir", folder / "made"]
    run_main(shift_dates, *given, *words)
    for file in (folder / "made").iterdir():
        place = "clinical" if file.suffix == ".csv" else ""
        shutil.move(file, folder / "config" / place / file.name)
