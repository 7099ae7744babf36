"""What lets the workflow run where results are objects: no rule relies on a folder of this disk (docs/cloud.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from anpi.files.stored import is_object

ROOT = Path(__file__).resolve().parents[2]
RULE_FILES = [file for file in sorted((ROOT / "workflow" / "rules").glob("*.smk")) if file.name != "common.smk"]
# What outlives a run stays in the folder of the run; programs keep it in the bucket too.
MEMORY = {
    ("test_associations", "history"),
    ("describe_run", "ledger"),
    ("record_run", "ledger"),
    ("write_crate", "ledger"),
    ("write_report", "memory"),
}


def blocks(keyword: str) -> Iterator[tuple[str, str]]:
    """Return the block of a keyword in each rule that has it."""
    for file in RULE_FILES:
        for rule in re.split(r"^rule ", file.read_text(encoding="utf-8"), flags=re.M)[1:]:
            found = re.search(rf"^    {keyword}:\n((?:        .*\n|\n)+)", rule, flags=re.M)
            if found:
                yield rule.split(":")[0], found.group(1)


def test_params_tell_folders_by_inputs_and_outputs():
    assert len(list(blocks("params"))) > 15
    told = {(rule, match) for rule, text in blocks("params") for match in re.findall(r"(\w+)=[^\n]*\bout\(", text)}
    assert told == MEMORY


def test_files_of_the_user_enter_rules_as_given():
    """A plain path would be looked for in the bucket when results go there."""
    assert len(list(blocks("input"))) > 15
    raw = [(rule, line) for rule, text in blocks("input") for line in text.splitlines() if "SETTINGS[" in line]
    assert [(rule, line) for rule, line in raw if "given(" not in line] == []


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("s3://bucket/key", True),
        ("s3://bucket/folder/a b.fastq.gz", True),
        ("s3://bucket", False),
        ("s3://bucket/", False),
        ("s3://bucket/folder/", False),
        ("s3:///key", False),
        ("s3://bucket//key", False),
        ("s3://bucket/../other/key", False),
        ("s3://../key", False),
        ("s3://bucket/./key", False),
        ("S3://bucket/key", False),
        ("gs://bucket/key", False),
        ("reads/key", False),
    ],
)
def test_a_url_names_one_object_inside_its_bucket(path: str, whole: bool):
    assert is_object(path) is whole
