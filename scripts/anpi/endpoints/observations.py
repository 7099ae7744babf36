"""What was observed of each patient up to the data cut-off, in days from the reference date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anpi.endpoints.close_scans import JOINED, beside_complete, date_joined, join_close_scans
from anpi.endpoints.contacts import all_contacts, last_contacts
from anpi.endpoints.immune_scans import read_immune
from anpi.endpoints.populations import add_populations
from anpi.endpoints.progression import NOT_ADEQUATE, Course
from anpi.endpoints.readers import evaluator_problems, primary_evaluator, read_by
from anpi.endpoints.rules import Rules
from anpi.endpoints.time_to_event import Moment
from anpi.problems import InputError, Problem, refuse
from anpi.recist.best_response import Scan, less_after_complete, until_progression
from anpi.recist.irecist import CODES, ORDER, Reading
from anpi.recist.lesions import LesionCourse, combine, follow_lesions, keep_response, new_lesion_days
from anpi.recist.timepoint import NM, NODE_NORMAL, SEVERITY, nanometres
from anpi.tables.clinical import Clinical, Timeline, row_number

TIMEPOINT_COLUMNS = [
    "patient_id", "day", "first_day", "visit", "targets", "measured", "sum", "baseline", "nadir", "target_response",
    "nontarget_response", "new_lesion", "overall_derived", "reported_day", "target_reported", "nontarget_reported",
    "new_lesion_reported", "overall_reported", "irecist_reported", "overall", "irecist", "source",
]  # fmt: skip
READING = ("overall_response", "new_lesion", "target_response", "nontarget_response")  # the worst of a day, in turn


@dataclass
class Observations:
    """The tables of a trial on one time scale, up to the data cut-off.

    Parameters
    ----------
    timeline : Timeline
        Reference dates.
    timepoints : DataFrame
        One row per patient and scan on or after the reference date (`TIMEPOINT_COLUMNS`); lengths in nm.
    courses : dict of str to Course
        By patient; patients without a reference date have none.
    lesions : LesionCourse or None
        What the lesions say, when they were given.
    lesion_rows, reported : DataFrame or None
        The lesions and assessments that were looked at, before duplicates and early scans were set aside.
    facts : DataFrame
        One row per patient, whatever the cut-off: days of death, last_alive, withdrawal, treatment_end and more.
    immune : dict of str to list of Reading
        By patient the response of each scan by iRECIST.
    """

    timeline: Timeline
    timepoints: pd.DataFrame
    courses: dict[str, Course]
    lesions: LesionCourse | None
    lesion_rows: pd.DataFrame | None
    reported: pd.DataFrame | None
    facts: pd.DataFrame
    immune: dict[str, list[Reading]]


def observe(clinical: Clinical, rules: Rules) -> Observations:
    """Bring all tables on the time scale of the rules; what lies after the data cut-off or after death is not known."""
    refuse(evaluator_problems(clinical, rules))
    timeline = Timeline(clinical.patients, rules.settings["reference"])
    facts = patient_facts(clinical, timeline, rules)
    reported = reported_scans(clinical, timeline, rules, facts["cutoff"])
    lesion_rows = lesion_scans(clinical, timeline, rules, facts["cutoff"])
    window = rules.settings["scans"]["window_days"]
    told, rows = (None if frame is None else before(frame, facts["death"]) for frame in (reported, lesion_rows))
    if rows is not None:
        small = small_new_nodes(rows) & (rules.settings["progression"]["new_node_below_10_mm"] == "ignore")
        rows = rows.assign(state=rows["state"].mask(small, "absent"), ignored=small)
    lesions = None if rows is None else follow_lesions(rows, window, facts["new_therapy"])
    facts["baseline"] = has_baseline(clinical, lesions, rows)
    facts["measurable"] = has_targets(facts, lesions, told, rules)
    points = join_scans(lesions, rows, told, rules, facts)
    scans = scans_of(points)
    immune = read_immune(points, lesions, rules)
    courses = make_courses(facts, scans)
    return Observations(timeline, points, courses, lesions, lesion_rows, reported, facts, immune)


def check_rules(clinical: Clinical, rules: Rules) -> None:
    """Refuse rules that do not fit the tables: an evaluator who is not there or not chosen, a cut-off by date for days.

    Raises
    ------
    InputError
        With every fault.
    """
    problems = evaluator_problems(clinical, rules)
    try:
        cutoffs(clinical, Timeline(clinical.patients, rules.settings["reference"]), rules)
    except InputError as error:
        problems += error.problems
    refuse(problems)


def patient_facts(clinical: Clinical, timeline: Timeline, rules: Rules) -> pd.DataFrame:
    """Return one row per patient: days of death, last_alive, withdrawal, treatment_end, cutoff, new therapy, rows."""
    patients = clinical.patients
    facts = pd.DataFrame(index=pd.Index(patients["patient_id"], name="patient_id"))
    facts["row"] = [row_number(index) for index in patients.index]
    facts["arm_received"] = patients["arm_received"].to_numpy()
    for name in ("death", "last_alive", "withdrawal", "treatment_end"):
        facts[name] = timeline.offsets(patients, name).to_numpy()
    facts["clinical"] = facts["treatment_end"].where(
        patients["treatment_end_reason"].map(clinical_progression).to_numpy(dtype=bool)
    )
    facts["cutoff"] = cutoffs(clinical, timeline, rules)
    facts["known"] = timeline.has_reference.to_numpy()
    cutoff = Timeline(patients).offsets(patients, "cutoff").set_axis(facts.index)
    facts = add_populations(facts, patients, rules, cutoff)
    contacts = all_contacts(clinical, timeline)
    facts = facts.join(last_contacts(contacts, facts["cutoff"]).add_prefix("contact_"))
    if rules.settings["survival"]["last_alive"] == "as_recorded":
        contacts = contacts[contacts["what"] == "last_alive"]
    facts = facts.join(last_contacts(contacts, facts["cutoff"]).add_prefix("alive_"))
    therapies = clinical.therapies
    facts["new_therapy"], facts["therapy_row"] = np.nan, np.nan
    if therapies is not None:
        day = timeline.offsets(therapies, "start")
        counts = (day >= 0) & ~(
            is_radiotherapy(therapies, rules) & (rules.settings["progression"]["radiotherapy"] == "ignore")
        )
        later = therapies.assign(day=day, row=[row_number(i) for i in therapies.index])[counts]
        first = later.sort_values(["patient_id", "day", "row"]).drop_duplicates("patient_id").set_index("patient_id")
        facts["new_therapy"] = first["day"].reindex(facts.index)
        facts["therapy_row"] = first["row"].reindex(facts.index)
    return facts


def is_radiotherapy(therapies: pd.DataFrame, rules: Rules) -> pd.Series:
    """Return which therapies are radiotherapy, by the words of the rules in their column ``kind``."""
    words = [word.lower() for word in rules.settings["progression"]["radiotherapy_words"]]
    kinds = therapies["kind"].fillna("").astype(str).str.lower()
    return kinds.map(lambda kind: any(word in kind for word in words)).astype(bool)


def clinical_progression(reason: object) -> bool:
    """Return whether treatment ended for progression, by the words of its reason."""
    told = reason.lower() if isinstance(reason, str) else ""
    words = set(re.findall(r"[\w-]+", told))
    return ("progress" in told or "pd" in words) and not words & {"no", "not", "without"}


def small_new_nodes(rows: pd.DataFrame) -> pd.Series:
    """Return which rows are new nodes below 10 mm, the size up to which a node is normal (RECIST 1.1, 4.3.1)."""
    below = rows["size"].lt(NODE_NORMAL).fillna(False).astype(bool)
    return rows["kind"].eq("new") & rows["node"] & below & (rows["day"] > 0) & rows["state"].ne("absent")


def cutoffs(clinical: Clinical, timeline: Timeline, rules: Rules) -> np.ndarray:
    by_patient = timeline.offsets(clinical.patients, "cutoff")
    if rules.cutoff is None:
        return by_patient.to_numpy()
    shared = timeline.cutoff(rules.cutoff)
    if shared[timeline.has_reference].isna().any() and by_patient[timeline.has_reference.to_numpy()].isna().any():
        raise InputError(
            Problem(
                clinical.patients.attrs["file"],
                "a data cut-off by date does not apply to study days",
                column="cutoff_day",
                expected="the study day of the cut-off of each patient, or treatment_start_date",
                mend="Give the column cutoff_day, or set data_cutoff to null in endpoints.yaml.",
            )
        )
    return by_patient.fillna(pd.Series(shared.to_numpy(), index=by_patient.index)).to_numpy()


def before(frame: pd.DataFrame, last: pd.Series) -> pd.DataFrame:
    """Keep what happened up to a last day of each patient (NaN: no end), that day included."""
    limit = frame["patient_id"].map(last)
    return frame[frame["day"].notna() & (limit.isna() | (frame["day"] <= limit))]


def reported_scans(clinical: Clinical, timeline: Timeline, rules: Rules, cutoff: pd.Series) -> pd.DataFrame | None:
    if clinical.assessments is None:
        return None
    frame = read_by(clinical.assessments, primary_evaluator(clinical, rules))
    frame = frame.assign(day=timeline.offsets(frame, "assessment"), row=[row_number(i) for i in frame.index])
    return before(frame, cutoff)


def lesion_scans(clinical: Clinical, timeline: Timeline, rules: Rules, cutoff: pd.Series) -> pd.DataFrame | None:
    """Bring the lesions into the form that `anpi.recist.lesions` takes."""
    if clinical.lesions is None:
        return None
    frame = read_by(clinical.lesions, primary_evaluator(clinical, rules))
    lengths = {d: nanometres(d) for d in frame["diameter_mm"].dropna().unique()}
    size = frame["diameter_mm"].map(lengths).astype("Int64")
    unmeasured = size.isna()
    size = size.mask(unmeasured & (frame["state"] == "absent"), 0)
    size = size.mask(unmeasured & (frame["state"] == "too small"), 5 * NM)
    size = size.mask(frame["state"] == "not evaluable")
    frame = frame.assign(
        day=timeline.offsets(frame, "assessment"),
        row=[row_number(i) for i in frame.index],
        size=size,
        node=(frame["node"] == "Y"),
        grew=(frame["state"] == "grown"),
        symptom=(frame["new_symptom"] == "Y"),
    )
    return before(settle_states(frame), cutoff)


def settle_states(frame: pd.DataFrame) -> pd.DataFrame:
    """Return lesions that are as before, or have grown since, the state that they had at the scan before."""
    held = frame["state"].isin(["as before", "grown"])
    if not held.any():
        return frame
    ordered = frame.sort_values(["patient_id", "lesion_id", "day", "row"], kind="stable")
    told = ordered["state"].where(~held.reindex(ordered.index) & (ordered["state"] != "not evaluable"))
    before = told.groupby([ordered["patient_id"], ordered["lesion_id"]]).ffill().reindex(frame.index)
    start = frame["kind"].map({"nontarget": "present", "new": "unequivocal"})
    before = before.where(before.notna() & (before != "absent"), start)
    return frame.assign(state=frame["state"].where(~held, before))


def worst_of_day(reported: pd.DataFrame) -> pd.DataFrame:
    """Keep one reading a patient and day, and none before the reference date: the worst, by response, new lesion,
    target and non-target response in turn; of readings that are alike in all of them the first row.
    """
    ranks = {column: reported[column].map(SEVERITY).fillna(-1) for column in READING}
    ranked = reported[["patient_id", "day", "row"]].assign(**ranks).reset_index(drop=True)
    order = ranked.sort_values(["patient_id", "day", *READING, "row"], ascending=[True, True, *[False] * 4, True]).index
    worst = reported.iloc[order]
    worst = worst[worst["day"] >= 0].drop_duplicates(["patient_id", "day"])
    worst = worst.join(worst_by_irecist(reported), on=["patient_id", "day"])
    return worst.assign(**{c: worst[c].where(worst[c].notna(), None) for c in READING[1:]})


def worst_by_irecist(reported: pd.DataFrame) -> pd.DataFrame:
    """Return the worst response by iRECIST that was reported of each patient and day, and was there a new symptom."""
    code = reported["irecist_response"].map(CODES).fillna(reported["irecist_response"])
    ordered = reported.assign(irecist_reported=code, place=code.map(ORDER.index, na_action="ignore"))
    ordered = ordered.assign(symptom=reported["new_symptom"] == "Y").sort_values("place", na_position="first")
    days = ordered.groupby(["patient_id", "day"])
    return pd.DataFrame(
        {"irecist_reported": days["irecist_reported"].last(), "symptom_reported": days["symptom"].max()}
    )


def join_scans(
    lesions: LesionCourse | None,
    lesion_rows: pd.DataFrame | None,
    reported: pd.DataFrame | None,
    rules: Rules,
    facts: pd.DataFrame,
) -> pd.DataFrame:
    """Lay derived time points and reported assessments side by side and choose the response that counts.

    A derived response counts; where a scan has no lesions, the reported one stands as it is.
    """
    told = None
    if reported is not None:
        reported = reported.assign(reported_day=reported["day"])
        if lesions is not None:
            reported = move_into_visits(reported, lesions.timepoints)
        told = worst_of_day(reported).rename(
            columns={
                "target_response": "target_reported",
                "nontarget_response": "nontarget_reported",
                "new_lesion": "new_lesion_reported",
                "overall_response": "overall_reported",
                "row": "reported_row",
            }
        )
        told = told[
            ["patient_id", "day", "reported_day", "visit", "target_reported", "nontarget_reported",
             "new_lesion_reported", "overall_reported", "irecist_reported", "symptom_reported", "reported_row"]
        ]  # fmt: skip
    if lesions is not None:
        points = match_scans(lesions, told, rules, facts)
    elif told is not None:
        points = join_close_scans(told, rules, facts).assign(derived=False)
    else:
        points = pd.DataFrame(columns=["patient_id", "day", "derived"])
    more = ("symptom_reported", "row", "reported_row", "derived", *JOINED)
    points = points.reindex(columns=list(dict.fromkeys([*TIMEPOINT_COLUMNS, *more])))
    points["derived"] = points["derived"].eq(True)
    points["by_lesions"] = points["new_lesion"].notna()
    if lesions is not None:
        fill_from_report(points, lesions)
        points["overall_derived"] = combine(points).where(points["derived"])
    for column in [c for c in points if c.startswith(("overall", "target_", "nontarget_", "new_lesion", "irecist"))]:
        points[column] = points[column].astype(object).where(points[column].notna(), None)
    points["overall"] = points["overall_derived"].where(points["derived"], points["overall_reported"])
    date_back_equivocal(points, rules)
    without_baseline(points, facts["baseline"])
    date_joined(points, rules)
    points = date_progression(points, lesion_rows, rules)
    points = points.sort_values(["patient_id", "day"], kind="stable").reset_index(drop=True)
    return hold_responses(points, rules)


def move_into_visits(reported: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Return assessments made during a time point of several days its last day: they are no scans of their own."""
    spans = points.loc[points["first_day"] < points["day"], ["patient_id", "first_day", "day"]]
    days = reported[["patient_id", "reported_day"]].reset_index().merge(spans, on="patient_id")
    inside = days[days["reported_day"].between(days["first_day"], days["day"])]
    last = inside.drop_duplicates("index").set_index("index")["day"]
    return reported.assign(day=last.reindex(reported.index).fillna(reported["day"]))


