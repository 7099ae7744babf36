"""Figures: what is drawn where, in numbers; and SVG that can stand in a page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from anpi.figures import heatmaps, style
from anpi.figures.components import components
from anpi.figures.expression import volcano
from anpi.figures.forest import axis_limits, forest
from anpi.figures.linking import linked_svg, plain_pdf
from anpi.figures.style import SUBTYPE_COLOURS, new_figure, patient_mark
from anpi.figures.survival import Annotations, kaplan_meier
from anpi.words.names import short_names

SVG = "{http://www.w3.org/2000/svg}"


def curves() -> pd.DataFrame:
    """Ten patients of one group, events at 30, 60, 90 days (product-limit by hand), censored at 45."""
    steps = pd.DataFrame(
        {
            "kind": "step",
            "time_days": [0, 30, 60, 90],
            "survival": [1, 0.9, 0.7875, 0.675],
            "ci_low": 0.2,
            "ci_high": 0.98,
        }
    )
    risk = pd.DataFrame(
        {"kind": "risk", "time_days": [0, 91.3125], "at_risk": [10, 6], "censored": [0, 1], "events": [0, 3]}
    )
    return pd.concat([steps, risk]).assign(level="A")


def people() -> pd.DataFrame:
    times = [30, 45, 60, 90, 100, 110, 120, 130, 140, 150]
    events = [1, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    ids = [f"P{i}" for i in range(10)]
    return pd.DataFrame({"patient_id": ids, "level": "A", "time": times, "event": events})


def test_patients_stand_on_their_curve_which_goes_on_thin_where_fewer_than_three_are_at_risk() -> None:
    written = Annotations({"A": "SCLC-A"}, {"A": 4.2}, note="HR 0.5")
    figure, data = kaplan_meier(curves(), people(), written, "survival")
    marks = data[data["patient_id"].notna()].set_index("patient_id")
    assert marks.loc["P0", ["survival", "kind"]].tolist() == [0.9, "event"]
    assert marks.loc["P1", ["survival", "kind"]].tolist() == [0.9, "censored"]
    assert marks.loc["P3", "survival"] == 0.675
    assert len(marks) == 10
    axes = figure.axes[0]
    line = next(line for line in axes.lines if line.get_label() == "SCLC-A: median 4.2")
    tail = axes.lines[axes.lines.index(line) + 1]
    assert np.asarray(line.get_xdata()).max() == pytest.approx(130 / 30.4375)  # at day 130 three are at risk
    assert np.asarray(tail.get_xdata()).max() == pytest.approx(150 / 30.4375)
    assert tail.get_linewidth() < line.get_linewidth()
    (band,) = axes.collections
    assert band.get_paths()[0].get_extents().x1 == pytest.approx(130 / 30.4375)
    assert any(list(np.asarray(line.get_xdata())) == [4.2, 4.2] for line in axes.lines)  # the median falls to the axis
    words = [text.get_text() for text in axes.texts]
    assert "10 (0, 0)" in words
    assert "6 (1, 3)" in words


def test_an_event_where_one_is_at_risk_is_drawn() -> None:
    """The last patient's event takes the curve to 0: hiding it would hide the median of a group."""
    steps = pd.DataFrame({"kind": "step", "time_days": [0, 30, 60, 90], "survival": [1, 2 / 3, 1 / 3, 0]})
    risk = pd.DataFrame({"kind": "risk", "time_days": [0, 90], "at_risk": [3, 1], "censored": 0, "events": [0, 2]})
    rows = pd.concat([steps.assign(ci_low=0.1, ci_high=0.9), risk]).assign(level="I")
    who = pd.DataFrame({"patient_id": list("abc"), "level": "I", "time": [30, 60, 90], "event": 1})
    figure, _ = kaplan_meier(rows, who)
    lowest = min(np.asarray(line.get_ydata(), float).min() for line in figure.axes[0].lines)
    assert lowest == 0


