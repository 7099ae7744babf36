"""The table of docs/performance.md: a row a contest, rivals that lack are told, the page keeps its words."""

from __future__ import annotations

from pathlib import Path

from benchmarks.benchmark_all import MARKS, PARTS, Contest, row_of, write_between_marks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def test_the_ratio_is_the_median_of_turns_and_not_of_the_sums():
    own, other = iter([1.0, 9.0, 2.0]), iter([1.0, 3.0, 4.0])
    row = row_of(Contest("work", "rival", 1.5, lambda: next(own), lambda: next(other)), 3)
    assert row == "| work | rival | 2.0 | 3.0 | 1.00 (0.50 to 3.00) | 1.50 |\n"


def test_a_rival_that_is_not_installed_is_said_to_be_skipped():
    row = row_of(Contest("work", "rival", None, lambda: 1.0, lambda: 1 / 0, ("no-such-program",)), 1)
    assert row == "| work | rival | 1.0 | skipped: not installed | | none |\n"


def test_a_new_table_takes_the_place_of_the_old_one(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARKS[0]}old\n{MARKS[1]}after\n")
    write_between_marks(page, "new\n")
    assert page.read_text() == f"before\n{MARKS[0]}new\n{MARKS[1]}after\n"


def test_the_page_has_a_place_for_the_table_and_each_row_all_columns():
    table = PAGE.read_text().split(MARKS[0])[1].split(MARKS[1])[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert len(rows) > len(PARTS)
    assert {row.count("|") for row in rows} == {7}
