"""The section of changes, and that of a patient."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, record_of, write_run

from anpi.change.measure import TOO_FEW
from anpi.report.blocks import Drawing, Table, Text
from anpi.report.tables import Run
from anpi.report.under_treatment import change_blocks, under_treatment


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run with a pair that switched and one of two persons."""
    tables = make_tables(6)
    tables["pairs"] = pd.DataFrame(
        {
            "patient_id": ["P0001", "P0002"], "contrast": "on_treatment", "from_sample": ["P0001-B", "P0002-B"],
            "to_sample": ["P0001-O", "P0002-O"], "used": ["yes", "no"], "reason": [None, "genotypes: of two persons"],
            "genotypes": ["same", "different"], "from_day": -4, "to_day": 43,
        }
    )  # fmt: skip
    pair = {"patient_id": "P0001", "from_sample": "P0001-B", "to_sample": "P0001-O", "contrast": "on_treatment"}
    tables["changes"] = pd.DataFrame(
        [
            {
                "feature": "gep18",
                "kind": "signature",
                "before": 1.0,
                "after": 3.0,
                "change": 2.0,
                "low": 1.5,
                "high": 2.5,
            },
            {
                "feature": "DLL3",
                "kind": "gene_in_tumour",
                "before": 6.0,
                "after": 4.0,
                "change": -2.0,
                "reason": TOO_FEW,
            },
            {"feature": "gep18", "kind": "programme", "change": 2.0},  # called as the signature is
            {"feature": "subtype_switch", "kind": "switch", "change": 0.93},
        ]
    ).assign(**pair)
    tables["change_tests"] = pd.DataFrame(
        {
            "endpoint": ["change"],
            "biomarker": "gep18",
            "level": "on treatment",
            "n": 1,
            "estimate": 2.0,
            "warning": "few",
        }
    )
    write_run(tmp_path, tables)
    return read_made(tmp_path)


def test_the_section_names_who_was_not_compared_and_who_switched(run: Run):
    section = under_treatment(run)
    assert section is not None
    words = next(block for block in section.blocks if isinstance(block, Text)).words
    assert "1 of 2 pairs compared" in words
    assert "P0002-O (genotypes: of two persons)" in words
    assert "P0001-B to P0001-O (probability 0.93)" in words
    drawing = next(block for block in section.blocks if isinstance(block, Drawing))
    data = drawing.draw().data
    assert data[["before", "after"]].to_numpy().tolist() == [[1.0, 3.0]]
    assert data["response"].tolist() == ["Y"]


def test_a_patient_sees_both_samples_or_why_not(run: Run):
    words, table = change_blocks(record_of(run, "P0001"))
    assert "P0001-B (day −4) and P0001-O (day 43): compared." in words.words
    assert f"Changes without limits: {TOO_FEW}." in words.words
    assert isinstance(table, Table)
    assert [row[1].words for row in table.rows] == [
        "T-cell-inflamed gene expression profile, 18 genes, weighted",
        "DLL3 in the tumour",
        "Probability of different subtypes",
    ]
    assert "not compared, genotypes" in change_blocks(record_of(run, "P0002"))[0].words
    assert change_blocks(record_of(run, "P0003"))[0].kind == "note"


def test_a_run_without_second_samples_has_no_section(tmp_path: Path):
    write_run(tmp_path, make_tables(6))
    assert under_treatment(read_made(tmp_path)) is None
