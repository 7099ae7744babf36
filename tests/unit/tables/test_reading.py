"""Tables in: text first, all faults at once, kinds of columns."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anpi.files.writing import whole_file, write_json, write_table, write_text
from anpi.problems import MOST_SHOWN, InputError, Problem, nearest, nearest_file, placeless_words
from anpi.tables.reading import read_facts, read_table, read_text_table
from anpi.tables.schema import check_settings, load_schema, load_yaml, parse_value

PATIENTS = "patient_id,arm,sex,age,treatment_start_date\n"


def write(folder: Path, text: str, name: str = "patients.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, schema: str = "patients") -> list[str]:
    with pytest.raises(InputError) as caught:
        read_table(path, schema)
    return [str(problem).removeprefix(f"{path}, ") for problem in caught.value.problems]


def test_texts_stay_as_they_stand(tmp_path):
    frame = read_text_table(write(tmp_path, 'a,b,c\n007, x ,\n1e5,NA,"1,5"\n'))
    assert frame.to_numpy().tolist() == [["007", "x", None], ["1e5", None, "1,5"]]


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\r\n1,2\r\n",
        b"\xef\xbb\xbfa,b\n1,2\n",
        b"a,b\n1,2",
        b"a,b\n\n1,2\n,\n",
        gzip.compress(b"a,b\n1,2\n"),
        b'"a","b"\n"1","2"\n',
    ],
    ids=["Windows", "byte order mark", "no last line end", "blank rows", "gzip", "quotes"],
)
def test_one_table_in_many_dresses(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert read_text_table(path).to_numpy().tolist() == [["1", "2"]]


def test_rows_count_as_in_a_spreadsheet(tmp_path):
    """Blank rows and line ends inside quotes shift nothing."""
    path = write(tmp_path, PATIENTS + '\nP1,"two\nlines",F,60,2024-01-01\n\nP2,x,F,old,2024-01-01\n')
    assert problems(path) == [
        "row 3, column arm: found 'two\\nlines', expected a name on one line",
        "row 5, column age: found 'old', expected a number with a decimal point from 0 to 120",
    ]


def test_a_cell_longer_than_a_person_writes_is_refused(tmp_path):
    """Looking through long cells takes time, and they are no values."""
    assert problems(write(tmp_path, PATIENTS + f"\nP1,{'x' * 10_001},F,60,2024-01-01\n")) == [
        "row 3, column arm: found '10,001 characters', expected at most 10,000 characters in a cell"
    ]


def test_an_error_of_a_spreadsheet_is_no_name(tmp_path):
    assert problems(write(tmp_path, PATIENTS + "\nP1,#REF!,F,60,2024-01-01\n")) == [
        "row 3, column arm: found '#REF!', expected a name, not the error of a spreadsheet"
    ]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('"no\nne"', "found 'no\\nne', expected a text on one line"),
        ("#NAME?", "found '#NAME?', expected a text, not the error of a spreadsheet"),
    ],
)
def test_a_free_text_is_one_line_that_a_person_wrote(tmp_path, cell, expected):
    path = tmp_path / "adverse_events.csv"
    path.write_text(f"patient_id,term,soc,grade,action\nP1,Rash,Skin,1,{cell}\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_table(path, "adverse_events")
    assert [str(problem).split(", ", 1)[1] for problem in refused.value.problems] == [
        f"row 2, column action: {expected}"
    ]


def test_columns_have_their_kinds(tmp_path):
    text = "patient_id,arm,sex,age,ecog,treatment_start_date,pfs_days,note\n007,x,F,61.5,1,2024-02-29,NA,3\n"
    frame = read_table(write(tmp_path, text), "patients")
    row = frame.iloc[0]
    assert (row["patient_id"], row["age"], row["ecog"], row["note"]) == ("007", 61.5, 1, "3")
    assert row["treatment_start_date"] == pd.Timestamp(2024, 2, 29)
    assert str(frame["ecog"].dtype) == "Int64"
    assert frame["pfs_days"].isna().all()
    assert frame["death_date"].isna().all()
    assert frame.attrs["file"].endswith("patients.csv")


def test_a_diameter_keeps_its_decimals(tmp_path):
    """Sums of diameters and their change in percent are exact."""
    text = "patient_id,assessment_date,lesion_id,kind,diameter_mm\nP1,2024-01-01,T1,target,10.1\n"
    value = read_table(write(tmp_path, text, "lesions.csv"), "lesions")["diameter_mm"].iloc[0]
    assert value == Decimal("10.1")


def test_study_days_stand_for_dates(tmp_path):
    frame = read_table(write(tmp_path, "patient_id,arm,treatment_start_day,death_day\nP1,x,1,90\n"), "patients")
    assert (frame["death_day"].iloc[0], "death_date" in frame) == (90, False)


@pytest.mark.parametrize("day", ["0", "1.5", "2024-01-01"])
def test_there_is_no_day_0(tmp_path, day):
    found = problems(write(tmp_path, f"patient_id,arm,treatment_start_day,death_day\nP1,x,1,{day}\n"))
    assert found == [
        f"row 2, column death_day: found '{day}', expected a study day (day 1 = treatment start, no day 0)"
    ]


def test_all_faults_of_a_file_in_the_order_of_its_columns(tmp_path):
    path = write(tmp_path, PATIENTS + ",x,F,60,2024-01-01\nP2,x,W,-1,2024-1-1\nP2,,F,60,\n")
    assert [line.split(":")[0] for line in problems(path)] == [
        *("row 2, column patient_id", "row 4, column arm", "row 3, column sex", "row 3, column age"),
        *("row 3, column treatment_start_date", "row 4, column patient_id"),
    ]


@pytest.mark.parametrize(
    ("column", "meant"),
    [
        *(("Death_Date", "death_date"), ("deathdate", "death_date"), ("deth_date", "death_date")),
        *(("withdrawl_date", "withdrawal_date"), ("brain_met", "brain_mets"), ("Death Day", "death_day")),
    ],
)
def test_a_misspelt_column_is_refused_and_not_lost(tmp_path, column, meant):
    path = write(tmp_path, f"patient_id,arm,{column}\nP1,x,NA\n")
    assert problems(path) == [f"row 1, column {column}: misspelt column. Call it {meant}."]


@pytest.mark.parametrize(
    "column", ["death_date_2", "stage", "smoking", "race", "os_status", "age_group", "ldh_uln", "bmi"]
)
def test_a_column_of_the_users_own_is_carried_along(tmp_path, column):
    frame = read_table(write(tmp_path, f"patient_id,arm,{column}\nP1,x,007\n"), "patients")
    assert frame[column].tolist() == ["007"]


@pytest.mark.parametrize("text", ["1_0", "٣", "0x10", "1,5", "1e999", "nan", "inf", "", "1 000", "--1", "½"])
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_what_only_looks_like_a_number(text, kind):
    assert parse_value(text, {"type": kind})[1] is not None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_numbers_come_as_they_were_written(number):
    text = f"{number:f}"
    assert parse_value(text, {"format": "decimal"}) == (number, None)
    assert parse_value(text, {"type": "number"}) == (float(number), None)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31)))
def test_dates_come_as_they_were_written(day):
    assert parse_value(day.isoformat(), {"format": "date"}) == (day, None)


@pytest.mark.parametrize("text", ["2023-02-29", "2024-13-01", "24-01-01", "2024-1-1", "1899-12-31", "20240101", "UNK"])
def test_what_is_no_date(text):
    assert parse_value(text, {"format": "date"}) == (None, "a date as YYYY-MM-DD")


def test_a_long_list_of_problems_is_cut_with_its_number_told():
    error = InputError([Problem("t.csv", row=row, found="x") for row in range(2, 90)])
    assert str(error).startswith("88 problems in the inputs:")
    assert str(error).count("\n") == MOST_SHOWN + 1
    assert str(error).endswith("and 38 more of the same kinds")


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("Patient ID", ["patient_id", "arm"], "patient_id"),
        ("clincal", ["clinical", "units"], "clinical"),
        ("xyz", ["clinical", "units"], None),
    ],
)
def test_the_nearest_name(name, known, found):
    assert nearest(name, known) == found


def test_the_nearest_file(tmp_path):
    (tmp_path / "patients.csv").touch()
    assert nearest_file(tmp_path / "patient.csv") == str(tmp_path / "patients.csv")
    assert nearest_file(tmp_path / "xyz.bam") is None
    assert nearest_file(tmp_path / "no" / "patients.csv") is None
    assert nearest_file("x" * 5000) is None


def test_settings_take_the_defaults_of_their_schema_in_shared_blocks_too():
    given_keys = {"clinical": {"patients": "p.csv"}, "qc": {"fragments": {"warn": 9, "fail": 3}}}
    filled = check_settings(given_keys, load_schema("config"), "config.yaml")
    assert filled["qc"]["fragments"] == {"warn": 9, "fail": 3}
    assert filled["qc"]["mapping_rate"] == {"warn": 60, "fail": 30}
    assert given_keys["qc"] == {"fragments": {"warn": 9, "fail": 3}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb:\n\t- 2\n", "row 3: not valid YAML"),
        ("a: 1\nb: {c: 1, d: 2, c: 3}\n", "row 2: not valid YAML: the key c stands twice"),
        ("- 1\n- 2\n", "found 'list', expected a block of keys"),
        ("a: 2024-13-45\n", "a value cannot be"),
    ],
)
def test_wrong_yaml_is_told_in_words(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        load_yaml(write(tmp_path, text, "x.yaml"))


def test_a_key_may_stand_in_two_blocks(tmp_path):
    path = write(tmp_path, "x: &base {c: 1}\ny: {<<: *base, c: 2}\nz: {c: 3}\n", "x.yaml")
    assert load_yaml(path) == {"x": {"c": 1}, "y": {"c": 2}, "z": {"c": 3}}


def test_a_table_that_anpi_wrote_comes_back(tmp_path):
    frame = pd.DataFrame(
        {
            "sample_id": ["007", "NA1"],
            "value": [1.5, None],
            "count": [3, 4],
            "batch": ["01", None],
            "day": pd.to_datetime(["2024-01-31", None]),
        }
    )
    write_table(tmp_path / "t.tsv.gz", frame)
    back = read_facts(tmp_path / "t.tsv.gz")
    assert back["sample_id"].tolist() == ["007", "NA1"]
    assert back["batch"].tolist()[0] == "01"
    assert back["count"].tolist() == [3, 4]
    assert back["value"].isna().tolist() == [False, True]
    assert back["day"].tolist()[0] == "2024-01-31"


def test_a_word_among_scores_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "scores.tsv").write_text("sample_id\tsignature\tscore\nS1\tgep18\t1.5\nS2\tgep18\tmuch\n")
    with pytest.raises(InputError, match=r"scores\.tsv, row 3, column score: found 'much', expected a number"):
        read_facts(tmp_path / "scores.tsv")
    (tmp_path / "scores.tsv").write_text("sample_id\tsignature\tscore\nS1\tgep18\tNA\nS2\tgep18\t-1e3\n")
    assert read_facts(tmp_path / "scores.tsv")["score"].tolist()[1] == -1000


def test_the_same_content_has_the_same_bytes(tmp_path):
    frame = pd.DataFrame({"a": [0.1 + 0.2, 1e-12, None]})
    for name in ("1.tsv.gz", "2.tsv.gz"):
        write_table(tmp_path / name, frame)
    assert (tmp_path / "1.tsv.gz").read_bytes() == (tmp_path / "2.tsv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "1.tsv.gz").read_bytes()) == b"a\n0.3\n1e-12\nNA\n"
    write_json(tmp_path / "1.json", {"b": 1, "a": [2]})
    write_json(tmp_path / "2.json", {"a": [2], "b": 1})
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "t.txt"
    write_text(path, "before")

    def break_off() -> None:
        with whole_file(path) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert path.read_text() == "before"
    assert [file.name for file in path.parent.iterdir()] == ["t.txt"]


def test_faults_in_a_result_name_files_and_no_folders():
    folder = "/scratch/of me/trial"
    problems = [
        Problem(f"{folder}/reads.bam", "no whole file (could not open `/scratch/me/trial/reads.bam`)"),
        Problem("reads/R1.fastq.gz", "read 3", mend="Names of mates must be equal (no /1 and /2, and/or blanks)"),
    ]
    assert placeless_words(problems) == (
        "reads.bam: no whole file (could not open `…/reads.bam`); "
        "reads/R1.fastq.gz: read 3. Names of mates must be equal (no /1 and /2, and/or blanks)"
    )


def refusal(path: Path, content: bytes) -> list[str]:
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_text_table(path)
    return [str(problem).removeprefix(f"{path}, ").removeprefix(f"{path}: ") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04\x14\x00", "this is an Excel workbook (or another zip file), expected a table of text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "this is an Excel workbook of the old kind (.xls)"),
        (b"%PDF-1.7", "this is a PDF"),
        (b"# exported from the EDC\na,b\n1,2\n3,4\n", "row 1: a remark, expected a row of data"),
        (b"a,b\n# one\n# two\n1,2\n# three\n", "row 2: 3 remarks, the last in row 5"),
        (b"a,b,,,\n1,2,,,\n3,4,,,\n", "row 1: columns 3, 4, 5 have no name. Delete them: they are empty."),
        (b"a,b,\n1,2,\n", "row 1: column 3 has no name. Delete it: it is empty."),
        (b"a,,c\n1,2,3\n", "row 1: column 2 has no name. Name it; cells stand in it."),
        (b"a,b\n1,2,,\n3,4,,\n5,6\n", "row 2: found '4 cells', expected 2 as in the header; so have 1 more rows."),
        (b'a,b\n1,"2\n3,4\n', "cannot be read: unexpected end of data"),
        (b'a,b,c\n1,"x,2\n3,y",4\n5,z,6\n', "row 2, column b: a cell that holds 2 lines, each with as many cells"),
        (b"a,b\n1,x\x00y\n", "row 2, column b: a character that cannot be seen (U+0000). Type the cell anew"),
        (b"a,b\n1,x\x1by\n", "row 2, column b: a character that cannot be seen (U+001B)"),
        ("a\u200b,b\n1,2\n".encode(), "row 1, column a\\u200b: a character that cannot be seen (U+200B)"),
        ("a,b\n1,2\n".encode("utf-16-le"), "a character that cannot be seen (U+0000)"),
    ],
)
def test_a_file_of_another_kind_is_told_in_one_problem(tmp_path, content, words):
    told = refusal(tmp_path / "t.csv", content)
    assert words in told[0]
    assert len(told) == 1 or b"\x00,\x00" in content


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_says_how_to_read(tmp_path, encoding):
    (tmp_path / "t.csv").write_bytes("a,b\n1,é\n".encode(encoding))
    assert read_text_table(tmp_path / "t.csv").to_numpy().tolist() == [["1", "é"]]


@pytest.mark.parametrize(("text", "cut"), [("a,b\n1,2\n", False), ("a,b\r\n1,2\r\n", False), ("a,b\n1,2", True)])
def test_a_table_tells_that_its_last_row_has_no_end(tmp_path, text, cut):
    assert read_text_table(write(tmp_path, text)).attrs["cut"] is cut


@pytest.mark.parametrize(
    "table", ["patients", "assessments", "lesions", "therapies", "adverse_events", "biomarkers", "samples", "units"]
)
def test_a_table_of_a_header_alone_is_refused(tmp_path, table):
    """Cut behind its header it would say that nothing happened to anybody."""
    path = write(tmp_path, ",".join(load_schema(table)["required"]) + "\n", f"{table}.csv")
    (problem,) = problems(path, table)
    assert "the table has no " in problem
    assert "take it out of the config" in problem


@pytest.mark.parametrize(
    ("table", "row", "found", "meant"),
    [
        ("assessments", "P1,2024-02-12,{}", "Partial response", "Did you mean PR?"),
        ("assessments", "P1,2024-02-12,{}", "stable disease", "Did you mean SD?"),
        ("samples", "S1,P1,{}", "screening", "Did you mean baseline?"),
        ("samples", "S1,P1,{}", "On-treatment", "Did you mean on_treatment?"),
        ("patients", "P1,A,{}", "female", "Did you mean F?"),
        ("patients", "P1,A,{}", "unknown", "Leave the cell empty."),
        ("units", "S1,U1,{}", "fr-firststrand", "Did you mean reverse?"),
        ("adverse_events", "P1,Rash,Skin,1,{}", "ongoing", "Leave the cell empty."),
        ("adverse_events", "P1,Rash,Skin,1,{}", "N/A", "Leave the cell empty."),
    ],
)
def test_another_word_for_a_value_has_its_word_named(tmp_path, table, row, found, meant):
    more = {"patients": ["sex"], "units": ["strandedness"], "adverse_events": ["end_date"]}
    header = ",".join([*load_schema(table)["required"], *more.get(table, [])])
    (problem,) = problems(write(tmp_path, f"{header}\n{row.format(found)}\n", f"{table}.csv"), table)
    assert f"found '{found}'" in problem
    assert problem.endswith(meant)


@pytest.mark.parametrize("day", ["9999", "99999", "1e30", "-99999", "1" + "0" * 40])
def test_a_study_day_beyond_reason_is_refused(tmp_path, day):
    (problem,) = problems(write(tmp_path, f"patient_id,arm,last_alive_day\nP1,x,{day}\n"))
    assert problem.startswith("row 2, column last_alive_day: ")
    assert "a study day" in problem
