"""Make a model from labelled tumours: genes chosen, levels placed, probabilities calibrated, all cross-validated."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.model_selection import StratifiedKFold

from anpi.expression.matrix import Expression
from anpi.files.rows import Row
from anpi.files.writing import write_table, write_text
from anpi.problems import InputError, Problem, refuse
from anpi.subtypes.classify import activations, probabilities
from anpi.subtypes.model import ANCHOR, CLASSES, PROFILES, Model, load_model, seal_model
from anpi.subtypes.profile import length_scaled, make_profile, panel_scores, row_medians

SIZES = (10, 20, 40)
STEEPNESS = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
PANEL = {"A": "A", "N": "N", "P": "P", "I": "Y"}
FACTOR_SHARE = 0.2
LEAST_OF_A_CLASS = 3
LEAST_SCALE = 0.5


@dataclass(frozen=True)
class Training:
    """What training gives.

    Parameters
    ----------
    model : Model
        Trained on all samples.
    probability : pandas.DataFrame
        Of each sample, by models that did not see it (outer folds).
    truth : pandas.Series
        Labels by sample.
    chosen : pandas.DataFrame
        ``fold``, ``genes``, ``steepness`` chosen inside each outer fold.
    """

    model: Model
    probability: pd.DataFrame
    truth: pd.Series
    chosen: pd.DataFrame


def train_model(
    expression: Expression, labels: pd.Series, base: Model, name: str, version: str, folds: int = 5, seed: int = 1
) -> Training:
    """Train by nested cross-validation, then on all samples.

    Identity, contamination and anchor genes come from ``base``; the zero and scale of every gene, the genes of each
    programme, the absent and present levels and the steepness come from the samples. In each outer fold the number of
    genes a class and the steepness are chosen by the log loss of inner folds; the fold's own samples take no part.

    Parameters
    ----------
    expression : Expression
        Whole transcriptomes, counts or TPM.
    labels : pandas.Series
        A, N, P or I by sample; every class at least three times.

    Raises
    ------
    InputError
        Labels for samples that are absent, a class too small for the folds, too few anchor genes, a programme of the
        base model without a gene in the matrix.
    """
    levels = scaled_levels(expression, base)
    refuse(gene_problems(levels, base))
    truth = check_labels(labels, levels)
    levels = levels.loc[truth.index]
    folds = min(folds, int(truth.value_counts().min()))
    outer = StratifiedKFold(folds, shuffle=True, random_state=seed)
    parts, chosen = [], []
    for number, (seen, unseen) in enumerate(outer.split(levels, truth), start=1):
        seen_levels, seen_truth = levels.iloc[seen], truth.iloc[seen]
        genes, steepness = choose_settings(seen_levels, seen_truth, base, seed)
        model = fit(seen_levels, seen_truth, base, genes, steepness)
        parts.append(predict(levels.iloc[unseen], model))
        chosen.append((number, genes, steepness))
    genes, steepness = choose_settings(levels, truth, base, seed)
    model = fit(levels, truth, base, genes, steepness, {"name": name, "version": version})
    table = pd.DataFrame(chosen, columns=["fold", "genes", "steepness"])
    return Training(model, pd.concat(parts).loc[truth.index], truth, table)


def scaled_levels(expression: Expression, base: Model) -> pd.DataFrame:
    """Return TPM at the level of the base's reference, samples x genes, by the base's anchors."""
    profile = make_profile(expression, base)
    if not profile.scaled.all():
        lacking = [s for s, ok in zip(profile.samples, profile.scaled, strict=True) if not ok]
        raise InputError(
            Problem(
                "expression",
                "samples without enough anchor genes",
                found=", ".join(lacking[:5]),
                expected=f"at least {base.settings['scaling']['least_anchors']} of the base model's anchor genes",
            )
        )
    values = length_scaled(expression).sort_index().dropna()
    levels = np.ascontiguousarray(values.to_numpy(float).T) / np.exp2(profile.shift)[:, None]
    return pd.DataFrame(levels, index=profile.samples, columns=values.index)


def gene_problems(levels: pd.DataFrame, base: Model) -> list[Problem]:
    """Find what of the base model a new one cannot do without and the matrix lacks: panels, and the four factors."""
    kept = base.weights[~base.weights["panel"].isin(PANEL.values())]
    measured = kept["gene_id"].isin(levels.columns).groupby(kept["panel"]).any()
    expected = "whole transcriptomes, with values of these genes in every sample"
    problems = [
        Problem("expression", f"no gene of the panel {panel}", found=first_genes(kept, panel), expected=expected)
        for panel in measured.index[~measured]
    ]
    factors = base.settings["factors"].values()
    symbols = [str(base.reference.at[gene, "symbol"]) for gene in factors if gene not in levels.columns]
    if symbols:
        problems.append(Problem("expression", f"the matrix lacks {', '.join(symbols)}", expected=expected))
    return problems


def first_genes(weights: pd.DataFrame, panel: str) -> str:
    symbols = sorted(weights.loc[weights["panel"] == panel, "symbol"])
    return f"none of {', '.join(symbols[:5])}" + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")


def check_labels(labels: pd.Series, levels: pd.DataFrame) -> pd.Series:
    """Keep the labels of A, N, P, I; refuse samples that are absent and classes that are too small."""
    strange = sorted(set(labels.dropna()) - set(CLASSES))
    problems = []
    if strange:
        problems.append(Problem("labels", column="subtype", found=", ".join(strange), expected="A, N, P or I"))
    truth = labels[labels.isin(CLASSES)].sort_index()
    absent = sorted(set(truth.index) - set(levels.index))
    if absent:
        problems.append(Problem("labels", "samples that the matrix lacks", found=", ".join(absent[:5])))
    sizes = truth.value_counts().reindex(list(CLASSES), fill_value=0)
    small = [f"{k}: {n}" for k, n in sizes.items() if n < LEAST_OF_A_CLASS]
    if small:
        expected = f"at least {LEAST_OF_A_CLASS} samples of each class"
        problems.append(Problem("labels", column="subtype", found=", ".join(small), expected=expected))
    if problems:
        raise InputError(problems)
    return truth


def choose_settings(levels: pd.DataFrame, truth: pd.Series, base: Model, seed: int) -> tuple[int, float]:
    """Choose the number of genes a class and the steepness by the log loss of inner folds."""
    inner = StratifiedKFold(min(3, int(truth.value_counts().min())), shuffle=True, random_state=seed)
    splits = list(inner.split(levels, truth))
    best = (np.inf, SIZES[0], STEEPNESS[0])
    for genes in SIZES:
        parts = []
        for seen, unseen in splits:
            model = fit(levels.iloc[seen], truth.iloc[seen], base, genes, 1.0)
            parts.append(class_activations(levels.iloc[unseen], model))
        activation = pd.concat(parts)
        for steepness in STEEPNESS:
            loss = log_loss(probabilities(activation, steepness), truth)
            if loss < best[0] - 1e-9:
                best = (loss, genes, steepness)
    return best[1], best[2]


def log_loss(probability: pd.DataFrame, truth: pd.Series) -> float:
    of_truth = [probability.at[sample, label] for sample, label in truth.items() if sample in probability.index]
    return float(-np.log(np.clip(of_truth, 1e-12, None)).mean())


def fit(
    levels: pd.DataFrame,
    truth: pd.Series,
    base: Model,
    genes: int,
    steepness: float,
    identity: Mapping[str, str] | None = None,
) -> Model:
    """Fit one model: the genes that tell each class from the others best, their zero, scale and class levels."""
    logs = np.log2(levels + 1)
    reference = describe_genes(levels, logs, base)
    anchors = set(base.weights.loc[base.weights["panel"] == ANCHOR, "gene_id"])
    candidates = logs.columns[(logs.max() >= 1) & ~logs.columns.isin(anchors) & logs.columns.isin(reference.index)]
    factors = base.settings["factors"]
    rows = []
    for label in CLASSES:
        factor = factors["Y" if label == "I" else label]
        picked = best_markers(logs[candidates], truth == label, genes, factor)
        weight = max(1.0, FACTOR_SHARE * genes)
        rows += [(PANEL[label], gene, weight if gene == factor else 1.0) for gene in picked]
    trained = pd.DataFrame(rows, columns=["panel", "gene_id", "weight"])
    trained["symbol"] = reference.loc[trained["gene_id"], "symbol"].to_numpy()
    trained["source"] = "trained"
    kept = base.weights[~base.weights["panel"].isin(PANEL.values())]
    kept = kept[kept["gene_id"].isin(reference.index)]
    weights = pd.concat([trained[["panel", "gene_id", "symbol", "weight", "source"]], kept], ignore_index=True)
    used = sorted(set(weights["gene_id"]))
    tissues = base.tissues[base.tissues["gene_id"].isin(used)]
    profiles = base.profiles[base.profiles.index.isin(used)]
    markers = base.markers[base.markers.index.isin(used)]
    settings = copy.deepcopy(dict(base.settings)) | {"steepness": steepness} | dict(identity or {})
    model = Model(base.folder, settings, weights, reference.loc[used], tissues, "", profiles, markers)
    place_levels(model, levels, truth)
    return model


def describe_genes(levels: pd.DataFrame, logs: pd.DataFrame, base: Model) -> pd.DataFrame:
    """Return median TPM, location and scale of log2(TPM + 1) of each gene; anchors keep the base's median."""
    quartiles = logs.quantile([0.25, 0.75])
    reference = pd.DataFrame(
        {
            "symbol": logs.columns,
            "median_tpm": row_medians(levels.to_numpy().T),
            "location": row_medians(logs.to_numpy().T),
            "scale": np.maximum((quartiles.loc[0.75] - quartiles.loc[0.25]).to_numpy() / 1.349, LEAST_SCALE),
        },
        index=logs.columns.rename("gene_id"),
    )
    shared = base.reference.index.intersection(reference.index)
    reference.loc[shared, "symbol"] = base.reference.loc[shared, "symbol"]
    anchors = base.reference.index[base.panels[ANCHOR][0]].intersection(reference.index)
    reference.loc[anchors, "median_tpm"] = base.reference.loc[anchors, "median_tpm"]
    return reference.round({"median_tpm": 4, "location": 6, "scale": 6})


