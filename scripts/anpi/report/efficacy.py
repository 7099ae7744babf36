"""Efficacy by arm: response, disease control, the course of each patient, survival of all treated."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.figures.clinical import best_change, spider, swimmer, waterfall
from anpi.report import sentences as say
from anpi.report.blocks import Cell, Drawing, Link, Note, Section, Table, Text
from anpi.report.evidence import anchor_of
from anpi.report.numbers import NONE, decimal, drawn_of, has_value, interval, months, percent
from anpi.report.survival import survival_by_group, survival_figure
from anpi.report.tables import Run, end_days
from anpi.trial.endpoints import ENDPOINTS, SURVIVAL, endpoint_words
from anpi.trial.times import DAYS_PER_MONTH
from anpi.words.lists import listed, plural

# What figures draw of scans, so that no other column makes them anew.
OF_SCANS = ["patient_id", "assessment_day", "overall"]
OF_SUMS = ["change_from_baseline_pct", "new_lesion"]
LINES = "Dashed, from baseline: −30% (response) and +20%, progression only where the baseline is the nadir."
RATES = {f"{one.measure}{suffix}": words for one in ENDPOINTS for suffix, words in one.measured.items() if words}
MEDIANS = {f"{one.measure}_median": one.short for one in ENDPOINTS if one.short} | {
    "TTR_median": "Time to response",
    "follow_up_median": "Follow-up",
}


def course(run: Run) -> Section:
    """Return the answer of all treated patients: rates, the figures of each patient's course, survival by arm."""
    rates = run.table("rates")
    blocks: list[Any] = [Text(rate_sentences(rates, run.tables["endpoints"]) if rates is not None else [])]
    blocks += course_figures(run)
    for endpoint in SURVIVAL:
        blocks += survival_figure(run, "efficacy", endpoint, "arm")
    blocks.append(Link("details.html#rates", "Rates and medians by arm, iRECIST, agreement of evaluators"))
    return Section("efficacy", "Efficacy", blocks)


def efficacy(run: Run) -> Section:
    """Return rates with exact intervals and medians by arm, what differs by iRECIST, how far evaluators agree."""
    rates = run.table("rates")
    blocks: list[Any] = []
    if rates is None:
        blocks.append(Note("No rates were derived in this run.", "absent"))
    else:
        blocks.append(rate_table(rates, say.best_responses_supplied(run.tables["endpoints"])))
        survival = run.rows("survival", "entry", "efficacy")
        times = [] if survival is None else list(dict.fromkeys(survival["endpoint"]))
        blocks += [table for endpoint in times for table in survival_by_group(run, "efficacy", endpoint)]
        if say.best_responses_supplied(run.tables["endpoints"]):
            blocks.append(Note(say.SUPPLIED))
        blocks.append(Text(immune_sentences(run.tables["endpoints"])))
    blocks += [*concordance(run), *strategies(run)]
    return Section("rates", "Efficacy by arm", blocks, "Efficacy by arm")


def strategies(run: Run) -> list[Any]:
    """Return median PFS under each declared strategy for intercurrent events."""
    table = run.table("strategies")
    if table is None:
        return []
    rows = [
        [
            Cell(say.capital(endpoint_words(row["variant"]))),
            Cell(f"{int(row['n'])}", float(row["n"])),
            Cell(f"{int(row['events'])}", float(row["events"])),
            Cell(days_as_months(row["median_days"])),
            Cell(f"{days_as_months(row['ci_low'])} to {days_as_months(row['ci_high'])}"),
        ]
        for row in table.to_dict("records")
    ]
    header = ["Estimand", "n", "Events", "Median, months", "95% CI"]
    caption = "Kaplan-Meier; the primary rules first. What each strategy means stands in clinical/estimands.tsv."
    numeric = [False, True, True, False, False]
    return [Table("strategies", "Median PFS under each estimand", header, rows, caption, numeric, folded=True)]


def days_as_months(days: float | None) -> str:
    return months(days / DAYS_PER_MONTH if days is not None else None)


