"""The reads of one sample as quantification and alignment take them: every record checked, trimmed by fastp.

Records are checked while fastp is at work already; a fault stops fastp. A sample of the reads is drawn, whose choice
does not hang on their order.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np

from anpi.problems import InputError, Problem
from anpi.progress import say
from anpi.reads.alignments import Restored, restore_unit
from anpi.reads.fastq import FaultyReads, ReadFile, look_at_start
from anpi.reads.mates import namesakes_problem, parted_problem
from anpi.reads.room import has_room
from anpi.reads.together import check_reads, counted_twice, repeated_files
from anpi.reads.trimming import Lane, Trimmed, found_adapter, merge_reports, trim_lanes

DRAWN_PAIRS = 10_000
# fastp tells an adapter of single reads from what is frequent; it wants 10,000 reads at least.
DRAWN_SINGLE = 100_000


class Unit(NamedTuple):
    """A unit of a sample: one or two FASTQ files, or an alignment.

    Parameters
    ----------
    unit_id : str
    first, second : str or None
        FASTQ files.
    alignment : str or None
        BAM or CRAM in place of them.
    umi : str or None
        Where molecular identifiers stand (see `anpi.reads.trimming.Lane`).
    """

    unit_id: str
    first: str | None = None
    second: str | None = None
    alignment: str | None = None
    umi: str | None = None


def add_unit_options(parser: argparse.ArgumentParser) -> None:
    """Add the options by which programs are told the units of a sample."""
    parser.add_argument(
        "--unit",
        action="append",
        nargs="+",
        default=[],
        metavar=("ID FASTQ_1", "FASTQ_2"),
        help="id of a unit and its one or two FASTQ files (one that holds interleaved mates is told by its names);"
        " repeat for each unit",
    )
    parser.add_argument(
        "--alignment",
        action="append",
        nargs=2,
        default=[],
        metavar=("ID", "FILE"),
        help="id of a unit and its BAM or CRAM file; repeat for each unit",
    )
    parser.add_argument(
        "--umi",
        action="append",
        nargs=2,
        default=[],
        metavar=("ID", "PLACE"),
        help="id of a unit and where its molecular identifiers stand: name, read1:<n>, read2:<n> or per_read:<n>"
        " (the first n bases, which are cut off and put into the name; read1:6+4 drops 4 more)",
    )


def units_given(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> list[Unit]:
    """Return the units that a program was told (see `add_unit_options`)."""
    if any(len(unit) not in (2, 3) for unit in arguments.unit):
        parser.error("--unit takes an id and one or two FASTQ files")
    if not arguments.unit and not arguments.alignment:
        parser.error("give a --unit or an --alignment")
    places = dict(arguments.umi)
    given = [(*unit, None)[:3] for unit in arguments.unit]
    units = [Unit(unit, first, second, None, places.get(unit)) for unit, first, second in given]
    return units + [Unit(unit, None, None, file, places.get(unit)) for unit, file in arguments.alignment]


@dataclass(frozen=True)
class SampleReads:
    """The reads of a sample, checked; their trimming may still be under way.

    Parameters
    ----------
    lanes : list of Lane
        In the order of the units.
    files : dict
        What each file holds.
    restored : dict
        What each alignment holds, by unit.
    drawn : list of (first, second or None)
        Trimmed files of the drawn sample; none without reads.
    trimming : Future
        Of the trimmed files and fastp's reports.
    """

    sample: str
    lanes: list[Lane]
    files: dict[str, ReadFile]
    restored: dict[str, Restored]
    drawn: list[Trimmed]
    trimming: Future

    @property
    def paired(self) -> bool:
        return self.lanes[0].paired

    @property
    def fragments(self) -> int:
        return sum(self.files[lane.first].reads for lane in self.lanes)

    @property
    def drawn_lanes(self) -> list[Lane]:
        """The lanes of which reads were drawn, in the order of ``drawn``."""
        limit = drawn_limit(self.lanes, self.files)
        return [lane for lane in self.lanes if drawn_records(self.files[lane.first], limit)]

    def trimmed(self) -> tuple[list[Trimmed], dict]:
        """Wait for the trimmed files (relative to scratch) and fastp's report of the sample.

        Raises
        ------
        InputError
            When fastp failed, or saw another number of reads than there are.
        """
        files, reports = self.trimming.result()
        by_unit = {lane.unit_id: report for lane, report in zip(self.lanes, reports, strict=True)}
        report = merge_reports(by_unit, self.paired)
        if report["total_fragments"] != self.fragments:
            found = f"{report['total_fragments']} seen by fastp"
            expected = str(self.fragments)
            raise InputError(Problem(self.sample, "fragments lost before trimming", found=found, expected=expected))
        return files, report


@contextmanager
def open_reads(
    sample: str,
    units: Sequence[Unit],
    scratch: Path,
    threads: int,
    transcripts: Sequence[str] = (),
    genome: Path | None = None,
) -> Iterator[SampleReads]:
    """Check the reads of a sample and begin to trim them; what is still at work at the end of the block is stopped.

    Parameters
    ----------
    units : sequence of Unit
        All single or all paired.
    scratch : Path
        An empty temporary folder on local disk; holds the trimmed reads, and those of alignments.
    transcripts : sequence of str
        Ids of the reference's transcripts, by which alignments to them are told.
    genome : Path, optional
        Reference of CRAM files.

    Raises
    ------
    FaultyReads
        A fault of the sample's own files.
    """
    lanes, restored = open_units(units, scratch, threads, transcripts, genome)
    paired = one_layout(sample, lanes)
    say(f"{sample}: {len(units)} unit(s) of {'pairs' if paired else 'single reads'}; checking and trimming")
    stop = Event()
    with ThreadPoolExecutor(max_workers=1) as background:
        try:
            ending = ".fastq" if has_room(files_of(lanes), scratch, threads) else ".fastq.gz"
            # Single reads wait for the adapter that the drawn ones show.
            early = background.submit(trim_lanes, lanes, scratch, threads, stop=stop, ending=ending) if paired else None
            files = check_lanes(lanes, threads)
            checked = [replace(lane, phred64=has_phred64(lane, files)) for lane in lanes]
            if early and checked != lanes:
                stop.set()
                early, stop = None, Event()
            drawn, checked = trim_drawn(checked, files, scratch)
            trimming = early or background.submit(trim_lanes, checked, scratch, threads, stop=stop, ending=ending)
            yield SampleReads(sample, checked, files, restored, drawn, trimming)
        finally:
            stop.set()


def open_units(
    units: Sequence[Unit], scratch: Path, threads: int, transcripts: Sequence[str], genome: Path | None
) -> tuple[list[Lane], dict[str, Restored]]:
    """Turn units to lanes of FASTQ: alignments are turned back to reads, interleaved mates and encodings are told.

    Every fault of every alignment is told at once.
    """
    lanes, restored, problems = [], {}, []
    checksums: list[tuple[str, str]] = []
    for number, unit in enumerate(units):
        if unit.alignment is None:
            assert unit.first is not None
            start = look_at_start(unit.first)
            interleaved = start.interleaved and unit.second is None
            problems += [nameless_reads(unit.first)] if start.nameless and unit.second is None else []
            lanes.append(Lane(unit.unit_id, unit.first, unit.second, interleaved, start.phred64, unit.umi))
            continue
        try:
            say(f"{unit.alignment}: back to reads")
            back = restore_unit(unit.alignment, number, scratch, genome, transcripts, threads)
        except FaultyReads as error:
            problems += error.problems
            continue
        checksums += [(unit.alignment, back.sha256)] if back.counts["primary_records"] else []
        restored[unit.unit_id] = back
        lanes.append(Lane(unit.unit_id, back.first, back.second, umi=unit.umi))
    if problems := problems + repeated_files(checksums):
        raise FaultyReads(problems)
    return lanes, restored


def nameless_reads(file: str) -> Problem:
    words = "reads that follow one another have one name: pairs cannot be told from single reads"
    return Problem(file, words, expected="a name of its own for each read or pair", mend="Number the reads (@read1).")


def files_of(lanes: Sequence[Lane]) -> list[str]:
    """List the FASTQ files of lanes."""
    return [file for lane in lanes for file in (lane.first, lane.second) if file]


def one_layout(sample: str, lanes: Sequence[Lane]) -> bool:
    """Distinguish pairs from single reads; a sample is all of one."""
    kinds = {lane.paired for lane in lanes}
    if len(kinds) > 1:
        found = ", ".join(f"{lane.unit_id} {'pairs' if lane.paired else 'single reads'}" for lane in lanes)
        mend = "Give each kind a sample of its own."
        raise FaultyReads(Problem(sample, "units of pairs and of single reads", found=found, mend=mend))
    if False in kinds and (odd := [lane for lane in lanes if (lane.umi or "").startswith(("read2", "per_read"))]):
        raise FaultyReads(
            Problem(sample, f"unit {odd[0].unit_id}", found=f"umi {odd[0].umi}", expected="pairs of reads")
        )
    return True in kinds


def check_lanes(lanes: Sequence[Lane], threads: int) -> dict[str, ReadFile]:
    """Check every record of every lane, and draw samples of them."""
    draw = DRAWN_PAIRS if lanes[0].paired else DRAWN_SINGLE
    interleaved = [lane.first for lane in lanes if lane.interleaved]
    files = check_reads([(lane.first, lane.second) for lane in lanes], threads, draw, interleaved)
    draws = [(lane.first, files[lane.first].draw) for lane in lanes]
    problems = counted_twice(draws)
    if not lanes[0].paired:
        found = [namesakes_problem(file, drawn.keys, drawn.records) for file, drawn in draws]
        found.append(parted_problem([(lane.first, files[lane.first].marks[0]) for lane in lanes]))
        problems += [problem for problem in found if problem]
    if problems:
        raise FaultyReads(problems)
    return files


def has_phred64(lane: Lane, files: dict[str, ReadFile]) -> bool:
    """Return whether a lane's qualities count from 64; mates that differ in this are refused."""
    mates = [files[file] for file in (lane.first, lane.second) if file and files[file].reads]
    lowest, highest = min((m.lowest for m in mates), default=0), max((m.highest for m in mates), default=0)
    whole = bool(mates) and replace(mates[0], lowest=lowest, highest=highest).phred64
    if any(mate.phred64 for mate in mates) and not whole:
        found = "qualities that count from 64 in one file and from 33 in the other"
        raise FaultyReads(Problem(f"{lane.first}, {lane.second}", found=found, expected="one encoding in a pair"))
    return whole


