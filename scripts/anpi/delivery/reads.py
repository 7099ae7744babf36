"""The reads of a delivery: FASTQ, alignments and salmon results by sample, or a matrix of expression."""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.delivery.decisions import Decisions
from anpi.expression.matrix import DESCRIPTIONS, MOST_TPM, read_numbers, read_rows
from anpi.files.sheet import WORKBOOKS, split_sheet
from anpi.problems import InputError, Problem
from anpi.tables.workbook import sheet_names
from anpi.words.lists import listed, plural

FASTQ = re.compile(
    r"(?P<sample>.+?)(?P<lane>(?:_S\d+)?(?:_L\d{3})?)(?P<mate>[._]R?[12])?(?:_\d{3})?\.(?:fastq|fq)(?:\.gz)?"
)
BAM = re.compile(r"(?P<sample>.+?)(?:[._](?:sorted|markdup|dedup|umi_dedup|coord))*\.(?:bam|cram)", re.IGNORECASE)
STAR = re.compile(r"[._]?Aligned\.(?:sortedByCoord\.)?(?P<to>toTranscriptome\.)?out", re.IGNORECASE)
TABLE = re.compile(r".+\.(?:tsv|csv|txt)(?:\.gz)?")
TRANSCRIPTS = re.compile(r".*(?:transcript|cdna|rna).*\.(?:fa|fasta|fna)(?:\.gz)?", re.IGNORECASE)
QUANT = ("quant.sf", "quant.sf.gz")
NO_SAMPLE = ("salmon", "quant", "quants")  # folders that are named after a tool
LOOKED_AT = 20  # rows of a table by which it is a matrix of numbers
LEAST_GENES = 5
OFFSETS = (1.0, 0.5, 0.1, 0.01, 0.001, 0.0001)
LEAST_TPM = 0.3e6  # a sample's sum over the genes of a matrix, which may hold those of proteins alone


@dataclass
class Reads:
    """What was found, by kind: rows of units.tsv by sample, and matrices with their samples.

    Parameters
    ----------
    units : dict
        By kind (fastq, bam, bam to transcripts, quant) rows of ``sample_id``, ``unit_id`` and files.
    matrices : dict of str to list of str
        Samples by path.
    transcripts, annotations : list of str
        Files that may be the reference.
    """

    units: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    matrices: dict[str, list[str]] = field(default_factory=dict)
    transcripts: list[str] = field(default_factory=list)
    annotations: list[str] = field(default_factory=list)


def find_reads(place: Path, besides: Collection[Path]) -> Reads:
    """Look through a folder, or at a matrix, for what holds the expression of samples.

    Parameters
    ----------
    besides : collection of Path
        Clinical files, which are no matrices.
    """
    given, sheet = split_sheet(place)
    if not os.path.exists(given):
        raise InputError(Problem(str(place), "the folder does not exist", mend="Check --reads."))
    files = [Path(given)] if os.path.isfile(given) else sorted(walk(place))
    reads = Reads()
    units = {
        "fastq": list(fastq_units([file for file in files if FASTQ.fullmatch(file.name)])),
        "bam": list(alignment_units(files, "")),
        "bam to transcripts": list(alignment_units(files, "transcriptome")),
        "quant": [quant_unit(file) for file in files if file.name in QUANT],
    }
    reads.units = {kind: rows for kind, rows in units.items() if rows}
    clinical = {file.resolve() for file in besides}
    for file in files:
        if TABLE.fullmatch(file.name) and file.resolve() not in clinical and (samples := matrix_samples(file)):
            reads.matrices[absolute(file)] = samples
    books = [file for file in files if file.suffix.lower() in WORKBOOKS and (sheet or file.resolve() not in clinical)]
    for book in books:
        for name in [sheet] if sheet else sheet_names(book):
            if samples := matrix_samples(path := f"{absolute(book)}#{name}"):
                reads.matrices[path] = samples
    reads.transcripts = [absolute(file) for file in files if TRANSCRIPTS.fullmatch(file.name)]
    reads.annotations = [absolute(file) for file in files if re.fullmatch(r".+\.gtf(\.gz)?", file.name)]
    return reads


def walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place) / name for name in names if not name.startswith("."))


def absolute(file: Path | str) -> str:
    return os.path.abspath(file)


def fastq_units(files: Sequence[Path]) -> Iterator[dict[str, str]]:
    """Pair the mates of FASTQ files; lanes are units of one sample."""
    pairs: dict[tuple[Path, str, str], dict[str, Path]] = {}
    for file in files:
        match = FASTQ.fullmatch(file.name)
        assert match is not None
        mate = (match["mate"] or "1")[-1]
        by_mate = pairs.setdefault((file.parent, match["sample"], match["lane"]), {})
        if mate in by_mate:
            fault = f"two files for mate {mate} of {match['sample']}"
            raise InputError(
                Problem(str(file), fault, mend=f"The other is {by_mate[mate].name}; keep one, or name the lanes.")
            )
        by_mate[mate] = file
    numbers: dict[str, int] = {}
    for (_, sample, lane), mates in pairs.items():
        if "1" not in mates:
            raise InputError(
                Problem(str(mates["2"]), "the second mates without the first", mend="Copy the first mates too.")
            )
        numbers[sample] = numbers.get(sample, 0) + 1
        name = lane.strip("_") or "unit"
        row = {"sample_id": sample_id(sample), "unit_id": f"{name}-{numbers[sample]}" if numbers[sample] > 1 else name}
        row |= {f"fastq_{mate}": absolute(mates[mate]) for mate in sorted(mates)}
        yield row


