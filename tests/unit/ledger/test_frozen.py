"""Frozen copies, purged patients, the crate and the manifest of runs that were closed by the library."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from unit.ledger.finished import CONFIG, STEPS, changed, finish, inputs_of, read, settings_of, without
from unit.report.made import make_tables
from warm import python

from anpi.files.shipped import ROOT
from anpi.files.writing import write_json, write_text
from anpi.ledger.compare import compare_runs
from anpi.ledger.crate import build_crate, content_uri
from anpi.ledger.entries import read_entries, read_run
from anpi.ledger.freeze import freeze_run, verify_copy
from anpi.ledger.installation import advice, compare_installation
from anpi.ledger.leftovers import find_leftovers
from anpi.ledger.purge import purge_patient
from anpi.ledger.state import sample_states
from anpi.manifest import build_manifest, pattern_of, placeless, read_checksums, result_files
from anpi.problems import InputError
from anpi.tools import tools_of
from anpi.trial.manifest import Manifest


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run; nobody changes it."""
    folder = tmp_path_factory.mktemp("closed")
    finish(folder)
    return folder


@pytest.fixture
def results(closed: Path, tmp_path: Path) -> Path:
    shutil.copytree(closed / "results", tmp_path / "results")
    return tmp_path / "results"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_frozen_copy_is_checked_by_sha256sum_and_by_us(results: Path, tmp_path: Path):
    copy = tmp_path / "frozen" / "manuscript"
    count, fingerprint = freeze_run(results, copy)
    told = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=copy, capture_output=True, text=True)
    assert told.returncode == 0
    assert told.stdout.count(": OK") == count
    verdict = verify_copy(copy)
    assert verdict.intact
    assert verdict.fingerprint == fingerprint == sha256(copy / "SHA256SUMS")
    places = [copy, *copy.rglob("*")]
    assert not [place for place in places if place.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)]
    assert set(read(copy / "manifest.json")["results"]) <= {p.relative_to(copy).as_posix() for p in places}


def test_a_copy_of_the_same_run_has_the_same_fingerprint(results: Path, tmp_path: Path):
    assert freeze_run(results, tmp_path / "a")[1] == freeze_run(results, tmp_path / "b")[1]


def test_a_private_run_stays_private_when_frozen(results: Path, tmp_path: Path):
    for place in [results, *results.rglob("*")]:
        place.chmod(0o750 if place.is_dir() else 0o640)
    freeze_run(results, tmp_path / "copy")
    modes = {stat.S_IMODE(place.stat().st_mode) for place in [tmp_path / "copy", *(tmp_path / "copy").rglob("*")]}
    assert modes == {0o550, 0o440}


def test_verify_names_every_file_that_is_not_as_it_was(results: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    freeze_run(results, copy)
    for place in [copy, *copy.rglob("*")]:
        place.chmod(0o755 if place.is_dir() else 0o644)
    one = copy / "subtypes" / "calls.tsv"
    content = one.read_bytes()
    one.write_bytes(bytes([content[0] ^ 1]) + content[1:])  # a single bit
    (copy / "qc" / "verdicts.tsv").unlink()
    (copy / "report" / "extra.html").write_text("late")
    verdict = verify_copy(copy)
    assert (verdict.changed, verdict.missing, verdict.added) == (
        ["subtypes/calls.tsv"], ["qc/verdicts.tsv"], ["report/extra.html"],
    )  # fmt: skip
    program = [python(), str(ROOT / "scripts" / "verify_run.py"), str(copy)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "changed: subtypes/calls.tsv\nmissing: qc/verdicts.tsv\nadded: report/extra.html\n" in done.stdout
    assert "NOT what was frozen" in done.stdout


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "is empty"), (b"\xff\xfe\n", "or damaged"), (b"x\n", "not a line")]
)
def test_a_list_that_lists_nothing_is_refused(tmp_path: Path, content: bytes, words: str):
    (tmp_path / "SHA256SUMS").write_bytes(content)
    with pytest.raises(InputError, match=words):
        verify_copy(tmp_path)


