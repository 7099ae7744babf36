"""Tumours of given subtypes, drawn by the demo's simulator, as a matrix by gene id."""

from __future__ import annotations

import pandas as pd

from anpi.expression.genes import annotate
from anpi.expression.matrix import Expression
from demo.expression import draw_tumours, simulate_expression


def simulated_tumours(subtypes: pd.Series, seed: int) -> Expression:
    """Draw TPM of tumours whose subtypes are given by sample."""
    tpm = simulate_expression(draw_tumours(subtypes, seed=seed), seed=seed)
    genes = annotate(tpm.index)
    return Expression(tpm.set_axis(pd.Index(genes["gene_id"], name="gene_id"), axis=0), genes, "tpm")
