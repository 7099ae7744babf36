"""Names of groups: one spelling each, whatever a keyboard, a spreadsheet or a copy made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from anpi.problems import InputError
from anpi.tables.clinical import read_clinical
from anpi.tables.names import alike, is_unknown, mixed_script, name_fault, plain_name, unseen
from anpi.tables.reading import read_table

ARM = "Cadonilimab mono"
# Columns that put rows into groups, each with a table in which two rows carry it.
GROUPING = {
    ("patients", "arm"): "patient_id,arm\nP1,{}\nP2,{}\n",
    ("patients", "arm_received"): "patient_id,arm,arm_received\nP1,A,{}\nP2,A,{}\n",
    ("patients", "prior_io"): "patient_id,arm,prior_io\nP1,A,{}\nP2,A,{}\n",
    ("samples", "site"): "sample_id,patient_id,timepoint,site\nS1,P1,baseline,{}\nS2,P2,baseline,{}\n",
    ("samples", "batch"): "sample_id,patient_id,timepoint,batch\nS1,P1,baseline,{}\nS2,P2,baseline,{}\n",
    ("assessments", "evaluator"): (
        "patient_id,assessment_date,overall_response,evaluator\nP1,2024-02-12,SD,{}\nP2,2024-02-12,SD,{}\n"
    ),
    ("assessments", "visit"): (
        "patient_id,assessment_date,overall_response,visit\nP1,2024-02-12,SD,{}\nP2,2024-02-12,SD,{}\n"
    ),
    ("lesions", "visit"): (
        "patient_id,assessment_date,lesion_id,kind,visit\nP1,2024-02-12,1,target,{}\nP2,2024-02-12,1,target,{}\n"
    ),
    ("lesions", "lesion_id"): (
        "patient_id,assessment_date,kind,lesion_id\nP1,2024-02-12,target,{}\nP1,2024-03-12,target,{}\n"
    ),
    ("adverse_events", "term"): "patient_id,soc,grade,term\nP1,Skin,1,{}\nP2,Skin,1,{}\n",
    ("adverse_events", "soc"): "patient_id,term,grade,soc\nP1,Rash,1,{}\nP2,Rash,1,{}\n",
    ("therapies", "name"): "patient_id,start_date,name\nP1,2024-03-01,{}\nP2,2024-03-01,{}\n",
}
ANY_CASE = {"term", "soc", "name"}


def read(folder: Path, table: str, text: str) -> list[str]:
    path = folder / f"{table}.csv"
    path.write_text(text, encoding="utf-8")
    try:
        read_table(path, table)
    except InputError as error:
        return [str(problem).removeprefix(f"{path}, ") for problem in error.problems]
    return []


@pytest.mark.parametrize(("table", "column"), GROUPING)
def test_forms_that_mean_one_name_are_one(table, column, tmp_path):
    """Blanks before, behind, doubled and of no break, and letters of full width."""
    other = "  \uff23adonilimab\u00a0  mono "
    assert read(tmp_path, table, GROUPING[table, column].format(ARM, other)) == []
    assert read_table(tmp_path / f"{table}.csv", table)[column].tolist() == [ARM, ARM]


@pytest.mark.parametrize(("table", "column"), GROUPING)
@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ("Cad\u043enilimab mono", "letters of one script"),
        ("Cadonilimab\u200b mono", "a character that cannot be seen (U+200B)"),
        ("Cadonilimab\u202e mono", "a character that cannot be seen (U+202E)"),
        ("Cadonilimab\x00 mono", "a character that cannot be seen (U+0000)"),
        ("nan", "a name"),
        ("N/A", "a name"),
        ("-", "a name"),
        ("Unknown", "a name"),
    ],
)
def test_what_would_be_a_group_of_its_own_is_refused(table, column, odd, words, tmp_path):
    (problem,) = read(tmp_path, table, GROUPING[table, column].format(ARM, odd))
    assert problem.startswith(f"row 3, column {column}: ")
    assert words in problem


@pytest.mark.parametrize("odd", ["-9", "-99", "999", "9999"])
@pytest.mark.parametrize(("table", "column"), GROUPING)
def test_a_code_for_missing_is_no_name(table, column, odd, tmp_path):
    (problem,) = read(tmp_path, table, GROUPING[table, column].format(ARM, odd))
    assert problem.startswith(f"row 3, column {column}: found '{odd}', expected a name")


def test_numbers_are_names_where_most_names_are(tmp_path):
    """Sites have numbers, of which 99 may be one; a kind of therapy has none."""
    text = "sample_id,patient_id,timepoint,site\nS1,P1,baseline,98\nS2,P2,baseline,99\nS3,P3,baseline,{}\n"
    assert read(tmp_path, "samples", text.format("Ruijin")) == []
    sites = text.format("Ruijin").replace(",98", ",7a")
    assert read(tmp_path, "samples", sites) != []
    assert read(tmp_path, "samples", sites.replace(",99", ",12")) == []
    assert read(tmp_path, "therapies", "patient_id,start_date,kind\nP1,2024-03-01,surgery\nP2,2024-03-01,12\n") != []


@pytest.mark.parametrize(("table", "column"), [key for key in GROUPING if key[1] not in ANY_CASE])
def test_names_that_differ_in_case_alone_are_refused_once(table, column, tmp_path):
    text = GROUPING[table, column].format(ARM, ARM.upper())
    (problem,) = read(tmp_path, table, text + text.splitlines()[-1].replace("P2", "P3").replace("S2", "S3") + "\n")
    assert "in more than case and look" in problem


@pytest.mark.parametrize(("table", "column"), GROUPING)
def test_an_optional_name_is_left_empty(table, column, tmp_path):
    (problem,) = read(tmp_path, table, GROUPING[table, column].format(ARM, "N/A"))
    needed = column in ("arm", "lesion_id", "term", "soc")
    assert problem.endswith("Leave the cell empty.") is not needed


def test_a_whole_word_of_another_script_that_looks_the_same_is_refused(tmp_path):
    (problem,) = read(tmp_path, "patients", "patient_id,arm\nP1,A\nP2,A\nP3,\u0410\n")
    assert problem.startswith("row 4, column arm: ")


def test_lesions_of_two_patients_may_be_spelt_apart(tmp_path):
    text = "patient_id,assessment_date,kind,lesion_id\nP1,2024-02-12,target,T1\nP2,2024-03-12,target,t1\n"
    assert read(tmp_path, "lesions", text) == []


def test_names_are_held_against_those_of_the_other_table(tmp_path):
    for name, text in (
        (
            "patients",
            "patient_id,arm,arm_received,treatment_start_date\nP1,Mono,mono,2024-01-01\nP2,Mono,,2024-01-01\n",
        ),
        ("assessments", "patient_id,assessment_date,overall_response,evaluator\nP1,2024-02-12,SD,Central\n"),
        ("lesions", "patient_id,assessment_date,lesion_id,kind,evaluator\nP1,2024-02-12,T1,target,central\n"),
    ):
        (tmp_path / f"{name}.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        read_clinical({name: tmp_path / f"{name}.csv" for name in ("patients", "assessments", "lesions")})
    assert [problem.column for problem in caught.value.problems] == ["arm_received", "evaluator"]


@pytest.mark.parametrize("name", ["TGFβ", "NF-κB", "α-PD1", "恩沃利单抗", "Москва", "µg", "Ångström", "naïve", "IFNγ"])
def test_words_of_biology_and_of_other_languages_are_names(name):
    assert mixed_script(plain_name(name)) is None
    assert unseen(name) is None
    assert not is_unknown(name)


@pytest.mark.parametrize("name", ["TRUE", "False", "ＴＲＵＥ"])
def test_a_truth_value_of_a_spreadsheet_is_no_name(name):
    assert name_fault(name) == "a name, not a truth value of a spreadsheet"
    assert name_fault(f"{name} positive") is None


def test_the_most_frequent_spelling_is_the_right_one():
    assert alike(["mono", "Mono"], {"mono": 9, "Mono": 1}) == {"Mono": "mono"}
    assert alike(["PD-L1+", "PD-L1-", "B1", "B-1"]) == {}


def test_a_column_named_with_a_letter_that_looks_the_same_is_not_lost(tmp_path):
    (problem,) = read(tmp_path, "patients", "patient_id,arm,ec\u043eg\nP1,A,1\n")
    assert problem.endswith("misspelt column. Call it ecog.")
