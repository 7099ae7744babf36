"""Are the patients with a biomarker like all who were treated?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.association.plan import Plan
from anpi.association.trial import Trial
from anpi.stats.cox import fit_firth_cox
from anpi.stats.survival import kaplan_meier
from anpi.trial.endpoints import SURVIVAL, endpoint_words
from anpi.trial.times import DAYS_PER_MONTH
from anpi.words.quartiles import quartile_words
from anpi.words.shares import share

COLUMNS = (
    "variable",
    "level",
    "evaluable",
    "not_evaluable",
    "all_treated",
    "missing_evaluable",
    "missing_not_evaluable",
    "smd",
    "effect",
    "estimate",
    "ci_low",
    "ci_high",
    "warning",
)
NOTABLE = 0.2


def representativeness_table(plan: Plan, trial: Trial) -> pd.DataFrame:
    """Compare patients of the biomarker set with the other treated patients on baseline, PFS and OS.

    Baseline is compared by standardised mean differences (Austin 2009), survival by the hazard ratio of the
    evaluable against the others.
    """
    treated = trial.members(plan.all_treated)
    evaluable = treated.intersection(trial.members(plan.biomarker_set))
    inside = pd.Series(treated.isin(evaluable), index=treated)
    total = len(treated)
    rows = [row("patients", None, str(int(inside.sum())), str(int((~inside).sum())), str(total))]
    comparable = min(int(inside.sum()), int((~inside).sum())) >= plan.smallest_group
    for name in ["arm", *plan.baseline]:
        values = trial.covariate(name).reindex(treated)
        if values.notna().any():
            rows += compare(name, values, inside, comparable)
    for endpoint in SURVIVAL:
        rows.append(compare_survival(endpoint, trial.outcome(endpoint).reindex(treated), inside, plan))
    return pd.DataFrame(rows, columns=COLUMNS)


def row(
    variable: str, level: str | None, evaluable: str, rest: str, everyone: str, more: dict[str, object] | None = None
) -> dict[str, object]:
    return {
        "variable": variable,
        "level": level,
        "evaluable": evaluable,
        "not_evaluable": rest,
        "all_treated": everyone,
        **(more or {}),
    }


def compare(name: str, values: pd.Series, inside: pd.Series, comparable: bool) -> list[dict[str, object]]:
    """Return one row for a number, one row a level for a category."""
    missing: dict[str, object] = {
        "missing_evaluable": int(values[inside].isna().sum()),
        "missing_not_evaluable": int(values[~inside].isna().sum()),
    }
    if not isinstance(values.dtype, pd.CategoricalDtype) and values.nunique() > 4:
        texts = [quartiles(values[part]) for part in (inside, ~inside, inside | True)]
        return [
            row(
                name,
                None,
                texts[0],
                texts[1],
                texts[2],
                missing | difference(values[inside], values[~inside], comparable),
            )
        ]
    rows = []
    texts = values.convert_dtypes().astype("string")  # 1, not 1.0
    for level in sorted(texts.dropna().unique()):
        is_level = texts.dropna().eq(level).astype(float)
        parts = [is_level[inside.reindex(is_level.index)], is_level[~inside.reindex(is_level.index)], is_level]
        shares = [share(int(part.sum()), len(part)) for part in parts]
        rows.append(
            row(name, str(level), shares[0], shares[1], shares[2], missing | difference(parts[0], parts[1], comparable))
        )
    return rows


def quartiles(values: pd.Series) -> str:
    if values.notna().sum() == 0:
        return "no value"
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    return quartile_words(middle, low, high)


def difference(a: pd.Series, b: pd.Series, comparable: bool) -> dict[str, object]:
    """Return the standardised mean difference; for 0/1 values with the variance of a proportion."""
    if not comparable or min(a.notna().sum(), b.notna().sum()) < 2:
        return {"smd": np.nan, "warning": "too few patients on one side to compare"}
    binary = set(pd.concat([a, b]).dropna().unique()) <= {0.0, 1.0}
    variances = [x.mean() * (1 - x.mean()) if binary else x.var(ddof=1) for x in (a, b)]
    spread = np.sqrt(np.mean(variances))
    apart = a.mean() - b.mean()
    # Without any spread on either side a difference is beyond measure, and all the more notable.
    smd = float(apart / spread) if spread > 0 else (0.0 if apart == 0 else np.nan)
    return {"smd": smd, "warning": None if abs(smd) <= NOTABLE else "notable difference"}


def compare_survival(endpoint: str, outcome: pd.DataFrame, inside: pd.Series, plan: Plan) -> dict[str, object]:
    """Return medians in months, and the hazard ratio of the evaluable against the others."""
    whole = outcome.dropna()
    group = inside.reindex(whole.index).astype(bool)
    texts = [median_words(whole[part]) for part in (group, ~group, group | True)]
    missing = outcome.isna().any(axis=1)
    counts: dict[str, object] = {
        "missing_evaluable": int((missing & inside).sum()),
        "missing_not_evaluable": int((missing & ~inside).sum()),
    }
    result = row(f"{endpoint_words(endpoint)}, median months", None, texts[0], texts[1], texts[2], counts)
    if min(group.sum(), (~group).sum()) < plan.smallest_group:
        return result | {"warning": f"fewer than {plan.smallest_group} patients on one side: described, not compared"}
    x = group.astype(float).rename("evaluable").to_frame()
    fit = fit_firth_cox(whole["time"], whole["event"], x, patients=len(whole))
    if fit is None:
        return result | {"warning": "no event: not compared"}
    estimate, low, high, _ = fit.ratio("evaluable")
    return result | {"effect": "HR", "estimate": estimate, "ci_low": low, "ci_high": high}


def median_words(part: pd.DataFrame) -> str:
    if part.empty:
        return "no patient"
    median, low, high = (value / DAYS_PER_MONTH for value in kaplan_meier(part["time"], part["event"]).median())
    events = f"{int(part['event'].sum())} of {len(part)}"
    numbers = [f"{value:.1f}" if np.isfinite(value) else "not reached" for value in (median, low, high)]
    return f"{numbers[0]} ({numbers[1]} to {numbers[2]}); events {events}"
