"""The documents: links that lead somewhere, messages that the program has, every program and table told."""

from __future__ import annotations

import doctest
import html
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from documents.check_links import ask
from documents.markdown import ROOT, anchors, documents, links, tables
from documents.result_pages import result_pages, told_columns
from unit.test_house import MAY_IMPORT

from anpi.subtypes.model import DEFAULT
from anpi.tables.schema import describe, load_schema

NAMES = [str(file.relative_to(ROOT)) for file in documents()]
SHEETS = ("samples", "units", "patients", "assessments", "lesions", "therapies", "adverse_events", "biomarkers")
SMK = sorted((ROOT / "workflow").rglob("*.smk"))


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_files_and_headings_that_exist(name: str):
    file = ROOT / name
    for link in links(file):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), link
        assert ROOT in [target, *target.parents], link
        if anchor:
            assert anchor in anchors(target), link


def test_headings_have_the_anchors_of_github(tmp_path: Path):
    """As GitHub makes them: lower case, blanks to hyphens, signs out; a second heading of a name is numbered."""
    page = tmp_path / "page.md"
    page.write_text(
        "# The rooms of `scripts/anpi`\n## Where the sources differ?\n## A, B\n## A B\n```\n# no heading\n```\n"
    )
    assert anchors(page) == {"the-rooms-of-scriptsanpi", "where-the-sources-differ", "a-b", "a-b-1"}


def test_no_document_stands_alone():
    """Every page is reached by links from the README."""
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        file = waiting.pop()
        if file in reached:
            continue
        reached.add(file)
        local = [link.partition("#")[0] for link in links(file) if not re.match(r"[a-z]+:", link)]
        targets = [(file.parent / path).resolve() for path in local if path]
        waiting += [target for target in targets if target.suffix == ".md"]
    assert [str(file.relative_to(ROOT)) for file in (ROOT / "docs").rglob("*.md") if file not in reached] == []
    pictures = {(file.parent / link).resolve() for file in reached for link in links(file) if link.endswith(".png")}
    assert pictures == set((ROOT / "docs" / "images").glob("*.png"))
    assert all(picture.stat().st_size < 300_000 for picture in pictures)


def test_methods_are_a_page_per_topic():
    """The index names every page."""
    pages = sorted((ROOT / "docs" / "methods").glob("*.md"))
    listed = re.findall(r"\(methods/([\w-]+\.md)\)", (ROOT / "docs" / "methods.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [page.name for page in pages]


def test_prose_of_every_page_fits_a_screen():
    """Rows of tables and blocks of code may be longer; the card of a released model is sealed."""
    pages = [page for page in documents() if page.name != "CARD.md"]
    assert len(pages) > 80
    long = {}
    for page in pages:
        prose = re.sub(r"^( *)```.*?^\1```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        long[page] = [line for line in prose.splitlines() if len(line) > 120 and not line.lstrip().startswith("|")]
    assert {str(page.relative_to(ROOT)): lines for page, lines in long.items() if lines} == {}


METHODS = sorted(page.stem for page in (ROOT / "docs" / "methods").glob("*.md") if page.stem != "sources")


@pytest.mark.parametrize("page", METHODS)
def test_the_worked_example_of_a_method_gives_what_it_says(page: str):
    found = doctest.testfile(str(ROOT / "docs" / "methods" / f"{page}.md"), module_relative=False)
    assert found.attempted >= 3
    assert found.failed == 0


def test_the_accuracy_in_the_readme_is_that_of_the_model_card():
    (card, *_) = [rows for rows in tables(DEFAULT / "CARD.md") if "recall A" in rows[0]]
    known = {row["setting"]: row for row in card}
    (shown,) = [rows for rows in tables(ROOT / "README.md") if "recall A" in rows[0]]
    assert len(shown) >= 3
    assert [row for row in shown if not row.items() <= known[row["setting"]].items()] == []
    assert any("not at hand" in line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines())


def test_every_program_is_told():
    told = "".join(file.read_text(encoding="utf-8") for file in documents())
    assert [file.stem for file in sorted((ROOT / "scripts").glob("*.py")) if file.stem not in told] == []


def architecture(heading: str) -> list[dict[str, str]]:
    """Return the table of ``docs/architecture.md`` whose first column is headed so."""
    page = tables(ROOT / "docs" / "architecture.md")
    return next(rows for rows in page if heading in rows[0])


def test_the_rooms_are_told_from_the_ground_up():
    level = {room: n for n, row in enumerate(architecture("room")) for room in re.findall(r"`(\w+)`", row["room"])}
    assert set(level) == set(MAY_IMPORT)
    assert [
        (room, other) for room, others in MAY_IMPORT.items() for other in others if level[other] >= level[room]
    ] == []


def test_the_programs_of_each_file_of_rules_are_told():
    told: dict[str, set[str]] = {}
    for row in architecture("rules in"):
        told.setdefault(row["rules in"].strip("`"), set()).update(re.findall(r"`(\w+)`", row["programs"]))
    calls = {file.name: set(re.findall(r'program\(\s*"(\w+)"', file.read_text())) - {"fetch_reference"} for file in SMK}
    calls = {name: programs for name, programs in calls.items() if programs and name != "common.smk"}
    assert {name: programs - {"fetch_reference"} for name, programs in told.items()} == calls


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_page_of_a_table_has_the_columns_and_values_of_its_schema(sheet: str):
    schema = load_schema(sheet)
    (rows,) = tables(ROOT / "docs" / "tables" / f"{sheet}.md")
    told = {row["column"].strip("`"): (row["needed"] == "yes", html.unescape(row["values"])) for row in rows}
    required = schema["required"]
    rules = schema["properties"].items()
    assert told == {name: (name in required, describe(rule).split("; a character")[0]) for name, rule in rules}


def test_columns_that_only_some_runs_have_are_names_of_the_program():
    said = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "scripts").rglob("*.py"))
    optional = {column for page in result_pages() for column in told_columns(page)[1]}
    assert len(optional) > 30
    named = sorted(column for column in optional if "<" not in column)
    assert [column for column in named if not re.search(rf"[\"'/.]{column}\b|\b{column}=", said)] == []


class Site(BaseHTTPRequestHandler):
    """A page that is there, one that moved, one that is gone, one that refuses programs."""

    def do_GET(self) -> None:
        self.send_response({"/there": 200, "/moved": 302, "/gone": 404, "/refuses": 403}[self.path])
        self.send_header("Location", "/there")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("page", "leads"), [("there", True), ("moved", True), ("gone", False), ("refuses", True)])
