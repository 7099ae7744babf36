"""Who is randomised, treated and evaluable on the data cut-off, and the rates of each population."""

from __future__ import annotations

import pandas as pd
import pytest
from unit.endpoints.small_trial import Derived, Trial, scans_of

from anpi.endpoints.rates import rate_table
from anpi.endpoints.rules import make_rules


def populations(found: Derived, patient: str) -> tuple[str, str, str]:
    row = found[patient]
    return row["randomised"], row["treated"], row["response_evaluable"]


def none(value: object) -> bool:
    return bool(pd.isna(value))


@pytest.mark.parametrize("as_days", [False, True])
def test_treatment_that_starts_after_the_cut_off_is_no_treatment_yet(as_days, tmp_path):
    """P starts 60 days after Q, 20 after the cut-off: neither in the rates nor in PFS, and the reason says so."""
    trial = Trial(tmp_path)
    if as_days:
        trial = Trial(tmp_path, as_days=True)
        trial.patient("P", last_alive_at=90, cutoff_at=-20)
        trial.patient("Q", last_alive_at=90, cutoff_at=40)
    else:
        trial.patient("P", treatment_start_at=60, last_alive_at=150)
        trial.patient("Q", last_alive_at=90)
    trial.scans("Q", scans_of("30:SD"))
    settings = {} if as_days else {"data_cutoff": "2024-02-10"}
    found = trial.derive(**settings)
    assert populations(found, "P") == ("no", "no", "no")
    assert populations(found, "Q") == ("no", "yes", "yes")
    assert all(none(found["P"][name]) for name in ("pfs_days", "os_days", "response", "bor"))
    assert found["P"]["population_reason"] == "not treated: treatment began after the data cut-off"
    rates = rate_table(found.table, make_rules(settings))
    assert set(rates.loc[rates["population"] == "all treated", "n"]) == {1}


def test_a_start_on_the_cut_off_is_one(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=90)
    found = trial.derive(data_cutoff="2024-01-01")
    assert populations(found, "P") == ("no", "yes", "no")
    assert found["P"]["os_days"] == 1


def randomised(trial: Trial) -> None:
    """P1 in order; P2 never treated; P3 treated without a randomisation date; P4 treated, P5 randomised, both later."""
    trial.patient("P1", randomisation_at=-4, last_alive_at=90)
    trial.patient("P2", randomisation_at=-4, treatment_start_at=None, last_alive_at=40)
    trial.patient("P3", randomisation_at=None, last_alive_at=90)
    trial.patient("P4", randomisation_at=90, treatment_start_at=101, last_alive_at=200)
    trial.patient("P5", randomisation_at=101, treatment_start_at=110, last_alive_at=200)
    for patient in ("P1", "P3"):
        trial.scans(patient, scans_of("42:PR 84:PR"))


@pytest.mark.parametrize("reference", ["randomisation", "treatment_start"])
def test_populations_of_a_randomised_trial(reference, tmp_path):
    trial = Trial(tmp_path)
    randomised(trial)
    settings = {"reference": reference, "data_cutoff": "2024-04-10"}  # day 101
    found = trial.derive(**settings)
    expected = {
        "P1": ("yes", "yes", "yes"),
        "P2": ("yes", "no", "no"),
        "P3": ("no", "yes", "no" if reference == "randomisation" else "yes"),
        "P4": ("yes", "no", "no"),
        "P5": ("no", "no", "no"),
    }
    assert {patient: populations(found, patient) for patient in expected} == expected
    reason = found["P3"]["population_reason"]
    assert reason == "treated; not randomised: no randomisation date"
    assert found["P2"]["population_reason"] == "not treated: no treatment start date; randomised"
    if reference == "randomisation":
        assert found["P3"]["pfs_reason"] == "not randomised: no randomisation date"
    rates = rate_table(found.table, make_rules(settings))
    rates = rates[(rates["arm"] == "all") & (rates["measure"] == "ORR")].set_index("population")
    hits = 1 if reference == "randomisation" else 2
    assert rates.loc["all randomised", ["events", "n"]].tolist() == [1, 3]
    assert rates.loc["all treated", ["events", "n"]].tolist() == [hits, 2]
    assert "randomisation_missing" in found.rules_asked("P3")
    assert "randomisation_missing" not in found.rules_asked("P2")
    assert "no_scan" not in found.rules_asked("P3")  # there are scans, but no date to count them from


def test_times_of_all_randomised_count_from_randomisation(tmp_path):
    trial = Trial(tmp_path)
    randomised(trial)
    for reference, n in (("randomisation", [4]), ("treatment_start", [])):
        found = trial.derive(reference=reference)
        rates = rate_table(found.table, make_rules({"reference": reference}))
        rows = rates[(rates["arm"] == "all") & (rates["measure"] == "OS_median")]
        assert rows.loc[rows["population"] == "all randomised", "n"].tolist() == n


def test_a_trial_without_randomisation_has_nobody_randomised_and_no_word_about_it(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", last_alive_at=90)
    found = trial.derive()
    assert populations(found, "P") == ("no", "yes", "no")
    assert found["P"]["population_reason"] == "treated"
    assert "all randomised" not in set(rate_table(found.table, make_rules({}))["population"])


def supplied(tmp_path, dated: bool, **row: object) -> Derived:
    trial = Trial(tmp_path)
    trial.patient("P", treatment_start_at=None, **row)
    trial.patient("Q", treatment_start_at=0 if dated else None)
    return trial.derive()


@pytest.mark.parametrize("dated", [True, False])
def test_pfs_of_the_sponsor_stands_for_a_start_of_treatment(dated, tmp_path):
    assert supplied(tmp_path, dated, pfs_days=90, pfs_event=1)["P"]["treated"] == "yes"


@pytest.mark.parametrize("dated", [True, False])
def test_os_of_the_sponsor_does_only_where_nobody_has_a_start(dated, tmp_path):
    assert supplied(tmp_path, dated, os_days=90, os_event=1)["P"]["treated"] == ("no" if dated else "yes")


def test_no_response_of_anybody_is_no_rate_of_zero(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P", pfs_days=90, pfs_event=1)
    table = rate_table(trial.derive().table, make_rules({}))
    assert table.loc[table["measure"] == "ORR", "estimate"].isna().all()
