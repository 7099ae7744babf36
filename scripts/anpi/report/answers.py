"""Everything that was declared in one forest plot, with the curves behind it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.figures.forest import forest
from anpi.figures.style import level_colour
from anpi.report import sentences as say
from anpi.report.blocks import Drawing, Fold, Link, Note, Points, Section, Text
from anpi.report.expression import contrast_sentence
from anpi.report.numbers import has_value
from anpi.report.rows import ResultRow
from anpi.report.survival import survival_figure
from anpi.report.tables import Run
from anpi.trial.endpoints import endpoint_words

MOST_ROWS = 30
SHORT = {"progression-free survival": "PFS", "overall survival": "OS", "duration of response": "DOR"}


def answers(run: Run) -> Section:
    """Return one forest plot of all declared ratios, and the curves of every question of time."""
    results = run.table("results")
    if results is None:
        return Section("associations", "Declared associations", [Note("This run made no declared test.", "absent")])
    blocks: list[Any] = [
        Text(["What is not in the plan was not tested. Intervals and p are unadjusted unless called adjusted."])
    ]
    rows = ratio_rows(run, results)
    if len(rows):
        left = len(rows) - MOST_ROWS
        scores = results["effect"].isin([name for name in say.RATIOS if name.endswith("per SD")]).any()
        caption = "Ratios with 95% intervals, primary first; open marks: exploratory"
        caption += "; of scores per standard deviation." if scores else "."
        caption += f" {left} more are on the page of details." if left > 0 else ""
        shown = (rows.head(MOST_ROWS), "Ratio (HR or OR)")
        blocks.append(Drawing("declared", "All that was declared", caption, forest, shown))
    contrasts = run.table("contrasts")
    if contrasts is not None:
        blocks.append(Points([contrast_sentence(row) for _, row in contrasts.iterrows()]))
    blocks.append(Link("details.html#associations", "Every declared test with its numbers, reasons and tables"))
    curves = curve_figures(run, results)
    return Section(
        "associations",
        "Declared associations",
        [*blocks, *([Fold("Curves of the secondary questions", curves)] if curves else [])],
        "Associations",
    )


def ratio_rows(run: Run, results: pd.DataFrame) -> pd.DataFrame:
    """Return one row per ratio: label, numbers, colour; filled unless exploratory."""
    found = results[results["effect"].isin(list(say.RATIOS)) & results["estimate"].notna()]
    tiers = {"primary": 0, "secondary": 1, "exploratory": 2}
    found = found.assign(rank=found["tier"].map(tiers)).sort_values("rank", kind="stable")
    labels = [ratio_label(run, row) for row in found.to_dict("records")]
    colours = [
        level_colour(str(row.level)) if row.biomarker == "subtype" and has_value(row.level) else None
        for row in found.itertuples()
    ]
    frame = found[["n", "events", "estimate", "ci_low", "ci_high"]].astype(float)
    return frame.assign(label=labels, colour=colours, filled=found["tier"].ne("exploratory")).reset_index(drop=True)


def ratio_label(run: Run, row: ResultRow) -> str:
    """Name a ratio: kind, endpoint, groups or score."""
    endpoint = endpoint_words(row["endpoint"])
    for long, short in SHORT.items():
        endpoint = endpoint.replace(long, short)
    marker = say.against(pd.Series(row)) or run.signature_names.get(row["biomarker"], row["biomarker"])
    return f"{str(row['effect'])[:2]} {endpoint}: {marker}"


def curve_figures(run: Run, results: pd.DataFrame) -> list[Any]:
    """Draw the curves of the secondary questions of time; those of the primary one are on the first screen."""
    keys = results.loc[results["tier"].eq("secondary"), ["entry", "endpoint", "biomarker"]].drop_duplicates()
    return [
        figure
        for entry, endpoint, biomarker in keys.itertuples(index=False)
        for figure in survival_figure(run, str(entry), str(endpoint), str(biomarker))
    ]
