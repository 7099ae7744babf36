"""Pairs and mixtures of simulated people with known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import betabinom

from anpi.identity.contamination import LEAST_SITES, estimate_contamination
from anpi.identity.relatedness import compare_samples, pair_table
from anpi.identity.sites import POPULATIONS, read_sites
from demo.genotypes import Tumour, simulate_counts, simulate_people
from demo.streams import stream

SITES = read_sites()
FREQUENCIES = SITES[list(POPULATIONS)].to_numpy(dtype=float).T
PEOPLE = 12


def draw_cohort(fragments: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw two tumours of each of twelve people, all of one population: samples x sites."""
    draw = stream(4, "cohort", fragments)
    people = simulate_people(FREQUENCIES[0], PEOPLE, draw)
    counts = [simulate_counts(SITES, person, Tumour(fragments), draw) for person in people for _ in range(2)]
    return np.array([ref for ref, _ in counts]), np.array([alt for _, alt in counts])


@pytest.mark.parametrize(("fragments", "least_told"), [(500_000, 0.9), (2_000_000, 1.0), (20_000_000, 1.0)])
def test_pairs_of_one_person_match_and_others_do_not(fragments: float, least_told: float):
    ref, alt = draw_cohort(fragments)
    samples = [f"s{i:02d}" for i in range(2 * PEOPLE)]
    lod, shared = compare_samples(ref, alt, FREQUENCIES, [0.0] * len(samples))
    pairs = pair_table(samples, [f"p{i // 2}" for i in range(len(samples))], lod, shared)
    assert len(pairs) == 276
    assert (pairs["expected"] == "same").sum() == PEOPLE
    told = pairs[pairs["result"] != "unclear"]
    assert (told["result"] == told["expected"]).all()
    assert len(told) >= least_told * len(pairs)


def test_each_pair_stands_for_itself():
    """Other samples, and the order of samples or sites, change nothing."""
    ref, alt = draw_cohort(2_000_000)
    lod, shared = compare_samples(ref, alt, FREQUENCIES, [0.0] * len(ref))
    assert lod == pytest.approx(lod.T)
    few = np.array([5, 0, 1])
    sites = stream(1, "order").permutation(len(SITES))
    again, counts = compare_samples(ref[few][:, sites], alt[few][:, sites], FREQUENCIES[:, sites], [0.0] * len(few))
    assert again == pytest.approx(lod[np.ix_(few, few)], abs=0.01)
    assert (counts == shared[np.ix_(few, few)]).all()


def test_no_reads_say_nothing():
    empty = np.zeros((2, len(SITES)), dtype=int)
    lod, shared = compare_samples(empty, empty, FREQUENCIES, [0.0, 0.0])
    assert lod[0, 1] == pytest.approx(0, abs=1e-6)
    assert shared[0, 1] == 0
    assert pair_table(["a", "b"], ["p", "p"], lod, shared)["result"].item() == "unclear"


def test_one_site_by_hand():
    """Both show 1,900 reads of an allele of frequency 0.1: likely homozygous, else one allele silent."""
    reads = np.full((2, 1), 1900)
    lod, _ = compare_samples(np.zeros((2, 1), dtype=int), reads, np.full((1, 1), 0.1), [0.0, 0.0])
    all_alt = {shape: betabinom.pmf(1900, 1900, *shape) for shape in ((99.6, 0.4), (0.5, 0.5), (10, 10))}
    homozygous = 0.01 * all_alt[99.6, 0.4]
    heterozygous = 0.18 * (0.3 * all_alt[0.5, 0.5] + 0.7 * all_alt[10, 10])
    certain = homozygous / (homozygous + heterozygous)
    expected = np.log10(0.01 + 0.99 * (certain**2 / 0.01 + (1 - certain) ** 2 / 0.18))
    assert lod[0, 1] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("level", "fragments", "lowest", "highest"),
    [
        (0.0, 20_000_000, 0.0, 0.0),
        (0.05, 20_000_000, 0.03, 0.1),
        (0.1, 20_000_000, 0.06, 0.2),
        (0.3, 20_000_000, 0.2, 0.5),
        (0.5, 20_000_000, 0.3, 0.5),
        (0.0, 2_000_000, 0.0, 0.0),
        (0.5, 2_000_000, 0.2, 0.5),
    ],
)
def test_mixtures_are_measured(level: float, fragments: float, lowest: float, highest: float):
    """Three tumours a level: half-pure with much of the genome lost, which looks most like a mixture; pure; plain."""
    draw = stream(8, "mixture", level, fragments)
    for purity, loss in ((0.5, 0.4), (0.95, 0.4), (0.7, 0.0)):
        owner, other = simulate_people(FREQUENCIES[draw.integers(5)], 2, draw)
        ref, alt = simulate_counts(SITES, owner, Tumour(fragments, purity, loss, level), draw, other)
        estimate = estimate_contamination(ref, alt, FREQUENCIES)
        assert lowest <= estimate.share <= highest


def test_too_few_sites_give_no_estimate():
    draw = stream(9, "few")
    owner = simulate_people(FREQUENCIES[0], 1, draw)[0]
    ref, alt = simulate_counts(SITES, owner, Tumour(500_000), draw)
    estimate = estimate_contamination(ref, alt, FREQUENCIES)
    assert (estimate.share, estimate.lod) == (None, None)
    assert estimate.sites < LEAST_SITES
