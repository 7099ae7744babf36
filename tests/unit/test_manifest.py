"""Verdicts that a person set stand in the manifest."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from anpi.cohort.verdicts import judge_samples
from anpi.files.writing import write_table
from anpi.manifest import verdicts_by_hand


def test_verdicts_set_by_hand_stand_in_the_manifest(tmp_path: Path):
    facts = pd.DataFrame({"sample_id": ["007", "S2"], "fragments": [10.0, 10.0]})
    sheet = pd.DataFrame({"sample_id": ["007"], "verdict_override": ["warn"], "override_reason": ["seen twice"]})
    verdicts = judge_samples(facts, {"fragments": {"warn": 50, "fail": 20}}, samples=sheet)
    write_table(tmp_path / "qc" / "verdicts.tsv", verdicts)
    expected = {"007": {"by_facts": "fail", "by_hand": "warn", "reason": "seen twice"}}
    assert verdicts_by_hand({"samples": "samples.tsv"}, tmp_path) == expected
    assert verdicts_by_hand({"samples": None}, tmp_path) == {}
    assert verdicts_by_hand({"samples": "samples.tsv"}, tmp_path / "none") == {}
