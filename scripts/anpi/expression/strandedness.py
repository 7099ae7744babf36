"""The strandedness of a library, settled once from all that tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLEAR = ("forward", "reverse", "unstranded")


def strandedness_facts(facts: Mapping[str, Any]) -> dict[str, str | None]:
    """Return ``strandedness_resolved`` and its source from the facts of a sample (see `resolve_strandedness`)."""
    stated = (facts.get(name) for name in ("strandedness_declared", "strandedness", "aligned_strandedness"))
    strandedness, source = resolve_strandedness(*stated)
    return {"strandedness_resolved": strandedness, "strandedness_source": source}


def resolve_strandedness(declared: str | None, quantified: str | None, aligned: str | None) -> tuple[str | None, str]:
    """Settle the strandedness of a sample: what is measured and clear goes before what is declared.

    Parameters
    ----------
    declared : str or None
        As the units sheet says; ``auto`` says nothing.
    quantified : str or None
        As fragments lie on the transcripts, by landmarks or in a salmon result that was given.
    aligned : str or None
        As the alignments lie on the genes of the genome.

    Returns
    -------
    strandedness : str or None
        ``forward``, ``reverse`` or ``unstranded``; None when nothing clear is known.
    source : str
        ``alignments``, ``salmon``, ``declared`` or ``none``. Alignments go first: they see the whole gene, salmon
        the transcripts that the reference has.
    """
    for strandedness, source in ((aligned, "alignments"), (quantified, "salmon"), (declared, "declared")):
        if strandedness in CLEAR:
            return strandedness, source
    return None, "none"
