"""Alignment to the genome with STAR or HISAT2: from the reads of a sample to one sorted and indexed BAM file.

The reads are those that salmon gets: checked, then trimmed with fastp. The BAM holds no path, no command line and no
hour, and the order of its records does not hang on the number of threads.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO

import psutil

from anpi.expression.fastq import FaultyReads
from anpi.expression.reference import read_gtf
from anpi.expression.sample_reads import Unit, open_reads
from anpi.expression.tools import say
from anpi.tables.problems import InputError, Problem
from anpi.tables.writing import whole_file, write_text

PACKAGES = {"hisat2": "hisat2", "STAR": "rna-star", "samtools": "samtools", "featureCounts": "subread"}
SORT_MEMORY = "500M"
# Command lines and comments of the tools hold paths; name and version of each stay.
PLAIN_HEADER = r"sed -e '/^@CO/d' -e 's/\tCL:.*//' -e 's/\tuser command line.*//'"


def write_splice_sites(gtf: Path, target: Path) -> int:
    """Write the introns of a GTF as HISAT2 reads them; give their number.

    Columns, without a header: chromosome, last base before and first base after the intron (counted from 0), strand.
    """
    _, exons = read_gtf(gtf)
    sites = {
        (before[0], before[2] - 1, after[1], before[3])
        for parts in exons.values()
        for before, after in pairwise(parts)
        if after[1] > before[2]
    }
    write_text(
        target,
        "".join(f"{chromosome}\t{left}\t{right}\t{strand}\n" for chromosome, left, right, strand in sorted(sites)),
    )
    return len(sites)


def align_sample(
    sample: str,
    units: Sequence[Unit],
    tool: str,
    index: Path,
    splice_sites: Path,
    target: Path,
    scratch: Path,
    threads: int,
    record_failure: bool = False,
) -> None:
    """Align one sample and write ``target`` with its index ``target`` + ``.bai``; each unit is a read group.

    Parameters
    ----------
    units : sequence of Unit
        Of FASTQ; their order does not matter.
    tool : str
        ``star`` or ``hisat2``.
    index : Path
        Folder of the genome's index, made by that tool (HISAT2: with the base name ``genome``).
    splice_sites : Path
        See `write_splice_sites`; HISAT2 alone reads it, STAR has it in its index.
    scratch : Path
        An empty temporary folder.
    record_failure : bool
        Whether a sample whose own files are at fault gets an alignment without records.

    Raises
    ------
    InputError
        Reads that are damaged; a tool that lacks or fails.
    """
    require_tools("STAR" if tool == "star" else tool, "samtools")
    units = sorted(units, key=lambda unit: unit.unit_id)
    try:
        with open_reads(sample, units, scratch, threads) as reads:
            trimmed, report = reads.trimmed()
    except FaultyReads as error:
        if not record_failure:
            raise
        say(f"{sample} fails: {error}")
        (scratch / "none.fastq").touch()
        units, trimmed, report = units[:1], [("none.fastq", None)], {"passed_fragments": 0}
    say(f"{sample}: aligning {report['passed_fragments']} fragments with {tool}")
    parts: list[Path] = []
    for unit, (first, second) in zip([unit.unit_id for unit in units], trimmed, strict=True):
        part = scratch / f"aligned{len(parts)}.bam"
        mates = [file for file in (first, second) if file]
        command = hisat2_command if tool == "hisat2" else star_command
        words = command(sample, unit, mates, index.resolve(), splice_sites.resolve(), threads, scratch)
        run_sorted(words, part, scratch, threads, f"{words[0]}, unit {unit}")
        parts.append(part)
    publish_bam(parts, target, scratch, threads)
    say(f"{sample}: aligned")


def hisat2_command(
    sample: str, unit: str, mates: Sequence[str], index: Path, splice_sites: Path, threads: int, scratch: Path
) -> list[str]:
    """Write the call of HISAT2 for one unit; SAM goes to standard output, in the order of the reads.

    Splice sites that it finds on the way are not used for later reads: which ones are later hangs on the threads.
    """
    command = ["hisat2", "-x", str(index / "genome"), "--known-splicesite-infile", str(splice_sites), "--reorder"]
    command += ["--no-temp-splicesite"]
    command += ["--threads", str(threads), "--rg-id", unit, "--rg", f"SM:{sample}", "--rg", f"LB:{sample}"]
    return [*command, "-1", mates[0], "-2", mates[1]] if len(mates) == 2 else [*command, "-U", mates[0]]


def star_command(
    sample: str, unit: str, mates: Sequence[str], index: Path, splice_sites: Path, threads: int, scratch: Path
) -> list[str]:
    """Write the call of STAR for one unit; SAM goes to standard output, in the order of the reads."""
    shutil.rmtree(scratch / "star", ignore_errors=True)
    (scratch / "star").mkdir()
    command = ["STAR", "--runMode", "alignReads", "--genomeDir", str(index), "--readFilesIn", *mates]
    command += ["--readFilesCommand", "gzip", "-cd", "--outStd", "SAM", "--outSAMtype", "SAM"]
    command += ["--outSAMunmapped", "Within", "--outSAMorder", "PairedKeepInputOrder", "--outSAMattributes"]
    command += ["NH", "HI", "AS", "nM", "NM", "MD", "--outSAMattrRGline", f"ID:{unit}", f"SM:{sample}", f"LB:{sample}"]
    return [*command, "--runThreadN", str(threads), "--outFileNamePrefix", "star/"]


def require_tools(*tools: str) -> None:
    """Refuse to begin without a program, and say which package holds it."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        packages = " ".join(PACKAGES[tool] for tool in missing)
        mend = f"Install {packages} (Debian: apt-get install {packages}; conda: envs/align.yaml)."
        raise InputError([Problem(tool, "the program is not installed", mend=mend) for tool in missing])


