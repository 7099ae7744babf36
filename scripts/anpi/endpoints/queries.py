"""Contradictions in the clinical tables, as questions for the data manager. Nothing is changed because of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from anpi.endpoints.complete import completeness_queries
from anpi.endpoints.observations import READING, Observations, clinical_progression, is_radiotherapy, small_new_nodes
from anpi.endpoints.plausible import plausibility_queries
from anpi.endpoints.rules import Rules
from anpi.recist.baseline import selection_faults
from anpi.recist.best_response import until_progression
from anpi.recist.irecist import CODES
from anpi.recist.timepoint import NM, overall_response
from anpi.tables.clinical import Clinical, Query, row_number, study_day
from anpi.tables.names import skeleton
from anpi.trial.endpoints import SUPPLIED_RESPONSES, SUPPLIED_TIMES
from anpi.trial.times import DAYS_PER_MONTH
from anpi.words.lists import plural

SEVERITIES = ("error", "warning", "note")
ROUNDED_MONTH = 0.0501  # by which a time in months of one decimal may differ from its days
NO_THERAPY = ("none", "no", "nil")  # in any case
STOPPED = re.compile(
    r"^(?!.*\b(no|not)\b).*(withdr|discontin|stop|interrupt|delay|suspend|paus|\bheld\b|\bhold\b)", re.I
)
LONGEST_BEFORE = 28  # days from the baseline scan to the reference date (RECIST 1.1, 4.1)
COMPARED = [
    "patient_id", "day", "source", "derived", "sum", "nadir", "baseline", "target_response", "nontarget_response",
    "new_lesion", "overall_derived", "target_reported", "nontarget_reported", "new_lesion_reported", "overall_reported",
]  # fmt: skip


@dataclass(frozen=True, order=True)
class ScanQuery(Query):
    """A query; ``day`` names the scan it is about (days from the reference date), when it is about one."""

    day: int | None = None


def find_queries(clinical: Clinical, seen: Observations, endpoints: pd.DataFrame, rules: Rules) -> list[ScanQuery]:
    """Run every check.

    Parameters
    ----------
    endpoints : DataFrame
        As `derive.derive_endpoints` gives it, to be compared with what the sponsor supplied.
    """
    others = [*clinical.queries, *plausibility_queries(clinical, seen), *completeness_queries(clinical, seen)]
    found = [ScanQuery(query.patient_id, query.severity, query.rule, query.message) for query in others]
    found += unnamed_readings(clinical)
    found += patient_queries(clinical, seen, rules)
    for check in (therapy_queries, marker_queries, adverse_event_queries):
        found += check(clinical, seen)
    found += action_queries(clinical, rules)
    found += scan_queries(clinical, seen, rules)
    found += response_queries(seen)
    found += course_queries(seen, rules)
    found += visit_queries(clinical, seen, rules)
    found += immune_queries(seen)
    found += lesion_queries(seen)
    found += supplied_queries(clinical, endpoints)
    return sorted(set(found), key=query_key)


def query_key(query: ScanQuery) -> tuple[str, int, str, int, str]:
    day = -1 if query.day is None else query.day
    return query.patient_id, SEVERITIES.index(query.severity), query.rule, day, query.message


def query_table(queries: Iterable[Query]) -> pd.DataFrame:
    """Return ``queries.tsv``."""
    columns = ["patient_id", "severity", "rule", "message"]
    table = pd.DataFrame([[getattr(q, column) for column in columns] for q in queries], columns=columns)
    return table.assign(patient_id=table["patient_id"].replace("", None))


def patient_queries(clinical: Clinical, seen: Observations, rules: Rules) -> Iterator[ScanQuery]:
    """Check the dates of each patient against each other."""
    patients = clinical.patients.set_index("patient_id")
    scanned = clinical.assessments is not None or clinical.lesions is not None
    has_scans = set(seen.timepoints["patient_id"])
    said_dead = patients["os_event"].eq(1).fillna(False).astype(bool)
    for patient, fact in zip(seen.facts.index, seen.facts.to_dict("records"), strict=True):
        where = f"patients row {fact['row']}"
        death, alive, end = fact["death"], fact["last_alive"], fact["treatment_end"]
        if not fact["treated"]:
            told_why = fact["not_treated"].removeprefix("not treated: ")
            yield ScanQuery(patient, "note", "not_treated", f"{where}: {told_why}")
        elif scanned and patient not in has_scans and fact["no_reference"] is None:
            yield ScanQuery(patient, "note", "no_scan", f"{where}: no assessment on or after the reference date")
        if fact["treated"] and not fact["randomised"] and seen.facts["randomised"].any():
            yield ScanQuery(
                patient, "error", "randomisation_missing", f"{where}: treated, but {fact['not_randomised']}"
            )
        for name, what in (("last_alive", "last known alive"), ("withdrawal", "consent withdrawn")):
            if fact[name] < 0:
                text = f"{where}: {what} on day {study_day(fact[name])}, before the reference date"
                yield ScanQuery(patient, "error", f"{name}_before_start", text)
        if alive > death:
            yield ScanQuery(
                patient, "error", "alive_after_death",
                f"{where}: last known alive on day {study_day(alive)}, dead on day {study_day(death)}",
            )  # fmt: skip
        if end > death:
            yield ScanQuery(
                patient, "error", "treated_after_death",
                f"{where}: treatment ended on day {study_day(end)}, death on day {study_day(death)}",
            )  # fmt: skip
        if said_dead[patient] and np.isnan(death) and not np.isnan(alive):
            yield ScanQuery(
                patient, "error", "death_without_date", f"{where}: os_event is 1 but there is no date of death"
            )
        reason = patients.at[patient, "treatment_end_reason"]
        course = seen.courses.get(patient)
        stopped = clinical_progression(reason)
        if stopped and course is not None and not any(scan.response == "PD" for scan in course.scans):
            used = "no event" if rules.settings["progression"]["clinical"] == "no_event" else "an event of PFS"
            text = f"{where}: treatment ended for {reason!r}, but no scan shows progression; it is {used}"
            yield ScanQuery(patient, "warning", "progression_not_on_scan", text)


def unnamed_readings(clinical: Clinical) -> Iterator[ScanQuery]:
    """Find rows without an evaluator in a table that names evaluators: nobody knows whose they are."""
    for table, frame in (("assessments", clinical.assessments), ("lesions", clinical.lesions)):
        if frame is None or frame["evaluator"].isna().all():
            continue
        for patient, rows in frame[frame["evaluator"].isna()].groupby("patient_id").groups.items():
            text = f"{table} has {len(rows)} row(s) without an evaluator, the first in row {row_number(min(rows))}"
            yield ScanQuery(str(patient), "error", "evaluator_missing", f"{text}; not used")


def therapy_queries(clinical: Clinical, seen: Observations) -> Iterator[ScanQuery]:
    """Find subsequent therapies that began before treatment or after death, and rows that say there was none."""
    if clinical.therapies is None:
        return
    day = seen.timeline.offsets(clinical.therapies, "start")
    death = clinical.therapies["patient_id"].map(seen.facts["death"])
    for index, patient, at, dead in zip(
        clinical.therapies.index, clinical.therapies["patient_id"], day, death, strict=True
    ):
        where = f"therapies row {row_number(index)}"
        if at < 0:
            text = f"{where}: subsequent therapy began on day {study_day(at)}, before the reference date; not used"
            yield ScanQuery(patient, "error", "therapy_before_start", text)
        if at > dead:
            text = f"{where}: therapy began on day {study_day(at)}, death on day {study_day(dead)}"
            yield ScanQuery(patient, "error", "therapy_after_death", text)
    for column in ("name", "kind"):
        for index, named in clinical.therapies[column].dropna().items():
            if named.casefold() in NO_THERAPY:
                text = f"therapies row {row_number(index)}: {column} {named!r}; "
                text += "the row counts as a therapy: delete it if there was none"
                yield ScanQuery(clinical.therapies.at[index, "patient_id"], "error", "therapy_named_none", text)


def marker_queries(clinical: Clinical, seen: Observations) -> Iterator[ScanQuery]:
    """Find measurements of markers whose blood or tissue was taken after death."""
    if clinical.biomarkers is None:
        return
    day = seen.timeline.offsets(clinical.biomarkers, "")
    death = clinical.biomarkers["patient_id"].map(seen.facts["death"])
    for index in clinical.biomarkers.index[day > death]:
        marker, patient = clinical.biomarkers.loc[index, ["marker", "patient_id"]]
        text = f"biomarkers row {row_number(index)}: {marker} taken on day {study_day(day[index])}, "
        text += f"death on day {study_day(death[index])}"
        yield ScanQuery(patient, "error", "marker_after_death", text)


def action_queries(clinical: Clinical, rules: Rules) -> Iterator[ScanQuery]:
    """Ask about actions that sound like treatment stopped or delayed and are in no list of words that count."""
    events, settings = clinical.adverse_events, rules.settings["adverse_events"]
    if events is None:
        return
    known = {skeleton(word) for name in ("stopped_words", "delayed_words") for word in settings[name]}
    sounds = events["action"].map(lambda text: isinstance(text, str) and STOPPED.search(text) is not None)
    for action, rows in events[sounds.astype(bool)].groupby("action", sort=True):
        if skeleton(str(action)) not in known:
            text = f"adverse_events row {row_number(rows.index[0])}: action {action!r} ({plural(len(rows), 'row')})"
            text += " is in neither list of endpoints.yaml, adverse_events.stopped_words and delayed_words; not counted"
            yield ScanQuery(rows["patient_id"].iloc[0], "warning", "action_not_counted", text)


def adverse_event_queries(clinical: Clinical, seen: Observations) -> Iterator[ScanQuery]:
    """Check adverse events against their own dates and against death."""
    events = clinical.adverse_events
    if events is None:
        return
    start, end = seen.timeline.offsets(events, "start"), seen.timeline.offsets(events, "end")
    death = events["patient_id"].map(seen.facts["death"])
    for index, patient, term, grade, serious, first, last, dead in zip(
        events.index,
        events["patient_id"],
        events["term"],
        events["grade"],
        events["serious"],
        start,
        end,
        death,
        strict=True,
    ):
        where = f"adverse_events row {row_number(index)}, {term}"
        if last < first:
            text = f"{where}: ends on day {study_day(last)}, before it starts on day {study_day(first)}"
            yield ScanQuery(patient, "error", "event_ends_before_start", text)
        if first > dead:
            text = f"{where}: starts on day {study_day(first)}, death on day {study_day(dead)}"
            yield ScanQuery(patient, "error", "event_after_death", text)
        if grade == 5 and np.isnan(dead):
            yield ScanQuery(patient, "error", "fatal_event_without_death", f"{where}: grade 5, but no date of death")
        if grade == 5 and serious == "N":
            yield ScanQuery(patient, "error", "fatal_event_not_serious", f"{where}: grade 5, but serious is N")


def scan_queries(clinical: Clinical, seen: Observations, rules: Rules) -> Iterator[ScanQuery]:
    """Check when scans were taken."""
    for table, frame in (("assessments", seen.reported), ("lesions", seen.lesion_rows)):
        if frame is None:
            continue
        scans = frame.sort_values("row").drop_duplicates(["patient_id", "day"])
        for limit, severity, rule, text in (
            ("death", "error", "scan_after_death", "death"),
            ("withdrawal", "warning", "scan_after_withdrawal", "consent was withdrawn"),
        ):
            last = scans["patient_id"].map(seen.facts[limit])
            late = scans[scans["day"] > last]
            for patient, day, row in zip(late["patient_id"], late["day"], late["row"], strict=True):
                at = study_day(seen.facts.at[patient, limit])
                used = "; not used" if limit == "death" else ""
                message = f"{table} row {row}: scan of day {study_day(day)}, but {text} on day {at}{used}"
                yield ScanQuery(patient, severity, rule, message, int(day))
    if seen.reported is not None:
        yield from reported_scan_queries(seen)
    yield from contact_queries(seen)


def contact_queries(seen: Observations) -> Iterator[ScanQuery]:
    """Ask about patients who were seen after the day on which they were last known alive, or have no such day."""
    has_status = seen.facts[["death", "last_alive"]].notna().any(axis=None)
    for patient, fact in zip(seen.facts.index, seen.facts.to_dict("records"), strict=True):
        last_alive, day = fact["last_alive"], fact["contact_day"]
        if not has_status or patient not in seen.courses or not np.isnan(fact["death"]) or not day > 0:
            continue
        scan = fact["contact_table"] in ("assessments", "lesions")
        what = "a scan" if scan else fact["contact_what"].replace("_", " ") + f" in {fact['contact_table']}"
        place = f"{fact['contact_table']} row {fact['contact_row']:.0f}"
        alive = seen.courses[patient].last_alive
        counts = "there" if alive and alive.day >= day else f"on day {study_day(max(alive.day, 0) if alive else 0)}"
        text = f"{what} on day {study_day(day)}; OS is censored {counts}"
        at = int(day) if scan else None
        if np.isnan(last_alive):
            text = f"{place}: no date of death or last contact, but {text}"
            yield ScanQuery(patient, "error", "last_alive_missing", text, at)
        elif day > last_alive:
            rule = "last_alive_before_scan" if scan else "last_alive_before_contact"
            text = f"{place}: last known alive on day {study_day(last_alive)}, but {text}"
            yield ScanQuery(patient, "warning", rule, text, at)


def reported_scan_queries(seen: Observations) -> Iterator[ScanQuery]:
    """Find assessments before the reference date and several of one day."""
    reported = seen.reported
    assert reported is not None
    for patient, day, row in reported.loc[reported["day"] < 0, ["patient_id", "day", "row"]].itertuples(index=False):
        text = f"assessments row {row}: scan of day {study_day(day)} is before the reference date; not used"
        yield ScanQuery(patient, "warning", "scan_before_baseline", text)
    several = reported[reported.duplicated(["patient_id", "day"], keep=False)]
    for (patient, day), rows in several.groupby(["patient_id", "day"]):
        responses = sorted(set(rows["overall_response"]))
        differ = len(responses) > 1
        which = "the worst is kept: " if differ else "all "
        places = ", ".join(map(str, sorted(rows["row"])))
        text = f"assessments rows {places}: {len(rows)} of day {study_day(day)}; {which}{', '.join(responses)}"
        parts = [column for column in READING[1:] if rows[column].nunique(dropna=False) > 1]
        text += f", of different {' and '.join(parts)}: the worst in turn" if parts and not differ else ""
        yield ScanQuery(patient, "error" if differ else "warning", "duplicate_scan", text, int(day))


def response_queries(seen: Observations) -> Iterator[ScanQuery]:
    """Compare reported responses with derived ones, with the sums and with RECIST tables 1 and 2."""
    points = seen.timepoints
    earlier = points["sum"].groupby(points["patient_id"]).shift() if len(points) else points["sum"]
    parts = points[["target_reported", "nontarget_reported", "new_lesion_reported"]].notna().any(axis=1)
    same = points["derived"] & (points["overall_reported"] == points["overall_derived"]) & ~parts
    asked = points["overall_reported"].notna() & ~same
    for point, before in zip(points.loc[asked, COMPARED].to_dict("records"), earlier[asked], strict=True):
        patient, day = point["patient_id"], int(point["day"])
        place = f"{point['source']}, day {study_day(day)}"
        if point["derived"]:
            yield from differences(point, patient, day, place)
        yield from inner_contradictions(point, before, patient, day, place)


def differences(point: dict, patient: str, day: int, place: str) -> Iterator[ScanQuery]:
    for what, derived, reported in (
        ("overall", point["overall_derived"], point["overall_reported"]),
        ("target", point["target_response"], point["target_reported"]),
        ("nontarget", point["nontarget_response"], point["nontarget_reported"]),
    ):
        if is_given(reported) and is_given(derived) and reported != derived:
            severity = "error" if "PD" in (reported, derived) else "warning"
            text = f"{place}: {what} response reported {reported}, derived {derived}{measured(point)}"
            yield ScanQuery(patient, severity, f"{what}_response_differs", text, day)
    if point["new_lesion_reported"] == "N" and point["new_lesion"] == "Y":
        yield ScanQuery(
            patient, "error", "new_lesion_differs", f"{place}: a new lesion is measured, but new_lesion is N", day
        )


def measured(point: dict) -> str:
    if pd.isna(point["sum"]) or pd.isna(point["nadir"]):
        return ""
    return f" (sum {point['sum'] / NM:g} mm, nadir {point['nadir'] / NM:g} mm, baseline {mm(point['baseline'])} mm)"


def mm(length: float) -> str:
    return "not known" if pd.isna(length) else f"{length / NM:g}"


def inner_contradictions(point: dict, before: float, patient: str, day: int, place: str) -> Iterator[ScanQuery]:
    """Check a reported response against its own components and against the measured sum."""
    reported = point["overall_reported"]
    target, nontarget, new = (
        value if is_given(value) else None
        for value in (point["target_reported"], point["nontarget_reported"], point["new_lesion_reported"])
    )
    if target is not None or nontarget is not None or new == "Y":
        by_table = overall_response(target, nontarget, new)
        if by_table != reported:
            text = (
                f"{place}: overall response {reported}, but target {target or 'none'}, "
                f"non-target {nontarget or 'none'} and new lesion {new or 'none'} make {by_table}"
            )
            yield ScanQuery(
                patient, "error" if "PD" in (reported, by_table) else "warning", "overall_against_table", text, day
            )
    total = point["sum"]
    no_other = "Y" not in (point["new_lesion"], new) and "PD" not in (nontarget, point["nontarget_response"])
    if reported == "PD" and no_other and not pd.isna(total) and not pd.isna(before) and total < before:
        text = f"{place}: PD, but the sum shrank from {mm(before)} to {mm(total)} mm and there is no new lesion"
        yield ScanQuery(patient, "error", "progression_with_shrinking_sum", text, day)
    if (
        "CR" in (reported, target)
        and is_given(point["target_response"])
        and point["target_response"] not in ("CR", "NE")
    ):
        text = f"{place}: CR reported, but target lesions are left, sum {mm(total)} mm"
        yield ScanQuery(patient, "error", "complete_response_with_target", text, day)
    if reported in ("CR", "PR") and target == "NE":
        yield ScanQuery(
            patient, "warning", "response_without_target", f"{place}: {reported} with target lesions NE", day
        )


def is_given(value: object) -> bool:
    return isinstance(value, str)


def visit_queries(clinical: Clinical, seen: Observations, rules: Rules) -> Iterator[ScanQuery]:
    """Ask about what the rules decide and the data leave open: doubtful new lesions, radiotherapy, close scans."""
    points = seen.timepoints
    back = rules.settings["progression"]["equivocal_new_lesion"] == "date_back"
    for point in points[points["sure_day"].notna()].to_dict("records"):
        day, sure = int(point["day"]), study_day(point["sure_day"])
        used = "dated back" if back else f"left on day {sure}"
        found = f"the new lesion of day {study_day(day)} was equivocal, that of day {sure} is not"
        text = f"{point['source']}: {found}; is it the same? Progression is {used}"
        yield ScanQuery(point["patient_id"], "warning", "equivocal_new_lesion", text, day)
    rows = seen.lesion_rows
    if rows is not None:
        used = "counts" if rules.settings["progression"]["new_node_below_10_mm"] == "count" else "does not count"
        for row in rows[small_new_nodes(rows)].drop_duplicates(["patient_id", "lesion_id"]).to_dict("records"):
            size = f"new node {row['lesion_id']} measures {mm(row['size'])} mm"
            text = f"lesions row {row['row']}: {size}, below 10 mm, which is no disease; it {used}"
            yield ScanQuery(row["patient_id"], "warning", "new_node_below_10_mm", text, int(row["day"]))
    if clinical.therapies is not None:
        used = rules.settings["progression"]["radiotherapy"].replace("_", " ")
        for index in clinical.therapies.index[is_radiotherapy(clinical.therapies, rules)]:
            patient = clinical.therapies.at[index, "patient_id"]
            text = f"therapies row {row_number(index)}: radiotherapy; by progression.radiotherapy: {used}"
            yield ScanQuery(patient, "note", "radiotherapy", text)
    yield from close_queries(seen, rules)


def close_queries(seen: Observations, rules: Rules) -> Iterator[ScanQuery]:
    """Ask about assessments within one scan window of each other, which may be parts of one time point."""
    points = seen.timepoints
    for point in points[points["joined"].notna()].to_dict("records"):
        places = ", ".join(str(row) for row, _, _ in point["joined"])
        scans = ", ".join(f"{response} on day {study_day(day)}" for _, day, response in point["joined"])
        differ = len({response for _, _, response in point["joined"]}) > 1
        text = f"assessments rows {places}: {scans} are one time point, {point['overall_reported']}; "
        text += "if they are not, give each its visit"
        severity = "warning" if differ else "note"
        yield ScanQuery(point["patient_id"], severity, "assessments_joined", text, int(point["day"]))
    window = rules.settings["scans"]["window_days"]
    for patient, scans in points.groupby("patient_id", sort=False):
        rows = zip(scans["day"], scans["source"], scans["derived"], strict=True)
        for (before, _, measured_before), (day, source, derived) in pairwise(rows):
            if day - before <= window and not (measured_before and derived):
                days = f"{day - before:.0f} day(s) after the one of day {study_day(before)}"
                text = f"{source}: scan {days}; if both are parts of one time point, give it one overall response"
                yield ScanQuery(str(patient), "warning", "assessments_close_together", text, int(day))


def course_queries(seen: Observations, rules: Rules) -> Iterator[ScanQuery]:
    """Check the order of responses and the gaps between scans."""
    points = seen.timepoints
    for point in points[points["less_after_cr"].notna()].to_dict("records"):
        day = int(point["day"])
        text = f"{point['source']}: {point['less_after_cr']} on day {study_day(day)} after a CR; was the CR one?"
        yield ScanQuery(point["patient_id"], "error", "less_after_complete_response", text, day)
    for patient, course in seen.courses.items():
        scans = until_progression(course.scans)
        for scan in course.scans[len(scans) :]:
            if scan.response in ("CR", "PR"):
                text = (
                    f"{scan.source}: {scan.response} on day {study_day(scan.day)} after progression; it does not count"
                )
                yield ScanQuery(patient, "warning", "response_after_progression", text, scan.day)
                break
        if not course.baseline:
            yield ScanQuery(patient, "error", "no_baseline", "no baseline scan on or before the reference date")
        last = 0
        for scan in scans:
            if scan.response not in (None, "NE", "ND"):
                if scan.day - last > rules.schedule.longest_gap(last):
                    unread = [s.day for s in scans if last < s.day < scan.day]
                    days = f"day {study_day(last)} and day {study_day(scan.day)}"
                    text = f"{scan.source}: no adequate scan between {days}"
                    if unread:
                        text += f"; not evaluable on day {', '.join(str(study_day(day)) for day in unread)}"
                    yield ScanQuery(patient, "warning", "missed_scans", text, scan.day)
                last = scan.day


def immune_queries(seen: Observations) -> Iterator[ScanQuery]:
    """Ask what iRECIST leaves open, and hold a reader's responses against RECIST 1.1 where the two are the same."""
    for patient, readings in seen.immune.items():
        for reading in readings:
            for severity, rule, text in reading.asked:
                yield ScanQuery(patient, severity, rule, f"scan of day {study_day(reading.day)}: {text}", reading.day)
    points = seen.timepoints
    earlier = points["overall"].eq("PD").groupby(points["patient_id"]).cumsum()
    before = points[points["irecist_reported"].notna() & (earlier - points["overall"].eq("PD") == 0)]
    for point in before.to_dict("records"):
        expected = CODES.get(point["overall"])
        if expected is not None and point["irecist_reported"] not in (expected, "iCPD"):
            day = int(point["day"])
            text = (
                f"{point['source']}, day {study_day(day)}: {point['irecist_reported']} by iRECIST, "
                f"{point['overall']} by RECIST 1.1; up to the first progression the two are the same"
            )
            yield ScanQuery(point["patient_id"], "warning", "irecist_differs", text, day)


