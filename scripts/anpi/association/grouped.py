"""What tests of groups share, whatever the endpoint: who is tested, what stands in the way, one row per group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from anpi.association.groups import Groups, small_group_note, split_groups
from anpi.association.plan import Plan
from anpi.association.question import Question, Row, informative


@dataclass(frozen=True)
class GroupedTest:
    """A test over groups that is about to be made.

    Parameters
    ----------
    groups : Groups
        Those tested, those too small, the reference.
    frame, covariates : pandas.DataFrame
        Patients of the tested groups; covariates in which all of them are alike are left out.
    test : Row
        The row of the test, with its warnings; the obstacle is one of them.
    obstacle : str or None
        Why there is no test.
    """

    groups: Groups
    frame: pd.DataFrame
    covariates: pd.DataFrame
    test: Row
    obstacle: str | None


def prepare_test(
    question: Question, plan: Plan, outcome: str, too_little: Callable[[Question, pd.DataFrame], str | None]
) -> GroupedTest:
    """Choose the groups that are large enough and see whether they carry a test.

    Parameters
    ----------
    outcome : str
        Column of 0 and 1 that counts as events.
    too_little : callable
        Says of a question and its patients why the data do not carry a test.
    """
    groups = split_groups(question.frame["marker"], plan, question.biomarker)
    keep = question.frame["marker"].isin(groups.tested)
    frame = question.frame[keep]
    obstacle = too_little(question, frame)
    if obstacle is None and len(groups.tested) < 2:
        obstacle = f"fewer than two groups of at least {plan.smallest_group} patients: not tested"
    test = Row(n=len(frame), events=int(frame[outcome].sum()), reference=groups.reference)
    test.warnings += left_out_note(groups, question.frame["marker"], plan)
    covariates = question.covariates[keep]
    if obstacle:
        test.warnings.append(obstacle)
    else:
        covariates, constant = informative(covariates)
        test.warnings += [f"not adjusted for {name}: all patients of the tested groups are alike" for name in constant]
    return GroupedTest(groups, frame, covariates, test, obstacle)


def left_out_note(groups: Groups, marker: pd.Series, plan: Plan) -> list[str]:
    """Name the groups whose patients are not in the test."""
    left_out = [level for level in groups.small if marker.eq(level).any()]
    return [f"not in the test, fewer than {plan.smallest_group} patients: {', '.join(left_out)}"] if left_out else []


def group_rows(
    question: Question, groups: Groups, outcome: str, smallest: int, compare: Callable[[Row, str], None]
) -> list[Row]:
    """Return one row a group: ``compare`` puts its ratio against the reference into the row, or why there is none."""
    rows = []
    for level in groups.levels:
        part = question.frame.loc[question.frame["marker"].eq(level), outcome]
        row = Row(level, groups.reference, len(part), int(part.sum()), role="contrast")
        rows.append(row)
        if level in groups.small:
            row.role = "description"
            row.warnings.append(small_group_note(level, len(part), smallest))
        elif level == groups.reference:
            row.role, row.method = "description", "reference group"
        else:
            compare(row, level)
    return rows
