"""How a hazard or odds ratio is written, in sentences, tables and figures."""

from __future__ import annotations

import math

MOST_DIGITS = 4


def written_ratio(value: float) -> str:
    """Write a ratio: two decimals, fewer when it is large, a bound when it is tiny, ``?`` when it is none.

    No ratio is rounded to 1 that is not 1: an interval to 0.998 leaves out 1, and beside p = 0.049 has to say so.
    """
    if math.isnan(value):
        return "?"
    if math.isinf(value):
        return "∞"
    if value < 0.01:
        return "< 0.01" if value > 0 else "0"
    if value >= 10:
        return f"{value:.1f}" if value < 100 else f"{value:,.0f}" if value < 1e4 else "> 10,000"
    digits = 2
    while digits < MOST_DIGITS and value != 1 and float(f"{value:.{digits}f}") == 1:
        digits += 1
    return f"{value:.{digits}f}"
