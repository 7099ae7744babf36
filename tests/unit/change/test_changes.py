"""Pairs, changes and their tests: who is compared, what is said of it, and that pairs know nothing of each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from measure_changes import measures_of

from anpi.association.plan import Plan, read_plan
from anpi.association.trial import Trial
from anpi.change import reads
from anpi.change.expression import compare_pairs
from anpi.change.features import range_features, target_features
from anpi.change.measure import TOO_FEW, measure_changes
from anpi.change.pairs import PairFacts, gather_facts, make_pairs, study_days
from anpi.change.reads import draw_tpm, read_errors, within_errors
from anpi.change.tests import run_tests
from anpi.expression.matrix import Expression
from anpi.files.shipped import ROOT
from anpi.pathways.progeny import read_weights
from anpi.subtypes.calls import programme_levels, tumour_programmes
from anpi.subtypes.model import DEFAULT, load_model
from anpi.subtypes.profile import make_profile
from demo.expression import build_model, draw_tumours, pure_tumours, simulate_expression
from demo.genes import asked_genes, choose_genes


def sheet(count: int, extra: list[tuple[str, str, str]] = ()) -> pd.DataFrame:
    rows = [(f"P{i}-{point[0]}", f"P{i}", point) for i in range(count) for point in ("baseline", "on_treatment")]
    return pd.DataFrame([*rows, *extra], columns=["sample_id", "patient_id", "timepoint"]).assign(use="yes")


def verdicts_of(samples: pd.DataFrame, **failed: str) -> pd.DataFrame:
    names = samples["sample_id"]
    failed = {name.replace("_", "-"): why for name, why in failed.items()}
    verdict = ["fail" if name in failed else "pass" for name in names]
    return pd.DataFrame({"sample_id": names, "verdict": verdict, "reasons": [failed.get(name) for name in names]})


def known(**given: object) -> PairFacts:
    nothing = pd.Series(dtype=float)
    return replace(PairFacts({}, {}, nothing, nothing), **given)


def test_a_pair_of_two_persons_is_refused_before_anything_else():
    samples = sheet(2)
    verdicts = verdicts_of(samples, P0_o="few reads")
    identity_pairs = pd.DataFrame(
        {"sample_1": ["P0-o", "P1-b"], "sample_2": ["P0-b", "P1-o"], "result": ["different", "same"]}
    )
    patients = pd.DataFrame({"patient_id": ["P0", "P1"]})
    decided = gather_facts(samples, patients, verdicts, None, None, identity_pairs, pd.Series(dtype=float))
    pairs = make_pairs(samples, verdicts, decided, None).set_index("patient_id")
    assert pairs["used"].tolist() == ["no", "yes"]
    assert pairs.at["P0", "reason"] == "genotypes: P0-b and P0-o are of two persons"
    assert pairs["genotypes"].tolist() == ["different", "same"]


@pytest.mark.parametrize(
    ("days", "words"),
    [({"P0-b": 5.0, "P0-o": 3.0}, "before P0-b on day 5"), ({"P0-b": -9.0, "P0-o": -2.0}, "before treatment")],
)
def test_samples_in_the_wrong_order_are_no_pair(days: dict[str, float], words: str):
    samples = sheet(1)
    (pair,) = make_pairs(samples, verdicts_of(samples), known(days=pd.Series(days)), None).to_dict("records")
    assert pair["used"] == "no"
    assert words in pair["reason"]


def test_every_later_sample_is_told_of():
    extra = [("P0-o2", "P0", "on_treatment"), ("P9-p", "P9", "progression")]
    samples = sheet(2, extra)
    verdicts = verdicts_of(samples, P1_b="no reads")
    decided = gather_facts(
        samples, pd.DataFrame({"patient_id": ["P0"]}), verdicts, None, None, None, pd.Series(dtype=float)
    )
    pairs = make_pairs(samples, verdicts, decided, None).set_index("to_sample")
    assert set(pairs.index) == {"P0-o", "P0-o2", "P1-o", "P9-p"}
    assert pairs["used"].to_dict() == {"P0-o": "yes", "P0-o2": "no", "P1-o": "no", "P9-p": "no"}
    assert "another sample" in pairs.at["P0-o2", "reason"]
    assert "P1-b: failed quality: no reads" in pairs.at["P1-o", "reason"]
    assert pairs.at["P9-p", "reason"] == "no baseline sample"


def test_study_days_have_no_day_zero():
    samples = pd.DataFrame({"sample_id": list("abc"), "patient_id": "P"})
    samples["collection_date"] = pd.to_datetime(["2024-03-09", "2024-03-10", "2024-03-12"])
    patients = pd.DataFrame({"patient_id": ["P"], "treatment_start_date": pd.to_datetime(["2024-03-10"])})
    assert study_days(samples, patients).tolist() == [-1, 1, 3]


def features_of(values: dict[str, float], error: float = 0.1) -> pd.DataFrame:
    table = pd.DataFrame({"sample_id": list(values), "value": list(values.values())})
    return table.assign(feature="gep18", kind="signature", low=table["value"] - error, high=table["value"] + 2 * error)


def test_limits_of_a_change_are_those_of_both_values():
    samples = sheet(1)
    pairs = make_pairs(samples, verdicts_of(samples), known(), None)
    (row,) = measure_changes(pairs, features_of({"P0-b": 1.0, "P0-o": 3.0})).to_dict("records")
    assert row["change"] == 2
    assert row["low"] == pytest.approx(2 - np.hypot(0.1, 0.2))
    assert row["high"] == pytest.approx(2 + np.hypot(0.2, 0.1))


def test_a_switch_is_a_probability_and_never_two_calls():
    """0.51 against 0.49 of A are two calls and hardly a switch; 0.95 of A and 0.95 of N are one."""
    samples = sheet(3)
    pairs = make_pairs(samples, verdicts_of(samples), known(), None)
    shares = {
        "P0-b": (0.51, 0.49),
        "P0-o": (0.49, 0.51),
        "P1-b": (0.95, 0.05),
        "P1-o": (0.05, 0.95),
        "P2-b": (1.0, 0.0),
    }
    calls = pd.DataFrame(
        [(name, a, n, 0.0, 0.0) for name, (a, n) in shares.items()], columns=["sample_id", "p_A", "p_N", "p_P", "p_I"]
    )
    changes = measure_changes(pairs, features_of({}), calls).set_index("patient_id")
    assert changes.at["P0", "change"] == pytest.approx(0.5002)
    assert changes.at["P1", "change"] == pytest.approx(0.905)
    assert np.isnan(changes.at["P2", "change"])
    assert changes.at["P2", "reason"].startswith("no probabilities")


def test_another_pair_leaves_the_rows_of_all_others_as_they_are():
    rng = np.random.default_rng(1)
    values = {name: float(rng.normal()) for name in sheet(4)["sample_id"]}
    tables = []
    for count in (3, 4):
        samples = sheet(count)
        pairs = make_pairs(samples, verdicts_of(samples), known(), None)
        tables.append(measure_changes(pairs, features_of(values)))
    more = tables[1][tables[1]["patient_id"].ne("P3")]
    assert more.to_csv(index=False) == tables[0].to_csv(index=False)


def test_draws_scatter_as_counts_do_and_genes_without_any_are_like_their_group():
    """A gene of 100 fragments scatters by a tenth, one of 10,000 by a hundredth, around what was measured.

    Of 3,000 genes of 0.2 fragments each, drawn anew, those without a fragment have less than that, but not nothing,
    and all of them together have what they had.
    """
    few = np.random.default_rng(1).poisson(0.2, 3000).astype(float)
    count = np.concatenate([np.full(200, 100.0), np.full(200, 10_000.0), few])
    tpm, lengths, groups = count / count.sum() * 1e6, np.full(len(count), 1000.0), np.repeat([0, 1], [400, 3000])
    drawn = draw_tpm(tpm, count, lengths, groups)
    relative = drawn[:, :400].std(axis=0) / tpm[:400]
    assert relative[:200].mean() == pytest.approx(0.1, rel=0.1)
    assert relative[200:].mean() == pytest.approx(0.01, rel=0.1)
    fragment = 1e6 / count.sum()
    silent = drawn[:, 400:][:, few == 0].mean()
    assert 0.1 * fragment < silent < 0.2 * fragment
    assert drawn[:, 400:].sum(axis=1).mean() == pytest.approx(few.sum() * fragment, rel=0.05)
    assert (drawn == draw_tpm(tpm, count, lengths, groups)).all()


@pytest.fixture(scope="module")
def tumours() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Genes, and six tumours as they are, with stroma."""
    genes = choose_genes(asked=asked_genes() | set(read_weights()["gene_id"]))
    mixed = draw_tumours(pd.Series(list("ANPIAN"), index=[f"L{i}" for i in range(6)]), 4)
    return genes, simulate_expression(mixed, 3, build_model(genes))


