"""How a p-value is written, in sentences and in tables."""

from __future__ import annotations

import math

LEVELS = (0.01, 0.025, 0.05, 0.1)


def written_p(p: float) -> str:
    """Write a p-value: never 0, and never rounded to a level that is commonly declared and that it is not.

    Two or three digits are given, and more only where 0.04996 would read 0.050 beside "below 0.05".
    """
    if p < 0.001:
        return "< 0.001"
    digits = 3 if p < 0.1 else 2
    while any(float(f"{p:.{digits}f}") == level and abs(p - level) > 1e-9 for level in LEVELS):
        digits += 1
    return f"{p:.{digits}f}"


def p_words(p: float) -> str:
    """Return a p-value as a clause: ``p = 0.031`` or ``p < 0.001``."""
    if not math.isfinite(p):
        return "no p-value"
    shown = written_p(p)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"