def match_scans(lesions: LesionCourse, told: pd.DataFrame | None, rules: Rules, facts: pd.DataFrame) -> pd.DataFrame:
    """Pair each time point with the assessment of its day, or else with the nearest one within the scan window."""
    points = lesions.timepoints.assign(derived=True)
    if told is None:
        return points
    # The baseline scan has no response.
    told = told[(told["day"] > 0) | ~told["patient_id"].isin(lesions.baseline.index)]
    same = points.merge(told.drop(columns="visit"), on=["patient_id", "day"], how="left")
    loose = told[~told["reported_row"].isin(same["reported_row"])]
    open_points = same[same["reported_row"].isna()]
    near = pair_nearest(open_points, loose, rules.settings["scans"]["window_days"], facts["new_therapy"])
    same = same.set_index(["patient_id", "day"])
    for key, row in near.items():
        same.loc[key, list(row.index)] = row.to_numpy()
    alone = loose[~loose["reported_row"].isin([row["reported_row"] for row in near.values()])]
    alone = join_close_scans(alone, rules, facts).assign(derived=False)
    return pd.concat([same.reset_index(), alone], ignore_index=True)


def pair_nearest(
    points: pd.DataFrame, told: pd.DataFrame, window: int, new_therapy: pd.Series
) -> dict[tuple[str, float], pd.Series]:
    """Pair time points and assessments of a patient that are at most ``window`` days apart, nearest first.

    No assessment up to the start of a new therapy is of a scan after it.
    """
    pairs = points[["patient_id", "day"]].merge(told[["patient_id", "day", "reported_row"]], on="patient_id")
    start = pairs["patient_id"].map(new_therapy)
    pairs = pairs[~((pairs["day_y"] <= start) & (start < pairs["day_x"]))]
    pairs = pairs.assign(apart=(pairs["day_x"] - pairs["day_y"]).abs()).query("apart <= @window")
    pairs = pairs.sort_values(["apart", "patient_id", "day_x", "day_y"], kind="stable")
    chosen: dict[tuple[str, float], float] = {}
    taken: set[float] = set()
    for patient, day, row in zip(pairs["patient_id"], pairs["day_x"], pairs["reported_row"], strict=True):
        if (patient, day) not in chosen and row not in taken:
            chosen[(patient, day)] = row
            taken.add(row)
    rows = told.drop(columns=["patient_id", "day", "visit"]).set_index(told["reported_row"])
    return {key: rows.loc[row] for key, row in chosen.items()}


