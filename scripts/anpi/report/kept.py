"""Pages of patients that are still right are neither built again nor touched.

Beside the report stands a memory: a link to each page, and of each page what it was made from (`PatientRecord.digest`,
which covers all that a page can hold, and the code) and the digest of its bytes. A page that was changed by hand, or
whose patient is gone, is known by it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from anpi.files.checksums import hash_file
from anpi.files.writing import whole_file, write_json, write_text

RECORD = "pages.json"
LIBRARIES = ("jinja2", "markupsafe", "pandas")  # that write a page


class Place(NamedTuple):
    """Where pages are remembered, and a digest of the code that writes them: another code makes them anew."""

    folder: Path
    code: str


class Memory:
    """The pages of the last report.

    Parameters
    ----------
    place : Place or None
        Where they are remembered; None for nowhere.
    names : collection of str
        The files of the patients of this report; all others are forgotten at once.
    """

    def __init__(self, place: Place | None, names: Collection[str]):
        self.folder = folder = place.folder if place else None
        self.beside = " ".join([place.code if place else "", sys.version, *map(version, LIBRARIES)])
        self.before = read_record(folder / RECORD) if folder else {}
        self.now: dict[str, dict[str, str]] = {}
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.iterdir():
                if path.name not in names:
                    path.unlink()

    def put_back(self, page: Path, made_from: str) -> bool:
        """Put a page in place that was made from the same, with its time; return whether there is one."""
        old = self.before.get(page.name, {})
        if self.folder is None or old.get("made_from") != made_from:
            return False
        kept = self.folder / page.name
        if not kept.is_file() or hash_file(kept) != old.get("sha256"):
            return False
        with whole_file(page) as part:
            link(kept, part)
        self.now[page.name] = old
        return True

    def write(self, page: Path, made_from: str, text: str) -> None:
        """Write a page, and remember it."""
        write_text(page, text)
        if self.folder is not None:
            with whole_file(self.folder / page.name) as part:
                link(page, part)
            self.now[page.name] = {"made_from": made_from, "sha256": hash_file(page)}

    def close(self) -> None:
        """Write down what the pages were made from."""
        if self.folder is not None:
            write_json(self.folder / RECORD, self.now)


def read_record(path: Path) -> dict[str, dict[str, str]]:
    """Read what pages were made from; a record that is damaged remembers nothing."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or damaged: pages are built anew
        return {}
    found = content if isinstance(content, dict) else {}
    return {str(name): value for name, value in found.items() if isinstance(value, dict)}


def link(file: Path, other: Path) -> None:
    """Name a file a second time; a copy where the file system has no links. Who may read it is as for a new file."""
    other.touch()
    mode = other.stat().st_mode
    other.unlink()
    try:
        os.link(file, other)
    except OSError:
        shutil.copy2(file, other)
    os.chmod(other, mode)
