"""Text of figures is read on its ground: what axe cannot decide inside SVG (WCAG 2, 4.5 to 1)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from unit.report.made import make_tables, read_made, with_choices, write_run

from anpi.figures.course import RESPONSE_COLOURS
from anpi.figures.style import SUBTYPE_COLOURS, VERDICT_COLOURS, contrast, ink_on
from anpi.report.page import write_report

LEAST = 4.5
TEXT = re.compile(r"<text[^>]*>")
FILL = re.compile(r'fill(?:: |=")(#[0-9A-Fa-f]{3,6})')


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the well-known grey that just fails


@pytest.mark.parametrize(
    "colour", sorted({*SUBTYPE_COLOURS.values(), *RESPONSE_COLOURS.values(), *VERDICT_COLOURS.values()})
)
def test_letters_are_read_on_every_colour(colour: str):
    assert contrast(ink_on(colour), colour) >= LEAST


def test_text_of_every_figure_is_read_on_white_unless_it_stands_on_a_colour(tmp_path: Path):
    write_run(tmp_path, with_choices(make_tables(12)))
    write_report(read_made(tmp_path), tmp_path / "report")
    found = set()
    for page in ("index.html", "details.html", "patients/P0001.html"):
        for text in TEXT.findall((tmp_path / "report" / page).read_text(encoding="utf-8")):
            found |= {colour.lower() for colour in FILL.findall(text)}
    on_colours = {"#ffffff", "#fff"}
    assert found - on_colours
    assert {
        colour: contrast(colour, "#ffffff") for colour in found - on_colours if contrast(colour, "#ffffff") < LEAST
    } == {}
