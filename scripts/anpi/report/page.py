"""Sections to pages: one template, one style, one script; and all files of the report."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NotRequired, TypedDict
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from anpi.files.kept import Place
from anpi.files.shipped import ROOT
from anpi.files.writing import whole_file, write_text
from anpi.report.blocks import Cell, Link, Section, Table
from anpi.report.evidence import cited_rows, patients_behind, spans_of
from anpi.report.figure_files import drawings, files_of, start_figures
from anpi.report.genes import FILE as GENE_FILE
from anpi.report.genes import GeneBox, gene_script
from anpi.report.inputs import TABLES
from anpi.report.kept import Memory
from anpi.report.numbers import has_value, months, text
from anpi.report.patient import patient_sections
from anpi.report.patient_map import Map
from anpi.report.patient_record import PatientRecord, all_patients
from anpi.report.sections import DETAILS, FIRST_PAGE, sections_of
from anpi.report.strips import FILE as STRIP_FILE
from anpi.report.strips import strip_file
from anpi.report.tables import Run
from anpi.report.workbook import write_workbook
from anpi.tables.carried import carried
from anpi.trial.subtypes import SUBTYPES
from anpi.trial.times import DAYS_PER_MONTH
from anpi.workers import workers

TEMPLATES = ROOT / "workflow" / "report"
WORD = re.compile(r"([\w.-]*\w)")
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def write_report(run: Run, out: Path, memory: Place | None = None, threads: int = 1) -> None:
    """Write the whole report below a folder; the page comes last, so that it never stands without its files.

    Parameters
    ----------
    memory : Place, optional
        Remembers figures and pages of patients, so that the next report leaves those that are right as they are.
    threads : int
        Processes that draw figures and put the workbook together.
    """
    with workers(threads) as start:
        tables = {"patients": carried(run.patients, "patients", run.carry), **run.tables}
        workbook = start(write_workbook, tables, TABLES)  # takes longest, so it begins first
        first, details = sections_of(run, FIRST_PAGE), sections_of(run, DETAILS)
        figures = list({drawing.name: drawing for drawing in drawings([*details, *first])}.values())
        environment, files = make_environment(), page_files(run)
        drawn = {name for drawing in figures for name in files_of(drawing)}
        kept = Memory(memory, drawn.union(files.values()))
        pictures_of = start_figures(figures, out / "figures", kept, start)
        write_pages(environment, run, out / "patients", files, kept)
        with whole_file(out / "tables.xlsx") as part:
            part.write_bytes(workbook.result())
        pictures = pictures_of()
    kept.close()
    remove_others(out / "figures", drawn)
    write_text(out / STRIP_FILE, strip_file(run))
    links = {patient: f"patients/{quote(name)}" for patient, name in files.items()}
    box = gene_box(first)
    write_text(out / GENE_FILE, gene_script(box))
    page = Page(f"{run.title}: details", details, links, "index.html", pictures=pictures)
    write_text(out / "details.html", render(environment, run, page))
    beside = Link("details.html", "Details, methods, all tables")
    page = Page(run.title, first, links, beside=beside, pictures=pictures)
    write_text(out / "index.html", render(environment, run, page))


def write_pages(environment: Environment, run: Run, folder: Path, files: Mapping[str, str], memory: Memory) -> None:
    """Write the page of each patient, as far as it is not there already; pages of others are removed."""
    for record in all_patients(run):
        page, made_from = folder / files[record.patient], record.digest(memory.beside)
        if not memory.put_back([page], made_from):
            write_text(page, patient_page(environment, record))
            memory.keep([page], made_from)
    remove_others(folder, set(files.values()))


def patient_page(environment: Environment, record: PatientRecord) -> str:
    """Return the page of a patient; it sees nothing else of the run."""
    page = Page(f"Patient {record.patient}", patient_sections(record), {}, "../index.html", strips=f"../{STRIP_FILE}")
    return fill(environment, page, record.shared.title, "", {"people": {}, "evidence": {}, "behind": [], "ids": []})


@dataclass(frozen=True)
class Page:
    """A page: its title, its sections, the page of each patient, where it leads back to, what stands beside it.

    ``strips`` is where the file of `report.strips` is, for a page that has bars with lines; ``pictures`` are the
    figures that it shows, by their names.
    """

    title: str
    sections: Sequence[Section]
    links: dict[str, str]
    home: str | None = None
    beside: Link | None = None
    strips: str = ""
    pictures: Mapping[str, str] = field(default_factory=dict)


class PageData(TypedDict):
    """What the script of a page reads: patients by id, and for each cited row the group of patients behind it.

    ``behind`` holds groups of places in ``ids``. The map of patients has ``chips`` and ``orders``, the box of genes
    ``groups`` of samples, the first screen its answers to ``what_if``.
    """

    people: dict[str, dict[str, str]]
    evidence: dict[str, int]
    behind: list[tuple[int, ...]]
    ids: list[str]
    chips: NotRequired[Mapping[str, Mapping[str, Sequence[str]]]]
    orders: NotRequired[Mapping[str, Sequence[int]]]
    groups: NotRequired[Mapping[str, Mapping[str, str]]]
    what_if: NotRequired[Sequence[Mapping[str, str]]]


def gene_box(sections: Sequence[Section]) -> GeneBox | None:
    return next((b for s in sections for b in s.blocks if isinstance(b, GeneBox)), None)


def make_environment() -> Environment:
    """Make the template engine: everything escaped, an unknown name is an error; style and script are of all pages."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    made.globals.update(
        linked=linked,
        table_rows=table_rows,
        script=script,
        script_digest=base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii"),
        css=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
    )
    return made