def libraries_of(genes: pd.DataFrame, truth: pd.DataFrame, depth: int) -> tuple[Expression, Expression, Expression]:
    """Draw a library of each tumour, of so many fragments a gene; return the tumours, their TPM and their counts."""
    draw, drawn = np.random.default_rng(5), {}
    for name in truth:
        each = truth[name] * genes["length"]
        drawn[name] = draw.multinomial(depth * len(genes), each / each.sum())
    counts = pd.DataFrame(drawn, index=truth.index)
    rates = counts.div(genes["length"], axis=0)
    table = genes.reset_index()[["gene_id", "symbol", "length"]].assign(length=genes["length"].to_numpy(float))
    tpm = (rates / rates.sum() * 1e6, "tpm")
    return (
        Expression(truth, table, "tpm"),
        *(Expression(values, table, unit) for values, unit in (tpm, (counts.astype(float), "counts"))),
    )


@pytest.mark.parametrize("depth", [30, 450])
def test_limits_of_reads_hold_the_tumour_itself(tumours, depth: int):
    """Thin and deep libraries limit nearly all features around the tumour's own; the benchmark has more of them."""
    deep, tpm, counts = libraries_of(*tumours, depth)
    measures = measures_of([], load_model(DEFAULT))
    errors = read_errors(tpm, counts, measures, list(tpm.values.columns)).set_index(["kind", "sample_id", "feature"])
    for kind, measure in measures.items():
        truth = measure.levels(deep).dropna(axis=1)
        found = measure.levels(tpm)[truth.columns]
        below, above = (errors.loc[kind][name].unstack().loc[found.index, found.columns] for name in ("below", "above"))
        held = (found - below <= truth) & (truth <= found + above)
        assert held.to_numpy().mean() > 0.88, kind
        # and they are no wider than the libraries scatter and are shifted
        off = np.sqrt(((found - truth) ** 2).mean())
        assert ((below + above).mean() / (2 * 1.96 * off)).median() < 2, kind