def lesion_queries(seen: Observations) -> Iterator[ScanQuery]:
    """Check the choice of target lesions, their measurements and lesions that come out of nowhere."""
    lesions, rows = seen.lesions, seen.lesion_rows
    if lesions is None or rows is None:
        return
    for patient, severity, rule, text in selection_faults(lesions.targets):
        yield ScanQuery(patient, severity, rule, text)
    strangers = lesions.strangers.sort_values("row").drop_duplicates(["patient_id", "lesion_id"])
    for stranger in strangers.to_dict("records"):
        what = f"{stranger['kind']} lesion {stranger['lesion_id']}"
        used = "counts from now on" if stranger["kind"] == "nontarget" else "is not in the sum"
        text = f"lesions row {stranger['row']}: {what} was not there at baseline; it {used}"
        yield ScanQuery(stranger["patient_id"], "error", "lesion_not_at_baseline", text, int(stranger["day"]))
    points = lesions.timepoints
    for point in points[(points["measured"] < points["targets"].fillna(0))].to_dict("records"):
        measured_of = f"{int(point['measured'])} of {int(point['targets'])}"
        text = f"day {study_day(point['day'])}: {measured_of} target lesions measured"
        yield ScanQuery(point["patient_id"], "warning", "target_not_measured", text, int(point["day"]))
    baseline = pd.concat([lesions.targets, lesions.nontargets[lesions.nontargets["since"] == 0]])
    for patient, day in baseline.groupby("patient_id")["day"].min().items():
        if day < -LONGEST_BEFORE:
            text = f"baseline scan on day {study_day(day)}, more than 4 weeks before the reference date"
            yield ScanQuery(str(patient), "warning", "baseline_too_early", text)
    early = rows[(rows["kind"] == "new") & (rows["day"] <= 0)]
    for patient, lesion, row in zip(early["patient_id"], early["lesion_id"], early["row"], strict=True):
        text = f"lesions row {row}: lesion {lesion} is called new at baseline; not used"
        yield ScanQuery(patient, "error", "new_lesion_at_baseline", text)
    yield from measurement_queries(rows)


