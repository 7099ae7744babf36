"""Tables in: text first, then checked against a schema, with every fault of a file in one go."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anpi.files.intact import intact, refuse_cut_table
from anpi.problems import InputError, Problem, fold, missing_file, nearest, refuse
from anpi.tables.identifiers import holds_values, identifier_problems, masked
from anpi.tables.schema import column_rule, describe, load_schema, parse_value, validation_faults

MISSING = {"", "NA"}
MOST_BYTES = 2_000_000_000  # of a table of text, unpacked
FIRST_DATA_ROW = 2
ID_COLUMNS = ("arm", "subtype", "second", "symbol", "site", "batch", "signature", "who_left", "reason_out")


def read_text_table(path: Path | str) -> pd.DataFrame:
    """Read a CSV or TSV (``.gz`` allowed) with every value as text.

    Returns
    -------
    pandas.DataFrame
        Values are str, stripped; missing ones (empty or ``NA``) are None. Index ``i`` stands in row
        ``i + 2`` of the file, as a spreadsheet counts; blank rows are passed over.

    Raises
    ------
    InputError
        Not UTF-8, no header, a column name twice, rows with more or fewer cells than the header.
    """
    name = str(path)
    separator = "\t" if ".tsv" in Path(path).suffixes else ","
    try:
        records = list(csv.reader(io.StringIO(read_text(path), newline=""), delimiter=separator))
    except csv.Error as error:  # a cell of more than 131,072 characters
        raise InputError(Problem(name, f"cannot be read: {error}", mend="Is a quotation mark never closed?")) from None
    rows = {number: [cell.strip() for cell in record] for number, record in enumerate(records, start=1) if any(record)}
    if 1 not in rows:
        raise InputError(Problem(name, "the file has no header", row=1, expected="column names"))
    header = rows.pop(1)
    problems = header_problems(name, header, separator)
    for number, row in rows.items():
        if len(row) != len(header):
            problems.append(
                Problem(
                    name,
                    row=number,
                    found=f"{len(row)} cells",
                    expected=f"{len(header)} as in the header",
                    mend="Quote a cell that holds the separator; remove or fill the odd cells.",
                )
            )
    refuse(problems)
    cells = [[None if cell in MISSING else cell for cell in row] for row in rows.values()]
    index = [number - FIRST_DATA_ROW for number in rows]
    return pd.DataFrame(cells, columns=header, index=index, dtype=object)


def read_text(path: Path | str) -> str:
    """Read a UTF-8 text file, gzipped or not."""
    name = str(path)
    try:
        content = Path(path).read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.GzipFile(fileobj=io.BytesIO(content)).read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise InputError(Problem(name, f"the gzip file unpacks to more than {MOST_BYTES // 10**9} GB"))
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(missing_file(path)) from None
    except IsADirectoryError:
        raise InputError(Problem(name, "is a folder", expected="a file")) from None
    except UnicodeDecodeError:
        raise InputError(Problem(name, "not UTF-8 text", mend="Save the file as CSV UTF-8.")) from None
    except ValueError as error:  # a path that no file can have
        raise InputError(Problem(name, f"cannot be read: {error}")) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(Problem(name, "the gzip file is damaged or cut short", mend="Copy it again.")) from None
    except OSError as error:
        raise InputError(Problem(name, f"cannot be read: {error.strerror}")) from None


def header_problems(name: str, header: list[str], separator: str) -> list[Problem]:
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
    problems = [Problem(name, "a column has no name", row=1) for column in header if not column]
    twice = sorted({column for column in header if column and header.count(column) > 1})
    problems += [Problem(name, "the column stands twice", row=1, column=column) for column in twice]
    return problems


def read_table(path: Path | str, schema_name: str) -> pd.DataFrame:
    """Read a table and check it against ``workflow/schemas/<schema_name>.schema.yaml``.

    Returns
    -------
    pandas.DataFrame
        Declared columns have their declared kind: text (object, None when missing), ``Int64``, ``float64``,
        ``datetime64[ns]``, or Decimal objects. Declared columns that the file lacks are added, all missing,
        so that a consumer never asks whether a column is there (the ``_day`` form of a date column counts as
        there). Extra columns stay, as text. ``frame.attrs['file']`` names the file.

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
    problems = column_problems(frame, schema, file)
    typed = {}
    for column in frame.columns:
        rule = column_rule(schema, column)
        if rule is None:
            typed[column] = frame[column]
            continue
        typed[column], faults = check_column(frame[column], rule, column in schema.get("required", ()), file)
        problems += faults
    problems += repeated_rows(frame, schema, file)
    refuse(without_identifiers(problems, frame, schema_name, file))
    for column, rule in schema["properties"].items():
        if column not in typed and f"{column.removesuffix('_date')}_day" not in typed:
            typed[column] = cast_column([None] * len(frame), rule, frame.index)
    result = pd.DataFrame(typed, index=frame.index)
    result.attrs["file"] = file
    return result


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
    return rule is not None and (rule.get("format") == "date" or str(column).endswith("_day"))


