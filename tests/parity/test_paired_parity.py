"""Paired tests against limma, coin and an enumeration in R (12 sets, 240 signatures)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anpi.stats.paired import moderated_t, sign_flips, signed_rank


@pytest.fixture(scope="module")
def datasets(external_data: Path) -> list[dict[str, Any]]:
    return json.loads((external_data / "reference_cases" / "paired_reference.json").read_text())["datasets"]


def differences(data: dict[str, Any]) -> np.ndarray:
    pre, post = (np.array(data[name], dtype=float).T for name in ("pre", "post"))
    return np.round(post - pre, 6)


def column(data: dict[str, Any], name: str) -> np.ndarray:
    return np.array([row[name] for row in data["results"]], dtype=float)


def test_signed_ranks_are_those_of_coin_and_of_an_enumeration(datasets: list[dict[str, Any]]):
    for data in datasets:
        found = [signed_rank(d) for d in differences(data).T]
        for name in ("wilcoxon_p_zeros_dropped", "coin_p_zeros_dropped"):
            expected = column(data, name)
            there = np.isfinite(expected)
            assert np.array([f.p for f in found])[there] == pytest.approx(expected[there], abs=1e-12), data["id"]


def test_shifts_and_their_intervals_are_those_of_r(datasets: list[dict[str, Any]]):
    for data in datasets:
        found = [signed_rank(d) for d in differences(data).T]
        for name, mine in (("hl", "shift"), ("hl_low", "low"), ("hl_high", "high"), ("hl_level_reached", "level")):
            assert [getattr(f, mine) for f in found] == pytest.approx(column(data, name), abs=1e-9), (data["id"], name)


def test_moderated_t_is_that_of_limma(datasets: list[dict[str, Any]]):
    compared = 0
    for data in datasets:
        if "constant" in data["kind"]:
            continue
        found = moderated_t(differences(data))
        prior = float(data["limma"]["df_prior"])
        assert found.prior_df == pytest.approx(prior, rel=1e-6), data["id"]
        assert found.prior_variance == pytest.approx(data["limma"]["s2_prior"], rel=1e-6)
        assert found.mean == pytest.approx(column(data, "limma_logFC"), abs=1e-9)
        assert found.t == pytest.approx(column(data, "limma_t"), rel=1e-6, abs=1e-9)
        assert found.p == pytest.approx(column(data, "limma_p"), rel=1e-6)
        assert found.p == pytest.approx(column(data, "limma_block_p"), rel=1e-6) or np.isnan(differences(data)).any()
        compared += len(found.p)
    assert compared == 220


def test_a_signature_that_never_changes_does_not_spoil_the_prior(datasets: list[dict[str, Any]]):
    (data,) = (data for data in datasets if "constant" in data["kind"])
    found = moderated_t(differences(data))
    assert found.prior_df == pytest.approx(float(data["limma"]["without_constant"]["df_prior"]), rel=1e-6)
    assert found.prior_df > 10 * float(data["limma"]["df_prior"])
    assert np.isnan(found.p[19])
    assert np.isfinite(found.p[:19]).all()


def test_sign_flips_are_those_of_the_enumeration(datasets: list[dict[str, Any]]):
    for data in datasets:
        found = sign_flips(differences(data))
        assert found.exact
        assert found.p == pytest.approx(column(data, "signflip_p_raw"), abs=1e-12), data["id"]
        assert found.p_family == pytest.approx(column(data, "maxt_p_step_down"), abs=1e-12), data["id"]
        t = column(data, "maxt_abs_t")
        assert found.t == pytest.approx(t, rel=1e-9), data["id"]
