"""Download a reference file; it appears only when it is whole and has the stated checksum."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from anpi.program import run_program
from anpi.quantification.download import fetch_file
from anpi.words.urls import public_url


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--url", help="http, https or ftp")
    source.add_argument("--url-variable", help="environment variable with the URL, so that no log shows it")
    parser.add_argument("--sha256", required=True, help="checksum of the file, 64 hexadecimal digits")
    parser.add_argument("--out", required=True, type=Path, help="file to write")
    arguments = parser.parse_args()
    url = arguments.url or os.environ.get(arguments.url_variable, "")
    say(f"downloading {public_url(url)}")
    fetch_file(url, arguments.sha256, arguments.out, say=say)
    say(f"{arguments.out}: {arguments.out.stat().st_size} bytes, checksum as stated")


if __name__ == "__main__":
    run_program(main)
