"""How much of a sample is tumour, from the tables that say so."""

from __future__ import annotations

import pandas as pd

from anpi.expression.sample_table import NO_SHARE


def choose_purity(calls: pd.DataFrame | None, tissues: pd.DataFrame | None) -> pd.Series:
    """Return the share of tumour by sample, 0 to 1: the column ``purity`` of the calls, else what is no normal tissue.

    Normal tissue is seen by genes that it alone expresses strongly; stroma is not among it, as it is not in the locked
    reference either.

    Parameters
    ----------
    calls : pandas.DataFrame, optional
        ``subtypes/calls.tsv``.
    tissues : pandas.DataFrame, optional
        ``subtypes/tissues.tsv``: percent of each normal tissue.
    """
    measured = pd.Series(dtype=float)
    if calls is not None and "purity" in calls:
        measured = pd.to_numeric(calls.set_index("sample_id")["purity"], errors="coerce").dropna()
    if tissues is None:
        return measured
    shares = tissues.set_index("sample_id").drop(columns=list(NO_SHARE), errors="ignore").astype(float)
    rest = (1 - shares.sum(axis=1, min_count=1) / 100).clip(0, 1)
    return measured.combine_first(rest)
