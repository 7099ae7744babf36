"""ADaM (and SDTM-shaped) datasets in, as CSV or SAS transport files, turned into the project's clinical tables.

`MAPPING` is the table of what becomes what; docs/methods/endpoints.md prints it. Of several variables the first that
the dataset has is taken. What cannot be carried over is excluded, counted and reported.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from anpi.problems import InputError, Problem, refuse
from anpi.tables.identifiers import identifier_problems
from anpi.tables.reading import read_text_table
from anpi.trial.times import DAYS_PER_MONTH

SAS_EPOCH = pd.Timestamp("1960-01-01")
PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?$")
DAYS = {"DAYS": 1.0, "DAY": 1.0, "WEEKS": 7.0, "MONTHS": DAYS_PER_MONTH, "YEARS": 365.25}


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
    Column("ADRS", "assessments", "evaluator", ("RSEVAL", "EVAL", "PARCAT2")),
    Column("ADRS", "assessments", "visit", ("AVISIT", "VISIT")),
    Column("ADTR", "lesions", "patient_id", ("USUBJID", "SUBJID")),
    Column("ADTR", "lesions", "assessment_date", ("ADT", "TRDTC"), "date; a partial one: first day of the month"),
    Column("ADTR", "lesions", "lesion_id", ("TRLNKID", "TULNKID", "LESIONID")),
    Column("ADTR", "lesions", "kind", ("TRGRPID", "TUSTRESC"), "target, nontarget or new"),
    Column("ADTR", "lesions", "node", ("TULOC",), "Y when it holds LYMPH NODE"),
    Column("ADTR", "lesions", "location", ("TULOC",)),
    Column("ADTR", "lesions", "diameter_mm", ("TRSTRESN", "AVAL"), "LDIAM, of nodes LPERP (TRTESTCD or PARAMCD)"),
    Column("ADTR", "lesions", "status", ("TRSTRESC", "AVALC"), "TUMSTATE; TRSTAT NOT DONE is not evaluable"),
    Column("ADTR", "lesions", "evaluator", ("TREVAL", "EVAL", "PARCAT3")),
    Column("ADTR", "lesions", "visit", ("AVISIT", "VISIT")),
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
    "ADTTE": (),
    "ADAE": ("patient_id", "term", "soc", "grade"),
}
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
        frame, _ = pyreadstat.read_xport(str(path))
    except (pyreadstat.ReadstatError, ValueError) as error:
        raise InputError(Problem(str(path), f"not a SAS transport file: {error}")) from None
    texts = {str(column).upper(): sas_text(frame[column]) for column in frame.columns}
    return pd.DataFrame(texts, index=frame.index, dtype=object)


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
        A variable looks like a direct identifier of a person, or a dataset lacks every variable for a column that must
        be there; with all faults of all datasets.
    """
    datasets = {name: read_adam(path) for name, path in paths.items() if path is not None}
    return convert_datasets(datasets, {name: str(paths[name]) for name in datasets})


def convert_datasets(datasets: Mapping[str, pd.DataFrame], files: Mapping[str, str]) -> Converted:
    """Turn datasets that were read, by name, into the project's tables; ``files`` names them in faults."""
    identifying = [
        p for name, frame in datasets.items() for p in identifier_problems(frame, {}, name.lower(), files[name])
    ]
    refuse(identifying or [p for name, frame in datasets.items() for p in lacking(name, frame, files[name])])
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
    return problems


def variable_of(rule: Column, frame: pd.DataFrame) -> str | None:
    return next((variable for variable in rule.variables if variable in frame.columns), None)


def take(frame: pd.DataFrame, dataset: str, table: str) -> pd.DataFrame:
    """Take the columns of a table from a dataset as they stand, each from its first variable that is there."""
    columns = {}
    for rule in MAPPING:
        if (rule.dataset, rule.table) == (dataset, table):
            variable = variable_of(rule, frame)
            if variable is not None:
                columns[rule.column] = frame[variable]
    return pd.DataFrame(columns, index=frame.index, dtype=object)


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
    if adtte is not None:
        for name in ("PFS", "OS"):
            rows = adtte[adtte["PARAMCD"] == name]
            further = int(rows["USUBJID"].duplicated().sum())
            if further:
                notes.append(f"patients {name.lower()}_days: {further} rows left out, a subject's first row stands")
            rows = rows.drop_duplicates("USUBJID").set_index("USUBJID")
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
    codes = next((name for name in ("PARAMCD", "RSTESTCD") if name in adrs), None)
    wide = adrs if codes is None else widen(adrs, codes)
    table = take(wide, "ADRS", "assessments")
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


def widen(adrs: pd.DataFrame, codes: str) -> pd.DataFrame:
    value = "AVALC" if "AVALC" in adrs else "RSSTRESC"
    day = "ADT" if "ADT" in adrs else "RSDTC"
    keys = [c for c in ("USUBJID", "SUBJID", day, "RSEVAL", "EVAL", "AVISIT", "VISIT") if c in adrs]
    rows = adrs[adrs[codes].isin(["OVR", "OVRLRESP", "TRGRESP", "NTRGRESP", "NEWLPROG"]) & adrs[day].notna()]
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
    table["assessment_date"] = complete_dates(table["assessment_date"], "first", "lesions", notes)
    table["kind"] = table["kind"].map(lambda text: KINDS.get(text.upper()) if isinstance(text, str) else None)
    node = table["location"].map(lambda text: isinstance(text, str) and "LYMPH NODE" in text.upper()).astype(bool)
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
