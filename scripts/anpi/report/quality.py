"""Quality of the samples, against the thresholds that were stated beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from anpi.cohort.facts import FACTS, JUDGED_IN_WORDS, fact_title, is_ceiling
from anpi.cohort.verdicts import RANK, findings_of
from anpi.figures import coverage, heatmaps
from anpi.report.baseline import level_words
from anpi.report.blocks import Drawing, Heading, Link, Note, Points, Section, Text, Write, table_of
from anpi.report.numbers import drawn_of, has_value
from anpi.report.tables import MOST_DRAWN, Run, numbers_of
from anpi.words.lists import listed, plural

FEW_POINTS = 12


def quality(run: Run) -> Section:
    """Return the heat map of QC metrics, what was set by hand, whose samples they are, and the verdicts."""
    verdicts = run.table("verdicts")
    if verdicts is None:
        absent = Note("This run has no expression data, so no sample was judged.", "absent")
        return Section("quality", "Sample quality", [absent], "Quality")
    verdicts = worst_first(verdicts.assign(patient_id=verdicts["sample_id"].map(run.sample_patients)))
    blocks: list[Any] = [Text([verdict_sentence(verdicts)]), *failed_blocks(verdicts), *override_blocks(verdicts)]
    blocks += heat_map(run, verdicts)
    blocks += identity_blocks(verdicts)
    blocks += tissue_blocks(run, verdicts)
    blocks += coverage_blocks(run, verdicts)
    if run.links.get("multiqc"):
        blocks.append(Link(run.links["multiqc"], "MultiQC report of the reads"))
    blocks.append(verdict_table(verdicts))
    return Section("quality", "Sample quality", blocks, "Quality")


def worst_first(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Order samples by verdict, failed ones first, then by id."""
    rank = -verdicts["verdict"].map(RANK)
    return verdicts.assign(rank=rank).sort_values(["rank", "sample_id"]).drop(columns="rank").reset_index(drop=True)


def verdict_sentence(verdicts: pd.DataFrame) -> str:
    counts = verdicts["verdict"].value_counts()
    words = [
        f"{counts[v]:,} {one if counts[v] == 1 else many}"
        for v, one, many in (
            ("pass", "passes", "pass"),
            ("warn", "passes with a warning", "pass with a warning"),
            ("fail", "fails", "fail"),
        )
        if v in counts
    ]
    sentence = (
        f"Of {plural(len(verdicts), 'sample')}, {listed(words)}. A failed sample gets no subtype and enters no "
        "analysis of expression."
    )
    if counts.get("fail", 0) == len(verdicts):
        sentence += " No sample is left, so this run says nothing of subtypes, signatures or their associations."
    return sentence


def failed_blocks(verdicts: pd.DataFrame) -> list[Any]:
    """List the samples that failed with all their reasons, first of all."""
    failed = verdicts[verdicts["verdict"].eq("fail")]
    if failed.empty:
        return []
    items = [f"{row.sample_id} (patient {row.patient_id}): {row.reasons}." for row in failed.itertuples()]
    left = len(items) - FEW_POINTS
    more = [f"and {plural(left, 'more sample')}, at the head of the table of verdicts."] if left > 0 else []
    return [Heading("Samples that failed"), Points([*items[:FEW_POINTS], *more])]


def override_blocks(verdicts: pd.DataFrame) -> list[Any]:
    """List the verdicts that a person set."""
    if "verdict_before_override" not in verdicts:
        return []
    by_hand = verdicts[verdicts["verdict_before_override"].notna()]
    if by_hand.empty:
        return []
    items = [
        f"{row.sample_id} (patient {row.patient_id}): {row.verdict_before_override} by its facts, {row.verdict} by "
        f"hand: {row.override_reason}."
        for row in by_hand.itertuples()
    ]
    return [Heading("Verdicts set by hand"), Points(items)]


