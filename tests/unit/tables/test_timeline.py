"""Days from the reference date, against plain dates; there is no study day 0."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from anpi.tables.clinical import Timeline

STARTS = {"P1": date(2024, 1, 1), "P2": date(2024, 2, 29), "P3": None}
DAYS = {-2: -2, -1: -1, 1: 0, 2: 1, 30: 29}  # the study day and the days from day 1


@pytest.fixture
def patients() -> pd.DataFrame:
    return pd.DataFrame({"patient_id": list(STARTS), "treatment_start_date": pd.to_datetime(list(STARTS.values()))})


def test_dates_and_study_days_of_each_patient_and_nothing_of_a_stranger(patients: pd.DataFrame) -> None:
    rows = [(who, on) for who in (*STARTS, "stranger") for on in (date(2023, 12, 30), date(2024, 3, 1), None)]
    frame = pd.DataFrame({"patient_id": [who for who, _ in rows], "scan_date": pd.to_datetime([on for _, on in rows])})
    frame.index = frame.index * 2 + 7  # as rows that were left out leave it
    found = Timeline(patients).offsets(frame, "scan")
    assert found.index.tolist() == frame.index.tolist()
    starts = [STARTS.get(who) for who, _ in rows]
    expected = [float((on - start).days) if on and start else None for (_, on), start in zip(rows, starts, strict=True)]
    assert [None if pd.isna(day) else day for day in found] == expected
    assert Timeline(patients).offsets(frame, "biopsy").isna().all()


@pytest.mark.parametrize("kind", ["Int64", "float64"])
def test_study_days_know_no_day_0(kind: str) -> None:
    patients = pd.DataFrame({"patient_id": ["P1"], "treatment_start_day": pd.array([1], dtype="Int64")})
    days = pd.array([*DAYS, None, 5], dtype=kind if kind == "Int64" else "Float64").astype(kind)
    frame = pd.DataFrame({"patient_id": ["P1"] * (len(DAYS) + 1) + ["stranger"], "scan_day": days})
    found = Timeline(patients).offsets(frame, "scan").tolist()
    assert found[:-2] == list(DAYS.values())
    assert pd.isna(found[-2])
    assert pd.isna(found[-1])
