"""Forest plots: estimates with intervals on a log axis, numbers beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from anpi.figures.style import INK, QUIET, RULE, new_figure
from anpi.words.ratios import written_ratio

WIDEST = 50.0
LEFT, RIGHT = 0.45, 0.75
NARROW, ROW = 5.8, 0.215
LABEL = -LEFT / (RIGHT - LEFT) + 0.02


def forest(rows: pd.DataFrame, what: str, favours: tuple[str, str] | None = None) -> tuple[Figure, pd.DataFrame]:
    """Draw ratios (HR, OR) with their intervals, one row each, in the order given.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``label``, ``n``, ``events``, ``estimate``, ``ci_low``, ``ci_high``, ``colour`` (optional), ``filled``
        (optional: False draws an open mark, for exploratory rows).
    what : str
        Name of the ratio, for the axis.
    favours : (str, str), optional
        What lies below and above 1.

    Returns
    -------
    figure, data
        Rows without an estimate are listed with "not estimated"; intervals beyond the axis end in an arrow.
    """
    rows = rows.reset_index(drop=True)
    figure, axes = new_figure(9.2, 1.15 + 0.27 * max(len(rows), 1))
    tall = figure.get_figheight()
    figure.subplots_adjust(left=LEFT, right=RIGHT, top=1 - 0.4 / tall, bottom=0.6 / tall)
    low, high = axis_limits(rows)
    axes.set(xscale="log", xlim=(low, high), ylim=(len(rows) - 0.5, -0.7))
    axes.axvline(1, color=QUIET, linewidth=0.9)
    for place, row in enumerate(rows.itertuples()):
        if place % 2:
            axes.axhspan(place - 0.5, place + 0.5, color="#f4f6f8", linewidth=0, zorder=0)
        draw_row(axes, place, row, low, high)
    beside = axes.get_yaxis_transform()
    axes.text(LABEL, -0.85, "Group", transform=beside, weight="bold", va="bottom")
    axes.text(-0.04, -0.85, "events / n", transform=beside, weight="bold", ha="right", va="bottom")
    axes.text(1.04, -0.85, f"{what} (95% CI)", transform=beside, weight="bold", va="bottom")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    ticks = [t for t in (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 20) if low <= t <= high]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel(axis_words(what, favours), fontsize=8.5)
    return figure, rows[["label", "n", "events", "estimate", "ci_low", "ci_high"]]


def axis_words(what: str, favours: tuple[str, str] | None) -> str:
    """Return what the axis shows, and what lies below and above 1."""
    scale = f"{what}, log scale"
    gap = "\u2003" * 3  # a browser makes one blank of several
    return f"← {favours[0]}{gap}{scale}{gap}{favours[1]} →" if favours else scale


def robustness(rows: pd.DataFrame, what: str) -> tuple[Figure, pd.DataFrame]:
    """Draw one answer under other choices, a row each: the ratio with its interval, or that it cannot be told.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``label``, ``estimate``, ``ci_low``, ``ci_high``, ``words`` (what stands on the right), ``declared`` (bool).
    what : str
        Name of the ratio, for the axis.
    """
    rows = rows.reset_index(drop=True)
    figure, axes = new_figure(NARROW, 0.62 + ROW * max(len(rows), 1))
    tall = figure.get_figheight()
    figure.subplots_adjust(left=0.39, right=0.64, top=1 - 0.05 / tall, bottom=0.5 / tall)
    low, high = axis_limits(rows)
    axes.set(xscale="log", xlim=(low, high), ylim=(len(rows) - 0.5, -0.5))
    axes.axvline(1, color=QUIET, linewidth=0.9)
    beside = axes.get_yaxis_transform()
    for place, row in enumerate(rows.itertuples()):
        weight = "bold" if row.declared else "normal"
        axes.text(-1.54, place, cut(str(row.label), 38), transform=beside, va="center", fontsize=8, weight=weight)
        axes.text(1.06, place, str(row.words), transform=beside, va="center", fontsize=8, weight=weight)
        draw_ratio(axes, place, row, (low, high), INK if row.declared else QUIET)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    ticks = [t for t in (0.05, 0.2, 1, 5, 20) if low <= t <= high]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks], fontsize=8)
    axes.minorticks_off()
    axes.set_xlabel(axis_words(what, None), fontsize=8)
    return figure, rows[["label", "estimate", "ci_low", "ci_high", "words"]]


def cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def axis_limits(rows: pd.DataFrame) -> tuple[float, float]:
    """Return limits that hold the estimates and most of the intervals, alike on both sides of 1."""
    values = pd.concat([rows["estimate"], rows["ci_low"].clip(lower=0.08), rows["ci_high"].clip(upper=12)])
    values = values.replace([0, np.inf], np.nan).dropna()
    reach = float(np.exp(np.abs(np.log(values)).max()) * 1.15) if len(values) else 4.0
    reach = min(max(reach, 2.5), WIDEST)
    return 1 / reach, reach


def draw_row(axes: Axes, place: int, row: Any, low: float, high: float) -> None:
    beside = axes.get_yaxis_transform()
    colour = getattr(row, "colour", None) or INK
    label = str(row.label)
    axes.text(LABEL, place, cut(label, 44), transform=beside, va="center")
    events = "" if pd.isna(row.events) else f"{row.events:.0f} / "
    axes.text(-0.04, place, f"{events}{row.n:.0f}", transform=beside, ha="right", va="center")
    if not np.isfinite(row.estimate):
        axes.text(1.04, place, "not estimated", transform=beside, va="center", color=QUIET)
        return
    draw_ratio(axes, place, row, (low, high), colour)
    text = f"{written_ratio(row.estimate)} ({written_ratio(row.ci_low)} to {written_ratio(row.ci_high)})"
    axes.text(1.04, place, text, transform=beside, va="center")


def draw_ratio(axes: Axes, place: int, row: Any, limits: tuple[float, float], colour: str) -> None:
    """Draw a mark with its interval; an interval beyond the axis ends in an arrow."""
    if not np.isfinite(row.estimate):
        return
    low, high = limits
    axes.plot(
        [max(row.ci_low, low), min(row.ci_high, high)],
        [place, place],
        color=colour,
        linewidth=1.4,
        solid_capstyle="butt",
    )
    for end, beyond, marker in ((low, row.ci_low < low, "<"), (high, row.ci_high > high, ">")):
        if beyond:
            axes.plot(end, place, marker=marker, markersize=4.5, color=colour, clip_on=False)
    face = colour if getattr(row, "filled", True) else "white"
    if low <= row.estimate <= high:
        axes.plot(row.estimate, place, marker="s", markersize=5.5, color=colour, markerfacecolor=face)
