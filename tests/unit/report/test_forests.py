"""What a forest plot says its ratios are of."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from unit.report.made import NAMES, make_tables, read_made, write_run

from anpi.report.answers import answers
from anpi.report.associations import estimate_cell, forest_rows, question_blocks, variant_table
from anpi.report.blocks import Drawing
from anpi.report.tables import Run

BASE = NAMES | {"entry": "x", "family": "looks", "tier": "exploratory", "endpoint": "pfs", "n": 40, "events": 20}
NUMBERS = {"estimate": 0.7, "ci_low": 0.4, "ci_high": 1.2, "p": 0.2}
SEX = BASE | NUMBERS | {"biomarker": "sex", "level": "M", "reference": "F", "effect": "HR"}
LIVER = SEX | {"biomarker": "liver_mets", "level": "Y", "reference": "N"}
SCORE = BASE | NUMBERS | {"biomarker": "gep18", "level": None, "reference": None, "effect": "HR per SD"}


def run_with(folder: Path, *rows: dict[str, object]) -> Run:
    tables = make_tables(6)
    write_run(folder, tables | {"results": pd.DataFrame(rows).reindex(columns=tables["results"].columns)})
    return read_made(folder)


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([SEX, LIVER], "Progression-free survival: ratios between groups"),
        ([SCORE], "Progression-free survival: ratio per standard deviation"),
        ([SEX, SCORE], "Progression-free survival: ratios between groups, of scores per standard deviation"),
    ],
)
def test_a_title_says_what_the_ratios_are_of(tmp_path: Path, rows: list[dict[str, object]], title: str) -> None:
    run = run_with(tmp_path, *rows)
    drawn = [
        block for block in question_blocks(run, run.tables["results"], "exploratory") if isinstance(block, Drawing)
    ]
    assert [drawing.title for drawing in drawn] == [title]


def test_groups_of_several_biomarkers_are_named_with_them(tmp_path: Path) -> None:
    run = run_with(tmp_path, SEX, LIVER)
    assert forest_rows(run, run.tables["results"])["label"].tolist() == ["sex M against F", "liver_mets Y against N"]


@pytest.mark.parametrize(
    ("rows", "ends"), [([SEX], "exploratory."), ([SEX, SCORE], "of scores per standard deviation.")]
)
def test_only_scores_are_per_standard_deviation(tmp_path: Path, rows: list[dict[str, object]], ends: str) -> None:
    blocks = answers(run_with(tmp_path, *rows)).blocks
    caption = next(block.caption for block in blocks if isinstance(block, Drawing))
    assert caption.endswith(ends)


def test_other_choices_have_a_row_a_biomarker_and_one_for_the_arms() -> None:
    """Two scores and a marker whose effect may differ between arms: none is left out or read as another."""
    about = NAMES | {"variant": "arms pooled", "n": 20, "events": 9}
    numbers = {"estimate": 0.5, "ci_low": 0.2, "ci_high": 1.4}
    rows = [
        about | numbers | {"biomarker": "gep18", "effect": "HR per SD", "p": 0.2},
        about | numbers | {"biomarker": "ifng6", "effect": "HR per SD", "p": 0.4},
        about | {"effect": "chi-square", "estimate": 1.2, "p": 0.6},
        about | numbers | {"level": "N", "reference": "A", "effect": "HR", "p": 0.7},
        about | {"effect": "interaction with arm", "estimate": 3.0, "p": 0.08},
        about | numbers | {"level": "arm x: N", "reference": None, "effect": "HR", "p": 0.9},
    ]
    table = variant_table(pd.DataFrame(rows).assign(warning=None))
    found = [(row[2].words, row[5].words, row[6].words) for row in table.rows]
    assert found == [
        ("gep18", "HR per SD 0.50 (0.20 to 1.40)", "0.20"),
        ("ifng6", "HR per SD 0.50 (0.20 to 1.40)", "0.40"),
        ("subtype", "SCLC-N / SCLC-A 0.50 (0.20 to 1.40)", "0.60"),
        ("subtype, interaction with arm", "arm x: N 0.50 (0.20 to 1.40)", "0.080"),
    ]


def test_a_limit_that_is_there_is_written() -> None:
    """A ratio without a lower limit keeps its upper one; what has none at all stands alone."""
    half = {"estimate": 0.004, "ci_low": None, "ci_high": 0.9}
    assert estimate_cell(half).words == "< 0.01 (– to 0.90)"
    assert estimate_cell({"estimate": 5.8, "ci_low": None, "ci_high": None}).words == "5.80"


def test_differences_of_restricted_means_stand_among_the_other_choices() -> None:
    row = NAMES | {"variant": "restricted mean", "endpoint": "pfs", "level": "I", "reference": "A", "n": 8, "events": 3}
    row |= {"effect": "difference, months", "estimate": -2.3229, "ci_low": -3.1, "ci_high": 0.5, "p": None}
    columns = ["variant", *make_tables(4)["results"].columns]
    (cells,) = variant_table(pd.DataFrame([row]).reindex(columns=columns)).rows
    assert cells[5].words == "SCLC-I less SCLC-A: −2.32 months (−3.10 to 0.50)"
