"""The course of one patient: treatment and scans above, change of the sum of diameters below."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from anpi.figures.style import GREY, INK, QUIET, RULE
from anpi.trial.times import DAYS_PER_MONTH

RESPONSE_COLOURS = {
    "CR": "#00557f",
    "PR": "#56B4E9",
    "SD": "#c9d1d8",
    "NON-CR/NON-PD": "#c9d1d8",
    "PD": "#D55E00",
    "NE": "#ffffff",
}

ENDS = {"new_therapy": ("D", "new therapy", INK), "death": ("X", "death", INK), "last_alive": (">", "alive", GREY)}


def course(scans: pd.DataFrame, ends: dict[str, float]) -> tuple[Figure, pd.DataFrame]:
    """Draw a patient's course.

    Parameters
    ----------
    scans : pandas.DataFrame
        ``day`` (study day), ``response``, ``change`` (percent of the baseline sum, NaN where not measured).
    ends : dict
        Study days of ``treatment_end``, ``death``, ``last_alive``, ``new_therapy`` as far as known.
    """
    measured = scans.dropna(subset=["change"])
    figure = Figure(figsize=(7.4, 3.3 if len(measured) else 1.3))
    axes = figure.add_axes((0.12, 0.15, 0.85, 0.56) if len(measured) else (0.12, 0.35, 0.85, 0.6))
    last = max([*ends.values(), *scans["day"], 30]) / DAYS_PER_MONTH
    axes.locator_params(axis="x", nbins=6)
    if len(measured):
        draw_sums(axes, measured)
    else:
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    axes.set(xlim=(0, last * 1.06), xlabel="Months from start of treatment")
    draw_lane(
        axes, scans, ends, last, 1.24 if len(measured) else 0.5, figure.get_figheight() * axes.get_position().height
    )
    return figure, scans.assign(months=(scans["day"] / DAYS_PER_MONTH).round(2))


def draw_sums(axes: Axes, measured: pd.DataFrame) -> None:
    for level in (20, -30):
        axes.axhline(level, color=RULE, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.axhline(0, color=QUIET, linewidth=0.8)
    months = [0, *(measured["day"] / DAYS_PER_MONTH)]
    axes.plot(months, [0, *measured["change"]], color=INK, linewidth=1.5, marker="o", markersize=4, clip_on=False)
    axes.locator_params(axis="y", nbins=4)
    low, high = min(-40.0, measured["change"].min() * 1.1), max(30.0, measured["change"].max() * 1.1)
    axes.set(ylabel="Change of sum, %", ylim=(low, high))


def draw_lane(axes: Axes, scans: pd.DataFrame, ends: dict[str, float], last: float, y: float, height: float) -> None:
    """Draw the lane at ``y`` (in heights of the axes, each ``height`` inches)."""
    transform = axes.get_xaxis_transform()
    inch = 1 / height
    free: dict[str, Any] = {"transform": transform, "clip_on": False}
    treated = ends.get("treatment_end")
    stop = last if treated is None else treated / DAYS_PER_MONTH
    axes.barh(y, stop, height=0.2 * inch, color="#dfe6ec", edgecolor="none", **free)
    known_until = ends.get("death", ends.get("last_alive"))
    if known_until is not None and known_until / DAYS_PER_MONTH > stop:
        axes.plot([stop, known_until / DAYS_PER_MONTH], [y, y], color=GREY, linewidth=1, **free)
    for response, same in scans.groupby(scans["response"].fillna("?"), sort=True):
        colour = RESPONSE_COLOURS.get(str(response), "#ffffff")
        look: dict[str, Any] = {
            "marker": "s",
            "markersize": 7,
            "color": colour,
            "markeredgecolor": QUIET,
            "markeredgewidth": 0.6,
        }
        axes.plot(same["day"] / DAYS_PER_MONTH, [y] * len(same), linestyle="none", **look, **free)
    for scan in scans.itertuples():
        words = scan.response if isinstance(scan.response, str) else "?"
        axes.text(scan.day / DAYS_PER_MONTH, y + 0.13 * inch, words, ha="center", va="bottom", fontsize=7.5, **free)
    for name, (marker, words, colour) in ENDS.items():
        if name in ends and not (name == "last_alive" and "death" in ends):
            x = ends[name] / DAYS_PER_MONTH
            axes.plot(x, y, marker=marker, markersize=6, color=colour, **free)
            axes.text(x, y - 0.15 * inch, words, ha="center", va="top", fontsize=7.5, **free)
    axes.text(-0.01, y, "treatment", transform=axes.transAxes, ha="right", va="center", fontsize=8)
