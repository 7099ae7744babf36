"""A small good trial, and a copy of it for each test to spoil."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from once import done_once, made_once
from warm import python

from anpi.tables import reading, schema
from demo.trial import LEAST_PATIENTS, write_trial
from workflow.running import ROOT, clone, run

CHECK_TABLE, LOAD_YAML = done_once(reading.check_table), done_once(schema.load_bounded)


@pytest.fixture(autouse=True)
def inputs_are_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the plans that tests make in this process the checks of tables and settings as they were in another one."""
    monkeypatch.setattr(reading, "check_table", CHECK_TABLE)
    monkeypatch.setattr(schema, "load_bounded", LOAD_YAML)


class Trial:
    """A trial in a folder of its own, with the edits that tests make to it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, name: str) -> Path:
        return self.folder / name

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Rewrite a text file."""
        path = self.path(name)
        text = path.read_text(encoding="utf-8")
        changed = change(text)
        assert changed != text, f"the edit of {name} changes nothing"
        path.write_text(changed, encoding="utf-8")

    def row(self, name: str, key: str) -> int:
        """Return the row whose first cell is `key`; rows count as in a spreadsheet, the header is row 1."""
        lines = self.path(name).read_text(encoding="utf-8").splitlines()
        return next(row for row, line in enumerate(lines, 1) if line.replace(",", "\t").split("\t")[0] == key)

    def cell(self, name: str, row: int, column: str, value: str) -> None:
        """Set a cell; rows count as in a spreadsheet, the header is row 1. A column that lacks is added, empty."""
        separator = "\t" if name.endswith(".tsv") else ","
        rows = list(csv.reader(io.StringIO(self.path(name).read_text(encoding="utf-8")), delimiter=separator))
        if column not in rows[0]:
            rows = [[*cells, column if number == 0 else "NA"] for number, cells in enumerate(rows)]
        rows[row - 1][rows[0].index(column)] = value
        with open(self.path(name), "w", encoding="utf-8", newline="") as out:
            csv.writer(out, delimiter=separator, lineterminator="\n").writerows(rows)

    def add_row(self, name: str, row: str) -> None:
        self.edit(name, lambda text: text + row + "\n")

    def setting(self, key: str, value: object) -> None:
        """Set a dotted key of the config; None takes it out."""
        config = self.config()
        *blocks, last = key.split(".")
        place = config
        for block in blocks:
            place = place.setdefault(block, {})
        if value is None:
            del place[last]
        else:
            place[last] = value
        self.path("config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")

    def config(self) -> dict:
        return yaml.safe_load(self.path("config/config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def good_trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a simulated trial once; nobody changes it."""
    return made_once(tmp_path_factory, "good", lambda folder: write_trial(folder, LEAST_PATIENTS, pairs=1000))


@pytest.fixture
def trial(good_trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """Return a copy of the good trial, as the current folder; reads and reference are hard links."""
    folder = tmp_path / "trial"
    shutil.copytree(good_trial / "config", folder / "config")
    for name in ("reads", "reference"):
        shutil.copytree(good_trial / name, folder / name, copy_function=os.link)
    monkeypatch.chdir(folder)
    return Trial(folder)


# Of the small trial: of two lanes and one, single and plain, of a strand that is not stated, of both batches, pairs
# under treatment and at progression.
SAMPLES_KEPT = ("P001-B", "P001-O", "P003-B", "P003-O", "P005-B", "P010-B", "P010-P", "P011-B", "P013-B", "P015-B")


@pytest.fixture(scope="session")
def small_trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial of 16 patients with ten samples, to be run whole."""

    def make(folder: Path) -> None:
        program = [python(), str(ROOT / "scripts" / "simulate_demo.py")]
        words = ["--patients", "16", "--pairs", "4000", "--out", str(folder)]
        subprocess.run([*program, *words], check=True, capture_output=True)
        for name in ("samples.tsv", "units.tsv"):
            sheet = folder / "config" / name
            header, *rows = sheet.read_text(encoding="utf-8").splitlines(keepends=True)
            sheet.write_text(header + "".join(row for row in rows if row.startswith(SAMPLES_KEPT)), encoding="utf-8")
        for file in (folder / "reads").iterdir():
            if not file.name.startswith(SAMPLES_KEPT):
                file.unlink()

    return made_once(tmp_path_factory, "small", make)


@pytest.fixture(scope="session")
def anpi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "installation", lambda folder: clone(folder / "anpi")) / "anpi"


@pytest.fixture(scope="session")
def finished_trial(anpi: Path, small_trial: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial whose run has ended; tests work on copies of it."""

    def make(folder: Path) -> None:
        shutil.copytree(small_trial, folder / "trial")
        run(anpi, folder / "trial")

    return made_once(tmp_path_factory, "finished", make) / "trial"
