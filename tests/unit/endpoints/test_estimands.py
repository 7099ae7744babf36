"""PFS under every declared combination of strategies for intercurrent events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from unit.endpoints.small_trial import Trial, scans_of

from anpi.endpoints.derive import derive_endpoints
from anpi.endpoints.estimands import check_estimands, estimand_columns, estimand_table
from anpi.endpoints.observations import observe
from anpi.endpoints.rules import make_rules
from anpi.problems import InputError
from anpi.tables.clinical import read_clinical

ALL: dict[str, Any] = {
    "new_therapy": ["censored", "counted", "event"],
    "missed_scans": ["censored", "counted"],
    "radiotherapy": ["new_therapy", "ignore"],
    "clinical_progression": ["no_event", "event"],
    "beyond_progression": ["recist"],
}


def estimands(trial: Trial, **settings: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the endpoints by patient, with their variants, and the table of estimands by variant."""
    rules, clinical = make_rules(settings), read_clinical(trial.write())
    check_estimands(clinical, rules)
    seen = observe(clinical, rules)
    endpoints = derive_endpoints(clinical, seen, rules)
    endpoints = pd.concat([endpoints, estimand_columns(clinical, seen, rules, endpoints["patient_id"])], axis=1)
    return endpoints.set_index("patient_id"), estimand_table(clinical, endpoints, rules).set_index("variant")


def pfs(endpoints: pd.DataFrame, patient: str, suffix: str) -> tuple[int, int]:
    return endpoints.at[patient, f"pfs_days{suffix}"], endpoints.at[patient, f"pfs_event{suffix}"]


def trial_of(folder: Path) -> Trial:
    """P: topotecan on day 51, PD on day 127. Q: PD after a gap. R: radiotherapy. S: clinical progression."""
    trial = Trial(folder)
    for patient, scans in (("P", "42:SD 126:PD"), ("Q", "42:SD 200:PD"), ("R", "42:SD 126:PD"), ("S", "42:SD 84:SD")):
        ended = {"treatment_end_at": 60, "treatment_end_reason": "clinical progression"} if patient == "S" else {}
        trial.patient(patient, last_alive_at=250, **ended)
        trial.scans(patient, scans_of(scans))
    trial.add("therapies", patient_id="P", start_at=50, name="topotecan", kind="chemotherapy")
    trial.add("therapies", patient_id="R", start_at=50, name="8 Gy", kind="radiotherapy")
    return trial


def test_each_strategy_by_hand(tmp_path):
    endpoints, table = estimands(trial_of(tmp_path), estimands=ALL)
    assert [pfs(endpoints, patient, "") for patient in "PQRS"] == [(43, 0), (43, 0), (43, 0), (85, 0)]
    for suffix, expected in {
        "_if_therapy_counted": [(127, 1), (43, 0), (127, 1), (85, 0)],
        "_if_therapy_event": [(51, 1), (43, 0), (51, 1), (85, 0)],
        "_if_missed_counted": [(43, 0), (201, 1), (43, 0), (85, 0)],
        "_if_radiotherapy_ignored": [(43, 0), (43, 0), (127, 1), (85, 0)],
        "_if_clinical_event": [(43, 0), (43, 0), (43, 0), (61, 1)],
        "_if_therapy_event_radiotherapy_ignored": [(51, 1), (43, 0), (127, 1), (85, 0)],
        "_if_therapy_counted_missed_counted_clinical_event": [(127, 1), (201, 1), (127, 1), (61, 1)],
    }.items():
        assert [pfs(endpoints, patient, suffix) for patient in "PQRS"] == expected, suffix
    assert len(table) == 3 * 2 * 2 * 2
    assert table.index[0] == "pfs"
    assert table.loc["pfs_if_therapy_counted_missed_counted_clinical_event", "events"] == 4
    assert endpoints["pfs_reason_if_therapy_event"]["P"].startswith("new therapy: begun on day 51")
    assert (table["n"] == 4).all()


def test_therapy_and_gaps_counted_is_the_style_of_the_ema(tmp_path):
    endpoints, _ = estimands(trial_of(tmp_path))
    for patient in "PQRS":
        assert pfs(endpoints, patient, "_if_therapy_counted_missed_counted") == pfs(endpoints, patient, "_ema")
    swapped, table = estimands(trial_of(tmp_path), progression={"primary": "ema", "sensitivity": "fda"})
    assert table.loc["pfs", ["new_therapy", "missed_scans"]].tolist() == ["counted", "counted"]
    for patient in "PQRS":
        assert pfs(swapped, patient, "_if_therapy_censored_missed_censored") == pfs(endpoints, patient, "")


def test_treatment_beyond_progression_by_irecist(tmp_path):
    """A progression that is not confirmed and then reset is none by iRECIST."""
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=250)
    trial.scans("P", scans_of("42:PD 84:PR 126:PR"))
    endpoints, _ = estimands(trial)
    assert pfs(endpoints, "P", "") == (43, 1)
    assert pfs(endpoints, "P", "_if_irecist") == (127, 0)


def test_the_other_evaluator_is_an_estimand(tmp_path):
    trial = Trial(tmp_path)
    for patient, names in (("P", ("central", "site")), ("Q", ("site",))):
        trial.patient(patient, last_alive_at=250)
        for name in names:
            response = "PD" if name == "central" else "SD"
            trial.add("assessments", patient_id=patient, assessment_at=84, overall_response=response, evaluator=name)
    settings: dict[str, Any] = {"evaluator": "site", "estimands": {"evaluator": ["site", "central"]}}
    endpoints, table = estimands(trial, **settings)
    assert pfs(endpoints, "P", "") == (85, 0)
    assert pfs(endpoints, "P", "_if_by_central") == (85, 1)
    assert pd.isna(endpoints.at["Q", "pfs_days_if_by_central"])
    assert endpoints.at["Q", "pfs_reason_if_by_central"] == "no reading by central"
    assert table.loc["pfs_if_by_central", ["n", "evaluator"]].tolist() == [1, "central"]


def test_nothing_declared_is_the_primary_answer_alone(tmp_path):
    nothing = {"new_therapy": [], "missed_scans": [], "beyond_progression": []}
    endpoints, table = estimands(trial_of(tmp_path), estimands=nothing)
    assert table.index.tolist() == ["pfs"]
    assert not [column for column in endpoints if "_if_" in column]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"evaluator": ["moon"]}, "estimands.evaluator: found 'moon', expected none, as the tables name no evaluator"),
        (ALL | {"withdrawal": ["censored", "counted"], "beyond_progression": ["irecist"]}, "found '96 combinations'"),
    ],
)
def test_estimands_that_cannot_be(declared, words, tmp_path):
    with pytest.raises(InputError) as error:
        estimands(trial_of(tmp_path), estimands=declared)
    assert words in str(error.value)
