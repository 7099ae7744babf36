"""A bare Snakefile of the same jobs as a trial's: rules, inputs and outputs alike, nothing checked and nothing made."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

from workflow.recorded import planned_workflow

HEAD = """import json

with open("jobs.json") as file:
    INPUTS = json.load(file)

wildcard_constraints:
    sample="[A-Za-z0-9][A-Za-z0-9._-]*"
"""
RULE = """
rule {name}:
    input: {inputs}
    output: {outputs}
    shell: "touch {{output}}"
"""


def write_same_jobs(trial: Path, folder: Path) -> None:
    """Write the bare Snakefile of a trial, with empty files in place of what it reads and leaves."""
    inputs: dict[str, dict[str, list[str]]] = defaultdict(dict)
    outputs: dict[str, list[str]] = {}
    with planned_workflow(trial) as flow:
        for job in flow.dag.jobs:
            for file in job.output:
                place = folder / str(file)
                (place if file.is_directory else place.parent).mkdir(parents=True, exist_ok=True)
            inputs[job.rule.name][" ".join(job.wildcards)] = [str(file) for file in job.input]
            outputs[job.rule.name] = [
                f"directory({str(file)!r})" if file.is_directory else repr(str(file)) for file in job.rule.output
            ]
        for file in {str(file) for job in flow.dag.jobs for file in (*job.input, *job.output)}:
            if not (folder / file).is_dir():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).touch()
    text = HEAD
    for name in sorted(inputs, key=lambda name: name != "all"):
        of_each = f"lambda wildcards: INPUTS[{name!r}][' '.join(wildcards)]"
        one = f"INPUTS[{name!r}]['']" if "" in inputs[name] else of_each
        rule = RULE.format(name=name, inputs=one, outputs=", ".join(outputs[name]))
        text += rule if outputs[name] else rule.split("    output")[0]
    (folder / "Snakefile").write_text(text, encoding="utf-8")
    (folder / "jobs.json").write_text(json.dumps(inputs), encoding="utf-8")


if __name__ == "__main__":
    write_same_jobs(Path(sys.argv[1]), Path(sys.argv[2]))
