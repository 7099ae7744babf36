"""Copies of fragments by place: against counts by hand, and libraries whose size and copies are known."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from anpi.alignment import duplicates
from anpi.alignment.duplicates import LEAST_FRAGMENTS, Places, library_size


def fragments(size: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return draw.integers(4000, size=size), draw.random(size) < 0.5, draw.integers(150, 153, size)


def entered(columns: tuple[np.ndarray, ...], loci: np.ndarray | None = None, batches: int = 4) -> Places:
    places = Places()
    loci = np.full(len(columns[0]), -1) if loci is None else loci
    for part in np.array_split(np.arange(len(columns[0])), batches):
        places.add(*(column[part] for column in columns), loci[part])
    return places


def test_copies_are_counted_by_place_strand_and_length():
    columns = fragments(6000, 1)
    distinct = len(Counter(zip(*(column.tolist() for column in columns), strict=True)))
    facts = entered(columns).facts(None)
    assert facts["place_duplicate_rate"] == round(100 * (1 - distinct / 6000), 2)
    assert facts["weak_gene_duplicate_rate"] is None


def test_batches_and_order_do_not_matter():
    columns = fragments(6000, 2)
    turned = tuple(column[::-1] for column in columns)
    assert entered(columns).facts(None) == entered(turned, batches=1).facts(None)


@pytest.mark.parametrize("most", [1 << 20, 4000, 500])
def test_the_size_of_a_library_is_found_whatever_is_held_of_it(monkeypatch, most: int):
    """100,000 distinct fragments, 150,000 reads of them at random; never more places in memory than allowed."""
    monkeypatch.setattr(duplicates, "MOST_PLACES", most)
    which = np.random.default_rng(3).integers(100_000, size=150_000)
    places = Places()
    for part in np.array_split(which, 30):
        places.add(part, part % 2 == 0, np.zeros(len(part), np.int64), np.full(len(part), -1))
        assert len(places.keys) <= most
    facts = places.facts(None)
    distinct = len(np.unique(which))
    tolerance = 0.01 if most > 10_000 else 3 / np.sqrt(most / 2)
    assert facts["library_fragments"] == pytest.approx(100_000, rel=2 * tolerance)
    assert facts["place_duplicate_rate"] == pytest.approx(100 * (1 - distinct / 150_000), rel=tolerance)


def test_library_size_without_copies_and_with_few_fragments():
    assert library_size(5000, 5000) is None
    assert set(entered(fragments(LEAST_FRAGMENTS - 1, 4)).facts(None).values()) == {None}
    assert set(Places().facts(None).values()) == {None}


@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_copies_in_weak_genes_are_those_of_the_library_alone(rate: float):
    """One locus is so strong that places repeat by chance; 2,000 are weak and show what PCR copied."""
    draw = np.random.default_rng(6)
    weak = np.repeat(np.arange(2000), 5)
    strong = np.full(20_000, 2000)
    loci = np.concatenate([weak, strong])
    place = np.concatenate([1_000_000 + draw.permutation(10_000_000)[: len(weak)], draw.integers(1500, size=20_000)])
    copies = draw.random(len(weak)) < rate / (1 - rate)
    place, loci = np.concatenate([place, place[: len(weak)][copies]]), np.concatenate([loci, weak[copies]])
    columns = (place, np.zeros(len(place), bool), np.zeros(len(place), np.int64))
    facts = entered(columns, loci).facts(np.full(2001, 2000))
    assert facts["weak_gene_duplicate_rate"] == pytest.approx(100 * rate, abs=1.5)
    assert facts["place_duplicate_rate"] > 50