def alignment_units(files: Sequence[Path], to: str) -> Iterator[dict[str, str]]:
    """Return alignments to the genome, or to transcripts, a unit each."""
    for file in files:
        if match := BAM.fullmatch(file.name):
            star = STAR.search(match["sample"])
            sample = match["sample"][: star.start()] if star else match["sample"]
            if ("transcriptome" if star and star["to"] else "") == to and sample:
                row = {"sample_id": sample_id(sample), "unit_id": "unit", "bam": absolute(file)}
                yield row | ({"aligned_to": to} if to else {})


def quant_unit(file: Path) -> dict[str, str]:
    """Return the folder of a salmon result; a folder that is named after the tool lies in that of the sample."""
    folder = file.parent
    named = folder.parent if folder.name.lower() in NO_SAMPLE else folder
    return {"sample_id": sample_id(named.resolve().name), "unit_id": "unit", "quant": absolute(folder)}


def sample_id(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")


def matrix_samples(file: Path | str) -> list[str]:
    """Return the samples of a table that is a matrix: names of genes, then numbers alone; none of another table."""
    try:
        rows = list(itertools.islice(read_rows(file), LEAST_GENES + 1))
    except InputError:
        return []
    if len(rows) <= LEAST_GENES or len(rows[0]) < 2 or len({len(row) for row in rows}) > 1:
        return []
    header = [cell.strip() for cell in rows[0]]
    places = [place for place, name in enumerate(header) if place and name not in DESCRIPTIONS]
    numbers = all(is_number(row[place]) for row in rows[1:LOOKED_AT] for place in places)
    names = not any(is_number(row[0]) for row in rows[1:LOOKED_AT])
    return [header[place] for place in places] if numbers and names else []


def is_number(text: str) -> bool:
    if text.strip() in ("", "NA"):
        return True
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def choose(reads: Reads, place: Path, decisions: Decisions) -> str | None:
    """Return which of several kinds is used: a kind of units, or the path of a matrix; None while that is open."""
    matrices = {matrix_choice(path): path for path in reads.matrices}
    choices = [*reads.units, *matrices]
    if not choices:
        expected = "FASTQ, BAM, CRAM, folders with quant.sf, or a table with genes in rows"
        raise InputError(Problem(str(place), "no reads and no expression found", expected=expected))
    counts = [
        f"{kind} of {plural(len({row['sample_id'] for row in rows}), 'sample')}" for kind, rows in reads.units.items()
    ]
    counts += [f"{name} of {plural(len(reads.matrices[path]), 'sample')}" for name, path in matrices.items()]
    text = f"{place} holds {listed(counts)}. Which are the samples to be made of?"
    answer = decisions.decide("reads: kind", text, choices, choices[0] if len(choices) == 1 else None)
    return None if answer is None else matrices.get(answer, answer)


def matrix_choice(path: str) -> str:
    return f"matrix {Path(path).name}"


def decide_unit(path: str, decisions: Decisions) -> str | None:
    """Return the unit of a matrix: by its values where only one can be, else asked."""
    values = read_numbers(path)
    inferred, why = unit_of_values(values)
    text = f"{path}: which unit has the matrix? {why}"
    choices = ("counts", "tpm", *(f"log2_tpm_plus_{offset:g}" for offset in OFFSETS), "vst")
    return decisions.decide(
        "expression: unit", text, choices, inferred, [unit for unit in choices if inferred not in (None, unit)]
    )


def unit_of_values(values: pd.DataFrame) -> tuple[str | None, str]:
    """Return the unit that values can alone have, or None, and what was seen of them.

    log2(TPM + c) has log2(c) as its lowest value, and taken back sums to a million or, of the genes of proteins alone,
    to most of it.
    """
    numbers = values.to_numpy(dtype=float)
    sums = np.nansum(numbers, axis=0)
    lowest, highest = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    seen = (
        f"Values reach from {lowest:.4g} to {highest:.4g}; sums of samples from {sums.min():.4g} to {sums.max():.4g}."
    )
    if lowest >= 0 and np.all(np.mod(numbers[~np.isnan(numbers)], 1) == 0) and highest > 1000:
        return "counts", seen
    if lowest >= 0 and sums.min() > LEAST_TPM and sums.max() < MOST_TPM:
        return "tpm", seen
    for offset in OFFSETS if highest < 25 else ():
        back = np.nansum(np.exp2(numbers) - offset, axis=0)
        if abs(lowest - math.log2(offset)) < 1e-3 and back.min() > LEAST_TPM and back.max() < MOST_TPM:
            return f"log2_tpm_plus_{offset:g}", seen
    floor = next((offset for offset in OFFSETS if abs(lowest - math.log2(offset)) < 1e-3), None)
    return None, seen if floor is None else f"{seen} The lowest is log2({floor:g})."


def decide_reference(reads: Reads, kind: str, decisions: Decisions) -> Mapping[str, str]:
    """Return the reference of units: a file beside them where there is one, else asked."""
    inferred = reads.transcripts[0] if len(reads.transcripts) == 1 else None
    found = listed(reads.transcripts) or "none"
    text = "Which transcripts (a FASTA; path or s3://…) "
    text += "was salmon's index made of?" if kind == "quant" else "are the samples quantified against?"
    text += f" Found beside them: {found}."
    path = decisions.decide("reference: transcripts", text, (), inferred)
    return {} if path is None else {"transcripts": path if "://" in path else absolute(Path(path))}
