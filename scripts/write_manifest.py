"""Write the manifest of a run: versions, settings, checksums of inputs, resources and results."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from anpi.manifest import build_manifest
from anpi.tables.problems import run_program
from anpi.tables.writing import write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, type=json.loads, help="the config as JSON, defaults included")
    parser.add_argument("--inputs", nargs="*", default=[], type=Path, help="files of the user")
    parser.add_argument("--resources", nargs="*", default=[], type=Path, help="shipped files and folders")
    parser.add_argument("--samples", nargs="*", default=[], help="samples that take part")
    parser.add_argument("--results", required=True, type=Path, help="folder of the results")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    manifest = build_manifest(
        arguments.settings, arguments.inputs, arguments.resources, arguments.results, arguments.samples
    )
    write_json(arguments.out, manifest)


if __name__ == "__main__":
    run_program(main)