def heat_map(run: Run, verdicts: pd.DataFrame) -> list[Any]:
    """Draw the facts of each sample against their thresholds."""
    if not run.thresholds:
        words = "The thresholds were not given to the report, so the facts are not drawn against them."
        return [Note(words, "absent")]
    levels = fact_levels(verdicts, run.thresholds)
    if levels.empty:
        words = (
            "No facts of sequencing are known (the run began from a matrix), so there is nothing to hold against "
            "thresholds."
        )
        return [Note(words, "absent")]
    drawn = levels.iloc[:, :MOST_DRAWN]
    samples = verdicts.set_index("sample_id").loc[drawn.columns, ["patient_id"]]
    of = f"The worst {MOST_DRAWN} of " if len(verdicts) > MOST_DRAWN else ""
    caption = (
        f"{of}{plural(len(verdicts), 'sample')}, worst first, one column each; "
        f"{threshold_words(run.thresholds, verdicts)} White cells: not known."
    )
    return [Drawing("quality", "QC metrics against their thresholds", caption, heatmaps.quality, (drawn, samples))]


def fact_levels(verdicts: pd.DataFrame, thresholds: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """Judge each fact of each sample as the verdict did: facts x samples, only facts that some sample has.

    Cells are ``pass``, ``warn``, ``fail`` or ``not known``.
    """
    limits = {fact: {"warn": warn, "fail": fail} for fact, (warn, fail) in thresholds.items()}
    columns = {
        row["sample_id"]: {finding.fact: finding.level for finding in findings_of(row, limits)}
        for _, row in verdicts.iterrows()
    }
    found = pd.DataFrame(columns).reindex(columns=list(columns))
    order = [fact for fact in [*JUDGED_IN_WORDS, *FACTS] if fact in found.index]
    order += [fact for fact in found.index if fact not in order]
    return found.loc[order].fillna("not known").rename(index=fact_title)


def threshold_words(thresholds: dict[str, tuple[float, float]], verdicts: pd.DataFrame) -> str:
    """Tell the thresholds of the facts that are known of some sample."""
    parts = [
        f"{fact_title(fact)} {'above' if is_ceiling(fact) else 'below'} {warn:,.15g} / {fail:,.15g}"
        for fact, (warn, fail) in thresholds.items()
        if numbers_of(verdicts, fact).notna().any()
    ]
    return "thresholds (warn / fail): " + "; ".join(parts) + "." if parts else "no fact with a threshold is known."


def identity_blocks(verdicts: pd.DataFrame) -> list[Any]:
    """Return what genotypes and sex say of whose samples they are."""
    if "identity" not in verdicts or not verdicts["identity"].notna().any():
        return []
    counts = verdicts["identity"].value_counts()
    words = [
        f"{counts[value]} {one if counts[value] == 1 else many}"
        for value, one, many in (
            ("match", "fits its patient", "fit their patient"),
            ("suspect", "may be another patient's", "may be another patient's"),
            ("unknown", "cannot be told", "cannot be told"),
        )
        if value in counts
    ]
    sentence = f"By common variants in the reads: of {plural(len(verdicts), 'sample')}, {listed(words)}."
    if set(counts.index) == {"unknown"}:
        sentence = (
            "No sample could be held against another one by common variants in the reads: that needs alignments to "
            "the genome, and two samples of a patient."
        )
    blocks: list[Any] = [Heading("Whose sample is it"), Text([sentence])]
    items = [
        f"{row['sample_id']} (patient {row['patient_id']}): {row['identity_reason']}."
        for _, row in verdicts[verdicts["identity"].eq("suspect")].iterrows()
    ]
    if items:
        blocks.append(Points(items))
        blocks.append(
            Text(["A suspicion rests on other samples, so it may come or go when samples are added or left out."])
        )
    return [*blocks, *same_expression_blocks(verdicts), *sex_blocks(verdicts)]


def same_expression_blocks(verdicts: pd.DataFrame) -> list[Any]:
    """Name the samples whose expression other samples have too."""
    if "same_expression" not in verdicts or not verdicts["same_expression"].notna().any():
        return []
    items = [
        f"{row['sample_id']} (patient {row['patient_id']}): {row['same_expression']}"
        for _, row in verdicts[verdicts["same_expression"].notna()].iterrows()
    ]
    words = "The same expression to the last digit stands for several samples, and is wrong for all but one of them:"
    return [Text([words]), Points(items)]


def sex_blocks(verdicts: pd.DataFrame) -> list[Any]:
    """Return how the sex by genes agrees with the clinical table."""
    if not {"sex_clinical", "sex_expression"} <= set(verdicts):
        return []
    told = verdicts[verdicts["sex_clinical"].isin(["F", "M"]) & verdicts["sex_expression"].isin(["F", "M"])]
    if told.empty:
        return [Text(["Sex cannot be told by XIST and genes of the Y chromosome in any sample."])]
    wrong = told[told["sex_clinical"] != told["sex_expression"]]
    names = [f"{row.sample_id} (patient {row.patient_id})" for row in wrong.itertuples()]
    differ = f"; it differs in {listed(names)}" if names else ""
    sentence = (
        f"Sex by XIST and genes of the Y chromosome can be told in {plural(len(told), 'sample')} and agrees with the "
        f"clinical table in {len(told) - len(wrong)}{differ}."
    )
    return [Text([sentence])]


def tissue_blocks(run: Run, verdicts: pd.DataFrame) -> list[Any]:
    """Return which samples are SCLC by their genes, and how much normal tissue stands in each."""
    tissues = run.table("tissues")
    if tissues is None:
        return []
    rows = verdicts[["sample_id", "patient_id"]].merge(tissues, on="sample_id")
    counts = rows["sclc"].value_counts()
    answers = (
        ("yes", "is", "are"),
        ("doubt", "may be", "may be"),
        ("no", "is not", "are not"),
        ("unknown", "cannot be told", "cannot be told"),
    )
    words = listed(
        [f"{counts[name]} {one if counts[name] == 1 else many}" for name, one, many in answers if name in counts]
    )
    sentence = (
        f"Small cell lung cancer by lineage, proliferation and foreign programmes: {words}. Shares of normal tissue "
        "come from genes that it alone expresses strongly, and are right to about a factor of two."
    )
    shares = [name for name in tissues.columns if name not in ("sample_id", "sclc", "sclc_reason")]
    columns = {"sample_id": "Sample", "patient_id": "Patient", "sclc": "SCLC", "sclc_reason": "Why not"}
    columns |= {name: f"{name.replace('_', ' ').capitalize()}, %" for name in shares}
    table = table_of(
        rows, "tissues", "Tissue", columns, dict.fromkeys(shares, number), patient="patient_id", filter=True
    )
    return [Heading("What tissue is it"), Text([sentence]), table]


def coverage_blocks(run: Run, verdicts: pd.DataFrame) -> list[Any]:
    """Draw how evenly genes are covered from end to end, where there are alignments."""
    curves = run.table("gene_body")
    if curves is None:
        return []
    curves = curves.set_index("sample_id").reindex(verdicts["sample_id"]).dropna(how="all")
    if curves.empty:
        return []
    samples = verdicts.set_index("sample_id").loc[curves.index, ["patient_id", "verdict"]]
    drawn = run.is_drawn(samples["patient_id"])
    caption = (
        f"{drawn_of(int(drawn.sum()), len(curves), 'sample')} with alignments, one line each: coverage "
        "along genes, from their 5′ to their 3′ end, with a mean of 1. RNA that was degraded, as in old FFPE blocks, "
        "is covered at the 3′ end most."
    )
    shown = (curves[drawn], samples[drawn])
    return [Drawing("gene-body", "Coverage along genes", caption, coverage.gene_body, shown)]


def verdict_table(verdicts: pd.DataFrame) -> Any:
    told = {str(name) for name in verdicts.columns[verdicts.notna().any()]}
    columns = {"sample_id": "Sample", "patient_id": "Patient", **verdict_columns(told.__contains__)}
    return table_of(verdicts, "verdicts", "Verdicts", columns, VERDICT_WORDS, patient="patient_id", filter=True)


def verdict_columns(is_known: Callable[[str], bool]) -> dict[str, str]:
    """Name the columns of a table of verdicts: the verdict, then what is known of a sample at least."""
    told = {
        "verdict_before_override": "Verdict by its facts",
        "override_reason": "Set by hand because",
        "strandedness_resolved": "Strand",
        "sex_expression": "Sex by genes",
        "identity": "Genotypes",
        **{name: fact.title for name, fact in FACTS.items()},
    }
    return {"verdict": "Verdict", "reasons": "Reasons", **{n: words for n, words in told.items() if is_known(n)}}


def number(value: Any) -> str:
    if not has_value(value):
        return "–"
    if float(value) >= 1000 or float(value) == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}".removesuffix(".0") if abs(float(value)) >= 1 else f"{value:.3g}"


# How the columns of verdicts are written.
VERDICT_WORDS: dict[str, Write] = {
    **dict.fromkeys(FACTS, number),
    "sex_expression": lambda sex: level_words("sex", sex),
}
