"""A finished run as a Provenance Run RO-Crate over the results folder, in place.

Profile: Provenance Run Crate 0.5 (https://w3id.org/ro/wfrun/provenance/0.5), which builds on Workflow Run Crate 0.5,
Process Run Crate 0.5, Workflow RO-Crate 1.0 and RO-Crate 1.1; `crate_jobs` adds the single jobs. Inputs lie outside
the folder and are known by content (``ni`` URIs, RFC 6920), so that no place is named; outputs are files of the folder
with size and SHA-256, each under the step that made it. The date is that of the ledger's entry: the same run gives the
same bytes.
"""

from __future__ import annotations

import base64
import mimetypes
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rocrate.model.computationalworkflow import ComputationalWorkflow
from rocrate.model.contextentity import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from anpi.files.checksums import hash_file
from anpi.files.rows import Document
from anpi.files.shipped import ROOT
from anpi.ledger.crate_jobs import COMPLETED, add, add_jobs
from anpi.tools import TOOLS
from anpi.trial.manifest import Manifest

JOBS = {"https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5")}
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
MIT = "https://spdx.org/licenses/MIT"
KINDS = {
    ".parquet": "application/vnd.apache.parquet",
    ".h5ad": "application/x-hdf5",
    ".tsv": "text/tab-separated-values",
}
HOMES = {"python": "https://www.python.org/"} | {name: tool.home for name, tool in TOOLS.items()}
NOT_PARAMETERS = ("results", "title", "publication")


def copy_wiring(folder: Path) -> None:
    """Copy the Snakefile and its rules into the results, as the workflow that the crate is about."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    source = ROOT / "workflow"
    for file in [source / "Snakefile", *sorted((source / "rules").glob("*.smk"))]:
        shutil.copyfile(file, folder / file.relative_to(source))


def build_crate(results: Path, manifest: Manifest, recorded: Mapping[str, Any], wiring: Path, ledger: Path) -> Document:
    """Describe a run as JSON-LD.

    Parameters
    ----------
    results : Path
        Folder of the results, the root of the crate.
    manifest : mapping
        Content of ``manifest.json``.
    recorded : mapping
        Content of ``ledger/recorded.json``: the ledger's entry of this run.
    wiring : Path
        Folder below the results that `copy_wiring` filled.
    ledger : Path
        Folder of the ledger's entries, which lies apart when results are stored in a bucket.

    Returns
    -------
    dict
        Content of ``ro-crate-metadata.json``.
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(TERMS)
    root = crate.root_dataset
    root["name"] = manifest["settings"].get("title") or "anpi"
    root["description"] = (
        "Results of a run of anpi: subtypes, signatures and endpoints of a trial and their associations."
    )
    root["datePublished"] = recorded["date"]
    publish(crate, manifest["settings"].get("publication") or {})
    workflow = main_workflow(crate, manifest, results, wiring)
    inputs, parameters = list(run_inputs(crate, manifest)), list(run_parameters(crate, manifest))
    outputs = list(run_outputs(crate, manifest, results))
    formal = [item["exampleOfWork"] for item in (*inputs, *parameters)]
    workflow["input"] = [one for many in formal for one in (many if isinstance(many, list) else [many])]
    workflow["output"] = unique(file["exampleOfWork"] for file in outputs)
    for path, file in (
        ("manifest.json", results / "manifest.json"),
        (f"ledger/{recorded['entry']}", ledger / recorded["entry"]),
    ):
        outputs.append(add_file(crate, file, path, hash_file(file)))
    action = add(
        crate, "#run", "CreateAction", name=f"Run {recorded['number']} of anpi", endTime=recorded["date"],
        description="Versions, settings and checksums stand in manifest.json.",
    )  # fmt: skip
    action["instrument"] = workflow
    action["object"] = [*inputs, *parameters]
    action["result"] = outputs
    action["actionStatus"] = COMPLETED
    by_content = {file["sha256"]: file for file in (*inputs, *outputs)}
    jobs = add_jobs(crate, manifest, engine_of(workflow), by_content)
    root["mentions"] = [action, *jobs]
    root["conformsTo"] = [
        add(crate, uri, "CreativeWork", name=name, version=version)
        for uri, (name, version) in (PROFILES | (JOBS if jobs else {})).items()
    ]
    root["hasPart"] = sorted([*crate.data_entities, *inputs], key=lambda part: part.id)
    return plain(crate.metadata.generate())


