"""What jobs ask for: memory and time, more at each attempt, never more than a node has."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable

from anpi.files.stored import is_stored

# The most that one job asks for (MB, minutes), however large its input and however often it is tried again.
CEILING = {"mem_mb": 64_000, "runtime": 1_440}
HUMAN_GENOME = 3100  # MB, of a genome that is not here yet
HUMAN_INDEX = 1000  # MB, of a salmon index that is not made yet
# Cores of a job that reads reads, from so many MB of its files on. Below 50 MB it is over in seconds, most of them
# one thread's.
CORES_FOR_READS = {1000: 4, 50: 2, 0: 1}


def cores_for_reads(files: Iterable[str]) -> int:
    """Return how many cores the files of a sample's reads are worth; two where they lie in a store."""
    files = list(files)
    if any(is_stored(file) for file in files):
        return 2
    size = sum(os.path.getsize(file) for file in files if os.path.isfile(file)) / 2**20
    return next(cores for least, cores in CORES_FOR_READS.items() if size >= least)


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
