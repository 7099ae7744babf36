"""Time the derivation of endpoints: 10,000 patients with 12 scans each, from files to tables.

The rival is pandas reading and writing the same tables with every value as text, which any program must do.

  python tests/benchmarks/benchmark_endpoints.py [--patients 10000] [--scans 12]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
START = np.datetime64("2024-01-01")
TARGETS = 3


def write_trial(folder: Path, patients: int, scans: int, seed: int = 1) -> dict[str, Path]:
    """Write a trial: target lesions that shrink or grow at random, deaths, and responses, 2% of them misread."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"P{number:06d}" for number in range(patients)])
    start = START + rng.integers(0, 600, patients)
    death = rng.integers(100, 900, patients)
    frames = {
        "patients": pd.DataFrame(
            {
                "patient_id": ids,
                "arm": np.where(rng.random(patients) < 0.5, "A", "B"),
                "treatment_start_date": start,
                "death_date": pd.Series(start + death).where(rng.random(patients) < 0.6),
                "last_alive_date": start + death,
            }
        )
    }
    who, when = np.repeat(np.arange(patients), scans + 1), np.tile(np.arange(scans + 1), patients)
    day = np.where(when == 0, -7, 42 * when + rng.integers(-7, 8, len(when)))
    steps = np.where((when == 0)[:, None], 0, rng.normal(0, 0.12, (len(when), TARGETS)))
    walk = np.exp(np.cumsum(steps.reshape(patients, scans + 1, TARGETS), axis=1)).reshape(-1, TARGETS)
    size = np.round(walk * np.repeat(rng.uniform(15, 80, (patients, TARGETS)), scans + 1, axis=0), 1).clip(0, 500)
    frames["lesions"] = pd.DataFrame(
        {
            "patient_id": np.repeat(ids[who], TARGETS),
            "assessment_date": np.repeat(start[who] + day, TARGETS),
            "lesion_id": np.tile([f"T{number}" for number in range(1, TARGETS + 1)], len(who)),
            "kind": "target",
            "node": "N",
            "location": np.tile(["liver", "lung", "adrenal"], len(who)),
            "diameter_mm": size.ravel(),
            "status": "",
        }
    )
    total = size.sum(axis=1).reshape(patients, scans + 1)
    lowest = np.minimum.accumulate(total, axis=1)[:, :-1]
    grown = (total[:, 1:] >= 1.2 * lowest) & (total[:, 1:] >= lowest + 5)
    response = np.where(grown, "PD", np.where(total[:, 1:] <= 0.7 * total[:, :1], "PR", "SD"))
    misread = rng.random(response.shape) < 0.02
    frames["assessments"] = pd.DataFrame(
        {
            "patient_id": ids[who][when > 0],
            "assessment_date": (start[who] + day)[when > 0],
            "overall_response": np.where(
                misread, rng.choice(["SD", "PR", "PD", "NE"], response.shape), response
            ).ravel(),
        }
    )
    paths = {}
    for name, frame in frames.items():
        paths[name] = folder / f"{name}.csv"
        frame.to_csv(paths[name], index=False)
    return paths


def timed(command: list[str]) -> tuple[float, float]:
    """Run a command; give wall and CPU seconds."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--scans", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_trial(folder, options.patients, options.scans)
        copy = "import sys, pandas as pd\n"
        copy += "[pd.read_csv(p, dtype=str).to_csv(p + '.copy', index=False) for p in sys.argv[1:]]"
        print(f"{options.patients} patients, {options.scans} scans")
        for label, tables in (("assessments", ["patients", "assessments"]), ("lesions and assessments", list(paths))):
            rival = timed([sys.executable, "-c", copy, *(str(paths[table]) for table in tables)])
            command = [sys.executable, str(ROOT / "scripts" / "derive_endpoints.py"), "--out-dir", str(folder / "out")]
            for table in tables:
                command += [f"--{table}", str(paths[table])]
            wall, cpu = timed(command)
            print(
                f"{label}: wall {wall:.1f} s, CPU {cpu:.1f} s; {cpu / rival[1]:.1f} times pandas copying them as text"
            )


if __name__ == "__main__":
    main()