def engine_of(workflow: ComputationalWorkflow) -> ContextEntity | None:
    """Return Snakemake among the programs that the workflow needs, when its version is known."""
    return next((one for one in workflow["softwareRequirements"] if one["name"] == "snakemake"), None)


def plain(metadata: dict[str, Any]) -> dict[str, Any]:
    """Write one value as itself, not as a list of one, as RO-Crate recommends."""
    for item in metadata["@graph"]:
        for key, value in item.items():
            if isinstance(value, list) and len(value) == 1:
                item[key] = value[0]
    return metadata


def publish(crate: ROCrate, said: Mapping[str, Any]) -> None:
    """Write authors, publisher and licence as the config has them; without a licence the crate grants none."""
    root = crate.root_dataset
    if said.get("authors"):
        root["author"] = [named_entity(crate, words, "Person") for words in said["authors"]]
    if said.get("publisher"):
        root["publisher"] = named_entity(crate, said["publisher"], "Organization")
    licence = said.get("licence")
    if licence:
        name = licence.rstrip("/").rsplit("/", 1)[-1]
        root["license"] = add(crate, licence, "CreativeWork", name=name, url={"@id": licence})
        return
    root["license"] = add(
        crate, "#licence", "CreativeWork", name="Not licensed by this crate",
        description="Results of a clinical trial: the trial's sponsor decides who may use them and how.",
    )  # fmt: skip


def named_entity(crate: ROCrate, words: str, kind: str) -> ContextEntity:
    """Add a person or an organisation, written as ``Name <https://…>``."""
    name, _, uri = words.rstrip(">").partition(" <")
    return add(crate, uri, kind, name=name.strip(), url={"@id": uri})


def unique(items: Iterator[Any]) -> list[Any]:
    return list({item.id: item for item in items}.values())


