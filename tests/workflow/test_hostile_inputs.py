# ruff: noqa: E501, SIM905
"""Names, texts and files that would harm: refused or handled, never executed, never outside the results folder."""

from __future__ import annotations

import ast
import gzip
import http.server
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml
from unit.report.made import make_tables, read_made, write_run
from unit.report.test_page import Outline
from warm import python

from anpi.problems import InputError, visible
from anpi.quantification import download
from anpi.report.page import write_report
from anpi.tables.reading import read_table, read_text_table
from anpi.tables.schema import load_yaml
from workflow.test_wrong_inputs import (
    ASSESSMENTS,
    CONFIG,
    EVENTS,
    PATIENTS,
    ROOT,
    SAMPLES,
    UNITS,
    problems_of,
    write_matrix,
)

# A name that a shell would take for commands: each would leave a file behind.
COMMANDS = "a b;touch canary1 $(touch canary2) `touch canary3` '\"& é"
MARKUP = "\"><script>alert(1)</script><img src=x onerror=alert(2)>' onclick='alert(3) </style></title>]]>&amp;{{7*7}}"
FORMULA = '=HYPERLINK("http://example.org","x")'

# What is wrong, the key of the config, its value, and the words expected.
PATHS = [
    ("results at the root of the disk", "results", "/", "a folder of its own"),
    ("results in no folder", "results", "", "a folder of its own"),
    ("results above the run", "results", "../..", "not one above it"),
    ("results where a file is", "results", CONFIG, "a folder, not a file"),
    ("results among the clinical tables", "results", "config/clinical", "a folder of its own, not that of clinical."),
    ("results with braces", "results", "res{sample}", "a path without braces"),
    ("results with a line break", "results", "res\nults", "a path without line breaks"),
    ("results that begin with a dash", "results", "--forceall", "does not begin with a dash"),
    (
        "a path with a mark that turns the writing",
        "clinical.patients",
        "config/clinical/\u202epatients.csv",
        "characters that cannot be seen",
    ),
    ("a table that begins with a dash", "clinical.lesions", "-lesions.csv", "does not begin with a dash"),
    ("a matrix with braces", "expression", {"matrix": "{x}.tsv", "unit": "tpm"}, "a path without braces"),
]


@pytest.mark.parametrize(("wrong", "key", "value", "words"), PATHS, ids=[row[0] for row in PATHS])
def test_paths_that_would_be_read_as_something_else(trial, tells, wrong, key, value, words):
    if key == "expression":
        trial.setting("units", None)
    trial.setting(key, value)
    (line,) = problems_of(trial)
    assert line.startswith(f"{CONFIG}, {key}")
    assert words in line
    assert line.isprintable()
    tells(wrong, [line])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("-reads.fastq.gz", "begin with a dash"),
        ("reads/{x}.fastq.gz", "without braces"),
        ("reads/a\u200b.fastq", "a character that cannot be seen (U+200B)"),
    ],
)
def test_reads_by_names_that_would_be_read_as_something_else(trial, tells, value, words):
    trial.cell(UNITS, 2, "fastq_1", value)
    (line,) = problems_of(trial)
    assert line.startswith(f"{UNITS}, row 2, column fastq_1: ")
    assert words in line
    tells(f"file of reads {visible(value)}", [line])


@pytest.mark.parametrize("file", [PATIENTS, SAMPLES, ASSESSMENTS, EVENTS])
@pytest.mark.parametrize("letter", ["\u0420", "\uff30"], ids=["Cyrillic", "full width"])
def test_an_id_that_looks_like_another_is_refused_and_its_letter_shown(trial, tells, file, letter):
    trial.cell(file, 3, "patient_id", f"{letter}003")
    line = problems_of(trial)[0]
    assert line.startswith(f"{file}, row ")
    assert "column patient_id" in line
    assert f"'\\u{ord(letter):04x}003'" in line
    tells(
        f"patient_id with a letter of another script ({file.rsplit('/', 1)[1]})", [line]
    ) if letter == "\u0420" else None


@pytest.mark.parametrize(
    ("file", "column", "id_"), [(PATIENTS, "patient_id", "p002"), (SAMPLES, "sample_id", "p001-b")]
)
def test_an_id_in_another_case_is_refused(trial, tells, file, column, id_):
    row = 5
    trial.cell(file, row, column, id_)
    line = next(line for line in problems_of(trial) if "upper and lower case" in line)
    assert line.startswith(f"{file}, row {row}, column {column}: found '{id_}', expected an id unlike that of row ")
    tells(f"{column} that differs from another in case alone", [line])


