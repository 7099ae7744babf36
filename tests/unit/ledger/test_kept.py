"""The ledger and the history of plans in a bucket: found by a run from elsewhere, and never two truths."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from unit.ledger.stand_in import StandIn, refused, unreachable
from warm import python

from anpi.association.history import record_plan
from anpi.files.bucket import KEPT_IN, Bucket, kept_copy, kept_in, open_bucket
from anpi.files.shipped import ROOT
from anpi.files.writing import write_json
from anpi.ledger.entries import read_entries
from anpi.ledger.kept import fetch_entries, record
from anpi.ledger.purge import purge_patient
from anpi.problems import InputError

RESULTS = "s3://bucket/trial/results"
ENTRIES = "trial/results/ledger"
HISTORY = "trial/results/plan_history.json"


def state(number: int, patients: tuple[str, ...] = ()) -> dict[str, Any]:
    samples = {f"{patient}-B": {"patient": patient} for patient in patients}
    made = {"software": {"made": str(number)}, "endpoints": {}, "results": []}
    return {"patients": {patient: {"arm": "a"} for patient in patients}, "samples": samples, **made}


def ledger_of(client: StandIn) -> Bucket:
    return Bucket(f"{RESULTS}/ledger", client)


def plan(alpha: float) -> Any:
    return SimpleNamespace(settings={"alpha": alpha})


def refusal(function: Any, *arguments: Any, **more: Any) -> str:
    with pytest.raises(InputError) as error:
        function(*arguments, **more)
    return str(error.value)


def test_a_run_from_an_empty_folder_finds_the_entries_of_another(tmp_path: Path):
    client = StandIn()
    for number in (1, 2, 3):
        record(tmp_path / "here", state(number), kept=ledger_of(client))
    assert fetch_entries(tmp_path / "there", ledger_of(client)) == []
    here, there = (sorted((tmp_path / name).iterdir()) for name in ("here", "there"))
    assert [(file.name, file.read_bytes()) for file in here] == [(file.name, file.read_bytes()) for file in there]
    assert record(tmp_path / "there", state(4), kept=ledger_of(client)).number == 4
    assert len(client.held) == 4


def test_without_a_bucket_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(KEPT_IN, raising=False)
    assert kept_copy(tmp_path) is None
    assert fetch_entries(tmp_path, None) == []


def test_a_ledger_from_before_the_bucket_is_stored_whole(tmp_path: Path):
    client = StandIn()
    for number in (1, 2):
        record(tmp_path, state(number))
    record(tmp_path, state(2), kept=ledger_of(client))
    assert sorted(client.held) == sorted(f"{ENTRIES}/{file.name}" for file in tmp_path.iterdir())


def test_an_upload_that_fails_is_told_and_made_up_for_by_the_next(tmp_path: Path):
    client = StandIn()
    client.fail_at("put", unreachable())
    assert "Could not connect to the endpoint URL" in refusal(record, tmp_path, state(1), kept=ledger_of(client))
    client.before = None
    record(tmp_path, state(1), kept=ledger_of(client))
    assert list(client.held) == [f"{ENTRIES}/{entry.file}" for entry in read_entries(tmp_path)]


@pytest.mark.parametrize("plain_tags", [True, False])
def test_a_copy_that_differs_is_refused(tmp_path: Path, plain_tags: bool):
    client = StandIn(plain_tags)
    entry = record(tmp_path, state(1), kept=ledger_of(client))
    fetch_entries(tmp_path, ledger_of(client))
    key = f"{ENTRIES}/{entry.file}"
    client.held[key] = client.held[key].replace(b'"made": "1"', b'"made": "7"')
    said = refusal(fetch_entries, tmp_path, ledger_of(client))
    assert f"is not what the bucket keeps as {RESULTS}/ledger/{entry.file}" in said
    assert f"remove {tmp_path}: it is fetched anew" in said


def test_another_entry_of_the_same_number_is_refused(tmp_path: Path):
    client = StandIn()
    record(tmp_path / "here", state(1), kept=ledger_of(client))
    record(tmp_path / "there", state(2))
    assert "is not what the bucket keeps as" in refusal(fetch_entries, tmp_path / "there", ledger_of(client))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_damaged_object_is_named_and_never_fetched(tmp_path: Path, content: bytes):
    client = StandIn()
    entry = record(tmp_path / "here", state(1), kept=ledger_of(client))
    client.held[f"{ENTRIES}/{entry.file}"] = content
    said = refusal(fetch_entries, tmp_path / "there", ledger_of(client))
    assert f"{RESULTS}/ledger/{entry.file}: not an entry of a ledger, or damaged" in said
    assert not (tmp_path / "there").exists()


def test_of_two_runs_at_once_none_is_lost_without_a_word(tmp_path: Path):
    """The other run stores its entry after this one looked which there are."""
    client = StandIn()
    client.once_before("put", lambda: record(tmp_path / "there", state(2), kept=ledger_of(client)))
    said = refusal(record, tmp_path / "here", state(1), kept=ledger_of(client))
    assert "another run recorded number 1 at the same time" in said
    assert read_entries(tmp_path / "here") == []
    assert record(tmp_path / "here", state(1), kept=ledger_of(client)).number == 2
    assert len(client.held) == 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused("AccessDenied"), "AccessDenied"),
        (refused("InvalidAccessKeyId"), "InvalidAccessKeyId"),
        (unreachable(), "Could not connect to the endpoint URL"),
    ],
)
def test_what_the_server_refuses_is_told(tmp_path: Path, error: Exception, words: str):
    client = StandIn()
    client.fail_at("list", error)
    said = refusal(fetch_entries, tmp_path, ledger_of(client))
    assert words in said
    assert f"{RESULTS}/ledger: " in said
    assert "Check bucket, keys" in said


def test_a_bucket_that_is_not_there_yet_has_no_entries(tmp_path: Path):
    client = StandIn()
    client.fail_at("list", refused("NoSuchBucket"))
    assert fetch_entries(tmp_path, ledger_of(client)) == []


def test_plans_are_remembered_by_the_bucket(tmp_path: Path):
    client = StandIn()
    kept = Bucket(RESULTS, client)
    here, there = tmp_path / "here" / "plan_history.json", tmp_path / "there" / "plan_history.json"
    assert record_plan(plan(0.1), here, kept=kept) == []
    changes = record_plan(plan(0.2), there, "2026-01-01", kept=kept)
    assert changes == [{"date": "2026-01-01", "difference": ["alpha: 0.1 became 0.2"]}]
    assert record_plan(plan(0.2), here, kept=kept) == changes
    assert here.read_bytes() == there.read_bytes() == client.held[HISTORY]
    assert client.requests.count("put") == 2


def test_a_history_from_before_the_bucket_is_stored(tmp_path: Path):
    client, path = StandIn(), tmp_path / "plan_history.json"
    record_plan(plan(0.1), path)
    record_plan(plan(0.1), path, kept=Bucket(RESULTS, client))
    assert client.held[HISTORY] == path.read_bytes()


def test_histories_that_contradict_each_other_are_refused(tmp_path: Path):
    kept = Bucket(RESULTS, StandIn())
    record_plan(plan(0.1), tmp_path / "a" / "plan_history.json", kept=kept)
    record_plan(plan(0.3), tmp_path / "b" / "plan_history.json")
    said = refusal(record_plan, plan(0.3), tmp_path / "b" / "plan_history.json", kept=kept)
    assert f"tells of other plans than {RESULTS}/plan_history.json" in said


def test_a_damaged_history_of_the_bucket_is_named(tmp_path: Path):
    client = StandIn()
    client.held[HISTORY] = b"[{"
    said = refusal(record_plan, plan(0.3), tmp_path / "plan_history.json", kept=Bucket(RESULTS, client))
    assert f"{RESULTS}/plan_history.json: the history of plans is damaged" in said


@pytest.mark.parametrize("first", [True, False])
def test_two_runs_that_note_a_plan_at_once_are_told(tmp_path: Path, first: bool):
    client = StandIn()
    kept = Bucket(RESULTS, client)
    here, there = tmp_path / "a" / "plan_history.json", tmp_path / "b" / "plan_history.json"
    if not first:
        record_plan(plan(0.1), here, kept=kept)
    client.once_before("put", lambda: record_plan(plan(0.2), there, kept=kept))
    assert "another run changed it at the same time" in refusal(record_plan, plan(0.3), here, kept=kept)
    assert client.held[HISTORY] == there.read_bytes()


def finished(folder: Path, client: StandIn) -> Bucket:
    """Return the bucket of a run from which patient P2 was withdrawn; its folder holds the ledger alone."""
    stored = Bucket(RESULTS, client)
    record(folder / "ledger", state(1, ("P1", "P2")), kept=stored.below("ledger"))
    record(folder / "ledger", state(2, ("P1",)), kept=stored.below("ledger"))
    places = ("ledger/changes.json", "report/index.html", "exports/gct/a.gct", "samples/P2-B/qc.json")
    for place in (*places, "logs/quantify_sample/P2-B.log", "samples/P2-B2/qc.json", "samples/P1-B/qc.json"):
        stored.write(place, b"P2")
    stored.write("ledger/current.json", json.dumps(state(2, ("P1",))).encode())
    return stored


def entries_in(client: StandIn) -> dict[str, bytes]:
    return {Path(key).name: content for key, content in client.held.items() if key.startswith(f"{ENTRIES}/0")}


def test_a_patient_leaves_the_bucket_too(tmp_path: Path):
    client = StandIn()
    done = purge_patient(tmp_path, "P2", finished(tmp_path, client))
    assert "samples/P2-B was removed" in done
    remaining = sorted(key.removeprefix("trial/results/") for key in client.held if "ledger/0" not in key)
    assert remaining == ["ledger/current.json", "samples/P1-B/qc.json", "samples/P2-B2/qc.json"]
    assert not any(b"P2" in content for content in entries_in(client).values())
    assert entries_in(client) == {file.name: file.read_bytes() for file in (tmp_path / "ledger").iterdir()}


@pytest.mark.parametrize("request_name", ["put", "delete"])
def test_a_purge_that_was_stopped_is_taken_up(tmp_path: Path, request_name: str):
    client = StandIn()
    stored = finished(tmp_path, client)
    client.fail_at(request_name, unreachable())
    refusal(purge_patient, tmp_path, "P2", stored)
    client.before = None
    purge_patient(tmp_path, "P2", stored)
    fetch_entries(tmp_path / "ledger", stored.below("ledger"))
    assert not any(b"P2" in content for content in entries_in(client).values())
    assert len(read_entries(tmp_path / "ledger")) == len(entries_in(client)) == 2


def test_a_purge_midway_is_told_to_runs(tmp_path: Path):
    client = StandIn()
    stored = finished(tmp_path, client)
    client.fail_at("delete", unreachable())
    refusal(purge_patient, tmp_path, "P2", stored)
    client.before = None
    said = refusal(fetch_entries, tmp_path / "there", stored.below("ledger"))
    assert "two entries have number 1. If purge_patient.py was stopped, run it again" in said


def test_a_folder_that_still_knows_the_patient_does_not_bring_the_entry_back(tmp_path: Path):
    client = StandIn()
    stored = finished(tmp_path / "here", client)
    fetch_entries(tmp_path / "there" / "ledger", stored.below("ledger"))
    purge_patient(tmp_path / "here", "P2", stored)
    held = dict(client.held)
    said = refusal(record, tmp_path / "there" / "ledger", state(3, ("P1",)), kept=stored.below("ledger"))
    assert "as after purge_patient.py" in said
    assert client.held == held


def test_jobs_are_told_by_the_environment(monkeypatch: pytest.MonkeyPatch):
    settings = SimpleNamespace(endpoint_url="http://127.0.0.1:9", region="eu-1", retries=1, secret_key="planted")
    variables = kept_in("s3://bucket/trial/", settings)
    assert variables["SNAKEMAKE_STORAGE_S3_SECRET_KEY"] == "planted"
    assert "planted" not in variables[KEPT_IN]
    monkeypatch.setenv(KEPT_IN, variables[KEPT_IN])
    copy = kept_copy("results/ledger")
    assert copy is not None
    assert copy.url == "s3://bucket/trial/results/ledger"
    assert copy.client.meta.endpoint_url == "http://127.0.0.1:9"
    assert copy.client.meta.region_name == "eu-1"


@pytest.mark.parametrize("url", ["s3://bucket", "results", "https://bucket/results", "s3://bucket/../x"])
def test_a_url_that_names_no_folder_of_a_bucket_is_refused(url: str):
    assert "expected s3://bucket/folder" in refusal(open_bucket, url, None)


def test_an_endpoint_that_is_no_url_is_refused():
    assert "expected a URL such as" in refusal(open_bucket, RESULTS, "127.0.0.1:9")


def test_a_program_tells_a_dead_endpoint_without_keys(tmp_path: Path):
    write_json(tmp_path / "state.json", state(1))
    variables = kept_in("s3://bucket/trial", SimpleNamespace(endpoint_url="http://127.0.0.1:9", retries=1))
    keys = {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "plantedkey", "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "plantedsecret"}
    command = [python(), str(ROOT / "scripts" / "record_run.py"), "--state", "state.json"]
    command += ["--ledger", "results/ledger", "--out", "recorded.json"]
    environment = os.environ | variables | keys
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "s3://bucket/trial/results/ledger: Could not connect to the endpoint URL" in done.stderr
    assert "planted" not in done.stderr
    assert "Traceback" not in done.stderr
