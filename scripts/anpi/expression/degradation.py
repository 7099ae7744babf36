"""How degraded the RNA of a library looks, from facts that the reads tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anpi.files.rows import Row

GRADES = ("good", "moderate", "poor")
# Up to which value (of a fact that is worse when high) or down to which (when low) a library is good, and moderate.
LEAST_FRAGMENT = (150, 100)
MOST_THREE_PRIME = (60, 75)


def grade_degradation(facts: Mapping[str, Any]) -> Row:
    """Grade the degradation of a library, which formalin and age bring about (FFPE).

    Two facts tell: how long the fragments are, and whether the coverage of transcripts falls towards their 5' end. The
    worse of the two is the grade; the facts that decide it are named.

    Parameters
    ----------
    facts : mapping
        ``fragment_length_median`` and ``three_prime_share`` of `anpi.alignment.measure`; without the first,
        ``fragment_length`` of a paired library as measured against the transcripts.

    Returns
    -------
    dict
        ``degradation`` (good, moderate, poor, or unknown when nothing tells) and ``degradation_reason``.
    """
    found = []
    length = facts.get("fragment_length_median")
    if length is None and facts.get("layout") == "paired" and facts.get("fragment_length_measured"):
        length = facts.get("fragment_length")
    if length is not None:
        found.append((sum(length < limit for limit in LEAST_FRAGMENT), f"fragments of {length:g} bases"))
    three_prime = facts.get("three_prime_share")
    if three_prime is not None:
        rank = sum(three_prime > limit for limit in MOST_THREE_PRIME)
        found.append((rank, f"{three_prime:g}% of the outer coverage at the 3' end"))
    if not found:
        return {"degradation": "unknown", "degradation_reason": None}
    worst = max(rank for rank, _ in found)
    reason = "; ".join(words for rank, words in found if rank == worst)
    return {"degradation": GRADES[worst], "degradation_reason": reason}
