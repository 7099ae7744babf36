"""The list of targets and the levels of their genes in normal tissues."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from anpi.expression.genes import annotate
from anpi.files.shipped import ROOT
from anpi.tables.reading import read_text_table
from anpi.tables.targets import TARGETS, read_target_table

NORMAL = ROOT / "resources" / "targets" / "normal_tissues.tsv"


@dataclass(frozen=True)
class Target:
    """A gene, or several of which the geometric mean counts.

    Parameters
    ----------
    name : str
        As in the results.
    gene_ids : tuple of str
        Ensembl ids without version.
    compartment : str
        ``tumour`` when tumour cells make it; ``immune`` when it cannot be told which cells do.
    """

    name: str
    gene_ids: tuple[str, ...]
    compartment: str


def read_targets(path: Path | str = TARGETS, users: Path | str | None = None) -> list[Target]:
    """Read a list of targets, and those of the user's own (see `anpi.tables.targets.read_target_table`)."""
    table = read_target_table(path, users)
    return [
        Target(str(name), ids, str(compartment))
        for name, ids, compartment in zip(table["target"], gene_ids(table["genes"]), table["compartment"], strict=True)
    ]


def gene_ids(lists: pd.Series) -> list[tuple[str, ...]]:
    """Return the ids of symbols that commas separate; a name that the annotation lacks stays as it is."""
    names = lists.str.split(r"\s*,\s*", regex=True).explode().rename("name").to_frame()
    names = names[names["name"].ne("")]
    ids = pd.Series(annotate(names["name"])["gene_id"].to_numpy(), index=names.index)
    return [tuple(dict.fromkeys(ids.loc[[place]])) for place in lists.index]


@functools.cache
def read_normal(path: Path | str = NORMAL) -> pd.DataFrame:
    """Return TPM in normal tissues that surround biopsies: genes (by id) x tissues."""
    table = read_text_table(path)
    return table.set_index(annotate(table["symbol"])["gene_id"].to_numpy()).drop(columns="symbol").astype(float)
