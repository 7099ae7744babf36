"""Heat maps with one column a sample: quality, subtype programmes, signatures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from anpi.figures.style import QUIET, SUBTYPE_COLOURS, VERDICT_COLOURS, blank_figure, ink_on, patient_mark
from anpi.trial.subtypes import SUBTYPES

LEVELS = ("pass", "warn", "fail", "not known")
SIGNS = {"warn": "!", "fail": "×", "not known": "–"}
MOST_LABELLED = 80
GROUPS = ("A", "N", "P", "I", "mixed", "none")
SHORT = {"mixed": "m", "none": "–"}


def quality(levels: pd.DataFrame, samples: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw which facts of which samples are beyond their thresholds.

    Parameters
    ----------
    levels : pandas.DataFrame
        Facts x samples; each cell ``pass``, ``warn``, ``fail`` or ``not known``.
    samples : pandas.DataFrame
        Index ``sample_id`` in the order of the columns; ``patient_id``.
    """
    codes = levels.apply(lambda row: row.map(LEVELS.index))
    figure, axes = heat_axes(len(levels.columns), [len(levels)])
    draw_cells(axes[0], codes, ListedColormap([VERDICT_COLOURS[level] for level in LEVELS]), -0.5, 3.5)
    if len(levels.columns) <= MOST_LABELLED:
        for y, x in np.argwhere(~levels.eq("pass").to_numpy()):
            level = levels.iat[y, x]
            colour = ink_on(VERDICT_COLOURS[level])
            axes[0].text(x, y, SIGNS[level], ha="center", va="center", fontsize=8, color=colour)
    finish(axes, levels, samples)
    legend(axes[0], {level: VERDICT_COLOURS[level] for level in LEVELS[:3]})
    return figure, levels.T.rename_axis("sample_id").reset_index()


def programmes(scores: pd.DataFrame, calls: pd.DataFrame, names: dict[str, str]) -> tuple[Figure, pd.DataFrame]:
    """Draw the level of each subtype programme with the call and its probabilities above.

    Parameters
    ----------
    scores : pandas.DataFrame
        Samples x programmes: z-scores against the locked reference.
    calls : pandas.DataFrame
        Index ``sample_id``: ``patient_id``, ``group`` (A, N, P, I, mixed, none), ``call``, ``p_A`` to ``p_I``.
    names : dict
        How a programme is called in the figure; its keys give the rows and their order.
    """
    order = in_groups(calls)
    calls, scores = calls.loc[order], scores.reindex(order)
    chances = calls[[f"p_{k}" for k in SUBTYPES]].T.set_axis([f"probability of {k}" for k in SUBTYPES])
    levels = scores[list(names)].T.set_axis(list(names.values()))
    figure, axes = heat_axes(len(order), [1, len(SUBTYPES), len(levels)])
    group_strip(axes[0], calls["group"], calls["call"])
    bar = draw_cells(axes[1], chances, "Greys", 0, 1)
    add_bar(figure, axes[1], bar, "probability")
    bar = draw_cells(axes[2], levels, "RdBu_r", None, None, TwoSlopeNorm(0, -3, 3))
    add_bar(figure, axes[2], bar, "z against reference", [-3, 0, 3])
    finish(axes, levels, calls)
    data = pd.concat([calls[["patient_id", "group", "call"]], chances.T, levels.T], axis=1)
    return figure, data.rename_axis("sample_id").reset_index()


def signatures(percentiles: pd.DataFrame, calls: pd.DataFrame, names: dict[str, str]) -> tuple[Figure, pd.DataFrame]:
    """Draw signatures as percentiles of the reference tumours, samples in the order of their subtype.

    Parameters
    ----------
    percentiles : pandas.DataFrame
        Samples x signatures, 0 to 100, NaN where there is none.
    """
    order = in_groups(calls)
    values = percentiles.reindex(order)[list(names)].T.set_axis([names[k] for k in names])
    calls = calls.loc[order]
    figure, axes = heat_axes(len(order), [1, len(values)])
    group_strip(axes[0], calls["group"], calls["call"])
    bar = draw_cells(axes[1], values, "PuOr_r", 0, 100)
    add_bar(figure, axes[1], bar, "percentile", [0, 50, 100])
    finish(axes, values, calls)
    data = pd.concat([calls[["patient_id", "group"]], values.T], axis=1)
    return figure, data.rename_axis("sample_id").reset_index()


def correlation(rho: pd.DataFrame, names: dict[str, str]) -> tuple[Figure, pd.DataFrame]:
    """Draw how signatures go together over the samples of a cohort.

    Parameters
    ----------
    rho : pandas.DataFrame
        Signatures x signatures, rank correlations from -1 to 1.
    names : dict
        How a signature is called in the figure; its keys give the rows and their order.
    """
    values = rho.reindex(index=list(names), columns=list(names)).set_axis(list(names.values()), axis=0)
    figure, axes = heat_axes(len(names), [len(names)])
    bar = draw_cells(axes[0], values, "RdBu_r", -1, 1)
    add_bar(figure, axes[0], bar, "rank correlation", [-1, 0, 1])
    axes[0].tick_params(length=0)
    axes[0].spines[:].set_visible(False)
    axes[0].set_yticks(range(len(names)), list(names.values()))
    axes[0].set_xticks([])
    return figure, values.rename_axis("signature").reset_index()