def fill_from_report(points: pd.DataFrame, lesions: LesionCourse) -> None:
    """Take non-target response and new lesions from the assessment where the lesions are silent about them.

    They are not when a scan shows a non-target lesion, or a new node too small to count: the reader's new lesion is
    that node.
    """
    later = lesions.later
    followed = points["row"].isin(later.loc[later["kind"] == "nontarget", "point"])
    told = points["nontarget_reported"].notna() & ~followed
    silent = points["derived"] & (points["nontarget_response"].isna() | told)
    points["nontarget_response"] = points["nontarget_response"].where(~silent, points["nontarget_reported"])
    unseen = points["derived"] & points["new_lesion"].isna()
    small = unseen & points["row"].isin(later.loc[later["ignored"], "point"])
    points["new_lesion"] = points["new_lesion"].mask(small, "N")
    unseen &= ~small & points["new_lesion_reported"].isin(["Y", "E"])
    points["new_lesion"] = points["new_lesion"].where(~unseen, points["new_lesion_reported"])


def date_back_equivocal(points: pd.DataFrame, rules: Rules) -> None:
    """Date a reported new lesion back to the first of the scans before that call it equivocal (RECIST 1.1, 4.3.5).

    Scans that do not speak of new lesions are passed over; one that says there is none ends the search. Lesions of
    lesions.csv have names, which say which is which. What was there on the reference date is not new.
    The column ``sure_day`` notes when it was found unequivocal.
    """
    new = points["new_lesion"].where(points["new_lesion"].notna(), points["new_lesion_reported"])
    points["sure_day"] = np.nan
    for places in points.sort_values("day", kind="stable").groupby("patient_id", sort=False).groups.values():
        sure = None
        for place in reversed(list(places)):
            if points.at[place, "overall"] == "PD" and new[place] == "Y":
                sure = points.at[place, "day"]
            elif new[place] in ("N", "Y") or (new[place] == "E" and points.at[place, "by_lesions"]):
                sure = None
            elif new[place] == "E" and sure is not None and points.at[place, "day"] > 0:
                points.at[place, "sure_day"] = sure
    if rules.settings["progression"]["equivocal_new_lesion"] == "date_back":
        back = points["sure_day"].notna()
        points["overall"] = points["overall"].mask(back, "PD")
        points["new_lesion"] = points["new_lesion"].mask(back, "Y")


