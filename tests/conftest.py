"""Shared fixtures."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import warm

# Fixtures and hooks count by standing here.
# pytest takes hooks and fixtures of this module by their names.
from faults import pytest_addoption, pytest_runtest_logreport, pytest_sessionfinish, tells  # noqa: F401

from anpi.arithmetic import SAME

ROOT = Path(__file__).resolve().parents[1]
LONGEST_NAME = 200
# As in a workflow, whatever the environment says: no program has to start anew for its arithmetic (`make test-kernels`
# asks for another kernel), and linear algebra runs on one thread, on which small fits are up to ten times faster.
ARITHMETIC = SAME | ({"OPENBLAS_CORETYPE": os.environ["TEST_KERNEL"]} if "TEST_KERNEL" in os.environ else {})
BEGAN_OTHERWISE = any(os.environ.get(name) != value for name, value in ARITHMETIC.items())
os.environ.update(ARITHMETIC)
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def external_data() -> Path:
    """Return the folder of real data for checks; skip the test when it is absent."""
    folder = Path(os.environ.get("ANPI_EXTERNAL_DATA", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"real data not found at {folder}; set ANPI_EXTERNAL_DATA")
    return folder


@pytest.fixture(autouse=True)
def environment_stays() -> Iterator[None]:
    """Fail a test that leaves variables or folder other than it found them: the next test would see them.

    Libraries may add variables of their own when they are loaded.
    """
    found = set(os.environ) - {"PYTEST_CURRENT_TEST"}

    def surroundings() -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in found or name.startswith("ANPI_")}
        return kept | {"folder": os.getcwd()}

    before = surroundings()
    yield
    assert surroundings() == before


def pytest_configure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:  # workers have the environment of the process that starts them
        if BEGAN_OTHERWISE and not config.getoption("numprocesses", None):
            start_anew(config)
        os.environ[warm.FOLDER] = tempfile.mkdtemp(prefix="warm-")


def start_anew(config: pytest.Config) -> None:
    """Start pytest again, since its plugins loaded numpy, which reads the environment once, before anything here."""
    config.pluginmanager.getplugin("capturemanager").stop_global_capturing()
    os.execv(sys.executable, sys.orig_argv)


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ.pop(warm.FOLDER), ignore_errors=True)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long text by its argument: workers and reports pass the names of tests on, and one held 160 MB."""
    return argname if isinstance(val, str | bytes) and len(val) > LONGEST_NAME else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "external_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.external)
        if "tells" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.faults)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse a pytest-xdist that does not know a pytest: it would make what a group shares once for each worker."""
    if getattr(session.config.option, "loadgroup", False):
        spread = [
            item.nodeid for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid
        ]
        if spread:
            raise pytest.UsageError(f"groups of tests are spread over workers: {spread[0]}")
    gc.freeze()  # what is loaded by now stays: no collection of garbage looks through it again
    gc.set_threshold(100_000, 50, 100)  # tables and figures are many small objects; looking through them is a twentieth