def trim_drawn(lanes: Sequence[Lane], files: dict[str, ReadFile], scratch: Path) -> tuple[list[Trimmed], list[Lane]]:
    """Trim the drawn sample of the reads.

    Returns
    -------
    drawn : list of (first, second or None)
        Trimmed files; none when there are no reads.
    lanes : list of Lane
        With the adapter that fastp found in the drawn single reads, which does not hang on their order.
    """
    limit = drawn_limit(lanes, files)
    drawn_lanes = []
    for number, lane in enumerate(lanes):
        named = replace(lane, first=str(scratch / f"draw{number}_1.fastq"))
        named = replace(named, second=str(scratch / f"draw{number}_2.fastq")) if lane.second else named
        for source, target in ((lane.first, named.first), (lane.second, named.second)):
            if source and target:
                Path(target).write_bytes(b"".join(record for _, record in drawn_records(files[source], limit)))
        drawn_lanes.append(named)
    kept = [number for number, lane in enumerate(drawn_lanes) if os.path.getsize(lane.first)]
    drawn, reports = trim_lanes([drawn_lanes[number] for number in kept], scratch, 1, "drawn")
    if lanes[0].paired:
        return drawn, list(lanes)
    pooled = pooled_adapters([lanes[number] for number in kept], files, limit, scratch) if len(kept) > 1 else {}
    adapters = dict.fromkeys(range(len(lanes)), "")
    for number, report in zip(kept, reports, strict=True):
        adapters[number] = found_adapter(report) or pooled.get(kind_of(lanes[number]), "")
    if len(kept) > 1:
        drawn, _ = trim_lanes([replace(drawn_lanes[n], adapter=adapters[n]) for n in kept], scratch, 1, "drawn")
    return drawn, [replace(lane, adapter=adapters[number]) for number, lane in enumerate(lanes)]