def render(environment: Environment, run: Run, page: Page) -> str:
    """Render a page of the whole run."""
    return fill(environment, page, run.title, run.declared, page_data(run, page))


def fill(environment: Environment, page: Page, run_title: str, declared: str, data: PageData) -> str:
    """Fill the template with a page and what its script reads."""
    box = gene_box(page.sections)
    return (
        environment.get_template("page.html.j2")
        .render(
            title=page.title,
            run_title=run_title,
            declared=declared,
            sections=page.sections,
            links=page.links,
            data=data,
            home=page.home,
            beside=page.beside,
            strips=page.strips,
            pictures=page.pictures,
            gene_digest=box.digest if box else "",
        )
        .lstrip()
    )


def page_data(run: Run, page: Page) -> PageData:
    """Return what the script reads: patients, chips and orders of the map, what-if answers, groups of samples."""
    data = evidence_data(run, page)
    for patient, link in page.links.items():
        data["people"][patient] = {"href": link, "words": patient_words(run, patient)}
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Map):
                data["chips"] = {name: dict(group) for name, group in block.chips}
                data["orders"] = block.orders
            elif isinstance(block, GeneBox):
                data["groups"] = block.groups
        if answers := section.extra.get("what_if"):
            data["what_if"] = answers
    return data


def evidence_data(run: Run, page: Page) -> PageData:
    """Return the patients behind each cited row: ``behind`` holds groups of places in ``ids``."""
    places = {patient: place for place, patient in enumerate(page.links)}
    groups: dict[tuple[int, ...], int] = {}
    evidence = {}
    for row in dict.fromkeys(row for section in page.sections for row in cited_rows(section)):
        group = tuple(places[patient] for patient in patients_behind(run, row) if patient in places)
        if group:
            evidence[row.anchor] = groups.setdefault(group, len(groups))
    return {"people": {}, "evidence": evidence, "behind": list(groups), "ids": list(page.links)}


