"""Validation by those who hold labelled tumours, end to end on the George-like cohort."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.george_tumours import as_matrix, george_cohort, mixed_labels
from warm import python

from anpi.files.shipped import ROOT
from anpi.problems import InputError
from anpi.subtypes.model import load_model
from anpi.subtypes.validation import cohen_kappa, plain_matrix, pool, read_counts


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [python(), str(ROOT / "scripts" / f"{program}.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write_cohort(folder: Path, seed: int, prefix: str, n: int = 81) -> tuple[Path, Path]:
    """Write a cohort in cBioPortal's layout, and its labels."""
    folder.mkdir(exist_ok=True)
    tpm, facts = george_cohort(mixed_labels(n), seed)
    matrix = as_matrix(tpm, prefix)
    table = matrix.values.round(4)
    table.insert(0, "Entrez_Gene_Id", np.arange(len(table)))
    table = table.set_axis(pd.Index(matrix.genes["symbol"], name="Hugo_Symbol"), axis=0)
    table = pd.concat([table, table.iloc[:3] * 0])  # a symbol twice, once silent
    table.to_csv(folder / "fpkm.txt", sep="\t")
    labels = pd.DataFrame({"sample_id": matrix.values.columns, "subtype": facts["subtype"]})
    labels.to_csv(folder / "labels.tsv", sep="\t", index=False)
    return folder / "fpkm.txt", folder / "labels.tsv"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("sites")
    found = []
    for i in (1, 2):
        matrix, labels = write_cohort(folder / f"site{i}", 20 + i, f"PAT{i}_")
        out = folder / f"out{i}"
        done = run("validate_subtypes", "--expression", matrix, "--labels", labels, "--out", out)
        assert done.returncode == 0, done.stderr
        found.append(out)
    return found


def test_a_site_gets_recall_kappa_coverage_and_calibration(sites: list[Path]) -> None:
    counts = json.loads((sites[0] / "validation.json").read_text())
    confusion = counts["confusion"]["gay"]
    assert sum(sum(row.values()) for row in confusion.values()) == 81
    assert {k: sum(row.values()) for k, row in confusion.items()} == {"A": 36, "N": 18, "P": 10, "I": 17}
    assert min(confusion[k][k] / sum(confusion[k].values()) for k in "ANPI") >= 0.6
    assert sum(b["samples"] for b in counts["calibration"]) == counts["with_shares"]
    page = (sites[0] / "validation.md").read_text()
    for words in ("Recall by class", "Coverage", "Confident and wrong", "Brier score", "kappa", "Calibration"):
        assert words in page


def test_nothing_of_a_sample_leaves(sites: list[Path]) -> None:
    for out in sites:
        for file in out.iterdir():
            text = file.read_text()
            assert "PAT" not in text
            assert "site" not in text.replace("a file of the site", "")


def test_sites_are_pooled_by_their_sums(sites: list[Path], tmp_path: Path) -> None:
    files = [out / "validation.json" for out in sites]
    done = run("validate_subtypes", "--pool", *files, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    pooled = json.loads((tmp_path / "validation.json").read_text())
    parts = [json.loads(file.read_text()) for file in files]
    assert pooled["samples"] == 162
    for label in "ANPI":
        for called in [*"ANPI", "none"]:
            assert pooled["confusion"]["gay"][label][called] == sum(p["confusion"]["gay"][label][called] for p in parts)
    assert [b["above"] for b in pooled["calibration"]] == [b["above"] for b in parts[0]["calibration"]]
    assert pooled["squared_error"] == pytest.approx(sum(p["squared_error"] for p in parts))
    other = parts[1] | {"model_sha256": "0" * 64}
    with pytest.raises(Exception, match="Validate the same version of a model"):
        pool([parts[0], other])


def test_a_site_that_is_given_twice_counts_once_or_not_at_all(sites: list[Path], tmp_path: Path) -> None:
    file = sites[0] / "validation.json"
    copy = tmp_path / "copy.json"
    copy.write_bytes(file.read_bytes())
    for again in (file, copy):
        done = run("validate_subtypes", "--pool", file, sites[1] / "validation.json", again, "--out", tmp_path / "x")
        assert done.returncode == 2
        assert f"{again}: the same counts as {file}. Give each site once" in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("confusion", {}, "confusion.gay"), ("calls", None, "calls"), ("calibration", [], "calibration"),
        ("samples", "40", "samples"), ("samples", -1, "samples"), ("with_shares", True, "with_shares"),
        ("sources", None, "sources"), ("name", "site 1", "the document"),
    ],
)  # fmt: skip
def test_counts_that_are_not_whole_are_refused_with_their_place(
    sites: list[Path], tmp_path: Path, key: str, value: object, place: str
) -> None:
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_text(json.dumps(json.loads((sites[0] / "validation.json").read_text()) | {key: value}))
    with pytest.raises(InputError, match=rf"spoilt\.json, {place}.*: not the counts of a validation"):
        read_counts([sites[1] / "validation.json", spoilt])
    spoilt.write_text('{"confusion": {}}')
    done = run("validate_subtypes", "--pool", spoilt, "--out", tmp_path / "x")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def cbioportal(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    content = text.encode(encoding)
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder / name


ROWS = "Hugo_Symbol\tEntrez_Gene_Id\tS1\tS2\nA\t1\t1\t2\nB\t2\t0.5\tNA\nA\t3\t4\t\n\t4\t9\t9\n"


@pytest.mark.parametrize("name", ["m.tsv", "m.tsv.gz", "m.txt"])
def test_a_matrix_of_cbioportal_keeps_the_highest_row_of_a_symbol(tmp_path: Path, name: str) -> None:
    plain = plain_matrix(cbioportal(tmp_path, name, ROWS), tmp_path)
    assert plain.read_text() == "symbol\tS1\tS2\nB\t0.5\tNA\nA\t4\t\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\t0.5\t", "\tabc\t", "row 3, column S1: found 'abc', expected a number"),
        ("\t0.5\t", "\tinf\t", "row 3, column S1: found 'inf', expected a number"),
        ("\t0.5\t", "\t", "row 3: found '3 cells', expected 4 as in the header"),
    ],
)
def test_a_wrong_cell_of_a_matrix_of_cbioportal_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(InputError, match=f"m.tsv, {words}"):
        plain_matrix(cbioportal(tmp_path, "m.tsv", ROWS.replace(old, new)), tmp_path)