def add_file(crate: ROCrate, file: Path, path: str, sha256: str) -> File:
    kind = KINDS.get(Path(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    size = file.stat().st_size
    properties = {"name": path, "sha256": sha256, "contentSize": str(size), "encodingFormat": kind}
    return crate.add(File(crate, None, path, properties=properties))


def main_workflow(crate: ROCrate, manifest: Manifest, results: Path, wiring: Path) -> ComputationalWorkflow:
    """Add the Snakefile with its rules, its language, its licence and the programs that it calls."""
    place = wiring.relative_to(results).as_posix()
    snakemake = add(
        crate, "https://w3id.org/workflowhub/workflow-ro-crate#snakemake", "ComputerLanguage", name="Snakemake",
        identifier={"@id": "https://doi.org/10.1093/bioinformatics/bts480"}, url={"@id": "https://snakemake.github.io"},
        **given(version=manifest["software"].get("snakemake")),
    )  # fmt: skip
    path = f"{place}/Snakefile"
    kinds = [*ComputationalWorkflow.TYPES, *(["HowTo"] if manifest.get("records") else [])]
    workflow = crate.add(ComputationalWorkflow(crate, None, path, properties={"@type": kinds}))
    workflow["name"] = "anpi"
    workflow["version"] = manifest["anpi"]
    workflow["identifier"] = manifest["commit"] or f"sha256:{manifest['code']}"
    workflow["sha256"] = hash_file(results / path)
    workflow["contentSize"] = str((results / path).stat().st_size)
    workflow["encodingFormat"] = "text/plain"
    workflow["programmingLanguage"] = snakemake
    workflow["license"] = add(crate, MIT, "CreativeWork", name="MIT License", identifier=MIT)
    for rule in sorted((wiring / "rules").glob("*.smk")):
        # By the profile of provenance, what a workflow has as its parts are the tools that its jobs called.
        add_file(crate, rule, rule.relative_to(results).as_posix(), hash_file(rule))["isPartOf"] = workflow
    workflow["softwareRequirements"] = [
        software(crate, name, version) for name, version in sorted(manifest["software"].items()) if version
    ]
    crate.mainEntity = workflow
    return workflow


def software(crate: ROCrate, name: str, version: str) -> ContextEntity:
    """Add a program or package, known by the page of its project."""
    uri = HOMES.get(name) or f"https://pypi.org/project/{name}/{version}/"
    return add(crate, uri, "SoftwareApplication", name=name, softwareVersion=version, url={"@id": uri})


def given(**properties: str | None) -> dict[str, str]:
    """Return the properties that have a value."""
    return {name: value for name, value in properties.items() if value is not None}


def formal_parameter(crate: ROCrate, name: str, kind: str, description: str) -> ContextEntity:
    parameter = add(crate, f"#{name}", "FormalParameter", additionalType=kind, name=name, description=description)
    parameter["conformsTo"] = {"@id": PARAMETER}
    return parameter


def run_inputs(crate: ROCrate, manifest: Manifest) -> Iterator[ContextEntity]:
    """Add the files that went in, known by their content; files of the same content are one."""
    given = [(key, path, manifest["inputs"][path]) for key, path in manifest["given_as"].items()]
    given += [(f"reads/{unit}", unit, sha256) for unit, sums in manifest["reads"].items() for sha256 in sums]
    files: dict[str, list[tuple[str, str]]] = {}
    for key, path, sha256 in given:
        files.setdefault(sha256, []).append((key, path))
    parameters: dict[str, ContextEntity] = {}
    for sha256, names in files.items():
        paths = list(dict.fromkeys(Path(path).name for _, path in names))
        properties = {"@type": "File", "name": ", ".join(paths), "sha256": sha256}
        file = crate.add(ContextEntity(crate, content_uri(sha256), properties=properties))
        keys = list(dict.fromkeys(key for key, _ in names))
        for key in keys:
            if key not in parameters:
                parameters[key] = formal_parameter(crate, f"input/{key}", "File", f"{key} of the config")
            parameters[key].append_to("workExample", file)
        file["exampleOfWork"] = [parameters[key] for key in keys]
        yield file


def content_uri(sha256: str) -> str:
    """Name a file by its content (RFC 6920)."""
    return "ni:///sha-256;" + base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")


def run_parameters(crate: ROCrate, manifest: Manifest) -> Iterator[ContextEntity]:
    """Add the settings that are no files."""
    for key, value in leaves(manifest["settings"]):
        if value is None or key in manifest["given_as"] or key.split(".")[0] in NOT_PARAMETERS:
            continue
        kind = "Boolean" if isinstance(value, bool) else "Float" if isinstance(value, float) else "Integer"
        kind = kind if isinstance(value, (int, float)) else "Text"
        parameter = formal_parameter(crate, f"setting/{key}", kind, f"{key} of the config")
        setting = add(crate, f"#value/{key}", "PropertyValue", name=key, value=value)
        setting["exampleOfWork"] = parameter
        parameter["workExample"] = setting
        yield setting


def leaves(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(settings, Mapping):
        for key in sorted(settings):
            yield from leaves(settings[key], f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(settings, list):
        for number, item in enumerate(settings, start=1):
            yield from leaves(item, f"{prefix}.{number}")
    else:
        yield prefix, settings


def run_outputs(crate: ROCrate, manifest: Manifest, results: Path) -> Iterator[File]:
    """Add the files that came out, each as what its step makes."""
    steps: dict[str, ContextEntity] = {}
    for path, sha256 in manifest["results"].items():
        step = manifest["made_by"][path]
        if step not in steps:
            digest = manifest["steps"][step]["code"]
            words = f"made by rule {step}" + (f", digest of its code {digest}" if digest else "")
            steps[step] = formal_parameter(crate, f"output/{step}", "File", words)
        file = add_file(crate, results / path, path, sha256)
        file["exampleOfWork"] = steps[step]
        steps[step].append_to("workExample", file)
        yield file
