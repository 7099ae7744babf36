"""A cohort of which nothing can be used ends with a report that says so.

The other cases of `failing_cohorts` (one sample left, an arm left, no call) are run by
``tests/benchmarks/run_failing_cohorts.py``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from workflow.failing_cohorts import write_case

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("failing")]


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("failing") / "trial"
    write_case(folder, "all fail")
    done = subprocess.run(
        [
            *(str(BIN / "snakemake"), "--snakefile", str(ROOT / "workflow" / "Snakefile"), "--cores", "2"),
            *("--directory", str(folder), "--configfile", str(folder / "config" / "config.yaml")),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return folder / "results"


def test_every_sample_has_its_verdict_and_stands_in_no_analysis(results: Path):
    verdicts = pd.read_csv(results / "qc" / "verdicts.tsv", sep="\t")
    assert set(verdicts["verdict"]) == {"fail"}
    assert verdicts["verdict_before_override"].isin(["pass", "warn", "fail"]).all()
    assert verdicts["reasons"].str.contains("by hand: made to fail").all()
    sets = pd.read_csv(results / "analysis" / "sets.tsv", sep="\t")
    assert set(sets["rna_evaluable"]) == set(sets["subtype_evaluable"]) == {"no"}
    assert (sets["response_evaluable"] == "yes").sum() > 10
    attrition = pd.read_csv(results / "analysis" / "attrition.tsv", sep="\t").set_index("step")["patients"]
    assert attrition[["qc_pass", "subtype_called", "confident_call"]].tolist() == [0, 0, 0]
    calls = pd.read_csv(results / "subtypes" / "calls.tsv", sep="\t", keep_default_na=False)
    assert set(calls["call"]) == {"none"}


def test_what_was_declared_is_told_as_not_tested(results: Path):
    tests = pd.read_csv(results / "association" / "results.tsv", sep="\t")
    of_samples = tests[tests["set"].isin(["rna_evaluable", "subtype_evaluable"])]
    assert len(of_samples) > 3
    assert of_samples["p"].isna().all()
    assert of_samples["warning"].str.contains("is empty").all()


def test_the_report_says_that_nothing_is_left(results: Path):
    page = (results / "report" / "index.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "No sample is left, so this run says nothing of subtypes, signatures or their associations." in text
    assert "We cannot tell whether progression-free survival differs by subtype" in text
    assert "fail by its facts, fail by hand" in text or "pass by its facts, fail by hand" in text
    manifest = json.loads((results / "manifest.json").read_text())
    assert {row["reason"] for row in manifest["verdicts_by_hand"].values()} == {"made to fail"}
