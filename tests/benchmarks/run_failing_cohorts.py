"""Run trials of which hardly a sample can be used to their end; print how each ended and what is left of the patients.

python tests/benchmarks/run_failing_cohorts.py [case ...]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests")]

import pandas as pd
from workflow.failing_cohorts import CASES, write_case

BIN = Path(sys.executable).parent


def run(folder: Path) -> int:
    """Run the workflow on a written case; give its exit code."""
    command = [str(BIN / "snakemake"), "--snakefile", str(ROOT / "workflow" / "Snakefile"), "--cores", "2"]
    command += ["--directory", str(folder), "--configfile", str(folder / "config" / "config.yaml")]
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        print((done.stdout + done.stderr)[-3000:])
    return done.returncode


def main() -> int:
    codes = []
    print("case\texit\tseconds\tqc_pass\tcalled\ttests made\treport")
    for case in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as name:
            folder, start = Path(name) / "trial", time.monotonic()
            write_case(folder, case)
            codes.append(run(folder))
            results = folder / "results"
            left = pd.read_csv(results / "analysis" / "attrition.tsv", sep="\t").set_index("step")["patients"]
            tests = pd.read_csv(results / "association" / "results.tsv", sep="\t")
            made = f"{tests['p'].notna().sum()} of {len(tests)}"
            page = (results / "report" / "index.html").is_file()
            seconds = time.monotonic() - start
            print(
                f"{case}\t{codes[-1]}\t{seconds:.0f}\t{left['qc_pass']}\t{left['subtype_called']}\t{made}\t{page}",
                flush=True,
            )
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
