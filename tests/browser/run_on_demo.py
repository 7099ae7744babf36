"""The pages of the demo's report, with every section, by axe-core and by their pixels: ``make test-page``."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.accessible import LOOKS, check_contrast, faults_by_axe, open_whole
from browser.chromium import Page

BRIEFLY = [look for look in LOOKS if look[0] == "light" or look[1] == 1440]  # the page of details takes long
REPORT = Path(__file__).resolve().parents[2] / "results" / "demo" / "report"


@pytest.mark.parametrize("name", ["index.html", "details.html", "patients/P001.html", "patients/P006.html"])
def test_axe_decides_all_and_text_has_contrast(page: Page, axe: Path, name: str) -> None:
    for scheme, width in BRIEFLY:
        open_whole(page, REPORT / name, scheme, width)
        assert faults_by_axe(page, axe) == [], (scheme, width)
    open_whole(page, REPORT / name, "light", 1440)
    boxes = "[...document.querySelectorAll('.table .scroll')].filter((box) => box.scrollWidth > box.clientWidth + 1)"
    assert page.run(f"{boxes}.map((box) => box.querySelector('table').id)") == [], "wider than a wide screen"
    check_contrast(page, REPORT / name)