def best_markers(logs: pd.DataFrame, of_class: pd.Series, count: int, factor: str) -> list[str]:
    """Return the genes that are highest in a class against the others, by difference of means over pooled spread."""
    inside, outside = logs[of_class.to_numpy()], logs[~of_class.to_numpy()]
    spread = np.sqrt((inside.var(ddof=1) + outside.var(ddof=1)) / 2) + LEAST_SCALE
    strength = ((inside.mean() - outside.mean()) / spread).sort_values(ascending=False, kind="stable")
    picked = list(strength.index[:count])
    if factor in logs.columns and factor not in picked:
        picked[-1] = factor
    return picked


def place_levels(model: Model, levels: pd.DataFrame, truth: pd.Series) -> None:
    """Set the absent and present levels of each programme to its means outside and inside its class."""
    scores = panel_scores(make_profile(as_expression(levels), model), model)
    rules = {label: model.settings["programmes"][label] for label in ("A", "N", "P")}
    middle, inflamed = (model.settings["none_on"][key] for key in ("non_neuroendocrine", "inflamed"))
    placed = [(label, rule, PANEL[label]) for label, rule in rules.items()] + [("I", middle, PANEL["I"])]
    if model.settings["none_on"].get("positive"):
        placed.append(("I", inflamed, inflamed["panel"]))
    for label, rule, panel in placed:
        level = scores[panel].to_numpy()
        of_class = (truth == label).to_numpy()
        rule["absent"], rule["present"] = (
            round(float(level[~of_class].mean()), 4),
            round(float(level[of_class].mean()), 4),
        )
    middle["weight"] = 1.0
    model.settings["second_method"]["turning_point_i"] = (middle["absent"] + middle["present"]) / 2


