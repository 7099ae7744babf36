"""Expression of simulated tumours: reference quartiles, subtype programmes, inflammation, purity, batch.

A tumour's own cells are a mixture of pure subtypes on the linear scale. Each gene is log-normal around the reference
median with the spread of the reference quartiles; programme genes sit near their upper quartile where the programme is
on and near their lower quartile where it is off. Immune genes follow one continuous factor. The biopsy mixes tumour
with normal tissue by purity.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anpi.trial.subtypes import SUBTYPES
from demo.genes import choose_genes, read_levels, read_normal_tissues, read_programmes
from demo.streams import stream

# How much of each programme a pure tumour of the subtype runs.
ACTIVITY = pd.DataFrame(
    {
        "ascl1": [1.0, 0.05, 0.0, 0.02],
        "neurod1": [0.03, 1.0, 0.0, 0.02],
        "pou2f3": [0.0, 0.0, 1.0, 0.02],
        "mesenchymal": [0.0, 0.05, 0.45, 1.0],
        "neuroendocrine": [1.0, 0.85, 0.08, 0.15],
        "non_neuroendocrine": [0.0, 0.05, 0.8, 1.0],
    },
    index=SUBTYPES,
)
# Mean of the inflammation factor (in standard deviations of the reference) by subtype.
INFLAMMATION = {"A": -0.3, "N": -0.6, "P": -0.1, "I": 1.4}
INFLAMMATION_SPREAD = 0.7
SHARE_OF_FACTOR = {"immune": 0.75, "antigen_presentation": 0.65}
QUARTILE_SPAN = 1.349
SMALL = 0.05
RESIDUAL_OF_PROGRAMME = 0.45
LARGEST_SPREAD = 2.5
BATCH_SPREAD = 0.08
LEAST_STEP = 1.5


@dataclass(frozen=True)
class ExpressionModel:
    """What the genes do, ready for drawing; all arrays are genes long and in log2 TPM unless said otherwise.

    Parameters
    ----------
    genes : pandas.DataFrame
        See `demo.genes.choose_genes`.
    pure : numpy.ndarray, genes x 4
        Centre in a pure tumour of each of A, N, P, I.
    spread : numpy.ndarray
        Standard deviation of a gene between like tumours.
    loading : numpy.ndarray
        Change a unit of the inflammation factor.
    sex : numpy.ndarray, genes x 2
        Centre in females and males; NaN for genes that do not depend on sex.
    normal : dict of str to numpy.ndarray
        TPM in normal tissues.
    """

    genes: pd.DataFrame
    pure: np.ndarray
    spread: np.ndarray
    loading: np.ndarray
    sex: np.ndarray
    normal: dict[str, np.ndarray]


def build_model(genes: pd.DataFrame | None = None) -> ExpressionModel:
    """Put programmes, factor loadings and normal tissues on the genes."""
    genes = choose_genes() if genes is None else genes
    median, low, high = (np.log2(genes[column].to_numpy() + SMALL) for column in ("median", "q1", "q3"))
    spread = np.clip((high - low) / QUARTILE_SPAN, 0.15, LARGEST_SPREAD)
    members = {
        programme: genes["symbol"].isin(rows["symbol"]).to_numpy()
        for programme, rows in read_programmes().groupby("programme")
    }
    loading = np.zeros(len(genes))
    residual = spread.copy()
    for programme, share in SHARE_OF_FACTOR.items():
        loading[members[programme]] = np.sqrt(share) * spread[members[programme]]
        residual[members[programme]] = np.sqrt(1 - share) * spread[members[programme]]
    pure = subtype_centres(genes["symbol"], members, median, low, high)
    in_programme = np.ptp(pure, axis=1) > 0
    residual[in_programme] = np.minimum(residual[in_programme], RESIDUAL_OF_PROGRAMME)
    sex = sex_centres(genes["symbol"])
    residual[~np.isnan(sex[:, 0])] = 0.3
    return ExpressionModel(genes, pure, residual, loading, sex, normal_profiles(genes, members))


def subtype_centres(
    symbols: pd.Series, members: dict[str, np.ndarray], median: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Centre of every gene in pure tumours: off and on levels mixed (linear) by the activity of its programmes."""
    levels = read_levels().set_index("symbol")
    on = np.maximum(high + 0.3, low + LEAST_STEP)
    off = low.copy()
    common = members["ascl1"] | members["neuroendocrine"]
    # Fewer than a quarter of the reference tumours are without these: their centre lies near the tenth percentile.
    off[common] = (median - 1.28 * (high - low) / QUARTILE_SPAN)[common]
    rare = members["pou2f3"] | members["neurod1"]
    on[rare] = np.maximum(high[rare] + 1.5, np.log2(8.0))
    for i, symbol in enumerate(symbols):
        if symbol in levels.index:
            on[i], off[i] = np.log2(levels.loc[symbol, ["on", "off"]].to_numpy(dtype=float))
    centres = np.tile(median[:, None], (1, len(SUBTYPES)))
    activity = np.full((len(symbols), len(SUBTYPES)), np.nan)
    for programme in ACTIVITY.columns:
        rows = members[programme]
        activity[rows] = np.fmax(activity[rows], ACTIVITY[programme].to_numpy()[None, :])
    moved = ~np.isnan(activity[:, 0])
    share = activity[moved]
    centres[moved] = np.log2(share * np.exp2(on[moved, None]) + (1 - share) * np.exp2(off[moved, None]))
    return centres


