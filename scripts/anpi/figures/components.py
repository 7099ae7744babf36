"""Samples in the plane of the first two principal components."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from anpi.figures.style import QUIET, RULE, SUBTYPE_COLOURS, new_figure, patient_mark

MARKERS = {"A": "o", "N": "s", "P": "^", "I": "D", "mixed": "X", "none": "P"}


def components(samples: pd.DataFrame, shares: tuple[float, float]) -> tuple[Figure, pd.DataFrame]:
    """Draw a mark a sample, with the colour and the marker of its call.

    Parameters
    ----------
    samples : pandas.DataFrame
        ``sample_id``, ``patient_id``, ``group`` (A, N, P, I, mixed, none), ``pc1``, ``pc2``.
    shares : (float, float)
        Share of the variance of the two components.
    """
    figure, axes = new_figure(5.2, 4.2)
    for row in samples.itertuples():
        axes.plot(
            row.pc1,
            row.pc2,
            marker=MARKERS[str(row.group)],
            color=SUBTYPE_COLOURS[str(row.group)],
            markersize=7,
            markeredgecolor="white",
            markeredgewidth=0.6,
            linestyle="none",
            gid=patient_mark(row.patient_id),
        )
    for group in [group for group in MARKERS if samples["group"].eq(group).any()]:
        axes.plot([], [], marker=MARKERS[group], color=SUBTYPE_COLOURS[group], linestyle="none", label=group)
    axes.axhline(0, color=RULE, linewidth=0.7, zorder=0)
    axes.axvline(0, color=RULE, linewidth=0.7, zorder=0)
    axes.set(xlabel=f"Component 1 ({shares[0]:.0%} of the variance)", ylabel=f"Component 2 ({shares[1]:.0%})")
    axes.legend(frameon=False, fontsize=8, labelcolor=QUIET, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure, samples