def immune_sentences(endpoints: pd.DataFrame) -> list[str]:
    """Name the patients whose answer is another by iRECIST, under which progression must be confirmed."""
    if endpoints["iresponse"].isna().all():
        return ["Endpoints by iRECIST were not derived: there are no assessments."]
    response = endpoints["iresponse"].eq("Y") & endpoints["response_unconfirmed"].eq("N")
    later = endpoints["ipfs_days"].gt(endpoints["pfs_days"]) & endpoints["pfs_reason"].str.startswith("PD").fillna(
        False
    )
    lines = ["RECIST 1.1 is primary; by iRECIST progression must be confirmed."]
    for members, words in (
        (response, "with a response by iRECIST alone"),
        (later, "with a progression by RECIST 1.1 that iRECIST dates later or takes back"),
    ):
        who = endpoints.loc[members, "patient_id"].tolist()
        names = f": {listed(who, len(who))}" if who else ""
        lines.append(f"{plural(len(who), 'patient') if who else 'No patient'} {words}{names}.")
    return lines


def concordance(run: Run) -> list[Any]:
    """Return how far several evaluators agree; nothing when there is one."""
    table = run.table("concordance")
    if table is None or table.empty:
        return []
    rows = [
        [
            Cell(f"{row.measure}"),
            Cell(str(row.arm)),
            Cell(f"{row.evaluator}, {row.other}"),
            Cell(
                f"{int(row.agree)}/{int(row.n)}" + (f", {percent(row.agreement)}" if has_value(row.agreement) else "")
            ),
            Cell(
                f"{decimal(row.kappa)} ({interval(row.ci_low, row.ci_high, decimal)})" if has_value(row.kappa) else NONE
            ),
        ]
        for row in table.itertuples()
    ]
    header = ["Compared", "Arm", "Evaluators, the first counts", "The same", "Kappa"]
    caption = "Cohen's kappa with large-sample intervals; scans of one day, else the nearest within the scan window."
    return [Table("concordance", "Agreement of evaluators", header, rows, caption)]


def rate_sentences(rates: pd.DataFrame, endpoints: pd.DataFrame) -> list[str]:
    lines = []
    for measure, words in say.main_rates(endpoints):
        rows = rates[(rates["measure"] == measure) & (rates["population"] == "all treated") & (rates["arm"] == "all")]
        lines += [say.rate_sentence(f"{words}, all treated", row) for _, row in rows.iterrows()]
    return lines


def rate_table(rates: pd.DataFrame, supplied: bool = False) -> Table:
    """Lay the rates out: one row per measure and population, a column an arm.

    Parameters
    ----------
    supplied : bool
        Whether best responses were supplied: no rate is called confirmed then.
    """
    arms = ["all", *sorted(a for a in rates["arm"].unique() if a != "all")]
    if len(arms) == 2:
        arms = ["all"]
    rows, anchors = [], []
    keys = rates[["measure", "population", "months"]].drop_duplicates()
    for measure, population, at in keys.itertuples(index=False):
        words = measure_words(measure, at)
        if words is None:
            continue
        part = rates[(rates["measure"] == measure) & (rates["population"] == population)]
        part = part[part["months"].eq(at) if has_value(at) else part["months"].isna()]
        anchors.append(anchor_of("rates", part.index[part["arm"].eq("all")].min()))
        part = part.set_index("arm")
        cells = [Cell(rate_words(part.loc[arm]) if arm in part.index else NONE) for arm in arms]
        words = words.replace(", confirmed", ", as supplied") if supplied else words
        rows.append([Cell(words), Cell(str(population)), *cells])
    header = ["Measure", "Of", *(arm if arm != "all" else "All arms" for arm in arms)]
    caption = (
        "Proportions with exact intervals (Clopper-Pearson); medians by Kaplan-Meier with log-log intervals, "
        "follow-up by reverse Kaplan-Meier."
    )
    return Table("rates-by-arm", "Response and medians by arm", header, rows, caption, anchors=anchors)


