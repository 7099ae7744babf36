"""How numbers are written."""

import math

import pandas as pd
import pytest

from anpi.report import numbers
from anpi.words import lists


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0004, "< 0.001"),
        (0.001, "0.001"),
        (0.0314, "0.031"),
        (0.0999, "0.0999"),
        (0.04996, "0.04996"),
        (0.0502, "0.0502"),
        (0.05, "0.050"),
        (0.1004, "0.1004"),
        (0.0999999999999, "0.100"),
        (0.5, "0.50"),
        (1, "1.00"),
        (None, "–"),
    ],
)
def test_p_is_never_zero_and_never_rounded_to_a_level_that_it_is_not(value: float | None, words: str) -> None:
    assert numbers.p_value(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (0.004, "< 0.01"),
        (0.113, "0.11"),
        (12.93, "12.9"),
        (198.4, "198"),
        (1e6, "> 10,000"),
        (math.inf, "∞"),
        (math.nan, "–"),
        (1.0, "1.00"),
        (0.9952, "0.995"),
        (1.0041, "1.004"),
        (0.99999999, "1.0000"),
    ],
)
def test_ratio(value: float, words: str) -> None:
    assert numbers.ratio(value) == words


def test_months_that_were_not_reached_say_so() -> None:
    assert numbers.months(math.nan) == "not reached"
    assert numbers.interval(2.62, math.nan, numbers.months) == "2.6 to not reached"


def test_text_of_missing_and_whole_values() -> None:
    assert [numbers.text(v) for v in (None, math.nan, "", 3.0, 3.25, pd.Timestamp("2024-02-29"), math.inf)] == [
        "–", "–", "–", "3", "3.25", "2024-02-29", "inf",
    ]  # fmt: skip


def test_counts_and_lists() -> None:
    assert numbers.count_of(12, 24) == "12 of 24 (50%)"
    assert numbers.count_of(0, 0) == "0 of 0"
    assert lists.listed(["a"]) == "a"
    assert lists.listed(["a", "b", "c"]) == "a, b and c"
    assert lists.listed([str(i) for i in range(10)], 3) == "0, 1, 2 and 7 more"
    assert lists.plural(1, "query", "queries") == "1 query"
    assert numbers.decimal(-0.357) == "−0.36"
    assert numbers.decimal(-0.0008) == "0.00"


def test_what_is_not_drawn_is_counted() -> None:
    assert numbers.drawn_of(26, 26, "sample") == "26 samples"
    assert numbers.drawn_of(600, 1000, "sample") == "600 of 1,000 samples, evenly spaced by id (all are in the tables)"
