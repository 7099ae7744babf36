"""What earlier runs left is named at the end of a run: exports hold patients who were taken out since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from anpi.files.checksums import hash_file
from anpi.files.writing import write_json, write_text
from anpi.ledger.earlier import earlier_words


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A finished run whose adverse events were taken out of the config, with an export of it."""
    made = {"clinical": ["endpoints.tsv"], "adverse": ["adverse_events.tsv", "shifts.tsv"], "closing": ["crate"]}
    for step, names in made.items():
        folder = "clinical/" if step != "closing" else "provenance/"
        for name in names:
            write_text(tmp_path / folder / name, "x")
            os.utime(tmp_path / folder / name, (1_000_000_000, 1_000_000_000))
        write_json(tmp_path / "made_from" / f"{step}.json", {"made": {folder + name: "0" for name in names}})
    write_json(tmp_path / "manifest.json", {"results": {"clinical/endpoints.tsv": "0"}})
    export(tmp_path, hash_file(tmp_path / "manifest.json"))
    return tmp_path


def export(results: Path, manifest: str) -> None:
    write_json(results / "exports" / "gct" / "export_gct.json", {"manifest_sha256": manifest, "files": {}})


def test_files_that_the_manifest_does_not_list_are_named(results: Path):
    assert earlier_words(results) == (
        f"{results}: clinical/adverse_events.tsv, clinical/shifts.tsv: left by an earlier run, none of this one; "
        "remove what is of no use."
    )


def test_an_export_of_an_earlier_run_is_named(results: Path):
    export(results, "0" * 64)
    said = earlier_words(results).splitlines()
    assert said[0].startswith(f"{results}: exports/gct: not of this run, may hold patients who were taken out: ")
    assert len(said) == 2


def test_nothing_is_said_of_what_is_newer_than_the_manifest_or_nobody_made(results: Path):
    """A run of one target makes files that the manifest of the run before does not list; others are the user's."""
    for name in ("adverse_events.tsv", "shifts.tsv"):
        (results / "clinical" / name).unlink()
    assert earlier_words(results) == ""
    later = (results / "manifest.json").stat().st_mtime + 10
    write_text(results / "clinical" / "shifts.tsv", "x")
    os.utime(results / "clinical" / "shifts.tsv", (later, later))
    write_text(results / "clinical" / "my_notes.txt", "x")
    assert earlier_words(results) == ""


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"results": 3}'])
def test_a_damaged_manifest_ends_no_run(results: Path, text: str):
    write_text(results / "manifest.json", text)
    assert "clinical/" not in earlier_words(results)
    (results / "manifest.json").unlink()
    assert earlier_words(results) == ""
