"""Calls of a cohort like the 81 tumours of George 2015: its quartiles, class mixture and ESTIMATE scores at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.george_tumours import (
    CLASSES,
    IMMUNE_SCORE,
    as_matrix,
    dilute,
    george_cohort,
    make_george,
    mixed_labels,
)

from anpi.expression.reference_levels import read_reference
from anpi.subtypes.calls import call_subtypes, gather_evidence
from anpi.subtypes.model import MODELS, Model, load_model


@pytest.fixture(scope="module")
def cohort() -> tuple[np.ndarray, pd.DataFrame]:
    return george_cohort(mixed_labels(486), 7)


@pytest.fixture(scope="module")
def calls(cohort: tuple[np.ndarray, pd.DataFrame], model: Model) -> pd.DataFrame:
    return call_subtypes(as_matrix(cohort[0]), model)


def shares_of(calls: pd.DataFrame) -> np.ndarray:
    return calls[[f"p_{k}" for k in CLASSES]].to_numpy()


def brier(calls: pd.DataFrame, truth: np.ndarray) -> float:
    shares = shares_of(calls)
    known = ~np.isnan(shares[:, 0])
    target = np.array([[k == t for k in CLASSES] for t in truth], float)
    return float(((shares - target)[known] ** 2).sum(axis=1).mean())


def recall(calls: pd.DataFrame, truth: np.ndarray) -> dict[str, float]:
    called = calls["subtype"].to_numpy()
    return {k: float((called[truth == k] == k).mean()) for k in CLASSES}


def test_the_cohort_has_the_published_quartiles(cohort: tuple[np.ndarray, pd.DataFrame]) -> None:
    genes = make_george().genes
    published = read_reference().loc[genes.index, ["q1", "median", "q3"]].to_numpy().T
    found = np.quantile(cohort[0], [0.25, 0.5, 0.75], axis=0)
    off = np.abs(np.log2((found + 0.1) / (published + 0.1)))
    assert (off.mean(axis=1) < 0.08).all()
    assert (np.quantile(off, 0.95, axis=1) < 0.25).all()


def test_the_cohort_has_the_published_infiltrate(cohort: tuple[np.ndarray, pd.DataFrame], model: Model) -> None:
    tpm, facts = cohort
    for label, (mean, spread) in IMMUNE_SCORE.items():
        own = facts.loc[facts["subtype"] == label, "immune"]
        assert abs(own.mean() - mean) < 4 * spread / np.sqrt(len(own))
    level = gather_evidence(as_matrix(tpm), model).scores["inflamed"].to_numpy()
    # 0.945 between the inflamed level and the published score in the real tumours
    assert 0.90 <= np.corrcoef(level, facts["immune"])[0, 1] <= 0.97


def test_each_class_is_found_and_few_are_confident_and_wrong(
    cohort: tuple[np.ndarray, pd.DataFrame], calls: pd.DataFrame
) -> None:
    truth = cohort[1]["subtype"].to_numpy()
    assert min(recall(calls, truth).values()) >= 0.8
    confident = (calls["call"] == "confident").to_numpy()
    assert (confident & (calls["subtype"].to_numpy() != truth)).mean() <= 0.02
    assert confident.mean() >= 0.6
    assert (calls["call"] == "mixed").mean() <= 0.15
    assert brier(calls, truth) < 0.06


@pytest.mark.parametrize("tissue", ["lung", "liver", "lymph_node", "skeletal_muscle"])
def test_each_class_is_found_at_sixty_per_cent_of_tumour(
    cohort: tuple[np.ndarray, pd.DataFrame], model: Model, tissue: str
) -> None:
    tpm, facts = cohort
    some = slice(0, 243)
    truth = facts["subtype"].to_numpy()[some]
    calls = call_subtypes(as_matrix(dilute(tpm[some], tissue, 0.4, 3)), model)
    assert min(recall(calls, truth).values()) >= 0.6
    assert ((calls["call"] == "confident").to_numpy() & (calls["subtype"].to_numpy() != truth)).mean() <= 0.02


def test_the_first_version_missed_what_the_second_finds(cohort: tuple[np.ndarray, pd.DataFrame]) -> None:
    tpm, facts = cohort
    old = load_model(MODELS / "sclc_anpi" / "1.0.0")
    truth = facts["subtype"].to_numpy()[:243]
    first = call_subtypes(as_matrix(tpm[:243]), old)
    assert first["model"].eq("sclc_anpi 1.0.0").all()
    assert first["purity"].isna().all()
    own = recall(call_subtypes(as_matrix(tpm[:243]), load_model()), truth)
    assert recall(first, truth)["N"] < own["N"]
    assert (first["call"] == "mixed").mean() > 0.1


def test_absence_alone_is_no_i(model: Model) -> None:
    """An I tumour without its infiltrate and stroma: A, N and P stay low, and nothing speaks for I."""
    tpm, _ = george_cohort(np.array(["I"] * 60), 11)
    own = {gene: i for i, gene in enumerate(make_george().genes.index)}
    reference = read_reference()
    panels = model.weights[model.weights["panel"].isin(["Y", "inflamed", "immune", "non_ne"])]
    cold = tpm.copy()
    for gene in set(panels["gene_id"]) & set(own):
        cold[:, own[gene]] = reference.at[gene, "q1"] * 0.7
    calls = call_subtypes(as_matrix(cold), model)
    assert (calls["subtype"] == "I").mean() <= 0.02
    assert calls["reason"].fillna("").str.contains("no programme").mean() >= 0.5


def test_a_hot_a_tumour_is_shown_by_the_second_axis(model: Model) -> None:
    tpm, _ = george_cohort(np.array(["A"] * 30), 12)
    genes = make_george().genes
    hot = tpm.copy()
    antigen = model.weights.loc[model.weights["panel"] == "intrinsic", "gene_id"]
    hot[:, genes.index.isin(antigen)] *= 6
    plain, shown = (call_subtypes(as_matrix(x), model) for x in (tpm, hot))
    assert (shown["subtype"] == "A").all()
    assert (shown["inflamed_intrinsic"] - plain["inflamed_intrinsic"]).median() >= 1.5
    assert (shown["inflamed_infiltrate"] - plain["inflamed_infiltrate"]).abs().median() < 0.2


def test_schemes_of_clear_tumours(cohort: tuple[np.ndarray, pd.DataFrame], calls: pd.DataFrame) -> None:
    truth = cohort[1]["subtype"].to_numpy()
    clear = (calls["call"] == "confident").to_numpy()
    assert (calls["scheme_gay"] == calls["subtype"])[clear].all()
    assert (calls["scheme_rudin"] == truth)[clear & np.isin(truth, ["A", "P"])].mean() >= 0.9
    nabet = calls["scheme_nabet"].fillna("-").to_numpy()
    assert np.isin(nabet[clear & (truth == "A")], ["NE", "I-NE"]).mean() >= 0.95
    assert np.isin(nabet[clear & (truth == "N")], ["N", "I-NE"]).mean() >= 0.9
    assert np.isin(nabet[clear & (truth == "I")], ["I-NE", "I-nonNE"]).mean() >= 0.9
    assert calls["scheme_reason"].str.contains("forest: not asked").all()
    assert calls.loc[clear, "scheme_agreement"].str.fullmatch(r"[0-2] of [12]").all()


def test_the_labelled_lines_left_out(external_data: Path, model: Model) -> None:
    from benchmarks.benchmark_subtypes import left_out_accuracy, read_lines

    from anpi.subtypes.profile import make_profile

    lines, labels = read_lines(external_data)
    accuracy, _, _ = left_out_accuracy(make_profile(lines, model), labels, model)
    assert accuracy >= 45 / 48


def test_a_weak_programme_with_its_factor_is_not_an_absent_one(model: Model) -> None:
    """Target genes of A far down and no infiltrate, as in a xenograft: called A with ASCL1, nothing without it."""
    tpm, _ = george_cohort(np.array(["A"] * 40), 13)
    genes = make_george().genes
    gone = model.weights.loc[model.weights["panel"].isin(["Y", "inflamed", "immune", "non_ne"]), "gene_id"]
    weak = tpm.copy()
    weak[:, genes.index.isin(gone)] *= 0.2
    targets = model.weights.loc[(model.weights["panel"] == "A") & (model.weights["symbol"] != "ASCL1"), "gene_id"]
    weak[:, genes.index.isin(targets)] *= 2**-2.5
    factor = genes["symbol"].eq("ASCL1").to_numpy()
    on, off = weak.copy(), weak.copy()
    on[:, factor], off[:, factor] = 250.0, 20.0
    with_factor, without = (call_subtypes(as_matrix(x), model) for x in (on, off))
    assert with_factor["reason"].fillna("").str.contains("no programme").mean() <= 0.3
    assert (with_factor["subtype"] == "A").mean() >= 0.5
    assert without["reason"].fillna("").str.contains("no programme").mean() >= 0.7
