"""The program as a user runs it: its tables, supplied endpoints, rates and bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from small_trial import Trial, scans_of
from warm import python

from anpi.endpoints.derive import derive_endpoints
from anpi.endpoints.observations import observe
from anpi.endpoints.rates import rate_table
from anpi.endpoints.rules import DEFAULT, make_rules, read_rules
from anpi.tables.clinical import read_clinical
from anpi.tables.schema import load_yaml

ROOT = Path(__file__).resolve().parents[3]


def run(folder: Path, tables: dict[str, Path], *more: str, name: str = "out") -> Path:
    command = [python(), str(ROOT / "scripts" / "derive_endpoints.py"), "--out-dir", str(folder / name), *more]
    for table, path in tables.items():
        command += [f"--{table.replace('_', '-')}", str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert " patients, " in done.stderr
    return folder / name


def small(folder: Path, as_days: bool = False) -> Trial:
    trial = Trial(folder, as_days)
    trial.patient("P1", arm="A", last_alive_at=250)
    trial.scans("P1", scans_of("42:PR 84:PR 126:PR"))
    trial.patient("P2", arm="A", death_at=140, last_alive_at=140)
    trial.scans("P2", scans_of("42:SD 84:PD"))
    trial.patient("P3", arm="B", death_at=20, last_alive_at=20)
    trial.patient("P4", arm="B", treatment_start_at=None)
    trial.patient("P5", arm="B", last_alive_at=90)
    trial.scans("P5", scans_of("42:NE 84:PR"))
    trial.add("therapies", patient_id="P5", start_at=100, name="topotecan")
    return trial


def test_tables_of_the_contract(tmp_path):
    out = run(tmp_path, small(tmp_path).write())
    tables = ("endpoints", "timepoints", "queries", "concordance", "estimands", "rates")
    names = {f"{table}.tsv" for table in tables} | {"adtte.csv", "adrs.csv"}
    assert {path.name for path in out.iterdir()} == names
    endpoints = pd.read_csv(out / "endpoints.tsv", sep="\t").set_index("patient_id")
    assert list(endpoints.index) == ["P1", "P2", "P3", "P4", "P5"]
    # reckoned by hand from the scans
    assert endpoints["bor"].fillna("").tolist() == ["PR", "SD", "NE", "", "PR"]
    assert endpoints["cbor"].fillna("").tolist() == ["PR", "SD", "NE", "", "SD"]
    assert endpoints["response"].fillna("").tolist() == ["Y", "N", "N", "", "N"]
    assert endpoints["disease_control"].fillna("").tolist() == ["Y", "Y", "N", "", "Y"]
    assert endpoints["pfs_days"].fillna(0).tolist() == [127, 85, 21, 0, 85]
    assert endpoints["pfs_event"].fillna(-1).tolist() == [0, 1, 1, -1, 0]
    assert endpoints["os_days"].fillna(0).tolist() == [251, 141, 21, 0, 101]  # P5: alive at the therapy of day 101
    assert endpoints["dor_days"].fillna(0).tolist() == [85, 0, 0, 0, 0]
    assert endpoints["ttr_days"].fillna(0).tolist() == [43, 0, 0, 0, 0]
    assert endpoints["follow_up_event"].fillna(-1).tolist() == [1, 0, 0, -1, 1]
    assert endpoints["response_evaluable"].tolist() == ["yes", "yes", "no", "no", "yes"]
    assert endpoints.loc["P4", "pfs_reason"] == "not treated: no treatment start date"
    assert endpoints.loc["P1", "pfs_source"] == "assessments row 4"
    assert endpoints.loc["P1", "pfs_date"] == "2024-05-06"
    adtte = pd.read_csv(out / "adtte.csv").set_index(["PARAMCD", "USUBJID"]).sort_index()
    assert adtte.loc[("PFS", "P2"), ["CNSR", "AVAL", "ADT"]].tolist() == [0, 85, "2024-03-25"]
    assert adtte.loc[("DOR", "P1"), ["CNSR", "AVAL", "STARTDT"]].tolist() == [1, 85, "2024-02-12"]
    adrs = pd.read_csv(out / "adrs.csv").set_index(["PARAMCD", "USUBJID"]).sort_index()
    assert adrs.loc[("CBOR", "P1"), "AVALC"].tolist() == ["PR"]
    assert adrs.loc[("IBOR", "P2"), ["AVALC", "ADY"]].to_numpy().tolist() == [["iSD", 43]]
    assert adtte.loc[("IPFS", "P2"), ["CNSR", "AVAL"]].tolist() == [0, 85]
    timepoints = pd.read_csv(out / "timepoints.tsv", sep="\t")
    assert timepoints["assessment_day"].tolist() == [43, 85, 127, 43, 85, 43, 85]


def test_same_bytes_again_and_days_give_the_same(tmp_path):
    dates = small(tmp_path)
    first, again = run(tmp_path, dates.write()), run(tmp_path, dates.write(), name="again")
    for path in first.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()
    days = run(tmp_path, small(tmp_path, as_days=True).write(), name="days")
    for name in ("endpoints.tsv", "timepoints.tsv", "queries.tsv", "rates.tsv"):
        one, other = (pd.read_csv(folder / name, sep="\t") for folder in (first, days))
        dated = [column for column in one if "_date" in column]
        pd.testing.assert_frame_equal(one.drop(columns=dated), other.drop(columns=dated))


def test_endpoints_that_the_sponsor_supplied_stand_without_scans(tmp_path):
    (tmp_path / "patients.csv").write_text(
        "patient_id,arm,pfs_days,pfs_event,os_days,os_event,bor\n"
        "P1,A,91.3,1,200,0,PR\nP2,A,,,150,1,\nP3,B,30,0,30,0,PD\n"
    )
    out = run(tmp_path, {"patients": tmp_path / "patients.csv"})
    endpoints = pd.read_csv(out / "endpoints.tsv", sep="\t").set_index("patient_id")
    assert endpoints.loc["P1", ["pfs_days", "pfs_event", "cbor", "response"]].tolist() == [91.3, 1, "PR", "Y"]
    assert endpoints.loc["P1", "pfs_reason"].startswith("as supplied in patients (event)")
    assert endpoints.loc["P2", ["pfs_days", "bor", "response"]].isna().all()
    assert endpoints.loc["P2", "pfs_reason"] == "no assessments were given"
    assert endpoints["os_event"].tolist() == [0, 1, 0]
    queries = pd.read_csv(out / "queries.tsv", sep="\t")
    assert queries["rule"].tolist() == ["days_with_fractions", "group_of_one"]


def test_derived_wins_over_supplied_and_asks(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=90, pfs_days=99, pfs_event=1, bor="PR")
    trial.scans("P", scans_of("42:SD 84:PD"))
    found = trial.derive()
    assert (found["P"]["pfs_days"], found["P"]["bor"]) == (85, "SD")
    assert {"pfs_differs", "bor_differs"} <= found.rules_asked("P")


def test_os_is_supplied_when_nobody_told_who_lives(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", os_days=300, os_event=1)
    trial.scans("P", scans_of("42:SD"))
    found = trial.derive()["P"]
    assert (found["os_days"], found["os_event"]) == (300, 1)
    assert found["pfs_days"] == 43


def test_reference_can_be_randomisation(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", randomisation_at=-3, last_alive_at=90)
    trial.scans("P", scans_of("42:PR 84:PR"))
    for as_days in (False, True):
        trial = Trial(tmp_path, as_days)
        trial.patient("P", randomisation_at=-3, last_alive_at=90)
        trial.scans("P", scans_of("42:PR 84:PR"))
        found = trial.derive(reference="randomisation")["P"]
        assert (found["pfs_days"], found["os_days"], found["ttr_days"]) == (88, 94, 46)


def test_evaluator_is_chosen_by_the_rules(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=90)
    for evaluator, response in (("central", "PD"), ("investigator", "SD")):
        trial.add("assessments", patient_id="P", assessment_at=42, overall_response=response, evaluator=evaluator)
    assert trial.derive(evaluator="central")["P"]["pfs_event"] == 1
    assert trial.derive(evaluator="investigator")["P"]["pfs_event"] == 0


def test_rates_of_the_treated_hold_nobody_who_was_randomised_and_never_treated(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1", randomisation_at=-4, last_alive_at=90)
    trial.patient("P2", randomisation_at=-4, treatment_start_at=None, last_alive_at=40)
    trial.scans("P1", scans_of("42:PR 84:PR"))
    rules = tmp_path / "rules.yaml"
    rules.write_text("reference: randomisation\n")
    out = run(tmp_path, trial.write(), "--rules", str(rules))
    rates = pd.read_csv(out / "rates.tsv", sep="\t")
    assert set(rates.loc[rates["population"] == "all treated", "n"]) == {1}
    assert len(pd.read_csv(out / "endpoints.tsv", sep="\t")) == 2


def test_the_treatment_of_adam_is_the_one_that_was_given(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P1", arm="A", arm_received="B", randomisation_at=-4, last_alive_at=90)
    trial.patient("P2", arm="A", randomisation_at=-4, treatment_start_at=None, last_alive_at=40)
    trial.patient("P3", arm="A", randomisation_at=-4, last_alive_at=90)
    trial.scans("P1", scans_of("42:PR 84:PR"))
    rules = tmp_path / "rules.yaml"
    rules.write_text("reference: randomisation\n")
    out = run(tmp_path, trial.write(), "--rules", str(rules))
    for name, rows in (("adtte", "PARAMCD == 'OS'"), ("adrs", "PARAMCD == 'CBOR'")):
        table = pd.read_csv(out / f"{name}.csv").query(rows).set_index("USUBJID")["TRT01A"]
        assert table.fillna("none").to_dict() == {"P1": "B", "P2": "none", "P3": "A"}
    assert pd.read_csv(out / "endpoints.tsv", sep="\t")["arm"].tolist() == ["A", "A", "A"]


def test_rates_state_their_denominators(tmp_path):
    """Exact intervals of 1 of 4 and 1 of 3 (R: binom.test), the median of 21 and 85 days with two censored."""
    trial = small(tmp_path)
    clinical = read_clinical(trial.write())
    rules = make_rules({})
    table = rate_table(derive_endpoints(clinical, observe(clinical, rules), rules), rules)
    orr = table[(table["measure"] == "ORR") & (table["arm"] == "all")].set_index("population")
    assert orr["n"].to_dict() == {"all treated": 4, "response-evaluable": 3}
    assert orr.loc["all treated", ["estimate", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [0.25, 0.006309463, 0.8058796], rel=1e-5
    )
    assert orr.loc["response-evaluable", ["ci_low", "ci_high"]].tolist() == pytest.approx(
        [0.008403759, 0.9057007], rel=1e-5
    )
    pfs = table[(table["arm"] == "all") & table["measure"].isin(["PFS_median", "PFS_rate"])]
    # S(21) = 3/4, S(85) = 3/4 * 2/3 = 1/2, and no later event: R gives 85
    assert pfs.loc[pfs["measure"] == "PFS_median", "estimate"].tolist() == [85.0]
    assert pfs.loc[pfs["measure"] == "PFS_rate", "estimate"].fillna(-1).tolist() == [0.5, -1, -1]
    assert pfs.loc[pfs["measure"] == "PFS_rate", "months"].tolist() == [3, 6, 12]
    assert set(table["arm"]) == {"all", "A", "B"}


def test_defaults_of_the_schema_are_those_of_the_file():
    assert read_rules(DEFAULT).settings == make_rules({}).settings
    assert load_yaml(DEFAULT).keys() == make_rules({}).settings.keys()


@pytest.mark.parametrize("program", ["derive_endpoints.py", "tabulate_adverse_events.py", "convert_adam.py"])
def test_help_teaches(program):
    shown = subprocess.run([python(), ROOT / "scripts" / program, "--help"], capture_output=True, text=True, check=True)
    assert "Example:" in shown.stdout


def test_wrong_table_ends_with_words(tmp_path):
    (tmp_path / "patients.csv").write_text("patient_id,arm,treatment_start_date\nP1,A,yesterday\n")
    command = [
        python(),
        ROOT / "scripts" / "derive_endpoints.py",
        "--patients",
        "patients.csv",
        "--out-dir",
        "out",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "patients.csv, row 2, column treatment_start_date: found 'yesterday'" in done.stderr
    assert "Traceback" not in done.stderr


def test_program_imports_nothing_heavy():
    code = "import sys; sys.path.insert(0, 'scripts'); import derive_endpoints; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"scanpy", "pydeseq2", "lifelines", "sksurv", "matplotlib", "pyreadstat", "scipy.stats"} & set(loaded)