def test_one_colour_a_subtype_and_another_dash() -> None:
    parts = [curves().assign(level=level) for level in ("A", "N", "P", "I")]
    figure, _ = kaplan_meier(pd.concat(parts))
    lines = {label: line for line in figure.axes[0].lines if (label := str(line.get_label())) in set("ANPI")}
    assert {level: to_hex(line.get_color()) for level, line in lines.items()} == {
        level: SUBTYPE_COLOURS[level].lower() for level in "ANPI"
    }
    assert len({str(vars(line)["_unscaled_dash_pattern"]) for line in lines.values()}) == 4


def test_svg_names_patients_once_and_prefixes_every_other_id() -> None:
    figure, axes = new_figure(3, 2)
    axes.plot([1], [1], marker="o", gid=patient_mark("P<1>&\"'"))
    axes.plot([2], [1], marker="o", gid=patient_mark("P2"))
    text = linked_svg(figure, "fig-x", "A <title>", "What & how")
    root = ET.fromstring(text)
    assert sorted(e.attrib["data-patient"] for e in root.iter() if "data-patient" in e.attrib) == ["P2", "P<1>&\"'"]
    ids = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
    assert len(ids) == len(set(ids))
    assert all(identity.startswith("fig-x-") for identity in ids)
    used = re.findall(r"url\(#([^)]+)\)", text) + re.findall(r'href="#([^"]+)"', text)
    assert used
    assert set(used) <= set(ids)
    assert root.find(f"{SVG}title").text == "A <title>"  # type: ignore[union-attr]
    assert root.attrib["role"] == "group"
    assert "width" not in root.attrib
    assert root.find(f"{SVG}metadata") is None


def test_the_same_figure_gives_the_same_bytes() -> None:
    first, second = (kaplan_meier(curves(), people())[0] for _ in range(2))
    assert linked_svg(first, "a", "t") == linked_svg(second, "a", "t")
    assert plain_pdf(first) == plain_pdf(second)
    assert b"CreationDate" not in plain_pdf(first)


def test_another_style_set_in_between_changes_no_figure() -> None:
    figure, axes = new_figure(2, 2)
    axes.set_title("a title")
    expected = linked_svg(figure, "x", "title", "description")
    ET.register_namespace("", "http://www.cdisc.org/ns/odm/v1.3")
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": None}):
        assert linked_svg(figure, "x", "title", "description") == expected
    assert ">a title</text>" in expected


def test_fonts_of_the_machine_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    own = Path(matplotlib.get_data_path(), "fonts", "ttf")
    shutil.copy(own / "DejaVuSans.ttf", tmp_path / "fonts")
    show = "print(*[font.fname for font in fontManager.ttflist], sep='\\n');"
    words = f"from matplotlib.font_manager import fontManager; {show} import anpi.figures.style; print(); {show}"
    scripts = Path(style.__file__).parents[2]
    places = {
        "PYTHONPATH": str(scripts),
        "XDG_DATA_HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "MPLCONFIGDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", words], env=os.environ | places, capture_output=True, text=True, check=True
    )
    before, after = (part.splitlines() for part in done.stdout.split("\n\n"))
    assert str(tmp_path / "fonts" / "DejaVuSans.ttf") in before
    assert {Path(font).parents[1] for font in after} == {own.parent}


def test_text_from_users_is_no_formula_to_matplotlib() -> None:
    figure, axes = new_figure(2, 2)
    axes.set_title(r"arm $\frac{1}{$ & <b>")
    assert r"arm $\frac{1}{$ &amp; &lt;b&gt;" in linked_svg(figure, "a", "t")


def test_words_of_the_forest_axis_stay_apart_in_a_browser() -> None:
    rows = pd.DataFrame(
        {"label": ["a"], "n": [20], "events": [9], "estimate": [0.5], "ci_low": [0.2], "ci_high": [1.2]}
    )
    figure, _ = forest(rows, "Hazard ratio", ("longer", "shorter"))
    words = figure.axes[0].get_xlabel()
    assert "longer Hazard" not in re.sub(r"[ \t\n]+", " ", words)  # as SVG makes one blank of several
    assert words.split() == ["←", "longer", "Hazard", "ratio,", "log", "scale", "shorter", "→"]


