"""Training gives a sealed model whose stated accuracy comes from samples it did not see."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.subtypes.simulated import simulated_tumours
from warm import python

from anpi.expression.matrix import Expression
from anpi.files.shipped import ROOT
from anpi.problems import InputError
from anpi.subtypes.calls import call_subtypes
from anpi.subtypes.model import Model, load_model
from anpi.subtypes.training import measure, rival_probability, train_model, write_card, write_model


@pytest.fixture(scope="module")
def truth() -> pd.Series:
    return pd.Series(list("AAANNPI") * 6, index=[f"S{i:02d}" for i in range(42)])


@pytest.fixture(scope="module")
def expression(truth: pd.Series) -> Expression:
    return simulated_tumours(truth, seed=4)


def test_a_trained_model_is_sealed_loads_and_calls(
    expression: Expression, truth: pd.Series, model: Model, tmp_path: Path
) -> None:
    training = train_model(expression, truth, model, "trained", "0.1.0", folds=3)
    assert measure(training.probability, training.truth)["accuracy"] >= 0.9
    card = write_card(training, "simulation", model, rival_probability(expression, training.truth, model))
    trained = write_model(training, tmp_path / "trained", card)
    assert trained.name == "trained 0.1.0"
    assert load_model(tmp_path / "trained").sha256 == trained.sha256 != model.sha256
    calls = call_subtypes(expression, trained).set_index("sample_id")
    called = calls["subtype"].notna()
    assert called.mean() >= 0.9
    assert (calls["subtype"] == truth)[called].mean() >= 0.95
    assert (calls["model"] == "trained 0.1.0").all()
    assert "| accuracy |" in (tmp_path / "trained" / "CARD.md").read_text()
    with pytest.raises(InputError, match="there is a model already"):
        write_model(training, tmp_path / "trained", card)


def test_labels_without_meaning_give_the_accuracy_of_guessing(
    expression: Expression, truth: pd.Series, model: Model
) -> None:
    shuffled = pd.Series(np.random.default_rng(8).permutation(truth.to_numpy()), index=truth.index)
    training = train_model(expression, shuffled, model, "nonsense", "0.1.0", folds=3)
    assert measure(training.probability, training.truth)["accuracy"] <= 0.55


@pytest.mark.parametrize("panel", ["inflamed", "sclc_lineage", "lung"])
def test_a_matrix_without_a_programme_of_the_base_is_refused_in_words(
    expression: Expression, truth: pd.Series, model: Model, panel: str
) -> None:
    genes = model.weights.loc[model.weights["panel"] == panel, "gene_id"]
    kept = ~expression.values.index.isin(genes)
    fewer = Expression(expression.values[kept], expression.genes[kept], expression.unit)
    with pytest.raises(InputError, match=f"no gene of the panel {panel}.*expected whole transcriptomes"):
        train_model(fewer, truth, model, "x", "1", folds=3)


def test_a_matrix_without_a_factor_is_refused_in_words(expression: Expression, truth: pd.Series, model: Model) -> None:
    kept = expression.values.index != model.settings["factors"]["A"]
    fewer = Expression(expression.values[kept], expression.genes[kept], expression.unit)
    with pytest.raises(InputError, match="the matrix lacks ASCL1"):
        train_model(fewer, truth, model, "x", "1", folds=3)


@pytest.mark.parametrize("folds", [1, 0, -3])
def test_fewer_than_two_folds_are_refused_before_anything_is_read(tmp_path: Path, folds: int) -> None:
    command = [python(), str(ROOT / "scripts" / "train_subtypes.py"), "--expression", "none.tsv", "--unit", "tpm"]
    command += ["--labels", "none.tsv", "--name", "x", "--version", "1", "--out", str(tmp_path / "model")]
    done = subprocess.run([*command, f"--folds={folds}"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--folds takes a number of 2 or more" in done.stderr


def test_wrong_labels_are_refused_together(expression: Expression, truth: pd.Series, model: Model) -> None:
    labels = truth.replace("P", "A")
    labels.iloc[0] = "Y"
    labels.loc["stranger"] = "N"
    with pytest.raises(InputError) as error:
        train_model(expression, labels, model, "x", "1", folds=3)
    text = str(error.value)
    assert "stranger" in text
    assert "'P: 0'" in text
    assert "'Y'" in text
