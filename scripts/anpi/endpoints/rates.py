"""Response rates, medians and landmark rates by arm and overall, each with its denominator and interval."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from anpi.endpoints.rules import Rules
from anpi.files.rows import Row
from anpi.stats.exact import clopper_pearson
from anpi.stats.survival import SurvivalCurve, kaplan_meier
from anpi.trial.endpoints import BINARY, ENDPOINTS, TIMES, Endpoint
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
        rows += [{"arm": arm, **row} for row in found]
    return pd.DataFrame(rows, columns=COLUMNS).sort_values("measure", kind="stable", key=lambda s: s.map(order().index))


def populations(members: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the patients of each population of ICH E9; all randomised only where somebody was."""
    found = {"all treated": members[members["treated"] == "yes"]}
    if members["randomised"].eq("yes").any():
        found["all randomised"] = members[members["randomised"] == "yes"]
    return found


def response_measures() -> list[tuple[str, str]]:
    """Return the rates with the column of ``endpoints.tsv`` of each: as ruled, its variants, then by iRECIST."""
    binary = [one for one in ENDPOINTS if one.measured]
    binary.sort(key=lambda one: BINARY.index(one.irecist_of or one.name))
    return [(f"{one.measure}{suffix}", f"{one.name}{suffix}") for one in binary for suffix in one.measured]


def time_measures() -> list[Endpoint]:
    """Return the times of which there are medians: those of responders, then of everyone, each beside iRECIST."""
    times = [one for one in ENDPOINTS if one.kind == "time" and one.measure]
    return sorted(times, key=lambda one: (not one.of_responders, TIMES.index(one.irecist_of or one.name)))


def order() -> list[str]:
    """Return the measures as ``rates.tsv`` has them."""
    times = [
        (f"{one.measure}_median", "TTR_median" if one.of_responders else f"{one.measure}_rate")
        for one in time_measures()
    ]
    responses = [measure for measure, _ in response_measures()]
    return [*responses, *(measure for pair in times for measure in pair), "follow_up_median"]


def response_rates(members: pd.DataFrame, rules: Rules) -> Iterator[Row]:
    """Return ORR and DCR with Clopper-Pearson intervals, of each population and of the response-evaluable patients.

    A patient of a population without any known response counts as a non-responder; where nobody has one, nobody counts.
    """
    people_of = populations(members)
    treated = people_of["all treated"]
    people_of["response-evaluable"] = treated[treated["response_evaluable"] == "yes"]
    for population, everyone in people_of.items():
        for measure, column in response_measures():
            people = everyone if everyone[column].notna().any() else everyone.iloc[:0]
            hits, n = int((people[column] == "Y").sum()), len(people)
            low, high = clopper_pearson(hits, n, rules.settings["rates"]["confidence"])
            yield {
                "measure": measure, "population": population, "n": n, "events": hits,
                "estimate": hits / n if n else np.nan, "ci_low": low, "ci_high": high,
                "unit": "proportion", "method": "Clopper-Pearson",
            }  # fmt: skip


def time_rates(members: pd.DataFrame, rules: Rules) -> Iterator[Row]:
    """Return medians of PFS, iPFS, OS, DoR, follow-up and TTR, and PFS and OS at the landmarks, by Kaplan-Meier.

    Times of all randomised patients are there only where they count from randomisation: else the untreated have none.
    """
    people_of = populations(members)
    if rules.settings["reference"] != "randomisation":
        people_of.pop("all randomised", None)
    treated = people_of["all treated"]
    for one in time_measures():
        for population, group in ({"responders": treated} if one.of_responders else people_of).items():
            about, curve = survival(group, one.name, population, rules)
            yield about | {"measure": f"{one.measure}_median", "unit": "days"} | estimate(curve.median())
            for months in [] if one.of_responders else rules.settings["rates"]["months"]:
                at = estimate(curve.at(months * DAYS_PER_MONTH))
                yield about | {"measure": f"{one.measure}_rate", "months": months, "unit": "proportion"} | at
    for population, group in people_of.items():
        about, curve = survival(group, "follow_up", population, rules)
        about |= {"measure": "follow_up_median", "unit": "days", "method": "reverse Kaplan-Meier"}
        yield about | estimate(curve.median())
    days = treated["ttr_days"].dropna().to_numpy(dtype=float)
    yield {
        "measure": "TTR_median",
        "population": "responders",
        "n": len(days),
        "events": len(days),
        "unit": "days",
        "method": "median of the responders",
        **estimate((float(np.median(days)) if len(days) else np.nan, np.nan, np.nan)),
    }


def survival(group: pd.DataFrame, name: str, population: str, rules: Rules) -> tuple[Row, SurvivalCurve]:
    """Return the Kaplan-Meier curve of a time of those who have it, and whom it is of."""
    people = group[group[f"{name}_days"].notna() & group[f"{name}_event"].notna()]
    days, events = (people[f"{name}_{what}"].to_numpy(dtype=float) for what in ("days", "event"))
    about: Row = {"population": population, "n": len(people), "events": int(events.sum())}
    curve = kaplan_meier(days, events, rules.settings["rates"]["confidence"])
    return about | {"method": "Kaplan-Meier, log-log interval"}, curve


def estimate(values: tuple[float, float, float]) -> Row:
    return dict(zip(("estimate", "ci_low", "ci_high"), values, strict=True))
