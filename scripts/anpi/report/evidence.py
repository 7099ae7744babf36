"""Which row of which table stands behind a number: sentences that cite rows, and the patients of a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from anpi.report.inputs import TABLES
from anpi.report.numbers import has_value
from anpi.report.tables import Run

# The tables whose rows stand on the page of details, each under its anchor.
SHOWN = ("results", "survival", "rates", "influence", "contrasts")
POPULATIONS = {"all treated": "all_treated", "response-evaluable": "response_evaluable"}


@dataclass(frozen=True)
class Row:
    """A row of a table of the run: the table's name, and the place of the row in its file, from 0."""

    table: str
    place: int

    @property
    def anchor(self) -> str:
        return anchor_of(self.table, self.place)

    @property
    def words(self) -> str:
        """Where the row stands: file and line, the header being line 1."""
        return f"{TABLES[self.table]}, line {self.place + 2}"


def anchor_of(table: str, place: Any) -> str:
    return f"row-{table}-{place}"


class Cited(str):
    """A sentence that knows which row stands behind which of its parts; a plain string to whoever does not ask."""

    spans: tuple[tuple[str, Row | None], ...]

    def __new__(cls, spans: Iterable[tuple[str, Row | None]]) -> Cited:
        parts = tuple((words, row) for words, row in spans if words)
        sentence = super().__new__(cls, "".join(words for words, _ in parts))
        sentence.spans = parts
        return sentence


def cite(words: str, table: str, *found: tuple[str, Any]) -> Cited:
    """Tie parts of a sentence to rows.

    Parameters
    ----------
    found : (str, int)
        A part as it stands in the sentence, and the place of its row; in the order of the sentence. A part that the
        sentence does not hold, or whose row is not of the table as read, is tied to nothing.
    """
    spans: list[tuple[str, Row | None]] = []
    rest = words
    for part, place in found:
        before, there, after = rest.partition(part)
        if there and isinstance(place, (int, np.integer)) and table in SHOWN:
            spans += [(before, None), (part, Row(table, int(place)))]
            rest = after
    return Cited([*spans, (rest, None)])


def joined(sentences: Iterable[str], between: str = " ") -> Cited:
    """Join sentences, with what they cite."""
    spans: list[tuple[str, Row | None]] = []
    for sentence in sentences:
        spans += [(between, None)] if spans else []
        spans += spans_of(sentence)
    return Cited(spans)


def spans_of(sentence: str) -> tuple[tuple[str, Row | None], ...]:
    return sentence.spans if isinstance(sentence, Cited) else ((sentence, None),)


def cited_rows(part: Any) -> Iterator[Row]:
    """Find the rows that the sentences of a section cite."""
    if isinstance(part, Cited):
        yield from (row for _, row in part.spans if row is not None)
    elif isinstance(part, Mapping):
        yield from cited_rows(list(part.values()))
    elif isinstance(part, (list, tuple)):
        for one in part:
            yield from cited_rows(one)
    elif is_dataclass(part) and getattr(part, "kind", "") not in ("table", "figure", "map"):
        yield from cited_rows(vars(part))


def patients_behind(run: Run, row: Row) -> list[str]:
    """Return the patients of a row, by its set, arm and groups; none where their number is not the row's ``n``."""
    frame = run.tables[row.table]
    values = frame.loc[row.place]
    if row.table == "influence":
        return [str(values["patient_id"])] if has_value(values["patient_id"]) else []
    if row.table == "contrasts":
        return []
    people = run.members(POPULATIONS.get(values["population"], "") if row.table == "rates" else values["set"])
    found = rates_patients(people, values) if row.table == "rates" else question_patients(frame, people, values)
    return [str(patient) for patient in found.index] if len(found) == values["n"] else []


def rates_patients(people: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    return people if values["arm"] == "all" else people[people["arm"].eq(values["arm"])]


def question_patients(frame: pd.DataFrame, people: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    """Return the patients of a row of a question: those of its level, or of all compared levels for its test."""
    endpoint, biomarker, level = (str(values[name]) for name in ("endpoint", "biomarker", "level"))
    of_endpoint = f"{endpoint}_days" if f"{endpoint}_days" in people else endpoint
    people = people[people[of_endpoint].notna()] if of_endpoint in people else people
    column = "group" if biomarker == "subtype" else biomarker
    if level == "all" or column not in people:
        return people
    if has_value(values["level"]):
        return people[people[column].astype(str).eq(level)]
    same = [frame[name].eq(values[name]) for name in ("entry", "endpoint", "biomarker")]
    levels = frame[same[0] & same[1] & same[2] & frame["level"].notna()]
    compared = levels[levels["estimate"].notna() | levels["method"].eq("reference group")]["level"].astype(str)
    return people[people[column].astype(str).isin(set(compared))]
