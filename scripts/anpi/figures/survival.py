"""Kaplan-Meier curves with bands, marks of patients, and the numbers at risk below."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from anpi.figures.style import QUIET, RULE, level_colour, level_line, patient_mark
from anpi.trial.times import DAYS_PER_MONTH

LEAST_AT_RISK = 3
MOST_MARKS = 600
HEIGHT = 3.1


def kaplan_meier(
    curves: pd.DataFrame,
    people: pd.DataFrame | None = None,
    names: dict[str, str] | None = None,
    what: str = "survival",
) -> tuple[Figure, pd.DataFrame]:
    """Draw one curve a group.

    Parameters
    ----------
    curves : pandas.DataFrame
        One question's rows of ``association/curves.tsv``: ``level``, ``kind`` (step, censor, risk), ``time_days``,
        ``survival``, ``ci_low``, ``ci_high``, ``at_risk``, ``censored``, ``events``.
    people : pandas.DataFrame, optional
        ``patient_id``, ``level``, ``time`` (days), ``event``: a mark a patient is drawn on the curve.
    names : dict, optional
        How a level is called in the figure.
    what : str
        The endpoint, for the axis.

    Returns
    -------
    figure, data
        A curve stops where fewer than three patients are at risk; ``data`` has the rows as drawn, times in months.
    """
    levels = list(dict.fromkeys(curves["level"]))
    names = names or {}
    figure = Figure(figsize=(7.4, 4.0 + 0.24 * (len(levels) + 1)))
    share = HEIGHT / figure.get_figheight()
    axes = figure.add_axes((0.24, 0.97 - share, 0.74, share))
    drawn = []
    for place, level in enumerate(levels):
        rows = curves[curves["level"] == level]
        end = last_day(rows, people, level)
        steps = rows[(rows["kind"] == "step") & (rows["time_days"] <= end)].sort_values("time_days")
        draw_curve(axes, steps, end, level_colour(level, place), level_line(level, place), names.get(level, level))
        marks = curve_marks(steps, people, level, end)
        draw_marks(axes, marks, level_colour(level, place))
        drawn.append(steps.assign(kind="step"))
        drawn.append(marks.assign(level=level))
    longest = curves.loc[curves["kind"] == "risk", "time_days"].max() / DAYS_PER_MONTH
    axes.set(
        ylim=(0, 1.03), xlim=(0, longest), ylabel=f"Probability of {what}", xlabel="Months from start of treatment"
    )
    axes.yaxis.set_major_locator(MultipleLocator(0.25))
    axes.legend(frameon=False, loc="upper right", handlelength=3.2)
    risk = curves[curves["kind"] == "risk"]
    risk_table(axes, HEIGHT, risk, levels, names)
    parts = [part.dropna(axis=1, how="all") for part in (*drawn, risk) if len(part)]
    data = pd.concat(parts, ignore_index=True)
    data.insert(0, "months", (data["time_days"] / DAYS_PER_MONTH).round(4))
    return figure, data.drop(columns="time_days")


def last_day(rows: pd.DataFrame, people: pd.DataFrame | None, level: str) -> float:
    """Return the day to which a curve is drawn: as long as three patients are at risk (all, in a group of fewer)."""
    if people is not None:
        times = np.sort(people.loc[people["level"] == level, "time"].to_numpy(float))[::-1]
        if len(times):
            return float(times[min(LEAST_AT_RISK, len(times)) - 1])
    risk = rows[(rows["kind"] == "risk") & (rows["at_risk"] >= LEAST_AT_RISK)]
    return float(risk["time_days"].max()) if len(risk) else float(rows["time_days"].max())


def draw_curve(axes: Axes, steps: pd.DataFrame, end: float, colour: str, line: object, label: str) -> None:
    months = np.append(steps["time_days"], end) / DAYS_PER_MONTH
    survival, low, high = (np.append(steps[c], steps[c].iloc[-1]) for c in ("survival", "ci_low", "ci_high"))
    axes.plot(months, survival, drawstyle="steps-post", color=colour, linestyle=line, linewidth=1.8, label=label)
    axes.fill_between(months, low, high, step="post", color=colour, alpha=0.10, linewidth=0)


def curve_marks(steps: pd.DataFrame, people: pd.DataFrame | None, level: str, end: float) -> pd.DataFrame:
    """Place each patient of a group on its curve: at the event or at the censoring."""
    columns = ["patient_id", "kind", "time_days", "survival"]
    if people is None or steps.empty:
        return pd.DataFrame(columns=columns)
    group = people[(people["level"] == level) & (people["time"] <= end)].sort_values(["time", "patient_id"])
    place = np.searchsorted(steps["time_days"].to_numpy(float), group["time"].to_numpy(float), side="right") - 1
    return pd.DataFrame(
        {
            "patient_id": group["patient_id"].to_numpy(),
            "kind": np.where(group["event"].to_numpy(float) == 1, "event", "censored"),
            "time_days": group["time"].to_numpy(float),
            "survival": steps["survival"].to_numpy(float)[place],
        }
    )


def draw_marks(axes: Axes, marks: pd.DataFrame, colour: str) -> None:
    for mark in marks.head(MOST_MARKS).itertuples():
        event = mark.kind == "event"
        axes.plot(
            mark.time_days / DAYS_PER_MONTH,
            mark.survival,
            marker="o" if event else "|",
            markersize=3.6 if event else 8,
            markeredgewidth=0 if event else 1.4,
            color=colour,
            linestyle="none",
            gid=patient_mark(mark.patient_id),
        )


def risk_table(axes: Axes, height: float, risk: pd.DataFrame, levels: list[str], names: dict[str, str]) -> None:
    """Write the numbers at risk, with the censored and the events until then, below axes of a height in inches."""
    axes.set_xticks(sorted(risk["time_days"].unique() / DAYS_PER_MONTH))
    axes.xaxis.set_major_formatter("{x:.0f}")
    transform = axes.get_xaxis_transform()
    top = -0.62 / height
    axes.text(0, top, "At risk (censored, events)", transform=transform, ha="left", color=QUIET, fontsize=8)
    for place, level in enumerate(levels):
        y = top - (place + 1) * 0.22 / height
        name = names.get(level, level)
        label = name if len(name) <= 26 else name[:25] + "…"
        axes.text(-0.055, y, label, transform=axes.transAxes, ha="right", fontsize=8.5, weight="bold")
        for row in risk[risk["level"] == level].itertuples():
            text = f"{row.at_risk:.0f} ({row.censored:.0f}, {row.events:.0f})"
            axes.text(row.time_days / DAYS_PER_MONTH, y, text, transform=transform, ha="center", fontsize=8.5)
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
