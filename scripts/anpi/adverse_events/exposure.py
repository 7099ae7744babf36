"""How long the treated patients of each arm were on treatment, in days and in cycles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.adverse_events.table import ALL, Safety
from anpi.files.rows import Row

COLUMNS = [
    "measure", "unit", "arm", "N", "n", "on_treatment", "median", "q1", "q3", "least", "most", "patient_years",
]  # fmt: skip
DAYS_IN_YEAR = 365.25


def exposure_table(safety: Safety, cycle_days: int) -> pd.DataFrame:
    """Return ``exposure.tsv``: duration of treatment and cycles begun, by the arm received and overall.

    Duration is from the first to the last dose, both counted. Who has no last dose, or one after the data cut-off, is
    on treatment, counted up to the cut-off, death or the last day known alive; whose end none of them tells is in ``N``
    and not in ``n``. A patient begins a cycle every ``cycle_days`` from the first dose on.
    """
    days = safety.exposure["days"]
    measures = (("duration", "days", days), ("cycles", "cycles", np.ceil(days / cycle_days)))
    rows = []
    for measure, unit, values in measures:
        for arm in [ALL, *sorted(safety.arms.unique())]:
            members = safety.arms.index if arm == ALL else safety.arms.index[safety.arms == arm]
            about = {"measure": measure, "unit": unit, "arm": arm, "N": len(members)}
            rows.append(about | described(values[members], days[members], safety.exposure["ongoing"][members]))
    return pd.DataFrame(rows, columns=COLUMNS)


def described(values: pd.Series, days: pd.Series, ongoing: pd.Series) -> Row:
    stated = values.dropna()
    names = ("least", "q1", "median", "q3", "most")
    spread = stated.quantile([0, 0.25, 0.5, 0.75, 1]).to_numpy() if len(stated) else [np.nan] * len(names)
    counts = {"n": len(stated), "on_treatment": int(ongoing.sum())}
    years = days.sum() / DAYS_IN_YEAR if len(stated) else np.nan
    return counts | dict(zip(names, spread, strict=True)) | {"patient_years": years}
