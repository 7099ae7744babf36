"""Targets that the planning of a run and the clinical half read: tables, sheets, config, plan, rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.adverse_events.table import adverse_event_table, safety_set
from anpi.association.plan import read_plan
from anpi.check import check_run
from anpi.endpoints.derive import derive_endpoints
from anpi.endpoints.estimands import check_estimands, estimand_columns
from anpi.endpoints.observations import observe
from anpi.endpoints.queries import find_queries
from anpi.endpoints.rules import read_rules
from anpi.endpoints.timepoints import timepoint_table
from anpi.tables.clinical import read_clinical, tables_of
from anpi.tables.config import SHIPPED_SETTINGS, shipped
from anpi.tables.schema import load_yaml
from attack.oracle import Outcome

CONFIG = "config/config.yaml"
ROWS = re.compile(r"\brows? \d+( and \d+ more)?(, \d+)*( and \d+)?")


def text_of(frame: pd.DataFrame) -> str:
    """Write a table so that neither the order nor the numbers of rows matter."""
    frame = frame[sorted(map(str, frame.columns))]
    header, *rows = placeless(frame.to_csv(index=False)).splitlines()
    return "\n".join([header, *sorted(rows)])


def placeless(words: str) -> str:
    """Take the numbers of rows out of words, so that rows in another order say the same."""
    return ROWS.sub("row", words)


def plan_outcome() -> Outcome:
    """Plan a run in this folder: what is read of the config, the sheets, the plan and the rules."""
    run = check_run(load_yaml(CONFIG), CONFIG)
    results = {"config": json.dumps(run.config, sort_keys=True, default=str)}
    for name, frame in (("samples", run.samples), ("units", run.units)):
        results |= {name: "" if frame is None else text_of(frame)}
    rules = read_rules(shipped(run.config["endpoints"], SHIPPED_SETTINGS["endpoints"]))
    results["endpoints"] = json.dumps(rules.settings, sort_keys=True, default=str)
    results["plan"] = repr(read_plan(shipped(run.config["plan"], SHIPPED_SETTINGS["plan"])))
    return Outcome(frozenset(("", placeless(note)) for note in run.notes), results)


def clinical_outcome() -> Outcome:
    """Plan a run in this folder, then derive its endpoints and safety table."""
    run = check_run(load_yaml(CONFIG), CONFIG)
    results, told = clinical_results(run.config)
    notes = {("", placeless(note)) for note in run.notes}
    return Outcome(frozenset(told | notes), results)


def clinical_results(config: dict[str, Any]) -> tuple[dict[str, str], set[tuple[str, str]]]:
    rules = read_rules(shipped(config["endpoints"], SHIPPED_SETTINGS["endpoints"]))
    clinical = read_clinical({name: Path(path) for name, path in config["clinical"].items() if path})
    check_estimands(clinical, rules)
    seen = observe(clinical, rules)
    endpoints = derive_endpoints(clinical, seen, rules)
    queries = find_queries(clinical, seen, endpoints, rules)
    results = {
        name: text_of(frame.drop(columns="state", errors="ignore")) for name, frame in tables_of(clinical).items()
    }
    results["endpoints"] = text_of(endpoints)
    results["estimands"] = text_of(estimand_columns(clinical, seen, rules, endpoints["patient_id"]))
    results["timepoints"] = text_of(timepoint_table(seen, queries).drop(columns="queries", errors="ignore"))
    told = {(query.patient_id, placeless(query.message)) for query in queries}
    if clinical.adverse_events is not None:
        settings = rules.settings["adverse_events"]
        safety = safety_set(clinical, settings, rules.cutoff)
        results["adverse events"] = text_of(adverse_event_table(safety, settings))
    return results, told