def drawn_records(file: ReadFile, limit: int) -> list[tuple[int, bytes]]:
    """Return digest and record of the reads of a file that are drawn."""
    return [(key, record) for key, record in zip(file.draw.keys, file.draw.records, strict=True) if key <= limit]


def kind_of(lane: Lane) -> tuple[bool, str | None]:
    """Return what reads of lanes must have in common to be looked at together."""
    return lane.phred64, lane.umi


def pooled_adapters(
    lanes: Sequence[Lane], files: dict[str, ReadFile], limit: int, scratch: Path
) -> dict[tuple[bool, str | None], str]:
    """Look for the adapter in the drawn single reads of all lanes: fastp finds none in fewer than 10,000 reads."""
    pools: dict[tuple[bool, str | None], list[tuple[int, bytes]]] = {}
    for lane in lanes:
        pools.setdefault(kind_of(lane), []).extend(drawn_records(files[lane.first], limit))
    pooled = scratch / "pooled.fastq"
    found = {}
    for (phred64, umi), records in pools.items():
        pooled.write_bytes(b"".join(record for _, record in sorted(records)))
        _, (report,) = trim_lanes([Lane("of all", str(pooled), phred64=phred64, umi=umi)], scratch, 1, "pooled")
        found[phred64, umi] = found_adapter(report)
    pooled.unlink()
    return found


def drawn_limit(lanes: Sequence[Lane], files: dict[str, ReadFile]) -> int:
    """Return the greatest digest that is drawn, so that lanes together give the sample that the uncut reads would."""
    keys = np.sort(np.concatenate([np.array(files[lane.first].draw.keys, dtype=np.uint64) for lane in lanes]))
    size = files[lanes[0].first].draw.size
    return int(keys[min(size, len(keys)) - 1]) if len(keys) else 0
