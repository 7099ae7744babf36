"""The forest of others: equal to R's votes, silent where genes lack, and behind the guard."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.george_tumours import as_matrix, george_cohort, mixed_labels

from anpi.expression.matrix import read_expression
from anpi.problems import InputError
from anpi.subtypes.calls import call_subtypes
from anpi.subtypes.forest import FOREST, Forest, count_votes, load_forest
from anpi.subtypes.model import Model


@pytest.fixture(scope="module")
def forest() -> Forest:
    return load_forest()


@pytest.fixture(scope="module")
def vectors(external_data: Path, forest: Forest) -> tuple[np.ndarray, pd.DataFrame]:
    folder = external_data / "data" / "subtypes" / "fatherree2025_forest"
    tpm = pd.read_csv(folder / "vectors_tpm.tsv.gz", sep="\t", index_col=0)
    tpm.columns = tpm.columns.str.removeprefix("tpm_").str.split(".").str[0]
    votes = pd.read_csv(folder / "vectors_votes.tsv", sep="\t", index_col=0)
    return tpm[forest.genes].to_numpy(float), votes


def test_votes_are_those_of_r(vectors: tuple[np.ndarray, pd.DataFrame], forest: Forest) -> None:
    """40 profiles with the votes of R's randomForest::predict."""
    tpm, votes = vectors
    counts = count_votes(tpm, forest)
    np.testing.assert_array_equal(counts, (votes[forest.classes.index] * 1000).round().astype(int))
    best = np.array(forest.classes.index)[counts.argmax(axis=1)].astype(int)
    np.testing.assert_array_equal(best, votes["predicted"])


def test_a_tree_that_meets_a_missing_gene_does_not_vote(
    vectors: tuple[np.ndarray, pd.DataFrame], forest: Forest
) -> None:
    tpm, _ = vectors
    full = count_votes(tpm, forest)
    holed = tpm.copy()
    holed[:, ::10] = np.nan
    counts = count_votes(holed, forest)
    assert (counts <= full).all()
    assert (counts.sum(axis=1) < 1000).all()
    assert (count_votes(np.full_like(tpm, np.nan), forest) == 0).all()


def test_every_class_is_mapped(forest: Forest) -> None:
    assert set(forest.classes["name"]) == {"A.1", "A.2", "A.3-I", "N.1", "N.2", "N.3", "A+N-I", "REST-I"}
    inflamed = forest.classes.set_index("name")["inflamed"]
    assert all((inflamed == "yes") == inflamed.index.str.endswith("-I"))
    assert set("".join(forest.classes["gay"])) == set("ANPI,")


def test_the_licence_goes_with_it_and_a_changed_forest_is_refused(tmp_path: Path) -> None:
    assert "MIT License" in (FOREST / "LICENSE").read_text()
    copy = tmp_path / "forest"
    shutil.copytree(FOREST, copy)
    (copy / "classes.tsv").write_text((copy / "classes.tsv").read_text().replace("A+N-I\tA,N", "A+N-I\tN"))
    with pytest.raises(InputError, match=r"classes\.tsv: the model is not what was released"):
        load_forest(copy)


def test_it_has_no_word_on_melanomas(external_data: Path, model: Model, forest: Forest) -> None:
    """By itself it forces a class on each of them."""
    path = external_data / "data" / "expression" / "gide2019_melanoma" / "expression_log2tpm.tsv.gz"
    melanomas = read_expression(path, "log2_tpm_plus_0.001")
    calls = call_subtypes(melanomas, model, forest=forest)
    assert (
        calls[["scheme_gay", "scheme_rudin", "scheme_nabet", "scheme_forest", "scheme_agreement"]].isna().all(axis=None)
    )
    assert calls["scheme_reason"].str.contains("forest: see reason").all()


def test_of_a_matrix_with_too_few_of_its_genes_it_says_so(model: Model, forest: Forest) -> None:
    tpm, _ = george_cohort(mixed_labels(8), 3)
    calls = call_subtypes(as_matrix(tpm), model, forest=forest)
    assert calls["scheme_forest"].isna().all()
    assert (
        calls["scheme_reason"].str.contains(r"forest: too many of its genes are missing: \d+% of its trees vote").all()
    )