@pytest.mark.parametrize("name", ["John Smith", "jane@example.org", "11010519491231002X"])
def test_a_matrix_whose_samples_are_persons_is_refused(trial, tells, name):
    write_matrix(trial, lambda values: values.rename(columns={"P003-B": name}))
    (line,) = problems_of(trial)
    assert line.startswith("config/matrix.tsv, row 1: 1 of 22 sample names look like direct identifiers")
    assert name not in line
    tells("matrix with a sample named as a person", [line])
    trial.setting("allow_columns", ["expression.samples"])
    assert "sample P003-B" in problems_of(trial)[0]


def test_a_column_whose_name_looks_like_another_is_shown(trial, tells):
    trial.edit(PATIENTS, lambda text: text.replace("patient_id", "p\u0430tient_id", 1))
    lines = problems_of(trial)
    assert "Is it the column p\\u0430tient_id?" in lines[0]
    tells("column with a letter of another script", lines[:1])


def test_a_message_cannot_forge_lines_or_steer_a_terminal(trial):
    trial.edit(
        PATIENTS,
        lambda text: text.replace("death_date", '"death\nconfig.yaml: all is well\x1b[2J_date"', 1).replace(
            "brain_mets", "Brain_mets", 1
        ),
    )
    for line in problems_of(trial):
        assert line.isprintable()


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)
YAML = [
    ("YAML that calls a program", "x: !!python/object/apply:os.system ['touch canary']\n", "not valid YAML: could not determine a constructor"),
    ("YAML with references that grow without bound", BOMB, "references that make it too large"),
    ("YAML that holds itself", "a: &a [*a]\n", "references that make it too large"),
    ("YAML of blocks within blocks", "[" * 2000, "blocks within blocks without end"),
    ("YAML with a list as a key", "? [a, b]\n: 1\n", "not valid YAML: found unhashable key"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "text", "words"), YAML, ids=[row[0] for row in YAML])
def test_yaml_is_data(tmp_path, monkeypatch, tells, wrong, text, words):
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        load_yaml("rules.yaml")
    assert words in str(caught.value)
    assert os.listdir() == ["rules.yaml"]
    tells(wrong, map(str, caught.value.problems))


def test_yaml_anchors_that_a_person_would_write_are_read(tmp_path):
    (tmp_path / "rules.yaml").write_text("a: &x {warn: 1, fail: 2}\nb: *x\nc: {<<: *x, fail: 3}\n")
    assert load_yaml(tmp_path / "rules.yaml")["c"] == {"warn": 1, "fail": 3}


def test_a_gzip_file_that_unpacks_without_bound_is_refused(tmp_path, monkeypatch):
    (tmp_path / "patients.csv.gz").write_bytes(gzip.compress(bytes(50_000_000), compresslevel=1))
    monkeypatch.setattr("anpi.files.text.MOST_BYTES", 10_000_000)
    with pytest.raises(InputError, match="unpacks to more than"):
        read_text_table(tmp_path / "patients.csv.gz")


def test_a_cell_without_end_is_told(tmp_path, monkeypatch, tells):
    monkeypatch.chdir(tmp_path)
    Path("patients.csv").write_text('patient_id,arm\nP1,"' + "A" * 140_000)
    with pytest.raises(InputError) as caught:
        read_table("patients.csv", "patients")
    assert "Is a quotation mark never closed?" in str(caught.value)
    tells("quotation mark that is never closed", map(str, caught.value.problems))


class Answer(http.server.BaseHTTPRequestHandler):
    """Leads elsewhere, states a size or sends without end, by the path that is asked for."""

    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
            return
        self.send_response(200)
        if self.path == "/stated":
            self.send_header("Content-Length", str(10**12))
        self.end_headers()
        with suppress(OSError):  # whoever asked has left
            for _ in range(100):
                self.wfile.write(bytes(1 << 20))

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("elsewhere", "leads to a URL of another kind"),
        ("stated", "the file is too large"),
        ("endless", "the file is too large"),
    ],
)
def test_downloads_keep_to_http_and_to_a_size(tmp_path, monkeypatch, tells, path, words):
    monkeypatch.setattr(download, "LARGEST_DOWNLOAD", 5_000_000)
    with serve() as url, pytest.raises(InputError, match=words) as caught:
        download.fetch_file(f"{url}/{path}", "0" * 64, tmp_path / "got", say=lambda _: None)
    assert list(tmp_path.iterdir()) == []
    told = str(caught.value.problems[0]).replace(url, "https://example.org").replace("0.005 GB", "30 GB")
    tells(f"download: {path}", [told])