def as_expression(levels: pd.DataFrame) -> Expression:
    genes = pd.DataFrame({"gene_id": levels.columns, "symbol": levels.columns, "biotype": None, "length": np.nan})
    return Expression(levels.T, genes, "tpm")


def class_activations(levels: pd.DataFrame, model: Model) -> pd.DataFrame:
    panels = [*PANEL.values(), "inflamed"]
    return activations(panel_scores(make_profile(as_expression(levels), model), model, panels=panels), model)


def predict(levels: pd.DataFrame, model: Model) -> pd.DataFrame:
    return probabilities(class_activations(levels, model), model.settings["steepness"])


def write_model(training: Training, folder: Path, card: str) -> Model:
    """Write a trained model as a folder, seal it, and read it back.

    Raises
    ------
    InputError
        The folder has something in it already: a released version is never written over.
    """
    if folder.exists() and any(folder.iterdir()):
        mend = "Give another --version."
        raise InputError(Problem(str(folder), "there is a model already", mend=mend))
    model = training.model
    write_text(folder / "model.yaml", yaml.safe_dump(dict(model.settings), sort_keys=False, allow_unicode=True))
    write_table(folder / "weights.tsv", model.weights)
    write_table(folder / "reference.tsv", model.reference.reset_index())
    write_table(folder / "tissues.tsv", model.tissues)
    if not model.profiles.empty:
        write_table(folder / PROFILES, profile_table(model))
    write_text(folder / "CARD.md", card)
    seal_model(folder)
    return load_model(folder)


