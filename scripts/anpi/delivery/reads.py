"""The reads of a delivery: FASTQ, alignments and salmon results by sample, or a matrix of expression."""

from __future__ import annotations

import itertools
import math
import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.delivery.decisions import LEAVE_OUT, Decisions
from anpi.delivery.fastq import (
    LANES,
    LONE,
    MATES,
    absolute,
    fastq_notes,
    fastq_units,
    lacking_lanes,
    refuse_one_id,
    sample_id,
)
from anpi.delivery.samples import owner_in
from anpi.expression.declared_units import LEAST_TPM, MOST_TPM
from anpi.expression.matrix import read_numbers, read_rows
from anpi.expression.matrix_header import header_faults, sample_places
from anpi.files.sheet import WORKBOOKS, split_sheet
from anpi.problems import InputError, Problem, refuse
from anpi.tables.workbook import sheet_names
from anpi.words.lists import listed, plural

BAM = re.compile(r"(?P<sample>.+?)(?:[._](?:sorted|markdup|dedup|umi_dedup|coord))*\.(?:bam|cram)", re.IGNORECASE)
STAR = re.compile(r"[._]?Aligned\.(?:sortedByCoord\.)?(?P<to>toTranscriptome\.)?out", re.IGNORECASE)
TABLE = re.compile(r".+\.(?:tsv|csv|txt|gct)(?:\.gz)?")
TABLE_OF_A_PROGRAM = re.compile(r".+\.(?:tsv|txt|tab|results)(?:\.gz)?")
TRANSCRIPTS = re.compile(r".*(?:transcript|cdna|rna).*\.(?:fa|fasta|fna)(?:\.gz)?", re.IGNORECASE)
QUANT = ("quant.sf", "quant.sf.gz")
NO_SAMPLE = ("salmon", "quant", "quants")  # folders that are named after a tool
TAKE = "take"
UNREACHED = "a link to nothing, or to what cannot be read"
LOOKED_AT = 20  # rows of a table by which it is a matrix of numbers
LEAST_GENES = 5
OFFSETS = (1.0, 0.5, 0.1, 0.01, 0.001, 0.0001)


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
    notes : list of tuple of Path and str
        What was left out, each with the reason.
    """

    units: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    matrices: dict[str, list[str]] = field(default_factory=dict)
    transcripts: list[str] = field(default_factory=list)
    annotations: list[str] = field(default_factory=list)
    notes: list[tuple[Path, str]] = field(default_factory=list)


def find_reads(place: Path, besides: Collection[Path], decisions: Decisions) -> Reads:
    """Look through a folder, or at a matrix, for what holds the expression of samples.

    Parameters
    ----------
    besides : collection of Path
        Clinical files, which are no matrices.
    """
    given, sheet = split_sheet(place)
    if not os.path.exists(given):
        raise InputError(Problem(str(place), "the folder does not exist", mend="Check --reads."))
    reads = Reads()
    files = [Path(given)] if os.path.isfile(given) else sorted(walk(place, reads.notes))
    reads.notes += fastq_notes(files)
    units = {
        "fastq": list(fastq_units(files, decisions)),
        "bam": list(alignment_units(files, "")),
        "bam to transcripts": list(alignment_units(files, "transcriptome")),
        "quant": [quant_unit(file) for file in files if file.name in QUANT],
    }
    reads.units = {kind: rows for kind, rows in units.items() if rows}
    reads.notes += lacking_lanes(units["fastq"])
    clinical = set(map(os.path.realpath, besides))
    tables = [file for file in files if os.path.exists(file) and (sheet or os.path.realpath(file) not in clinical)]
    for file in tables:
        if TABLE.fullmatch(file.name) and (samples := matrix_samples(file)):
            reads.matrices[absolute(file)] = samples
        else:
            reads.notes += [
                (file, f"left out: found {fault.found}, expected {fault.expected}") for fault in faults_of(file)
            ]
    books = [file for file in tables if file.suffix.lower() in WORKBOOKS]
    for book in books:
        for name in [sheet] if sheet else sheet_names(book):
            if samples := matrix_samples(path := f"{absolute(book)}#{name}"):
                reads.matrices[path] = samples
    reads.transcripts = [absolute(file) for file in files if TRANSCRIPTS.fullmatch(file.name)]
    reads.annotations = [absolute(file) for file in files if re.fullmatch(r".+\.gtf(\.gz)?", file.name)]
    return reads


def walk(folder: Path, notes: list[tuple[Path, str]]) -> Iterator[Path]:
    """Iterate over the files of a folder at any depth; links to folders come last, and each folder once.

    Raises
    ------
    InputError
        A folder that cannot be read.
    """
    seen: set[str] = set()
    waiting = [folder]
    for start in waiting:
        for place, folders, names in os.walk(start, onerror=refuse_unread):
            if os.path.realpath(place) in seen:
                notes.append((Path(place), "left out: a link to a folder that is looked through already"))
                folders.clear()
                continue
            seen.add(os.path.realpath(place))
            inside = [Path(place) / name for name in sorted(folders) if not name.startswith(".")]
            waiting += [path for path in inside if path.is_symlink()]
            folders[:] = [path.name for path in inside if not path.is_symlink()]
            files = [Path(place) / name for name in names if not name.startswith(".")]
            notes += [(file, UNREACHED) for file in files if not os.path.exists(file)]
            yield from files


def refuse_unread(error: OSError) -> None:
    fault = f"the folder cannot be read: {error.strerror}"
    raise InputError(Problem(str(error.filename), fault, mend="Make it readable, or move it out of --reads."))


def alignment_units(files: Sequence[Path], to: str) -> Iterator[dict[str, str]]:
    """Return alignments to the genome, or to transcripts, a unit each."""
    for file in files:
        if match := BAM.fullmatch(file.name):
            star = STAR.search(match["sample"])
            sample = match["sample"][: star.start()] if star else match["sample"]
            if ("transcriptome" if star and star["to"] else "") == to and sample:
                refuse_one_id({file: sample})
                row = {"sample_id": sample_id(sample), "unit_id": "unit", "bam": absolute(file)}
                yield row | ({"aligned_to": to} if to else {})


def quant_unit(file: Path) -> dict[str, str]:
    """Return the folder of a salmon result; a folder that is named after the tool lies in that of the sample."""
    folder = file.parent
    named = folder.parent if folder.name.lower() in NO_SAMPLE else folder
    refuse_one_id({named: named.resolve().name})
    return {"sample_id": sample_id(named.resolve().name), "unit_id": "unit", "quant": absolute(folder)}


def matrix_samples(file: Path | str) -> list[str]:
    """Return the samples of a table that is a matrix: names of genes, then numbers alone; none of another table."""
    try:
        rows = list(itertools.islice(read_rows(file), LEAST_GENES + 1))
    except InputError:
        return []
    if len(rows) <= LEAST_GENES or len(rows[0]) < 2 or len({len(row) for row in rows}) > 1:
        return []
    places = sample_places(rows[0])
    numbers = all(is_number(row[place]) for row in rows[1:LOOKED_AT] for place in places)
    names = not any(is_number(row[0]) for row in rows[1:LOOKED_AT])
    return list(places.values()) if numbers and names and not header_faults(str(file), rows[0], 1) else []


def faults_of(file: Path) -> list[Problem]:
    """Return why a table that a program wrote of one sample is no matrix; nothing of any other file."""
    if not TABLE_OF_A_PROGRAM.fullmatch(file.name):
        return []
    try:
        rows = list(itertools.islice(read_rows(file), 1))
    except InputError:
        return []
    return header_faults(str(file), rows[0], 1) if rows else []


def is_number(text: str) -> bool:
    if text.strip() in ("", "NA"):
        return True
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def choose(reads: Reads, place: Path, patients: Sequence[str], decisions: Decisions) -> str | None:
    """Return which of several kinds is used: a kind of units, or the path of a matrix; None while that is open.

    Samples that another kind alone holds are asked about; as answered, their units are put to those of the kind.
    """
    matrices = matrix_choices(reads, place)
    choices = [*reads.units, *matrices]
    if not choices:
        expected = "FASTQ, BAM, CRAM, folders with quant.sf, or a table with genes in rows"
        mend = " ".join(f"{file}: {why}." for file, why in reads.notes[:3]) or None
        raise InputError(Problem(str(place), "no reads and no expression found", expected=expected, mend=mend))
    samples = samples_of(reads, matrices)
    counts = [f"{kind} of {plural(len(samples[kind]), 'sample')}" for kind in choices]
    text = f"{place} holds {listed(counts)}. Which are the samples to be made of?"
    answer = decisions.decide("reads: kind", text, choices, choices[0] if len(choices) == 1 else None)
    if answer is None or any(name.startswith((LANES, MATES, LONE)) for name in decisions.open):
        return None
    for kind in choices:
        lacking = [name for name in samples[kind] if name not in samples[answer]]
        if kind in matrices:  # another table of numbers is one too
            lacking = [name for name in lacking if owner_in(name, patients)]
        samples[answer] += take_lacking(reads, kind, answer, lacking, decisions)
    refuse_several(reads.units.get(answer, []))
    return matrices.get(answer, answer)


def refuse_several(rows: Sequence[Mapping[str, str]]) -> None:
    """Refuse a sample with several alignments or salmon results: lanes, or steps of a workflow, no name tells which.

    An nf-core/rnaseq run may hold ``salmon`` beside ``star_salmon``, and alignments before duplicates were marked.
    """
    first: dict[str, str] = {}
    problems = []
    for row in rows:
        path = row.get("bam") or row.get("quant")
        if path is not None and (other := first.setdefault(row["sample_id"], path)) != path:
            what = "alignments" if "bam" in row else "salmon results"
            mend = f"The other is {other}. Give --reads a folder with one of them; lanes go into units.tsv by hand."
            problems.append(Problem(path, f"several {what} of sample {row['sample_id']}", mend=mend))
    refuse(problems)


def samples_of(reads: Reads, matrices: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the samples of each kind."""
    samples = {kind: list(dict.fromkeys(row["sample_id"] for row in rows)) for kind, rows in reads.units.items()}
    return samples | {name: list(reads.matrices[path]) for name, path in matrices.items()}


