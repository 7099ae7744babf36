"""Error rates of every test of the shipped plan in trials in which nothing has an effect.

Each test's share of trials with p below 0.05, with the simulation error; then the share of trials in which a family
claims anything after adjustment and gates. Small trials of two arms, 30 to 45 patients. With --alone there are
no families, tests of response by groups are judged over their own arrangements, by the exact p and by mid-p, and
--exchanges answers each trial again with its subtypes and scores exchanged, which is cheaper than another trial.

  python tests/benchmarks/benchmark_error_rates.py [--patients 30 38 45] [--trials 400] [--first 0] [--alone]
                                                   [--entries pfs_by_subtype]
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from unit.association.null_trials import null_trial

from anpi.association import engine, response, time_to_event
from anpi.association.grouped import prepare_test
from anpi.association.plan import Plan, read_plan
from anpi.association.question import Row, all_questions
from anpi.association.trial import Trial
from anpi.stats import newton
from anpi.stats.permutation import linear_moments, shuffled, stratum_codes
from anpi.stats.survival import inverse

ARMS = ("AK104", "AK104 + chemotherapy")
WAYS = ("exact", "mid")
ARRANGEMENTS = 5000


def answered_alone(plan: Plan, trial: Trial, exchanges: int) -> tuple[list[Row], dict[str, float]]:
    """Answer every question by itself, also with subtypes or scores exchanged among the patients so many times.

    Returns
    -------
    rows : list of Row
        Tests of response by groups are left out.
    rates : dict
        By test of response by groups: the share of its own arrangements that it rejects.
    """
    rows, rates, rng = [], {}, np.random.default_rng(plan.seed)
    for question in all_questions(plan, trial, None):
        discrete = question.kind == "binary" and question.grouped
        for exchange in range(1 + exchanges):
            frame = question.frame.assign(marker=rng.permutation(question.frame["marker"].to_numpy()))
            asked = replace(question, frame=frame) if exchange else question
            test, *others = engine.answer(asked, plan, trial)
            rows += others if discrete else [test, *others]
            if discrete and not exchange and np.isfinite(test.p):
                patients = prepare_test(question, plan, "y", response.too_little).frame
                for way, rate in zip(WAYS, rejected_arrangements(patients, plan), strict=True):
                    rates[f"{name_of(test)}, {way}"] = rate
    return rows, rates


def rejected_arrangements(patients: pd.DataFrame, plan: Plan) -> tuple[float, float]:
    """Return the share of the arrangements within arms whose exact p, and whose mid-p, is below 0.05.

    Without any effect each of them is as likely as the one seen, so this is the error rate given the trial. It varies
    by far less than whether the one seen is rejected: hundreds of trials do for thousands.
    """
    blocks = stratum_codes(patients["arm"], len(patients))
    order = np.argsort(blocks, kind="stable")
    groups = pd.get_dummies(patients["marker"]).to_numpy(dtype=float)[order]
    values, blocks = patients["y"].to_numpy(dtype=float)[order], blocks[order]
    mean, covariance = linear_moments(values, groups, blocks)
    rng = np.random.default_rng(plan.seed)
    sums = shuffled(values, blocks, ARRANGEMENTS, rng) @ groups - mean
    statistics = np.einsum("bi,ij,bj->b", sums, inverse(covariance), sums).round(6)
    shares = np.unique(statistics, return_counts=True)[1] / ARRANGEMENTS
    exact = np.cumsum(shares[::-1])[::-1]
    return float(shares[exact < 0.05].sum()), float(shares[exact - shares / 2 < 0.05].sum())


def name_of(row: Row) -> str:
    name = f"{row.entry}, {row.endpoint} by {row.biomarker}, {row.role} {row.effect}"
    return name + (f", {row.level}" if row.entry == "os_by_response" else "")


def counted(rows: Iterable[Row]) -> dict[str, tuple[int, float]]:
    """Count by test the rows of a trial that have a p, and those in which it is below 0.05."""
    tested = [row for row in rows if np.isfinite(row.p)]
    low = Counter(name_of(row) for row in tested if row.p < 0.05)
    return {name: (total, low[name]) for name, total in Counter(map(name_of, tested)).items()}


def error(trials: list[tuple[int, float]]) -> float:
    """Return how far a share is right (95%); the rows of one trial, such as its groups, err together."""
    made, low = np.array(trials, dtype=float).T
    return float(1.96 * np.sqrt(((low - low.sum() / made.sum() * made) ** 2).sum()) / made.sum())


def rates(plan: Plan, count: int, trials: range, alone: bool, exchanges: int) -> None:
    """Print the rates of trials of one size; arrangements are drawn anew in every trial."""
    tests: dict[str, list[tuple[int, float]]] = defaultdict(list)
    claimed: Counter[str] = Counter()
    for seed in trials:
        drawn = replace(plan, settings=plan.settings | {"seed": seed})
        trial = null_trial(10_000 * count + seed, count, ARMS, ("gep18",))
        rows, shares = answered_alone(drawn, trial, exchanges) if alone else (engine.run_plan(drawn, trial), {})
        for name, one in (counted(rows) | {name: (1, share) for name, share in shares.items()}).items():
            tests[name].append(one)
        claimed.update({row.family: 0 for row in rows})
        claimed.update({row.family for row in rows if row.p_adjusted < plan.alpha})
    for name, found in tests.items():
        total, wrong = map(sum, zip(*found, strict=True))
        most = f", at most {max(low for _, low in found):.3f}" if name.endswith(WAYS) else ""
        print(f"{count}\t{name}\t{wrong / total:.4f}\t± {error(found):.4f}\t{wrong:g} of {total}{most}")
    for family, wrong in () if alone else claimed.items():
        print(f"{count}\tfamily {family}, any claim\t{wrong / len(trials):.4f}\t\t{wrong} of {len(trials)}")


def main() -> None:
    """Print a line a test and size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[30, 38, 45])
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial, to go on where a run ended")
    # Of 1,001 arrangements with the one seen 50 have a p below 0.05; of 1,000 it would be 49, a tenth of a point less.
    parser.add_argument("--permutations", type=int, default=1000)
    parser.add_argument("--all-signatures", action="store_true")
    parser.add_argument("--alone", action="store_true", help="tests by themselves, no families")
    parser.add_argument("--exchanges", type=int, default=0, help="more arrangements a trial, with --alone")
    parser.add_argument("--entries", nargs="+", help="of the plan; all")
    options = parser.parse_args()
    engine.say = lambda words: None
    newton.profile_limit = lambda *place: np.nan  # intervals take most of the time, and no rate needs them
    newton.SMALLEST_STEP = 1e-3  # of a standard error: the step after it moves p by 1e-11
    time_to_event.hazards_note = lambda *place: []
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
            rates(plan, count, trials, options.alone, options.exchanges)


if __name__ == "__main__":
    main()
