"""Confirm that a frozen copy is what it was, and that no result in it is stale.

Every changed, missing and added file is named. So is every stale result: one that was made with other settings, code
or tables than the manifest states, from a file that is another now, or that is not what its step wrote. Results that
were not frozen are held against their manifest. Ends with 0 when all is well, with 1 when it is not. Whoever changes
files can change the list as well: compare the fingerprint with the one that freeze_run.py printed (--fingerprint does).

Example:
  python scripts/verify_run.py frozen/2026-06-manuscript --fingerprint 3f0c…
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.ledger.freeze import SUMS, verify_copy, verify_results
from anpi.ledger.installation import NEEDED
from anpi.ledger.stale import read_stale, unrecorded_results
from anpi.manifest import read_manifest
from anpi.program import run_program


def say_freshness(folder: Path) -> bool:
    """Name the stale results of a run; say whether there is none."""
    file = folder / "manifest.json"
    manifest = read_manifest(file, (*NEEDED, "results")) if file.is_file() else None
    if manifest is None or "records" not in manifest:
        print("Nothing records what the results were made from: whether one is stale cannot be told.")
        return True
    stale = read_stale(manifest, file)
    for fault in stale:
        print(f"stale: {fault}")
    unknown = unrecorded_results(manifest)
    noted = len(manifest["results"]) - len(unknown)
    print(f"{noted} results have a record of what they were made from, {len(unknown)} have none; {len(stale)} faults.")
    return not stale


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("copy", type=Path, help="folder that freeze_run.py made, or the results of a run")
    parser.add_argument("--fingerprint", help=f"SHA-256 of {SUMS} as freeze_run.py printed it")
    options = parser.parse_args()
    live = not (options.copy / SUMS).exists() and (options.copy / "manifest.json").is_file()
    verdict = verify_results(options.copy) if live else verify_copy(options.copy)
    for word in ("changed", "missing", "added"):
        for name in getattr(verdict, word):
            print(f"{word}: {name}")
    intact = verdict.intact
    list_name = "manifest.json" if live else SUMS
    if options.fingerprint and options.fingerprint != verdict.fingerprint:
        print(f"changed: {list_name} itself, its SHA-256 is not {options.fingerprint}")
        intact = False
    fresh = say_freshness(options.copy)
    print(f"{verdict.whole} files as they were; SHA-256 of {list_name}: {verdict.fingerprint}")
    what = "results are" if live else "copy is"
    whole = f"The {what} whole." if fresh else f"The {what} whole, but some were stale when they were recorded."
    print(whole if intact else f"The {what} NOT what {'the manifest says' if live else 'was frozen'}.")
    sys.exit(0 if intact and fresh else 1)


if __name__ == "__main__":
    run_program(main)