def linked(words: str, links: Mapping[str, str]) -> Markup:
    """Link the numbers of a sentence to their rows and its patients to their pages; all else is escaped."""
    link = Markup('<a class="cite" href="details.html#{0}" data-evidence="{0}" title="{1}">{2}</a>')
    return Markup("").join(
        link.format(row.anchor, row.words, part) if row else with_patients(part, links) for part, row in spans_of(words)
    )


def with_patients(words: str, links: Mapping[str, str]) -> Markup:
    """Link the patients that a sentence names to their pages, so that they light up too; all else is escaped."""
    return Markup("").join(
        Markup('<a data-patient="{0}" href="{1}">{0}</a>').format(part, links[part])
        if part in links and not part.isdigit()
        else escape(part)
        for part in WORD.split(words)
    )


def table_rows(table: Table, links: Mapping[str, str]) -> Markup:
    """Write the rows of a table; the template takes several times as long, and a large trial has many."""
    lines = []
    for place, row in enumerate(table.rows):
        patient = table.patients[place] if table.patients else None
        anchor = f' id="{escape(table.anchors[place])}"' if table.anchors else ""
        of_patient = f' data-patient="{escape(patient)}"' if patient else ""
        cells = [table_cell(cell, column, table.numeric, patient, links) for column, cell in enumerate(row)]
        lines.append(f"  <tr{anchor}{of_patient}>{''.join(cells)}</tr>")
    return Markup("".join(lines))


def table_cell(cell: Cell, column: int, numeric: Sequence[bool], patient: str | None, links: Mapping[str, str]) -> str:
    """Write a cell of a table: the first of a row heads it, a patient's name leads to the page."""
    words, size = escape(cell.words), len(cell.words)
    width = "number" if numeric and numeric[column] else "long" if size > 60 else "middle" if size > 16 else "short"
    key = "" if cell.key is None else f' data-key="{escape(cell.key)}"'
    shown: str = words
    if cell.group:
        shown = f'<span class="tag g-{escape(cell.group)}">{words}</span>'
    elif patient is not None and cell.words == patient and patient in links:
        shown = f'<a href="{escape(links[patient])}">{words}</a>'
    begin, end = ("<th scope=row", "</th>") if column == 0 else ("<td", "</td>")
    return f'{begin} class="{width}"{key}>{shown}{end}'


def patient_words(run: Run, patient: str) -> str:
    """Return a patient's line for the bar at the foot of the page."""
    row = run.people.loc[patient]
    parts = [text(row["arm"])]
    if has_value(row["group"]):
        parts.append(
            f"SCLC-{row['group']}"
            if row["group"] in SUBTYPES
            else f"{row['group']} call"
            if row["group"] == "mixed"
            else "no call"
        )
    if has_value(row.get("cbor")):
        parts.append(f"best response {row['cbor']}")
    if has_value(row.get("pfs_days")):
        parts.append(
            f"PFS {months(float(row['pfs_days']) / DAYS_PER_MONTH)}{'' if row['pfs_event'] == 1 else '+'} months"
        )
    return " · ".join(parts)


def page_files(run: Run) -> dict[str, str]:
    """Name the file of each patient's page; an id that is no plain name is named by its digest."""
    ids = [str(patient) for patient in run.people.index]
    names = {p: p if PLAIN_NAME.fullmatch(p) else hashlib.sha256(p.encode("utf-8")).hexdigest()[:16] for p in ids}
    folded = [name.lower() for name in names.values()]
    for patient, name in names.items():
        if folded.count(name.lower()) > 1:  # two ids that a file system without case takes for one
            names[patient] = f"{name}-{hashlib.sha256(patient.encode('utf-8')).hexdigest()[:8]}"
    return {patient: f"{name}.html" for patient, name in names.items()}


def remove_others(folder: Path, names: set[str]) -> None:
    """Remove pages and figures of an earlier run that this one does not have."""
    for path in folder.glob("*") if folder.is_dir() else ():
        if path.name not in names and path.suffix in (".html", ".svg", ".pdf", ".csv"):
            path.unlink()
