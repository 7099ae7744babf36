"""The report in Debian's chromium: linked figures, tables, links, quiet console, no network, narrow and wide."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from browser.chromium import Page
from unit.report.made import make_tables, read_made, write_run

from anpi.report.page import write_report
from anpi.report.tables import Run

EVIL = "<script>alert(1)</script>"
LIT = "[...document.querySelectorAll('.lit')].map((e) => e.dataset.patient)"


def made_run(folder: Path) -> Run:
    write_run(folder, make_tables(12))
    return read_made(folder)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    write_report(made_run(folder), folder / "report")
    return folder / "report"


def test_nothing_on_the_console_and_nothing_asked_of_the_network(index: Page, report: Path) -> None:
    assert index.console == []
    assert index.requests == [(report / "index.html").as_uri()]


def test_pointing_at_a_row_lights_the_patient_in_every_figure(index: Page) -> None:
    index.point_at("#table-people tr[data-patient=P0003] td:nth-child(2)")
    lit = index.run(LIT)
    assert set(lit) == {"P0003"}
    assert len(lit) == index.run("document.querySelectorAll('[data-patient=P0003]').length")
    figures = index.run(
        "[...document.querySelectorAll('figure')].filter((f) => f.querySelector('.lit')).map((f) => f.id)"
    )
    assert set(figures) >= {"figure-map", "figure-waterfall", "figure-swimmer"}
    assert "P0003" in index.run("document.getElementById('lit').textContent")
    index.point_at("h1")
    assert set(index.run(LIT)) == {"P0003"}  # stays while the reader goes to another figure
    index.point_at("#table-people tr[data-patient=P0004] td:nth-child(2)")
    assert set(index.run(LIT)) == {"P0004"}
    index.click("h1")
    assert index.run(LIT) == []
    assert index.run("document.getElementById('lit').hidden")


def test_pointing_at_a_mark_lights_its_rows_and_a_click_opens_the_page(index: Page) -> None:
    mark = "#figure-waterfall svg [data-patient=P0005]"
    index.point_at(mark)
    assert index.run("document.querySelector('#table-people tr.lit th').textContent") == "P0005"
    index.click(mark)
    index.wait_for("location.pathname.endsWith('/patients/P0005.html') && document.readyState === 'complete'")
    assert index.run("document.querySelector('h1').textContent") == "Patient P0005"
    assert "Not a diagnostic result" in index.run("document.body.textContent")
    assert index.console == []
    index.click("header a")
    index.wait_for("location.pathname.endsWith('/index.html') && document.readyState === 'complete'")


def test_a_figure_is_one_stop_of_the_keyboard_and_arrows_go_through_its_patients(index: Page) -> None:
    index.run("document.querySelector('#figure-waterfall svg').focus()")
    index.press("ArrowRight")
    first = index.run("[...new Set(" + LIT + ")]")
    index.press("ArrowRight")
    second = index.run("[...new Set(" + LIT + ")]")
    assert len(first) == len(second) == 1
    assert first != second
    index.press("ArrowLeft")
    assert index.run("[...new Set(" + LIT + ")]") == first
    index.press("Enter")
    index.wait_for(f"location.pathname.endsWith('/patients/{first[0]}.html') && document.readyState === 'complete'")


def test_focus_on_a_link_lights_and_escape_puts_out(index: Page) -> None:
    index.run("document.querySelector('#table-people tr[data-patient=P0002] a').focus()")
    assert set(index.run(LIT)) == {"P0002"}
    index.press("Escape")
    assert index.run(LIT) == []


def column(page: Page, number: int) -> list[str]:
    rows = "[...document.querySelectorAll('#table-people tbody tr:not([hidden])')]"
    return page.run(f"{rows}.map((r) => r.cells[{number}].textContent)")


def test_tables_sort_by_value_with_the_missing_last(index: Page) -> None:
    index.click("#table-people th:nth-child(6) button")
    up = [float(v.rstrip("+")) for v in column(index, 5)]
    assert up == sorted(up)
    assert len(up) == 12
    index.click("#table-people th:nth-child(6) button")
    assert [float(v.rstrip("+")) for v in column(index, 5)] == up[::-1]
    assert index.run("document.querySelector('#table-people th:nth-child(6)').ariaSort") == "descending"
    for _ in range(2):
        index.click("#table-people th:nth-child(8) button")
        assert column(index, 7)[-1] == "–"


def test_tables_filter(index: Page) -> None:
    index.run(
        "(() => {const i = document.querySelector('[data-filter=people]'); i.value = 'P0004 chemo'; "
        "i.dispatchEvent(new Event('input'));})()"
    )
    assert column(index, 0) == ["P0004"]


def test_first_screen_holds_question_numbers_and_answer(index: Page) -> None:
    for part in (".question", ".counts", ".headline"):
        assert index.run(f"document.querySelector('{part}').getBoundingClientRect().bottom") < 900
    assert index.run("document.querySelector('.counts li').innerText").split() == ["12", "enrolled"]


@pytest.mark.parametrize("name", ["index.html", "patients/P0001.html", "patients/P0012.html"])
def test_no_sideways_scroll_on_a_phone(page: Page, report: Path, name: str) -> None:
    page.resize(390, 844, touch=True)
    page.open(report / name)
    page.run("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    assert page.run("document.documentElement.scrollWidth") == 390


def test_a_touch_lights_and_the_link_that_appears_opens(page: Page, report: Path) -> None:
    page.resize(390, 844, touch=True)
    page.open(report / "index.html")
    page.tap("#figure-waterfall svg [data-patient=P0001]")
    page.wait_for("!document.getElementById('lit').hidden")
    assert page.run("location.pathname").endswith("index.html")
    assert page.run("document.querySelector('#lit a').getAttribute('href')") == "patients/P0001.html"


def test_each_table_is_named_and_each_control_can_be_reached(index: Page) -> None:
    assert index.run("[...document.querySelectorAll('table')].every((t) => t.caption.textContent.trim())")
    assert index.run("[...document.querySelectorAll('input')].every((i) => i.labels.length === 1)")
    assert index.run("document.querySelectorAll('main, nav, header').length") == 3
    index.run("document.activeElement.blur()")
    index.press("Tab")
    assert index.run("document.activeElement.className") == "skip"


def test_a_patient_named_as_a_script_does_nothing(page: Page, tmp_path: Path) -> None:
    ids = [
        EVIL,
        "' onclick=alert(2) x='",
        '"><img src=x onerror=alert(3)>',
        "</script><script>alert(4)</script>",
        "P5",
        "P6",
    ]
    tables = make_tables(6, ids)
    people = tables["patients"].assign(treatment_end_date=None, last_alive_date=None)
    people["treatment_start_date"] = pd.to_datetime(people["treatment_start_date"])
    run = made_run(tmp_path)
    run.patients, run.title = people, EVIL
    run.samples = tables["samples"]
    run.tables = {name: frame for name, frame in tables.items() if name not in ("patients", "samples")}
    write_report(run, tmp_path / "report")
    page.console.clear()
    page.requests.clear()
    for path in [tmp_path / "report" / "index.html", *sorted((tmp_path / "report" / "patients").iterdir())]:
        page.open(path)
        assert page.run("document.scripts.length") == 2
        page.run(
            "document.querySelectorAll('[data-patient]').forEach((e) => "
            "e.dispatchEvent(new MouseEvent('pointerover', {bubbles: true})))"
        )
    page.open(tmp_path / "report" / "index.html")
    row = f"#table-people tbody tr:nth-child({sorted(ids).index(EVIL) + 1})"
    page.point_at(f"{row} td:nth-child(2)")
    assert EVIL in page.run(LIT)
    page.click(f"{row} a")
    page.wait_for("location.pathname.includes('/patients/') && document.readyState === 'complete'")
    assert page.run("document.querySelector('h1').textContent") == f"Patient {EVIL}"
    assert page.console == []
    assert all(url.startswith("file:") for url in page.requests)
