"""The program from files to tables: all sizes, the same bytes, words that agree with the numbers."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from unit.association.trial_files import make_trial
from warm import python

from anpi.association import write
from anpi.files.shipped import ROOT
from anpi.words.p_values import p_words

PROGRAM = ROOT / "scripts" / "test_associations.py"
TABLES = ["results", "survival", "curves", "response", "sensitivity", "influence", "representativeness", "detectable"]


def run(arguments: list[str], plan: Path, out: Path) -> None:
    """Run the program within this process, which spares its imports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(PROGRAM), "--plan", str(plan), *arguments, "--out-dir", str(out)])
        runpy.run_path(str(PROGRAM))["main"]()


def written(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.name != "plan_history.json"}


def test_what_is_kept_is_taken_only_while_all_data_and_the_plan_are_the_same(tmp_path, quick_plan, monkeypatch):
    """Each file of the trial in turn loses its last row or has a value changed: tables are those of a fresh run."""
    arguments = make_trial(tmp_path / "trial", count=25, seed=5)
    kept, runs = ["--kept", str(tmp_path / "kept.zip")], []
    own = write.associate
    monkeypatch.setattr(write, "associate", lambda *given: runs.append(1) or own(*given))

    def both(name: str, plan: Path) -> int:
        runs.clear()
        run([*arguments, *kept], plan, tmp_path / name)
        count = len(runs)
        run(arguments, plan, tmp_path / f"{name}-fresh")
        assert written(tmp_path / name) == written(tmp_path / f"{name}-fresh")
        return count

    assert both("first", quick_plan) == 1
    assert both("again", quick_plan) == 0
    files = dict(zip(arguments[::2], map(Path, arguments[1::2]), strict=True))
    values = {"--endpoints": "pfs_days", "--scores": "score", "--patients": "age"}
    for option, column in values.items():
        separator = "," if files[option].suffix == ".csv" else "\t"
        table = pd.read_csv(files[option], sep=separator, dtype=str, keep_default_na=False)
        place = table.index[table[column] != ""][0]
        table.loc[place, column] = str(float(table.loc[place, column]) + 1).removesuffix(".0")
        table.to_csv(files[option], sep=separator, index=False)
        assert both(f"other {column}", quick_plan) == 1
    other = tmp_path / "plan.yaml"
    other.write_text(quick_plan.read_text().replace("permutations: 999", "permutations: 1009"))
    assert both("other plan", other) == 1


def tables(out: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(out / f"{name}.tsv", sep="\t") for name in TABLES}


@pytest.fixture(scope="module")
def quick_plan(tmp_path_factory) -> Path:
    """The shipped plan with fewer permutations."""
    content = yaml.safe_load((ROOT / "config" / "plan.yaml").read_text()) | {"permutations": 999}
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def trial_40(tmp_path_factory, quick_plan):
    folder = tmp_path_factory.mktemp("trial")
    arguments = make_trial(folder, count=40, seed=21)
    run(arguments, quick_plan, folder / "out")
    return arguments, folder / "out"


def test_two_runs_give_the_same_bytes(trial_40, quick_plan):
    arguments, out = trial_40
    again = out.parent / "again"
    run(arguments, quick_plan, again)
    for path in sorted(out.iterdir()):
        if path.name != "plan_history.json":
            assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_every_entry_of_the_plan_is_answered(trial_40):
    table = tables(trial_40[1])["results"]
    assert list(dict.fromkeys(table["entry"])) == [
        "pfs_by_subtype",
        "secondary_by_subtype",
        "immune_signatures",
        "os_by_response",
    ]
    tested = table[table["entry"].eq("immune_signatures") & table["effect"].isin(["HR per SD", "AUC"])]
    assert len(tested) == 24, "twelve declared signatures by two endpoints"
    assert table.loc[table["p"].isna() & table["effect"].notna(), "warning"].notna().all()
    assert ((table["p_adjusted"] >= table["p"]) | table["p_adjusted"].isna()).all()


def test_tests_made_and_not_made_are_counted_by_family(trial_40):
    found = tables(trial_40[1])
    counted = json.loads((trial_40[1] / "statements.json").read_text())["tests"]
    made = found["results"].query("family == 'exploratory_signatures' and effect in ['HR per SD', 'AUC']")["p"].notna()
    family = next(row for row in counted if row["family"] == "exploratory_signatures")
    assert (family["tested"], family["not_tested"]) == (made.sum(), (~made).sum())


