"""What stands in the project's Markdown: blocks of code, links, headings, tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.M)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the word behind it, and its text."""

    language: str
    word: str
    text: str


def documents() -> list[Path]:
    """List the Markdown files of the project, results of runs left out."""
    folders = ("docs", "config", "resources", ".github", "workflow", "tests")
    nested = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.md"))]
    return [*sorted(ROOT.glob("*.md")), ROOT / "results" / "README.md", *nested]


def blocks(file: Path) -> list[Block]:
    """Return the fenced blocks of a file, in order."""
    found = FENCE.findall(file.read_text(encoding="utf-8"))
    return [Block(*[*info.split(" ", 1), ""][:2], text) for info, text in found]


def prose(file: Path) -> str:
    """Return a file without its fenced blocks."""
    return FENCE.sub("", file.read_text(encoding="utf-8"))


def links(file: Path) -> list[str]:
    """Return the targets of all links and pictures outside code."""
    return LINK.findall(re.sub(r"`[^`\n]*`", "", prose(file)))


def anchors(file: Path) -> set[str]:
    """Return the anchors of a file's headings, as GitHub makes them."""
    found: dict[str, int] = {}
    names = set()
    for heading in HEADING.findall(prose(file)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if name in found else name)
        found[name] = found.get(name, 0) + 1
    return names


def tables(file: Path) -> Iterator[list[dict[str, str]]]:
    """Return each table of a page as rows of cells by heading."""
    for part in re.findall(r"(?:^\|.*\|$\n?)+", prose(file), flags=re.M):
        header, _, *rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in part.splitlines()]
        yield [dict(zip(header, row, strict=True)) for row in rows]
