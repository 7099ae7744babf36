"""The tests of change that the plan declares, in the rows of the results of associations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from anpi.association.engine import results_table
from anpi.association.plan import Plan
from anpi.association.question import Row
from anpi.association.trial import Trial
from anpi.change.pairs import CONTRASTS
from anpi.stats.cox import fit_firth_cox
from anpi.stats.exact import wilcoxon
from anpi.stats.multiplicity import adjust
from anpi.stats.paired import moderated_t, sign_flips, signed_rank
from anpi.words.lists import plural

LEAST_PAIRS = 5
CHANGE = "change"
WORDS = {"on_treatment": "on treatment", "progression": "at progression"}
AFTER_RESPONSE = "a response may have come before the second sample: the two go together, neither predicts the other"


def run_tests(plan: Plan, pairs: pd.DataFrame, changes: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Test what the block ``change`` of the plan declares.

    The moderated paired t of each feature is its test, adjusted over the family; exact signed ranks, sign flips of the
    whole family and the answer at equal purity stand beside it. Below five pairs changes are described.

    Returns
    -------
    pandas.DataFrame
        The columns of ``association/results.tsv``.
    """
    settings = plan.settings["change"]
    rows: list[Row] = []
    for contrast in CONTRASTS:
        if contrast not in settings["contrasts"]:
            continue
        wide = differences(changes, contrast, [*settings["signatures"], *settings["genes"]])
        used = pairs[pairs["contrast"].eq(contrast) & pairs["used"].eq("yes")].set_index("patient_id")
        if wide.shape[1]:
            rows += [row for row in change_rows(wide, used, plan, contrast) if CHANGE in settings["endpoints"]]
            rows += association_rows(wide, used, trial, plan, contrast)
    tests = [row for row in rows if row.role == "test"]
    for row, adjusted in zip(tests, adjust([row.p for row in tests], settings["multiplicity"]), strict=True):
        row.p_adjusted = float(adjusted)
    for row in rows:
        row.family, row.tier, row.set = settings["family"], settings["tier"], "pairs"
    return results_table(rows)


def differences(changes: pd.DataFrame, contrast: str, features: list[str]) -> pd.DataFrame:
    """Return changes as patients x features, of the features declared, as measured."""
    part = changes[changes["contrast"].eq(contrast) & changes["kind"].isin(["signature", "gene"])]
    wide = part.pivot_table(index="patient_id", columns="feature", values="change", dropna=False, aggfunc="first")
    return wide.reindex(columns=[name for name in features if name in wide.columns]).sort_index().astype(float)


def change_rows(wide: pd.DataFrame, used: pd.DataFrame, plan: Plan, contrast: str) -> Iterator[Row]:
    """Yield the rows of each feature: its test, then signed ranks, sign flips and the answer at equal purity."""
    values = wide.to_numpy()
    t, flips = moderated_t(values), sign_flips(values, plan.permutations, plan.seed)
    purity = (used["to_purity"] - used["from_purity"]).reindex(wide.index).to_numpy(dtype=float)
    adjusted = moderated_t(values, purity) if np.isfinite(purity).sum() > LEAST_PAIRS else None
    for j, feature in enumerate(wide.columns):
        names: dict[str, Any] = {"entry": f"change_{contrast}", "endpoint": CHANGE, "biomarker": feature}
        names |= {"level": WORDS[contrast], "reference": "baseline", "effect": "difference"}
        ranks, count = signed_rank(values[:, j]), int(t.pairs[j])
        first = Row(**names, n=count, estimate=t.mean[j], role="test")
        if count < LEAST_PAIRS:
            first.role = "description"
            first.warnings.append(f"{plural(count, 'pair')}, fewer than {LEAST_PAIRS}: described, not tested")
            yield first
            continue
        first.ci_low, first.ci_high, first.p = t.low[j], t.high[j], t.p[j]
        first.method = f"moderated paired t (prior of {t.prior_df:.3g} degrees of freedom)"
        if not np.isfinite(t.p[j]):
            first.warnings.append("the feature does not vary between pairs: not tested")
        yield first
        shift = Row(**names, n=count, estimate=ranks.shift, ci_low=ranks.low, ci_high=ranks.high, p=ranks.p)
        shift.role, shift.method = "contrast", "exact signed-rank test, zeros dropped; Hodges-Lehmann shift"
        shift.warnings += [f"the interval covers {ranks.level:.1%}"] if ranks.level < 0.95 else []
        yield shift
        yield Row(
            **names,
            n=count,
            estimate=t.mean[j],
            p=flips.p[j],
            p_adjusted=flips.p_family[j],
            role="contrast",
            method=f"sign flips ({'all' if flips.exact else 'drawn'}), step-down maximum over the family",
        )
        if adjusted is not None and np.isfinite(adjusted.p[j]):
            yield Row(
                **names,
                n=int(adjusted.pairs[j]),
                estimate=adjusted.mean[j],
                ci_low=adjusted.low[j],
                ci_high=adjusted.high[j],
                p=adjusted.p[j],
                role="contrast",
                method="moderated paired t, at equal purity",
            )


