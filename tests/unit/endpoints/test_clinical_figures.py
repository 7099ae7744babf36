"""Figures show the patients they should, and their data say what is drawn."""

from __future__ import annotations

import io
import re

import pandas as pd
import pytest

from anpi.figures.clinical import attrition, spider, swimmer, waterfall

ENDPOINTS = pd.DataFrame(
    {
        "patient_id": ["P1", "P2", "P3", "P4"],
        "arm": "A",
        "cbor": ["PR", "PD", "NE", "SD"],
        "os_days": [200, 100, 20, None],
        "os_event": [0, 1, 1, None],
    }
)
TIMEPOINTS = pd.DataFrame(
    [
        ("P1", 43, -20.0, "SD", None), ("P1", 85, -45.0, "PR", None), ("P1", 127, -40.0, "PR", None),
        ("P2", 43, -10.0, "PD", "Y"), ("P2", 85, -60.0, "PR", None),
        ("P4", 43, None, "NE", None),
    ],
    columns=["patient_id", "assessment_day", "change_from_baseline_pct", "overall", "new_lesion"],
)  # fmt: skip
PATIENTS = pd.DataFrame({"patient_id": ["P1", "P2", "P3", "P4"], "treatment_end_day": [None, 60, 10, None]})
THERAPIES = pd.DataFrame({"patient_id": ["P2"], "start_day": [70]})


def svg(figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg")
    return buffer.getvalue()


def marked(figure) -> set[str]:
    return set(re.findall(r'id="patient:([^"]+)"', svg(figure)))


def test_waterfall_has_a_bar_a_patient_and_lists_those_without():
    figure, data = waterfall(ENDPOINTS, TIMEPOINTS)
    assert marked(figure) == {"P1", "P2"}
    assert data.set_index("patient_id")["change"].fillna(99).to_dict() == {"P1": -45, "P2": -10, "P3": 99, "P4": 99}
    assert data["reason"].tolist() == [None, None, "no scan after baseline", "no complete sum"]
    assert data["new_lesion"].tolist() == ["N", "Y", "N", "N"]
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == [-10, -45]  # P2's shrinkage after progression does not count


def test_spider_starts_every_patient_at_zero():
    figure, data = spider(ENDPOINTS, TIMEPOINTS)
    assert marked(figure) == {"P1", "P2"}
    assert data.groupby("patient_id")["change"].first().tolist() == [0, 0]
    assert data.loc[data["assessment_day"] == 127, "month"].tolist() == [pytest.approx(126 / 30.4375, abs=1e-3)]


def test_spider_has_a_panel_a_subtype_on_the_same_axes():
    figure, _ = spider(ENDPOINTS, TIMEPOINTS, {"P1": "I"})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["SCLC-I, n = 1", "no call, n = 1"]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    panels = [{line.get_gid() for line in axes.lines} - {None} for axes in figure.axes]
    assert panels == [{"patient:P1"}, {"patient:P2"}]


def test_swimmer_tells_the_colours_of_its_bars():
    figure, _ = swimmer(ENDPOINTS, TIMEPOINTS, PATIENTS, THERAPIES, {"P1": "A", "P3": "mixed"})
    told = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert told[:3] == ["SCLC-A", "mixed call", "no call"]


def test_swimmer_has_a_lane_a_treated_patient():
    figure, data = swimmer(ENDPOINTS, TIMEPOINTS, PATIENTS, THERAPIES)
    assert marked(figure) == {"P1", "P2", "P3"}
    ends = data[data["what"].isin(["alive", "death"])].set_index("patient_id")["what"].to_dict()
    assert ends == {"P1": "alive", "P2": "death", "P3": "death"}
    treated = data[data["what"] == "on treatment"].set_index("patient_id")["to"]
    assert treated["P1"] == pytest.approx(200 / 30.4375, abs=1e-3)  # still on treatment
    assert treated["P2"] == pytest.approx(60 / 30.4375, abs=1e-3)
    assert (data["what"] == "new therapy").sum() == 1
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["P3", "P2", "P1"]


def test_attrition_counts_who_left():
    steps = pd.DataFrame({"step": ["enrolled", "treated", "qc_pass"], "patients": [30, 29, 20]})
    figure, data = attrition(steps)
    assert data["left_out"].tolist() == [0, 1, 9]
    assert "20  (-9)" in svg(figure)


def test_nobody_to_draw_is_no_error():
    nobody = TIMEPOINTS.iloc[:0]
    for figure, data in (waterfall(ENDPOINTS, nobody), spider(ENDPOINTS, nobody), swimmer(ENDPOINTS, nobody, PATIENTS)):
        svg(figure)
        assert isinstance(data, pd.DataFrame)
