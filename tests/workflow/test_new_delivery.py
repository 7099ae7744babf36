"""A delivery that differs from the last recorded run is asked about when the run is planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from anpi.ledger.kept import record
from workflow.running import ROOT, attempt

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("cohorts")]

ROWS = "".join(f"P{number},{'AB'[number % 2]},2024-01-{number:02}\n" for number in range(1, 9))


def test_a_first_time_arm_ends_the_planning_until_it_is_confirmed(tmp_path: Path):
    (tmp_path / "config").mkdir()
    config = tmp_path / "config" / "config.yaml"
    config.write_text("clinical: {patients: patients.csv}\n")
    (tmp_path / "patients.csv").write_text("patient_id,arm,treatment_start_date\n" + ROWS)
    known = {f"P{number}": {"arm": "AB"[number % 2]} for number in range(1, 9)}
    parts = {"samples": {}, "endpoints": {}, "results": [], "software": {}, "inputs": {}}
    record(tmp_path / "results" / "ledger", {"patients": known, **parts}, "2024-04-01")
    assert attempt(ROOT, tmp_path, "-n")[0] == 0

    (tmp_path / "patients.csv").write_text("patient_id,arm,treatment_start_date\n" + ROWS + "P9,It's C,2024-02-01\n")
    code, said = attempt(ROOT, tmp_path, "-n")
    assert code == 1
    assert "config.yaml, confirmed: not as the last run: new arm It's C. Arms so far: A and B." in said
    line = said.split("confirm it in the config: ")[1].split("].")[0] + "]"
    with open(config, "a") as file:  # as the message has it
        file.write(f"{line}\n")
    code, said = attempt(ROOT, tmp_path, "-n")
    assert code == 0, said
