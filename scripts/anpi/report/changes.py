"""What opens the report: what changed since the last run."""

from __future__ import annotations

from typing import Any

from anpi.report.blocks import Cell, Fold, Note, Points, Section, Table, Text
from anpi.report.numbers import NONE
from anpi.report.tables import Run, clean
from anpi.trial.compared import Leftovers
from anpi.trial.compared import Section as Moved
from anpi.words.lists import listed, plural

MOST_ROWS = 500


def changes(run: Run) -> Section | None:
    """Return the comparison with the last run that had another state; None when nobody made one."""
    told = run.changes
    if not told:
        return None
    blocks: list[Any] = []
    tables = [table_of(section, run) for section in told["sections"] if section["rows"]]
    since = told["since"]
    if since is None:
        blocks.append(Text([f"{line} The next one will be compared with it." for line in told["sentences"]]))
    else:
        blocks.append(Text([f"Compared with {since['words']}:"]))
        blocks.append(Points([clean(line) for line in told["sentences"]]))
    if (leftovers := told.get("leftovers")) and leftovers["samples"]:
        blocks.append(leftover_note(leftovers))
    if tables:
        further = [Points([clean(line) for line in told["further"]])] if told["further"] else []
        blocks.append(Fold(f"All that changed, in {plural(len(tables), 'table')}", [*further, *tables]))
    return Section("changes", "Since the last run", blocks)


def leftover_note(leftovers: Leftovers) -> Note:
    samples = [clean(name) for name in leftovers["samples"]]
    return Note(
        f"{plural(len(samples), 'sample')} that no longer {'takes' if len(samples) == 1 else 'take'} part "
        f"({listed(samples)}) left files in the results folder. No table, page or manifest of this run holds them. To "
        f"remove them, in that folder: {clean(leftovers['command'])}"
    )


def table_of(section: Moved, run: Run) -> Table:
    """Make a folded table; rows of patients who have a page are linked to it."""
    rows = section["rows"][:MOST_ROWS]
    pages = set(run.people.index)
    caption = ""
    if len(section["rows"]) > MOST_ROWS:
        caption = f"The first {MOST_ROWS} of {len(section['rows'])} rows; all stand in ledger/changes.json."
    return Table(
        f"changes-{section['name']}",
        section["title"],
        section["header"],
        [[Cell(clean(cell) or NONE) for cell in row] for row in rows],
        caption,
        patients=[patient if patient in pages else None for patient in section["patients"][:MOST_ROWS]],
        filter=True,
        folded=True,
    )
