"""A finished run that all tests of the exports read, and none changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.exports.made_run import make_run


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of a made run with samples."""
    return make_run(tmp_path_factory.mktemp("exports"))


@pytest.fixture
def export(results: Path, tmp_path: Path):
    """Export the made run in a format and return the folder."""
    from export_results import FORMATS

    from anpi.exports.finished_run import FinishedRun
    from anpi.exports.folder import export as write

    def make(name: str, run: Path = results) -> Path:
        write(FinishedRun(run), name, FORMATS[name], tmp_path / name)
        return tmp_path / name

    return make