def test_a_matrix_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    latin = cbioportal(tmp_path, "latin.tsv", ROWS.replace("B", "Mü"), "latin-1")
    with pytest.raises(InputError, match="not UTF-8 text"):
        plain_matrix(latin, tmp_path)
    whole = gzip.compress((ROWS + "C\t5\t1\t1\n" * 9000).encode())
    for name, content in (("cut", whole[:-20]), ("bad", whole[:20] + bytes(range(200)) + whole[20:])):
        (tmp_path / f"{name}.tsv.gz").write_bytes(content)
        with pytest.raises(InputError, match="cannot be read"):
            plain_matrix(tmp_path / f"{name}.tsv.gz", tmp_path)


def test_kappa_by_hand() -> None:
    """Cohen 1960: 20 and 15 agree of 50, by chance 0.5, so kappa 0.4."""
    table = {"A": {"A": 20, "N": 5}, "N": {"A": 10, "N": 15}}
    assert cohen_kappa(table) == pytest.approx(0.4)


def test_wrong_inputs_are_told(sites: list[Path], tmp_path: Path) -> None:
    matrix, labels = write_cohort(tmp_path / "few", 3, "S", 9)
    few = run("validate_subtypes", "--expression", matrix, "--labels", labels, "--out", tmp_path / "x")
    assert few.returncode != 0
    assert "at least 10" in few.stderr
    false = matrix.with_name("data_mrna_seq_fpkm.txt")
    matrix.rename(false)
    renamed = run("validate_subtypes", "--expression", false, "--labels", labels, "--out", tmp_path / "x")
    assert "19299331 bytes" in renamed.stderr
    assert "Traceback" not in renamed.stderr + few.stderr
    labels.write_text("sample_id\tsubtype\nS0000\tY\n")
    strange = run(
        "validate_subtypes", "--expression", false.rename(matrix), "--labels", labels, "--out", tmp_path / "x"
    )
    assert "A, N, P, I" in strange.stderr
    assert not (tmp_path / "x").exists()


def test_a_model_is_trained_on_one_cohort_and_tried_once_on_another(tmp_path: Path) -> None:
    train = write_cohort(tmp_path / "train", 31, "A", 81)
    test = write_cohort(tmp_path / "test", 32, "B", 41)
    command = ["--expression", train[0], "--labels", train[1], "--unit", "tpm", "--name", "sclc_anpi"]
    command += ["--version", "3.0.0", "--folds", 3, "--out", tmp_path / "model"]
    done = run("train_subtypes", *command, "--test-expression", test[0], "--test-labels", test[1])
    assert done.returncode == 0, done.stderr
    model = load_model(tmp_path / "model")
    assert model.name == "sclc_anpi 3.0.0"
    assert not model.profiles.empty
    card = (tmp_path / "model" / "CARD.md").read_text()
    assert "## Locked test" in card
    assert "Test, once, of sclc_anpi 3.0.0" in card
    assert "Test, once, of sclc_anpi 2.0.0" in card
    again = run("train_subtypes", *command, "--test-expression", test[0], "--test-labels", test[1])
    assert "there is a model already" in again.stderr
    same = run(
        "train_subtypes", *command[:-1], tmp_path / "two", "--test-expression", train[0], "--test-labels", train[1]
    )
    assert "samples of the training" in same.stderr
