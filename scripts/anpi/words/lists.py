"""Counts with their nouns, and names joined as in a sentence."""

from __future__ import annotations

from collections.abc import Iterable


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun, such as ``1 patient`` or ``3 patients``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: Iterable[object], most: int = 8) -> str:
    """Return names joined as in a sentence; beyond ``most`` the rest is counted."""
    words = [str(name) for name in names]
    if len(words) > most:
        return ", ".join(words[:most]) + f" and {len(words) - most} more"
    return ", ".join(words[:-1]) + f" and {words[-1]}" if len(words) > 1 else "".join(words)