def test_forest_axis_is_alike_on_both_sides_and_shows_arrows_beyond_it() -> None:
    rows = pd.DataFrame(
        {"label": ["a", "b", "c"], "n": [10, 20, 5], "events": [5, 9, 2], "estimate": [0.5, 1.5, np.nan],
         "ci_low": [0.01, 0.9, np.nan], "ci_high": [1.2, 2.5, np.nan]}
    )  # fmt: skip
    low, high = axis_limits(rows)
    assert low * high == pytest.approx(1)
    assert high > 2.5
    figure, data = forest(rows, "Hazard ratio")
    words = [text.get_text() for text in figure.axes[0].texts]
    assert {"0.50 (0.01 to 1.20)", "not estimated", "5 / 10", "2 / 5"} <= set(words)
    assert [line.get_marker() for line in figure.axes[0].lines].count("<") == 1
    assert list(data["label"]) == ["a", "b", "c"]


def made_calls() -> pd.DataFrame:
    frame = pd.DataFrame(
        {"patient_id": ["x", "y", "z", "w"], "group": ["none", "I", "A", "A"],
         "call": ["none", "lean", "confident", "confident"],
         "p_A": [0.4, 0.1, 0.8, 0.9], "p_N": 0.0, "p_P": 0.0, "p_I": [0.6, 0.9, 0.2, 0.1]},
        index=["s1", "s2", "s3", "s4"],
    )  # fmt: skip
    return frame.rename_axis("sample_id")


def test_programmes_are_ordered_by_group_and_probability_whatever_the_order_of_rows() -> None:
    scores = pd.DataFrame({"A": [0.0, -1.0, 2.0, 3.0]}, index=["s1", "s2", "s3", "s4"])
    figure, data = heatmaps.programmes(scores, made_calls(), {"A": "ASCL1"})
    assert list(data["sample_id"]) == ["s4", "s3", "s2", "s1"]
    assert list(data["ASCL1"]) == [3.0, 2.0, -1.0, 0.0]
    _, again = heatmaps.programmes(scores.iloc[::-1], made_calls().iloc[::-1], {"A": "ASCL1"})
    pd.testing.assert_frame_equal(data, again)
    letters = [text.get_text() for text in figure.axes[0].texts]
    assert letters == ["A", "A", "i", "–"]
    root = ET.fromstring(linked_svg(figure, "a", "t"))
    marks = [e.attrib["data-patient"] for e in root.iter() if "data-patient" in e.attrib]
    assert sorted(set(marks)) == ["w", "x", "y", "z"]


def test_a_heat_map_leaves_missing_values_empty() -> None:
    values = pd.DataFrame({"g": [np.nan, 20.0, 50.0, 99.0]}, index=["s1", "s2", "s3", "s4"])
    figure, data = heatmaps.signatures(values, made_calls(), {"g": "GEP"})
    cells = figure.axes[1].get_images()[0].get_array()
    assert cells is not None
    assert np.ma.getmaskarray(cells).tolist() == [[False, False, False, True]]
    assert np.isnan(data["GEP"].iloc[-1])


def test_volcano_names_only_what_passes_the_false_discovery_rate() -> None:
    genes = pd.DataFrame(
        {
            "name": ["HLA-E", "GAPDH", "NONE"],
            "log2_fold_change": [1.4, 0.2, np.nan],
            "p": [1e-5, 0.3, np.nan],
            "p_adjusted": [0.01, 0.6, np.nan],
        }
    )
    figure, data = volcano(genes)
    assert [text.get_text() for text in figure.axes[0].texts] == ["HLA-E"]
    assert len(data) == 2


