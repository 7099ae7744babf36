"""The demo through the whole workflow, held against the truth that its simulator kept."""

from __future__ import annotations

import base64
import csv
import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from documents.markdown import tables
from warm import python, snakemake

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.xdist_group("demo"),
    pytest.mark.skipif(not (shutil.which("salmon") and shutil.which("fastp")), reason="salmon and fastp are needed"),
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo as ``make demo`` runs it: results beside the inputs, in one folder."""
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run(
        [python(), str(ROOT / "scripts" / "simulate_demo.py"), "--out", str(folder)],
        check=True,
        capture_output=True,
    )
    command = [*snakemake(), "--snakefile", str(ROOT / "workflow" / "Snakefile"), "--directory", str(folder)]
    done = subprocess.run(
        [*command, "--configfile", str(folder / "config" / "config.yaml"), "--config", "results=.", "--cores", "2"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return folder


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / name, sep="\t", dtype={"subtype": str}, keep_default_na=False, na_values=["NA", ""])


def planted(folder: Path) -> list[dict]:
    return json.loads((folder / "truth" / "planted.json").read_text())


def ordinary_baseline(demo: Path) -> pd.DataFrame:
    """Truth and call of the patients in whom nothing is planted."""
    truth = table(demo, "truth/patients.tsv").query("role == 'ordinary'")
    sets = table(demo, "analysis/sets.tsv")[["patient_id", "sample_id"]]
    calls = table(demo, "subtypes/calls.tsv")
    return truth.merge(sets, on="patient_id").merge(calls, on="sample_id", suffixes=("_true", ""))


def test_gene_counts_equal_the_simulated_fragments(demo: Path):
    truth = pd.read_csv(demo / "truth" / "counts.tsv.gz", sep="\t", index_col=0).drop(columns="symbol")
    counts = pd.read_csv(demo / "cohort" / "counts.tsv.gz", sep="\t", index_col=0)
    assert list(counts.columns) == sorted(truth.columns)
    for sample in counts:
        found, expected = counts[sample], truth[sample].reindex(counts.index)
        assert np.corrcoef(np.log2(found + 1), np.log2(expected + 1))[0, 1] > 0.999, sample
        assert found.sum() == pytest.approx(expected.sum(), rel=0.02), sample


def test_ordinary_tumours_get_their_true_subtype_or_an_honest_doubt(demo: Path):
    calls = ordinary_baseline(demo)
    called = calls[calls["call"].isin(["confident", "lean"])]
    assert (called["subtype"] == called["subtype_true"]).all()
    assert len(called) >= 0.85 * len(calls)


@pytest.mark.parametrize(
    "kind", ["wrong sex", "no tissue", "failed sample", "between two subtypes", "not SCLC", "mouse"]
)
def test_each_planted_sample_is_found(demo: Path, kind: str):
    item = next(item for item in planted(demo) if item["kind"] == kind)
    shown = item["shown_in"]
    rows = table(demo, shown["file"])
    key = "sample_id" if item["sample_id"] and shown["file"] != "analysis/sets.tsv" else "patient_id"
    row = rows[rows[key] == item[key]].iloc[0]
    assert row[shown["column"]] in shown["values"]


def test_the_wrong_sex_and_no_other_is_told(demo: Path):
    identities = table(demo, "qc/identity.tsv").set_index("sample_id")
    failed, wrong = (
        next(item["sample_id"] for item in planted(demo) if item["kind"] == kind)
        for kind in ("failed sample", "wrong sex")
    )
    sexes = identities.drop(failed)[["sex_clinical", "sex_expression"]]
    assert sexes.index[sexes["sex_clinical"] != sexes["sex_expression"]].tolist() == [wrong]
    assert set(identities["identity"]) == {"unknown"}  # reads alone have no genotypes
    assert (identities["genotype_sites"].isna() & identities["contamination"].isna()).all()


def test_planted_contradictions_and_no_others_are_queries_of_weight(demo: Path):
    queries = table(demo, "clinical/queries.tsv")
    expected = {i["patient_id"] for i in planted(demo) if i["kind"] in ("scan after death", "unsupported progression")}
    assert set(queries.loc[queries["severity"] == "error", "patient_id"]) == expected


def test_the_failed_sample_and_the_patient_without_tissue_are_in_no_test_but_in_the_tables(demo: Path):
    sets = table(demo, "analysis/sets.tsv").set_index("patient_id")
    for kind in ("no tissue", "failed sample", "not SCLC"):
        patient = next(item["patient_id"] for item in planted(demo) if item["kind"] == kind)
        assert sets.at[patient, "subtype_evaluable"] == "no"
        assert isinstance(sets.at[patient, "reason_out"], str)
    enrolled = table(demo, "analysis/attrition.tsv").set_index("step")["patients"]
    assert enrolled["enrolled"] == len(sets) == 24
    assert enrolled["tissue"] == 23


def test_the_built_in_effect_of_inflammation_is_found(demo: Path):
    effects = json.loads((demo / "truth" / "effects.json").read_text())
    results = table(demo, "association/results.tsv")
    row = results[(results["biomarker"] == "gep18") & (results["endpoint"] == "pfs")].iloc[0]
    # conditional in the simulation, marginal and noisy here: the direction, and an interval that excludes none
    assert effects["pfs"]["inflammation"]["log_hazard_ratio_per_unit"] < 0
    assert row["ci_high"] < 1


def test_the_built_in_effect_of_subtype_is_in_the_primary_result(demo: Path):
    results = table(demo, "association/results.tsv")
    primary = results[(results["tier"] == "primary") & results["p"].notna()]
    assert len(primary[primary["level"].isna()]) == 1
    assert primary.loc[primary["level"].isna(), "p"].iloc[0] < 0.05


def test_effects_that_were_not_built_in_are_not_claimed(demo: Path, tmp_path: Path):
    absent = json.loads((demo / "truth" / "effects.json").read_text())["no_effect_on_pfs"]
    columns = [name for name in absent if name not in ("arm", "batch", "purity")]
    common = {"endpoints": ["pfs"], "set": "all_treated"}
    entries = [
        {"entry": "columns", "biomarker": "columns", "columns": columns, **common},
        {"entry": "arm", "biomarker": "arm", "stratify_by_arm": False, **common},
    ]
    family = {"family": "absent", "tier": "exploratory", "multiplicity": "bh", "entries": entries}
    plan = tmp_path / "plan.yaml"
    plan.write_text(json.dumps({"families": [family]}))
    program = [python(), str(ROOT / "scripts" / "test_associations.py"), "--plan", str(plan)]
    tables = ["--endpoints", str(demo / "clinical/endpoints.tsv"), "--sets", str(demo / "analysis/sets.tsv")]
    patients = ["--patients", str(demo / "config/clinical/patients.csv")]
    subprocess.run([*program, *tables, *patients, "--out-dir", str(tmp_path)], check=True, capture_output=True)
    results = table(tmp_path, "results.tsv")
    assert set(results["biomarker"]) == {*columns, "arm"}
    assert results["p_adjusted"].dropna().min() > 0.05


def test_the_planted_switch_is_probable_and_no_other_is(demo: Path):
    changes = table(demo, "change/changes.tsv")
    switches = changes[changes["kind"] == "switch"].set_index("to_sample")["change"]
    switched = next(item["sample_id"] for item in planted(demo) if item["kind"] == "subtype switch")
    assert switches[switched] > 0.8
    assert (switches.drop(switched).dropna() < 0.5).all()
    programmes = changes[changes["kind"].eq("programme") & changes["to_sample"].eq(switched)].set_index("feature")
    assert programmes.at["A", "high"] < 0 < programmes.at["N", "low"]


def test_the_rise_of_inflammation_on_treatment_is_found(demo: Path):
    """Every tumour under treatment was drawn with more inflammation than before; proliferation with as much."""
    pairs = table(demo, "change/pairs.tsv")
    assert (pairs["contrast"] == "on_treatment").sum() == 6
    assert (pairs["used"] == "yes").sum() >= 6
    tests = table(demo, "change/tests.tsv")
    found = tests[tests["method"].str.startswith("moderated paired t (", na=False)].set_index("biomarker")
    assert found.at["t_effector", "estimate"] > 0
    assert found.at["t_effector", "p_adjusted"] < 0.05
    genes = table(demo, "change/differential.tsv")
    assert genes["p"].notna().sum() > 100


def test_the_planted_target_is_high(demo: Path):
    sample = next(item["sample_id"] for item in planted(demo) if item["kind"] == "target high")
    targets = table(demo, "targets/targets.tsv").set_index(["sample_id", "target"])
    assert targets.at[(sample, "DLL3"), "level"] == "high"
    assert targets["level"].isin(["high", "intermediate", "low", "cannot_tell"]).all()


def test_the_mouse_and_no_other_stranger_is_found(demo: Path):
    mouse = next(item["sample_id"] for item in planted(demo) if item["kind"] == "mouse")
    verdicts = table(demo, "qc/verdicts.tsv").set_index("sample_id")
    truth = table(demo, "truth/samples.tsv").set_index("sample_id").loc[mouse]
    share = 100 * truth["foreign"] / truth[["fragments", "unmapped", "foreign"]].sum()
    assert verdicts.at[mouse, "drawn_mouse"] == pytest.approx(share, abs=1)  # four standard errors
    assert "of the drawn reads are another species'" in verdicts.at[mouse, "reasons"]
    assert (verdicts.drop(mouse)["foreign_share"] < 0.05).all()
    assert verdicts["viruses"].isna().all()


def test_clearance_of_ctdna_goes_with_survival_at_the_landmarks_and_over_time(demo: Path):
    truth = table(demo, "truth/patients.tsv").set_index("patient_id")["ctdna_cleared_day"]
    results = table(demo, "association/results.tsv")
    rows = results[(results["biomarker"] == "clearance of ctDNA") & (results["endpoint"] == "pfs")].set_index("level")
    assert set(rows.index) == {"after it", "by day 50", "by day 99"}
    assert rows.at["after it", "n"] == 24
    assert f"({truth.notna().sum()} patients had it)" in rows.at["after it", "method"]
    assert rows.at["after it", "ci_high"] < 1
    assert rows.at["by day 50", "estimate"] < 1


def test_the_report_names_every_planted_finding(demo: Path):
    page = html.unescape((demo / "report" / "index.html").read_text())
    text = re.sub(r"<[^>]+>", " ", page)
    for item in planted(demo):
        assert (item["sample_id"] or item["patient_id"]) in text, item
    for words in ("no tissue", "fail", "mixed", "not SCLC"):
        assert words.lower() in text.lower(), words


def test_every_patient_has_a_page(demo: Path):
    patients = table(demo, "analysis/sets.tsv")["patient_id"]
    assert {file.stem for file in (demo / "report" / "patients").glob("*.html")} == set(patients)


def test_nothing_in_the_manifest_tells_the_place(demo: Path):
    import getpass
    import socket

    text = (demo / "manifest.json").read_text()
    for place in (str(demo), str(ROOT), str(Path.home()), socket.gethostname(), f'"{getpass.getuser()}"'):
        assert place not in text, place
    manifest = json.loads(text)
    assert manifest["reads"]["P001-B/L1"][0] == sha256(demo / "reads" / "P001-B_L1_R1.fastq.gz")
    assert manifest["inputs"]["config/samples.tsv"] == sha256(demo / "config" / "samples.tsv")


def sha256(file: Path) -> str:
    import hashlib

    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_snakemake_makes_its_own_report(demo: Path, tmp_path: Path):
    page = tmp_path / "snakemake.html"
    command = [*snakemake(), "--snakefile", str(ROOT / "workflow" / "Snakefile"), "--directory", str(demo)]
    done = subprocess.run(
        [
            *command,
            "--configfile",
            str(demo / "config" / "config.yaml"),
            "--config",
            "results=.",
            "--report",
            str(page),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=demo,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    text = page.read_text()
    for words in ("Subtype calls of single samples", "What the plan declared", "verdicts", "attrition"):
        assert words in text
    for name in ("index.html", "details.html"):  # the pages themselves, not a link
        assert base64.b64encode((demo / "report" / name).read_bytes()).decode("ascii") in text


def test_the_calls_in_the_readme_are_those_of_the_demo(demo: Path):
    (shown,) = [rows for rows in tables(ROOT / "README.md") if "p_A" in rows[0]]
    with open(demo / "subtypes" / "calls.tsv", encoding="utf-8") as file:
        calls = {row["sample_id"]: row for row in csv.DictReader(file, delimiter="\t")}
    assert len(shown) >= 4
    for row in shown:
        call = {name: "" if value == "NA" else value for name, value in calls[row["sample_id"]].items()}
        assert call.pop("reason").startswith(row.pop("reason").removesuffix(" …"))
        assert row.items() <= call.items()
