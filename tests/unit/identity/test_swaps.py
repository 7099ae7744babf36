"""Who is suspect, from pairs with known results."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from anpi.cohort.verdicts import judge_samples
from anpi.identity.compare import compare_identities
from anpi.identity.sites import read_sites
from anpi.identity.swaps import judge_identities


def pairs_of(persons: dict[str, str], patients: dict[str, str], unclear: set[str] = frozenset()) -> pd.DataFrame:
    """List all pairs of samples as they compare when each is of the given person; unclear samples tell nothing."""
    rows = [
        {
            "sample_1": a,
            "sample_2": b,
            "patient_1": patients[a],
            "patient_2": patients[b],
            "result": "unclear" if {a, b} & unclear else "same" if persons[a] == persons[b] else "different",
        }
        for a, b in combinations(sorted(persons), 2)
    ]
    return pd.DataFrame(rows, columns=["sample_1", "sample_2", "patient_1", "patient_2", "result"])


def judge(sheet: str, unclear: set[str] = frozenset()) -> dict[str, tuple[str, str]]:
    """Judge samples given as ``sample=patient/person``."""
    entries = [entry.replace("=", "/").split("/") for entry in sheet.split()]
    patients = {sample: patient for sample, patient, _ in entries}
    persons = {sample: person for sample, _, person in entries}
    judged = judge_identities(pairs_of(persons, patients, unclear), patients).set_index("sample_id")
    return {sample: (row["identity"], row["identity_reason"]) for sample, row in judged.iterrows()}


def suspects(judged: dict[str, tuple[str, str]]) -> set[str]:
    return {sample for sample, (identity, _) in judged.items() if identity == "suspect"}


def test_a_cohort_as_it_should_be():
    judged = judge("a1=A/a a2=A/a b1=B/b b2=B/b c1=C/c")
    assert suspects(judged) == set()
    assert judged["a1"] == ("match", "")
    assert judged["c1"] == ("unknown", "the only genotyped sample of its patient")


def test_swapped_samples_name_each_other():
    judged = judge("a1=A/a a2=A/b b1=B/b b2=B/a c1=C/c c2=C/c")
    assert suspects(judged) == {"a1", "a2", "b1", "b2"}
    assert judged["c1"][0] == "match"
    reason = judged["a2"][1]
    assert "differ from a1 of the same patient A" in reason
    assert "match b1 of patient B" in reason


def test_a_majority_tells_which_one_is_swapped():
    judged = judge("a1=A/a a2=A/a a3=A/b b1=B/b b2=B/b b3=B/a")
    assert suspects(judged) == {"a3", "b3"}
    assert {judged[name][0] for name in ("a1", "a2", "b1", "b2")} == {"match"}


def test_one_person_under_two_patients():
    judged = judge("a1=A/a b1=B/a c1=C/c")
    assert suspects(judged) == {"a1", "b1"}
    assert judged["a1"][1] == "genotypes of one person under two patients: a1 of A and b1 of patient B"


def test_a_shallow_sample_is_of_one_person_with_another_patient_through_its_sibling():
    patients = {"a1": "A", "a2": "A", "b1": "B", "b2": "B"}
    pairs = pairs_of(dict.fromkeys(patients, "a"), patients)
    apart = pairs["sample_1"].eq("a1") & pairs["patient_2"].eq("B")
    judged = judge_identities(pairs.assign(result=pairs["result"].mask(apart, "unclear")), patients)
    assert set(judged["identity"]) == {"suspect"}
    shallow = judged.set_index("sample_id").at["a1", "identity_reason"]
    assert shallow == "genotypes of one person under two patients: a1 of A and b1 of patient B, b2 of patient B"


def test_a_strange_sample_that_matches_nobody():
    judged = judge("a1=A/a a2=A/x b1=B/b")
    assert suspects(judged) == {"a1", "a2"}  # two samples cannot tell which of them is wrong
    assert judged["a2"][1] == "its genotypes differ from a1 of the same patient A"
    assert suspects(judge("a1=A/a a2=A/a a3=A/x")) == {"a3"}


def test_too_few_reads_accuse_nobody():
    judged = judge("a1=A/a a2=A/b b1=B/b", unclear={"a2"})
    assert suspects(judged) == set()
    assert judged["a2"] == ("unknown", "too few reads at the listed SNPs to compare it with a1")


@pytest.mark.parametrize("turn", [1, -1])
def test_order_does_not_matter(turn: int):
    entries = ["a1=A/a", "a2=A/b", "b1=B/b", "b2=B/a", "c1=C/c", "c2=C/c", "d1=D/c"]
    assert judge(" ".join(entries[::turn])) == judge(" ".join(entries))


def test_one_expression_under_two_names_is_told_of_both():
    """Of two patients, or of two time points of one; without expression, or with few genes, no sample is meant."""
    genes = pd.Index([f"ENSG{n:011d}" for n in range(300)], name="gene_id")
    rng = np.random.default_rng(4)
    tpm = pd.DataFrame(rng.gamma(1.0, 100.0, (300, 3)), index=genes, columns=["a", "c", "d"])
    tpm = tpm.assign(b=tpm["a"], e=0.0, f=0.0, g=tpm["d"].where(tpm.index < genes[50], 0.0))
    tpm = tpm.assign(h=tpm["g"])
    tpm = tpm.assign(i=tpm["c"], j=tpm["d"])
    samples = pd.DataFrame({"sample_id": list("abcdefghij"), "patient_id": list("ABCDEFGHCD"), "timepoint": "baseline"})
    samples.loc[samples["sample_id"] == "i", "timepoint"] = "progression"
    table = compare_identities(samples, {}, tpm, {}, read_sites())[0].set_index("sample_id")
    assert table["same_expression"].dropna().to_dict() == {
        **{"a": "b of patient B", "b": "a of patient A"},
        **{"c": "i of the same patient", "i": "c of the same patient"},
    }
    assert set(table["identity_reason"]) == {"no alignment to the genome, so no genotypes"}
    verdicts = judge_samples(pd.DataFrame({"sample_id": ["a", "d"]}), {}, table.reset_index())
    assert verdicts["verdict"].tolist() == ["warn", "pass"]
    told = "its expression is that of b of patient B to the last digit: one file stands for several samples (warn)"
    assert verdicts["reasons"].tolist() == [told, ""]
