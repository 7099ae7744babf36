"""Views of a cohort's scores: by subtype, correlation among signatures, agreement of methods.

These depend on the cohort; scores do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from anpi.expression.by_sample import of_samples, sample_keys
from anpi.expression.matrix import Expression
from anpi.files.kept import Kept
from anpi.signatures.registry import Signature
from anpi.signatures.scores import score_signatures
from anpi.trial.methods import CORRELATION, MEAN_LOG, SINGSCORE, SSGSEA_RAW

LEAST_GENES = 5
METHODS = (MEAN_LOG.id, SSGSEA_RAW.id, SINGSCORE.id)


def spread_out(scores: pd.DataFrame) -> pd.DataFrame:
    """Turn the long table into samples x signatures, in sorted order of samples and the table's of signatures."""
    order = list(dict.fromkeys(scores["signature"]))
    return scores.pivot(index="sample_id", columns="signature", values="score")[order].sort_index()


def summarise_by_subtype(scores: pd.DataFrame, subtypes: pd.Series) -> pd.DataFrame:
    """Summarise each signature in each called subtype.

    Parameters
    ----------
    scores : pandas.DataFrame
        Long: ``sample_id``, ``signature``, ``score``.
    subtypes : pandas.Series
        A, N, P, I by sample; samples without are left out.

    Returns
    -------
    pandas.DataFrame
        ``signature``, ``subtype``, ``samples``, ``median``, ``q1``, ``q3``, and ``z``: the subtype's median less the
        median of all called samples, over their standard deviation (NaN when that is 0).
    """
    wide = spread_out(scores)
    called = wide[wide.index.isin(subtypes.dropna().index)]
    groups = subtypes.reindex(called.index)
    rows = []
    for signature in called.columns:
        values = called[signature].dropna()
        spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        for subtype, inside in values.groupby(groups.reindex(values.index)):
            median = float(inside.median())
            z = (median - float(values.median())) / spread if spread > 0 else np.nan
            rows.append((signature, subtype, len(inside), median, inside.quantile(0.25), inside.quantile(0.75), z))
    return pd.DataFrame(rows, columns=["signature", "subtype", "samples", "median", "q1", "q3", "z"])


def correlate_signatures(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the Spearman correlation of every pair of signatures over the samples that have both.

    Returns
    -------
    pandas.DataFrame
        ``signature_1``, ``signature_2``, ``rho``, ``samples``; rho is NaN with fewer than 10 samples.
    """
    wide = spread_out(scores)
    rho = wide.corr(method="spearman", min_periods=CORRELATION.samples)
    there = wide.notna().to_numpy(int)
    both = pd.DataFrame(there.T @ there, index=wide.columns, columns=wide.columns)
    first, second = np.triu_indices(len(wide.columns), k=1)
    return pd.DataFrame(
        {
            "signature_1": wide.columns[first],
            "signature_2": wide.columns[second],
            "rho": rho.to_numpy()[first, second],
            "samples": both.to_numpy()[first, second],
        }
    )


def compare_methods(expression: Expression, signatures: Iterable[Signature], kept: Kept | None = None) -> pd.DataFrame:
    """Score each plain gene set by three methods and correlate these over the samples.

    A signature on which methods disagree (low rho) should not be read from one method alone.

    Parameters
    ----------
    kept : Kept, optional
        Scores of an earlier run: those samples are scored alone that it did not score alike.

    Returns
    -------
    pandas.DataFrame
        ``signature``, ``samples``, and Spearman's rho of each pair of mean_log, ssgsea_raw, singscore.
    """
    names = [f"{a}_{b}" for i, a in enumerate(METHODS) for b in METHODS[i + 1 :]]
    if expression.values.shape[1] == 0:
        return pd.DataFrame(columns=["signature", "samples", *names])
    plain = [s for s in signatures if set(s.genes["role"]) == {"gene"} and len(s.genes) >= LEAST_GENES]
    wide = scores_by_method(expression, plain, kept or Kept(None))
    rows = []
    for place, signature in enumerate(plain):
        scores = pd.DataFrame(wide[:, :, place], columns=list(METHODS)).dropna()
        rho = scores.corr(method="spearman", min_periods=CORRELATION.samples)
        pairs = {f"{a}_{b}": rho.at[a, b] for i, a in enumerate(METHODS) for b in METHODS[i + 1 :]}
        rows.append({"signature": signature.id, "samples": len(scores), **pairs})
    return pd.DataFrame(rows)


def scores_by_method(expression: Expression, signatures: Sequence[Signature], kept: Kept) -> np.ndarray:
    """Return scores, samples x methods x signatures, of which those are computed that are not kept."""
    variants = [restate(signature, method) for method in METHODS for signature in signatures]
    keys = sample_keys(kept, expression, beside=[(v.id, v.minimum_coverage, v.genes) for v in variants])
    parts = {sample: kept.take(key) for sample, key in keys.items()}
    if lacking := [sample for sample, part in parts.items() if part is None]:
        scores = score_signatures(of_samples(expression, lacking), variants, reference=None)["score"]
        for sample, row in zip(lacking, scores.to_numpy(float).reshape(len(lacking), -1), strict=True):
            parts[sample] = row.tobytes()
            kept.put(keys[sample], row.tobytes())
    joined = np.frombuffer(b"".join(part for part in parts.values() if part is not None))
    return joined.reshape(len(parts), len(METHODS), len(signatures))


def restate(signature: Signature, method: str) -> Signature:
    """Return a signature scored by another method, with equal weights."""
    genes = signature.genes.assign(weight=1.0, role="up" if method == "singscore" else "gene")
    return replace(signature, id=f"{signature.id} {method}", method=method, unit="log2_tpm_plus_1", genes=genes)
