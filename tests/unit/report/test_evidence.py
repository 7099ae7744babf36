"""Every number of a sentence is that of the row it leads to, whose patients it lights."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, with_choices, write_run

from anpi.report.blocks import Section
from anpi.report.evidence import Cited, Row, cite, joined, patients_behind, spans_of
from anpi.report.figure_files import drawings
from anpi.report.inputs import TABLES
from anpi.report.page import write_report
from anpi.report.sections import DETAILS, FIRST_PAGE, sections_of
from anpi.report.tables import Run
from anpi.trial.times import DAYS_PER_MONTH

NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)(%?)")
BOUNDS = re.compile(r"([\d.]+) \(95% CI ([\d.]+) to ([\d.]+)\)$")
SAID_ELSEWHERE = {"95", "0.05", "5"}  # the level of intervals, of tests, of false discovery


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence")
    write_run(folder, with_choices(make_tables(40)))
    write_report(read_made(folder), folder / "report")
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return read_made(folder)


def sentences(part: object) -> Iterator[str]:
    """Find all sentences of a section, of whatever block."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        yield from sentences(list(part.values()))
    elif isinstance(part, (list, tuple)):
        for one in part:
            yield from sentences(one)
    elif getattr(part, "kind", "") in ("text", "points", "fold") or isinstance(part, Section):
        yield from sentences(vars(part))


def line_of(folder: Path, row: Row) -> dict[str, str]:
    """Read a row as a reader finds it: by file and line."""
    file, line = re.fullmatch(r"(.*), line (\d+)", row.words).groups()  # type: ignore[union-attr]
    lines = (folder / "results" / file).read_text(encoding="utf-8").splitlines()
    ((values),) = csv.DictReader([lines[0], lines[int(line) - 1]], delimiter="\t")
    return values


