"""ADaM (and SDTM-shaped) datasets in, as CSV or SAS transport files, turned into the project's clinical tables.

`MAPPING` is the table of what becomes what; docs/methods/endpoints.md prints it. Of several variables the first that
the dataset has is taken. What cannot be carried over is excluded, counted and reported.
"""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from anpi.files.text import decoded
from anpi.problems import InputError, Problem, fold, refuse
from anpi.tables.identifiers import identifier_problems, masked
from anpi.tables.names import is_lymph_node
from anpi.tables.reading import FIRST_DATA_ROW, read_text_table
from anpi.tables.schema import NUMBER
from anpi.trial.times import DAYS_PER_MONTH

SAS_EPOCH = pd.Timestamp("1960-01-01")
PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?$")
DAYS = {"DAYS": 1.0, "WEEKS": 7.0, "MONTHS": DAYS_PER_MONTH, "YEARS": 365.25}
DAYS |= {unit.removesuffix("S"): days for unit, days in DAYS.items()}


class Column(NamedTuple):
    """What a column of a clinical table is made from: dataset, variables in order of preference, and how."""

    dataset: str
    table: str
    column: str
    variables: tuple[str, ...]
    how: str = "as it stands"


DATE = "date; a partial one is left out"
MAPPING = (
    Column("ADSL", "patients", "patient_id", ("USUBJID", "SUBJID")),
    Column("ADSL", "patients", "arm", ("TRT01P", "ARM", "TRT01A")),
    Column("ADSL", "patients", "arm_received", ("TRT01A", "ACTARM")),
    Column("ADSL", "patients", "sex", ("SEX",), "F or M, else missing"),
    Column("ADSL", "patients", "age", ("AGE", "AAGE")),
    Column("ADSL", "patients", "ecog", ("ECOGBL", "BECOG", "ECOG")),
    Column("ADSL", "patients", "treatment_start_date", ("TRTSDT", "TRTSDTM", "RFXSTDTC"), DATE),
    Column("ADSL", "patients", "treatment_end_date", ("TRTEDT", "TRTEDTM", "RFXENDTC"), DATE),
    Column("ADSL", "patients", "treatment_end_reason", ("DCTREAS",)),
    Column("ADSL", "patients", "randomisation_date", ("RANDDT",), DATE),
    Column("ADSL", "patients", "death_date", ("DTHDT", "DTHDTC"), DATE),
    Column("ADSL", "patients", "last_alive_date", ("LSTALVDT",), DATE),
    Column("ADSL", "patients", "cutoff_date", ("DCUTDT", "DCUTOFF"), DATE),
    Column("ADSL", "patients", "withdrawal_date", ("EOSDT",), "where DCSREAS says WITHDRAWAL or WITHDREW"),
    Column("ADSL", "therapies", "patient_id", ("USUBJID", "SUBJID")),
    Column("ADSL", "therapies", "start_date", ("NACTDT", "NEWDRGDT"), DATE),
    Column("ADRS", "assessments", "patient_id", ("USUBJID", "SUBJID")),
    Column("ADRS", "assessments", "assessment_date", ("ADT", "RSDTC"), "date; a partial one: last day of the month"),
    Column("ADRS", "assessments", "overall_response", ("OVRLRESP", "AVALC"), "PARAMCD or RSTESTCD OVR, OVRLRESP"),
    Column("ADRS", "assessments", "target_response", ("TRGRESP", "AVALC"), "PARAMCD or RSTESTCD TRGRESP"),
    Column("ADRS", "assessments", "nontarget_response", ("NTRGRESP", "AVALC"), "PARAMCD or RSTESTCD NTRGRESP"),
    Column("ADRS", "assessments", "new_lesion", ("NEWLPROG", "AVALC"), "PARAMCD or RSTESTCD NEWLPROG; Y, N or E"),
    Column("ADRS", "assessments", "evaluator", ("RSEVAL", "EVAL", "PARCAT2"), "with the reader (RSEVALID) of several"),
    Column("ADRS", "assessments", "visit", ("AVISIT", "VISIT")),
    Column("ADTR", "lesions", "patient_id", ("USUBJID", "SUBJID")),
    Column("ADTR", "lesions", "assessment_date", ("ADT", "TRDTC"), "date; a partial one: first day of the month"),
    Column("ADTR", "lesions", "lesion_id", ("TRLNKID", "TULNKID", "LESIONID")),
    Column("ADTR", "lesions", "kind", ("TRGRPID", "TUSTRESC"), "target, nontarget or new"),
    Column("ADTR", "lesions", "node", ("TULOC",), "Y when it names a lymph node"),
    Column("ADTR", "lesions", "location", ("TULOC",)),
    Column("ADTR", "lesions", "diameter_mm", ("TRSTRESN", "AVAL"), "LDIAM, of nodes LPERP (TRTESTCD or PARAMCD)"),
    Column("ADTR", "lesions", "status", ("TRSTRESC", "AVALC"), "TUMSTATE; TRSTAT NOT DONE is not evaluable"),
    Column("ADTR", "lesions", "evaluator", ("TREVAL", "EVAL", "PARCAT3"), "with the reader (TREVALID) of several"),
    Column("ADTR", "lesions", "visit", ("AVISIT", "VISIT")),
    Column("ADTTE", "patients", "patient_id", ("USUBJID", "SUBJID"), "as in ADSL; others are refused"),
    Column("ADTTE", "patients", "pfs_days", ("AVAL",), "PARAMCD PFS; AVALU weeks, months and years become days"),
    Column("ADTTE", "patients", "pfs_event", ("CNSR",), "PARAMCD PFS; CNSR 0 is an event (1)"),
    Column("ADTTE", "patients", "os_days", ("AVAL",), "PARAMCD OS"),
    Column("ADTTE", "patients", "os_event", ("CNSR",), "PARAMCD OS; CNSR 0 is an event (1)"),
    Column("ADAE", "adverse_events", "patient_id", ("USUBJID", "SUBJID")),
    Column("ADAE", "adverse_events", "term", ("AEDECOD",)),
    Column("ADAE", "adverse_events", "soc", ("AEBODSYS", "AESOC")),
    Column("ADAE", "adverse_events", "grade", ("ATOXGR", "AETOXGR", "AESEV"), "1 to 5; MILD 1, MODERATE 2, SEVERE 3"),
    Column("ADAE", "adverse_events", "initial_grade", ("AITOXGR", "AEITOXGR"), "1 to 5"),
    Column("ADAE", "adverse_events", "start_date", ("ASTDT", "AESTDTC"), DATE),
    Column("ADAE", "adverse_events", "end_date", ("AENDT", "AEENDTC"), DATE),
    Column("ADAE", "adverse_events", "serious", ("AESER",), "Y or N"),
    Column("ADAE", "adverse_events", "related", ("AREL", "AEREL"), "Y (also REMOTE to DEFINITE) or N; else left out"),
    Column("ADAE", "adverse_events", "immune_related", ("IRAEFL", "AEIRFL", "IMMUNEFL"), "Y or N"),
    Column("ADAE", "adverse_events", "action", ("AEACN",)),
    Column("ADAE", "adverse_events", "outcome", ("AEOUT",)),
    Column("ADAE", "adverse_events", "group_id", ("AEGRPID",)),
)  # fmt: skip

