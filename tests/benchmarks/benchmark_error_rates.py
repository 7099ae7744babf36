"""Error rates of every test of the shipped plan in trials in which nothing has an effect.

Each test's share of trials with p below 0.05, with the simulation error; then the share of trials in which a family
claims anything after adjustment and gates. Small trials of two arms, 30 to 45 patients.

  python tests/benchmarks/benchmark_error_rates.py [--patients 30 38 45] [--trials 400] [--first 0]
                                                   [--entries pfs_by_subtype]
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from unit.association.null_trials import null_trial

from anpi.association import engine
from anpi.association.plan import Plan, read_plan
from anpi.stats import newton

ARMS = ("AK104", "AK104 + chemotherapy")


def rates(plan: Plan, count: int, trials: range) -> None:
    """Print the rates of trials of one size; arrangements are drawn anew in every trial."""
    low, made, claimed = defaultdict(int), defaultdict(int), defaultdict(int)
    for seed in trials:
        drawn = replace(plan, settings=plan.settings | {"seed": seed})
        rows = engine.run_plan(drawn, null_trial(10_000 * count + seed, count, ARMS, ("gep18",)))
        for row in rows:
            if np.isfinite(row.p):
                name = f"{row.entry}, {row.endpoint} by {row.biomarker}, {row.role} {row.effect}"
                name += f", {row.level}" if row.entry == "os_by_response" else ""
                made[name] += 1
                low[name] += row.p < 0.05
        for family in {row.family for row in rows}:
            claimed[family] += any(row.p_adjusted < plan.alpha for row in rows if row.family == family)
    for name, total in made.items():
        share = low[name] / total
        print(
            f"{count}\t{name}\t{share:.3f}\t± {1.96 * np.sqrt(share * (1 - share) / total):.3f}\t{low[name]} of {total}"
        )
    for family, wrong in claimed.items():
        print(f"{count}\tfamily {family}, any claim\t{wrong / len(trials):.3f}\t\t{wrong} of {len(trials)}")


def main() -> None:
    """Print a line a test and size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[30, 38, 45])
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial, to go on where a run ended")
    parser.add_argument("--permutations", type=int, default=999)
    parser.add_argument("--all-signatures", action="store_true")
    parser.add_argument("--entries", nargs="+", help="of the plan; all")
    options = parser.parse_args()
    engine.say = lambda words: None
    newton.profile_limit = lambda *place: np.nan  # intervals take most of the time, and no rate needs them
    plan = read_plan(ROOT / "config" / "plan.yaml")
    entries = tuple(
        replace(entry, signatures=("gep18",)) if entry.signatures and not options.all_signatures else entry
        for entry in plan.entries
        if not options.entries or entry.entry in options.entries
    )
    plan = replace(plan, entries=entries, settings=plan.settings | {"permutations": options.permutations})
    trials = range(options.first, options.first + options.trials)
    with threadpool_limits(1):
        for count in options.patients:
            rates(plan, count, trials)


if __name__ == "__main__":
    main()
