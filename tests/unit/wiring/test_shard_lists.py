"""Which samples are in which shard, and when a shard is another one; wrong lists are told before anything runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from anpi.files.checksums import hash_file
from anpi.problems import InputError
from anpi.wiring.shards import checked_shards, made_of

SAMPLES = ("S3", "S1", "S2", "S10", "S4")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("samples.txt").write_text("".join(f"{sample}\n" for sample in SAMPLES))
    Path("genes.tsv").write_text("gene_id\n")
    for sample in (*SAMPLES, "S5"):
        results = Path("results/samples", sample)
        results.mkdir(parents=True)
        (results / "genes.parquet").write_text(f"genes of {sample}")
        (results / "qc.json").write_text("{}")
    return tmp_path


def plan(**config: object) -> dict[str, list[str]]:
    """Plan; give the samples of each shard."""
    given = {"samples": "samples.txt", "reference_genes": "genes.tsv", "shard_size": 2}
    return checked_shards({**given, **config}).samples


def known() -> list[str]:
    """Plan; give what each shard is known by."""
    return [made_of(f"results/shards/{shard}/samples.tsv") for shard in plan()]


def run_shards() -> None:
    """Leave what a shard leaves of what it read."""
    for shard, samples in plan().items():
        rows = ["sample_id\tgenes\tqc"]
        for sample in samples:
            files = [f"results/samples/{sample}/{name}" for name in ("genes.parquet", "qc.json")]
            rows.append("\t".join([sample, *map(hash_file, files)]))
        Path(f"results/shards/{shard}/digests.tsv").write_text("\n".join(rows) + "\n")


def test_samples_fill_one_shard_after_the_other_in_the_order_of_the_list(folder: Path):
    assert plan() == {"0001": ["S3", "S1"], "0002": ["S2", "S10"], "0003": ["S4"]}
    assert plan(shard_size=1000) == {"0001": list(SAMPLES)}


def test_a_sample_sheet_is_a_list_too(folder: Path):
    rows = [f"{sample}\tP{sample}\tbaseline\t{'no' if sample == 'S1' else 'yes'}" for sample in SAMPLES]
    Path("samples.tsv").write_text("\n".join(["sample_id\tpatient_id\ttimepoint\tuse", *rows]) + "\n")
    assert plan(samples="samples.tsv") == {"0001": ["S3", "S2"], "0002": ["S10", "S4"]}


def test_a_sample_that_is_added_at_the_end_changes_the_last_shard_alone(folder: Path):
    before = known()
    Path("samples.txt").write_text("".join(f"{sample}\n" for sample in (*SAMPLES, "S5")))
    after = known()
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False]


@pytest.mark.parametrize("file", ["genes.parquet", "qc.json"])
@pytest.mark.parametrize("later", [1, -1], ids=["newer", "older"])
def test_another_content_changes_its_shard_alone_whatever_its_time(folder: Path, file: str, later: int):
    before = known()
    run_shards()
    changed = Path("results/samples/S10", file)
    time = changed.stat().st_mtime_ns
    changed.write_text("{ }" if file == "qc.json" else "genes of S11")
    os.utime(changed, ns=(time, time + later))
    after = known()
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]
    assert known() == after


def test_a_touch_changes_nothing_and_is_compared_once(folder: Path, monkeypatch: pytest.MonkeyPatch):
    before = known()
    run_shards()
    for sample in SAMPLES:
        os.utime(f"results/samples/{sample}/genes.parquet", (1, 1))
    assert known() == before
    monkeypatch.setattr("anpi.wiring.shards.hash_file", None)
    assert known() == before


def test_what_is_as_it_was_is_not_written_again(folder: Path):
    plan()
    Path("results/shards/0002/samples.tsv").write_text(old := Path("results/shards/0002/samples.tsv").read_text())
    os.utime("results/shards/0002/samples.tsv", (1, 1))
    plan()
    assert Path("results/shards/0002/samples.tsv").stat().st_mtime == 1
    assert Path("results/shards/0002/samples.tsv").read_text() == old


def test_a_job_writes_no_list(folder: Path):
    checked_shards({"samples": "samples.txt", "reference_genes": "genes.tsv"}, job=True)
    assert not Path("results/shards").exists()


Change = Callable[[], object]


def in_list(text: str) -> Change:
    return lambda: Path("samples.txt").write_text(text)


@pytest.mark.parametrize(
    ("wrong", "change", "config", "words"),
    [
        (
            "a list with a sample twice",
            in_list("S1\nS2\n\nS1\n"),
            {},
            "samples.txt, row 4, column sample_id: found 'S1', expected each once; it stands in row 1 already",
        ),
        (
            "a list with two ids that differ in case alone",
            in_list("S1\nS2\ns2\n"),
            {},
            "samples.txt, row 3, column sample_id: found 's2', expected an id unlike that of row 2",
        ),
        (
            "a list with an id that is none",
            in_list("S1\nS 2\n"),
            {},
            "samples.txt, row 2, column sample_id: found 'S 2'",
        ),
        ("a list that holds a header", in_list("sample_id\nS1\n"), {}, "samples.txt, row 1: found 'sample_id'"),
        ("a list without samples", in_list("\n\n"), {}, "samples.txt: no sample is listed, expected an id a line"),
        (
            "a listed sample without its genes",
            Path("results/samples/S10/genes.parquet").unlink,
            {},
            "samples.txt, row 4: sample S10 has no genes.parquet in results/samples. Run quantify_sample",
        ),
        (
            "a listed sample whose genes are an empty file",
            lambda: Path("results/samples/S10/genes.parquet").write_text(""),
            {},
            "samples.txt, row 4: a file of sample S10 in results/samples is empty (0 bytes). Copy it again.",
        ),
        (
            "a listed sample without its facts",
            Path("results/samples/S2/qc.json").unlink,
            {},
            "samples.txt, row 3: sample S2 has no qc.json in results/samples",
        ),
        ("a list that is not there", lambda: None, {"samples": "sample.txt"}, "sample.txt: file not found"),
        ("a gene table that is not there", lambda: None, {"reference_genes": "g.tsv"}, "g.tsv: file not found"),
        (
            "a folder of samples that is not there",
            lambda: None,
            {"samples_dir": "samples"},
            "--config, samples_dir: found 'samples', expected a folder with a folder for each sample",
        ),
        (
            "a shard of no sample",
            lambda: None,
            {"shard_size": 0},
            "--config, shard_size: found '0', expected a whole number from 1 to 10000",
        ),
        ("a shard size that is no number", lambda: None, {"shard_size": "many"}, "--config, shard_size: found 'many'"),
        (
            "a misspelt setting of shards",
            lambda: None,
            {"shardsize": 2},
            "--config, shardsize: unknown key. Did you mean",
        ),
    ],
)
def test_a_wrong_list_is_told(
    folder: Path, tells: Callable[..., None], wrong: str, change: Change, config: dict[str, object], words: str
):
    change()
    with pytest.raises(InputError) as caught:
        plan(**config)
    problems = list(map(str, caught.value.problems))
    assert len(problems) == 1
    assert problems[0].startswith(words)
    assert not Path("results/shards").exists()
    tells(wrong, problems)


def test_faults_of_all_samples_are_told_at_once(folder: Path):
    Path("results/samples/S10/genes.parquet").unlink()
    Path("results/samples/S2/qc.json").unlink()
    with pytest.raises(InputError) as caught:
        plan()
    assert len(caught.value.problems) == 2


def test_a_list_of_record_numbers_is_refused_without_a_number_unless_it_is_allowed(folder: Path):
    Path("samples.txt").write_text("".join(f"MRN12345{number}\n" for number in range(6)))
    with pytest.raises(InputError) as caught:
        plan()
    assert "samples.txt, row 1, column sample_id: looks like a direct identifier: record numbers" in str(caught.value)
    assert "12345" not in str(caught.value)
    with pytest.raises(InputError) as caught:
        plan(allow_columns=["samples.sample_id"])
    assert "row 6: sample MRN123455 has no genes.parquet" in str(caught.value)