NEEDED = {
    "ADSL": ("patient_id", "arm"),
    "ADRS": ("patient_id", "assessment_date"),
    "ADTR": ("patient_id", "assessment_date", "lesion_id", "kind"),
    "ADTTE": ("patient_id", "pfs_days", "pfs_event"),
    "ADAE": ("patient_id", "term", "soc", "grade"),
}
TIMES = ("PFS", "OS")
CODES = ("PARAMCD", "RSTESTCD")
CODED_AS = ("AVALC", "RSSTRESC")  # the value of a row of one parameter
RESPONSES = {"CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE"}
SYNONYMS = {"NN": "NON-CR/NON-PD", "NON-CR/NON-PROGRESSIVE DISEASE": "NON-CR/NON-PD", "UN": "NE"}
KINDS = {"TARGET": "target", "NON-TARGET": "nontarget", "NONTARGET": "nontarget", "NEW": "new"}
GRADES = {"MILD": "1", "MODERATE": "2", "SEVERE": "3", "LIFE THREATENING": "4", "FATAL": "5"}
RELATED = {"Y", "YES", "RELATED", "REMOTE", "POSSIBLE", "PROBABLE", "DEFINITE"}
RELATED |= {f"{word} RELATED" for word in ("REMOTELY", "POSSIBLY", "PROBABLY", "DEFINITELY")}
UNRELATED = {"N", "NO", "NONE", "NOT RELATED", "UNRELATED", "UNLIKELY", "UNLIKELY RELATED"}
NEW_LESION = {"Y": "Y", "UNEQUIVOCAL": "Y", "N": "N", "EQUIVOCAL": "E", "E": "E"}


