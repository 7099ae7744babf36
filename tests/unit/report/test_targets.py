"""The section of targets, and that of a patient."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, record_of, write_run

from anpi.report.blocks import Bars, Drawing, Table, Text
from anpi.report.patient_map import target_tracks
from anpi.report.tables import Run
from anpi.report.targets import NO_ADVICE, protein_blocks, target_blocks, targets
from anpi.tables.targets import read_target_table


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run in which the first patient is high in DLL3 and low in MHC-I; of SEZ6 nothing can be told."""
    tables = make_tables(6)
    rows = [("DLL3", 210.0, 95.0, "high"), ("MHC-I", 80.0, 4.0, "low"), ("SEZ6", None, None, "cannot_tell")]
    columns = ["target", "tpm", "reference_percentile", "level"]
    made = [pd.DataFrame(rows, columns=columns).assign(sample_id=sample) for sample in tables["calls"]["sample_id"]]
    made[1]["level"] = "intermediate"
    tables["targets"] = pd.concat(made[:2]).assign(tumour_tpm=300.0, reason="made")
    write_run(tmp_path, tables)
    return read_made(tmp_path)


def test_the_cohort_has_a_heat_map_and_names_who_lacks_antigen_presentation(run: Run):
    section = targets(run)
    assert section is not None
    assert NO_ADVICE in section.blocks
    words = next(block for block in section.blocks if isinstance(block, Text)).words
    assert "1 high" in words
    assert "MHC-I low: P0001-B (1 patient)" in words
    drawing = next(block for block in section.blocks if isinstance(block, Drawing))
    data = drawing.draw().data
    assert data.set_index("sample_id").at["P0001-B", "DLL3"] == 95
    assert "SEZ6" not in data  # nothing to draw of it


def test_a_patient_is_shown_levels_drugs_and_that_it_is_no_advice(run: Run):
    note, bars, table = target_blocks(record_of(run, "P0001"))
    assert note is NO_ADVICE
    assert isinstance(bars, Bars)
    assert [(bar.words, bar.share) for bar in bars.bars] == [("DLL3", 95.0), ("MHC-I", 4.0)]
    assert isinstance(table, Table)
    cells = {row[0].words: [cell.words for cell in row] for row in table.rows}
    assert "high" in cells["DLL3"]
    assert "tarlatamab" in cells["DLL3"]
    assert "cannot tell" in cells["SEZ6"]
    assert target_blocks(record_of(run, "P0003"))[0].kind == "note"


def test_a_target_of_ones_own_has_the_drugs_and_the_evidence_of_its_list(run: Run, tmp_path: Path):
    """Columns that the list leaves out are empty on the page; the shipped targets keep theirs."""
    own = tmp_path / "own.tsv"
    own.write_text("target\tgenes\tcompartment\tname\tdrugs\nPTK7\tPTK7\ttumour\tCCK4\tcofetuzumab pelidotin\n")
    more = pd.DataFrame({"sample_id": ["P0001-B"], "target": ["PTK7"], "tpm": [12.0], "level": ["intermediate"]})
    run.tables["targets"] = pd.concat([run.tables["targets"], more])
    run = replace(run, targets=read_target_table(users=own))
    *_, table = target_blocks(record_of(run, "P0001"))
    cells = {row[0].words: [cell.words for cell in row] for row in table.rows}
    shown = dict(zip(table.header, cells["PTK7"], strict=True))
    assert shown["Tried in SCLC"] == "cofetuzumab pelidotin"
    assert shown["Also called"] == "CCK4"
    assert shown["Evidence for a limit"] == "–"
    assert "tarlatamab" in cells["DLL3"]


def test_the_report_takes_the_list_of_ones_own_targets(tmp_path: Path):
    write_run(tmp_path, make_tables(6))
    own = tmp_path / "own.tsv"
    own.write_text("target\tgenes\tcompartment\tdrugs\nPTK7\tPTK7\ttumour\tcofetuzumab pelidotin\n")
    assert read_made(tmp_path, user_targets=own).targets["target"].tolist()[-1] == "PTK7"


def test_the_map_has_the_targets_and_who_lacks_antigen_presentation(run: Run):
    tracks = {track.name: track.values for track in target_tracks(run, run.people)}
    assert tracks["DLL3, target"][:2] == [95.0, 95.0]
    assert np.isnan(tracks["DLL3, target"][2])
    assert tracks["MHC-I low"] == ["low", *[None] * 5]
    assert "SEZ6, target" not in tracks


def test_protein_beside_rna_is_shown_where_it_was_measured(run: Run):
    assert protein_blocks(run) == []
    row = {"marker": "DLL3 H-score", "gene": "DLL3", "n": 21, "rho": 0.655, "ci_low": 0.3, "ci_high": 0.85}
    run.tables["agreement"] = pd.DataFrame([row | {"warning": None}])
    (table,) = protein_blocks(run)
    words = [cell.words for cell in table.rows[0]]
    assert words == ["DLL3 H-score", "DLL3", "21", "0.66", "0.30", "0.85", "–"]


def test_a_run_without_targets_has_no_section(tmp_path: Path):
    write_run(tmp_path, make_tables(6))
    assert targets(read_made(tmp_path)) is None
