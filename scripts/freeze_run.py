"""Freeze a finished run for a publication: a read-only copy with a list of SHA-256 checksums.

A run that has not ended, or whose files are not what its manifest says, is refused. The copy is checked by
verify_run.py, or without anpi by: cd COPY && sha256sum --check SHA256SUMS

Example:
  python scripts/freeze_run.py results frozen/2026-06-manuscript
"""

from __future__ import annotations

import argparse
from pathlib import Path

from anpi.ledger.freeze import SUMS, freeze_run
from anpi.program import run_program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder of the results")
    parser.add_argument("copy", type=Path, help="folder to make; it must not exist")
    options = parser.parse_args()
    count, fingerprint = freeze_run(options.results, options.copy)
    print(f"{count} files in {options.copy}; SHA-256 of {SUMS}, which stands for all of them:\n{fingerprint}")


if __name__ == "__main__":
    run_program(main)
