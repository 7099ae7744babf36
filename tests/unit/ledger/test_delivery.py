"""A new delivery is compared with the last recorded run before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from anpi.files.checksums import hash_file
from anpi.ledger.delivery import check_delivery
from anpi.ledger.fingerprint import fingerprint, lesions_of
from anpi.ledger.kept import record
from anpi.problems import InputError
from anpi.tables.reading import read_text_table
from anpi.tables.schema import check_settings, load_schema

TABLES = {
    "patients": "patient_id,arm,ldh\n" + "".join(f"P{n},{'AB'[n % 2]},{200 + n}\n" for n in range(1, 7)),
    "assessments": "patient_id,assessment_date,overall_response\nP1,2024-02-01,SD\nP2,2024-03-01,PR\n",
    "lesions": "patient_id,assessment_date,lesion_id,kind\nP1,2024-02-01,T1,target\nP1,2024-02-01,T2,target\n",
    "biomarkers": "patient_id,marker,value,unit,date\nP1,CEA,5,ng/ml,2024-01-10\n",
}


class Trial:
    """Clinical tables in a folder, and a ledger that has seen them."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name, text in TABLES.items():
            (folder / f"{name}.csv").write_text(text)
        self.rules("null")
        inputs = {f"clinical.{name}": folder / f"{name}.csv" for name in TABLES}
        settings = self.settings()
        people = read_text_table(folder / "patients.csv").to_dict("records")
        lesions = lesions_of(inputs)
        state = {
            "inputs": {key: hash_file(path) for key, path in inputs.items()},
            "settings": settings,
            "patients": {
                str(p["patient_id"]): {"arm": p["arm"], "lesions": lesions.get(str(p["patient_id"]), 0)} for p in people
            },
            "delivery": fingerprint(inputs, settings),
        }
        record(folder / "ledger", state | {"samples": {}, "endpoints": {}, "results": [], "software": {}}, "2024-04-01")

    def settings(self, **others: Any) -> dict[str, Any]:
        clinical = {name: str(self.folder / f"{name}.csv") for name in TABLES}
        config = {"clinical": clinical, "expression": {"matrix": "m.tsv", "unit": "tpm"}, **others}
        return check_settings(config, load_schema("config"), "config.yaml")

    def rules(self, cutoff: str) -> None:
        (self.folder / "endpoints.yaml").write_text(f"data_cutoff: {cutoff}\n")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / f"{name}.csv"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def check(self, **others: Any) -> list[str]:
        """Return what is asked."""
        try:
            check_delivery(
                self.settings(**others), self.folder / "endpoints.yaml", self.folder / "ledger", "config.yaml"
            )
        except InputError as error:
            return [problem.message.removeprefix("not as the last run: ") for problem in error.problems]
        return []


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path)


def test_the_same_tables_ask_nothing(trial: Trial):
    assert trial.check() == []


def test_a_first_run_asks_nothing(tmp_path: Path):
    trial = Trial(tmp_path)
    trial.edit("patients", "P1,B", "P1,C")
    for entry in (tmp_path / "ledger").iterdir():
        entry.unlink()
    assert trial.check() == []


CHANGES: Mapping[str, tuple[str, str, str]] = {
    "new arm C": ("patients", "P6,A", "P6,C"),
    "1 patient gone": ("patients", "P6,A,206\n", ""),
    "fewer lesions of 1 patient": ("lesions", "P1,2024-02-01,T2,target\n", ""),
    "assessments up to 2024-09-30": ("assessments", "2024-03-01", "2024-09-30"),
    "unit of CEA from ng/ml to ug/l": ("biomarkers", "ng/ml", "ug/l"),
}


@pytest.mark.parametrize("asked", CHANGES)
def test_what_differs_is_asked_about_until_it_is_confirmed(trial: Trial, asked: str, tells):
    trial.edit(*CHANGES[asked])
    assert trial.check() == [asked]
    assert trial.check(confirmed=["another thing"]) == [asked]
    assert trial.check(confirmed=[asked]) == []
    with pytest.raises(InputError) as caught:
        check_delivery(trial.settings(), trial.folder / "endpoints.yaml", trial.folder / "ledger", "config.yaml")
    tells(f"after a recorded run: {asked}", map(str, caught.value.problems))


def test_a_unit_of_expression_is_asked_about(trial: Trial):
    matrix = {"matrix": "m.tsv", "unit": "counts"}
    assert trial.check(expression=matrix) == ["unit of expression from tpm to counts"]


def test_a_median_that_moves_as_with_another_unit_is_asked_about(trial: Trial):
    for number in range(1, 7):
        trial.edit("patients", f",{200 + number}\n", f",{(200 + number) / 60:.2f}\n")  # U/L to microkatal a litre
    assert trial.check() == ["median of ldh from 204 to 3.39"]


@pytest.mark.parametrize(("cutoff", "asked"), [("2024-09-30", []), ("2024-06-30", ["assessments up to 2024-09-30"])])
def test_a_cut_off_answers_for_its_dates(trial: Trial, cutoff: str, asked: list[str]):
    trial.edit("assessments", "2024-03-01", "2024-09-30")
    trial.rules(cutoff)
    assert trial.check() == asked


def test_what_grows_as_trials_do_asks_nothing(trial: Trial):
    trial.edit("patients", "P6,A,206\n", "P6,A,206\nP7,B,190\n")
    trial.edit("lesions", "T2,target\n", "T2,target\nP2,2024-02-01,T1,target\n")
    assert trial.check() == []


def test_a_damaged_ledger_stops_no_planning(trial: Trial):
    (entry,) = (trial.folder / "ledger").glob("*.json")
    entry.write_text("{")
    trial.edit("patients", "P6,A", "P6,C")
    assert trial.check() == []
