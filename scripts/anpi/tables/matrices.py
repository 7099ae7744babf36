"""Matrices that anpi wrote, read again."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.files.intact import intact
from anpi.files.numbers import is_parquet, read_numbers


def read_matrix(path: Path | str) -> pd.DataFrame:
    """Read a matrix that anpi wrote, as text or as Parquet: genes x samples, float, keyed by gene id."""
    if is_parquet(path):
        return read_numbers(path)
    with intact(path):
        kinds: dict[Any, type] = defaultdict(lambda: float, gene_id=str)
        return pd.read_csv(path, sep="\t", index_col=0, dtype=kinds, float_precision="round_trip")
