"""What a test may claim: its family's adjustment, its gate, and whether interval and p are of one level."""

from __future__ import annotations

import numpy as np

from anpi.association.plan import Plan
from anpi.association.question import Row
from anpi.stats.multiplicity import adjust
from anpi.trial.results import GATE_CLOSED
from anpi.words.p_values import written_p

INTERVAL_ALPHA = 0.05
# What does not hold the error of a family whose tests claim something, one by one.
LOOSE = {
    "none": "are not adjusted for each other, so that one of them is below by chance more often",
    "bh": "are adjusted for the false discovery rate, not for the error of claiming any of them",
}
NO_EFFECT = {"HR": 1.0, "OR": 1.0, "HR per SD": 1.0, "OR per SD": 1.0, "AUC": 0.5}


def adjust_families(plan: Plan, rows: list[Row]) -> None:
    """Adjust the tests of each family by its method and share of alpha, and hold them to the family's gate.

    An adjusted p is never below those of the gate (serial gatekeeping), so nothing is shown behind a closed gate. A
    gate whose tests were not all made is closed, and then adjusted p is 1. What the gate did stands beside each p.

    Source: Dmitrienko & D'Agostino 2013, doi:10.1002/sim.5990.
    """
    reached: dict[str, float] = {}
    for family, method in plan.multiplicity.items():
        members = [row for row in rows if row.family == family]
        tests = [row for row in members if row.role == "test"]
        own = np.minimum(adjust([row.p for row in tests], method) / plan.shares.get(family, 1.0), 1.0)
        gate = plan.gates.get(family)
        before = reached.get(gate, 1.0) if gate else 0.0
        for row, adjusted in zip(tests, own, strict=True):
            row.p_adjusted = float(max(adjusted, before)) if np.isfinite(adjusted) else np.nan
        for row in members:
            if gate and np.isfinite(row.p):
                say_gate(row, gate, before, plan.alpha)
        say_looseness([row for row in tests if np.isfinite(row.p)], method)
        made = np.array([row.p_adjusted for row in tests])
        reached[family] = float(made.max()) if len(made) and np.isfinite(made).all() else 1.0


def say_gate(row: Row, gate: str, before: float, alpha: float) -> None:
    """Write beside a p whether the family that must pass first has passed."""
    if before < alpha:
        row.method = f"{row.method}; tested because the family {gate} passed"
    else:
        row.warnings.append(
            f"{GATE_CLOSED}: the family {gate} did not pass (adjusted p {written_p(before)}), so p describes and "
            "nothing is tested"
        )


def say_looseness(made: list[Row], method: str) -> None:
    """Write beside the tests of a family that may claim something what their method does not hold."""
    if method in LOOSE and len(made) > 1:
        for row in made:
            if row.tier in ("primary", "secondary"):
                row.warnings.append(f"the {len(made)} tests of the family {LOOSE[method]}")


def compare_levels(rows: list[Row], alpha: float) -> None:
    """Say of a row whose interval and p-values do not tell the same."""
    for row in rows:
        null = NO_EFFECT.get(row.effect or "")
        told = np.isfinite([row.p, row.estimate]).all() and np.isfinite([row.ci_low, row.ci_high]).any()
        if null is None or not told:
            continue
        outside = row.ci_low > null or row.ci_high < null
        if outside != (row.p < INTERVAL_ALPHA):
            row.warnings.append("interval and p are of different methods and disagree at the 5% level")
        elif alpha != INTERVAL_ALPHA:
            row.warnings.append(f"the interval is at 95%, the declared level of the test is {alpha:g}")
        if outside and np.isfinite(row.p_adjusted) and row.p_adjusted >= INTERVAL_ALPHA:
            row.warnings.append("the interval is not adjusted for the number of tests, adjusted p is")
