"""New follow-up, corrected rows, withdrawn patients, new models: what reruns, what moves, what is told of it."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml
from warm import python

from workflow.running import ROOT, attempt, planned, results_of, run

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.xdist_group("changes"),
    pytest.mark.skipif(not (shutil.which("salmon") and shutil.which("fastp")), reason="salmon and fastp are needed"),
]
RNA = ("cohort/", "exploration/", "immune/", "qc/", "samples/", "subtypes/")
CLOSING = {"close_accounts", "describe_run", "write_report", "write_manifest", "record_run", "write_crate"}
JOIN = {"build_sets", "test_associations", "test_expression", "test_changes"}
CLINICAL = {"derive_endpoints", "tabulate_adverse_events"}
GONE = "P003"
SAMPLES_GONE = ("P003-B", "P003-O")  # before and under treatment


@pytest.fixture
def trial(finished_trial: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_trial, tmp_path / "trial", symlinks=True))


def rna_of(trial: Path) -> dict[str, bytes]:
    return {name: content for name, content in results_of(trial).items() if name.startswith(RNA)}


def changes_of(trial: Path) -> dict:
    return json.loads((trial / "results" / "ledger" / "changes.json").read_text(encoding="utf-8"))


def rows_of(changes: dict, name: str) -> list[list[str]]:
    return next((section["rows"] for section in changes["sections"] if section["name"] == name), [])


def configure(trial: Path, **settings: object) -> None:
    file = trial / "config" / "config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | settings, sort_keys=False))


def edit(file: Path, pattern: str, replacement: str) -> None:
    text = file.read_text(encoding="utf-8")
    changed = re.sub(pattern, replacement, text, flags=re.M)
    assert changed != text, file.name
    file.write_text(changed, encoding="utf-8")


def test_a_new_data_cut_moves_endpoints_and_not_a_single_value_of_rna(anpi: Path, trial: Path):
    before = rna_of(trial)
    rules = trial / "config" / "endpoints.yaml"
    shutil.copy(ROOT / "config" / "endpoints.yaml", rules)
    edit(rules, r"^data_cutoff: .*$", "data_cutoff: 2024-07-01")
    configure(trial, endpoints="config/endpoints.yaml")
    assert set(planned(anpi, trial)) == CLINICAL | JOIN | CLOSING

    run(anpi, trial, "results/ledger/changes.json")
    assert rna_of(trial) == before
    changes = changes_of(trial)
    assert rows_of(changes, "calls") == []
    moved = rows_of(changes, "endpoints")
    assert moved
    assert all("data cut-off moved from none to 2024-07-01" in row[-1] for row in moved)
    assert "The data cut-off moved from none to 2024-07-01." in changes["sentences"]

    # The cut had no run of its own yet: a corrected row comes on top of it, and reruns the clinical half alone.
    run(anpi, trial, "results/association/results.tsv")
    edit(trial / "config" / "clinical" / "assessments.csv", r"^(P001,[^,]+),SD,SD,", r"\1,PR,PR,")
    jobs = set(planned(anpi, trial))
    assert "derive_endpoints" in jobs
    assert jobs <= CLINICAL | JOIN | CLOSING
    run(anpi, trial, "results/ledger/changes.json")
    assert rna_of(trial) == before
    assert any(row[0] == "P001" and "assessments: " in row[-1] for row in rows_of(changes_of(trial), "endpoints"))


def test_a_withdrawn_patient_is_gone_from_every_result_and_named_by_the_change_report(anpi: Path, trial: Path):
    before = results_of(trial)
    for file in [*(trial / "config").glob("*.tsv"), *(trial / "config" / "clinical").glob("*.csv")]:
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(row for row in rows if not row.startswith(GONE)), encoding="utf-8")
    code, said = attempt(anpi, trial, "-n")
    assert code == 1
    assert f"It is {GONE}: restore rows that were lost." in said
    configure(trial, confirmed=["1 patient gone"])
    jobs = planned(anpi, trial)
    assert not {"quantify_sample", "summarise_sample", "build_reference"} & set(jobs)
    run(anpi, trial)
    assert planned(anpi, trial) == {}

    results = trial / "results"
    changes = changes_of(trial)
    assert rows_of(changes, "people") == [
        [GONE, "none", "withdrawn", "no longer in the table"],
        *([GONE, sample, "withdrawn", "no longer in the table"] for sample in SAMPLES_GONE),
    ]
    command = changes["leftovers"]["command"].split()
    assert command[:3] == ["rm", "-r", "--"]
    assert {f"samples/{sample}" for sample in SAMPLES_GONE} <= set(command)
    held = [path.relative_to(results).as_posix() for path in results.rglob("*") if path.is_file() and holds(path)]
    left = [name for name in held if not any(name == part or name.startswith(f"{part}/") for part in command[3:])]
    left = [name for name in left if not name.startswith(("logs/", "benchmarks/"))]
    first = next((results / "ledger").glob("0001-*.json"))
    assert sorted(left) == sorted([f"ledger/{first.name}", "ledger/changes.json", "report/index.html"])
    page = (results / "report" / "index.html").read_text(encoding="utf-8")
    before_it, after_it = page.split('<section id="changes"')
    told, rest = after_it.split("<section id=", 1)
    assert GONE in told
    assert GONE not in before_it + rest
    after = results_of(trial)
    for name in ("subtypes/calls.tsv", "immune/scores.tsv", "qc/verdicts.tsv"):
        others = [row for row in before[name].splitlines() if not row.startswith(GONE.encode())]
        assert after[name].splitlines() == others, name

    program = [python(), str(ROOT / "scripts" / "purge_patient.py"), str(results), GONE]
    subprocess.run(program, check=True, capture_output=True)
    assert set(planned(anpi, trial)) == CLOSING - {"close_accounts"}
    run(anpi, trial)
    assert [path for path in results.rglob("*") if path.is_file() and holds(path)] == []


def holds(path: Path) -> bool:
    """Return whether a file's name or its content, unpacked, holds the withdrawn patient."""
    if GONE in path.as_posix().split("/results/", 1)[1]:
        return True
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix in (".xlsx", ".zip"):
        with zipfile.ZipFile(path) as book:
            content = b"".join(book.read(name) for name in book.namelist())
    elif path.suffix == ".h5ad":
        import anndata

        content = anndata.read_h5ad(path).obs.reset_index().to_csv().encode()
    return GONE.encode() in content


