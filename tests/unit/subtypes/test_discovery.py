"""Consensus NMF finds planted subtypes, and says so in numbers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.subtypes.simulated import simulated_tumours
from warm import python

from anpi.expression.matrix import Expression
from anpi.subtypes.calls import call_subtypes, programme_table
from anpi.subtypes.discovery import agree, choose_rank, consensus_nmf, name_clusters, variable_genes
from anpi.subtypes.model import Model


@pytest.fixture(scope="module")
def truth() -> pd.Series:
    return pd.Series(list("AAANNPPI") * 4, index=[f"S{i:02d}" for i in range(32)])


@pytest.fixture(scope="module")
def planted(truth: pd.Series) -> Expression:
    return simulated_tumours(truth, seed=9)


def test_planted_subtypes_are_found_and_named(planted: Expression, truth: pd.Series, model: Model) -> None:
    logs = variable_genes(planted, 600)
    assert logs.shape == (32, 600)
    found = consensus_nmf(logs, ranks=range(2, 6), runs=6)
    assert found.ranks.loc[found.ranks["chosen"] == "yes", "rank"].tolist() == [4]
    names = name_clusters(found.clusters, programme_table(planted, model))
    assert sorted(names["name"]) == ["A", "I", "N", "P"]
    named = found.clusters.map(names.set_index("cluster")["name"])
    assert (named == truth).mean() >= 0.85
    agreement = agree(found.clusters, names, call_subtypes(planted, model)).iloc[0]
    assert agreement["kappa"] >= 0.8
    assert agreement["adjusted_rand"] >= 0.7


def test_order_of_samples_and_genes_does_not_matter(planted: Expression) -> None:
    rng = np.random.default_rng(2)
    order = rng.permutation(planted.values.shape[1])
    rows = rng.permutation(len(planted.values))
    shuffled = Expression(
        planted.values.iloc[rows, order], planted.genes.iloc[rows].reset_index(drop=True), planted.unit
    )
    first = consensus_nmf(variable_genes(planted, 300), ranks=range(3, 5), runs=3)
    second = consensus_nmf(variable_genes(shuffled, 300), ranks=range(3, 5), runs=3)
    pd.testing.assert_series_equal(first.clusters, second.clusters)


def test_rank_is_the_largest_that_is_near_the_best_in_both() -> None:
    table = pd.DataFrame(
        {"rank": [2, 3, 4, 5], "cophenetic": [0.99, 0.98, 0.985, 0.99], "silhouette": [0.95, 0.80, 0.90, 0.60]}
    )
    assert choose_rank(table) == 4
    table["cophenetic"] = [0.90, 0.80, 0.85, 0.99]
    assert choose_rank(table) == 2


SCRIPTS = str(Path(__file__).resolve().parents[3] / "scripts")
PLACED = """
import numpy as np, scanpy, sys
sys.path.insert(0, sys.argv[1])
from numba.core.dispatcher import Dispatcher
from anpi.subtypes.exploration import load_umap
load_umap(40)
data = scanpy.AnnData(np.random.default_rng(1).normal(size=(40, 30)))
scanpy.pp.neighbors(data, n_neighbors=15, use_rep="X", random_state=1)
scanpy.tl.umap(data, random_state=1)
from umap import umap_
assert umap_.smooth_knn_dist.signatures
print(umap_.smooth_knn_dist.stats.cache_path)
parts = [part for name, part in sys.modules.items() if name.startswith("pynndescent")]
functions = [function for part in parts for function in vars(part).values() if isinstance(function, Dispatcher)]
assert len(functions) > 100
print(*(function.__name__ for function in functions if function.signatures))
"""


def test_umap_of_a_cohort_compiles_nothing_of_a_search_it_does_not_make_and_the_rest_is_kept():
    """The places are those of functions compiled at once: none of the others is called."""
    done = subprocess.run([python(), "-c", PLACED, SCRIPTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kept, compiled = done.stdout.splitlines()[-2:]
    assert set(compiled.split()) == {"make_heap"}  # declares no types; called while pynndescent is loaded
    assert list(Path(kept).glob("umap_.smooth_knn_dist-*.nbi"))
