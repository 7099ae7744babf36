"""Investigator and independent review side by side: who counts, the others' endpoints, how far they agree."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from small_trial import Trial
from warm import python

from anpi.endpoints.observations import check_rules
from anpi.endpoints.rules import make_rules
from anpi.problems import InputError
from anpi.tables.clinical import read_clinical

ROOT = Path(__file__).resolve().parents[3]
BICR, SITE = "Independent Review", "investigator"


def read(trial: Trial, evaluator: str, name: str, scans: str) -> None:
    for item in scans.split():
        day, word = item.split(":")
        trial.add(
            "assessments", patient_id=name, assessment_at=day, overall_response=word, evaluator=evaluator
        )  # fmt: skip


def two_readers(folder: Path) -> Trial:
    """Five patients: alike; response and day of progression differ; one by each reader alone; not read at all."""
    trial = Trial(folder)
    for name in ("P1", "P2", "P3", "P4", "P5"):
        trial.patient(name, arm="A" if name < "P3" else "B", death_at=150 if name == "P5" else None, last_alive_at=150)
    for evaluator, second in ((SITE, "42:PR 84:PR 126:PD"), (BICR, "42:SD 85:PD 126:NE")):
        read(trial, evaluator, "P1", "42:PR 84:PR 126:PR")
        read(trial, evaluator, "P2", second)
    read(trial, SITE, "P3", "42:SD")
    read(trial, BICR, "P4", "42:SD 84:PD")
    return trial


def run(trial: Trial, evaluator: str) -> dict[str, pd.DataFrame]:
    """Run the program; give its tables."""
    rules = trial.folder / "endpoints.yaml"
    rules.write_text(f"evaluator: {evaluator}\n")
    command = [python(), str(ROOT / "scripts" / "derive_endpoints.py"), "--out-dir", str(trial.folder / "out")]
    for table, path in trial.write().items():
        command += [f"--{table}", str(path)]
    done = subprocess.run([*command, "--rules", str(rules)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = (trial.folder / "out").glob("*.tsv")
    return {file.stem: pd.read_csv(file, sep="\t") for file in files}


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, pd.DataFrame]:
    return run(two_readers(tmp_path_factory.mktemp("readers")), BICR)


def test_the_other_reader_stands_beside(found, tmp_path):
    rows = found["endpoints"].set_index("patient_id")
    assert rows.loc["P2", ["cbor", "cbor_by_investigator"]].tolist() == ["SD", "PR"]
    assert rows.loc["P2", ["pfs_days", "pfs_days_by_investigator"]].tolist() == [86, 127]
    assert rows.loc["P2", ["ibor", "ibor_by_investigator"]].tolist() == ["iSD", "iPR"]
    # P4 was not read by the investigator: no event and no censoring on day 1 of that reading
    assert rows.loc["P4", ["pfs_days_by_investigator", "bor_by_investigator"]].isna().all()
    assert rows.loc["P4", "pfs_reason_by_investigator"] == "no reading by investigator"
    assert rows.loc["P3", "cbor"] == "NE"
    alone = two_readers(tmp_path).derive(evaluator=SITE).table.set_index("patient_id")
    for column in ("bor", "cbor", "response", "pfs_days", "pfs_event", "ibor", "ipfs_days"):
        other = rows[f"{column}_by_investigator"].dropna()
        assert alone.loc[other.index, column].tolist() == other.tolist()
    points = found["timepoints"]
    assert points.loc[points["patient_id"] == "P2", "overall_by_investigator"].tolist() == ["PR", "PR", "PD"]


def test_concordance_counted_by_hand(found):
    table = found["concordance"].set_index(["measure", "arm"])
    assert table["other"].unique().tolist() == [SITE]
    scans = table.loc[("overall response of a scan", "all")]
    # P1 agrees three times, P2 never: SD and PR, PD (day 85, within the window) and PR, NE and PD
    assert (scans["n"], scans["agree"]) == (6, 3)
    # by hand: of 6, chance = PR 3/6 x 5/6 + PD 1/6 x 1/6 = 16/36; (18/36 - 16/36) / (20/36)
    assert scans["kappa"] == pytest.approx(0.1)
    best = table.loc[("best response, confirmed", "all")]
    assert (best["n"], best["agree"], best["agreement"]) == (2, 1, 0.5)
    day = table.loc[("day of progression", "all")]
    assert (day["n"], day["agree"], day["earlier"], day["later"]) == (1, 0, 1, 0)
    assert table.loc[("response", "B"), "n"] == 0
    assert pd.isna(table.loc[("response", "B"), "kappa"])


def test_discordance_is_asked_about(found):
    queries = found["queries"]
    asked = {(row.patient_id, row.rule): row.message for row in queries.itertuples()}
    assert "SD and PR by Independent Review and by investigator" in asked[("P2", "evaluators_differ_response")]
    assert "day 86 and on day 127" in asked[("P2", "evaluators_differ_progression")]
    assert asked[("P3", "not_read_by_all")] == "scans were read by investigator, none by Independent Review"
    assert asked[("P4", "not_read_by_all")] == "scans were read by Independent Review, none by investigator"
    assert not [rule for patient, rule in asked if patient == "P1" and "evaluator" in rule]


def test_the_first_of_a_list_who_read_anything_counts(tmp_path):
    trial = two_readers(tmp_path)
    assert trial.derive(evaluator=["second review", BICR, SITE])["P2"]["cbor"] == "SD"
    assert trial.derive(evaluator=[SITE, BICR])["P2"]["cbor"] == "PR"
    with pytest.raises(InputError, match=re.escape("expected second review or third, the evaluator of endpoints.yaml")):
        check_rules(read_clinical(trial.write()), make_rules({"evaluator": ["second review", "third"]}))


def test_lesions_of_one_reader_do_not_judge_for_another(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1")
    read(trial, SITE, "P1", "42:SD")
    for day, size in ((-7, 50), (42, 80)):
        lesion = {"lesion_id": "T1", "kind": "target", "diameter_mm": size, "evaluator": BICR}
        trial.add("lesions", patient_id="P1", assessment_at=day, **lesion)
    with pytest.raises(InputError, match="several evaluators"):
        trial.derive()
    assert trial.derive(evaluator=SITE)["P1"]["bor"] == "SD"
    assert trial.derive(evaluator=BICR)["P1"]["bor"] == "PD"


def test_evaluators_name_lesions_on_their_own(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1")
    for evaluator, kind in ((SITE, "target"), (BICR, "nontarget")):
        lesion = {"lesion_id": "L1", "kind": kind, "diameter_mm": 20, "status": "present", "evaluator": evaluator}
        trial.add("lesions", patient_id="P1", assessment_at=-7, **lesion)
        trial.add("lesions", patient_id="P1", assessment_at=42, **lesion)
    assert trial.derive(evaluator=SITE)["P1"]["bor"] == "SD"
    assert trial.derive(evaluator=BICR)["P1"]["bor"] == "NON-CR/NON-PD"


def test_a_row_of_nobody_is_asked_about(tmp_path):
    trial = two_readers(tmp_path)
    trial.add("assessments", patient_id="P1", assessment_at=168, overall_response="PD")
    found = trial.derive(evaluator=BICR)
    assert found["P1"]["pfs_event"] == 0
    assert "evaluator_missing" in found.rules_asked("P1")


def test_one_reader_gives_an_empty_concordance(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1")
    read(trial, SITE, "P1", "42:SD")
    found = run(trial, "null")
    assert found["concordance"].empty
    assert not [column for column in found["endpoints"] if "_by_" in column]