def measurement_queries(rows: pd.DataFrame) -> Iterator[ScanQuery]:
    """Find one lesion with two sizes on a day, earlier scans than the baseline one, and centimetres for millimetres."""
    target = rows[(rows["kind"] == "target") & rows["size"].notna()].sort_values(
        ["patient_id", "lesion_id", "day", "row"]
    )
    same = target.duplicated(["patient_id", "lesion_id", "day"], keep=False)
    for (patient, lesion, day), group in target[same].groupby(["patient_id", "lesion_id", "day"]):
        sizes = " and ".join(mm(size) for size in group["size"])
        places = ", ".join(map(str, sorted(group["row"])))
        what = f"lesion {lesion} measures {sizes} mm on day {study_day(day)}"
        text = f"lesions rows {places}: {what}; the largest is used; of a lesion that split give the sum of its parts"
        yield ScanQuery(patient, "error", "lesion_measured_twice", text, int(day))
    before = target[target["day"] <= 0]
    early = before[before.duplicated(["patient_id", "lesion_id"], keep="last")].drop_duplicates(["patient_id", "day"])
    for row in early.to_dict("records"):
        text = f"lesions row {row['row']}: scan of day {study_day(row['day'])} is before the baseline one; not used"
        yield ScanQuery(row["patient_id"], "warning", "scan_before_baseline", text)
    size = target["size"].astype("float64")
    ratio = size / size.groupby([target["patient_id"], target["lesion_id"]]).shift()
    tenfold = ratio.between(9.5, 10.5) | ratio.between(0.095, 0.105)
    for row, times in zip(target[tenfold].to_dict("records"), ratio[tenfold], strict=True):
        text = (
            f"lesions row {row['row']}: lesion {row['lesion_id']} is {times:.2g} times its last size; mm and cm mixed?"
        )
        yield ScanQuery(row["patient_id"], "warning", "tenfold_size", text, int(row["day"]))


