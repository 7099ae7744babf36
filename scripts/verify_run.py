"""Confirm that a frozen copy is what it was: every changed, missing and added file is named.

Ends with 0 when the copy is whole, with 1 when it is not. Whoever changes files can change the list as well: compare
the fingerprint with the one that freeze_run.py printed (--fingerprint does).

Example:
  python scripts/verify_run.py frozen/2026-06-manuscript --fingerprint 3f0c…
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.ledger.freeze import SUMS, verify_copy
from anpi.program import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("copy", type=Path, help="folder that freeze_run.py made")
    parser.add_argument("--fingerprint", help=f"SHA-256 of {SUMS} as freeze_run.py printed it")
    options = parser.parse_args()
    verdict = verify_copy(options.copy)
    for word in ("changed", "missing", "added"):
        for name in getattr(verdict, word):
            print(f"{word}: {name}")
    intact = verdict.intact
    if options.fingerprint and options.fingerprint != verdict.fingerprint:
        print(f"changed: {SUMS} itself, its SHA-256 is not {options.fingerprint}")
        intact = False
    print(f"{verdict.whole} files as they were; SHA-256 of {SUMS}: {verdict.fingerprint}")
    print("The copy is whole." if intact else "The copy is NOT what was frozen.")
    sys.exit(0 if intact else 1)


if __name__ == "__main__":
    run_program(main)
