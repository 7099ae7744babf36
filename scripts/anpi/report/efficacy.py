"""Efficacy by arm: response, disease control, the course of each patient, survival of all treated."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.figures.survival import LEAST_AT_RISK, kaplan_meier
from anpi.report import sentences as say
from anpi.report.blocks import Cell, Note, Section, Table, Text, draw
from anpi.report.numbers import NONE, interval, known, listed, months, percent, plural
from anpi.report.tables import Run

MEASURES = {
    "ORR": "Objective response, confirmed",
    "ORR_unconfirmed": "Objective response, unconfirmed",
    "DCR": "Disease control",
}
MEDIANS = {
    "PFS_median": "PFS",
    "OS_median": "OS",
    "DOR_median": "Duration of response",
    "TTR_median": "Time to response",
    "follow_up_median": "Follow-up",
}


def efficacy(run: Run) -> Section:
    """Give rates with exact intervals, medians, the figures of each patient's course, and survival by arm."""
    rates = run.table("rates")
    blocks: list[Any] = []
    if rates is None:
        blocks.append(Note("No rates were derived in this run.", "absent"))
    else:
        blocks += [Text(rate_sentences(rates)), rate_table(rates)]
    blocks += course_figures(run)
    for endpoint in ("pfs", "os"):
        blocks += survival_figure(run, "efficacy", endpoint, "arm")
    return Section("efficacy", "Efficacy by arm", blocks, "Efficacy")


def rate_sentences(rates: pd.DataFrame) -> list[str]:
    lines = []
    for measure in ("ORR", "DCR"):
        rows = rates[(rates["measure"] == measure) & (rates["population"] == "all treated") & (rates["arm"] == "all")]
        lines += [say.rate_sentence(f"{MEASURES[measure]}, all treated", row) for _, row in rows.iterrows()]
    return lines


def rate_table(rates: pd.DataFrame) -> Table:
    """Lay the rates out: a row a measure and population, a column an arm."""
    arms = ["all", *sorted(a for a in rates["arm"].unique() if a != "all")]
    if len(arms) == 2:
        arms = ["all"]
    rows = []
    keys = rates[["measure", "population", "months"]].drop_duplicates()
    for measure, population, at in keys.itertuples(index=False):
        words = measure_words(measure, at)
        if words is None:
            continue
        part = rates[(rates["measure"] == measure) & (rates["population"] == population)]
        part = part[part["months"].eq(at) if known(at) else part["months"].isna()].set_index("arm")
        cells = [Cell(rate_words(part.loc[arm]) if arm in part.index else NONE) for arm in arms]
        rows.append([Cell(words), Cell(str(population)), *cells])
    header = ["Measure", "Of", *(arm if arm != "all" else "All arms" for arm in arms)]
    caption = (
        "Proportions with exact intervals (Clopper-Pearson); medians by Kaplan-Meier with log-log intervals, "
        "follow-up by reverse Kaplan-Meier."
    )
    return Table("rates", "Response and medians by arm", header, rows, caption)


def measure_words(measure: str, at: Any) -> str | None:
    if measure in MEASURES:
        return MEASURES[measure]
    if measure in MEDIANS:
        return f"{MEDIANS[measure]}, median in months"
    if measure.endswith("_rate"):
        return f"{measure.removesuffix('_rate')} at {at:g} months"
    return None


def rate_words(row: pd.Series) -> str:
    """Write one estimate with interval and its numbers."""
    if row["unit"] == "proportion":
        head = f"{int(row['events'])}/{int(row['n'])}, " if row["method"] == "Clopper-Pearson" else ""
        return (
            f"{head}{percent(row['estimate'])} ({interval(row['ci_low'], row['ci_high'], percent)})"
            if known(row["estimate"])
            else NONE
        )
    if not row["n"]:
        return NONE
    scaled = [float(row[c]) / 30.4375 if known(row[c]) else None for c in ("estimate", "ci_low", "ci_high")]
    bounds = f" ({interval(scaled[1], scaled[2], months)})" if any(known(v) for v in scaled[1:]) else ""
    return f"{months(scaled[0])}{bounds}; {int(row['events'])}/{int(row['n'])}"


def course_figures(run: Run) -> list[Any]:
    return []


def survival_figure(run: Run, entry: str, endpoint: str, biomarker: str) -> list[Any]:
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
    names = {level: say.level_words(level, biomarker) for level in chosen} | {"all": "all patients"}
    what = say.endpoint_words(endpoint)
    caption = survival_caption(run, rows, people, what)
    title = f"{say.capital(what)} by {'arm' if biomarker == 'arm' else biomarker}"
    return [
        draw(
            f"{endpoint}-{entry}-{biomarker}".replace("_", "-"), title, caption, kaplan_meier(rows, people, names, what)
        )
    ]


def patients_of(run: Run, members: str, endpoint: str, biomarker: str) -> pd.DataFrame:
    """Give ``patient_id``, ``level``, ``time``, ``event`` of the patients behind a question's curves."""
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


def survival_caption(run: Run, rows: pd.DataFrame, people: pd.DataFrame, what: str) -> str:
    """Say set, numbers, method, and where the curves stop."""
    events = int(people["event"].sum())
    members = str(rows["set"].iloc[0]).replace("_", " ")
    arms = (
        " The figure pools the arms." if run.people["arm"].nunique() > 1 and rows["biomarker"].iloc[0] != "arm" else ""
    )
    return (
        f"{say.capital(what)}, set {members}: {plural(len(people), 'patient')}, {plural(events, 'event')}. "
        "Kaplan-Meier with 95% "
        f"log-log bands; | censored, dot event; a curve ends where fewer than {LEAST_AT_RISK} are at risk. "
        f"Below: at risk (censored, events so far).{arms}"
    )


def sums_without(run: Run) -> list[str]:
    """Name treated patients without a change of the sum of diameters."""
    points = run.table("timepoints")
    treated = [str(p) for p in run.members("all_treated").index]
    if points is None or "change_from_baseline_pct" not in points:
        return treated
    there = set(points.loc[points["change_from_baseline_pct"].notna(), "patient_id"].astype(str))
    return [patient for patient in treated if patient not in there]


def without_words(patients: list[str]) -> str:
    return f"Without a measured change: {listed(patients, 12)}." if patients else "Every treated patient has a bar."