def take_lacking(reads: Reads, kind: str, chosen: str, lacking: Sequence[str], decisions: Decisions) -> list[str]:
    """Ask about samples that a kind holds and the chosen one lacks; return those that were taken from it."""
    if not lacking:
        return []
    choices = (LEAVE_OUT, *((TAKE,) if {kind, chosen} <= set(reads.units) else ()))
    text = f"The samples are made of {chosen}, which lacks some that {kind} holds. Is what {kind} holds taken for them,"
    text += f" or are they to be left out ({' or '.join(choices)}):"
    answers = decisions.decide_each(f"reads: samples of {kind} alone", text, lacking, choices)
    taken = [name for name, answer in answers.items() if answer == TAKE]
    if taken:
        reads.units[chosen] += [row for row in reads.units[kind] if row["sample_id"] in taken]
    why = f"left out: {kind} alone holds the sample, as answered"
    reads.notes += [(Path(name), why) for name, answer in answers.items() if answer == LEAVE_OUT]
    return taken


def matrix_choices(reads: Reads, place: Path) -> dict[str, str]:
    """Return the matrices by the names of their choices: that of the file, with its folders where two have one name."""
    names = Counter(Path(path).name for path in reads.matrices)
    folder = absolute(place)
    shown = {p: Path(p).name if names[Path(p).name] == 1 else os.path.relpath(p, folder) for p in reads.matrices}
    return {f"matrix {name}": path for path, name in shown.items()}


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
