"""What the first lines of a reference tell before anything runs: is it what its key says, and human?"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from anpi.expression.annotation import ATTRIBUTE, parse_header
from anpi.expression.genes import ENSEMBL_GENE, read_gene_table, strip_version
from anpi.files.plain import open_bounded
from anpi.problems import InputError, Problem

LOOKED_AT = 4_000_000  # bytes
MOST_NAMES = 2000
LONGEST_TRANSCRIPT = 500_000  # bases; the longest of GENCODE has 350,000
GTF_COLUMNS = 9
CHROMOSOME = re.compile(r"(chr)?(\d{1,2}|[XYM]|MT)", re.I)
WANTED = {
    "transcripts": "a FASTA of transcripts",
    "gtf": "a GTF: lines of 9 cells, separated by tabs",
    "genome": "a FASTA of a genome",
}
BYTE_ORDER_MARK = "\ufeff"
ANOTHER_SPECIES = "Subtypes and signatures are of human genes: give a human reference, such as GENCODE's."


def look_at_reference(kind: str, path: Path | str, file: str) -> list[Problem]:
    """Compare the beginning of a reference file with what it is given as.

    Parameters
    ----------
    kind : str
        ``transcripts``, ``gtf`` or ``genome``.
    path : path
        A file on this disk.
    file : str
        The config that names it.

    Returns
    -------
    list of Problem
        At most one: another kind of file, a genome in place of transcripts, genes of another species.
    """
    key = f"reference.{kind}"
    try:
        lines = first_lines(path)
    except InputError as error:
        return error.problems
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return [Problem(str(path), "the gzip file is damaged or cut short", mend="Copy it again.")]
    except OSError as error:
        return [Problem(str(path), f"cannot be read: {error.strerror}")]
    if lines and lines[0].startswith(BYTE_ORDER_MARK):
        return [marked_file(str(path))]
    found = kind_of(lines)
    wanted = "GTF" if kind == "gtf" else "FASTA"
    if found != wanted:
        mend = f"Look at {path}: it is another file than the key means."
        return [Problem(file, column=key, found=found, expected=WANTED[kind], mend=mend)]
    if kind == "genome":
        return []
    if kind == "transcripts" and is_genome(lines):
        mend = "Give the genome as reference.genome, and its genes as reference.gtf."
        return [Problem(file, column=key, found="a genome", expected=WANTED[kind], mend=mend)]
    return species_problems(islice(genes_of(lines), MOST_NAMES), str(path))


def marked_file(file: str) -> Problem:
    """Return that a file begins with a sign that is not seen, and that tools take for a part of its first name."""
    found, mend = "a byte order mark", "Save the file as UTF-8 without BOM, or take the publisher's own."
    return Problem(file, "the file", row=1, found=found, expected="its first letter", mend=mend)


def first_lines(path: Path | str) -> list[str]:
    """Read the first whole lines of a text file, gzipped or not."""
    with open_bounded(path, 30 * 10**9) as stream:
        start = stream.read(LOOKED_AT)
    lines = start.decode("utf-8", "replace").splitlines()
    return lines if len(start) < LOOKED_AT else lines[: max(len(lines) - 1, 1)]


def kind_of(lines: Sequence[str]) -> str:
    """Distinguish FASTA from GTF and from other files."""
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    if first.startswith(">"):
        return "FASTA"
    if first.count("\t") == GTF_COLUMNS - 1:
        return "GTF"
    if first.startswith("@"):
        return "FASTQ or SAM"
    return f"neither FASTA nor GTF (it begins with {first[:20]!r})" if first else "an empty file"


def is_genome(lines: Sequence[str]) -> bool:
    """Return whether the first sequence of a FASTA is a chromosome, by its name or its length."""
    words = lines[0][1:].split()
    if words and (CHROMOSOME.fullmatch(words[0]) or any(word.startswith("dna:") for word in words[1:])):
        return True
    length = 0
    for line in lines[1:]:
        if line.startswith(">"):
            break
        length += len(line)
    return length > LONGEST_TRANSCRIPT


def genes_of(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Iterate over gene id and symbol that headers of transcripts or exons of a GTF name."""
    for line in lines:
        if line.startswith(">"):
            row = parse_header(line[1:])
            if "gene_id" in row:
                yield row["gene_id"], row.get("symbol", "")
        elif line.count("\t") == GTF_COLUMNS - 1:
            attributes = dict(ATTRIBUTE.findall(line.rsplit("\t", 1)[1]))
            if "gene_id" in attributes:
                yield attributes["gene_id"], attributes.get("gene_name", "")


def species_problems(genes: Iterable[tuple[str, str]], file: str) -> list[Problem]:
    """Find that none of many genes (id, symbol) is human: by the form of its id, or as one of the shipped table."""
    named: dict[tuple[str, str], None] = {}
    for gene in genes:
        if ENSEMBL_GENE.fullmatch(gene[0]):
            return []
        named[gene] = None
    if not named:
        return []
    table = read_gene_table()
    human = set(table["symbol"]) | set(table["gene_id"])
    if any(strip_version(gene) in human or symbol in human for gene, symbol in named):
        return []
    found = ", ".join(dict.fromkeys(f"{gene} {symbol}".strip() for gene, symbol in list(named)[:3]))
    fault = f"none of the first {len(named)} genes is a human one"
    return [Problem(file, fault, found=found, expected="such as ENSG00000139352 ASCL1", mend=ANOTHER_SPECIES)]


def refuse_foreign_genes(genes: pd.DataFrame, file: str) -> None:
    """Refuse a whole reference (see `anpi.quantification.reference.gene_table`) of which no gene is a human one."""
    named = zip(genes["gene_id"], genes["symbol"], strict=True)
    if problems := species_problems(named, file):
        raise InputError(problems)
