"""Pages of patients that are still right stay as they are; any change of what they show makes them anew."""

from __future__ import annotations

import functools
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, write_run

from anpi.files.kept import Place
from anpi.report import page as pages
from anpi.report.kept import Memory
from anpi.report.page import make_environment, page_files, write_pages
from anpi.report.strips import strip_file
from anpi.report.tables import Run

ENVIRONMENT = functools.cache(make_environment)  # its templates are compiled once
OLD = 1_000_000_000  # seconds: the time of the pages that were written before


def all_tables(count: int = 3) -> dict[str, pd.DataFrame]:
    """Make every table that a page reads, with a row of the first patient in each."""
    tables = make_tables(count)
    samples = tables["calls"]["sample_id"]
    second = pd.DataFrame({"sample_id": ["P0001-O"], "patient_id": ["P0001"], "timepoint": ["on_treatment"]})
    tables["samples"] = pd.concat([tables["samples"], second], ignore_index=True)
    tables["tissues"] = pd.DataFrame({"sample_id": samples, "sclc": "yes"})
    tables["targets"] = pd.DataFrame({"sample_id": samples, "target": "DLL3", "tpm": 210.0, "tumour_tpm": 300.0})
    tables["targets"] = tables["targets"].assign(reference_percentile=95.0, level="high", reason="made")
    pair = {"patient_id": ["P0001"], "contrast": "on_treatment", "from_sample": "P0001-B", "to_sample": "P0001-O"}
    tables["pairs"] = pd.DataFrame(pair | {"used": "yes", "reason": "made", "from_day": -4, "to_day": 43})
    tables["changes"] = pd.DataFrame(pair | {"feature": "gep18", "kind": "signature", "before": 1.0, "after": 3.0})
    tables["changes"] = tables["changes"].assign(change=2.0, low=1.5, high=2.5, reason="made")
    tables["change_tests"] = pd.DataFrame({"endpoint": ["change"], "biomarker": "gep18", "level": "on treatment"})
    tables["verdicts"] = tables["verdicts"].assign(
        sex_clinical="F", sex_expression="F", identity="match", viruses="merkel", strandedness_resolved="none"
    )
    return tables


def run_of(folder: Path, tables: dict[str, pd.DataFrame], title: str = "Made trial") -> Run:
    write_run(folder, tables)
    run = read_made(folder, title)
    started = {"patient_id": ["P0001"], "start_day": [200.0]}
    event = {"patient_id": ["P0001"], "term": ["rash"], "grade": [2], "start_date": ["2024-02-01"], "serious": ["N"]}
    run.therapies, run.adverse_events = pd.DataFrame(started), pd.DataFrame(event)
    return run


def write(run: Run, folder: Path, memory: Path | None = None, code: str = "as it is") -> dict[str, bytes]:
    files = page_files(run)
    remembered = Memory(Place(memory, code) if memory else None, set(files.values()))
    write_pages(ENVIRONMENT(), run, folder, files, remembered)
    remembered.close()
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def aged(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (OLD, OLD))


