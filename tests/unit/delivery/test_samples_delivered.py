"""The sheet of samples: what it says of a sample stays, in this delivery and the next."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.delivery.delivery_files import write_csv, write_reads

from anpi.delivery.decisions import Decisions
from anpi.delivery.trial import propose

HEADER = ["patient_id", "arm", "sex"]
PEOPLE = [[f"P00{number}", "Arm A", "F"] for number in (1, 2, 3)]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "patients.csv", [HEADER, *PEOPLE])


def test_a_sample_without_a_file_changes_the_use_of_no_other(people: Path, tmp_path: Path):
    uses = {"P001_baseline": "no", "P002_baseline": "yes", "P003_baseline": "yes"}
    header = ["sample_id", "patient_id", "timepoint", "use"]
    sheet = write_csv(
        tmp_path / "samples.csv", [header, *([name, name[:4], "baseline", use] for name, use in uses.items())]
    )
    reads = write_reads(tmp_path / "reads", ["P001_baseline", "P002_baseline"])
    made = propose(reads, [people, sheet], Decisions())
    samples = made.tables["samples"].frame
    assert dict(zip(samples["sample_id"], samples["use"], strict=True)) == uses | {"P003_baseline": "no"}
    noted = [(row.was, row.became, row.why) for row in made.conversions.rows if row.column == "use"]
    assert noted == [("yes", "no", "no file holds the sample P003_baseline")]
