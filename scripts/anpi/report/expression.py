"""Genes and gene sets between the declared groups."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.figures import expression as figures
from anpi.report import sentences as say
from anpi.report.associations import EXPLORATORY
from anpi.report.blocks import Drawing, Note, Section, Table, Text, table_of
from anpi.report.evidence import anchor_of, cite
from anpi.report.numbers import decimal, has_value, p_value, text
from anpi.report.tables import Run
from anpi.words.lists import plural

MOST_ROWS = 100


def expression(run: Run) -> Section:
    """Return each contrast: what was compared, volcano, gene sets, and the first rows of each table."""
    contrasts, genes, sets = run.table("contrasts"), run.table("differential"), run.table("enrichment")
    if contrasts is None and genes is None:
        return Section("expression", "Expression", [Note("This run compared no expression between groups.", "absent")])
    names = contrasts["contrast"] if contrasts is not None else genes["contrast"].unique() if genes is not None else []
    blocks: list[Any] = [Note(EXPLORATORY, "exploratory")]
    blocks += [contrast_table(contrasts)] if contrasts is not None else []
    for place, name in enumerate(names):
        if contrasts is not None:
            blocks.append(Text([contrast_sentence(contrasts.iloc[place])]))
        if genes is not None and genes["contrast"].eq(name).any():
            blocks += gene_blocks(genes[genes["contrast"] == name], str(name), place + 1)
        if sets is not None and sets["contrast"].eq(name).any():
            blocks += set_blocks(sets[sets["contrast"] == name], str(name), place + 1)
    return Section("expression", "Expression", blocks, exploratory=True)


def contrast_sentence(row: pd.Series) -> str:
    """Return what was compared and how many genes stand out, or why nothing was."""
    name = f"{row['contrast'][:1].upper()}{row['contrast'][1:]}"
    if has_value(row["reason"]):
        return f"{name}: not compared: {str(row['reason']).removesuffix(say.NOT_TESTED)}."
    numbers = (
        f"{row['n_group']:.0f} against {row['n_reference']:.0f} patients, "
        f"{plural(int(row['genes_tested']), 'gene')} tested, "
        f"{row['genes_fdr_5']:.0f} with a false discovery rate below 5%"
    )
    sentence = f"{name}: {numbers}. Design: {row['design']}."
    if str(row["contrast"]).startswith("subtype"):
        sentence += " The subtypes were called from expression, so genes that differ between them are no surprise."
    words = sentence + (f" Note: {row['notes']}." if has_value(row["notes"]) else "")
    return cite(words, "contrasts", (numbers, row.name))


def contrast_table(contrasts: pd.DataFrame) -> Table:
    """Return one row per contrast: who was compared, how many genes were tested and stand out."""
    columns = {"contrast": "Contrast", "n_group": "Patients", "n_reference": "Against", "genes_tested": "Genes tested"}
    columns |= {"genes_fdr_5": "With an FDR below 5%", "design": "Design", "reason": "Not compared because"}
    anchors = [anchor_of("contrasts", place) for place in contrasts.index]
    return table_of(contrasts, "contrasts", "Declared contrasts", columns, anchors=anchors)


def gene_blocks(genes: pd.DataFrame, name: str, place: int) -> list[Any]:
    shown = genes.assign(
        name=[s if has_value(s) else g for s, g in zip(genes["symbol"], genes["gene_id"], strict=True)]
    )
    fold = "shrunken_log2_fold_change" if "shrunken_log2_fold_change" in shown else "log2_fold_change"
    drawn = shown.drop(columns="log2_fold_change") if fold != "log2_fold_change" else shown
    drawn = drawn.rename(columns={fold: "log2_fold_change"})[["gene_id", "name", "log2_fold_change", "p", "p_adjusted"]]
    caption = "DESeq2 (pydeseq2) on counts; genes with a false discovery rate below 5% are orange, the strongest named."
    figure = Drawing(f"volcano-{place}", f"Genes: {name}", caption, figures.volcano, (drawn,))
    missing = int(genes["p"].isna().sum())
    note = (
        f"The {min(MOST_ROWS, len(genes))} genes with the smallest p of {len(genes):,}; {missing:,} have none, with "
        "the reason in the file."
    )
    columns = {
        "name": "Gene",
        "base_mean": "Mean count",
        "log2_fold_change": "log2 fold change",
        fold: "shrunken",
        "p": "p",
        "p_adjusted": "FDR",
    }
    write = {
        "base_mean": lambda v: decimal(v, 1),
        "log2_fold_change": decimal,
        fold: decimal,
        "p": p_value,
        "p_adjusted": p_value,
    }
    first = shown.sort_values(["p", "gene_id"]).head(MOST_ROWS)
    return [
        figure,
        table_of(first, f"genes-{place}", f"Genes: {name}", columns, write, caption=note, folded=True, filter=True),
    ]


def set_blocks(sets: pd.DataFrame, name: str, place: int) -> list[Any]:
    shown = sets.assign(name=[str(s).replace("hallmark_", "").replace("_", " ") for s in sets["gene_set"]])
    drawn = shown.rename(columns={"fdr": "p_adjusted"})[["gene_set", "name", "nes", "p", "p_adjusted"]]
    caption = "Preranked gene-set enrichment (gseapy) on the genes' statistics; above 0: higher in the first group."
    columns = {
        "name": "Gene set",
        "genes_used": "Genes",
        "nes": "NES",
        "p": "p",
        "fdr": "FDR",
        "leading_edge": "Leading edge",
        "reason": "Note",
    }
    write = {"nes": decimal, "p": p_value, "fdr": p_value, "leading_edge": lambda v: text(v).replace(";", ", ")}
    ordered = shown.sort_values(["p", "gene_set"])
    table: Table = table_of(
        ordered, f"gene-sets-{place}", f"Gene sets: {name}", columns, write, folded=True, filter=True
    )
    return [Drawing(f"enrichment-{place}", f"Gene sets: {name}", caption, figures.enrichment, (drawn,)), table]
