"""No test of the shipped plan claims an effect too often where nothing has one; the benchmark has the full figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from scipy.stats import binom
from threadpoolctl import threadpool_limits
from unit.association.null_trials import null_trial

from anpi.association.engine import run_plan
from anpi.association.plan import read_plan
from anpi.files.shipped import ROOT

TRIALS = 40


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