def test_components_bear_patient_colour_and_marker() -> None:
    samples = made_calls().reset_index()[["sample_id", "patient_id", "group"]].assign(pc1=[1.0, 2, 3, 4], pc2=0.0)
    figure, _ = components(samples, (0.3, 0.1))
    root = ET.fromstring(linked_svg(figure, "a", "t"))
    assert sorted(e.attrib["data-patient"] for e in root.iter() if "data-patient" in e.attrib) == ["w", "x", "y", "z"]
    drawn = {(to_hex(str(line.get_color())), line.get_marker()) for line in figure.axes[0].lines[:4]}
    assert len(drawn) == 3  # none, I and twice A
    assert figure.axes[0].get_xlabel() == "Component 1 (30% of the variance)"


def test_the_subtype_strip_of_many_samples_bears_a_letter_a_group_in_its_middle() -> None:
    groups = ["A"] * 50 + ["I"] * 30 + ["mixed"] * 20
    ids = [f"s{i:03d}" for i in range(100)]
    calls = pd.DataFrame({"patient_id": ids, "group": groups, "call": "confident"}, index=ids)
    calls = calls.assign(**{f"p_{k}": 0.25 for k in "ANPI"})
    figure, _ = heatmaps.signatures(pd.DataFrame({"g": 50.0}, index=ids), calls, {"g": "GEP"})
    letters = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts}
    assert letters == {"A": 24.5, "I": 64.5, "m": 89.5}


def test_marks_of_patients_that_are_not_drawn_one_by_one_stay_on_the_curve_as_one_path() -> None:
    figure, data = kaplan_meier(curves(), people(), Annotations(linked={"P0", "P4"}))
    assert data["patient_id"].notna().sum() == 10
    marks = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert [line.get_gid() for line in marks] == ["patient:P0", "patient:P4", None, None]
    assert sum(len(np.asarray(line.get_xdata())) for line in marks) == 10


def test_a_figure_writes_ratios_as_the_sentences_do() -> None:
    rows = pd.DataFrame(
        {"label": ["a", "b"], "n": [10, 20], "events": [5, 9], "estimate": [11.41, 0.004],
         "ci_low": [1.52, 0.0001], "ci_high": [144.9, 8_231.0]}
    )  # fmt: skip
    words = {text.get_text() for text in forest(rows, "Odds ratio")[0].axes[0].texts}
    assert {"11.4 (1.52 to 145)", "< 0.01 (< 0.01 to 8,231)"} <= words


LONG_ARMS = [
    "cadonilimab 10 mg/kg every three weeks, second line, without chemotherapy",
    "cadonilimab 10 mg/kg every three weeks + investigator's choice chemotherapy (topotecan or irinotecan)",
]


@pytest.mark.parametrize("most", [9, 26, 40])
def test_names_that_are_cut_can_be_told_apart(most: int) -> None:
    ids = [f"CHN-SITE-0123456789-P{place:03d}-RESCREENED-2ND-COHORT-EXPANSION" for place in range(300)]
    for names in (ids, LONG_ARMS):
        shown = short_names(names, most)
        assert len(set(shown)) == len(names)
        assert max(map(len, shown)) <= most
    assert short_names(["P001", "P002", "P001"], most) == ["P001", "P002", "P001"]


def test_curves_of_arms_with_long_names_keep_their_width() -> None:
    """The key was as wide as both names beside each other, and the page shrank the curves to a fifth."""
    steps = [
        {"level": arm, "kind": kind, "time_days": day, "survival": 1 - day / 400, "ci_low": 0.3, "ci_high": 0.9,
         "at_risk": 5, "censored": 0, "events": 1}
        for arm in LONG_ARMS for kind in ("step", "risk") for day in (0, 100, 200)
    ]  # fmt: skip
    figure, _ = kaplan_meier(pd.DataFrame(steps), annotations=Annotations(medians=dict.fromkeys(LONG_ARMS, 4.2)))
    figure.canvas.draw()
    legend = figure.axes[0].get_legend().get_window_extent()
    assert legend.width <= figure.bbox.width
    words = [text.get_text() for text in figure.axes[0].texts]
    assert len({word for word in words if "…" in word}) == 2
