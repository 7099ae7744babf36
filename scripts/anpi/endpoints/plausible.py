"""Values that can be but hardly are, as questions: ages and laboratory values, dates far from all others, times that
look like months, dates that contradict each other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from anpi.endpoints.observations import Observations
from anpi.tables.biomarkers import is_numeric
from anpi.tables.clinical import Clinical, Query, is_fatal, row_number, study_day, tables_of
from anpi.tables.names import alike, skeleton
from anpi.tables.reading import CHANCE
from anpi.tables.schema import load_schema
from anpi.trial.endpoints import BY_NAME, SUPPLIED_TIMES

TRIAL = ""  # in place of a patient where a query is about a table as a whole
YOUNGEST = 18
CODES = (999, 9999, -99, -999, -9999)  # what old tables write for a number that is not known
FORMULA = re.compile(r"[=@]\w|[=+-]\d+[-+*/]\d")
FAR = 366  # days between a date and all those of other patients from which on it is asked about
LEAST_PATIENTS = 5  # from whom on a typical value is told
HIGH, LOW = 10, 5  # times above and below the median from which on a laboratory value is asked about
FEW = 0.1  # share of the values of a marker up to which those below 0 are asked about
AFTER_WITHDRAWAL = 60  # days for which a patient may be known alive after consent was withdrawn, unasked
LARGEST = 200  # mm
LEAST_DEATHS = 3  # on one date, from which on they may be asked about
LEAST_DAYS = 365  # over which deaths are taken to be spread
LONG_BEFORE = 366  # days before treatment from which on the start of an adverse event, or a marker, is asked about
SCREENING = 42  # days before treatment in which adverse events are recorded, if no grade before treatment is known


def plausibility_queries(clinical: Clinical, seen: Observations) -> Iterator[Query]:
    """Run every check of this module."""
    dates = dated(clinical, seen)
    yield from value_queries(clinical.patients)
    yield from code_queries(clinical)
    yield from formula_queries(clinical)
    yield from spelling_queries(clinical)
    if clinical.biomarkers is not None:
        yield from marker_queries(clinical.biomarkers)
        yield from old_markers(clinical.biomarkers, seen)
    yield from months_queries(clinical.patients)
    yield from same_death_queries(clinical.patients)
    yield from size_queries(clinical.lesions)
    yield from far_queries(dates)
    yield from order_queries(clinical, seen)
    yield from cutoff_queries(dates, seen)


def dated(clinical: Clinical, seen: Observations) -> pd.DataFrame:
    """List every date of every table: ``patient_id``, ``table``, ``row``, ``name``, ``day`` from the reference date,
    ``date`` where there is a calendar.
    """
    parts = []
    for table, frame in tables_of(clinical).items():
        columns = [str(c) for c in frame if str(c).endswith(("_date", "_day")) or c in ("date", "day")]
        for name in sorted({"_".join(column.split("_")[:-1]) for column in columns} - {"cutoff"}):
            date = frame.get(f"{name}_date" if name else "date", pd.Series(pd.NaT, index=frame.index))
            if not pd.api.types.is_datetime64_any_dtype(date):
                continue
            day, rows = seen.timeline.offsets(frame, name), [row_number(i) for i in frame.index]
            found = {"patient_id": frame["patient_id"], "day": day, "date": date}
            part = pd.DataFrame(found | {"table": table, "name": name or "taken", "row": rows}, index=frame.index)
            parts.append(part[(day.notna() | date.notna()).to_numpy()])
    return pd.concat(parts, ignore_index=True)


def value_queries(patients: pd.DataFrame) -> Iterator[Query]:
    """Ask about children, the dead at the start, and laboratory values far from the typical one."""
    for index, patient, age, ecog in zip(
        patients.index, patients["patient_id"], patients["age"], patients["ecog"], strict=True
    ):
        where = f"patients row {row_number(index)}"
        if age < YOUNGEST:
            yield Query(patient, "warning", "age_not_adult", f"{where}: age {age:g}, below {YOUNGEST}")
        if not pd.isna(ecog) and ecog == 5:
            yield Query(patient, "error", "dead_at_start", f"{where}: ecog 5 means dead")
    ldh = patients["ldh"]
    typical = ldh.median() if ldh.notna().sum() >= LEAST_PATIENTS else 0
    if typical > 0:
        for index in ldh.index[(ldh >= HIGH * typical) | (ldh <= typical / LOW)]:
            text = f"patients row {row_number(index)}: ldh {ldh[index]:g}, but {typical:g} is typical; another unit?"
            yield Query(patients.at[index, "patient_id"], "warning", "ldh_far_from_typical", text)


def marker_queries(biomarkers: pd.DataFrame) -> Iterator[Query]:
    """Ask about numbers of a marker that are a code, below 0 alone, or of another size than those of all others."""
    for marker, rows in biomarkers.groupby("marker", sort=True):
        if rows["patient_id"].nunique() < LEAST_PATIENTS or not is_numeric(rows["value"]):
            continue
        values = pd.to_numeric(rows["value"], errors="coerce").dropna()
        few_below = (values < 0).mean() <= FEW
        found = {
            "code_for_missing": (values[values.isin(CODES)], "a code for a value not known?"),
            "marker_below_zero": (values[(values < 0) & few_below], "below 0 as hardly any other"),
            "marker_far_from_others": (of_another_size(values, rows["patient_id"]), "another unit?"),
        }
        for rule, (odd, words) in found.items():
            for index, value in odd.items():
                text = f"biomarkers row {row_number(index)}: {marker} {value:g}, {words}"
                yield Query(biomarkers.at[index, "patient_id"], "warning", rule, text)


def old_markers(biomarkers: pd.DataFrame, seen: Observations) -> Iterator[Query]:
    """Ask about markers of more than a year before treatment, of which the last one counts as that of the start."""
    day = seen.timeline.offsets(biomarkers, "")
    for index in biomarkers.index[day < -LONG_BEFORE]:
        text = f"biomarkers row {row_number(index)}: {biomarkers.at[index, 'marker']} taken on day "
        text += f"{study_day(day[index])}, more than a year before treatment"
        yield Query(biomarkers.at[index, "patient_id"], "warning", "marker_long_before_start", text)


def of_another_size(values: pd.Series, patients: pd.Series) -> pd.Series:
    """Return the values of one patient that are ten times above, or below, those of all other patients."""
    positive = values[values > 0]
    most, least = (positive.groupby(patients).agg(how).sort_values() for how in ("max", "min"))
    if len(most) < LEAST_PATIENTS:
        return positive.iloc[:0]
    mine = patients.reindex(positive.index)
    high = mine.eq(most.index[-1]) & (positive > HIGH * most.iloc[-2])
    return positive[high | (mine.eq(least.index[0]) & (HIGH * positive < least.iloc[1]))]


def code_queries(clinical: Clinical) -> Iterator[Query]:
    """Ask about numbers that stand for "not known" in tables of other makers."""
    for table, frame in tables_of(clinical).items():
        columns = [c for c in frame if str(c).endswith(("_day", "_days", "_months")) or c in ("day", "ldh")]
        for column in columns:
            values = pd.to_numeric(frame[column], errors="coerce")
            for index in frame.index[values.isin(CODES)]:
                text = f"{table} row {row_number(index)}: {column} {values[index]:g} is a code for a value not known?"
                yield Query(frame.at[index, "patient_id"], "warning", "code_for_missing", text)


def formula_queries(clinical: Clinical) -> Iterator[Query]:
    """Ask about texts that are formulas of a spreadsheet: their values were lost when the table was exported."""
    for table, frame in tables_of(clinical).items():
        for column in frame.select_dtypes(object):
            odd = frame[column].map(lambda value: isinstance(value, str) and FORMULA.match(value) is not None)
            for index in frame.index[odd.astype(bool)]:
                text = f"{table} row {row_number(index)}: {column} is a formula of a spreadsheet, not its value"
                yield Query(frame.at[index, "patient_id"], "warning", "formula_in_cell", text)


def spelling_queries(clinical: Clinical) -> Iterator[Query]:
    """Note words that differ from more frequent ones in case or in letters that look alike: they count as one."""
    for table, frame in tables_of(clinical).items():
        for column, rule in load_schema(table)["properties"].items():
            if not rule.get("any_case") or column not in frame:
                continue
            counts = frame[column].value_counts()
            for odd, usual in alike(counts.index, counts.to_dict()).items():
                index = frame.index[frame[column] == odd][0]
                text = f"{table} row {row_number(index)}: {column} {odd!r} is {usual!r} elsewhere; they count as one"
                yield Query(frame.at[index, "patient_id"], "note", "two_spellings", text)


def months_queries(patients: pd.DataFrame) -> Iterator[Query]:
    """Ask about times of the sponsor in days that look like months: fractions, and a median that no trial has."""
    for name in SUPPLIED_TIMES:
        days = patients[f"{name}_days"].where(patients[f"{name}_months"].isna()).dropna()
        parts = days[days != np.floor(days)]
        if len(parts):
            first = row_number(parts.index[0])
            text = f"{name}_days: {len(parts)} of {len(days)} are no whole days, the first in row {first}; months?"
            yield Query(TRIAL, "error", "days_with_fractions", f"patients, {text} Give {name}_months.")
        if len(days) >= LEAST_PATIENTS and days.median() < (BY_NAME[name].least_median or 0):
            text = f"{name}_days: the median is {days.median():g} days; months? Give {name}_months."
            yield Query(TRIAL, "error", "days_may_be_months", f"patients, {text}")


def same_death_queries(patients: pd.DataFrame) -> Iterator[Query]:
    """Ask about a date on which more patients died than chance lets: a date of last contact, or one filled in."""
    if "death_date" not in patients:  # study days, of which none tells the date
        return
    dates = patients["death_date"].dropna()
    for date, count in dates.value_counts().items():
        days = max((dates.max() - dates.min()).days, LEAST_DAYS)
        if count >= LEAST_DEATHS and days * math.comb(len(dates), count) / float(days) ** count < CHANCE:
            text = f"{count} of {len(dates)} deaths are dated {date:%Y-%m-%d}; is it the date of the last contact?"
            yield Query(TRIAL, "warning", "deaths_on_one_date", f"patients, death_date: {text}")


def far_queries(dates: pd.DataFrame) -> Iterator[Query]:
    """Ask about dates more than a year after the last of all other patients, by the calendar or from the start."""
    for column, words in (("date", "calendar"), ("day", "days from the start")):
        dated = dates[dates[column].notna() & (dates["name"] != "treatment_start")]
        last = dated.groupby("patient_id")[column].max().sort_values()
        if len(last) < 2:
            continue
        others = pd.Series(last.iloc[-1], index=last.index)
        others.iloc[-1] = last.iloc[-2]
        limit = dated["patient_id"].map(others)
        far = dated[column] - limit > (pd.Timedelta(days=FAR) if column == "date" else FAR)
        if column == "day":
            far &= dated["day"] > 2 * limit
        for found in dated[far].to_dict("records"):
            text = f"{place(found)} is more than a year after the last one of all other patients ({words})"
            yield Query(found["patient_id"], "error", "date_far_ahead", text)


def place(found: dict) -> str:
    """Name a date with its place."""
    shown = f"day {study_day(found['day'])}" if pd.notna(found["day"]) else f"{found['date']:%Y-%m-%d}"
    return f"{found['table']} row {found['row']}: {found['name'].replace('_', ' ')} on {shown}"


def order_queries(clinical: Clinical, seen: Observations) -> Iterator[Query]:
    """Ask about dates of a patient that stand in the wrong order, and deaths and starts that are told by half."""
    patients = clinical.patients
    randomisation = seen.timeline.offsets(patients, "randomisation")
    randomised = randomisation - seen.timeline.offsets(patients, "treatment_start")
    reasons = patients["treatment_end_reason"].map(lambda text: isinstance(text, str) and "death" in text.lower())
    for index, patient, day, apart, died in zip(
        patients.index, patients["patient_id"], randomisation, randomised, reasons, strict=True
    ):
        where, fact = f"patients row {row_number(index)}", seen.facts.loc[patient]
        if fact["death"] < day:
            yield Query(
                patient,
                "error",
                "randomised_after_death",
                f"{where}: died {day - fact['death']:g} day(s) before the randomisation",
            )
        if apart > 0:
            text = f"{where}: randomised {apart:g} day(s) after the first dose"
            yield Query(patient, "error", "randomised_after_start", text)
        if apart < -60:
            text = f"{where}: randomised {-apart:g} days before the first dose"
            yield Query(patient, "warning", "randomised_long_before", text)
        if fact["withdrawal"] > fact["death"]:
            text = f"{where}: consent withdrawn on day {study_day(fact['withdrawal'])}, after death"
            yield Query(patient, "error", "withdrawal_after_death", text)
        if fact["last_alive"] - fact["withdrawal"] > AFTER_WITHDRAWAL:
            text = f"{where}: last known alive {fact['last_alive'] - fact['withdrawal']:.0f} days after the withdrawal"
            yield Query(patient, "warning", "alive_long_after_withdrawal", f"{text} of consent")
        if died and np.isnan(fact["death"]):
            yield Query(patient, "error", "death_without_date", f"{where}: treatment ended by death, of no date")
    if clinical.adverse_events is not None:
        yield from onset_queries(clinical.adverse_events, seen)
        yield from class_queries(clinical.adverse_events)


def onset_queries(events: pd.DataFrame, seen: Observations) -> Iterator[Query]:
    """Ask about adverse events of no start where others have one, long before treatment, and fatal ones of a low grade.

    Before the screening none is recorded, but for what is known to have got worse, so its date may be wrong, and on
    treatment it would count. What treatment is said to have caused cannot have begun before it.
    """
    start = seen.timeline.offsets(events, "start")
    dated = start.notna().mean()
    caused = events[["related", "immune_related"]].eq("Y").any(axis=1)
    earliest = events["initial_grade"].isna().map({True: -SCREENING, False: -LONG_BEFORE})
    facts = (events["patient_id"], start, earliest, events["grade"], events["outcome"], caused)
    for index, patient, day, least, grade, outcome, of_treatment in zip(events.index, *facts, strict=True):
        where = f"adverse_events row {row_number(index)}"
        if np.isnan(day) and dated > 0.5 and seen.facts.at[patient, "treated"]:
            yield Query(patient, "warning", "event_without_start", f"{where}: no start; it counts as under treatment")
        if day < least:
            text = f"{where}: starts on day {study_day(day)}, more than {-least} days before treatment; not counted"
            yield Query(patient, "warning", "event_long_before_start", text)
        elif day < 0 and of_treatment:
            text = f"{where}: starts on day {study_day(day)}, before treatment, yet is said to be related to it"
            yield Query(patient, "warning", "related_event_before_start", text)
        if is_fatal(outcome) and grade < 5:
            yield Query(patient, "error", "fatal_event_of_low_grade", f"{where}: fatal, but grade {grade}")


def class_queries(events: pd.DataFrame) -> Iterator[Query]:
    """Ask about rows whose term stands in another class in most rows; of MedDRA each term has one primary class."""
    term, soc = events["term"].map(skeleton), events["soc"].map(skeleton)
    usual = soc.groupby(term).transform(lambda classes: classes.mode().iloc[0])
    for index in events.index[soc != usual]:
        text = f"adverse_events row {row_number(index)}: {events.at[index, 'term']} stands in another class elsewhere"
        yield Query(events.at[index, "patient_id"], "warning", "term_in_two_classes", text)


def size_queries(lesions: pd.DataFrame | None) -> Iterator[Query]:
    """Ask about lesions larger than nearly all that there are."""
    if lesions is None:
        return
    large = lesions["diameter_mm"].map(lambda size: size is not None and size > LARGEST)
    for index in lesions.index[large.astype(bool)]:
        text = f"lesions row {row_number(index)}: {lesions.at[index, 'diameter_mm']} mm; a digit too many?"
        yield Query(lesions.at[index, "patient_id"], "warning", "lesion_very_large", text)


def cutoff_queries(dates: pd.DataFrame, seen: Observations) -> Iterator[Query]:
    """Note what lies after the data cut-off, which the analysis does not use."""
    late = dates[dates["day"] > dates["patient_id"].map(seen.facts["cutoff"])]
    for patient, rows in late.groupby("patient_id", sort=False):
        last = rows.sort_values(["day", "table", "row"]).to_dict("records")[-1]
        text = f"{len(rows)} date(s) after the data cut-off, which are not used; {place(last)}"
        yield Query(str(patient), "note", "date_after_cutoff", text)
