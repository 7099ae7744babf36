"""Contigs of others than the tumour's genes, which reads are held against."""

from __future__ import annotations

import re
from pathlib import Path

from anpi.files.text import read_text
from anpi.problems import InputError, Problem, refuse
from anpi.words.strangers import CLASSES

MOST_BASES = 1 << 26
HEADER = re.compile(r">(\S+)\s+(\S+)")
BASES = re.compile(r"[A-Za-z*-]+")


def read_contigs(path: Path | str) -> dict[str, list[bytes]]:
    """Read a FASTA whose headers tell the class of each contig: ``>NC_001422.1 phix``.

    Returns
    -------
    dict
        Sequences by class (see `anpi.words.strangers.CLASSES`).

    Raises
    ------
    InputError
        No FASTA, a header without a class that is known, more than 67 million bases.
    """
    name = str(path)
    contigs: dict[str, list[list[str]]] = {}
    problems: list[Problem] = []
    parts: list[str] = []
    for number, line in enumerate(map(str.strip, read_text(path).splitlines()), start=1):
        if line.startswith(">"):
            match = HEADER.match(line)
            if not match or match[2] not in CLASSES:
                expected = f"the contig's name and its class: {', '.join(CLASSES)}"
                problems.append(Problem(name, row=number, found=line[:60], expected=expected))
            parts = []
            contigs.setdefault(match[2] if match else "", []).append(parts)
        elif line and not (contigs and BASES.fullmatch(line)):
            raise InputError([*problems, Problem(name, "no FASTA file", row=number, found=line[:40])])
        elif line:
            parts.append(line)
    found = {kind: ["".join(lines).encode() for lines in of_kind] for kind, of_kind in contigs.items()}
    bases = sum(len(sequence) for sequences in found.values() for sequence in sequences)
    if not bases:
        problems.append(Problem(name, "no sequence", expected="one contig or more"))
    if bases > MOST_BASES:
        mend = "Give genomes of viruses and mitochondria, and ribosomal RNA; whole genomes need an aligner."
        problems.append(Problem(name, found=f"{bases} bases", expected=f"at most {MOST_BASES}", mend=mend))
    refuse(problems)
    return found
