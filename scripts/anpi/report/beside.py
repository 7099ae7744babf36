"""What stands beside the declared answers: estimands, subgroups, incidence, published cohorts."""

from __future__ import annotations

from typing import Any

from anpi.figures.forest import forest
from anpi.report import sentences as say
from anpi.report.baseline import level_words, variable_words
from anpi.report.blocks import Cell, Drawing, Heading, Note, Table, Text, Write, count_cell
from anpi.report.numbers import NONE, has_value, interval, p_value, percent, ratio, text
from anpi.report.rows import Comparison, EstimandRow, IncidenceRow, Ratio, SubgroupRow
from anpi.report.tables import Run
from anpi.trial.endpoints import endpoint_words
from anpi.trial.results import INTERACTION
from anpi.words.lists import listed, plural
from anpi.words.p_values import p_words


def ratio_cell(row: Ratio) -> Cell:
    if not has_value(row["estimate"]):
        return Cell(NONE)
    bounds = interval(row["ci_low"], row["ci_high"])
    return Cell(f"{ratio(row['estimate'])} ({bounds})", float(row["estimate"]))


def group_name(row: Comparison) -> str:
    if not has_value(row["level"]):
        return str(row["biomarker"])
    names = [say.group_words(group, row["biomarker"]) for group in (row["level"], row["reference"]) if has_value(group)]
    return " against ".join(names)


def estimand_blocks(run: Run) -> list[Any]:
    """Return the primary answer over every declared estimand, as a range: sentences and table."""
    table = run.table("estimands")
    if table is None:
        return []
    tests = table.index.isin(say.test_rows(table).index)
    records = list(zip(tests, table.to_dict("records"), strict=True))
    lines = [line for test, row in records for line in estimand_sentence(row, run.plan["alpha"], test)]
    rows = [
        [
            Cell(endpoint_words(row["endpoint"])),
            Cell(test_name(row) if test else group_name(row)),
            Cell(text(row["effect"])),
            Cell(span(row["estimate"], row["estimate_low"], row["estimate_high"], ratio)),
            Cell(span(row["p"], row["p_low"], row["p_high"], p_value)),
            Cell(f"{row['shown']:.0f} of {row['answers']:.0f}" if has_value(row["p_low"]) else NONE),
        ]
        for test, row in records
    ]
    header = ["Endpoint", "Comparison", "Effect", "Estimate: declared (range)", "p: declared (range)"]
    header += [f"p below {run.plan['alpha']:g}, unadjusted"]
    names = dict.fromkeys(name for names in table["variants"] for name in str(names).split("; "))
    caption = f"Estimands: {'; '.join(map(endpoint_words, names))}."
    return [
        Heading("The primary answer under every declared estimand"),
        Text(lines),
        Table("estimands", "Range over estimands", header, rows, caption, [False] * 6, folded=True),
    ]


def span(declared: float, low: float, high: float, write: Write) -> str:
    if not has_value(low):
        return NONE
    return f"{write(declared) if has_value(declared) else NONE} ({write(low)} to {write(high)})"


def test_name(row: Comparison) -> str:
    """Name a test: of the question itself, or of what differs between arms."""
    return "test" if row["effect"] != INTERACTION else INTERACTION


def estimand_sentence(row: EstimandRow, alpha: float, test: bool) -> list[str]:
    """Say the range of one test or ratio; what could not be told under some estimands is counted."""
    count = int(row["answers"])
    if count < 2:
        return []
    name = f"{say.capital(endpoint_words(row['endpoint']))} by {row['biomarker']}"
    if test and has_value(row["p_low"]):
        untold = count - int(row["tested"])
        gaps = f"; under {plural(untold, 'of them', 'of them')} it cannot be tested" if untold else ""
        low, high = p_words(row["p_low"]), p_words(row["p_high"])
        span = f"{low} under each" if low == high else f"{low} to {high}"
        asked = ", whether it differs between arms," if row["effect"] == INTERACTION else ""
        return [
            f"{name}{asked} under {count} estimands: {span}, below {alpha:g} in {int(row['shown'])} (unadjusted){gaps}."
        ]
    if row["effect"] in say.RATIOS and has_value(row["estimate_low"]):
        ends = " to ".join(dict.fromkeys(map(ratio, (row["estimate_low"], row["estimate_high"]))))
        outer = interval(row["ci_low_least"], row["ci_high_most"])
        return [f"{group_name(row)}: {say.RATIOS[row['effect']]} {ends}; outermost 95% limits {outer}."]
    return []


