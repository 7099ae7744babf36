"""Time points from measured lesions: sums, nadir, change and responses, for all patients at once.

The tables have one row per lesion and scan with ``patient_id``, ``day`` (days from the reference date, 0 = that
date), ``visit``, ``lesion_id``, ``kind`` (target, nontarget, new), ``node`` (bool), ``location``, ``size`` (nm,
missing when not measured), ``state`` (see `anpi.tables.clinical.read_state`) and ``row`` (in the file). Rows up to
day 0 are baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anpi.recist.best_response import ResponseRules, Scan, confirmed_response_day
from anpi.recist.timepoint import LEAST_GROWTH, NODE_NORMAL, nontarget_response, overall_response

NONTARGET_SEVERITY = ("not evaluable", "absent", "present", "progression")


@dataclass(frozen=True)
class LesionCourse:
    """What the lesions say.

    Parameters
    ----------
    timepoints : DataFrame
        One row per patient and scan after baseline: ``patient_id``, ``day``, ``first_day``, ``visit``, ``targets``,
        ``measured``, ``sum``, ``baseline``, ``nadir`` (nm), ``target_response``, ``nontarget_response``,
        ``new_lesion``, ``overall``, ``row``.
    baseline : DataFrame
        One row per patient with a scan up to the reference date: ``targets``, ``unmeasured``, ``baseline`` (nm) and
        ``disease``: was any target larger than normal.
    targets, nontargets : DataFrame
        The lesions themselves; non-target ones with the day ``since`` which they are known.
    strangers : DataFrame
        Rows of target lesions that were not there at baseline, and of non-target ones when they are first seen later.
    later : DataFrame
        All rows after baseline, each with the ``row`` of its time point as ``point``.
    """

    timepoints: pd.DataFrame
    baseline: pd.DataFrame
    targets: pd.DataFrame
    nontargets: pd.DataFrame
    strangers: pd.DataFrame
    later: pd.DataFrame


def follow_lesions(lesions: pd.DataFrame, window_days: int, new_therapy: pd.Series) -> LesionCourse:
    """Derive every time point of every patient.

    Parameters
    ----------
    lesions : DataFrame
        As the module says; nothing in it is later than the data cut-off.
    window_days : int
        Scans of one visit this many days apart or less are one time point.
    new_therapy : Series
        Day of the next therapy by patient, if any; no time point reaches across its start.
    """
    # Of two sizes of one day the larger counts, and a size counts more than none.
    order = ["patient_id", "lesion_id", "measured", "day", "size", "state", "row"]
    before = lesions[lesions["day"] <= 0]
    # A target lesion that a later scan could not measure keeps the size that it had before.
    before = before.assign(measured=before["size"].notna() | (before["kind"] != "target"))
    before = before.sort_values(order, na_position="first", kind="stable")
    last = before.drop_duplicates(["patient_id", "lesion_id"], keep="last")
    targets = last[last["kind"] == "target"]
    after = group_scans(lesions[lesions["day"] > 0], window_days, new_therapy)
    nontargets = nontarget_lesions(last, after)
    points = after.groupby(["patient_id", "scan"], sort=True).agg(
        day=("day", "max"), first_day=("day", "min"), visit=("visit", "first"), row=("row", "min")
    )
    baseline = describe_baseline(last, targets)
    points = points.join(baseline, on="patient_id")
    points = points.join(judge_targets(after, targets, points))
    points["nontarget_response"] = judge_nontargets(after, nontargets, points)
    points["new_lesion"] = judge_new(after, points)
    strangers = find_strangers(after, last, nontargets)
    after = after.join(points["row"].rename("point"), on=["patient_id", "scan"])
    points = points.reset_index().drop(columns="scan").sort_values(["patient_id", "day"], kind="stable")
    return LesionCourse(points.reset_index(drop=True), baseline, targets, nontargets, strangers, after)


def group_scans(after: pd.DataFrame, window_days: int, new_therapy: pd.Series) -> pd.DataFrame:
    """Number the scans of each patient: dates of one visit that lie close together, or without a visit those that do.

    Without a visit, a day joins the days before it when it is within the window of their first and shows none of
    their lesions: a CT and the MRI of the brain three days later are one time point, a lesion seen again is another.
    A scan after the start of a new therapy joins none before it.
    """
    after = after.assign(later=after["day"] > after["patient_id"].map(new_therapy))
    ordered = after.sort_values(["patient_id", "day", "row"], kind="stable")
    visit = ordered["visit"].fillna("").astype(str)
    course = [ordered["patient_id"], ordered["later"], visit]
    day = ordered["day"].astype("int64")
    by_visit = day.groupby(course, sort=False).diff()
    same_visit = (visit != "") & by_visit.le(window_days)
    group = pd.Series(np.where(same_visit, 0, 1), index=ordered.index)
    cluster = group.groupby(course, sort=False).cumsum()
    first = day.groupby([*course, cluster], sort=False).transform("min")
    alone = visit == ""
    first[alone] = join_days(ordered[alone], window_days)
    return ordered.drop(columns="later").assign(scan=first)


def join_days(rows: pd.DataFrame, window_days: int) -> pd.Series:
    """Return for rows without a visit, in order of patient and day, the first day of their time point."""
    starts: list[int] = []
    course, start, shown = None, 0, set[str]()
    for (who, later, day), lesions in rows.groupby(["patient_id", "later", "day"], sort=False)["lesion_id"]:
        mine = set(lesions)
        if (who, later) != course or day - start > window_days or shown & mine:
            course, start, shown = (who, later), int(day), set()
        shown |= mine
        starts += [start] * len(lesions)
    return pd.Series(starts, index=rows.index, dtype="int64")


def nontarget_lesions(last: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the non-target lesions and the day ``since`` which each is known.

    One that is first seen after baseline, or was absent then and is there later, counts from then on: to leave it out
    could hide its progression.
    """
    rank = after["state"].map({state: place for place, state in enumerate(NONTARGET_SEVERITY)})
    worst_first = after.assign(rank=rank).sort_values(["day", "rank"], ascending=[True, False], kind="stable")
    rows = pd.concat([last.assign(since=0), worst_first.assign(since=worst_first["day"])], ignore_index=True)
    rows = rows[rows["kind"] == "nontarget"]
    first = rows.drop_duplicates(["patient_id", "lesion_id"])
    shown = rows[rows["state"].isin(["present", "progression"])]
    found = pd.concat([first[(first["since"] == 0) & (first["state"] != "absent")], shown])
    return found.drop_duplicates(["patient_id", "lesion_id"]).sort_index()