def test_limits_of_reads_of_a_sample_do_not_hang_on_the_others(tumours, monkeypatch):
    """Several are measured together: six here, then four and two, then each alone."""
    _, tpm, counts = libraries_of(*tumours, 30)
    measures = measures_of([], load_model(DEFAULT))
    keys = ["sample_id", "kind", "feature"]
    together = read_errors(tpm, counts, measures, list(tpm.values.columns)).sort_values(keys, ignore_index=True)
    for at_a_time in (4, 1):
        monkeypatch.setattr(reads, "AT_A_TIME", at_a_time)
        apart = read_errors(tpm, counts, measures, list(tpm.values.columns)).sort_values(keys, ignore_index=True)
        pd.testing.assert_frame_equal(together, apart, check_exact=True)


def test_libraries_too_thin_for_limits_have_none_and_say_why(tumours):
    _, tpm, counts = libraries_of(*tumours, 20)
    measures = {"pathway": measures_of([], load_model(DEFAULT))["pathway"]}
    values = measures["pathway"].levels(tpm).rename_axis("sample_id").reset_index()
    long = values.melt("sample_id", var_name="feature").assign(kind="pathway", low=-1e6, high=1e6)
    long = long[long["sample_id"].isin(["L0", "L1"])]
    names = {"L0": "P0-b", "L1": "P0-o"}
    features = within_errors(long, read_errors(tpm, counts, measures, ["L0", "L1"])).replace({"sample_id": names})
    samples = sheet(1)
    changes = measure_changes(make_pairs(samples, verdicts_of(samples), known(), None), features)
    assert len(changes) == 14
    assert changes["change"].notna().all()
    assert changes[["low", "high"]].isna().all(axis=None)
    assert set(changes["reason"]) == {TOO_FEW}


