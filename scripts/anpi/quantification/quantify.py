"""From the reads of one sample to a salmon result: checked reads, fastp, salmon, and the sums compared.

Trimmed reads live in a temporary folder on local scratch. The result is the same to the last byte for the same reads,
whatever their order, the file that brought them (FASTQ, BAM, CRAM) and the number of threads (see
`anpi.quantification.salmon`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from anpi.files.writing import write_json, write_text
from anpi.problems import Problem, placeless_words
from anpi.progress import say
from anpi.quantification.landmarks import look_at_reads
from anpi.quantification.molecules import molecules_of_reads
from anpi.quantification.salmon import (
    LEAST_PLACED,
    LEAST_TOGETHER,
    FragmentLength,
    Library,
    measure_library,
    run_salmon,
    salmon_facts,
    unit_faults,
    write_empty_quant,
)
from anpi.quantification.transcriptome import Counted, quantify_transcriptome
from anpi.reads.fastq import FaultyReads
from anpi.reads.mates import BOTH
from anpi.reads.sample_reads import SampleReads, Unit, open_reads
from anpi.reads.strangers import count_strangers
from anpi.reads.together import count_twice, namesakes
from anpi.reads.trimming import Lane, Trimmed
from anpi.tools import whole_output

# Of salmon's record, what differs between runs on the same reads: the hour, fingerprints of the index (see `by_name`).
CHANCE = ("start_time", "end_time", "index_")


@dataclass(frozen=True)
class Reference:
    """What reads are quantified against.

    Parameters
    ----------
    index : Path
        salmon index.
    landmarks : Path, optional
        Landmarks of its transcripts; needed for reads.
    transcripts : sequence of str
        Ids of its transcripts; needed for alignments.
    fasta : Path, optional
        The transcripts; needed for alignments to them.
    genome : Path, optional
        Reference of CRAM files.
    strangers : Path, optional
        Contigs of others than the tumour's genes, which the drawn reads are held against.
    """

    index: Path
    landmarks: Path | None = None
    transcripts: Sequence[str] = ()
    fasta: Path | None = None
    genome: Path | None = None
    strangers: Path | None = None


def quantify_sample(
    sample: str,
    units: Sequence[Unit],
    reference: Reference,
    out_dir: Path,
    scratch: Path,
    threads: int,
    single_end_length: FragmentLength,
    strandedness: str = "auto",
) -> None:
    """Quantify one sample from FASTQ, BAM or CRAM and write its salmon result, ``fastp.json`` and ``reads.json``.

    Parameters
    ----------
    units : sequence of Unit
        All single or all paired.
    out_dir : Path
        Made whole at the end: ``salmon/``, ``fastp.json``, ``reads.json``.
    scratch : Path
        An empty temporary folder on local disk; holds the trimmed reads, and those of alignments.
    single_end_length : FragmentLength
        Used for single-end libraries, whose reads cannot tell.
    strandedness : str
        As declared; recorded beside what the reads show.

    Raises
    ------
    FaultyReads
        A fault of the sample's own files.
    InputError
        A tool that fails; reads that fastp passed and salmon did not see.
    """
    result = scratch / "salmon"
    facts: dict = {"num_processed": 0, "num_mapped": 0}
    with open_reads(sample, units, scratch, threads, reference.transcripts, reference.genome) as checked:
        library = Library(single_end_length, checked.paired)
        if checked.drawn:
            assert reference.landmarks is not None
            library = measure_library(checked.drawn, reference.landmarks, scratch, single_end_length)
            faults = unit_faults(sample, [lane.unit_id for lane in checked.drawn_lanes], library.units)
            if faults := faults + parted_mates(checked, reference.landmarks, scratch):
                raise FaultyReads(faults)
        strangers = strangers_among(checked.drawn, reference.strangers, scratch)
        trimmed, fastp = checked.trimmed()
    passed, length = fastp["passed_fragments"], library.length
    words = f"{passed} of {checked.fragments} pass; fragments of {length.mean:g} ± {length.sd:g} bases"
    say(f"{sample}: {words}; quantifying with salmon")
    mapped, quantified = None, passed
    if passed and has_identifiers(units):
        trimmed, mapped, quantified = molecules_of_reads(
            sample, trimmed, reference.index, scratch, threads, library, passed
        )
        say(f"{sample}: {mapped} mapped fragments of {quantified} molecules")
    if quantified:
        facts = run_salmon(sample, trimmed, reference.index, result, scratch, threads, library, quantified)
    if not facts["num_mapped"]:
        say(f"{sample}: no read maps; the result holds zeros")
        write_empty_quant(result)
    reads = {
        "units": [describe_unit(unit, lane, checked) for unit, lane in zip(units, checked.lanes, strict=True)],
        "fragments": checked.fragments,
        "fragments_passed": passed,
        "fragments_mapped": facts["num_mapped"] if mapped is None else mapped,
        "molecules": None if mapped is None else facts["num_mapped"],
    }
    if strangers is not None:
        reads["strangers"] = strangers
    if twice := sum(count_twice([(lane.first, checked.files[lane.first].draw) for lane in checked.lanes]).values()):
        reads["drawn_reads_twice"] = twice
    publish(result, fastp, describe_sample(sample, library, passed, strandedness) | reads, out_dir)


def parted_mates(reads: SampleReads, landmarks: Path, scratch: Path) -> list[Problem]:
    """Find lanes of single reads that are the two mates of one: of the same names, and of the same fragments.

    Lanes whose names both count from 1 have names in common too, and their reads lie anywhere.
    """
    problems = []
    for one, other in combinations([] if reads.paired else [lane.first for lane in reads.lanes], 2):
        pairs = namesakes(reads.files[one].draw, reads.files[other].draw)
        if len(pairs) < LEAST_PLACED:
            continue
        files = scratch / "namesakes_1.fastq", scratch / "namesakes_2.fastq"
        for file, records in zip(files, zip(*pairs, strict=True), strict=True):
            file.write_bytes(b"".join(records))
        found = look_at_reads([files], landmarks)
        if found.placed >= LEAST_PLACED and found.together >= LEAST_TOGETHER * found.placed:
            words = f"{found.together} of {found.placed} drawn names in {Path(one).name} too, on the same transcripts"
            expected = "reads of one mate: these are both mates, each fragment would count twice"
            problems.append(Problem(other, "single reads", found=words, expected=expected, mend=BOTH))
    return problems


def strangers_among(drawn: Sequence[Trimmed], contigs: Path | None, scratch: Path) -> dict[str, int] | None:
    """Count the drawn fragments of each class of contigs; None without contigs."""
    if contigs is None:
        return None
    with whole_output(scratch, "fastp, drawn sample"):
        files = [(scratch / first, scratch / second if second else None) for first, second in drawn]
        return count_strangers(files, contigs)


def has_identifiers(units: Sequence[Unit]) -> bool:
    """Return whether the reads of a sample have molecular identifiers."""
    return any(unit.umi for unit in units)


def describe_unit(unit: Unit, lane: Lane, reads: SampleReads) -> dict:
    """State what a unit holds."""
    facts = {"unit_id": unit.unit_id, "reads": reads.files[lane.first].reads, "umi": unit.umi}
    if unit.unit_id in reads.restored:
        back = reads.restored[unit.unit_id]
        return facts | {"sha256": [back.sha256], "alignment": back.counts}
    checksums = [reads.files[file].sha256 for file in (lane.first, lane.second) if file]
    return facts | {"sha256": checksums, "interleaved": lane.interleaved, "phred": 64 if lane.phred64 else 33}


def describe_sample(sample: str, library: Library, fragments: int, strandedness: str) -> dict:
    """State what is known of a sample's library."""
    return {
        "sample_id": sample,
        "layout": "paired" if library.paired else "single",
        "library_type": library.type(fragments),
        "orientation": {"forward": library.forward, "reverse": library.reverse},
        "strandedness_declared": strandedness,
        "fragment_length": library.length.__dict__,
    }


