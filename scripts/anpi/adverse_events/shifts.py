"""Shift tables: the worst grade of each term on treatment against its grade before treatment."""

from __future__ import annotations

import pandas as pd

from anpi.adverse_events.table import ALL, Safety, by_frequency

COLUMNS = ["soc", "term", "arm", "baseline_grade", "worst_grade", "n", "N"]


def shift_table(safety: Safety) -> pd.DataFrame:
    """Return ``shifts.tsv``: patients by grade before treatment and worst grade on it, one row per pair found.

    The grade before treatment is that of events which began before the first dose and were not over by then (their
    ``initial_grade``, where it is given). An event that did not get worse goes on at its grade. Grade 0 is no event; a
    pair of two zeros is left out. Where no event of anybody began before treatment, grades before it were not recorded:
    the table is empty, since not recorded is not 0.
    """
    events = safety.all_events
    early = events["start"] < 0
    lasting = early & ~(events["end"] < 0)
    if not early.any():
        return pd.DataFrame(columns=COLUMNS)
    before = events["initial_grade"].fillna(events["grade"]).where(lasting)
    on = events["grade"].where(lasting | events.index.isin(safety.events.index))
    grades = events.assign(baseline_grade=before, worst_grade=on)
    worst = grades.groupby(["soc", "term", "patient_id"])[["baseline_grade", "worst_grade"]].max().fillna(0)
    worst = worst.astype("int64").reset_index()
    worst = worst[worst[["baseline_grade", "worst_grade"]].any(axis=1)]
    worst["arm"] = worst["patient_id"].map(safety.arms)
    both = pd.concat([worst.assign(arm=ALL), worst])
    table = both.groupby(COLUMNS[:5]).size().rename("n").reset_index()
    totals = {ALL: len(safety.arms), **safety.arms.value_counts().to_dict()}
    table["N"] = table["arm"].map(totals)
    place = {name: rank for rank, name in enumerate(by_frequency(worst, "term"))}
    arms = {arm: rank for rank, arm in enumerate([ALL, *sorted(safety.arms.unique())])}
    ordered = table.assign(term_place=table["term"].map(place), arm_place=table["arm"].map(arms))
    ordered = ordered.sort_values(["term_place", "soc", "arm_place", "baseline_grade", "worst_grade"], kind="stable")
    return ordered[COLUMNS].reset_index(drop=True)
