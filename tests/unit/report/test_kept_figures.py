"""Figures that are still right are not drawn again; any change of what they show draws them anew."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, with_choices, write_run

from anpi.files.kept import Place
from anpi.files.shipped import ROOT
from anpi.provenance import kept_place
from anpi.report.blocks import Drawing
from anpi.report.figure_files import drawings
from anpi.report.kept import Memory
from anpi.report.page import TEMPLATES, write_report
from anpi.report.sections import DETAILS, FIRST_PAGE, sections_of
from anpi.report.tables import Run

Files = dict[str, bytes]
COURSES = {"waterfall", "spider", "swimmer"}
CURVES = {"answer", "pfs-pfs-by-subtype-subtype"}
RATIOS = {"declared", "forest-pfs-by-subtype-pfs"}
OTHERS = {"attrition", "programmes", "quality", "robustness", "signatures"}
# A datum of the first row of a table, its new value, and the figures that hold it.
CHANGES: list[tuple[str, str, object, set[str]]] = [
    ("patients", "ldh", 999.0, set()),
    ("patients", "last_alive_date", "2024-12-24", set()),
    ("endpoints", "cbor", "PD", COURSES),
    ("endpoints", "pfs_days", 444, CURVES),
    ("endpoints", "os_days", 777, {"swimmer"}),
    ("timepoints", "change_from_baseline_pct", -88.0, {"waterfall", "spider"}),
    ("calls", "p_A", 0.85, {"programmes", "signatures"}),
    ("scores", "reference_percentile", 1.0, {"signatures"}),
    ("verdicts", "genes_detected", 10, {"quality"}),
    ("sensitivity", "p", 0.044, {"robustness"}),
    ("survival", "median_months", 7.7, CURVES),
    ("attrition", "description", "other", {"attrition"}),
]


def all_tables() -> dict[str, pd.DataFrame]:
    return with_choices(make_tables(6))


def run_of(folder: Path, tables: dict[str, pd.DataFrame]) -> Run:
    write_run(folder, tables)
    return read_made(folder)


def write(run: Run, folder: Path, memory: Path | None = None, code: str = "as it is") -> Files:
    write_report(run, folder, Place(memory, code) if memory else None)
    return files_below(folder)


def files_below(folder: Path) -> Files:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def figures_of(run: Run) -> dict[str, Drawing]:
    return {d.name: d for d in drawings([*sections_of(run, FIRST_PAGE), *sections_of(run, DETAILS)])}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the figures that are drawn from now on."""
    found: list[str] = []
    draw = Drawing.draw
    monkeypatch.setattr(Drawing, "draw", lambda self: found.append(self.name) or draw(self))
    return found


def test_the_same_run_draws_nothing_and_gives_the_same_bytes(tmp_path: Path, drawn: list[str]) -> None:
    first = write(run_of(tmp_path, all_tables()), tmp_path / "first", tmp_path / "memory")
    assert sorted(drawn) == sorted(COURSES | CURVES | RATIOS | OTHERS)  # each once
    drawn.clear()
    assert write(run_of(tmp_path, all_tables()), tmp_path / "second", tmp_path / "memory") == first
    assert drawn == []
    assert write(run_of(tmp_path, all_tables()), tmp_path / "scratch") == first
    assert len(drawn) == len(COURSES | CURVES | RATIOS | OTHERS)


def test_figures_that_are_drawn_side_by_side_have_the_same_bytes(tmp_path: Path, drawn: list[str]) -> None:
    one = write(run_of(tmp_path, all_tables()), tmp_path / "one")
    drawn.clear()
    write_report(run_of(tmp_path, all_tables()), tmp_path / "three", Place(tmp_path / "memory", "code"), threads=3)
    assert drawn == []  # here; processes of their own drew them
    assert files_below(tmp_path / "three") == one
    assert write(run_of(tmp_path, all_tables()), tmp_path / "kept", tmp_path / "memory", "code") == one
    assert drawn == []


