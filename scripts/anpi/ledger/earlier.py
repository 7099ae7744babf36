"""What earlier runs left beside the results of this one: exports, and files of steps that it does not have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from anpi.files.checksums import hash_file
from anpi.manifest import LEFT_OUT, RECORDS

EXPORTS = "exports"
MOST_NAMED = 5


def earlier_words(results: Path) -> str:
    """Say what stands beside the results of a finished run and is none of them; nothing when there is nothing."""
    manifest = results / "manifest.json"
    if not manifest.is_file():
        return ""
    words = []
    if exports := sorted(exports_of_others(results, hash_file(manifest))):
        mend = "make them anew (target export), or remove them"
        words.append(f"{results}: {', '.join(exports)}: not of this run, may hold patients who were taken out: {mend}.")
    if left := sorted(files_of_others(results)):
        named = ", ".join(left[:MOST_NAMED]) + (f" and {len(left) - MOST_NAMED} more" if left[MOST_NAMED:] else "")
        words.append(f"{results}: {named}: left by an earlier run, none of this one; remove what is of no use.")
    return "\n".join(words)


def exports_of_others(results: Path, manifest: str) -> Iterator[str]:
    """Yield the exports that were made from another manifest than the one with this checksum."""
    for listing in (results / EXPORTS).glob("*/export_*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):  # the export itself tells of a damaged list
            if json.loads(listing.read_bytes())["manifest_sha256"] != manifest:
                yield f"{EXPORTS}/{listing.parent.name}"


def files_of_others(results: Path) -> Iterator[str]:
    """Yield the files that a step made before the run that wrote the manifest, which does not list them."""
    manifest = results / "manifest.json"
    written = manifest.stat().st_mtime_ns
    with suppress(OSError, ValueError, KeyError, TypeError):  # of a damaged manifest other programs tell
        listed = json.loads(manifest.read_bytes())["results"]
        for record in (results / RECORDS).rglob("*.json"):
            made = json.loads(record.read_bytes())["made"]
            for name in made:
                file = results / name
                if name in listed or LEFT_OUT.match(name) or name.startswith(f"{EXPORTS}/"):
                    continue
                if file.is_file() and file.stat().st_mtime_ns < written:
                    yield name
