"""Everyone can read the report: no fault by axe-core, none that it leaves undecided, all text with contrast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from browser.accessible import LOOKS, check_contrast, faults_by_axe, open_whole
from browser.chromium import Page
from browser.contrast import contrast, low_contrasts
from unit.report.made import make_tables, read_made, with_choices, write_run

from anpi.report.page import write_report

PAGES = ("index.html", "details.html", "patients/P0001.html", "patients/P0012.html")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("accessible")
    write_run(folder, with_choices(make_tables(12)))
    write_report(read_made(folder), folder / "report")
    return folder / "report"


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_fault_and_decides_all_with_all_folds_open(page: Page, report: Path, axe: Path, name: str) -> None:
    for scheme, width in LOOKS:
        open_whole(page, report / name, scheme, width)
        assert faults_by_axe(page, axe) == [], (scheme, width)


@pytest.mark.parametrize("name", PAGES)
def test_text_of_figures_has_contrast_on_what_is_painted_under_it(page: Page, report: Path, name: str) -> None:
    assert check_contrast(page, report / name) >= (0 if name.startswith("patients") else 50)


def test_text_without_contrast_is_found(page: Page, report: Path, axe: Path) -> None:
    open_whole(page, report / "index.html", "light", 1440)
    page.run("document.querySelector('#figure-waterfall svg text').style.fill = '#999999'")
    assert [(figure, ratio) for figure, _, ratio in low_contrasts(page)[1]] == [("figure-waterfall", 2.8)]
    page.run("document.querySelector('.headline').style.color = '#999999'")
    assert ["fault", "color-contrast"] in [found[:2] for found in faults_by_axe(page, axe)]
    page.run("document.querySelector('.headline').style.background = 'linear-gradient(#fff, #eee)'")
    assert ["undecided", "color-contrast"] in [found[:2] for found in faults_by_axe(page, axe)]


def test_contrast_is_that_of_wcag() -> None:
    white = np.array([255.0, 255.0, 255.0])
    assert contrast(np.zeros(3), white) == pytest.approx(21)
    assert contrast(np.full(3, 0x77), white) == pytest.approx(4.48, abs=0.005)  # the grey that just fails
