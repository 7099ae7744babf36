"""A patient beside responders and others."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, record_of, write_run

from anpi.report.strips import MOST_LINES, percentile_bars, strip_class, strip_file


def places(style: str, name: str, which: str) -> list[float]:
    """Return where the lines of a signature stand, read from the file of lines."""
    (rule,) = re.findall(rf"\.{strip_class('scores', name)} {{(.*)}}", style)
    (picture,) = re.findall(rf'--{which}: url\("([^"]*)"\)', rule)
    return [float(place) for place in re.findall(r"M([\d.]+) 0v1", unquote(picture))]


def test_lines_are_those_of_responders_above_and_of_others_below(tmp_path: Path):
    tables = make_tables(9)
    write_run(tmp_path, tables)
    run = read_made(tmp_path)
    style = strip_file(run)
    rank = tables["scores"].query("signature == 'gep18'").set_index("sample_id")["reference_percentile"]
    response = tables["endpoints"].set_index("patient_id")["response"]
    for answer, which in (("Y", "above"), ("N", "below")):
        samples = [f"{patient}-B" for patient in response.index[response.eq(answer)] if f"{patient}-B" in rank.index]
        assert places(style, "gep18", which) == sorted(rank[samples].round(1))
    (bar,) = percentile_bars(record_of(run, "P0002"), "scores", {"gep18": "GEP"})
    assert bar.strip == strip_class("scores", "gep18")
    assert bar.share == pytest.approx(rank["P0002-B"])
    assert (
        '.strips-scores::after { content: " In this run: 3 responders, 5 others."; }' in style
    )  # the ninth has no sample


def test_no_name_of_a_user_stands_in_the_style(tmp_path: Path):
    tables = make_tables(5)
    tables["scores"]["signature"] = tables["scores"]["signature"].replace({"gep18": "} body { display: none"})
    write_run(tmp_path, tables)
    assert "body" not in strip_file(read_made(tmp_path))


def test_other_samples_of_the_patient_are_hollow(tmp_path: Path):
    tables = make_tables(5)
    second = pd.DataFrame({"sample_id": ["P0001-O"], "patient_id": ["P0001"], "timepoint": ["on_treatment"]})
    tables["samples"] = pd.concat([tables["samples"], second], ignore_index=True)
    row = {"sample_id": "P0001-O", "signature": "gep18", "score": 1.0, "reference_percentile": 88.0}
    tables["scores"] = pd.concat([tables["scores"], pd.DataFrame([row | {"genes_used": 10, "genes_total": 10}])])
    write_run(tmp_path, tables)
    run = read_made(tmp_path)
    (bar,) = percentile_bars(record_of(run, "P0001"), "scores", {"gep18": "GEP"})
    assert bar.hollow == [88.0]
    assert bar.value.endswith("; 88 in P0001-O")
    style = strip_file(run)
    assert 88 not in places(style, "gep18", "above") + places(style, "gep18", "below")  # a second sample is no patient


def test_many_patients_are_as_many_quantiles_from_the_least_to_the_most(tmp_path: Path):
    tables = make_tables(200)
    write_run(tmp_path, tables)
    others = places(strip_file(read_made(tmp_path)), "gep18", "below")
    assert len(others) == MOST_LINES
    rank = tables["scores"].query("signature == 'gep18'").set_index("sample_id")["reference_percentile"]
    response = tables["endpoints"].set_index("patient_id")["response"].rename(lambda patient: f"{patient}-B")
    expected = rank[[s for s in rank.index if response[s] == "N"]]
    assert others[0] == round(expected.min(), 1)
    assert others[-1] == round(expected.max(), 1)
    assert abs(np.median(others) - expected.median()) < 1.5
