"""The workflow with reads, reference and results in S3, against a loopback server: `make test-s3`.

Not part of `make test`: it runs the whole workflow three times (local, stored, and stored again without a
patient). The keys that the workflow is given are planted words, which are looked for afterwards in all that it wrote.
"""

from __future__ import annotations

import base64
import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from s3.server import BUCKET, ROOT, Server, free_port, running_server

# Each process writes its own time or resources there, or orders what it writes anew; docs/cloud.md says the same.
DIFFERS = re.compile(
    r"(logs|benchmarks|reference/salmon_index|multiqc|ledger|provenance)/|(manifest|ro-crate-metadata)\.json$"
)
# What programs note beside the results stays in the folder of the run.
KEPT_LOCAL = re.compile(r"ledger/(pages|kept)/|made_from/")
ENTRY = re.compile(r"ledger/\d{4,}-[0-9a-f]{12}\.json")
KEY = "AKIAPLANTEDKEYOFANPI"
SECRET = "planted/secret+of/anpi+0123456789abcdefghi"


def snakemake(trial: Path, *words: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the workflow in the folder of a trial, with no credentials but those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SNAKEMAKE_"))}
    given = {"HOME": str(trial.parent), **environment}
    command = ["snakemake", "--snakefile", str(ROOT / "workflow" / "Snakefile"), "--directory", str(trial)]
    command += ["--configfile", str(trial / "config" / "config.yaml"), "--cores", "2", *words]
    program = [sys.executable, "-m", *command]
    return subprocess.run(program, env=kept | given, capture_output=True, text=True, check=False, timeout=3600)


class Stored:
    """A trial whose reads and reference are objects, and whose results become some."""

    def __init__(self, folder: Path, server: Server):
        self.folder, self.server = folder, server
        self.said: list[str] = []

    def run(self, *words: str, url: str | None = None, results: bool = True) -> subprocess.CompletedProcess:
        storage = ["--storage-s3-endpoint-url", url or self.server.url, "--storage-s3-retries", "1"]
        if results:
            storage += ["--default-storage-provider", "s3", "--default-storage-prefix", f"s3://{BUCKET}"]
        keys = {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": KEY, "SNAKEMAKE_STORAGE_S3_SECRET_KEY": SECRET}
        done = snakemake(self.folder, *storage, *words, **keys)
        self.said += [done.stdout, done.stderr]
        return done

    def entries(self) -> list[str]:
        """List the ledger's entries in the bucket."""
        return [key for key in self.server.keys("results/ledger/") if ENTRY.search(key)]

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.folder / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulate a trial and run it on local files."""
    trial = tmp_path_factory.mktemp("local") / "trial"
    program = [sys.executable, ROOT / "scripts" / "simulate_demo.py", "--out", trial, "--patients", "16"]
    subprocess.run([*program, "--pairs", "20000"], check=True)
    done = snakemake(trial)
    assert done.returncode == 0, done.stderr[-4000:]
    return trial


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def stored(local: Path, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """Run the same trial from S3 to S3; the folder of the run holds the tables alone."""
    for name in ("reads", "reference"):
        server.upload(local / name, name)
    trial = Stored(tmp_path_factory.mktemp("stored") / "trial", server)
    shutil.copytree(local / "config", trial.folder / "config")
    trial.edit("config/units.tsv", "reads/", f"s3://{BUCKET}/reads/")
    trial.edit("config/config.yaml", "reference/", f"s3://{BUCKET}/reference/")
    done = trial.run()
    assert done.returncode == 0, done.stderr[-4000:]
    return trial


@pytest.fixture(scope="module")
def results(stored: Stored, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what the run left in the bucket."""
    folder = tmp_path_factory.mktemp("downloaded")
    stored.server.download("results", folder)
    return folder


def files_below(folder: Path) -> set[str]:
    """List the files below a folder but those in which Snakemake notes the time of a folder."""
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    return {name for name in files if not name.endswith(".snakemake_timestamp")}


def named_alike(names: set[str]) -> set[str]:
    """Name entries of the ledger without their checksum, since those of two places differ."""
    return {ENTRY.sub(lambda match: match[0][: len("ledger/0001")], name) for name in names}


def test_the_bucket_holds_what_a_local_run_writes(local: Path, results: Path):
    expected = {name for name in files_below(local / "results") if not KEPT_LOCAL.search(name)}
    assert named_alike(files_below(results)) == named_alike(expected)


def test_the_crate_knows_the_entry_of_the_ledger(results: Path):
    graph = json.loads((results / "ro-crate-metadata.json").read_text())["@graph"]
    (entry,) = [item for item in graph if ENTRY.fullmatch(item["@id"])]
    content = (results / entry["@id"]).read_bytes()
    assert (entry["sha256"], entry["contentSize"]) == (hashlib.sha256(content).hexdigest(), str(len(content)))


def test_what_was_downloaded_can_be_frozen(results: Path, tmp_path: Path):
    program = [sys.executable, ROOT / "scripts" / "freeze_run.py", results, tmp_path / "frozen"]
    subprocess.run(program, check=True)
    names = files_below(tmp_path / "frozen")
    assert [name for name in names if ENTRY.fullmatch(name)] != []


def test_results_in_s3_are_those_of_a_local_run_to_the_byte(local: Path, results: Path):
    names = sorted(name for name in files_below(results) if not DIFFERS.match(name))
    differing = [name for name in names if not filecmp.cmp(results / name, local / "results" / name, shallow=False)]
    assert differing == []
    assert len(names) > 100


def test_the_manifest_knows_the_same_results(local: Path, results: Path):
    """The sheet of units names other places; the state in the ledger holds its checksum."""
    here, there = (json.loads((folder / "manifest.json").read_text()) for folder in (local / "results", results))
    for manifest in (here, there):
        assert manifest["results"].pop("ledger/current.json")
        assert manifest["inputs"].pop("config/units.tsv")
    assert there["results"] == here["results"]
    assert there["reads"] == here["reads"]
    assert sorted(there["inputs"].values()) == sorted(here["inputs"].values())


def quantified(done: subprocess.CompletedProcess) -> list[str]:
    """List the samples that a run quantifies, or would."""
    return re.findall(r"rule quantify_sample:.*?wildcards: sample=(\S+)", done.stdout + done.stderr, flags=re.S)


def test_a_second_run_does_nothing(stored: Stored):
    done = stored.run("--dry-run")
    assert "Nothing to be done" in done.stdout + done.stderr


def test_a_replaced_object_is_quantified_again_and_no_other(stored: Stored):
    key = next(key for key in stored.server.keys("reads/P003-B"))
    source = {"Bucket": BUCKET, "Key": key}
    stored.server.client.copy_object(Bucket=BUCKET, Key=key, CopySource=source, MetadataDirective="REPLACE")
    done = stored.run("--dry-run", "--until", "quantify_sample")
    assert quantified(done) == ["P003-B"]


def test_reads_in_s3_with_results_at_home(local: Path, stored: Stored, tmp_path: Path):
    trial = Stored(tmp_path / "trial", stored.server)
    shutil.copytree(stored.folder / "config", trial.folder / "config")
    done = trial.run("--", "results/samples/P003-B/genes.parquet", results=False)
    assert done.returncode == 0, done.stderr[-4000:]
    made, expected = (folder / "results/samples/P003-B/genes.parquet" for folder in (trial.folder, local))
    assert filecmp.cmp(made, expected, shallow=False)
    stored.said += trial.said


def test_a_dead_endpoint_ends_in_words(stored: Stored):
    url = f"http://127.0.0.1:{free_port()}"
    done = stored.run("--dry-run", url=url)
    assert done.returncode == 1
    assert f'Could not connect to the endpoint URL: "{url}' in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_an_object_that_is_not_there_is_named(stored: Stored, tmp_path: Path):
    trial = Stored(tmp_path / "trial", stored.server)
    shutil.copytree(stored.folder / "config", trial.folder / "config")
    trial.edit("config/units.tsv", "P003-B_L1_R1", "P003-B_L9_R1")
    done = trial.run("--dry-run", results=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "Missing input files for rule quantify_sample" in said
    assert f"s3://{BUCKET}/reads/P003-B_L9_R1" in said
    assert "Traceback" not in said


def test_no_credentials_are_taken_from_anywhere_else(stored: Stored):
    words = ["--storage-s3-endpoint-url", stored.server.url, "--dry-run"]
    done = snakemake(stored.folder, *words, AWS_EC2_METADATA_DISABLED="true")
    assert done.returncode == 1
    assert "Unable to locate credentials" in done.stdout + done.stderr


def test_a_patient_who_is_taken_out_leaves_the_bucket(stored: Stored):
    pages = set(stored.server.keys("results/report/patients/"))
    assert "results/report/patients/P016.html" in pages
    for file in (stored.folder / "config").rglob("*.[tc]sv"):
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(row for row in rows if not row.startswith("P016")), encoding="utf-8")
    with open(stored.folder / "config" / "config.yaml", "a", encoding="utf-8") as config:
        config.write("confirmed: [1 patient gone]\n")
    done = stored.run()
    assert done.returncode == 0, done.stderr[-4000:]
    assert pages - set(stored.server.keys("results/report/patients/")) == {"results/report/patients/P016.html"}
    assert quantified(done) == ["P003-B"]


def test_a_purged_patient_is_in_no_entry_of_the_bucket(stored: Stored):
    before = [stored.server.content(key) for key in stored.entries()]
    assert any(b"P016" in content for content in before)
    keys = {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": KEY, "SNAKEMAKE_STORAGE_S3_SECRET_KEY": SECRET}
    program = [sys.executable, ROOT / "scripts" / "purge_patient.py", "results", "P016"]
    program += ["--stored", f"s3://{BUCKET}/results", "--endpoint-url", stored.server.url]
    done = subprocess.run(program, cwd=stored.folder, env=os.environ | keys, capture_output=True, text=True, check=True)
    stored.said += [done.stdout, done.stderr]
    assert len(stored.entries()) == len(before)
    assert not any(b"P016" in stored.server.content(key) for key in stored.entries())
    assert [key for key in stored.server.keys("results/") if "P016" in key] == []
    assert "results/report/index.html" not in stored.server.keys("results/")


def test_a_run_from_an_empty_folder_knows_the_earlier_ones(stored: Stored, tmp_path: Path):
    elsewhere = Stored(tmp_path / "trial", stored.server)
    shutil.copytree(stored.folder / "config", elsewhere.folder / "config")
    elsewhere.edit("config/clinical/patients.csv", ",cadonilimab,", ",another,")
    done = elsewhere.run("--dry-run")
    assert done.returncode == 1
    assert "not as the last run: new arm another" in done.stdout + done.stderr
    elsewhere.edit("config/clinical/patients.csv", ",another,", ",cadonilimab,")
    elsewhere.edit("config/plan.yaml", "alpha: 0.05", "alpha: 0.1")
    done = elsewhere.run()
    assert done.returncode == 0, done.stderr[-4000:]
    assert [int(re.findall(r"ledger/(\d+)-", key)[0]) for key in elsewhere.entries()] == [1, 2, 3]
    changes = json.loads(stored.server.content("results/ledger/changes.json"))
    assert changes["since"]["number"] == 2
    assert "The plan changed" in " ".join(changes["sentences"])
    assert len(json.loads(stored.server.content("results/association/plan_history.json"))) == 2
    stored.said += elsewhere.said


def test_keys_stand_in_nothing_that_was_written(stored: Stored, tmp_path: Path):
    stored.server.download("results", tmp_path)
    words = [word.encode() for word in (KEY, SECRET)]
    words += [base64.b64encode(word) for word in words]
    held = [text.encode() for text in stored.said]
    held += [file.read_bytes() for folder in (stored.folder, tmp_path) for file in folder.rglob("*") if file.is_file()]
    assert len(held) > 100
    assert [word for word in words for content in held if word in content] == []
