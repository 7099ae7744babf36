"""Cells of a delivery turned into the values that the schemas take: dates, numbers, words. Each change is noted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from anpi.delivery.conversions import Conversions
from anpi.delivery.decisions import Decisions
from anpi.delivery.sources import Source
from anpi.problems import InputError, Problem, fold
from anpi.tables.adam import DAYS, GRADES
from anpi.tables.clinical import study_day
from anpi.tables.names import OTHER_WORDS, alike, is_unknown, plain_name
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import DATE, FIRST_DAY, LAST_DAY, NUMBER, describe, parse_value
from anpi.words.lists import listed, plural

MISSING = "missing"  # the answer by which a cell is emptied
MONTH_NAMES = {
    "jan": 1, "feb": 2, "mar": 3, "mrz": 3, "mär": 3, "mae": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7,
    "aug": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12,
    "fév": 2, "fev": 2, "avr": 4, "aoû": 8, "aou": 8, "déc": 12,
    "ene": 1, "abr": 4, "ago": 8, "dic": 12, "gen": 1, "mag": 5, "giu": 6, "lug": 7, "set": 9, "ott": 10,
}  # fmt: skip
ISO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\d{1,2}:\d{2}.*")
TIMED = re.compile(
    r"(.*?[\d.])(?:\s*[T,:]\s*|\s+)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*(?:[ap]\.?m\.?|uhr|h|z))?", re.IGNORECASE
)
YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})|(\d{4})(\d{2})(\d{2})")
DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})")
EITHER = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?:[ T]\d{1,2}:\d{2}.*)?")
NAMED = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th)?[-\s.]*([^\W\d_]+)\.?[-\s.,]*(\d{4}|\d{2})")
NAME_FIRST = re.compile(r"([^\W\d_]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
PARTIAL = re.compile(
    r"(?:(\d{4})-(\d{1,2})|(\d{1,2})[/.](\d{4})|(?:UN|UK|UNK|XX|--)?[-\s]?([^\W\d_]+)[-\s.]+(\d{4})|(\d{4}))"
)
SERIALS = range(20_000, 80_000)  # days since 1900 that Excel counts: 1954 to 2119
EPOCHS = {"excel_1900": date(1899, 12, 30), "excel_1904": date(1904, 1, 1)}
LARGEST_CM = 30  # of a lesion; what is larger is in millimetres
LONG = re.compile(r"\d{1,3}(?:([.,])\d{3})+")
AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # 1,250 may be above one thousand, or above one
GROUPED = re.compile(r"[+-]?\d{1,3}(?:[\s']\d{3})+(?:[.,]\d+)?")
MEASURED = re.compile(r"(?P<number>[+-]?[\d.,'\s]*\d)\s*(?P<unit>mm|cm|%|years?|yrs?|[a-z]+/l)?", re.IGNORECASE)
NOT_APPLICABLE = {"na", "n/a", "n.a.", "n.a", "-", "--", "–", "—", ".", "..", "nan", "null", "not applicable"}
UNSURE = {"post", "posttreatment"}  # of treatment under way, or of its end
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5"}


@dataclass
class Column:
    """A column of a source on its way into a table."""

    source: Source
    header: str
    target: str
    rule: Mapping[str, Any]
    unit: str | None
    decisions: Decisions
    conversions: Conversions

    @property
    def texts(self) -> pd.Series:
        return self.source.frame[self.header]

    def name(self, what: str) -> str:
        """Name a question about the column."""
        return f"{self.source.key}, {self.header}: {what}"

    @property
    def shown(self) -> str:
        """Name the column in a question."""
        return f"{self.source.shown}, column {self.header}"

    def place_of(self, index: object) -> tuple[int | None, str]:
        """Return the row, as the spreadsheet counts, and the column of a cell."""
        return int(str(index)) + FIRST_DATA_ROW, self.header

    def ask(
        self,
        what: str,
        text: str,
        choices: Sequence[str] = (),
        inferred: str | None = None,
        refuted: Sequence[str] = (),
    ) -> str | None:
        return self.decisions.decide(self.name(what), f"{self.shown}: {text}", choices, inferred, refuted)

    def convert(self, become: Mapping[str, tuple[str | None, str]]) -> pd.Series:
        """Put other texts in place of some, each with its reason, and note every cell."""
        result = self.texts.copy()
        for index, text in self.texts.items():
            if text is not None and text in become:
                value, why = become[text]
                result.at[index] = value
                if value != text:
                    self.conversions.add(self.source.place, *self.place_of(index), text, value, why)
        return result

    def answered(
        self, odd: Sequence[str], expected: str, choices: Sequence[str] = ()
    ) -> dict[str, tuple[str | None, str]]:
        """Return what the user says of values that cannot be read."""
        if not odd:
            return {}
        text = f"{self.shown}: {self.target} takes {expected}, or {MISSING} where none is known. What is"
        answers = self.decisions.decide_each(
            self.name("values"), text, list(odd), [*choices, MISSING] if choices else ()
        )
        return {item: (None if answer == MISSING else answer, "so answered") for item, answer in answers.items()}


def unknown_words(texts: Sequence[str]) -> dict[str, tuple[str | None, str]]:
    """Return the words for "not known", which become empty cells."""
    return {text: (None, "a word for not known") for text in texts if is_unknown(text)}


def distinct(texts: pd.Series) -> list[str]:
    return sorted(texts.dropna().unique())


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
        "serials", f"{texts[0]} is the number of a day as Excel counts: {example}. Which?", list(EPOCHS)
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


def convert_numbers(column: Column, factor: float = 1, of: str = "") -> pd.Series:
    """Return a column of numbers with a decimal point, times a factor where the unit is another one."""
    texts = distinct(column.texts)
    become = unknown_words(texts)
    texts = [text for text in texts if text not in become]
    matches = {text: match for text in texts if (match := MEASURED.fullmatch(text))}
    centimetres = column.target == "diameter_mm"
    if centimetres:  # a change in percent is no size
        matches = {text: match for text, match in matches.items() if is_size(text)}
    else:
        refuse_mixed_units(column, matches)
    bodies = {text: match["number"] for text, match in matches.items()}
    several = parted(column, bodies)
    bodies = {text: body for text, body in bodies.items() if text not in several}
    commas = decimal_comma(column, list(bodies.values()))
    odd = [text for text in texts if text not in bodies]
    for text, body in bodies.items():
        if commas is None and ("," in body or LONG.fullmatch(body)) and not decimal_sign(body):
            continue  # open
        point = decimal_sign(body) or ("," if commas else ".")
        plain = read_number(body, point)
        if plain is None:
            odd.append(text)
            continue
        unit = str(matches[text]["unit"]).lower()
        times = 10.0 if centimetres and unit == "cm" else 1 if unit == "%" else factor
        value = plain if times == 1 else f"{float(plain) * times:.10g}"
        why = f"a number{' with a decimal comma' if point == ',' and point in body else ''}"
        why += f"; {of or 'cm to mm'}" if times != 1 else ""
        become[text] = (value, why if value != text else "")
    become |= column.answered(odd, describe(column.rule))
    return column.convert(become)


def parted(column: Column, bodies: Mapping[str, str]) -> set[str]:
    """Return cells that hold several numbers: with a blank or a sign between them that parts no thousands."""
    inside = {text: body.strip() for text, body in bodies.items() if re.search(r"[\s']", body.strip())}
    grouped = sorted(text for text, body in inside.items() if GROUPED.fullmatch(body))
    blanks = [text for text in grouped if "'" not in text]
    question = f"is {blanks[0]} one number, with a blank between thousands, or several?" if blanks else ""
    if blanks and column.ask("blanks in numbers", question, ("one_number", "several")) != "several":
        blanks = []
    return {text for text in inside if text not in grouped or text in blanks}


def refuse_mixed_units(column: Column, matches: Mapping[str, re.Match[str]]) -> None:
    """Note several units in the cells of a column as a fault, and ask about numbers without one beside some with it."""
    units: dict[str, list[str]] = {}
    for text, match in matches.items():
        unit = (match["unit"] or "").lower()
        units.setdefault("years" if is_years(unit) else unit, []).append(text)
    bare = units.pop("", [])
    if len(units) > 1:
        usual, *others = sorted(units, key=lambda unit: -int(column.texts.isin(units[unit]).sum()))
        odd = [unit for other in others for unit in units[other]]
        expected = f"one unit in a column; other rows have {usual}"
        refuse_cell(column, odd, expected, "Write all rows in one unit, or the unit in a column of its own.")
    usual_unit = {"age": "years", "tumour_content": "%"}.get(column.target)
    if len(units) == 1 and bare and set(units) != {usual_unit}:
        unit = next(iter(units))
        text = f"cells such as {units[unit][0]} name a unit, and others, such as {bare[0]}, none. Are all in {unit}?"
        if column.ask("numbers without a unit", text, ("yes", "no")) == "no":
            refuse_cell(column, bare, f"a number with its unit, as {units[unit][0]}", "Write all rows in one unit.")


def is_years(unit: str | None) -> bool:
    return (unit or "").lower().startswith("y")


def refuse_cell(column: Column, texts: Sequence[str], expected: str, mend: str) -> None:
    """Note as a fault the first cell that holds one of some texts, and how many there are."""
    places = [(column.place_of(index), text) for index, text in column.texts.items() if text in texts]
    (row, header), text = places[0]
    more = f"; so it is in {plural(len(places) - 1, 'more row')}" if len(places) > 1 else ""
    fault = Problem(column.source.shown, row=row, column=header, found=text, expected=expected + more, mend=mend)
    column.decisions.faults.append(fault)


def is_size(text: str) -> bool:
    """Return whether a cell holds a length: a number, alone or in mm or cm."""
    match = MEASURED.fullmatch(text)
    return match is not None and (match["unit"] or "mm").lower() in ("mm", "cm")


def unit_factor(column: Column) -> tuple[float, str]:
    """Return the factor by which diameters become millimetres and shares percent, and how it is called."""
    if column.target not in ("diameter_mm", "tumour_content"):
        return 1, ""
    texts = [text.replace(",", ".") for text in distinct(column.texts)]
    values = [float(text) for text in texts if NUMBER.fullmatch(text)]
    if not values:  # each cell has its unit
        return 1, ""
    if column.target == "tumour_content":
        text = f"are the shares in percent, or fractions of one? They reach {max(values):g}."
        inferred, refuted = ("percent", ["fraction"]) if max(values) > 1 else (None, [])
        unit = column.ask("unit", text, ("percent", "fraction"), inferred, refuted)
        return (100, "a fraction to percent") if unit == "fraction" else (1, "")
    inferred = column.unit if column.unit in ("mm", "cm") else "mm" if max(values) > LARGEST_CM else None
    text = f"are the diameters in millimetres or centimetres? They reach {max(values):g}."
    unit = column.ask(
        "unit", text, ("mm", "cm"), inferred, [unit for unit in ("mm", "cm") if inferred not in (None, unit)]
    )
    return (10, "cm to mm") if unit == "cm" else (1, "")


def convert_measured(column: Column) -> pd.Series:
    """Return a column of numbers and words, as of several markers: numbers with a decimal point, words as they are."""
    texts = distinct(column.texts)
    become = unknown_words(texts)
    bodies = [text for text in texts if text not in become and re.fullmatch(r"[+-]?\d[\d.,']*", text)]
    commas = decimal_comma(column, bodies)
    for text in bodies:
        if commas is None and not decimal_sign(text):
            continue  # open
        plain = read_number(text, decimal_sign(text) or ("," if commas else "."))
        if plain is not None and plain != text:
            become[text] = (plain, f"a number{' with a decimal comma' if decimal_sign(text) == ',' else ''}")
    return column.convert(become)


def decimal_sign(text: str) -> str | None:
    """Return the decimal sign that a number shows by itself, as ``210,5`` and ``1.250,5`` do; None where it is open."""
    signs = [sign for sign in text if sign in ".,"]
    if not signs or AMBIGUOUS.fullmatch(text):
        return None
    if len(signs) > 1 and len(set(signs)) == 1:
        return "," if signs[0] == "." else "."
    return signs[-1]


def read_number(body: str, point: str) -> str | None:
    """Return a number with a point for its decimal sign and without its groups of three; None for what is none."""
    text = body.replace("'", "").replace(" ", "")
    group = re.escape("." if point == "," else ",")
    if not re.fullmatch(rf"[+-]?(?:\d{{1,3}}(?:{group}\d{{3}})+|\d*)(?:{re.escape(point)}\d+)?", text):
        return None
    plain = re.sub(group, "", text).replace(point, ".")
    return plain if NUMBER.fullmatch(plain) else None


def decimal_comma(column: Column, texts: Sequence[str]) -> bool | None:
    """Return whether a comma is the decimal sign of numbers that do not show it; None while that is open."""
    shown = {decimal_sign(text) for text in texts} - {None}
    opens = [text for text in texts if AMBIGUOUS.fullmatch(text)]
    if len(shown) > 1:  # typed by several people
        if not opens:
            return False
        text = f"is {opens[0]} about {re.split('[.,]', opens[0])[0]}, or {re.sub('[.,]', '', opens[0])}?"
        text += " Other cells have decimal commas, and others decimal points."
        choice = column.ask("decimal sign", text, ("comma", "point"))
        return None if choice is None else choice == "comma"
    commas = [text for text in texts if "," in text]
    if not commas:
        whole_table = [
            str(text) for name in column.source.frame for text in column.source.frame[name].dropna().unique()
        ]
        elsewhere = any(re.fullmatch(r"[+-]?\d+,\d{1,2}", text) for text in whole_table)
        points = [text for text in texts if LONG.fullmatch(text) and "." in text]
        if not points or not elsewhere or any(re.fullmatch(r"[+-]?\d+\.(\d{1,2}|\d{4,})", text) for text in texts):
            return False
        text = f"is {points[0]} about {points[0].split('.')[0]}, or {points[0].replace('.', '')}?"
        text += " Other columns have decimal commas."
        answer = column.ask("decimal sign", text, ("point", "comma"))
        return None if answer is None else answer == "comma"
    inferred = {",": "comma", ".": "point"}.get(str(next(iter(shown), None)))
    text = f"is {commas[0]} a number with a decimal comma, or one with the comma between thousands?"
    refuted = [sign for sign in ("point", "comma") if inferred not in (None, sign)]
    answer = column.ask("decimal sign", text, ("comma", "point"), inferred, refuted)
    return None if answer is None else answer == "comma"


def convert_words(column: Column) -> pd.Series:
    """Return a column of the words that its rule takes; other words for them are known, all else is asked about."""
    allowed = [str(word) for word in column.rule["enum"]]
    become = unknown_words(distinct(column.texts))
    odd = []
    for text in distinct(column.texts):
        if text in become or text in allowed:
            continue
        folded = fold(text)
        meant = [word for word in allowed if fold(word) == folded] or [
            word for word in allowed if folded in OTHER_WORDS.get(word, ())
        ]
        if len(meant) == 1 and folded not in UNSURE:
            become[text] = (meant[0], f"another word for {meant[0]}")
        else:
            odd.append(text)
    return column.convert(become | column.answered(odd, f"one of {', '.join(allowed)}", allowed))


def convert_grades(column: Column) -> pd.Series:
    """Return a column of whole numbers, of grades also as words or with the word before them."""
    become = unknown_words(distinct(column.texts))
    odd = []
    for text in distinct(column.texts):
        if text in become or parse_value(text, column.rule)[1] is None:
            continue
        short = re.sub(r"^(?:ctcae\s*)?(?:grade|grad|g)\s*", "", text, flags=re.IGNORECASE).strip().upper()
        value = GRADES.get(short) or ROMAN.get(short) or short
        if column.target in ("grade", "initial_grade", "ecog") and parse_value(value, column.rule)[1] is None:
            become[text] = (value, "a grade in words")
        else:
            odd.append(text)
    return column.convert(become | column.answered(odd, describe(column.rule)))


def convert_names(column: Column) -> pd.Series:
    """Return a column of names, each in one spelling: those that differ in case or look alone are asked about."""
    become = unknown_words(distinct(column.texts))
    plain = {text: plain_name(text) for text in distinct(column.texts) if text not in become}
    become |= {text: (name, "blanks and letters in one form") for text, name in plain.items() if text != name}
    if column.rule.get("any_case") or column.rule.get("within"):
        return column.convert(become)
    counts = column.texts.map(plain).value_counts().to_dict()
    for odd, other in sorted(alike(counts, counts).items()):
        here, there = (f"{name!r} ({plural(counts[name], 'row')})" for name in (odd, other))
        text = f"{here} differs from {there} in case or look alone."
        text += " Which name is right?"
        answer = column.ask(" or ".join(sorted((odd, other))), text, (other, odd))
        if answer is not None:
            wrong = odd if answer == other else other
            become |= {
                text: (answer, "the spelling that was answered") for text, name in plain.items() if name == wrong
            }
    return column.convert(become)


def convert_times(column: Column, stated: str | None) -> tuple[str, pd.Series]:
    """Return times to an event in days or months; weeks and years become days."""
    endpoint = column.target.split("_")[0]
    units = ("days", "weeks", "months", "years")
    in_years = [text for text in distinct(column.texts) if (m := MEASURED.fullmatch(text)) and is_years(m["unit"])]
    told = [unit for unit in (column.unit, stated, "years" if in_years else None) if unit in units]
    inferred = told[0] if told else None
    if len(set(told)) > 1:
        fault = f"its times are in {told[0]} by one sign and in {told[1]} by another"
        mend = "Name one unit in the header, the column of units and the cells."
        column.decisions.faults.append(Problem(column.source.shown, fault, row=1, column=column.header, mend=mend))
    values = [
        float(text.replace(",", ".")) for text in distinct(column.texts) if NUMBER.fullmatch(text.replace(",", "."))
    ]
    text = f"which unit does {endpoint.upper()} have? Its values reach {max(values, default=0):g}."
    unit = column.ask("unit", text, units, inferred, [unit for unit in units if inferred not in (None, unit)])
    if unit in (None, "months"):
        return f"{endpoint}_months", convert_numbers(column)
    factor = DAYS[str(unit).upper()]
    return f"{endpoint}_days", convert_numbers(column, factor, f"{unit} to days, times {factor:g}")


def convert_events(column: Column) -> tuple[str, pd.Series]:
    """Return 1 for an event and 0 for a censored time."""
    target = f"{column.target.split('_')[0]}_event"
    words = {"dead": "1", "deceased": "1", "died": "1", "event": "1", "progressed": "1", "alive": "0", "censored": "0"}
    words |= {"yes": "1", "y": "1", "true": "1", "no": "0", "n": "0", "false": "0", "living": "0"}
    texts = distinct(column.texts)
    become = unknown_words(texts)
    texts = [text for text in texts if text not in become]
    if set(texts) <= {"0", "1"}:
        censor = any(part in fold(column.header) for part in ("censor", "cnsr", "cens"))
        inferred = "1_is_censored" if censor else "1_is_event" if column.target.endswith("_event") else None
        text = "does 1 stand for an event or for a censored time?"
        coded = column.ask("coding", text, ("1_is_event", "1_is_censored"), inferred)
        if coded == "1_is_censored":
            become |= {"0": ("1", "0 stands for an event"), "1": ("0", "1 stands for a censored time")}
        return target, column.convert(become)
    inverted = any(part in fold(column.header) for part in ("censor", "cnsr", "cens"))
    understood = {} if inverted else {text: words[fold(text)] for text in texts if fold(text) in words}
    become |= {text: (value, "an event" if value == "1" else "no event") for text, value in understood.items()}
    odd = [text for text in texts if text not in understood]
    return target, column.convert(become | column.answered(odd, "1 for an event, 0 for a censored time", ("0", "1")))


def convert_ids(column: Column, ids: Sequence[str]) -> pd.Series:
    """Return ids of patients or samples; those written otherwise than in the table of patients are asked about once.

    Parameters
    ----------
    ids : sequence of str
        Ids of the table of patients; none for that table itself.
    """
    texts = distinct(column.texts)
    patients = set(ids)
    plain = {text: (sanitised(text), "an id of letters, digits, . _ and -") for text in texts}
    if not patients:
        valid = [text for text in texts if parse_value(text, column.rule)[1] is not None]
        become = {text: plain[text] for text in valid}
        clash = [text for text, (new, _) in become.items() if new in texts or not new]
        if clash or len({new for new, _ in become.values()}) < len(become):
            found, expected = (clash or valid)[0], describe(column.rule)
            raise InputError(Problem(column.source.shown, column=column.header, found=found, expected=expected))
        return column.convert(become)
    become = {text: plain[text] for text in texts if text not in patients and plain[text][0] in patients}
    texts = [text for text in texts if text not in become]
    by_core: dict[str, list[str]] = {}
    for patient in patients:
        by_core.setdefault(core(patient), []).append(patient)
    others = {
        text: by_core[core(text)][0] for text in texts if text not in patients and len(by_core.get(core(text), ())) == 1
    }
    if not others:
        return column.convert(become)
    shown = listed(f"{text} for {patient}" for text, patient in sorted(others.items()))
    text = f"ids are written otherwise than in the table of patients: {shown}. Are they the same patients?"
    if column.ask("ids", text, ("yes", "no")) == "yes":
        become |= {text: (patient, "the id in the table of patients") for text, patient in others.items()}
    return column.convert(become)


def sanitised(text: str) -> str:
    """Return an id with a dash in place of what an id cannot hold."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")


def core(text: str) -> str:
    """Return what is left of an id without case, signs and leading zeros."""
    return "".join(
        part.lstrip("0") or "0" if part.isdigit() else part for part in re.findall(r"[a-z]+|\d+", text.lower())
    )
