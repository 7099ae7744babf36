"""The folder of an export: whole or as before, and nothing in it of a patient who has since been taken out."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from anpi.exports.finished_run import FinishedRun
from anpi.files.checksums import hash_file
from anpi.files.rows import Document
from anpi.files.writing import write_json
from anpi.problems import InputError, Problem


def export(run: FinishedRun, name: str, write: Callable[[FinishedRun, Path], None], folder: Path) -> None:
    """Write a format into a folder, beside a list of its files with their checksums (``export_<format>.json``).

    What an earlier export of the same format listed and this one does not make is removed; other files stay.
    """
    part, listing = folder / f".{name}.part", folder / f"export_{name}.json"
    run.refuse_strangers()
    listed_files(listing)
    shutil.rmtree(part, ignore_errors=True)
    try:
        write(run, part)
        made = {
            file.relative_to(part).as_posix(): hash_file(file) for file in sorted(part.rglob("*")) if file.is_file()
        }
        for old in listed_files(listing) - made.keys():
            inside(folder, old).unlink(missing_ok=True)
        for file in made:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            os.replace(part / file, folder / file)
        write_json(listing, {**described(run, name), "files": made})
    finally:
        shutil.rmtree(part, ignore_errors=True)


def listed_files(listing: Path) -> set[str]:
    """Return the files that an earlier export listed; none without one."""
    if not listing.is_file():
        return set()
    try:
        files = json.loads(listing.read_text(encoding="utf-8"))["files"]
        if isinstance(files, dict):
            return set(files)
    except (ValueError, KeyError, TypeError):
        pass
    mend = f"Delete {listing.parent} and export again: which files an earlier export left there is not known."
    raise InputError(Problem(str(listing), "not the list of an export", mend=mend))


def inside(folder: Path, name: str) -> Path:
    """Return a listed file, which lies in the folder whatever the list says."""
    path = (folder / name).resolve()
    return path if path.is_relative_to(folder.resolve()) else folder / Path(name).name


def described(run: FinishedRun, name: str) -> Document:
    """Return what the export was made from, and what it could not hold."""
    return {
        "format": name, "anpi": run.manifest["anpi"], "manifest_sha256": hash_file(run.folder / "manifest.json"),
        "study": run.study_id, "notes": run.notes,
    }  # fmt: skip