def test_errors_of_reads_widen_limits_and_leave_probabilities_between_0_and_1():
    table = pd.DataFrame(
        [("S", "A", "programme", 1.0, None, None), ("S", "N", "programme_in_tumour", 1.0, 0.5, 2.0),
         ("S", "p_A", "subtype", 0.9, None, None), ("S", "B cells", "fraction", 0.1, 0.05, 0.2)],
        columns=["sample_id", "feature", "kind", "value", "low", "high"],
    )  # fmt: skip
    errors = table[["sample_id", "feature", "kind"]].head(3).assign(below=[0.1, 0.1, 1.0], above=[0.2, 0.2, 2.0])
    found = within_errors(table, errors.assign(reason=None)).set_index("feature")[["low", "high"]]
    assert found.loc["A"].tolist() == pytest.approx([0.9, 1.2])
    assert found.loc["N"].tolist() == pytest.approx([0.4, 2.2])
    odds = 9 * np.exp([-1.0, 2.0])
    assert found.loc["p_A"].tolist() == pytest.approx((odds / (1 + odds)).tolist(), abs=1e-4)
    assert found.loc["B cells"].tolist() == [0.05, 0.2]


def test_a_tumour_diluted_in_the_second_sample_has_not_lost_its_programme():
    """Half of liver thins the programme out; what is left without the liver may be as it was."""
    genes, model = choose_genes(), load_model(DEFAULT)
    tumour = simulate_expression(pure_tumours(["A"]), 1, build_model(genes)).iloc[:, 0]
    mixed = 0.5 * tumour + 0.5 * model.profiles["liver"].reindex(tumour.index).fillna(0.0)
    table = genes.reset_index()[["gene_id", "symbol", "length"]]
    expression = Expression(pd.DataFrame({"P0-b": tumour, "P0-o": mixed}), table, "tpm")
    measured = programme_levels(make_profile(expression, model), model)
    kept = [tumour_programmes(expression, model, factor) for factor in (1.0, 0.5, 2.0)]
    parts = [range_features([measured], "programme"), range_features(kept, "programme_in_tumour")]
    samples = sheet(1)
    pairs = make_pairs(samples, verdicts_of(samples), known(), None)
    changes = measure_changes(pairs, pd.concat(parts)).set_index(["kind", "feature"])
    diluted, left = (changes.loc[(kind, "neuroendocrine")] for kind in ("programme", "programme_in_tumour"))
    assert diluted["high"] < 0
    assert abs(left["change"]) < abs(diluted["change"]) / 2
    assert left["low"] < 0 < left["high"]


def test_a_tumour_diluted_in_the_second_sample_has_not_lost_its_target():
    targets = pd.DataFrame(
        {
            "sample_id": ["P0-b", "P0-o"], "target": "DLL3", "tpm": [100.0, 50.0], "tpm_low": [95.0, 47.0],
            "tpm_high": [105.0, 53.0], "tumour_tpm": [100.0, 100.0],
            "tumour_low": [90.0, 60.0], "tumour_high": [110.0, 200.0],
        }
    )  # fmt: skip
    samples = sheet(1)
    pairs = make_pairs(samples, verdicts_of(samples), known(), None)
    changes = measure_changes(pairs, target_features(targets)).set_index("kind")
    assert changes.at["gene", "high"] < 0
    assert changes.at["gene_in_tumour", "change"] == 0
    assert changes.at["gene_in_tumour", "low"] < 0 < changes.at["gene_in_tumour", "high"]


def declared(**change: object) -> Plan:
    plan = read_plan(ROOT / "config" / "plan.yaml")
    block = {**plan.settings["change"], "signatures": ["gep18", "ifng6"], "contrasts": ["on_treatment"], **change}
    return replace(plan, settings={**plan.settings, "change": block})


