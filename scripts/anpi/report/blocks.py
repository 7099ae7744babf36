"""What a section of the report is made of: text, notes, figures and tables, as plain data for the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

import pandas as pd
from matplotlib.figure import Figure

from anpi.figures.linking import linked_svg, plain_pdf, tight
from anpi.files.kept import digest_of
from anpi.report.evidence import joined
from anpi.report.numbers import NONE, has_value, text


@dataclass(frozen=True)
class Text:
    """Sentences of one paragraph."""

    sentences: Sequence[str]
    kind: str = "text"

    @property
    def words(self) -> str:
        return joined(self.sentences)


@dataclass(frozen=True)
class Note:
    """What the reader must not overlook; ``tone`` is ``limit``, ``exploratory`` or ``absent``."""

    words: str
    tone: str = "limit"
    kind: str = "note"


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    items: Sequence[str]
    kind: str = "points"


@dataclass(frozen=True)
class Link:
    """A line that leads to another page or part of it."""

    href: str
    words: str
    kind: str = "link"


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    words: str
    kind: str = "heading"


@dataclass(frozen=True)
class Picture:
    """A picture that stands in the page alone, with its caption."""

    name: str
    title: str
    caption: str
    svg: str
    kind: str = "figure"


class Drawn(NamedTuple):
    """A figure as the page shows it, as a document, and the table that it draws."""

    svg: str
    pdf: bytes
    data: pd.DataFrame


@dataclass(frozen=True)
class Drawing:
    """A figure with its caption, which is drawn when its files are written.

    Parameters
    ----------
    drawer : callable
        A function of `anpi.figures` that sees nothing but what it is given.
    given : tuple
        All that it draws. What has no order of its own (a set) would give other digits in each run.
    """

    name: str
    title: str
    caption: str
    drawer: Callable[..., tuple[Figure, pd.DataFrame]]
    given: tuple[Any, ...]
    kind: str = "figure"

    def draw(self) -> Drawn:
        figure, data = self.drawer(*self.given)
        cut = tight(figure)
        svg = linked_svg(figure, f"fig-{self.name}", self.title, self.caption, cut)
        return Drawn(svg, plain_pdf(figure, cut), data)

    def digest(self, beside: str) -> str:
        """Digest all that the figure is drawn from, and what else decides its bytes."""
        return digest_of(beside, self.name, self.title, self.caption, self.drawer, self.given)


@dataclass(frozen=True)
class Cell:
    """A cell as it is read and, when it sorts by something else, its key; ``group`` is a subtype to colour it by."""

    words: str
    key: float | str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Table:
    """A table; ``patients`` names the patient of each row where rows are patients', ``anchors`` its place."""

    name: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    numeric: Sequence[bool] = ()
    patients: Sequence[str | None] = ()
    anchors: Sequence[str] = ()
    filter: bool = False
    folded: bool = False
    empty: str = "No row."
    kind: str = "table"


@dataclass(frozen=True)
class Bar:
    """One bar or dot: ``share`` of the track in percent; ``strip`` is the class of the lines along the track."""

    words: str
    share: float
    value: str
    group: str | None = None
    strip: str = ""
    hollow: Sequence[float] = ()


@dataclass(frozen=True)
class Bars:
    """Values beside each other; ``style`` is ``fill`` (a bar from 0) or ``dot`` (a place on a scale).

    ``strips`` is the table whose patients the lines along the tracks are.
    """

    title: str
    bars: Sequence[Bar]
    style: str
    caption: str = ""
    strips: str = ""
    kind: str = "bars"


@dataclass(frozen=True)
class Fold:
    """Blocks behind a line that opens them."""

    title: str
    blocks: Sequence[Any]
    kind: str = "fold"


class FirstScreen(TypedDict, total=False):
    """What the template lays out by itself on the first screen."""

    question: str
    counts: list[dict[str, str]]
    headline: str
    figures: list[Drawing]
    what_if: list[dict[str, str]]
    efficacy: list[str]
    secondary: list[str]
    exploratory: list[str]
    limits: list[str]
    further_limits: list[str]


@dataclass(frozen=True)
class Section:
    """A section of the page; ``short`` is its name in the table of contents."""

    name: str
    title: str
    blocks: Sequence[Any]
    short: str = ""
    exploratory: bool = False
    extra: FirstScreen = field(default_factory=FirstScreen)


Write = Callable[[Any], str]


def table_of(
    frame: pd.DataFrame,
    name: str,
    title: str,
    columns: Mapping[str, str],
    write: Mapping[str, Write] | None = None,
    patient: str | None = None,
    **rest: Any,
) -> Table:
    """Make a table of a frame.

    Parameters
    ----------
    columns : dict
        Column of the frame to words of the header, in order.
    write : dict
        How a column is written (default: `numbers.text`).
    patient : str, optional
        Column that names the patient of a row.
    """
    numeric = [c in frame and pd.api.types.is_numeric_dtype(frame[c]) and frame[c].notna().any() for c in columns]
    values = {c: list(frame[c]) if c in frame else [None] * len(frame) for c in columns}
    patients = [None if not has_value(value) else str(value) for value in frame[patient]] if patient else []
    rows = written(values, write or {})
    return Table(name, title, list(columns.values()), rows, numeric=numeric, patients=patients, **rest)


def table_of_rows(
    found: Sequence[Mapping[str, Any]],
    name: str,
    title: str,
    columns: Mapping[str, str],
    write: Mapping[str, Write] | None = None,
    caption: str = "",
) -> Table:
    """Make a table of a few rows, as `table_of` does of a frame; a column of numbers alone is numeric."""
    values = {column: [row.get(column) for row in found] for column in columns}
    numeric = [all(is_number(v) for v in vs if has_value(v)) and any(map(has_value, vs)) for vs in values.values()]
    return Table(name, title, list(columns.values()), written(values, write or {}), caption, numeric)


def written(columns: Mapping[str, Sequence[Any]], write: Mapping[str, Write]) -> list[list[Cell]]:
    """Write the values of columns as rows of cells."""
    cells = [[make_cell(value, write.get(c, text)) for value in values] for c, values in columns.items()]
    return [list(row) for row in zip(*cells, strict=True)]


def count_cell(value: Any) -> Cell:
    """Return a count as a cell, with thousands apart."""
    return Cell(f"{value:,.0f}", float(value)) if has_value(value) else Cell(NONE)


def is_number(value: Any) -> bool:
    return pd.api.types.is_number(value) and not isinstance(value, bool)


def make_cell(value: Any, write: Write) -> Cell:
    words = write(value)
    if not has_value(value):
        return Cell(words or NONE)
    return Cell(words, float(value)) if is_number(value) else Cell(words)
