"""What the first screen says of the patients behind the answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from unit.report.made import NAMES, make_tables, read_made, write_run

from anpi.report import sentences as say
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
from anpi.report.robustness import strips, what_if
from anpi.report.tables import Run
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


def several_primary_tests(tmp_path: Path, **family: object) -> Run:
    """PFS by two signatures: p 0.039 and 0.035 as declared, 0.030 and 0.2 with arms pooled."""
    row = NAMES | {"tier": "primary", "family": "primary", "entry": "main", "endpoint": "pfs", "effect": "HR per SD"}
    row |= {"estimate": 0.7, "ci_low": 0.5, "ci_high": 0.98, "n": 20, "events": 9}
    rows = [
        row | {"variant": variant, "biomarker": biomarker, "p": p, "p_adjusted": adjusted}
        for variant, biomarker, p, adjusted in (
            ("as declared", "gep18", 0.039, 0.078),
            ("as declared", "ifng6", 0.035, 0.078),
            ("arms pooled", "gep18", 0.030, None),
            ("arms pooled", "ifng6", 0.2, None),
        )
    ]
    table = pd.DataFrame(rows).reindex(columns=["variant", *make_tables(4)["results"].columns])
    results = table[table["variant"].eq("as declared")].drop(columns="variant")
    influence = pd.DataFrame({"patient_id": [None, "P0001"], "p": [0.039, 0.06], "changes_conclusion": ["no", "yes"]})
    write_run(tmp_path, make_tables(6) | {"sensitivity": table, "results": results, "influence": influence})
    run = read_made(tmp_path)
    entry = run.plan["families"][0]["entries"][0] | {"entry": "main", "endpoints": ["pfs"], "biomarker": "signatures"}
    declared = run.plan["families"][0] | {"entries": [entry]} | family
    return replace(run, plan=run.plan | {"families": [declared]})


def test_every_primary_biomarker_has_its_robustness(tmp_path: Path):
    run = several_primary_tests(tmp_path)
    gep, ifng = other_choices(run)
    assert gep == (
        "The unadjusted p for progression-free survival by gep18 stays on its side of 0.05 under 1 of 1 other choice."
    )
    assert ifng.endswith("by ifng6 stays on its side of 0.05 under 0 of 1 other choice; the other side of 0.05 under "
                         "arms pooled.")  # fmt: skip
    assert [drawing.name for drawing in strips(run)] == ["robustness", "robustness-2"]
    names = [answer["name"] for answer in what_if(run)]
    assert names == [
        "progression-free survival by gep18: arms pooled",
        "progression-free survival by ifng6: arms pooled",
        "without P0001",
    ]


def four_groups(variants: list[str]) -> pd.DataFrame:
    """Three ratios against SCLC-A under each variant."""
    row = NAMES | {"tier": "primary", "family": "primary", "reference": "A", "n": 30, "events": 20}
    ratios = {"effect": "HR", "ci_low": 0.2, "ci_high": 3.0}
    rows = [
        row | {"variant": variant} | more
        for place, variant in enumerate(variants)
        for more in (
            {"effect": "chi-square", "p": 0.01 + place / 1000},
            *(ratios | {"level": level, "estimate": 0.5 + place / 100} for level in "NPI"),
        )
    ]
    return pd.DataFrame(rows).reindex(columns=["variant", *make_tables(4)["results"].columns])


@pytest.mark.parametrize(
    ("others", "shown", "left"), [(5, 19, ""), (6, 19, " 1 more choice stands on the page of details.")]
)
def test_a_strip_shows_whole_choices_and_the_range(tmp_path: Path, others: int, shown: int, left: str):
    names = ["confident calls only", "scheme NAPY (Rudin 2019)", "probabilities as weights", "arms pooled", "a", "b"]
    influence = {"patient_id": [None, "P0001"], "p": [0.01, 0.02], "changes_conclusion": ["no", "no"]}
    influence |= {"hr_I": [0.5, 0.6], "hr_N": [0.5, 0.4], "hr_P": [0.5, 0.7]}
    tables = {"sensitivity": four_groups(["as declared", *names[:others]]), "influence": pd.DataFrame(influence)}
    write_run(tmp_path, make_tables(6) | tables)
    (drawing,) = strips(read_made(tmp_path))
    labels = list(drawing.given[0]["label"])
    assert len(labels) == shown
    assert labels[-4:] == ["a, SCLC-N", "a, SCLC-P", "a, SCLC-I", "without each patient in turn, SCLC-I"]
    assert "last row: the range" in drawing.caption
    assert drawing.caption.endswith(f"Only the declared analysis is a test.{left}")


def test_every_primary_entry_is_asked_and_answered(tmp_path: Path):
    run = several_primary_tests(tmp_path)
    family = run.plan["families"][0]
    first = family["entries"][0] | {"signatures": ["gep18"]}
    second = first | {"entry": "by_arm", "endpoints": ["os"], "biomarker": "arm"}
    plan = run.plan | {"families": [family | {"entries": [first, second]}]}
    assert say.question(plan) == (
        "Is progression-free survival associated with gep18? Does overall survival differ between treatment arms?"
    )
    about = {"entry": "by_arm", "endpoint": "os", "biomarker": "arm", "p": 0.01, "p_adjusted": 0.01, "n": 20}
    more = NAMES | {"tier": "primary", "family": "primary", "effect": "chi-square", "events": 9} | about
    results = pd.concat([run.tables["results"], pd.DataFrame([more | {"warning": "a thing of arms"}])])
    headline = say.primary_headline(results.reset_index(drop=True), plan)
    assert "Overall survival differed between treatment arms" in headline
    assert "We cannot tell patients by gep18 apart" in headline
    asked = replace(run, plan=plan, tables=run.tables | {"results": results.reset_index(drop=True)})
    assert "A thing of arms." in ranked_limits(asked)


def test_nothing_that_was_not_concluded_would_change(tmp_path: Path):
    """Of two tests under Holm one p of 0.039 concludes nothing; without adjustment it does."""
    run = several_primary_tests(tmp_path)
    told = [*ranked_limits(run), *(answer["words"] for answer in what_if(run))]
    assert not [line for line in told if "conclusion" in line]
    assert "unadjusted p-value of progression-free survival by gep18" in " ".join(told)
    alone = several_primary_tests(tmp_path, multiplicity="none")
    assert "without P0001 the conclusion would change" in " ".join(ranked_limits(alone))


def test_a_share_of_alpha_is_the_level_of_its_family(tmp_path: Path):
    """At half of alpha, p 0.039 is not shown and p 0.030 is not either: the answer holds."""
    run = several_primary_tests(tmp_path, multiplicity="none", alpha_share=0.5)
    gep, _ = other_choices(run)
    assert gep == "The answer for progression-free survival by gep18 holds under 1 of 1 other choice."
    assert "(unadjusted), not below 0.025" in what_if(run)[0]["words"]


def test_what_could_have_been_shown_is_said_with_its_power(tmp_path: Path):
    row = NAMES | {"level": "I", "n": 5, "total": 14, "events": 11, "hr_below": 0.05, "hr_above": None}
    found = pd.DataFrame([row | {"power_below": 0.83, "alpha": 0.05}, row | {"hr_below": None, "alpha": 0.025}])
    write_run(tmp_path, make_tables(6) | {"detectable": found})
    first, second = detectable_sentences(read_made(tmp_path))
    assert "SCLC-I (5 patients of 14) against the others: a hazard ratio of 0.05 or less [power 0.83]" in first
    assert "no difference, however large, would have been shown at 0.025, its part of 0.05, in 4 of 5" in second


def test_the_first_screen_answers_all_that_is_primary(tmp_path: Path):
    """Groups that hardly share an arm come first; whether the effect differs between arms is said, too."""
    row = NAMES | {"tier": "primary", "family": "primary"}
    apart = (
        "within arms few patients of a group stand beside as many of A (I 0): subtype and arm can hardly be told apart"
    )
    rows = [
        row | {"effect": "chi-square", "n": 22, "events": 19, "p": 0.01, "p_adjusted": 0.02, "warning": f"x; {apart}"},
        row | {"effect": INTERACTION, "n": 22, "events": 19, "p": 0.4, "p_adjusted": 0.4},
    ]
    tables = make_tables(12)
    write_run(tmp_path, tables | {"results": pd.DataFrame(rows).reindex(columns=tables["results"].columns)})
    run = read_made(tmp_path)
    assert ranked_limits(run)[0] == f"W{apart[1:]}."
    words = say.primary_headline(run.table("results"), run.plan)
    assert words.endswith("by subtype, whether it differs between arms: p = 0.40: a difference is not shown, which is "
                          "not the same as no difference.")  # fmt: skip


def test_variants_of_a_time_that_was_supplied_are_no_other_choices(tmp_path: Path):
    tables = make_tables(6)
    row = NAMES | {"tier": "primary", "family": "primary", "effect": "chi-square", "p": 0.01}
    rows = [row | {"variant": "as declared"}, row | {"variant": "endpoint pfs_ema", "endpoint": "pfs_ema"}]
    rows.append(row | {"variant": "arms pooled"})
    columns = ["variant", *tables["results"].columns]
    ends = tables["endpoints"].assign(pfs_reason="as supplied in patients (event)")
    write_run(tmp_path, tables | {"endpoints": ends, "sensitivity": pd.DataFrame(rows).reindex(columns=columns)})
    assert other_choices(read_made(tmp_path)) == ["The answer holds under 1 of 1 other choice."]
    write_run(tmp_path, tables | {"sensitivity": pd.DataFrame(rows).reindex(columns=columns)})
    assert other_choices(read_made(tmp_path)) == ["The answer holds under 2 of 2 other choices."]
