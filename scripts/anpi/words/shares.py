"""How a part of a whole is written: its count, with the percentage behind it."""

from __future__ import annotations


def share(count: int, total: int, none: str = "0") -> str:
    """Write a count with its percentage of a total, as in ``3 (25%)``; ``none`` where the total is 0.

    >>> share(3, 12)
    '3 (25%)'
    """
    return f"{count} ({100 * count / total:.0f}%)" if total else none
