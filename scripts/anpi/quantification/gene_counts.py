"""Gene counts from alignments, by featureCounts."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from anpi.expression.genes import strip_version
from anpi.files.intact import refuse_cut_table
from anpi.problems import InputError, Problem, refuse
from anpi.progress import say
from anpi.quantification.molecules import Molecules, molecules_of_alignments
from anpi.quantification.reference import read_gtf
from anpi.reads.alignments import QC_FAIL, SUPPLEMENTARY, repeated_alignments
from anpi.reads.fastq import FaultyReads
from anpi.tools import require_tools, run_tool, stay_offline, whole_output

STRAND_CODES = {"unstranded": "0", "forward": "1", "reverse": "2"}
NOT_COUNTED = str(SUPPLEMENTARY | QC_FAIL)
PAIRED, SECONDARY = "0x1", "0x100"
SECOND_OR_FURTHER = "0x980"
OF_FAILED = "Unassigned_QCFailed"


def count_genes(
    sample: str,
    alignments: Sequence[Path],
    gtf: Path,
    genome: Path | None,
    strandedness: str | None,
    scratch: Path,
    threads: int,
    once: bool = False,
) -> tuple[pd.DataFrame, str, Molecules | None]:
    """Count the fragments of a sample on the exons of each gene.

    A fragment counts once, on the one gene whose exons it overlaps; fragments that align to several places or overlap
    several genes do not count (featureCounts; Liao 2014, 10.1093/bioinformatics/btt656). Neither do further parts of
    a split alignment (supplementary records), nor what failed the quality control of the sequencer.

    Parameters
    ----------
    alignments : sequence of Path
        BAM or CRAM files, which are summed.
    genome : Path or None
        The genome's FASTA, which a CRAM file is read with.
    strandedness : str or None
        ``forward``, ``reverse`` or ``unstranded``; None counts both strands.
    once : bool
        Whether the names hold molecular identifiers, by which each molecule counts once.

    Returns
    -------
    counts : pandas.DataFrame
        ``gene_id`` (without version, sorted; every gene of the GTF), ``counts``, ``length`` (bases in exons).
    summary : str
        featureCounts' own account of what was assigned and what not, with the sample in place of file names; and the
        fragments that failed the quality control of the sequencer, which it is not given.
    molecules : Molecules or None
        How many there are, when ``once``.

    Raises
    ------
    InputError
        featureCounts or samtools lacks or fails; no chromosome of an alignment is one of the GTF; secondary
        alignments without the tag NH, by which featureCounts tells reads that align to several places; one alignment
        that is given twice.
    """
    require_tools("featureCounts", "samtools")
    stay_offline()
    refuse_foreign_contigs(alignments, gtf)
    names = [f"aligned{number}.bam" for number in range(len(alignments))]
    failed = sum(give_bam(source, scratch / name, genome) for source, name in zip(alignments, names, strict=True))
    given = [(str(source), scratch / name) for source, name in zip(alignments, names, strict=True)]
    if problems := repeated_alignments(given):
        raise FaultyReads(problems)
    molecules = None
    if once:
        copies, names = [scratch / name for name in names], [f"molecules_{name}" for name in names]
        molecules = molecules_of_alignments(sample, copies, [scratch / name for name in names], scratch)
    pairs = one_layout(sample, alignments, [scratch / name for name in names])
    if pairs:  # featureCounts ends with an error on a file without any
        names = [name for name in names if is_paired(scratch / name)]
    command = ["featureCounts", "-a", str(gtf.resolve()), "-o", "counts.txt", "-T", str(threads)]
    command += ["-s", STRAND_CODES.get(strandedness or "", "0"), "--tmpDir", "."]
    if pairs:
        command += ["-p", "--countReadPairs"]
    run_tool([*command, *names], scratch, f"featureCounts, sample {sample}")
    table, summary = read_counts(scratch / "counts.txt", names, sample)
    rows = pd.DataFrame({"gene_id": table["Geneid"].map(strip_version), "counts": table[names].sum(axis=1)})
    counts = rows.assign(length=table["Length"]).groupby("gene_id").sum().reset_index()
    account = summary.to_dict() | ({OF_FAILED: failed} if failed else {})
    lines = "".join(f"{status}\t{count}\n" for status, count in account.items())
    return counts, f"Status\t{sample}\n{lines}", molecules


def read_counts(path: Path, names: Sequence[str], sample: str) -> tuple[pd.DataFrame, pd.Series[int]]:
    """Read what featureCounts wrote, its genes and its account, and hold the one against the other."""
    try:
        for file in (path, Path(f"{path}.summary")):
            refuse_cut_table(file)
        table = pd.read_csv(path, sep="\t", comment="#", dtype={"Geneid": str}, quoting=csv.QUOTE_NONE)
        summary = pd.read_csv(f"{path}.summary", sep="\t", index_col="Status").astype(int)
        closes = all(table[name].sum() == summary.loc["Assigned", name] for name in names)
    except (ValueError, KeyError, FileNotFoundError, InputError):
        closes = False
    if not closes:
        mend = "Is the disk of the scratch folder full? Make room, and run again."
        raise InputError(Problem(f"featureCounts, sample {sample}", "what it wrote is cut short", mend=mend))
    return table, summary.sum(axis=1)


def no_counts(gtf: Path) -> pd.DataFrame:
    """Return the genes of a GTF without counts, for a sample whose alignment cannot be read: not known, not zero."""
    genes = sorted(set(read_gtf(gtf)[0]["gene_id"].map(strip_version)))
    return pd.DataFrame({"gene_id": genes, "counts": np.nan, "length": np.nan})


def give_bam(source: Path, target: Path, genome: Path | None) -> int:
    """Lay an alignment under a plain name in scratch, as BAM, which alone featureCounts reads, without `NOT_COUNTED`.

    Returns
    -------
    int
        Fragments that are left out since they failed the quality control of the sequencer.
    """
    with pysam.AlignmentFile(str(source), check_sq=False) as records:
        is_cram = records.is_cram
    reference = ["--input-fmt-option", f"reference={genome.resolve()}"] if is_cram and genome else []
    flags = flag_counts(source, target, reference)
    if flags["secondary"]:
        refuse_untagged(source, target, reference)
    if flags["supplementary"] or flags["failed"]:
        say(f"{source}: {flags['supplementary']} supplementary and {flags['failed']} QC-failed records do not count")
    elif not is_cram:
        target.symlink_to(source.resolve())
        return 0
    command = ["samtools", "view", "--no-PG", "-b", "-F", NOT_COUNTED, *reference, "-o", target.name]
    run_tool([*command, str(source.resolve())], target.parent, f"samtools, {source}")
    refuse_cut_bam(target, source)
    fragments = ["-f", str(QC_FAIL), "-F", SECOND_OR_FURTHER]
    return count_records(source, target, [*fragments, *reference]) if flags["failed"] else 0


def flag_counts(source: Path, target: Path, reference: Sequence[str]) -> dict[str, int]:
    """Count secondary and supplementary records, and all that failed the quality control."""
    told = target.with_suffix(".flags.json")
    command = ["samtools", "flagstat", "-O", "json", *reference, str(source.resolve())]
    with whole_output(target.parent, f"samtools, {source}"):
        run_tool(command, target.parent, f"samtools, {source}", out=told)
        flags = json.loads(told.read_text())
    kinds = {kind: sum(flags[part][kind] for part in flags) for kind in ("secondary", "supplementary")}
    return kinds | {"failed": flags["QC-failed reads"]["total"]}


def count_records(source: Path, target: Path, options: Sequence[str]) -> int:
    """Count the records of some flags, as ``samtools view`` takes them."""
    told = target.with_suffix(".count.txt")
    with whole_output(target.parent, f"samtools, {source}"):
        run_tool(
            ["samtools", "view", "-c", *options, str(source.resolve())], target.parent, f"samtools, {source}", out=told
        )
        return int(told.read_text())


def refuse_untagged(source: Path, target: Path, reference: Sequence[str]) -> None:
    """Refuse secondary alignments without NH: their reads would count once at each place."""
    untagged = count_records(source, target, ["-f", SECONDARY, "-F", NOT_COUNTED, "-e", "![NH]", *reference])
    if untagged:
        found = f"{untagged} secondary alignments without the tag NH"
        expected = "NH, the number of places of a read: without it a read counts once at each place"
        mend = "Align with a program that writes NH, such as STAR or HISAT2, or give the reads as FASTQ."
        raise FaultyReads(Problem(str(source), found=found, expected=expected, mend=mend))


def refuse_cut_bam(target: Path, source: Path) -> None:
    """Refuse what samtools made when it has no end, as on a full disk."""
    try:
        pysam.AlignmentFile(str(target), check_sq=False).close()
    except (OSError, ValueError):
        mend = "Is the disk of the scratch folder full? Make room, and run again."
        raise InputError(Problem(f"samtools, {source}", "the BAM that it made is cut short", mend=mend)) from None


def one_layout(sample: str, sources: Sequence[Path], files: Sequence[Path]) -> bool:
    """Distinguish files with pairs from those of single reads; a sample is all of one.

    Parameters
    ----------
    sources, files : sequence of Path
        As the user named them, and as they are counted.
    """
    first = [(source.name, is_paired(file)) for source, file in zip(sources, files, strict=True)]
    kinds = {paired for _, paired in first} - {None}
    if len(kinds) > 1:
        words = {True: "pairs", False: "single reads", None: "no records"}
        found = ", ".join(f"{name} {words[paired]}" for name, paired in first)
        mend = "Give each kind a sample of its own."
        raise FaultyReads(Problem(sample, "units of pairs and of single reads", found=found, mend=mend))
    return True in kinds


def is_paired(alignment: Path) -> bool | None:
    """Return whether an alignment has records of pairs, be single reads among them; None without records."""
    with pysam.AlignmentFile(str(alignment), check_sq=False) as records:
        first = next((record.is_paired for record in records.fetch(until_eof=True)), None)
    # Of a trimmed library single reads may stand first, and featureCounts ends with an error on the pairs behind them.
    return first if first in (True, None) else count_records(alignment, alignment, ["-f", PAIRED]) > 0


def refuse_foreign_contigs(alignments: Sequence[Path], gtf: Path) -> None:
    """Refuse alignments to sequences none of which the annotation names."""
    named = contigs_of(gtf)
    problems = []
    for alignment in alignments:
        with pysam.AlignmentFile(str(alignment), check_sq=False) as records:
            aligned = set(records.references)
        if not aligned & named:
            found, expected = ", ".join(sorted(aligned)[:3]), "sequences of the annotation, such as " + min(named)
            mend = "Take genome and annotation from the same publisher."
            problems.append(Problem(str(alignment), found=found, expected=expected, mend=mend))
    refuse(problems)


def contigs_of(gtf: Path) -> set[str]:
    """List the sequences that a GTF names."""
    columns = pd.read_csv(gtf, sep="\t", comment="#", usecols=[0], header=None, dtype=str, quoting=csv.QUOTE_NONE)
    return set(columns[0])


def assigned_share(summary: str) -> float | None:
    """Return the percentage of fragments that featureCounts assigned to a gene; None without fragments."""
    counts = dict(line.split("\t") for line in summary.splitlines()[1:])
    total = sum(map(int, counts.values()))
    return round(100 * int(counts["Assigned"]) / total, 2) if total else None