def quantify_aligned_transcripts(
    sample: str,
    units: Sequence[Unit],
    reference: Reference,
    out_dir: Path,
    scratch: Path,
    threads: int,
    single_end_length: FragmentLength,
    strandedness: str = "auto",
) -> None:
    """Quantify one sample from alignments to transcripts; nothing is trimmed (parameters as of `quantify_sample`)."""
    assert reference.fasta is not None
    result = scratch / "salmon"
    files = [(unit.unit_id, unit.alignment or "") for unit in units]
    facts, counted, library = quantify_transcriptome(
        *(sample, files, reference.fasta, reference.transcripts, result, scratch, threads, single_end_length),
        once=has_identifiers(units),
    )
    if not facts["num_mapped"]:
        write_empty_quant(result)
    fragments, unmapped = sum(unit.fragments for unit in counted), sum(unit.unmapped for unit in counted)
    whole = unmapped > 0
    if not whole:
        say(f"{sample}: no unmapped read stands in the alignments: how many were sequenced is not known")
    reads = {
        "units": [describe_counted(name, unit) for (name, _), unit in zip(files, counted, strict=True)],
        "aligned_to": "transcriptome",
        "fragments": fragments if whole else None,
        "fragments_passed": fragments if whole else None,
        "fragments_mapped": fragments - unmapped,
        "molecules": facts["num_mapped"] if has_identifiers(units) else None,
    }
    publish(result, {}, describe_sample(sample, library, fragments, strandedness) | reads, out_dir)


