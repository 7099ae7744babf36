"""Validation by those who hold labelled tumours, end to end on the George-like cohort."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.george_tumours import as_matrix, george_cohort, mixed_labels
from warm import python

from anpi.files.shipped import ROOT
from anpi.subtypes.model import load_model
from anpi.subtypes.validation import cohen_kappa, pool


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
