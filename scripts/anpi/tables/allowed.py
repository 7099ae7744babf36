"""Columns that look like direct identifiers and that the user allows (`allow_columns` of the config)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

ALLOWED_COLUMNS = "ANPI_ALLOW_COLUMNS"  # variable of the environment


@contextmanager
def allowing(columns: Sequence[str]) -> Iterator[None]:
    """Allow columns, each written table.column, as long as the block lasts, beside those of the environment."""
    before = os.environ.get(ALLOWED_COLUMNS)
    os.environ[ALLOWED_COLUMNS] = ",".join(sorted({*allowed_columns(), *columns}))
    try:
        yield
    finally:
        del os.environ[ALLOWED_COLUMNS]
        if before is not None:
            os.environ[ALLOWED_COLUMNS] = before


def allowed_columns() -> set[str]:
    """Return the columns that the user allows, each written table.column."""
    return {name.strip() for name in os.environ.get(ALLOWED_COLUMNS, "").split(",") if name.strip()}
