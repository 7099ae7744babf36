"""The endpoints in the shape of CDISC ADaM (ADTTE, ADRS), so that a statistician can read them in SAS or R."""

from __future__ import annotations

import pandas as pd

from anpi.endpoints.observations import Observations
from anpi.endpoints.rules import Rules
from anpi.tables.arms import arms_received
from anpi.trial.endpoints import ENDPOINTS, RULES, Endpoint

TIMES = tuple(one for one in ENDPOINTS if one.code and one.kind == "time")
RESPONSES = tuple(one for one in ENDPOINTS if one.code and one.kind != "time")


def styles(endpoint: Endpoint, rules: Rules) -> list[tuple[str, str]]:
    """Return each style of censoring of an endpoint in words, and the suffix of its columns."""
    if not any(f"_{style}" in endpoint.variants for style in rules.styles):
        return [("", "")]
    return [(f" ({RULES[f'_{style}']})", suffix) for style, suffix in rules.styles.items()]


def adtte(endpoints: pd.DataFrame, seen: Observations, rules: Rules) -> pd.DataFrame:
    """Return one row per patient and time to event: CNSR 0 is an event, AVAL counts STARTDT and ADT."""
    parts, arms = [], arms_received(endpoints, seen.facts["arm_received"])
    wanted = [(one, *style) for one in TIMES for style in styles(one, rules)]
    for one, style, suffix in wanted:
        name = one.name
        found = endpoints[endpoints[f"{name}_days{suffix}"].notna()]
        start = found["ttr_days"].astype("float64") if one.of_responders else pd.Series(1.0, index=found.index)
        days = found[f"{name}_days{suffix}"].astype("float64")
        whole = days.where(days == days.round())
        parts.append(
            pd.DataFrame(
                {
                    "USUBJID": found["patient_id"],
                    "TRT01A": found["patient_id"].map(arms),
                    "PARAMCD": f"{one.code}{suffix}".upper().replace("_", ""),
                    "PARAM": f"{one.label}{style} (days)",
                    "STARTDT": start - 1,
                    "ADT": found[f"{name}_date{suffix}"],
                    "STARTDY": start.astype("Int64"),
                    "ADY": (start - 1 + whole).astype("Int64"),
                    "AVAL": days,
                    "AVALU": "DAYS",
                    "CNSR": 1 - found[f"{name}_event{suffix}"].astype("Int64"),
                    "EVNTDESC": found[f"{name}_reason{suffix}"],
                    "SRC": found[f"{name}_source{suffix}"],
                }
            )
        )
    kinds = {"STARTDY": "Int64", "ADY": "Int64", "AVAL": "float64", "CNSR": "Int64", "ADT": "datetime64[ns]"}
    table = pd.concat([part.astype(object) for part in parts], ignore_index=True).astype(kinds)
    table["STARTDT"] = seen.timeline.calendar(table["USUBJID"], table["STARTDT"])
    return table.sort_values(["PARAMCD", "USUBJID"], kind="stable")


def adrs(endpoints: pd.DataFrame, seen: Observations) -> pd.DataFrame:
    """Return one row per patient and scan (OVR), and one row per patient and other parameter."""
    points = seen.timepoints
    overall = pd.DataFrame(
        {
            "USUBJID": points["patient_id"],
            "PARAMCD": "OVR",
            "PARAM": "Overall Response by RECIST 1.1",
            "ADY": points["day"].astype("float64") + 1,
            "AVALC": points["overall"],
            "SRC": points["source"],
        }
    )
    parts = [overall]
    for one in RESPONSES:
        parts.append(
            pd.DataFrame(
                {
                    "USUBJID": endpoints["patient_id"],
                    "PARAMCD": one.code,
                    "PARAM": one.label,
                    "ADY": endpoints[one.day].astype("float64") if one.day else float("nan"),
                    "AVALC": endpoints[one.name],
                    "SRC": endpoints["bor_reason"],
                }
            )
        )
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    table = table[table["AVALC"].notna()].reset_index(drop=True)
    table.insert(1, "TRT01A", table["USUBJID"].map(arms_received(endpoints, seen.facts["arm_received"])))
    table.insert(4, "ADT", seen.timeline.calendar(table["USUBJID"], table["ADY"] - 1))
    table["ADY"] = table["ADY"].astype("Int64")
    order = {code: place for place, code in enumerate(["OVR", *(one.code for one in RESPONSES)])}
    return table.sort_values(
        ["USUBJID", "PARAMCD", "ADY"], key=lambda s: s.map(order) if s.name == "PARAMCD" else s, kind="stable"
    )
