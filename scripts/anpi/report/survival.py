"""Survival of groups: curves with what is written on them, and the table of medians, rates and restricted means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anpi.figures.survival import LEAST_AT_RISK, SIZE, Annotations, kaplan_meier
from anpi.report import sentences as say
from anpi.report.blocks import Cell, Drawing, Table
from anpi.report.evidence import anchor_of
from anpi.report.numbers import NONE, has_value, months, percent
from anpi.report.tables import Run
from anpi.trial.endpoints import endpoint_words
from anpi.words.lists import plural


def survival_figure(
    run: Run, entry: str, endpoint: str, biomarker: str, name: str = "", size: tuple[float, float] = SIZE
) -> list[Any]:
    """Draw one question's curves; nothing where the run has none."""
    curves = run.table("curves")
    if curves is None:
        return []
    rows = curves[(curves["entry"] == entry) & (curves["endpoint"] == endpoint) & (curves["biomarker"] == biomarker)]
    levels = [level for level in dict.fromkeys(rows["level"].astype(str)) if level != "all"]
    if not levels:
        return []
    chosen = levels if len(levels) > 1 else ["all"]
    rows = rows[rows["level"].astype(str).isin(chosen)]
    people = patients_of(run, str(rows["set"].iloc[0]), endpoint, biomarker)
    if chosen == ["all"]:
        people = people.assign(level="all")
    what = endpoint_words(endpoint)
    caption = survival_caption(run, rows, what) if not name else SHORT_CAPTION + pooled_words(run, rows)
    title = f"{say.capital(what)} by {'arm' if biomarker == 'arm' else biomarker}"
    name = name or f"{endpoint}-{entry}-{biomarker}".replace("_", "-")
    written = annotated(run, (entry, endpoint, biomarker), chosen)
    return [Drawing(name, title, caption, kaplan_meier, (rows, people, written, what, size))]


def annotated(run: Run, question: tuple[str, str, str], levels: list[str]) -> Annotations:
    """Return what is written on a question's curves: names, medians, the ratios, which groups are only described."""
    biomarker = question[2]
    names = {level: say.level_words(level, biomarker) for level in levels} | {"all": "all patients"}
    survival, results = of_question(run.table("survival"), question), of_question(run.table("results"), question)
    medians = dict(zip(survival["level"].astype(str), survival["median_months"].astype(float), strict=True))
    described = results[results["warning"].astype(str).str.contains("described, not tested")]
    main = say.main_rows(results)
    ratios = main[main["estimate"].notna() & main["effect"].isin(list(say.RATIOS))]
    note = "; ".join(f"{row['effect']} {say.bounds(row)} {say.against(row)}".strip() for _, row in ratios.iterrows())
    light = sorted(set(described["level"].dropna().astype(str)))
    return Annotations(names, medians, light, sorted(run.drawn), note if len(ratios) < 3 else "")


def of_question(table: pd.DataFrame | None, question: tuple[str, str, str]) -> pd.DataFrame:
    """Return a table's rows of one question: entry, endpoint, biomarker."""
    if table is None:
        columns = ["level", "median_months", "warning", "effect", "estimate"]
        return pd.DataFrame(columns=columns)
    keys = ("entry", "endpoint", "biomarker")
    return table[np.logical_and.reduce([table[key].eq(value) for key, value in zip(keys, question, strict=True)])]


def patients_of(run: Run, members: str, endpoint: str, biomarker: str) -> pd.DataFrame:
    """Return ``patient_id``, ``level``, ``time``, ``event`` of the patients behind a question's curves."""
    people = run.members(members)
    level = people.get({"subtype": "group"}.get(biomarker, biomarker), None)
    if level is None or f"{endpoint}_days" not in people:
        return pd.DataFrame(columns=["patient_id", "level", "time", "event"])
    frame = pd.DataFrame(
        {
            "patient_id": people.index.astype(str),
            "level": level.astype(object).to_numpy(),
            "time": people[f"{endpoint}_days"].astype(float).to_numpy(),
            "event": people[f"{endpoint}_event"].astype(float).to_numpy(),
        }
    )
    return frame.dropna().astype({"level": str})


SHORT_CAPTION = (
    "Kaplan-Meier with 95% bands; | censored, dot event, dotted line median; thin where fewer than "
    f"{LEAST_AT_RISK} are at risk."
)


def pooled_words(run: Run, rows: pd.DataFrame) -> str:
    pooled = run.people["arm"].nunique() > 1 and rows["biomarker"].iloc[0] != "arm"
    return " The figure pools the arms." if pooled else ""


def survival_caption(run: Run, rows: pd.DataFrame, what: str) -> str:
    """Say set, numbers, method, and where the curves stop."""
    risk = rows[rows["kind"] == "risk"].groupby("level")
    patients, events = int(risk["at_risk"].max().sum()), int(risk["events"].max().sum())
    members = str(rows["set"].iloc[0]).replace("_", " ")
    return (
        f"{say.capital(what)}, set {members}: {plural(patients, 'patient')}, {plural(events, 'event')}. "
        "Kaplan-Meier with 95% "
        f"log-log bands; | censored, dot event, dotted line median; thin where fewer than {LEAST_AT_RISK} are at risk. "
        f"Below: at risk (censored, events so far).{pooled_words(run, rows)}"
    )


def survival_by_group(run: Run, entry: str, endpoint: str) -> list[Table]:
    """Return number, events, median, rates and restricted mean of each group, in months."""
    survival = run.table("survival")
    if survival is None:
        return []
    rows = survival[(survival["entry"] == entry) & (survival["endpoint"] == endpoint) & (survival["n"] > 0)]
    times = [
        c for c in survival if f"{c}_low" in survival and f"{c}_high" in survival and c.startswith(("rate_", "rmst_"))
    ]
    header = ["Group", "n", "Events", "Median, months", *(time_words(c) for c in times)]
    cells = []
    for row in rows.to_dict("records"):
        rates = [spread(row, c, percent if c.startswith("rate_") else months) for c in times]
        name = "all" if row["level"] == "all" else say.level_words(row["level"], row["biomarker"])
        counts = [Cell(f"{row[c]:.0f}", float(row[c])) for c in ("n", "events")]
        cells.append([Cell(name), *counts, spread(row, "median_months", months), *rates])
    title = f"{say.capital(endpoint_words(endpoint))} by group"
    caption = "Kaplan-Meier estimates with 95% log-log intervals; of the restricted mean by Greenwood's error."
    numeric = [False, True, True] + [False] * (len(header) - 3)
    anchors = [anchor_of("survival", place) for place in rows.index]
    name = f"survival-{entry}-{endpoint}".replace("_", "-")
    return [Table(name, title, header, cells, caption, numeric, anchors=anchors)] if cells else []


def time_words(column: str) -> str:
    kind, at = column.split("_")
    return (
        f"Rate at {at.removesuffix('m')} months"
        if kind == "rate"
        else f"Restricted mean to {at.removesuffix('m')} months"
    )


def spread(row: dict[str, Any], column: str, write: Any) -> Cell:
    """Write an estimate with its interval; what no patient was followed to is not given."""
    if not has_value(row[column]) and column != "median_months":
        return Cell(NONE)
    if not has_value(row[f"{column}_low"]) and not has_value(row[f"{column}_high"]) and has_value(row[column]):
        return Cell(write(row[column]))
    return Cell(f"{write(row[column])} ({write(row[f'{column}_low'])} to {write(row[f'{column}_high'])})")
