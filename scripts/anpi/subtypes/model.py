"""A subtype model as a folder of text: loaded only when its checksums match."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anpi.files.shipped import ROOT
from anpi.files.writing import write_text
from anpi.problems import InputError, Problem, refuse
from anpi.tables.reading import read_text_table
from anpi.tables.schema import load_yaml
from anpi.trial.subtypes import SUBTYPES

MODELS = ROOT / "resources" / "subtypes"
DEFAULT = MODELS / "sclc_anpi" / "2.0.0"
SUMS = "SHA256SUMS"
FILES = ("model.yaml", "weights.tsv", "reference.tsv", "tissues.tsv", "CARD.md")
PROFILES = "profiles.tsv"  # since 2.0.0
CLASSES = SUBTYPES
ANCHOR = "anchor"


@dataclass(frozen=True)
class Model:
    """A locked model.

    Parameters
    ----------
    folder : pathlib.Path
        Where it was read.
    settings : mapping
        Content of ``model.yaml``.
    weights : pandas.DataFrame
        ``panel``, ``gene_id``, ``symbol``, ``weight``: which genes make which panel.
    reference : pandas.DataFrame
        Indexed by ``gene_id`` in one canonical order: ``symbol``, ``median_tpm``, ``location`` and ``scale`` of
        log2(TPM + 1) in the reference cohort.
    tissues : pandas.DataFrame
        ``tissue``, ``gene_id``, ``symbol``, ``tpm``: order of magnitude of TPM in the pure normal tissue.
    sha256 : str
        Checksum of the list of checksums: names the model in every call.
    profiles : pandas.DataFrame
        ``gene_id`` x normal tissues, leukocytes and stroma: TPM in each alone, at the reference's level; empty before
        2.0.0.
    markers : pandas.DataFrame
        Indexed by ``gene_id``, with ``profile``, and ``cancer``, the TPM in cancer cells: genes that the shares of
        the profiles are fitted on.
    """

    folder: Path
    settings: Mapping[str, Any]
    weights: pd.DataFrame
    reference: pd.DataFrame
    tissues: pd.DataFrame
    sha256: str
    profiles: pd.DataFrame = field(default_factory=pd.DataFrame)
    markers: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def name(self) -> str:
        return f"{self.settings['name']} {self.settings['version']}"

    @functools.cached_property
    def gene_ids(self) -> list[str]:
        """Ensembl ids of every gene that the model looks at, in canonical (sorted) order."""
        return sorted(self.reference.index)

    @functools.cached_property
    def panels(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Positions in ``reference`` and weights of the genes of each panel."""
        position = {gene: i for i, gene in enumerate(self.reference.index)}
        return {
            str(panel): (
                np.array([position[gene] for gene in rows["gene_id"]]),
                rows["weight"].to_numpy(float),
            )
            for panel, rows in self.weights.sort_values("gene_id").groupby("panel", sort=True)
        }


def load_model(folder: Path | str = DEFAULT) -> Model:
    """Read a model folder.

    Raises
    ------
    InputError
        A file lacks, or differs from its checksum.
    """
    folder = Path(folder)
    sums = check_sums(folder)
    settings = load_yaml(folder / "model.yaml")
    if tuple(settings["classes"]) != CLASSES:
        found = ", ".join(map(str, settings["classes"]))
        raise InputError(Problem(str(folder / "model.yaml"), column="classes", found=found, expected="A, N, P, I"))
    weights = read_text_table(folder / "weights.tsv")
    weights["weight"] = weights["weight"].astype(float)
    reference = read_text_table(folder / "reference.tsv").set_index("gene_id").sort_index()
    numbers = ["median_tpm", "location", "scale"]
    reference[numbers] = reference[numbers].astype(float)
    tissues = read_text_table(folder / "tissues.tsv")
    tissues["tpm"] = tissues["tpm"].astype(float)
    stray = sorted((set(weights["gene_id"]) | set(tissues["gene_id"])) - set(reference.index))
    if stray:
        found = ", ".join(stray[:5])
        raise InputError(
            Problem(str(folder / "weights.tsv"), column="gene_id", found=found, expected="genes of reference.tsv")
        )
    return Model(folder, settings, weights, reference, tissues, sums, *read_profiles(folder))


def read_profiles(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the profiles of a model and its marker genes; empty for a model without."""
    path = folder / PROFILES
    if not path.is_file():
        return pd.DataFrame(), pd.DataFrame()
    table = read_text_table(path).set_index("gene_id").sort_index()
    markers = table.loc[table["marker"].notna(), ["marker", "cancer"]].astype({"cancer": float})
    profiles = table.drop(columns=["symbol", "marker", "cancer"]).astype(float)
    return profiles, markers.rename(columns={"marker": "profile"})


def genes_needed(model: Model) -> pd.DataFrame:
    """Return ``gene_id`` and ``symbol`` of every gene that a model uses, anchors included."""
    return model.reference[["symbol"]].loc[model.gene_ids].rename_axis("gene_id").reset_index()


def subtype_genes(model: Model) -> tuple[dict[str, str], list[str]]:
    """Return the genes whose level makes the subtypes (symbol by id), and the anchors that they are scaled by."""
    rules = [*model.settings["programmes"].values(), model.settings["none_on"]["non_neuroendocrine"]]
    chosen = model.weights[model.weights["panel"].isin([rule["panel"] for rule in rules])]
    anchors = model.weights.loc[model.weights["panel"] == ANCHOR, "gene_id"]
    return dict(zip(chosen["gene_id"], chosen["symbol"], strict=True)), sorted(anchors)


def check_sums(folder: Path, needed: Iterable[str] = FILES) -> str:
    """Compare every file of a model with ``SHA256SUMS`` and return the checksum of that list."""
    listing = folder / SUMS
    if not listing.is_file():
        raise InputError(
            Problem(
                str(folder),
                f"no {SUMS}: not a model",
                mend="Name a folder such as resources/subtypes/<name>/<version>.",
            )
        )
    text = listing.read_text(encoding="utf-8")
    stated = {name: digest for digest, name in (line.split("  ", 1) for line in text.splitlines() if line.strip())}
    mend = "Take the model's files from their source again; after an intended change, make a new version."
    problems = [
        Problem(str(folder / name), f"not listed in {SUMS}", mend=mend) for name in needed if name not in stated
    ]
    for name, digest in stated.items():
        path = folder / name
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no such file"
        if found != digest:
            problems.append(
                Problem(str(path), "the model is not what was released", found=found, expected=digest, mend=mend)
            )
    refuse(problems)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def seal_model(folder: Path | str, names: Iterable[str] = FILES) -> str:
    """Write ``SHA256SUMS`` of a model's files and return the checksum that names the model."""
    folder = Path(folder)
    names = [*names, *([PROFILES] if (folder / PROFILES).is_file() else [])]
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    write_text(folder / SUMS, "".join(lines))
    return check_sums(folder, names)
