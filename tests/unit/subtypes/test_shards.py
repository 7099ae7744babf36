"""A shard has the tables of the programs of a trial, byte by byte, in the order of its list."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from benchmarks.benchmark_shards import prepare

from anpi.files.checksums import hash_file
from anpi.files.shipped import ROOT

SAMPLES = [f"S{number}" for number in range(5)]
TABLES = ("facts", "calls", "tissues", "scores", "fractions", "pathways")


def run(monkeypatch: pytest.MonkeyPatch, program: str, *words: object) -> None:
    monkeypatch.setattr("sys.argv", [program, *map(str, words)])
    runpy.run_path(str(ROOT / "scripts" / f"{program}.py"))["main"]()


def run_programs(monkeypatch: pytest.MonkeyPatch, folder: Path, out: Path) -> None:
    """Run the programs that a trial calls."""
    files = {f"--out-{name}": [out / f"{name}.tsv.gz", out / f"{name}.parquet"] for name in ("counts", "tpm")}
    matrices = [word for option, of_matrix in files.items() for word in (option, *of_matrix)]
    source = ["--samples-dir", folder / "samples", "--reference-genes", folder / "genes.tsv", "--samples", *SAMPLES]
    tables = ["--out-genes", out / "genes.tsv", "--out-facts", out / "facts.tsv"]
    run(monkeypatch, "assemble_cohort", *source, *matrices, *tables)
    tpm, tissues = ["--expression", out / "tpm.parquet", "--unit", "tpm"], ["--tissues", out / "tissues.tsv"]
    run(monkeypatch, "call_subtypes", *tpm, "--counts", out / "counts.parquet", *tissues, "--out", out / "calls.tsv")
    run(monkeypatch, "score_signatures", *tpm, "--out", out / "scores.tsv")
    run(monkeypatch, "estimate_fractions", *tpm, "--tumour", *tissues, "--out", out / "fractions.tsv")
    run(monkeypatch, "score_pathways", *tpm, "--out", out / "pathways.tsv")


def score_shard(monkeypatch: pytest.MonkeyPatch, folder: Path, out: Path, samples: list[str]) -> None:
    listed = out.with_suffix(".txt")
    listed.write_text("".join(f"{line}\n" for line in ["sample_id", *samples]))
    source = ["--samples-dir", folder / "samples", "--reference-genes", folder / "genes.tsv"]
    run(monkeypatch, "score_shard", *source, "--listed", listed, "--out", out)


def test_a_shard_has_the_tables_of_the_programs_of_a_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    prepare(tmp_path, SAMPLES, genes=20_000)
    run_programs(monkeypatch, tmp_path, tmp_path / "trial")
    score_shard(monkeypatch, tmp_path, tmp_path / "shard", SAMPLES)
    for table in TABLES:
        made = [(tmp_path / kind / f"{table}.tsv").read_bytes() for kind in ("trial", "shard")]
        assert made[0] == made[1], table
    fractions = (tmp_path / "shard" / "fractions.tsv").read_text().splitlines()[1:]
    assert "NA" not in {row.split("	")[3] for row in fractions}


def test_rows_stand_in_the_order_of_the_list_with_digests_of_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    prepare(tmp_path, SAMPLES, genes=0)
    order = [SAMPLES[place] for place in (3, 0, 4)]
    score_shard(monkeypatch, tmp_path, tmp_path / "shard", order)
    for table in (*TABLES, "digests"):
        rows = (tmp_path / "shard" / f"{table}.tsv").read_text().splitlines()[1:]
        assert list(dict.fromkeys(row.split("\t")[0] for row in rows)) == order, table
    files = [tmp_path / "samples" / "S3" / name for name in ("genes.parquet", "qc.json")]
    digests = (tmp_path / "shard" / "digests.tsv").read_text().splitlines()
    assert digests[1].split("\t") == ["S3", *map(hash_file, files)]
