"""Trim the reads of a sample with fastp, unit by unit."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from anpi.reads.fastq import is_gzip
from anpi.tools import refuse_full_disk, run_tool, whole_output

UMI = re.compile(r"(read1|read2|per_read):(\d+)(?:\+(\d+))?")
MOST_THREADS = 4
Trimmed = tuple[str, str | None]


@dataclass(frozen=True)
class Lane:
    """One unit as fastp reads it.

    Parameters
    ----------
    unit_id : str
    first, second : str
        FASTQ files; ``second`` is None for single reads and for interleaved pairs.
    interleaved : bool
        Whether the mates of a pair follow one another in ``first``.
    phred64 : bool
        Whether qualities count from 64; they are turned to 33.
    umi : str, optional
        ``read1:6+4``: where the molecular identifier stands; it is cut off and put into the read's name.
    adapter : str, optional
        Of single reads; an empty text when there is none, None to let fastp look for it.
    """

    unit_id: str
    first: str
    second: str | None = None
    interleaved: bool = False
    phred64: bool = False
    umi: str | None = None
    adapter: str | None = None

    @property
    def paired(self) -> bool:
        return self.second is not None or self.interleaved

    def options(self) -> list[str]:
        """Return the options of fastp that hang on the unit."""
        options = ["--phred64"] if self.phred64 else []
        options += ["--interleaved_in"] if self.interleaved else []
        if match := UMI.fullmatch(self.umi or ""):
            place, length, spacer = match.groups()
            options += ["--umi", "--umi_loc", place, "--umi_len", length]
            options += ["--umi_skip", spacer] if spacer else []
        if self.adapter is not None:
            options += ["--adapter_sequence", self.adapter] if self.adapter else ["--disable_adapter_trimming"]
        return options


def trim_lanes(
    lanes: Sequence[Lane],
    scratch: Path,
    threads: int,
    prefix: str = "trimmed",
    stop: Event | None = None,
    ending: str = ".fastq",
) -> tuple[list[Trimmed], list[dict]]:
    """Run fastp on each lane; give the trimmed files (relative to scratch) and the reports.

    Parameters
    ----------
    ending : str
        Of the trimmed files: ``.fastq``, or ``.fastq.gz`` where the disk has no room for that.
    """
    trimmed: list[Trimmed] = []
    reports = []
    for number, lane in enumerate(lanes):
        name = f"{prefix}{number}"
        link_reads(lane.first, scratch / f"{name}_in1{suffix(lane.first)}")
        command = ["fastp", "--in1", f"{name}_in1{suffix(lane.first)}", "--out1", f"{name}_1{ending}"]
        if lane.second:
            link_reads(lane.second, scratch / f"{name}_in2{suffix(lane.second)}")
            command += ["--in2", f"{name}_in2{suffix(lane.second)}"]
        mate = f"{name}_2{ending}" if lane.paired else None
        command += ["--out2", mate] if mate else []
        # Duplicates say little in RNA-seq, and counting them costs fastp 1 GB.
        command += ["--compression", "1", "--thread", str(min(threads, MOST_THREADS)), "--dont_eval_duplication"]
        command += [*lane.options(), "--json", f"{name}.json", "--html", "/dev/null"]
        run_tool(command, scratch, f"fastp {prefix}{number}, unit {lane.unit_id}", stop)
        refuse_full_disk(scratch)
        with whole_output(scratch, f"fastp, unit {lane.unit_id}"):
            reports.append(without_machine(json.loads((scratch / f"{name}.json").read_text())))
        trimmed.append((f"{name}_1{ending}", mate))
    return trimmed, reports


def suffix(path: str) -> str:
    """Return the ending by which tools tell a gzip file, from the content of the file and not from its name."""
    return ".fastq.gz" if is_gzip(path) else ".fastq"


def link_reads(source: str, target: Path) -> None:
    """Return the reads a plain name in scratch: no user's path or odd character reaches a tool's command line."""
    target.unlink(missing_ok=True)
    target.symlink_to(Path(source).resolve())


def found_adapter(report: dict) -> str:
    """Return the adapter that fastp found in single reads; an empty text for none."""
    sequence = report.get("adapter_cutting", {}).get("read1_adapter_sequence", "")
    return sequence if set(sequence) <= set("ACGT") else ""


def without_machine(report: dict) -> dict:
    """Take out of fastp's report what hangs on the machine: in its command the threads and the form of what it writes
    (see `anpi.reads.room`), and insert sizes, which every thread estimates on a share of its own (the fragment length
    is measured on mappings instead)."""
    kept = {key: value for key, value in report.items() if key != "insert_size"}
    machine = r" --(?:thread|compression|out[12]) \S+"
    return kept | {"command": re.sub(machine, "", report.get("command", ""))}


def merge_reports(reports: dict[str, dict], paired: bool) -> dict:
    """Make one fastp report a sample: the only unit's, or the sums over units with each report beside them."""
    mates = 2 if paired else 1
    first = next(iter(reports.values()))
    merged = dict(first)
    if len(reports) > 1:
        merged["summary"] = {**first["summary"], "before_filtering": {}, "after_filtering": {}}
        for stage in ("before_filtering", "after_filtering"):
            for key in ("total_reads", "total_bases", "q20_bases", "q30_bases"):
                merged["summary"][stage][key] = sum(r["summary"][stage][key] for r in reports.values())
        merged["filtering_result"] = {
            key: sum(report["filtering_result"][key] for report in reports.values())
            for key in first["filtering_result"]
        }
        merged["units"] = reports
    merged["total_fragments"] = merged["summary"]["before_filtering"]["total_reads"] // mates
    merged["passed_fragments"] = merged["summary"]["after_filtering"]["total_reads"] // mates
    return merged
