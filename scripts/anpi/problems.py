"""What is wrong with an input, said so that a user can mend it."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

MOST_SHOWN = 50
FOLDERS = re.compile(r"(?<![\w:/.…])/(?:[^/\s]+/)+(?=[^/\s])")
LOOKALIKE = re.compile("[\u0370-\u03ff\u0400-\u04ff\uff00-\uffef]")


@dataclass(frozen=True)
class Problem:
    """One fault of one input.

    Parameters
    ----------
    file : str
        File in which the fault stands, as the user named it.
    message : str
        What is wrong, when ``found`` and ``expected`` do not say it alone.
    row : int, optional
        Row as a spreadsheet counts it: the header is row 1.
    column : str, optional
        Column, or dotted key of a YAML file.
    found, expected : str, optional
        The value that stands there and what could stand there.
    mend : str, optional
        What the user can do.
    """

    file: str
    message: str = ""
    row: int | None = None
    column: str | None = None
    found: str | None = None
    expected: str | None = None
    mend: str | None = None

    def __str__(self) -> str:
        place = [self.file]
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column {self.column}" if self.row is not None else self.column)
        parts = [self.message] if self.message else []
        if self.found is not None:
            parts.append(f"found {shorten(self.found)}")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        text = f"{', '.join(place)}: {', '.join(parts)}"
        return visible(f"{text}. {self.mend}" if self.mend else text)


class InputError(Exception):
    """Inputs that cannot be used, with every fault that was found in them."""

    def __init__(self, problems: Problem | Iterable[Problem]):
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        head = "1 problem in the inputs:" if count == 1 else f"{count} problems in the inputs:"
        shown = [f"  - {problem}" for problem in self.problems[:MOST_SHOWN]]
        if count > MOST_SHOWN:
            shown.append(f"  - and {count - MOST_SHOWN} more of the same kinds")
        return "\n".join([head, *shown])


def refuse_missing_columns(file: str, found: Iterable[str], needed: Iterable[str]) -> None:
    """Refuse a table that lacks columns, with the nearest of its own or all of them."""
    present = list(map(str, found))
    refuse([missing_column(file, column, present, present) for column in needed if column not in present])


def missing_column(file: str, column: str, free: Iterable[str], present: Iterable[str]) -> Problem:
    """Return the fault of a table that lacks a column; ``free`` are those that may be it under another name."""
    near = nearest(column, free, 0.75)
    mend = f"Is it the column {near}?" if near else f"Columns found: {', '.join(present)}."
    return Problem(file, "the column is missing", row=1, column=column, mend=mend)


def placeless_words(problems: Iterable[Problem]) -> str:
    """Tell faults in a result: files by their names, since absolute paths tell of a machine and of its users."""
    named = [
        replace(problem, file=Path(problem.file).name) if os.path.isabs(problem.file) else problem
        for problem in problems
    ]
    return FOLDERS.sub("…/", "; ".join(map(str, named)))


def visible(text: str) -> str:
    """Write characters that cannot be seen or that steer a terminal as their codes.

    Letters of Cyrillic and Greek are written so too in a word with Latin ones, which they look like, or digits.
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return re.sub(r"\w*[A-Za-z0-9_]\w*", lambda word: LOOKALIKE.sub(escape, word[0]), shown)


def escape(letter: re.Match[str]) -> str:
    return letter[0].encode("unicode_escape").decode("ascii")


def odd_path(path: str) -> str | None:
    """Return what a path should be when a program or Snakemake would take it for something else; else None."""
    if not path.isprintable():
        return "a path without line breaks, tabs and characters that cannot be seen"
    if "{" in path or "}" in path:
        return "a path without braces, which Snakemake takes for its own"
    if path.startswith("-"):
        return "a path that does not begin with a dash, which a program takes for an option"
    return None


def shorten(value: object, limit: int = 80) -> str:
    """Quote a value from a user's file, cut to ``limit`` characters."""
    text = repr(str(value))
    return text if len(text) <= limit else f"{text[:limit]}…'"


def nearest(name: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name most like ``name``, or None when none is near."""
    by_fold = {fold(candidate): candidate for candidate in names}
    if fold(name) in by_fold:
        return by_fold[fold(name)]
    match = difflib.get_close_matches(fold(name), list(by_fold), n=1, cutoff=cutoff)
    return by_fold[match[0]] if match else None


def nearest_file(path: Path | str) -> str | None:
    """Return the file of the same folder whose name is most like that of ``path``, or None."""
    folder = os.path.dirname(path)
    names = os.listdir(folder or ".") if os.path.isdir(folder or ".") else []
    near = nearest(os.path.basename(path), names, 0.8)
    return os.path.join(folder, near) if near else None


def missing_file(path: Path | str, mend: str = "Check the path in the config.") -> Problem:
    """Return that a file is not there, and which one may be meant."""
    near = nearest_file(path)
    return Problem(str(path), "file not found", mend=f"Is it {near}?" if near else mend)


def fold(name: str) -> str:
    """Reduce a name to its letters and digits in lower case, for comparing names."""
    return "".join(character for character in name.lower() if character.isalnum())


def refuse(problems: Sequence[Problem]) -> None:
    """Raise InputError when there is any problem."""
    if problems:
        raise InputError(problems)
