"""What a person changed in the folder of a trial stays when the next delivery is written to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest
import yaml
from unit.delivery.delivery_files import write_csv, write_reads

from anpi.check import check_run
from anpi.delivery.trial import Proposal, earlier_answers, propose, write_trial
from anpi.problems import InputError

HEADER = ["patient_id", "arm", "sex", "age", "treatment_start_date"]
PEOPLE = [[f"P00{number}", "Arm A", "F", 60 + number, "2024-01-15"] for number in (1, 2, 3)]
SCANS = [["patient_id", "assessment_date", "overall_response"], ["P001", "2024-03-01", "SD"]]
LESIONS = [
    ["patient_id", "assessment_date", "lesion_id", "kind", "location", "diameter_mm"],
    ["P001", "2024-01-10", "T1", "target", "liver", "32"],
]
MARKERS = "patient_id,marker,value,date\nP001,PD-L1,50,2024-01-10\n"
CUTOFF = {"endpoints: data cut-off": "2024-06-30"}


def deliver(
    folder: Path,
    clinical: Mapping[str, Sequence[Sequence[object]]],
    samples: Sequence[str] = (),
    answers: Mapping[str, str] | None = None,
) -> Proposal:
    """Write a delivery, and of it a trial where no question is left."""
    files = [write_csv(folder / f"{name}.csv", rows) for name, rows in clinical.items()]
    reads = write_reads(folder / f"reads of {len(samples)}", samples) if samples else None
    decisions = earlier_answers(folder / "config", None)
    decisions.answers |= CUTOFF | dict(answers or {})
    if samples:
        transcripts = ">ENST00000456328.2|ENSG00000290825.1|-|-|A-1|A|12|lncRNA|\nACGTACGTACGT\n"
        (folder / "transcripts.fa").write_text(transcripts)
        decisions.answers["reference: transcripts"] = str(folder / "transcripts.fa")
    proposal = propose(reads, files, decisions)
    if not proposal.decisions.open:
        write_trial(folder / "config", proposal, check_run)
    return proposal


def sheet_of(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "config" / "samples.tsv", sep="\t", dtype=str, keep_default_na=False).set_index(
        "sample_id"
    )


def config_of(folder: Path) -> dict:
    return yaml.safe_load((folder / "config" / "config.yaml").read_text())


def write_config(folder: Path, config: dict) -> None:
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(config))


def test_what_a_person_decided_of_samples_stays(tmp_path: Path):
    names = ["P001_baseline", "P002_baseline"]
    deliver(tmp_path, {"patients": [HEADER, *PEOPLE]}, names)
    edited = sheet_of(tmp_path).assign(use=["no", "yes"], verdict_override=["NA", "pass"], override_reason="NA")
    edited.loc["P002_baseline", "override_reason"] = "seen by the pathologist"
    edited.to_csv(tmp_path / "config" / "samples.tsv", sep="\t")
    for samples in (names, [*names, "P003_baseline"]):  # once more, and with a new sample
        deliver(tmp_path, {"patients": [HEADER, *PEOPLE]}, samples)
        sheet = sheet_of(tmp_path)
        assert list(sheet.index) == samples
        assert list(sheet["use"])[:2] == ["no", "NA"]  # NA is yes
        assert sheet.loc["P002_baseline", "verdict_override"] == "pass"
        assert sheet.loc["P002_baseline", "override_reason"] == "seen by the pathologist"
    assert sheet.loc["P003_baseline", "use"] != "no"
    changes = (tmp_path / "config" / "conversion.tsv").read_text()
    assert "kept as a person changed it for P001_baseline in the earlier samples.tsv" in changes


def test_a_sample_that_lacked_its_files_is_used_when_they_come(tmp_path: Path):
    header = ["sample_id", "patient_id", "timepoint"]
    names = ["P001_baseline", "P002_baseline"]
    given = {"patients": [HEADER, *PEOPLE], "samples": [header, *([name, name[:4], "baseline"] for name in names)]}
    deliver(tmp_path, given, names[:1])
    assert list(sheet_of(tmp_path)["use"]) == ["yes", "no"]
    deliver(tmp_path, given, names)
    assert "no" not in list(sheet_of(tmp_path).get("use", []))


def without_record(folder: Path) -> None:
    """Take out of mapping.yaml what an earlier version did not write."""
    mapping = folder / "config" / "mapping.yaml"
    content = yaml.safe_load(mapping.read_text())
    del content["written"]
    mapping.write_text(yaml.safe_dump(content))


def test_a_folder_of_an_earlier_version_is_continued(tmp_path: Path):
    header = ["sample_id", "patient_id", "timepoint"]
    names = ["P001_baseline", "P002_baseline"]
    people = {"patients": [HEADER, *PEOPLE], "samples": [header, *([name, name[:4], "baseline"] for name in names)]}
    deliver(tmp_path, people | {"scans": SCANS, "lesions": LESIONS}, names[:1])
    edited = sheet_of(tmp_path).assign(verdict_override=["pass", "NA"], override_reason=["seen", "NA"])
    edited.to_csv(tmp_path / "config" / "samples.tsv", sep="\t")
    without_record(tmp_path)
    question = "lesions: not in the delivery"
    assert set(deliver(tmp_path, people | {"scans": SCANS}, names).decisions.open) == {question}
    deliver(tmp_path, people | {"scans": SCANS}, names, {question: "leave_out"})
    assert not (tmp_path / "config" / "clinical" / "lesions.csv").exists()
    sheet = sheet_of(tmp_path)
    assert "no" not in list(sheet.get("use", []))  # the file of P002 came
    assert list(sheet["verdict_override"]) == ["pass", "NA"]


def test_what_was_written_of_samples_is_known_after_a_delivery_without_reads(tmp_path: Path):
    header = ["sample_id", "patient_id", "timepoint"]
    names = ["P001_baseline", "P002_baseline"]
    people = {"patients": [HEADER, *PEOPLE]}
    sheet = {"samples": [header, *([name, name[:4], "baseline"] for name in names)]}
    deliver(tmp_path, people | sheet, names[:1])
    deliver(tmp_path, people, answers={"samples: not in the delivery": "keep"})
    deliver(tmp_path, people | sheet, names)
    assert "no" not in list(sheet_of(tmp_path).get("use", []))


def test_a_table_that_a_person_added_stays(tmp_path: Path):
    deliver(tmp_path, {"patients": [HEADER, *PEOPLE]})
    added = tmp_path / "config" / "clinical" / "biomarkers.csv"
    added.write_text(MARKERS)
    config = config_of(tmp_path)
    write_config(tmp_path, config | {"clinical": config["clinical"] | {"biomarkers": str(added)}})
    deliver(tmp_path, {"patients": [HEADER, *PEOPLE]})
    assert config_of(tmp_path)["clinical"]["biomarkers"] == str(added)
    assert added.read_text() == MARKERS


def test_a_table_that_a_person_added_and_the_delivery_holds_too_is_refused(tmp_path: Path):
    deliver(tmp_path, {"patients": [HEADER, *PEOPLE]})
    added = tmp_path / "config" / "clinical" / "assessments.csv"
    added.write_text("patient_id,assessment_date,overall_response\nP002,2024-03-01,PD\n")
    before = added.read_text()
    config = config_of(tmp_path)
    write_config(tmp_path, config | {"clinical": config["clinical"] | {"assessments": str(added)}})
    with pytest.raises(InputError, match=r"config.yaml, clinical.assessments: the delivery holds this table too"):
        deliver(tmp_path, {"patients": [HEADER, *PEOPLE], "scans": SCANS})
    assert added.read_text() == before


@pytest.mark.parametrize("answer", ["keep", "leave_out"])
def test_a_table_that_the_next_delivery_lacks_is_asked_about(answer: str, tmp_path: Path):
    people = {"patients": [HEADER, *PEOPLE]}
    lesions = tmp_path / "config" / "clinical" / "lesions.csv"
    deliver(tmp_path, people | {"scans": SCANS, "lesions": LESIONS})
    question = "lesions: not in the delivery"
    assert set(deliver(tmp_path, people | {"scans": SCANS}).decisions.open) == {question}
    assert lesions.is_file()
    assert not deliver(tmp_path, people | {"scans": SCANS}, answers={question: answer}).decisions.open
    assert lesions.is_file() is (answer == "keep")
    assert ("lesions" in config_of(tmp_path)["clinical"]) is (answer == "keep")
    # A table that came again and goes again is asked about again.
    deliver(tmp_path, people | {"scans": SCANS, "lesions": LESIONS})
    assert set(deliver(tmp_path, people | {"scans": SCANS}).decisions.open) == {question}


def test_samples_stay_or_go_as_answered_when_a_delivery_has_no_reads(tmp_path: Path):
    people = {"patients": [HEADER, *PEOPLE]}
    deliver(tmp_path, people, ["P001_baseline"])
    question = "samples: not in the delivery"
    assert set(deliver(tmp_path, people).decisions.open) == {question}
    deliver(tmp_path, people, answers={question: "keep"})
    assert config_of(tmp_path)["samples"] == str(tmp_path / "config" / "samples.tsv")
    deliver(tmp_path, people, answers={question: "leave_out"})
    assert "samples" not in config_of(tmp_path)


@pytest.mark.parametrize("key", ["reference", "clinical"])
def test_a_word_where_the_earlier_config_has_a_block_is_refused(key: str, tmp_path: Path):
    deliver(tmp_path, {"patients": [HEADER, *PEOPLE]})
    write_config(tmp_path, config_of(tmp_path) | {key: "foo"})
    with pytest.raises(InputError, match=rf"config.yaml, {key}: found 'foo', expected a block of keys"):
        deliver(tmp_path, {"patients": [HEADER, *PEOPLE]})


@pytest.mark.parametrize("sources", ["[1]", "{a: 1}", "{a: {columns: 1}}"])
def test_a_mapping_that_was_changed_past_reading_is_refused(sources: str, tmp_path: Path):
    (tmp_path / "mapping.yaml").write_text(f"answers: {{}}\nsources: {sources}\n")
    with pytest.raises(InputError, match=r"mapping.yaml, sources.*: found .*, expected a (block|list)"):
        earlier_answers(tmp_path, None)
