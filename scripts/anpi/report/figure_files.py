"""Figures as files: SVG, PDF and the table that each draws, drawn anew only where the kept ones are not right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from anpi.files.writing import whole_file, write_table, write_text
from anpi.report.blocks import Drawing, Drawn, Fold, Section
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


def start_figures(
    figures: Sequence[Drawing], folder: Path, memory: Memory, start: Callable[..., Future]
) -> Callable[[], dict[str, str]]:
    """Start to draw figures; what is returned waits for them, writes their files and returns each SVG by its name.

    Parameters
    ----------
    start : callable
        Starts a call (`anpi.workers.workers`).
    """
    files = {drawing.name: [folder / name for name in files_of(drawing)] for drawing in figures}
    digests = {drawing.name: drawing.digest(memory.beside) for drawing in figures}
    due = [drawing for drawing in figures if not memory.put_back(files[drawing.name], digests[drawing.name])]
    started = {drawing.name: start(draw, drawing) for drawing in due}

    def wait() -> dict[str, str]:
        for name, drawing in started.items():
            write_figure(drawing.result(), files[name])
            memory.keep(files[name], digests[name])
        return {name: picture(svg) for name, (svg, *_) in files.items()}

    return wait


def picture(svg: Path) -> str:
    """Return a figure as it stands within a page."""
    return svg.read_bytes().decode("utf-8").removeprefix(DECLARATION).removesuffix("\n")


def draw(drawing: Drawing) -> Drawn:
    return drawing.draw()


def write_figure(drawn: Drawn, files: Sequence[Path]) -> None:
    svg, pdf, table = files
    write_text(svg, f"{DECLARATION}{drawn.svg}\n")
    with whole_file(pdf) as part:
        part.write_bytes(drawn.pdf)
    write_table(table, neutral(drawn.data))
