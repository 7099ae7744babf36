"""What was changed by hand is found, with its reason, and nothing else is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from unit.ledger.finished import Tables, changed, finish, state_of, without
from unit.report.made import make_tables
from warm import python

from anpi.files.shipped import ROOT
from anpi.files.writing import write_json
from anpi.ledger.compare import compare_runs
from anpi.ledger.entries import Entry, read_run, state_digest
from anpi.ledger.kept import record
from anpi.ledger.moved_patients import move_of
from anpi.ledger.moved_results import crossing_words
from anpi.ledger.reasons import NOT_EXPLAINED
from anpi.ledger.words import text_of
from anpi.problems import InputError

COUNT = 8


@pytest.fixture
def tables() -> Tables:
    return make_tables(COUNT)


def entry(state: dict[str, Any], number: int | None = None) -> Entry:
    return Entry(state, state_digest(state), number, None if number is None else "2026-03-01")


def differences(tmp_path: Path, old: Tables, new: Tables, **settings: Any) -> dict[str, Any]:
    before = state_of(tmp_path / "trial", old)
    after = state_of(tmp_path / "trial", new, **settings)
    return compare_runs(entry(before, 1), entry(after, 2))


def rows(changes: dict[str, Any], name: str) -> list[list[str]]:
    return next((section["rows"] for section in changes["sections"] if section["name"] == name), [])


def names(changes: dict[str, Any]) -> set[str]:
    return {section["name"] for section in changes["sections"]}


def test_the_first_run_and_an_unchanged_one_say_so(tmp_path: Path, tables: Tables):
    state = state_of(tmp_path / "trial", tables)
    assert compare_runs(None, entry(state))["sentences"] == ["This is the first run recorded."]
    again = state_of(tmp_path / "trial", tables)
    assert state_digest(again) == state_digest(state)
    assert compare_runs(entry(state, 1), entry(again))["sentences"] == ["Nothing changed."]


PARTS = ("software", "settings", "rules", "plan", "inputs", "models", "attrition", "rates", "survival", "results")
INNER = (("plan", "alpha"), ("patients", "P0001", "columns"), ("samples", "P0001-B", "patient"))


@pytest.mark.parametrize("path", [*((part,) for part in PARTS), *INNER, ("format",)], ids=".".join)
def test_a_state_without_what_a_comparison_needs_is_refused_in_words(tmp_path: Path, tables: Tables, path: tuple[str]):
    whole = state_of(tmp_path / "trial", tables)
    write_json(tmp_path / "whole.json", whole)
    inner: Any = whole
    for key in path[:-1]:
        inner = inner[key]
    if path == ("format",):
        inner["format"] = 99
    else:
        del inner[path[-1]]
    write_json(tmp_path / "part.json", whole)
    for pair in (("part.json", "whole.json"), ("whole.json", "part.json")):
        command = [python(), str(ROOT / "scripts" / "compare_runs.py"), *pair]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "part.json" in done.stderr
        assert ("format: found '99', expected 1" if path == ("format",) else "from a copy") in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [("patients", None), ("patients", 1), ("samples", []), ("software", "x"), ("results", [1]), ("rates", ["a"]),
     ("survival", [None])],
)  # fmt: skip
def test_a_state_with_a_part_of_another_kind_is_refused_in_words(
    tmp_path: Path, tables: Tables, key: str, value: object
):
    path = tmp_path / "part.json"
    write_json(path, state_of(tmp_path / "trial", tables) | {key: value})
    with pytest.raises(InputError, match=r"part\.json.*from a copy"):
        read_run(path)


def test_the_order_of_rows_and_columns_is_no_change(tmp_path: Path, tables: Tables):
    turned = {name: frame.iloc[::-1, ::-1] for name, frame in tables.items()}
    turned["calls"] = tables["calls"].iloc[::-1]
    changes = differences(tmp_path, tables, turned)
    assert names(changes) == {"inputs"}  # the files of the user have other bytes, and that is said


def test_a_withdrawn_patient_is_named_with_the_sample(tmp_path: Path, tables: Tables):
    changes = differences(tmp_path, tables, without(tables, "P0003"))
    assert rows(changes, "people") == [
        ["P0003", "none", "withdrawn", "no longer in the table"],
        ["P0003", "P0003-B", "withdrawn", "no longer in the table"],
    ]
    assert changes["sentences"] == ["Patients: 1 withdrawn (P0003); now 7. Samples: 1 withdrawn (P0003-B); now 6."]
    assert names(changes) == {"people", "inputs"}


def test_an_added_patient_is_named(tmp_path: Path, tables: Tables):
    changes = differences(tmp_path, without(tables, "P0003"), tables)
    assert [row[2:] for row in rows(changes, "people")] == [["added", "new in the table"]] * 2


def test_a_sample_set_aside_is_told_from_one_that_is_gone(tmp_path: Path, tables: Tables):
    before = state_of(tmp_path / "trial", tables)
    after = json.loads(json.dumps(before))
    after["samples"]["P0001-B"] = {"patient": "P0001", "used": False, "columns": {}}
    changes = compare_runs(entry(before), entry(after))
    assert rows(changes, "people") == [["P0001", "P0001-B", "withdrawn", "set aside in the sheet (use: no)"]]


CAUSES = {
    "verdict": ("verdicts", {"verdict": "fail", "reasons": "too few"}, "verdict pass became fail"),
    "model": ("calls", {"model": "made 2.0.0"}, "other subtype model"),
    "sheet": ("samples", {"batch": "B2"}, "the sample sheet: batch corrected or filled in"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_call_that_moved_says_what_is_behind_it(tmp_path: Path, tables: Tables, cause: str):
    name, cells, words = CAUSES[cause]
    new = changed(tables, "calls", "sample_id", "P0002-B", subtype=None, call="none", reason="too flat")
    new = changed(new, name, "sample_id", "P0002-B", **cells)
    found = [row for row in rows(differences(tmp_path, tables, new), "calls") if row[2] == "call"]
    assert found == [["P0002", "P0002-B", "call", "SCLC-N, confident", "none", words, "too flat"]]


def test_new_reads_and_a_new_reference_are_told_apart(tmp_path: Path, tables: Tables):
    before = state_of(tmp_path / "trial", tables)
    moved = {"subtype": "I", "call": "lean"}
    for cells, reference, words in (
        ({"reads": "b", "genes": "b"}, "r", "other reads"),
        ({"reads": "a", "genes": "b"}, "s", "other reference"),
        ({"reads": "a", "genes": "b"}, "r", "quantified anew"),
    ):
        old, new = json.loads(json.dumps(before)), json.loads(json.dumps(before))
        old["samples"]["P0001-B"] |= {"reads": "a", "genes": "a"}
        new["samples"]["P0001-B"] |= cells | moved
        old["reference"], new["reference"] = "r", reference
        found = rows(compare_runs(entry(old), entry(new)), "calls")
        assert [row[3:6] for row in found] == [["SCLC-A, confident", "SCLC-I, lean", words]]


def test_thresholds_of_quality_stand_behind_a_verdict(tmp_path: Path, tables: Tables):
    new = changed(tables, "verdicts", "sample_id", "P0001-B", verdict="warn", reasons="few")
    qc = {"fragments": {"warn": 2000, "fail": 100}}
    changes = differences(tmp_path, tables, new, qc=qc)
    assert rows(changes, "calls")[0][2:5] == ["verdict", "pass", "warn"]
    assert "thresholds of quality changed" in rows(changes, "calls")[0][5]
    assert ["thresholds of quality", "fragments.warn: 500 became 2000"] in rows(changes, "plan")


def test_an_endpoint_that_moved_has_both_reasons_and_the_cell_behind_it(tmp_path: Path, tables: Tables):
    cells = {"pfs_days": 33, "pfs_event": 0, "pfs_reason": "withdrawal: censored"}
    was = tables["endpoints"].set_index("patient_id").loc["P0004"]
    new = changed(tables, "endpoints", "patient_id", "P0004", **cells)
    new = changed(new, "patients", "patient_id", "P0004", withdrawal_date="2024-02-03")
    changes = differences(tmp_path, tables, new)
    assert rows(changes, "endpoints") == [
        [
            "P0004", "PFS", f"{was['pfs_days']} days, event", "33 days, censored", "PD", "withdrawal: censored",
            "patients: withdrawal_date corrected or filled in",
        ]
    ]  # fmt: skip
    assert "Endpoints moved in 1 of 8 patients in both: PFS 1 (1 no longer an event)." in changes["sentences"]


def test_patients_of_whom_only_variants_moved_are_named(tmp_path: Path, tables: Tables):
    new = changed(tables, "endpoints", "patient_id", "P0004", pfs_days_ema=77)
    changes = differences(tmp_path, tables, new)
    assert rows(changes, "endpoints") == []
    assert changes["further"] == ["Of 1 further patient only sensitivity variants or notes moved (P0004)."]


def test_a_data_cut_and_rules_stand_behind_endpoints(tmp_path: Path, tables: Tables):
    before = state_of(tmp_path / "trial", tables)
    after = json.loads(json.dumps(before))
    after["rules"]["data_cutoff"] = "2025-01-01"
    after["rules"]["confirmation"]["minimum_days"] = 35
    after["endpoints"]["P0001"]["os_days"] = "999"
    changes = compare_runs(entry(before), entry(after))
    assert rows(changes, "endpoints")[0][-1] == (
        "data cut-off moved from none to 2025-01-01; rules of the endpoints changed"
    )
    assert any("confirmation.minimum_days: 28 became 35" in sentence for sentence in changes["sentences"])


def test_rows_are_told_added_removed_or_corrected():
    from anpi.ledger.reasons import row_words

    before = {"columns": {}, "rows": {"assessments": ["a", "b", "b"], "lesions": ["x"]}}
    after = {"columns": {}, "rows": {"assessments": ["a", "b", "c", "d"]}}
    assert row_words(before, after) == ["assessments: 1 row corrected and 1 row added", "lesions: 1 row removed"]


@pytest.mark.parametrize(
    ("was", "now", "move"),
    [
        ((100, 0), (140, 1), "now an event"),
        ((100, 1), (100, 0), "no longer an event"),
        ((100, 0), (150, 0), "followed longer"),
        ((150, 0), (100, 0), "followed shorter"),
        ((100, 1), (90, 1), "event earlier"),
        ((90, 1), (100, 1), "event later"),
        (None, (90, 1), "now known"),
        ((90, 1), None, "no longer known"),
        ((90, 1), (90, 1), "other reason"),
        (None, None, "other reason"),
    ],
)
def test_each_kind_of_move_has_its_name(was: Any, now: Any, move: str):
    states = [{} if item is None else {"os_days": str(item[0]), "os_event": str(item[1])} for item in (was, now)]
    assert move_of("os", states[0], states[1]) == move


@pytest.mark.parametrize(
    ("was", "now", "crosses"),
    [(0.06, 0.04, True), (0.04, 0.06, True), (0.04, 0.01, False), (0.5, 0.06, False), (0.04, 0.05, True)],
)
def test_an_adjusted_p_that_crosses_the_declared_level_is_named(was: float, now: float, crosses: bool):
    rows_of_p = ({"p_adjusted": str(was), "p": "0.001"}, {"p_adjusted": str(now), "p": "0.9"})
    assert bool(crossing_words(*rows_of_p, 0.05, 0.05)) is crosses
    assert not crossing_words({"p": "0.001"}, {"p": "0.9"}, 0.05, 0.05)


@pytest.mark.parametrize(
    ("was", "now", "levels", "words"),
    [
        ("0.03", None, (0.05, 0.05), "the adjusted p, 0.03 and below the declared 0.05 before, is not there any more"),
        (None, "0.03", (0.05, 0.05), "an adjusted p, 0.03, that was not there before, is below the declared 0.05"),
        ("0.3", None, (0.05, 0.05), ""),
        (None, "0.3", (0.05, 0.05), ""),
        ("0.07", "0.07", (0.05, 0.1),
         "the adjusted p, 0.07 before and 0.07 now, is below the declared 0.1 (0.05 before)"),
        ("0.31", "0.04998", (0.05, 0.05), "the adjusted p, 0.31 before and 0.04998 now, is below the declared 0.05"),
    ],
)  # fmt: skip
def test_a_p_that_came_went_or_met_another_level_is_named(was: Any, now: Any, levels: tuple[float, float], words: str):
    cells = [None if p is None else {"p_adjusted": p} for p in (was, now)]
    assert crossing_words(*cells, levels[1], levels[0]) == words
    cells = [{} if p is None else {"p_adjusted": p} for p in (was, now)]
    assert crossing_words(*cells, levels[1], levels[0]) == words


def test_another_declared_level_names_the_results_that_crossed_it(tmp_path: Path, tables: Tables):
    before = state_of(tmp_path / "trial", tables)
    before["results"] = [row | {"p_adjusted": "0.07"} if "p_adjusted" in row else row for row in before["results"]]
    after = json.loads(json.dumps(before))
    after["plan"]["alpha"] = 0.1
    changes = compare_runs(entry(before), entry(after))
    assert len(rows(changes, "results")) == sum("p_adjusted" in row for row in before["results"]) > 0
    assert all(row[4].endswith("is below the declared 0.1 (0.05 before)") for row in rows(changes, "results"))


def test_a_sample_that_became_another_patients_is_said(tmp_path: Path, tables: Tables):
    new = changed(tables, "samples", "sample_id", "P0002-B", patient_id="P0004")
    changes = differences(tmp_path, tables, new)
    assert rows(changes, "people") == [["P0004", "P0002-B", "moved", "was a sample of P0002"]]
    assert "Sample P0002-B was of patient P0002 and is now of P0004." in changes["sentences"]


def test_arm_sex_and_other_cells_are_said_though_nothing_moved_with_them(tmp_path: Path, tables: Tables):
    sex = tables["patients"].set_index("patient_id").loc["P0002", "sex"]
    new = changed(tables, "patients", "patient_id", "P0001", arm="another")
    new = changed(new, "patients", "patient_id", "P0002", sex={"F": "M", "M": "F"}[sex])
    new = changed(new, "samples", "sample_id", "P0004-B", batch="B9")
    changes = differences(tmp_path, tables, new)
    assert rows(changes, "corrections") == [
        ["P0001", "none", "patients: arm corrected or filled in"],
        ["P0002", "none", "patients: sex corrected or filled in"],
        ["P0004", "P0004-B", "the sample sheet: batch corrected or filled in"],
    ]
    assert "The arm of 1 patient is another one (P0001)." in changes["sentences"]
    assert "The sex of 1 patient is another one (P0002)." in changes["sentences"]
    assert "Rows or reads differ of 2 patients and 1 sample in both." in changes["further"]


def test_another_matrix_stands_behind_calls_that_moved_and_behind_no_others(tmp_path: Path, tables: Tables):
    before = state_of(tmp_path / "trial", tables)
    after = json.loads(json.dumps(before))
    before["inputs"]["expression.matrix"], after["inputs"]["expression.matrix"] = "a", "b"
    after["samples"]["P0001-B"] |= {"subtype": "I", "call": "lean"}
    changes = compare_runs(entry(before), entry(after))
    assert [row[:2] + row[5:6] for row in rows(changes, "calls")] == [["P0001", "P0001-B", "other matrix"]]
    assert rows(changes, "corrections") == []


def test_a_verdict_is_not_its_own_reason(tmp_path: Path, tables: Tables):
    new = changed(tables, "verdicts", "sample_id", "P0001-B", verdict="warn", reasons="looks like P0005-B")
    assert rows(differences(tmp_path, tables, new), "calls")[0][5] == NOT_EXPLAINED
    sex = tables["patients"].set_index("patient_id").loc["P0001", "sex"]
    new = changed(new, "patients", "patient_id", "P0001", sex={"F": "M", "M": "F"}[sex])
    assert rows(differences(tmp_path, tables, new), "calls")[0][5] == "patients: sex corrected or filled in"


def test_other_software_is_named_beside_the_rows_that_differ(tmp_path: Path, tables: Tables):
    new = changed(tables, "endpoints", "patient_id", "P0004", os_days=1)
    new = changed(new, "patients", "patient_id", "P0004", age=50)
    before, after = state_of(tmp_path / "trial", tables), state_of(tmp_path / "trial", new)
    after["software"]["commit"] = "another"  # with the same code
    found = [rows(compare_runs(entry(before), entry(after)), "endpoints")[0][-1]]
    after["software"]["code"] = "another"
    found.append(rows(compare_runs(entry(before), entry(after)), "endpoints")[0][-1])
    words = "patients: age corrected or filled in"
    assert found == [words, f"{words}; other software"]


def test_a_new_cut_of_each_patient_is_no_correction():
    from anpi.ledger.reasons import row_words

    for name in ("cutoff_date", "cutoff_day"):
        states = [{"columns": {name: digest, "age": "a"}, "rows": {}} for digest in ("x", "y")]
        assert row_words(*states) == ["the patient's own data cut-off moved"]


def test_the_order_of_questions_is_part_of_the_plan(tmp_path: Path, tables: Tables):
    before = state_of(tmp_path / "trial", tables)
    after = json.loads(json.dumps(before))
    after["plan"]["families"].reverse()
    names_now = ", ".join(family["family"] for family in after["plan"]["families"])
    assert len(after["plan"]["families"]) > 1
    changes = compare_runs(entry(before), entry(after))
    assert rows(changes, "plan") == [["plan", f"the order of families became {names_now}"]]


def test_a_result_that_moved_stands_from_and_to_and_the_others_do_not(tmp_path: Path, tables: Tables):
    new = dict(tables)
    new["results"] = tables["results"].copy()
    new["results"].loc[2, ["estimate", "ci_low", "ci_high"]] = [0.5, 0.2, 1.25]
    new["results"].loc[0, ["p", "p_adjusted"]] = [0.04, 0.04]
    found = rows(differences(tmp_path, tables, new), "results")
    where = "(pfs_by_subtype, subtype_evaluable)"
    assert found == [
        [
            "primary", f"PFS by subtype against A {where}", "chi-square 2.1, p 0.31", "chi-square 2.1, p 0.04",
            "the adjusted p, 0.31 before and 0.04 now, is below the declared 0.05",
        ],
        ["primary", f"PFS by subtype I against A {where}", "HR 0.42 (0.15 to 1.21), p 0.29, adjusted 0.31",
         "HR 0.5 (0.2 to 1.25), p 0.29, adjusted 0.31", "none"],
    ]  # fmt: skip


def test_a_question_that_is_only_described_now_was_in_the_results(tmp_path: Path, tables: Tables):
    new = dict(tables)
    new["results"] = tables["results"].copy()
    gone = ["effect", "estimate", "ci_low", "ci_high", "p", "p_adjusted"]
    new["results"].loc[[0, 2], gone] = None
    found = rows(differences(tmp_path, tables, new), "results")
    where = "(pfs_by_subtype, subtype_evaluable)"
    counts = [f"described, {int(n)} patients" for n in tables["results"].loc[[0, 2], "n"]]
    assert [row[1:4] for row in found] == [
        [f"PFS by subtype against A {where}", "chi-square 2.1, p 0.31", counts[0]],
        [f"PFS by subtype I against A {where}", "HR 0.42 (0.15 to 1.21), p 0.29, adjusted 0.31", counts[1]],
    ]


def test_a_primary_result_that_crossed_is_told_before_any_number_of_others(tmp_path: Path, tables: Tables):
    before = state_of(tmp_path / "trial", tables)
    row = next(row for row in before["results"] if row["tier"] == "primary" and "p_adjusted" in row)
    others = [row | {"entry": f"a{n}", "tier": "exploratory"} for n in range(9)]
    before["results"] = [row | {"p_adjusted": "0.2"} for row in (*others, row)]
    after = json.loads(json.dumps(before))
    after["results"] = [row | {"p_adjusted": "0.01"} for row in after["results"]]
    told = [line for line in compare_runs(entry(before), entry(after))["sentences"] if "0.01 now" in line]
    assert len(told) == 6
    assert "(primary): the adjusted p, 0.2 before and 0.01 now" in told[0]


def test_a_question_that_was_renamed_is_one_gone_and_one_new(tmp_path: Path, tables: Tables):
    new = dict(tables)
    new["results"] = tables["results"].replace({"entry": {"pfs_by_subtype": "other_name"}})
    found = rows(differences(tmp_path, tables, new), "results")
    renamed = tables["results"]["entry"].eq("pfs_by_subtype").sum()
    assert len(found) == 2 * renamed
    assert sum(row[2] == "not in the results" for row in found) == renamed
    assert sum(row[3] == "not in the results" for row in found) == renamed


def test_other_packages_are_named(tmp_path: Path, tables: Tables):
    before = state_of(tmp_path / "trial", tables)
    after = json.loads(json.dumps(before))
    after["software"]["pandas"] = "9.9"
    changes = compare_runs(entry(before), entry(after))
    assert names(changes) == {"software"}
    assert rows(changes, "software") == [["pandas", f'"{before["software"]["pandas"]}" became "9.9"']]


def test_a_state_tells_no_place_no_user_and_no_date_of_today(tmp_path: Path, tables: Tables):
    import datetime
    import getpass
    import platform

    text = json.dumps(state_of(tmp_path / "trial", tables))
    for word in (str(tmp_path), str(ROOT), platform.node(), datetime.date.today().isoformat()):
        assert word not in text
    assert f'"{getpass.getuser()}"' not in text
    assert "/home/" not in text


def test_the_program_compares_folders_and_entries_as_the_report_does(tmp_path: Path, tables: Tables):
    old = finish(tmp_path / "old", tables)
    new = finish(tmp_path / "old", without(tables, "P0003"))
    shown = json.loads((new / "ledger" / "changes.json").read_text())
    paths = [old / "ledger" / name for name in sorted(p.name for p in (old / "ledger").glob("000*.json"))]
    program = [python(), str(ROOT / "scripts" / "compare_runs.py")]
    pair = [str(paths[0]), str(new)]
    told = subprocess.run([*program, *pair, "--json"], capture_output=True, text=True, check=True).stdout
    assert json.loads(told)["sections"] == shown["sections"]
    text = subprocess.run([*program, *map(str, paths)], capture_output=True, text=True, check=True).stdout
    assert "run 1 of 2026-03-01" in text
    assert "- Patients: 1 withdrawn (P0003); now 7." in text
    broken = subprocess.run([*program, str(tmp_path), str(new)], capture_output=True, text=True, check=False)
    assert broken.returncode == 2
    assert "Traceback" not in broken.stderr


def test_texts_of_the_user_steer_no_terminal(tmp_path: Path, tables: Tables):
    said = text_of(differences(tmp_path, tables, tables) | {"sentences": ["\x1b]0;title\x07"]}, "title")
    assert r"\x1b]0;title\x07" in said
    assert all(character.isprintable() or character == "\n" for character in said)


def test_a_table_with_signs_that_steer_a_terminal_is_refused(tmp_path: Path, tables: Tables):
    new = changed(tables, "verdicts", "sample_id", "P0001-B", verdict="warn", reasons="by hand: \x1b[31mred")
    with pytest.raises(InputError, match=r"row 2, column reasons: a character that cannot be seen \(U\+001B\)"):
        differences(tmp_path, tables, new)


def test_a_ledger_of_a_big_trial_stays_small(tmp_path: Path):
    tables = make_tables(1000)
    state = state_of(tmp_path / "trial", tables)
    record(tmp_path / "ledger", state)
    compare_runs(entry(state), entry(json.loads(json.dumps(state)) | {"models": []}))
    assert len(json.dumps(state)) < 2_000 * len(tables["patients"])


def test_a_run_of_clinical_tables_alone_and_one_that_gains_expression(tmp_path: Path, tables: Tables):
    alone = state_of(tmp_path / "trial", tables, samples=None)
    assert (alone["samples"], alone["models"], alone["reference"]) == ({}, [], None)
    changes = compare_runs(entry(alone), entry(state_of(tmp_path / "trial", tables)))
    assert [row[2] for row in rows(changes, "people")] == ["added"] * 7
    assert "Samples: 7 added" in changes["sentences"][0]
