"""Coverage along genes, a line a sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from anpi.figures.style import GREY, QUIET, RULE, VERDICT_COLOURS, new_figure, patient_mark

LINES = {"pass": GREY, "warn": "#B98900", "fail": VERDICT_COLOURS["fail"]}
DASHES = {"pass": "-", "warn": (0, (6, 2)), "fail": (0, (2, 1.5))}


def gene_body(curves: pd.DataFrame, samples: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the coverage of genes from their 5' to their 3' end.

    Parameters
    ----------
    curves : pandas.DataFrame
        Index ``sample_id``; one column per part of the gene, from 5' to 3'; mean 1.
    samples : pandas.DataFrame
        Same index; ``patient_id``, ``verdict``.
    """
    figure, axes = new_figure(5.6, 3.4)
    places = (np.arange(len(curves.columns)) + 0.5) * 100 / len(curves.columns)
    for sample, values in curves.iterrows():
        verdict = samples.at[sample, "verdict"]
        axes.plot(
            places,
            values.to_numpy(dtype=float),
            color=LINES[verdict],
            linestyle=DASHES[verdict],
            linewidth=1.1,
            gid=patient_mark(samples.at[sample, "patient_id"]),
        )
    for verdict in [verdict for verdict in LINES if samples["verdict"].eq(verdict).any()]:
        axes.plot([], [], color=LINES[verdict], linestyle=DASHES[verdict], label=verdict)
    axes.axhline(1, color=RULE, linewidth=0.8, zorder=0)
    axes.set(xlim=(0, 100), xlabel="Place in the gene, % of its length from the 5′ end", ylabel="Coverage (mean 1)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8, labelcolor=QUIET, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure, curves.reset_index()
