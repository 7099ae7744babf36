"""Run everything that the plan asks for and write the tables."""

from __future__ import annotations

from pathlib import Path

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
from anpi.association.statements import build_statements
from anpi.association.subgroups import subgroup_table
from anpi.association.trial import Trial
from anpi.files.bucket import kept_copy
from anpi.files.writing import write_estimates, write_json


def write_associations(plan: Plan, trial: Trial, registry: pd.DataFrame | None, out: Path, history: Path) -> None:
    """Write results, descriptions, sensitivity, influence, representativeness and statements to a folder."""
    rows = run_plan(plan, trial, registry)
    survival = survival_table(plan, trial, registry)
    sensitivity = sensitivity_table(plan, trial, rows, registry)
    influence = influence_table(plan, trial, registry)
    represent = representativeness_table(plan, trial)
    detectable = detectable_table(plan, trial, registry)
    changes = record_plan(plan, history, kept=kept_copy(history.parent))
    tables = {
        "results": results_table(rows),
        "survival": survival,
        "curves": curve_table(plan, trial, registry),
        "response": response_counts(plan, trial, registry),
        "sensitivity": sensitivity,
        "influence": influence,
        "representativeness": represent,
        "detectable": detectable,
        "estimands": estimand_table(plan, sensitivity),
        "subgroups": subgroup_table(plan, trial, registry),
        "incidence": incidence_table(plan, trial),
        "agreement": agreement_table(trial),
        "published": published_table(rows, read_cohorts()),
    }
    for name, table in tables.items():
        write_estimates(out / f"{name}.tsv", table)
    beside = build_statements(plan, rows, changes)
    write_json(out / "statements.json", beside)
