"""The whole report of runs made by hand: structure, escaping, missing tables, same bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, write_run
from warm import python

from anpi.files.shipped import ROOT
from anpi.report import sentences as say
from anpi.report.blocks import Cell, Table
from anpi.report.methods import remark_items, statistics_methods
from anpi.report.page import page_files, table_rows, write_report
from anpi.report.tables import Run
from anpi.stats.multiplicity import METHODS

EVIL = "<script>alert(1)</script>"
ADJUSTMENTS = {
    "holm": ("adjustment Holm", "after Holm's adjustment"),
    "bh": ("adjustment Benjamini-Hochberg", "after adjustment by Benjamini and Hochberg"),
    "none": ("adjustment none", "after no adjustment"),
    "fixed_sequence": ("adjustment fixed sequence", "after testing in the declared order"),
}
VOID = {"meta", "link", "br", "input", "img", "hr"}


class Outline(HTMLParser):
    """Elements of a page in order, with a check that tags close."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def attributes(self, name: str) -> list[str]:
        return [value or "" for _, attrs in self.tags if (value := attrs.get(name)) is not None]


def run_of(
    folder: Path,
    tables: dict[str, pd.DataFrame],
    title: str = "Made trial",
    statements: dict[str, object] | None = None,
) -> Run:
    write_run(folder, tables, statements)
    return read_made(folder, title)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_report(run_of(folder, make_tables(12)), folder / "report")
    return folder / "report"


@pytest.fixture(scope="module")
def outline(report: Path) -> Outline:
    return Outline((report / "index.html").read_text(encoding="utf-8"))


def test_headings_are_in_order_and_ids_are_single(outline: Outline) -> None:
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 2 for before, after in pairwise(levels))
    ids = outline.attributes("id")
    assert sorted(ids) == sorted(set(ids))
    assert outline.open == []


def test_a_query_of_a_stranger_or_of_a_whole_table_stops_no_report(tmp_path: Path) -> None:
    """A subject that patients.csv does not have has no page to be linked to."""
    tables = make_tables(8)
    one = tables["queries"].iloc[:1]
    strangers = [one.assign(patient_id=patient, message="asked") for patient in ("P0O1", None)]
    tables["queries"] = pd.concat([one, *strangers], ignore_index=True)
    write_report(run_of(tmp_path, tables), tmp_path / "report")
    text = (tmp_path / "report" / "details.html").read_text(encoding="utf-8")
    assert "P0O1" in text
    assert 'href="patients/P0O1' not in text
    assert text.count("asked") >= 2


def test_every_link_within_the_report_leads_somewhere(report: Path) -> None:
    pages = [report / "index.html", report / "details.html", *(report / "patients").iterdir()]
    outlines = {page.resolve(): Outline(page.read_text(encoding="utf-8")) for page in pages}
    for page, outline in outlines.items():
        ids = set(outline.attributes("id"))
        for link in outline.attributes("href") + outline.attributes("xlink:href"):
            if link.startswith("#"):
                assert link[1:] in ids, link
            elif not link.startswith("data:"):
                file, _, place = link.partition("#")
                assert (page.parent / file).is_file(), link
                assert not place or place in outlines[(page.parent / file).resolve()].attributes("id"), link


def test_each_patient_has_a_page_and_marks_in_figures(report: Path, outline: Outline) -> None:
    ids = [f"P{i + 1:04d}" for i in range(12)]
    assert sorted(p.stem for p in (report / "patients").iterdir()) == ids
    marked = [attrs["data-patient"] for tag, attrs in outline.tags if tag == "g" and "data-patient" in attrs]
    assert set(marked) == set(ids)
    rows = [attrs["data-patient"] for tag, attrs in outline.tags if tag == "tr" and "data-patient" in attrs]
    assert set(rows) >= set(ids)


