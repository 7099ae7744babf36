"""The primary answer under every declared estimand, as a range."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.association.plan import Plan
from anpi.trial.endpoints import declared_endpoint
from anpi.trial.results import INTERACTION

DECLARED = "as declared"
COLUMNS = (
    "entry",
    "endpoint",
    "biomarker",
    "level",
    "reference",
    "effect",
    "answers",
    "estimated",
    "estimate",
    "estimate_low",
    "estimate_high",
    "ci_low_least",
    "ci_high_most",
    "tested",
    "p",
    "p_low",
    "p_high",
    "shown",
    "variants",
)


def estimand_table(plan: Plan, sensitivity: pd.DataFrame) -> pd.DataFrame:
    """Return the range of the primary answers over the declared endpoint and its variants (rules, iRECIST, evaluators).

    Parameters
    ----------
    sensitivity : DataFrame
        From `sensitivity_table`.

    Returns
    -------
    DataFrame
        One row a test or ratio of the primary entries, the test of a question first; ``answers`` counts the estimands,
        ``shown`` those with p below alpha, unadjusted. What one estimand cannot tell is counted in ``answers`` and not
        in ``estimated``. Ratios against another reference are other ratios.
    """
    own = sensitivity["tier"].eq("primary") & sensitivity["variant"].str.startswith((DECLARED, "endpoint "))
    rows = sensitivity[own].copy()
    rows["declared"] = [declared_endpoint(endpoint) for endpoint in rows["endpoint"]]
    rows["asked"] = what_is_asked(rows)
    rows = rows[rows["level"].isna() | (rows["level"] != rows["reference"])]
    keys = ["entry", "declared", "biomarker"]
    parts = [
        group_range(plan, names, part)
        for names, whole in rows.groupby(keys, sort=False)
        for _, part in whole.groupby("asked", sort=False)
    ]
    return pd.DataFrame(parts, columns=list(COLUMNS))


def what_is_asked(rows: pd.DataFrame) -> pd.Series:
    """Name what each row answers, alike under all estimands: the test, its interaction, a ratio of two groups."""
    first = ~rows.duplicated(["variant", "entry", "endpoint", "biomarker"])
    ratio = rows["level"].fillna("") + "/" + rows["reference"].fillna("") + "/"
    ratio += rows["effect"].fillna("").where(rows["level"].isna(), "")
    return ratio.mask(rows["effect"].eq(INTERACTION), INTERACTION).mask(first, "test")


def group_range(plan: Plan, names: tuple[str, str, str], part: pd.DataFrame) -> dict[str, object]:
    """Return the range of one test or ratio over its estimands."""
    declared = part[part["variant"].eq(DECLARED)]
    first = (declared if len(declared) else part).iloc[0]
    return {
        **dict(zip(COLUMNS, names, strict=False)),
        "level": None if pd.isna(first["level"]) else first["level"],
        "reference": first["reference"],
        "effect": first["effect"],
        "answers": len(part),
        "estimated": int(part["estimate"].notna().sum()),
        "estimate": first["estimate"],
        "estimate_low": part["estimate"].min(),
        "estimate_high": part["estimate"].max(),
        "ci_low_least": part["ci_low"].min(),
        "ci_high_most": part["ci_high"].max(),
        "tested": int(part["p"].notna().sum()),
        "p": first["p"] if len(declared) else np.nan,
        "p_low": part["p"].min(),
        "p_high": part["p"].max(),
        "shown": int((part["p"] < plan.alpha).sum()),
        "variants": "; ".join(part["endpoint"]),
    }
