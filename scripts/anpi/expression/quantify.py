"""From the reads of one sample to a salmon result: checked reads, fastp, salmon, and the sums compared.

Trimmed reads live in a temporary folder on local scratch. The result is the same to the last byte for the same
reads, whatever the number of threads: salmon learns its fragment length model from a random choice of mappings, so
that learning is switched off (``--numAuxModelSamples 0``) and the model is given, as measured on the first pairs of
the sample; and its estimates start uniform (``--initUniform``) instead of from an asynchronous first pass. They are
of maximum likelihood (``--useEM``): where two near-identical genes share their reads, the variational estimate moves
most of them to one or the other on a small change of the fragment length model.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import psutil
from isal import igzip

from anpi.expression.fastq import check_reads, is_gzip
from anpi.tables.problems import InputError, Problem
from anpi.tables.writing import write_json, write_text

DETERMINISTIC = ["--numAuxModelSamples", "0", "--initUniform", "--useEM"]
LENGTH_PAIRS = 10_000
LEAST_LENGTHS = 500
STALL_SECONDS = 300
POLL_SECONDS = 0.1
MINIMUM_FRAGMENTS = 10


@dataclass(frozen=True)
class FragmentLength:
    """Mean and standard deviation of the fragment length in bases, and where they come from."""

    mean: float
    sd: float
    source: str
    pairs: int = 0


def quantify_sample(
    sample: str,
    units: Sequence[tuple[str, str, str | None]],
    index: Path,
    out_dir: Path,
    scratch: Path,
    threads: int,
    single_end_length: FragmentLength,
    strandedness: str = "auto",
) -> None:
    """Quantify one sample from FASTQ and write its salmon result, ``fastp.json`` and ``reads.json``.

    Parameters
    ----------
    units : sequence of (unit_id, fastq_1, fastq_2 or None)
        All single or all paired.
    index : Path
        salmon index.
    out_dir : Path
        Made whole at the end: ``salmon/``, ``fastp.json``, ``reads.json``.
    scratch : Path
        An empty temporary folder on local disk; holds the trimmed reads.
    single_end_length : FragmentLength
        Used for single-end libraries, whose reads cannot tell.
    strandedness : str
        As declared; recorded beside what salmon infers.

    Raises
    ------
    InputError
        Reads that are damaged; a tool that fails; reads that fastp passed and salmon did not see.
    """
    say(f"{sample}: checking {len(units)} unit(s)")
    files = check_reads([(first, second) for _, first, second in units], threads)
    total = sum(files[first].reads for _, first, _ in units)
    say(f"{sample}: {total} {'pairs' if units[0][2] else 'reads'} are whole; trimming with fastp")
    trimmed, fastp_report = trim_units(units, scratch, threads)
    passed = fastp_report["passed_fragments"]
    if fastp_report["total_fragments"] != total:
        found = f"{fastp_report['total_fragments']} seen by fastp"
        raise InputError(Problem(sample, "fragments lost before trimming", found=found, expected=str(total)))
    length = single_end_length
    result = scratch / "salmon"
    facts: dict[str, object] = {"num_processed": 0, "num_mapped": 0}
    if passed:
        if units[0][2]:
            length = measure_fragment_length(trimmed, index, scratch, single_end_length)
        say(f"{sample}: {passed} pass; fragments of {length.mean:g} ± {length.sd:g} bases; quantifying with salmon")
        facts = run_salmon(sample, trimmed, index, result, scratch, threads, length, passed)
    if not facts["num_mapped"]:
        say(f"{sample}: no read maps; the result holds zeros")
        write_empty_quant(result)
    reads = {
        "sample_id": sample,
        "layout": "paired" if units[0][2] else "single",
        "units": [
            {"unit_id": unit, "reads": files[first].reads, "sha256": [files[f].sha256 for f in (first, second) if f]}
            for unit, first, second in units
        ],
        "fragments": total,
        "fragments_passed": passed,
        "fragments_mapped": facts["num_mapped"],
        "library_type": next(iter(facts.get("library_types", [])), None),  # type: ignore[call-overload]
        "strandedness_declared": strandedness,
        "fragment_length": length.__dict__,
    }
    publish(result, fastp_report, reads, out_dir)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def trim_units(
    units: Sequence[tuple[str, str, str | None]], scratch: Path, threads: int
) -> tuple[list[tuple[str, str | None]], dict]:
    """Run fastp on each unit; give the trimmed files (relative to scratch) and one report for the sample."""
    trimmed: list[tuple[str, str | None]] = []
    reports = {}
    for number, (unit, first, second) in enumerate(units):
        link_reads(first, scratch / f"unit{number}_1{suffix(first)}")
        command = ["fastp", "--in1", f"unit{number}_1{suffix(first)}", "--out1", f"trimmed{number}_1.fastq.gz"]
        mate = None
        if second:
            link_reads(second, scratch / f"unit{number}_2{suffix(second)}")
            mate = f"trimmed{number}_2.fastq.gz"
            command += ["--in2", f"unit{number}_2{suffix(second)}", "--out2", mate]
        # Duplicates say little in RNA-seq, and counting them costs fastp 1 GB.
        command += ["--compression", "1", "--thread", str(min(threads, 4)), "--dont_eval_duplication"]
        command += ["--json", f"fastp{number}.json", "--html", "/dev/null"]
        run_tool(command, scratch, f"fastp, unit {unit}")
        reports[unit] = without_threads(json.loads((scratch / f"fastp{number}.json").read_text()))
        trimmed.append((f"trimmed{number}_1.fastq.gz", mate))
    return trimmed, merge_reports(reports, paired=units[0][2] is not None)


def suffix(path: str) -> str:
    """Give the ending by which tools tell a gzip file, from the content of the file and not from its name."""
    return ".fastq.gz" if is_gzip(path) else ".fastq"


def link_reads(source: str, target: Path) -> None:
    """Give the reads a plain name in scratch: no user's path or odd character reaches a tool's command line."""
    target.symlink_to(Path(source).resolve())


def without_threads(report: dict) -> dict:
    """Take out of fastp's report what hangs on the number of threads: its command, and insert sizes, which every
    thread estimates on a share of its own (the fragment length is measured on mappings instead)."""
    kept = {key: value for key, value in report.items() if key != "insert_size"}
    return kept | {"command": re.sub(r" --thread \d+", "", report.get("command", ""))}


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


def measure_fragment_length(
    trimmed: Sequence[tuple[str, str | None]], index: Path, scratch: Path, fallback: FragmentLength
) -> FragmentLength:
    """Measure fragment length on the first pairs: salmon's mappings that are unique, concordant and complete.

    Too few such pairs, and the configured length stands in.
    """
    first, second = trimmed[0]
    assert second is not None
    for mate, source in enumerate((first, second), start=1):
        with igzip.open(scratch / source, "rb") as reads, open(scratch / f"head_{mate}.fastq", "wb") as head:
            head.writelines(islice(reads, 4 * LENGTH_PAIRS))
    command = ["salmon", "quant", "--index", str(index.resolve()), "--libType", "A", "--threads", "1"]
    command += ["-1", "head_1.fastq", "-2", "head_2.fastq", "--output", "head"]
    command += ["--writeMappings=head.sam", "--skipQuant", "--minAssignedFrags", "1", *DETERMINISTIC]
    try:
        run_tool(command, scratch, "salmon, fragment length")
    except InputError:
        return fallback
    lengths = concordant_lengths(scratch / "head.sam")
    if len(lengths) < LEAST_LENGTHS:
        return FragmentLength(fallback.mean, fallback.sd, "config, too few concordant pairs", len(lengths))
    mean = sum(lengths) / len(lengths)
    sd = math.sqrt(sum((length - mean) ** 2 for length in lengths) / (len(lengths) - 1))
    return FragmentLength(round(mean), max(round(sd), 1), "measured", len(lengths))


def concordant_lengths(sam: Path) -> list[int]:
    """List the template lengths of pairs that map once, both mates on one transcript and facing each other."""
    lengths = []
    with open(sam, encoding="ascii") as lines:
        for line in lines:
            if line.startswith("@"):
                continue
            fields = line.split("\t", 12)
            flag, length = int(fields[1]), int(fields[8])
            if length > 0 and flag & 0x2 and not flag & 0x90C and "\tNH:i:1\t" in line.replace("\n", "\t"):
                lengths.append(length)
    return lengths


def run_salmon(
    sample: str,
    trimmed: Sequence[tuple[str, str | None]],
    index: Path,
    result: Path,
    scratch: Path,
    threads: int,
    length: FragmentLength,
    passed: int,
) -> dict:
    """Quantify the trimmed reads; give salmon's own facts (``meta_info.json``).

    Raises
    ------
    InputError
        When salmon fails, or processed another number of fragments than fastp passed.
    """
    firsts = [first for first, _ in trimmed]
    seconds = [second for _, second in trimmed if second]
    command = ["salmon", "quant", "--index", str(index.resolve()), "--libType", "A", "--threads", str(threads)]
    command += ["-1", *firsts, "-2", *seconds] if seconds else ["-r", *firsts]
    command += ["--output", result.name, *DETERMINISTIC]
    command += ["--fldMean", f"{length.mean:g}", "--fldSD", f"{length.sd:g}"]
    try:
        run_tool(command, scratch, f"salmon, sample {sample}")
    except InputError:
        facts = salmon_facts(result)
        if facts and facts["num_mapped"] < MINIMUM_FRAGMENTS and facts["num_processed"] == passed:
            return {**facts, "num_mapped": 0}
        raise
    facts = salmon_facts(result)
    if facts["num_processed"] != passed:
        found = f"{facts['num_processed']} fragments processed by salmon"
        raise InputError(Problem(sample, "fragments lost", found=found, expected=f"{passed} as passed by fastp"))
    return facts


def salmon_facts(result: Path) -> dict:
    file = result / "aux_info" / "meta_info.json"
    return json.loads(file.read_text()) if file.is_file() else {}


def run_tool(command: list[str], folder: Path, name: str) -> None:
    """Run a tool in a folder; one that fails, or that does nothing for minutes, ends with its last words."""
    log = folder / f"{command[0]}.log"
    try:
        with open(log, "wb") as handle:
            process = psutil.Popen(command, cwd=folder, stdout=handle, stderr=handle, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        mend = f"Install it (Debian: apt-get install {command[0]}; conda: envs/quantify.yaml)."
        raise InputError(Problem(command[0], "the program is not installed", mend=mend)) from None
    try:
        stalled = wait_or_stall(process)
    finally:
        if process.is_running():
            process.kill()
            process.wait()
    words = log.read_text(errors="replace").strip()[-1500:]
    if stalled:
        raise InputError(Problem(name, f"did nothing for {STALL_SECONDS} s and was stopped; its last words: {words}"))
    if process.returncode != 0:
        raise InputError(Problem(name, f"ended with code {process.returncode}; its last words: {words}"))


def wait_or_stall(process: psutil.Popen) -> bool:
    """Wait for a process; True when it used no processor time for STALL_SECONDS."""
    used, since = -1.0, time.monotonic()
    while True:
        try:
            process.wait(timeout=POLL_SECONDS if time.monotonic() - since < 1 else 1)
            return False
        except psutil.TimeoutExpired:
            now = sum(process.cpu_times()[:2])
            if now > used + 0.01:
                used, since = now, time.monotonic()
            elif time.monotonic() - since > STALL_SECONDS:
                return True


def write_empty_quant(result: Path) -> None:
    """Write a salmon table without rows, for a sample of which nothing maps: every gene will count 0."""
    shutil.rmtree(result, ignore_errors=True)
    result.mkdir()
    (result / "quant.sf").write_text("Name\tLength\tEffectiveLength\tTPM\tNumReads\n")


def publish(result: Path, fastp_report: dict, reads: dict, out_dir: Path) -> None:
    """Move what is kept to its place: nothing that tells the hour, the scratch folder or a random draw."""
    part = out_dir / ".part"
    shutil.rmtree(part, ignore_errors=True)
    (part / "salmon" / "aux_info").mkdir(parents=True)
    shutil.copyfile(result / "quant.sf", part / "salmon" / "quant.sf")
    formats = result / "lib_format_counts.json"
    write_json(part / "salmon" / formats.name, json.loads(formats.read_text()) if formats.is_file() else {})
    facts = {key: value for key, value in salmon_facts(result).items() if key not in ("start_time", "end_time")}
    write_json(part / "salmon" / "aux_info" / "meta_info.json", facts or {"num_processed": 0, "num_mapped": 0})
    # In fastp's order: MultiQC knows the file by words in its first 50 lines.
    write_text(part / "fastp.json", json.dumps(fastp_report, indent=1) + "\n")
    write_json(part / "reads.json", reads)
    shutil.rmtree(out_dir / "salmon", ignore_errors=True)
    for name in ("salmon", "fastp.json", "reads.json"):
        os.replace(part / name, out_dir / name)
    part.rmdir()