def trial_of(count: int, pfs: list[float], event: list[int]) -> Trial:
    people = pd.Index([f"P{i}" for i in range(count)], name="patient_id")
    endpoints = pd.DataFrame({"response": ["Y", "N"] * (count // 2), "pfs_days": pfs, "pfs_event": event}, index=people)
    return Trial(pd.DataFrame({"arm": "A"}, index=people), endpoints, pd.DataFrame(index=people))


def run_on(
    count: int, effect: float, plan: Plan, pfs: list[float] | None = None, lead: float | None = None
) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    samples = sheet(count)
    days = {name: 43.0 if name.endswith("o") else -5.0 for name in samples["sample_id"]}
    pairs = make_pairs(samples, verdicts_of(samples), known(days=pd.Series(days)), None)
    parts = []
    for feature in ("gep18", "ifng6"):
        values = {name: rng.normal() + effect * name.endswith("o") for name in samples["sample_id"]}
        parts.append(features_of(values).assign(feature=feature))
    changes = measure_changes(pairs, pd.concat(parts))
    pfs = pfs or list(rng.uniform(60, 400, count))
    trial = trial_of(count, pfs, [1] * count)
    ahead = None if lead is None else pd.Series(lead, index=trial.patients.index)
    return run_tests(plan, pairs, changes, replace(trial, lead=ahead))


def test_five_pairs_are_tested_and_four_described():
    four, five = (run_on(count, 6.0, declared(endpoints=["change"])) for count in (4, 6))
    assert four["p"].isna().all()
    assert four["estimate"].notna().all()
    assert four["warning"].str.contains("4 pairs, fewer than 5: described, not tested").all()
    test = five[five["method"].str.startswith("moderated paired t (", na=False)]
    assert (test["p_adjusted"] < 0.05).all()
    assert (five["family"] == "pharmacodynamic").all()


def test_only_what_the_plan_declares_is_tested():
    rows = run_on(8, 0.0, declared(signatures=["ifng6"], endpoints=["change"]))
    assert set(rows["biomarker"]) == {"ifng6"}
    assert run_on(8, 0.0, declared(signatures=[])).empty


def test_the_clock_starts_at_the_second_sample():
    """Who had the event before it could not have shown the change: left out, as the row says."""
    pfs = [20.0, 40.0, *np.linspace(90, 400, 12)]
    rows = run_on(14, 0.0, declared(endpoints=["pfs"]), pfs)
    assert (rows["n"] == 12).all()
    assert rows["warning"].str.contains("counted from the day of the second sample: 2 patients left out").all()
    assert rows["p"].notna().all()


def test_the_clock_starts_at_the_second_sample_when_times_count_from_randomisation():
    """Samples of study day 43 are of day 53 of times that count from ten days before treatment."""
    pfs = [20.0, 40.0, 43.0, *np.linspace(90, 400, 11)]
    plan = declared(endpoints=["pfs"])
    from_start, ahead = run_on(14, 0.0, plan, pfs), run_on(14, 0.0, plan, [day + 10 for day in pfs], lead=10.0)
    assert ahead["warning"].str.contains("3 patients left out").all()
    pd.testing.assert_frame_equal(ahead, from_start)


def test_all_genes_of_pairs_have_the_patient_as_block():
    """Patients differ tenfold, the change is twofold: the paired design finds it, and the genes that have none not."""
    rng = np.random.default_rng(4)
    samples = sheet(6)
    pairs = make_pairs(samples, verdicts_of(samples), known(), None)
    base = rng.uniform(200, 2000, 500)
    own = {f"P{i}": np.exp(rng.normal(0, 1.0, 500)) for i in range(6)}
    counts = {}
    for name, patient in zip(samples["sample_id"], samples["patient_id"], strict=True):
        mean = base * own[patient] * np.where(np.arange(500) < 10, 2.0 if name.endswith("o") else 1.0, 1.0)
        counts[name] = rng.negative_binomial(20, 20 / (20 + mean))
    table = pd.DataFrame(counts, index=[f"G{i:03d}" for i in range(500)])
    symbols = {gene: gene for gene in table.index}
    genes, sets = compare_pairs(declared(), pairs, table, symbols, {"up": list(table.index[:12])})
    found = genes.set_index("gene_id")
    changed = found.loc[table.index[:10]]
    assert (changed["p_adjusted"] < 0.05).all()
    assert changed["log2_fold_change"].mean() == pytest.approx(1.0, abs=0.15)
    assert (found.loc[table.index[10:], "p_adjusted"] < 0.05).mean() < 0.05
    assert sets["nes"].iloc[0] > 1


def test_a_trial_without_later_samples_has_empty_tables():
    samples = sheet(2)
    samples = samples[samples["timepoint"].eq("baseline")]
    pairs = make_pairs(samples, verdicts_of(samples), known(), None)
    changes = measure_changes(pairs, features_of({"P0-b": 1.0}))
    assert pairs.empty
    assert changes.empty
    assert run_tests(declared(), pairs, changes, trial_of(2, [1.0, 2.0], [1, 1])).empty
    genes, _ = compare_pairs(declared(), pairs, pd.DataFrame(), {}, {})
    assert genes.empty
