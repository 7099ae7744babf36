"""The same bytes whichever kernels the processor offers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from unit.association.trial_files import make_trial

from anpi.arithmetic import ARITHMETIC, SAME
from anpi.tables.schema import ROOT

KERNELS = ("Haswell", "Nehalem")
pytestmark = pytest.mark.skipif(not SAME, reason="not an x86-64 processor")

USED = """
import numpy, threadpoolctl
print(sorted({library["architecture"] for library in threadpoolctl.threadpool_info() if "architecture" in library}))
"""
FITS = """
import sys
import numpy as np, pandas as pd
from anpi.files.writing import write_estimates
from anpi.stats.cox import fit_cox, fit_firth_cox, proportional_hazards
from anpi.stats.logistic import fit_logistic
from anpi.stats.permutation import permute_logrank
from anpi.stats.survival import logrank

rng, rows = np.random.default_rng(1), []
for number in range(60):
    count = int(rng.integers(12, 46))
    time, event = np.ceil(rng.exponential(60, count)), rng.random(count) < rng.uniform(0.15, 0.9)
    arm = np.arange(count) % 2
    x = pd.DataFrame({"g": (rng.random(count) < 0.25).astype(float), "s": rng.normal(size=count)})
    if number % 4 == 0:
        event &= x["g"].eq(0).to_numpy()
    if number % 5 == 0:
        x["s"] = -time + rng.normal(size=count) * rng.choice([0, 1e-9, 1])
    strata = arm if number % 2 else None
    found = {"cox": fit_cox(time, event, x, strata), "firth": fit_firth_cox(time, event, x, strata)}
    found |= {"logistic": fit_logistic(event, x), "firth logistic": fit_logistic(event, x, firth=True)}
    for name, fit in found.items():
        for place in range(2):
            row = {"trial": number, "fit": name, "refused": "yes" if fit is None else "no"}
            if fit is not None:
                row |= {key: getattr(fit, key)[place] for key in ("coef", "se", "low", "high", "p")}
                row |= {"chi_square": fit.joint_test(["g", "s"])[0]}
            rows.append(row)
    test = proportional_hazards(time, event, x, strata)
    rows.append({"trial": number, "fit": "hazards", "p": test.p[0] if test else None})
    rows.append({"trial": number, "fit": "log-rank", "p": logrank(time, event, x["g"], strata).p})
    rows.append({"trial": number, "fit": "permuted", "p": permute_logrank(time, event, x["g"], strata, 99).p})
write_estimates(sys.argv[1], pd.DataFrame(rows))
"""
WITHIN = """
import runpy, sys
program = sys.argv[1]
sys.argv = sys.argv[1:]
runpy.run_path(program)["main"]()
"""


PROGRAM = f"""
import os, sys
from anpi.program import run_program
{USED.splitlines()[1]}
def main():
    {USED.splitlines()[2]}
    print(sys.argv[1:], os.environ["NPY_DISABLE_CPU_FEATURES"])
    sys.exit(7)
run_program(main)
"""


def run(code: str, kernel: str, *arguments: object) -> str:
    """Run code by itself under a kernel; numpy's functions for AVX-512 are used under one of the two alone."""
    environment = os.environ | {"OPENBLAS_CORETYPE": kernel, "PYTHONPATH": str(ROOT / "scripts")}
    environment["NPY_DISABLE_CPU_FEATURES"] = ARITHMETIC["NPY_DISABLE_CPU_FEATURES"] if kernel == "Nehalem" else ""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_kernels_of_these_tests_are_two():
    for kernel in KERNELS:
        assert run(USED, kernel).strip() == str([kernel])


def test_fits_and_refusals_are_the_same_under_every_kernel(tmp_path):
    """Few events, separation, orders that nearly separate: what is estimated, what is refused, and every digit."""
    tables = []
    for kernel in KERNELS:
        run(FITS, kernel, tmp_path / f"{kernel}.tsv")
        tables.append((tmp_path / f"{kernel}.tsv").read_text())
    assert tables[0].count("yes") > 25
    assert tables[0] == tables[1]


def test_tables_of_the_plan_are_the_same_under_every_kernel(tmp_path):
    """By the program's own functions, without the arithmetic that a program chooses for itself."""
    plan = yaml.safe_load((ROOT / "config" / "plan.yaml").read_text()) | {"permutations": 999}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    arguments = make_trial(tmp_path / "trial", count=40, seed=21)
    program = ROOT / "scripts" / "test_associations.py"
    for kernel in KERNELS:
        out = tmp_path / kernel
        run(WITHIN, kernel, program, "--plan", tmp_path / "plan.yaml", *arguments, "--out-dir", out)
    names = sorted(path.name for path in (tmp_path / KERNELS[0]).iterdir())
    assert "results.tsv" in names
    for name in names:
        assert len({(tmp_path / kernel / name).read_bytes() for kernel in KERNELS}) == 1, name


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_program_chooses_the_same_arithmetic_everywhere(tmp_path, kernel):
    """Started under any kernel it starts anew under one, with its arguments and its exit code."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = os.environ | {"OPENBLAS_CORETYPE": kernel, "PYTHONPATH": str(ROOT / "scripts")}
    environment.pop("NPY_DISABLE_CPU_FEATURES", None)  # the tests themselves run under the same arithmetic
    command = [sys.executable, str(program), "a b", "--c"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 7, done.stderr
    assert done.stdout.splitlines() == ["['Nehalem']", f"['a b', '--c'] {ARITHMETIC['NPY_DISABLE_CPU_FEATURES']}"]


def test_no_function_of_numpy_is_chosen_by_the_processor():
    """A numpy with functions for yet other processors, or with other names for them, fails here."""
    from numpy._core._multiarray_umath import __cpu_dispatch__ as chosen

    assert set(ARITHMETIC["NPY_DISABLE_CPU_FEATURES"].split()) == set(chosen)


def test_equal_values_keep_their_order_on_every_processor():
    """Under the arithmetic of all jobs numpy sorts as on a processor without AVX2, whose short sorts are stable."""
    code = "import numpy as np; print(np.argsort(np.repeat([1.0, 0.0], 8)).tolist())"
    expected = [*range(8, 16), *range(8)]
    assert run(code, "Nehalem").strip() == str(expected)


def test_jobs_of_the_workflow_have_the_arithmetic():
    assert "os.environ.update(SAME)" in Path(ROOT / "workflow" / "rules" / "common.smk").read_text()


def test_libraries_that_a_program_loads_late_work_on_one_thread_too():
    """Whatever the environment grants: sums of several threads differ in the last bits, and threads wait for others."""
    code = """
from anpi.program import run_program
def main():
    import numpy, scipy.linalg, threadpoolctl
    print({library["num_threads"] for library in threadpoolctl.threadpool_info()})
run_program(main)
"""
    granted = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS"), "2")
    environment = os.environ | SAME | granted | {"PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=100
    )
    assert done.stdout.strip() == "{1}"
