"""What the QC metrics are called, how they are told in words, and which side of a threshold is worse."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One QC metric.

    Parameters
    ----------
    title : str
        As it heads a row or a column, with its unit.
    words : str
        What follows the value in a reason: ``41.2`` + ``% of fragments map``.
    ceiling : bool
        True when more is worse.
    """

    title: str
    words: str
    ceiling: bool = False


# In the order in which they are shown; those without a threshold in the config are shown and not judged. A fact with a
# threshold must stand here (a test holds both in step).
FACTS = {
    "fragments": Fact("Fragments sequenced", "fragments sequenced"),
    "passed_filter_rate": Fact("Passed the filters, %", "% of fragments pass the filters"),
    "mapping_rate": Fact("Fragments mapped, %", "% of fragments map"),
    "genes_detected": Fact("Genes detected", "genes detected"),
    "top_gene_share": Fact("Counts on one gene, %", "% of the counts on one gene", ceiling=True),
    "aligned_rate": Fact("Reads aligned, %", "% of the reads align to the genome"),
    "exonic_share": Fact("In exons, %", "% of the alignments in exons"),
    "intronic_share": Fact("In introns, %", "% of the alignments in introns", ceiling=True),
    "intergenic_share": Fact("Outside genes, %", "% of the alignments outside genes", ceiling=True),
    "genomic_dna_share": Fact("Genomic DNA, %", "% of the reads from genomic DNA (estimate)", ceiling=True),
    "ribosomal_share": Fact("Ribosomal, %", "% of the alignments in ribosomal genes", ceiling=True),
    "mitochondrial_share": Fact("Mitochondrial, %", "% of the alignments mitochondrial", ceiling=True),
    "duplicate_rate": Fact("Marked duplicates, %", "% of the alignments marked as duplicates", ceiling=True),
    "molecule_duplicate_rate": Fact(
        "Copies of molecules, %", "% of the mapped fragments are further copies of a molecule", ceiling=True
    ),
    "three_prime_share": Fact(
        "Coverage at the 3′ end, %", "% of the coverage at the 3′ end (50 is even)", ceiling=True
    ),
    "transcript_integrity": Fact("Transcript integrity (TIN)", "transcript integrity (100 is even)"),
    "weak_gene_duplicate_rate": Fact(
        "Copies in weak genes, %", "% of the fragments of weak genes are copies by place", ceiling=True
    ),
    "error_rate": Fact("Mismatches, %", "% of the aligned bases differ from the genome", ceiling=True),
    "junction_saturation": Fact("Introns seen by half of the reads, %", "% of the introns seen by half of the reads"),
    "contamination": Fact("Another person's RNA, %", "% of the RNA is another person's by genotypes", ceiling=True),
    "foreign_share": Fact("Reads of others, %", "% of the drawn reads are another species' or a virus's", ceiling=True),
    "count_agreement_pearson": Fact("Agreement of counts (r)", "correlation of the counts of salmon and alignment"),
}
# Facts that are judged in words, not by a threshold.
JUDGED_IN_WORDS = {
    "failure": "Inputs readable",
    "alignment_failure": "Alignment readable",
    "degradation": "RNA not degraded",
    "strandedness": "Strandedness",
    "identity": "Genotypes of the patient",
    "sex": "Sex",
    "viruses": "No virus in the reads",
}


def is_ceiling(fact: str) -> bool:
    """Return whether more of a fact is worse."""
    return fact in FACTS and FACTS[fact].ceiling


def fact_title(fact: str) -> str:
    """Return what heads a fact; an unknown one is told by its own name."""
    if fact in FACTS:
        return FACTS[fact].title
    return JUDGED_IN_WORDS.get(fact, fact.replace("_", " "))


def fact_words(fact: str) -> str:
    """Return what follows the value of a fact in a reason, with the space before it: ``%`` has none."""
    words = FACTS[fact].words if fact in FACTS else fact.replace("_", " ")
    return words if words.startswith("%") else f" {words}"


def fact_unit(fact: str) -> str:
    """Return what follows a threshold of a fact: ``%``, or nothing."""
    return "%" if fact_words(fact).startswith("%") else ""


def threshold(text: str) -> tuple[str, tuple[float, float]]:
    """Read ``fact=warn,fail``, as programs take it."""
    fact, limits = text.split("=")
    warn, fail = limits.split(",")
    return fact, (float(warn), float(fail))
