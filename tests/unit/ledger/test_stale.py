"""A result that was made from something else than the manifest states is found, and no other."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from anpi.files.checksums import short_digest
from anpi.ledger.stale import TAKES, stale_results, unrecorded_results

ROOT = Path(__file__).resolve().parents[3]
TABLE, FACTS, VERDICTS = "1" * 64, "2" * 64, "3" * 64
QC = {"fragments": {"warn": 5, "fail": 1}}
DECISIVE = {"program": "judge_samples", "code": "c0de", "settings": {"qc": QC}, "files": {"samples": TABLE}}


@pytest.fixture
def manifest() -> dict[str, Any]:
    """A manifest of one step that read the sample sheet and the facts."""
    return {
        "settings": {"qc": copy.deepcopy(QC), "title": "one"},
        "inputs": {"config/samples.tsv": TABLE},
        "given_as": {"samples": "config/samples.tsv"},
        "results": {"qc/facts.tsv": FACTS, "qc/verdicts.tsv": VERDICTS},
        "made_by": {"qc/facts.tsv": "assemble_cohort", "qc/verdicts.tsv": "judge_samples"},
        "steps": {"judge_samples": {**copy.deepcopy(DECISIVE), "makes": ["qc/verdicts.tsv"]}},
        "records": [
            {
                "decided_by": short_digest(DECISIVE),
                "read": {"qc/facts.tsv": FACTS, "config/samples.tsv": TABLE},
                "made": {"qc/verdicts.tsv": VERDICTS},
            }
        ],
    }


def test_a_run_as_it_was_made_has_no_stale_result(manifest: dict[str, Any]):
    assert stale_results(manifest) == []
    manifest["settings"]["title"] = "another, of which this step knows nothing"
    assert stale_results(manifest) == []


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("settings", "qc", "fragments", "warn"), 6, "other settings"),
        (("inputs", "config/samples.tsv"), "4" * 64, "other settings, code or tables"),
        (("steps", "judge_samples", "code"), "0ther", "other settings, code"),
        (("results", "qc/facts.tsv"), "5" * 64, "made from another qc/facts.tsv"),
        (("results", "qc/verdicts.tsv"), "6" * 64, "not what its step wrote"),
    ],
)
def test_what_contradicts_the_record_is_said(manifest: dict[str, Any], place: tuple[str, ...], value: Any, words: str):
    part: Any = manifest
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    (fault,) = stale_results(manifest)
    assert fault.startswith("qc/verdicts.tsv: ")
    assert words in fault


def test_results_without_a_record_are_listed(manifest: dict[str, Any]):
    assert unrecorded_results(manifest) == ["qc/facts.tsv"]


QUANTIFIED = {"program": "quantify_sample", "code": "c0de", "settings": {}, "files": {}}
DECLARED = {"strandedness": ["reverse"], "umi": ["L1 read1:8"], "aligned-to": ["genome"], "molecules": [""]}


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("strandedness", ["auto"]),
        ("umi", []),
        ("umi", ["L1 read1:10"]),
        ("umi", ["L1 read1:8", "L2 read1:8"]),
        ("aligned-to", ["transcriptome"]),
    ],
)
def test_another_word_of_the_sheet_of_units_is_found(option: str, values: list[str]):
    """As when a sheet was changed and its results were touched."""
    of_program = {name: DECLARED[name] for name in ("strandedness", "umi", "aligned-to")}
    reads = "samples/S1/reads.json"
    record = {"decided_by": short_digest(QUANTIFIED), "declared": of_program, "read": {}, "made": {reads: FACTS}}
    manifest = {
        "settings": {}, "inputs": {}, "given_as": {}, "results": {reads: FACTS}, "made_by": {reads: "quantify_sample"},
        "steps": {"quantify_sample": QUANTIFIED}, "records": [record], "declared": {"S1": copy.deepcopy(DECLARED)},
    }  # fmt: skip
    assert stale_results(manifest) == []
    manifest["declared"]["S1"][option] = values
    assert stale_results(manifest) == [f"{reads}: made with another {option} than units.tsv declares"]
    del record["declared"]  # of an earlier version of anpi
    assert stale_results(manifest) == []


def test_every_rule_that_takes_a_word_of_the_sheet_is_known():
    """The options in the commands of the rules are those that are held against the sheet."""
    taken: dict[str, set[str]] = {}
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"^(?:use )?rule ", file.read_text(), flags=re.M)[1:]:
            name = rule.split(":")[0]
            options = {
                "strandedness": "--strandedness", "umi": "units=unit_options", "aligned-to": "--aligned-to",
                "molecules": "params.molecules",
            }  # fmt: skip
            found = {option for option, words in options.items() if words in rule}
            taken |= {name: found} if found else {}
    taken.pop("align_sample")  # its alignment is no result; what is counted of it is
    assert taken == {rule: set(options) for rule, options in TAKES.items()}
