"""A part of a comparison: sentences and a table of texts."""

from __future__ import annotations

from collections.abc import Sequence

from anpi.ledger.reasons import cell_words
from anpi.trial.compared import Section


def section(
    name: str,
    title: str,
    same: str,
    sentences: Sequence[str],
    header: Sequence[str] = (),
    rows: Sequence[Sequence[object]] = (),
    patients: Sequence[str | None] = (),
    further: Sequence[str] = (),
) -> Section:
    """Put together one part of a comparison; ``same`` names it when nothing in it moved."""
    cells = [[cell_words(cell) for cell in row] for row in rows]
    return {
        "name": name, "title": title, "same": same, "sentences": list(sentences), "further": list(further),
        "header": list(header), "rows": cells, "patients": list(patients),
    }  # fmt: skip
