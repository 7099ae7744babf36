"""Deciding with the report in Debian's chromium: map, chips, what-if, genes, filters, dark, print, without script."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser.chromium import Page
from unit.report.made import make_tables, read_made, with_choices, write_run

from anpi.files.numbers import write_numbers
from anpi.files.writing import write_table
from anpi.report.page import write_report

CHOSEN = "[...new Set([...document.querySelectorAll('.chosen')].map((e) => e.dataset.patient))].sort()"
TPM = {"DLL3": 7.0, "ASCL1": 1023.0, "AARS1": 3.0}


def write_genes(folder: Path, samples: list[str]) -> None:
    """Write three genes; the first sample has 0 of each, and of the second DLL3 is not known."""
    values = pd.DataFrame({sample: list(TPM.values()) for sample in samples})
    values[samples[0]] = 0.0
    values.loc[0, samples[1]] = np.nan
    values.insert(0, "gene_id", [f"ENSG0000000000{i}" for i in range(3)])
    write_numbers(folder / "results" / "cohort" / "tpm.parquet", values.set_index("gene_id"))
    genes = pd.DataFrame(
        {"gene_id": values["gene_id"], "symbol": list(TPM), "biotype": "protein_coding", "length": 1000}
    )
    write_table(folder / "results" / "cohort" / "genes.tsv", genes)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deciding")
    tables = with_choices(make_tables(12))
    write_run(folder, tables)
    write_genes(folder, list(tables["samples"]["sample_id"]))
    write_report(read_made(folder), folder / "report")
    return folder / "report"


def change(page: Page, selector: str, value: str, event: str = "change") -> None:
    page.run(
        f"(() => {{const e = document.querySelector({json.dumps(selector)}); e.value = {json.dumps(value)}; "
        f"e.dispatchEvent(new Event('{event}'));}})()"
    )


def test_a_click_on_the_map_selects_and_dims_the_others_everywhere_without_any_p_value(index: Page) -> None:
    index.click("#map [data-patient=P0003] .hit")
    index.click("#map [data-patient=P0005] .hit")
    assert index.run(CHOSEN) == ["P0003", "P0005"]
    opacity = "getComputedStyle(document.querySelector('#figure-waterfall [data-patient={}]')).opacity"
    assert float(index.run(opacity.format("P0003"))) == 1
    assert float(index.run(opacity.format("P0004"))) < 0.5
    words = index.run("document.getElementById('chosen').textContent")
    assert words.startswith("2 of 12 patients selected.")
    assert "never gets a p-value" in words
    assert "p =" not in words
    assert "2 of the 12 patients here are selected" in index.run(
        "document.querySelector('#figure-waterfall').textContent"
    )
    index.click("#map [data-patient=P0003] .hit")
    assert index.run(CHOSEN) == ["P0005"]
    index.click("#clear")
    assert index.run(CHOSEN) == []
    assert index.run("document.getElementById('chosen').hidden")
    assert index.console == []


def test_the_map_is_walked_and_selected_on_by_keyboard(index: Page) -> None:
    index.run("document.getElementById('map').focus()")
    index.press("ArrowRight")
    index.press("ArrowRight")
    index.run("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: ' ', bubbles: true}))")
    assert index.run(CHOSEN) == ["P0002"]


def test_chips_of_one_group_add_up_and_of_two_groups_meet(index: Page) -> None:
    chip = "[data-value='{}']"
    index.click(chip.format("SCLC-A"))
    first = index.run(CHOSEN)
    assert first == ["P0001", "P0005", "P0009"]
    index.click(chip.format("SCLC-I"))
    assert index.run(CHOSEN) == ["P0001", "P0004", "P0005", "P0008", "P0009"]
    index.click(chip.format("responder"))  # every third patient, from the first
    assert index.run(CHOSEN) == ["P0001", "P0004"]
    assert index.run("document.querySelector(\"[data-value='SCLC-A']\").getAttribute('aria-pressed')") == "true"


def test_the_map_is_ordered_by_a_track_with_the_unknown_last(index: Page) -> None:
    places = "[...document.querySelectorAll('#map [data-place]')].map((g) => g.dataset.patient)"
    before = index.run(places)
    change(index, "#map-order", "Subtype")
    after = index.run(places)
    assert sorted(after) == sorted(before)
    assert after[:3] == ["P0001", "P0005", "P0009"]
    assert after[-1] == "P0012"  # without a sample
    change(index, "#map-order", "")
    assert index.run(places) == before


def test_what_if_shows_an_answer_that_was_computed_and_says_that_it_is_no_test(index: Page) -> None:
    options = index.run("[...document.querySelectorAll('#what-if-choice option')].map((o) => o.textContent)")
    assert options == [
        "the declared analysis",
        "arms pooled",
        "PFS (EMA censoring)",
        "confident calls only",
        "without P0001",
        "without P0005",
    ]
    change(index, "#what-if-choice", str(options.index("without P0005") - 1))
    words = index.run("document.getElementById('what-if-answer').textContent")
    assert "no new test" in words
    assert "Hazard ratio 0.60 for SCLC-I; p = 0.081: the conclusion would change." in words
    change(index, "#what-if-choice", str(options.index("confident calls only") - 1))
    assert "Cannot be tested: 9 patients: not tested" in index.run(
        "document.getElementById('what-if-answer').textContent"
    )
    change(index, "#what-if-choice", "")
    assert index.run("document.getElementById('what-if-answer').hidden")


def test_the_strip_counts_where_the_answer_holds_turns_or_cannot_be_told(index: Page) -> None:
    caption = index.run("document.querySelector('#figure-robustness figcaption').textContent")
    assert "The answer holds under 1 of 3 other choices; the other side of 0.05 under PFS (EMA censoring)" in caption
    assert "not testable under 1." in caption
    assert "cannot be tested" in index.run("document.querySelector('#figure-robustness svg').textContent")


def ask(page: Page, gene: str) -> str:
    change(page, "#gene", gene, "input")
    page.run("document.getElementById('ask').requestSubmit()")
    page.wait_for("!document.getElementById('gene-words').textContent.startsWith('Reading')")
    return page.run("document.getElementById('gene-words').textContent")


def test_a_gene_is_read_from_its_file_when_asked_and_drawn_with_its_unit(index: Page, report: Path) -> None:
    assert not any(url.endswith("genes.js") for url in index.requests)
    assert ask(index, "ascl1").startswith("ASCL1, ENSG00000000001: a mark per sample, log2(TPM + 1)")
    assert index.requests[-1] == (report / "genes.js").as_uri()
    titles = index.run("[...document.querySelectorAll('#gene-plot title')].map((t) => t.textContent)")
    assert sorted(titles)[:2] == ["P0001-B: about 0.0 TPM", "P0002-B: about 1023 TPM"]
    assert "Not known in 1 of 11 samples" in ask(index, "ENSG00000000000")
    assert ask(index, "AARS").startswith("AARS1 (AARS is another name of it)")
    assert "No gene of this run is called AAR" in ask(index, "AAR")
    assert index.run("document.querySelector('#gene-words button').textContent") == "AARS1"
    ask(index, "DLL3")
    change(index, "#gene-by", "response")
    index.wait_for("document.querySelector('#gene-plot svg').getAttribute('aria-label') === 'DLL3 by response'")
    index.click("[data-value='SCLC-A']")
    assert index.run("document.querySelectorAll('#gene-plot .chosen').length") == 3
    assert index.console == []
    assert all(url.startswith("file:") for url in index.requests)


def test_a_file_of_genes_of_another_report_is_refused(page: Page, report: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes((report / "index.html").read_bytes())
    (tmp_path / "genes.js").write_text('anpiGenes("AAAA");', encoding="ascii")
    page.open(tmp_path / "index.html")
    assert "genes.js is not the file of this report" in ask(page, "DLL3")
    (tmp_path / "genes.js").unlink()
    page.open(tmp_path / "index.html")
    assert "genes.js cannot be read" in ask(page, "DLL3")


def test_a_number_lights_the_patients_of_its_row_and_leads_to_it(index: Page) -> None:
    number = ".headline a.cite[data-evidence=row-results-0]"
    index.point_at(number)
    lit = "[...new Set([...document.querySelectorAll('.lit')].map((e) => e.dataset.patient))].sort()"
    compared = ["P0001", "P0004", "P0005", "P0008", "P0009"]  # A and I; P0012 and P0011 have no call
    assert index.run(lit) == compared
    assert index.run("document.getElementById('lit').textContent").startswith("5 patients behind p = 0.31")
    assert "association/results.tsv, line 2" in index.run("document.getElementById('lit').textContent")
    index.press("Escape")
    assert index.run(lit) == []
    index.run(f"document.querySelector('{number}').focus()")
    assert index.run(lit) == compared
    index.click(number)
    index.wait_for("location.hash === '#row-results-0' && document.readyState === 'complete'")
    assert index.run("document.querySelector('tr:target').cells[5].textContent") == "chi-square"
    index.run("location.hash = '#row-influence-2'")
    index.wait_for("document.querySelector('tr:target').closest('details').open")
    assert index.run("document.querySelector('tr:target th').textContent") == "P0005"
    assert index.console == []


def test_a_filter_in_one_column_finds_the_cell_and_in_all_the_row(index: Page) -> None:
    shown = "[...document.querySelectorAll('#table-people tbody tr:not([hidden]) th')].map((c) => c.textContent)"
    change(index, "[data-filter=people]", "SCLC-I", "input")
    assert index.run(shown) == ["P0004", "P0008"]
    change(index, "[data-filter=people]", "I", "input")
    assert len(index.run(shown)) > 2
    change(index, "[data-column=people]", "2")
    assert index.run(shown) == ["P0004", "P0008"]


def test_the_first_page_is_at_most_twelve_screens_and_six_thousand_words(index: Page) -> None:
    assert index.run("document.documentElement.scrollHeight") <= 12 * 900
    assert index.run("document.querySelector('main').textContent.split(/\\s+/).length") <= 6000
    for part in (".question", ".headline", "#figure-answer svg", "#figure-robustness svg", ".limits ol"):
        assert index.run(f"document.querySelector('{part}').getBoundingClientRect().bottom") < 900, part


def test_dark_is_honoured_and_figures_keep_a_light_ground(index: Page) -> None:
    ground = "getComputedStyle(document.{}).backgroundColor"
    for scheme, light in (("dark", False), ("light", True)):
        index.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        colour = [int(part) for part in index.run(ground.format("body"))[4:-1].split(",")[:3]]
        assert (sum(colour) > 384) == light
        assert index.run(ground.format("querySelector('.drawing > .scroll')")) == "rgb(255, 255, 255)"


def test_print_opens_the_folds_and_keeps_the_figures(index: Page) -> None:
    index.run("dispatchEvent(new Event('beforeprint'))")
    assert index.run("[...document.querySelectorAll('details')].every((fold) => fold.open)")
    index.run("dispatchEvent(new Event('afterprint'))")
    assert not index.run("[...document.querySelectorAll('details')].some((fold) => fold.open)")
    index.send("Emulation.setEmulatedMedia", media="print")
    assert index.run(
        "[...document.querySelectorAll('figure svg')].every((svg) => svg.getBoundingClientRect().height > 50)"
    )
    assert index.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    index.send("Emulation.setEmulatedMedia", media="")


def test_without_script_all_is_there_but_what_needs_it(page: Page, report: Path) -> None:
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.open(report / "index.html")
    visible = "[...document.querySelectorAll('{}')].filter((e) => e.getBoundingClientRect().height > 0).length"
    assert page.run(visible.format(".needs-script")) == 0
    assert page.run(visible.format("figure svg")) >= 5
    assert page.run("document.querySelector('.headline').textContent").startswith("We cannot tell")
    page.send("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("name", ["index.html", "details.html", "patients/P0001.html"])
def test_print_shows_tables_whole(page: Page, report: Path, name: str) -> None:
    page.resize(718, 1000)  # A4 within its margins
    page.send("Emulation.setEmulatedMedia", media="print")
    page.open(report / name)
    page.run("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    boxes = "[...document.querySelectorAll('.scroll')].filter((box) => box.querySelector('table'))"
    cut = "box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1"
    assert page.run(f"{boxes}.filter((box) => {cut}).map((box) => box.querySelector('table').id)") == []
    page.send("Emulation.setEmulatedMedia", media="")


def test_print_repeats_the_names_of_columns_and_hides_what_only_a_screen_can_follow(index: Page) -> None:
    index.send("Emulation.setEmulatedMedia", media="print")
    # A button in the head of a table has its words on the first page of the table alone.
    boxes = "new Set([...document.querySelectorAll('thead th button')].map((e) => getComputedStyle(e).display))"
    assert index.run(f"[...{boxes}]") == ["contents"]
    seen = "[...document.querySelectorAll('main a')].filter((e) => e.getBoundingClientRect().height > 0)"
    left = index.run(f"{seen}.filter((e) => (e.getAttribute('href') || '').startsWith('details.html')).length")
    cited = "[...document.querySelectorAll('a.cite')].filter((e) => e.getAttribute('href').startsWith('details.html'))"
    assert left == index.run(f"{cited}.filter((e) => e.getBoundingClientRect().height > 0).length")
    # Captions are no larger than the text.
    size = "parseFloat(getComputedStyle(document.querySelector('{}')).fontSize)"
    assert index.run(size.format("figcaption")) <= index.run(size.format("body"))
    index.send("Emulation.setEmulatedMedia", media="")


def test_where_others_stand_is_read_from_the_file_beside_the_pages(page: Page, report: Path) -> None:
    page.open(report / "patients" / "P0001.html")
    for part in ("before", "after"):
        drawn = page.run(f"getComputedStyle(document.querySelector('.striped'), '::{part}').maskImage")
        assert drawn.startswith('url("data:image/svg+xml'), drawn
    assert "responders" in page.run("getComputedStyle(document.querySelector('.strips-scores'), '::after').content")
    assert page.console == []