def subgroup_blocks(run: Run) -> list[Any]:
    """Return the forest plot of the primary answer within subgroups."""
    table = run.table("subgroups")
    if table is None or table["estimate"].isna().all():
        return []
    blocks: list[Any] = [Heading("The primary answer within subgroups")]
    for (entry, endpoint), part in table.groupby(["entry", "endpoint"], sort=False):
        kept = part[part["estimate"].notna()]
        if kept.empty:
            continue
        biomarker = str(kept["biomarker"].iloc[0])
        references = [say.level_words(reference, biomarker) for reference in kept["reference"].dropna().unique()]
        labels = [subgroup_label(row, with_reference=len(references) > 1) for row in kept.to_dict("records")]
        drawn = kept[["n", "events", "estimate", "ci_low", "ci_high"]].assign(label=labels, filled=False)
        what = "Hazard ratio" if str(kept["effect"].iloc[0]).startswith("HR") else "Odds ratio"
        tests = part.drop_duplicates("variable")
        words = "; ".join(
            f"{variable_words(str(v))} {p_words(p)}"
            for v, p in zip(tests["variable"], tests["interaction_p"], strict=True)
        )
        against = f"Against {references[0]}. " if len(references) == 1 else ""
        caption = (
            f"{against}Lines are 95% intervals. Subgroups describe and are not tested: one whose interval leaves out 1 "
            f"is no finding. Interaction with the biomarker, unadjusted: {words}.{left_out_words(run, str(entry))}"
        )
        name = f"subgroups-{entry}-{endpoint}".replace("_", "-")
        title = f"{say.capital(endpoint_words(str(endpoint)))}: subgroups"
        blocks.append(Drawing(name, title, caption, forest, (drawn, what)))
    return blocks


def left_out_words(run: Run, name: str) -> str:
    """Name the covariates of an entry, which its subgroups leave out."""
    entries = (entry for family in run.plan["families"] for entry in family["entries"] if entry["entry"] == name)
    left_out = next((entry["adjust_for"] for entry in entries), [])
    return f" Not adjusted for {listed(left_out, len(left_out))}, unlike the answer itself." if left_out else ""


def subgroup_label(row: SubgroupRow, with_reference: bool) -> str:
    """Name a row of the plot; its reference too where rows have several."""
    levels = (row["level"], row["reference"]) if with_reference else (row["level"],)
    names = [say.level_words(level, row["biomarker"]) for level in levels if has_value(level)]
    level = f", {' / '.join(names)}" if has_value(row["level"]) else ""
    variable = str(row["variable"])
    return f"{say.capital(variable_words(variable))}: {level_words(variable, row['subgroup'])}{level}"


def incidence_blocks(run: Run) -> list[Any]:
    """Return the cumulative incidence of response and of immune-related events."""
    table = run.table("incidence")
    if table is None:
        return []
    rows = [
        [
            Cell(say.capital(str(row["event"]))),
            Cell(str(row["competing"])),
            Cell("all" if row["level"] == "all" else str(row["level"])),
            Cell(f"{row['months']:g}", float(row["months"])),
            count_cell(row["n"]),
            count_cell(row["events"]),
            count_cell(row["competing_events"]),
            incidence_cell(row),
            count_cell(row["left_out"]),
        ]
        for row in table.to_dict("records")
    ]
    header = [
        "Event",
        "May come first",
        "Arm",
        "Months",
        "n",
        "Events",
        "Other first",
        "Incidence (95% CI)",
        "Left out",
    ]
    caption = (
        "Aalen-Johansen estimates. Left out: the day of the event is not known, or no follow-up; who had it on a day "
        "that is not known is missing from the incidence, which is then too low. An immune-related event that began "
        "before the first dose does not count."
    )
    numeric = [False, False, False, True, True, True, True, False, True]
    title = "Cumulative incidence with competing events"
    return [Heading("Cumulative incidence"), Table("incidence", title, header, rows, caption, numeric)]


def incidence_cell(row: IncidenceRow) -> Cell:
    if not has_value(row["incidence"]):
        return Cell("beyond follow-up" if row["events"] or not row["left_out"] else "cannot be told")
    value = percent(row["incidence"])
    bounds = f" ({interval(row['ci_low'], row['ci_high'], percent)})" if has_value(row["ci_low"]) else ""
    return Cell(value + bounds, float(row["incidence"]))


def published_blocks(run: Run) -> list[Any]:
    """Return the trial's signatures beside published cohorts."""
    table = run.table("published")
    if table is None:
        return []
    rows = [
        [
            Cell(endpoint_words(row["endpoint"])),
            Cell(run.signature_names.get(row["biomarker"], row["biomarker"])),
            Cell(str(row["cohort"])),
            count_cell(row["n"]),
            count_cell(row["events"]),
            ratio_cell(row),
            Cell(NONE if not has_value(row["i2"]) else f"{row['i2']:.0f}%"),
            Cell(
                interval(row["predicted_low"], row["predicted_high"]) if has_value(row["predicted_low"]) else NONE,
            ),
            Cell(NONE if not has_value(row["probability_below_1"]) else percent(row["probability_below_1"])),
            Cell(text(row["method"])),
            Cell(text(row["source"])),
        ]
        for row in table.to_dict("records")
    ]
    header = ["Endpoint", "Signature", "Cohort", "n", "Events", "Hazard ratio per SD (95% CI)", "I²"]
    header += ["Another cohort's ratio", "Probability below 1", "Method", "Source"]
    numeric = [False, False, False, True, True] + [False] * 6
    note = (
        "Exploratory: other tumours, other drugs and other platforms. No cohort had both PD-1 and CTLA-4 blocked. "
        "Nothing here is tested."
    )
    return [
        Heading("Beside published cohorts"),
        Note(note, "exploratory"),
        Table("published", "Signatures in published cohorts", header, rows, "", numeric, folded=True),
    ]
