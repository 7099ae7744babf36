"""Genes and gene sets between two groups: effect against evidence."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from anpi.figures.style import INK, QUIET, RULE, new_figure

MOST_NAMED = 12


def volcano(genes: pd.DataFrame, threshold: float = 0.05) -> tuple[Figure, pd.DataFrame]:
    """Draw log2 fold changes against evidence; genes under the false discovery rate are named.

    Parameters
    ----------
    genes : pandas.DataFrame
        ``name``, ``log2_fold_change``, ``p``, ``p_adjusted`` of one contrast; rows without p are left out.
    """
    drawn = genes.dropna(subset=["log2_fold_change", "p"]).copy()
    drawn["evidence"] = -np.log10(drawn["p"].clip(lower=1e-300))
    drawn["passes"] = drawn["p_adjusted"].lt(threshold)
    figure, axes = new_figure(6.4, 4.0)
    for passes, colour, size, alpha in ((False, QUIET, 5, 0.35), (True, "#D55E00", 12, 0.9)):
        part = drawn[drawn["passes"] == passes]
        axes.scatter(
            part["log2_fold_change"], part["evidence"], s=size, color=colour, alpha=alpha, linewidths=0, rasterized=True
        )
    reach = max(1.0, float(drawn["log2_fold_change"].abs().max() * 1.15)) if len(drawn) else 1.0
    for row in drawn[drawn["passes"]].nlargest(MOST_NAMED, "evidence").itertuples():
        axes.annotate(
            str(row.name), (row.log2_fold_change, row.evidence), xytext=(3, 3), textcoords="offset points", fontsize=8
        )
    axes.axvline(0, color=RULE, linewidth=0.8, zorder=0)
    axes.set(xlim=(-reach, reach), xlabel="log2 fold change (shrunken)", ylabel="−log10 p (unadjusted)")
    return figure, drawn.drop(columns=["evidence", "passes"])


def enrichment(sets: pd.DataFrame, most: int = 25) -> tuple[Figure, pd.DataFrame]:
    """Draw the normalised enrichment scores of the gene sets with the smallest adjusted p.

    Parameters
    ----------
    sets : pandas.DataFrame
        ``name``, ``nes``, ``p_adjusted`` of one contrast.
    """
    drawn = sets.dropna(subset=["nes"]).sort_values(["p_adjusted", "name"]).head(most).sort_values("nes")
    figure, axes = new_figure(6.8, 0.9 + 0.2 * max(len(drawn), 1))
    for place, row in enumerate(drawn.itertuples()):
        filled = row.p_adjusted < 0.05
        axes.plot([0, row.nes], [place, place], color=QUIET, linewidth=1)
        axes.plot(row.nes, place, marker="o", color=INK, markerfacecolor=INK if filled else "white", markersize=5)
    axes.axvline(0, color=QUIET, linewidth=0.8)
    axes.set_yticks(range(len(drawn)), [str(n) if len(str(n)) <= 44 else str(n)[:43] + "…" for n in drawn["name"]])
    axes.set(
        xlabel="Normalised enrichment score (filled: false discovery rate below 0.05)", ylim=(-0.7, len(drawn) - 0.3)
    )
    return figure, drawn
