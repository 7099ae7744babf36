"""What is measured of each sample: the features whose change is looked at."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.expression.matrix import Expression
from anpi.signatures.registry import Signature
from anpi.signatures.scores import prepare_samples, score_samples
from anpi.trial.methods import is_in_tpm

COLUMNS = ["sample_id", "feature", "kind", "value", "low", "high"]
CLASSES = ("p_A", "p_N", "p_P", "p_I")
SUBTYPE = "subtype"  # the kind whose values are probabilities


def signature_features(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores, those in TPM as log2(x + 1)."""
    table = scores[["sample_id", "signature"]].rename(columns={"signature": "feature"})
    return table.assign(value=logs_of_tpm(scores), kind="signature")[COLUMNS[:4]]


def logs_of_tpm(scores: pd.DataFrame) -> pd.Series:
    """Return scores as they are, those in TPM as log2(x + 1)."""
    linear = scores["unit"].astype(str).map(is_in_tpm).astype(bool)
    return scores["score"].where(~linear, np.log2(scores["score"].clip(lower=0) + 1))


def signature_levels(expression: Expression, signatures: list[Signature]) -> pd.DataFrame:
    """Measure signatures: samples x signatures, in the unit of their features."""
    table = score_samples(prepare_samples(expression), signatures, None)
    return table.assign(level=logs_of_tpm(table)).pivot(index="sample_id", columns="signature", values="level")


def target_features(targets: pd.DataFrame) -> pd.DataFrame:
    """Return targets as measured (kind gene) and in the tumour alone (gene_in_tumour), in log2(TPM + 1)."""
    parts = []
    for kind, names in (
        ("gene", ("tpm", "tpm_low", "tpm_high")),
        ("gene_in_tumour", ("tumour_tpm", "tumour_low", "tumour_high")),
    ):
        logs = np.log2(targets[list(names)].astype(float) + 1).set_axis(["value", "low", "high"], axis=1)
        parts.append(targets[["sample_id"]].assign(feature=targets["target"], kind=kind).join(logs))
    return pd.concat(parts)[COLUMNS]


def gene_features(tpm: pd.DataFrame, symbols: dict[str, str]) -> pd.DataFrame:
    """Return named genes in log2(TPM + 1).

    Parameters
    ----------
    tpm : (genes, samples) pandas.DataFrame
    symbols : dict
        Gene id by the name that the feature has.
    """
    rows = []
    for name, gene in symbols.items():
        if gene not in tpm.index:
            continue
        for sample, value in tpm.loc[gene].items():
            rows.append((sample, name, "gene", float(np.log2(value + 1))))
    return pd.DataFrame(rows, columns=COLUMNS[:4])


def wide_features(table: pd.DataFrame, kind: str, columns: list[str]) -> pd.DataFrame:
    """Return columns of a table with one row per sample as features without an interval."""
    long = table.melt("sample_id", [c for c in columns if c in table], "feature", "value")
    return long.assign(kind=kind)


def long_features(table: pd.DataFrame, kind: str, value: str) -> pd.DataFrame:
    """Return a table with one row per sample and feature, the feature named by the kind's column, without limits."""
    return table.rename(columns={kind: "feature", value: "value"}).assign(kind=kind)[COLUMNS[:4]]


def range_features(measured: list[pd.DataFrame], kind: str) -> pd.DataFrame:
    """Return the first of several measures (samples x features) with limits that hold them all."""
    parts = [table.rename_axis("sample_id").reset_index().melt("sample_id", var_name="feature") for table in measured]
    values = np.column_stack([part["value"].to_numpy(float) for part in parts])
    table = parts[0].assign(kind=kind, low=values.min(axis=1), high=values.max(axis=1))
    return table.dropna(subset=["value"])[COLUMNS]


def fraction_features(fractions: pd.DataFrame) -> pd.DataFrame:
    """Return cell fractions of the sample with their intervals."""
    table = fractions.rename(columns={"cell_type": "feature", "fraction": "value"})
    return table.drop_duplicates(["sample_id", "feature"]).assign(kind="fraction")[COLUMNS]