def profile_table(model: Model) -> pd.DataFrame:
    """Return the profiles of a model and their markers as `anpi.subtypes.model.read_profiles` reads them."""
    marked = model.markers.rename(columns={"profile": "marker"}).reindex(model.profiles.index)
    table = model.profiles.join(marked[["cancer", "marker"]].fillna({"cancer": 0.0}))
    table.insert(0, "symbol", model.reference["symbol"].reindex(table.index))
    return table.rename_axis("gene_id").reset_index()


def measure(probability: pd.DataFrame, truth: pd.Series) -> Row:
    """Return the accuracy, accuracy by class, Brier score and log loss."""
    called = probability.idxmax(axis=1)
    target = np.array([[k == t for k in CLASSES] for t in truth], float)
    right = called == truth
    return {
        "accuracy": float(right.mean()),
        **{f"accuracy of {k}": float(right[truth == k].mean()) for k in CLASSES},
        "Brier score": float(((probability[list(CLASSES)].to_numpy() - target) ** 2).sum(axis=1).mean()),
        "log loss": log_loss(probability, truth),
    }


def write_card(training: Training, source: str, base: Model, rival: pd.DataFrame) -> str:
    """Word the card of a trained model from what was measured."""
    truth, settings = training.truth, training.model.settings
    trained, other = measure(training.probability, truth), measure(rival, truth)
    bins = pd.cut(training.probability.max(axis=1), [0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    right = training.probability.idxmax(axis=1) == truth
    reliability = pd.DataFrame({"stated": training.probability.max(axis=1), "right": right, "samples": 1})
    reliability = reliability.groupby(bins, observed=True).agg({"samples": "sum", "stated": "mean", "right": "mean"})
    confusion = pd.crosstab(truth, training.probability.idxmax(axis=1)).reindex(
        index=list(CLASSES), columns=list(CLASSES), fill_value=0
    )
    sizes = ", ".join(f"{k} {n}" for k, n in truth.value_counts().reindex(list(CLASSES)).items())
    lines = [
        f"# {settings['name']} {settings['version']}",
        "",
        f"Trained by `scripts/train_subtypes.py` on {len(truth)} samples ({sizes}).",
        f"Source: {source}. Identity, contamination and anchor genes, and their thresholds: {base.name}.",
        f"{int((training.model.weights['panel'] == 'A').sum())} genes a class, steepness {settings['steepness']:g}.",
        "",
        "## Performance: nested cross-validation, each sample by models that did not see it",
        "",
        f"| measure | this model | {base.name}, which is fixed |",
        "|---|---|---|",
        *(f"| {key} | {trained[key]:.3f} | {other[key]:.3f} |" for key in trained),
        "",
        "Chosen inside the outer folds: "
        + "; ".join(f"fold {r.fold}: {r.genes} genes, steepness {r.steepness:g}" for r in training.chosen.itertuples()),
        "",
        "Confusion (rows: label, columns: foremost class)",
        "",
        "| | A | N | P | I |",
        "|---|---|---|---|---|",
        *(
            f"| {k} | " + " | ".join(str(n) for n in row) + " |"
            for k, row in zip(CLASSES, confusion.to_numpy(), strict=True)
        ),
        "",
        "Reliability of the foremost probability",
        "",
        "| stated | samples | mean stated | right |",
        "|---|---|---|---|",
        *(
            f"| {i} | {int(n)} | {s:.3f} | {r:.3f} |"
            for i, (n, s, r) in zip(reliability.index, reliability.to_numpy(), strict=True)
        ),
        "",
        "## Limits",
        "",
        "The accuracy holds for samples like these: same labels, same kind of specimen and library. Labels that were",
        "made from the same expression (NMF) make it look better than it is. Refusals (identity, contamination, depth)",
        "are those of the base model and were not trained.",
        "",
    ]
    return "\n".join(lines)


def rival_probability(expression: Expression, truth: pd.Series, base: Model) -> pd.DataFrame:
    """Return probabilities by the base model of the same samples."""
    scores = panel_scores(make_profile(expression, base), base)
    return probabilities(activations(scores, base), base.settings["steepness"]).loc[truth.index]
