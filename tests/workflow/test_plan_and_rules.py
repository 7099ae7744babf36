"""The plan and the rules that a user gives are those that a run takes, and the results say which."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from anpi.check import check_run
from anpi.files.checksums import hash_file
from anpi.manifest import named_digest
from anpi.problems import InputError
from anpi.report.tables import settings_words
from anpi.tables.schema import load_yaml
from workflow.conftest import Trial
from workflow.running import ROOT, run

CONFIG = "config/config.yaml"
PATIENTS = "patient_id,arm,sex,age,treatment_start_date,last_alive_date\nP1,one,F,61,2024-01-01,2024-08-01\n"
# A partial response and, 32 days later, the scan that confirms it: when 28 days are asked for, not when 42 are.
SCANS = "patient_id,assessment_date,overall_response\nP1,2024-02-10,PR\nP1,2024-03-13,PR\nP1,2024-05-01,SD\n"


@pytest.fixture
def copied(tmp_path: Path) -> Trial:
    """Copy ``config/`` as README says, with tables of one patient and no expression."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    trial = Trial(tmp_path)
    for key in ("samples", "units", "reference"):
        trial.setting(key, None)
    trial.path("config/clinical/patients.csv").write_text(PATIENTS)
    trial.path("config/clinical/assessments.csv").write_text(SCANS)
    return trial


def test_a_rule_changed_in_the_copied_config_changes_the_endpoints(copied: Trial):
    found = {}
    for days in (28, 42):
        rules = yaml.safe_load((ROOT / "config" / "endpoints.yaml").read_text())
        rules["confirmation"] |= {"minimum_days": days, "strict_minimum_days": days + 1}
        copied.path("config/endpoints.yaml").write_text(yaml.safe_dump(rules))
        run(ROOT, copied.folder, "results/clinical/endpoints.tsv")
        found[days] = pd.read_csv(copied.path("results/clinical/endpoints.tsv"), sep="\t")["cbor"].tolist()
    assert found == {28: ["PR"], 42: ["SD"]}


@pytest.mark.parametrize(
    ("key", "change"), [("endpoints", {"data_cutoff": "2024-06-01"}), ("plan", {"permutations": 999})]
)
def test_a_file_beside_the_config_that_is_not_named_is_refused(trial: Trial, tells, key: str, change: dict):
    shipped = yaml.safe_load((ROOT / "config" / f"{key}.yaml").read_text())
    trial.path(f"config/{key}.yaml").write_text(yaml.safe_dump(shipped | change))
    if key in trial.config():
        trial.setting(key, None)
    with pytest.raises(InputError) as caught:
        check_run(load_yaml(CONFIG), CONFIG)
    (problem,) = map(str, caught.value.problems)
    assert problem.startswith(f"{CONFIG}, {key}: config/{key}.yaml lies beside the config")
    assert f"Add {key}:" in problem
    tells(f"{key}.yaml beside the config that the config does not name", [problem])
    trial.setting(key, f"config/{key}.yaml")
    assert check_run(load_yaml(CONFIG), CONFIG).config[key] == f"config/{key}.yaml"


def test_an_unnamed_file_that_says_what_the_shipped_one_says_is_allowed(trial: Trial):
    shipped = yaml.safe_load((ROOT / "config" / "plan.yaml").read_text())
    trial.path("config/plan.yaml").write_text("# without the comments\n" + yaml.safe_dump(shipped))
    trial.setting("plan", None)
    check_run(load_yaml(CONFIG), CONFIG)


def test_the_template_names_every_file_of_settings_that_lies_beside_it():
    template = yaml.safe_load((ROOT / CONFIG).read_text())
    beside = {file.stem: f"config/{file.name}" for file in (ROOT / "config").glob("*.yaml") if file.stem != "config"}
    assert {key: template.get(key) for key in beside} == beside


@pytest.mark.parametrize("file", sorted((ROOT / "config").glob("*.yaml")), ids=lambda file: file.name)
def test_editors_find_the_schema_of_a_template(file: Path):
    first = file.read_text().splitlines()[0]
    schema = file.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert first.startswith("# yaml-language-server: $schema=")
    assert schema.resolve() == ROOT / "workflow" / "schemas" / f"{file.stem}.schema.yaml"


def test_report_and_manifest_name_plan_and_rules_with_their_digest(tmp_path: Path):
    shipped = ROOT / "config" / "plan.yaml"
    own = tmp_path / "plan.yaml"
    own.write_text(shipped.read_text() + "alpha: 0.01\n")
    assert settings_words(own) == f"plan.yaml, SHA-256 {hash_file(own)[:12]}…"
    assert settings_words(shipped) == f"plan.yaml as shipped, SHA-256 {hash_file(shipped)[:12]}…"
    assert named_digest(own) == {"file": "plan.yaml", "sha256": hash_file(own), "as_shipped": False}
    assert named_digest(shipped)["as_shipped"] is True
