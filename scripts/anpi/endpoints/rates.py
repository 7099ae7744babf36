"""Response rates, medians and landmark rates by arm and overall, each with its denominator and interval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from anpi.endpoints.rules import Rules
from anpi.endpoints.time_to_event import DAYS_IN_MONTH

ALL = "all"
COLUMNS = [
    "measure", "arm", "population", "n", "events", "months", "estimate", "ci_low", "ci_high", "unit", "method",
]  # fmt: skip


def rate_table(endpoints: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Give ``rates.tsv``.

    Parameters
    ----------
    endpoints : DataFrame
        As `derive.derive_endpoints` gives it.

    Returns
    -------
    DataFrame
        Proportions are between 0 and 1; ``n`` is the denominator, that of ``population``, ``events`` the numerator.
        A value that does not exist (a median that is not reached) is missing.
    """
    arms = [(ALL, endpoints), *((str(arm), rows) for arm, rows in endpoints.groupby("arm", sort=True))]
    rows = []
    for arm, members in arms:
        found = [*response_rates(members, rules), *time_rates(members, rules)]
        rows += [{"arm": arm} | row for row in found]
    return pd.DataFrame(rows, columns=COLUMNS).sort_values("measure", kind="stable", key=lambda s: s.map(ORDER.index))


ORDER = [
    "ORR", "ORR_unconfirmed", "ORR_strict", "DCR", "DCR_strict", "DOR_median", "TTR_median", "PFS_median", "PFS_rate",
    "OS_median", "OS_rate", "follow_up_median",
]  # fmt: skip


def response_rates(members: pd.DataFrame, rules: Rules) -> Iterator[dict[str, Any]]:
    """Give ORR and DCR with Clopper-Pearson intervals, of all treated and of the response-evaluable patients."""
    known = members[members["response"].notna()]
    for population, people in (
        ("all treated", known),
        ("response-evaluable", known[known["response_evaluable"] == "yes"]),
    ):
        for measure, column in (
            ("ORR", "response"),
            ("ORR_unconfirmed", "response_unconfirmed"),
            ("ORR_strict", "response_strict"),
            ("DCR", "disease_control"),
            ("DCR_strict", "disease_control_strict"),
        ):
            hits, n = int((people[column] == "Y").sum()), len(people)
            low, high = clopper_pearson(hits, n, rules.settings["rates"]["confidence"])
            yield {
                "measure": measure, "population": population, "n": n, "events": hits,
                "estimate": hits / n if n else np.nan, "ci_low": low, "ci_high": high,
                "unit": "proportion", "method": "Clopper-Pearson",
            }  # fmt: skip


def clopper_pearson(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Give the exact interval of a proportion (Clopper & Pearson, Biometrika 1934;26:404-413)."""
    from scipy.stats import binomtest

    if n == 0:
        return np.nan, np.nan
    interval = binomtest(hits, n).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


def time_rates(members: pd.DataFrame, rules: Rules) -> Iterator[dict[str, Any]]:
    """Give medians of DoR, TTR, PFS, OS and follow-up, and PFS and OS at the landmarks, by Kaplan-Meier."""
    confidence = rules.settings["rates"]["confidence"]
    for measure, name, population in (
        ("PFS", "pfs", "all treated"), ("OS", "os", "all treated"), ("DOR", "dor", "responders"),
        ("follow_up", "follow_up", "all treated"),
    ):  # fmt: skip
        people = members[members[f"{name}_days"].notna() & members[f"{name}_event"].notna()]
        curve = KaplanMeier(people[f"{name}_days"], people[f"{name}_event"], confidence)
        about = {"population": population, "n": len(people), "events": curve.total_events}
        method = "reverse Kaplan-Meier" if name == "follow_up" else "Kaplan-Meier, log-log interval"
        yield {"measure": f"{measure}_median", "unit": "days", "method": method} | about | curve.median()
        if name in ("pfs", "os"):
            for months in rules.settings["rates"]["months"]:
                at = curve.rate(months * DAYS_IN_MONTH)
                yield (
                    {"measure": f"{measure}_rate", "months": months, "unit": "proportion", "method": method}
                    | about
                    | at
                )
    times = members["ttr_days"].dropna().astype("float64")
    yield {
        "measure": "TTR_median", "population": "responders", "n": len(times), "events": len(times),
        "estimate": float(times.median()) if len(times) else np.nan, "ci_low": np.nan, "ci_high": np.nan,
        "unit": "days", "method": "median of the responders",
    }  # fmt: skip


class KaplanMeier:
    """The product-limit estimate with log-log intervals, as R's ``survfit(conf.type = "log-log")`` gives it.

    Parameters
    ----------
    days, events : Series
        Times in days, and 1 for an event or 0 for censoring.
    confidence : float
        Of the intervals.
    """

    def __init__(self, days: pd.Series, events: pd.Series, confidence: float = 0.95):
        from scipy.stats import norm

        time = days.to_numpy(dtype=float)
        happened = events.to_numpy(dtype=float) == 1
        self.time = np.unique(time)
        at_risk = np.array([(time >= t).sum() for t in self.time], dtype=float)
        died = np.array([((time == t) & happened).sum() for t in self.time], dtype=float)
        self.total_events = int(happened.sum())
        self.survival = np.cumprod(1 - died / at_risk) if len(time) else np.array([])
        with np.errstate(divide="ignore", invalid="ignore"):
            greenwood = np.cumsum(died / (at_risk * (at_risk - died)))
            log = np.log(self.survival)
            spread = norm.ppf(0.5 + confidence / 2) * np.sqrt(greenwood) / np.abs(log)
            self.low = np.exp(-np.exp(np.log(-log) + spread))
            self.high = np.exp(-np.exp(np.log(-log) - spread))
        certain = self.survival == 1
        self.low[certain] = self.high[certain] = 1.0

    def rate(self, day: float) -> dict[str, float]:
        """Give survival at a day; missing beyond the last follow-up, unless all had died by then."""
        place = np.searchsorted(self.time, day, side="right") - 1
        if not len(self.time) or (day > self.time[-1] and self.survival[-1] > 0):
            return {"estimate": np.nan, "ci_low": np.nan, "ci_high": np.nan}
        if place < 0:
            return {"estimate": 1.0, "ci_low": 1.0, "ci_high": 1.0}
        return {
            "estimate": float(self.survival[place]),
            "ci_low": float(self.low[place]),
            "ci_high": float(self.high[place]),
        }

    def median(self) -> dict[str, float]:
        """Give the median with its interval; the midpoint of the step when survival is exactly one half."""
        return {
            "estimate": self.crossing(self.survival),
            "ci_low": self.crossing(self.low),
            "ci_high": self.crossing(self.high),
        }

    def crossing(self, curve: np.ndarray) -> float:
        tolerance = 1e-9
        below = np.flatnonzero(curve < 0.5 + tolerance)
        if not len(below):
            return np.nan
        first = below[0]
        if abs(curve[first] - 0.5) > tolerance:
            return float(self.time[first])
        later = np.flatnonzero(curve < 0.5 - tolerance)
        return float((self.time[first] + self.time[later[0]]) / 2) if len(later) else float(self.time[first])
