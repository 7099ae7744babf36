"""How much of a sample is cancer cells: least squares on profiles of normal tissues, leukocytes and stroma."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from anpi.subtypes.model import Model
from anpi.subtypes.profile import Profile, row_medians

ROUNDS = 8  # of weights that follow the fit
SWEEPS = 30  # of coordinate descent in each round
LEFT = 0.25  # of a gene at least is the tumour's: normal tissue differs from its profile by about as much
FLOOR = 0.01  # of a gene's highest profile: the fit is no more certain than this


def estimate_shares(profile: Profile, model: Model) -> pd.DataFrame:
    """Estimate the share of each profile of the model in each sample, at the level of the anchor genes.

    Nonnegative least squares over the genes that cancer cells of SCLC hardly express. The error of a gene is taken as
    proportional to its fitted level, so that albumin does not outweigh the rest. Each sample is fitted alone.

    Returns
    -------
    pandas.DataFrame
        Samples x profiles, 0 to 1, sum at most 1; NaN where fewer than half of a profile's genes are present,
        and for models without profiles.
    """
    shares = pd.DataFrame(np.nan, index=profile.samples, columns=model.profiles.columns)
    if model.profiles.empty:
        return shares
    column = {gene: i for i, gene in enumerate(model.gene_ids)}
    markers = model.markers
    cancer = markers["cancer"].to_numpy()
    levels = np.ascontiguousarray(profile.tpm[:, [column[gene] for gene in markers.index]]) - cancer
    pure = np.ascontiguousarray(model.profiles.loc[markers.index].to_numpy().T) - cancer
    present = ~np.isnan(levels)
    fitted = fit_shares(np.where(present, levels, 0.0), present.astype(float), pure)
    for i, name in enumerate(shares.columns):
        of_profile = (markers["profile"] == name).to_numpy()
        measured = profile.scaled & (present[:, of_profile].sum(axis=1) >= of_profile.sum() / 2)
        shares[name] = np.where(measured, fitted[:, i], np.nan)
    return shares


def fit_shares(levels: np.ndarray, present: np.ndarray, pure: np.ndarray) -> np.ndarray:
    """Fit samples x genes by profiles x genes: nonnegative shares, samples x profiles, sum at most 1.

    Sums run along the genes of one sample at a time, so company does not change a digit.
    """
    count = len(pure)
    owner = pure.argmax(axis=0)
    measured = np.where(present > 0, levels, np.nan)
    shares = np.stack([start_share(measured[:, owner == k], pure[k, owner == k]) for k in range(count)], axis=1)
    floor = FLOOR * pure.max(axis=0)
    for _ in range(ROUNDS):
        expected = np.maximum(sum(shares[:, [k]] * pure[k] for k in range(count)), 0.0)
        weight = present / (np.maximum(expected, levels) + floor) ** 2
        # Weights follow the fit half way, or two fits would take turns.
        shares = (shares + weighted_fit(levels, weight, pure, shares.copy())) / 2
    total = np.maximum(sum(shares[:, k] for k in range(count)), 1.0)
    return shares / total[:, None]


def rna_shares(shares: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Turn shares at the level of the anchor genes into shares of RNA.

    Anchor genes make less of the RNA of a normal cell than of a cancer cell (the model's ``content``), so bringing a
    sample to the level of its anchors makes normal cells look fewer than they are.
    """
    if shares.empty or model.profiles.empty:
        return shares
    content = model.settings["purity"]["content"]
    weighed = pd.DataFrame({name: shares[name] / content[name] for name in shares.columns})
    rest = 1.0 - sum(shares[name] for name in shares.columns)
    total = rest + sum(weighed[name] for name in weighed.columns)
    return weighed.div(total, axis=0)


def purity(shares: pd.DataFrame, model: Model) -> pd.Series:
    """Return the share of RNA from cancer cells: what no profile explains; NaN where a profile is not known."""
    if model.profiles.empty:
        return pd.Series(np.nan, index=shares.index)
    of_rna = rna_shares(shares, model)
    return 1.0 - sum(of_rna[name] for name in of_rna.columns)


def start_share(levels: np.ndarray, pure: np.ndarray) -> np.ndarray:
    """Return the median over a profile's own genes of the level over that of the pure profile."""
    return np.maximum(np.nan_to_num(row_medians(levels / pure)), 0.0) if levels.size else np.zeros(len(levels))


def weighted_fit(levels: np.ndarray, weight: np.ndarray, pure: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return nonnegative shares that fit levels by weighted squares, by coordinate descent from the given ones."""
    count = len(pure)
    target = [(weight * levels * pure[k]).sum(axis=1) for k in range(count)]
    gram = [[(weight * (pure[j] * pure[k])).sum(axis=1) for k in range(count)] for j in range(count)]
    for _ in range(SWEEPS):
        for k in range(count):
            rest = sum(gram[k][j] * shares[:, j] for j in range(count) if j != k)
            shares[:, k] = np.maximum((target[k] - rest) / np.maximum(gram[k][k], 1e-12), 0.0)
    return shares


@dataclass(frozen=True)
class Removal:
    """What is taken out of samples before their classes are judged.

    Parameters
    ----------
    taken : numpy.ndarray
        Samples x `Model.gene_ids`: TPM that normal tissue, or leukocytes and stroma, bring.
    share : numpy.ndarray
        Share of each sample that is taken out, at the level of the anchor genes.
    """

    taken: np.ndarray
    share: np.ndarray


def plan_removal(shares: pd.DataFrame, model: Model, names: Iterable[str]) -> Removal:
    """Plan to take some profiles out of samples.

    Shares below the model's ``least_share`` stay in, and at most ``most_removed`` goes out, as what is left would be
    mostly error.
    """
    names = [name for name in names if name in shares.columns]
    if not names:
        return Removal(np.zeros((len(shares), len(model.gene_ids))), np.zeros(len(shares)))
    rule = model.settings["purity"]
    part = shares[names].fillna(0.0).to_numpy()
    part = np.where(part >= rule["least_share"], part, 0.0)
    total = sum(part[:, k] for k in range(len(names)))
    part = part * np.minimum(1.0, rule["most_removed"] / np.maximum(total, 1e-9))[:, None]
    # A gene without a profile loses nothing.
    normal = model.profiles[names].reindex(model.gene_ids).fillna(0.0).to_numpy().T
    taken = sum(part[:, [k]] * normal[k] for k in range(len(names)))
    return Removal(taken, sum(part[:, k] for k in range(len(names))))


def remove(profile: Profile, removal: Removal, model: Model) -> Profile:
    """Subtract what normal cells bring to each gene and bring the rest back to the whole."""
    tpm = np.maximum(profile.tpm - removal.taken, LEFT * profile.tpm) / (1.0 - removal.share)[:, None]
    tpm = np.where((removal.share > 0)[:, None], tpm, profile.tpm)
    column = {gene: i for i, gene in enumerate(model.gene_ids)}
    order = np.array([column[gene] for gene in model.reference.index])
    deviation = np.log2(tpm[:, order] + 1) - model.reference["location"].to_numpy()
    return replace(profile, tpm=tpm, deviation=deviation)
