"""The result for a sample is the same whatever stands beside it and however its genes are named and ordered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anpi.expression.matrix import Expression, read_expression, to_tpm
from anpi.signatures.registry import Signature, read_registry
from anpi.signatures.scores import score_signatures
from anpi.subtypes.calls import call_subtypes, gather_evidence, programme_table
from anpi.subtypes.model import Model
from anpi.subtypes.stability import INTERVALS


def pick(expression: Expression, samples: list[str]) -> Expression:
    return replace(expression, values=expression.values[samples])


def lines(table: pd.DataFrame) -> dict[str, str]:
    """Return each sample's rows as the text that would be written."""
    return {
        str(sample): rows.to_csv(index=False, header=False, float_format="%.10g")
        for sample, rows in table.groupby("sample_id", sort=False)
    }


@pytest.fixture(scope="module")
def calls(cohort: Expression, model: Model) -> pd.DataFrame:
    return call_subtypes(cohort, model)


@pytest.fixture(scope="module")
def registry() -> list[Signature]:
    return read_registry()


@pytest.fixture(scope="module")
def scores(cohort: Expression, registry: list[Signature]) -> pd.DataFrame:
    return score_signatures(cohort, registry)


def test_a_sample_alone_is_called_as_among_eighty(cohort: Expression, model: Model, calls: pd.DataFrame) -> None:
    among = lines(calls)
    for sample in list(cohort.values.columns)[::3]:
        assert lines(call_subtypes(pick(cohort, [sample]), model))[sample] == among[sample]


def test_a_sample_alone_is_scored_as_among_eighty(
    cohort: Expression, scores: pd.DataFrame, registry: list[Signature]
) -> None:
    among = lines(scores)
    for sample in list(cohort.values.columns)[::16]:
        assert lines(score_signatures(pick(cohort, [sample]), registry))[sample] == among[sample]


def test_a_score_does_not_depend_on_the_other_signatures(
    cohort: Expression, scores: pd.DataFrame, registry: list[Signature]
) -> None:
    few = pick(cohort, list(cohort.values.columns)[:3])
    for signature in registry[::11]:
        alone = score_signatures(few, [signature])
        rows = scores[(scores["signature"] == signature.id) & scores["sample_id"].isin(few.values.columns)]
        assert alone.to_csv(index=False) == rows.to_csv(index=False)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_order_and_company_of_samples_do_not_matter(
    data: st.DataObject, cohort: Expression, model: Model, calls: pd.DataFrame
) -> None:
    names = list(cohort.values.columns)
    chosen = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=20))
    copies = [f"{name} copy {i}" for i, name in enumerate(chosen)]
    values = cohort.values[chosen].set_axis(copies, axis=1)
    found = lines(call_subtypes(replace(cohort, values=values), model))
    among = lines(calls)
    for name, copy in zip(chosen, copies, strict=True):
        assert found[copy].replace(copy, name, 1) == among[name]


def test_a_thousand_samples_leave_the_first_as_they_were(cohort: Expression, model: Model) -> None:
    rng = np.random.default_rng(5)
    tpm = replace(to_tpm(cohort), genes=cohort.genes)
    few = pick(tpm, list(tpm.values.columns)[:20])
    others = tpm.values.iloc[:, rng.integers(0, 80, 980)].set_axis([f"other{i}" for i in range(980)], axis=1)
    crowd = replace(tpm, values=pd.concat([few.values, others], axis=1))
    evidence, alone = gather_evidence(crowd, model), gather_evidence(few, model)
    for table in ("scores", "standardised", "activation", "probability", "identity", "tissues"):
        pd.testing.assert_frame_equal(getattr(evidence, table).iloc[:20], getattr(alone, table), check_exact=True)


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_genes_does_not_matter(
    seed: int,
    cohort: Expression,
    model: Model,
    calls: pd.DataFrame,
    scores: pd.DataFrame,
    registry: list[Signature],
) -> None:
    few = pick(cohort, list(cohort.values.columns)[:6])
    order = np.random.default_rng(seed).permutation(len(few.values))
    shuffled = replace(few, values=few.values.iloc[order], genes=few.genes.iloc[order].reset_index(drop=True))
    kept = {str(c) for c in few.values.columns}
    assert lines(call_subtypes(shuffled, model)) == {k: v for k, v in lines(calls).items() if k in kept}
    assert lines(score_signatures(shuffled, registry)) == {k: v for k, v in lines(scores).items() if k in kept}


def test_ids_versions_symbols_and_file_format_do_not_matter(
    cohort: Expression, model: Model, calls: pd.DataFrame, tmp_path: Path
) -> None:
    few = pick(cohort, list(cohort.values.columns)[:8])
    unique = ~few.genes["symbol"].duplicated(keep=False).to_numpy()
    few = replace(few, values=few.values[unique], genes=few.genes[unique].reset_index(drop=True))
    ids = few.values.index
    names = {
        "ids.tsv": list(ids),
        "versions.tsv.gz": [f"{gene}.7" for gene in ids],
        "symbols.csv": list(few.genes["symbol"]),
    }
    expected = lines(call_subtypes(few, model))
    for file, index in names.items():
        separator = "," if ".csv" in file else "\t"
        few.values.set_axis(index, axis=0).to_csv(tmp_path / file, sep=separator)
        assert lines(call_subtypes(read_expression(tmp_path / file, "counts"), model)) == expected


def test_rescaling_and_unit_do_not_change_calls(
    cohort: Expression, model: Model, calls: pd.DataFrame, tmp_path: Path
) -> None:
    # Stability is measured on the reads themselves, so it is the one thing that needs counts and their depth.
    few = pick(cohort, list(cohort.values.columns)[::5])
    resampled = ["stability", "least_reads", *INTERVALS]
    expected = calls[calls["sample_id"].isin(few.values.columns)].reset_index(drop=True).drop(columns=resampled)
    tpm = to_tpm(few)
    variants = {"tpm": tpm.values, "scaled": tpm.values * 1.7, "small": tpm.values * 0.013}
    for name, values in variants.items():
        values.to_csv(tmp_path / f"{name}.tsv", sep="\t")
        found = call_subtypes(read_expression(tmp_path / f"{name}.tsv", "tpm"), model)
        pd.testing.assert_frame_equal(found.drop(columns=resampled), expected, atol=2e-4, rtol=0)
    np.log2(tpm.values + 0.5).to_csv(tmp_path / "log.tsv", sep="\t")
    found = call_subtypes(read_expression(tmp_path / "log.tsv", "log2_tpm_plus_0.5"), model)
    pd.testing.assert_frame_equal(found.drop(columns=resampled), expected, atol=2e-4, rtol=0)
    doubled = call_subtypes(replace(few, values=few.values * 2), model)
    pd.testing.assert_frame_equal(doubled.drop(columns=resampled), expected, atol=2e-4, rtol=0)


def test_coding_genes_alone_give_the_same_calls(cohort: Expression, model: Model, calls: pd.DataFrame) -> None:
    coding = (cohort.genes["biotype"] == "protein_coding").to_numpy()
    genes = cohort.genes[coding].reset_index(drop=True)
    found = call_subtypes(replace(cohort, values=cohort.values[coding], genes=genes), model)
    same = (found["subtype"].fillna("-") == calls["subtype"].fillna("-")) & (found["call"] == calls["call"])
    assert same.all()


def test_programmes_of_a_sample_alone(cohort: Expression, model: Model) -> None:
    among = lines(programme_table(cohort, model))
    sample = str(cohort.values.columns[17])
    assert lines(programme_table(pick(cohort, [sample]), model))[sample] == among[sample]
