"""What is measured of each sample, with how far its reads can tell: the features whose change is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from anpi.expression.matrix import Expression
from anpi.signatures.registry import Signature
from anpi.signatures.scores import prepare_samples, score_samples

COLUMNS = ["sample_id", "feature", "kind", "value", "low", "high"]
DRAWS = 32
Z = 1.959963984540054
CLASSES = ("p_A", "p_N", "p_P", "p_I")


def signature_features(scores: pd.DataFrame, errors: pd.DataFrame | None) -> pd.DataFrame:
    """Return the scores, those in TPM as log2(x + 1), with the interval of read depth where errors are known."""
    table = scores[["sample_id", "signature", "score", "unit"]].copy()
    linear = table["unit"].astype(str).str.lower().eq("tpm")
    table["value"] = table["score"].where(~linear, np.log2(table["score"].clip(lower=0) + 1))
    table = table.rename(columns={"signature": "feature"}).assign(kind="signature")
    if errors is None:
        return table[COLUMNS[:4]]
    table = table.merge(errors.rename(columns={"signature": "feature"}), on=["sample_id", "feature"], how="left")
    return table.assign(low=table["value"] - Z * table["error"], high=table["value"] + Z * table["error"])[COLUMNS]


def score_errors(
    expression: Expression, counts: Expression, signatures: list[Signature], samples: list[str]
) -> pd.DataFrame:
    """Return the standard error of each score that the number of reads makes, by drawing the counts anew.

    Each draw takes counts from a Gamma of count + 1/2, which is what Poisson counts tell of their mean; a gene without
    a fragment may have some in the next library. The draws of a sample are its own.

    Returns
    -------
    pandas.DataFrame
        ``sample_id``, ``signature``, ``error`` (in the unit of the score; of TPM in log2(x + 1)).
    """
    parts = []
    lengths = expression.genes.set_index("gene_id")["length"]
    for sample in samples:
        tpm = expression.values[sample]
        count = counts.values[sample].reindex(tpm.index)
        drawn = draw_tpm(tpm.to_numpy(float), count.to_numpy(float), lengths.reindex(tpm.index).to_numpy(float))
        values = pd.DataFrame(drawn.T, index=tpm.index, columns=[str(i) for i in range(DRAWS)])
        table = score_samples(prepare_samples(replace(expression, values=values)), signatures, None)
        linear = table["unit"].str.lower().eq("tpm")
        table["score"] = table["score"].where(~linear, np.log2(table["score"].clip(lower=0) + 1))
        error = table.groupby("signature", sort=False)["score"].std().rename("error").reset_index()
        parts.append(error.assign(sample_id=sample))
    return pd.concat(parts) if parts else pd.DataFrame(columns=["sample_id", "signature", "error"])


def draw_tpm(tpm: np.ndarray, count: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Draw TPM of as many reads (draws x genes), summing to what was measured; a gene without a count stays."""
    with np.errstate(invalid="ignore", divide="ignore"):
        each = tpm / count
        rate = np.where((count >= 10) & (lengths > 0), each * lengths, np.nan)
        usual = np.nanmedian(rate) if np.isfinite(rate).any() else np.nan
        each = np.where(count > 0, each, usual / lengths)
    known = np.isfinite(each) & np.isfinite(count)
    rng = np.random.default_rng(0)
    drawn = np.tile(tpm, (DRAWS, 1))
    drawn[:, known] = rng.standard_gamma(count[known] + 0.5, (DRAWS, int(known.sum()))) * each[known]
    sums = np.nansum(drawn, axis=1, keepdims=True)
    return drawn * (np.nansum(tpm) / np.where(sums > 0, sums, 1.0))


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


def fraction_features(fractions: pd.DataFrame) -> pd.DataFrame:
    """Return cell fractions of the sample with their intervals."""
    table = fractions.rename(columns={"cell_type": "feature", "fraction": "value"})
    return table.drop_duplicates(["sample_id", "feature"]).assign(kind="fraction")[COLUMNS]
