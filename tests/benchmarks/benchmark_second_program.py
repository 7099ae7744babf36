"""The endpoints of many random odd patients by the project and by the second program of `tests/parity`.

Every set of rules of the test is taken in turn: for patients read once, and for patients whom two evaluators read, each
evaluator primary in turn. Each difference is printed with the patient; none is expected.

  python tests/benchmarks/benchmark_second_program.py [--patients 20000] [--seed 1] [--rules 0 5]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("scripts", "tests", "tests/parity")]

import test_second_programming as programs


def report(words: str, compared: Callable[..., dict[str, Any]], *settings: Any) -> int:
    """Print how many patients differ, and the patients; return their number."""
    with tempfile.TemporaryDirectory() as folder:
        found = compared(*settings, Path(folder))
    print(f"{words}: {len(found)} differ", flush=True)
    for columns, patient in found.values():
        print("  found, expected:", columns, "\n  ", patient)
    return len(found)


def main() -> int:
    """Compare, and return 1 when any patient differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=20_000, help="over all sets of rules and kinds of reading")
    parser.add_argument("--seed", type=int, default=1)
    every = range(len(programs.OTHER_RULES))
    parser.add_argument("--rules", type=int, nargs="+", default=list(every), choices=every)
    options = parser.parse_args()
    count = -(-options.patients // (3 * len(options.rules)))
    differ = 0
    for number in options.rules:
        rules = programs.OTHER_RULES[number]
        draw = random.Random(1_000 * options.seed + number)
        differ += report(f"rules {number}, {count} patients read once", programs.compare, draw, count, rules)
        for reader in programs.READERS:
            words = f"rules {number}, {count} patients read twice, {reader} primary"
            differ += report(words, programs.compare_readings, draw, count, reader, rules)
    print(f"{3 * count * len(options.rules)} patients, {differ} differ")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
