"""The cohort as one AnnData file: expression, and all that is known of each sample and gene."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from anpi.files.writing import whole_file


def build_anndata(
    tpm: pd.DataFrame, counts: pd.DataFrame | None, genes: pd.DataFrame, obs: pd.DataFrame
) -> anndata.AnnData:
    """Build the AnnData of a cohort.

    Parameters
    ----------
    tpm, counts : pandas.DataFrame
        Genes x samples, keyed by gene id.
    genes : pandas.DataFrame
        ``gene_id``, ``symbol``, ``biotype``, ``length``.
    obs : pandas.DataFrame
        ``sample_id`` and whatever is known of a sample.

    Returns
    -------
    anndata.AnnData
        Samples x genes; ``X`` = log2(TPM + 1), layers ``tpm``, ``log2_tpm`` and, when known, ``counts`` (float32).
    """
    values = tpm.T.astype(np.float32)
    described = obs.set_index("sample_id").reindex(values.index)
    annotated = genes.set_index("gene_id").reindex(values.columns)
    data = anndata.AnnData(np.log2(values.to_numpy() + 1), obs=storable(described), var=storable(annotated))
    data.layers["log2_tpm"] = data.X.copy()
    data.layers["tpm"] = values.to_numpy()
    if counts is not None and len(counts):
        data.layers["counts"] = counts.T.reindex(columns=values.columns).to_numpy(dtype=np.float32)
    return data


def storable(frame: pd.DataFrame) -> pd.DataFrame:
    """Make every column one that h5ad holds: numbers as floats, all else as text with '' for missing."""
    result = {}
    for column, values in frame.items():
        numeric = pd.api.types.is_numeric_dtype(values)
        name = storable_name(str(column))
        while name in result:
            name += "_"
        result[name] = values.astype(float) if numeric else values.astype(object).where(values.notna(), "").astype(str)
    return pd.DataFrame(result, index=frame.index.astype(str))


def storable_name(column: str) -> str:
    """Return one column per name that h5ad holds: no slash, which parts folders there, and not the index's."""
    return "index_" if column == "_index" else column.replace("/", "_")


def write_anndata(data: anndata.AnnData, path: Path) -> None:
    """Write an h5ad file, whole or not at all."""
    with whole_file(path) as part:
        data.write_h5ad(part, compression="gzip")
