"""More patients than a figure bears: evenly spaced ones are drawn, and the page says so."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from unit.report.made import make_tables, read_made, write_run

from anpi.report import tables
from anpi.report.figure_files import drawings
from anpi.report.page import Page, make_environment, page_files, render
from anpi.report.patient_map import Map
from anpi.report.sections import DETAILS, FIRST_PAGE, sections_of


def test_every_figure_draws_the_same_evenly_spaced_patients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "MOST_DRAWN", 5)
    write_run(tmp_path, make_tables(17))
    run = read_made(tmp_path)
    assert sorted(run.drawn) == ["P0001", "P0005", "P0009", "P0013", "P0017"]
    first, details = sections_of(run, FIRST_PAGE), sections_of(run, DETAILS)
    pictures = {drawing.name: drawing for drawing in drawings([*first, *details])}
    for name in ("waterfall", "spider", "swimmer", "answer", "programmes", "signatures"):
        assert marked(pictures[name].draw().svg) <= run.drawn, name
    (section,) = [s for s in first if s.name == "patient-map"]
    (block,) = [b for b in section.blocks if isinstance(b, Map)]
    assert marked(block.svg) == run.drawn
    assert sum(len(who) for _, who in dict(block.chips)["Subtype"]) == 15  # chips hold everybody with a call
    assert "5 of 17 patients, evenly spaced by id" in section.blocks[0].words
    assert "5 of 17 patients, evenly spaced by id" in pictures["waterfall"].caption


def marked(svg: str) -> set[str]:
    return set(re.findall(r'data-patient="([^"]+)"', svg))


def test_the_spacing_reaches_both_ends_whatever_the_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "MOST_DRAWN", 6)
    write_run(tmp_path, make_tables(20))
    places = sorted(int(patient[1:]) for patient in read_made(tmp_path).drawn)
    assert (places[0], places[-1], len(places)) == (1, 20, 6)
    assert set(np.diff(places)) <= {3, 4}


def test_the_first_page_of_200_patients_is_below_2_mb(tmp_path: Path):
    write_run(tmp_path, make_tables(200))
    run = read_made(tmp_path)
    first, links = sections_of(run, FIRST_PAGE), {p: f"patients/{name}" for p, name in page_files(run).items()}
    page = Page(run.title, first, links, pictures={drawing.name: drawing.draw().svg for drawing in drawings(first)})
    assert len(render(make_environment(), run, page).encode("utf-8")) < 2_000_000
