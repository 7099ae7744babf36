"""Response or an immune-related event against survival: time-dependent models and landmarks, never the naive look."""

from __future__ import annotations

import pandas as pd

from anpi.association.plan import Plan
from anpi.association.question import Question, Row, informative
from anpi.association.time_to_event import adjusted_words, few_events, fit_hazards, strata_of, too_little
from anpi.association.trial import Exposure
from anpi.stats.cox import fit_firth_cox
from anpi.stats.newton import RegressionFit
from anpi.stats.permutation import permute_logrank, permute_onset
from anpi.words.lists import plural

LIBERAL = "with covariates p is that of the likelihood ratio, not of a permutation: few patients may make it too small"


def time_by_event(question: Question, plan: Plan, exposure: Exposure | None) -> list[Row]:
    """Test an event during treatment (response, immune-related) against survival: time-dependent, then landmarks."""
    frame = question.frame
    if exposure is None:
        words = {"response": "response", "immune_related": "first immune-related event"}
        word = words.get(question.entry.biomarker, question.biomarker)
        return [Row(n=len(frame), effect="HR", warnings=[f"the day of the {word} is not known: not tested"])]
    known, seen = (
        day.reindex(frame.index).astype(float).where(lambda day: day <= frame["time"])
        for day in (exposure.known, exposure.seen)
    )
    test = time_dependent_row(question, frame, known, plan)
    test.warnings += [exposure.warning] if exposure.warning else []
    earlier = int(frame.index.isin(exposure.earlier).sum())
    test.warnings += [f"{plural(earlier, 'patient')} had one before treatment, which does not count"] if earlier else []
    return [test, *(landmark_row(question, frame, seen, landmark, plan) for landmark in plan.landmark_days)]


def time_dependent_row(question: Question, frame: pd.DataFrame, day: pd.Series, plan: Plan) -> Row:
    had = int(day.notna().sum())
    row = Row("after it", "before or without it", len(frame), int(frame["event"].sum()), "HR")
    obstacle = too_little(question, frame)
    if obstacle is None and min(had, len(frame) - had) < plan.smallest_group:
        obstacle = f"{had} of {len(frame)} patients had it: described, not tested"
    fit = None if obstacle else fit_intervals(frame, day, question)
    if fit is None:
        row.warnings.append(obstacle or "the model could not be fitted: not tested")
        return row
    row.estimate, row.ci_low, row.ci_high, row.p = fit.ratio("marker")
    after = int(frame.loc[day < frame["time"], "event"].sum())
    if not after:
        row.warnings.append("no event after it: the estimate rests on the penalty")
    row.warnings += few_events(frame, question.covariates.assign(marker=0.0), plan)
    row.method = f"{fit.method} covariate ({had} patients had it){adjusted_words(question.covariates)}"
    if question.covariates.shape[1]:
        row.warnings.append(LIBERAL)
    else:
        length = followed(frame)
        result = permute_onset(length, frame["event"], day, strata_of(frame, question), plan.permutations, plan.seed)
        row.p = result.p
        row.method += (
            f"; p of the Mantel-Byar test, drawing who had it on each day ({result.arrangements:,} arrangements)"
        )
    return row


def followed(frame: pd.DataFrame) -> pd.Series:
    """Return the length of follow-up; who left on the first day was followed for half of it."""
    return frame["time"].where(frame["time"] > 0, 0.5)


def fit_intervals(frame: pd.DataFrame, day: pd.Series, question: Question) -> RegressionFit | None:
    """Split each patient's time at the day of the event and fit the time-dependent model."""
    length = followed(frame)
    change = day.where(day < length).clip(lower=0)
    before = pd.DataFrame({"start": 0.0, "stop": change.fillna(length), "marker": 0.0}, index=frame.index)
    before["event"] = frame["event"].where(change.isna(), 0.0)
    after = pd.DataFrame({"start": change, "stop": length, "marker": 1.0, "event": frame["event"]}).dropna()
    both = pd.concat([before[before["stop"] > 0], after])
    x = question.covariates.loc[both.index].reset_index(drop=True)
    x.insert(0, "marker", both["marker"].to_numpy())
    strata = frame.loc[both.index, "arm"].to_numpy() if question.stratified else None
    return fit_firth_cox(both["stop"], both["event"], x, strata, both["start"], patients=len(frame))


def landmark_row(question: Question, frame: pd.DataFrame, day: pd.Series, landmark: int, plan: Plan) -> Row:
    """Compare patients by what had happened by a fixed day, among those still followed on that day."""
    still = frame[frame["time"] > landmark]
    marker = (day.reindex(still.index) <= landmark).astype(float)
    row = Row(f"by day {landmark}", "not by then", len(still), int(still["event"].sum()), "HR", role="contrast")
    row.warnings.append(
        f"landmark: {plural(len(frame) - len(still), 'patient')} with an event or out of follow-up before it left out"
    )
    obstacle = too_little(question, still)
    if obstacle:
        row.warnings.append(obstacle)
        return row
    if min(marker.sum(), len(still) - marker.sum()) < plan.smallest_group:
        row.warnings.append(f"{int(marker.sum())} of {len(still)} had it by then: described, not tested")
        return row
    moved = still.assign(time=still["time"] - landmark)
    covariates, constant = informative(question.covariates.loc[still.index])
    row.warnings += [f"not adjusted for {name}: all patients of the landmark are alike" for name in constant]
    x = pd.concat([marker.rename("marker"), covariates], axis=1)
    fit = fit_hazards(moved, x, question)
    if fit is None:
        row.warnings.append("the model could not be fitted")
        return row
    row.estimate, row.ci_low, row.ci_high, row.p = fit.ratio("marker")
    row.method = f"landmark analysis, {fit.method}{adjusted_words(covariates)}"
    if covariates.shape[1]:
        row.warnings.append(LIBERAL)
    else:
        data = moved["time"], moved["event"], marker
        result = permute_logrank(*data, strata_of(moved, question), plan.permutations, plan.seed)
        row.p = result.p
        row.method += f"; p of the log-rank test by permutation ({result.arrangements:,} arrangements)"
    return row
