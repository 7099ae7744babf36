"""No test of the shipped plan claims an effect too often where nothing has one; the benchmark has the full figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from threadpoolctl import threadpool_limits
from unit.association.null_trials import null_trial

from anpi.association.engine import run_plan
from anpi.association.plan import read_plan
from anpi.association.time_to_event import added_test
from anpi.files.shipped import ROOT

TRIALS = 40
MANY = 400


def three_products(seed: int, main: float) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Make 45 patients of four unequal groups in two arms, events seen at scans; the groups differ by ``main``."""
    rng = np.random.default_rng(seed)
    group, arm = np.repeat(list("ANIP"), [20, 11, 8, 6]), rng.permutation(np.resize(["a", "b"], 45))
    hazard = np.where(group == "I", main, 1.0) * np.where(arm == "b", 1 / main, 1.0)
    time, end = rng.exponential(200 / hazard), rng.uniform(200, 700, 45)
    seen = np.ceil(np.minimum(time, end) / 42)
    frame = pd.DataFrame({"time": seen, "event": (time <= end).astype(float), "arm": arm})
    groups = pd.DataFrame({level: (group == level).astype(float) for level in "NIP"})
    return frame, groups, groups.mul(arm == "b", axis=0).add_suffix(" x b")


@pytest.mark.parametrize("main", [1.0, 3.0])
def test_whether_groups_differ_between_arms_keeps_its_level(main):
    """At most as many of 400 trials as chance gives in 99.9%; the likelihood ratio rejects 36 (main 1) and 32 (3)."""
    plan = read_plan(ROOT / "config" / "plan.yaml")
    plan, low, made = replace(plan, settings=plan.settings | {"permutations": 199}), 0, 0
    with threadpool_limits(1):
        for seed in range(MANY):
            frame, groups, products = three_products(seed, main)
            found = added_test(frame, groups, products, frame["arm"].to_numpy(), plan)
            made += found is not None
            low += found is not None and found.p < 0.05
    assert made > 0.95 * MANY
    assert low <= binom.ppf(0.999, made, 0.05)


def test_an_effect_in_one_arm_alone_is_found():
    """Hazard ratio 8 of a third of 90 patients in one arm, none in the other: more than half of 40 trials."""
    plan = read_plan(ROOT / "config" / "plan.yaml")
    plan, shown = replace(plan, settings=plan.settings | {"permutations": 199}), 0
    for seed in range(TRIALS):
        rng = np.random.default_rng(seed)
        group, arm = np.resize([1.0, 0.0, 0.0], 90), np.repeat(["a", "b"], 45)
        time = rng.exponential(np.where((group == 1) & (arm == "b"), 1 / 8, 1.0))
        frame = pd.DataFrame({"time": time, "event": 1.0, "arm": arm})
        main = pd.DataFrame({"I": group})
        shown += added_test(frame, main, main.mul(arm == "b", axis=0), arm, plan).p < 0.05
    assert shown > TRIALS / 2


def test_every_test_of_the_shipped_plan_keeps_its_level():
    """Two arms, 36 patients; of each test at most as many of 40 trials below 0.05 as chance gives in 99.9%."""
    plan = read_plan(ROOT / "config" / "plan.yaml")
    entries = tuple(replace(e, signatures=e.signatures[:1]) if e.signatures else e for e in plan.entries)
    plan = replace(plan, entries=entries, settings=plan.settings | {"permutations": 199})
    low, made = Counter(), Counter()
    with threadpool_limits(1):
        for seed in range(TRIALS):
            for row in run_plan(plan, null_trial(seed, 36, ("AK104", "AK104 + chemotherapy"), ("gep18",))):
                if row.role == "test" and np.isfinite(row.p):
                    name = f"{row.entry}, {row.endpoint}"
                    made[name] += 1
                    low[name] += row.p < 0.05
    assert len(made) == 7, "every entry and endpoint of the plan is tested"
    for name, total in made.items():
        assert total > TRIALS / 2, name
        assert low[name] <= binom.ppf(0.999, total, 0.05), f"{name}: {low[name]} of {total}"
