"""A verdict on each sample, from stated facts and stated thresholds, before anything is tested."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

CEILINGS = ("top_gene_share",)
WORDS = {
    "fragments": "fragments sequenced",
    "mapping_rate": "% of fragments map",
    "genes_detected": "genes detected",
    "top_gene_share": "% of the counts on one gene",
    "passed_filter_rate": "% of fragments pass the filters",
}
RANK = {"pass": 0, "warn": 1, "fail": 2}


def judge_samples(facts: pd.DataFrame, thresholds: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Judge each sample by its facts of quality.

    Parameters
    ----------
    facts : pandas.DataFrame
        ``sample_id`` and a column a fact; a fact that is missing is not judged.
    thresholds : mapping
        For each fact ``{"warn": x, "fail": y}``: below (for a share of one gene: above) that the sample is warned of
        or fails.

    Returns
    -------
    pandas.DataFrame
        ``sample_id``, ``verdict`` (pass, warn, fail), ``reasons`` (all, in words; empty for pass), then the facts.
    """
    rows = [judge_sample(row, thresholds) for _, row in facts.iterrows()]
    verdicts = pd.DataFrame(rows, columns=["verdict", "reasons"], index=facts.index)
    return pd.concat([facts[["sample_id"]], verdicts, facts.drop(columns="sample_id")], axis=1)


def judge_sample(facts: pd.Series, thresholds: Mapping[str, Mapping[str, float]]) -> tuple[str, str]:
    verdict, reasons = "pass", []
    for fact, limits in thresholds.items():
        value = facts.get(fact)
        if value is None or pd.isna(value):
            continue
        level = judge_fact(float(value), limits, fact in CEILINGS)
        if level == "pass":
            continue
        side = "above" if fact in CEILINGS else "below"
        reasons.append(f"{value:g} {WORDS.get(fact, fact)}, {side} {limits[level]:g} ({level})")
        verdict = max(verdict, level, key=RANK.__getitem__)
    strand = strand_reason(facts)
    if strand:
        reasons.append(f"{strand} (warn)")
        verdict = max(verdict, "warn", key=RANK.__getitem__)
    return verdict, "; ".join(reasons)


def judge_fact(value: float, limits: Mapping[str, float], ceiling: bool) -> str:
    for level in ("fail", "warn"):
        if value > limits[level] if ceiling else value < limits[level]:
            return level
    return "pass"


def strand_reason(facts: pd.Series) -> str | None:
    """Compare the strandedness that the reads show with the declared one."""
    declared, seen = facts.get("strandedness_declared"), facts.get("strandedness")
    if not isinstance(declared, str) or declared == "auto" or not isinstance(seen, str) or declared == seen:
        return None
    return f"declared {declared} but the reads look {seen}"
