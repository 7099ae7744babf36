"""Two samples of each patient as slopes, one panel a feature."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from anpi.figures.style import GREY, QUIET, new_figure, patient_mark

RESPONSES = {"Y": ("responder", "#0072B2", "-"), "N": ("non-responder", "#D55E00", (0, (6, 2)))}
UNKNOWN = ("response not known", GREY, (0, (2, 1.5)))


def slopes(changes: pd.DataFrame, names: dict[str, str], later: str) -> tuple[Figure, pd.DataFrame]:
    """Draw each feature before and after by patient, coloured by response.

    Parameters
    ----------
    changes : pandas.DataFrame
        ``patient_id``, ``feature``, ``before``, ``after``, ``response`` (Y, N or missing).
    names : dict of str to str
        Features that are drawn, and their words.
    later : str
        What the second sample is called.
    """
    drawn = changes[changes["feature"].isin(list(names))]
    across = min(4, max(1, len(names)))
    down = -(-len(names) // across)
    figure, first = new_figure(2.1 * across + 1.4, 2.4 * down)
    first.remove()
    for place, (feature, words) in enumerate(names.items(), start=1):
        axes = figure.add_subplot(down, across, place)
        for row in drawn[drawn["feature"] == feature].itertuples():
            _, colour, dashes = RESPONSES.get(str(row.response), UNKNOWN)
            mark = patient_mark(row.patient_id)
            axes.plot(
                [0, 1], [row.before, row.after], "o", ms=3, color=colour, linestyle=dashes, linewidth=1.1, gid=mark
            )
        axes.set(xlim=(-0.2, 1.2), xticks=[0, 1], xticklabels=["baseline", later])
        axes.set_title(words, fontsize=8)
        axes.tick_params(labelsize=7)
    for response in (*RESPONSES.values(), UNKNOWN):
        axes.plot([], [], color=response[1], linestyle=response[2], label=response[0])
    axes.legend(frameon=False, fontsize=7, labelcolor=QUIET, loc="center left", bbox_to_anchor=(1.02, 0.5))
    figure.tight_layout()
    return figure, drawn.reset_index(drop=True)
