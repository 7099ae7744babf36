"""The arm of a patient: the planned one, and that of the treatment received."""

from __future__ import annotations

import pandas as pd


def arms_received(endpoints: pd.DataFrame, other: pd.Series) -> pd.Series:
    """Return the arm of the treatment that each patient received, by patient; None for who was never treated.

    Parameters
    ----------
    endpoints : pandas.DataFrame
        One row per patient: ``patient_id``, ``arm``, and ``treated`` where it was derived.
    other : pandas.Series
        Arm received where it is not the planned one, by patient; missing where it is.
    """
    people = endpoints.set_index("patient_id")
    other = other.reindex(people.index)
    arms = other.where(other.notna(), people["arm"])
    return arms.where(people["treated"].ne("no"), None) if "treated" in people else arms
