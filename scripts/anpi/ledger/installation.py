"""The present installation held against a manifest: what differs, and how to get to what the manifest says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from anpi.files.checksums import hash_file
from anpi.files.shipped import ROOT
from anpi.manifest import ENVIRONMENTS, checksums, commit, software
from anpi.tools import TOOLS
from anpi.trial.manifest import Manifest

NEEDED = ("anpi", "commit", "code", "settings", "software", "environments", "inputs", "resources")
NOT_GIVEN = "not recorded"
ABSENT = "not here"
SHORT = 12


@dataclass(frozen=True)
class Line:
    """One thing of a manifest beside what is here; ``kind`` groups lines for the advice."""

    kind: str
    name: str
    manifest: str
    here: str

    @property
    def same(self) -> bool:
        return self.manifest == self.here


def compare_installation(manifest: Manifest, trial: Path) -> list[Line]:
    """Hold versions, commit, environments, resources and inputs of a manifest against what is here.

    Parameters
    ----------
    trial : Path
        Folder in which the run was started: the inputs are looked for at their paths below it.
    """
    present = software(manifest["settings"])
    itself = {"anpi": manifest["anpi"], "commit": manifest["commit"], "code": manifest["code"]}
    lines = [Line("anpi", name, recorded_words(value), recorded_words(present[name])) for name, value in itself.items()]
    for name, version in sorted(manifest["software"].items()):
        kind = "tool" if name not in present or name in (*TOOLS, "python") else "package"
        lines.append(Line(kind, name, version or NOT_GIVEN, present.get(name) or ABSENT))
    shipped = {**checksums([ROOT / name for name in ENVIRONMENTS])}
    lines += file_lines("environment", manifest["environments"], shipped)
    resources = {name: hash_file(ROOT / name) for name in manifest["resources"] if (ROOT / name).is_file()}
    lines += file_lines("resource", manifest["resources"], resources)
    return lines + list(input_lines(manifest["inputs"], trial))


def recorded_words(value: object) -> str:
    return NOT_GIVEN if value is None else str(value)


def file_lines(kind: str, recorded: Mapping[str, str], here: Mapping[str, str]) -> list[Line]:
    return [
        Line(kind, name, recorded.get(name, NOT_GIVEN), here.get(name, ABSENT))
        for name in sorted(set(recorded) | set(here))
    ]


def input_lines(inputs: Mapping[str, str], trial: Path) -> Iterator[Line]:
    """Look for the inputs; those that lay outside the trial's folder are known by the end of their paths alone."""
    for name, sha256 in sorted(inputs.items()):
        file = trial / name
        yield Line("input", name, sha256, hash_file(file) if file.is_file() else ABSENT)


def advice(manifest: Manifest, lines: list[Line]) -> list[str]:
    """Return which commands lead to what the manifest says."""
    kinds = {line.kind for line in lines if not line.same}
    found = []
    recorded = manifest["commit"]
    if "anpi" in kinds or "environment" in kinds or "resource" in kinds:
        if recorded is None:
            found.append("The run was not made from a git checkout: find the anpi whose code has the digest above.")
        elif recorded.removesuffix("+changes") != (commit() or "").removesuffix("+changes"):
            found.append(f"git checkout {recorded.removesuffix('+changes')}")
        if recorded and recorded.endswith("+changes"):
            found.append("The run was made with files that differ from its commit: git alone does not bring them back.")
        elif (commit() or "").endswith("+changes"):
            found.append("git status    # this installation has files that differ from its commit")
    if "package" in kinds or "environment" in kinds:
        found.append("make setup    # the packages of requirements.lock at that commit")
    tools = [f"{line.name} {line.manifest}" for line in lines if line.kind == "tool" and not line.same]
    if tools:
        found.append(f"Install {', '.join(tools)}, or run with --sdm conda, which takes the versions of envs/.")
    if "input" in kinds:
        found.append("Bring back the inputs that differ, or name the folder of the trial with --trial.")
    return found


def likely_folder(manifest: Manifest, path: Path) -> Path:
    """Return the folder near a manifest below which most of its inputs are found."""
    folders = [path.resolve().parent, path.resolve().parent.parent, Path.cwd()]
    return max(folders, key=lambda folder: sum((folder / name).is_file() for name in manifest["inputs"]))
