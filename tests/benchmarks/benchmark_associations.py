"""Time the association stage for 40, 200 and 1,000 patients, and its permutation test against a loop of statsmodels.

The rival does what the primary test does, 10,000 arrangements of a four-sample log-rank test, by calling
``statsmodels.duration.survfunc.survdiff`` for each arrangement (timed on fewer and scaled up).

  python tests/benchmarks/benchmark_associations.py [--patients 40 200 1000]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from statsmodels.duration.survfunc import survdiff

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests")]

from unit.association.trial_files import make_trial

from anpi.stats.permutation import permute_logrank

PERMUTATIONS = 10_000
SAMPLED = 200


def time_program(count: int) -> float:
    """Seconds from files to tables of the shipped plan."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = make_trial(Path(folder) / "trial", count=count, hazard_ratio=0.6)
        program = [sys.executable, str(ROOT / "scripts" / "test_associations.py")]
        options = ["--plan", str(ROOT / "config" / "plan.yaml"), "--out-dir", str(Path(folder) / "out")]
        start = time.perf_counter()
        subprocess.run([*program, *options, *arguments], check=True)
        return time.perf_counter() - start


def time_tests(count: int) -> tuple[float, float]:
    """Seconds of the permutation test here, and of the rival."""
    rng = np.random.default_rng(1)
    group = rng.choice(list("ABCD"), count, p=[0.45, 0.25, 0.12, 0.18])
    times, event = rng.exponential(100, count), (rng.random(count) < 0.8).astype(int)
    start = time.perf_counter()
    permute_logrank(times, event, group, permutations=PERMUTATIONS)
    own = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(SAMPLED):
        survdiff(times, event, rng.permutation(group))
    return own, (time.perf_counter() - start) / SAMPLED * PERMUTATIONS


def main() -> None:
    """Print a line a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[40, 200, 1000])
    print("patients\tprogram_s\tpermutation_test_s\tstatsmodels_loop_s\tratio")
    for count in parser.parse_args().patients:
        own, rival = time_tests(count)
        print(f"{count}\t{time_program(count):.1f}\t{own:.2f}\t{rival:.1f}\t{rival / own:.0f}")


if __name__ == "__main__":
    main()
