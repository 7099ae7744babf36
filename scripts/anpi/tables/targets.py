"""Lists of targets as tables: the shipped one, and rows of the user's own beside it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from anpi.files.shipped import ROOT
from anpi.problems import Problem, refuse, refuse_missing_columns
from anpi.tables.reading import read_text_table

TARGETS = ROOT / "resources" / "targets" / "targets.tsv"
NEEDED = ["target", "genes", "compartment"]
COLUMNS = [
    *NEEDED,
    "name",
    "group",
    "modality",
    "drugs",
    "drug_source",
    "threshold",
    "threshold_source",
]
COMPARTMENTS = ("tumour", "immune")


def read_target_table(path: Path | str = TARGETS, users: Path | str | None = None) -> pd.DataFrame:
    """Read a list of targets, and the rows of a list of the user's own behind it.

    Returns
    -------
    pandas.DataFrame
        ``COLUMNS`` as texts, one row per target. Of the user's own, only target, genes and compartment are needed.

    Raises
    ------
    InputError
        A column lacks, a target stands twice or names no gene, a compartment is unknown.
    """
    tables = [read_list(path, COLUMNS if Path(path) == TARGETS else NEEDED)]
    if users is not None:
        tables.append(read_list(users, NEEDED))
        mend = "Give it another name; the shipped list stays."
        refuse(
            [
                Problem(
                    str(users), "the shipped list has this target", row=place, column="target", found=name, mend=mend
                )
                for place, name in enumerate(tables[1]["target"], start=2)
                if name in set(tables[0]["target"])
            ]
        )
    return pd.concat(tables, ignore_index=True)


def read_list(path: Path | str, needed: list[str]) -> pd.DataFrame:
    table, file = read_text_table(path), str(path)
    refuse_missing_columns(file, table, needed)
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
    return table.reindex(columns=COLUMNS)
