"""Fractions of cells and activity of pathways: what is shown of hand-made tables."""

from __future__ import annotations

import pandas as pd
import pytest

from anpi.report.blocks import Note, Table
from anpi.report.cells import TYPES, cell_blocks
from anpi.report.tables import Run


def run_of(**tables: pd.DataFrame) -> Run:
    samples = pd.DataFrame({"sample_id": ["s1", "s2"], "patient_id": ["p1", "p2"]})
    return Run("T", pd.DataFrame({"patient_id": ["p1", "p2"]}), {}, {}, tables, samples)


@pytest.fixture
def fractions() -> pd.DataFrame:
    table = pd.DataFrame([(s, t) for s in ("s1", "s2") for t in TYPES], columns=["sample_id", "cell_type"])
    known = table["sample_id"] == "s1"
    for column, value in (("fraction", 0.05), ("low", 0.02), ("high", 0.11)):
        table[column] = known.map({True: value, False: None})
    table["reason"] = known.map({True: None, False: "20 of 138 genes, at least 80% needed"})
    return table.assign(caution=known.map({True: "normal tissue: lymph node 38%", False: None}))


def test_a_fraction_stands_with_its_interval_the_other_method_and_what_speaks_against_it(fractions: pd.DataFrame):
    scores = pd.DataFrame({"sample_id": ["s1"], "signature": ["mcp_b_lineage"], "score": [3.21]})
    _, table = cell_blocks(run_of(fractions=fractions, scores=scores))
    assert isinstance(table, Table)
    first, second = ([cell.words for cell in row] for row in table.rows)
    assert first[:3] == ["s1", "5% (2–11%); MCP 3.2", "5% (2–11%)"]
    assert first[-1] == "normal tissue: lymph node 38%"
    assert second[1:-1] == ["–"] * len(TYPES)
    assert second[-1] == "20 of 138 genes, at least 80% needed"
    assert list(table.patients) == ["p1", "p2"]


def test_a_run_without_any_fraction_says_why(fractions: pd.DataFrame):
    _, note = cell_blocks(run_of(fractions=fractions[fractions["sample_id"] == "s2"]))
    assert isinstance(note, Note)
    assert note.words == "No fractions of cells: 20 of 138 genes, at least 80% needed."
    assert cell_blocks(run_of()) == []


def test_pathways_stand_as_distances_from_the_reference():
    table = pd.DataFrame({"sample_id": ["s2", "s1"], "pathway": "WNT", "above_reference": [-12.4, None]})
    _, shown = cell_blocks(run_of(pathways=table))
    assert [[cell.words for cell in row] for row in shown.rows] == [["s1", "–"], ["s2", "−12"]]


def test_pathways_that_no_sample_has_are_told_in_words_with_the_most_complete():
    absent = {"sample_id": "P0001-B", "above_reference": None, "reason": "13 of 100 genes, at least 60% needed"}
    table = pd.DataFrame(
        [
            absent | {"pathway": "EGFR", "genes_used": 4, "reason": "4 of 100 genes, at least 60% needed"},
            absent | {"pathway": "Androgen", "genes_used": 13},
        ]
    )
    _, shown = cell_blocks(run_of(pathways=table))
    assert shown.words == "No activity of pathways. The most complete, Androgen: 13 of 100 genes, at least 60% needed."
