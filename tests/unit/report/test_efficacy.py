"""What the report says of iRECIST beside RECIST 1.1 and of several evaluators."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from anpi.report.efficacy import concordance, immune_sentences

PATIENTS = pd.DataFrame(
    {
        "patient_id": ["P1", "P2", "P3", "P4"],
        "response_unconfirmed": ["Y", "N", "N", None],
        "iresponse": ["Y", "Y", "N", None],
        "pfs_days": [100, 43, 43, None],
        "pfs_reason": ["last adequate scan: …", "PD: …", "PD: …", "not treated: …"],
        "ipfs_days": [150, 200, 43, None],
    }
)


def test_who_has_another_answer_by_irecist_is_named():
    _, response, progression = immune_sentences(PATIENTS)
    assert response == "1 patient with a response by iRECIST alone: P2."
    assert progression == "1 patient with a progression by RECIST 1.1 that iRECIST dates later or takes back: P2."
    same = immune_sentences(PATIENTS.iloc[[0, 2]])
    assert same[1:] == [
        "No patient with a response by iRECIST alone.",
        "No patient with a progression by RECIST 1.1 that iRECIST dates later or takes back.",
    ]


def test_without_assessments_nothing_is_said_of_irecist():
    assert immune_sentences(PATIENTS.assign(iresponse=None)) == [
        "Endpoints by iRECIST were not derived: there are no assessments."
    ]


def test_agreement_of_evaluators_is_a_table():
    row = {"measure": "response", "evaluator": "central", "other": "investigator", "arm": "all", "n": 40, "agree": 30}
    rows = pd.DataFrame([row | {"agreement": 0.75, "kappa": 0.5, "ci_low": 0.2, "ci_high": 0.8}])
    (table,) = concordance(SimpleNamespace(table=lambda name: rows))
    assert [cell.words for cell in table.rows[0]] == [
        "response", "all", "central, investigator", "30/40, 75%", "0.50 (0.20 to 0.80)",
    ]  # fmt: skip
    assert concordance(SimpleNamespace(table=lambda name: rows.iloc[:0])) == []
