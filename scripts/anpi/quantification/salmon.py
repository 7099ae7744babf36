"""Call salmon so that the same reads give the same bytes, whatever their order and the number of threads.

salmon learns its fragment length model from a random choice of mappings, so that learning is switched off
(``--numAuxModelSamples 0``) and the model is given; its estimates start uniform (``--initUniform``) instead of from an
asynchronous first pass, and are of maximum likelihood (``--useEM``): where two near-identical genes share their reads,
the variational estimate moves most of them to one or the other on a small change of the fragment length model. With
``--libType A`` it also counts against the library's strand until it has seen enough fragments, so that the order of the
reads and the threads decide which: the library type is measured beforehand on a drawn sample, and given.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from anpi.problems import InputError, Problem
from anpi.quantification.landmarks import Evidence, added, look_at_reads
from anpi.tools import ToolFailed, major_version, run_tool, whole_output

# What makes the same reads give the same bytes, by major version. A new one is a row here and a higher bound in
# `anpi.tools.TOOLS`: salmon 2 ignores --numAuxModelSamples, wants another index, and ends with an error where few
# fragments map.
DETERMINISTIC = {1: ["--numAuxModelSamples", "0", "--initUniform", "--useEM"]}
LEAST_LENGTHS = 500
LEAST_STRANDED = 500
# salmon's own bound for a stranded library, which it draws after 10,000 mapped fragments: half of these
STRANDED_SHARE = 0.7
LEAST_SETTLED = 20_000
# Of 100 pairs or more, mates of one fragment lie on one transcript in nearly all; those of two samples by chance.
LEAST_PLACED, LEAST_TOGETHER = 100, 0.7
ONE_STRAND = 0.8
MINIMUM_FRAGMENTS = 10


@dataclass(frozen=True)
class FragmentLength:
    """Mean and standard deviation of the fragment length in bases, and where they come from."""

    mean: float
    sd: float
    source: str
    pairs: int = 0


@dataclass(frozen=True)
class Library:
    """What a sample of the mappings tells of a library.

    Parameters
    ----------
    length : FragmentLength
    paired : bool
    forward, reverse : int
        Fragments that read as the transcript, and against it.
    units : tuple of Evidence
        What the reads of each unit tell.
    """

    length: FragmentLength
    paired: bool
    forward: int = 0
    reverse: int = 0
    units: tuple[Evidence, ...] = field(default=(), compare=False)

    def type(self, fragments: int) -> str:
        """Return salmon's library type: stranded from 70% on one strand; unstranded below, and for too few fragments.

        Parameters
        ----------
        fragments : int
            Those of the whole sample. Of fewer than 20,000 salmon by itself would count all that maps, whichever way.
        """
        total = self.forward + self.reverse
        strand = ""
        known = fragments >= LEAST_SETTLED and total >= LEAST_STRANDED
        if known and max(self.forward, self.reverse) >= STRANDED_SHARE * total:
            strand = "SF" if self.forward > self.reverse else "SR"
        return ("I" if self.paired else "") + (strand or "U")


def measure_library(
    files: Sequence[tuple[str, str | None]], landmarks: Path, scratch: Path, fallback: FragmentLength
) -> Library:
    """Look at a drawn sample of the reads: strand of the library, and of pairs the fragment length.

    Fewer than 500 lengths, and the configured length stands in. Fewer than 500 pairs of which both mates tell the
    strand, and the first mates alone tell it.
    """
    paired = files[0][1] is not None
    with whole_output(scratch, "fastp, drawn sample"):
        named = [(scratch / first, scratch / second if second else None) for first, second in files]
        each: list[Evidence] = [look_at_reads([mates], landmarks) for mates in named]
        found = added(each)
        if paired and found.forward + found.reverse < LEAST_STRANDED:  # of short mates few pairs hold two landmarks
            first_mates = look_at_reads([(first, None) for first, _ in named], landmarks)
            found = found._replace(forward=first_mates.forward, reverse=first_mates.reverse)
    length = fragment_length(found.lengths, found.weights, fallback) if paired else fallback
    return Library(length, paired, found.forward, found.reverse, tuple(each))


def unit_faults(sample: str, unit_ids: Sequence[str], units: Sequence[Evidence]) -> list[Problem]:
    """Find units whose reads are not what they are given as, though number and names of the reads are alike.

    salmon would count mates of two samples each by itself, and hold the mixture for a sample that maps well.

    Parameters
    ----------
    units : sequence of Evidence
        Of drawn reads of each unit.
    """
    faults = []
    sides: dict[str, str] = {}
    for unit_id, found in zip(unit_ids, units, strict=True):
        if found.placed >= LEAST_PLACED and found.together < LEAST_TOGETHER * found.placed:
            words = f"{found.together} of {found.placed} drawn pairs with both mates on one transcript"
            mend = "Is one file of another sample, or in another order? Give both as they came from the machine."
            fault = f"the mates of unit {unit_id}"
            faults.append(Problem(sample, fault, found=words, expected="nearly all", mend=mend))
        total = found.forward + found.reverse
        if total >= LEAST_PLACED and max(found.forward, found.reverse) >= ONE_STRAND * total:
            sides.setdefault("as" if found.forward > found.reverse else "against", unit_id)
    if len(sides) == 2:
        words = f"unit {sides['as']} reads as the transcripts, unit {sides['against']} against them"
        mend = "Are the mates exchanged in one, or is one the second mates of the other? Two libraries are two samples."
        faults.append(Problem(sample, "units of opposite strands", found=words, expected="one strand", mend=mend))
    return faults


def deterministic() -> list[str]:
    """Return the options of the salmon that is here; `require_tools` refuses a major version without any."""
    return DETERMINISTIC.get(major_version("salmon"), DETERMINISTIC[max(DETERMINISTIC)])


def reads_options(files: Sequence[tuple[str, str | None]]) -> list[str]:
    """Name reads for salmon: mates or single ones."""
    firsts = [first for first, _ in files]
    seconds = [second for _, second in files if second]
    return ["-1", *firsts, "-2", *seconds] if seconds else ["-r", *firsts]


def fragment_length(lengths: np.ndarray, weights: np.ndarray, fallback: FragmentLength) -> FragmentLength:
    """Return weighted mean and standard deviation of measured lengths, or the fallback for too few."""
    if not len(lengths):
        return fragment_length_of(0, 0, 0, fallback)
    mean = np.average(lengths, weights=weights)
    sd = math.sqrt(np.average((lengths - mean) ** 2, weights=weights))
    return fragment_length_of(float(mean), sd, len(lengths), fallback)


def fragment_length_of(mean: float, sd: float, pairs: int, fallback: FragmentLength) -> FragmentLength:
    if pairs < LEAST_LENGTHS:
        return FragmentLength(fallback.mean, fallback.sd, "config, too few concordant pairs", pairs)
    return FragmentLength(round(mean), max(round(sd), 1), "measured", pairs)


def run_salmon(
    sample: str,
    trimmed: Sequence[tuple[str, str | None]],
    index: Path,
    result: Path,
    scratch: Path,
    threads: int,
    library: Library,
    passed: int,
) -> dict:
    """Quantify the trimmed reads; give salmon's own facts (``meta_info.json``).

    Raises
    ------
    InputError
        When salmon fails, or processed another number of fragments than fastp passed.
    """
    reads = ["--index", str(index.resolve()), *reads_options(trimmed)]
    facts = quantify(reads, sample, result, scratch, threads, library, passed)
    if facts["num_processed"] != passed:
        found = f"{facts['num_processed']} fragments processed by salmon"
        raise InputError(Problem(sample, "fragments lost", found=found, expected=f"{passed} as passed by fastp"))
    return facts


def quantify(
    source: list[str], sample: str, result: Path, scratch: Path, threads: int, library: Library, fragments: int
) -> dict:
    """Run salmon with what is the same for reads and alignments; too few fragments for it are no fault."""
    command = ["salmon", "quant", "--libType", library.type(fragments), *source, "--threads", str(threads)]
    command += ["--output", result.name, *deterministic()]
    command += ["--fldMean", f"{library.length.mean:g}", "--fldSD", f"{library.length.sd:g}"]
    try:
        run_tool(command, scratch, f"salmon, sample {sample}")
    except ToolFailed:
        facts = salmon_facts(result)
        # Its own count, not its code, says that too little maps.
        if facts and facts["num_mapped"] < MINIMUM_FRAGMENTS and facts["num_processed"] == fragments:
            return {**facts, "num_mapped": 0}
        raise
    with whole_output(scratch, f"salmon, sample {sample}"):
        facts = salmon_facts(result)
        return {**facts, "num_mapped": facts["num_mapped"], "num_processed": facts["num_processed"]}


def salmon_facts(result: Path) -> dict:
    """Read salmon's own facts; a file that it left unfinished tells none."""
    file = result / "aux_info" / "meta_info.json"
    try:
        return json.loads(file.read_text()) if file.is_file() else {}
    except ValueError:
        return {}


def write_empty_quant(result: Path) -> None:
    """Write a salmon table without rows, for a sample of which nothing maps: every gene will count 0."""
    shutil.rmtree(result, ignore_errors=True)
    result.mkdir()
    (result / "quant.sf").write_text("Name\tLength\tEffectiveLength\tTPM\tNumReads\n")
