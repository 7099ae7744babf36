"""Quality of the samples, against the thresholds that were stated beforehand."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.figures import heatmaps
from anpi.report.blocks import Note, Section, Text, draw, table_of
from anpi.report.numbers import drawn_of, known, listed, plural
from anpi.report.tables import Run, numbers_of

MOST_DRAWN = 600
FACTS = {
    "fragments": "Fragments sequenced",
    "mapping_rate": "Fragments mapped, %",
    "genes_detected": "Genes detected",
    "top_gene_share": "Counts on one gene, %",
    "passed_filter_rate": "Passed the filters, %",
}
CEILINGS = ("top_gene_share",)


def quality(run: Run) -> Section:
    """Give the heat map of facts against thresholds, and the verdicts with their reasons."""
    verdicts = run.table("verdicts")
    if verdicts is None:
        return Section(
            "quality",
            "Sample quality",
            [Note("This run has no expression data, so no sample was judged.", "absent")],
            "Quality",
        )
    verdicts = verdicts.assign(patient_id=verdicts["sample_id"].map(run.sample_patients))
    blocks: list[Any] = [Text([verdict_sentence(verdicts)])]
    levels = fact_levels(verdicts, run.thresholds)
    if not run.thresholds:
        blocks.append(
            Note("The thresholds were not given to the report, so the facts are not drawn against them.", "absent")
        )
    elif len(levels):
        drawn = levels.iloc[:, :MOST_DRAWN]
        samples = verdicts.set_index("sample_id").loc[drawn.columns, ["patient_id"]]
        caption = (
            f"{drawn_of(len(drawn.columns), len(verdicts), 'sample')}, worst first, one column each; "
            f"{threshold_words(run.thresholds)}"
        )
        blocks.append(
            draw("quality", "Facts of quality against their thresholds", caption, heatmaps.quality(drawn, samples))
        )
    else:
        blocks.append(
            Note(
                "No facts of sequencing are known (the run began from a matrix), so there is nothing to "
                "hold against thresholds.",
                "absent",
            )
        )
    if run.links.get("multiqc"):
        blocks.append(Note(run.links["multiqc"], "link"))
    blocks.append(verdict_table(verdicts))
    return Section("quality", "Sample quality", blocks, "Quality")


def verdict_sentence(verdicts: pd.DataFrame) -> str:
    counts = verdicts["verdict"].value_counts()
    words = [
        f"{counts[v]} {name}"
        for v, name in (("pass", "pass"), ("warn", "pass with a warning"), ("fail", "fail"))
        if v in counts
    ]
    return (
        f"Of {plural(len(verdicts), 'sample')}, {listed(words)}. A failed sample gets no subtype and enters no "
        "analysis of expression."
    )


def fact_levels(verdicts: pd.DataFrame, thresholds: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """Judge each fact of each sample: facts x samples, samples worst first."""
    rows = {}
    for fact, words in FACTS.items():
        values = numbers_of(verdicts, fact)
        if values.notna().any():
            rows[words] = [level_of(value, thresholds.get(fact), fact in CEILINGS) for value in values]
    rank = verdicts["verdict"].map({"fail": 0, "warn": 1, "pass": 2})
    order = verdicts.assign(rank=rank).sort_values(["rank", "sample_id"])["sample_id"]
    return pd.DataFrame(rows, index=verdicts["sample_id"]).T[list(order)] if rows else pd.DataFrame()


def level_of(value: float, limits: tuple[float, float] | None, ceiling: bool) -> str:
    """Give pass, warn or fail; ``not known`` where the fact or its threshold is missing."""
    if not known(value) or limits is None:
        return "not known"
    for level, limit in (("fail", limits[1]), ("warn", limits[0])):
        if value > limit if ceiling else value < limit:
            return level
    return "pass"


def threshold_words(thresholds: dict[str, tuple[float, float]]) -> str:
    parts = [
        f"{FACTS.get(fact, fact)} {'above' if fact in CEILINGS else 'below'} {warn:,.15g} / {fail:,.15g}"
        for fact, (warn, fail) in thresholds.items()
        if fact in FACTS
    ]
    return "thresholds (warn / fail): " + "; ".join(parts) + "."


def verdict_table(verdicts: pd.DataFrame) -> Any:
    facts = {fact: words for fact, words in FACTS.items() if numbers_of(verdicts, fact).notna().any()}
    columns = {"sample_id": "Sample", "patient_id": "Patient", "verdict": "Verdict", "reasons": "Reasons", **facts}
    write = dict.fromkeys(facts, number)
    rank = verdicts["verdict"].map({"fail": 0, "warn": 1, "pass": 2})
    ordered = verdicts.assign(rank=rank).sort_values(["rank", "sample_id"])
    return table_of(ordered, "verdicts", "Verdicts", columns, write, patient="patient_id", filter=True)


def number(value: Any) -> str:
    if not known(value):
        return "–"
    return f"{value:,.0f}" if float(value) >= 1000 or float(value) == int(value) else f"{value:.1f}"
