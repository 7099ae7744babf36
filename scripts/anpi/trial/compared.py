"""The comparison of two runs as plain data: content of ``ledger/changes.json``."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Section(TypedDict):
    """A part of a comparison: sentences and a table of texts.

    ``same`` names it where nothing in it moved; ``further`` has lines of less weight; ``patients`` are those of the
    rows, where rows are patients'.
    """

    name: str
    title: str
    same: str
    sentences: list[str]
    further: list[str]
    header: list[str]
    rows: list[list[str]]
    patients: list[str | None]


class Since(TypedDict):
    """The earlier run of a comparison; one that was never recorded has neither number nor date."""

    number: int | None
    date: str | None
    sha256: str
    words: str


class Leftovers(TypedDict):
    """Samples that take no part any more, and the line that removes what they left, to be typed in the results."""

    samples: list[str]
    command: str


class Comparison(TypedDict):
    """Two runs side by side.

    ``first`` says that there is no earlier one; ``sentences`` tell the whole in a few lines, ``further`` has lines of
    less weight. What samples left is of the later run alone, and stands in the file of a run.
    """

    first: bool
    since: Since | None
    sentences: list[str]
    further: list[str]
    sections: list[Section]
    leftovers: NotRequired[Leftovers]
