"""What a test may claim when another must pass first, and what is said where interval and p differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from anpi.association.gates import adjust_families, compare_levels
from anpi.association.plan import Plan, read_plan
from anpi.association.question import Row
from anpi.problems import InputError
from anpi.report.sentences import verdict
from anpi.stats.multiplicity import adjust

ENTRY = {"endpoints": ["pfs"], "biomarker": "subtype"}


@pytest.fixture
def families(tmp_path):
    """Read a plan of the families given, each as a dictionary without its entries."""

    def make(*names: dict) -> Plan:
        content = [{**family, "entries": [ENTRY | {"entry": f"e{i}"}]} for i, family in enumerate(names)]
        path = tmp_path / "plan.yaml"
        path.write_text(yaml.safe_dump({"families": content}))
        return read_plan(path)

    return make


PRIMARY, SECONDARY = {"family": "one", "tier": "primary"}, {"family": "two", "tier": "secondary"}


def adjusted(plan: Plan, **p: list[float]) -> dict[str, list[Row]]:
    rows = {family: [Row(family=family, p=value, method="m") for value in values] for family, values in p.items()}
    adjust_families(plan, [row for group in rows.values() for row in group])
    return rows


def values(rows: list[Row]) -> list[float]:
    return [row.p_adjusted for row in rows]


def test_secondary_questions_wait_for_the_primary_one(families):
    rows = adjusted(families(PRIMARY, SECONDARY), one=[0.2], two=[0.001, 0.01])
    assert values(rows["two"]) == [0.2, 0.2]
    assert all("gate closed: the family one did not pass (adjusted p 0.20)" in row.warnings[0] for row in rows["two"])
    rows = adjusted(families(PRIMARY, SECONDARY), one=[0.004], two=[0.001, 0.01])
    assert values(rows["two"]) == [0.004, 0.01]
    assert all(row.method.endswith("tested because the family one passed") for row in rows["two"])
    assert not rows["two"][0].warnings


def test_a_primary_test_that_was_not_made_opens_no_gate(families):
    rows = adjusted(families(PRIMARY, SECONDARY), one=[0.001, np.nan], two=[0.001])
    assert values(rows["two"]) == [1.0]
    told = verdict(pd.Series(rows["two"][0].record()), 0.05, "secondary")
    assert told == "p = 0.001, described and not tested: what must be shown first was not"


def test_the_plan_may_say_otherwise(families):
    free = families(PRIMARY, SECONDARY | {"gate": "none"})
    assert values(adjusted(free, one=[0.2], two=[0.01])["two"]) == [0.01]
    split = families(PRIMARY | {"alpha_share": 0.8}, SECONDARY | {"gate": "none", "alpha_share": 0.2})
    rows = adjusted(split, one=[0.04], two=[0.01])
    assert (values(rows["one"]), values(rows["two"])) == ([pytest.approx(0.05)], [pytest.approx(0.05)])


def test_a_fixed_sequence_ends_where_a_test_fails_or_was_not_made():
    assert adjust([0.01, 0.03, 0.2, 0.001], "fixed_sequence").tolist() == [0.01, 0.03, 0.2, 0.2]
    ended = adjust([0.01, np.nan, 0.001], "fixed_sequence")
    assert ended[[0, 2]].tolist() == [0.01, 1.0]
    assert np.isnan(ended[1])


@pytest.mark.parametrize(
    ("wrong", "changed", "words"),
    [
        ("a family waits for one that is not in the plan", {"gate": "three"}, "a family that stands before it"),
        ("a family waits for itself", {"gate": "two"}, "a family that stands before it"),
        ("shares of alpha beyond the whole", {"gate": "none", "alpha_share": 0.5}, "sum to 1 at most"),
    ],
)
def test_gates_that_cannot_be_are_refused(families, tells, wrong, changed, words):
    with pytest.raises(InputError) as fault:
        families(PRIMARY, SECONDARY | changed)
    assert words in str(fault.value)
    tells(wrong, map(str, fault.value.problems))


@pytest.mark.parametrize(
    ("method", "tier", "told"),
    [
        ("holm", "primary", False),
        ("fixed_sequence", "primary", False),
        ("none", "primary", True),
        ("bh", "secondary", True),
        ("bh", "exploratory", False),
    ],
)
def test_methods_that_do_not_hold_the_error_of_a_family_are_told(families, method, tier, told):
    plan = families({"family": "one", "tier": tier, "multiplicity": method})
    for values, several in (([0.01, 0.02], True), ([0.01], False), ([0.01, np.nan], False)):
        rows = [Row(family="one", tier=tier, p=value, method="m") for value in values]
        adjust_families(plan, rows)
        found = [w for row in rows for w in row.warnings if "tests of the family are" in w]
        assert len(found) == (len(rows) if told and several else 0)


@pytest.mark.parametrize("gate", ["auto", "none"])
def test_family_wise_error_over_both_families(families, gate):
    """With no effect anywhere, something is shown in 5% of plans with a gate, in about twice as many without."""
    rng = np.random.default_rng(1)
    plan, wrong = families(PRIMARY, SECONDARY | {"gate": gate}), 0
    for p in rng.random((4000, 4)):
        rows = adjusted(plan, one=[p[0]], two=list(p[1:]))
        wrong += any(row.p_adjusted < plan.alpha for row in [*rows["one"], *rows["two"]])
    assert (0.04 < wrong / 4000 < 0.06) == (gate == "auto")
    assert wrong / 4000 < 0.12


def claims(plan: Plan, true_nulls: set[str], trials: int = 8000) -> float:
    """Share of trials in which a true null is claimed; one test a family, the false nulls always rejected."""
    rng, wrong = np.random.default_rng(1), 0
    for p in rng.random((trials, len(plan.multiplicity))):
        found = {
            name: [value if name in true_nulls else 1e-9] for name, value in zip(plan.multiplicity, p, strict=True)
        }
        rows = adjusted(plan, **found)
        wrong += any(rows[name][0].p_adjusted < plan.alpha for name in true_nulls)
    return wrong / trials


def test_a_family_hands_on_no_more_alpha_than_it_spent(families):
    """Half of alpha passes from the primary family to `key`, the other half stays with `other`: 5%, not 7.5%."""
    half = {"gate": "none", "alpha_share": 0.5}
    chain = [PRIMARY | {"alpha_share": 0.5}, SECONDARY | half, {"family": "key", "tier": "secondary"}]
    plan = families(*chain)
    assert plan.shares == {"one": 0.5, "two": 0.5, "key": 0.5}
    assert claims(plan, {"two", "key"}) == pytest.approx(0.05, abs=0.005)
    longer = families(*chain, {"family": "last", "tier": "secondary", "gate": "key"})
    assert longer.shares["last"] == 0.5
    assert claims(longer, {"two", "last"}) == pytest.approx(0.05, abs=0.005)


def test_families_behind_one_gate_share_what_it_hands_on(families):
    shared = [{"family": name, "tier": "secondary", "alpha_share": 0.5} for name in ("two", "three")]
    assert claims(families(PRIMARY, *shared), {"two", "three"}) == pytest.approx(0.05, abs=0.005)
    one_by_one = [SECONDARY, {"family": "three", "tier": "secondary", "gate": "two"}]
    assert claims(families(PRIMARY, *one_by_one), {"two", "three"}) == pytest.approx(0.05, abs=0.005)


def test_exploratory_families_take_no_alpha(families):
    looks = [{"family": name, "tier": "exploratory", "gate": "one"} for name in ("a", "b")]
    assert families(PRIMARY, SECONDARY, *looks).shares == {"one": 1, "two": 1, "a": 1, "b": 1}


@pytest.mark.parametrize(
    ("wrong", "declared", "words"),
    [
        (
            "two families behind one gate, each with all of its alpha",
            [PRIMARY, SECONDARY, {"family": "three", "tier": "secondary"}],
            "found 'two and three behind one, with shares that sum to 2', expected a sum of 1 at most",
        ),
        (
            "a share of alpha above that of the gate",
            [PRIMARY | {"alpha_share": 0.5}, SECONDARY | {"alpha_share": 0.8}],
            "found '0.8 behind one, whose share is 0.5', expected 0.5 at most",
        ),
        (
            "a secondary family behind an exploratory one, beside a primary one with all of alpha",
            [
                PRIMARY,
                {"family": "look", "tier": "exploratory"},
                SECONDARY | {"gate": "look", "alpha_share": 0.5},
            ],
            "found 'a sum of 1.5'",
        ),
    ],
)
def test_more_alpha_than_a_gate_hands_on_is_refused(families, tells, wrong, declared, words):
    with pytest.raises(InputError) as fault:
        families(*declared)
    assert words in str(fault.value)
    tells(wrong, map(str, fault.value.problems))


def test_where_there_is_no_interval_it_disagrees_with_nothing():
    """An area of 1 has no interval; one limit is enough to tell whether 1 is outside."""
    area = Row(effect="AUC", estimate=1.0, p=0.001, p_adjusted=0.001)
    open_above = Row(effect="HR", estimate=9.0, ci_low=0.8, p=0.01, p_adjusted=0.01)
    compare_levels([area, open_above], 0.05)
    assert area.warnings == []
    assert "disagree at the 5% level" in open_above.warnings[0]


def test_interval_and_p_that_disagree_are_told():
    row = Row(effect="AUC", estimate=0.7, ci_low=0.51, ci_high=0.85, p=0.07, p_adjusted=0.07)
    agreeing = Row(effect="HR", estimate=0.5, ci_low=0.2, ci_high=1.1, p=0.09, p_adjusted=0.09)
    single = Row(effect="HR", estimate=0.5, ci_low=0.2, ci_high=0.9, p=0.03, p_adjusted=0.2)
    compare_levels([row, agreeing, single], 0.05)
    assert "disagree at the 5% level" in row.warnings[0]
    assert agreeing.warnings == []
    assert single.warnings == ["the interval is not adjusted for the number of tests, adjusted p is"]
    compare_levels([agreeing], 0.025)
    assert agreeing.warnings == ["the interval is at 95%, the declared level of the test is 0.025"]
