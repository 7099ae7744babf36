"""GCT 1.3 of the Broad Institute: expression and signatures with what is known of each sample.

Format: https://software.broadinstitute.org/software/igv/GCT and cmapPy's ``GCT 1.3``. For Morpheus, GenePattern, cmapR.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from anpi.exports.finished_run import FinishedRun
from anpi.files.writing import write_text
from anpi.trial.endpoints import RESPONSES, SURVIVAL, endpoint_columns

ENDPOINTS = (*RESPONSES, *(column for name in SURVIVAL for column in endpoint_columns(name)))


def write_gct(run: FinishedRun, folder: Path) -> None:
    """Write ``tpm.gct`` and ``signatures.gct``."""
    described = sample_facts(run)
    tpm = run.matrix("cohort/tpm.tsv.gz")
    genes = run.table("cohort/genes.tsv").set_index("gene_id").reindex(tpm.index)
    write_text(folder / "tpm.gct", gct_text(tpm, genes[["symbol", "biotype"]], described))
    units = pd.DataFrame({"unit": pd.Series(run.score_units)}).reindex(run.scores.columns)
    write_text(folder / "signatures.gct", gct_text(run.scores.T, units, described))


def sample_facts(run: FinishedRun) -> pd.DataFrame:
    """Return one row per sample: sheet, verdict, call, and the arm and endpoints of its patient."""
    names = [name for name in ENDPOINTS if name in run.endpoints]
    facts = run.samples.merge(run.endpoints[["patient_id", "arm", *names]], on="patient_id", how="left")
    return facts.set_index("sample_id")


def gct_text(values: pd.DataFrame, rows: pd.DataFrame, columns: pd.DataFrame) -> str:
    """Write a matrix (rows x samples) with facts of its rows and of its columns; NA is missing."""
    facts = columns.reindex(values.columns)
    lines = [["#1.3"], [*map(str, (*values.shape, rows.shape[1], facts.shape[1]))]]
    lines.append(["id", *map(str, rows.columns), *map(str, values.columns)])
    lines += [[str(name), *["NA"] * rows.shape[1], *map(cell, facts[name])] for name in facts.columns]
    for key, described, numbers in zip(values.index, rows.itertuples(index=False), values.to_numpy(), strict=True):
        lines.append([str(key), *map(cell, described), *map(cell, numbers)])
    return "".join("\t".join(line) + "\n" for line in lines)


def cell(value: object) -> str:
    """Write a value without tabs and line ends, NA for missing, numbers with ten digits."""
    if pd.isna(value):
        return "NA"
    return f"{value:.10g}" if isinstance(value, float) else " ".join(str(value).split())
