"""The programs from a file to a file: what a user sees when the input is wrong, and that nothing is dropped."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from warm import python

from anpi.expression.matrix import Expression, to_tpm
from anpi.subtypes.model import DEFAULT

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
CALL_COLUMNS = "sample_id subtype call second p_A p_N p_P p_I margin stability gene_coverage reason napy ne_score model"
SCORE_COLUMNS = "sample_id signature score unit reference_percentile genes_used genes_total method"


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [python(), str(SCRIPTS / program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tpm(cohort: Expression) -> pd.DataFrame:
    return to_tpm(cohort).values.iloc[:, :3]


def test_calls_and_programmes_of_every_sample(tpm: pd.DataFrame, tmp_path: Path) -> None:
    tpm.to_csv(tmp_path / "x.tsv.gz", sep="\t")
    out, programmes = tmp_path / "calls.tsv", tmp_path / "programmes.tsv"
    done = run(
        "call_subtypes.py",
        "--expression",
        tmp_path / "x.tsv.gz",
        "--unit",
        "tpm",
        "--out",
        out,
        "--programmes",
        programmes,
        "--tissues",
        tmp_path / "tissues.tsv",
    )
    assert done.returncode == 0, done.stderr
    tissues = pd.read_csv(tmp_path / "tissues.tsv", sep="\t")
    assert list(tissues.columns[:3]) == ["sample_id", "sclc", "sclc_reason"]
    assert {"lung", "liver", "lymph_node", "blood"} <= set(tissues.columns)
    assert list(tissues["sclc"]) == ["yes"] * 3
    table = pd.read_csv(out, sep="\t", keep_default_na=False)
    assert list(table.columns[:16]) == [*CALL_COLUMNS.split(), "model_sha256"]
    assert list(table["sample_id"]) == list(tpm.columns)
    assert list(table["subtype"]) == ["A", "N", "P"]
    assert list(pd.read_csv(programmes, sep="\t")["sample_id"]) == list(tpm.columns)


def test_counts_of_other_samples_are_refused(tpm: pd.DataFrame, tmp_path: Path) -> None:
    tpm.to_csv(tmp_path / "x.tsv", sep="\t")
    tpm.round().add_suffix("_other").to_csv(tmp_path / "c.tsv", sep="\t")
    arguments = ("--expression", tmp_path / "x.tsv", "--unit", "tpm", "--counts", tmp_path / "c.tsv")
    done = run("call_subtypes.py", *arguments, "--out", tmp_path / "calls.tsv")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert f"{tmp_path / 'c.tsv'}, row 1: 3 samples of the expression have no counts" in done.stderr
    assert not (tmp_path / "calls.tsv").exists()


def test_scores_with_own_sets(tpm: pd.DataFrame, tmp_path: Path) -> None:
    tpm.to_csv(tmp_path / "x.csv")
    (tmp_path / "own.gmt").write_text("my_set\tmine\tDLL3\tSYP\tNOT_A_GENE\n")
    done = run(
        "score_signatures.py",
        *(
            "--expression",
            tmp_path / "x.csv",
            "--unit",
            "tpm",
            "--gmt",
            tmp_path / "own.gmt",
            "--out",
            tmp_path / "s.tsv",
        ),
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "s.tsv", sep="\t")
    assert list(table.columns[:8]) == SCORE_COLUMNS.split()
    own = table[table["signature"] == "my_set"]
    assert own["score"].isna().all()
    assert own["reason"].str.contains("2 of 3 genes.*NOT_A_GENE").all()


@pytest.mark.parametrize("program", ["call_subtypes.py", "score_signatures.py"])
def test_logarithms_declared_as_tpm_are_refused(program: str, tpm: pd.DataFrame, tmp_path: Path) -> None:
    np.log2(tpm + 1).to_csv(tmp_path / "x.tsv", sep="\t")
    done = run(program, "--expression", tmp_path / "x.tsv", "--unit", "tpm", "--out", tmp_path / "out.tsv")
    assert done.returncode == 2
    assert "look like logarithms" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.tsv").exists()


@pytest.mark.parametrize(
    ("change", "unit", "words"),
    [
        (lambda x: x.rename(index={x.index[0]: "2-Sep", x.index[1]: "Mar-01"}), "tpm", "turned into dates"),
        (lambda x: x.set_axis([f"X{i}" for i in range(len(x))], axis=0), "tpm", "no gene name is known"),
        (lambda x: x, "log2_tpm_plus_1", "none above 25"),
        (lambda x: x, "fpkm", "counts, tpm"),
        (lambda x: x, "vst", "vst"),
        (lambda x: (x * 30).round(), "tpm", "look like counts"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(
    change: object, unit: str, words: str, tpm: pd.DataFrame, tmp_path: Path
) -> None:
    assert callable(change)
    change(tpm).to_csv(tmp_path / "x.tsv", sep="\t")
    done = run("call_subtypes.py", "--expression", tmp_path / "x.tsv", "--unit", unit, "--out", tmp_path / "out.tsv")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_duplicated_genes_are_summed_and_told(tpm: pd.DataFrame, tmp_path: Path) -> None:
    half = pd.concat([tpm / 2, tpm / 2])
    half.to_csv(tmp_path / "x.tsv", sep="\t")
    tpm.to_csv(tmp_path / "y.tsv", sep="\t")
    for name in ("x", "y"):
        done = run(
            "call_subtypes.py",
            "--expression",
            tmp_path / f"{name}.tsv",
            "--unit",
            "tpm",
            "--out",
            tmp_path / f"{name}.out.tsv",
        )
        assert done.returncode == 0
        assert ("stand more than once, summed" in done.stderr) == (name == "x")
    assert (tmp_path / "x.out.tsv").read_bytes() == (tmp_path / "y.out.tsv").read_bytes()


def test_a_matrix_without_the_models_genes_calls_nobody_and_says_why(tpm: pd.DataFrame, tmp_path: Path) -> None:
    few = pd.DataFrame({"a": [1.0, 2.0]}, index=["TSPAN6", "DPM1"])
    few.to_csv(tmp_path / "x.tsv", sep="\t")
    done = run("call_subtypes.py", "--expression", tmp_path / "x.tsv", "--unit", "tpm", "--out", tmp_path / "out.tsv")
    assert done.returncode == 0, done.stderr
    row = pd.read_csv(tmp_path / "out.tsv", sep="\t").iloc[0]
    assert row["call"] == "none"
    assert row["reason"].startswith("gene coverage")


def test_a_tampered_model_is_refused(tpm: pd.DataFrame, tmp_path: Path) -> None:
    shutil.copytree(DEFAULT, tmp_path / "model")
    settings = tmp_path / "model" / "model.yaml"
    settings.write_text(settings.read_text().replace("confident_p: 0.80", "confident_p: 0.30"))
    tpm.to_csv(tmp_path / "x.tsv", sep="\t")
    done = run(
        "call_subtypes.py",
        *(
            "--expression",
            tmp_path / "x.tsv",
            "--unit",
            "tpm",
            "--model",
            tmp_path / "model",
            "--out",
            tmp_path / "o.tsv",
        ),
    )
    assert done.returncode == 2
    assert "model.yaml: the model is not what was released" in done.stderr


def test_exploration_of_cohorts_of_any_size(cohort: Expression, tmp_path: Path) -> None:
    tpm = to_tpm(cohort).values
    for size in (1, 24):
        folder = tmp_path / str(size)
        tpm.iloc[:, :size].to_csv(tmp_path / "x.tsv", sep="\t")
        run("call_subtypes.py", "--expression", tmp_path / "x.tsv", "--unit", "tpm", "--out", tmp_path / "calls.tsv")
        done = run(
            "explore_cohort.py",
            *("--expression", tmp_path / "x.tsv", "--unit", "tpm", "--calls", tmp_path / "calls.tsv", "--runs", 2),
            *("--genes", 200, "--out", folder),
        )
        assert done.returncode == 0, done.stderr
        rows = {
            name: len(pd.read_csv(folder / f"{name}.tsv", sep="\t")) for name in ("components", "umap", "nmf_clusters")
        }
        notes = (folder / "notes.tsv").read_text()
        assert rows["components"] == (size if size > 1 else 0)
        assert (rows["umap"] > 0) == (rows["nmf_clusters"] > 0) == (size == 24)
        assert ("needed" in notes) == (size < 20)


def test_of_many_samples_some_are_clustered_and_the_notes_say_so(cohort: Expression, tmp_path: Path) -> None:
    tpm = to_tpm(cohort).values.iloc[:, :24]
    found = {}
    for name, order in (("given", tpm.columns), ("turned", tpm.columns[::-1])):
        tpm[order].to_csv(tmp_path / "x.tsv", sep="\t")
        run("call_subtypes.py", "--expression", tmp_path / "x.tsv", "--unit", "tpm", "--out", tmp_path / "calls.tsv")
        done = run(
            "explore_cohort.py",
            *("--expression", tmp_path / "x.tsv", "--unit", "tpm", "--calls", tmp_path / "calls.tsv", "--runs", 2),
            *("--genes", 200, "--most-clustered", 21, "--out", tmp_path / name),
        )
        assert done.returncode == 0, done.stderr
        found[name] = {n: (tmp_path / name / f"{n}.tsv").read_text() for n in ("nmf_clusters", "umap", "notes")}
    assert found["given"] == found["turned"]
    assert "consensus NMF of 21 of 24 samples, drawn by digest of their names" in found["given"]["notes"]
    assert len(found["given"]["nmf_clusters"].splitlines()) == 22
    assert len(found["given"]["umap"].splitlines()) == 25
