"""What headers of transcripts and lines of a GTF tell of genes."""

from __future__ import annotations

import re

ATTRIBUTE = re.compile(r'(\w+) "([^"]*)"')


def parse_header(header: str) -> dict[str, str]:
    """Read transcript, gene, symbol and biotype from a GENCODE or an Ensembl FASTA header.

    Returns
    -------
    dict
        Always ``transcript_id``; ``gene_id``, ``symbol``, ``biotype`` when the header has them.
    """
    fields = header.split("|")
    if len(fields) >= 8:
        return {"transcript_id": fields[0], "gene_id": fields[1], "symbol": fields[5], "biotype": fields[7]}
    words = header.split()
    # The first of a name counts: a description may hold words with colons.
    pairs = dict(word.split(":", 1) for word in reversed(words[1:]) if ":" in word)
    found = {"transcript_id": words[0] if words else ""}
    for key, name in (("gene", "gene_id"), ("gene_symbol", "symbol"), ("gene_biotype", "biotype")):
        if key in pairs:
            found[name] = pairs[key]
    return found
