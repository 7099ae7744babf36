"""Response rates, medians and landmark rates by arm and overall, each with its denominator and interval."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd

from anpi.endpoints.rules import Rules
from anpi.endpoints.time_to_event import DAYS_IN_MONTH
from anpi.stats.exact import clopper_pearson
from anpi.stats.survival import kaplan_meier
from anpi.trial.terms import supplied

ALL = "all"
COLUMNS = [
    "measure", "arm", "population", "n", "events", "months", "estimate", "ci_low", "ci_high", "unit", "method",
]  # fmt: skip


def rate_table(endpoints: pd.DataFrame, rules: Rules, begun: Collection[str] = ()) -> pd.DataFrame:
    """Give ``rates.tsv``.

    Parameters
    ----------
    endpoints : DataFrame
        As `derive.derive_endpoints` gives it.
    begun : collection of str
        Patients with a start of treatment. The times of others are not among those of the treated, unless the sponsor
        supplied them; without any, all times are.

    Returns
    -------
    DataFrame
        Proportions are between 0 and 1; ``n`` is the denominator, that of ``population``, ``events`` the numerator.
        A value that does not exist (a median that is not reached) is missing.
    """
    if len(begun):
        endpoints = endpoints[endpoints["patient_id"].isin(begun) | supplied(endpoints["pfs_reason"])]
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
    """Give ORR and DCR with Clopper-Pearson intervals, of all treated and of the response-evaluable patients.

    Of all treated, a patient without any known response counts as a non-responder.
    """
    treated = members[members["response"].notna() | members["pfs_days"].notna()]
    for population, people in (
        ("all treated", treated),
        ("response-evaluable", treated[treated["response_evaluable"] == "yes"]),
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


def time_rates(members: pd.DataFrame, rules: Rules) -> Iterator[dict[str, Any]]:
    """Give medians of PFS, OS, DoR, follow-up and TTR, and PFS and OS at the landmarks, by Kaplan-Meier."""
    for measure, name, population in (
        ("PFS", "pfs", "all treated"),
        ("OS", "os", "all treated"),
        ("DOR", "dor", "responders"),
        ("follow_up", "follow_up", "all treated"),
    ):
        people = members[members[f"{name}_days"].notna() & members[f"{name}_event"].notna()]
        days, events = (people[f"{name}_{what}"].to_numpy(dtype=float) for what in ("days", "event"))
        curve = kaplan_meier(days, events, rules.settings["rates"]["confidence"])
        about = {"population": population, "n": len(people), "events": int(events.sum())}
        about["method"] = "reverse Kaplan-Meier" if name == "follow_up" else "Kaplan-Meier, log-log interval"
        yield about | {"measure": f"{measure}_median", "unit": "days"} | estimate(curve.median())
        if name in ("pfs", "os"):
            for months in rules.settings["rates"]["months"]:
                at = estimate(curve.at(months * DAYS_IN_MONTH))
                yield about | {"measure": f"{measure}_rate", "months": months, "unit": "proportion"} | at
    times = members["ttr_days"].dropna().to_numpy(dtype=float)
    yield {
        "measure": "TTR_median",
        "population": "responders",
        "n": len(times),
        "events": len(times),
        "unit": "days",
        "method": "median of the responders",
    } | estimate((float(np.median(times)) if len(times) else np.nan, np.nan, np.nan))


def estimate(values: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("estimate", "ci_low", "ci_high"), values, strict=True))
