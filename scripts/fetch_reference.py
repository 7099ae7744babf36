"""Download a reference file; it appears only when it is whole and has the stated checksum."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from anpi.program import run_program
from anpi.quantification.reference import fetch_file


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="http, https or ftp")
    parser.add_argument("--sha256", required=True, help="checksum of the file, 64 hexadecimal digits")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    say(f"downloading {arguments.url}")
    fetch_file(arguments.url, arguments.sha256, arguments.out, say=say)
    say(f"{arguments.out}: {arguments.out.stat().st_size} bytes, checksum as stated")


if __name__ == "__main__":
    run_program(main)
