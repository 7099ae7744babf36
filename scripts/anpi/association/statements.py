"""What stands beside the tables for the report to word: changes of the plan, and how many tests were made."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from anpi.association.history import Change
from anpi.association.plan import Plan
from anpi.association.question import Row


class Tests(TypedDict):
    """Tests of a family that were made and that were not."""

    family: str
    multiplicity: str
    tested: int
    not_tested: int


class Statements(TypedDict):
    """Content of ``statements.json``."""

    plan_changes: list[Change]
    tests: list[Tests]


def tests(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.role == "test"]


def count_tests(rows: list[Row], plan: Plan) -> list[Tests]:
    """Return the tests made and not made by family, with the family's multiplicity."""
    return [
        {
            "family": family,
            "multiplicity": method,
            "tested": sum(bool(np.isfinite(row.p)) for row in tests(rows) if row.family == family),
            "not_tested": sum(not np.isfinite(row.p) for row in tests(rows) if row.family == family),
        }
        for family, method in plan.multiplicity.items()
    ]
