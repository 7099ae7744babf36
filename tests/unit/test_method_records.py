"""The record of each method: complete, true to what the method does, the only list."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.api import as_expression, list_methods, score_signatures
from anpi.expression.genes import read_gene_table
from anpi.fractions.estimate import estimate_fractions
from anpi.fractions.til10 import read_profiles
from anpi.pathways.progeny import read_weights, score_pathways
from anpi.signatures.registry import read_registry
from anpi.subtypes.schemes import SCHEMES
from anpi.targets.levels import score_targets
from anpi.targets.lists import read_targets
from anpi.trial import sources
from anpi.trial.endpoints import ENDPOINTS
from anpi.trial.methods import BY_DEFINITION, METHODS, SCORING, Method, describe
from anpi.trial.sources import OF_METHODS, OF_REPORT, Paper, on_page

ROOT = Path(__file__).resolve().parents[2]
DOI = re.compile(r"doi:10\.\d{4,}/\S+")


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.id)
def test_a_record_says_source_needs_and_limits(method: Method):
    assert DOI.search(method.reference) or "Fatherree" in method.reference or method.reference == BY_DEFINITION
    assert method.needs
    assert method.limits
    assert all(limit.endswith(".") and len(limit) < 120 for limit in method.limits)
    assert 0 <= method.coverage <= 1
    assert method.samples >= 1
    assert method.span[0] < method.span[1]


def test_no_method_has_two_records():
    names = [method.id for method in METHODS]
    assert sorted(names) == sorted(set(names))


def test_all_that_is_measured_is_listed_once():
    listed = list_methods()
    assert not listed.duplicated(["kind", "id"]).any()
    by_kind = listed.groupby("kind")["id"].apply(set)
    assert by_kind["signature"] == {signature.id for signature in read_registry()}
    assert by_kind["fraction"] == set(read_profiles().cell_types)
    assert by_kind["pathway"] == set(read_weights()["pathway"])
    assert by_kind["target"] == {target.name for target in read_targets()}
    assert by_kind["subtype"] == set(SCHEMES)
    assert by_kind["endpoint"] == {endpoint.name for endpoint in ENDPOINTS}
    assert set(listed["method"]) == {method.id for method in METHODS}
    assert listed.drop(columns=["low", "high"]).notna().all(axis=None)
    sources = listed.loc[listed["kind"].eq("signature"), "reference"]
    assert sources.map(lambda source: bool(DOI.search(source)) or source == "single gene").all()
    needed = listed.loc[listed["coverage"].gt(0), "kind"].unique()
    assert set(needed) == {"signature", "fraction", "pathway", "target", "subtype"}
    assert listed.loc[listed["kind"].isin(["signature", "fraction", "pathway", "target"]), "coverage"].gt(0).all()


@pytest.fixture(scope="module")
def extremes() -> pd.DataFrame:
    """Return TPM of all coding genes: none, one alone, even, and drawn with levels that differ a million times."""
    genes = read_gene_table()
    ids = genes.loc[genes["biotype"].eq("protein_coding"), "gene_id"].to_numpy()
    wild = 10 ** np.random.default_rng(7).uniform(-3, 3, (len(ids), 4))
    alone = np.zeros((len(ids), 1))
    alone[0] = 1.0
    even = 1 + alone  # but for one gene, since a sample of one value is refused
    values = np.hstack([np.zeros((len(ids), 1)), alone, even, wild])
    values *= 1e6 / np.maximum(values.sum(axis=0), 1.0)
    return pd.DataFrame(values, index=ids, columns=[f"S{i}" for i in range(values.shape[1])])


def test_numbers_lie_where_the_record_says(extremes: pd.DataFrame):
    expression = as_expression(extremes, "tpm")
    rooms = {
        "score": score_signatures(expression).rename(columns={"score": "number", "signature": "id"}),
        "fraction": estimate_fractions(expression).rename(columns={"fraction": "number", "cell_type": "id"}),
        "pathway": score_pathways(expression).rename(columns={"score": "number", "pathway": "id"}),
        "target": score_targets(expression, read_targets()).rename(columns={"tpm": "number", "target": "id"}),
    }
    found = pd.concat([table[["id", "number"]] for table in rooms.values()]).dropna()
    joined = found.merge(list_methods(), on="id", validate="many_to_one")
    assert set(SCORING) | {"quantiseq", "progeny", "target_level"} == set(joined["method"])
    outside = joined[(joined["number"] < joined["low"] - 1e-9) | (joined["number"] > joined["high"] + 1e-9)]
    assert outside.empty, outside[["id", "method", "number"]]


def paragraphs(page: str) -> list[str]:
    text = (ROOT / "docs" / "methods" / page).read_text(encoding="utf-8")
    items = re.findall(r"^- (.+?)(?=\n- |\n\n|\n\Z)", text, flags=re.DOTALL | re.MULTILINE)
    return [" ".join(item.split()) for item in items]


def test_the_page_shows_every_record():
    assert paragraphs("records.md") == [describe(method) for method in METHODS]


def test_the_page_of_sources_lists_them_as_the_records_and_the_report_have_them():
    assert paragraphs("sources.md") == [on_page(topic) for topic in OF_METHODS]


def test_a_paper_has_one_entry_and_what_its_readers_need():
    papers = [value for value in vars(sources).values() if isinstance(value, Paper)]
    assert len({paper.name for paper in papers}) == len(papers)
    assert len({paper.doi for paper in papers if paper.doi}) == sum(bool(paper.doi) for paper in papers)
    assert all(paper.doi or paper.full for paper in papers)
    assert all(paper.full for topic in OF_REPORT.values() for paper in topic)
    assert set(papers) == {p for topic in (OF_METHODS | OF_REPORT).values() for p in topic} | {
        paper for paper in papers if any(paper.reference in method.reference for method in METHODS)
    }


def test_the_page_of_signatures_names_methods_as_their_records_do():
    text = (ROOT / "docs" / "methods" / "signatures.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", text, flags=re.MULTILINE)
    shown = {name: re.sub(r" \(\w+ \d{4}\)", "", words) for name, words in rows}
    assert shown == {method.id: method.name for method in SCORING.values()}
