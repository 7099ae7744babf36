"""Folders that all workers of a test run share are made by one of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from once import done_once, made_once

from anpi.tables.allowed import allowing


class Factory:
    """The temporary folders of a worker."""

    def __init__(self, base: Path):
        self.base = base
        base.mkdir(parents=True, exist_ok=True)

    def getbasetemp(self) -> Path:
        return self.base


def test_workers_that_ask_at_once_share_one_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    made = []

    def ask(worker: int) -> Path:
        return made_once(Factory(tmp_path / f"gw{worker}"), "trial", lambda folder: made.append(folder / "x"))

    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(ask, range(4)))
    assert folders == {tmp_path / "once" / "trial"}
    assert len(made) == 1


def test_what_could_not_be_made_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        made_once(Factory(tmp_path), "trial", fail)
    assert list(made_once(Factory(tmp_path), "trial", lambda folder: (folder / "whole").touch()).iterdir()) == [
        tmp_path / "once" / "trial" / "whole"
    ]


def test_what_passed_is_checked_once_and_each_caller_has_a_copy(monkeypatch):
    monkeypatch.delenv("ANPI_ALLOW_COLUMNS", raising=False)
    looked_at = []

    def check(names: list[str]) -> list[str]:
        looked_at.append(list(names))
        if not names:
            raise ValueError("no names")
        return names

    once = done_once(check)
    once(["a"]).append("b")
    assert once(["a"]) == ["a"]
    assert looked_at == [["a"]]
    assert once(["c"]) == ["c"]
    with allowing(["patients.initials"]):  # may pass where it did not
        once(["a"])
    for _ in range(2):
        with pytest.raises(ValueError, match="no names"):
            once([])
    assert looked_at == [["a"], ["c"], ["a"], [], []]
