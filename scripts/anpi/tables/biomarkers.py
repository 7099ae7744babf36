"""What else is known of patients: markers in long form, one unit and method each, numbers or words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import pandas as pd

from anpi.problems import Problem, nearest
from anpi.tables.names import LETTER, MISSING_CODE, alike, is_unknown
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import NUMBER

# Words that have an order, lowest first; a marker whose words all stand in one of these is ordered.
SCALES = (
    ("0", "1+", "2+", "3+"),
    ("-", "+", "++", "+++"),
    ("negative", "weak", "moderate", "strong"),
    ("absent", "low", "intermediate", "high"),
    ("absent", "low", "medium", "high"),
)
NEARLY_ALL = 0.9
LIMIT = re.compile(r"[<>≤≥~]\s*=?\s*[\d.,]+\s*%?|[\d.,]+\s*%")  # <5, > 100 and 80%
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def scale_of(values: pd.Series) -> tuple[str, ...] | None:
    """Return the scale that all words of a marker stand in, when they are words."""
    words = {str(value).lower() for value in values.dropna()}
    if all(is_number(word) for word in words):
        return None
    return next((scale for scale in SCALES if words <= set(scale)), None)


def nearly_scale(values: pd.Series) -> tuple[str, ...] | None:
    """Return the scale that nine in ten values stand in, with two of its words at least: the others are slips."""
    words = values.str.lower()
    for scale in SCALES:
        inside = words[words.isin(scale)]
        if inside.nunique() > 1 and len(inside) >= NEARLY_ALL * len(words):
            return scale
    return None


def is_numeric(values: pd.Series) -> bool:
    """Return whether a marker is measured in numbers: most of its values are, and they are no scale of words.

    Numbers with a decimal comma are numbers too, though none that can be read here.
    """
    given = values.dropna()
    return scale_of(given) is None and given.map(lambda text: is_number(text) or with_comma(text)).mean() > 0.5


def with_comma(text: str) -> bool:
    return DECIMAL_COMMA.fullmatch(text) is not None


def spoilt_numbers(values: pd.Series) -> Iterator[tuple[object, str, str]]:
    """Find cells of a column of numbers that would make each number a group of its own, with what is expected of them.

    A column that no schema knows is one of numbers when most of its cells are. Words among numbers without a decimal
    sign may be names of groups (stage 1, 2, 3, 4a); a word for "not known", a limit and a comma are none.
    """
    texts = values.dropna().astype(str)
    if not len(texts) or not texts.map(lambda text: is_number(text) or with_comma(text)).mean() > 0.5:
        return
    measured = texts.map(lambda text: (is_number(text) and "." in text) or with_comma(text)).any()
    for index, text in texts.items():
        if with_comma(text):
            yield index, text, "a number with a decimal point"
        elif is_unknown(text):
            yield index, text, "a number, or nothing where none is known"
        elif not is_number(text) and (measured or LIMIT.fullmatch(text)):
            yield index, text, "a number, as other cells of the column"


def biomarker_problems(table: pd.DataFrame) -> Iterator[Problem]:
    """Find markers that cannot be compared among patients, and values that contradict each other.

    Parameters
    ----------
    table : DataFrame
        As read from biomarkers.csv.
    """
    file = table.attrs["file"]
    named = table[table["marker"].notna()]
    for marker, rows in named.groupby("marker", sort=True):
        yield from several(rows, str(marker), "unit", file)
        yield from several(rows, str(marker), "method", file)
        yield from no_numbers(rows, str(marker), file)
        yield from no_words(rows, str(marker), file)
        if not LETTER.search(str(marker)):
            found, expected = str(marker), "the name of a marker, which has a letter"
            yield Problem(file, row=place(rows.index[0]), column="marker", found=found, expected=expected)
    yield from contradictions(named, file)


def place(index: object) -> int:
    return int(str(index)) + FIRST_DATA_ROW


def several(rows: pd.DataFrame, marker: str, column: str, file: str) -> Iterator[Problem]:
    """Find a second unit or method of a marker: its values could not be compared."""
    given = rows[column].dropna()
    first = given.iloc[0] if len(given) else None
    for index, value in given[given != first].items():
        expected = f"{first}, as {marker} has in row {place(given.index[0])}"
        mend = f"Bring the values to one {column}, or give the marker another name."
        yield Problem(file, row=place(index), column=column, found=value, expected=expected, mend=mend)


def no_numbers(rows: pd.DataFrame, marker: str, file: str) -> Iterator[Problem]:
    values = rows["value"].dropna()
    if not is_numeric(values):
        return
    for index, value in values[~values.map(is_number)].items():
        mend = "Write 0 for what was looked for and not found; leave out what was not measured."
        expected = f"a number, as other values of {marker}"
        if with_comma(value):
            expected, mend = "a number with a decimal point", "Write a point in place of the comma."
        yield Problem(file, row=place(index), column="value", found=value, expected=expected, mend=mend)


def no_words(rows: pd.DataFrame, marker: str, file: str) -> Iterator[Problem]:
    """Find words that say that nothing is known, and those that differ from others in case or look alone."""
    values = rows["value"].dropna()
    if is_numeric(values):
        return
    scale = scale_of(values) or ()
    odd = alike(values, values.value_counts().to_dict()) if not scale else {}
    near = nearly_scale(values) if not scale else None
    for index, value in values.items():
        if near and value.lower() not in near:
            expected = f"one of {', '.join(near)}, as other values of {marker}"
            yield Problem(file, row=place(index), column="value", found=value, expected=expected)
        elif value not in scale and (is_unknown(value) or MISSING_CODE.fullmatch(value)):
            mend = "Leave out what was not measured."
            yield Problem(file, row=place(index), column="value", found=value, expected="a result", mend=mend)
        elif value in odd:
            expected = f"{odd[value]}, as other values of {marker}"
            yield Problem(file, row=place(index), column="value", found=value, expected=expected)


def contradictions(table: pd.DataFrame, file: str) -> Iterator[Problem]:
    """Find two values of a marker in a patient and specimen on one day."""
    when = "day" if "day" in table else "date"
    keys = ["patient_id", "marker", "sample_id", when]
    dated = table[table[when].notna()]
    dated = dated[dated.duplicated(keys, keep=False)]
    for _, rows in dated.groupby(keys, dropna=False, sort=True):
        other = rows.index[rows["value"] != rows["value"].iloc[0]]
        if len(other):
            found, first = rows.at[other[0], "value"], rows["value"].iloc[0]
            expected = f"{first}, as in row {place(rows.index[0])} of the same patient, marker and day, or another day"
            yield Problem(file, row=place(other[0]), column="value", found=str(found), expected=expected)


def strange_samples(table: pd.DataFrame, samples: pd.DataFrame, file: str) -> Iterator[Problem]:
    """Find samples that the sheet does not have, or has of another patient."""
    owner = dict(zip(samples["sample_id"], samples["patient_id"], strict=True))
    for index, sample in table["sample_id"].dropna().items():
        patient = table.at[index, "patient_id"]
        if sample not in owner:
            near = nearest(str(sample), owner)
            mend = f"Did you mean {near}?" if near else "Leave it empty for a specimen without RNA."
            yield Problem(file, row=place(index), column="sample_id", found=sample, expected="a sample", mend=mend)
        elif owner[sample] != patient:
            expected = f"a sample of patient {patient}"
            yield Problem(file, row=place(index), column="sample_id", found=sample, expected=expected)
