"""Differential expression and enrichment: known effects, refusals, reasons, the same bytes."""

from __future__ import annotations

import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits
from unit.association.trial_files import make_trial

from anpi.association.differential import compare_groups, contrast, declared_contrasts
from anpi.association.enrichment import enrich, rank_genes, read_gene_sets
from anpi.association.plan import read_plan
from anpi.association.trial import read_trial
from anpi.association.write_expression import contrasts_at_a_time
from anpi.files.shipped import ROOT
from anpi.problems import InputError

PROGRAM = ROOT / "scripts" / "test_expression.py"
GENES = 240
CHANGED = 30
PATIENTS = 36


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    """36 patients in one arm; of 240 genes 15 are four times as high in responders and 15 a quarter."""
    folder = tmp_path_factory.mktemp("expression")
    arguments = make_trial(folder, count=PATIENTS, seed=31, arms=("AK104",), evaluable=1.0)
    named = dict(zip((a.removeprefix("--") for a in arguments[::2]), arguments[1::2], strict=True))
    endpoints = pd.read_csv(named["endpoints"], sep="\t", dtype=str, keep_default_na=False)
    responder = np.arange(PATIENTS) % 3 == 0
    endpoints["response"] = np.where(responder, "Y", "N")
    endpoints.to_csv(named["endpoints"], sep="\t", index=False)
    rng = np.random.default_rng(1)
    mean = rng.lognormal(5, 1, GENES)[:, None] * rng.lognormal(0, 0.2, PATIENTS)
    mean[: CHANGED // 2, responder] *= 4
    mean[CHANGED // 2 : CHANGED, responder] /= 4
    counts = rng.negative_binomial(4, 4 / (4 + mean))
    counts[-1] = 0
    counts[-2] = 1
    ids = pd.Index([f"ENSG{i:011d}" for i in range(GENES)], name="gene_id")
    samples = [f"S{patient}" for patient in endpoints["patient_id"]]
    pd.DataFrame(counts, index=ids, columns=samples).to_csv(folder / "counts.tsv.gz", sep="\t")
    pd.DataFrame({"gene_id": ids, "symbol": [f"G{i}" for i in range(GENES)]}).to_csv(
        folder / "genes.tsv", sep="\t", index=False
    )
    lines = [
        "changed\tmade\t" + "\t".join(f"G{i}" for i in range(CHANGED // 2)),
        "unchanged\tmade\t" + "\t".join(f"G{i}" for i in range(100, 140)),
        "small\tmade\tG1\tG2\tG3",
        "absent\tmade\t" + "\t".join(f"X{i}" for i in range(30)),
    ]
    (folder / "sets.gmt").write_text("\n".join(lines) + "\n")
    named |= {"counts": str(folder / "counts.tsv.gz"), "genes": str(folder / "genes.tsv")}
    return named | {"gene-sets": str(folder / "sets.gmt")}


@pytest.fixture
def run(files, tmp_path):
    """Run the program for the contrasts given; keys given take the place of files (None leaves one out)."""

    def call(contrasts=("response",), out="out", **changed) -> dict[str, pd.DataFrame]:
        plan = tmp_path / "plan.yaml"
        plan.write_text(
            "families: [{family: f, tier: exploratory, entries: [{entry: e, endpoints: [pfs], biomarker: subtype}]}]\n"
            f"expression: {{contrasts: [{', '.join(contrasts)}], permutations: 200}}\n"
        )
        used = {k: v for k, v in (files | {"plan": str(plan)} | changed).items() if k != "scores" and v is not None}
        arguments = [part for name, path in used.items() for part in (f"--{name}", str(path))]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", [str(PROGRAM), *arguments, "--out-dir", str(tmp_path / out)])
            runpy.run_path(str(PROGRAM))["main"]()
        names = ("differential", "enrichment", "contrasts")
        return {name: pd.read_csv(tmp_path / out / f"{name}.tsv", sep="\t") for name in names}

    return call


def test_known_changes_are_found_and_others_are_not(run):
    found = run()
    genes = found["differential"].set_index("symbol")
    changed = [f"G{i}" for i in range(CHANGED)]
    claimed = set(genes.index[genes["p_adjusted"] < 0.05])
    assert len(claimed & set(changed)) >= 28
    assert len(claimed - set(changed)) <= 5
    assert genes.loc[changed[:15], "log2_fold_change"].median() == pytest.approx(2, abs=0.3)
    assert genes.loc[changed[15:], "log2_fold_change"].median() == pytest.approx(-2, abs=0.3)
    still = genes.drop(index=changed)
    assert still["shrunken_log2_fold_change"].abs().median() < still["log2_fold_change"].abs().median()
    assert found["contrasts"]["genes_fdr_5"].iloc[0] == len(claimed)
    sets = found["enrichment"].set_index("gene_set")
    assert sets.loc["changed", "nes"] > 1.5
    assert sets.loc["changed", "fdr"] < 0.05
    assert sets.loc["unchanged", "p"] > 0.05
    assert sets.loc["small", "reason"].startswith("3 of its genes are ranked, fewer than 10")
    assert sets.loc["absent", "reason"].startswith("0 of its genes")


def test_every_missing_number_has_a_reason(run):
    found = run()
    genes = found["differential"]
    assert len(genes) == GENES
    missing = genes["p"].isna() | genes["p_adjusted"].isna()
    assert genes.loc[missing, "reason"].notna().all()
    assert genes.loc[~missing, "reason"].isna().all()
    assert genes.set_index("symbol").loc[["G238", "G239"], "reason"].str.startswith("fewer than 10 counts").all()
    sets = found["enrichment"]
    assert sets.loc[sets["nes"].isna(), "reason"].notna().all()


def test_the_same_bytes_twice_whatever_the_number_of_threads(run, tmp_path):
    contrasts = ("response", "subtype")
    found = run(contrasts, out="one")
    assert found["differential"]["contrast"].nunique() > 1
    run(contrasts, out="two", threads=3)
    for name in ("differential", "enrichment", "contrasts"):
        assert (tmp_path / "one" / f"{name}.tsv").read_bytes() == (tmp_path / "two" / f"{name}.tsv").read_bytes()


@pytest.mark.parametrize("empty", [True, False])
def test_without_counts_it_says_so(run, tmp_path, empty):
    (tmp_path / "counts.tsv").write_text("gene_id\tS0001\tS0002\n")
    found = run(counts=tmp_path / "counts.tsv" if empty else None)
    assert len(found["differential"]) == len(found["enrichment"]) == 0
    assert "needs counts" in found["contrasts"]["reason"].iloc[0]


def test_a_gene_without_a_count_in_some_sample_is_not_tested_and_the_others_are_as_before(run, files, tmp_path):
    whole = run(out="whole")["differential"].set_index("symbol")
    counts = pd.read_csv(files["counts"], sep="\t", index_col="gene_id").astype(float)
    counts.iloc[200, 3] = np.nan
    counts.to_csv(tmp_path / "holes.tsv", sep="\t", na_rep="NA")
    found = run(out="holes", counts=tmp_path / "holes.tsv")["differential"].set_index("symbol")
    assert found.loc["G200", "reason"] == "no count is known in some of the samples: not tested"
    assert np.isnan(found.loc["G200", "p"])
    changed = [f"G{i}" for i in range(CHANGED)]
    assert found.loc[changed, "log2_fold_change"].to_numpy() == pytest.approx(
        whole.loc[changed, "log2_fold_change"].to_numpy(), abs=0.05, nan_ok=True
    )


def test_small_groups_are_not_tested(run, files, tmp_path):
    endpoints = pd.read_csv(files["endpoints"], sep="\t", dtype=str, keep_default_na=False)
    endpoints["response"] = ["Y"] * 4 + ["N"] * (PATIENTS - 4)
    endpoints.to_csv(tmp_path / "endpoints.tsv", sep="\t", index=False)
    found = run(endpoints=tmp_path / "endpoints.tsv")
    assert len(found["differential"]) == 0
    assert found["contrasts"]["reason"].iloc[0] == "groups of 4 and 32, fewer than 5 in one: not tested"


def sheet_of(endpoints: pd.DataFrame) -> pd.DataFrame:
    patients = endpoints["patient_id"]
    return pd.DataFrame({"sample_id": "S" + patients, "patient_id": patients, "timepoint": "baseline"})


def test_a_batch_that_is_the_group_is_refused(run, files, tmp_path):
    endpoints = pd.read_csv(files["endpoints"], sep="\t", dtype=str)
    samples = sheet_of(endpoints)
    samples["batch"] = endpoints["response"].map({"Y": "b1", "N": "b2"})
    samples.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    found = run(samples=tmp_path / "samples.tsv")
    assert len(found["differential"]) == 0
    assert "every batch holds one group only" in found["contrasts"]["reason"].iloc[0]


def test_a_batch_that_crosses_the_groups_is_adjusted_for(files, tmp_path):
    endpoints = pd.read_csv(files["endpoints"], sep="\t", dtype=str)
    samples = sheet_of(endpoints)
    samples["batch"] = np.where(np.arange(PATIENTS) % 2, "b1", "b2")
    samples.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    trial = read_trial(
        files["patients"], files["endpoints"], files["sets"], files["calls"], samples=tmp_path / "samples.tsv"
    )
    plan = read_plan(ROOT / "config" / "plan.yaml")
    contrasts = list(declared_contrasts(plan, trial))
    assert contrasts[0].summary()["design"] == "~ batch + group"
    assert contrasts[0].notes == ("not adjusted for arm: one level only",)
    assert [c.name for c in contrasts[1:]] == [f"subtype {level} against the others" for level in "ANPI"]
    assert all(c.obstacle is None or "fewer than 5" in c.obstacle for c in contrasts)


def test_batches_called_by_numbers_are_batches(files, tmp_path):
    """Batch 1.1 and batch 1.10 are two, and no batch is three times another."""
    endpoints = pd.read_csv(files["endpoints"], sep="\t", dtype=str)
    samples = sheet_of(endpoints).assign(batch=np.resize(["1.1", "1.10", "3", "3"], PATIENTS))
    samples.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    trial = read_trial(files["patients"], files["endpoints"], files["sets"], samples=tmp_path / "samples.tsv")
    item = next(declared_contrasts(read_plan(ROOT / "config" / "plan.yaml"), trial))
    assert list(item.covariates) == ["batch: 1.10", "batch: 3"]
    assert item.summary()["design"] == "~ batch + group"
    assert item.covariates.isin([0, 1]).all(axis=None)


def test_an_amount_that_no_two_patients_share_is_adjusted_for(files):
    """Each value of LDH stands in one group, as it must; that tells nothing of the two."""
    trial = read_trial(files["patients"], files["endpoints"], files["sets"])
    changed = replace(trial, patients=trial.patients.assign(ldh=np.linspace(150, 400, PATIENTS)))
    plan = read_plan(ROOT / "config" / "plan.yaml")
    plan.settings["expression"]["adjust_for"] = ["ldh"]
    item = next(declared_contrasts(plan, changed))
    assert item.obstacle is None
    assert item.summary()["design"] == "~ ldh + group"


def test_who_belongs_to_no_group_is_counted(files):
    trial = read_trial(files["patients"], files["endpoints"], files["sets"])
    endpoints = trial.endpoints.copy()
    endpoints.iloc[:5, endpoints.columns.get_loc("response")] = None
    item = next(declared_contrasts(read_plan(ROOT / "config" / "plan.yaml"), replace(trial, endpoints=endpoints)))
    told = f"5 of {PATIENTS} patients with a sample left out: it is not known to which group they belong"
    assert told in item.notes


def test_a_design_of_too_many_columns_is_refused_and_says_of_what(files):
    trial = read_trial(files["patients"], files["endpoints"], files["sets"])
    samples = pd.DataFrame({"batch": [f"b{i // 2}" for i in range(400)]}, index=[f"P{i:03d}" for i in range(400)])
    response = pd.Series([0.0, 1.0] * 200, index=samples.index)
    plan = read_plan(ROOT / "config" / "plan.yaml")
    changed = replace(trial, samples=samples.astype("category"), patients=trial.patients.reindex(samples.index))
    assert contrast("response", response, plan, changed).obstacle == (
        "the design would have 201 columns, more than 100 (batch has 200 levels): not tested; join levels, such as the "
        "runs of one machine, or take the column out of adjust_for"
    )


@pytest.mark.parametrize(
    ("samples", "memory", "expected"),
    [(40, 4480, 5), (3000, 16_000, 5), (3000, 8000, 3), (3000, 2000, 1), (3000, None, 5)],
)
def test_as_many_contrasts_at_a_time_as_memory_holds(samples, memory, expected):
    """Of 20,000 genes a matrix takes 8 bytes a cell, a contrast four matrices and 600 MB."""
    assert contrasts_at_a_time(20_000 * samples, 5, memory) == expected


def test_batch_effect_is_not_taken_for_response(files, tmp_path):
    """Genes that follow a batch in which responders are more common look changed without it, not with it."""
    trial = read_trial(files["patients"], files["endpoints"], files["sets"], files["calls"])
    plan = read_plan(ROOT / "config" / "plan.yaml")
    rng = np.random.default_rng(3)
    responder = trial.outcome("response")["y"].to_numpy() == 1
    batch = rng.random(PATIENTS) < np.where(responder, 0.8, 0.2)
    mean = rng.lognormal(5, 0.5, 60)[:, None] * np.ones(PATIENTS)
    mean[:12, batch] *= 5
    genes = [f"g{i}" for i in range(60)]
    counts = pd.DataFrame(rng.negative_binomial(8, 8 / (8 + mean)), index=genes, columns=trial.patients.index)
    claimed = []
    for known in (False, True):
        samples = pd.DataFrame({"batch": np.where(batch, "b1", "b2")}, index=trial.patients.index) if known else None
        item = next(declared_contrasts(plan, replace(trial, samples=samples)))
        claimed.append(int((compare_groups(counts, item, 10)["p"].iloc[:12] < 0.05).sum()))
    assert claimed[0] >= 10
    assert claimed[1] <= 3


def test_gene_sets_from_a_table_and_damaged_files(tmp_path):
    table = tmp_path / "sets.tsv"
    table.write_text("signature\tsymbol\tweight\na\tCD8A\t1\na\tNKX2-1\t1\nb\tHLA-A\t1\n")
    assert read_gene_sets(table) == {"a": ["CD8A", "NKX2-1"], "b": ["HLA-A"]}
    table.write_text("set\tgene\na\tb\n")
    with pytest.raises(InputError, match="expected signature, symbol"):
        read_gene_sets(table)
    gmt = tmp_path / "sets.gmt"
    gmt.write_text("a\tx\tG1\na\tx\tG2\nb\tx\n")
    with pytest.raises(InputError) as caught:
        read_gene_sets(gmt)
    assert "a twice" in str(caught.value)
    assert "a gene set without genes" in str(caught.value)


def test_ranks_take_each_symbol_once():
    table = pd.DataFrame(
        {
            "gene_id": ["e1", "e2", "e3", "e4"],
            "symbol": ["A", "A", "B", None],
            "base_mean": [5.0, 50.0, 9.0, 9.0],
            "statistic": [3.0, -1.0, 2.0, 8.0],
        }
    )
    assert rank_genes(table).to_dict() == {"B": 2.0, "A": -1.0}


def test_enrichment_score_by_hand():
    """Subramanian (2005) with weight 1: hits at ranks 1 and 3 of 6, statistics 3, 2, 1, -1, -2, -3."""
    ranks = pd.Series([3.0, 2.0, 1.0, -1.0, -2.0, -3.0], index=list("abcdef"))
    found = enrich(ranks, {"s": ["a", "c"]}, 2, 5, 200, 1).iloc[0]
    assert found["es"] == pytest.approx(0.75)
    assert found["genes_used"] == 2
    assert found["p"] >= 1 / 201


def test_shipped_gene_sets_can_be_read():
    sets = read_gene_sets(Path(ROOT / "resources" / "signatures" / "genes" / "hallmark.tsv"))
    assert len(sets) == 50
    assert len(sets["hallmark_e2f_targets"]) == 200


def test_only_contrasts_whose_counts_or_groups_changed_are_fitted_anew(run, files, tmp_path, monkeypatch):
    """A patient's response is another: the contrasts of subtypes are kept, and all bytes are those of a fresh run."""
    fitted = []

    def fit(counts, item, minimum_count):
        fitted.append(item.name)
        return compare_groups(counts, item, minimum_count)

    def tables(out: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted((tmp_path / out).iterdir())]

    def both(out: str, **changed: str) -> list[str]:
        fitted.clear()
        run(("response", "subtype"), out, kept=str(tmp_path / "kept.zip"), **changed)
        found = list(fitted)
        run(("response", "subtype"), f"{out}-fresh", **changed)
        assert tables(out) == tables(f"{out}-fresh")
        return found

    monkeypatch.setattr("anpi.association.differential.compare_groups", fit)
    every = both("first")
    assert len(every) > 2
    assert both("again") == []
    endpoints = pd.read_csv(files["endpoints"], sep="\t", dtype=str, keep_default_na=False)
    endpoints.loc[0, "response"] = "N" if endpoints.loc[0, "response"] == "Y" else "Y"
    endpoints.to_csv(tmp_path / "endpoints.tsv", sep="\t", index=False)
    assert both("response", endpoints=str(tmp_path / "endpoints.tsv")) == ["responders against non-responders"]
    counts = pd.read_csv(files["counts"], sep="\t", index_col=0)
    counts.iloc[7, 3] += 1
    counts.to_csv(tmp_path / "counts.tsv.gz", sep="\t")
    assert both("count", counts=str(tmp_path / "counts.tsv.gz")) == every
    (tmp_path / "sets.gmt").write_text(Path(files["gene-sets"]).read_text() + "more\tmade\tG1\tG2\n")
    assert both("sets", **{"gene-sets": str(tmp_path / "sets.gmt")}) == every