def sex_centres(symbols: pd.Series) -> np.ndarray:
    """Centre of the genes of the X-inactivation centre and the Y chromosome in females and males (log2 TPM)."""
    centres = np.full((len(symbols), 2), np.nan)
    levels = read_levels()
    levels = levels[levels["programme"].isin(["female", "male"])].set_index("symbol")
    for i, symbol in enumerate(symbols):
        if symbol in levels.index:
            on, off = np.log2(levels.loc[symbol, ["on", "off"]].to_numpy(dtype=float))
            centres[i] = (on, off) if levels.loc[symbol, "programme"] == "female" else (off, on)
    return centres


def normal_profiles(genes: pd.DataFrame, members: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return TPM of normal tissues: stated markers; others at the reference median, tumour programmes nearly silent."""
    tissues = read_normal_tissues()
    default = genes["median"].to_numpy(copy=True)
    silent = members["ascl1"] | members["neurod1"] | members["pou2f3"] | members["neuroendocrine"]
    default[silent] = np.minimum(default[silent] * 0.05, 1.0)
    default[members["proliferation"]] *= 0.06
    profiles = {}
    for tissue in tissues.columns:
        stated = tissues[tissue].reindex(genes["symbol"]).to_numpy()
        profiles[tissue] = np.where(np.isnan(stated), default, stated)
    return profiles


def simulate_expression(
    tumours: pd.DataFrame, seed: int = 1, model: ExpressionModel | None = None, total: float | None = 1e6
) -> pd.DataFrame:
    """Draw the expression of tumours with known subtype, inflammation and purity.

    Parameters
    ----------
    tumours : pandas.DataFrame
        Indexed by sample id. Columns ``A``, ``N``, ``P``, ``I``: shares of the pure subtypes, summing to 1 (see
        `draw_tumours`, or `pure_tumours`). Optional: ``inflammation`` (standard deviations, 0 when absent), ``purity``
        (share of tumour in the biopsy, 1 when absent), ``tissue`` (normal tissue mixed in: stroma, lung or
        airway_muscle), ``sex`` (F or M), ``batch``, ``donor`` (samples of one donor share
        the gene-wise deviations of that tumour).
    seed : int
        Each sample has its own stream: its values do not depend on which others are drawn.
    model : ExpressionModel, optional
        See `build_model`.
    total : float, optional
        Sum over genes of a sample; None leaves the drawn levels, which sum to less than a whole transcriptome.

    Returns
    -------
    pandas.DataFrame
        TPM, genes (Ensembl ids) x samples.
    """
    model = build_model() if model is None else model
    columns = {str(sample): draw_profile(row, str(sample), seed, model) for sample, row in tumours.iterrows()}
    tpm = pd.DataFrame(columns, index=model.genes.index)
    return tpm if total is None else tpm / tpm.sum() * total


def draw_profile(tumour: pd.Series, sample: str, seed: int, model: ExpressionModel) -> np.ndarray:
    """Draw one sample's levels (TPM before scaling)."""
    facts = tumour.to_dict()
    donor, inflammation = facts.get("donor", sample), facts.get("inflammation", 0.0)
    weights = np.array([facts[subtype] for subtype in SUBTYPES], dtype=float)
    of_tumour = gene_normals(seed, f"tumour {donor}", model.genes.index)
    noise = gene_normals(seed, f"sample {sample}", model.genes.index) * 0.15
    batch = gene_normals(seed, f"batch {facts.get('batch', 1)}", model.genes.index) * BATCH_SPREAD
    shift = of_tumour * model.spread + model.loading * inflammation + noise + batch
    centre = np.log2(np.exp2(model.pure) @ weights)
    sexed = ~np.isnan(model.sex[:, 0])
    if facts.get("sex") in ("F", "M"):
        centre[sexed] = model.sex[sexed, 0 if facts["sex"] == "F" else 1]
    cells = np.maximum(np.exp2(centre + shift) - SMALL, 0)
    purity = float(facts.get("purity", 1.0))
    if purity >= 1:
        return cells
    normal = model.normal[facts.get("tissue", "stroma")].copy()
    normal[sexed] = cells[sexed]
    normal = normal * np.exp2(noise * 2 + batch + model.loading * 0.3 * inflammation)
    return purity * cells / cells.sum() + (1 - purity) * normal / normal.sum()


def gene_normals(seed: int, name: str, gene_ids: pd.Index) -> np.ndarray:
    """Return standard normal deviates, one a gene."""
    return stream(seed, name, zlib.crc32("\n".join(gene_ids).encode())).standard_normal(len(gene_ids))


def pure_tumours(subtypes: list[str], prefix: str = "T") -> pd.DataFrame:
    """Return the table of pure tumours for `simulate_expression`, each with the usual inflammation of its subtype."""
    index = [f"{prefix}{i:04d}" for i in range(1, len(subtypes) + 1)]
    table = pd.DataFrame(
        [[float(s == kind) for s in SUBTYPES] for kind in subtypes], index=index, columns=list(SUBTYPES)
    )
    table["inflammation"] = [INFLAMMATION[kind] for kind in subtypes]
    table["purity"] = 1.0
    return table


def draw_tumours(subtypes: pd.Series, seed: int = 1) -> pd.DataFrame:
    """Draw shares, inflammation and purity of tumours with a leading subtype.

    Parameters
    ----------
    subtypes : pandas.Series
        Leading subtype (A, N, P or I), indexed by the tumours' names.

    Returns
    -------
    pandas.DataFrame
        ``subtype``, ``A``, ``N``, ``P``, ``I``, ``inflammation``, ``purity``, ``tissue``.
    """
    rows = {}
    for name, subtype in subtypes.items():
        draw = stream(seed, "tumour facts", name)
        lead = 1 - 0.2 * draw.beta(1.2, 3)
        rest = draw.dirichlet(np.ones(len(SUBTYPES) - 1)) * (1 - lead)
        shares = dict(zip([s for s in SUBTYPES if s != subtype], rest, strict=True)) | {subtype: lead}
        rows[name] = {
            "subtype": subtype,
            **{s: shares[s] for s in SUBTYPES},
            "inflammation": INFLAMMATION[subtype] + INFLAMMATION_SPREAD * draw.standard_normal(),
            "purity": 0.6 + 0.35 * draw.beta(3, 2),
            "tissue": "stroma",
        }
    return pd.DataFrame.from_dict(rows, orient="index")
