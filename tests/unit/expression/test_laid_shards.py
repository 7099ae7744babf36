"""Tables of shards laid one behind the other: the rows of one table, or words."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from anpi.expression.sample_list import read_list, read_lists
from anpi.expression.shards import lay_tables
from anpi.files.shipped import ROOT
from anpi.problems import InputError

HEADER = "sample_id\tsignature\tscore\n"
SHARDS = (["S3", "S1"], ["S2", "S10", "S4"], ["S5"])  # an order that is not that of the alphabet


def rows_of(sample: str) -> str:
    return f"{sample}\tone\t1\n{sample}\ttwo\tNA\n"


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    folders = [tmp_path / f"{number:04d}" for number in (1, 2, 3)]
    for folder, samples in zip(folders, SHARDS, strict=True):
        folder.mkdir()
        (folder / "samples.tsv").write_text("sample_id\tgenes\n" + "".join(f"{sample}\t1\n" for sample in samples))
        (folder / "scores.tsv").write_text(HEADER + "".join(map(rows_of, samples)))
    return folders


def lay(shards: list[Path], out: Path) -> tuple[int, int]:
    return lay_tables([shard / "scores.tsv" for shard in shards], list(SHARDS), out)


def test_rows_stand_in_the_order_of_the_lists_behind_one_header(shards: list[Path], tmp_path: Path):
    assert lay(shards, tmp_path / "laid.tsv") == (6, 12)
    samples = [sample for of_shard in SHARDS for sample in of_shard]
    assert (tmp_path / "laid.tsv").read_text() == HEADER + "".join(map(rows_of, samples))


@pytest.mark.parametrize(
    ("wrong", "change", "words"),
    [
        (
            "a shard whose table has another column",
            lambda text: text.replace("score", "level"),
            ["row 1", "columns with level, without score", "expected the columns of the first shard"],
        ),
        (
            "a shard whose table has its columns in another order",
            lambda text: text.replace("signature\tscore", "score\tsignature"),
            ["row 1", "columns in another order"],
        ),
        (
            "a sample that the table of its shard lacks",
            lambda text: text.replace(rows_of("S10"), ""),
            ["row 4", "found 'sample S4'", "expected sample S10"],
        ),
        (
            "the last sample of a shard lacks in its table",
            lambda text: text.replace(rows_of("S4"), ""),
            ["row 6", "found 'the end of the table'", "expected sample S4"],
        ),
        (
            "a sample that stands a second time in the table of its shard",
            lambda text: text + rows_of("S2"),
            ["row 8", "second time", "found 'sample S2'", "expected the end of the table"],
        ),
        (
            "a sample with more rows than others in the table of its shard",
            lambda text: text.replace(rows_of("S10"), 2 * rows_of("S10")),
            ["row 4", "sample S10", "found '4 rows'", "expected 2"],
        ),
        (
            "samples of a shard in another order",
            lambda text: HEADER + rows_of("S10") + rows_of("S2") + rows_of("S4"),
            ["row 2", "found 'sample S10'", "expected sample S2"],
        ),
        ("a table of a shard that is cut short", lambda text: text[:-2], ["damaged or cut short"]),
        ("a table of a shard that is empty", lambda text: "", ["damaged or cut short"]),
    ],
)
def test_a_table_of_other_samples_or_columns_is_refused(
    shards: list[Path],
    tmp_path: Path,
    tells: Callable[..., None],
    wrong: str,
    change: Callable[[str], str],
    words: list[str],
):
    table = shards[1] / "scores.tsv"
    changed = change(table.read_text())
    assert changed != table.read_text()
    table.write_text(changed)
    with pytest.raises(InputError) as caught:
        lay(shards, tmp_path / "laid.tsv")
    (problem,) = map(str, caught.value.problems)
    assert [word for word in [str(table), *words] if word not in problem] == []
    assert not (tmp_path / "laid.tsv").exists()
    tells(wrong, [problem])


def test_a_sample_of_two_shards_is_refused(shards: list[Path]):
    (shards[2] / "samples.tsv").write_text("sample_id\nS5\nS1\n")
    with pytest.raises(InputError) as caught:
        read_lists([shard / "samples.tsv" for shard in shards])
    (problem,) = map(str, caught.value.problems)
    assert "0003/samples.tsv, row 3: found 'S1'" in problem
    assert "row 3 of" in problem
    assert "0001/samples.tsv" in problem


def test_a_shard_that_is_named_twice_is_refused(shards: list[Path]):
    with pytest.raises(InputError) as caught:
        read_lists([shards[0] / "samples.tsv"] * 2)
    assert [str(problem).partition("row 2: ")[2][:10] for problem in caught.value.problems] == ["found 'S3'", ""]
    assert "it stands in row 3 of" in str(caught.value.problems[1])


@pytest.mark.parametrize(
    ("wrong", "content", "words"),
    [
        ("a list of a shard in another encoding", b"sample_id\nS\xfc\n", "not UTF-8 text. Save the file as CSV UTF-8."),
        ("a list of a shard without its header", b"S3\nS1\n", "row 1: found 'S3, then 1 row', expected a table whose"),
        ("a list of a shard that is empty", b"", "row 1: found 'nothing', expected a table whose first column is"),
        (
            "a sample twice in the list of a shard",
            b"sample_id\nS3\nS3\n",
            "row 3: found 'S3', expected each sample once",
        ),
    ],
)
def test_what_is_no_list_of_samples_is_refused(
    tmp_path: Path, tells: Callable[..., None], wrong: str, content: bytes, words: str
):
    (tmp_path / "samples.tsv").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_list(tmp_path / "samples.tsv")
    (problem,) = map(str, caught.value.problems)
    assert words in problem
    tells(wrong, [problem])


def test_a_table_of_a_shard_in_another_encoding_is_refused(shards: list[Path], tmp_path: Path):
    table = shards[1] / "scores.tsv"
    table.write_bytes(table.read_bytes().replace(b"S10", b"S\xfc"))
    with pytest.raises(InputError, match="expected sample S10"):
        lay(shards, tmp_path / "laid.tsv")


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    monkeypatch.setattr("sys.argv", ["lay_shards", *map(str, words)])
    runpy.run_path(str(ROOT / "scripts" / "lay_shards.py"))["main"]()


def test_the_account_of_each_table_closes(shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for shard, samples in zip(shards, SHARDS, strict=True):
        (shard / "calls.tsv").write_text("sample_id\tcall\n" + "".join(f"{sample}\tlean\n" for sample in samples))
    run(monkeypatch, "--shards", *shards, "--tables", "calls", "scores", "--out", tmp_path / "out")
    accounts = pd.read_csv(tmp_path / "out" / "accounts.tsv", sep="\t")
    assert accounts["scope"].tolist() == ["calls", "scores"]
    assert accounts["given"].tolist() == accounts["used"].tolist() == [6, 6]
    assert accounts["reason"].tolist() == ["6 rows", "12 rows"]


def test_faults_of_all_tables_are_told_at_once(shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for shard, samples in zip(shards, SHARDS, strict=True):
        (shard / "calls.tsv").write_text("sample_id\tcall\n" + "".join(f"{sample}\tlean\n" for sample in samples))
    for name in ("calls", "scores"):
        (shards[2] / f"{name}.tsv").write_text("sample_id\tother\nS5\tx\n")
    with pytest.raises(InputError) as caught:
        run(monkeypatch, "--shards", *shards, "--tables", "calls", "scores", "--out", tmp_path / "out")
    assert len(caught.value.problems) == 2
    assert not (tmp_path / "out" / "accounts.tsv").exists()
