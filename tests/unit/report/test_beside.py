"""What stands beside the declared answers is in the report, in words that claim nothing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from unit.report.made import NAMES, make_tables, read_made, write_run

from anpi.endpoints import estimands
from anpi.report.beside import estimand_sentence, subgroup_blocks
from anpi.report.blocks import Drawing
from anpi.report.page import write_report
from anpi.trial.endpoints import STRATEGIES, endpoint_words

TEST = NAMES | {
    "level": None, "reference": "A", "effect": "chi-square", "answers": 4, "estimated": 3, "estimate": 2.1,
    "estimate_low": 1.0, "estimate_high": 9.0, "ci_low_least": None, "ci_high_most": None, "tested": 3, "p": 0.31,
    "p_low": 0.02, "p_high": 0.7, "shown": 1, "variants": "pfs; pfs_ema; ipfs; pfs_by_reader",
}  # fmt: skip
GROUP = TEST | {"level": "I", "effect": "HR", "estimate": 0.42, "estimate_low": 0.3, "estimate_high": 0.9}
GROUP |= {"ci_low_least": 0.1, "ci_high_most": 2.0}


def beside() -> dict[str, pd.DataFrame]:
    tables = {"estimands": pd.DataFrame([TEST, GROUP])}
    about = NAMES | {"variable": "ecog", "level": "I", "reference": "A", "effect": "HR", "interaction_p": 0.4}
    numbers = {"n": 8, "events": 5, "estimate": 0.5, "ci_low": 0.1, "ci_high": 2.2, "warning": None}
    tables["subgroups"] = pd.DataFrame([about | numbers | {"subgroup": value} for value in ("0", "1")])
    event = {"event": "confirmed response", "competing": "progression or death", "set": "all_treated", "level": "all"}
    event |= {"months": 3, "n": 12, "events": 4, "competing_events": 5, "left_out": 1}
    known = {"incidence": 0.33, "ci_low": 0.1, "ci_high": 0.6}
    tables["incidence"] = pd.DataFrame([event | known, event | {"months": 24}])
    row = {
        "endpoint": "pfs",
        "biomarker": "t_effector",
        "kind": "cohort",
        "cohort": "CANTABRICO",
        "n": 26,
        "events": 23,
    }
    row |= {"estimate": 0.84, "ci_low": 0.5, "ci_high": 1.3, "method": "Cox", "source": "GEO GSE261345"}
    pooled = row | {"kind": "pooled", "cohort": "published cohorts", "n": None, "events": None, "i2": 58.6}
    pooled |= {"predicted_low": 0.2, "predicted_high": 2.8, "probability_below_1": None, "source": None}
    tables["published"] = pd.DataFrame([row, pooled])
    return tables


@pytest.fixture
def page(tmp_path: Path) -> str:
    write_run(tmp_path, make_tables(12) | beside())
    write_report(read_made(tmp_path), tmp_path / "report")
    return (tmp_path / "report" / "details.html").read_text(encoding="utf-8")


def test_all_of_it_is_in_the_report(page: str):
    assert "under 4 estimands: p = 0.020 to p = 0.70, below 0.05 in 1 (unadjusted)" in page
    assert "under 1 of them it cannot be tested" in page
    assert "Subgroups describe and are not tested" in page
    assert "ECOG performance status p = 0.40" in page
    assert "beyond follow-up" in page
    assert "No cohort had both PD-1 and CTLA-4 blocked" in page
    assert "59%" in page


def test_one_estimand_is_no_range():
    assert estimand_sentence(TEST | {"answers": 1}, 0.05, True) == []


def test_estimands_that_agree_are_said_once():
    agreeing = TEST | {"p_low": 0.02, "p_high": 0.02, "answers": 4, "tested": 4, "shown": 4}
    (words,) = estimand_sentence(agreeing, 0.05, True)
    assert words.endswith("under 4 estimands: p = 0.020 under each, below 0.05 in 4 (unadjusted).")
    (words,) = estimand_sentence(agreeing | {"effect": "interaction with arm"}, 0.05, True)
    assert "by subtype, whether it differs between arms, under 4 estimands" in words
    score = GROUP | {"biomarker": "gep18", "level": None, "effect": "OR per SD"}
    (words,) = estimand_sentence(score, 0.05, False)
    assert words == "gep18: odds ratio per SD 0.30 to 0.90; outermost 95% limits 0.10 to 2.00."


def test_every_strategy_of_an_estimand_has_words():
    assert {name for names in estimands.NAMES.values() for name in names.values()} == set(STRATEGIES)


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("ipfs", "progression-free survival (iRECIST)"),
        ("iresponse_confirmed", "confirmed response (iRECIST)"),
        ("pfs_by_reader", "progression-free survival (read by reader)"),
        ("response_unconfirmed", "unconfirmed response"),
        ("iresponse_by_reader", "unconfirmed response (iRECIST) (read by reader)"),
        ("pfs_fda", "progression-free survival (FDA censoring)"),
        ("pfs_if_irecist", "progression-free survival (beyond progression by iRECIST)"),
        (
            "pfs_if_therapy_counted_missed_counted_by_site",
            "progression-free survival (counted after a new therapy, counted after missed scans, read by site)",
        ),
    ],
)
def test_variants_are_named(endpoint: str, words: str):
    assert endpoint_words(endpoint) == words


def test_captions_of_subgroups_say_what_they_are_not_adjusted_for(tmp_path: Path) -> None:
    write_run(tmp_path, make_tables(6) | beside())
    run = read_made(tmp_path)
    entry = run.plan["families"][0]["entries"][0]
    for covariates, said in (([], False), (["age", "ecog"], True)):
        entry["entry"], entry["adjust_for"] = NAMES["entry"], covariates
        captions = [block.caption for block in subgroup_blocks(run) if isinstance(block, Drawing)]
        assert captions
        assert all(("Not adjusted for age and ecog, unlike the answer itself." in words) == said for words in captions)


@pytest.mark.parametrize(
    ("second", "caption", "label"),
    [("A", "Against SCLC-A. Lines are", "ECOG performance status: 1, SCLC-I"),
     ("N", "Lines are", "ECOG performance status: 1, SCLC-I / SCLC-N")],
)  # fmt: skip
def test_one_reference_of_subgroups_is_named_once(tmp_path: Path, second: str, caption: str, label: str) -> None:
    tables = beside()
    tables["subgroups"]["reference"] = ["A", second]
    write_run(tmp_path, make_tables(6) | tables)
    (block,) = (block for block in subgroup_blocks(read_made(tmp_path)) if isinstance(block, Drawing))
    assert block.caption.startswith(caption)
    assert block.given[0]["label"].iloc[1] == label
