"""The list of targets and the levels of their genes in normal tissues."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from anpi.expression.genes import annotate
from anpi.files.shipped import ROOT
from anpi.problems import Problem, refuse
from anpi.tables.reading import read_text_table

TARGETS = ROOT / "resources" / "targets" / "targets.tsv"
NORMAL = ROOT / "resources" / "targets" / "normal_tissues.tsv"
COLUMNS = [
    "target",
    "name",
    "genes",
    "group",
    "compartment",
    "modality",
    "drugs",
    "drug_source",
    "threshold",
    "threshold_source",
]
COMPARTMENTS = ("tumour", "immune")


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


def read_targets(path: Path | str = TARGETS) -> list[Target]:
    """Read a list of targets.

    Raises
    ------
    InputError
        A column lacks, a target stands twice or names no gene, a compartment is unknown.
    """
    table, file = read_text_table(path), str(path)
    refuse([Problem(file, "column lacks", row=1, column=name) for name in COLUMNS if name not in table.columns])
    if table.empty:
        refuse([Problem(file, "the list has no target", expected="one row per target")])
    problems = []
    for place, row in enumerate(table.to_dict("records"), start=2):
        for column in ("target", "genes"):
            if not (row[column] or "").strip(", "):
                problems.append(Problem(file, row=place, column=column, found="nothing", expected="a name"))
        if row["compartment"] not in COMPARTMENTS:
            found, expected = str(row["compartment"]), " or ".join(COMPARTMENTS)
            problems.append(Problem(file, row=place, column="compartment", found=found, expected=expected))
    for place in table.index[table["target"].duplicated()]:
        name = str(table.at[place, "target"])
        problems.append(Problem(file, row=int(place) + 2, column="target", found=f"{name} twice", expected="once"))
    refuse(problems)
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
