"""The clinical tables in: patients, assessments, lesions, therapies and adverse events, checked one by one and
against each other.

What cannot be is refused with its place (`InputError`): a value of the wrong kind, a death or an end of
treatment before its start, a lesion that is target in one row and non-target in another. What can be, but asks
for an answer, becomes a `Query` for the data manager and stops nothing: a subject that patients.csv does not
have, a scan before the baseline, a scan after death.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from anpi.problems import InputError, Problem, nearest, refuse
from anpi.tables.biomarkers import biomarker_problems
from anpi.tables.names import alike, is_lymph_node, skeleton
from anpi.tables.reading import FIRST_DATA_ROW, case_problems, check_table, read_table, read_text_table
from anpi.tables.schema import day_form
from anpi.trial.endpoints import SUPPLIED_TIMES
from anpi.trial.times import DAYS_PER_MONTH

if TYPE_CHECKING:
    from pandas.core.groupby import SeriesGroupBy

TABLES = ("patients", "assessments", "lesions", "therapies", "adverse_events", "biomarkers")
REFERENCES = ("treatment_start", "randomisation")  # what times count from; the first is the default

NOT_EVALUABLE = ("不可评价", "不可评估", "无法评价", "无法评估")
STATES = {
    "target": {
        "measured": ("measured", "present", "ok", "evaluable"),
        "absent": ("absent", "disappeared", "resolved", "gone", "cr", "merged", "消失"),
        "too small": ("too small to measure", "too small", "tstm", "below measurable limit", "太小无法测量"),
        "not evaluable": ("not evaluable", "ne", "not assessed", "not done", "missing", *NOT_EVALUABLE),
    },
    "nontarget": {
        "present": (
            "present",
            "persistent",
            "stable",
            "unchanged",
            "non-cr/non-pd",
            "non-cr",
            "nn",
            "sd",
            "pr",
            "equivocal",
            "no change",
            "nc",
            "inc",
            "存在",
            "持续存在",
        ),
        "absent": ("absent", "disappeared", "resolved", "gone", "normal", "cr", "消失"),
        "progression": ("progression", "unequivocal progression", "unequivocal", "une", "progressed", "pd", "明确进展"),
        "not evaluable": ("not evaluable", "ne", "not assessed", "not done", "missing", *NOT_EVALUABLE),
        "as before": ("no change since last", "ncla"),
        "grown": ("increased", "increased since last", "further increase", "incla"),
    },
    "new": {
        "unequivocal": ("unequivocal", "y", "yes", "new", "present", "confirmed", "definite", "pd"),
        "equivocal": ("equivocal", "e", "possible", "uncertain"),
        "as before": ("no change since last", "ncla", "no change", "nc", "unchanged", "stable"),
        "grown": ("increased", "increased since last", "further increase", "inc", "incla"),
        "absent": ("absent", "n", "no", "refuted", "not confirmed", "resolved", "gone"),
        "not evaluable": ("ne", "not evaluable"),
    },
}

HIGHEST_AGE = 89
FATAL = ("fatal", "fatal outcome", "death", "died", "dead", "deceased", "resulted in death", "死亡")
DERIVED = ("state",)  # columns that are added to the tables read
# Tables in which a row that stands twice is taken once, and what a row is.
COUNTED = {"adverse_events": "event", "therapies": "therapy", "lesions": "lesion", "biomarkers": "measurement"}

ANSWERS = {"y", "n", "yes", "no"}
# Dates of a patient that cannot lie before the start of treatment.
AFTER_START = ("treatment_end", "death")


@dataclass(frozen=True, order=True)
class Query:
    """A question to the data manager.

    Parameters
    ----------
    patient_id : str
        Whose data it is about.
    severity : str
        ``error`` (an endpoint may be wrong), ``warning`` (two facts disagree) or ``note``.
    rule : str
        The name of the check.
    message : str
        What was found, with its place.
    """

    patient_id: str
    severity: str
    rule: str
    message: str


@dataclass
class Clinical:
    """The clinical tables of a trial; None for one that was not given.

    Rows of subjects that ``patients`` does not have are left out, with a query each.
    """

    patients: pd.DataFrame
    assessments: pd.DataFrame | None = None
    lesions: pd.DataFrame | None = None
    therapies: pd.DataFrame | None = None
    adverse_events: pd.DataFrame | None = None
    biomarkers: pd.DataFrame | None = None
    queries: list[Query] = field(default_factory=list)


def tables_of(clinical: Clinical) -> dict[str, pd.DataFrame]:
    """Return the tables that the trial has, by name."""
    return {table: getattr(clinical, table) for table in TABLES if getattr(clinical, table) is not None}


def read_clinical(paths: Mapping[str, Path | str | None]) -> Clinical:
    """Read the clinical tables and check them together.

    Parameters
    ----------
    paths : mapping
        File by table: ``patients`` and any of the other `TABLES`.

    Returns
    -------
    Clinical
        Tables typed as `reading.read_table` says; lesions with a column ``state``.

    Raises
    ------
    InputError
        With every fault of every file.
    """
    frames: dict[str, pd.DataFrame] = {}
    problems: list[Problem] = []
    for table in TABLES:
        path = paths.get(table)
        if path is None:
            continue
        frame, faults = read_forgiving(path, table)
        problems += faults
        if frame is not None:
            frames[table] = frame
    contradictions: list[Problem] = []
    if "patients" in frames:
        contradictions += patient_problems(frames["patients"])
        if not any(problem.column == "treatment_start_date" for problem in problems):
            contradictions += study_day_problems(frames)
    if "lesions" in frames:
        contradictions += lesion_problems(frames["lesions"])
    if "biomarkers" in frames:
        contradictions += biomarker_problems(frames["biomarkers"])
    contradictions += spelling_problems(frames)
    cells = {(problem.file, problem.row, problem.column) for problem in problems}
    refuse(problems + [p for p in contradictions if (p.file, p.row, p.column) not in cells])
    queries: list[Query] = []
    if "lesions" in frames:
        lesions = frames["lesions"]
        queries += [*unknown_statuses(lesions), *node_queries(lesions), *absent_with_size(lesions)]
        lesions = lesions.assign(node=nodes(lesions))
        frames["lesions"] = lesions.assign(state=lesion_states(lesions))
    patients = frames.pop("patients")
    fill_days(patients)
    queries += high_ages(patients)
    queries += cut_tables({"patients": patients, **frames})
    for table, frame in frames.items():
        frame, twice = once(frame, table)
        frames[table], strangers = rows_of_patients(frame, table, patients)
        queries += twice + strangers
    return Clinical(patients, **frames, queries=queries)


def read_forgiving(path: Path | str, table: str) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Read a table; one with wrong values is given without them, so that all else in it can still be checked.

    Returns
    -------
    frame : DataFrame or None
        None when the table cannot be read without its wrong values either.
    problems : list of Problem
        Every fault; with any, the frame is good for checks alone.
    """
    try:
        return read_table(path, table), []
    except InputError as error:
        problems = error.problems
    try:
        texts = read_text_table(path)
        for problem in problems:
            if problem.row is not None and problem.column in texts:
                texts.loc[problem.row - FIRST_DATA_ROW, problem.column] = None
        return check_table(texts, table, str(path)), problems
    except (InputError, KeyError):
        return None, problems


