"""Return what differs between this installation and the one that a manifest tells of, and how to get there.

Compares anpi's version, commit and code, packages and programs, environments, shipped resources, and the inputs where
they are found. Ends with 0 when nothing differs, with 1 when something does.

Example:
  python scripts/reproduce_run.py results/manifest.json
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from anpi.ledger.installation import NEEDED, advice, compare_installation, likely_folder
from anpi.ledger.words import table_lines
from anpi.manifest import read_manifest
from anpi.program import run_program

LONG = 39


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path, help="manifest.json of a run")
    parser.add_argument("--trial", type=Path, help="folder in which the run was started (default: near the manifest)")
    parser.add_argument("--all", action="store_true", help="list what is the same, too")
    options = parser.parse_args()
    manifest = read_manifest(options.manifest, NEEDED)
    trial = options.trial or likely_folder(manifest, options.manifest)
    lines = compare_installation(manifest, trial)
    shown = [line for line in lines if options.all or not line.same]
    if shown:
        rows = [(line.kind, line.name, short(line.manifest), short(line.here)) for line in shown]
        print("\n".join(table_lines(("What", "Name", "Manifest", "Here"), rows)) + "\n")
    same = Counter(line.kind for line in lines if line.same)
    print("The same: " + (", ".join(f"{count} of kind {kind}" for kind, count in same.items()) or "nothing"))
    differ = any(not line.same for line in lines)
    if differ:
        print("\nTo get there:\n" + "\n".join(f"  {line}" for line in advice(manifest, lines)))
        print("Then start Snakemake with the config of the run; its settings stand in the manifest.")
    else:
        print("Nothing differs: the run can be made again as it was.")
    sys.exit(1 if differ else 0)


def short(text: str) -> str:
    """Cut a checksum to what a reader compares."""
    return f"{text[:12]}…" if len(text) > LONG else text


if __name__ == "__main__":
    run_program(main)
