"""Tables in: text first, then checked against a schema, with every fault of a file in one go."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anpi.files.intact import damaged, intact, refuse_cut_table
from anpi.files.sheet import split_sheet
from anpi.files.text import read_text
from anpi.problems import InputError, Problem, fold, missing_column, nearest, refuse
from anpi.tables.identifiers import holds_values, identifier_problems, masked
from anpi.tables.names import (
    LETTER,
    LOOKALIKES,
    MISSING_CODE,
    alike,
    is_unknown,
    meant_word,
    name_fault,
    plain_name,
    unseen,
)
from anpi.tables.schema import (
    column_rule,
    date_form,
    day_form,
    describe,
    load_schema,
    parse_value,
    validation_faults,
)
from anpi.tables.workbook import read_sheet

MISSING = {"", "NA"}
FIRST_DATA_ROW = 2
CHANCE = 0.001  # of what a table shows, below which it is asked about
PLAIN = re.compile(r"[ -~\t\r\n]*")
MOST_IN_CELL = 10_000
MOST_TABLE, MOST_CELLS = 100_000_000, 5_000_000  # bytes and cells: less than 2 GB of memory
OF_ADAM = ("USUBJID", "TRT01A", "PARAMCD", "AVALC")
ID_COLUMNS = (
    *("arm", "subtype", "second", "symbol", "site", "batch", "signature", "who_left", "reason_out", "scope"),
    *OF_ADAM,
)
NUMBER_COLUMNS = ("score",)


def read_text_table(path: Path | str) -> pd.DataFrame:
    """Read a CSV or TSV (``.gz`` allowed), or a sheet (``file.xlsx#Sheet``), with every value as text.

    Returns
    -------
    pandas.DataFrame
        Values are str, stripped; missing ones (empty or ``NA``) are None. Index ``i`` stands in row
        ``i + 2`` of the file, as a spreadsheet counts; blank rows are passed over. ``frame.attrs['cut']``
        says that the last row has no line end, as that of a file cut short.

    Raises
    ------
    InputError
        Not UTF-8, a workbook without its sheet, no header, a column name twice, rows of another length than the header,
        characters that cannot be seen, a quotation mark that is never closed.
    """
    file, sheet = split_sheet(path)
    if sheet is not None:
        return read_sheet_table(file, sheet)
    name = str(path)
    separator = "\t" if ".tsv" in Path(path).suffixes else ","
    text = read_text(path, MOST_TABLE)
    refuse_large(name, text, separator)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:  # no end of a quoted cell, or a cell of more than 131,072 characters
        raise InputError(Problem(name, f"cannot be read: {error}", mend="Is a quotation mark never closed?")) from None
    rows = {number: [cell.strip() for cell in record] for number, record in enumerate(records, start=1) if any(record)}
    frame = table_of_rows(name, rows, separator, text)
    frame.attrs["cut"] = not text.endswith(("\n", "\r"))
    return frame


def read_text_rows(path: Path | str) -> list[dict[str, str | None]]:
    """Read a table as `read_text_table` does, and return each row by its columns."""
    table = read_text_table(path)
    names = list(table)
    return [dict(zip(names, row, strict=True)) for row in table.itertuples(index=False, name=None)]


def read_sheet_table(file: str, sheet: str) -> pd.DataFrame:
    """Read a table that is a sheet of a workbook, as `read_text_table` does a file of text."""
    rows = {number: [cell.strip() for cell in row] for number, row in read_sheet(file, sheet).items()}
    frame = table_of_rows(f"{file}#{sheet}", rows, ",", "\n".join(cell for row in rows.values() for cell in row))
    frame.attrs["cut"] = False
    return frame


def table_of_rows(name: str, rows: dict[int, list[str]], separator: str, text: str) -> pd.DataFrame:
    """Make a table of rows by their number in the file, of which the first is the header, and refuse what is none."""
    refuse(comment_problems(name, rows))
    if 1 not in rows:
        raise InputError(Problem(name, "the file has no header", row=1, expected="column names"))
    header = rows.pop(1)
    problems = header_problems(name, header, rows.values(), separator) + length_problems(name, header, rows)
    problems += long_cells(name, header, rows)
    if '"' in text or not PLAIN.fullmatch(text):
        problems += cell_problems(name, header, rows, separator)
    refuse(problems)
    cells = [[None if cell in MISSING else cell for cell in row] for row in rows.values()]
    index = [number - FIRST_DATA_ROW for number in rows]
    return pd.DataFrame(cells, columns=header, index=index, dtype=object)


def comment_problems(name: str, rows: Mapping[int, list[str]]) -> list[Problem]:
    """Find lines of remarks, all in one problem."""
    marked = {number: row for number, row in rows.items() if row[0].startswith("#")}
    usual = Counter(map(len, rows.values())).most_common(1)[0][0] if marked else 0
    numbers = [number for number, row in marked.items() if number > 1 or len(row) != usual or not any(row[1:])]
    if not numbers:
        return []
    what = "a remark" if len(numbers) == 1 else f"{len(numbers)} remarks, the last in row {numbers[-1]}"
    mend = "Delete lines that begin with #; a table holds a header and rows of data alone."
    return [Problem(name, what, row=numbers[0], expected="a row of data", mend=mend)]


def length_problems(name: str, header: list[str], rows: Mapping[int, list[str]]) -> list[Problem]:
    """Find rows with more or fewer cells than the header, those of one length in one problem."""
    odd: dict[int, list[int]] = defaultdict(list)
    for number, row in rows.items():
        if len(row) != len(header):
            odd[len(row)].append(number)
    mend = "Quote a cell that holds the separator; remove or fill the odd cells."
    problems = []
    for length, numbers in odd.items():
        more = f"; so have {len(numbers) - 1} more rows" if len(numbers) > 1 else ""
        expected = f"{len(header)} as in the header{more}"
        if length > len(header) and not any(cell for number in numbers for cell in rows[number][len(header) :]):
            mend = f"Delete the empty columns behind column {len(header)}."
        problems.append(Problem(name, row=numbers[0], found=f"{length} cells", expected=expected, mend=mend))
    return problems


def long_cells(name: str, header: list[str], rows: Mapping[int, list[str]]) -> list[Problem]:
    """Find cells longer than any that a person writes."""
    expected = f"at most {MOST_IN_CELL:,} characters in a cell"
    return [
        Problem(name, row=number, column=column, found=f"{len(cell):,} characters", expected=expected)
        for number, row in rows.items()
        if sum(map(len, row)) > MOST_IN_CELL
        for column, cell in zip(header, row, strict=False)
        if len(cell) > MOST_IN_CELL
    ]


def cell_problems(name: str, header: list[str], rows: Mapping[int, list[str]], separator: str) -> list[Problem]:
    """Find characters that cannot be seen, and cells that swallowed the rows behind a quotation mark."""
    problems = []
    for number, row in rows.items():
        for column, cell in zip(header, row, strict=False):
            if cell.isascii() and cell.isprintable():
                continue
            odd = unseen(cell)
            if odd is not None:
                mend = "Type the cell anew, or delete the character."
                fault = f"a character that cannot be seen ({odd})"
                problems.append(Problem(name, fault, row=number, column=column, mend=mend))
            breaks = len(cell.splitlines()) - 1
            if breaks and len(header) > 1 and cell.count(separator) == breaks * (len(header) - 1):
                fault = f"a cell that holds {breaks + 1} lines, each with as many cells as a row"
                mend = "Is a quotation mark never closed?"
                problems.append(Problem(name, fault, row=number, column=column, mend=mend))
    return problems


def refuse_large(name: str, text: str, separator: str) -> None:
    """Refuse a table of so many cells that reading it would take more memory than a machine may have."""
    cells = text.count(separator) + text.count("\n")
    if cells > MOST_CELLS:
        expected = f"at most {MOST_CELLS:,}: 100,000 rows of 50 columns"
        raise InputError(Problem(name, found=f"{cells:,} cells", expected=expected, mend="Give what the trial needs."))


def header_problems(name: str, header: list[str], rows: Collection[list[str]], separator: str) -> list[Problem]:
    if holds_values(header):
        expected = "column names"
        return [
            Problem(name, "the first row holds values", row=1, expected=expected, mend="Add a row of column names.")
        ]
    if len(header) == 1 and any(other in header[0] for other in ",;\t"):
        shown = "tabs" if separator == "\t" else "commas"
        return [
            Problem(
                name,
                row=1,
                found=header[0],
                expected=f"columns separated by {shown}",
                mend="A .csv file holds commas, a .tsv file tabs.",
            )
        ]
    problems = nameless_columns(name, header, rows)
    for column in header:
        odd = unseen(column)
        if odd is not None:
            problems.append(Problem(name, f"a character that cannot be seen ({odd})", row=1, column=column))
    twice = sorted({column for column in header if column and header.count(column) > 1})
    problems += [Problem(name, "the column stands twice", row=1, column=column) for column in twice]
    return problems


def nameless_columns(name: str, header: list[str], rows: Collection[list[str]]) -> list[Problem]:
    """Find columns without a name, all in one problem, with their numbers."""
    numbers = [number for number, column in enumerate(header, start=1) if not column]
    if not numbers:
        return []
    empty = not any(row[number - 1] for row in rows for number in numbers if number <= len(row))
    shown = ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
    what = f"column {shown} has no name" if len(numbers) == 1 else f"columns {shown} have no name"
    mend = "Delete them: they are empty." if empty else "Name them; cells stand in them."
    mend = mend.replace("them: they are", "it: it is").replace("them", "it") if len(numbers) == 1 else mend
    return [Problem(name, what, row=1, mend=mend)]


def read_table(path: Path | str, schema_name: str) -> pd.DataFrame:
    """Read a table and check it against ``workflow/schemas/<schema_name>.schema.yaml``.

    Returns
    -------
    pandas.DataFrame
        Declared columns have their declared kind: text (object, None when missing), ``Int64``, ``float64``,
        ``datetime64[ns]``, or Decimal objects. Declared columns that the file lacks are added, all missing,
        so that a consumer never asks whether a column is there (the ``_day`` form of a date column counts as
        there). Extra columns stay, as text. ``frame.attrs['file']`` names the file, ``frame.attrs['columns']`` says
        how many columns it has; they stand first. (A number, since pandas copies attributes with each choice of rows.)

    Raises
    ------
    InputError
        With every fault of the file.
    """
    frame = read_text_table(path)
    return check_table(frame, schema_name, str(path))


def check_table(frame: pd.DataFrame, schema_name: str, file: str) -> pd.DataFrame:
    """Check a table of texts against a schema and give its columns their kinds (see `read_table`)."""
    schema = load_schema(schema_name)
    problems = column_problems(frame, schema, file) + rowless_problems(frame, schema, file)
    typed: dict[str, pd.Series] = {}
    for column in frame.columns:
        rule = column_rule(schema, column)
        if rule is None:
            typed[column] = frame[column]
            continue
        typed[column], faults = check_column(frame[column], rule, column in schema.get("required", ()), file)
        problems += faults
    problems += repeated_rows(frame, schema, file)
    for column in frame.columns:
        rule = column_rule(schema, column) or {}
        problems += alike_problems(column, typed[column], frame, rule, file)
        problems += code_problems(column, typed[column], rule, file)
    refuse(without_identifiers(problems, frame, schema_name, file))
    for column, rule in schema["properties"].items():
        if column not in typed and day_form(column) not in typed:
            typed[column] = cast_column([None] * len(frame), rule, frame.index)
    result = pd.DataFrame(typed, index=frame.index)
    result.attrs |= frame.attrs | {"file": file, "columns": len(frame.columns)}
    return result


def rowless_problems(frame: pd.DataFrame, schema: Mapping[str, Any], file: str) -> list[Problem]:
    """Refuse a table of a header alone: cut short, it would say that nothing happened to anybody."""
    if len(frame):
        return []
    mend = "Fill it, or take it out of the config."
    return [Problem(file, f"the table has no {schema['row']}", expected=f"one row per {schema['row']}", mend=mend)]


def alike_problems(
    column: str, values: pd.Series, frame: pd.DataFrame, rule: Mapping[str, Any], file: str
) -> list[Problem]:
    """Find names of groups that differ from another in case or in letters that look alike, each once.

    ``within`` of a rule names the column in whose rows a name must be one: lesions are named by patient.
    """
    if not rule.get("name") or rule.get("any_case"):
        return []
    names = values[[name is not None and name_fault(name) is None for name in values]]
    within = frame[rule["within"]] if rule.get("within") in frame else pd.Series("", index=frame.index)
    if not alike(names.unique()):
        return []
    problems = []
    for _, group in names.groupby(within.reindex(names.index).fillna(""), sort=False):
        counts = group.value_counts()
        for odd, usual in alike(counts.index, counts.to_dict()).items():
            row, other = (int(str(group.index[group == name][0])) + FIRST_DATA_ROW for name in (odd, usual))
            expected = f"the name of row {other}, or one unlike it in more than case and look"
            problems.append(Problem(file, row=row, column=column, found=odd, expected=expected))
    return problems


def code_problems(column: str, values: pd.Series, rule: Mapping[str, Any], file: str) -> list[Problem]:
    """Find codes among names: -9 or 999 for a name not known, and any number where words in any case belong.

    Where most names are numbers (sites, lesions), 99 may be one.
    """
    names = [name for name in values.dropna().unique() if name_fault(name) is None] if rule.get("name") else []
    with_letters = [name for name in names if LETTER.search(name)]
    if 2 * len(with_letters) < len(names):
        return []
    odd = [
        name for name in names if name not in with_letters and (rule.get("any_case") or MISSING_CODE.fullmatch(name))
    ]
    mend = "Leave the cell empty where nothing is known."
    return [
        Problem(file, row=int(str(row)) + FIRST_DATA_ROW, column=column, found=name, expected="a name", mend=mend)
        for row, name in values[values.isin(odd)].items()
    ]


def without_identifiers(problems: list[Problem], frame: pd.DataFrame, schema_name: str, file: str) -> list[Problem]:
    """Put columns that look like direct identifiers first, and take their values out of all other problems."""
    schema = load_schema(schema_name)
    identifiers = identifier_problems(frame, schema, schema_name, file)
    columns = {problem.column for problem in identifiers}
    others = [problem for problem in problems if not columns & set((problem.column or "").split(" + "))]
    return identifiers + [
        masked(problem, is_date(schema, problem.column), takes_words(schema, problem.column)) for problem in others
    ]


def is_date(schema: Mapping[str, Any], column: str | None) -> bool:
    rule = column_rule(schema, column) if column else None
    return rule is not None and (rule.get("format") == "date" or date_form(str(column)) is not None)


def takes_words(schema: Mapping[str, Any], column: str | None) -> bool:
    """Return whether a column takes words of a list, of more than one letter."""
    rule = column_rule(schema, column) if column else None
    return rule is not None and any(len(str(word)) > 1 for word in rule.get("enum", ()))


def column_problems(frame: pd.DataFrame, schema: Mapping[str, Any], file: str) -> list[Problem]:
    """Find required columns that lack, and extra columns that are a known one misspelt."""
    properties = schema["properties"]
    present = set(frame.columns)
    problems = []
    for column in schema.get("required", ()):
        forms = {column, day_form(column) or column}
        if not forms & present:
            lacks = missing_column(file, column, present - set(properties), frame.columns)
            more = properties[column].get("lacks")
            problems.append(replace(lacks, mend=f"{lacks.mend} {more}") if more else lacks)
    columns = {fold(column): column for column in properties}
    columns |= {fold(day): day for column in properties if (day := day_form(column))}
    for column in frame.columns:
        meant = columns.get(fold(plain_name(column).translate(LOOKALIKES))) or slip_of_the_pen(column, columns, present)
        if meant is not None and meant != column:
            problems.append(Problem(file, "misspelt column", row=1, column=column, mend=f"Call it {meant}."))
        if (other := date_form(column)) in present & set(properties):
            problems.append(
                Problem(
                    file,
                    f"both {column} and {other} are given",
                    row=1,
                    column=column,
                    mend="Keep one.",
                )
            )
    return problems


def slip_of_the_pen(column: str, columns: Mapping[str, str], present: set[str]) -> str | None:
    """Return the absent column of the schema that an extra one misspells by a letter or two, if any.

    A name that holds a known one whole (``batch_2``, ``restart_date``) is a name of its own.
    """
    meant = columns.get(fold(nearest(column, columns, 0.9) or ""))
    if meant is None or meant in present or fold(meant) in fold(column):
        return None
    return meant


def check_column(
    texts: pd.Series, rule: Mapping[str, Any], required: bool, file: str
) -> tuple[pd.Series, list[Problem]]:
    """Parse a column by its rule; each distinct value is looked at once."""
    column = str(texts.name)
    parsed: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for text in texts.dropna().unique():
        value, fault = parse_value(text, rule)
        if fault is None and not isinstance(value, str) and not isinstance(value, date):
            fault = next(iter(validation_faults(value, rule)), None)
        parsed[text] = value
        if fault is not None:
            faults[text] = fault
    problems = []
    if required and texts.isna().any():
        rows = [int(row) + FIRST_DATA_ROW for row in texts.index[texts.isna()]]
        problems += [Problem(file, row=row, column=column, found="", expected=describe(rule)) for row in rows]
    if faults:
        for row, text in texts[texts.isin(list(faults))].items():
            problems.append(
                Problem(
                    file,
                    row=int(str(row)) + FIRST_DATA_ROW,
                    column=column,
                    found=text,
                    expected=faults[text],
                    mend=value_hint(text, rule, required),
                )
            )
        return texts, problems
    values = [None if text is None else parsed[text] for text in texts]
    return cast_column(values, rule, texts.index), problems


def value_hint(text: str, rule: Mapping[str, Any], required: bool = False) -> str | None:
    """Guess what a user meant by a value that its rule refuses."""
    kind = rule.get("format") or rule.get("type")
    if is_unknown(text):
        return "Leave the cell empty." if not required else None
    if "enum" in rule:
        allowed = [str(value) for value in rule["enum"]]
        near = meant_word(text, allowed)
        if near is None and all(len(value) == 1 for value in allowed):
            near = next((value for value in allowed if value == text[0].upper()), None)
        return f"Did you mean {near}?" if near else None
    if kind in ("number", "decimal", "integer") and "," in text:
        return "Write the decimal sign as a point, and no thousands separator."
    if kind == "date":
        return "Dates are year-month-day; an unknown day cannot stand here."
    return None


def cast_column(values: list[Any], rule: Mapping[str, Any], index: pd.Index) -> pd.Series:
    kind = rule.get("format") or rule.get("type", "string")
    if kind == "integer":
        return pd.Series(values, index=index, dtype="Int64")
    if kind == "number":
        return pd.Series([np.nan if value is None else value for value in values], index=index, dtype=float)
    if kind == "date":
        return pd.Series(pd.to_datetime(pd.Series(values, index=index, dtype=object)), index=index)
    return pd.Series(values, index=index, dtype=object)


def repeated_rows(frame: pd.DataFrame, schema: Mapping[str, Any], file: str) -> list[Problem]:
    problems = []
    for key in schema.get("unique", ()):
        if not set(key) <= set(frame.columns):
            continue
        filled = frame[frame[key].notna().all(axis=1)]
        first = filled.drop_duplicates(key).set_index(key).index
        rows = dict(zip(first, filled.drop_duplicates(key).index, strict=True))
        for row, values in filled[filled.duplicated(key)][key].iterrows():
            name = values.iloc[0] if len(key) == 1 else tuple(values)
            problems.append(
                Problem(
                    file,
                    row=int(str(row)) + FIRST_DATA_ROW,
                    column=" + ".join(key),
                    found=", ".join(values),
                    expected=f"each once; it stands in row {rows[name] + FIRST_DATA_ROW} already",
                )
            )
    return problems


def case_problems(frame: pd.DataFrame, column: str) -> list[Problem]:
    """Find ids that differ from another in upper and lower case alone: one id mistyped, or one file on some disks."""
    problems = []
    first: dict[str, object] = {}
    for index, name in frame[column].items():
        prior = first.setdefault(name.lower(), index)
        if frame.at[prior, column] != name:
            expected = f"an id unlike that of row {int(str(prior)) + FIRST_DATA_ROW} in more than upper and lower case"
            row = int(str(index)) + FIRST_DATA_ROW
            problems.append(Problem(frame.attrs["file"], row=row, column=column, found=name, expected=expected))
    return problems


def read_facts(path: Path | str) -> pd.DataFrame:
    """Read a table that anpi wrote: numbers where a whole column holds numbers, ids always text, NA missing.

    Raises
    ------
    InputError
        A file that is damaged or missing; a word in a column that always holds numbers.
    """
    separator = "\t" if ".tsv" in Path(path).suffixes else ","
    refuse_cut_table(Path(path))
    with intact(path):
        header = pd.read_csv(path, sep=separator, nrows=0).columns
        kinds = ids_among(header)
        frame = pd.read_csv(path, sep=separator, dtype=kinds, keep_default_na=False, na_values=["", "NA"])
    refuse(word_problems(frame, str(path)))
    return frame


def word_problems(frame: pd.DataFrame, file: str) -> list[Problem]:
    """Find the first word in each column that always holds numbers."""
    problems = []
    for column in frame.columns.intersection(NUMBER_COLUMNS):
        numbers = pd.to_numeric(frame[column], errors="coerce")
        for place in np.flatnonzero(numbers.isna() & frame[column].notna())[:1].tolist():
            found = str(frame[column].iloc[place])
            problems.append(Problem(file, row=place + FIRST_DATA_ROW, column=column, found=found, expected="a number"))
    return problems


def ids_among(header: Iterable[str]) -> dict[str, type]:
    """Return the columns that are always text."""
    return {column: str for column in header if column.endswith("_id") or column in ID_COLUMNS}


def read_facts_below(paths: Sequence[Path]) -> pd.DataFrame:
    """Read small TSV of the same columns as `read_facts` does, one below the other; thousands at once."""
    parts = []
    for path in paths:
        refuse_cut_table(path)
        with intact(path):
            header, _, rows = path.read_text(encoding="utf-8").partition("\n")
            parts.append((header, rows))
        if rows.count("\t") != rows.count("\n") * header.count("\t"):
            raise InputError(damaged(path))
    if len({header for header, _ in parts}) != 1 or any('"' in rows for _, rows in parts):
        return pd.concat([read_facts(path) for path in paths], ignore_index=True)
    text = "\n".join([parts[0][0], "".join(rows for _, rows in parts)])
    try:
        kinds = ids_among(parts[0][0].split("\t"))
        return pd.read_csv(io.StringIO(text), sep="\t", dtype=kinds, keep_default_na=False, na_values=["", "NA"])
    except ValueError:  # one by one, to name the file
        return pd.concat([read_facts(path) for path in paths], ignore_index=True)


def missing_at_end(present: Sequence[bool]) -> int:
    """Count who lacks at the end of a list, where that is no chance: a table that was cut short lacks its last rows.

    Parameters
    ----------
    present : sequence of bool
        Of each patient in the order of the trial: has the table a row?

    Returns
    -------
    int
        0 when as many may lack by chance (one in a thousand), or when none is present.
    """
    lacking = next((place for place, there in enumerate(reversed(present)) if there), 0)
    before = len(present) - lacking
    without = (before - sum(present) + 1) / (before + 2)  # Laplace's estimate: of ten with rows, one in twelve
    return lacking if without**lacking < CHANCE else 0