def run_sorted(command: list[str], target: Path, scratch: Path, threads: int, name: str) -> None:
    """Run an aligner into ``samtools sort``; whichever fails ends it with its last words."""
    sort = ["samtools", "sort", "--no-PG", "-@", str(threads - 1), "-m", SORT_MEMORY, "-T", "sort", "-o", target.name]
    with ExitStack() as stack:
        logs = [scratch / f"{tool}.log" for tool in (command[0], "sort")]
        words = [stack.enter_context(open(log, "wb")) for log in logs]
        aligner = stack.enter_context(started(command, scratch, stdout=subprocess.PIPE, stderr=words[0]))
        sorter = stack.enter_context(
            started([*sort, "-"], scratch, stdin=aligner.stdout, stdout=words[1], stderr=words[1])
        )
        aligner.stdout.close()
        codes = {name: aligner.wait(), f"samtools sort, {name}": sorter.wait()}
    # The sorter first: an aligner whose reader has gone dies of that.
    for (tool, code), log in reversed(list(zip(codes.items(), logs, strict=True))):
        if code:
            last = log.read_text(errors="replace").strip()[-1500:]
            raise InputError(Problem(tool, f"ended with code {code}; its last words: {last}"))


@contextmanager
def started(command: list[str], folder: Path, **streams: object) -> Iterator[psutil.Popen]:
    """Start a program, and stop it with all that it started when the block ends early."""
    process = psutil.Popen(command, cwd=folder, **({"stdin": subprocess.DEVNULL} | streams))
    try:
        yield process
    finally:
        if process.is_running():
            for child in [*process.children(recursive=True), process]:
                child.send_signal(signal.SIGKILL)
            process.wait()


def publish_bam(parts: Sequence[Path], target: Path, scratch: Path, threads: int) -> None:
    """Merge the sorted units, plain their header, and move BAM and index to their place."""
    merged = parts[0]
    if len(parts) > 1:
        merged = scratch / "merged.bam"
        names = [part.name for part in parts]
        run_plain(["samtools", "merge", "--no-PG", "-p", "-@", str(threads - 1), merged.name, *names], scratch)
    with whole_file(target.with_name(target.name + ".bai")) as index, whole_file(target) as bam:
        with open(bam, "wb") as handle:
            run_plain(["samtools", "reheader", "--no-PG", "--command", PLAIN_HEADER, merged.name], scratch, handle)
        run_plain(["samtools", "index", "-@", str(threads - 1), str(bam.resolve()), str(index.resolve())], scratch)


def run_plain(command: list[str], folder: Path, stdout: IO[bytes] | None = None) -> None:
    """Run a short step; one that fails ends with its words."""
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, check=False
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip()[-1500:]
        raise InputError(Problem(" ".join(command[:2]), f"ended with code {done.returncode}; its last words: {last}"))
