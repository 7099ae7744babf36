"""Kaplan-Meier curves with bands, medians, marks of patients, and the numbers at risk below."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from anpi.figures.style import QUIET, RULE, blank_figure, level_colour, level_line, patient_mark
from anpi.trial.times import DAYS_PER_MONTH
from anpi.words.names import short_names

LEAST_AT_RISK = 3
COLUMNS = 2  # of the key above the curves, where its names leave room for it
LETTERS = 11.2  # of the key to an inch of the figure
MEDIAN = 20  # letters behind a name
LONGEST_AT_RISK = 26
SIZE = (7.4, 3.1)


@dataclass(frozen=True)
class Annotations:
    """What is written on the curves: ``names`` and ``medians`` (months) by level, ``note`` above the axes.

    ``light`` holds the levels that are described and not tested; their curves are thinner. ``linked`` holds the
    patients whose marks name them (None: all); the marks of a level's others are one path.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    medians: Mapping[str, float] = field(default_factory=dict)
    light: Collection[str] = ()
    linked: Collection[str] | None = None
    note: str = ""

    def label(self, level: str, name: str) -> str:
        """Return a group's line of the key: its name as it is written there, with the median when that is known."""
        if level not in self.medians:
            return name
        median = self.medians[level]
        return f"{name}: median {median:.1f}" if np.isfinite(median) else f"{name}: median not reached"


