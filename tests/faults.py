"""The table of faults in docs/faults.md: written from what the tests of wrong inputs see, and held against it.

A test takes the fixture ``tells`` and calls it with what is wrong and the words that a user reads. The words must stand
in the table. ``pytest -m faults --write-faults`` writes the table anew. When all tests that tell faults have run, none
skipped, a row of the table that none of them told ends the run as failed.
"""

from __future__ import annotations

import html
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "faults.md"
HEAD = """# What is wrong, and what a user sees

Every wrong input and fault for which there is a test, and the message that the test found. Made by `make faults` from
the tests themselves; a test fails when this page and the program differ. All faults of all files are told in one go;
more than 50 are cut. A value that may identify a person is never shown (see [security](security.md)).
"""
# Titles of the groups, by the name of the file that a message begins with.
GROUPS = (
    ("Inputs of the attacker", r"\d+ inputs?\b"),
    ("The config", r"config\.yaml|--"),
    ("Sample sheet", r"samples\.tsv"),
    ("Units", r"units\.tsv"),
    ("Reads, alignments and references", r".*\.(fastq|fq|bam|cram|gtf|fa)\b|https?|ftp|reference"),
    ("Expression matrix", r"matr\w*\.\w+"),
    ("Patients", r"patients?\.csv|adsl"),
    ("Assessments", r"assessments\.csv"),
    ("Lesions", r"lesions"),
    ("Therapies", r"therapies\.csv"),
    ("Adverse events", r"adverse_events\.csv"),
    ("Rules and plan", r"\w+\.yaml"),
    ("Other", r""),
)
SPECIAL = str.maketrans({c: f"&#{ord(c)};" for c in "|*`\\[~"})
WHOLE_WORDS = {"break_long_words": False, "break_on_hyphens": False}
Row = tuple[str, str, str]
told: dict[tuple[str, str], str] = {}
passed: set[str] = set()
skipped: set[str] = set()


def group_of(line: str) -> str:
    """Return the group of a message by the file that it names first."""
    name = re.split("[,:]", line)[0].rsplit("/", 1)[-1]
    return next(title for title, pattern in GROUPS if re.match(pattern, name))


def plain(text: str) -> str:
    """Write a text so that Markdown shows it as it is, without folders of this machine."""
    text = re.sub(r"(?<![\w.:/])/(?:[\w.+-]+/)+(?=[\w.-]+)", "", text)
    return html.escape(" ".join(text.split()), quote=False).translate(SPECIAL)


def row_of(wrong: str, lines: Iterable[str]) -> Row:
    lines = list(lines)
    words = [plain(line) for line in lines]
    return group_of(lines[0]), plain(wrong), "<br>".join(words)


def read_table() -> set[Row]:
    """Read the faults of the page: an item each, and below it an item for each message."""
    rows: list[list[str]] = []
    group = ""
    for line in TABLE.read_text(encoding="utf-8").splitlines() if TABLE.is_file() else ():
        if line.startswith("## "):
            group = line[3:]
        elif line.startswith("- "):
            rows.append([group, line[2:], ""])
        elif line.startswith("  - "):
            rows[-1][2] += ("<br>" if rows[-1][2] else "") + line[4:]
        elif line.startswith("    "):
            rows[-1][2] += " " + line[4:]
    return {(group, wrong, words) for group, wrong, words in rows}


def write_table(rows: Iterable[Row]) -> None:
    text = HEAD
    for title, _ in GROUPS:
        inside = sorted((wrong, words) for group, wrong, words in rows if group == title)
        text += f"\n## {title}\n\n" if inside else ""
        for wrong, words in inside:
            text += f"- {wrong}\n" + "".join(f"{item(words)}\n" for words in words.split("<br>"))
    TABLE.write_text(text, encoding="utf-8")


def item(words: str) -> str:
    """Return a message as an item below its fault, in lines of at most 120 characters where blanks allow."""
    return textwrap.fill(words, 120, initial_indent="  - ", subsequent_indent="    ", **WHOLE_WORDS)


@pytest.fixture
def tells(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return the function by which a test says what is wrong and what a user reads."""

    def tell(wrong: str, lines: Iterable[str]) -> None:
        row = row_of(wrong, lines)
        record_property("fault", json.dumps(row))
        if not request.config.getoption("--write-faults"):
            assert row in read_table(), f"docs/faults.md does not have this row; make faults writes it: {row}"

    return tell


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-faults", action="store_true", help="write docs/faults.md from the tests that run")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and "faults" in report.keywords:
        skipped.add(report.nodeid)
    for name, value in report.user_properties if report.when == "call" else ():
        if name == "fault":
            group, wrong, words = json.loads(str(value))
            told[group, wrong] = words
            passed.add(report.nodeid.split("::")[0])


def telling_modules() -> Iterator[str]:
    """List the files with tests that tell faults."""
    for file in (ROOT / "tests").rglob("test_*.py"):
        if re.search(r"def test_\w+\([^)]*\btells\b", file.read_text(encoding="utf-8")):
            yield str(file.relative_to(ROOT))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if hasattr(config, "workerinput") or not told or exitstatus or config.getoption("collectonly"):
        return
    rows = {(group, wrong, words) for (group, wrong), words in told.items()}
    whole = (
        set(telling_modules()) <= passed
        and not skipped
        and config.getoption("markexpr") in ("", "faults")
        and not config.getoption("keyword")
    )
    single = any("::" in str(word) for word in config.args) or config.getoption("lf", False)
    if config.getoption("--write-faults"):
        if not whole or single:
            raise pytest.UsageError("the table needs all tests that tell faults: pytest -m faults --write-faults")
        write_table(rows)
    elif whole and not single and read_table() != rows:
        print(f"\ndocs/faults.md has rows that no test tells (make faults writes it): {sorted(read_table() - rows)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
