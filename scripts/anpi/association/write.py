"""Run everything that the plan asks for and write the tables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.association.agreement import agreement_table
from anpi.association.describe import curve_table, response_counts, survival_table
from anpi.association.detectable import detectable_table
from anpi.association.engine import results_table, run_plan
from anpi.association.estimands import estimand_table
from anpi.association.history import record_plan
from anpi.association.incidence import incidence_table
from anpi.association.plan import Plan
from anpi.association.published import published_table, read_cohorts
from anpi.association.representativeness import representativeness_table
from anpi.association.sensitivity import influence_table, sensitivity_table
from anpi.association.statements import Statements, count_tests
from anpi.association.subgroups import subgroup_table
from anpi.association.trial import Trial
from anpi.files.bucket import kept_copy
from anpi.files.kept import Kept
from anpi.files.writing import ESTIMATES, table_text, write_json, write_text


def write_associations(
    plan: Plan, trial: Trial, registry: pd.DataFrame | None, out: Path, history: Path, kept: Kept | None = None
) -> None:
    """Write results, descriptions, sensitivity, influence, representativeness and statements to a folder.

    Parameters
    ----------
    kept : Kept, optional
        What an earlier run computed of the same plan and the same data of the same patients.
    """
    kept, cohorts = kept or Kept(None), read_cohorts()
    undated: Any = sorted(trial.undated_immune_event)  # a set has another order in each run
    in_order = replace(trial, undated_immune_event=undated)
    key = kept.key(plan, in_order, registry, cohorts)
    part = kept.take(key) or associate(plan, trial, registry, cohorts)
    kept.put(key, part)
    changes = record_plan(plan, history, kept=kept_copy(history.parent))
    found = json.loads(part)
    for name, text in found["tables"].items():
        write_text(out / f"{name}.tsv", text)
    write_json(out / "statements.json", Statements(plan_changes=changes, tests=found["tests"]))


def associate(plan: Plan, trial: Trial, registry: pd.DataFrame | None, cohorts: pd.DataFrame) -> bytes:
    """Run the plan; return its tables as they are written, and how many tests were made, as JSON."""
    rows = run_plan(plan, trial, registry)
    sensitivity = sensitivity_table(plan, trial, rows, registry)
    tables = {
        "results": results_table(rows),
        "survival": survival_table(plan, trial, registry),
        "curves": curve_table(plan, trial, registry),
        "response": response_counts(plan, trial, registry),
        "sensitivity": sensitivity,
        "influence": influence_table(plan, trial, registry),
        "representativeness": representativeness_table(plan, trial),
        "detectable": detectable_table(plan, trial, registry, rows),
        "estimands": estimand_table(plan, sensitivity),
        "subgroups": subgroup_table(plan, trial, registry),
        "incidence": incidence_table(plan, trial),
        "agreement": agreement_table(trial),
        "published": published_table(rows, cohorts),
    }
    texts = {name: table_text(table, ESTIMATES) for name, table in tables.items()}
    return json.dumps({"tables": texts, "tests": count_tests(rows, plan)}).encode()
