"""Cells of a delivery turned into dates: in which order day and month stand, what numbers count, what lacks a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from anpi.delivery.values import MISSING, Column, distinct, unknown_words
from anpi.problems import Problem, fold
from anpi.tables.adam import DAYS
from anpi.tables.clinical import study_day
from anpi.tables.names import plain_name
from anpi.tables.schema import DATE, FIRST_DAY, LAST_DAY, NUMBER
from anpi.words.lists import listed

MONTH_NAMES = {
    "jan": 1, "feb": 2, "mar": 3, "mrz": 3, "mär": 3, "mae": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7,
    "aug": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12,
    "fév": 2, "fev": 2, "avr": 4, "aoû": 8, "aou": 8, "déc": 12,
    "ene": 1, "abr": 4, "ago": 8, "dic": 12, "gen": 1, "mag": 5, "giu": 6, "lug": 7, "set": 9, "ott": 10,
}  # fmt: skip
ISO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\d{1,2}:\d{2}.*")
TIMED = re.compile(
    r"(.*?[\d.日])(?:\s*[T,:]\s*|\s+)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*(?:[ap]\.?m\.?|uhr|h|z))?", re.IGNORECASE
)
YEAR_FIRST = re.compile(
    r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})|(\d{4})(\d{2})(\d{2})|(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?[日号]"
)
DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})")
EITHER = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?:[ T]\d{1,2}:\d{2}.*)?")
NAMED = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th|er)?[-\s.]*([^\W\d_]+)\.?[-\s.,]*(\d{4}|\d{2})")
NAME_FIRST = re.compile(r"([^\W\d_]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
PARTIAL = re.compile(
    r"(?:(\d{4})(?:-| ?年 ?)(\d{1,2})(?: ?月份?)?|(\d{1,2})[/.](\d{4})"
    r"|(?:UN|UK|UNK|XX|--)?[-\s]?([^\W\d_]+)[-\s.]+(\d{4})|(\d{4})年?)"
)
SERIALS = range(20_000, 80_000)  # days since 1900 that Excel counts: 1954 to 2119
EPOCHS = {"excel_1900": date(1899, 12, 30), "excel_1904": date(1904, 1, 1), "sas_1960": date(1960, 1, 1)}
NOT_APPLICABLE = {"na", "n/a", "n.a.", "n.a", "-", "--", "–", "—", ".", "..", "nan", "null", "not applicable", "不适用"}


def convert_dates(column: Column, others: Sequence[pd.Series]) -> tuple[str, pd.Series]:
    """Return a column of dates as YYYY-MM-DD, or as study days under its name with ``_day``.

    Parameters
    ----------
    others : sequence of Series
        The other columns of dates of the source, which may tell the order of day and month.
    """
    texts = distinct(column.texts)
    # Who died on a day that is not known is no person alive.
    become = unknown_words(
        [t for t in texts if column.target != "death_date" or plain_name(t).lower() in NOT_APPLICABLE]
    )
    texts = [text for text in texts if text not in become]
    numbers = [text for text in texts if NUMBER.fullmatch(text.replace(",", "."))]
    if numbers and len(numbers) == len(texts) and not any(plausible_serial(text) or len(text) == 8 for text in numbers):
        return convert_days(column, numbers, become)
    serials = [text for text in numbers if plausible_serial(text)]
    become |= serial_dates(column, serials)
    become |= turned_dates(column, texts)
    order = order_of(column, [text for text in texts if EITHER.fullmatch(text)], others)
    fill = fill_of(
        column, [t for t in texts if t not in become and read_date(t, order or "day_first") is None and partial(t)]
    )
    odd = []
    for text in texts:
        if text in become or DATE.fullmatch(text):
            continue
        if text in serials or (EITHER.fullmatch(text) and order is None):
            continue  # open
        found = read_date(text, order or "day_first")
        if found is not None:
            become[text] = found
        elif partial(text):
            become |= {text: (completed(text, fill), f"a partial date: {fill}")} if fill else {}
        else:
            odd.append(text)
    become |= column.answered(odd, "a date as YYYY-MM-DD")
    return column.target, column.convert(become)


def plausible_serial(text: str) -> bool:
    return text.isdigit() and int(text) in SERIALS


def serial_dates(column: Column, texts: Sequence[str]) -> dict[str, tuple[str | None, str]]:
    """Return dates that stand as the number by which Excel counts days."""
    if not texts:
        return {}
    example = ", ".join(f"{name} {EPOCHS[name] + timedelta(int(texts[0]))}" for name in EPOCHS)
    answer = column.ask(
        "serials", f"{texts[0]} is the number of a day as Excel or SAS counts: {example}. Which?", list(EPOCHS)
    )
    if answer is None:
        return {}
    why = f"the number of a day: {answer}"
    return {text: ((EPOCHS[answer] + timedelta(int(text))).isoformat(), why) for text in texts}


def turned_dates(column: Column, texts: Sequence[str]) -> dict[str, tuple[str | None, str]]:
    """Return dates whose day and month a spreadsheet exchanged, if so answered.

    One that takes 05/02/2024 for the 2nd of May leaves 14/02/2024 as a text: all dates then have days up to 12, and all
    texts days above.
    """
    dates = [text for text in texts if DATE.fullmatch(text)]
    left = [text for text in texts if EITHER.fullmatch(text)]
    if not dates or not left or len(date_orders(left)) != 1 or not all(date_orders([text]) for text in left):
        return {}
    if any(int(text[8:]) > 12 for text in dates):
        return {}
    text = f"{dates[0]} is a date and {left[0]} a text, as where a spreadsheet took days for months. "
    text += f"Is {dates[0]} right, or {dates[0][:5]}{dates[0][8:]}-{dates[0][5:7]}?"
    if column.ask("dates of a spreadsheet", text, ("right", "day_and_month_exchanged")) != "day_and_month_exchanged":
        return {}
    return {text: (f"{text[:5]}{text[8:]}-{text[5:7]}", "day and month exchanged back, as answered") for text in dates}


def order_of(column: Column, texts: Sequence[str], others: Sequence[pd.Series]) -> str | None:
    """Return whether days stand before months in dates such as 01/02/2024: by what cannot be otherwise, else asked."""
    if not texts:
        return None
    orders = date_orders(texts)
    if len(orders) > 1:
        odd = [text for text in texts if date_orders([text])]
        row, header = next(column.place_of(index) for index, text in column.texts.items() if text in odd)
        fault = "dates with the day first and dates with the month first in one column"
        mend = "Write all of them as YYYY-MM-DD."
        column.decisions.faults.append(Problem(column.source.shown, fault, row=row, column=header, mend=mend))
        return None
    beside = [text for other in others for text in distinct(other) if EITHER.fullmatch(text)]
    inferred = orders or date_orders(beside)
    example = min(texts)
    text = f"is {example} day/month/year or month/day/year? ({len(texts)} such values.)"
    settled = next(iter(inferred)) if len(inferred) == 1 else None
    other = {"day_first": "month_first", "month_first": "day_first"}
    return column.ask("order of day and month", text, ("day_first", "month_first"), settled, [other[o] for o in orders])


def date_orders(texts: Sequence[str]) -> set[str]:
    """Return the orders of day and month that dates show by a number above 12."""
    found = set()
    for text in texts:
        match = EITHER.fullmatch(text)
        assert match is not None
        first, second = int(match[1]), int(match[2])
        found |= {"day_first"} if first > 12 >= second else {"month_first"} if second > 12 >= first else set()
    return found


def read_date(text: str, order: str) -> tuple[str, str] | None:
    """Return a date as YYYY-MM-DD with how it was read; None for what is no whole date."""
    if match := ISO_TIME.fullmatch(text):
        return dated(match[1][:4], match[1][5:7], match[1][8:], "a date with a time of day")
    if (match := TIMED.fullmatch(text)) and not EITHER.fullmatch(text):
        found = read_date(match[1], order)
        return found and (found[0], f"{found[1]}, with a time of day")
    if match := YEAR_FIRST.fullmatch(text):
        year, month, day = (part for part in match.groups() if part is not None)
        return dated(year, month, day, "a date, year first")
    if match := DOTTED.fullmatch(text):
        return dated(match[3], match[2], match[1], "a date, day first as dots have it")
    if match := EITHER.fullmatch(text):
        day, month = (match[1], match[2]) if order == "day_first" else (match[2], match[1])
        return dated(match[3], month, day, f"a date, {order.replace('_', ' ')}")
    for pattern, (day, month, year) in ((NAMED, (1, 2, 3)), (NAME_FIRST, (2, 1, 3))):
        if (match := pattern.fullmatch(text)) and (number := month_number(match[month])):
            return dated(match[year], str(number), match[day], "a date with the name of its month")
    return None


def month_number(word: str) -> int | None:
    letters = word.lower()
    return {"juin": 6, "juil": 7}.get(letters[:4]) or MONTH_NAMES.get(letters[:3])


def dated(year: str, month: str, day: str, why: str) -> tuple[str, str] | None:
    whole, short = (year, "") if len(year) == 4 else (f"20{year}", "; a year of two digits is 20..")
    try:
        return date(int(whole), int(month), int(day)).isoformat(), why + short
    except ValueError:
        return None


def partial(text: str) -> tuple[int, int | None] | None:
    """Return year and month (None where it is not known) of a date without a day."""
    match = PARTIAL.fullmatch(text)
    if match is None:
        return None
    year = match[1] or match[4] or match[6] or match[7]
    month = month_number(match[5]) if match[5] else int(match[2] or match[3] or 0) or None
    if (match[5] and month is None) or not 1900 <= int(year) <= 2100 or (month or 1) > 12:
        return None
    return int(year), month


def fill_of(column: Column, texts: Sequence[str]) -> str | None:
    """Return which day a partial date stands for."""
    if not texts:
        return None
    text = f"{listed(map(repr, texts[:3]))} lack a day. The first or the last day that they may be, or {MISSING}?"
    return column.ask("partial dates", text, ("first_day", "last_day", MISSING))


def completed(text: str, fill: str) -> str | None:
    year, month = partial(text) or (0, None)
    if fill == MISSING:
        return None
    start = pd.Timestamp(year, month or (1 if fill == "first_day" else 12), 1)
    return (start if fill == "first_day" else start + pd.offsets.MonthEnd(0)).strftime("%Y-%m-%d")


def convert_days(
    column: Column, texts: Sequence[str], become: dict[str, tuple[str | None, str]]
) -> tuple[str, pd.Series]:
    """Return study days of numbers that count from the start of treatment, in days, weeks or months."""
    numbers = {text: float(text.replace(",", ".")) for text in texts}
    choices = ("study_day", "days_since_start", "weeks_since_start", "months_since_start")
    header = fold(column.header)
    inferred = f"{column.unit}_since_start" if column.unit in ("weeks", "months") else None
    named = fold(f"{column.target.removesuffix('date')}day")
    inferred = "study_day" if header == named or "studyday" in header or header.endswith("dy") else inferred
    inferred = "days_since_start" if column.unit == "days" and "since" in header else inferred
    whole = all(number.is_integer() for number in numbers.values())
    refuted = ["study_day"] if 0 in numbers.values() or not whole else []
    text = f"the dates are numbers, such as {texts[0]}. What do they count? (study_day 1 is the start of treatment.)"
    counted = column.ask("days counted", text, choices, None if inferred in refuted else inferred, refuted)
    target = f"{column.target.removesuffix('date')}day"
    if counted is None:
        return target, column.texts
    days = {"weeks_since_start": DAYS["WEEKS"], "months_since_start": DAYS["MONTHS"]}.get(counted, 1.0)
    for text, number in numbers.items():
        day = int(number) if counted == "study_day" else study_day(round(number * days))
        if not FIRST_DAY <= day <= LAST_DAY:
            continue  # stays as it is and is refused with its place
        become[text] = (str(day), f"a study day: {counted.replace('_', ' ')}")
    return target, column.convert(become)