def is_of(token: str, percent: str, values: dict[str, str]) -> bool:
    """Return whether a printed number is a field of the row, rounded (or a share of it, as a percentage)."""
    digits = len(token.partition(".")[2])
    numbers = [float(v) for v in values.values() if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", v or "")]
    if percent:
        numbers = [100 * v for v in numbers]
    return any(abs(float(token) - v) <= 0.5 * 10**-digits + 1e-9 for v in numbers)


def test_every_cited_number_is_a_field_of_its_row(folder: Path, run: Run):
    cited = [
        (part, row)
        for section in [*sections_of(run, FIRST_PAGE), *sections_of(run, DETAILS)]
        for sentence in sentences(section)
        for part, row in spans_of(sentence)
        if row
    ]
    assert {row.table for _, row in cited} == {"results", "rates", "influence"}
    for part, row in cited:
        values = line_of(folder, row)
        for token, percent in NUMBER.findall(part):
            assert token in SAID_ELSEWHERE or is_of(token, percent, values), (part, values)
        if bounds := BOUNDS.search(part):
            fields = [float(values[name]) for name in ("estimate", "ci_low", "ci_high")]
            assert [float(word) for word in bounds.groups()] == pytest.approx(fields, abs=0.005)


def test_no_number_of_an_answer_stands_without_its_row(run: Run):
    (first, *_) = sections_of(run, FIRST_PAGE)
    for sentence in [first.extra["headline"], *first.extra["efficacy"], *first.extra["secondary"]]:
        for part, row in spans_of(sentence):
            assert row or {token for token, _ in NUMBER.findall(part)} <= SAID_ELSEWHERE, sentence


def test_counts_and_figures_of_the_first_screen_are_those_of_their_tables(run: Run):
    (first, *_) = sections_of(run, FIRST_PAGE)
    left = run.tables["attrition"]["patients"]
    assert {count["count"] for count in first.extra["counts"]} <= {str(n) for n in left}
    answer, strip = (re.findall(r">([^<>]+)</text>", figure.draw().svg) for figure in drawings([first]))
    risk = run.tables["curves"].query("kind == 'risk'")
    levels = list(dict.fromkeys(risk["level"]))
    counts = [re.fullmatch(r"(\d+) \((\d+), (\d+)\)", words) for words in answer]
    expected = risk.set_index("level").loc[levels, ["at_risk", "censored", "events"]].to_numpy(int)
    assert [[int(n) for n in found.groups()] for found in counts if found] == expected.tolist()
    medians = [float(m) for words in answer for m in re.findall(r"median (\d+\.\d)", words)]
    assert medians == run.tables["survival"]["median_months"].round(1).tolist()
    assert "HR 0.42 (95% CI 0.15 to 1.21) SCLC-I against SCLC-A" in answer
    choices = run.tables["sensitivity"]
    ratio = choices[choices["effect"].eq("HR")].iloc[0]
    declared = f"{ratio['estimate']:.2f} ({ratio['ci_low']:.2f} to {ratio['ci_high']:.2f})"
    assert f"{declared}  p = 0.031" in strip
    for p in choices.loc[choices["variant"].ne("as declared"), "p"].dropna():
        assert f"p = {p:.2g}" in strip
    alone = run.tables["influence"].dropna(subset=["patient_id"])
    span = f"{alone['hr_I'].min():.2f} to {alone['hr_I'].max():.2f}  p {alone['p'].min():.3f} to {alone['p'].max():.3f}"
    assert span in strip


def test_each_cited_row_stands_on_the_page_of_details_once(folder: Path):
    details = (folder / "report" / "details.html").read_text(encoding="utf-8")
    identities = re.findall(r' id="([^"]+)"', details)
    assert len(identities) == len(set(identities))
    for page in ("index.html", "details.html"):
        linked = re.findall(r'href="details\.html#([^"]+)"', (folder / "report" / page).read_text(encoding="utf-8"))
        assert any(anchor.startswith("row-results-") for anchor in linked)
        assert set(linked) <= set(identities)


def test_the_patients_of_a_row_are_those_it_counts(run: Run):
    people = run.people[run.people["subtype_evaluable"].eq("yes")]
    both = people.index[people["group"].isin(["A", "I"])].tolist()
    assert patients_behind(run, Row("results", 0)) == both
    assert patients_behind(run, Row("results", 2)) == people.index[people["group"].eq("I")].tolist()
    assert patients_behind(run, Row("influence", 2)) == ["P0005"]
    assert len(patients_behind(run, Row("rates", 0))) == 40


def test_where_the_count_is_another_nobody_is_lit(folder: Path):
    """Who stands behind a number is told right or not at all."""
    run = read_made(folder)
    run.tables["results"] = run.tables["results"].assign(n=7)
    assert patients_behind(run, Row("results", 0)) == []


def test_parts_are_tied_in_the_order_of_the_sentence_and_survive_a_join():
    sentence = cite("p = 0.02; again p = 0.02, not there.", "results", ("p = 0.02", 3), ("p = 0.02", 5), ("absent", 6))
    assert [row.place for _, row in sentence.spans if row] == [3, 5]
    assert joined(["First.", sentence]) == "First. p = 0.02; again p = 0.02, not there."
    assert [row.place for _, row in joined(["First.", sentence]).spans if row] == [3, 5]
    assert cite("2 patients", "sets", ("2 patients", 1)).spans == (("2 patients", None),)
    assert isinstance(sentence, Cited)
    assert TABLES["results"] in Row("results", 3).words


def test_medians_of_all_treated_cite_their_row(tmp_path: Path):
    tables = make_tables(8)
    row = {"entry": "efficacy", "endpoint": "pfs", "biomarker": "arm", "set": "all_treated", "level": "all"}
    numbers = {"median_months": 128 / DAYS_PER_MONTH, "median_months_low": 2.62, "median_months_high": None}
    row |= {"n": 8, "events": int(tables["endpoints"]["pfs_event"].sum())} | numbers
    tables["survival"] = pd.concat([tables["survival"], pd.DataFrame([row])], ignore_index=True)
    write_run(tmp_path, tables)
    run = read_made(tmp_path)
    (first, *_) = sections_of(run, FIRST_PAGE)
    (line,) = [line for line in first.extra["efficacy"] if line.startswith("Progression-free survival, all treated")]
    ((part, place),) = [(part, row) for part, row in spans_of(line) if row]
    assert part.startswith("4.2 months (95% CI 2.6 to not reached)")
    assert place == Row("survival", len(tables["survival"]) - 1)
    assert len(patients_behind(run, place)) == 8
