"""A cohort of which nothing can be used ends with a report that says so.

The other cases of `failing_cohorts` (one sample left, an arm left, no call) are run by
``tests/benchmarks/run_failing_cohorts.py``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import anndata
import pandas as pd
import pytest

from workflow.failing_cohorts import write_case
from workflow.persons import PERSONS, TOKENS, allow, contents, plant, told_in
from workflow.running import ROOT, command, environment

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("failing")]


def run_snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(ROOT, folder, *words), capture_output=True, text=True, env=environment(), check=False, cwd=folder
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """The results of a run of which all samples fail; its tables hold persons in columns that the config allows."""
    folder = tmp_path_factory.mktemp("failing") / "trial"
    write_case(folder, "all fail")
    plant(folder)
    done = run_snakemake(folder)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    (folder / "results" / "said.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
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


def test_no_person_of_an_allowed_column_stands_in_what_the_run_left(results: Path):
    """Logs, records, crate, report, workbook, AnnData; the records of Snakemake; what was said; all names of files."""
    left = [file for place in (results, results.parent / ".snakemake") for file in place.rglob("*") if file.is_file()]
    kinds = {file.suffix for file in left} | {file.name for file in left}
    assert {".xlsx", ".h5ad", ".html", ".log", "manifest.json", "ro-crate-metadata.json", "said.txt"} <= kinds
    assert len(left) > 100
    told = {str(file): found for file in left for content in contents(file) if (found := told_in(content))}
    assert told == {}
    assert told_in("\n".join(map(str, left)).encode()) == []


def test_the_search_finds_a_person_in_every_kind_of_file(tmp_path: Path):
    table = pd.DataFrame({"a": [TOKENS[0], "欧阳瑾瑜"]})
    table.to_excel(tmp_path / "t.xlsx")
    table.to_parquet(tmp_path / "t.parquet")
    table.to_csv(tmp_path / "t.csv.gz")
    (tmp_path / "t.json").write_text(json.dumps(table["a"].tolist()))
    anndata.AnnData(obs=table.set_index(pd.Index(["x", "y"]))).write_h5ad(tmp_path / "t.h5ad", compression="gzip")
    for file in tmp_path.iterdir():
        assert {found for content in contents(file) for found in told_in(content)} == {TOKENS[0], "欧阳瑾瑜"}, file


def test_the_same_columns_are_refused_without_a_value_when_none_is_allowed(results: Path, tmp_path: Path):
    shutil.copytree(results.parent / "config", tmp_path / "config")
    os.link(results.parent / "counts.tsv.gz", tmp_path / "counts.tsv.gz")
    allow(tmp_path, [])
    done = run_snakemake(tmp_path, "--dry-run")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert said.count("looks like a direct identifier") == len(PERSONS)
    assert told_in(said.encode()) == []