def test_figures_are_told_to_a_screen_reader_and_come_with_files(report: Path, outline: Outline) -> None:
    figures = [attrs for tag, attrs in outline.tags if tag == "svg"]
    assert figures
    for figure in figures:
        assert figure["role"] in ("img", "group")
        title = (figure.get("aria-labelledby") or "").split()
        assert figure.get("aria-label") or title[0] in outline.attributes("id")
    names = {path.stem for path in (report / "figures").iterdir()}
    for name in names:
        ET.parse(report / "figures" / f"{name}.svg")
        assert (report / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert len(pd.read_csv(report / "figures" / f"{name}.csv")) > 0


def test_the_page_asks_for_nothing_and_runs_its_own_script_only(report: Path, outline: Outline) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    outside = [url for url in re.findall(r"https?://[^\s\"'<)]+", text) if "www.w3.org" not in url]
    assert outside == []
    assert not [tag for tag, attrs in outline.tags if tag == "link" or (tag == "script" and "src" in attrs)]
    script = next(s for s in outline.texts["script"] if "use strict" in s)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(attrs["content"] for tag, attrs in outline.tags if attrs.get("http-equiv"))
    assert f"script-src 'sha256-{digest}'" in (policy or "")


def test_same_tables_give_the_same_bytes_in_any_order_of_rows(report: Path, tmp_path: Path) -> None:
    tables = make_tables(12)
    for name in ("patients", "endpoints", "verdicts", "calls", "programmes", "sets"):
        tables[name] = tables[name].iloc[::-1]
    write_report(run_of(tmp_path, tables), tmp_path / "report")
    for path in sorted(report.rglob("*")):
        if path.is_file() and path.name != "tables.xlsx":
            other = tmp_path / "report" / path.relative_to(report)
            assert other.read_bytes() == path.read_bytes(), path.name


def test_a_second_run_leaves_the_same_bytes_and_no_page_of_another_run(tmp_path: Path) -> None:
    run = run_of(tmp_path, make_tables(6))
    out = tmp_path / "report"
    write_report(run, out)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    (out / "patients" / "P9999.html").write_text("old")
    write_report(run, out)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        (("samples",), "This run has no expression data"),
        (("results", "curves", "survival", "rates"), "We cannot tell: this run made no test of it."),
        (("queries", "timepoints", "programmes", "curves"), "No contradiction was found in the clinical tables."),
    ],
)
def test_a_table_that_the_run_does_not_have_is_said_in_words(tmp_path: Path, gone: tuple[str, ...], words: str) -> None:
    tables = {name: frame for name, frame in make_tables(6).items() if name not in gone}
    write_report(run_of(tmp_path, tables), tmp_path / "report")
    pages = [(tmp_path / "report" / f"{name}.html").read_text(encoding="utf-8") for name in ("index", "details")]
    assert words in "".join(pages)


def test_the_checklist_counts_the_samples_that_take_part(tmp_path: Path) -> None:
    tables = make_tables(8)
    samples = tables["samples"].assign(specimen="ffpe", use="yes").astype(object)
    samples.loc[samples.index[:2], "use"] = "no"
    samples.loc[samples.index[2], "specimen"] = "fresh"
    write_run(tmp_path, tables | {"samples": samples})
    said = {item: words for item, words in remark_items(read_made(tmp_path)) if words}
    assert said["Type of biological material"] == f"Specimens: ffpe {len(samples) - 3}, fresh 1"


def test_a_patient_named_as_a_script_is_a_text_everywhere(tmp_path: Path) -> None:
    ids = [
        EVIL,
        "' onclick=alert(2) x='",
        '"><img src=x onerror=alert(3)>',
        "]]>&amp;{{7*7}}",
        "$\\frac{$",
        "../../up",
        "P7",
        "p7",
    ]
    tables = make_tables(8, ids, (EVIL, "arm & </style><u>"))
    tables["queries"] = tables["queries"].assign(message=EVIL)
    people = tables.pop("patients")
    people["treatment_start_date"] = pd.to_datetime(people["treatment_start_date"])
    statements: dict[str, object] = {"plan_changes": [{"date": EVIL, "difference": [EVIL]}]}
    samples = tables.pop("samples")
    plain = {"patients": people.assign(patient_id=[f"X{i}" for i in range(8)]), "samples": make_tables(8)["samples"]}
    run = run_of(tmp_path, tables | plain, EVIL, statements)
    run.patients, run.samples = people.assign(treatment_end_date=None, last_alive_date=None), samples
    write_report(run, tmp_path / "report")
    pages = [tmp_path / "report" / "index.html", *(tmp_path / "report" / "patients").iterdir()]
    assert len(pages) == 9
    for page in pages:
        outline = Outline(page.read_text(encoding="utf-8"))
        scripts = [attrs for tag, attrs in outline.tags if tag == "script"]
        assert len(scripts) == 2, page
        assert not [attrs for _, attrs in outline.tags if any(key.startswith("on") for key in attrs)]
        assert not [tag for tag, _ in outline.tags if tag in ("img", "u")]
    outline = Outline(pages[0].read_text(encoding="utf-8"))
    assert EVIL in outline.attributes("data-patient")
    data = json.loads(next(t for t in outline.texts["script"] if t.startswith("{")))
    assert set(data["people"]) == set(ids)
    names = page_files(run)
    assert len({name.lower() for name in names.values()}) == 8
    assert all("/" not in name and ".." not in name for name in names.values())


