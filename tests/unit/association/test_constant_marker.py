"""A marker that is the same in all patients is not tested, whatever rounding makes of its spread."""

from __future__ import annotations

import pandas as pd
import pytest

from anpi.association.groups import standardised


@pytest.mark.parametrize("value", [-1.40048, 0.1, 1e9 / 3, 0.0])
@pytest.mark.parametrize("count", [1, 2, 100, 1000])
def test_a_constant_marker_has_no_standard_deviation(value: float, count: int):
    assert standardised(pd.Series([value] * count)).isna().all()


def test_a_marker_with_spread_is_centred_and_scaled():
    assert standardised(pd.Series([1.0, 2.0, 3.0])).tolist() == [-1.0, 0.0, 1.0]
