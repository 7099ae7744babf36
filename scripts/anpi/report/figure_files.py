"""Figures as files: SVG, PDF and the table that each draws, drawn anew only where the kept ones are not right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from anpi.files.writing import whole_file, write_table, write_text
from anpi.report.blocks import Drawing, Fold, Section
from anpi.report.kept import Memory
from anpi.report.workbook import neutral

KINDS = ("svg", "pdf", "csv")
DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def drawings(sections: Sequence[Section]) -> Iterator[Drawing]:
    for section in sections:
        yield from drawings_of([*section.blocks, *section.extra.get("figures", [])])


def drawings_of(blocks: Sequence[Any]) -> Iterator[Drawing]:
    for block in blocks:
        if isinstance(block, Drawing):
            yield block
        elif isinstance(block, Fold):
            yield from drawings_of(block.blocks)


def files_of(drawing: Drawing) -> list[str]:
    return [f"{drawing.name}.{kind}" for kind in KINDS]


def write_figures(figures: Iterable[Drawing], folder: Path, memory: Memory) -> dict[str, str]:
    """Write the files of figures, and return the SVG of each by its name, as the page shows it."""
    pictures = {}
    for drawing in figures:
        files = [folder / name for name in files_of(drawing)]
        made_from = drawing.digest(memory.beside)
        if not memory.put_back(files, made_from):
            write_figure(drawing, files)
            memory.keep(files, made_from)
        pictures[drawing.name] = files[0].read_bytes().decode("utf-8").removeprefix(DECLARATION).removesuffix("\n")
    return pictures


def write_figure(drawing: Drawing, files: Sequence[Path]) -> None:
    svg, pdf, table = files
    drawn = drawing.draw()
    write_text(svg, f"{DECLARATION}{drawn.svg}\n")
    with whole_file(pdf) as part:
        part.write_bytes(drawn.pdf)
    write_table(table, neutral(drawn.data))
