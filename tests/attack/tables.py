"""Mutations of tables: of their lines, their columns and their cells."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from attack.mutation import Kinds, Mutated, text_kinds

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
MISSING = ("", "NA")
LOOKALIKES = str.maketrans("AEOPCXaeopcx", "АЕОРСХаеорсх")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
CODES = ("999", "9999", "-9", "-99", "N/A", "unknown", "UNK", ".", "NULL", "nan", "ongoing", "-", "?", "#N/A", "none")
NOT_FILLED = "a cell that nobody filled looks the same as one that was emptied"
NO_ROW_COUNT = "no table states how many rows it should have, and nothing else speaks of this one"


@dataclass
class Table:
    """A table as its cells."""

    separator: str
    rows: list[list[str]]

    @classmethod
    def read(cls, content: bytes) -> Table:
        text = content.decode()
        separator = "\t" if "\t" in text.split("\n", 1)[0] else ","
        return cls(separator, list(csv.reader(io.StringIO(text), delimiter=separator)))

    @property
    def header(self) -> list[str]:
        return self.rows[0]

    def column(self, name: str) -> list[str]:
        return [row[self.header.index(name)] for row in self.rows[1:]]

    def owner(self, number: int) -> frozenset[str]:
        """Return the patient of a row."""
        for name in ("patient_id", "sample_id"):
            if name in self.header:
                return frozenset({self.rows[number][self.header.index(name)]})
        return frozenset()

    def owners(self) -> frozenset[str]:
        return frozenset().union(*(self.owner(number) for number in range(1, len(self.rows))))

    def write(self) -> bytes:
        out = io.StringIO()
        csv.writer(out, delimiter=self.separator, lineterminator="\n").writerows(self.rows)
        return out.getvalue().encode()


def some_row(rng: random.Random, table: Table) -> int:
    return rng.randrange(1, len(table.rows))


def table_kinds() -> Kinds:
    """Return what can be done to any table."""
    kinds = text_kinds()
    for add in (line_kinds, column_kinds, cell_kinds, date_kinds, number_kinds):
        add(kinds)
    return kinds


def line_kinds(kinds: Kinds) -> None:
    @kinds.add("header alone")
    def _(rng, content):
        return content.split(b"\n", 1)[0] + b"\n"

    @kinds.add("header lost")
    def _(rng, content):
        return content.split(b"\n", 1)[1]

    @kinds.add("header twice")
    def _(rng, content):
        lines = content.splitlines(keepends=True)
        lines.insert(rng.randrange(1, len(lines) + 1), lines[0])
        return b"".join(lines)

    @kinds.add("cut at a row's end")
    def _(rng, content):
        lines = content.splitlines(keepends=True)
        return b"".join(lines[: rng.randrange(max(2, len(lines) // 5), max(3, 4 * len(lines) // 5))])

    @kinds.add("row lost", NO_ROW_COUNT)
    def _(rng, content):
        table = Table.read(content)
        number = some_row(rng, table)
        about = table.owner(number)
        del table.rows[number]
        return Mutated(table.write(), about)

    @kinds.add("row twice")
    def _(rng, content):
        table = Table.read(content)
        number = some_row(rng, table)
        about = table.owner(number)  # before another row has this number
        table.rows.insert(rng.randrange(1, len(table.rows)), table.rows[number])
        return Mutated(table.write(), about)

    @kinds.add("all rows twice")
    def _(rng, content):
        return content + content.split(b"\n", 1)[1]

    @kinds.add("rows in another order")
    def _(rng, content):
        table = Table.read(content)
        rows = table.rows[1:]
        rng.shuffle(rows)
        table.rows[1:] = rows
        return table.write()

    @kinds.add("row of blanks")
    def _(rng, content):
        table = Table.read(content)
        table.rows.insert(some_row(rng, table), [rng.choice(["", " "])] * len(table.header))
        return table.write()

    @kinds.add("comment among the rows")
    def _(rng, content):
        lines = content.splitlines(keepends=True)
        lines.insert(rng.randrange(0, len(lines)), b"# exported by hand\n")
        return b"".join(lines)

    @kinds.add("line of totals")
    def _(rng, content):
        table = Table.read(content)
        return table.write() + table.separator.join(["Total", *["0"] * (len(table.header) - 1)]).encode() + b"\n"

    @kinds.add("quote that does not end")
    def _(rng, content):
        table = Table.read(content)
        lines = content.splitlines(keepends=True)
        number = rng.randrange(1, len(lines))
        cells = lines[number].decode().split(table.separator)
        place = rng.randrange(len(cells))
        cells[place] = '"' + cells[place]
        lines[number] = table.separator.join(cells).encode()
        return b"".join(lines)

    @kinds.add("another separator")
    def _(rng, content):
        table = Table.read(content)
        table.separator = rng.choice([c for c in ",;\t|" if c != table.separator])
        return table.write()


def answers(table: Table) -> list[int]:
    """Return the places of the columns that hold Y and N alone."""
    return [place for place, name in enumerate(table.header) if set(table.column(name)) - set(MISSING) == {"Y", "N"}]


def exchanged(table: Table, one: int, other: int) -> bytes:
    for row in table.rows[1:]:
        row[one], row[other] = row[other], row[one]
    return table.write()


def column_kinds(kinds: Kinds) -> None:
    @kinds.add("two columns exchanged")
    def _(rng, content):
        table = Table.read(content)
        one, other = rng.sample(range(len(table.header)), 2)
        return None if {one, other} <= set(answers(table)) else exchanged(table, one, other)

    @kinds.add("two columns of Y and N exchanged", "one plausible answer for another")
    def _(rng, content):
        table = Table.read(content)
        places = answers(table)
        return exchanged(table, *rng.sample(places, 2)) if len(places) > 1 else None

    @kinds.add("column twice")
    def _(rng, content):
        table = Table.read(content)
        place = rng.randrange(len(table.header))
        table.rows = [[*row, row[place]] for row in table.rows]
        return table.write()

    @kinds.add("column's name misspelt")
    def _(rng, content):
        table = Table.read(content)
        place = rng.randrange(len(table.header))
        name = table.header[place]
        at = rng.randrange(1, len(name))
        spellings = [name.upper(), name[:at] + name[at + 1 :], name.replace("_", " "), name.replace("_", "")]
        table.header[place] = rng.choice([s for s in spellings if s != name])
        return table.write()

    @kinds.add("column's name looks the same")
    def _(rng, content):
        table = Table.read(content)
        place = rng.randrange(len(table.header))
        name = table.header[place]
        table.header[place] = rng.choice([name.translate(LOOKALIKES), name + "\u200b", name.translate(FULL_WIDTH)])
        return table.write()

    @kinds.add("column shifted by a row")
    def _(rng, content):
        table = Table.read(content)
        place = rng.randrange(len(table.header))
        if table.header[place] not in ("patient_id", "assessment_date", "sample_id", "fastq_1"):
            return None
        values = [row[place] for row in table.rows[1:]]
        for row, value in zip(table.rows[1:], values[1:] + values[:1], strict=True):
            row[place] = value
        return table.write()

    @kinds.add("trailing separators")
    def _(rng, content):
        mark = Table.read(content).separator.encode() * rng.randrange(1, 4)
        return content.replace(b"\n", mark + b"\n")

    @kinds.add("cell too many")
    def _(rng, content):
        table = Table.read(content)
        number = some_row(rng, table)
        table.rows[number].insert(rng.randrange(len(table.header)), "x")
        return table.write()

    @kinds.add("cell too few")
    def _(rng, content):
        table = Table.read(content)
        del table.rows[some_row(rng, table)][rng.randrange(len(table.header))]
        return table.write()


Edit = Callable[[random.Random, str], "str | None"]


def edit_cell(rng: random.Random, content: bytes, edit: Edit, wanted: Callable[[str, str], bool]) -> Mutated | None:
    """Change one cell that is filled and that the column and value make eligible."""
    table = Table.read(content)
    places = [
        (number, place)
        for number, row in enumerate(table.rows[1:], start=1)
        for place, cell in enumerate(row)
        if cell not in MISSING and wanted(table.header[place], cell)
    ]
    if not places:
        return None
    number, place = rng.choice(places)
    about = table.owner(number)
    changed = edit(rng, table.rows[number][place])
    if changed is None:
        return None
    table.rows[number][place] = changed
    return Mutated(table.write(), about | table.owner(number))


def edit_column(rng: random.Random, content: bytes, edit: Edit, wanted: Callable[[str, str], bool]) -> Mutated | None:
    """Change every filled cell of one column."""
    table = Table.read(content)
    places = [
        place
        for place, name in enumerate(table.header)
        if any(cell not in MISSING and wanted(name, cell) for cell in table.column(name))
    ]
    if not places:
        return None
    place = rng.choice(places)
    for row in table.rows[1:]:
        if row[place] not in MISSING:
            row[place] = edit(rng, row[place]) or row[place]
    return Mutated(table.write())


def is_text(name: str, cell: str) -> bool:
    return not DATE.fullmatch(cell) and not NUMBER.fullmatch(cell)


def is_name(name: str, cell: str) -> bool:
    """Return whether a cell names a group, whose spelling decides who belongs together."""
    return name in ("arm", "batch", "evaluator", "lesion_id", "patient_id", "sample_id")


def is_word(name: str, cell: str) -> bool:
    """Return whether a cell holds one of a few words."""
    words = (
        "response",
        "kind",
        "node",
        "timepoint",
        "specimen",
        "sex",
        "serious",
        "related",
        "liver",
        "brain",
        "new_",
        "value",
    )
    return any(word in name for word in words) and name != "site" and (name != "value" or is_text(name, cell))


def any_cell(name: str, cell: str) -> bool:
    return True


def cell_kinds(kinds: Kinds) -> None:
    @kinds.add("code for missing")
    def _(rng, content):
        return edit_cell(
            rng, content, lambda rng, cell: rng.choice(CODES), lambda n, c: not is_text(n, c) or is_word(n, c)
        )

    @kinds.add("letters of another script")
    def _(rng, content):
        return edit_cell(rng, content, lambda rng, cell: cell.translate(LOOKALIKES), is_name)

    @kinds.add("invisible character")
    def _(rng, content):
        marks = "\u200b\u00ad\ufeff\u2060\u200d"

        def put(rng, cell):
            place = rng.randrange(len(cell) + 1)
            return cell[:place] + rng.choice(marks) + cell[place:]

        return edit_cell(rng, content, put, any_cell)

    @kinds.add("full width")
    def _(rng, content):
        return edit_cell(rng, content, lambda rng, cell: cell.translate(FULL_WIDTH), any_cell)

    @kinds.add("blanks around")
    def _(rng, content):
        marks = [" ", "  ", "\u00a0", "\u3000"]
        return edit_cell(rng, content, lambda rng, cell: rng.choice(marks) + cell + rng.choice(marks), any_cell)

    @kinds.add("other case")
    def _(rng, content):
        return edit_cell(rng, content, lambda rng, cell: cell.swapcase(), lambda n, c: is_name(n, c) or is_word(n, c))

    @kinds.add("name mistyped")
    def _(rng, content):
        def mistype(rng, cell):
            at = rng.randrange(len(cell))
            typed = cell[:at] + rng.choice("qxz7") + cell[at + rng.randrange(2) :]
            return None if typed in names else typed

        names = {cell for row in Table.read(content).rows for cell in row}
        return edit_cell(rng, content, mistype, is_name)

    @kinds.add("name of another one", "one name of the trial for another, which no other cell contradicts")
    def _(rng, content):
        table = Table.read(content)
        name = rng.choice([name for name in table.header if is_name(name, "")] or [""])
        number = some_row(rng, table)
        others = (
            sorted(set(table.column(name)) - {*MISSING, table.rows[number][table.header.index(name)]}) if name else []
        )
        if not others:
            return None
        about = table.owner(number)
        table.rows[number][table.header.index(name)] = rng.choice(others)
        return Mutated(table.write(), about | table.owner(number))

    @kinds.add("another word")
    def _(rng, content):
        words = ["maybe", "Yes", "1", "Partial response", "stable", "x", "0", "TRUE", "yes"]
        return edit_cell(rng, content, lambda rng, cell: rng.choice(words), is_word)

    @kinds.add("formula")
    def _(rng, content):
        marks = ["=1+1", "=HYPERLINK(0)", "@SUM(A1)", "+1-1", "#REF!", "#VALUE!", "#NAME?"]
        return edit_cell(rng, content, lambda rng, cell: rng.choice(marks), lambda n, c: n not in ("name", "action"))

    @kinds.add("very long text")
    def _(rng, content):
        return edit_cell(rng, content, lambda rng, cell: cell * 20_000, any_cell)

    @kinds.add("line break in a cell")
    def _(rng, content):
        return edit_cell(rng, content, lambda rng, cell: cell[:1] + "\n" + cell[1:], any_cell)

    @kinds.add("patient of no table")
    def _(rng, content):
        return edit_cell(rng, content, lambda rng, cell: "Q" + cell, lambda n, c: n in ("patient_id", "sample_id"))

    @kinds.add("column blanked")
    def _(rng, content):
        return edit_column(rng, content, lambda rng, cell: "NA", lambda n, c: n.endswith("_date") or is_word(n, c))

    @kinds.add("cell blanked", NOT_FILLED)
    def _(rng, content):
        return edit_cell(rng, content, lambda rng, cell: rng.choice(["", "NA"]), any_cell)


def other_date(change: Callable[[random.Random, date], object]) -> Edit:
    def edit(rng: random.Random, cell: str) -> str | None:
        try:
            return str(change(rng, date.fromisoformat(cell)))
        except ValueError:
            return None

    return edit


def is_date(name: str, cell: str) -> bool:
    return bool(DATE.fullmatch(cell))


def date_kinds(kinds: Kinds) -> None:
    def both(name: str, change: Callable[[random.Random, date], object]) -> None:
        edit = other_date(change)
        kinds.add(name)(lambda rng, content: edit_cell(rng, content, edit, is_date))
        kinds.add(f"{name}, a whole column")(lambda rng, content: edit_column(rng, content, edit, is_date))

    both("date decades off", lambda rng, day: day + timedelta(rng.choice([-1, 1]) * 3653 * rng.randrange(1, 6)))
    both("date in another order", lambda rng, day: day.strftime(rng.choice(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y"])))
    both("date with two digits of a year", lambda rng, day: day.strftime(rng.choice(["%y-%m-%d", "%d%b%y"])))
    both("date as a number of a spreadsheet", lambda rng, day: (day - date(1899, 12, 30)).days)
    both("date without a day", lambda rng, day: day.strftime(rng.choice(["%Y-%m", "%Y", "%Y-%m-00", "%Y-%m-UN"])))
    both("date with an hour", lambda rng, day: day.strftime("%Y-%m-%dT00:00:00"))
    both("date that is none", lambda rng, day: rng.choice(["2024-02-30", "1900-01-00", "0000-00-00", "9999-12-31"]))
    kinds.add("date in the far future")(
        lambda rng, content: edit_cell(
            rng, content, other_date(lambda rng, day: day.replace(year=rng.randrange(2060, 2100), day=1)), is_date
        )
    )
    kinds.add("date some days off", "one plausible date for another")(
        lambda rng, content: edit_cell(
            rng, content, other_date(lambda rng, day: day + timedelta(rng.choice([-3, -1, 1, 3]))), is_date
        )
    )


def is_number(name: str, cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell)) and not name.endswith("_id")


def number_kinds(kinds: Kinds) -> None:
    def add(name: str, edit: Edit, column: bool = False, judgement: str = "") -> None:
        how = edit_column if column else edit_cell
        kinds.add(name, judgement)(lambda rng, content: how(rng, content, edit, is_number))

    beyond = ("1e30", "-1e30", "1e308", "1e400", "inf", "-inf", "nan", "0x10", "1_000", "99999999999999999999")
    add("number that is none or beyond all", lambda rng, cell: rng.choice(beyond))
    add("negative number", lambda rng, cell: f"-{cell}" if float(cell) else None)
    add("decimal comma", lambda rng, cell: f"{cell},5")
    add("thousands separated", lambda rng, cell: rng.choice(["1,234", "1 234", "1'234", "1.234,5"]))
    add("number with its unit", lambda rng, cell: cell + rng.choice([" mm", "mm", "%", " U/L", "<", "*"]))
    add("number with a bound", lambda rng, cell: rng.choice(["<", ">", "~", ">="]) + cell)
    add("digits of another script", lambda rng, cell: cell.translate({48 + d: 0x0660 + d for d in range(10)}))
    add("number a thousand times", lambda rng, cell: str(float(cell) * 1000) if float(cell) > 5 else None)
    add("number another one", lambda rng, cell: str(int(float(cell)) + 1), judgement="one plausible number for another")


def clinical_kinds() -> Kinds:
    """Return what can be done to clinical tables: units of time and size that are others."""
    kinds = table_kinds()

    def scaled(factor: float) -> Edit:
        return lambda rng, cell: f"{float(cell) * factor:.4g}"

    def column(name: str, columns: tuple[str, ...], factor: float) -> None:
        kinds.add(name)(
            lambda rng, content: edit_column(
                rng, content, scaled(factor), lambda n, c: n in columns and bool(NUMBER.fullmatch(c))
            )
        )

    column("months for days", ("pfs_days", "os_days"), 1 / 30.4375)
    column("days for months", ("pfs_months", "os_months"), 30.4375)
    column("weeks for days", ("pfs_days", "os_days"), 1 / 7)
    column("centimetres for millimetres", ("diameter_mm",), 0.1)
    column("months of age", ("age",), 12)
    codes = ["iCR", "iPR", "iSD", "iUPD", "iCPD", "NON-iCR/NON-iUPD"]
    kinds.add("another code of iRECIST")(
        lambda rng, content: edit_cell(
            rng,
            content,
            lambda rng, cell: rng.choice([code for code in codes if code != cell]),
            lambda n, c: n == "irecist_response" and c != "NE",
        )
    )
    return kinds


def day_table_kinds() -> Kinds:
    """Return what can be done to clinical tables of study days."""
    kinds = clinical_kinds()

    def day(name: str, edit: Edit, column: bool = False) -> None:
        how = edit_column if column else edit_cell
        kinds.add(name)(
            lambda rng, content: how(
                rng, content, edit, lambda n, c: n.endswith("day") and bool(NUMBER.fullmatch(c)) and int(c) != 1
            )
        )

    day("study day 0", lambda rng, cell: "0")
    day("study day with its word", lambda rng, cell: rng.choice(["D", "Day ", "C1D"]) + cell)
    day("part of a day", lambda rng, cell: f"{cell}.5")
    day("a date for a study day", lambda rng, cell: "2024-03-12")
    day("study day beyond reason", lambda rng, cell: rng.choice(["99999", "7306", "-40000", "999", "9999", "-99"]))
    day("study day decades off", lambda rng, cell: str(int(cell) + 3653 * rng.randrange(1, 6)))
    day("hours for days", lambda rng, cell: str(int(cell) * 24), column=True)
    day("study days from another start", lambda rng, cell: str(int(cell) + 400), column=True)
    return kinds
