"""The jobs of a run in its crate: each program as a tool, each rule as a step, each job with what it read and made.

Profile: Provenance Run Crate 0.5 (https://w3id.org/ro/wfrun/provenance/0.5). What a job read and made is what the
programs wrote down themselves (`anpi.files.made_from`), by content. When a job ran is not said: the same run gives the
same bytes. Files that the manifest leaves out, such as those of salmon, are not named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from anpi.trial.manifest import Manifest, Step

COMPLETED = {"@id": "http://schema.org/CompletedActionStatus"}


def add_jobs(
    crate: ROCrate,
    manifest: Manifest,
    engine: ContextEntity | None,
    by_content: Mapping[str, ContextEntity],
) -> list[ContextEntity]:
    """Add steps, tools and jobs to the crate's workflow.

    Parameters
    ----------
    crate : ROCrate
        With its main entity and the files of the run.
    manifest : mapping
        Content of ``manifest.json``, whose ``records`` are the jobs.
    engine : ContextEntity or None
        What ran the workflow; without it no step is said to have been ordered by one.
    by_content : mapping
        Files of the crate by the checksum of their content.

    Returns
    -------
    list of ContextEntity
        The actions: a job each, its control, and last the organisation of all.
    """
    jobs: list[ContextEntity] = []
    controls: list[ContextEntity] = []
    for record in manifest.get("records", []):
        made = sorted(name for name in record["made"] if crate.dereference(name))
        rules = sorted({manifest["made_by"][name] for name in made})
        if len(rules) != 1:
            continue
        job = add(crate, f"#job/{made[0]}", "CreateAction", name=f"{rules[0]}: {made[0]}", actionStatus=COMPLETED)
        job["instrument"] = tool_of(crate, rules[0], manifest["steps"][rules[0]])
        read = [file_of(crate, manifest, name, digest, by_content) for name, digest in sorted(record["read"].items())]
        if any(read):
            job["object"] = list({file.id: file for file in read if file}.values())
        job["result"] = [crate.dereference(name) for name in made]
        control = add(crate, f"#control/{made[0]}", "ControlAction", name=f"order of {job['name']}")
        control["instrument"] = crate.dereference(f"#step/{rules[0]}")
        control["object"] = job
        jobs.append(job)
        controls.append(control)
    if not (engine and jobs):
        return jobs
    whole = add(crate, "#organisation", "OrganizeAction", name="Jobs of the run", actionStatus=COMPLETED)
    whole["instrument"] = engine
    whole["object"] = controls
    whole["result"] = crate.dereference("#run")
    return [*jobs, *controls, whole]


def file_of(
    crate: ROCrate, manifest: Manifest, name: str, digest: str, by_content: Mapping[str, ContextEntity]
) -> ContextEntity | None:
    """Return the file that was read: a result by its name and content, an input by its content; None when unknown."""
    return crate.dereference(name) if manifest["results"].get(name) == digest else by_content.get(digest)


def tool_of(crate: ROCrate, rule: str, step: Step) -> ContextEntity:
    """Return the program of a rule, added with its step when it is met for the first time."""
    name = f"#program/{step.get('program') or rule}/{step['code']}"
    tool = crate.dereference(name)
    workflow = crate.mainEntity
    if tool is None:
        tool = add(crate, name, "SoftwareApplication", name=step.get("program") or rule)
        tool["softwareVersion"] = f"digest of its code {step['code']}"
        workflow.append_to("hasPart", tool)
    if crate.dereference(f"#step/{rule}") is None:
        stage = add(crate, f"#step/{rule}", "HowToStep", name=rule)
        stage["workExample"] = tool
        workflow.append_to("step", stage)
    return tool


def add(crate: ROCrate, uri: str, kind: str, /, **properties: Any) -> ContextEntity:
    """Add an entity of a kind."""
    return crate.add(ContextEntity(crate, uri, properties={"@type": kind, **properties}))
