"""The map of patients: one column per patient, one row per track, as plain SVG whose columns a script can move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from anpi.figures.style import INK, QUIET, RULE, SUBTYPE_COLOURS, ink_on
from anpi.trial.subtypes import SUBTYPES
from anpi.words.names import short_names

LABELS = 250.0
WIDEST, NARROWEST = 30.0, 3.0
ROOM = 860.0
GAP = 5.0
LETTERS_FROM = 9.0  # narrower columns bear no letter
LONGEST_ID = 9
KINDS = {"shares": 42.0, "bar": 40.0, "change": 46.0, "heat": 15.0, "word": 16.0}


@dataclass(frozen=True)
class Track:
    """One row of the map.

    ``kind`` is ``word`` (a coloured cell with a short word), ``heat`` (0 to 100, the darker the more), ``bar`` (from
    0), ``change`` (percent, up or down from 0) or ``shares`` (four shares, stacked). ``values`` has one entry a
    patient, None or NaN where it is not known; ``colours`` the colour of a word.
    """

    name: str
    kind: str
    values: Sequence[object]
    colours: dict[str, str] = field(default_factory=dict)


def patient_map(patients: Sequence[str], tracks: Sequence[Track], title: str) -> str:
    """Draw the map.

    Returns
    -------
    str
        An ``<svg>``; each patient is a ``<g data-patient data-place>`` that is moved by its ``transform``.
    """
    width = min(WIDEST, max(NARROWEST, ROOM / max(len(patients), 1)))
    tops = np.cumsum([0.0, *(KINDS[track.kind] + GAP for track in tracks)])
    tall, wide = tops[-1] + 58, LABELS + width * len(patients) + 4
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" id="map" viewBox="0 0 {wide:.0f} {tall:.0f}" role="group"'
        f' aria-label="{escape(title)}" data-column="{width:.2f}" data-left="{LABELS:g}"'
        f' style="--natural:{wide:.0f}px" font-size="11" fill="{INK}">'
    ]
    for track, top in zip(tracks, tops, strict=False):
        middle = top + KINDS[track.kind] / 2 + 4
        parts.append(f'<text x="{LABELS - 8:g}" y="{middle:.1f}" text-anchor="end">{escape(track.name)}</text>')
    limits, shown = [largest(track) for track in tracks], short_names(patients, LONGEST_ID)
    for place, patient in enumerate(patients):
        parts.append(
            f'<g data-patient="{escape(patient)}" data-place="{place}" '
            f'transform="translate({LABELS + place * width:.2f})">'
            f'<rect class="hit" width="{width:.2f}" height="{tall:.0f}" fill="transparent"/>'
        )
        parts += [
            cell(track, track.values[place], top, width - min(1.5, width / 5), limit)
            for track, top, limit in zip(tracks, tops, limits, strict=False)
        ]
        if width >= LETTERS_FROM:
            parts.append(
                f'<text transform="translate({width / 2 + 3:.1f} {tall - 54:.1f}) rotate(90)" font-size="10">'
                f"{escape(shown[place])}</text>"
            )
        parts.append("</g>")
    return "".join([*parts, "</svg>"])


def largest(track: Track) -> float:
    numbers = [abs(float(str(v))) for v in track.values if is_number(v)] if track.kind in ("bar", "change") else []
    return max([*numbers, 1e-9])


def is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and bool(np.isfinite(value))


def cell(track: Track, value: object, top: float, width: float, limit: float) -> str:
    """Draw one patient's cell of a track; what is not known is a thin line."""
    height = KINDS[track.kind]
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return f'<path d="M0 {top + height / 2:.1f}h{width:.1f}" stroke="{RULE}"/>'
    if track.kind == "word":
        return word_cell(str(value), track.colours.get(str(value), "#e9edf1"), top, width)
    if track.kind == "heat":
        share = min(max(float(str(value)) / 100, 0), 1)
        return box(top, width, height, INK, 0.04 + 0.86 * share)
    if track.kind == "shares":
        return shares_cell(value, top, width)
    number = float(str(value))
    if track.kind == "bar":
        tall = height * number / limit
        return box(top + height - tall, width, tall, QUIET)
    half = height / 2
    tall = half * min(abs(number) / limit, 1)
    return box(top + half - (tall if number > 0 else 0), width, max(tall, 0.8), "#b0402a" if number > 0 else "#2f6f8f")


def box(top: float, width: float, height: float, colour: str, opacity: float = 1) -> str:
    faint = "" if opacity >= 1 else f' fill-opacity="{opacity:.2f}"'
    return f'<rect y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"{faint}/>'


def word_cell(word: str, colour: str, top: float, width: float) -> str:
    drawn = box(top, width, KINDS["word"], colour)
    if width < LETTERS_FROM:
        return drawn
    short = word if len(word) * 6.2 <= width else word[: max(int(width / 7), 1)]
    ink = ink_on(colour)
    return (
        f'{drawn}<text x="{width / 2:.1f}" y="{top + 12:.1f}" text-anchor="middle" fill="{ink}">{escape(short)}</text>'
    )


def shares_cell(value: object, top: float, width: float) -> str:
    """Stack the four probabilities of a call."""
    drawn, at = [], top
    for name, share in zip(SUBTYPES, np.asarray(value, dtype=float), strict=True):
        tall = KINDS["shares"] * float(share)
        if tall > 0.4:
            drawn.append(box(at, width, tall, SUBTYPE_COLOURS[name]))
        at += tall
    return "".join(drawn)
