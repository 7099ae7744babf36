"""Apache Parquet: the main tables with typed columns, for DuckDB, Spark, polars and R's arrow."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from anpi.exports.finished_run import FinishedRun
from anpi.files.writing import whole_file

OPTIONAL = {
    "results": "association/results.tsv",
    "fractions": "immune/fractions.tsv",
    "pathways": "immune/pathways.tsv",
    "targets": "targets/targets.tsv",
    "changes": "change/changes.tsv",
    "timepoints": "clinical/timepoints.tsv",
}


def write_parquet(run: FinishedRun, folder: Path) -> None:
    """Write a file a table; matrices have genes in rows and one column per sample."""
    tables = {"patients": run.patients, "endpoints": run.endpoints, "sets": run.sets}
    tables |= {name: run.table(path) for name, path in OPTIONAL.items() if run.has(path)}
    if run.has("subtypes/calls.tsv"):
        tables |= {"samples": run.samples, "calls": run.table("subtypes/calls.tsv")}
        tables |= {"scores": run.table("immune/scores.tsv"), "genes": run.table("cohort/genes.tsv")}
        for name in ("tpm", "counts"):
            if run.has(f"cohort/{name}.tsv.gz"):
                tables[name] = run.matrix(f"cohort/{name}.tsv.gz").reset_index()
    for name, table in tables.items():
        with whole_file(folder / f"{name}.parquet") as part:
            plain(table).to_parquet(part, index=False)


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return columns of numbers as they are, all others as text: one kind a column."""
    return table.apply(
        lambda values: values if pd.api.types.is_numeric_dtype(values) else values.astype("string"), axis=0
    )
