"""Cells of a delivery turned into numbers: the decimal sign, the unit, times in days or months."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from anpi.delivery.values import Column, distinct, unknown_words
from anpi.problems import Problem
from anpi.tables.adam import DAYS
from anpi.tables.schema import NUMBER, describe

CENTIMETRES = ("cm", "厘米")
LARGEST_CM = 30  # of a lesion; what is larger is in millimetres
LONG = re.compile(r"\d{1,3}(?:([.,])\d{3})+")
AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # 1,250 may be above one thousand, or above one
GROUPED = re.compile(r"[+-]?\d{1,3}(?:[\s']\d{3})+(?:[.,]\d+)?")
MEASURED = re.compile(
    r"(?P<number>[+-]?[\d.,'\s]*\d)\s*(?P<unit>mm|cm|%|years?|yrs?|岁|毫米|厘米|[a-z]+/l)?", re.IGNORECASE
)


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
        times = 10.0 if centimetres and unit in CENTIMETRES else 1 if unit == "%" else factor
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
        column.refuse(odd, expected, "Write all rows in one unit, or the unit in a column of its own.")
    usual_unit = {"age": "years", "tumour_content": "%"}.get(column.target)
    if len(units) == 1 and bare and set(units) != {usual_unit}:
        unit = next(iter(units))
        text = f"cells such as {units[unit][0]} name a unit, and others, such as {bare[0]}, none. Are all in {unit}?"
        if column.ask("numbers without a unit", text, ("yes", "no")) == "no":
            column.refuse(bare, f"a number with its unit, as {units[unit][0]}", "Write all rows in one unit.")


def is_years(unit: str | None) -> bool:
    return (unit or "").lower().startswith(("y", "岁"))


def is_size(text: str) -> bool:
    """Return whether a cell holds a length: a number, alone or in mm or cm."""
    match = MEASURED.fullmatch(text)
    return match is not None and (match["unit"] or "mm").lower() in ("mm", "毫米", *CENTIMETRES)


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
