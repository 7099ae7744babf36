"""Words of the project's own tables that more than one room writes or reads."""

from __future__ import annotations

import pandas as pd

# What `effect` of a result is called whose question is whether arms differ in it.
INTERACTION = "interaction with arm"
# How the warning of a result begins whose family waits for another one that did not pass.
GATE_CLOSED = "gate closed"
# How the reason of an endpoint begins that was not derived.
AS_SUPPLIED = "as supplied in patients"
# How the biomarker of a result begins that is the clearance of a marker.
CLEARANCE = "clearance of "


def supplied(reasons: pd.Series) -> pd.Series:
    """Tell by their reasons which endpoints the sponsor supplied; True or False, also where there is none."""
    return reasons.astype("string").str.startswith(AS_SUPPLIED).fillna(False).astype(bool)
