"""MuData (h5mu): expression, signatures, subtype probabilities and fractions side by side, clinical facts as obs.

Format: https://mudata.readthedocs.io/latest/io/spec.html. It is written through anndata, so that mudata itself is not
needed here. For muon, scverse and R's MuData.
"""

from __future__ import annotations

from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from anndata.io import write_elem

from anpi.exports.finished_run import FinishedRun
from anpi.exports.gct import ENDPOINTS
from anpi.files.writing import whole_file

HEAD = 512
SIGNED = b"MuData (format-version=0.1.0;creator=anpi)"


def write_mudata(run: FinishedRun, folder: Path) -> None:
    """Write ``cohort.h5mu``."""
    samples = list(run.samples["sample_id"])
    parts = modalities(run, samples)
    obs = run.samples.merge(
        run.patients.drop(columns=["sample_id", *run.set_names], errors="ignore"),
        on="patient_id", how="left", suffixes=("", "_patient"),
    )  # fmt: skip
    names = [name for name in ENDPOINTS if name in run.endpoints]
    obs = obs.merge(run.endpoints[["patient_id", *names]], on="patient_id", how="left").set_index("sample_id")
    with whole_file(folder / "cohort.h5mu") as part:
        write_h5mu(part, parts, storable(obs))


def modalities(run: FinishedRun, samples: list[str]) -> dict[str, anndata.AnnData]:
    """Return the parts by name, each with the samples in one order."""
    tpm = run.matrix("cohort/tpm.tsv.gz")
    genes = run.table("cohort/genes.tsv").set_index("gene_id").reindex(tpm.index)
    expression = tpm.T.reindex(samples)
    rna = modality(pd.DataFrame(np.log2(expression + 1)), genes)
    rna.layers["tpm"] = expression.to_numpy()
    parts = {"rna": rna, "signatures": modality(run.scores.reindex(samples))}
    chances = [name for name in ("p_A", "p_N", "p_P", "p_I") if name in run.calls]
    parts["subtypes"] = modality(run.calls.set_index("sample_id")[chances].astype(float).reindex(samples))
    if run.has("immune/fractions.tsv"):
        table = run.table("immune/fractions.tsv")
        wide = table.assign(name=table["method"] + ":" + table["cell_type"])
        parts["fractions"] = modality(wide.pivot(index="sample_id", columns="name", values="fraction").reindex(samples))
    return parts


def modality(values: pd.DataFrame, var: pd.DataFrame | None = None) -> anndata.AnnData:
    """Build an AnnData of a table (samples x features)."""
    described = pd.DataFrame(index=values.columns.astype(str)) if var is None else storable(var)
    obs = pd.DataFrame(index=values.index.astype(str))
    return anndata.AnnData(values.to_numpy(dtype=np.float64), obs=obs, var=described)


def storable(frame: pd.DataFrame) -> pd.DataFrame:
    """Make every column one that HDF5 holds: numbers as floats, all else as text with '' for missing."""
    columns = {
        str(name).replace("/", "_"): values.astype(float)
        if pd.api.types.is_numeric_dtype(values)
        else values.astype(object).where(values.notna(), "").astype(str)
        for name, values in frame.items()
    }
    return pd.DataFrame(columns, index=frame.index.astype(str))


def write_h5mu(path: Path, parts: dict[str, anndata.AnnData], obs: pd.DataFrame) -> None:
    """Write parts that all have the samples of ``obs``."""
    with h5py.File(path, "w", userblock_size=HEAD) as file:
        file.attrs.update({"encoding-type": "MuData", "encoding-version": "0.1.0", "encoder": "anpi", "axis": 0})
        file.attrs["encoder-version"] = "0.1.0"
        mod = file.create_group("mod")
        for name, data in parts.items():
            write_elem(mod, name, data, dataset_kwargs={"compression": "gzip"})
        mod.attrs["mod-order"] = list(parts)
        names = pd.Index([name for data in parts.values() for name in data.var_names])
        write_elem(file, "obs", obs)
        write_elem(file, "var", pd.DataFrame(index=names))
        for key in ("obsm", "varm", "obsp", "varp", "uns"):
            write_elem(file, key, {})
        write_elem(file, "obsmap", {name: np.arange(1, len(obs) + 1, dtype=np.uint32) for name in parts})
        write_elem(file, "varmap", positions(parts))
        for axis in ("obsm", "varm"):
            total, place = (len(obs) if axis == "obsm" else len(names)), 0
            for name, data in parts.items():
                width = total if axis == "obsm" else data.n_vars
                member = np.zeros(total, dtype=bool)
                member[place : place + width] = True
                write_elem(file[axis], name, member)
                place += 0 if axis == "obsm" else width
    with open(path, "r+b") as file:
        file.write(SIGNED)


def positions(parts: dict[str, anndata.AnnData]) -> dict[str, np.ndarray]:
    """Return for each part where its features stand among all (from 1, 0 for not there)."""
    total, place, found = sum(data.n_vars for data in parts.values()), 0, {}
    for name, data in parts.items():
        found[name] = np.zeros(total, dtype=np.uint32)
        found[name][place : place + data.n_vars] = np.arange(1, data.n_vars + 1)
        place += data.n_vars
    return found