def without_baseline(points: pd.DataFrame, baseline: pd.Series) -> None:
    """Call NE what a baseline scan is needed to judge: all but progression by an unequivocal new lesion."""
    new = points["new_lesion"].where(points["new_lesion"].notna(), points["new_lesion_reported"])
    sure = points["overall"].eq("PD") & new.eq("Y")
    unjudged = ~points["patient_id"].map(baseline).eq(True) & ~sure & ~points["overall"].isin(NOT_ADEQUATE)
    points["overall"] = points["overall"].mask(unjudged, "NE")


def date_progression(points: pd.DataFrame, lesion_rows: pd.DataFrame | None, rules: Rules) -> pd.DataFrame:
    """Date each scan: a new lesion on the day it was first seen, a sum at the last or first scan of its visit.

    Of both the earlier day counts.
    """
    if lesion_rows is None:
        return points
    first_new = points["patient_id"].map(new_lesion_days(lesion_rows))
    progressed = points["derived"] & points["overall"].eq("PD")
    within = progressed & first_new.between(points["first_day"], points["day"])
    points["day"] = points["day"].where(~within, first_new)
    if rules.settings["progression"]["date_of_sum"] == "first_scan":
        grown = points["target_response"].eq("PD") | points["nontarget_response"].eq("PD")
        points["day"] = points["day"].mask(progressed & (grown | ~within), points["first_day"])
    return points


