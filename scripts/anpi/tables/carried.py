"""Which columns of a user's table go along into results: those of the schema, and extra ones that the config names."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from anpi.tables.schema import column_rule, load_schema


def carried(frame: pd.DataFrame, table: str, named: Collection[str]) -> pd.DataFrame:
    """Return a table without the extra columns that the config does not name.

    Parameters
    ----------
    frame : DataFrame
        As `anpi.tables.reading.read_table` returns it.
    table : str
        Name of the table and of its schema, such as ``patients``.
    named : collection of str
        Columns of ``carry_columns``, each as ``table.column``.
    """
    schema = load_schema(table)
    kept = [c for c in frame.columns if column_rule(schema, str(c)) is not None or f"{table}.{c}" in named]
    return frame[kept]
