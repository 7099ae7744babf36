"""What a test could have shown: the power is there in fresh trials, in small and unequal groups with censoring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from anpi.association import detectable
from anpi.association.detectable import detectable_table
from anpi.association.engine import run_plan
from anpi.association.plan import read_plan
from anpi.stats.cox import fit_firth_cox
from anpi.stats.permutation import permute_logrank
from anpi.stats.power import detectable_by_simulation, simulated_power


def one_trial(rng, group, ratios, longest):
    hazard = np.array([ratios.get(g, 1.0) for g in group]) / 200
    time, end = rng.exponential(1 / hazard), rng.uniform(60, longest, len(group))
    return np.minimum(time, end), (time <= end).astype(int)


@pytest.mark.parametrize(("sizes", "above"), [((35, 8), 0), ((35, 8), 1), ((18, 10, 5, 7), 1)])
def test_power_of_a_small_group_is_real(sizes, above):
    """The smallest group; 250 fresh trials, tested by permutation."""
    group = np.repeat(list("ABCD")[: len(sizes)], sizes)
    small, rng = "ABCD"[int(np.argmin(sizes))], np.random.default_rng(4)
    data = *one_trial(rng, group, {}, 900), group, None
    ratios = detectable_by_simulation(*data, trials=2000, seed=1)
    ratio = ratios[small][above]
    trials = 250
    fresh = (one_trial(rng, group, {small: ratio}, 900) for _ in range(trials))
    shown = sum(permute_logrank(*f, group, permutations=199, seed=i).p <= 0.05 for i, f in enumerate(fresh))
    assert shown / trials == pytest.approx(0.8, abs=0.09)
    assert simulated_power(data, ratios, trials=2000, seed=9)[small][above] == pytest.approx(0.8, abs=0.07)


@pytest.mark.parametrize(("count", "above"), [(12, 1), (30, 0)])
def test_power_of_a_score_is_real(count, above):
    """200 fresh trials of few patients, by the test that is made; a formula's ratios are shown in 45 and 65%."""
    rng = np.random.default_rng(6)
    score = rng.normal(size=count)
    z = pd.DataFrame({"score": (score - score.mean()) / score.std(ddof=1)})
    unit, end = rng.exponential(200, count), rng.uniform(300, 900, count)
    data = np.minimum(unit, end), (unit <= end).astype(int), score, None
    ratio = detectable_by_simulation(*data, trials=2000, seed=1, score=True)[None][above]
    assert simulated_power(data, {None: [ratio]}, trials=2000, seed=9, score=True)[None][0] == pytest.approx(
        0.8, abs=0.07
    )
    trials, shown = 200, 0
    for _ in range(trials):
        died, end = rng.exponential(200, count) / ratio ** z["score"], rng.uniform(300, 900, count)
        shown += fit_firth_cox(np.minimum(died, end), died <= end, z, patients=count).p[0] < 0.05
    assert shown / trials == pytest.approx(0.8, abs=0.12)


def test_a_group_that_does_well_has_few_events_and_shows_less():
    """Five of forty with short follow-up: no protective effect, however large, would be shown."""
    group = np.repeat(["A", "B"], [35, 5])
    time, event = one_trial(np.random.default_rng(5), group, {}, 200)
    below, above = detectable_by_simulation(time, event, group, seed=1)["B"]
    assert np.isnan(below)
    assert 3 < above < 12


def found(plan, trial):
    return detectable_table(plan, trial, None, run_plan(plan, trial))


def split_plan(tmp_path, share: float, multiplicity: str = "holm", **entry):
    """A primary question on a share of alpha, the rest kept for another family."""
    question = {"entry": "main", "endpoints": ["pfs"], "biomarker": "arm", "set": "all_treated"} | entry
    other = {"entry": "other", "endpoints": ["os"], "biomarker": "arm", "set": "all_treated"}
    families = [
        {"family": "primary", "tier": "primary", "alpha_share": share, "entries": [question]}
        | {"multiplicity": multiplicity},
        {"family": "other", "tier": "exploratory", "entries": [other]},
    ]
    path = tmp_path / "split.yaml"
    path.write_text(yaml.safe_dump({"families": families, "permutations": 999}))
    return read_plan(path)


def test_a_share_of_alpha_shows_less(tmp_path, trial_of, monkeypatch):
    """At 1% a score needs exp((2.5758 + 0.8416) / sqrt(events)), as Hsieh and Lavori have it; at 5% 1.96."""
    trial = trial_of(count=60, seed=2)
    monkeypatch.setattr(detectable, "MOST_SIMULATED", 0)
    score = {"biomarker": "columns", "columns": ["teff"]}
    for share, quantile in ((1.0, 1.959964), (0.2, 2.575829)):
        row = found(split_plan(tmp_path, share, **score), trial).iloc[0]
        assert row["hr_above"] == pytest.approx(np.exp((quantile + 0.841621) / np.sqrt(row["events"])), rel=1e-4)
    monkeypatch.undo()
    whole, fifth = (found(split_plan(tmp_path, share), trial).iloc[0] for share in (1.0, 0.2))
    assert fifth["hr_above"] > 1.1 * whole["hr_above"]
    assert fifth["hr_below"] < whole["hr_below"] / 1.1


@pytest.mark.parametrize(("multiplicity", "quantile"), [("holm", 2.241403), ("none", 1.959964)])
def test_tests_that_are_adjusted_for_each_other_show_less(tmp_path, trial_of, monkeypatch, multiplicity, quantile):
    """One of two tests under Holm is sure to be shown below 0.025 alone (Hsieh and Lavori: its quantile)."""
    monkeypatch.setattr(detectable, "MOST_SIMULATED", 0)
    score = {"biomarker": "columns", "columns": ["teff", "age"]}
    table = found(split_plan(tmp_path, 1.0, multiplicity, **score), trial_of(count=60, seed=2))
    assert table["biomarker"].tolist() == ["teff", "age"]
    assert table["hr_above"].tolist() == pytest.approx(
        np.exp((quantile + 0.841621) / np.sqrt(table["events"])), rel=1e-4
    )
    assert table["alpha"].tolist() == [0.025 if multiplicity == "holm" else 0.05] * 2


def test_a_test_that_was_not_made_shows_nothing(tmp_path, trial_of):
    trial = trial_of(count=60, seed=2)
    assert found(split_plan(tmp_path, 1.0, minimum_events=500), trial).empty
    few = split_plan(tmp_path, 1.0, biomarker="columns", columns=["teff", "alike"])
    alone = found(few, replace(trial, patients=trial.patients.assign(alike=1.0)))
    assert alone["alpha"].tolist() == [0.05], "what was not tested takes no part of alpha"


def test_two_groups_have_one_row(plan_of, trial_of):
    trial = trial_of(count=60, seed=2)
    assert len(found(plan_of(), trial)) > 2
    calls = trial.calls.assign(subtype=trial.calls["subtype"].where(trial.calls["subtype"].eq("A"), "N"))
    table = found(plan_of(), replace(trial, calls=calls))
    assert len(table) == 1
    row = table.iloc[0]
    assert row["n"] < row["total"]
    assert row[["power_below", "power_above"]].tolist() == pytest.approx([0.8, 0.8], abs=0.08)
