"""Response rates, medians and landmark rates by arm and overall, each with its denominator and interval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from anpi.endpoints.rules import Rules
from anpi.stats.exact import clopper_pearson
from anpi.stats.survival import kaplan_meier
from anpi.trial.times import DAYS_PER_MONTH

ALL = "all"
COLUMNS = [
    "measure", "arm", "population", "n", "events", "months", "estimate", "ci_low", "ci_high", "unit", "method",
]  # fmt: skip


def rate_table(endpoints: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return ``rates.tsv``.

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


def populations(members: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the patients of each population of ICH E9; all randomised only where somebody was."""
    found = {"all treated": members[members["treated"] == "yes"]}
    if members["randomised"].eq("yes").any():
        found["all randomised"] = members[members["randomised"] == "yes"]
    return found


ORDER = [
    "ORR", "ORR_unconfirmed", "ORR_strict", "ORR_irecist", "ORR_irecist_confirmed", "DCR", "DCR_strict", "DOR_median",
    "TTR_median", "PFS_median", "PFS_rate", "iPFS_median", "iPFS_rate", "OS_median", "OS_rate", "follow_up_median",
]  # fmt: skip


def response_rates(members: pd.DataFrame, rules: Rules) -> Iterator[dict[str, Any]]:
    """Return ORR and DCR with Clopper-Pearson intervals, of each population and of the response-evaluable patients.

    A patient of a population without any known response counts as a non-responder; where nobody has one, nobody counts.
    """
    people_of = populations(members)
    treated = people_of["all treated"]
    people_of["response-evaluable"] = treated[treated["response_evaluable"] == "yes"]
    for population, everyone in people_of.items():
        for measure, column in (
            ("ORR", "response"),
            ("ORR_unconfirmed", "response_unconfirmed"),
            ("ORR_strict", "response_strict"),
            ("ORR_irecist", "iresponse"),
            ("ORR_irecist_confirmed", "iresponse_confirmed"),
            ("DCR", "disease_control"),
            ("DCR_strict", "disease_control_strict"),
        ):
            people = everyone if everyone[column].notna().any() else everyone.iloc[:0]
            hits, n = int((people[column] == "Y").sum()), len(people)
            low, high = clopper_pearson(hits, n, rules.settings["rates"]["confidence"])
            yield {
                "measure": measure, "population": population, "n": n, "events": hits,
                "estimate": hits / n if n else np.nan, "ci_low": low, "ci_high": high,
                "unit": "proportion", "method": "Clopper-Pearson",
            }  # fmt: skip


def time_rates(members: pd.DataFrame, rules: Rules) -> Iterator[dict[str, Any]]:
    """Return medians of PFS, iPFS, OS, DoR, follow-up and TTR, and PFS and OS at the landmarks, by Kaplan-Meier.

    Times of all randomised patients are there only where they count from randomisation: else the untreated have none.
    """
    people_of = populations(members)
    if rules.settings["reference"] != "randomisation":
        people_of.pop("all randomised", None)
    wanted = [(m, m.lower(), population) for m in ("PFS", "iPFS", "OS", "follow_up") for population in people_of]
    for measure, name, population in [*wanted, ("DOR", "dor", "responders")]:
        group = people_of.get(population, people_of["all treated"])
        people = group[group[f"{name}_days"].notna() & group[f"{name}_event"].notna()]
        days, events = (people[f"{name}_{what}"].to_numpy(dtype=float) for what in ("days", "event"))
        curve = kaplan_meier(days, events, rules.settings["rates"]["confidence"])
        about = {"population": population, "n": len(people), "events": int(events.sum())}
        about["method"] = "reverse Kaplan-Meier" if name == "follow_up" else "Kaplan-Meier, log-log interval"
        yield about | {"measure": f"{measure}_median", "unit": "days"} | estimate(curve.median())
        if name in ("pfs", "ipfs", "os"):
            for months in rules.settings["rates"]["months"]:
                at = estimate(curve.at(months * DAYS_PER_MONTH))
                yield about | {"measure": f"{measure}_rate", "months": months, "unit": "proportion"} | at
    times = people_of["all treated"]["ttr_days"].dropna().to_numpy(dtype=float)
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
