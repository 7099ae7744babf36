"""The TIL10 matrix: expression of marker genes in ten pure immune cell types, and the mRNA content of each."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from anpi.files.shipped import ROOT
from anpi.tables.reading import read_text_table

FOLDER = ROOT / "resources" / "fractions"


@dataclass(frozen=True)
class Profiles:
    """Expression of marker genes in pure cell types.

    Parameters
    ----------
    cell_types : tuple of str
    gene_ids : tuple of str
        Sorted.
    tpm : numpy.ndarray
        Genes x cell types.
    mrna : numpy.ndarray
        mRNA content of a cell of each type, on one relative scale.
    """

    cell_types: tuple[str, ...]
    gene_ids: tuple[str, ...]
    tpm: np.ndarray
    mrna: np.ndarray


@functools.cache
def read_profiles(tumour: bool = False) -> Profiles:
    """Read the shipped TIL10 matrix (Finotello 2019, doi:10.1186/s13073-019-0638-6).

    Parameters
    ----------
    tumour : bool
        Whether genes that tumour cells express too are left out, beside those that are too noisy in RNA-seq.
    """
    genes = read_text_table(FOLDER / "til10.tsv").sort_values("gene_id")
    content = read_text_table(FOLDER / "mrna_content.tsv")
    genes = genes[genes["left_out"].isin(["no"] if tumour else ["no", "tumour"])]
    types = tuple(content["cell_type"])
    tpm = np.ascontiguousarray(genes[list(types)].to_numpy(float))
    return Profiles(types, tuple(genes["gene_id"]), tpm, content["mrna"].to_numpy(float))


@functools.cache
def genes_of_the_million() -> frozenset[str]:
    """Return the genes whose expression makes a million, by Ensembl id and by the reference's names.

    They are those of the reference's annotation that it finds a symbol for: coding genes for the most part, neither
    mitochondrial nor ribosomal RNA, whose share is a matter of the kit.
    """
    genes = read_text_table(FOLDER / "genes.tsv.gz")
    return frozenset(genes["gene_id"].dropna()) | frozenset(genes["name"])