def supplied_queries(clinical: Clinical, endpoints: pd.DataFrame) -> Iterator[ScanQuery]:
    """Compare endpoints that the sponsor supplied with the derived ones."""
    if clinical.patients[[*SUPPLIED_RESPONSES, *(f"{name}_days" for name in SUPPLIED_TIMES)]].isna().all(axis=None):
        return
    derived = endpoints.set_index("patient_id").to_dict("index")
    for index, patient in zip(clinical.patients.index, clinical.patients.to_dict("records"), strict=True):
        row = derived[patient["patient_id"]]
        where = f"patients row {row_number(index)}"
        bor = patient["bor"]
        if is_given(bor) and is_given(row["bor"]) and bor not in (row["bor"], row["cbor"]):
            text = f"{where}: bor {bor}, derived {row['bor']} and {row['cbor']} with confirmation ({row['bor_reason']})"
            yield ScanQuery(patient["patient_id"], "warning", "bor_differs", text)
        for name in SUPPLIED_TIMES:
            days, event = patient[f"{name}_days"], patient[f"{name}_event"]
            found, happened = row[f"{name}_days"], row[f"{name}_event"]
            months = patient[f"{name}_months"]
            same = days == found if pd.isna(months) else abs(found / DAYS_PER_MONTH - months) <= ROUNDED_MONTH
            if pd.isna(days) or pd.isna(found) or (same and event == happened):
                continue
            text = (
                f"{where}: {name} {days:g} days ({kind(event)}), derived {found:g} days ({kind(happened)}), "
                f"{row[f'{name}_reason']}"
            )
            severity = "error" if event != happened else "warning"
            yield ScanQuery(patient["patient_id"], severity, f"{name}_differs", text)


def kind(event: object) -> str:
    return "event" if event == 1 else "censored"