def test_a_password_in_a_url_is_refused_and_not_shown(trial, tells):
    trial.setting("reference.transcripts", "https://user:hunter2@example.org/t.fa.gz")
    trial.setting("reference.sha256", {"transcripts": "0" * 64})
    (line,) = problems_of(trial)
    assert "a user name or password in a URL" in line
    assert "hunter2" not in line
    tells("password in a URL", [line])


FREE = "message reason_out term soc pfs_reason os_reason reasons reason warning who_left site batch method".split()


@pytest.fixture(scope="module")
def hostile_report(tmp_path_factory) -> Path:
    """Write a report with markup and formulas in the title, the arms and every column of free text."""
    folder = tmp_path_factory.mktemp("hostile")
    tables = make_tables(8, None, (FORMULA, f"arm {MARKUP}"))
    changed = [(frame, column) for frame in tables.values() for column in frame.columns if column in FREE]
    assert len(changed) >= 5
    for frame, column in changed:
        frame[column] = frame[column].where(frame[column].isna(), f"{MARKUP} {FORMULA}")
    write_run(folder, tables)
    write_report(read_made(folder, f"Title {MARKUP}"), folder / "report")
    return folder / "report"


def test_texts_of_users_are_texts_in_the_report(hostile_report):
    for page in hostile_report.rglob("*.html"):
        outline = Outline(page.read_text(encoding="utf-8"))
        assert len([tag for tag, _ in outline.tags if tag == "script"]) == 2, page
        assert not [key for _, attrs in outline.tags for key in attrs if key.startswith("on")]
        assert not [tag for tag, attrs in outline.tags if tag == "img" and attrs.get("src") == "x"]
    index = Outline((hostile_report / "index.html").read_text(encoding="utf-8"))
    assert MARKUP in "".join("".join(texts) for texts in index.texts.values())
    for file in hostile_report.rglob("*.svg"):
        assert "<script" not in file.read_text(encoding="utf-8")


