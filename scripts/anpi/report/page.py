"""Sections to pages: one template, one style, one script; and all files of the report."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from anpi.files.shipped import ROOT
from anpi.files.writing import whole_file, write_table, write_text
from anpi.report.associations import associations, sensitivity
from anpi.report.biology import signatures, subtypes
from anpi.report.blocks import Drawing, Section
from anpi.report.changes import changes
from anpi.report.efficacy import efficacy
from anpi.report.expression import expression
from anpi.report.methods import methods, remark
from anpi.report.numbers import known, months, text
from anpi.report.patient import patient_sections
from anpi.report.patients import patients
from anpi.report.quality import quality
from anpi.report.safety import queries, safety
from anpi.report.summary import summary
from anpi.report.tables import Run
from anpi.report.targets import targets
from anpi.report.workbook import neutral, write_workbook
from anpi.tables.carried import carried
from anpi.trial.subtypes import SUBTYPES
from anpi.trial.times import DAYS_PER_MONTH

TEMPLATES = ROOT / "workflow" / "report"
SECTIONS: tuple[Callable[[Run], Section | None], ...] = (
    changes,
    summary,
    patients,
    quality,
    subtypes,
    signatures,
    targets,
    efficacy,
    associations,
    expression,
    safety,
    sensitivity,
    queries,
    methods,
    remark,
)
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def write_report(run: Run, out: Path) -> None:
    """Write the whole report below a folder; the page comes last, so that it never stands without its files."""
    sections = [section for make in SECTIONS if (section := make(run))]
    figures = list(drawings(sections))
    for drawing in figures:
        write_figure(drawing, out / "figures")
    environment = make_environment()
    files = page_files(run)
    for patient, name in files.items():
        page = render(environment, run, f"Patient {patient}", patient_sections(run, patient), {}, home="../index.html")
        write_text(out / "patients" / name, page)
    remove_others(out / "patients", set(files.values()))
    remove_others(out / "figures", {f"{d.name}.{kind}" for d in figures for kind in ("svg", "pdf", "csv")})
    with whole_file(out / "tables.xlsx") as part:
        part.write_bytes(write_workbook({"patients": carried(run.patients, "patients", run.carry), **run.tables}))
    links = {patient: f"patients/{quote(name)}" for patient, name in files.items()}
    write_text(out / "index.html", render(environment, run, run.title, sections, links))


def make_environment() -> Environment:
    """Make the template engine: everything escaped, an unknown name is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    environment: Environment,
    run: Run,
    title: str,
    sections: Sequence[Section],
    links: dict[str, str],
    home: str | None = None,
) -> str:
    """Render one page. ``links`` gives the page of each patient."""
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    people = {patient: {"href": link, "words": patient_words(run, patient)} for patient, link in links.items()}
    return environment.get_template("page.html.j2").render(
        title=title,
        run_title=run.title,
        declared=run.declared,
        sections=sections,
        links=links,
        people=people,
        home=home,
        script=script,
        script_digest=digest,
        css=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
    )


def patient_words(run: Run, patient: str) -> str:
    """Return a patient's line for the bar at the foot of the page."""
    row = run.people.loc[patient]
    parts = [text(row["arm"])]
    if known(row["group"]):
        parts.append(
            f"SCLC-{row['group']}"
            if row["group"] in SUBTYPES
            else f"{row['group']} call"
            if row["group"] == "mixed"
            else "no call"
        )
    if known(row.get("cbor")):
        parts.append(f"best response {row['cbor']}")
    if known(row.get("pfs_days")):
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


def drawings(sections: Sequence[Section]) -> Iterator[Drawing]:
    for section in sections:
        yield from (block for block in section.blocks if isinstance(block, Drawing))


def write_figure(drawing: Drawing, folder: Path) -> None:
    """Write a figure as SVG, PDF and the table that it draws."""
    write_text(folder / f"{drawing.name}.svg", f'<?xml version="1.0" encoding="utf-8"?>\n{drawing.svg}\n')
    with whole_file(folder / f"{drawing.name}.pdf") as part:
        part.write_bytes(drawing.pdf)
    write_table(folder / f"{drawing.name}.csv", neutral(drawing.data))


def remove_others(folder: Path, names: set[str]) -> None:
    """Remove pages and figures of an earlier run that this one does not have."""
    for path in folder.glob("*") if folder.is_dir() else ():
        if path.name not in names and path.suffix in (".html", ".svg", ".pdf", ".csv"):
            path.unlink()
