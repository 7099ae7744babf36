"""Figures as files: SVG, PDF and the table that each draws, drawn anew only where the kept ones are not right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
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


def write_figures(figures: Sequence[Drawing], folder: Path, memory: Memory, threads: int = 1) -> dict[str, str]:
    """Write the files of figures, and return the SVG of each by its name, as the page shows it.

    Parameters
    ----------
    threads : int
        Figures drawn at a time, each by a process of its own.
    """
    files = {drawing.name: [folder / name for name in files_of(drawing)] for drawing in figures}
    digests = {drawing.name: drawing.digest(memory.beside) for drawing in figures}
    due = [drawing for drawing in figures if not memory.put_back(files[drawing.name], digests[drawing.name])]
    write_side_by_side(due, [files[drawing.name] for drawing in due], threads)
    for drawing in due:
        memory.keep(files[drawing.name], digests[drawing.name])
    return {name: picture(svg) for name, (svg, *_) in files.items()}


def write_side_by_side(figures: Sequence[Drawing], files: Sequence[Sequence[Path]], threads: int) -> None:
    """Write figures, several at a time when there are threads; forked, so that nothing is imported again."""
    at_a_time = min(threads, len(figures))
    if at_a_time < 2:
        for drawing, own in zip(figures, files, strict=True):
            write_figure(drawing, own)
        return
    with ProcessPoolExecutor(at_a_time, mp_context=get_context("fork")) as pool:
        list(pool.map(write_figure, figures, files))


def picture(svg: Path) -> str:
    """Return a figure as it stands within a page."""
    return svg.read_bytes().decode("utf-8").removeprefix(DECLARATION).removesuffix("\n")


def write_figure(drawing: Drawing, files: Sequence[Path]) -> None:
    svg, pdf, table = files
    drawn = drawing.draw()
    write_text(svg, f"{DECLARATION}{drawn.svg}\n")
    with whole_file(pdf) as part:
        part.write_bytes(drawn.pdf)
    write_table(table, neutral(drawn.data))
