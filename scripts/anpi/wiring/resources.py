"""What jobs ask for: memory and time, more at each attempt, never more than a node has."""

from __future__ import annotations

import math
import os

# The most that one job asks for (MB, minutes), however large its input and however often it is tried again.
CEILING = {"mem_mb": 64_000, "runtime": 1_440}
HUMAN_GENOME = 3100  # MB, of a genome that is not here yet
HUMAN_INDEX = 1000  # MB, of a salmon index that is not made yet


def capped(resource: str, amount: float, attempt: int) -> int:
    """Return an amount of a resource once more for each attempt, up to the ceiling."""
    return min(math.ceil(amount) * attempt, CEILING[resource])


def genome_mb(file: str | None) -> float:
    """Return the size of a genome; a gzipped one counts four times."""
    if not file or not os.path.isfile(file):
        return HUMAN_GENOME
    return os.path.getsize(file) / 2**20 * (4 if file.endswith(".gz") else 1)


def index_mb(folder: str) -> int:
    """Return the size of a salmon index, or what that of a human transcriptome needs when it is not made yet."""
    if not os.path.isdir(folder):
        return HUMAN_INDEX
    sizes = [entry.stat().st_size for entry in os.scandir(folder) if entry.is_file()]
    return sum(sizes) // 2**20 if sizes else HUMAN_INDEX
