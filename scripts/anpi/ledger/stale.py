"""Stale results: those that were made from something else than the manifest states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anpi.files.checksums import short_digest
from anpi.problems import InputError, Problem
from anpi.trial.manifest import Manifest, Record, Step

DECISIVE = ("program", "code", "settings", "files")
# What a rule takes of the sheet of units, beside files.
TAKES = {
    "quantify_sample": ("strandedness", "umi", "aligned-to"),
    "summarise_sample": ("strandedness",),
    "count_sample": ("strandedness", "molecules"),
    "count_alignments": ("strandedness", "molecules"),
}
SHA256 = 64  # hexadecimal digits; what is longer or shorter is a fingerprint of a large file


def step_digest(step: Step, manifest: Manifest) -> str:
    """Compute the digest of all that decides a step anew, from the settings and inputs that the manifest states."""
    settings = {key: stated_setting(manifest["settings"], key) for key in step["settings"]}
    files = {key: stated_file(manifest, key, digest) for key, digest in step["files"].items()}
    return short_digest({"program": step["program"], "code": step["code"], "settings": settings, "files": files})


def stated_setting(settings: Any, key: str) -> Any:
    for part in key.split("."):
        settings = None if settings is None else settings[part]
    return settings


def stated_file(manifest: Manifest, key: str, digest: str) -> str:
    """Return the checksum that the manifest states of a file of the user; a large file and a folder keep their own."""
    name = manifest["given_as"].get(key)
    return manifest["inputs"][name] if name is not None and len(digest) == SHA256 else digest


def stale_results(manifest: Manifest) -> list[str]:
    """Return for each result that was made from something else than the manifest states what contradicts it.

    A result is stale when its program had other settings, code or tables of the user, when a file that it was made from
    is another now, or when it is not what its program wrote.
    """
    results, faults = manifest["results"], []
    for record in manifest["records"]:
        names = sorted(record["made"], key=lambda name: (name.count("/"), name))
        rule = manifest["made_by"][names[0]]
        step = manifest["steps"][rule]
        label = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more of its step"
        if step.get("program") and step_digest(step, manifest) != record["decided_by"]:
            faults.append(f"{label}: made with other settings, code or tables than the manifest states")
        faults += [
            f"{label}: made with another {option} than units.tsv declares"
            for option in other_options(record, rule, manifest)
        ]
        faults += [
            f"{label}: made from another {name}"
            for name, digest in record["read"].items()
            if name in results and len(digest) == SHA256 and results[name] != digest
        ]
        faults += [
            f"{name}: not what its step wrote"
            for name, digest in record["made"].items()
            if len(digest) == SHA256 and results[name] != digest
        ]
    return faults


def read_stale(manifest: Manifest, file: Path) -> list[str]:
    """Return what `stale_results` does of a manifest of any origin; ``file`` is for messages.

    Raises
    ------
    InputError
        Its records are not whole, or name what the rest of it does not have.
    """
    try:
        return stale_results(manifest)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        mend = "Take the manifest from another copy of the run."
        raise InputError(Problem(str(file), "not the records of a run", column="records", mend=mend)) from None


def other_options(record: Record, rule: str, manifest: Manifest) -> list[str]:
    """List the options of a sample that were others when its result was made than the manifest states."""
    sample = next((name.split("/")[1] for name in record["made"] if name.startswith("samples/")), None)
    declared = None if sample is None else manifest.get("declared", {}).get(sample)
    if declared is None or "declared" not in record:
        return []
    return [option for option in TAKES.get(rule, ()) if record["declared"].get(option, []) != declared[option]]


def unrecorded_results(manifest: Manifest) -> list[str]:
    """List the results without a record of what they were made from, of which nothing can be said."""
    recorded = {name for record in manifest["records"] for name in record["made"]}
    return sorted(set(manifest["results"]) - recorded)
