"""An index that one project has built serves the next one through Snakemake's cache between workflows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workflow.running import run

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.xdist_group("reruns"),
    pytest.mark.skipif(not shutil.which("salmon"), reason="salmon is needed"),
]


def test_the_index_of_one_project_serves_another(anpi: Path, small_trial: Path, tmp_path: Path, monkeypatch):
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", str(cache))
    said, indexes = {}, {}
    for name in ("one", "two"):
        project = tmp_path / name
        shutil.copytree(small_trial, project)
        said[name] = run(anpi, project, "--cache", "index_transcripts", "--", "results/reference/salmon_index")
        index = project / "results" / "reference" / "salmon_index"
        indexes[name] = {file.name: file.read_bytes() for file in index.iterdir() if file.name[0] != "."}
        assert {"info.json", "seq.bin"} <= set(indexes[name])
    assert "Moving output file results/reference/salmon_index to cache" in said["one"]
    assert "salmon_index/info.json from cache" in said["two"]
    assert "to cache" not in said["two"]
    assert indexes["one"] == indexes["two"]
