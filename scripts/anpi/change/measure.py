"""The change of every feature in every pair, each pair by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.change.features import CLASSES
from anpi.change.reads import LEAST_FRAGMENTS, TOO_THIN

COLUMNS = [
    "patient_id",
    "from_sample",
    "to_sample",
    "contrast",
    "feature",
    "kind",
    "before",
    "after",
    "change",
    "low",
    "high",
    "reason",
]
SWITCH = "subtype_switch"
NO_LIMITS = "the interval is not known"
TOO_FEW = f"{TOO_THIN}: fewer than {LEAST_FRAGMENTS:g} a gene in one of the samples, too few for limits"
PAIR = ["patient_id", "from_sample", "to_sample", "contrast"]


def measure_changes(pairs: pd.DataFrame, features: pd.DataFrame, calls: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the change of each feature in each pair that is used, with the interval of reads (and purity).

    Limits of the change come from those of both values (Zou & Donner 2008, doi:10.1002/sim.3095): they hold for
    lopsided intervals too. The subtype is compared by the probability that both samples are of different classes, never
    by two calls.

    Parameters
    ----------
    features : pandas.DataFrame
        ``sample_id``, ``feature``, ``kind``, ``value``, ``low``, ``high``; ``reason`` where limits were withheld.
    calls : pandas.DataFrame, optional
        ``sample_id``, ``p_A``, ``p_N``, ``p_P``, ``p_I``.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`: pairs in their order, features in theirs.
    """
    used = pairs[pairs["used"].eq("yes")]
    by_sample = {sample: part.drop(columns="sample_id") for sample, part in features.groupby("sample_id", sort=False)}
    empty = features.iloc[:0].drop(columns="sample_id")
    parts = []
    for pair in used.to_dict("records"):
        before, after = (by_sample.get(pair[name], empty) for name in ("from_sample", "to_sample"))
        both = before.merge(after, on=["feature", "kind"], suffixes=("_before", "_after"))
        rows = [compare(both)]
        if calls is not None:
            rows.append(switch(calls, str(pair["from_sample"]), str(pair["to_sample"])))
        parts.append(pd.concat(rows).assign(**{name: pair[name] for name in PAIR}))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    return table.reindex(columns=COLUMNS)


def compare(both: pd.DataFrame) -> pd.DataFrame:
    """Return changes and their limits of the features that two samples share."""
    b, a = both["value_before"].astype(float), both["value_after"].astype(float)
    change = a - b
    down = np.hypot(a - both["low_after"].astype(float), both["high_before"].astype(float) - b)
    up = np.hypot(both["high_after"].astype(float) - a, b - both["low_before"].astype(float))
    reason = pd.Series(None, index=both.index, dtype=object)
    reason[down.isna() | up.isna()] = NO_LIMITS
    thin = both.filter(["reason_before", "reason_after"]).eq(TOO_THIN).any(axis=1)
    reason[thin] = TOO_FEW
    reason[change.isna()] = "not measured in the second sample"
    reason[b.isna()] = "not measured in the first sample"
    return pd.DataFrame(
        {
            **{name: both[name] for name in ("feature", "kind")},
            **{"before": b, "after": a, "change": change, "low": change - down, "high": change + up, "reason": reason},
        }
    )


def switch(calls: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    """Return the probability that two samples are of different subtypes, in the column ``change``."""
    shares = calls.set_index("sample_id").reindex([start, end])[list(CLASSES)].astype(float)
    row = {"feature": SWITCH, "kind": "switch"}
    if shares.isna().any(axis=None):
        return pd.DataFrame([row | {"reason": "no probabilities of subtypes in one of the samples"}])
    first, second = (shares.iloc[i] / shares.iloc[i].sum() for i in (0, 1))
    return pd.DataFrame([row | {"change": float(1 - (first * second).sum())}])
