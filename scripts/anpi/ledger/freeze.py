"""Frozen copies of finished runs: read-only, with checksums that anyone can check with ``sha256sum --check``."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from anpi.files.checksums import hash_file
from anpi.files.intact import intact, read_json
from anpi.files.writing import write_text
from anpi.ledger.entries import CURRENT, read_entry
from anpi.ledger.installation import NEEDED
from anpi.manifest import read_manifest, read_recorded
from anpi.problems import InputError, Problem, refuse

SUMS = "SHA256SUMS"
OTHER_COPY = "Take the list from another copy; without it the copy cannot be confirmed."
LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
CLOSING = ("manifest.json", "ro-crate-metadata.json", "ledger/recorded.json", f"ledger/{CURRENT}")
WIRING = "provenance/"


@dataclass(frozen=True)
class Verdict:
    """What a frozen copy holds against its list of checksums."""

    whole: int
    changed: list[str]
    missing: list[str]
    added: list[str]
    fingerprint: str

    @property
    def intact(self) -> bool:
        return not (self.changed or self.missing or self.added)


def freeze_run(results: Path, target: Path) -> tuple[int, str]:
    """Copy a finished run.

    Takes what the manifest lists, the manifest, the RO-Crate, the ledger's entry of this run (not the entries before
    it) and the MultiQC page. Reads, salmon's own files and the index stay behind: the manifest has the checksums of the
    reads.

    Returns
    -------
    count : int
        Files copied.
    fingerprint : str
        SHA-256 of the list of checksums: printed in a paper, it stands for every byte.

    Raises
    ------
    InputError
        The run has not ended, a file is not what the manifest says, or the target holds something already.
    """
    names = frozen_names(results)
    told = read_manifest(results / "manifest.json", ("results",))["results"]
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(Problem(str(target), "holds something already", mend="Name a folder that does not exist."))
    target = target.resolve()  # also of "." and of a link to an empty folder
    part = target.with_name(f".{target.name}.part")
    if part.exists():
        shutil.rmtree(part)
    sums = []
    for name in names:
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(results / name, part / name)
        sha256 = hash_file(part / name)
        sums.append(f"{sha256}  {name}\n")
        if told.get(name, sha256) != sha256:
            shutil.rmtree(part)
            mend = "A run is under way: wait for its end, then freeze."
            raise InputError(Problem(str(results / name), "changed while it was copied", mend=mend))
    write_text(part / SUMS, "".join(sums))
    fingerprint = hash_file(part / SUMS)
    if target.exists():
        target.rmdir()
    part.rename(target)
    protect(target, results)
    return len(names), fingerprint


def frozen_names(results: Path) -> list[str]:
    """List the files of a finished run, after checking that they are what the manifest says."""
    absent = [Problem(str(results / name), "file not found") for name in CLOSING if not (results / name).is_file()]
    if absent:
        mend = "The run has not ended: run Snakemake to its end, then freeze."
        raise InputError([*absent[:-1], Problem(absent[-1].file, absent[-1].message, mend=mend)])
    manifest = read_manifest(results / "manifest.json", (*NEEDED, "results"))
    problems = []
    for name, sha256 in manifest["results"].items():
        file = results / name
        if not file.is_file():
            problems.append(Problem(str(file), "listed in the manifest, not found"))
        elif hash_file(file) != sha256:
            problems.append(Problem(str(file), "not what the manifest says"))
    recorded = read_recorded(results / "ledger" / "recorded.json")
    for name in (CURRENT, recorded["entry"]):
        if read_entry(results / "ledger" / name).sha256 != recorded["sha256"]:
            problems.append(Problem(str(results / "ledger" / name), "not the run that was recorded last"))
    in_crate = files_of_crate(results)
    refuse(problems + crate_problems(results, in_crate))
    more = ["ledger/" + recorded["entry"], *CLOSING, *(name for name in in_crate if name.startswith(WIRING))]
    reads = ["multiqc/multiqc.html"] if (results / "multiqc" / "multiqc.html").is_file() else []
    return sorted({*manifest["results"], *more, *reads})


def files_of_crate(results: Path) -> dict[str, str]:
    """Return the files of the folder that the RO-Crate knows, with their checksums."""
    crate = results / "ro-crate-metadata.json"
    content = read_json(crate)
    with intact(crate):
        items = [dict(item) for item in content["@graph"]]
        kinds = [(item, item.get("@type")) for item in items if "sha256" in item]
        files = [item for item, kind in kinds if kind == "File" or (isinstance(kind, list) and "File" in kind)]
        return {str(item["@id"]): str(item["sha256"]) for item in files}


def crate_problems(results: Path, files: Mapping[str, str]) -> list[Problem]:
    """Find what the manifest does not list and the RO-Crate knows with another checksum."""
    if files.get("manifest.json") != hash_file(results / "manifest.json"):
        return [Problem(str(results / "ro-crate-metadata.json"), "is of another run than manifest.json")]
    mend = f"Delete {results / 'ro-crate-metadata.json'} and run again: it is made again, with all that it lists."
    problems = []
    for name, sha256 in files.items():
        file = results / name
        if name.startswith((WIRING, "ledger/")) and not (file.is_file() and hash_file(file) == sha256):
            problems.append(Problem(str(file), "not what the RO-Crate says", mend=mend))
    return problems


def protect(folder: Path, results: Path) -> None:
    """Take the right to write from every file and folder; who may read is as it was in the results."""
    of_folders = results.stat().st_mode
    for place in [*folder.rglob("*"), folder]:
        os.chmod(place, (of_folders if place.is_dir() else place.stat().st_mode) & 0o555)
    os.chmod(folder / SUMS, of_folders & 0o444)


def verify_copy(folder: Path) -> Verdict:
    """Hold a frozen copy against its list of checksums.

    Raises
    ------
    InputError
        The folder has no list, or one that cannot be read.
    """
    listed = read_sums(folder / SUMS)
    # A link is never what was frozen, whatever it leads to now.
    files = [file for file in folder.rglob("*") if file.is_symlink() or not file.is_dir()]
    links = {file.relative_to(folder).as_posix() for file in files if not file.is_file() or file.is_symlink()}
    present = {file.relative_to(folder).as_posix() for file in files} - {SUMS}
    changed = [
        name
        for name, sha256 in listed.items()
        if name in present and (name in links or hash_file(folder / name) != sha256)
    ]
    missing, added = sorted(set(listed) - present), sorted(present - set(listed))
    whole = len(listed) - len(changed) - len(missing)
    return Verdict(whole, sorted(changed), missing, added, hash_file(folder / SUMS))


def verify_results(folder: Path) -> Verdict:
    """Hold a folder of results against its manifest."""
    listed = read_manifest(folder / "manifest.json", (*NEEDED, "results"))["results"]
    missing = sorted(name for name in listed if not (folder / name).is_file())
    changed = sorted(
        name for name, sha256 in listed.items() if name not in missing and hash_file(folder / name) != sha256
    )
    return Verdict(len(listed) - len(changed) - len(missing), changed, missing, [], hash_file(folder / "manifest.json"))


def read_sums(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(Problem(str(path), "file not found", mend="Name a folder that freeze_run.py made.")) from None
    except UnicodeDecodeError:
        raise InputError(Problem(str(path), "not a list of checksums, or damaged", mend=OTHER_COPY)) from None
    if not lines:
        raise InputError(Problem(str(path), "the list of checksums is empty", mend=OTHER_COPY))
    matches = [LINE.fullmatch(line) for line in lines]
    refuse(
        [
            Problem(str(path), "not a line of a checksum and a path", row=row, mend=OTHER_COPY)
            for row, match in enumerate(matches, start=1)
            if match is None
        ]
    )
    return {match.group(2): match.group(1) for match in matches if match}
