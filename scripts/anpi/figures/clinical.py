"""Figures of each patient's course in a trial: waterfall, spider, swimmer, and the attrition of the trial.

Each function takes tables as the programs write them and gives the figure with a table of what is drawn. A
patient's marks bear `style.patient_mark` as gid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from anpi.figures.course import RESPONSE_COLOURS
from anpi.figures.heatmaps import SHORT
from anpi.figures.style import GREY, INK, QUIET, RULE, SUBTYPE_COLOURS, blank_figure, new_figure, patient_mark
from anpi.trial.subtypes import SUBTYPES
from anpi.trial.times import DAYS_PER_MONTH

PROGRESSION, RESPONSE = 20, -30
MOST_NAMED = 45


def waterfall(
    endpoints: pd.DataFrame, timepoints: pd.DataFrame, groups: Mapping[str, str] | None = None
) -> tuple[Figure, pd.DataFrame]:
    """Draw the best change of the sum of diameters, a bar a patient, from the most growth to the most shrinkage.

    Parameters
    ----------
    endpoints : DataFrame
        ``endpoints.tsv``: ``patient_id``, ``arm``, ``cbor``.
    timepoints : DataFrame
        ``timepoints.tsv``: ``patient_id``, ``assessment_day``, ``change_from_baseline_pct``, ``overall``,
        ``new_lesion``.
    groups : mapping, optional
        Subtype of a patient, which stands beside the name.

    Returns
    -------
    figure : Figure
        Coloured by confirmed best response; a star marks a patient with a new lesion up to the first progression.
    data : DataFrame
        One row per patient of ``endpoints``: ``change`` (percent, missing without bar), ``new_lesion``, ``reason`` why
        there is no bar.
    """
    data = best_change(endpoints, timepoints)
    bars = data[data["change"].notna()].sort_values(["change", "patient_id"], ascending=[False, True])
    figure, axes = new_figure(max(5.0, min(11.0, 2 + 0.18 * len(bars))), 3.6)
    fill = [RESPONSE_COLOURS.get(str(best), "#ffffff") for best in bars["cbor"]]
    tall = bars["change"].replace(0, 0.6)
    drawn = axes.bar(range(len(bars)), tall, width=0.8, color=fill, edgecolor=QUIET, linewidth=0.4)
    for place, bar in enumerate(bars.itertuples()):
        drawn[place].set_gid(patient_mark(bar.patient_id))
        if bar.new_lesion == "Y":
            above = max(bar.change, 0) + 1.5
            star = axes.plot(place, above, marker="*", markersize=6, color=INK, linestyle="none")
            star[0].set_gid(patient_mark(bar.patient_id))
    for level in (PROGRESSION, RESPONSE):
        axes.axhline(level, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set(ylabel="Best change of sum from baseline, %", xlim=(-0.8, max(len(bars), 1) - 0.2))
    name_patients(axes, list(bars["patient_id"]), "x", groups)
    response_legend(axes, bars["cbor"])
    return figure, data.reset_index(drop=True)


def best_change(endpoints: pd.DataFrame, timepoints: pd.DataFrame) -> pd.DataFrame:
    """Return each patient's lowest change of the sum up to the first progression, and why there is none."""
    points = until_progression(timepoints)
    found = points.groupby("patient_id").agg(change=("change_from_baseline_pct", "min"), scans=("overall", "size"))
    new = points.assign(new=points["new_lesion"].eq("Y")).groupby("patient_id")["new"].max()
    data = endpoints[["patient_id", "arm", "cbor"]].merge(found, on="patient_id", how="left")
    data["new_lesion"] = np.where(data["patient_id"].map(new).eq(True), "Y", "N")
    why = data["scans"].isna().map({True: "no scan after baseline", False: "no complete sum"})
    data["reason"] = why.astype(object).where(data["change"].isna(), None)
    return data.drop(columns="scans")


def until_progression(timepoints: pd.DataFrame) -> pd.DataFrame:
    """Keep the scans of each patient up to the first PD, that one included."""
    ordered = timepoints.sort_values(["patient_id", "assessment_day"], kind="stable")
    progressed = ordered["overall"].eq("PD").astype(int)
    before = progressed.groupby(ordered["patient_id"]).cumsum() - progressed
    return ordered[before == 0]


