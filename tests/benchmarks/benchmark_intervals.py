"""Coverage and type I error of Cox estimators in small trials, by simulation: which of them to take, and what it keeps.

    python tests/benchmarks/benchmark_intervals.py --trials 1000 [--patients 30 45] [--shares 0.5 0.25]
                                                   [--scores normal skewed]

Prints a table: patients, share of the smaller group or the kind of score, hazard ratio (of a score a standard
deviation), whether progression is seen at scans alone, and in per cent how often each interval holds the truth (at
hazard ratio 1 the rest to 100 is the type I error), and how often there was no estimate.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from anpi.stats.cox import fit_cox, fit_firth_cox

SCANS = np.concatenate([np.arange(42, 400, 42), np.arange(400, 40_000, 84)])
RATIOS = (0.4, 0.7, 1.0, 2.0)
ESTIMATORS = ("Efron, Wald", "Efron, profile", "Firth, profile", "Firth, t")


def simulated(
    rng: np.random.Generator, count: int, share: float | str, ratio: float, scans: bool
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Draw a trial of median 150 days in the larger group or at the mean score, entries over a year, cut-off after 500.

    With ``scans`` an event is known at the next scan, so that many times are tied, and all events of one scan are.
    """
    if isinstance(share, str):
        score = rng.normal(size=count) if share == "normal" else rng.lognormal(size=count)
        group = (score - score.mean()) / score.std(ddof=1)
    else:
        group = (np.arange(count) < round(share * count)).astype(float)
    whole = rng.exponential(150 / np.log(2) / ratio**group)
    end = rng.uniform(135, 500, count)
    if scans:
        whole, end = SCANS[np.searchsorted(SCANS, whole)], SCANS[np.searchsorted(SCANS, end) - 1]
    return np.minimum(whole, end).astype(float), whole <= end, pd.DataFrame({"group": group})


def intervals(time: np.ndarray, event: np.ndarray, x: pd.DataFrame) -> Iterator[tuple[float, float] | None]:
    """Return the interval of each estimator, or None where it has none."""
    plain, firth = fit_cox(time, event, x), fit_firth_cox(time, event, x)
    few = fit_firth_cox(time, event, x, patients=len(time))
    if plain is None:
        yield from (None, None)
    else:
        low, high = plain.wald()
        yield float(low[0]), float(high[0])
        yield float(plain.low[0]), float(plain.high[0])
    for fit in (firth, few):
        yield None if fit is None else (float(fit.low[0]), float(fit.high[0]))


def coverage(count: int, share: float | str, ratio: float, scans: bool, trials: int, seed: int) -> dict[str, float]:
    """Per cent of trials whose interval holds the truth, and per cent without an estimate, by estimator."""
    kind = {"normal": 1_000, "skewed": 2_000}[share] if isinstance(share, str) else round(100 * share)
    rng = np.random.default_rng([seed, count, kind, round(100 * ratio), scans])
    inside, none = dict.fromkeys(ESTIMATORS, 0), dict.fromkeys(ESTIMATORS, 0)
    for _ in range(trials):
        for name, found in zip(ESTIMATORS, intervals(*simulated(rng, count, share, ratio, scans)), strict=True):
            none[name] += found is None
            inside[name] += found is not None and found[0] <= np.log(ratio) <= found[1]
    result = {name: 100 * inside[name] / max(1, trials - none[name]) for name in ESTIMATORS}
    return result | {f"none: {name}": 100 * none[name] / trials for name in ("Efron, Wald", "Firth, profile")}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, nargs="+", default=[30, 45])
    parser.add_argument("--shares", type=float, nargs="+", default=[0.5, 0.25], help="of the smaller group")
    parser.add_argument("--scores", nargs="+", default=[], choices=["normal", "skewed"], help="beside the groups")
    options = parser.parse_args()
    rows = []
    for count, share, scans, ratio in itertools.product(
        options.patients, [*options.shares, *options.scores], (False, True), RATIOS
    ):
        found = coverage(count, share, ratio, scans, options.trials, options.seed)
        rows.append({"n": count, "share": share, "scans": scans, "HR": ratio} | found)
        print(pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1), flush=True)
    print(pd.DataFrame(rows)[list(ESTIMATORS)].describe().loc[["mean", "min", "max"]].round(2).to_string())


if __name__ == "__main__":
    main()
