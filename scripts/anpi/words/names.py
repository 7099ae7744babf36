"""How names too long for their place are cut, so that they can still be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence


def short_names(names: Sequence[str], most: int) -> list[str]:
    """Cut names to a length: at the end; those then alike in the middle; those still alike to where they differ."""
    half = (most - 1) // 2
    shown = [name if len(name) <= most else f"{name[: most - 1]}…" for name in names]
    shown = recut(names, shown, most, lambda name, _: f"{name[: most - 1 - half]}…{name[-half:]}")
    return recut(names, shown, most, lambda name, start: f"…{name[start : start + most - 1]}"[: most - 1] + "…")


def recut(names: Sequence[str], shown: list[str], most: int, cut: Callable[[str, int], str]) -> list[str]:
    """Cut those anew that look like another name; ``cut`` is told where such names begin to differ."""
    times = Counter(shown)
    alike = [len(name) > most and times[short] > 1 for name, short in zip(names, shown, strict=True)]
    letters = zip(*(name for name, again in zip(names, alike, strict=True) if again), strict=False)
    start = next((place for place, found in enumerate(letters) if len(set(found)) > 1), 0)
    return [cut(name, start) if again else short for name, short, again in zip(names, shown, alike, strict=True)]