@dataclass
class Converted:
    """Clinical tables as text, and what was left out or filled in on the way."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_adam(path: Path | str) -> pd.DataFrame:
    """Read a dataset as text: CSV, TSV or SAS transport (``.xpt``). Dates become YYYY-MM-DD."""
    if Path(path).suffix.lower() != ".xpt":
        frame = read_text_table(path)
        frame.columns = [str(column).upper() for column in frame.columns]
        return frame
    import pyreadstat

    if not Path(path).is_file():
        raise InputError(Problem(str(path), "file not found", mend="Check the path."))
    try:
        try:
            frame, _ = pyreadstat.read_xport(str(path))
        except UnicodeDecodeError:
            frame, _ = pyreadstat.read_xport(str(path), encoding=encoding_of(path))
    except (pyreadstat.ReadstatError, ValueError) as error:
        raise InputError(Problem(str(path), f"not a SAS transport file: {error}")) from None
    texts = {str(column).upper(): sas_text(frame[column]) for column in frame.columns}
    return pd.DataFrame(texts, index=frame.index, dtype=object)


def encoding_of(path: Path | str) -> str:
    """Return the encoding of the texts of a SAS transport file, which does not name it."""
    import pyreadstat

    frame, _ = pyreadstat.read_xport(str(path), encoding="ISO-8859-1")  # a character for each byte
    texts = (str(text) for name in frame for text in frame[name].dropna().unique())
    name, _ = decoded(str(path), "\n".join(texts).encode("latin-1", errors="ignore"))
    return name.upper()


def sas_text(values: pd.Series) -> pd.Series:
    """Turn a SAS variable into text; a numeric date without a format counts days since 1960."""
    name = str(values.name).upper()
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.strftime("%Y-%m-%d").astype(object).where(values.notna(), None)
    if pd.api.types.is_numeric_dtype(values):
        if name.endswith("DT"):
            dates = SAS_EPOCH + pd.to_timedelta(values, unit="D")
            return dates.dt.strftime("%Y-%m-%d").astype(object).where(values.notna(), None)
        return pd.Series(
            [None if np.isnan(v) else f"{round(v, 6):.15g}" for v in values], index=values.index, dtype=object
        )
    texts = values.map(lambda value: None if pd.isna(value) or str(value).strip() in ("", "NA") else str(value).strip())
    return texts.astype(object)


def convert_adam(paths: Mapping[str, Path | str | None]) -> Converted:
    """Turn ADaM datasets into the project's tables.

    Parameters
    ----------
    paths : mapping
        File by dataset: ``ADSL`` and any of ``ADRS``, ``ADTR``, ``ADTTE``, ``ADAE``.

    Raises
    ------
    InputError
        A variable looks like a direct identifier of a person, a dataset lacks every variable for a column that must be
        there, a date is none of the calendar, ADTTE has a subject that ADSL lacks or a value that is no time, unit or
        censoring; with all faults of all datasets.
    """
    datasets = {name: read_adam(path) for name, path in paths.items() if path is not None}
    return convert_datasets(datasets, {name: str(paths[name]) for name in datasets})


def convert_datasets(datasets: Mapping[str, pd.DataFrame], files: Mapping[str, str]) -> Converted:
    """Turn datasets that were read, by name, into the project's tables; ``files`` names them in faults."""
    identifying = [
        p for name, frame in datasets.items() for p in identifier_problems(frame, {}, name.lower(), files[name])
    ]
    refuse(identifying or [p for name, frame in datasets.items() for p in lacking(name, frame, files[name])])
    wrong = [p for name, frame in datasets.items() for p in wrong_dates(name, frame, files[name])]
    if "ADTTE" in datasets:
        wrong += wrong_times(datasets["ADTTE"], datasets["ADSL"], files["ADTTE"])
    refuse(wrong)
    result = Converted()
    result.tables["patients"] = patients_from(datasets["ADSL"], datasets.get("ADTTE"), result.notes)
    therapies = therapies_from(datasets["ADSL"], result.notes)
    if therapies is not None:
        result.tables["therapies"] = therapies
    if "ADRS" in datasets:
        result.tables["assessments"] = assessments_from(datasets["ADRS"], result.notes)
    if "ADTR" in datasets:
        result.tables["lesions"] = lesions_from(datasets["ADTR"], result.notes)
    if "ADAE" in datasets:
        result.tables["adverse_events"] = adverse_events_from(datasets["ADAE"], result.notes)
    return result