def measure_words(measure: str, at: Any) -> str | None:
    if measure in RATES:
        return RATES[measure]
    if measure in MEDIANS:
        return f"{MEDIANS[measure]}, median in months"
    if measure.endswith("_rate"):
        name = measure.removesuffix("_rate")
        return f"{MEDIANS.get(f'{name}_median', name)} at {at:g} months"
    return None


def rate_words(row: pd.Series) -> str:
    """Write one estimate with interval and its numbers."""
    if row["unit"] == "proportion":
        head = f"{int(row['events'])}/{int(row['n'])}, " if row["method"] == "Clopper-Pearson" else ""
        return (
            f"{head}{percent(row['estimate'])} ({interval(row['ci_low'], row['ci_high'], percent)})"
            if has_value(row["estimate"])
            else NONE
        )
    if not row["n"]:
        return NONE
    scaled = [float(row[c]) / DAYS_PER_MONTH if has_value(row[c]) else None for c in ("estimate", "ci_low", "ci_high")]
    bounds = f" ({interval(scaled[1], scaled[2], months)})" if any(has_value(v) for v in scaled[1:]) else ""
    return f"{months(scaled[0])}{bounds}; {int(row['events'])}/{int(row['n'])}"


def course_figures(run: Run) -> list[Any]:
    """Draw waterfall, spider and swimmer of the treated patients, coloured by response, subtype and subtype."""
    points = run.table("timepoints")
    everyone = run.members("all_treated")
    treated = everyone[run.is_drawn(everyone.index)]
    if points is None or treated.empty:
        return [Note("No scan is in the tables, so no course of a patient is drawn.", "absent")]
    points = points.loc[points["patient_id"].isin(treated.index), [*OF_SCANS, *OF_SUMS]]
    best, followed = treated[["arm", "cbor"]], treated[["os_days", "os_event"]]
    groups = {str(patient): str(group) for patient, group in treated["group"].items() if has_value(group)}
    note = f" {drawn_of(len(treated), len(everyone), 'patient')}." if len(treated) < len(everyone) else ""
    measured = points["change_from_baseline_pct"].notna().any()
    changed = change_figures(best.reset_index(), points, groups, note) if measured else []
    words = f"Treatment (bar) and follow-up (line) of each patient, scans by response. {colour_words(groups)}"
    patients = best.join(followed).reset_index()
    lanes = (patients, points[OF_SCANS], treatment_ends(treated), run.therapies, groups)
    return [*changed, Drawing("swimmer", "Swimmer", words.strip() + note, swimmer, lanes)]


def change_figures(patients: pd.DataFrame, points: pd.DataFrame, groups: dict[str, str], note: str) -> list[Drawing]:
    """Draw best change and change over time, where a sum was measured."""
    changes = best_change(patients, points)
    without = [str(p) for p in changes.loc[changes["change"].isna(), "patient_id"]]
    best = (
        "Best change of the sum of diameters up to progression, coloured by confirmed best response; * new "
        f"lesion. {LINES} {without_words(without)}"
    )
    count = plural(points["patient_id"].nunique(), "patient")
    panels = "A panel a subtype; no call: also without a sample. " if groups else ""
    over_time = f"Change of the sum of diameters over time, {count}; * new lesion. {panels}{LINES}"
    return [
        Drawing("waterfall", "Waterfall", best + note, waterfall, (patients, points, groups)),
        Drawing("spider", "Spider", over_time + note, spider, (patients, points, groups)),
    ]


def colour_words(letters: dict[str, str]) -> str:
    return "Coloured by subtype; no call: also without a sample." if letters else ""


def treatment_ends(treated: pd.DataFrame) -> pd.DataFrame:
    """Return the study day of the last dose, missing for who is on treatment."""
    days = [end_days(row).get("treatment_end") for _, row in treated.iterrows()]
    return pd.DataFrame({"patient_id": treated.index, "treatment_end_day": pd.Series(days, dtype=float)})


def without_words(patients: list[str]) -> str:
    return f"Without a measured change: {listed(patients, 12)}." if patients else "Every treated patient has a bar."
