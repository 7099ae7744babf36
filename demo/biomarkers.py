"""Circulating tumour DNA of a simulated trial: in all patients at baseline, gone in most of those who progress late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from anpi.files.rows import Row
from demo.clinical import ClinicalTables
from demo.streams import stream

MARKER, UNIT, METHOD = "ctDNA", "molecules/mL", "panel of plasma"
COLUMNS = ["patient_id", "marker", "value", "unit", "method", "date"]
DRAWN_ON = (22, 43, 85)  # study days
MIDDLE_DAYS, SPREAD_DAYS = 120.0, 20.0
QUIET, GROWING = 0.3, 1.6  # factor a visit where it stays, before and after the latent progression


def simulate_ctdna(clinical: ClinicalTables, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
    """Draw the ctDNA of every patient before the first dose and on three days of treatment.

    Who clears it is drawn by the latent time to progression (logistic: half of those at 120 days), so clearance goes
    with long progression-free survival and does not cause it.

    Returns
    -------
    table : pandas.DataFrame
        Rows of ``biomarkers.csv``.
    cleared : pandas.Series
        Study day of the first value of 0 by patient, NaN where there is none.
    """
    latent = clinical.truth.set_index("patient_id")["progression_days"]
    rows: list[Row] = []
    cleared = {}
    for patient in clinical.patients.to_dict("records"):
        name, start = str(patient["patient_id"]), patient["treatment_start_date"]
        draw = stream(seed, "ctdna", name)
        day, course = draw_course(float(latent[name]), start, last_day(patient), draw)
        cleared[name] = day
        rows += [{"patient_id": name, "marker": MARKER, "unit": UNIT, "method": METHOD, **row} for row in course]
    return pd.DataFrame(rows, columns=COLUMNS), pd.Series(cleared, dtype=float)


def draw_course(latent: float, start: date, last: date, draw: np.random.Generator) -> tuple[float, list[Row]]:
    """Draw the values of one patient; give the study day of the first 0 too, NaN where there is none."""
    clears = draw.random() < 1 / (1 + np.exp(-(latent - MIDDLE_DAYS) / SPREAD_DAYS))
    first = int(draw.integers(0, 2))  # of the visits: at the first or the second
    level = float(np.exp(draw.normal(np.log(400), 0.9)))
    rows: list[Row] = [{"value": round(level), "date": start - timedelta(days=int(draw.integers(0, 8)))}]
    gone = np.nan
    for visit, nominal in enumerate(DRAWN_ON):
        study_day = nominal + int(draw.integers(-2, 3))
        day = start + timedelta(days=study_day - 1)
        level *= (QUIET if study_day < latent else GROWING) * float(np.exp(draw.normal(0, 0.3)))
        if day > last:
            break
        absent = clears and visit >= first and study_day < latent
        gone = study_day if absent and np.isnan(gone) else gone
        rows.append({"value": 0 if absent else max(1, round(level)), "date": day})
    return gone, rows


def last_day(patient: Mapping[str, date | None]) -> date:
    """Return the last day on which blood is drawn: the end of treatment, or the last on which the patient was seen."""
    days = (patient["treatment_end_date"], patient["last_alive_date"])
    return min(day for day in days if day is not None and not pd.isna(day))
