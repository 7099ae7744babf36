"""What must hold whatever the data are."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_trial import Derived, Trial

from anpi.recist.best_response import Scan

RESPONSES = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])

scans = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(RESPONSES)), max_size=8, unique_by=lambda scan: scan[0])
maybe_day = st.none() | st.integers(0, 400)


@st.composite
def patients(draw) -> dict[str, Any]:
    alive = draw(st.integers(0, 400))
    dead = draw(st.booleans())
    return {
        "scans": draw(scans),
        "death_at": alive if dead else None,
        "last_alive_at": alive,
        "therapy": draw(maybe_day),
        "withdrawal_at": draw(maybe_day),
        "cutoff_at": draw(st.none() | st.integers(50, 400)),
    }


trials = st.lists(patients(), min_size=6, max_size=20)  # many patients an example: reading tables is what costs


def derive(members: list[dict[str, Any]], as_days: bool = False, shuffle: int | None = None, **rules: Any) -> Derived:
    """Derive a trial; ``shuffle`` is a seed by which the rows of every table change places."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder), as_days)
        trial.add("assessments", patient_id="0", assessment_at=0, overall_response="SD")
        trial.add("therapies", patient_id="0", start_at=500, name="topotecan")
        trial.patient("0", last_alive_at=1)
        for number, member in enumerate(members, start=1):
            facts = {key: value for key, value in member.items() if key.endswith("_at")}
            trial.patient(str(number), **facts)
            trial.scans(str(number), [Scan(*scan) for scan in member["scans"]])
            if member["therapy"] is not None:
                trial.add("therapies", patient_id=str(number), start_at=member["therapy"], name="topotecan")
        if shuffle is not None:
            for table, rows in trial.rows.items():
                order = pd.Series(range(len(rows))).sample(frac=1, random_state=shuffle)
                trial.rows[table] = [rows[place] for place in order]
        return trial.derive(**rules)


def without_places(derived: Derived) -> pd.DataFrame:
    """Return the endpoints without rows of files and without calendar dates."""
    table = derived.table
    return table[[column for column in table if "_source" not in column and "_date" not in column]]


@QUICK
@given(trials, st.integers(0, 1000))
def test_order_of_rows_does_not_matter(members, seed):
    plain, shuffled = derive(members), derive(members, shuffle=seed)
    pd.testing.assert_frame_equal(without_places(plain), without_places(shuffled))
    assert [(q.patient_id, q.rule, q.day) for q in plain.queries] == [
        (q.patient_id, q.rule, q.day) for q in shuffled.queries
    ]


@QUICK
@given(trials)
def test_days_and_dates_give_the_same(members):
    pd.testing.assert_frame_equal(without_places(derive(members)), without_places(derive(members, as_days=True)))


@QUICK
@given(trials, st.integers(1, 60), st.sampled_from(RESPONSES))
def test_scan_after_the_cutoff_changes_nothing(members, later, response):
    members = [member | {"cutoff_at": member["cutoff_at"] or 400} for member in members]
    more = [member | {"scans": [*member["scans"], (member["cutoff_at"] + later, response)]} for member in members]
    pd.testing.assert_frame_equal(without_places(derive(members)), without_places(derive(more)))


@QUICK
@given(trials, st.integers(0, 400))
def test_earlier_progression_never_lengthens_pfs(members, day):
    before = derive(members)
    more = []
    for number, member in enumerate(members, start=1):
        at = min(day, int(before[str(number)]["pfs_days"]) - 1)
        more.append(member | {"scans": [scan for scan in member["scans"] if scan[0] != at] + [(at, "PD")]})
    after = derive(more)
    for number in range(1, len(members) + 1):
        for suffix in ("", "_ema"):
            name = f"pfs_days{suffix}"
            assert after[str(number)][name] <= before[str(number)][name]


@QUICK
@given(trials)
def test_no_time_ends_before_it_starts(members):
    found = derive(members)
    for column in [c for c in found.table if "_days" in c]:
        assert (found.table[column].dropna() >= 1).all()
    assert sorted(found.table["patient_id"]) == sorted(str(n) for n in range(len(members) + 1))
    reasons = found.table[[c for c in found.table if "_reason" in c]]
    assert reasons.notna().all(axis=None)


@QUICK
@given(trials, st.integers(0, 60), st.integers(0, 2))
def test_confirmed_responders_are_responders(members, days, between):
    table = derive(members, confirmation={"minimum_days": days, "stable_between": between}).table
    confirmed, responders = table["response"] == "Y", table["response_unconfirmed"] == "Y"
    assert (responders | ~confirmed).all()
    assert (table.loc[table["response_strict"] == "Y", "response"] == "Y").all() or days > 29
    assert (table.loc[confirmed, "disease_control"] == "Y").all()
    assert (table["ttr_days"].notna() == confirmed).all()
    assert (table["dor_days"].notna() == confirmed).all()


@QUICK
@given(trials)
def test_ema_counts_every_event_that_the_fda_counts(members):
    table = derive(members).table
    fda, ema = table["pfs_event"] == 1, table["pfs_event_ema"] == 1
    assert (ema | ~fda).all()
    assert (table.loc[fda, "pfs_days"] == table.loc[fda, "pfs_days_ema"]).all()
    assert (table["pfs_days_ema"] <= table["os_days"]).all()
    assert (table["pfs_days"] <= table["os_days"]).all()


@QUICK
@given(
    st.lists(st.lists(st.integers(600, 2000), min_size=2, max_size=2), min_size=2, max_size=6),
    st.sampled_from(["0.5", "1.1", "1.7", "2"]),
)
def test_scaling_all_diameters_changes_no_response(sizes, factor):
    """Sums of 60 mm and more: 20% of them is more than 5 mm, and none is a node of 10 mm."""

    def responses(scale: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            trial = Trial(Path(folder))
            trial.patient("P")
            for place, scan in enumerate(sizes):
                for lesion, size in enumerate(scan):
                    trial.add(
                        "lesions", patient_id="P", assessment_at=-7 + 42 * place, lesion_id=f"T{lesion}",
                        kind="target", node="N", location=f"organ {lesion}",
                        diameter_mm=f"{size * float(scale) / 10:.2f}",
                    )  # fmt: skip
            return list(trial.derive().seen.timepoints["overall"])

    assert responses("1") == responses(factor)