def test_a_link_leads_nowhere_when_its_page_is_gone(page: str, leads: bool):
    server = HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        assert ask(f"http://127.0.0.1:{server.server_port}/{page}")[0] is leads
    finally:
        server.shutdown()
        server.server_close()


def test_a_link_to_no_host_leads_nowhere():
    assert not ask("http://127.0.0.1:1/")[0]


def sources() -> str:
    """Return all texts that a program can say; placeholders become an ellipsis."""
    files = [*(ROOT / "scripts").rglob("*.py"), ROOT / "docs" / "faults.md"]
    files += [file for file in (ROOT / ".ci").iterdir() if file.is_file()]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return html.unescape(re.sub(r"\"\n\s+f?\"", "", text))


def test_troubleshooting_quotes_messages_that_the_program_has():
    said = sources()
    page = re.sub(r"\n  +", " ", (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8"))
    heads = re.findall(r"^- (`[^`]+`(?:`[^`]+`|[^:`])*)", page, flags=re.M)
    tabled = tables(ROOT / "docs" / "troubleshooting.md")
    heads += [row["message"] for table in tabled for row in table if "message" in row]
    quoted = [(head, message) for head in heads for message in re.findall(r"`([^`]+)`", head)]
    assert len(quoted) >= 25
    absent = [m for _, m in quoted for part in m.split("…") if part.strip(" ,.'") and part.strip() not in said]
    assert absent == []


def test_the_guide_to_the_results_names_what_the_rules_make():
    """Every file of ``out("…")`` in an output, by its folder and its name."""
    guide = (ROOT / "results" / "README.md").read_text(encoding="utf-8")
    made = set()
    assert "`shards/`" in guide
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for output in re.findall(r"^    output:\n((?:        .*\n)+)", file.read_text(), flags=re.M):
            made |= set(re.findall(r'out\("([^"]+)"', output))
    assert len(made) > 20
    for path in made:
        folder, _, name = path.rpartition("/")
        stem = path.split("/")[2] if path.startswith("samples/") else name.split("{")[0]
        stem = stem.split("{")[0]
        assert f"{folder.split('/')[0] or name}" in guide, path
        if folder.split("/")[0] in (
            "qc",
            "clinical",
            "cohort",
            "analysis",
            "immune",
            "subtypes",
            "association",
            "expression",
            "samples",
        ):
            assert stem in guide, path


def test_the_settings_of_continuous_integration_are_valid_and_check_the_documents():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    assert any("make test-docs" in step.get("run", "") for job in jobs.values() for step in job["steps"])


def test_the_licence_of_each_shipped_folder_is_listed():
    page = (ROOT / "resources" / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| \[(\w+)\]\(\1/README\.md\) \|", page, re.MULTILINE))
    assert listed == {folder.name for folder in (ROOT / "resources").iterdir() if folder.is_dir()}
    for readme in (ROOT / "resources").glob("*/**/*.md"):
        if "CC BY-SA" in readme.read_text(encoding="utf-8"):
            folder = readme.relative_to(ROOT / "resources").parts[0]
            assert re.search(rf"{folder}/README.*\n\| \" .*CC BY-SA 4.0", page), readme
