"""Cohen's kappa against values of base R and against what must hold of it."""

from __future__ import annotations

import numpy as np
import pytest

from anpi.stats.agreement import cohen_kappa

TABLE = np.array([[44, 7, 9], [5, 20, 5], [1, 3, 6]])


def readings(table: np.ndarray) -> tuple[list[str], list[str]]:
    places = [(str(i), str(j)) for (i, j), count in np.ndenumerate(table) for _ in range(count)]
    return [first for first, _ in places], [second for _, second in places]


def test_values_of_r():
    """R 4.2: p <- matrix(c(44,5,1,7,20,3,9,5,6), 3)/100; a <- rowSums(p); b <- colSums(p); po <- sum(diag(p));
    pe <- sum(a*b); k <- (po-pe)/(1-pe); w <- outer(b, a, "+"); u <- diag(3) - w*(1-k);
    s <- sqrt((sum(p*u^2) - (k-pe*(1-k))^2)/100)/(1-pe); c(k, k + c(-1,1)*qnorm(.975)*s)"""
    assert cohen_kappa(*readings(TABLE)) == pytest.approx(
        (0.491525423728813, 0.350158201217487, 0.632892646240140), abs=1e-12
    )


def test_the_order_of_readers_and_names_of_categories_do_not_matter():
    first, second = readings(TABLE)
    other = (
        [{"0": "c", "1": "a", "2": "b"}[word] for word in first],
        [{"0": "c", "1": "a", "2": "b"}[w] for w in second],
    )
    assert cohen_kappa(second, first) == pytest.approx(cohen_kappa(first, second))
    assert cohen_kappa(*other) == pytest.approx(cohen_kappa(first, second))


def test_the_ends():
    assert cohen_kappa(["a", "b"], ["a", "b"]) == pytest.approx((1, 1, 1))
    assert cohen_kappa(["a", "b"], ["b", "a"])[0] == pytest.approx(-1)
    assert np.isnan(cohen_kappa([], [])).all()
    assert np.isnan(cohen_kappa(["a", "a"], ["a", "a"])).all()


def test_coverage_of_the_interval():
    """Two readers who agree beyond chance by 0.6: the interval of 200 readings holds it in 93 to 97 of 100 cases."""
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(2000):
        first = rng.choice(3, 200, p=[0.5, 0.3, 0.2])
        second = np.where(rng.random(200) < 0.6, first, rng.choice(3, 200, p=[0.5, 0.3, 0.2]))
        _, low, high = cohen_kappa(first.astype(str), second.astype(str))
        hits += low <= 0.6 <= high
    assert 0.93 <= hits / 2000 <= 0.97


SEXUAL_FUN = np.array([[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]])


@pytest.mark.parametrize(("weights", "kappa", "error"), [(None, 0.1293, 0.06860), ("linear", 0.2374, 0.07832)])
def test_values_of_vcd(weights, kappa, error):
    """R: vcd::Kappa(SexualFun) with equal spacing; 91 couples of Agresti (1990), in four ordered answers."""
    first, second = readings(SEXUAL_FUN)
    found = cohen_kappa(first, second, 0.95, weights, "0123")
    assert found[0] == pytest.approx(kappa, abs=5e-5)
    assert (found[2] - found[1]) / (2 * 1.959964) == pytest.approx(error, abs=6e-6)


def test_quadratic_weights_are_the_intraclass_correlation():
    """Fleiss & Cohen 1973: one less the mean squared distance over that of all pairs of readings."""
    first, second = readings(SEXUAL_FUN)
    a, b = np.array(first, dtype=float), np.array(second, dtype=float)
    expected = 1 - ((a - b) ** 2).mean() / ((a[:, None] - b[None, :]) ** 2).mean()
    assert cohen_kappa(first, second, weights="quadratic", order="0123")[0] == pytest.approx(expected, abs=1e-12)
    two = [min(int(word), 1) for word in first], [min(int(word), 1) for word in second]
    plain = cohen_kappa(*(np.array(words).astype(str) for words in two))
    for weights in ("linear", "quadratic"):
        found = cohen_kappa(*(np.array(words).astype(str) for words in two), weights=weights, order="01")
        assert found == pytest.approx(plain, abs=1e-12)


def test_weights_need_an_order_that_holds_every_reading():
    with pytest.raises(ValueError, match="order"):
        cohen_kappa(["a", "b"], ["a", "b"], weights="linear")
    with pytest.raises(ValueError, match="order"):
        cohen_kappa(["a", "b"], ["a", "c"], weights="linear", order="ab")
