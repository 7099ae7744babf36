"""What was changed on the way from the files of a delivery to the tables of the trial: a row each change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from anpi.tables.identifiers import kind_of_text, looks_like_person

COLUMNS = ("file", "sheet", "row", "column", "from", "to", "why")
NOT_SHOWN = "(not shown)"


class Conversion(NamedTuple):
    """A cell, row or column that was changed; ``row`` as the spreadsheet counts, None for a whole column or sheet."""

    file: str
    sheet: str
    row: int | None
    column: str
    was: str
    became: str
    why: str


@dataclass
class Conversions:
    """All changes of a delivery."""

    rows: list[Conversion] = field(default_factory=list)

    def add(self, place: tuple[str, str], row: int | None, column: str, was: Any, became: Any, why: str) -> None:
        """Note a change; values that may identify a person are not shown."""
        texts = ["" if value is None else str(value) for value in (was, became)]
        hidden = [NOT_SHOWN if kind_of_text(text) or looks_like_person(text) else text for text in texts]
        self.rows.append(Conversion(place[0], place[1], row, column, hidden[0], hidden[1], why))

    def original(self, place: tuple[str, str], row: int, column: str) -> str | None:
        """Return what a cell held before it was changed; None for one that was not."""
        return next((one.was for one in self.rows if one[:4] == (*place, row, column)), None)

    def table(self) -> pd.DataFrame:
        """Return the changes as a table, in the order of files, sheets and rows as they were read."""
        return pd.DataFrame(self.rows, columns=list(COLUMNS)).astype({"row": "Int64"})

    def counts(self) -> Iterator[tuple[str, int]]:
        """Count the changes by their reason."""
        for why, number in pd.Series([row.why for row in self.rows], dtype=object).value_counts(sort=False).items():
            yield str(why), int(number)
