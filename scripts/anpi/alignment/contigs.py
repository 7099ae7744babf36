"""Names and lengths of contigs: the same chromosome under several names, and which assembly a file is of."""

from __future__ import annotations

import re
from collections.abc import Mapping

REFSEQ = re.compile(r"NC_0000(\d\d)\.\d+")
REFSEQ_NAMES = {"23": "X", "24": "Y"}
MITOCHONDRION = "MT"
# Lengths of chromosomes by which an assembly is known (Genome Reference Consortium; UCSC's hg19 and hg38 are the same).
ASSEMBLIES = {
    "GRCh37": {"1": 249250621, "2": 243199373, "17": 81195210, "22": 51304566, "X": 155270560},
    "GRCh38": {"1": 248956422, "2": 242193529, "17": 83257441, "22": 50818468, "X": 156040895},
}


def plain_name(contig: str) -> str:
    """Return the plain name of a contig: ``chr1``, ``1`` and ``NC_000001.11`` are ``1``; ``chrM``, ``M`` are ``MT``."""
    match = REFSEQ.fullmatch(contig)
    if match:
        return REFSEQ_NAMES.get(match.group(1), str(int(match.group(1))))
    name = contig[3:] if contig.lower().startswith("chr") and len(contig) > 3 else contig
    return MITOCHONDRION if name in ("M", "Mt", "mt", "MT") or contig.startswith("NC_012920") else name


def assembly_of(lengths: Mapping[str, int]) -> str | None:
    """Name the human assembly whose chromosomes have these lengths (by plain name); None when none or several do."""
    votes = {
        assembly: sum(lengths.get(name) == length for name, length in contigs.items())
        for assembly, contigs in ASSEMBLIES.items()
    }
    fitting = [assembly for assembly, count in votes.items() if count]
    return fitting[0] if len(fitting) == 1 else None


def assembly_named(text: str) -> str | None:
    """Find the name of a human assembly in a text such as the head of a GTF."""
    names = {"GRCh37": r"GRCh37|hg19", "GRCh38": r"GRCh38|hg38"}
    found = [assembly for assembly, pattern in names.items() if re.search(pattern, text, re.I)]
    return found[0] if len(found) == 1 else None
