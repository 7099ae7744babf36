"""Columns of a sheet of lesions that each hold one visit: told by their names."""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd

from anpi.delivery.dates import read_date
from anpi.delivery.numbers import is_size
from anpi.problems import fold
from anpi.tables.schema import DATE

VISIT, VISIT_DATE = "sizes of a visit", "dates of a visit"
OF_A_SIZE = re.compile(
    r"[(\[][^)\]]*[)\]]|(?<![^\W\d_])(?:mm|cm|diameters?|sizes?|ld|durchmesser|gr(?:ö|oe)(?:ß|ss)e|长径|直径|大小)(?![^\W\d_])",
    re.IGNORECASE,
)
ALONE = (
    r"bl|base|baseline|screening|scr|ausgang(?:sbefund)?|eot|eos|endoftreatment|endofstudy|progression|unscheduled"
    r"|基线期?|筛选期?|治疗前|治疗结束"
)
COUNTED = r"""weeks?|wks?|w|wochen?|months?|mo|m|monate?|days?|d|tage?|cycles?|c|zyklus|visits?|v|visite|scans?|cts?|
    timepoints?|tp|stagings?|followups?|fu|assessments?|restagings?|unscheduled"""
IN_CHINESE = r"第?\d+(?:周期?|个?月|天|次(?:访视|随访|复查|评[价估])?)|(?:访视|周期|随访|复查)\d+"
NAME = re.compile(rf"(?:{ALONE})|(?:{COUNTED})\d+(?:d\d+)?|\d+(?:st|nd|rd|th)?(?:{COUNTED})|{IN_CHINESE}", re.VERBOSE)
MOSTLY = 0.5  # of the cells of a column of sizes


def visit_name(header: str) -> str:
    """Return the name of a visit that a header holds, without words of a size and its unit."""
    return " ".join(OF_A_SIZE.sub(" ", header.replace("_", " ")).split()) or header


def is_day(text: str) -> bool:
    """Return whether a text is a date, however it is written."""
    return bool(DATE.fullmatch(text) or read_date(text, "day_first") or read_date(text, "month_first"))


def is_visit(header: str) -> bool:
    """Return whether a header names a visit (``Baseline``, ``Week 6 (mm)``, ``C3D1``), or is the day of one."""
    return is_day(header) or NAME.fullmatch(fold(visit_name(header))) is not None


def visit_of_dates(header: str, words: Collection[str]) -> str | None:
    """Return the visit whose dates a column holds: what is left of ``Week 6 scan date``; None for another column.

    Parameters
    ----------
    words : collection of str
        Folded words for a date.
    """
    folded = fold(visit_name(header))
    for word in sorted(words, key=len, reverse=True):
        for rest in (folded.removesuffix(word), folded.removeprefix(word), folded.removeprefix(f"{word}of")):
            if rest != folded and NAME.fullmatch(rest):
                return rest
    return None


def holds_sizes(texts: pd.Series) -> bool:
    """Return whether most cells of a column may be the size of a lesion."""
    filled = texts.dropna().astype(str)
    return len(filled) > 0 and filled.map(is_size).mean() > MOSTLY