def test_curves_and_counts_agree(trial_40):
    found = tables(trial_40[1])
    curves = found["curves"].query("entry == 'efficacy' and endpoint == 'pfs' and level == 'all'")
    start = curves.query("kind == 'risk'").iloc[0]
    summary = found["survival"].query("entry == 'efficacy' and endpoint == 'pfs' and level == 'all'").iloc[0]
    assert (start["at_risk"], start["censored"], start["events"]) == (summary["n"], 0, 0)
    last = curves.query("kind == 'risk'").iloc[-1]
    assert (last["at_risk"], last["events"]) == (0, summary["events"])
    assert curves.query("kind == 'censor'")["censored"].sum() == summary["n"] - summary["events"]
    steps = curves.query("kind == 'step'")
    assert steps["survival"].is_monotonic_decreasing
    response = found["response"].query("entry == 'efficacy' and endpoint == 'response'")
    assert response.query("level == 'all'")["yes"].sum() == response.query("level != 'all'")["yes"].sum()


def test_influence_and_sensitivity_hold_the_declared_answer(trial_40):
    found = tables(trial_40[1])
    influence, primary = found["influence"], found["results"].iloc[0]
    assert influence["patient_id"].isna().tolist() == [True] + [False] * primary["n"]
    assert influence["chi_square"].iloc[0] == pytest.approx(primary["estimate"], rel=1e-6)
    ratio = found["results"].query("entry == 'pfs_by_subtype' and level == 'N'")["estimate"].iloc[0]
    assert influence["hr_N"].iloc[0] == pytest.approx(ratio, rel=1e-6)
    variants = set(found["sensitivity"]["variant"])
    assert {
        "as declared",
        "arms pooled",
        "confident calls only",
        "probabilities as weights",
        "restricted mean",
    } <= variants
    others = found["sensitivity"].query("variant != 'as declared'")
    assert others["p_adjusted"].isna().all(), "no further claim is made"


def test_representativeness_adds_up(trial_40):
    table = tables(trial_40[1])["representativeness"].set_index("variable")
    first = table.loc["patients"]
    assert int(first["evaluable"]) + int(first["not_evaluable"]) == int(first["all_treated"]) == 40
    assert table.loc["progression-free survival, median months", "effect"] == "HR"


@pytest.mark.parametrize(
    "options",
    [
        {"count": 1},
        {"count": 3},
        {"count": 24, "arms": ("AK104",)},
        {"count": 30, "rna": False},
        {"count": 30, "evaluable": 0.0},
    ],
    ids=["one", "three", "one arm", "no RNA", "nobody evaluable"],
)
def test_small_and_odd_trials_run_to_the_end(tmp_path, quick_plan, options):
    run(make_trial(tmp_path, **options), quick_plan, tmp_path / "out")
    found = tables(tmp_path / "out")
    results = found["results"]
    assert results.loc[results["p"].isna() & results["level"].isna(), "warning"].notna().all()
    primary = next(row for row in json.loads((tmp_path / "out" / "statements.json").read_text())["tests"])
    if options["count"] < 10 or not options.get("rna", True):
        assert (primary["tested"], primary["not_tested"]) == (0, 1)


def test_wrong_plan_is_refused_in_words_before_anything_is_written(tmp_path, quick_plan):
    arguments = make_trial(tmp_path, count=20)
    content = yaml.safe_load(quick_plan.read_text())
    entries = [entry for family in content["families"] for entry in family["entries"]]
    entries[0]["endpoints"] = ["pfs_ema"]
    entries[1]["adjust_for"] = ["ldh"]
    entries[2]["signatures"] = ["gep17"]
    entries[3]["set"] = "safety"
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(content))
    command = [python(), str(PROGRAM), "--plan", str(path), *arguments, "--out-dir", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "4 problems" in done.stderr
    for part in ("pfs_days_ema", "'ldh'", "Did you mean gep18?", "'safety'"):
        assert part in done.stderr
    assert not (tmp_path / "out").exists()


def test_scores_of_the_users_own_gene_sets_can_be_tested(tmp_path, quick_plan):
    arguments = make_trial(tmp_path, count=30)
    scores = pd.read_csv(tmp_path / "scores.tsv", sep="\t", dtype={"sample_id": str})
    scores["signature"] = scores["signature"].replace("cytolytic", "my_own_set")
    scores.to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    content = yaml.safe_load(quick_plan.read_text())
    content["families"] = [family for family in content["families"] if family["family"] == "exploratory_signatures"]
    content["families"][0]["entries"][0]["signatures"] = ["my_own_set"]
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(content))
    run(arguments, path, tmp_path / "out")
    assert tables(tmp_path / "out")["results"]["p"].notna().any()


def test_a_changed_plan_stands_in_the_statements(tmp_path, quick_plan):
    arguments = make_trial(tmp_path, count=12)
    run(arguments, quick_plan, tmp_path / "out")
    content = yaml.safe_load(quick_plan.read_text()) | {"alpha": 0.1}
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    run(arguments, path, tmp_path / "out")
    changes = json.loads((tmp_path / "out" / "statements.json").read_text())["plan_changes"]
    assert [change["difference"] for change in changes] == [["alpha: 0.05 became 0.1"]]


def test_numbers_in_words():
    assert p_words(0.00004) == "p < 0.001"
    assert p_words(0.0341) == "p = 0.034"
    assert p_words(0.35) == "p = 0.35"
