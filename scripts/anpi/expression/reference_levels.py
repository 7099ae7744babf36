"""Levels of genes in the locked reference cohort: quartiles of TPM over the 81 tumours of George 2015."""

from __future__ import annotations

import functools
from pathlib import Path

import pandas as pd

from anpi.files.shipped import ROOT
from anpi.tables.reading import read_text_table

REFERENCE = ROOT / "resources" / "expression" / "sclc_ucologne_2015_tpm_quartiles.tsv.gz"


@functools.cache
def read_reference(path: Path | str = REFERENCE) -> pd.DataFrame:
    """Read quartiles of TPM in the reference cohort, indexed by gene id."""
    table = read_text_table(path).drop_duplicates("gene_id").set_index("gene_id")
    return table[["q1", "median", "q3"]].astype(float)