def spider(
    endpoints: pd.DataFrame, timepoints: pd.DataFrame, groups: Mapping[str, str] | None = None
) -> tuple[Figure, pd.DataFrame]:
    """Draw the change of the sum of diameters over time, a line a patient.

    Parameters
    ----------
    endpoints, timepoints
        As for `waterfall`.
    groups : mapping, optional
        Subtype of a patient (A, N, P, I, mixed, none): a panel each. Without it one panel, coloured by confirmed best
        response.

    Returns
    -------
    figure : Figure
        A star marks the scan of a new lesion.
    data : DataFrame
        One row per patient and measured scan: ``month``, ``change``, ``new_lesion``; the baseline is month 0, change 0.
    """
    data = changes_over_time(timepoints)
    best = endpoints.set_index("patient_id")["cbor"]
    patients = data["patient_id"].unique()
    panels = in_panels(patients, groups) if groups else {"": list(patients)}
    figure = blank_figure(max(7.0, 1.75 * len(panels)), 3.8)
    figure.subplots_adjust(wspace=0.08)
    for place, (group, members) in enumerate(panels.items()):
        shared = figure.axes[0] if place else None
        axes = figure.add_subplot(1, max(len(panels), 1), place + 1, sharex=shared, sharey=shared)
        for patient, line in data[data["patient_id"].isin(members)].groupby("patient_id", sort=True):
            colour = SUBTYPE_COLOURS[group] if group else RESPONSE_COLOURS.get(str(best.get(patient)), "#ffffff")
            draw_legs(axes, patient, line, colour)
        for level in (PROGRESSION, RESPONSE):
            axes.axhline(level, color=RULE, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.axhline(0, color=QUIET, linewidth=0.8)
        axes.set_title(f"{PANELS[group]}, n = {len(members)}" if group else "", fontsize=8.5)
        axes.tick_params(labelleft=place == 0)
    figure.supxlabel("Months from start of treatment", fontsize=9, y=0.0)
    figure.axes[0].set_ylabel("Change of sum from baseline, %")
    if not groups:
        response_legend(figure.axes[0], best.reindex(patients))
    return figure, data.reset_index(drop=True)


PANELS = {name: f"SCLC-{name}" for name in SUBTYPES} | {"mixed": "mixed call", "none": "no call"}


def in_panels(patients: Iterable[str], groups: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the patients of each group, in the order of `PANELS`; who is in none has no call."""
    of = {patient: groups.get(str(patient), "none") for patient in patients}
    found = {name: [patient for patient, group in of.items() if group == name] for name in PANELS}
    return {name: members for name, members in found.items() if members} or {"none": []}


def changes_over_time(timepoints: pd.DataFrame) -> pd.DataFrame:
    """Return the measured changes of each patient, from 0 at the start of treatment."""
    measured = timepoints[timepoints["change_from_baseline_pct"].notna()]
    data = measured[["patient_id", "assessment_day", "change_from_baseline_pct", "new_lesion"]].rename(
        columns={"change_from_baseline_pct": "change"}
    )
    starts = pd.DataFrame({"patient_id": data["patient_id"].unique(), "assessment_day": 1, "change": 0.0})
    data = pd.concat([starts, data], ignore_index=True).sort_values(["patient_id", "assessment_day"], kind="stable")
    data.insert(2, "month", ((data["assessment_day"] - 1) / DAYS_PER_MONTH).round(3))
    return data


def draw_legs(axes: Axes, patient: object, line: pd.DataFrame, colour: str) -> None:
    gid = patient_mark(patient)
    axes.plot(line["month"], line["change"], color=colour, linewidth=1.3, marker="o", markersize=2.8, gid=gid)
    new = line[line["new_lesion"].eq("Y")]
    if len(new):
        axes.plot(new["month"], new["change"], marker="*", markersize=8, color=INK, linestyle="none", gid=gid)


def swimmer(
    endpoints: pd.DataFrame,
    timepoints: pd.DataFrame,
    patients: pd.DataFrame,
    therapies: pd.DataFrame | None = None,
    groups: Mapping[str, str] | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Draw a lane a patient: time on treatment and follow-up, scans by response, progression, new therapy, death.

    Parameters
    ----------
    endpoints, timepoints
        As for `waterfall`; ``endpoints`` also with ``os_days``, ``os_event``.
    patients : DataFrame
        ``patient_id``, ``treatment_end_day``: study day of the last dose, missing while on treatment.
    therapies : DataFrame, optional
        ``patient_id``, ``start_day``: study day on which a new anticancer therapy began.
    groups : mapping, optional
        Subtype of a patient, which colours the bar and stands beside the name; by default the confirmed best response
        colours it.

    Returns
    -------
    figure : Figure
        Longest follow-up on top; an arrow marks a patient who is alive.
    data : DataFrame
        One row per mark: ``patient_id``, ``what`` (on treatment, followed, a response, new therapy, death …), ``from``
        and ``to`` in months.
    """
    data = lanes(endpoints, timepoints, patients, therapies)
    order = list(data.groupby("patient_id")["to"].max().sort_values(kind="stable").index)
    figure, axes = new_figure(7.4, max(2.0, min(12.0, 1.0 + 0.24 * len(order))))
    best = endpoints.set_index("patient_id")["cbor"]
    places = {patient: place for place, patient in enumerate(order)}
    treated = data[data["what"].eq("on treatment")]
    bars = axes.barh(
        treated["patient_id"].map(places),
        treated["to"] - treated["from"],
        left=treated["from"],
        height=0.62,
        color=[
            SUBTYPE_COLOURS[groups.get(str(patient), "none")]
            if groups
            else RESPONSE_COLOURS.get(str(best.get(patient)), "#ffffff")
            for patient in treated["patient_id"]
        ],
        edgecolor=GREY,
        linewidth=0.4,
        alpha=0.55,
    )
    for bar, patient in zip(bars, treated["patient_id"], strict=True):
        bar.set_gid(patient_mark(patient))
    for (patient, what), rows in data[data["what"].ne("on treatment")].groupby(["patient_id", "what"], sort=False):
        place = places[patient]
        looks: dict[str, Any]
        if what == "followed":
            times, looks = [rows["from"].iloc[0], rows["to"].iloc[0]], {"color": GREY, "linewidth": 1}
        else:
            times, looks = list(rows["to"]), {"linestyle": "none", **look(str(what))}
        axes.add_line(Line2D(times, [place] * len(times), gid=patient_mark(patient), **looks))
    axes.autoscale_view()
    axes.set(xlabel="Months from start of treatment", xlim=(0, None), ylim=(-0.8, max(len(order), 1) - 0.2))
    name_patients(axes, order, "y", groups)
    swimmer_legend(axes, set(data["what"]), in_panels(treated["patient_id"], groups) if groups else ())
    return figure, data


MARKS: dict[str, dict[str, Any]] = {
    "new therapy": {"marker": "D", "markersize": 5, "color": INK},
    "death": {"marker": "X", "markersize": 6, "color": INK},
    "alive": {"marker": ">", "markersize": 5, "color": GREY},
}


def look(what: str) -> dict[str, Any]:
    """Return the marker of an event, or of a scan by its response."""
    if what in MARKS:
        return MARKS[what]
    return {
        "marker": {"CR": "s", "PR": "s", "PD": "v"}.get(what, "s"),
        "markersize": 5,
        "color": RESPONSE_COLOURS.get(what, "#ffffff"),
        "markeredgecolor": QUIET,
        "markeredgewidth": 0.6,
    }


def lanes(
    endpoints: pd.DataFrame, timepoints: pd.DataFrame, patients: pd.DataFrame, therapies: pd.DataFrame | None
) -> pd.DataFrame:
    """Return every mark of the swimmer plot, in months from day 1."""
    followed = endpoints[endpoints["os_days"].notna()].set_index("patient_id")
    last = followed["os_days"].astype("float64")
    stop = patients.set_index("patient_id")["treatment_end_day"].astype("float64").reindex(followed.index)
    treated = stop.fillna(last).clip(upper=last)
    zero = pd.Series(0.0, index=followed.index)
    parts = [
        marks(followed.index, "on treatment", zero, treated),
        marks(followed.index, "followed", treated, last),
    ]
    scans = timepoints[timepoints["patient_id"].isin(followed.index)]
    day = scans["assessment_day"].astype("float64")
    parts.append(marks(scans["patient_id"], scans["overall"].fillna("NE"), day, day))
    if therapies is not None:
        begun = therapies[therapies["patient_id"].isin(followed.index)]
        day = begun["start_day"].astype("float64")
        parts.append(marks(begun["patient_id"], "new therapy", day, day))
    end = np.where(followed["os_event"].eq(1), "death", "alive")
    parts.append(marks(followed.index, end, last, last))
    return pd.concat(parts, ignore_index=True).sort_values(["patient_id", "to"], kind="stable").reset_index(drop=True)


def marks(patient: object, what: object, start: pd.Series, end: pd.Series) -> pd.DataFrame:
    months = ((days.to_numpy(dtype=float) / DAYS_PER_MONTH).round(3) for days in (start, end))
    return pd.DataFrame(dict(zip(("patient_id", "what", "from", "to"), (patient, what, *months), strict=True)))


def attrition(steps: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw who is left step by step, and how many left at each.

    Parameters
    ----------
    steps : DataFrame
        ``attrition.tsv``: ``step`` and ``patients`` in order; ``left`` where a step does
        not follow on the one before it.

    Returns
    -------
    figure : Figure
        A bar a step, with the number left and the number who left since the step before.
    data : DataFrame
        ``steps`` with ``left_out``.
    """
    fewer = steps["left"] if "left" in steps else -steps["patients"].diff()
    data = steps.assign(left_out=fewer.fillna(0).astype(int))
    figure, axes = new_figure(6.4, 0.6 + 0.42 * max(len(data), 1))
    places = np.arange(len(data))[::-1]
    axes.barh(places, data["patients"], height=0.6, color="#cfd8e0", edgecolor="none")
    widest = max([1, *data["patients"]])
    for place, row in zip(places, data.itertuples(), strict=True):
        gone = f"  (-{row.left_out})" if row.left_out > 0 else ""
        axes.text(row.patients + 0.01 * widest, place, f"{row.patients}{gone}", va="center", fontsize=8.5)
    axes.set_yticks(places, [str(step).replace("_", " ") for step in data["step"]])
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="Patients", xlim=(0, 1.15 * widest))
    return figure, data


def name_patients(
    axes: Axes, names: list[str], axis: Literal["x", "y"], groups: Mapping[str, str] | None = None
) -> None:
    """Write the patients along an axis as long as they can be read, with their subtype: colour never stands alone."""
    if len(names) > MOST_NAMED:
        getattr(axes, f"set_{axis}ticks")([])
        getattr(axes, f"set_{axis}label")(f"{len(names)} patients")
        return
    turned = {"rotation": 90} if axis == "x" else {}
    words = [f"{name}  {letter(groups.get(str(name)))}" for name in names] if groups else names
    getattr(axes, f"set_{axis}ticks")(range(len(names)), words, fontsize=7, **turned)
    axes.tick_params(axis=axis, length=0)


def letter(group: str | None) -> str:
    return SHORT["none"] if group is None else SHORT.get(group, group)


def response_legend(axes: Axes, found: pd.Series) -> None:
    shown = [name for name in RESPONSE_COLOURS if name in set(found.dropna())]
    handles = [Patch(facecolor=RESPONSE_COLOURS[name], edgecolor=QUIET, linewidth=0.4, label=name) for name in shown]
    if handles:
        axes.legend(handles=handles, frameon=False, ncols=len(handles), loc="upper right", fontsize=8)


def swimmer_legend(axes: Axes, shown: set[str], groups: Iterable[str]) -> None:
    """Tell beside the lanes what the marks are, and the colours of the bars."""
    names = [name for name in (*RESPONSE_COLOURS, *MARKS) if name in shown]
    marks = [Line2D([], [], linestyle="none", label=name, **look(name)) for name in names]
    bars = [Patch(facecolor=SUBTYPE_COLOURS[name], edgecolor=GREY, alpha=0.55, label=PANELS[name]) for name in groups]
    if marks or bars:
        handles = [*bars, *marks]
        axes.legend(handles=handles, frameon=False, fontsize=7.5, loc="upper left", bbox_to_anchor=(1.01, 1.0))
