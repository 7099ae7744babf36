"""Who is in the tumour and which pathways are active: a table each, one row per sample."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.report.blocks import Cell, Heading, Note, Table
from anpi.report.numbers import NONE, decimal, has_value, percent, text
from anpi.report.tables import Run
from anpi.words.lists import listed

# Cell types of the matrix: words, and the score of MCP-counter that stands for the same cells.
TYPES = {
    "B.cells": ("B cells", "mcp_b_lineage"),
    "Macrophages.M1": ("Macrophages M1", None),
    "Macrophages.M2": ("Macrophages M2", None),
    "Monocytes": ("Monocytes", "mcp_monocytic_lineage"),
    "Neutrophils": ("Neutrophils", "mcp_neutrophils"),
    "NK.cells": ("NK cells", "mcp_nk_cells"),
    "T.cells.CD4": ("CD4 T cells", None),
    "T.cells.CD8": ("CD8 T cells", "mcp_cd8_t_cells"),
    "Tregs": ("Regulatory T cells", None),
    "Dendritic.cells": ("Dendritic cells", "mcp_myeloid_dendritic_cells"),
    "Other": ("Other", None),
}


def cell_blocks(run: Run) -> list[Any]:
    """Return fractions of cells beside the scores of MCP-counter, and the activity of pathways."""
    fractions, pathways = run.table("fractions"), run.table("pathways")
    blocks: list[Any] = []
    if fractions is not None:
        blocks += [Heading("Who is in the tumour"), fractions_table(run, fractions)]
    if pathways is not None:
        blocks += [Heading("Activity of pathways"), pathways_block(run, pathways)]
    return blocks


def fractions_table(run: Run, fractions: pd.DataFrame) -> Any:
    """Show percent of all cells with intervals, and the MCP-counter score of the same cells where there is one."""
    given = fractions[fractions["fraction"].notna()]
    if given.empty:
        return Note(f"No fractions of cells: {listed(sorted(set(fractions['reason'].dropna()))[:3])}.", "absent")
    scores = run.table("scores")
    mcp = {} if scores is None else scores.set_index(["sample_id", "signature"])["score"].to_dict()
    rows = []
    for sample, of_sample in fractions.groupby("sample_id", sort=True):
        by_type = of_sample.set_index("cell_type")
        cells = [fraction_cell(by_type.loc[name], mcp.get((sample, TYPES[name][1]))) for name in TYPES]
        words = [of_sample["caution"].iloc[0], of_sample["reason"].iloc[0]]
        rows.append([Cell(text(sample)), *cells, Cell("; ".join(map(str, filter(has_value, words))) or NONE)])
    header = ["Sample", *(words for words, _ in TYPES.values()), "Remark"]
    caption = (
        "Percent of all cells by quanTIseq's method, with the 95% interval over its marker genes; MCP: score of "
        "MCP-counter of the same cells (mean log2, comparable between samples, not between cells). Each row depends "
        "on its sample alone. The interval does not tell how far the method holds in this tissue."
    )
    numeric = [False, *(True for _ in TYPES), False]
    return Table("cells", "Fractions of cells", header, rows, caption, numeric, patients_of(run, rows), filter=True)


def fraction_cell(row: pd.Series, mcp: float | None) -> Cell:
    if not has_value(row["fraction"]):
        return Cell(NONE)
    beside = f"; MCP {decimal(mcp, 1)}" if has_value(mcp) else ""
    between = f"{100 * row['low']:.0f}–{percent(row['high'])}"
    return Cell(f"{percent(row['fraction'])} ({between}){beside}", float(row["fraction"]))


def pathways_block(run: Run, pathways: pd.DataFrame) -> Table | Note:
    if pathways["above_reference"].isna().all():
        best = pathways.loc[pathways["genes_used"].idxmax()]
        words = (
            f"No activity of pathways. The most complete, {best['pathway']}: {text(best['reason'], 'not measured')}."
        )
        return Note(words, "absent")
    wide = pathways.pivot(index="sample_id", columns="pathway", values="above_reference").sort_index()
    rows = [
        [Cell(text(sample)), *(Cell(decimal(v, 0), float(v) if has_value(v) else None) for v in values)]
        for sample, values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    caption = (
        "PROGENy: weighted log2 expression of the genes that respond to a pathway, less that of the median reference "
        "tumour. Compare samples within a column. Intervals are in immune/pathways.tsv."
    )
    header = ["Sample", *map(str, wide.columns)]
    numeric = [False, *(True for _ in wide.columns)]
    return Table("pathways", "Activity of pathways", header, rows, caption, numeric, patients_of(run, rows))


def patients_of(run: Run, rows: list[list[Cell]]) -> list[str | None]:
    """Return the patient of each row, whose first cell is a sample."""
    found = run.sample_patients
    return [text(found.get(row[0].words)) for row in rows]
