"""The course of one patient as plain SVG: treatment and scans above, change of the sum of diameters below.

There is one a patient, so it is written by hand: matplotlib takes eighty times as long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import NamedTuple

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
# Shapes around (0, 0): what they mean, their colour.
ENDS = {
    "new_therapy": ("M0-4.5 4.5 0 0 4.5-4.5 0Z", "new therapy", INK),
    "death": ("M-4-4 4 4M4-4-4 4", "death", INK),
    "last_alive": ("M-4-4 4 0-4 4Z", "alive", GREY),
}
WIDE, LEFT, RIGHT = 560.0, 72.0, 545.0
LANE, TOP, BOTTOM = 34.0, 76.0, 206.0
ROOM = 46.0  # below the axis of months
SHORTEST = 30  # days
REACHES = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)

Place = Callable[[float], float]


class Scan(NamedTuple):
    """A scan: study day, response, change from the baseline sum in percent (None where not measured)."""

    day: float
    response: str | None
    change: float | None


def course(scans: Sequence[Scan], ends: dict[str, float], name: str, title: str, description: str) -> str:
    """Draw a patient's course.

    Parameters
    ----------
    scans : sequence of Scan
        In the order of their days.
    ends : dict
        Study days of ``treatment_end``, ``death``, ``last_alive``, ``new_therapy`` as far as known.
    name : str
        Letters, digits and dashes; unique in the page.
    title, description : str
        What a screen reader says.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    measured = [(scan.day, scan.change) for scan in scans if scan.change is not None]
    last = max([*ends.values(), *(scan.day for scan in scans), SHORTEST]) / DAYS_PER_MONTH
    bottom = BOTTOM if measured else TOP - 8

    def x(months: float) -> float:
        return LEFT + (RIGHT - LEFT) * months / (last * 1.04)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE:g} {bottom + ROOM:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" style="--natural:{1.2 * WIDE:g}px" font-size="10" fill="{INK}">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>',
        *(sums(measured, x) if measured else []),
        *lane(scans, ends, last, x),
        *months_axis(last, x, bottom),
        "</svg>",
    ]
    return "".join(parts)


def months_axis(last: float, x: Place, bottom: float) -> Iterator[str]:
    yield f'<path d="M{LEFT:g} {bottom:g}H{RIGHT:g}" stroke="{QUIET}"/>'
    for tick in ticks(0, last, 7):
        yield f'<path d="M{x(tick):.1f} {bottom:g}v4" stroke="{QUIET}"/>'
        yield svg_text(x(tick), bottom + 16, f"{tick:g}")
    yield svg_text((LEFT + RIGHT) / 2, bottom + 33, "Months from start of treatment")


def sums(measured: Sequence[tuple[float, float]], x: Place) -> Iterator[str]:
    """Draw the change of the sum from baseline, with the lines of response and of growth by a fifth."""
    changes = [change for _, change in measured]
    low, high = min(-40.0, min(changes) * 1.1), max(30.0, max(changes) * 1.1)

    def y(change: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (change - low) / (high - low)

    for level, dash in ((20, "4 3"), (-30, "4 3"), (0, "none")):
        colour = RULE if level else QUIET
        yield f'<path d="M{LEFT:g} {y(level):.1f}H{RIGHT:g}" stroke="{colour}" stroke-dasharray="{dash}"/>'
    yield f'<path d="M{LEFT:g} {TOP:g}V{BOTTOM:g}" stroke="{QUIET}"/>'
    for tick in ticks(low, high, 5):
        yield svg_text(LEFT - 7, y(tick) + 3.5, f"{tick:g}".replace("-", "−"), "end")
    middle = (TOP + BOTTOM) / 2
    yield (f'<text transform="translate(26 {middle:g}) rotate(-90)" text-anchor="middle">Change of sum, %</text>')
    points = [(x(0), y(0)), *((x(day / DAYS_PER_MONTH), y(change)) for day, change in measured)]
    line = "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
    yield f'<path d="M{line}" fill="none" stroke="{INK}" stroke-width="1.6"/>'
    yield from (f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.6"/>' for a, b in points)


def lane(scans: Sequence[Scan], ends: dict[str, float], last: float, x: Place) -> Iterator[str]:
    """Draw treatment as a bar and follow-up as a line, with the scans above and the ends below."""
    stop = ends["treatment_end"] / DAYS_PER_MONTH if "treatment_end" in ends else last
    yield svg_text(LEFT - 7, LANE + 3.5, "treatment", "end")
    yield f'<path d="M{LEFT:g} {LANE - 7:g}H{x(stop):.1f}v14H{LEFT:g}Z" fill="#dfe6ec"/>'
    until = ends.get("death", ends.get("last_alive"))
    if until is not None and until / DAYS_PER_MONTH > stop:
        yield f'<path d="M{x(stop):.1f} {LANE:g}H{x(until / DAYS_PER_MONTH):.1f}" stroke="{GREY}"/>'
    for day, response, _ in scans:
        label = response or "?"
        at, colour = x(day / DAYS_PER_MONTH), RESPONSE_COLOURS.get(label, "#ffffff")
        yield (
            f'<path d="M{at - 4:.1f} {LANE - 4:g}h8v8h-8Z" fill="{colour}" stroke="{QUIET}" stroke-width=".7"/>'
            f"{svg_text(at, LANE - 12, label, size=9)}"
        )
    for name, (shape, label, colour) in ENDS.items():
        if name in ends and not (name == "last_alive" and "death" in ends):
            at = x(ends[name] / DAYS_PER_MONTH)
            look = f'transform="translate({at:.1f} {LANE:g})" fill="{colour}" stroke="{colour}" stroke-width="1.6"'
            yield f'<path d="{shape}" {look}/>{svg_text(at, LANE + 20, label, size=9)}'


def svg_text(x: float, y: float, label: str, anchor: str = "middle", size: float = 10) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:g}">{escape(label)}</text>'


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers within limits, at most ``most`` of them where a round step allows."""
    step = next((s for s in REACHES if (high - low) / s < most), REACHES[-1])
    return [step * place for place in range(math.ceil(low / step), math.floor(high / step) + 1)]
