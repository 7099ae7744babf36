"""ADaM and SDTM datasets of a delivery: told by their variables, converted by the project's table of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from anpi.delivery.conversions import Conversions
from anpi.delivery.sources import Source
from anpi.delivery.tables import Table
from anpi.problems import InputError, Problem
from anpi.tables.adam import MAPPING, RESPONSES, SYNONYMS, convert_datasets, in_days, variable_of
from anpi.tables.identifiers import identifier_problems
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import NUMBER

# Variables that tell a dataset beside the subject's: all of one line.
SIGNS = {
    "ADTTE": (("PARAMCD", "CNSR"),),
    "ADTR": (("TRLNKID", "TRDTC"), ("TRLNKID", "ADT"), ("TULNKID", "TRTESTCD"), ("LESIONID", "ADT")),
    "ADRS": (("OVRLRESP",), ("RSTESTCD",), ("PARAMCD", "AVALC", "ADT")),
    "ADAE": (("AEDECOD", "AESEV"), ("AEDECOD", "ATOXGR"), ("AEDECOD", "AETOXGR")),
    "ADSL": (("TRT01P",), ("TRT01A",), ("ARM", "TRTSDT"), ("ARM", "RFXSTDTC"), ("ARM", "RFSTDTC")),
}
SUBJECTS = {"USUBJID", "SUBJID"}
CODES = ("PARAMCD", "RSTESTCD")


def dataset_of(source: Source) -> str | None:
    """Return which dataset a source is; None for one that is no dataset of CDISC's."""
    variables = {str(column).upper() for column in source.frame}
    if not SUBJECTS & variables:
        return None
    return next((name for name, lines in SIGNS.items() if any(set(line) <= variables for line in lines)), None)


def convert_sources(sources: Mapping[str, Source], conversions: Conversions) -> tuple[dict[str, Table], list[str]]:
    """Convert datasets to the tables of the trial.

    Returns
    -------
    tables : dict of str to Table
        By name.
    notes : list of str
        What was left out or filled in, counted.
    """
    frames = {}
    for name, source in sources.items():
        frame = source.frame.set_axis([str(column).upper() for column in source.frame], axis=1)
        for problem in identifier_problems(frame, {}, name.lower(), source.shown):
            conversions.add(source.place, None, str(problem.column), "column", "", f"left out: {problem.message}")
            frame = frame.drop(columns=problem.column)
        frames[name] = frame
    if "ADSL" not in frames:
        found = ", ".join(source.shown for source in sources.values())
        raise InputError(Problem(found, "no dataset of subjects", expected="ADSL, or DM with arms and treatment start"))
    converted = convert_datasets(frames, {name: source.shown for name, source in sources.items()})
    tables = {}
    for table, frame in converted.tables.items():
        dataset = next(rule.dataset for rule in MAPPING if rule.table == table)
        tables[table] = traced(table, frame, sources[dataset], frames[dataset], conversions)
    if "ADTTE" in frames:
        note_times(sources["ADTTE"], frames["ADTTE"], conversions)
    return tables, converted.notes


def traced(table: str, frame: pd.DataFrame, source: Source, dataset: pd.DataFrame, conversions: Conversions) -> Table:
    """Note what became of each cell of a dataset, and give the table with the places of its rows."""
    name = next(rule.dataset for rule in MAPPING if rule.table == table)
    long = table == "assessments" and any(code in dataset for code in CODES)
    headers = {}
    for rule in MAPPING:
        variable = variable_of(rule, dataset)
        if (rule.dataset, rule.table) != (name, table) or rule.column not in frame or variable is None:
            continue
        headers[rule.column] = variable
        if not (long and "response" in rule.column):
            note_cells(dataset[variable], frame[rule.column], source, f"{table}.{rule.column}: {rule.how}", conversions)
    if long:
        conversions.add(
            source.place, None, "", "one row per parameter", "one row per scan", "long to wide, by PARAMCD or RSTESTCD"
        )
        note_responses(source, dataset, conversions)
    elif table != "therapies":
        for index in dataset.index.difference(frame.index):
            row = int(index) + FIRST_DATA_ROW
            conversions.add(source.place, row, "", "row", "", f"left out: no row of {table} by the table of variables")
    origins = [(source.shown, int(index) + FIRST_DATA_ROW) for index in frame.index]
    return Table(frame.reset_index(drop=True).astype(object), origins, headers)


def note_cells(was: pd.Series, now: pd.Series, source: Source, why: str, conversions: Conversions) -> None:
    """Note the cells of a variable that are others in the table."""
    was = was.reindex(now.index)
    changed = was.notna() & ((was != now) | now.isna())
    if now.name == "status":  # a diameter stands there too, and is taken as one
        changed &= ~was.astype("string").fillna("").str.fullmatch(NUMBER.pattern)
    for index in now.index[changed]:
        conversions.add(source.place, int(index) + FIRST_DATA_ROW, str(was.name), was[index], now[index], why)


def note_responses(source: Source, dataset: pd.DataFrame, conversions: Conversions) -> None:
    """Note the responses of a dataset with one row per parameter that are written otherwise in the table."""
    value = "AVALC" if "AVALC" in dataset else "RSSTRESC"
    for index, text in dataset[value].dropna().items():
        response = SYNONYMS.get(text.upper(), text.upper())
        if response != text and response in RESPONSES:
            conversions.add(
                source.place, int(str(index)) + FIRST_DATA_ROW, value, text, response, "a response in one spelling"
            )


def note_times(source: Source, dataset: pd.DataFrame, conversions: Conversions) -> None:
    """Note the times of ADTTE whose censoring was turned into events and whose unit became days."""
    rows = dataset[dataset["PARAMCD"].isin(["PFS", "OS"])]
    for index, censored, value, days in zip(rows.index, rows["CNSR"], rows["AVAL"], in_days(rows), strict=True):
        row = int(index) + FIRST_DATA_ROW
        event = "" if censored is None else "1" if float(censored) == 0 else "0"
        conversions.add(source.place, row, "CNSR", censored, event, "CNSR 0 is an event (1)")
        if value is not None and float(value) != days:
            conversions.add(source.place, row, "AVAL", value, f"{days:.10g}", "AVALU to days")


def described(sources: Mapping[str, Source]) -> list[str]:
    """Return a line for each variable of the datasets: what it was taken for."""
    lines = []
    for name, source in sources.items():
        lines.append(f"{source.shown}: {name}, by its variables")
        used: dict[str, list[str]] = {}
        for rule in MAPPING:
            variable = variable_of(rule, source.frame.rename(columns=str.upper))
            if rule.dataset == name and variable is not None:
                used.setdefault(variable, []).append(f"{rule.table}.{rule.column} ({rule.how})")
        lines += [f"  {variable}: {'; '.join(used[variable])}" for variable in used]
        rest = [column for column in map(str, source.frame) if column.upper() not in used]
        lines += [f"  {column}: not used by the table of variables" for column in rest]
    return lines


def split_sources(sources: Sequence[Source]) -> tuple[dict[str, Source], list[Source]]:
    """Separate datasets of CDISC's, each kind once, from all other tables.

    Raises
    ------
    InputError
        Two datasets of one kind.
    """
    datasets: dict[str, Source] = {}
    others = []
    for source in sources:
        name = dataset_of(source)
        if name is None:
            others.append(source)
        elif name in datasets:
            raise InputError(
                Problem(source.shown, f"{name} a second time, beside {datasets[name].shown}", mend="Give one.")
            )
        else:
            datasets[name] = source
    return datasets, others
