"""What the first screen says of the patients behind the answer."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from unit.report.made import NAMES, make_tables, read_made, write_run

from anpi.report.limits import (
    FIRST,
    detectable_sentences,
    doubtful_members,
    lean_members,
    other_choices,
    other_tumours,
    ranked_limits,
    secondary_sentences,
)
from anpi.trial.results import INTERACTION


def test_patients_of_the_primary_test_whose_sample_is_in_doubt_are_named(tmp_path: Path):
    tables = make_tables(12)
    tables["verdicts"] = tables["verdicts"].assign(sex_clinical="F", sex_expression=["F", "M", "unclear"] + ["F"] * 8)
    tables["calls"].loc[[3, 10], "call"] = "lean"
    tables["sets"].loc[10, "subtype_evaluable"] = "no"
    write_run(tmp_path, tables)
    run = read_made(tmp_path)
    (sex,) = doubtful_members(run)
    assert sex.endswith(
        "may be another person's: P0002 (SCLC-N, confident call), in the primary analysis all the same."
    )
    assert lean_members(run, compared=True) == ["In the primary test on a lean call of the subtype: P0004 (SCLC-I)."]
    assert ranked_limits(run)[:2] == [sex, *lean_members(run, compared=True)]
    assert lean_members(run, compared=False) == []


def test_a_lean_call_in_a_group_that_is_described_only_is_no_limit_of_the_test(tmp_path: Path):
    tables = make_tables(12)
    tables["calls"].loc[3, "call"] = "lean"
    results = tables["results"]
    small = results.iloc[[0]].assign(
        level="I", p=None, estimate=None, warning="2 patients, fewer than 5: described, not tested"
    )
    tables["results"] = pd.concat([results, small.astype(results.dtypes)])
    write_run(tmp_path, tables)
    run = read_made(tmp_path)
    assert lean_members(run, compared=True) == []
    told = "In a group that is described only, on a lean call of the subtype: P0004 (SCLC-I)."
    assert lean_members(run, compared=False) == [told]
    assert told in ranked_limits(run)[3:]


def test_patients_with_another_tumour_in_the_analysis_sets_are_named(tmp_path: Path):
    tables = make_tables(12)
    tables["calls"] = tables["calls"].assign(identity="sclc")
    write_run(tmp_path / "one", tables)
    assert other_tumours(read_made(tmp_path / "one")) == []
    tables["calls"].loc[[0, 3, 10], "identity"] = "not_sclc"  # the last of them failed quality
    write_run(tmp_path / "other", tables)
    run = read_made(tmp_path / "other")
    (limit,) = other_tumours(run)
    assert limit.endswith("2 of 10 patients, P0001 and P0004.")
    assert limit in ranked_limits(run)


def test_the_gravest_limits_stand_first_and_name_the_patients_on_whom_the_answer_hangs(tmp_path: Path):
    tables = make_tables(12)
    tables["verdicts"] = tables["verdicts"].assign(sex_clinical="F", sex_expression=["F", "M"] + ["F"] * 9)
    tables["influence"] = pd.DataFrame(
        {"patient_id": [None, "P0001", "P0005"], "p": [0.02, 0.03, 0.08], "changes_conclusion": ["no", "no", "yes"]}
    )
    write_run(tmp_path, tables)
    first = ranked_limits(read_made(tmp_path))[:FIRST]
    assert "P0002" in first[0]
    assert "without P0005 the conclusion would change" in first[1]


def test_where_nobody_is_in_doubt_nothing_is_said(tmp_path: Path):
    write_run(tmp_path, make_tables(12))
    assert doubtful_members(read_made(tmp_path)) == []


def results_of(*rows: dict[str, object]) -> pd.DataFrame:
    about = NAMES | {"entry": "os_by_subtype", "endpoint": "os", "tier": "secondary", "family": "secondary", "n": 20}
    return pd.DataFrame([about | row for row in rows]).reindex(columns=[*make_tables(4)["results"].columns])


def test_a_secondary_answer_says_what_is_adjusted_and_what_is_not(tmp_path: Path):
    test = {"effect": "chi-square", "p": 0.039, "p_adjusted": 0.078}
    ratio = {"level": "I", "reference": "A", "effect": "OR", "estimate": 12.9, "ci_low": 1.42, "ci_high": 198.0}
    interaction = {"effect": INTERACTION, "p": 0.4, "p_adjusted": 0.5}
    write_run(tmp_path, make_tables(6) | {"results": results_of(test, ratio, interaction)})
    answer, differs = secondary_sentences(read_made(tmp_path))
    assert "odds ratio 12.9 (95% CI 1.42 to 198) for SCLC-I against SCLC-A" in answer
    assert "interval and p = 0.039 unadjusted; adjusted p = 0.078: a difference is not shown" in answer
    assert differs.startswith("Overall survival by subtype, whether it differs between arms: adjusted p = 0.50")


def test_variants_are_held_against_their_own_question(tmp_path: Path):
    """PFS is shown and OS is not: a variant of OS that is not shown either says nothing against PFS."""
    row = NAMES | {"tier": "primary", "family": "primary"}
    rows = [
        row | {"variant": "as declared", "endpoint": "pfs", "effect": "chi-square", "p": 0.01},
        row | {"variant": "as declared", "endpoint": "pfs", "effect": INTERACTION, "p": 0.5},
        row | {"variant": "as declared", "endpoint": "os", "effect": "chi-square", "p": 0.4},
        row | {"variant": "endpoint pfs_ema", "endpoint": "pfs_ema", "effect": "chi-square", "p": 0.02},
        row | {"variant": "endpoint pfs_ema", "endpoint": "pfs_ema", "effect": INTERACTION, "p": 0.6},
        row | {"variant": "confident calls only", "endpoint": "os", "effect": "chi-square", "p": 0.3},
    ]
    columns = ["variant", *make_tables(4)["results"].columns]
    write_run(tmp_path, make_tables(6) | {"sensitivity": pd.DataFrame(rows).reindex(columns=columns)})
    run = read_made(tmp_path)
    run.plan["families"][0]["entries"][0]["endpoints"] = ["pfs", "os"]
    assert other_choices(run) == [
        "The answer for progression-free survival by subtype holds under 1 of 1 other choice.",
        "The answer for overall survival by subtype holds under 1 of 1 other choice.",
    ]
    run.tables["sensitivity"].loc[3, "p"] = 0.2
    assert "the other side of 0.05 under PFS (EMA censoring)" in other_choices(run)[0]
    assert "holds under 1 of 1" in other_choices(run)[1]


def test_what_could_have_been_shown_is_said_with_its_power(tmp_path: Path):
    row = NAMES | {"level": "I", "n": 5, "total": 14, "events": 11, "hr_below": 0.05, "hr_above": None}
    found = pd.DataFrame([row | {"power_below": 0.83}, row | {"hr_below": None}])
    write_run(tmp_path, make_tables(6) | {"detectable": found})
    first, second = detectable_sentences(read_made(tmp_path))
    assert "SCLC-I (5 patients of 14) against the others: a hazard ratio of 0.05 or less [power 0.83]" in first
    assert "no difference, however large" in second