def lacking(dataset: str, frame: pd.DataFrame, file: str) -> list[Problem]:
    problems = []
    for rule in MAPPING:
        if rule.dataset == dataset and rule.column in NEEDED[dataset] and variable_of(rule, frame) is None:
            problems.append(
                Problem(
                    file,
                    f"no variable for {rule.table} column {rule.column}",
                    row=1,
                    found=", ".join(frame.columns),
                    expected=" or ".join(rule.variables),
                )
            )
    return problems + lacking_codes(dataset, frame, file)


def lacking_codes(dataset: str, frame: pd.DataFrame, file: str) -> list[Problem]:
    """Find datasets with one row per parameter that do not say of which, or not its value."""
    missing = []
    if dataset == "ADTTE" and "PARAMCD" not in frame:
        missing.append(("no variable for the parameter", "PARAMCD, of which PFS and OS are taken"))
    if dataset == "ADRS" and code_of(frame) is not None and value_of(frame) is None:
        missing.append((f"one row per {code_of(frame)}, and no variable for its value", " or ".join(CODED_AS)))
    if dataset == "ADRS" and code_of(frame) is None and "OVRLRESP" not in frame:
        missing.append(("no variable for the overall response", "OVRLRESP, or PARAMCD with AVALC"))
    found = ", ".join(frame.columns)
    return [Problem(file, message, row=1, found=found, expected=expected) for message, expected in missing]


def code_of(adrs: pd.DataFrame) -> str | None:
    return next((name for name in CODES if name in adrs), None)


def value_of(adrs: pd.DataFrame) -> str | None:
    return next((name for name in CODED_AS if name in adrs), None)


def wrong_dates(dataset: str, frame: pd.DataFrame, file: str) -> Iterator[Problem]:
    """Find partial dates whose month no calendar has."""
    rules = [rule for rule in MAPPING if rule.dataset == dataset and rule.column.endswith("_date")]
    for variable in dict.fromkeys(variable_of(rule, frame) for rule in rules):
        for index, text in () if variable is None else frame[variable].dropna().items():
            match = PARTIAL.fullmatch(text)
            if match and match[2] and not 1 <= int(match[2]) <= 12:
                expected = "a date of the calendar: YYYY-MM-DD, YYYY-MM or YYYY"
                mend = "Correct it in the data, or leave the cell empty."
                yield Problem(file, "", row_of(index), variable, found=text, expected=expected, mend=mend)


def row_of(index: Any) -> int:
    return int(index) + FIRST_DATA_ROW


def wrong_times(adtte: pd.DataFrame, adsl: pd.DataFrame, file: str) -> Iterator[Problem]:
    """Find times to an event that would be lost or wrong: of no subject of ADSL, not in numbers, in no known unit."""
    known = set(adsl[str(variable_of(SUBJECT_OF_ADSL, adsl))].dropna())
    spelt = {fold(text): text for text in known}
    subject = str(variable_of(SUBJECT_OF_ADTTE, adtte))
    rows = adtte[adtte["PARAMCD"].isin(TIMES)]
    for index, text in rows[subject].items():
        if text not in known:
            yield unknown_subject(file, row_of(index), subject, text or "", spelt.get(fold(text or "")))
    checks: tuple[tuple[str, Callable[[str], bool], str], ...] = (
        ("AVAL", is_time, "a number with a decimal point"),
        ("CNSR", is_censoring, "0 for an event, or 1 or more for a time that is censored"),
        ("AVALU", lambda text: text.upper() in DAYS, "DAYS, WEEKS, MONTHS or YEARS"),
    )
    for variable, right, expected in checks:
        for index, text in rows[variable].dropna().items() if variable in rows else ():
            if not right(text):
                yield masked(Problem(file, "", row_of(index), variable, found=text, expected=expected))


