"""Real cohorts through the whole workflow: a matrix with supplied endpoints, and clinical tables alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import norm, t
from warm import snakemake

from anpi.stats.cox import fit_cox

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
DAYS_A_MONTH = 30.4375

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("cohorts")]


def run_workflow(folder: Path, config: dict) -> Path:
    """Run the workflow on a config in ``folder``; give the results folder."""
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    command = [*snakemake(), "--snakefile", str(ROOT / "workflow" / "Snakefile"), "--directory", str(folder)]
    done = subprocess.run(
        [*command, "--configfile", str(folder / "config.yaml"), "--cores", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return folder / "results"


def within(cohort: pd.Series, scores: pd.Series) -> pd.Series:
    """Standardise within each of the two cohorts, whose assays differ; the known values are of such scores."""
    return scores.groupby(cohort).transform(lambda values: (values - values.mean()) / values.std())


def exploratory_plan(entry: str, **biomarker: object) -> dict:
    """Declare one entry for PFS over all patients, without strata."""
    what = {"entry": entry, "endpoints": ["pfs"], "set": "all_treated", "stratify_by_arm": False, **biomarker}
    return {"families": [{"family": "one", "tier": "exploratory", "multiplicity": "bh", "entries": [what]}]}


@pytest.fixture(scope="module")
def gide(external_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """41 melanomas before PD-1 blockade (Gide 2019), response and times as published."""
    source = external_data / "data" / "expression" / "gide2019_melanoma"
    folder = tmp_path_factory.mktemp("gide")
    clinical = pd.read_csv(source / "clinical.tsv", sep="\t")
    patients = pd.DataFrame(
        {
            "patient_id": clinical["patient_id"],
            "arm": "PD-1",
            "sex": clinical["sex"],
            "age": clinical["age"],
            "pfs_days": (clinical["survival_time_pfs"] * DAYS_A_MONTH).round(2),
            "pfs_event": clinical["event_occurred_pfs"],
            "os_days": (clinical["survival_time_os"] * DAYS_A_MONTH).round(2),
            "os_event": clinical["event_occurred_os"],
            # the cohort's own response: CR, PR or SD of 6 months and more against the rest
            "bor": clinical["response"].map({"R": "PR", "NR": "PD"}),
        }
    )
    patients.to_csv(folder / "patients.csv", index=False)
    samples = clinical[["sample_id", "patient_id"]].assign(timepoint="baseline", specimen="ffpe")
    samples.to_csv(folder / "samples.tsv", sep="\t", index=False)
    plan = exploratory_plan("gep_without_housekeeping", biomarker="signatures", signatures=["gep18_raw"])
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan))
    matrix = {"matrix": str(source / "expression_log2tpm.tsv.gz"), "unit": "log2_tpm_plus_0.001"}
    config = {"samples": "samples.tsv", "expression": matrix, "clinical": {"patients": "patients.csv"}}
    run_workflow(folder, {**config, "plan": "plan.yaml", "tumour": "any"})
    shutil.copytree(folder / "results", folder / "any_tumour")
    return run_workflow(folder, {**config, "plan": "plan.yaml"})


def test_the_gep_tells_responders_with_the_published_auc(gide: Path):
    from sklearn.metrics import roc_auc_score

    scores = pd.read_csv(gide / "immune" / "scores.tsv", sep="\t").query("signature == 'gep18_raw'")
    endpoints = pd.read_csv(gide / "clinical" / "endpoints.tsv", sep="\t").dropna(subset=["response"])
    both = endpoints.merge(scores, left_on="patient_id", right_on="sample_id")
    assert len(both) == 38  # three have no published response
    assert roc_auc_score(both["response"] == "Y", both["score"]) == pytest.approx(0.84, abs=0.01)


def test_the_gep_has_the_known_hazard_ratio_a_standard_deviation(gide: Path):
    scores = pd.read_csv(gide / "immune" / "scores.tsv", sep="\t").query("signature == 'gep18_raw'")
    endpoints = pd.read_csv(gide / "clinical" / "endpoints.tsv", sep="\t")
    both = endpoints.merge(scores, left_on="patient_id", right_on="sample_id")
    assert len(both) == 41
    gep = (both["score"] - both["score"].mean()) / both["score"].std()
    fit = fit_cox(both["pfs_days"], both["pfs_event"], gep.to_frame("gep"))
    assert fit is not None
    assert np.exp(fit.coef[0]) == pytest.approx(0.48, abs=0.02)


def test_samples_of_another_tumour_stand_in_no_test_and_the_attrition_says_so(gide: Path):
    row = pd.read_csv(gide / "association" / "results.tsv", sep="\t").iloc[0]
    assert (row["biomarker"], row["n"]) == ("gep18_raw", 0)
    attrition = pd.read_csv(gide / "analysis" / "attrition.tsv", sep="\t").set_index("step")
    assert attrition.loc["qc_pass", "patients"] == 41
    assert attrition.loc["tumour", "left"] == 41


def test_a_cohort_that_is_declared_as_another_tumour_has_its_known_association(gide: Path):
    """The signature's hazard ratio a standard deviation is 0.48; report and manifest say what was declared."""
    declared = gide.parent / "any_tumour"
    row = pd.read_csv(declared / "association" / "results.tsv", sep="\t").iloc[0]
    assert (row["biomarker"], row["n"]) == ("gep18_raw", 41)
    assert row["estimate"] == pytest.approx(0.48, abs=0.02)
    assert row["p"] < 0.05
    attrition = pd.read_csv(declared / "analysis" / "attrition.tsv", sep="\t").set_index("step")
    assert attrition.loc["tumour", "left"] == 0
    assert json.loads((declared / "manifest.json").read_text())["settings"]["tumour"] == "any"
    page = (declared / "report" / "index.html").read_text()
    assert "although the sample is not SCLC-like, as `tumour: any` declares: 41 of 41 patients" in page