def test_a_figure_that_fails_in_a_process_of_its_own_ends_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Drawing, "draw", lambda self: {}[self.name])
    with pytest.raises(KeyError, match="attrition"):
        write_report(run_of(tmp_path, all_tables()), tmp_path / "report", threads=2)
    assert not (tmp_path / "report" / "index.html").exists()


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a report with its memory, to be copied."""
    folder = tmp_path_factory.mktemp("before")
    write(run_of(folder, all_tables()), folder / "report", folder / "memory")
    return folder


def copied(before: Path, folder: Path) -> Path:
    """Copy the report with its memory, which holds the same files by a second name."""
    subprocess.run(["cp", "-a", f"{before}/.", str(folder)], check=True)
    return folder


def changed(table: str, column: str, value: object) -> dict[str, pd.DataFrame]:
    """Return the tables with another datum in the first row of one."""
    tables = all_tables()
    frame = tables[table]
    assert frame[column].iloc[0] != value
    frame[column] = [value, *frame[column].iloc[1:]]
    return tables


@pytest.mark.parametrize(
    ("table", "column", "value", "holders"), CHANGES, ids=[f"{table} {column}" for table, column, *_ in CHANGES]
)
def test_a_datum_decides_the_figures_that_hold_it_and_no_others(
    before: Path, tmp_path: Path, table: str, column: str, value: object, holders: set[str]
) -> None:
    was, now = figures_of(read_made(before)), figures_of(run_of(tmp_path, changed(table, column, value)))
    assert {name for name in was if was[name].digest("") != now[name].digest("")} == holders


@pytest.mark.parametrize("place", [2, 3, 6])
def test_after_a_change_figures_are_those_from_scratch(
    before: Path, tmp_path: Path, drawn: list[str], place: int
) -> None:
    folder, (table, column, value, holders) = copied(before, tmp_path), CHANGES[place]
    run = run_of(folder, changed(table, column, value))
    made = write(run, folder / "report", folder / "memory")
    assert set(drawn) == holders
    assert made == write(run, tmp_path / "scratch")


@pytest.mark.parametrize("change", ["SVG of the report", "torn PDF", "lost table", "record", "records changed"])
def test_a_kept_figure_that_was_tampered_with_is_not_believed(before: Path, tmp_path: Path, change: str) -> None:
    folder = copied(before, tmp_path)
    report, memory = folder / "report", folder / "memory"
    right = {path.relative_to(report).as_posix(): path.read_bytes() for path in report.rglob("*") if path.is_file()}
    svg, record = report / "figures" / "waterfall.svg", memory / "pages.json"
    assert svg.samefile(memory / "waterfall.svg")
    changes: dict[str, Callable[[], object]] = {
        "SVG of the report": lambda: svg.write_text(svg.read_text().replace("P0001", "P0002")),
        "torn PDF": lambda: (memory / "spider.pdf").write_bytes(right["figures/spider.pdf"][:1000]),
        "lost table": lambda: (memory / "answer.csv").unlink(),
        "record": lambda: record.write_text('{"waterfall.svg": ["x"], "spider.svg": {"made_from": 1}}'),
        "records changed": lambda: record.write_text(
            record.read_text().replace("swimmer.", "?.").replace("spider.", "swimmer.").replace("?.", "spider.")
        ),
    }
    changes[change]()
    assert write(run_of(folder, all_tables()), report, memory) == right


def test_code_libraries_and_settings_decide_a_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = figures_of(run_of(tmp_path, all_tables()))["waterfall"]

    def digest(code: str) -> str:
        return drawing.digest(Memory(Place(tmp_path / "memory", code), ()).beside)

    first, other = digest("one"), digest("other")
    assert first != other
    assert digest("one") == first
    monkeypatch.chdir(tmp_path)
    Path("matplotlibrc").write_text("lines.markersize: 20\n")
    assert digest("one") not in (first, other)
    place = kept_place(tmp_path, "write_report.py", TEMPLATES)
    assert place is not None
    assert f"matplotlib-{version('matplotlib')}.dist-info" in place.code.split()


def test_what_a_figure_is_drawn_from_has_one_digest_in_all_processes(tmp_path: Path) -> None:
    write_run(tmp_path, all_tables())
    program = (
        "from pathlib import Path; from unit.report.test_kept_figures import figures_of, read_made;"
        f"print({{name: one.digest('') for name, one in figures_of(read_made(Path({str(tmp_path)!r}))).items()}})"
    )
    paths = os.pathsep.join(str(ROOT / name) for name in ("scripts", "tests", "."))
    first, second = (
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": paths, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    )
    assert first == second
    assert "waterfall" in first


def test_who_is_gone_vanishes_from_the_figures_and_from_the_memory(before: Path, tmp_path: Path) -> None:
    folder, tables = copied(before, tmp_path), all_tables()
    assert [path.name for path in (folder / "memory").iterdir() if b"P0003" in path.read_bytes()]
    for column, name in (("patient_id", "P0003"), ("sample_id", "P0003-B")):
        tables |= {table: frame[frame[column] != name] for table, frame in tables.items() if column in frame}
    tables["attrition"]["who_left"] = None
    write(run_of(folder, tables), folder / "report", folder / "memory")
    assert not [path.name for path in (folder / "memory").iterdir() if b"P0003" in path.read_bytes()]
