"""Programs of single samples compute those alone that are not as they were, and write the bytes of a fresh run."""

from __future__ import annotations

import runpy
import sys

import numpy as np
import pandas as pd
import pytest

from anpi.expression import by_sample
from anpi.expression.matrix import Expression
from anpi.files.shipped import ROOT

MORE = {
    "call_subtypes": ["--programmes", "programmes.tsv", "--tissues", "tissues.tsv"],
    "score_signatures": [],
    "score_targets": [],
    "estimate_fractions": ["--tumour"],
    "score_pathways": [],
}
TABLES = {"call_subtypes": "--verdicts", "score_targets": "--calls", "estimate_fractions": "--tissues"}


@pytest.fixture(scope="module")
def counts(cohort: Expression) -> pd.DataFrame:
    """Eight samples, pure and half normal tissue."""
    return cohort.values.iloc[:, [0, 1, 2, 3, 60, 61, 62, 63]].astype(int)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a program on a matrix; return which samples it computed and what it wrote."""

    def call(name: str, counts: pd.DataFrame, beside: pd.DataFrame | None = None, kept: bool = True):
        computed: list[str] = []

        def of_samples(expression: Expression, samples: list[str]) -> Expression:
            computed.extend(sample for sample in samples if sample not in computed)
            return own(expression, samples)

        out = tmp_path / ("kept" if kept else "fresh")
        out.mkdir(exist_ok=True)
        monkeypatch.chdir(out)
        counts.rename_axis("gene_id").to_csv("counts.tsv", sep="\t")
        arguments = ["--expression", "counts.tsv", "--unit", "counts", *MORE[name], "--out", "out.tsv"]
        if beside is not None:
            beside.to_csv("beside.tsv", sep="\t", index=False)
            arguments += [TABLES[name], "beside.tsv"]
        arguments += ["--kept", str(tmp_path / "kept.zip")] if kept else []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(by_sample, "of_samples", of_samples)
            patch.setattr(sys, "argv", [name, *arguments])
            runpy.run_path(str(ROOT / "scripts" / f"{name}.py"))["main"]()
        return computed, {path.name: path.read_bytes() for path in out.glob("*.tsv")}

    own = by_sample.of_samples
    return call


@pytest.mark.parametrize("name", MORE)
def test_a_new_sample_and_a_changed_one_are_computed_and_no_other(run, counts, name):
    names = list(counts.columns)
    assert run(name, counts[names[:5]])[0] == names[:5]
    other = counts[[names[6], *names[:5]]].copy()
    other.iloc[11, 3] += 1
    computed, written = run(name, other)
    assert sorted(computed) == sorted([names[6], names[2]])
    assert written == run(name, other, kept=False)[1]


def test_samples_of_the_same_values_keep_their_names(run, counts):
    """Such as one library that was delivered twice: the rows of neither are those of the other."""
    counts = counts.iloc[:, [0]]
    run("score_pathways", counts)
    twice = counts.assign(AAA=counts.iloc[:, 0], ZZZ=counts.iloc[:, 0])
    assert run("score_pathways", twice)[0] == ["AAA", "ZZZ"]
    for kept in (True, False):
        written = run("score_pathways", twice, kept=kept)[1]["out.tsv"].decode().splitlines()
        assert list(dict.fromkeys(line.split("\t")[0] for line in written[1:])) == list(twice.columns)


def test_a_matrix_of_other_genes_is_computed_whole_and_one_that_is_the_same_not_at_all(run, counts):
    assert run("score_pathways", counts)[0] == list(counts.columns)
    assert run("score_pathways", counts)[0] == []
    assert run("score_pathways", counts.iloc[:-1])[0] == list(counts.columns)


@pytest.mark.parametrize(("name", "column"), [("call_subtypes", "verdict"), ("score_targets", "purity")])
def test_a_sample_whose_row_of_another_table_changed_is_computed(run, counts, name, column):
    values = {"verdict": ("pass", "fail"), "purity": (0.8, 0.6)}[column]
    counts = counts.iloc[:, :3]
    beside = pd.DataFrame({"sample_id": counts.columns, column: values[0], "reasons": None})
    run(name, counts, beside)
    beside.loc[1, column] = values[1]
    computed, written = run(name, counts, beside)
    assert computed == [counts.columns[1]]
    assert written == run(name, counts, beside, kept=False)[1]


def test_facts_of_a_sample_that_no_call_hangs_on_change_nothing(run, counts):
    """A new sample may bring facts that no other had: the table of verdicts has more columns then."""
    counts = counts.iloc[:, :2]
    beside = pd.DataFrame({"sample_id": counts.columns, "verdict": "pass", "reasons": None})
    run("call_subtypes", counts, beside)
    assert run("call_subtypes", counts, beside.assign(strandedness=["reverse", None]))[0] == []


def test_fractions_are_computed_again_where_the_tissue_around_is_another(run, counts):
    counts = counts.iloc[:, -3:]
    tissues = pd.DataFrame({"sample_id": counts.columns, "sclc": "yes", "lung": 0.0})
    run("estimate_fractions", counts, tissues)
    tissues.loc[2, "lung"] = 60.0
    computed, written = run("estimate_fractions", counts, tissues)
    assert computed == [counts.columns[2]]
    assert written == run("estimate_fractions", counts, tissues, kept=False)[1]


def test_a_model_whose_files_are_others_calls_all_samples_anew(run, counts, tmp_path, monkeypatch):
    """Also any shipped resource: what a program reads besides its arguments is not asked after file by file."""
    counts = counts.iloc[:, :2]
    run("call_subtypes", counts)
    monkeypatch.setattr("anpi.provenance.RESOURCES", ROOT / "resources" / "genes")
    assert run("call_subtypes", counts)[0] == list(counts.columns)


def test_rows_of_long_tables_stay_with_their_sample_whatever_its_columns_hold():
    """Whole numbers, missing ones and texts in one column are written for a part as for the whole."""
    draw = np.random.default_rng(1)
    samples = [f"S{i}" for i in range(12)]
    table = pd.DataFrame({"sample_id": np.repeat(samples, 3), "value": draw.normal(size=36).round(3), "n": range(36)})
    table["n"] = table["n"].where(table["n"] % 5 > 0)
    table["text"] = [None if i % 4 else f'a "b"\t{i}' for i in range(36)]
    table.loc[:8, "value"] = 7.0

    def compute(chosen: list[str]) -> list[pd.DataFrame]:
        part = table[table["sample_id"].isin(chosen)]
        return [part.infer_objects(), part.drop_duplicates("sample_id")[["sample_id", "n"]]]

    kept = by_sample.Kept(None)
    whole = by_sample.tables_by_sample(kept, {s: kept.key(s) for s in samples}, compute, "%.10g")
    for number in range(len(samples)):
        part = by_sample.Kept(None)
        keys = {s: part.key(s) for s in samples}
        by_sample.tables_by_sample(part, dict(list(keys.items())[:number]), compute, "%.10g")
        part.before = dict(part.now)
        assert by_sample.tables_by_sample(part, keys, compute, "%.10g") == whole
    assert whole[0].splitlines()[0] == "sample_id\tvalue\tn\ttext"
    assert [line.split("\t")[0] for line in whole[0].splitlines()[1:]] == list(table["sample_id"])
