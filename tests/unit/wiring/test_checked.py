"""Inputs that passed all checks are not checked again, and every change of them is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from anpi import check
from anpi.problems import InputError
from anpi.provenance import code_digest, file_digest
from anpi.subtypes.model import DEFAULT, load_model, subtype_genes
from anpi.wiring import checked
from anpi.wiring.checked import MEMORY, MODEL_MEMORY, checked_run, genes_of_model
from anpi.wiring.files import known_by

# A second planning in a process of its own, which says what of the checks it loaded.
PLAN_AGAIN = """
import json, sys
from anpi.wiring.checked import checked_run
checked_run(json.loads(sys.argv[1]), "config.yaml")
print(*sorted({"jsonschema", "stdnum", "anpi.check", "anpi.tables.reading"} & set(sys.modules)))
"""

CONFIG = {"samples": "samples.tsv", "units": "units.tsv", "clinical": {"patients": "patients.csv"}}
REFERENCE = {"transcripts": "transcripts.fa"}


def plan(job: bool = False, **config: object) -> checked.Run:
    """Plan as a new process does, with nothing remembered in it."""
    known_by.cache_clear()
    code_digest.cache_clear()
    file_digest.cache_clear()
    return checked_run({**CONFIG, "reference": dict(REFERENCE), **config}, "config.yaml", job)


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("patients.csv").write_text("patient_id,arm,sex,site,pfs_days,pfs_event\nP1,one,F,x,100,1\nP2,two,M,x,200,0\n")
    Path("samples.tsv").write_text("sample_id\tpatient_id\ttimepoint\nS1\tP1\tbaseline\nS2\tP2\tbaseline\n")
    Path("units.tsv").write_text("sample_id\tunit_id\tquant\tfastq_1\nS1\tL1\tsalmon\tNA\nS2\tL1\tNA\tS2.fastq\n")
    Path("S2.fastq").write_text("@r\nA\n+\nI\n")
    Path("salmon").mkdir()
    Path("salmon/quant.sf").write_text("Name\tLength\tEffectiveLength\tTPM\tNumReads\n")
    Path("transcripts.fa").write_text(TRANSCRIPT)
    return tmp_path


TRANSCRIPT = (
    ">ENST00000506700.2|ENSG00000139352.4|-|-|ASCL1-201|ASCL1|8|protein_coding|\nACGTACGT\n"
    ">ENST00000302904.5|ENSG00000134259.9|-|-|NGF-201|NGF|8|protein_coding|\nACGTACGT\n"
)


@pytest.fixture
def unchecked(trial: Path, monkeypatch: pytest.MonkeyPatch) -> checked.Run:
    """Plan once; from then on no check can be made."""
    run = plan()
    assert run.notes  # an extra column is said at each planning

    def fail(*arguments: object) -> None:
        raise AssertionError("checked again")

    monkeypatch.setattr(check, "check_run", fail)
    return run


def test_a_second_planning_knows_what_the_first_found(unchecked: checked.Run):
    again = plan()
    assert (again.config, again.used, again.sexes) == (unchecked.config, unchecked.used, unchecked.sexes)
    assert again.notes == unchecked.notes
    assert again.units is not None
    assert unchecked.units is not None
    assert again.units.to_dict("records") == unchecked.units.to_dict("records")
    assert Path(MEMORY).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda: Path("patients.csv").write_text(Path("patients.csv").read_text() + "P3,one,F,x,300,0\n"),
        lambda: Path("samples.tsv").write_text(Path("samples.tsv").read_text() + "S3\tP2\tbaseline\n"),
        lambda: Path("units.tsv").write_text(Path("units.tsv").read_text().replace("L1", "L2")),
        lambda: Path("transcripts.fa").write_text(TRANSCRIPT.replace("ASCL1", "Ascl1")),
        lambda: Path("plan.yaml").write_text("families: none\n"),
        lambda: Path("S2.fastq").unlink(),
        lambda: Path("salmon/quant.sf").unlink(),
        lambda: Path(MEMORY).write_text("[]"),
        lambda: Path(MEMORY).write_text("{"),
    ],
    ids=["patients", "samples", "units", "reference", "unnamed plan", "reads", "quant", "memory", "cut memory"],
)
def test_every_change_is_checked(unchecked: checked.Run, change: Callable[[], object]):
    change()
    with pytest.raises(AssertionError, match="checked again"):
        plan()


def test_another_config_is_checked(unchecked: checked.Run):
    with pytest.raises(AssertionError, match="checked again"):
        plan(title="another title")


def test_another_default_is_checked(unchecked: checked.Run, monkeypatch: pytest.MonkeyPatch):
    """The schema of the config is no part of the code of a program: what it fills in is handed on by the Snakefile."""
    schema = Path("config.schema.yaml")
    schema.write_text(checked.CONFIG_SCHEMA.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(checked, "CONFIG_SCHEMA", schema)
    assert plan().config == unchecked.config
    schema.write_text(schema.read_text(encoding="utf-8") + "# another default\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="checked again"):
        plan()


def test_results_that_became_a_file_are_refused_at_each_planning(unchecked: checked.Run):
    Path("results").write_text("")
    with pytest.raises(InputError, match="a folder, not a file"):
        plan()


def test_a_planning_that_remembers_loads_no_checks(unchecked: checked.Run, trial: Path):
    config = json.dumps({**CONFIG, "reference": REFERENCE})
    environment = {**os.environ, "PYTHONPATH": str(checked.ROOT / "scripts")}
    command = [sys.executable, "-c", PLAN_AGAIN, config]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == []


def test_a_fault_is_never_remembered(trial: Path):
    Path("S2.fastq").unlink()
    for _ in range(2):
        with pytest.raises(InputError, match=r"S2\.fastq"):
            plan()
    assert not Path(MEMORY).exists()


def test_a_job_without_the_memory_reads_the_sheets_alone(unchecked: checked.Run):
    Path(MEMORY).unlink()
    again = plan(job=True)
    assert (again.used, again.sexes) == (unchecked.used, unchecked.sexes)


def genes_now(model: Path) -> list[list[str]]:
    known_by.cache_clear()
    return genes_of_model(model)


def test_the_genes_of_a_model_are_remembered_until_it_changes(trial: Path, monkeypatch: pytest.MonkeyPatch):
    model = trial / "model"
    shutil.copytree(DEFAULT, model)
    found = genes_now(model)
    assert found == [sorted(genes) for genes in subtype_genes(load_model(DEFAULT))]
    with monkeypatch.context() as patch:
        patch.setattr("anpi.subtypes.model.load_model", lambda folder: pytest.fail("read again"))
        assert genes_now(model) == found
    Path(MODEL_MEMORY).write_text('{"digest": 1}')
    assert genes_now(model) == found
    with open(model / "weights.tsv", "a", encoding="utf-8") as weights:
        weights.write("\n")
    with pytest.raises(InputError, match=r"weights\.tsv"):
        genes_now(model)