def in_groups(calls: pd.DataFrame) -> list[str]:
    """Order samples by group, then by the probability of their class, then by id."""
    rank = calls["group"].map({group: place for place, group in enumerate(GROUPS)})
    best = calls[[f"p_{k}" for k in SUBTYPES]].max(axis=1)
    keys = pd.DataFrame({"rank": rank, "p": -best.fillna(0), "id": calls.index.astype(str)}, index=calls.index)
    return list(keys.sort_values(["rank", "p", "id"]).index)


def heat_axes(columns: int, rows: list[int]) -> tuple[Figure, list[Axes]]:
    """Make stacked axes whose cells are about as high as text."""
    cell = 0.24 if columns <= MOST_LABELLED else max(0.012, 7.2 / columns)
    width, gap, row = max(2.4, columns * cell), 0.08, 0.21
    tall = sum(rows) * row + gap * (len(rows) - 1)
    left, right, top, bottom = 2.6, 1.1, 0.35, 0.9
    figure = blank_figure(left + width + right, top + tall + bottom)
    w, h = figure.get_size_inches()
    axes, y = [], h - top
    for count in rows:
        y -= count * row
        axes.append(figure.add_axes((left / w, y / h, width / w, count * row / h)))
        y -= gap
    return figure, axes


def draw_cells(
    axes: Axes,
    values: pd.DataFrame,
    colours: str | Colormap,
    low: float | None,
    high: float | None,
    norm: Normalize | None = None,
) -> ScalarMappable:
    """Draw a table as cells; missing cells stay hatched grey."""
    axes.set_facecolor("#e6e9ec")
    numbers = np.ma.masked_invalid(values.to_numpy(dtype=float))
    return axes.imshow(numbers, aspect="auto", cmap=colours, vmin=low, vmax=high, norm=norm, interpolation="nearest")


def group_strip(axes: Axes, groups: pd.Series, calls: pd.Series) -> None:
    """Draw a strip of subtypes with their letters: of each sample, a lean call in small ones, or of each group."""
    codes = pd.DataFrame([groups.map(GROUPS.index)])
    draw_cells(axes, codes, ListedColormap([SUBTYPE_COLOURS[group] for group in GROUPS]), -0.5, len(GROUPS) - 0.5)
    if len(groups) <= MOST_LABELLED:
        for x, (group, call) in enumerate(zip(groups, calls, strict=True)):
            letter = SHORT.get(group, group if call == "confident" else group.lower())
            colour = ink_on(SUBTYPE_COLOURS[group])
            axes.text(x, 0, letter, ha="center", va="center", fontsize=8, color=colour)
            axes.axvline(x + 0.5, color="white", linewidth=0.5)
    else:
        places = pd.Series(np.arange(len(groups)), index=groups.to_numpy())
        for group, middle in places.groupby(level=0).mean().items():
            axes.text(middle, -0.6, SHORT.get(str(group), str(group)), ha="center", va="bottom", fontsize=8)
    axes.set(xlim=(-0.5, len(groups) - 0.5), ylim=(0.5, -0.5))
    axes.set_yticks([0], ["subtype"])


def finish(axes: list[Axes], last: pd.DataFrame, samples: pd.DataFrame) -> None:
    """Label rows and samples and lay one clear mark of the patient over each column."""
    for ax in axes:
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set_visible(False)
        ax.set_xticks([])
    axes[-1].set_yticks(range(len(last)), list(last.index))
    if len(axes) == 3:
        axes[1].set_yticks(range(len(SUBTYPES)), [f"probability of {k}" for k in SUBTYPES])
    count = len(samples)
    if count <= MOST_LABELLED:
        labels = [str(s) if len(str(s)) <= 16 else str(s)[:15] + "…" for s in samples.index]
        axes[-1].set_xticks(range(count), labels, rotation=90, fontsize=7.5)
    else:
        axes[-1].set_xlabel(f"{count} samples", color=QUIET)
    first, last_one = axes[0].get_position(), axes[-1].get_position()
    figure, width, tall = axes[0].figure, first.width / count, first.y1 - last_one.y0
    for x, patient in enumerate(samples["patient_id"]):
        place = (first.x0 + x * width, last_one.y0)
        look: dict[str, Any] = {"facecolor": "none", "edgecolor": "none", "linewidth": 1.2, "zorder": 10}
        figure.add_artist(
            Rectangle(place, width, tall, transform=figure.transFigure, gid=patient_mark(patient), **look)
        )


def add_bar(figure: Figure, axes: Axes, image: ScalarMappable, label: str, ticks: list[float] | None = None) -> None:
    """Add a small colour bar at the right of some axes."""
    place = axes.get_position()
    w = figure.get_figwidth()
    bar = figure.add_axes((place.x1 + 0.12 / w, place.y0, 0.1 / w, min(place.height, 1.2 / figure.get_figheight())))
    figure.colorbar(image, cax=bar, ticks=ticks)
    bar.tick_params(labelsize=7, length=2)
    bar.set_ylabel(label, fontsize=7.5)
    bar.spines[:].set_visible(False)


def legend(axes: Axes, colours: dict[str, str]) -> None:
    handles = [Rectangle((0, 0), 1, 1, facecolor=colour, edgecolor=QUIET, linewidth=0.4) for colour in colours.values()]
    axes.legend(
        handles, list(colours), loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=8, handlelength=1
    )
