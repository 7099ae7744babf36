"""Pages of patients and figures that are still right are neither made again nor touched.

Beside the report stands a memory: a link to each of their files, and of each file what it was made from
(`PatientRecord.digest`, `Drawing.digest`, which cover all that a page or a figure can show, the code and the libraries)
and the digest of its bytes. A file that was changed by hand, or whose patient is gone, is known by it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from anpi.figures.style import surroundings
from anpi.files.checksums import hash_file
from anpi.files.kept import Place, link
from anpi.files.writing import whole_file, write_json

RECORD = "pages.json"


class Memory:
    """Pages and figures of the last report.

    Parameters
    ----------
    place : Place or None
        Where they are remembered; None for nowhere.
    names : collection of str
        The files of this report; all others are forgotten at once.
    """

    def __init__(self, place: Place | None, names: Collection[str]):
        self.folder = folder = place.path if place else None
        self.beside = " ".join([place.code, *surroundings()]) if place else ""
        self.before = read_record(folder / RECORD) if folder else {}
        self.now: dict[str, dict[str, str]] = {}
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.iterdir():
                if path.name not in names:
                    path.unlink()

    def put_back(self, files: Sequence[Path], made_from: str) -> bool:
        """Put files in place that were made from the same, with their time; return whether all of them are there."""
        if self.folder is None or not all(self.is_right(file.name, made_from) for file in files):
            return False
        for file in files:
            with whole_file(file) as part:
                link(self.folder / file.name, part)
            self.now[file.name] = self.before[file.name]
        return True

    def is_right(self, name: str, made_from: str) -> bool:
        """Return whether a file is remembered that was made from the same, and is as it was made."""
        old = self.before.get(name, {})
        if self.folder is None or old.get("made_from") != made_from:
            return False
        kept = self.folder / name
        return kept.is_file() and hash_file(kept) == old.get("sha256")

    def keep(self, files: Sequence[Path], made_from: str) -> None:
        """Remember files that were just written."""
        if self.folder is not None:
            for file in files:
                with whole_file(self.folder / file.name) as part:
                    link(file, part)
                self.now[file.name] = {"made_from": made_from, "sha256": hash_file(file)}

    def close(self) -> None:
        """Write down what the files were made from."""
        if self.folder is not None:
            write_json(self.folder / RECORD, self.now)


def read_record(path: Path) -> dict[str, dict[str, str]]:
    """Read what files were made from; a record that is damaged remembers nothing."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or damaged: all is made anew
        return {}
    found = content if isinstance(content, dict) else {}
    return {str(name): value for name, value in found.items() if isinstance(value, dict)}