def test_verify_takes_no_link_for_a_file(results: Path, tmp_path: Path):
    copy, elsewhere = tmp_path / "copy", tmp_path / "elsewhere"
    freeze_run(results, copy)
    shutil.copytree(copy, elsewhere)
    for place in [copy, *copy.rglob("*")]:
        place.chmod(0o755 if place.is_dir() else 0o644)
    one, lost, folder = copy / "subtypes" / "calls.tsv", copy / "qc" / "verdicts.tsv", copy / "report"
    one.unlink()
    one.symlink_to(elsewhere / "subtypes" / "calls.tsv")  # of the same content, for now
    lost.unlink()
    lost.symlink_to(tmp_path / "nowhere")
    below = sorted(f"report/{file.relative_to(folder)}" for file in folder.rglob("*") if file.is_file())
    shutil.rmtree(folder)
    folder.symlink_to(elsewhere / "report")
    (copy / "more").symlink_to(elsewhere)
    verdict = verify_copy(copy)
    assert verdict.changed == ["qc/verdicts.tsv", "subtypes/calls.tsv"]
    assert (verdict.missing, verdict.added) == (below, ["more", "report"])


def test_a_run_that_goes_on_while_it_is_copied_is_not_frozen(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def copy(source: Path, target: Path) -> None:
        text = source.read_text(encoding="utf-8")
        target.write_text(text + "more\n" if source.name == "verdicts.tsv" else text, encoding="utf-8")

    monkeypatch.setattr(shutil, "copy", copy)
    with pytest.raises(InputError, match=r"verdicts\.tsv: changed while it was copied"):
        freeze_run(results, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


SPOILED = {
    "no manifest": (lambda r: (r / "manifest.json").unlink(), "The run has not ended"),
    "no crate": (lambda r: (r / "ro-crate-metadata.json").unlink(), "The run has not ended"),
    "newer table": (lambda r: (r / "subtypes" / "calls.tsv").write_text("x\n"), "not what the manifest says"),
    "lost table": (lambda r: (r / "qc" / "verdicts.tsv").unlink(), "listed in the manifest, not found"),
    "other manifest": (lambda r: edit(r / "manifest.json"), "is of another run than manifest.json"),
    "damaged entry": (lambda r: entry_of(r).write_text("x\n"), "not an entry of a ledger, or damaged"),
    "lost entry": (lambda r: entry_of(r).unlink(), "file not found"),
    "entry of another run": (lambda r: edit(entry_of(r)), "not what the RO-Crate says"),
    "edited wiring": (lambda r: (r / "provenance" / "Snakefile").write_text("x\n"), "not what the RO-Crate says"),
    "lost wiring": (lambda r: (r / "provenance" / "rules" / "cohort.smk").unlink(), "not what the RO-Crate says"),
    "newer state": (lambda r: edit(r / "ledger" / "current.json"), "not the run that was recorded last"),
}


def entry_of(results: Path) -> Path:
    return results / "ledger" / read(results / "ledger" / "recorded.json")["entry"]


def edit(path: Path) -> None:
    write_json(path, read(path) | {"note": "edited"})


@pytest.mark.parametrize("fault", SPOILED)
def test_a_run_that_is_not_whole_is_not_frozen(results: Path, tmp_path: Path, fault: str):
    spoil, words = SPOILED[fault]
    spoil(results)
    with pytest.raises(InputError) as error:
        freeze_run(results, tmp_path / "copy")
    assert words in str(error.value)
    assert not (tmp_path / "copy").exists()


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [python(), str(ROOT / "scripts" / "verify_run.py"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("content", ["{}", "[]", "3", "null", '{"results": []}', '{"results": {}, "records": 3}', "{"])
def test_results_whose_manifest_is_none_are_refused_in_words(results: Path, content: str):
    write_text(results / "manifest.json", content)
    done = verified(results)
    assert done.returncode == 2
    assert "manifest.json" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [("results", []), ("records", 3), ("records", [3]), ("records", [{"made": {}}]), ("settings", None),
     ("records", [{"made": {"a": "b"}, "read": {}, "decided_by": "c"}])],
)  # fmt: skip
def test_a_manifest_with_a_part_of_another_kind_is_refused_in_words(results: Path, key: str, value: Any):
    write_json(results / "manifest.json", read(results / "manifest.json") | {key: value})
    done = verified(results)
    assert done.returncode == 2
    assert f"manifest.json, {key}: not" in done.stderr
    assert "Take the manifest from another copy of the run." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_holds_something_is_not_frozen_into(results: Path, tmp_path: Path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something already"):
        freeze_run(results, tmp_path / "copy")
    assert (tmp_path / "copy" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("place", [".", "link"])
def test_an_empty_folder_is_frozen_into_whatever_it_is_called(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
):
    (tmp_path / "copy").mkdir()
    (tmp_path / "link").symlink_to("copy")
    monkeypatch.chdir(tmp_path / ("copy" if place == "." else "."))
    count, _ = freeze_run(results, Path(place))
    assert verify_copy(tmp_path / "copy").whole == count
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "link", "results"]


def test_what_lies_beside_the_wiring_is_not_frozen(results: Path, tmp_path: Path):
    (results / "provenance" / ".DS_Store").write_text("x")
    freeze_run(results, tmp_path / "copy")
    assert (tmp_path / "copy" / "provenance" / "Snakefile").is_file()
    assert not (tmp_path / "copy" / "provenance" / ".DS_Store").exists()


def test_frozen_copies_are_compared_like_runs(results: Path, closed: Path, tmp_path: Path):
    freeze_run(results, tmp_path / "copy")
    changes = compare_runs(read_run(tmp_path / "copy"), read_run(closed / "results"))
    assert changes["sentences"] == ["Nothing changed."]


@pytest.fixture
def withdrawn(tmp_path: Path) -> Path:
    """A trial of two runs; in the second, P0003 is gone."""
    tables = make_tables(8)
    tables["verdicts"]["reasons"] = ["looks like P0003-B", *[None] * 6]
    finish(tmp_path, tables)
    write_text(tmp_path / "results" / "logs" / "summarise_sample" / "P0003-B.log", "log")
    fewer = without(tables, "P0003")
    fewer["verdicts"]["reasons"] = None
    finish(tmp_path, fewer)
    return tmp_path / "results"


def holders(folder: Path, word: str) -> list[str]:
    """List files that hold a word, in their content or name."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return sorted(
        file.relative_to(folder).as_posix()
        for file in files
        if word in file.relative_to(folder).as_posix() or word.encode() in file.read_bytes()
    )


def test_a_removed_patient_is_named_by_the_ledger_alone_until_purged(withdrawn: Path):
    left = find_leftovers(withdrawn, [p.name for p in (withdrawn / "samples").iterdir() if p.name != "P0003-B"])
    assert left["samples"] == ["P0003-B"]
    assert left["command"] == "rm -r -- samples/P0003-B logs/summarise_sample/P0003-B.log"
    held = holders(withdrawn, "P0003")
    named = [name for name in held if not name.startswith(("samples/P0003-B", "logs/"))]
    assert named == ["ledger/" + read_entries(withdrawn / "ledger")[0].file, "ledger/changes.json"]
    numbers = [entry.number for entry in read_entries(withdrawn / "ledger")]
    write_text(withdrawn / "ledger" / "pages" / "P0003.html", "P0003")  # of a report that was not written since
    write_text(withdrawn / "ledger" / "pages" / "waterfall.svg", '<g data-patient="P0003"/>')
    told = purge_patient(withdrawn, "P0003")
    assert any("samples/P0003-B was removed" in line for line in told)
    assert not (withdrawn / "report" / "index.html").exists()  # else Snakemake finds nothing to do
    assert holders(withdrawn, "P0003") == []
    entries = read_entries(withdrawn / "ledger")
    assert [entry.number for entry in entries] == numbers
    assert len(entries[0].state["patients"]) == 7
    assert entries[0].state["samples"]["P0001-B"]["reasons"] == "looks like (purged)"


def test_a_patient_who_takes_part_is_not_purged(withdrawn: Path):
    before = {path: path.read_bytes() for path in withdrawn.rglob("*") if path.is_file()}
    for patient, words in (("P0001", "still takes part"), ("P999", "no entry holds patient P999")):
        with pytest.raises(InputError, match=words):
            purge_patient(withdrawn, patient)
    assert {path: path.read_bytes() for path in withdrawn.rglob("*") if path.is_file()} == before


def test_a_sample_that_became_another_patients_keeps_its_files_when_the_first_is_purged(tmp_path: Path):
    tables = make_tables(8)
    finish(tmp_path, tables)
    moved = changed(tables, "samples", "sample_id", "P0003-B", patient_id="P0001")
    people = {name: frame for name, frame in moved.items() if "sample_id" not in frame or name == "sets"}
    finish(tmp_path, moved | without(people, "P0003"))
    purge_patient(tmp_path / "results", "P0003")
    assert (tmp_path / "results" / "samples" / "P0003-B" / "genes.parquet").is_file()
    assert "P0003-B" not in read_entries(tmp_path / "results" / "ledger")[0].state["samples"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/Jdoe/patients.csv", "…/patients.csv"),
        ("/home/Jdoe/trial/patients.csv", "…/trial/patients.csv"),
        ("/Users/Jdoe/patients.csv", "…/patients.csv"),
        ("/home/Jdoe", "…/"),
        ("/scratch/myself/results", "…/results"),
        ("../../home/Jdoe/patients.csv", "…/patients.csv"),
        ("../tables/patients.csv", "../tables/patients.csv"),
        ("/data/trial/patients.csv", "…/trial/patients.csv"),
        ("config/patients.csv", "config/patients.csv"),
    ],
)
def test_no_path_tells_the_name_of_a_user(path: str, shown: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/export/people/myself")
    assert placeless(path) == shown


def test_two_inputs_that_are_called_alike_keep_their_own_checksums(closed: Path, tmp_path: Path):
    files = {f"signatures.gmt/{place}": tmp_path / place / "sets" / "own.gmt" for place in "ab"}
    for place, file in files.items():
        write_text(file, place)
    paths = (CONFIG / "plan.yaml", CONFIG / "endpoints.yaml")
    inputs = inputs_of(closed) | files
    manifest = build_manifest(settings_of(closed), inputs, paths, closed / "results", {}, *paths, STEPS)
    assert {manifest["inputs"][manifest["given_as"][key]] for key in files} == set(map(sha256, files.values()))


def test_the_manifest_lists_what_this_run_made_and_nothing_else(closed: Path, tmp_path: Path):
    results = tmp_path / "results"
    shutil.copytree(closed / "results", results)
    for name in ("samples/GONE-B/genes.parquet", "subtypes/old_name.tsv", "multiqc/multiqc.html", "notes.txt"):
        write_text(results / name, "of another run")
    samples = dict.fromkeys((p.name for p in (closed / "results" / "samples").iterdir()), frozenset({"genes.parquet"}))
    files = result_files(results, samples, STEPS)
    assert set(files) == set(read(closed / "results" / "manifest.json")["results"])
    assert not [name for name in files if "GONE" in name or "old_name" in name or "multiqc" in name]
    assert files["samples/P0001-B/genes.parquet"] == "summarise_sample"
    clinical = {name: STEPS[name] for name in ("derive_endpoints", "build_sets")}
    assert {name.split("/")[0] for name in result_files(results, {}, clinical)} == {"clinical", "analysis"}


def test_what_a_sample_left_of_reads_is_none_of_a_run_that_makes_no_use_of_them(closed: Path, tmp_path: Path):
    """The sample was quantified here once; now its table of salmon's is given, or a matrix."""
    results = tmp_path / "results"
    shutil.copytree(closed / "results", results)
    samples = sorted(p.name for p in (results / "samples").iterdir())
    first = results / "samples" / samples[0]
    write_text(first / "reads.json", json.dumps({"units": [{"unit_id": "L1", "sha256": ["ab" * 32]}]}))
    write_text(first / "fastp.json", '{"summary": {"fastp_version": "0.23.2"}}')
    write_text(first / "salmon/aux_info/meta_info.json", '{"salmon_version": "1.10.1"}')
    genes = dict.fromkeys(samples, frozenset({"genes.parquet"}))
    paths = (CONFIG / "plan.yaml", CONFIG / "endpoints.yaml")

    def manifest_of(made: dict[str, frozenset[str]]) -> Manifest:
        return build_manifest(settings_of(closed), inputs_of(closed), paths, results, made, *paths, STEPS)

    from_reads = manifest_of({**genes, samples[0]: frozenset({"genes.parquet", "reads.json", "fastp.json"})})
    assert from_reads["reads"] == {f"{samples[0]}/L1": ["ab" * 32]}
    assert from_reads["quantified_with"] == {"fastp": ["0.23.2"], "salmon": ["1.10.1"]}
    from_tables = manifest_of(genes)
    assert from_tables["reads"] == from_tables["quantified_with"] == {}
    nothing: dict[str, frozenset[str]] = dict.fromkeys(samples, frozenset())
    from_matrix = manifest_of(nothing)
    assert [name for name in from_matrix["results"] if name.startswith("samples/")] == []
    assert "subtypes/calls.tsv" in from_matrix["results"]

    tables, matrix = (
        sample_states(inputs_of(closed)["samples"], results, made)[samples[0]] for made in (genes, nothing)
    )
    assert tables["reads"] is None
    assert tables["genes"] is not None
    assert matrix["genes"] is None


def test_every_result_has_its_step_and_every_step_its_code(closed: Path):
    manifest = read(closed / "results" / "manifest.json")
    assert set(manifest["made_by"]) == set(manifest["results"])
    for name, step in manifest["made_by"].items():
        assert any(pattern_of(path).fullmatch(name) for path in manifest["steps"][step]["makes"])
        assert manifest["steps"][step]["code"]
    for name, digest in manifest["results"].items():
        assert digest == sha256(closed / "results" / name)


def test_a_model_of_the_user_stands_in_the_manifest_file_by_file(closed: Path, tmp_path: Path):
    write_text(tmp_path / "model" / "model.json", "{}")
    write_text(tmp_path / "model" / "weights.tsv", "w")
    inputs = inputs_of(closed) | {"subtype_model": tmp_path / "model"}
    shipped = ROOT / "resources" / "subtypes"
    plan, rules = ROOT / "config" / "plan.yaml", ROOT / "config" / "endpoints.yaml"
    resources = [plan, shipped, tmp_path / "model"]
    manifest = build_manifest(settings_of(closed), inputs, resources, closed / "results", {}, plan, rules, STEPS)
    assert "config/plan.yaml" in manifest["resources"]
    assert all((ROOT / name).is_file() for name in manifest["resources"])
    assert manifest["given_as"]["subtype_model/weights.tsv"] == "…/model/weights.tsv"
    assert manifest["inputs"]["…/model/weights.tsv"] == sha256(tmp_path / "model" / "weights.tsv")


def test_salmon_results_of_the_user_have_their_checksum(tmp_path: Path):
    write_text(tmp_path / "quant" / "S1" / "quant.sf", "Name\tTPM\n")
    write_text(tmp_path / "units.tsv", f"sample_id\tunit_id\tquant\nS1\tL1\t{tmp_path / 'quant' / 'S1'}\n")
    found = read_checksums({"units": str(tmp_path / "units.tsv")}, tmp_path / "results", {"S1": frozenset()})
    assert found == {"S1/L1": [sha256(tmp_path / "quant" / "S1" / "quant.sf")]}


def test_the_programs_asked_for_are_those_of_the_config():
    assert "STAR" not in tools_of({})
    assert {"STAR", "featureCounts"} <= set(tools_of({"alignment": {"tool": "star"}}))


def graph_of(results: Path) -> dict[str, dict[str, Any]]:
    return {item["@id"]: item for item in read(results / "ro-crate-metadata.json")["@graph"]}


def ids(value: Any) -> list[str]:
    return [item["@id"] for item in (value if isinstance(value, list) else [value])]


def kinds(item: dict[str, Any]) -> set[str]:
    return set(item["@type"]) if isinstance(item["@type"], list) else {item["@type"]}


def test_the_crate_names_authors_publisher_and_licence_of_the_config(closed: Path):
    results = closed / "results"
    manifest, recorded = read(results / "manifest.json"), read(results / "ledger" / "recorded.json")
    manifest["settings"]["publication"] = {
        "authors": ["A Group <https://example.org/group>", "Another <https://example.org/another>"],
        "publisher": "An Institute <https://example.org>",
        "licence": "https://spdx.org/licenses/CC-BY-4.0",
    }
    crate = build_crate(results, manifest, recorded, results / "provenance", results / "ledger")
    graph = {item["@id"]: item for item in crate["@graph"]}
    root = graph["./"]
    assert [(kinds(graph[one]), graph[one]["name"]) for one in ids(root["author"])] == [
        ({"Person"}, "A Group"),
        ({"Person"}, "Another"),
    ]
    assert graph[root["publisher"]["@id"]]["name"] == "An Institute"
    assert root["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    assert graph[root["license"]["@id"]]["name"] == "CC-BY-4.0"
    assert not any("publication" in str(item.get("name")) for item in crate["@graph"])


def test_the_crate_keeps_what_its_profiles_demand(closed: Path):
    """The lines with MUST of RO-Crate 1.1, Workflow RO-Crate 1.0, Process Run Crate 0.5 and Workflow Run Crate 0.5."""
    graph = graph_of(closed / "results")
    root, descriptor = graph["./"], graph["ro-crate-metadata.json"]
    assert ids(descriptor["conformsTo"]) == ["https://w3id.org/ro/crate/1.1"]
    assert descriptor["about"] == {"@id": "./"}
    assert kinds(root) == {"Dataset"}
    assert all(root[key] for key in ("name", "description", "license"))
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", root["datePublished"])
    for profile in ("process/0.5", "workflow/0.5"):
        assert f"https://w3id.org/ro/wfrun/{profile}" in ids(root["conformsTo"])
    assert all("CreativeWork" in kinds(graph[profile]) for profile in ids(root["conformsTo"]))
    workflow = graph[root["mainEntity"]["@id"]]
    assert kinds(workflow) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert not any("HowToStep" in kinds(item) for item in graph.values())
    assert kinds(graph[workflow["programmingLanguage"]["@id"]]) == {"ComputerLanguage"}
    actions = [item for item in graph.values() if "CreateAction" in kinds(item)]
    assert [action["instrument"]["@id"] for action in actions] == [workflow["@id"]]
    assert ids(root["mentions"]) == [action["@id"] for action in actions]
    formal = {item["@id"]: item for item in graph.values() if "FormalParameter" in kinds(item)}
    assert set(ids(workflow["input"]) + ids(workflow["output"])) == set(formal)
    for parameter in formal.values():
        assert parameter["additionalType"]
        for example in ids(parameter["workExample"]):
            assert kinds(graph[example]) & {"File", "PropertyValue"}
            assert parameter["@id"] in ids(graph[example]["exampleOfWork"])
    files = {item["@id"] for item in graph.values() if "File" in kinds(item)}
    assert files == set(ids(root["hasPart"]))
    used = [value for item in graph.values() for v in item.values() for value in (v if isinstance(v, list) else [v])]
    named = {value["@id"] for value in used if isinstance(value, dict)}
    assert {name for name in named if name.startswith(("#", "./")) or "://" not in name} <= set(graph)


def test_jobs_are_in_the_crate_with_what_they_read_and_made(closed: Path):
    """The lines with MUST of Provenance Run Crate 0.5, and the files of two jobs, one of which reads the other's."""
    results = closed / "results"
    manifest, recorded = read(results / "manifest.json"), read(results / "ledger" / "recorded.json")
    made = manifest["results"]
    patients = sha256(closed / "patients.csv")
    manifest["records"] = [
        {"decided_by": "a", "made": {"clinical/endpoints.tsv": made["clinical/endpoints.tsv"]},
         "read": {"patients.csv": patients, "elsewhere.txt": "0" * 64}},
        {"decided_by": "b", "made": {name: made[name] for name in ("analysis/sets.tsv", "analysis/attrition.tsv")},
         "read": {"clinical/endpoints.tsv": made["clinical/endpoints.tsv"]}},
    ]  # fmt: skip
    crate = build_crate(results, manifest, recorded, results / "provenance", results / "ledger")
    graph = {item["@id"]: item for item in crate["@graph"]}
    root = graph["./"]
    workflow = graph[root["mainEntity"]["@id"]]
    assert "https://w3id.org/ro/wfrun/provenance/0.5" in ids(root["conformsTo"])
    assert "HowTo" in kinds(workflow)
    first, second = graph["#job/clinical/endpoints.tsv"], graph["#job/analysis/attrition.tsv"]
    assert kinds(first) == kinds(second) == {"CreateAction"}
    assert ids(first["object"]) == [content_uri(patients)]
    assert ids(first["result"]) == ids(second["object"]) == ["clinical/endpoints.tsv"]
    assert ids(second["result"]) == ["analysis/attrition.tsv", "analysis/sets.tsv"]
    tools = {graph[job["instrument"]["@id"]]["@id"]: kinds(graph[job["instrument"]["@id"]]) for job in (first, second)}
    assert len(tools) == 2
    assert all("SoftwareApplication" in kind for kind in tools.values())
    # Parts of other kinds break "ComputationalWorkflow MUST refer to orchestrated tools via hasPart".
    assert set(ids(workflow["hasPart"])) == set(tools)
    assert ids(graph["provenance/rules/cohort.smk"]["isPartOf"]) == [workflow["@id"]]
    assert ids(workflow["step"]) == ["#step/derive_endpoints", "#step/build_sets"]
    assert {graph[step]["workExample"]["@id"] for step in ids(workflow["step"])} == set(tools)
    whole = next(item for item in graph.values() if "OrganizeAction" in kinds(item))
    controls = [graph[one] for one in ids(whole["object"])]
    assert whole["result"] == {"@id": "#run"}
    assert graph[whole["instrument"]["@id"]]["name"] == "snakemake"
    assert [(c["instrument"]["@id"], c["object"]["@id"]) for c in controls] == [
        ("#step/derive_endpoints", first["@id"]),
        ("#step/build_sets", second["@id"]),
    ]
    named = {one for item in graph.values() for v in item.values() for one in found_ids(v)}
    assert {name for name in named if name.startswith(("#", "./")) or "://" not in name} <= set(graph)


def found_ids(value: Any) -> list[str]:
    return [one["@id"] for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def test_every_file_of_the_crate_is_there_with_its_size_and_checksum(closed: Path):
    results = closed / "results"
    graph = graph_of(results)
    local = [item for item in graph.values() if "File" in kinds(item) and not item["@id"].startswith("ni:")]
    assert set(read(results / "manifest.json")["results"]) <= {item["@id"] for item in local}
    for item in local:
        assert item["contentSize"] == str((results / item["@id"]).stat().st_size), item["@id"]
        assert item["sha256"] == sha256(results / item["@id"]), item["@id"]
    inputs = [item for item in graph.values() if item["@id"].startswith("ni:")]
    assert {item["sha256"] for item in inputs} == {sha256(closed / name) for name in ("patients.csv", "samples.tsv")}
    assert all(item["@id"] == content_uri(item["sha256"]) for item in inputs)


def test_a_checksum_as_uri_is_that_of_the_standard():
    """RFC 6920, section 8.2: the name of ``Hello World!``."""
    digest = hashlib.sha256(b"Hello World!").hexdigest()
    assert content_uri(digest) == "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"


def test_nothing_in_manifest_crate_or_ledger_tells_who_and_where(closed: Path, tmp_path: Path):
    results = closed / "results"
    files = [results / "manifest.json", results / "ro-crate-metadata.json", *(results / "ledger").iterdir()]
    for file in files:
        text = file.read_text(encoding="utf-8")
        for word in (str(closed), str(ROOT), platform.node(), str(Path.home()) + "/", "/tmp/"):
            assert word not in text, (file.name, word)
        assert not re.search(rf"[\"/\s]{re.escape(getpass.getuser())}[\"/\s]", text), file.name
        assert not re.search(r'"/(?!/)', text), file.name


def test_the_same_run_gives_the_same_bytes(closed: Path, tmp_path: Path):
    finish(tmp_path)
    for name in ("manifest.json", "ro-crate-metadata.json", "ledger/current.json", "ledger/changes.json"):
        mine, other = ((folder / "results" / name).read_text() for folder in (closed, tmp_path))
        place = [re.sub(r"…/[^\"]*", "…", text) for text in (mine, other)]
        if name == "ledger/changes.json":
            assert place[0] == place[1]
        assert sorted(json.loads(mine)) == sorted(json.loads(other))
    again = finish(tmp_path)
    before = {p.name: p.read_bytes() for p in (closed / "results" / "ledger").glob("000*")}
    assert len(list((again / "ledger").glob("000*"))) == len(before) == 1


def test_the_present_installation_against_its_own_manifest(closed: Path):
    plan, rules = ROOT / "config" / "plan.yaml", ROOT / "config" / "endpoints.yaml"
    paths = (settings_of(closed), inputs_of(closed), [plan, rules], closed / "results", {}, plan, rules, STEPS)
    manifest = build_manifest(*paths)
    manifest["inputs"] = {"patients.csv": sha256(closed / "patients.csv")}
    lines = compare_installation(manifest, closed)
    assert [line for line in lines if not line.same] == []
    assert {line.kind for line in lines} >= {"anpi", "package", "tool", "environment", "resource", "input"}


def test_what_differs_from_a_manifest_is_named_with_the_way_there(closed: Path, tmp_path: Path):
    manifest = read(closed / "results" / "manifest.json")
    manifest["commit"] = "1" * 40
    manifest["software"] |= {"pandas": "0.1", "salmon": "0.9"}
    manifest["environments"]["requirements.lock"] = "0" * 64
    manifest["inputs"] = {"patients.csv": "0" * 64, "gone.csv": "0" * 64}
    lines = [line for line in compare_installation(manifest, closed) if not line.same]
    assert {(line.kind, line.name) for line in lines} == {
        ("anpi", "commit"), ("package", "pandas"), ("tool", "salmon"), ("environment", "requirements.lock"),
        ("input", "patients.csv"), ("input", "gone.csv"),
    }  # fmt: skip
    words = "\n".join(advice(manifest, lines))
    for part in ("git checkout 1111", "make setup", "Install salmon 0.9", "Bring back the inputs"):
        assert part in words
    write_json(tmp_path / "manifest.json", manifest)
    program = [python(), str(ROOT / "scripts" / "reproduce_run.py"), str(tmp_path / "manifest.json")]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert re.search(r"^package +pandas +0\.1 ", done.stdout, flags=re.M)
    write_text(tmp_path / "no.json", "{}")
    program[-1] = str(tmp_path / "no.json")
    refused = subprocess.run(program, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert refused.returncode == 2
    assert "the manifest lacks" in refused.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"entry": "../x", "number": 1, "date": "2026-03-01"}'])
def test_a_damaged_record_of_the_ledgers_entry_is_told_in_words(results: Path, tmp_path: Path, text: str):
    write_text(results / "ledger" / "recorded.json", text)
    with pytest.raises(InputError, match=r"recorded\.json.*Delete it and run again: it is made again\."):
        freeze_run(results, tmp_path / "copy")


@pytest.mark.parametrize("text", ["[]", "{}", '{"@graph": 3}', '{"@graph": [3]}', '{"@graph": [{"@type": "File"}]}'])
def test_a_damaged_crate_is_told_in_words(results: Path, tmp_path: Path, text: str):
    write_text(results / "ro-crate-metadata.json", text)
    with pytest.raises(InputError, match=r"ro-crate-metadata\.json: "):
        freeze_run(results, tmp_path / "copy")


@pytest.mark.parametrize(
    ("key", "value"),
    [("software", []), ("inputs", {"patients.csv": "x"}), ("made_by", {"a": 1}), ("steps", {"build_sets": 3}),
     ("reads", None), ("given_as", {"samples": "gone.tsv"}), ("results", {"a.tsv": {}}), ("records", [1])],
)  # fmt: skip
def test_a_damaged_manifest_makes_no_crate(results: Path, tmp_path: Path, key: str, value: Any):
    write_json(results / "manifest.json", read(results / "manifest.json") | {key: value})
    words = ["--results", results, "--manifest", results / "manifest.json", "--ledger", results / "ledger"]
    words += ["--recorded", results / "ledger/recorded.json", "--workflow", results / "provenance"]
    program = [python(), str(ROOT / "scripts" / "write_crate.py"), *map(str, words), "--out", str(tmp_path / "crate")]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert re.search(rf"manifest\.json, {key}: .*Delete it and run again: it is made again\.", done.stderr)
