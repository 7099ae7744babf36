"""One browser a module of tests, and its report's first page opened anew for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.accessible import fetch_axe
from browser.chromium import BINARY, Page
from once import made_once

NONE = pytest.mark.skip(reason="no chromium on this machine (Debian: apt-get install chromium)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if BINARY is None and Path(__file__).parent in item.path.parents:
            item.add_marker(NONE)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    page = Page(tmp_path_factory.mktemp("profile"))
    yield page
    page.close()


@pytest.fixture
def index(page: Page, report: Path) -> Page:
    """Return the browser with the first page of the module's ``report``, a quiet console and no request so far."""
    page.resize(1440, 900)
    page.console.clear()
    page.requests.clear()
    page.open(report / "index.html")
    return page


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return axe-core's script."""
    return made_once(tmp_path_factory, "axe", fetch_axe) / "axe.min.js"
