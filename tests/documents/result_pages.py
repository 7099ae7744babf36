"""The pages of ``docs/tables`` about results, held against the results of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from documents.markdown import ROOT, tables

PAGES = ROOT / "docs" / "tables"
TITLE = re.compile(r"# Result: `(.+)`")
OPTIONAL = "## Only"  # columns behind such a heading exist only in runs that have what it says
VERDICTS_HOLD = ("qc_facts", "qc_identity")


def result_pages() -> dict[str, list[str]]:
    """Return the files that each page tells of, those that are tables of text."""
    titles = {page.stem: TITLE.match(page.read_text(encoding="utf-8")) for page in sorted(PAGES.glob("*.md"))}
    named = {name: title.group(1).split(", ") for name, title in titles.items() if title}
    return {name: files for name, files in named.items() if not files[0].startswith(("samples/", "cohort/cohort"))}


def told_columns(page: str) -> tuple[dict[str, str], set[str]]:
    """Return the columns of a page with when they are missing, and those of them that a run may lack."""
    told, optional = {}, set()
    always, *only = (PAGES / f"{page}.md").read_text(encoding="utf-8").split(OPTIONAL)
    for table in tables(PAGES / f"{page}.md"):
        for row in table:
            for column in re.findall(r"`([^`]+)`", row["column"]):
                told[column] = row["missing (NA) when"]
                if f"`{column}`" not in always and only:
                    optional.add(column)
    return told, optional


def frames(files: list[str], results: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    for file in files:
        for path in sorted((results / file).glob("*.tsv")) if file.endswith("/") else [results / file]:
            if path.exists():
                separator = "," if path.suffix == ".csv" else "\t"
                yield file, pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, na_values=["NA", ""])


def matches(told: str, column: str) -> bool:
    """Compare a column with one as told: ``<m>`` stands for whatever the run has there."""
    return re.fullmatch(re.sub(r"<\w+>", ".+", re.escape(told)), column) is not None


def page_faults(page: str, results: Path) -> list[str]:
    """Return what differs between a page and the tables of a run: columns, and values that lack without a word."""
    told, optional = told_columns(page)
    optional |= {name for name in told if "<" in name}
    if page == "qc_verdicts":
        for other in VERDICTS_HOLD:
            more, may = told_columns(other)
            told, optional = {**more, **told}, optional | may
    faults, seen = [], set()
    for file, frame in frames(result_pages()[page], results):
        for column in frame:
            fitting = [name for name in told if matches(name, str(column))]
            seen.update(fitting)
            if not fitting:
                faults.append(f"{file}: column {column} is not told")
            elif frame[column].isna().any() and not any(told[name] for name in fitting):
                faults.append(f"{file}: column {column} is missing in some rows, and no word says when")
    faults += [
        f"{page}: column {name} is in no result"
        for name in told
        if name not in seen | optional and frame_exists(page, results)
    ]
    return faults


def frame_exists(page: str, results: Path) -> bool:
    return next(frames(result_pages()[page], results), None) is not None


def untold_files(results: Path) -> set[str]:
    """Return the tables of a run that no page tells of."""
    told = {file for files in result_pages().values() for file in files}
    folders = tuple(file for file in told if file.endswith("/"))
    made = {str(path.relative_to(results)) for kind in ("*.tsv", "*.csv", "*.tsv.gz") for path in results.rglob(kind)}
    others = (
        "samples/",
        "reference/",
        "report/",
        "ledger/pages/",
        "ledger/kept/",
        "logs/",
        "benchmarks/",
        "multiqc/",
        "cohort/alignment_counts",
        *folders,
    )
    return {file for file in made - told if not file.startswith(others)}
