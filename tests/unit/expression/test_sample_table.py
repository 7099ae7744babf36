"""Tables beside a matrix: each sample once, numbers where numbers belong, and words for what is wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pandas as pd
import pytest
from warm import python

from anpi.expression.reference_levels import read_reference
from anpi.expression.sample_table import read_sample_table, read_tissues
from anpi.problems import InputError

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
ROWS = "sample_id\tpurity\nA\t0.8\nB\tNA\n"


def write(folder: Path, text: str, name: str = "t.tsv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_table_with_each_sample_once_is_read_as_it_stands(tmp_path: Path):
    table = read_sample_table(write(tmp_path, ROWS), limits={"purity": (0, 1), "absent": (0, 1)})
    assert table["sample_id"].tolist() == ["A", "B"]
    assert table["purity"].tolist()[0] == 0.8
    assert table["purity"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sample\tpurity\nA\t0.8\n", "row 1, column sample_id: the column is missing"),
        (ROWS + "A\t0.5\n", "row 4, column sample_id: found 'A', expected each sample once; it stands in row 2"),
        (ROWS + "NA\t0.5\n", "row 4, column sample_id: found '', expected the id of a sample"),
        (ROWS + "C\t80\n", "row 4, column purity: found '80.0', expected a number from 0 to 1"),
        (ROWS + "C\t-0.1\n", "row 4, column purity: found '-0.1', expected a number from 0 to 1"),
        (ROWS + "C\t80%\n", "row 4, column purity: found '80%', expected a number from 0 to 1"),
        (ROWS + "C\thigh\n", "row 4, column purity: found 'high', expected a number from 0 to 1"),
        ("sample_id\tpurity\nA\tTrue\n", "row 2, column purity: found 'True'"),
        ("sample_id\tpurity\nA\tinf\n", "row 2, column purity: found 'inf'"),
        (ROWS.replace("purity", "other"), "row 1, column purity: the column is missing"),
    ],
)
def test_what_is_no_table_of_samples_is_refused(tmp_path: Path, text: str, words: str):
    with pytest.raises(InputError) as error:
        read_sample_table(write(tmp_path, text), ("purity",), {"purity": (0, 1)})
    assert words in str(error.value)


def test_shares_of_tissue_are_percent(tmp_path: Path):
    text = "sample_id\tsclc\tsclc_reason\tlung\nA\tyes\tsure\t30\n"
    assert read_tissues(write(tmp_path, text))["lung"].tolist() == [30]
    with pytest.raises(InputError, match="row 2, column lung: found 'much', expected a number from 0 to 100"):
        read_tissues(write(tmp_path, text.replace("30", "much")))
    with pytest.raises(InputError, match="row 2, column lung: found '130', expected a number from 0 to 100"):
        read_tissues(write(tmp_path, text.replace("30", "130")))


TISSUES = "sample_id\tsclc\tsclc_reason\tlung\n"
FACTS = "sample_id\tfragments\nS\t9\n"


@pytest.mark.parametrize(
    ("program", "option", "text", "words"),
    [
        ("score_targets", "--calls", "sample_id\tpurity\nS\t0.5\nS\t0.9\n", "row 3, column sample_id: found 'S'"),
        ("score_targets", "--calls", "sample_id\tpurity\nS\t80\n", "row 2, column purity: found '80'"),
        ("score_targets", "--calls", "name\tpurity\nS\t0.5\n", "column sample_id: the column is missing"),
        ("score_targets", "--tissues", f"{TISSUES}S\tyes\tNA\t3\nS\tyes\tNA\t4\n", "row 3, column sample_id"),
        ("score_targets", "--tissues", f"{TISSUES}S\tyes\tNA\tmuch\n", "row 2, column lung: found 'much'"),
        ("score_targets", "--tissues", "sample\tlung\nS\t3\n", "column sample_id: the column is missing"),
        ("estimate_fractions", "--tissues", "sample\tlung\nS\t3\n", "column sample_id: the column is missing"),
        ("estimate_fractions", "--tissues", f"{TISSUES}S\tyes\tNA\t3\nS\tyes\tNA\t4\n", "row 3, column sample_id"),
        ("explore_cohort", "--calls", "sample_id\tcall\nS\tlean\n", "column subtype: the column is missing"),
        ("explore_cohort", "--calls", "sample_id\tsubtype\nS\tA\nS\tN\n", "row 3, column sample_id: found 'S'"),
    ],
)
def test_programs_tell_faults_of_tables_beside_the_matrix(
    tmp_path: Path, program: str, option: str, text: str, words: str
):
    read_reference()["median"].rename("S").to_frame().to_csv(tmp_path / "tpm.tsv", sep="\t")
    beside = ["--expression", str(tmp_path / "tpm.tsv"), "--unit", "tpm", "--out", str(tmp_path / "out")]
    assert words in fault_of(program, [*beside, option, str(write(tmp_path, text))])


@pytest.mark.parametrize(
    ("facts", "identity", "words"),
    [
        ("sample\tfragments\nS\t9\n", None, "facts.tsv, row 1, column sample_id: the column is missing"),
        ("sample_id\tfragments\nS\tmany\n", None, "facts.tsv, row 2, column fragments: found 'many'"),
        (FACTS + "S\t8\n", None, "facts.tsv, row 3, column sample_id: found 'S'"),
        (FACTS, "sample_id\tidentity\nS\tmatch\nS\tmatch\n", "identity.tsv, row 3, column sample_id: found 'S'"),
        (FACTS, "sample\tidentity\nS\tmatch\n", "identity.tsv, row 1, column sample_id: the column is missing"),
        (FACTS, "sample_id\tcontamination\nS\tsome\n", "identity.tsv, row 2, column contamination: found 'some'"),
    ],
)
def test_faults_of_facts_and_identities_are_told(tmp_path: Path, facts: str, identity: str | None, words: str):
    arguments = ["--facts", str(write(tmp_path, facts, "facts.tsv")), "--out", str(tmp_path / "out.tsv")]
    arguments += ["--threshold", "fragments=5,2", "--threshold", "contamination=2,5"]
    if identity is not None:
        arguments += ["--identity", str(write(tmp_path, identity, "identity.tsv"))]
    assert words in fault_of("judge_samples", arguments)


def fault_of(program: str, arguments: list[str]) -> str:
    """Run a program that must end in words; return them."""
    command = [python(), str(SCRIPTS / f"{program}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_purity_of_one_half_is_that_of_the_targets(tmp_path: Path):
    read_reference()["median"].rename("S").to_frame().to_csv(tmp_path / "tpm.tsv", sep="\t")
    calls = write(tmp_path, "sample_id\tpurity\nS\t0.5\n")
    command = [python(), str(SCRIPTS / "score_targets.py"), "--expression", str(tmp_path / "tpm.tsv"), "--unit", "tpm"]
    command += ["--calls", str(calls), "--out", str(tmp_path / "out.tsv")]
    subprocess.run(command, check=True, capture_output=True)
    assert pd.read_csv(tmp_path / "out.tsv", sep="\t")["purity"].eq(0.5).all()
