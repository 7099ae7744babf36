"""The plan with its results as a CDISC ARS ReportingEvent, flat results, and an R script that computes them anew.

Schema: https://www.cdisc.org/standards/foundational/analysis-results-standard (version 1.0). An analysis is a question
of the plan and a method; its results are in groups by the level of the biomarker, each with the id of its operation.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from anpi.association.plan import family_gates, family_shares
from anpi.exports.datasets import RESPONSES, datasets, variables
from anpi.exports.finished_run import FinishedRun
from anpi.files.rows import Document
from anpi.files.shipped import ROOT
from anpi.files.writing import whole_file, write_json, write_table
from anpi.trial.declared import DeclaredPlan
from anpi.trial.endpoints import endpoint_kind

SCRIPT = ROOT / "resources" / "exports" / "reproduce.R"
OPERATIONS = {
    "n": "Patients",
    "events": "Patients with the event or outcome",
    "estimate": "Estimate",
    "ci_low": "Lower limit of the 95% interval",
    "ci_high": "Upper limit of the 95% interval",
    "p": "p",
    "p_adjusted": "p adjusted for the family",
}
PURPOSES = {
    "primary": "PRIMARY OUTCOME MEASURE",
    "secondary": "SECONDARY OUTCOME MEASURE",
    "exploratory": "EXPLORATORY OUTCOME MEASURE",
}
DESCRIBED = "described"


def write_ars(run: FinishedRun, folder: Path) -> None:
    """Write ``reporting_event.json``, ``ard.csv``, the datasets, ``analyses.csv`` and ``reproduce.R``."""
    results = run.table("association/results.tsv")
    write_json(folder / "reporting_event.json", reporting_event(run, results))
    write_table(folder / "ard.csv", flat(results))
    made = datasets(run)
    for one in made:
        write_table(folder / f"{one.name.lower()}.csv", one.table)
    write_table(folder / "variables.csv", variables(run, made))
    write_table(folder / "analyses.csv", analyses(run, results))
    write_table(folder / "families.csv", families(run.manifest["plan"]))
    with whole_file(folder / "reproduce.R") as part:
        shutil.copyfile(SCRIPT, part)


def flat(results: pd.DataFrame) -> pd.DataFrame:
    """Return one row per number (ARD): the question, the group, ``stat_name`` and ``stat``."""
    keys = [name for name in results if name not in OPERATIONS]
    numbered = results.rename_axis("result_row").reset_index()
    long = numbered.melt(["result_row", *keys], list(OPERATIONS), "stat_name", "stat")
    long["stat_label"] = long["stat_name"].map(OPERATIONS)
    order = {name: place for place, name in enumerate(OPERATIONS)}
    return long[long["stat"].notna()].sort_values(
        ["result_row", "stat_name"], key=lambda s: s.map(order) if s.name == "stat_name" else s, kind="stable"
    )


def families(plan: DeclaredPlan) -> pd.DataFrame:
    """Return one row per family: how it is adjusted, its share of alpha, the family that must pass first."""
    filled = [{"gate": "auto", "alpha_share": 1, **one} for one in plan["families"]]
    gates, shares = family_gates(filled), family_shares(filled)
    rows = [
        {
            "family": one["family"], "method": one["multiplicity"], "share": shares[one["family"]],
            "gate": gates.get(one["family"]),
        }
        for one in plan["families"]
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["family", "method", "share", "gate"])


def parameter(name: str) -> str:
    """Return the code of the parameter of ADTTE or ADRS that holds an endpoint; others are found by their name."""
    return RESPONSES.get(name) or name.upper().replace("_", "")


def analyses(run: FinishedRun, results: pd.DataFrame) -> pd.DataFrame:
    """Return each row of the results with what its entry of the plan declares."""
    plan = run.manifest["plan"]
    entries = {entry["entry"]: entry for family in plan["families"] for entry in family["entries"]}
    declared = [entries[name] for name in results["entry"]]
    table = results.drop(columns="warning").copy()
    table["kind"] = [endpoint_kind(name) for name in results["endpoint"]]
    table["parameter"] = [parameter(name) for name in results["endpoint"]]
    # What the datasets hold of a biomarker; safety events and markers of other tables are not among them.
    sources = {
        "response": "time",
        "subtype": "biomarker",
        "signatures": "biomarker",
        "genes": "biomarker",
        "columns": "column",
        "arm": "column",
    }
    table["source"] = [sources.get(entry["biomarker"], "elsewhere") for entry in declared]
    table["cut"] = [str(entry["cut"]) for entry in declared]
    table["adjust_for"] = ["|".join(entry["adjust_for"]) or None for entry in declared]
    table["stratify_by_arm"] = [str(bool(entry["stratify_by_arm"])).upper() for entry in declared]
    table["smallest_group"] = plan["smallest_group"]
    table["subtype_order"] = "|".join(plan["subtype_order"])
    return table


def identifier(*parts: object) -> str:
    """Return an id of letters, digits and underscores."""
    return "_".join("".join(c if c.isalnum() else "_" for c in str(part)) for part in parts)


def reporting_event(run: FinishedRun, results: pd.DataFrame) -> Document:
    """Return the plan and its results as a ReportingEvent."""
    method_of = results["method"].fillna(DESCRIBED)
    names = dict.fromkeys(method_of)
    methods = {name: f"METHOD_{place:02}" for place, name in enumerate(names, start=1)}
    whys = {e["entry"]: e.get("why") or "" for f in run.manifest["plan"]["families"] for e in f["entries"]}
    keys = ["entry", "endpoint", "biomarker"]
    made = []
    for place, ((entry, endpoint, biomarker, method), rows) in enumerate(
        results.assign(method=method_of).groupby([*keys, "method"], sort=False), start=1
    ):
        made.append(
            analysis(f"AN_{place:03}", methods[method], rows, f"{endpoint} by {biomarker} ({entry})", whys[entry])
        )
    return {
        "id": run.study_id, "version": 1, "name": run.title,
        "description": f"Declared associations, anpi {run.manifest['anpi']}",
        "mainListOfContents": contents(made),
        "analysisSets": [analysis_set(name, place) for place, name in enumerate(run.set_names, start=1)],
        "analysisGroupings": [grouping(name) for name in dict.fromkeys(results["biomarker"])],
        "methods": [method_entry(methods[name], name) for name in names],
        "analyses": made,
    }  # fmt: skip


def contents(made: list[Document]) -> Document:
    items = [
        {"name": one["name"], "level": 1, "order": place, "analysisId": one["id"]}
        for place, one in enumerate(made, start=1)
    ]
    return {"name": "Analyses", "contentsList": {"listItems": items}}


def analysis_set(name: str, place: int) -> Document:
    condition = {"dataset": "ADSL", "variable": f"SET{place:02}FL", "comparator": "EQ", "value": ["Y"]}
    return {"id": identifier("SET", name), "name": name, "level": 1, "order": place, "condition": condition}


def grouping(name: str) -> Document:
    return {"id": identifier("GROUP", name), "name": name, "dataDriven": True, "groupingDataset": "ADBM"}


def method_entry(key: str, name: str) -> Document:
    operations: list[Document] = [
        {"id": f"{key}_{operation}", "name": operation, "label": label, "order": place}
        for place, (operation, label) in enumerate(OPERATIONS.items(), start=1)
    ]
    return {"id": key, "name": name, "operations": operations}


def analysis(key: str, method: str, rows: pd.DataFrame, name: str, why: str) -> Document:
    """Return the rows of one question and method; warnings stand in the description."""
    first = rows.iloc[0]
    grouping_id = identifier("GROUP", first["biomarker"])
    results: list[Document] = []
    for _, row in rows.iterrows():
        value = " | ".join(str(row[c]) for c in ("level", "effect", "reference") if pd.notna(row[c]))
        groups = [{"groupingId": grouping_id, "groupValue": value or "all"}]
        for operation in OPERATIONS:
            if pd.notna(row[operation]):
                number = f"{row[operation]:.10g}"
                results.append({"operationId": f"{method}_{operation}", "rawValue": number, "resultGroups": groups})
    said = [f"{row['level'] if pd.notna(row['level']) else 'test'}: {row['warning']}" for _, row in rows.iterrows()
            if pd.notna(row["warning"])]  # fmt: skip
    words = [f"family {first['family']}", *([why] if why else []), *said]
    return {
        "id": key, "name": name, "description": "; ".join(words),
        "reason": {"controlledTerm": "SPECIFIED IN SAP"}, "purpose": {"controlledTerm": PURPOSES[first["tier"]]},
        "analysisSetId": identifier("SET", first["set"]), "methodId": method,
        "dataset": "ADTTE" if endpoint_kind(first["endpoint"]) == "time" else "ADRS",
        "orderedGroupings": [{"order": 1, "groupingId": grouping_id, "resultsByGroup": True}], "results": results,
    }  # fmt: skip