def describe_counted(unit_id: str, unit: Counted) -> dict:
    """State what a unit of alignments to transcripts holds, and what of it failed the sequencer's quality control."""
    facts = {"unit_id": unit_id, "reads": unit.fragments, "sha256": [unit.sha256]}
    if not unit.failed:
        return facts
    used = unit.fragments * (2 if unit.paired else 1)
    counts = {
        "primary_records": used + unit.failed,
        "qc_fail_records": unit.failed,
        "pairs": unit.fragments if unit.paired else 0,
        "mates_left_out": 0,
        "unpaired_left_out": 0,
    }
    return facts | {"alignment": counts}


def record_failure(sample: str, error: FaultyReads, out_dir: Path, scratch: Path, strandedness: str) -> None:
    """Write the result of a sample whose own files are at fault: why, and a salmon table without rows."""
    words = placeless_words(error.problems)
    write_empty_quant(scratch / "failed")
    reads = {"sample_id": sample, "failure": words, "strandedness_declared": strandedness, "units": []}
    publish(scratch / "failed", {}, reads, out_dir)


def by_name(quant: str) -> str:
    """Put the rows of a quant.sf in the order of their transcripts' names.

    salmon (1.10.1) takes in the sequences of an index in chunks of a thousand, and once in a while in another order of
    chunks: a race between its threads. The numbers are the same; their order and the index's fingerprints are not.
    """
    header, *rows = quant.splitlines(keepends=True)
    return header + "".join(sorted(rows))


def publish(result: Path, fastp_report: dict, reads: dict, out_dir: Path) -> None:
    """Move what is kept to its place: nothing that tells the hour, the scratch folder or a random draw."""
    part = out_dir / ".part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        (part / "salmon" / "aux_info").mkdir(parents=True)
        formats = result / "lib_format_counts.json"
        with whole_output(result.parent, "salmon"):
            write_text(part / "salmon" / "quant.sf", by_name((result / "quant.sf").read_text()))
            counts = json.loads(formats.read_text()) if formats.is_file() else {}
            counts.pop("read_files", None)  # names in scratch
            write_json(part / "salmon" / formats.name, counts)
        facts = {key: value for key, value in salmon_facts(result).items() if not key.startswith(CHANCE)}
        write_json(part / "salmon" / "aux_info" / "meta_info.json", facts or {"num_processed": 0, "num_mapped": 0})
        # In fastp's order: MultiQC knows the file by words in its first 50 lines.
        write_text(part / "fastp.json", json.dumps(fastp_report, indent=1) + "\n")
        write_json(part / "reads.json", reads)
        shutil.rmtree(out_dir / "salmon", ignore_errors=True)
        for name in ("salmon", "fastp.json", "reads.json"):
            os.replace(part / name, out_dir / name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
