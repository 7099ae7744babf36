"""Tables of single samples: only those samples are computed whose expression, or what stands beside it, is another."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from anpi.expression.matrix import Expression
from anpi.files.kept import Kept
from anpi.files.writing import table_text
from anpi.progress import say


def of_samples(expression: Expression, samples: Sequence[str]) -> Expression:
    """Return the matrix of some samples; those that it lacks are left out."""
    known = expression.values.columns
    return replace(expression, values=expression.values[[sample for sample in samples if sample in known]])


def sample_keys(
    kept: Kept,
    expression: Expression,
    counts: Expression | None = None,
    tables: Sequence[pd.DataFrame | None] = (),
    beside: object = None,
) -> dict[str, str]:
    """Return for each sample the digest of its name, its expression, its counts and its rows of other tables.

    Parameters
    ----------
    tables : sequence of pandas.DataFrame or None
        With ``sample_id``, one row a sample.
    beside : object
        What else decides the rows of all samples.
    """
    matrices = [matrix for matrix in (expression, counts) if matrix is not None]
    common = kept.key(beside, [(matrix.unit, matrix.values.index.to_list(), matrix.genes) for matrix in matrices])
    rows = [{} if table is None else table.set_index("sample_id").T.to_dict("list") for table in tables]
    columns = [None if table is None else list(table.columns) for table in tables]
    return {
        str(sample): kept.key(
            str(sample),
            common,
            [matrix.values[sample].to_numpy() for matrix in matrices if sample in matrix.values],
            columns,
            [of_table.get(sample) for of_table in rows],
        )
        for sample in expression.values.columns
    }


def tables_by_sample(
    kept: Kept,
    keys: Mapping[str, str],
    compute: Callable[[list[str]], Sequence[pd.DataFrame]],
    float_format: str,
) -> list[str]:
    """Return tables of samples as texts, of which those samples are computed that no earlier run computed alike.

    Parameters
    ----------
    keys : mapping
        Digest of all that a sample's rows are computed from, by sample, in the order of the tables.
    compute : callable
        Returns the tables of some samples, rows of one sample together, in columns that do not hang on the samples.
    """
    found = {sample: kept.take(key) for sample, key in keys.items()}
    header_key = kept.key("header")
    header = kept.take(header_key)
    lacking = [sample for sample, part in found.items() if part is None or header is None]
    if len(lacking) < len(keys):
        say(f"{len(lacking)} of {len(keys)} samples to be computed; the others are as they were")
    if lacking or header is None:
        header, computed = split_by_sample(compute(lacking), lacking, float_format)
        kept.put(header_key, header)
        for sample, part in computed.items():
            kept.put(keys[sample], part)
        found |= computed
    parts = [json.loads(header), *(json.loads(part) for part in found.values() if part is not None)]
    return ["".join(texts) for texts in zip(*parts, strict=True)]


def split_by_sample(
    tables: Sequence[pd.DataFrame], samples: Sequence[str], float_format: str
) -> tuple[bytes, dict[str, bytes]]:
    """Return the headers of tables as they are written, and of each sample its rows in each, as JSON."""
    headers: list[str] = []
    rows = {sample: [""] * len(tables) for sample in samples}
    for place, table in enumerate(tables):
        first, *lines = table_text(table, float_format).splitlines(keepends=True)
        headers.append(first)
        for sample, line in zip(table["sample_id"], lines, strict=True):
            rows[str(sample)][place] += line
    return json.dumps(headers).encode(), {sample: json.dumps(texts).encode() for sample, texts in rows.items()}
