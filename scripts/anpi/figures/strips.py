"""Strips of points: the level of several genes, a mark a patient."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from anpi.figures.components import MARKERS
from anpi.figures.style import INK, RULE, SUBTYPE_COLOURS, new_figure, patient_mark

SPREAD = 0.32


def strips(levels: pd.DataFrame, people: pd.DataFrame, what: str) -> tuple[Figure, pd.DataFrame]:
    """Draw a strip a gene, with the median as a line.

    Parameters
    ----------
    levels : pandas.DataFrame
        Samples x genes.
    people : pandas.DataFrame
        Index as that of ``levels``: ``patient_id``, ``group`` (A, N, P, I, mixed, none).
    what : str
        Name and unit of the values.
    """
    figure, axes = new_figure(7.4, 3.0)
    order = people.sort_values(["group", "patient_id"]).index
    aside = dict(zip(order, np.linspace(-SPREAD, SPREAD, len(order)) if len(order) > 1 else [0.0], strict=True))
    for place, gene in enumerate(levels):
        measured = levels[gene].dropna()
        for sample, value in measured.items():
            group = str(people.at[sample, "group"])
            axes.plot(
                place + aside[sample],
                value,
                marker=MARKERS.get(group, "P"),
                color=SUBTYPE_COLOURS.get(group, SUBTYPE_COLOURS["none"]),
                markersize=4.5,
                markeredgewidth=0,
                linestyle="none",
                gid=patient_mark(people.at[sample, "patient_id"]),
            )
        if len(measured):
            axes.plot([place - 0.4, place + 0.4], [measured.median()] * 2, color=INK, linewidth=1)
    for group in [g for g in MARKERS if people["group"].eq(g).any()]:
        axes.plot([], [], marker=MARKERS[group], color=SUBTYPE_COLOURS[group], linestyle="none", label=group)
    axes.set_xticks(range(levels.shape[1]), list(levels.columns))
    axes.set(ylabel=what, xlim=(-0.6, levels.shape[1] - 0.4))
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure, levels.assign(patient_id=people["patient_id"]).rename_axis("sample_id").reset_index()