def test_the_program_needs_its_tables_and_says_which(tmp_path: Path) -> None:
    write_run(tmp_path, {k: v for k, v in make_tables(8).items() if k != "sets"})
    command = [python(), str(ROOT / "scripts" / "write_report.py"), "--results", str(tmp_path / "results")]
    command += ["--patients", str(tmp_path / "patients.csv"), "--out-dir", str(tmp_path / "report")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "analysis/sets.tsv" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("declared", "said"), [("mid", "Response: mid-p "), ("exact", "Response: exact tests")])
def test_methods_name_the_p_of_response_that_the_plan_declares(tmp_path: Path, declared: str, said: str) -> None:
    plan = run_of(tmp_path, make_tables(6)).plan | {"discrete_p": declared}
    assert any(line.startswith(said) for line in statistics_methods(plan))


@pytest.mark.parametrize("method", METHODS)
def test_every_adjustment_that_a_plan_may_declare_has_its_words(tmp_path: Path, method: str) -> None:
    methods_words, family_words = ADJUSTMENTS[method]
    run = run_of(tmp_path, make_tables(6))
    declared = [family | {"multiplicity": method} for family in run.plan["families"]]
    plan = run.plan | {"families": declared}
    assert methods_words in statistics_methods(plan)[0]
    tests = pd.DataFrame({"family": "x", "entry": "e", "endpoint": "pfs", "biomarker": ["a", "b"], "effect": "HR"})
    tests = tests.assign(p=[0.01, 0.2], p_adjusted=[0.02, 0.2])
    assert family_words in say.family_sentence(tests, "x", 0.05, method)


@pytest.mark.parametrize(
    ("cut", "said", "remark"),
    [
        ("none", "No cut-point was chosen by the data for inference.", "cuts only where the plan names them"),
        (1.5, "No cut-point was chosen by the data for inference.", "cuts only where the plan names them"),
        ("median", "The cut-point of main is the median of the patients of the question, a number of these data.", "="),
        (
            "maximally_selected",
            "The data chose the cut-point of main (maximally selected log-rank statistic): its p allows for the "
            "choice, and no ratio is given at the cut.",
            "=",
        ),
    ],
)
def test_methods_and_remark_say_which_cuts_the_data_chose(tmp_path: Path, cut: object, said: str, remark: str) -> None:
    run = run_of(tmp_path, make_tables(6))
    family = run.plan["families"][0]
    entry = family["entries"][0] | {"entry": "main", "cut": cut}
    changed = replace(run, plan=run.plan | {"families": [family | {"entries": [entry]}]})
    assert statistics_methods(changed.plan)[-1] == said
    item = dict(remark_items(changed))["Handling of marker values, cut-points"]
    assert item is not None
    assert (said.removesuffix(".") if remark == "=" else remark) in item


def test_tables_of_an_earlier_run_are_not_read(tmp_path: Path) -> None:
    tables = make_tables(6)
    extra = {
        "components": tables["programmes"][["sample_id"]].assign(pc1=0.0, pc2=0.0),
        "adverse_events": pd.DataFrame({"n": [1]}),
    }
    run = run_of(tmp_path, tables | extra)
    assert run.table("calls") is not None
    assert run.table("components") is not None
    assert run.table("adverse_events") is None
    (tmp_path / "samples.tsv").unlink()
    assert all(read_made(tmp_path).table(name) is None for name in ("calls", "components"))


def test_rows_of_a_table_are_escaped_linked_and_sorted_by_their_keys() -> None:
    links = {"P<1>": "patients/x&y.html"}
    cells = [[Cell("P<1>"), Cell("3.0+", 3.0)], [Cell("P<1>", group="A"), Cell("x" * 17)], [Cell("y" * 61), Cell("")]]
    table = Table("t", "T", ["Who", "How"], cells, "", [False, True], ["P<1>", None, "P2"], ["a-1", "a-2", "a-3"])
    assert str(table_rows(table, links)) == (
        '  <tr id="a-1" data-patient="P&lt;1&gt;"><th scope=row class="short">'
        '<a href="patients/x&amp;y.html">P&lt;1&gt;</a></th><td class="number" data-key="3.0">3.0+</td></tr>'
        '  <tr id="a-2"><th scope=row class="short"><span class="tag g-A">P&lt;1&gt;</span></th>'
        f'<td class="number">{"x" * 17}</td></tr>'
        f'  <tr id="a-3" data-patient="P2"><th scope=row class="long">{"y" * 61}</th><td class="number"></td></tr>'
    )
    without = Table("t", "T", ["Who"], [[Cell("x" * 17, "k")]])
    assert str(table_rows(without, {})) == f'  <tr><th scope=row class="middle" data-key="k">{"x" * 17}</th></tr>'
