"""Lists behind the search for direct identifiers: labels, titles, names of people, of columns and of cities.

They are files of ``resources/identifiers``, so that a list grows without a change of code.
"""

from __future__ import annotations

import csv
import functools
import re
import unicodedata
from collections.abc import Iterable

from anpi.files.shipped import ROOT
from anpi.tables.names import legible

LISTS = ROOT / "resources" / "identifiers"


@functools.cache
def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of ``resources/identifiers/<name>.tsv`` without the header."""
    with open(LISTS / f"{name}.tsv", encoding="utf-8", newline="") as lines:
        return tuple(
            tuple(map(legible, row)) for row in list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
        )


@functools.cache
def folded_words(name: str, *groups: str) -> frozenset[str]:
    """Return the folded words of a list of two columns, those of some groups or of all."""
    return frozenset(fold_word(word) for group, word in rows(name) if not groups or group in groups)


@functools.cache
def cities() -> str:
    """Return an expression for the names of cities."""
    return alternatives(city for (city,) in rows("cities"))


def labels(before: str) -> dict[str, list[str]]:
    """Return the labels that stand before one sort of value, by kind of identifier."""
    found: dict[str, list[str]] = {}
    for kind, sort, label in rows("labels"):
        if sort == before:
            found.setdefault(kind, []).append(label)
    return found


def titles(place: str) -> list[str]:
    """Return the titles that stand in one place: before a name, before a known name, after a name."""
    return [title for where, title in rows("titles") if where == place]


def alternatives(words: Iterable[str]) -> str:
    """Return an expression for any of the words, the longest first; blanks and hyphens stand for each other."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return "|".join(re.sub(r"(?:\\ |\\-|-)+", "[ .-]{0,3}", re.escape(word)) for word in ordered)


def plain_letters(text: str) -> str:
    """Take the accents from letters."""
    if text.isascii():
        return text
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", plain.replace("ß", "ss").translate(str.maketrans("øØłŁđĐ", "oOlLdD")))


def fold_word(word: str) -> str:
    """Reduce a word to what all its spellings share: no accents, no case."""
    return plain_letters(word).casefold()