def find_strangers(after: pd.DataFrame, last: pd.DataFrame, nontargets: pd.DataFrame) -> pd.DataFrame:
    """Return the later rows of target lesions without a baseline, and the first of non-target ones that came later."""
    lesion = pd.MultiIndex.from_frame(after[["patient_id", "lesion_id"]])
    seen_before = lesion.isin(pd.MultiIndex.from_frame(last[["patient_id", "lesion_id"]]))
    came = nontargets.loc[nontargets["since"] > 0, ["patient_id", "lesion_id", "since"]]
    first = pd.MultiIndex.from_frame(after[["patient_id", "lesion_id", "day"]]).isin(pd.MultiIndex.from_frame(came))
    return after[((after["kind"] == "target") & ~seen_before) | ((after["kind"] == "nontarget") & first)]


def describe_baseline(last: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    found = targets.groupby("patient_id")["size"]
    described = pd.DataFrame(
        {
            "targets": found.size(),
            "unmeasured": found.size() - found.count(),
            "baseline": found.sum(),
            "disease": diseased(targets["size"], targets["node"]).groupby(targets["patient_id"]).max(),
        },
        index=pd.Index(sorted(last["patient_id"].unique()), name="patient_id"),
    )
    described[["targets", "unmeasured"]] = described[["targets", "unmeasured"]].fillna(0).astype("int64")
    usable = (described["unmeasured"] == 0) & (described["targets"] > 0)
    described["baseline"] = described["baseline"].astype("Int64").where(usable)
    return described


def diseased(size: pd.Series, node: pd.Series) -> pd.Series:
    """Return which lesions are disease: non-nodes that are there, nodes of 10 mm or more; one not measured may be."""
    return size.isna() | pd.Series(np.where(node, size.fillna(0) >= NODE_NORMAL, size.fillna(0) > 0), index=size.index)


def judge_targets(after: pd.DataFrame, targets: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Sum the baseline target lesions scan by scan and judge each sum (RECIST 1.1, 4.3.1, 4.4.2).

    CR: all measured, non-nodes 0 and nodes below 10 mm. Else PD: grown, or a non-node back after all had gone; an
    incomplete sum is PD when its measured part alone has grown, else NE. Else PR: 30% below baseline. Else SD.
    Targets that were no disease at baseline cannot disappear: no response in place of CR.
    """
    rows = after[after["kind"] == "target"].drop(columns=["node"])
    rows = rows.merge(targets[["patient_id", "lesion_id", "node"]], on=["patient_id", "lesion_id"])
    rows = rows[rows["size"].notna()]
    rows = rows.sort_values("size", kind="stable").drop_duplicates(["patient_id", "scan", "lesion_id"], keep="last")
    size = rows["size"].astype("int64")
    rows = rows.assign(
        size=size,
        left=diseased(size, rows["node"]),
        back=~rows["node"].astype(bool) & (size > 0),
    )
    sums = rows.groupby(["patient_id", "scan"]).agg(
        sum=("size", "sum"), measured=("size", "size"), left=("left", "max"), back=("back", "max")
    )
    sums = sums.reindex(points.index)
    expected = points["targets"].fillna(0).astype("int64")
    measured = sums["measured"].fillna(0).astype("int64")
    total = sums["sum"].fillna(0).astype("int64")
    complete = (measured == expected) & (expected > 0)
    gone = ~sums["left"].eq(True)
    patient = points.index.get_level_values("patient_id")
    nadir = earlier_minimum(total.astype("float64").where(complete), patient)
    nadir = pd.concat([nadir, points["baseline"].astype("float64")], axis=1).min(axis=1)
    cleared = (complete & gone).groupby(patient).cummax().groupby(patient).shift(fill_value=False).astype(bool)
    back = (cleared | points["disease"].eq(False)) & sums["back"].eq(True)
    response = np.select(
        [
            expected == 0,
            complete & gone & points["disease"].eq(True),
            complete & gone,
            back | (~gone & grown(total, nadir)),
            ~complete | points["baseline"].isna(),
            10 * total <= 7 * points["baseline"].fillna(0).astype("int64"),
        ],
        ["", "CR", "", "PD", "NE", "PR"],
        "SD",
    )
    return pd.DataFrame(
        {
            "measured": measured,
            "sum": total.astype("Int64").where(complete),
            "nadir": nadir.astype("Int64"),
            "target_response": pd.Series(response, index=points.index, dtype=object).replace("", None),
        }
    )


def earlier_minimum(values: pd.Series, patient: pd.Index) -> pd.Series:
    """Return the lowest value of the same patient before each row."""
    return values.groupby(patient).shift().groupby(patient).cummin().groupby(patient).ffill()


def grown(total: pd.Series, nadir: pd.Series) -> pd.Series:
    """Return which sums are 20% and 5 mm or more above their nadir (nm); from a nadir of 0, any lesion is."""
    measured = nadir.notna()
    low = nadir.fillna(0).astype("int64")
    return measured & np.where(low == 0, total > 0, (5 * total >= 6 * low) & (total - low >= LEAST_GROWTH))


def judge_nontargets(after: pd.DataFrame, nontargets: pd.DataFrame, points: pd.DataFrame) -> pd.Series:
    """Judge the non-target lesions scan by scan; None where the patient has none."""
    since: dict[str, dict[str, float]] = {}
    for patient, lesion, day in zip(
        nontargets["patient_id"], nontargets["lesion_id"], nontargets["since"], strict=True
    ):
        since.setdefault(patient, {})[lesion] = day
    rows = after[after["kind"] == "nontarget"].merge(
        nontargets[["patient_id", "lesion_id"]], on=["patient_id", "lesion_id"]
    )
    states: dict[tuple[str, int], dict[str, str | None]] = {}
    for patient, scan, lesion, state in zip(
        rows["patient_id"], rows["scan"], rows["lesion_id"], rows["state"], strict=True
    ):
        seen_states = states.setdefault((patient, scan), {})
        worst = max(state, seen_states.get(lesion) or "not evaluable", key=NONTARGET_SEVERITY.index)
        seen_states[lesion] = None if worst == "not evaluable" else worst
    found = []
    for key, day in zip(points.index, points["day"], strict=True):
        expected = [lesion for lesion, first in since.get(key[0], {}).items() if first <= day]
        seen = states.get(key, {})
        found.append(nontarget_response([seen.get(lesion) for lesion in expected]) if expected else None)
    return pd.Series(found, index=points.index, dtype=object)


def judge_new(after: pd.DataFrame, points: pd.DataFrame) -> pd.Series:
    """Return whether a scan shows a new lesion: Y, E (equivocal) or None.

    A lesion that was equivocal and is unequivocal later counts from the day it was first seen (RECIST 1.1, 4.3.5), but
    from no day before a scan that did not show it.
    """
    rows = surely_new(after)
    marks = pd.Series(np.where(rows["sure"], 2, 1), index=rows.index)
    worst = marks.groupby([rows["patient_id"], rows["scan"]]).max().reindex(points.index)
    return worst.map({2.0: "Y", 1.0: "E"}).astype(object).where(worst.notna(), None)


def new_lesion_days(lesions: pd.DataFrame) -> pd.Series:
    """Return the first day of each patient's first lesion that is, or turned out to be, unequivocally new."""
    rows = surely_new(lesions[lesions["day"] > 0])
    return rows[rows["sure"]].groupby("patient_id")["day"].min()


def surely_new(lesions: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of new lesions that are there, with ``sure``: unequivocal by then, or later without a gap."""
    rows = lesions[lesions["kind"] == "new"].sort_values(["day", "row"], kind="stable")
    there = ~rows["state"].isin(["absent", "not evaluable"])
    lesion = [rows["patient_id"], rows["lesion_id"]]
    gone = rows["state"].eq("absent") & ~there.groupby([*lesion, rows["day"]]).transform("any").astype(bool)
    stretch = gone.astype("int64").groupby(lesion).cumsum()
    unequivocal = rows["state"].eq("unequivocal")
    by_then = unequivocal.groupby(lesion).cummax().astype(bool)
    later = unequivocal.groupby([*lesion, stretch]).transform("any").astype(bool)
    return rows.assign(sure=by_then | later)[there]


def combine(points: pd.DataFrame) -> pd.Series:
    """Return the overall response of each time point."""
    texts = [
        [value if isinstance(value, str) else None for value in points[column]]
        for column in ("target_response", "nontarget_response", "new_lesion")
    ]
    return pd.Series([overall_response(*row) for row in zip(*texts, strict=True)], index=points.index, dtype=object)


def keep_response(scans: Sequence[Scan], mode: str, rules: ResponseRules) -> list[Scan]:
    """Call regrowth short of progression after a PR still PR (EORTC, answers to questions on RECIST).

    Parameters
    ----------
    mode : str
        ``none`` (the arithmetic stands), ``confirmed`` (after a confirmed response) or ``any``.
    """
    if mode == "none":
        return list(scans)
    kept: list[Scan] = []
    for scan in scans:
        if scan.response == "SD" and not any(s.response in ("CR", "PD") for s in kept) and responded(kept, mode, rules):
            scan = scan._replace(response="PR")
        kept.append(scan)
    return kept


def responded(scans: Sequence[Scan], mode: str, rules: ResponseRules) -> bool:
    if mode == "any":
        return any(scan.response == "PR" for scan in scans)
    return confirmed_response_day(scans, rules) is not None