def kaplan_meier(
    curves: pd.DataFrame,
    people: pd.DataFrame | None = None,
    annotations: Annotations | None = None,
    what: str = "survival",
    size: tuple[float, float] = SIZE,
) -> tuple[Figure, pd.DataFrame]:
    """Draw one curve a group.

    Parameters
    ----------
    curves : pandas.DataFrame
        One question's rows of ``association/curves.tsv``: ``level``, ``kind`` (step, censor, risk), ``time_days``,
        ``survival``, ``ci_low``, ``ci_high``, ``at_risk``, ``censored``, ``events``.
    people : pandas.DataFrame, optional
        ``patient_id``, ``level``, ``time`` (days), ``event``: a mark a patient is drawn on the curve.
    annotations : Annotations, optional
        Names and medians of the groups, which of them are only described, a line above the axes.
    what : str
        The endpoint, for the axis.
    size : (float, float)
        Width of the figure and height of the axes in inches.

    Returns
    -------
    figure, data
        A curve goes on thin and without band where fewer than three patients are at risk; ``data`` has the rows as
        drawn, times in months.
    """
    levels = list(dict.fromkeys(curves["level"]))
    written = annotations or Annotations()
    width, height = size
    shown = short_names([written.names.get(level, level) for level in levels], int(width * LETTERS) - MEDIAN)
    labels = [written.label(level, name) for level, name in zip(levels, shown, strict=True)]
    columns = COLUMNS if max(map(len, labels), default=0) * COLUMNS <= width * LETTERS else 1
    key = 0.3 + 0.2 * -(-len(levels) // columns)
    figure = blank_figure(width, height + 0.7 + key + 0.24 * (len(levels) + 1))
    share, above = height / figure.get_figheight(), key / figure.get_figheight()
    left = 1.78 / width
    axes = figure.add_axes((left, 1 - above - share, 0.98 - left, share))
    drawn = []
    for place, level in enumerate(levels):
        rows = curves[curves["level"] == level]
        steps = rows[rows["kind"] == "step"].sort_values("time_days")
        thin_from, end = last_days(rows, people, level)
        look = {"color": level_colour(level, place), "linestyle": level_line(level, place)}
        light = level in written.light
        draw_curve(axes, steps, (thin_from, end), look, light, labels[place])
        draw_median(axes, written.medians.get(level, np.nan), level_colour(level, place))
        marks = curve_marks(steps, people, level)
        draw_marks(axes, marks, level_colour(level, place), written.linked)
        drawn += [steps.assign(kind="step"), marks.assign(level=level)]
    risk = curves[curves["kind"] == "risk"]
    name_axes(axes, risk["time_days"].max() / DAYS_PER_MONTH, what, written.note, columns)
    risk_table(axes, ((0.98 - left) * width, height), risk, levels, dict(written.names))
    parts = [part.dropna(axis=1, how="all") for part in (*drawn, risk) if len(part)]
    data = pd.concat(parts, ignore_index=True)
    data.insert(0, "months", (data["time_days"] / DAYS_PER_MONTH).round(4))
    return figure, data.drop(columns="time_days")


def name_axes(axes: Axes, longest: float, what: str, note: str, columns: int) -> None:
    axes.set(
        ylim=(0, 1.03), xlim=(0, longest), ylabel=f"Probability of {what}", xlabel="Months from start of treatment"
    )
    axes.yaxis.set_major_locator(MultipleLocator(0.25))
    lines = -(-len(axes.get_legend_handles_labels()[1]) // columns)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(-0.02, 0.99), handlelength=3.2, ncols=columns)
    axes.set_title(note, fontsize=9, weight="normal", pad=8 + 14 * lines)


def last_days(rows: pd.DataFrame, people: pd.DataFrame | None, level: str) -> tuple[float, float]:
    """Return the last day with three patients at risk (all, in a group of fewer), and the last day of follow-up."""
    if people is not None:
        times = np.sort(people.loc[people["level"] == level, "time"].to_numpy(float))[::-1]
        if len(times):
            return float(times[min(LEAST_AT_RISK, len(times)) - 1]), float(times[0])
    risk = rows[rows["kind"] == "risk"]
    last = float(rows["time_days"].max())
    many, some = (risk.loc[risk["at_risk"] >= least, "time_days"].max() for least in (LEAST_AT_RISK, 1))
    return (float(many) if is_finite(many) else last), (float(some) if is_finite(some) else last)


def is_finite(value: float) -> bool:
    return bool(np.isfinite(value))


def draw_curve(
    axes: Axes, steps: pd.DataFrame, days: tuple[float, float], look: dict[str, Any], light: bool, label: str
) -> None:
    """Draw a curve with its band to the first day, thin and without band to the second."""
    width = 1.1 if light else 1.9
    for start, end, size, alpha, name in (
        (0.0, days[0], width, 1.0, label),
        (days[0], days[1], 0.8, 0.65, "_"),
    ):
        before = steps[steps["time_days"] <= start].tail(1).assign(time_days=start)
        part = pd.concat([before, steps[(steps["time_days"] > start) & (steps["time_days"] <= end)]])
        if part.empty or end <= start:
            continue
        months = np.append(part["time_days"], end) / DAYS_PER_MONTH
        survival, low, high = (np.append(part[c], part[c].iloc[-1]) for c in ("survival", "ci_low", "ci_high"))
        axes.plot(months, survival, drawstyle="steps-post", linewidth=size, alpha=alpha, label=name, **look)
        if name != "_" and not light:
            axes.fill_between(months, low, high, step="post", color=look["color"], alpha=0.10, linewidth=0)


def draw_median(axes: Axes, months: float, colour: str) -> None:
    """Drop a line from the median to the axis."""
    if is_finite(months):
        axes.plot([months, months], [0, 0.5], color=colour, linewidth=0.9, linestyle=(0, (1, 1.6)))
        axes.plot(months, 0.5, marker="o", markersize=4.2, markerfacecolor="white", markeredgecolor=colour)


def curve_marks(steps: pd.DataFrame, people: pd.DataFrame | None, level: str) -> pd.DataFrame:
    """Place each patient of a group on its curve: at the event or at the censoring."""
    columns = ["patient_id", "kind", "time_days", "survival"]
    if people is None or steps.empty:
        return pd.DataFrame(columns=columns)
    group = people[people["level"] == level].sort_values(["time", "patient_id"])
    place = np.searchsorted(steps["time_days"].to_numpy(float), group["time"].to_numpy(float), side="right") - 1
    return pd.DataFrame(
        {
            "patient_id": group["patient_id"].to_numpy(),
            "kind": np.where(group["event"].to_numpy(float) == 1, "event", "censored"),
            "time_days": group["time"].to_numpy(float),
            "survival": steps["survival"].to_numpy(float)[place],
        }
    )


def draw_marks(axes: Axes, marks: pd.DataFrame, colour: str, linked: Collection[str] | None) -> None:
    named = marks["patient_id"].isin(marks["patient_id"] if linked is None else linked)
    for who, part in [*marks[named].groupby("patient_id", sort=False), (None, marks[~named])]:
        for kind, rows in part.groupby("kind", sort=False):
            event = kind == "event"
            axes.plot(
                rows["time_days"] / DAYS_PER_MONTH,
                rows["survival"],
                marker="o" if event else "|",
                markersize=3.6 if event else 8,
                markeredgewidth=0 if event else 1.4,
                color=colour,
                linestyle="none",
                gid=None if who is None else patient_mark(who),
            )


def risk_table(
    axes: Axes, size: tuple[float, float], risk: pd.DataFrame, levels: list[str], names: dict[str, str]
) -> None:
    """Write the numbers at risk, with the censored and the events until then, below axes of a size in inches."""
    axes.set_xticks(sorted(risk["time_days"].unique() / DAYS_PER_MONTH))
    axes.xaxis.set_major_formatter("{x:.0f}")
    wide, height = size
    transform = axes.get_xaxis_transform()
    top = -0.62 / height
    axes.text(0, top, "At risk (censored, events)", transform=transform, ha="left", color=QUIET, fontsize=8)
    shown = short_names([names.get(level, level) for level in levels], LONGEST_AT_RISK)
    for place, level in enumerate(levels):
        y = top - (place + 1) * 0.22 / height
        axes.text(-0.32 / wide, y, shown[place], transform=axes.transAxes, ha="right", fontsize=8.5, weight="bold")
        for row in risk[risk["level"] == level].itertuples():
            text = f"{row.at_risk:.0f} ({row.censored:.0f}, {row.events:.0f})"
            axes.text(row.time_days / DAYS_PER_MONTH, y, text, transform=transform, ha="center", fontsize=8.5)
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
