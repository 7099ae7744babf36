"""Shards of samples through Snakemake: the tables of all samples at once, made anew where a sample is another."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.benchmark_shards import prepare
from once import made_once
from warm import snakemake

from anpi.files.shipped import ROOT

pytestmark = pytest.mark.workflow
SAMPLES = ["S3", "S1", "S2", "S10", "S4"]
LATER = "S5"
TABLES = ("calls", "tissues", "scores", "fractions", "pathways", "facts", "digests")
LAID = {"lay_shards": 1}


def call(folder: Path, *words: str, **config: object) -> tuple[int, str]:
    """Call Snakemake on shards of two samples; give its exit code and what it says."""
    given = {"samples": "samples.txt", "samples_dir": "samples", "reference_genes": "genes.tsv", "shard_size": 2}
    command = [*snakemake(), "--snakefile", str(ROOT / "workflow" / "shards.smk"), "--directory", str(folder)]
    command += ["--cores", "2", *words, "--config", *(f"{key}={value}" for key, value in {**given, **config}.items())]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    return done.returncode, done.stdout + done.stderr


def run(folder: Path, *words: str, **config: object) -> str:
    code, said = call(folder, *words, **config)
    assert code == 0, said[-5000:]
    return said


def planned(folder: Path) -> dict[str, int]:
    """Count the jobs of each rule that a run would execute."""
    said = run(folder, "--dry-run")
    return {name: int(count) for name, count in re.findall(r"^(\w+_shards?)\s+(\d+)$", said, flags=re.M)}


def list_samples(folder: Path, *samples: str) -> None:
    (folder / "samples.txt").write_text("".join(f"{sample}\n" for sample in samples))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five samples in three shards, run; tests work on copies."""

    def make(folder: Path) -> None:
        prepare(folder, [*SAMPLES, LATER], genes=0)
        list_samples(folder, *SAMPLES)
        run(folder)

    return made_once(tmp_path_factory, "shards", make)


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "folder"))


def test_shards_laid_together_are_one_shard_of_all(folder: Path):
    run(folder, shard_size=100, results="whole")
    for table in TABLES:
        laid = (folder / "results" / "shards" / f"{table}.tsv").read_bytes()
        assert laid == (folder / "whole" / f"{table}.tsv").read_bytes(), table
        rows = laid.decode().splitlines()[1:]
        assert list(dict.fromkeys(row.split("\t")[0] for row in rows)) == SAMPLES
    accounts = (folder / "results" / "shards" / "accounts.tsv").read_text().splitlines()[1:]
    assert [row.split("\t")[1:4] for row in accounts] == [[table, "5", "5"] for table in TABLES]


def test_no_matrix_stays(finished: Path):
    assert list((finished / "results" / "shards").rglob("*.parquet")) == []


def test_a_copy_or_a_touch_makes_nothing_anew(folder: Path):
    for file in folder.rglob("*"):
        if file.is_file() and ".snakemake" not in file.parts:
            os.utime(file)
    assert planned(folder) == {}


def other_genes(folder: Path) -> None:
    samples = folder / "samples"
    shutil.copyfile(samples / "S1" / "genes.parquet", samples / "S10" / "genes.parquet")
    os.utime(samples / "S10" / "genes.parquet", (1, 1))


def other_facts(folder: Path) -> None:
    facts = folder / "samples" / "S10" / "qc.json"
    facts.write_text(facts.read_text().replace("85.0", "75.0"))


def test_a_change_is_seen_without_the_records_of_snakemake(folder: Path):
    other_facts(folder)
    shutil.rmtree(folder / ".snakemake")
    assert planned(folder) == {"score_shard": 3, **LAID}
    run(folder)
    facts = (folder / "results" / "shards" / "facts.tsv").read_text()
    assert "75" in next(row for row in facts.splitlines() if row.startswith("S10\t"))
    assert planned(folder) == {}


def test_tables_are_laid_anew_when_a_shard_was_made_alone_whatever_the_times(folder: Path):
    other_facts(folder)
    run(folder, "results/shards/0002/facts.tsv")
    for file in (folder / "results").rglob("*.tsv"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    assert planned(folder) == LAID


@pytest.mark.parametrize("change", [other_genes, other_facts])
def test_a_changed_sample_makes_its_shard_alone_anew(folder: Path, change: Callable[[Path], None]):
    change(folder)
    assert planned(folder) == {"score_shard": 1, **LAID}
    before = (folder / "results" / "shards" / "digests.tsv").read_text()
    run(folder)
    assert (folder / "results" / "shards" / "digests.tsv").read_text() != before
    assert planned(folder) == {}


def test_a_sample_added_at_the_end_makes_the_last_shard_anew(folder: Path):
    list_samples(folder, *SAMPLES, LATER)
    assert planned(folder) == {"score_shard": 1, **LAID}
    list_samples(folder, *SAMPLES[:4])
    assert planned(folder) == LAID


def test_what_a_sample_left_that_was_taken_out_is_named(folder: Path):
    """The command that is told removes it; shards that take part stay."""
    list_samples(folder, *SAMPLES[:4])
    (told,) = [line for line in run(folder).splitlines() if "rm -r -- " in line]
    subprocess.run(told[told.index("rm -r") :], shell=True, check=True, cwd=folder)
    holding = [path for path in (folder / "results").rglob("*") if path.is_file() and SAMPLES[4] in path.read_text()]
    assert holding == []
    assert planned(folder) == {}
    assert "rm -r" not in run(folder)


def test_other_genes_of_the_reference_make_all_shards_anew(folder: Path):
    genes = folder / "genes.tsv"
    genes.write_text("".join(genes.read_text().splitlines(keepends=True)[:-1]))
    os.utime(genes, (1, 1))
    assert planned(folder) == {"score_shard": 3, **LAID}


def test_faults_are_told_before_anything_runs(folder: Path):
    list_samples(folder, *SAMPLES, "S1", "S77")
    code, said = call(folder, shard_size=0)
    assert code == 1
    assert "--config, shard_size: found '0', expected a whole number from 1 to 10000" in said
    code, said = call(folder)
    assert code == 1
    assert "samples.txt, row 6, column sample_id: found 'S1', expected each once; it stands in row 2 already" in said
    list_samples(folder, *SAMPLES, "S77")
    code, said = call(folder)
    assert code == 1
    assert "samples.txt, row 6: sample S77 has no genes.parquet in samples" in said
    assert "Traceback" not in said


def test_a_damaged_sample_fails_its_shard_in_words_and_the_others_go_on(folder: Path):
    shutil.rmtree(folder / "results")
    shutil.rmtree(folder / ".snakemake")
    genes = folder / "samples" / "S10" / "genes.parquet"
    genes.write_bytes(genes.read_bytes()[:-100])
    code, said = call(folder)
    assert code == 1
    assert "samples/S10/genes.parquet: the result is damaged or cut short" in said
    assert "Traceback" not in said
    made = {file.parent.name for file in (folder / "results" / "shards").glob("0*/calls.tsv")}
    assert made == {"0001", "0003"}
