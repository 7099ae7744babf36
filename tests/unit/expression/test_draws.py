"""Draws of genes: the same for the same content, whatever stands beside."""

from __future__ import annotations

import hashlib

import numpy as np

from anpi.expression.draws import draw_genes

NAMES, VALUES = ["A%d", "B", "C"], np.array([0.0, 123456.789, 1e-12])


def test_draws_start_from_names_and_seven_digits_of_each_value():
    """The content, written out, and numpy's own generator."""
    content = "A%d:0.000000e+00,B:1.234568e+05,C:1.000000e-12"
    start = int.from_bytes(hashlib.sha256(content.encode()).digest()[:8], "big")
    expected = np.random.default_rng(start).integers(0, 3, size=(20, 3))
    assert (draw_genes(NAMES, VALUES, 20) == expected).all()


def test_another_content_has_other_draws():
    first = draw_genes(NAMES, VALUES, 20)
    assert (draw_genes(NAMES, VALUES * 2, 20) != first).any()
    assert (draw_genes(["A", "B", "C"], VALUES, 20) != first).any()