def unknown_subject(file: str, row: int, variable: str, text: str, near: str | None) -> Problem:
    """Return that a time to an event is of nobody: it would be lost. ``near`` is a subject but for its spelling."""
    mend = f"Is it {near}? Write it as ADSL does." if near else "Add the subject to ADSL, or take out the row."
    told = Problem(file, "", row, "patient_id", found=text, expected="a subject of ADSL", mend=mend)
    return replace(masked(told), column=variable)  # masked by what an id may look like


def is_time(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def is_censoring(text: str) -> bool:
    return is_time(text) and float(text) >= 0 and float(text).is_integer()


def variable_of(rule: Column, frame: pd.DataFrame) -> str | None:
    return next((variable for variable in rule.variables if variable in frame.columns), None)


SUBJECT_OF_ADSL, SUBJECT_OF_ADTTE = (
    next(rule for rule in MAPPING if (rule.dataset, rule.column) == (dataset, "patient_id"))
    for dataset in ("ADSL", "ADTTE")
)
READERS = {"ADRS": "RSEVALID", "ADTR": "TREVALID"}
EVALUATOR = next(rule for rule in MAPPING if (rule.dataset, rule.column) == ("ADRS", "evaluator"))


def take(frame: pd.DataFrame, dataset: str, table: str) -> pd.DataFrame:
    """Take the columns of a table from a dataset as they stand, each from its first variable that is there."""
    columns = {}
    for rule in MAPPING:
        if (rule.dataset, rule.table) == (dataset, table):
            variable = variable_of(rule, frame)
            if variable is not None:
                columns[rule.column] = frame[variable]
    return pd.DataFrame(columns, index=frame.index, dtype=object)


def name_readers(table: pd.DataFrame, source: pd.DataFrame, dataset: str) -> None:
    """Name the reader beside an evaluator that several read for, as the radiologists of an independent review."""
    variable = READERS[dataset]
    if variable not in source:
        return
    reader = source[variable].reindex(table.index)
    evaluator = table["evaluator"].fillna("") if "evaluator" in table else pd.Series("", index=table.index)
    several = reader.groupby(evaluator).transform("nunique") > 1
    both = [": ".join(part for part in pair if part) for pair in zip(evaluator, reader.fillna(""), strict=True)]
    named = pd.Series(both, index=table.index).where(several, evaluator)
    table["evaluator"] = named.replace({"": None})


def complete_dates(texts: pd.Series, fill: str | None, what: str, notes: list[str]) -> pd.Series:
    """Cut the time of day off dates; complete those without a day by ``fill`` (first, last) or leave them out."""

    def read(text: Any) -> str | None:
        if not isinstance(text, str):
            return None
        match = PARTIAL.fullmatch(text)
        if match is None:
            return text[:10]
        if fill is None or match[2] is None:
            return None
        last = calendar.monthrange(int(match[1]), int(match[2]))[1]
        return f"{text}-{1 if fill == 'first' else last:02d}"

    dates = texts.map(read).astype(object)
    partial = int(texts.map(lambda text: isinstance(text, str) and PARTIAL.fullmatch(text) is not None).sum())
    if partial:
        left = int((texts.notna() & dates.isna()).sum())
        notes.append(
            f"{what}: {partial} partial dates, {partial - left} completed to the {fill or 'no'} day, {left} left out"
        )
    return dates.where(dates.notna(), None)


def patients_from(adsl: pd.DataFrame, adtte: pd.DataFrame | None, notes: list[str]) -> pd.DataFrame:
    table = take(adsl, "ADSL", "patients")
    for column in [c for c in table if c.endswith("_date")]:
        table[column] = complete_dates(table[column], None, f"patients {column}", notes)
    if "sex" in table:
        table["sex"] = table["sex"].where(table["sex"].isin(["F", "M"]), None)
    if "withdrawal_date" in table:
        reason = adsl.get("DCSREAS", pd.Series(None, index=adsl.index, dtype=object)).fillna("").str.upper()
        table["withdrawal_date"] = table["withdrawal_date"].where(reason.str.contains("WITHDRAWAL|WITHDREW"), None)
    missing = table["arm"].isna()
    if missing.any():
        notes.append(f"patients: {int(missing.sum())} subjects without an arm left out")
        table = table[~missing]
    return table if adtte is None else with_times(table, adtte, notes)


def with_times(patients: pd.DataFrame, adtte: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Add the times to an event as the sponsor derived them."""
    table, subject = patients.copy(), str(variable_of(SUBJECT_OF_ADTTE, adtte))
    for name, number in adtte.loc[~adtte["PARAMCD"].isin(TIMES), "PARAMCD"].value_counts(dropna=False).items():
        notes.append(f"patients: {number} rows of ADTTE left out, of parameter {name}")
    for name in TIMES:
        rows = adtte[adtte["PARAMCD"] == name]
        further = int(rows[subject].duplicated().sum())
        if further:
            notes.append(f"patients {name.lower()}_days: {further} rows left out, a subject's first row stands")
        rows = rows.drop_duplicates(subject).set_index(subject)
        for column, values in (("days", in_days(rows)), ("event", 1 - pd.to_numeric(rows["CNSR"]).clip(upper=1))):
            told = table["patient_id"].map(values)
            table[f"{name.lower()}_{column}"] = [None if pd.isna(v) else f"{v:.10g}" for v in told]
    return table


def therapies_from(adsl: pd.DataFrame, notes: list[str]) -> pd.DataFrame | None:
    """Return the first anticancer therapy after the trial's, where ADSL has its date."""
    table = take(adsl, "ADSL", "therapies")
    if "start_date" not in table:
        return None
    table["start_date"] = complete_dates(table["start_date"], None, "therapies start_date", notes)
    return table[table["start_date"].notna()]


def in_days(rows: pd.DataFrame) -> pd.Series:
    unit = rows.get("AVALU", pd.Series("DAYS", index=rows.index)).fillna("DAYS").str.upper()
    return pd.to_numeric(rows["AVAL"]) * unit.map(DAYS)


def assessments_from(adrs: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Make one row per scan, from one row per scan (SDTM made wide) or one row per scan and parameter (ADRS)."""
    codes = code_of(adrs)
    # A value without its parameter is that of no column.
    wide = adrs.drop(columns="AVALC", errors="ignore") if codes is None else widen(adrs, codes, notes)
    table = take(wide, "ADRS", "assessments")
    name_readers(table, wide, "ADRS")
    table["assessment_date"] = complete_dates(table["assessment_date"], "last", "assessments", notes)
    if "overall_response" not in table:
        table["overall_response"] = None
    for column in ("overall_response", "target_response", "nontarget_response"):
        if column in table:
            named = table[column].map(
                lambda text: SYNONYMS.get(text.upper(), text.upper()) if isinstance(text, str) else None
            )
            table[column] = translated(named, {value: value for value in RESPONSES}, f"assessments {column}", notes)
    if "new_lesion" in table:
        table["new_lesion"] = translated(table["new_lesion"], NEW_LESION, "assessments new_lesion", notes)
    unusable = table["overall_response"].isna() | table["assessment_date"].isna()
    if unusable.any():
        notes.append(f"assessments: {int(unusable.sum())} scans without a response or a date left out")
    return table[~unusable]


def translated(texts: pd.Series, meanings: Mapping[str, str], what: str, notes: list[str]) -> pd.Series:
    """Put known words in place of a dataset's; others are left out, counted and told."""
    for value, number in texts[texts.notna() & ~texts.isin(list(meanings))].value_counts().sort_index().items():
        notes.append(f"{what}: {number} values {value} left out")
    found = texts.map(meanings).astype(object)
    return found.where(found.notna(), None)


def widen(adrs: pd.DataFrame, codes: str, notes: list[str]) -> pd.DataFrame:
    value, day = value_of(adrs), "ADT" if "ADT" in adrs else "RSDTC"
    readers = ("RSEVAL", "EVAL", variable_of(EVALUATOR, adrs), READERS["ADRS"])
    names = ("USUBJID", "SUBJID", day, *readers, "AVISIT", "VISIT")
    keys = [name for name in dict.fromkeys(names) if name is not None and name in adrs]
    rows = adrs[adrs[codes].isin(["OVR", "OVRLRESP", "TRGRESP", "NTRGRESP", "NEWLPROG"])]
    undated = int(rows[day].isna().sum())
    if undated:
        notes.append(f"assessments: {undated} rows without a date left out")
    rows = rows[rows[day].notna()]
    name = rows[codes].replace({"OVR": "OVRLRESP"})
    filled = rows.assign(_name=name, **{key: rows[key].fillna("") for key in keys})
    filled["_copy"] = filled.groupby([*keys, "_name"]).cumcount()
    scan = [*keys, "_copy"]
    first = filled.reset_index(names="_row").groupby(scan)["_row"].min()
    wide = filled.set_index([*scan, "_name"])[value].unstack("_name")
    wide = wide.reset_index().set_axis(first.reindex(wide.index).to_numpy(), axis=0).drop(columns="_copy")
    wide.columns.name = None
    return wide.astype(object).replace({"": None}).where(lambda frame: frame.notna(), None)


def lesions_from(adtr: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Make one row per lesion and scan: the longest diameter, of nodes the short axis, of others the state."""
    table = take(adtr, "ADTR", "lesions").reindex(columns=[rule.column for rule in MAPPING if rule.table == "lesions"])
    name_readers(table, adtr, "ADTR")
    table["assessment_date"] = complete_dates(table["assessment_date"], "first", "lesions", notes)
    table["kind"] = table["kind"].map(lambda text: KINDS.get(text.upper()) if isinstance(text, str) else None)
    node = table["location"].map(is_lymph_node).astype(bool)
    table["node"] = np.where(node, "Y", "N")
    code = next((name for name in ("TRTESTCD", "PARAMCD") if name in adtr), None)
    test = (adtr[code] if code else pd.Series("LDIAM", index=adtr.index)).fillna("").str.upper()
    length = test.str.startswith("LDIAM") & (~node | ~test.isin(["LDIAM", "LPERP"])) | (test == "LPERP") & node
    state = (test == "TUMSTATE") & table["kind"].isin(["nontarget", "new"])
    size = table["diameter_mm"].where(length, None)
    table["status"] = (
        table["status"].map(lambda text: text.lower() if isinstance(text, str) else None).where(state, None)
    )
    not_done = adtr.get("TRSTAT", pd.Series(None, index=adtr.index)).eq("NOT DONE")
    table["status"] = table["status"].where(~not_done, "not done")
    table["diameter_mm"] = size.where(~not_done, None)
    whole = (length | state) & table["lesion_id"].notna() & table["kind"].notna() & table["assessment_date"].notna()
    other = int((~whole & table["lesion_id"].notna() & ~test.isin(["LDIAM", "LPERP"])).sum())
    if other:
        notes.append(f"lesions: {other} rows of other measurements left out")
    lost = int((length & ~whole).sum())
    if lost:
        notes.append(f"lesions: {lost} diameters left out without a lesion, a date, or TARGET, NON-TARGET or NEW")
    place = pd.MultiIndex.from_frame(table[["patient_id", "lesion_id", "assessment_date"]].fillna(""))
    alone = int((node & (test == "LDIAM") & ~place.isin(place[test == "LPERP"])).sum())
    if alone:
        notes.append(f"lesions: {alone} longest diameters of nodes left out, which have no short axis (LPERP)")
    return table[whole]


def adverse_events_from(adae: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    table = take(adae, "ADAE", "adverse_events")
    for column in ("start_date", "end_date"):
        if column in table:
            table[column] = complete_dates(table[column], None, f"adverse events {column}", notes)
    for column in ("grade", "initial_grade"):
        if column in table:
            table[column] = table[column].map(
                lambda text: GRADES.get(text.upper(), text) if isinstance(text, str) else None
            )
    if "related" in table:
        relations = dict.fromkeys(sorted(RELATED), "Y") | dict.fromkeys(sorted(UNRELATED), "N")
        upper = table["related"].map(lambda text: text.upper() if isinstance(text, str) else None)
        table["related"] = translated(upper, relations, "adverse events related", notes)
    unusable = table[["term", "soc", "grade"]].isna().any(axis=1)
    if unusable.any():
        notes.append(f"adverse events: {int(unusable.sum())} rows without term, class or grade left out")
    return table[~unusable]