def test_no_cell_made_for_a_spreadsheet_is_a_formula_and_numbers_stay_numbers(hostile_report):
    book = openpyxl.load_workbook(hostile_report / "tables.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(cell.value == f"'{FORMULA}" for cell in cells)
    assert any(isinstance(cell.value, float) and cell.value < 0 for cell in cells)
    texts = [
        pd.read_csv(file, dtype=str, keep_default_na=False).to_numpy().ravel() for file in hostile_report.rglob("*.csv")
    ]
    values = [value for column in texts for value in column]
    assert f"'{FORMULA}" in values, "no figure draws the arms"
    numbers = [float(value) for value in values if value[:1] in ("=", "+", "-", "@")]  # a text here ends the test
    assert min(numbers) < 0


def test_no_program_gives_texts_to_a_shell_or_loads_code():
    forbidden = {
        "system",
        "popen",
        "eval",
        "exec",
        "loads_pickle",
        "extractall",
        "unpack_archive",
        "read_pickle",
        "unsafe_load",
        "full_load",
    }
    for file in [*(ROOT / "scripts").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                if names == ["Pickler", "pickle"]:  # what is written to be digested is never loaded
                    continue
                assert not {"pickle", "marshal", "shelve", "dill", "joblib"} & {name.split(".")[0] for name in names}, (
                    file
                )
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                assert name not in forbidden, f"{file}: {name}"
                assert not any(
                    word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
                    for word in node.keywords
                ), file
                assert not any(
                    word.arg == "allow_pickle"
                    and not (isinstance(word.value, ast.Constant) and word.value.value is False)
                    for word in node.keywords
                ), file


def run_workflow(folder: Path, *targets: str) -> subprocess.CompletedProcess:
    bin_folder = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    command = [str(bin_folder / "snakemake"), "--cores", "1", "--snakefile", str(ROOT / "workflow" / "Snakefile")]
    command += ["--configfile", CONFIG, "--", *targets]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


@pytest.mark.workflow
def test_names_that_hold_commands_are_names(trial):
    """One sample from reads and the endpoints, everything named by what a shell would execute; readable by the group."""
    folder = trial.path(COMMANDS)
    folder.mkdir()
    shutil.copytree(trial.path("config/clinical"), folder / "clinical")
    shutil.copytree(trial.path("reference"), folder / "reference", copy_function=os.link)
    units = pd.read_csv(trial.path(UNITS), sep="\t", dtype=str).query("sample_id == 'P007-B'")
    for column in ("fastq_1", "fastq_2"):
        for index, path in units[column].dropna().items():
            new = f"{COMMANDS}/{COMMANDS}{Path(path).name}"
            os.link(trial.path(path), trial.path(new))
            units.loc[index, column] = new
    units.to_csv(trial.path(UNITS), sep="\t", index=False)
    trial.edit(
        SAMPLES,
        lambda text: "".join(line for line in text.splitlines(True) if line.startswith(("sample_id", "P007-B"))),
    )
    config = trial.config()
    config["clinical"] = {table: f"{COMMANDS}/clinical/{table}.csv" for table in config["clinical"]}
    config["reference"] = {
        key: f"{COMMANDS}/{path}" for key, path in config["reference"].items() if isinstance(path, str)
    }
    results = f"results {COMMANDS}"
    config |= {"results": results, "title": f"{COMMANDS}\n{MARKUP}", "private": True}
    trial.path(CONFIG).write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    before = set(trial.folder.parent.rglob("*"))
    done = run_workflow(trial.folder, f"{results}/samples/P007-B/genes.parquet", f"{results}/clinical/endpoints.tsv")
    assert done.returncode == 0, done.stdout + done.stderr
    made = set(trial.folder.parent.rglob("*")) - before
    outside = [
        path
        for path in made
        if not path.is_relative_to(trial.path(results)) and not path.is_relative_to(trial.path(".snakemake"))
    ]
    assert outside == []
    assert not [path for path in made if path.name.startswith("canary")]
    assert len(pd.read_parquet(trial.path(results) / "samples/P007-B/genes.parquet")) > 100
    open_to_all = [
        path
        for path in (trial.path(results), *trial.path(results).rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & 0o027
    ]
    assert open_to_all == []
    assert not stat.S_IMODE(trial.path(".snakemake").stat().st_mode) & 0o027


IDENTIFIERS = {
    PATIENTS: ("patient_name", "Zyxwv Qwertsson"),
    ASSESSMENTS: ("remark", "call 212-555-0187 at home"),
    "config/clinical/lesions.csv": ("reader", "zyxwv.reader@example.org"),
    "config/clinical/therapies.csv": ("home_address", "77 Zyxwvian Road"),
    EVENTS: ("narrative", "MRN: 99887766 seen"),
    SAMPLES: ("出生日期", "1951-02-03"),
    UNITS: ("note", "11010519491231002X"),
}
TOKENS = ("Zyxwv", "zyxwv", "0187", "99887766", "1951-02-03", "11010519491231002X")


@pytest.mark.workflow
def test_identifiers_in_every_table_are_named_by_column_and_reach_nothing(trial, tells):
    for file, (column, value) in IDENTIFIERS.items():
        trial.cell(file, 3, column, value)
    trial.cell(PATIENTS, 2, "sex", "x")
    lines = problems_of(trial)
    for file, (column, _) in IDENTIFIERS.items():
        (line,) = (line for line in lines if line.startswith(f"{file}, row 1, column {column}: looks like a direct"))
        tells(f"direct identifiers in {column}", [line])
    inputs = set(trial.folder.rglob("*"))
    done = run_workflow(trial.folder, "-n")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert said.count("looks like a direct identifier") == len(IDENTIFIERS)
    words = ["--patients", PATIENTS, "--out-dir", "own"]
    events = ["--patients", PATIENTS, "--adverse-events", EVENTS, "--out", "own/events.tsv"]
    for name, arguments in (
        ("derive_endpoints", [*words, "--assessments", ASSESSMENTS]),
        ("tabulate_adverse_events", events),
    ):
        program = [python(), str(ROOT / "scripts" / f"{name}.py"), *arguments]
        done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=trial.folder)
        assert done.returncode == 2, done.stderr
        said += done.stdout + done.stderr
    made = [path for path in trial.folder.rglob("*") if path.is_file() and path not in inputs]
    assert not [path for path in made if path.suffix == ".tsv"]
    for token in TOKENS:
        assert token not in said
        assert not [path for path in made if token.encode() in path.read_bytes()]
