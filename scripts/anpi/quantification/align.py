"""Alignment to the genome with STAR or HISAT2: from the reads of a sample to one sorted and indexed BAM file.

The reads are those that salmon gets: checked, then trimmed with fastp. The BAM holds no path, no command line and no
hour, and the order of its records does not hang on the number of threads.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from anpi.files.writing import whole_file, write_text
from anpi.progress import say
from anpi.quantification.reference import read_gtf
from anpi.reads.fastq import FaultyReads
from anpi.reads.sample_reads import Unit, open_reads
from anpi.tools import ALIGNERS, require_tools, run_pipe, run_tool

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
        A name of `anpi.tools.ALIGNERS`.
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
    require_tools(ALIGNERS[tool].program, "samtools")
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
        words = CALLS[tool](sample, unit, mates, index.resolve(), splice_sites.resolve(), threads, scratch)
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
    command += ["--readFilesCommand", "gzip", "-cd"] if mates[0].endswith(".gz") else []
    command += ["--outStd", "SAM", "--outSAMtype", "SAM"]
    command += ["--outSAMunmapped", "Within", "--outSAMorder", "PairedKeepInputOrder", "--outSAMattributes"]
    command += ["NH", "HI", "AS", "nM", "NM", "MD", "--outSAMattrRGline", f"ID:{unit}", f"SM:{sample}", f"LB:{sample}"]
    return [*command, "--runThreadN", str(threads), "--outFileNamePrefix", "star/"]


# The call of each aligner of the config.
CALLS: dict[str, Callable[..., list[str]]] = {"star": star_command, "hisat2": hisat2_command}


def run_sorted(command: list[str], target: Path, scratch: Path, threads: int, name: str) -> None:
    """Run an aligner into ``samtools sort``."""
    sort = ["samtools", "sort", "--no-PG", "-@", str(threads - 1), "-m", SORT_MEMORY, "-T", "sort", "-o", target.name]
    run_pipe([command, [*sort, "-"]], scratch, name)


def publish_bam(parts: Sequence[Path], target: Path, scratch: Path, threads: int) -> None:
    """Merge the sorted units, plain their header, and move BAM and index to their place."""
    merged = parts[0]
    if len(parts) > 1:
        merged = scratch / "merged.bam"
        names = [part.name for part in parts]
        merge = ["samtools", "merge", "--no-PG", "-p", "-@", str(threads - 1), merged.name, *names]
        run_tool(merge, scratch, "samtools merge")
    with whole_file(target.with_name(target.name + ".bai")) as index, whole_file(target) as bam:
        reheader = ["samtools", "reheader", "--no-PG", "--command", PLAIN_HEADER, merged.name]
        run_tool(reheader, scratch, "samtools reheader", out=bam.resolve())
        indexing = ["samtools", "index", "-@", str(threads - 1), str(bam.resolve()), str(index.resolve())]
        run_tool(indexing, scratch, "samtools index")