def association_rows(wide: pd.DataFrame, used: pd.DataFrame, trial: Trial, plan: Plan, contrast: str) -> Iterator[Row]:
    """Yield the change of each feature against response and times, each counted from the second sample."""
    for endpoint in plan.settings["change"]["endpoints"]:
        for feature in wide.columns if endpoint != CHANGE else ():
            row = Row(entry=f"change_{contrast}", endpoint=endpoint, biomarker=feature)
            moved = wide[feature].dropna()
            if contrast == "progression":
                row.warnings.append("a sample of progression is taken because of it: not tested against an endpoint")
                row.n, row.role = len(moved), "description"
            elif endpoint == "response":
                by_response(row, moved, trial, plan)
            else:
                by_time(row, moved, trial.endpoint_days(used["to_day"]), trial.outcome(endpoint), plan)
            yield row


def by_response(row: Row, moved: pd.Series, trial: Trial, plan: Plan) -> None:
    """Compare responders with others by the exact rank test."""
    y = trial.outcome("response")["y"].reindex(moved.index).dropna()
    inside, outside = (moved[y.index][y.eq(value)] for value in (1, 0))
    row.n, row.events, row.effect = len(y), len(inside), "difference"
    row.level, row.reference = "responders", "non-responders"
    row.warnings.append(AFTER_RESPONSE)
    if len(inside) and len(outside):
        row.estimate = float(np.median(np.subtract.outer(inside.to_numpy(), outside.to_numpy())))
    if min(len(inside), len(outside)) < plan.smallest_group:
        row.role = "description"
        row.warnings.append(f"groups of {len(inside)} and {len(outside)}, fewer than {plan.smallest_group}: described")
        return
    row.p, row.method = wilcoxon(inside, outside).p, "rank test of the change; median of the differences"


def by_time(row: Row, moved: pd.Series, day: pd.Series, outcome: pd.DataFrame, plan: Plan) -> None:
    """Fit the hazard from the day of the second sample on: nobody is at risk before the change could be seen."""
    frame = outcome.reindex(moved.index).assign(change=moved, day=day.reindex(moved.index)).dropna()
    late = frame["time"] <= frame["day"]
    frame = frame[~late]
    row.n, row.events, row.effect = len(frame), int(frame["event"].sum()), "HR per SD"
    gone = int(late.sum())
    row.warnings.append(f"counted from the day of the second sample: {plural(gone, 'patient')} left out")
    lost = len(moved) - len(frame) - gone
    if lost:
        row.warnings.append(f"{plural(lost, 'pair')} without the day of the second sample or the endpoint left out")
    spread = frame["change"].std()
    if len(frame) < 2 * plan.smallest_group or row.events < plan.smallest_group or not spread > 0:
        row.role = "description"
        row.warnings.append(f"{plural(len(frame), 'patient')}, {plural(row.events, 'event')}: too few, not tested")
        return
    x = (frame[["change"]] - frame["change"].mean()) / spread
    days = frame["time"] - frame["day"]
    fit = fit_firth_cox(days, frame["event"], x.reset_index(drop=True), patients=len(frame))
    if fit is None:
        row.warnings.append("the model could not be fitted: not tested")
        return
    row.estimate, row.ci_low, row.ci_high, row.p = fit.ratio("change")
    row.method = f"landmark at each second sample, {fit.method}"
