"""How numbers stand in the report: the same everywhere, never more digits than they bear."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from anpi.words.lists import plural
from anpi.words.p_values import written_p
from anpi.words.ratios import written_ratio

NONE = "–"


def has_value(value: Any) -> bool:
    """Return whether a value is there (not None, NaN, NaT, NA)."""
    return not (value is None or (not isinstance(value, (list, dict, str)) and pd.isna(value)))


def text(value: Any, missing: str = NONE) -> str:
    """Write a value of a table; whole numbers without a point."""
    if not has_value(value) or value == "":
        return missing
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float):
        return str(value) if math.isinf(value) else f"{value:.0f}" if value == int(value) else f"{value:.4g}"
    return str(value)


def decimal(value: Any, digits: int = 2, missing: str = NONE) -> str:
    """Write a number with a fixed count of decimals and a true minus sign."""
    if not has_value(value) or not math.isfinite(float(value)):
        return missing
    shown = f"{float(value):.{digits}f}"
    return shown.lstrip("-") if float(shown) == 0 else shown.replace("-", "−")


def ratio(value: Any) -> str:
    """Write a hazard or odds ratio, as `written_ratio` does."""
    return written_ratio(float(value)) if has_value(value) else NONE


def p_value(value: Any) -> str:
    """Write a p-value, as `written_p` does."""
    return written_p(float(value)) if has_value(value) else NONE


def percent(share: Any, digits: int = 0) -> str:
    """Write a proportion (0 to 1) as a percentage."""
    return NONE if not has_value(share) else f"{100 * float(share):.{digits}f}%"


def count_of(part: int, whole: int) -> str:
    """Write a count with its percentage: ``12 of 24 (50%)``."""
    return f"{part} of {whole}" + (f" ({percent(part / whole)})" if whole else "")


def months(value: Any) -> str:
    """Write months with one decimal; what was never reached says so."""
    return "not reached" if not has_value(value) or not math.isfinite(float(value)) else f"{float(value):.1f}"


def interval(low: Any, high: Any, write: Any = ratio) -> str:
    """Write a 95% interval."""
    return f"{write(low)} to {write(high)}"


def drawn_of(drawn: int, whole: int, one: str) -> str:
    """Write how many are drawn; when not all are, how many there are."""
    words = plural(drawn, one)
    return words if drawn == whole else f"{drawn} of {plural(whole, one)}, evenly spaced by id (all are in the tables)"