def hold_responses(points: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Apply the rules of regrowth after PR, and of less after CR, to the responses that count.

    The column ``less_after_cr`` keeps the response, as it was, of each patient's first scan with less than its CR.
    """
    mode = rules.settings["best_response"]["regrowth_after_pr"]
    as_progression = rules.settings["best_response"]["cr_then_less"] == "progression"
    overall, derived = list(points["overall"]), list(points["derived"])
    less: list[str | None] = [None] * len(points)
    for places in points.groupby("patient_id", sort=False).indices.values():
        scans = [Scan(place, overall[place]) for place in places]
        if not {"CR", "PR"} & {scan.response for scan in scans}:
            continue
        if mode != "none":
            days = [scan._replace(day=int(points["day"].iat[scan.day])) for scan in scans]
            kept = keep_response(days, mode, rules.confirmation)
            scans = [one._replace(response=other.response) for one, other in zip(scans, kept, strict=True)]
            for scan in scans:
                if derived[scan.day]:
                    overall[scan.day] = scan.response
        found = less_after_complete(until_progression([Scan(place, overall[place]) for place in places]))
        if found is not None:
            less[found.day] = found.response
            if as_progression:
                overall[found.day] = "PD"
    points["overall"] = pd.Series(overall, index=points.index, dtype=object)
    points["less_after_cr"] = pd.Series(less, index=points.index, dtype=object)
    return points


def scans_of(points: pd.DataFrame) -> dict[str, list[Scan]]:
    """Return the scans of each patient in order of time, each with its place in the tables and what progressed."""
    scans: dict[str, list[Scan]] = {}
    sources = []
    mine = ["target_response", "nontarget_response", "new_lesion"]
    told = ["target_reported", "nontarget_reported", "new_lesion_reported"]
    parts = points[mine].where(points["derived"], points[told].set_axis(mine, axis=1))
    parts["new_lesion"] = points["new_lesion"].where(points["new_lesion"].notna(), parts["new_lesion"])
    for patient, day, response, derived, row, told_row, target, nontarget, new in zip(
        *(points[column] for column in ("patient_id", "day", "overall", "derived", "row", "reported_row")),
        *(parts[column] for column in mine),
        strict=True,
    ):
        source = f"lesions row {int(row)}" if derived else f"assessments row {int(told_row)}"
        sources.append(source)
        causes = {"new lesion": new == "Y", "target lesions": target == "PD", "non-target lesions": nontarget == "PD"}
        cause = " and ".join(name for name, true in causes.items() if true) if response == "PD" else ""
        scans.setdefault(patient, []).append(Scan(int(day), response, new, source, cause or None))
    points["source"] = sources
    return scans


def has_baseline(clinical: Clinical, lesions: LesionCourse | None, lesion_rows: pd.DataFrame | None) -> np.ndarray:
    """Return who had a baseline scan: as patients.csv says, else by the lesions, else taken as given."""
    ids = clinical.patients["patient_id"]
    told = clinical.patients["baseline_assessed"]
    seen = pd.Series(True, index=ids.index)
    if lesions is not None and lesion_rows is not None:
        seen = ids.isin(lesions.baseline.index) | ~ids.isin(lesion_rows["patient_id"])
    return told.eq("Y").where(told.notna(), seen).to_numpy(dtype=bool)


def has_targets(
    facts: pd.DataFrame, lesions: LesionCourse | None, reported: pd.DataFrame | None, rules: Rules
) -> np.ndarray:
    """Return who has target lesions, as far as is known: by the lesions at baseline, else by the words of the readers.

    NON-CR/NON-PD is said of patients without them alone (RECIST 1.1, table 2), but for a part of a time point beside a
    CR; PR and SD of those with them.
    """
    found = pd.Series(True, index=facts.index)
    if reported is not None:
        words, patients = reported["overall_response"], reported["patient_id"]
        measured = patients[words.isin(["PR", "SD"]) | reported["target_response"].notna()]
        whole = ~beside_complete(reported, rules, facts["new_therapy"])
        without = set(patients[(words == "NON-CR/NON-PD") & whole]) - set(measured)
        found &= ~found.index.isin(without)
    if lesions is not None:
        counted = pd.Series(facts.index.map(lesions.baseline["targets"]), index=facts.index)
        found = found.where(counted.isna(), counted != 0)
    return found.to_numpy(dtype=bool)


def make_courses(facts: pd.DataFrame, scans: Mapping[str, list[Scan]]) -> dict[str, Course]:
    """Return the course of each patient with a reference date: what is known up to the cut-off and up to death."""
    courses = {}
    for patient, fact in zip(facts.index, facts.to_dict("records"), strict=True):
        if fact["no_reference"] is not None:
            continue
        cutoff = None if np.isnan(fact["cutoff"]) else int(fact["cutoff"])
        source = f"patients row {fact['row']}"
        limit = np.nanmin([fact["cutoff"], fact["death"], np.inf])

        def moment(name: str, code: str, source: str, fact: Mapping = fact, limit: float = limit) -> Moment | None:
            day = fact[name]
            return None if np.isnan(day) or day > limit else Moment(int(day), code, source)

        courses[patient] = Course(
            scans=scans.get(patient, []),
            baseline=fact["baseline"],
            death=moment("death", "death", source),
            last_alive=last_alive(fact, cutoff),
            new_therapy=moment("new_therapy", "new therapy", f"therapies row {fact['therapy_row']:.0f}"),
            withdrawal=moment("withdrawal", "withdrawal", source),
            cutoff=cutoff,
            measurable=fact["measurable"],
            treatment_end=moment("treatment_end", "treatment end", source),
            clinical=moment("clinical", "clinical progression", source),
        )
    return courses


def last_alive(fact: Mapping, cutoff: int | None) -> Moment | None:
    """Return when a patient was last known alive: on the cut-off when anything is known of a later day."""
    if cutoff is not None and (fact["alive_later"] or fact["death"] > cutoff):
        return Moment(cutoff, "alive at cut-off", f"patients row {fact['row']}")
    if np.isnan(fact["alive_day"]):
        return None
    return Moment(int(fact["alive_day"]), "last known alive", f"{fact['alive_table']} row {fact['alive_row']:.0f}")
