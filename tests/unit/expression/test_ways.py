"""Samples of one sheet that were quantified in several ways are told of, those of one way are not."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from anpi.expression.ways import way_notes

MADE = {"salmon_version": "1.10.1", "mapping_type": "mapping", "num_decoy_targets": 0, "gc_bias_correct": False}


def salmon(folder: Path, name: str, **other: object) -> dict[str, object]:
    place = folder / name
    (place / "aux_info").mkdir(parents=True)
    (place / "aux_info" / "meta_info.json").write_text(json.dumps(MADE | other))
    (place / "quant.sf").touch()
    return {"sample_id": name, "kind": "quant", "aligned_to": None, "quant": str(place)}


def row(name: str, kind: str, to: str | None = None) -> dict[str, object]:
    return {"sample_id": name, "kind": kind, "aligned_to": to, "quant": None}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"salmon_version": "0.14.1"}, "salmon 0.14.1: b; salmon 1.10.1: a"),
        ({"mapping_type": "alignment"}, "salmon 1.10.1 of alignments: b"),
        (
            {"num_decoy_targets": 25, "gc_bias_correct": True},
            "salmon 1.10.1 with decoys and with correction of GC bias: b",
        ),
        ({"num_processed": 7, "index_seq_hash": "x"}, None),
    ],
)
def test_salmon_results_of_two_ways_are_told(tmp_path: Path, other: dict[str, object], words: str | None):
    found = way_notes(pd.DataFrame([salmon(tmp_path, "a"), salmon(tmp_path, "b", **other)]))
    assert len(found) == (words is not None)
    assert not words or words in found[0]


def test_reads_beside_results_of_others_are_told_and_several_lanes_are_one_sample(tmp_path: Path):
    rows = [row("a", "paired"), row("a", "paired"), row("b", "bam"), row("c", "single")]
    assert way_notes(pd.DataFrame(rows)) == []
    (note,) = way_notes(pd.DataFrame([*rows, salmon(tmp_path, "d"), row("e", "bam", "transcriptome")]))
    assert note.startswith(
        "samples are quantified in 3 ways (here, from alignments to transcripts: e; here, from reads"
    )
    assert "reads: a, b, c; salmon 1.10.1: d)" in note
    assert way_notes(pd.DataFrame([row("a", "bam"), row("b", "bam")]), counted_alone=True) == []


def test_a_salmon_folder_that_tells_nothing_or_cannot_be_read_ends_no_planning(tmp_path: Path):
    rows = [salmon(tmp_path, "a"), salmon(tmp_path, "b"), salmon(tmp_path, "c")]
    (tmp_path / "b" / "aux_info" / "meta_info.json").unlink()
    (tmp_path / "c" / "aux_info" / "meta_info.json").write_text("{")
    rows[2]["quant"] = str(tmp_path / "c" / "quant.sf")
    (note,) = way_notes(pd.DataFrame(rows))
    assert "a salmon result that does not tell: b, c; salmon 1.10.1: a" in note
    assert way_notes(pd.DataFrame(rows[1:])) == []
