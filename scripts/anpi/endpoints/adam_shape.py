"""The endpoints in the shape of CDISC ADaM (ADTTE, ADRS), so that a statistician can read them in SAS or R."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.endpoints.observations import Observations
from anpi.endpoints.rules import Rules

PARAMETERS = {
    "pfs": "Progression-Free Survival",
    "os": "Overall Survival",
    "dor": "Duration of Confirmed Response",
}


def adtte(endpoints: pd.DataFrame, seen: Observations, rules: Rules) -> pd.DataFrame:
    """Give a row a patient and time to event: CNSR 0 is an event, AVAL is in days from STARTDT to ADT, both counted."""
    rows: list[dict[str, Any]] = []
    wanted = [(name, suffix, style) for style, suffix in rules.styles.items() for name in ("pfs", "dor")]
    for name, suffix, style in [*wanted, ("os", "", "")]:
        found = endpoints[endpoints[f"{name}_days{suffix}"].notna()]
        for row in found.to_dict("records"):
            start = 1 if name != "dor" else int(row["ttr_days"])
            days = row[f"{name}_days{suffix}"]
            rows.append(
                {
                    "USUBJID": row["patient_id"],
                    "TRT01A": row["arm"],
                    "PARAMCD": (name + suffix).upper().replace("_", ""),
                    "PARAM": PARAMETERS[name] + (f" ({style.upper()} censoring)" if style else "") + " (days)",
                    "STARTDY": start,
                    "STARTDT": start - 1,
                    "ADT": row[f"{name}_date{suffix}"],
                    "ADY": start - 1 + int(days) if days == int(days) else None,
                    "AVAL": days,
                    "AVALU": "DAYS",
                    "CNSR": 1 - int(row[f"{name}_event{suffix}"]),
                    "EVNTDESC": row[f"{name}_reason{suffix}"],
                    "SRC": row[f"{name}_source{suffix}"],
                }
            )
    columns = [
        "USUBJID", "TRT01A", "PARAMCD", "PARAM", "STARTDT", "ADT", "STARTDY", "ADY", "AVAL", "AVALU", "CNSR",
        "EVNTDESC", "SRC",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table["STARTDT"] = seen.timeline.calendar(table["USUBJID"], table["STARTDT"])
    return table.sort_values(["PARAMCD", "USUBJID"], kind="stable")


def adrs(endpoints: pd.DataFrame, seen: Observations) -> pd.DataFrame:
    """Give a row a patient and scan (OVR), and a row a patient for BOR, CBOR, CRSP and DCR."""
    points = seen.timepoints
    arms = endpoints.set_index("patient_id")["arm"]
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
    for code, label, column, day in (
        ("BOR", "Best Overall Response", "bor", "bor_day"),
        ("CBOR", "Confirmed Best Overall Response", "cbor", "cbor_day"),
        ("CRSP", "Confirmed Response", "response", "ttr_days"),
        ("DCR", "Disease Control", "disease_control", None),
    ):
        parts.append(
            pd.DataFrame(
                {
                    "USUBJID": endpoints["patient_id"],
                    "PARAMCD": code,
                    "PARAM": label,
                    "ADY": endpoints[day].astype("float64") if day else float("nan"),
                    "AVALC": endpoints[column],
                    "SRC": endpoints["bor_reason"],
                }
            )
        )
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    table = table[table["AVALC"].notna()].reset_index(drop=True)
    table.insert(1, "TRT01A", table["USUBJID"].map(arms))
    table.insert(4, "ADT", seen.timeline.calendar(table["USUBJID"], table["ADY"] - 1))
    table["ADY"] = table["ADY"].astype("Int64")
    order = {code: place for place, code in enumerate(["OVR", "BOR", "CBOR", "CRSP", "DCR"])}
    return table.sort_values(
        ["USUBJID", "PARAMCD", "ADY"], key=lambda s: s.map(order) if s.name == "PARAMCD" else s, kind="stable"
    )
