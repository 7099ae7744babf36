"""A comparison as text for a terminal or a file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from anpi.problems import visible
from anpi.trial.compared import Comparison

WIDTH = 100
CELL = 48


def text_of(changes: Comparison, title: str) -> str:
    """Write a comparison of `compare.compare_runs` as text.

    Parameters
    ----------
    changes : Comparison
    title : str
        What was compared with what.
    """
    lines = [title, "=" * len(title), ""]
    for sentence in (*changes["sentences"], *changes["further"]):
        lines += textwrap.wrap(visible(sentence), WIDTH, initial_indent="- ", subsequent_indent="  ")
    for section in changes["sections"]:
        if section["rows"]:
            lines += [
                "",
                section["title"],
                "-" * len(section["title"]),
                *table_lines(section["header"], section["rows"]),
            ]
    return "\n".join(lines) + "\n"


def table_lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay out a table; a long cell runs on below itself."""
    cells = [[textwrap.wrap(visible(cell), CELL) or [""] for cell in row] for row in [header, *rows]]
    widths = [max(len(line) for row in cells for line in row[i]) for i in range(len(header))]
    for row in cells:
        for number in range(max(map(len, row))):
            parts = [cell[number] if number < len(cell) else "" for cell in row]
            yield "  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
