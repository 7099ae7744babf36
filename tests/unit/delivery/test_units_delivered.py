"""Units of a delivery: no two stand in one column of the trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from unit.delivery.delivery_files import write_csv

from anpi.delivery.decisions import Decisions
from anpi.delivery.trial import Proposal, propose
from anpi.problems import InputError

HEADER = ["patient_id", "arm", "sex"]


def delivered(
    folder: Path, columns: Mapping[str, Sequence[object]], answers: Mapping[str, str] | None = None
) -> Proposal:
    rows = [[f"P00{number}", "A", "F", *cells] for number, cells in enumerate(zip(*columns.values(), strict=True), 1)]
    file = write_csv(folder / "patients.csv", [[*HEADER, *columns], *rows], ";")
    return propose(None, [file], Decisions(dict(answers or {})))


def values(proposal: Proposal, column: str) -> list[float]:
    return [float(text) for text in proposal.tables["patients"].frame[column]]


def test_two_units_in_a_column_are_refused(tmp_path: Path):
    with pytest.raises(InputError) as refused:
        delivered(tmp_path, {"LDH": ["250 U/l", "4.1 ukat/l", "190 U/l"]})
    assert "patients.csv, row 3, column LDH: found '4.1 ukat/l', expected one unit in a column" in str(refused.value)
    assert "other rows have u/l" in str(refused.value)


def test_one_unit_in_all_cells_is_taken(tmp_path: Path):
    assert values(delivered(tmp_path, {"LDH": ["250 U/l", "190 U/L"]}), "ldh") == [250, 190]
    assert values(delivered(tmp_path, {"Age": ["61 years", "70", "58 yrs"]}), "age") == [61, 70, 58]


def test_cells_without_the_unit_of_others_are_asked_about(tmp_path: Path):
    question = "patients.csv, LDH: numbers without a unit"
    cells = {"LDH": ["4.1 ukat/l", "250"]}
    assert set(delivered(tmp_path, cells).decisions.open) == {question}
    assert values(delivered(tmp_path, cells, {question: "yes"}), "ldh") == [4.1, 250]
    with pytest.raises(InputError, match=r"row 3, column LDH: found '250', expected a number with its unit"):
        delivered(tmp_path, cells, {question: "no"})


def test_two_numbers_in_a_cell_are_asked_about(tmp_path: Path):
    assert set(delivered(tmp_path, {"LDH": ["240 31", "250"]}).decisions.open) == {"patients.csv, LDH: values, 240 31"}
    question = "patients.csv, LDH: blanks in numbers"
    cells = {"LDH": ["1 240", "250"]}
    assert set(delivered(tmp_path, cells).decisions.open) == {question}
    assert values(delivered(tmp_path, cells, {question: "one_number"}), "ldh") == [1240, 250]
    several = delivered(tmp_path, cells, {question: "several"})
    assert set(several.decisions.open) == {"patients.csv, LDH: values, 1 240"}
    assert values(delivered(tmp_path, {"LDH": ["1'240.5", "250"]}), "ldh") == [1240.5, 250]


def test_a_share_with_its_sign_stays_beside_fractions(tmp_path: Path):
    people = write_csv(tmp_path / "patients.csv", [HEADER, ["P001", "A", "F"], ["P002", "A", "M"]])
    header = ["sample_id", "patient_id", "timepoint", "tumour content"]
    rows = [["S1", "P001", "baseline", "80%"], ["S2", "P002", "baseline", "0.5"]]
    sheet = write_csv(tmp_path / "samples.csv", [header, *rows])
    (tmp_path / "reads").mkdir()
    for name in ("S1", "S2"):
        (tmp_path / "reads" / f"{name}.fastq").write_text("@r\nACGT\n+\nIIII\n")
    answers = Decisions({"samples.csv, tumour content: unit": "fraction"})
    samples = propose(tmp_path / "reads", [people, sheet], answers).tables["samples"].frame
    assert [float(text) for text in samples["tumour_content"]] == [80, 50]


def test_times_of_two_units_are_refused(tmp_path: Path):
    cells = {"OS": [10, 300, 12], "OS event": [1, 0, 1], "Time unit": ["months", "days", "months"]}
    with pytest.raises(InputError) as refused:
        delivered(tmp_path, cells)
    assert "row 3, column Time unit: found 'days', expected one unit of all times; other rows have months" in str(
        refused.value
    )


def test_one_unit_of_times_is_taken_however_it_is_written(tmp_path: Path):
    cells = {"OS": [10, 12], "OS event": [1, 0], "Time unit": ["Months", "month"]}
    assert values(delivered(tmp_path, cells), "os_months") == [10, 12]


@pytest.mark.parametrize(
    ("header", "cells"),
    [("OS (months)", [10, 12]), ("Overall survival in months", [10, 12]), ("OS", ["10 years", "12 years"])],
)
def test_a_header_or_cells_that_contradict_the_column_of_units_are_refused(
    header: str, cells: Sequence[object], tmp_path: Path
):
    columns = {header: cells, "OS event": [1, 0], "Time unit": ["days", "days"]}
    with pytest.raises(InputError, match=r"row 1, column .*: its .* (name two units|by another)"):
        delivered(tmp_path, columns)


def test_each_number_is_read_by_the_decimal_sign_that_it_shows(tmp_path: Path):
    """A sheet that several people typed: 210.5 is no 2105, whatever other cells have."""
    ldh = {"LDH": ["250,5", "210.5", "300", "1.250,5", "1,300.5"]}
    assert values(delivered(tmp_path, ldh), "ldh") == [250.5, 210.5, 300, 1250.5, 1300.5]
    assert values(delivered(tmp_path, {"LDH": ["250,5", "1.250"]}), "ldh") == [250.5, 1250]
    question = "patients.csv, LDH: decimal sign"
    mixed = {"LDH": ["250,5", "210.5", "1.250"]}
    assert set(delivered(tmp_path, mixed).decisions.open) == {question}
    assert values(delivered(tmp_path, mixed, {question: "comma"}), "ldh") == [250.5, 210.5, 1250]
    assert values(delivered(tmp_path, mixed, {question: "point"}), "ldh") == [250.5, 210.5, 1.25]


def test_groups_that_are_not_of_three_digits_are_asked_about(tmp_path: Path):
    asked = delivered(tmp_path, {"LDH": ["1.25.5", "250,5"]}).decisions.open
    assert set(asked) == {"patients.csv, LDH: values, 1.25.5"}


def test_values_of_markers_have_a_decimal_point_and_words_stay(tmp_path: Path):
    people = write_csv(tmp_path / "patients.csv", [HEADER, ["P001", "A", "F"], ["P002", "A", "M"]])
    rows = [["LDH", "250,5"], ["CRP", "1.250"], ["NSE", "12.5"], ["KRAS", "mutated"], ["CEA", "<0,5"], ["AFP", "UNK"]]
    lines = [["Patient", "Parameter", "Wert", "Datum"], *[["P001", *row, "2024-01-02"] for row in rows]]
    file = write_csv(tmp_path / "labor.csv", lines, ";")
    question = "labor.csv, Wert: decimal sign"
    asked = propose(None, [people, file], Decisions({"endpoints: data cut-off": "none"}))
    assert set(asked.decisions.open) == {question}
    answers = {"endpoints: data cut-off": "none", question: "comma", "biomarkers: rows without value": "leave_out"}
    made = propose(None, [people, file], Decisions(answers)).tables["biomarkers"].frame
    assert list(made["value"]) == ["250.5", "1250", "12.5", "mutated", "<0,5"]
