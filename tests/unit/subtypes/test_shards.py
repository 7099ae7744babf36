"""Samples that are assembled, called and scored in shards have the rows that they have together."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from benchmarks.benchmark_shards import PROGRAMS, TABLES, commands, lay_together, prepare

from anpi.files.shipped import ROOT

SAMPLES = [f"S{number}" for number in range(5)]


@pytest.fixture
def run_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the programs on shards of samples; return the tables of all, laid together."""
    source = tmp_path / "source"
    source.mkdir()
    prepare(source, SAMPLES, genes=0)

    def run(name: str, *shards: list[str]) -> dict[str, bytes]:
        folder = tmp_path / name
        for number, samples in enumerate(shards):
            shard = folder / f"shard{number:04d}"
            shard.mkdir(parents=True)
            given = commands(source, shard, samples)
            assert tuple(given) == PROGRAMS
            for program, arguments in given.items():
                monkeypatch.setattr("sys.argv", [program, *map(str, arguments)])
                runpy.run_path(str(ROOT / "scripts" / f"{program}.py"))["main"]()
        lay_together(folder)
        return {table: (folder / f"{table}.tsv").read_bytes() for table in TABLES}

    return run


def test_shards_laid_together_are_the_whole(run_shards):
    whole = run_shards("whole", SAMPLES)
    assert run_shards("shards", SAMPLES[:2], SAMPLES[2:]) == whole
    assert [line.split(b"\t")[0].decode() for line in whole["calls"].splitlines()[1:]] == SAMPLES
