"""Accounts of samples and patients: through verdicts and analysis sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from anpi.accounts.account import Account
from anpi.trial.sets import OF_EXPRESSION

SAID = ("patient_id", "sample_id", "reason_out")
OTHER_SET = "not of this set"


def sample_account(samples: pd.DataFrame, verdicts: pd.DataFrame) -> Account:
    """Account for the rows of the sample sheet: judged and usable, failed, or not in use."""
    judged = verdicts["verdict"].value_counts()
    left = {
        "set to use no": int((samples["use"] == "no").sum()),
        "failed quality control": int(judged.get("fail", 0)),
    }
    return Account("samples", "sample sheet", len(samples), int(judged.drop("fail", errors="ignore").sum()), 0, left)


def patient_accounts(patients: pd.DataFrame, endpoints: pd.DataFrame, sets: pd.DataFrame) -> Iterator[Account]:
    """Account for the patients: each has a row of endpoints, and stands in a set or out of it with a reason."""
    yield Account("patients", "endpoints", len(patients), len(endpoints))
    for name in sets.columns.difference(list(SAID), sort=False):
        said = sets[name].isin(["yes", "no"])
        if not said.any():
            continue
        reasons = Counter(why_out(name, reason) for reason in sets.loc[sets[name] == "no", "reason_out"])
        used = int((sets[name] == "yes").sum())
        yield Account("patients", name, len(patients), used, left_out=dict(sorted(reasons.items())))


def why_out(name: str, reason: object) -> str:
    """Return the reason of ``reason_out`` that keeps a patient out of a set, without its figures."""
    parts = reason.split("; ") if isinstance(reason, str) else []
    if name in OF_EXPRESSION:
        return parts[0].split(":")[0] if parts else OTHER_SET
    word = name.rsplit("_", 1)[0] if name.startswith("response") else name.removeprefix("all_")
    return next((part.split(":")[0] for part in parts if word in part), OTHER_SET)