def test_no_melanoma_gets_a_confident_sclc_subtype(gide: Path):
    calls = pd.read_csv(gide / "subtypes" / "calls.tsv", sep="\t", keep_default_na=False)
    assert len(calls) == 41
    assert set(calls["call"]) <= {"none", "mixed"}
    assert (calls.loc[calls["call"] == "none", "reason"] != "").all()


def test_a_report_is_written_without_counts_and_without_scans(gide: Path):
    page = (gide / "report" / "details.html").read_text()
    assert "groups of 0 and 0, fewer than 5 in one: not tested" in page


@pytest.fixture(scope="module")
def es_sclc(external_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """58 patients with ES-SCLC under chemotherapy and PD-L1 blockade: supplied endpoints and scores, no expression."""
    source = external_data / "data" / "expression" / "sclc_ici_geomx"
    folder = tmp_path_factory.mktemp("geomx")
    clinical = pd.read_csv(source / "clinical_patient_level.tsv", sep="\t")
    pd.DataFrame(
        {
            "patient_id": clinical["patient_id"],
            "arm": clinical["cohort"],
            "pfs_days": (clinical["pfs_months"] * DAYS_A_MONTH).round(2),
            "pfs_event": clinical["pfs_event"],
            "os_days": (clinical["os_months"] * DAYS_A_MONTH).round(2),
            "os_event": clinical["os_event"],
            "bor": clinical["response"],
            "TACSTD2": within(clinical["cohort"], clinical["TACSTD2_log2"]),
            "T_effector": within(clinical["cohort"], clinical["Teff_score"]),
        }
    ).to_csv(folder / "patients.csv", index=False)
    plan = exploratory_plan(
        "supplied_scores", biomarker="columns", columns=["TACSTD2", "T_effector"], adjust_for=["arm"]
    )
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan))
    return run_workflow(folder, {"clinical": {"patients": "patients.csv"}, "plan": "plan.yaml"})


def test_supplied_endpoints_are_used_as_they_stand(es_sclc: Path):
    endpoints = pd.read_csv(es_sclc / "clinical" / "endpoints.tsv", sep="\t", keep_default_na=False)
    assert len(endpoints) == 58
    assert endpoints["pfs_event"].astype(str).str.startswith("1").sum() == 50
    assert endpoints["os_event"].astype(str).str.startswith("1").sum() == 44
    assert endpoints["bor"].value_counts().to_dict() == {"PR": 36, "SD": 15, "PD": 3, "CR": 2, "NA": 2}


@pytest.mark.parametrize(("score", "expected"), [("TACSTD2", (0.937, 0.68, 1.29)), ("T_effector", (0.814, 0.61, 1.09))])
def test_supplied_scores_have_the_known_hazard_ratios(es_sclc: Path, score: str, expected: tuple[float, float, float]):
    results = pd.read_csv(es_sclc / "association" / "results.tsv", sep="\t")
    row = results[results["biomarker"] == score].iloc[0]
    ratio, *limits = expected
    wider = t.ppf(0.975, 58 - 2) / norm.ppf(0.975)  # published by the normal distribution, here by Student's t
    limits = [ratio * (limit / ratio) ** wider for limit in limits]
    assert (row["estimate"], row["ci_low"], row["ci_high"]) == pytest.approx((ratio, *limits), abs=0.01)


def test_patients_without_a_response_count_as_non_responders(es_sclc: Path):
    rates = pd.read_csv(es_sclc / "clinical" / "rates.tsv", sep="\t")
    orr = rates[(rates["measure"] == "ORR") & (rates["arm"] == "all")].set_index("population")
    assert orr.loc["all treated", ["events", "n"]].tolist() == [38, 58]
    assert orr.loc["response-evaluable", ["events", "n"]].tolist() == [38, 56]
