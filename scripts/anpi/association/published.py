"""The trial's own effect of a signature beside those of published cohorts under PD-1 or PD-L1 blockade."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from anpi.association.question import Row
from anpi.files.shipped import ROOT
from anpi.stats.meta import Pooled, pool
from anpi.stats.robust_prior import robust_posterior
from anpi.tables.reading import read_facts

COHORTS = ROOT / "resources" / "published" / "cohorts.tsv"
EFFECT = "HR per SD"
Z = 1.959963984540054
COLUMNS = (
    "endpoint",
    "biomarker",
    "kind",
    "cohort",
    "n",
    "events",
    "estimate",
    "ci_low",
    "ci_high",
    "cohorts",
    "i2",
    "tau2",
    "predicted_low",
    "predicted_high",
    "prior_weight",
    "probability_below_1",
    "method",
    "source",
)


def published_table(rows: list[Row], cohorts: pd.DataFrame) -> pd.DataFrame:
    """Return hazard ratios a standard deviation of each signature tested: in cohorts, pooled, and both together.

    Returns
    -------
    DataFrame
        ``kind``: cohort (as sourced), trial, pooled (the cohorts alone), together (with the trial), posterior (the
        trial under a robust prior of what the cohorts predict). All but cohort and trial need two cohorts or more.
        Exploratory: other tumours, drugs and platforms; nothing here is tested or adjusted.
    """
    whole = [row for row in rows if row.effect == EFFECT and row.level is None]  # not of one arm
    own = [row for row in whole if np.isfinite([row.ci_low, row.ci_high]).all()]
    seen: dict[tuple[str, str], Row] = {}
    for row in own:
        seen.setdefault((row.endpoint, row.biomarker), row)
    found: list[dict[str, object]] = []
    for (endpoint, signature), row in seen.items():
        known = cohorts[cohorts["endpoint"].eq(endpoint) & cohorts["signature"].eq(signature)]
        if len(known):
            found += [{"endpoint": endpoint, "biomarker": signature, **line} for line in signature_rows(row, known)]
    return pd.DataFrame(found, columns=list(COLUMNS))


def read_cohorts(path: Path | str = COHORTS) -> pd.DataFrame:
    """Read the table of published cohorts."""
    frame = read_facts(path)
    for column in ("n", "events", "log_hr", "se"):
        frame[column] = frame[column].astype(float)
    return frame


def signature_rows(row: Row, known: pd.DataFrame) -> list[dict[str, object]]:
    log_hr, se = float(np.log(row.estimate)), float(np.log(row.ci_high / row.ci_low)) / (2 * Z)
    lines: list[dict[str, object]] = [
        {"kind": "cohort", "cohort": c["cohort"], "n": c["n"], "events": c["events"], "source": c["source"]}
        | ratio(c["log_hr"], c["log_hr"] - Z * c["se"], c["log_hr"] + Z * c["se"])
        | {"method": f"{c['tumour']}, {c['drug']}; {c['how']}"}
        for c in known.to_dict("records")
    ]
    trial = {"kind": "trial", "cohort": "this trial", "n": row.n, "events": row.events, "method": row.method}
    lines.append(trial | {"estimate": row.estimate, "ci_low": row.ci_low, "ci_high": row.ci_high})
    if len(known) < 2:
        return lines
    prior = pool(known["log_hr"], known["se"])
    together = pool([*known["log_hr"], log_hr], [*known["se"], se])
    posterior = robust_posterior(log_hr, se, prior)
    return [
        *lines,
        pooled_row("pooled", "published cohorts", prior),
        pooled_row("together", "published cohorts and this trial", together),
        {"kind": "posterior", "cohort": "this trial under a robust prior", "cohorts": prior.studies}
        | ratio(posterior.estimate, posterior.low, posterior.high)
        | {"prior_weight": posterior.weight, "probability_below_1": posterior.below}
        | {"method": "mixture of what the cohorts predict and a vague prior, half each; median and 95% interval"},
    ]


def pooled_row(kind: str, name: str, found: Pooled) -> dict[str, object]:
    predicted = np.exp([found.prediction_low, found.prediction_high])
    return (
        {"kind": kind, "cohort": name, "cohorts": found.studies, "i2": 100 * found.i2, "tau2": found.tau2}
        | ratio(found.estimate, found.low, found.high)
        | {"predicted_low": float(predicted[0]), "predicted_high": float(predicted[1])}
        | {"method": "random effects (REML), interval by Hartung and Knapp, not narrower than the plain one"}
    )


def ratio(log_ratio: float, low: float, high: float) -> dict[str, float]:
    return dict(zip(("estimate", "ci_low", "ci_high"), np.exp([log_ratio, low, high]).tolist(), strict=True))
