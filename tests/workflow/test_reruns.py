"""A rerun does exactly what changed asks for, and a killed run ends with the same bytes."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from warm import python, server_of

from workflow.conftest import SAMPLES_KEPT
from workflow.running import command, copy, environment, planned, results_of, run

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.xdist_group("reruns"),
    pytest.mark.skipif(not (shutil.which("salmon") and shutil.which("fastp")), reason="salmon and fastp are needed"),
]


@pytest.fixture
def trial(finished_trial: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "trial"
    shutil.copytree(finished_trial, folder, symlinks=True)
    return folder


def test_a_second_run_does_nothing(anpi: Path, trial: Path):
    assert planned(anpi, trial) == {}


def test_touching_every_file_reruns_nothing(anpi: Path, trial: Path, tmp_path: Path):
    installation = copy(anpi, tmp_path)
    files = [file for folder in (trial, installation) for file in folder.rglob("*") if file.is_file()]
    random.Random(1).shuffle(files)
    for file in files:
        if ".snakemake" not in file.parts:
            file.touch()
    assert planned(installation, trial) == {}


def test_a_fresh_clone_reruns_nothing(anpi: Path, trial: Path, tmp_path: Path):
    assert planned(copy(anpi, tmp_path), trial) == {}


def test_a_moved_folder_reruns_nothing(anpi: Path, trial: Path, tmp_path: Path):
    moved = tmp_path / "elsewhere" / "renamed"
    moved.parent.mkdir()
    trial.rename(moved)
    assert planned(anpi, moved) == {}


@pytest.mark.parametrize(
    ("module", "reruns"),
    [
        ("cohort/verdicts.py", {"judge_samples"}),
        ("cohort/sets.py", {"build_sets", "measure_changes"}),
        ("quantification/reference.py", {"build_reference"}),
        ("quantification/quantify.py", {"quantify_sample"}),
        # assemble_cohort uses it too, and is planned already because its inputs will be new
        ("expression/summary.py", {"summarise_sample"}),
    ],
)
def test_an_edited_module_reruns_the_rules_that_use_it(
    anpi: Path, trial: Path, tmp_path: Path, module: str, reruns: set[str]
):
    installation = copy(anpi, tmp_path)
    with open(installation / "scripts" / "anpi" / module, "a") as file:
        file.write("\n# edited\n")
    said = run(installation, trial, "--dry-run")
    changed = re.search(r"params have changed since last execution:\n\s+(.+)\n", said)
    assert changed is not None
    assert set(changed.group(1).split(", ")) == reruns


def test_an_edit_to_what_no_rule_uses_reruns_nothing(anpi: Path, trial: Path, tmp_path: Path):
    installation = copy(anpi, tmp_path)
    with open(installation / "demo" / "trial.py", "a") as file:
        file.write("\n# edited\n")
    assert planned(installation, trial) == {}


def test_a_new_sample_runs_its_two_jobs_and_the_merges(anpi: Path, trial: Path):
    before = results_of(trial)
    sheets = trial / "config"
    samples = pd.read_csv(sheets / "samples.tsv", sep="\t", dtype=str)
    units = pd.read_csv(sheets / "units.tsv", sep="\t", dtype=str)
    twin = samples.iloc[[0]].assign(sample_id="AAA-new")
    reads = units[units["sample_id"] == samples["sample_id"][0]].assign(sample_id="AAA-new")
    for column in ("fastq_1", "fastq_2"):
        for file in reads[column].dropna():
            shutil.copy(trial / file, trial / file.replace("reads/", "reads/new_"))
        reads[column] = reads[column].str.replace("reads/", "reads/new_")
    pd.concat([samples, twin]).to_csv(sheets / "samples.tsv", sep="\t", index=False)
    pd.concat([units, reads]).to_csv(sheets / "units.tsv", sep="\t", index=False)

    jobs = planned(anpi, trial)
    assert jobs["quantify_sample"] == 1
    assert jobs["summarise_sample"] == 1
    assert "build_reference" not in jobs
    assert "derive_endpoints" not in jobs
    run(anpi, trial)

    changes = json.loads((trial / "results" / "ledger" / "changes.json").read_text())
    people = next(section["rows"] for section in changes["sections"] if section["name"] == "people")
    assert people == [[twin["patient_id"].iloc[0], "AAA-new", "added", "new in the table"]]
    after = results_of(trial)
    for name in ("subtypes/calls.tsv", "immune/scores.tsv", "qc/verdicts.tsv"):
        old, new = before[name].splitlines(), after[name].splitlines()
        assert [row for row in new if not row.startswith(b"AAA-new\t")] == old, name
        assert len(new) > len(old), name
    for name in ("cohort/counts.tsv.gz", "cohort/tpm.tsv.gz"):
        old, new = columns(before[name]), columns(after[name])
        assert set(new) - set(old) == {"AAA-new"}
        assert {column: new[column] for column in old} == old, name
    for name, content in before.items():
        if name.startswith("samples/"):
            assert after[name] == content, name


def test_a_result_that_is_kept_over_changed_settings_is_found(anpi: Path, trial: Path):
    """Touched, all seems well; the manifest that is then written states settings that no result was made with."""
    verify = [python(), str(anpi / "scripts" / "verify_run.py"), "results"]
    whole = subprocess.run(verify, cwd=trial, capture_output=True, text=True, check=False)
    assert whole.returncode == 0, whole.stdout
    config = trial / "config" / "config.yaml"
    config.write_text(config.read_text() + "title: Another\n")
    run(anpi, trial, "--touch")
    (trial / "results" / "manifest.json").unlink()
    run(anpi, trial)
    stale = subprocess.run(verify, cwd=trial, capture_output=True, text=True, check=False)
    assert stale.returncode == 1
    faults = [line for line in stale.stdout.splitlines() if line.startswith("stale: ")]
    assert len(faults) == 2  # the report and the state of the run hold the title
    assert sum(fault.startswith("stale: report/") for fault in faults) == 1
    assert "whole, but some were stale" in stale.stdout
    assert all("made with other settings" in fault for fault in faults)


def test_another_word_of_the_sheet_of_units_over_kept_results_is_found(anpi: Path, trial: Path):
    """A strand and molecular identifiers that are declared after the reads were quantified, and a touch."""
    sheet = trial / "config" / "units.tsv"
    units = pd.read_csv(sheet, sep="\t", dtype=str)
    with_umi, stranded = units["sample_id"].unique()[:2]
    assert set(units.loc[units["sample_id"] == stranded, "strandedness"]) != {"forward"}
    units.loc[units["sample_id"] == with_umi, "umi"] = "read1:8"
    units.loc[units["sample_id"] == stranded, "strandedness"] = "forward"
    units.to_csv(sheet, sep="\t", index=False, na_rep="NA")
    run(anpi, trial, "--touch")
    (trial / "results" / "manifest.json").unlink()
    run(anpi, trial)
    verify = [python(), str(anpi / "scripts" / "verify_run.py"), "results"]
    stale = subprocess.run(verify, cwd=trial, capture_output=True, text=True, check=False)
    assert stale.returncode == 1
    told = re.findall(r"^stale: samples/([^/]+)/.*: made with another (\S+) than units.tsv", stale.stdout, flags=re.M)
    assert sorted(told) == sorted([(with_umi, "umi"), (stranded, "strandedness"), (stranded, "strandedness")])


def test_facts_that_come_beside_a_salmon_result_later_are_taken_in(anpi: Path, small_trial: Path, tmp_path: Path):
    """A folder that was copied without aux_info told no mapping rate, and none was judged."""
    folder = tmp_path / "trial"
    shutil.copytree(small_trial, folder)
    with gzip.open(folder / "reference" / "transcripts.fa.gz", "rt") as lines:
        header, *records = "".join(lines).split(">")
    assert header == ""
    lengths = {name: len("".join(sequence)) for name, *sequence in map(str.split, records)}
    table = pd.DataFrame({"Name": lengths.keys(), "Length": lengths.values(), "EffectiveLength": 100.0})
    table = table.assign(TPM=1e6 / len(table), NumReads=100 / len(table))
    (folder / "salmon" / "aux_info").mkdir(parents=True)
    table.to_csv(folder / "salmon" / "quant.sf", sep="\t", index=False)
    samples = pd.read_csv(folder / "config" / "samples.tsv", sep="\t", dtype=str)
    samples["use"] = samples["sample_id"].eq("P001-B").map({True: "yes", False: "no"})
    samples.to_csv(folder / "config" / "samples.tsv", sep="\t", index=False, na_rep="NA")
    (folder / "config" / "units.tsv").write_text("sample_id\tunit_id\tquant\nP001-B\tL1\tsalmon\n")
    facts = folder / "results" / "samples" / "P001-B" / "qc.json"
    run(anpi, folder, str(facts.relative_to(folder)))
    assert json.loads(facts.read_text())["mapping_rate"] is None
    (folder / "salmon" / "aux_info" / "meta_info.json").write_text('{"num_processed": 1000, "num_mapped": 100}')
    run(anpi, folder, str(facts.relative_to(folder)))
    assert json.loads(facts.read_text())["mapping_rate"] == 10


def test_a_damaged_file_that_is_copied_again_is_read_again(anpi: Path, small_trial: Path, tmp_path: Path):
    """Both had one size and the same ends, by which reads are known; a copy may keep the time of the content."""
    folder = tmp_path / "trial"
    shutil.copytree(small_trial, folder)
    file, facts = folder / "reads" / "P013-B_L1_R1.fastq.gz", folder / "results" / "samples" / "P013-B" / "reads.json"
    target = str(facts.relative_to(folder))
    whole, past = file.read_bytes(), file.stat().st_mtime - 1000
    middle = len(whole) // 2 - 500
    file.write_bytes(whole[:middle] + bytes(1000) + whole[middle + 1000 :])
    run(anpi, folder, target)
    assert "Copy the file again" in json.loads(facts.read_text())["failure"]
    file.touch()
    assert planned(anpi, folder, target) == {}
    file.write_bytes(whole)
    os.utime(file, (past, past))
    assert planned(anpi, folder, target) == {"quantify_sample": 1}
    run(anpi, folder, target)
    assert "failure" not in json.loads(facts.read_text())
    assert planned(anpi, folder, target) == {}


def test_without_the_records_of_snakemake_all_is_made_anew(anpi: Path, trial: Path):
    """What was changed since cannot be told: settings and reads are known by them alone."""
    shutil.rmtree(trial / ".snakemake")
    jobs = planned(anpi, trial)
    assert jobs["quantify_sample"] == len(SAMPLES_KEPT)
    assert {"build_reference", "derive_endpoints", "call_subtypes", "write_report"} <= set(jobs)


def columns(content: bytes) -> dict[str, list[str]]:
    rows = [line.split("\t") for line in gzip.decompress(content).decode().splitlines()]
    return {name: [row[i] for row in rows] for i, name in enumerate(rows[0])}


def test_a_run_killed_at_20_moments_ends_with_the_same_bytes(
    anpi: Path, small_trial: Path, finished_trial: Path, tmp_path: Path
):
    """Moments between the beginning of the planning and some seconds of jobs; hash seed and cores differ."""
    folder = tmp_path / "trial"
    shutil.copytree(small_trial, folder)
    environments = [{"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"}]
    for variables in environments:
        python(**variables)  # loads its libraries when it is first asked for
    began = time.monotonic()
    run(anpi, folder, "--dry-run", **environments[0])
    planning = time.monotonic() - began
    moments = random.Random(5901584)
    killed = 0
    while killed < 20:
        for lock in folder.glob(".snakemake/locks/*"):
            lock.unlink()  # what --unlock does, without a planning each time
        variables = environments[killed // 2 % 2]
        process = subprocess.Popen(
            command(anpi, folder, "--cores", str(1 + killed % 2), **variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(**variables),
            cwd=folder,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(planning * moments.uniform(0.5, 1) + moments.uniform(0, 1.2))
            for name in ("clinical", "association", "report"):  # it ended first: there is to be something to kill
                shutil.rmtree(folder / "results" / name, ignore_errors=True)
            continue
        kill_programs(python(**variables))
        ended = process.wait()
        assert ended in (0, -signal.SIGKILL)
        killed += ended != 0
    run(anpi, folder, "--unlock")
    run(anpi, folder)
    expected, found = results_of(finished_trial), results_of(folder)
    assert set(found) == set(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


def kill_programs(program: str) -> None:
    """Kill Snakemake and all that it started, as a power cut would: first stopped, so that nothing new starts."""
    server, stopped = server_of(program), set()
    while started := set(server.children(recursive=True)) - stopped:
        for process in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        stopped |= started
    for process in stopped:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    while any(map(lives, [*stopped, *server.children()])):
        time.sleep(0.01)


def lives(process: psutil.Process) -> bool:
    """Return whether a process may still write; one that nobody has waited for yet does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