def row_number(index: object) -> int:
    """Return the row of the file, as a spreadsheet counts, for an index of a table that was read."""
    return int(str(index)) + FIRST_DATA_ROW


def rows_of_patients(frame: pd.DataFrame, table: str, patients: pd.DataFrame) -> tuple[pd.DataFrame, list[Query]]:
    """Set aside the rows of subjects that patients.csv does not have."""
    listed = frame["patient_id"].isin(patients["patient_id"])
    ids = list(patients["patient_id"])
    queries = []
    for patient, rows in frame[~listed].groupby("patient_id").groups.items():
        near = nearest(str(patient), ids, 0.8)
        hint = f"; is it {near}?" if near else ""
        message = (
            f"{table} has {len(rows)} row(s), the first in row {row_number(min(rows))}, but patients does not{hint}"
        )
        # What no id begins with, a spreadsheet may take for a formula.
        shown = str(patient) if str(patient)[0].isalnum() else f"'{patient}"
        queries.append(Query(shown, "error", "subject_without_patient", message))
    return frame[listed], queries


def once(frame: pd.DataFrame, table: str) -> tuple[pd.DataFrame, list[Query]]:
    """Take rows that are the same as a row before them out of the tables whose rows are counted."""
    if table not in COUNTED:
        return frame, []
    same = frame.groupby(list(frame.columns), dropna=False, sort=False).ngroup()
    first = {group: index for index, group in same.drop_duplicates().items()}
    twice = same.duplicated()
    queries = []
    for index, patient in frame.loc[twice, "patient_id"].items():
        text = f"{table} row {row_number(index)}: the same as row {row_number(first[same[index]])}; counted once"
        queries.append(Query(patient, "warning", f"{COUNTED[table]}_given_twice", text))
    return frame[~twice], queries