def listed_by(model: Path) -> list[str]:
    return [line.split()[1].lstrip("*") for line in (model / "SHA256SUMS").read_text().splitlines()]


def test_a_new_model_reruns_the_calls_and_what_follows_from_them(anpi: Path, trial: Path):
    model = trial / "config" / "model"
    shutil.copytree(ROOT / "resources" / "subtypes" / "sclc_anpi" / "2.0.0", model)
    edit(model / "model.yaml", r"^version: .*$", "version: 2.0.1")
    sums = [f"{hashlib.sha256((model / name).read_bytes()).hexdigest()}  {name}" for name in listed_by(model)]
    (model / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    configure(trial, subtype_model="config/model")
    followers = {"explore_cohort", "compare_signatures", "estimate_fractions", "write_cohort", "show_samples"}
    followers |= {"score_targets", "measure_changes"}
    jobs = set(planned(anpi, trial))
    assert {"call_subtypes", "build_sets", "write_report"} <= jobs
    assert jobs <= {"call_subtypes"} | followers | JOIN | CLOSING


def test_signatures_of_the_users_own_rerun_the_scores_and_what_follows_from_them(anpi: Path, trial: Path):
    (trial / "config" / "own.gmt").write_text("own_set\tof the test\tCD8A\tCD8B\tGZMA\tPRF1\tCD3D\tCD3E\n")
    configure(trial, signatures={"gmt": ["config/own.gmt"]})
    jobs = set(planned(anpi, trial))
    assert {"score_signatures", "test_associations", "write_report"} <= jobs
    followers = {"compare_signatures", "write_cohort", "test_associations", "measure_changes", "test_changes"}
    assert jobs <= {"score_signatures"} | followers | CLOSING
