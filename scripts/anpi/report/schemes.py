"""The subtype by each published scheme, and how far the schemes agree: of a cohort and of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from anpi.report.blocks import Cell, Heading, Table, Text, make_cell, table_of
from anpi.report.numbers import has_value, text
from anpi.words.lists import listed, plural

SCHEMES = {
    "scheme_gay": "Gay 2021",
    "scheme_rudin": "Rudin 2019",
    "scheme_nabet": "in the manner of Nabet 2024",
    "scheme_forest": "forest of Fatherree 2025",
}
MEANING = {
    "scheme_gay": "A, N, P, I: the call",
    "scheme_rudin": "A, N, P, Y: the factor that is expressed most",
    "scheme_nabet": "NE, N, I-NE, I-nonNE: neuroendocrine or not, inflamed or not",
    "scheme_forest": "A.1, A.2, A.3-I, N.1, N.2, N.3, A+N-I, REST-I",
}
AGREEMENT = "scheme_agreement"
MOST_NAMED = 8


def scheme_blocks(calls: pd.DataFrame) -> list[Any]:
    """Return how many samples every scheme names alike, who is named otherwise, and the table; nothing without."""
    if AGREEMENT not in calls or calls[AGREEMENT].isna().all():
        return []
    told = calls[calls[AGREEMENT].notna()].sort_values("sample_id")
    alike = told[AGREEMENT].map(all_agree)
    words = f"Of {plural(len(told), 'called sample')}, in {int(alike.sum())} all schemes that say something agree"
    others = [f"{row['sample_id']} ({others_words(row)})" for row in told[~alike].to_dict("records")]
    words += f"; not in {listed(others, MOST_NAMED)}." if others else "."
    columns = {"sample_id": "Sample", "patient_id": "Patient", **SCHEMES, AGREEMENT: "Agree with the call"}
    table = table_of(
        told,
        "schemes",
        "The subtype by each scheme",
        columns | {"scheme_reason": "What says nothing, and why"},
        patient="patient_id",
        caption=f"{'; '.join(f'{name}: {MEANING[key]}' for key, name in SCHEMES.items())}.",
        filter=True,
        folded=True,
    )
    return [Heading("Agreement among schemes"), Text([words]), table]


def all_agree(words: str) -> bool:
    """Return whether ``2 of 2`` says that all agree."""
    agree, _, of = str(words).partition(" of ")
    return agree == of


def others_words(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {row[key]}" for key, name in SCHEMES.items() if has_value(row.get(key)))


def schemes_of_sample(call: Mapping[Any, Any] | pd.Series) -> list[Any]:
    """Return a sample's class by each scheme; nothing where the calls have none."""
    if not has_value(call.get(AGREEMENT)):
        return []
    rows = [
        [Cell(SCHEMES[key]), make_cell(call.get(key), lambda value: text(value, "says nothing")), Cell(MEANING[key])]
        for key in SCHEMES
    ]
    why = f" {text(call['scheme_reason'])}." if has_value(call.get("scheme_reason")) else ""
    caption = f"{call[AGREEMENT]} of the other schemes that say something may stand for the call.{why}"
    return [Table("schemes", "The subtype by each scheme", ["Scheme", "Class", "Classes"], rows, caption)]
