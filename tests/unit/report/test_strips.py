"""A patient beside responders and others."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, write_run

from anpi.report.strips import MOST_LINES, percentile_bars, strips_of


def test_lines_are_those_of_responders_above_and_of_others_below(tmp_path: Path):
    tables = make_tables(9)
    write_run(tmp_path, tables)
    run = read_made(tmp_path)
    (bar,) = percentile_bars(run, "scores", "P0002-B", {"gep18": "GEP"})
    rank = tables["scores"].query("signature == 'gep18'").set_index("sample_id")["reference_percentile"]
    response = tables["endpoints"].set_index("patient_id")["response"]
    for answer, path in (("Y", bar.above), ("N", bar.below)):
        samples = [f"{patient}-B" for patient in response.index[response.eq(answer)] if f"{patient}-B" in rank.index]
        assert [float(x) for x in re.findall(r"M([\d.]+)", path)] == sorted(rank[samples].round(1))
    assert bar.share == pytest.approx(rank["P0002-B"])
    assert "Lines above: 3 responders, below: 5 others" in strips_of(run, "scores")[1]  # the ninth has no sample


def test_other_samples_of_the_patient_are_hollow(tmp_path: Path):
    tables = make_tables(5)
    second = pd.DataFrame({"sample_id": ["P0001-O"], "patient_id": ["P0001"], "timepoint": ["on_treatment"]})
    tables["samples"] = pd.concat([tables["samples"], second], ignore_index=True)
    row = {"sample_id": "P0001-O", "signature": "gep18", "score": 1.0, "reference_percentile": 88.0}
    tables["scores"] = pd.concat([tables["scores"], pd.DataFrame([row | {"genes_used": 10, "genes_total": 10}])])
    write_run(tmp_path, tables)
    run = read_made(tmp_path)
    (bar,) = percentile_bars(run, "scores", "P0001-B", {"gep18": "GEP"})
    assert bar.hollow == [88.0]
    assert bar.value.endswith("; 88 in P0001-O")
    assert "M88" not in bar.above + bar.below  # a second sample is no patient


def test_many_patients_are_as_many_quantiles_from_the_least_to_the_most(tmp_path: Path):
    tables = make_tables(200)
    write_run(tmp_path, tables)
    _, others = strips_of(read_made(tmp_path), "scores")[0]["gep18"]
    assert len(others) == MOST_LINES
    rank = tables["scores"].query("signature == 'gep18'").set_index("sample_id")["reference_percentile"]
    response = tables["endpoints"].set_index("patient_id")["response"].rename(lambda patient: f"{patient}-B")
    expected = rank[[s for s in rank.index if response[s] == "N"]]
    assert others[0] == round(expected.min(), 1)
    assert others[-1] == round(expected.max(), 1)
    assert abs(np.median(others) - expected.median()) < 1.5
