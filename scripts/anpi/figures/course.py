"""The course of one patient: change of the sum of diameters above, treatment and scans below."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from anpi.figures.style import GREY, INK, QUIET, RULE

DAYS_PER_MONTH = 30.4375
RESPONSE_COLOURS = {
    "CR": "#00557f",
    "PR": "#56B4E9",
    "SD": "#c9d1d8",
    "NON-CR/NON-PD": "#c9d1d8",
    "PD": "#D55E00",
    "NE": "#ffffff",
}


def course(scans: pd.DataFrame, ends: dict[str, float]) -> tuple[Figure, pd.DataFrame]:
    """Draw a patient's course.

    Parameters
    ----------
    scans : pandas.DataFrame
        ``day`` (study day), ``response``, ``change`` (percent of the baseline sum, NaN where not measured).
    ends : dict
        Study days of ``treatment_end``, ``progression``, ``death``, ``last_alive``, ``new_therapy`` as far as known.
    """
    measured = scans.dropna(subset=["change"])
    figure = Figure(figsize=(7.4, 3.5 if len(measured) else 1.5))
    lane = figure.add_axes((0.12, 0.16, 0.85, 0.2) if len(measured) else (0.12, 0.4, 0.85, 0.5))
    last = max([*ends.values(), *scans["day"], 30]) / DAYS_PER_MONTH
    draw_lane(lane, scans, ends, last)
    if len(measured):
        sums = figure.add_axes((0.12, 0.46, 0.85, 0.5), sharex=lane)
        draw_sums(sums, measured)
    lane.locator_params(axis="x", nbins=6)
    lane.set(xlim=(0, last * 1.06), ylim=(-0.9, 0.9), xlabel="Months from start of treatment")
    data = scans.assign(months=(scans["day"] / DAYS_PER_MONTH).round(2))
    return figure, data


def draw_sums(axes: Axes, measured: pd.DataFrame) -> None:
    for level in (20, -30):
        axes.axhline(level, color=RULE, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.axhline(0, color=QUIET, linewidth=0.8)
    months = [0, *(measured["day"] / DAYS_PER_MONTH)]
    axes.plot(months, [0, *measured["change"]], color=INK, linewidth=1.5, marker="o", markersize=4)
    axes.set_ylabel("Change of sum, %")
    low, high = min(-40.0, measured["change"].min() * 1.1), max(30.0, measured["change"].max() * 1.1)
    axes.set_ylim(low, high)
    axes.locator_params(axis="y", nbins=4)
    axes.tick_params(labelbottom=False)


def draw_lane(axes: Axes, scans: pd.DataFrame, ends: dict[str, float], last: float) -> None:
    treated = ends.get("treatment_end")
    stop = last if treated is None else treated / DAYS_PER_MONTH
    axes.barh(0, stop, height=0.5, color="#dfe6ec", edgecolor="none")
    known_until = ends.get("death", ends.get("last_alive"))
    if known_until is not None and known_until / DAYS_PER_MONTH > stop:
        axes.plot([stop, known_until / DAYS_PER_MONTH], [0, 0], color=GREY, linewidth=1)
    for scan in scans.itertuples():
        x = scan.day / DAYS_PER_MONTH
        colour = RESPONSE_COLOURS.get(scan.response, "#ffffff")
        axes.plot(x, 0, marker="s", markersize=7, color=colour, markeredgecolor=QUIET, markeredgewidth=0.6)
        axes.text(x, 0.36, str(scan.response or "?"), ha="center", va="bottom", fontsize=7.5)
    for name, marker, words in (("new_therapy", "D", "new therapy"), ("death", "X", "death")):
        if name in ends:
            axes.plot(ends[name] / DAYS_PER_MONTH, 0, marker=marker, markersize=6, color=INK)
            axes.text(ends[name] / DAYS_PER_MONTH, -0.4, words, ha="center", va="top", fontsize=7.5)
    if "death" not in ends and "last_alive" in ends:
        axes.plot(ends["last_alive"] / DAYS_PER_MONTH, 0, marker=">", markersize=6, color=GREY)
        axes.text(ends["last_alive"] / DAYS_PER_MONTH, -0.4, "alive", ha="center", va="top", fontsize=7.5)
    axes.set_yticks([0], ["on treatment"])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