def cut_tables(frames: Mapping[str, pd.DataFrame]) -> Iterator[Query]:
    """Ask about tables whose last row has no line end: copying that broke off leaves such a file, few editors do."""
    for table, frame in frames.items():
        if frame.attrs.get("cut"):
            patient, row = frame["patient_id"].iloc[-1], row_number(frame.index[-1])
            text = f"{table} row {row}, the last, has no line end; was the file cut short, and is the last cell whole?"
            yield Query(patient, "warning", "table_may_be_cut", text)


def spelling_problems(frames: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Find names of one column in two tables, or of planned and received arms, that differ in case or look alone."""
    pairs = [("patients", "arm", "patients", "arm_received")]
    pairs += [("assessments", column, "lesions", column) for column in ("evaluator", "visit")]
    problems = []
    for table, column, another, other in pairs:
        if not {table, another} <= set(frames):
            continue
        first, second = frames[table], frames[another]
        names = list(first[column].dropna().unique())
        for name in second[other].dropna().unique():
            if name not in names and name in alike([*names, name], dict.fromkeys(names, 1)):
                index = second.index[second[other] == name][0]
                expected = f"a name as {column} of {Path(first.attrs['file']).name} has it, in more than case and look"
                problems.append(fault(second.attrs["file"], index, other, name, expected))
    return problems


def fill_days(patients: pd.DataFrame) -> None:
    """Fill times that the sponsor gave in months as whole days."""
    for name in SUPPLIED_TIMES:
        days = (patients[f"{name}_months"] * DAYS_PER_MONTH).round()
        patients[f"{name}_days"] = patients[f"{name}_days"].fillna(days)


def high_ages(patients: pd.DataFrame) -> Iterator[Query]:
    """Note ages above 89, which HIPAA's safe harbour (45 CFR 164.514(b)(2)(i)(C)) has in one class of 90 or older."""
    for patient in patients.loc[patients["age"].gt(HIGHEST_AGE), "patient_id"]:
        text = f"an age above {HIGHEST_AGE} may identify a person once tables are passed on; 90 stands for all of them"
        yield Query(patient, "note", "age_above_89", text)


def patient_problems(patients: pd.DataFrame) -> list[Problem]:
    """Find dates before the start of treatment, a start that is not day 1 and half-given endpoints."""
    file = patients.attrs["file"]
    problems = case_problems(patients, "patient_id") if patients["patient_id"].notna().all() else []
    for name in AFTER_START:
        for column, start in ((f"{name}_date", "treatment_start_date"), (f"{name}_day", None)):
            if column not in patients:
                continue
            if start is None:
                early = patients[column].lt(1)
                expected = pd.Series("a study day of 1 or more", index=patients.index)
            elif start in patients:
                early = patients[column] < patients[start]
                expected = "a date from the treatment start " + patients[start].dt.strftime("%Y-%m-%d") + " on"
            else:
                continue
            for index in patients.index[early.fillna(False).astype(bool)]:
                problems.append(fault(file, index, column, patients.at[index, column], expected[index]))
    if "treatment_start_day" in patients:
        for index in patients.index[patients["treatment_start_day"].ne(1).fillna(False).astype(bool)]:
            found = patients.at[index, "treatment_start_day"]
            problems.append(fault(file, index, "treatment_start_day", found, "1, the first day of treatment, or empty"))
    return problems + arm_problems(patients) + supplied_problems(patients)


def arm_problems(patients: pd.DataFrame) -> list[Problem]:
    """Find columns of arms that hold answers alone: another column stands in their place."""
    problems = []
    for column in ("arm", "arm_received"):
        names = patients[column].dropna()
        if len(names) and set(names.str.casefold()) <= ANSWERS:
            expected = "names of treatment arms; all of this column are answers of yes or no"
            problems.append(fault(patients.attrs["file"], names.index[0], column, names.iloc[0], expected))
    return problems


def supplied_problems(patients: pd.DataFrame) -> list[Problem]:
    """Find endpoints of the sponsor that are given by half, or in days and in months."""
    problems = []
    for endpoint in SUPPLIED_TIMES:
        days, months, event = (f"{endpoint}_{part}" for part in ("days", "months", "event"))
        timed = patients[days].notna() | patients[months].notna()
        for index in patients.index[timed & patients[event].isna()]:
            present = days if pd.notna(patients.at[index, days]) else months
            problems.append(fault(patients.attrs["file"], index, event, "", f"a value, as {present} has one"))
        for index in patients.index[patients[event].notna() & ~timed]:
            problems.append(fault(patients.attrs["file"], index, days, "", f"a value, as {event} has one"))
        for index in patients.index[patients[days].notna() & patients[months].notna()]:
            found = f"{patients.at[index, months]:g} beside {days} {patients.at[index, days]:g}"
            problems.append(fault(patients.attrs["file"], index, months, found, f"{days} or {months}, not both"))
    return problems


def fault(file: str, index: object, column: str, found: object, expected: str) -> Problem:
    if isinstance(found, pd.Timestamp):
        found = found.strftime("%Y-%m-%d")
    return Problem(file, row=row_number(index), column=column, found=str(found), expected=expected)


def study_day_problems(frames: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Find tables with calendar dates that no date of treatment start can turn into study days."""
    patients = frames["patients"]
    if patients.get("treatment_start_date", pd.Series(dtype=object)).notna().any():
        return []
    if patients.get("randomisation_date", pd.Series(dtype=object)).notna().any():
        return []
    for table, frame in frames.items():
        dated = [c for c in frame.columns if day_form(c) and frame[c].notna().any()]
        if dated and table != "patients":
            found = Problem(
                patients.attrs["file"],
                "the column is empty or missing",
                row=1,
                column="treatment_start_date",
                expected=f"dates, since {frame.attrs['file']} has {dated[0]}",
                mend="Give study days (columns *_day) in all tables, or dates in all.",
            )
            return [found]
    return []


def read_state(kind: str, status: str | None) -> str | None:
    """Return the state that a status names for a kind of lesion; None when the word is not known."""
    if status is None:
        return {"target": "measured", "nontarget": "", "new": "unequivocal"}[kind]
    folded = " ".join(status.lower().replace("_", " ").split())
    return next((state for state, names in STATES[kind].items() if folded in names), None)


def of_lesion(lesions: pd.DataFrame, column: str) -> SeriesGroupBy:
    """Group a column by lesion, as one evaluator follows it."""
    return lesions[column].groupby([lesions["patient_id"], lesions["evaluator"].fillna(""), lesions["lesion_id"]])


def nodes(lesions: pd.DataFrame) -> pd.Series:
    """Return the column node, a blank filled by what another row of the lesion says."""
    return lesions["node"].where(lesions["node"].notna(), of_lesion(lesions, "node").transform("first"))


def node_queries(lesions: pd.DataFrame) -> Iterator[Query]:
    """Ask about lesions that are a node in some rows alone, and lymph nodes by location that are said to be none."""
    differs = of_lesion(lesions, "node").transform("nunique") > 1
    denied = lesions["location"].map(is_lymph_node).astype(bool) & nodes(lesions).ne("Y") & ~differs
    normal = "a node below 10 mm is normal, any other lesion is not"
    for asked, severity, rule, text in (
        (differs, "error", "node_differs", f"is a node in some rows and none in others; {normal}"),
        (denied, "warning", "node_not_told", f"is a lymph node by its location, but node is not Y; {normal}"),
    ):
        for index, patient, lesion in (
            lesions[asked]
            .drop_duplicates(["patient_id", "evaluator", "lesion_id"])[["patient_id", "lesion_id"]]
            .itertuples()
        ):
            yield Query(patient, severity, rule, f"lesions row {row_number(index)}: lesion {lesion} {text}")


def lesion_states(lesions: pd.DataFrame) -> pd.Series:
    """Read the column status; without one the diameter judges a non-target lesion (a node by 10 mm), if any, and a new
    one, which is absent at 0 mm.
    """
    pairs = {(k, s): read_state(k, s) for k, s in set(zip(lesions["kind"], lesions["status"], strict=True))}
    pairs = {pair: "measured" if state is None else state for pair, state in pairs.items()}
    states = [pairs[pair] for pair in zip(lesions["kind"], lesions["status"], strict=True)]
    facts = (lesions[column] for column in ("kind", "status", "node", "diameter_mm"))
    for place, (state, kind, status, node, size) in enumerate(zip(states, *facts, strict=True)):
        if kind == "new" and status is None and size == 0:
            states[place] = "absent"
        if state == "":
            if size is None:
                states[place] = "not evaluable"
            else:
                states[place] = "absent" if (size < 10 if node == "Y" else size == 0) else "present"
    return pd.Series(states, index=lesions.index, dtype=object)


def is_fatal(outcome: object) -> bool:
    """Return whether an adverse event ended in death, by the word of its outcome."""
    return isinstance(outcome, str) and skeleton(outcome) in {skeleton(word) for word in FATAL}


def unknown_statuses(lesions: pd.DataFrame) -> Iterator[Query]:
    """Ask about statuses of measured target lesions that are not known."""
    for index, kind, patient, status in zip(
        lesions.index, lesions["kind"], lesions["patient_id"], lesions["status"], strict=True
    ):
        if read_state(kind, status) is None:
            text = f"lesions row {row_number(index)}: status {status!r} is not known; the diameter is used"
            yield Query(patient, "warning", "status_not_known", text)


def absent_with_size(lesions: pd.DataFrame) -> Iterator[Query]:
    """Ask about non-target and new lesions that are said to be absent, and measured; of a node 10 mm are normal."""
    facts = (lesions[column] for column in ("patient_id", "lesion_id", "kind", "status", "diameter_mm"))
    for index, node, patient, lesion, kind, status, size in zip(
        lesions.index, nodes(lesions).eq("Y"), *facts, strict=True
    ):
        absent = status is not None and read_state(kind, status) == "absent"
        if kind != "target" and absent and size is not None and (size >= 10 if node else size > 0):
            text = (
                f"lesions row {row_number(index)}: {kind} lesion {lesion} is {status}, but {size:g} mm; the word counts"
            )
            yield Query(patient, "error", "absent_with_size", text)


def lesion_problems(lesions: pd.DataFrame) -> list[Problem]:
    """Find unknown statuses, lesions of two kinds and an absent lesion with a size.

    A target lesion with a diameter needs no status; a word that is not known is then asked about.
    """
    file = lesions.attrs["file"]
    problems = []
    for index, kind, status, size in zip(
        lesions.index, lesions["kind"], lesions["status"], lesions["diameter_mm"], strict=True
    ):
        if read_state(kind, status) is None and (kind != "target" or size is None):
            words = ", ".join(names[0] for names in STATES[kind].values())
            problems.append(fault(file, index, "status", status, f"for a {kind} lesion one of {words}"))
    # Each evaluator chooses and names lesions on their own.
    first: dict[tuple[str, str, str | None], tuple[str, object]] = {}
    for index, patient, evaluator, lesion, kind in zip(
        lesions.index, *(lesions[c] for c in ("patient_id", "evaluator", "lesion_id", "kind")), strict=True
    ):
        first_kind, where = first.setdefault((patient, evaluator, lesion), (kind, index))
        if first_kind != kind:
            problems.append(
                fault(file, index, "kind", kind, f"{first_kind}, as lesion {lesion} has in row {row_number(where)}")
            )
    absent = lesions["status"].map(lambda s: s is not None and read_state("target", s) == "absent" and s != "merged")
    for index in lesions.index[(lesions["kind"] == "target") & absent]:
        size = lesions.at[index, "diameter_mm"]
        if size is not None and size > 0:
            found = f"{lesions.at[index, 'status']} with {size} mm"
            problems.append(fault(file, index, "status", found, "no size, or 0, for an absent lesion"))
    return problems


class Timeline:
    """Days from each patient's reference date, from calendar dates or from study days alike.

    Parameters
    ----------
    patients : DataFrame
        As read; one row a patient.
    reference : str
        ``treatment_start`` or ``randomisation``.
    """

    def __init__(self, patients: pd.DataFrame, reference: str = "treatment_start"):
        ids = pd.Index(patients["patient_id"])
        start = dates_of(patients, "treatment_start").set_axis(ids)
        start_day = days_of(patients, "treatment_start").set_axis(ids)
        if "treatment_start_day" not in patients and start.isna().all():
            start_day = pd.Series(1.0, index=ids)
        start_day = start_day.where(start.isna(), 1.0)
        self.treated = start_day.notna()
        if reference == "treatment_start":
            self.date = start
            self.shift = pd.Series(0.0, index=ids).where(start_day.notna())
        else:
            self.date = dates_of(patients, reference).set_axis(ids)
            shift = from_day_1(days_of(patients, reference).set_axis(ids)).where(start_day.notna())
            from_dates = (self.date - start).dt.days
            self.shift = shift.fillna(from_dates)
        self.has_reference = self.date.notna() | self.shift.notna()

    def offsets(self, frame: pd.DataFrame, name: str) -> pd.Series:
        """Return days from the reference date (0 = that date) for a column ``<name>_date`` or ``<name>_day``.

        An empty name stands for ``date`` or ``day``.

        Returns
        -------
        pandas.Series
            float64, NaN where the date or the reference is missing.
        """
        in_dates = f"{name}_date" if name else "date"
        in_days = f"{name}_day" if name else "day"
        if in_days not in frame and in_dates not in frame:
            return pd.Series(np.nan, index=frame.index)
        # By numpy: tables are short, and pandas takes a millisecond for each step of it.
        place = self.date.index.get_indexer(frame["patient_id"])
        if in_days in frame:
            day = frame[in_days].to_numpy("float64", na_value=np.nan)
            offset = np.where(day < 0, day, day - 1) - self.shift.to_numpy()[place]
        else:
            offset = np.floor((frame[in_dates].to_numpy() - self.date.to_numpy()[place]) / np.timedelta64(1, "D"))
        return pd.Series(np.where(place < 0, np.nan, offset), index=frame.index)

    def cutoff(self, day: date) -> pd.Series:
        """Return the days from each patient's reference to a calendar date; NaN where the reference has no date."""
        return (pd.Timestamp(day) - self.date).dt.days.astype("float64")

    def calendar(self, patients: Iterable[str], offsets: Iterable[float | None]) -> pd.Series:
        """Turn days from the reference back into dates; NaT where the reference has no date."""
        start = self.date.reindex(list(patients)).reset_index(drop=True)
        return start + pd.to_timedelta(pd.Series(list(offsets), dtype="float64"), unit="D")


def dates_of(frame: pd.DataFrame, name: str) -> pd.Series:
    column = f"{name}_date"
    return frame[column] if column in frame else pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns]")


def days_of(frame: pd.DataFrame, name: str) -> pd.Series:
    column = f"{name}_day"
    return frame[column].astype("float64") if column in frame else pd.Series(np.nan, index=frame.index)


def from_day_1(day: pd.Series) -> pd.Series:
    """Return days from day 1 to study days, of which none is 0."""
    return day.where(day < 0, day - 1)


def study_day(offset: float) -> int:
    """Name a day from the reference date as a study day (0 is day 1; there is no day 0)."""
    return int(offset) + 1 if offset >= 0 else int(offset)