def takes_words(schema: Mapping[str, Any], column: str | None) -> bool:
    """Say whether a column takes words of a list, of more than one letter."""
    rule = column_rule(schema, column) if column else None
    return rule is not None and any(len(str(word)) > 1 for word in rule.get("enum", ()))


def column_problems(frame: pd.DataFrame, schema: Mapping[str, Any], file: str) -> list[Problem]:
    """Find required columns that lack, and extra columns that are a known one misspelt."""
    properties = schema["properties"]
    present = set(frame.columns)
    problems = []
    for column in schema.get("required", ()):
        forms = {column, f"{column[:-5]}_day"} if column.endswith("_date") else {column}
        if not forms & present:
            near = nearest(column, present - set(properties), 0.75)
            problems.append(
                Problem(
                    file,
                    "the column is missing",
                    row=1,
                    column=column,
                    mend=f"Is it the column {near}?" if near else "Columns found: " + ", ".join(frame.columns) + ".",
                )
            )
    known = {fold(column): column for column in properties}
    known |= {fold(f"{c[:-5]}_day"): f"{c[:-5]}_day" for c in properties if c.endswith("_date")}
    for column in frame.columns:
        meant = known.get(fold(column)) or slip_of_the_pen(column, known, present)
        if meant is not None and meant != column:
            problems.append(Problem(file, "misspelt column", row=1, column=column, mend=f"Call it {meant}."))
        if column.endswith("_day") and f"{column[:-4]}_date" in present & set(properties):
            problems.append(
                Problem(
                    file,
                    f"both {column} and {column[:-4]}_date are given",
                    row=1,
                    column=column,
                    mend="Keep one.",
                )
            )
    return problems


def slip_of_the_pen(column: str, known: Mapping[str, str], present: set[str]) -> str | None:
    """Give the absent column of the schema that an extra one misspells by a letter or two, if any.

    A name that holds a known one whole (``batch_2``, ``restart_date``) is a name of its own.
    """
    meant = known.get(fold(nearest(column, known, 0.9) or ""))
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
                    mend=value_hint(text, rule),
                )
            )
        return texts, problems
    values = [None if text is None else parsed[text] for text in texts]
    return cast_column(values, rule, texts.index), problems


def value_hint(text: str, rule: Mapping[str, Any]) -> str | None:
    """Guess what a user meant by a value that its rule refuses."""
    kind = rule.get("format") or rule.get("type")
    if "enum" in rule:
        allowed = [str(value) for value in rule["enum"]]
        near = nearest(text, allowed)
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
        known = first.setdefault(name.lower(), index)
        if frame.at[known, column] != name:
            expected = f"an id unlike that of row {int(str(known)) + FIRST_DATA_ROW} in more than upper and lower case"
            row = int(str(index)) + FIRST_DATA_ROW
            problems.append(Problem(frame.attrs["file"], row=row, column=column, found=name, expected=expected))
    return problems


def read_facts(path: Path | str) -> pd.DataFrame:
    """Read a table that anpi wrote: numbers where a whole column holds numbers, ids always text, NA missing."""
    separator = "\t" if ".tsv" in Path(path).suffixes else ","
    refuse_cut_table(Path(path))
    with intact(path):
        header = pd.read_csv(path, sep=separator, nrows=0).columns
        ids = {column: str for column in header if column.endswith("_id") or column in ID_COLUMNS}
        return pd.read_csv(path, sep=separator, dtype=ids, keep_default_na=False, na_values=["", "NA"])


def read_matrix(path: Path | str) -> pd.DataFrame:
    """Read a matrix that anpi wrote: genes x samples, float, keyed by gene id."""
    with intact(path):
        kinds: dict[Any, type] = defaultdict(lambda: float, gene_id=str)
        return pd.read_csv(path, sep="\t", index_col=0, dtype=kinds)
