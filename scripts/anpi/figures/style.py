"""One look for all figures: type, one colour and one marker a subtype, and the name a patient's mark bears."""

from __future__ import annotations

import platform
import zlib
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import font_manager, ft2font
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from anpi.files.checksums import hash_file

INK = "#1c2430"
QUIET = "#5d6773"
RULE = "#d5dae0"
GREY = "#8c96a0"

# Okabe and Ito's palette (Color Universal Design, 2008); grey for what is no subtype.
SUBTYPE_COLOURS = {
    "A": "#0072B2",
    "N": "#E69F00",
    "P": "#009E73",
    "I": "#CC79A7",
    "mixed": "#6b747d",
    "none": "#a9b1b9",
}
SUBTYPE_LINES = {"A": "-", "N": (0, (6, 2)), "P": (0, (2, 1.5)), "I": (0, (7, 2, 1.5, 2))}
OTHER_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#56B4E9", "#CC79A7", "#E69F00", "#5d6773", "#000000")
OTHER_LINES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)))
VERDICT_COLOURS = {"pass": "#e4ecf1", "warn": "#F0C75E", "fail": "#C4501B", "not known": "#ffffff"}

PATIENT = "patient:"
# Machines have other versions of the same fonts, whose glyphs have other numbers: those of matplotlib are taken.
FONTS = sorted(Path(matplotlib.get_data_path(), "fonts", "ttf").glob("DejaVuSans*.ttf"))

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "anpi",
    "pdf.fonttype": 3,
    "figure.facecolor": "white",
}


def take_shipped_fonts() -> None:
    """Let matplotlib know its own fonts alone, whatever the machine has."""
    font_manager.fontManager.ttflist.clear()
    for font in FONTS:
        font_manager.fontManager.addfont(font)


take_shipped_fonts()


def surroundings() -> tuple[str, ...]:
    """Name what decides the bytes of a figure beside its data, the code and the Python libraries.

    The last is the user's own settings of matplotlib, which hold where `STYLE` says nothing.
    """
    settings = hash_file(Path(matplotlib.matplotlib_fname()))
    return platform.machine(), zlib.ZLIB_RUNTIME_VERSION, ft2font.__freetype_version__, settings


def patient_mark(patient_id: object) -> str:
    """Return the gid of a mark that stands for a patient; every artist of that patient bears it."""
    return f"{PATIENT}{patient_id}"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours ``#rrggbb`` by WCAG 2: 1 to 21, of which small text needs 4.5."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ink_on(colour: str) -> str:
    """Return black or white, whichever is read better on a colour."""
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, colour))


def level_colour(level: str, place: int = 0) -> str:
    """Return the colour of a group: its own for a subtype, else by its place among the groups."""
    return SUBTYPE_COLOURS.get(level, OTHER_COLOURS[place % len(OTHER_COLOURS)])


def level_line(level: str, place: int = 0) -> object:
    """Return the dash pattern of a group, so that colour never stands alone."""
    return SUBTYPE_LINES.get(level, OTHER_LINES[place % len(OTHER_LINES)])


def blank_figure(width: float, height: float) -> Figure:
    """Make a figure without axes in the house style, sizes in inches.

    The style is set at each figure: other libraries that are loaded in between change what holds for all.
    """
    matplotlib.rcParams.update(STYLE)
    return Figure(figsize=(width, height))


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Make a figure of one set of axes in the house style, sizes in inches."""
    figure = blank_figure(width, height)
    return figure, figure.add_subplot()
