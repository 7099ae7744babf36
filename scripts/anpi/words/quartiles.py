"""How a median is written with its quartiles."""

from __future__ import annotations


def quartile_words(median: float, low: float, high: float) -> str:
    """Write a median with its quartiles, three digits each, whole numbers from 1,000 on.

    >>> quartile_words(62, 55.75, 1234.5)
    '62 [55.8, 1,234]'
    """
    middle, first, third = (f"{v:.3g}" if abs(v) < 999.5 else f"{v:,.0f}" for v in (median, low, high))
    return f"{middle} [{first}, {third}]"