def fresh(folder: Path) -> set[str]:
    """Return the patients whose pages were written since they were aged."""
    return {path.stem for path in folder.iterdir() if path.stat().st_mtime > OLD}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the patients whose pages are built from now on."""
    found: list[str] = []
    build = pages.patient_sections
    monkeypatch.setattr(pages, "patient_sections", lambda own: found.append(own.patient) or build(own))
    return found


@pytest.mark.parametrize("removed", [True, False], ids=["snakemake removes the folder", "the folder stays"])
def test_one_more_patient_leaves_the_pages_of_the_others(tmp_path: Path, built: list[str], removed: bool) -> None:
    tables = all_tables()
    write(run_of(tmp_path, tables), tmp_path / "pages", tmp_path / "memory")
    assert len(built) == 3
    aged(tmp_path / "pages")
    one = {
        name: pd.concat([frame, frame[frame["patient_id"].eq("P0001")].assign(patient_id="P0004")])
        for name, frame in tables.items()
        if name in ("patients", "endpoints", "sets", "timepoints")
    }
    one["sets"].loc[one["sets"]["patient_id"].eq("P0004"), "sample_id"] = None
    before = strip_file(run_of(tmp_path, tables))
    if removed:
        for path in (tmp_path / "pages").iterdir():
            path.unlink()
    built.clear()
    made = write(run_of(tmp_path, tables | one), tmp_path / "pages", tmp_path / "memory")
    assert built == ["P0004"]
    assert fresh(tmp_path / "pages") == {"P0004"}
    assert made == write(run_of(tmp_path, tables | one), tmp_path / "scratch")
    tables["endpoints"]["response"] = "Y"
    assert strip_file(run_of(tmp_path, tables)) != before  # what is of all stands beside the pages


def test_who_is_gone_vanishes_from_the_pages_and_from_the_memory(tmp_path: Path) -> None:
    tables = all_tables()
    write(run_of(tmp_path, tables), tmp_path / "pages", tmp_path / "memory")
    gone = {
        name: frame[~frame["patient_id"].eq("P0002")]
        for name, frame in tables.items()
        if name in ("patients", "endpoints", "sets", "timepoints", "samples")
    }
    left = write(run_of(tmp_path, tables | gone), tmp_path / "pages", tmp_path / "memory")
    assert list(left) == ["P0001.html", "P0003.html"]
    assert not [path for path in (tmp_path / "memory").iterdir() if b"P0002" in path.read_bytes()]
    assert sorted(path.name for path in (tmp_path / "memory").iterdir()) == [*left, "pages.json"]


@pytest.mark.parametrize("change", ["page", "record", "emptied record", "no memory", "torn page"])
def test_a_page_or_a_memory_that_was_tampered_with_is_made_anew(tmp_path: Path, change: str) -> None:
    run, memory = run_of(tmp_path, all_tables()), tmp_path / "memory"
    right = write(run, tmp_path / "pages", memory)
    page, record = tmp_path / "pages" / "P0002.html", memory / "pages.json"
    changes: dict[str, Callable[[], object]] = {
        "page": lambda: page.write_text(page.read_text().replace("SCLC-N", "SCLC-A")),
        "record": lambda: record.write_text('{"P0002.html": ["x"], "P0001.html": {"made_from": 1}}'),
        "emptied record": lambda: record.write_text("[]"),
        "no memory": lambda: [path.unlink() for path in memory.iterdir()],
        "torn page": lambda: (memory / "P0002.html").write_bytes(right["P0002.html"][:1000]),
    }
    changes[change]()
    assert write(run, tmp_path / "pages", memory) == right
    assert set(json.loads(record.read_text())) == set(right)


def mutations(tables: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    unread = ("rates", "attrition", "curves", "survival", "results")
    ids = ("patient_id", "sample_id", "from_sample")
    return [(name, c) for name, frame in tables.items() if name not in unread for c in frame if c not in ids]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a run, its pages and what is kept of them, long ago; tests work on copies."""
    folder = tmp_path_factory.mktemp("kept")
    write(run_of(folder, all_tables()), folder / "pages", folder / "memory")
    aged(folder / "pages")  # and with them what is kept, which is linked to them
    return folder


@pytest.mark.parametrize(("table", "column"), mutations(all_tables()))
def test_after_a_change_of_any_column_pages_are_those_from_scratch(
    kept: Path, tmp_path: Path, table: str, column: str
) -> None:
    tables = all_tables()
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    frame = tables[table].copy()
    value = frame[column].iloc[0]
    other = {"Y": "N", "yes": "no", "F": "M", "2024-01-01": "2024-01-15", "2024-06-01": "2024-07-01"}
    number = isinstance(value, (int, float, np.number))
    changed = value + 1 if number else other.get(str(value), {"subtype": "N", "identity": "mismatch"}.get(column, "PD"))
    changed = {"viruses": "ebv", "last_alive_date": "2024-12-24", "timepoint": "progression"}.get(column, changed)
    changed = {"arm": tables["patients"]["arm"].iloc[1]}.get(column, changed)
    frame[column] = frame[column] if number else frame[column].astype(object)
    frame.iloc[0, frame.columns.get_loc(column)] = changed
    run = run_of(tmp_path, tables | {table: frame})
    assert write(run, tmp_path / "pages", tmp_path / "memory") == write(run, tmp_path / "scratch")
    assert fresh(tmp_path / "pages") <= {"P0001"} or table == "change_tests"


def test_what_all_pages_share_makes_all_anew(tmp_path: Path, built: list[str]) -> None:
    tables, memory = all_tables(), tmp_path / "memory"
    write(run_of(tmp_path, tables), tmp_path / "pages", memory)
    for change in ("title", "declared changes", "code", "nothing"):
        built.clear()
        if change == "declared changes":
            tables["change_tests"]["biomarker"] = "ifng6"
        code = "as it is" if change in ("title", "declared changes") else "edited"
        write(run_of(tmp_path, tables, "Other"), tmp_path / "pages", memory, code)
        assert len(built) == (0 if change == "nothing" else 3), change


def test_rules_for_who_may_read_hold_for_kept_pages(tmp_path: Path) -> None:
    run = run_of(tmp_path, all_tables())
    write(run, tmp_path / "pages", tmp_path / "memory")
    before = os.umask(0o077)
    try:
        write(run, tmp_path / "pages", tmp_path / "memory")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "pages").iterdir()} == {0o600}
