"""Write the manifest of a run: versions, settings, steps, checksums of inputs, resources and results."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from anpi.files.writing import write_json
from anpi.ledger.arguments import named_file
from anpi.manifest import build_manifest
from anpi.program import run_program
from anpi.trial.results import made_of_samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, type=json.loads, help="the config as JSON, defaults included")
    parser.add_argument(
        "--inputs", nargs="*", default=[], type=named_file, metavar="KEY=PATH", help="files of the user, by config key"
    )
    parser.add_argument("--resources", nargs="*", default=[], type=Path, help="shipped files and folders")
    parser.add_argument("--plan", required=True, type=Path, help="plan.yaml of the run")
    parser.add_argument("--rules", required=True, type=Path, help="endpoints.yaml of the run")
    parser.add_argument("--steps", required=True, type=json.loads, help="digest and outputs of each rule, as JSON")
    parser.add_argument("--deployment", nargs="*", default=[], help="how programs were provided: conda, apptainer")
    parser.add_argument("--snakemake", help="version of Snakemake, which an environment of this program may lack")
    parser.add_argument(
        "--samples",
        required=True,
        type=made_of_samples,
        metavar="JSON",
        help="samples that take part, by the files that the run makes of each",
    )
    parser.add_argument("--results", required=True, type=Path, help="folder of the results")
    parser.add_argument("--out", required=True, type=Path, help="manifest.json to write")
    arguments = parser.parse_args()
    manifest = build_manifest(
        arguments.settings,
        dict(arguments.inputs),
        arguments.resources,
        arguments.results,
        arguments.samples,
        arguments.plan,
        arguments.rules,
        arguments.steps,
        arguments.deployment,
    )
    manifest["software"]["snakemake"] = arguments.snakemake or manifest["software"]["snakemake"]
    write_json(arguments.out, manifest)


if __name__ == "__main__":
    run_program(main)
