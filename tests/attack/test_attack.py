"""A small share of ``make attack``, by a fixed seed: no input may be believed in silence, trace back or hang."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pandas as pd
import pytest

from anpi.tables import reading
from attack.failing import fail_each, programs
from attack.memory import Memory
from attack.mutation import Kinds, apply
from attack.oracle import Outcome, judge
from attack.run import FAILURES, Attacker, Finding, Progress, counts_of, draw, is_fault, summary, try_drawn_by
from attack.targets import all_targets
from attack.workbooks import cell_kinds, through_text, written

SEED, INPUTS = 5, 90
TOOLS = ("FASTQ", "BAM", "CRAM", "genome of a CRAM")
pytestmark = [
    pytest.mark.skipif(not shutil.which("salmon"), reason="salmon, fastp and samtools are needed"),
    pytest.mark.xdist_group("attack"),  # whose trials are written once
]


@pytest.fixture(scope="module")
def attacker(tmp_path_factory: pytest.TempPathFactory) -> Attacker:
    return Attacker(tmp_path_factory.mktemp("attack"))


def drawn_inputs() -> list[tuple[str, str, int]]:
    """Draw inputs, of which one of each kind of reads runs tools."""
    light = [target for target in all_targets() if target.name not in TOOLS]
    heavy = [target for target in all_targets() if target.name in TOOLS]
    return [*draw(INPUTS, SEED, light), *(drawn for target in heavy for drawn in draw(1, SEED, [target]))]


def test_no_input_is_believed_in_silence_traces_back_or_hangs(attacker, tells):
    findings = [try_drawn_by(attacker, drawn) for drawn in drawn_inputs()]
    faults = [f"{f.verdict}: {f.target}, {f.kind}, seed {f.seed}\n{f.words}" for f in findings if is_fault(f)]
    assert not faults, "\n\n".join(faults)
    for name in sorted({finding.target for finding in findings}):
        tells(f"attacker: {name}", [counts_of([finding for finding in findings if finding.target == name])])


@pytest.mark.parametrize("name", ["assemble_cohort"])
def test_a_run_in_which_a_write_fails_ends_in_words_and_can_be_repeated(attacker, tmp_path, monkeypatch, name):
    folder, program = programs()[name]
    monkeypatch.chdir(attacker.folder / folder)
    tried = list(fail_each(name, program, tmp_path))
    assert sum(verdict == "refused" for _, verdict, _ in tried) >= 4
    assert not [row for row in tried if row[1] in ("silent", "traceback", "hang")]


def test_a_text_longer_than_a_cell_of_a_workbook_can_be_is_no_input():
    change = through_text(lambda rng, content: content.replace(b"b", b"b" * 200_000), "cells")
    assert change(random.Random(1), written([["a"], ["b"]], "cells")) is None


def outcome(told: set[tuple[str, str]], result: str) -> Outcome:
    return Outcome(frozenset(told), {"table": result})


def test_the_oracle_knows_each_fault():
    """A change without a word, a query about another patient alone, an exception and a loop are found."""
    good = outcome({("P1", "planted")}, "a")

    def same() -> Outcome:
        return good

    def raises() -> Outcome:
        raise KeyError("x")

    def loops() -> Outcome:
        while True:
            pass

    assert judge(same, good, frozenset())[0] == "the same"
    assert judge(lambda: outcome({("P1", "planted")}, "b"), good, frozenset())[0] == "silent"
    assert judge(lambda: outcome({("P2", "odd")}, "b"), good, frozenset({"P1"}))[0] == "silent"
    assert judge(lambda: outcome({("P1", "odd")}, "b"), good, frozenset({"P1"}))[0] == "asked"
    assert judge(raises, good, frozenset())[0] == "traceback"
    assert judge(loops, good, frozenset(), seconds=1)[0] == "hang"


def test_a_disturbed_file_is_read_anew_and_no_reader_sees_what_another_did_to_its_copy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file, read = Path("patients.csv"), []
    monkeypatch.setattr(reading, "read_text_table", lambda path: read.append(path) or pd.read_csv(path, dtype=str))
    memory = Memory()
    for name in ("P1", "P1", "P2"):
        file.write_text(f"patient_id\n{name}\n")
        with memory:
            table = reading.read_text_table("patients.csv")
        assert table["patient_id"].tolist() == [name]
        table["patient_id"] = "spoilt"
    reading.read_text_table("patients.csv")  # outside of the block nothing is remembered
    assert len(read) == 3


def test_progress_is_told_now_and_then(capsys):
    progress = Progress(3, seconds=1000)
    for verdict in ("refused", "silent", "refused"):
        progress.count(Finding("a.csv", "x", 1, verdict, "", ""))
    progress.count(Finding(FAILURES, "x", 1, "refused", "", ""))
    lines = [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert lines[:2] == ["writing the trials; then 3 inputs", "3 of 3 inputs tried, 1 fault"]
    assert "2 of 3 inputs tried, 1 fault" in told_every_time(capsys)


def told_every_time(capsys) -> str:
    progress = Progress(3, seconds=0)
    for verdict in ("refused", "silent"):
        progress.count(Finding("a.csv", "x", 1, verdict, "", ""))
    return capsys.readouterr().err


def test_judgement_calls_are_counted_and_have_a_reason():
    findings = [
        Finding("a.csv", "x", 1, "silent", "", "no rule can"),
        Finding("a.csv", "y", 2, "silent", "", ""),
        Finding("a.csv", "x", 3, "traceback", "", "no rule can"),
    ]
    assert summary(findings).splitlines() == [
        "a.csv: 3 inputs: 1 judgement call, 1 silent, 1 traceback",
        "judgement call, 1 time: a.csv, x: no rule can",
        "3 inputs: 1 silent, 1 traceback, 0 hangs",
    ]
    assert counts_of(findings[:1]) == "1 input: 1 judgement call"
    assert counts_of([findings[0], findings[0], findings[2]]) == "3 inputs: 2 judgement calls, 1 traceback"


def test_a_kind_that_is_judged_undetectable_says_why():
    for target in all_targets():
        assert set(target.judgements) <= set(target.kinds.kinds), target.name
        for reason in (target.judgement(kind) for kind in target.kinds.kinds):
            assert reason == "" or len(reason.split()) > 3


def test_a_cell_of_a_sheet_is_about_the_patient_before_and_after():
    kinds = Kinds()
    cell_kinds(kinds, "page")
    page = written([["patient_id"], ["P1"]], "page")
    about = {apply(kinds.kinds["truth in place of a value"], seed, page).about for seed in range(20)}
    assert about == {frozenset({"P1", "TRUE"}), frozenset({"P1", "FALSE"})}
