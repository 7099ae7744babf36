"""From a salmon result to genes, with the facts by which the sample is judged."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from anpi.expression.quant_account import COPY_AGAIN, number_problems
from anpi.expression.transcript_ids import strip_transcript_version
from anpi.files.rows import Row
from anpi.files.text import read_text
from anpi.problems import InputError, Problem, refuse
from anpi.words.strangers import CLASSES, LEAST_VIRAL, OWN, VIRUSES

QUANT_COLUMNS = ["Name", "Length", "EffectiveLength", "TPM", "NumReads"]
CONTROL = re.compile(r"[^\t\r\n -~\u00a0-\U0010ffff]")
DETECTED_COUNT = 5
MOST_UNKNOWN_SHARE = 0.1
LEAST_STRANDED = 500
FROM_GENES = ("genes_detected", "top_gene_share", "fragments_on_genes")
MEASURED = "measured"
GIVEN = "given"  # salmon writes the length that it was told, or its default, for single reads
ORIENTATION = re.compile("[IOM]?(S[FR]|U)")
SALMON_AGAIN = "Copy the whole salmon folder again."
FACTORS = ("ASCL1", "NEUROD1", "POU2F3", "YAP1")
CURVES = ("gene_body_coverage", "fragment_length_histogram", "junction_curve")
FORWARD_SHARES = {"forward": (0.8, 1.0), "unstranded": (0.4, 0.6), "reverse": (0.0, 0.2)}


def read_quant(path: Path) -> pd.DataFrame:
    """Read a ``quant.sf`` (``.gz`` allowed) of salmon: transcript name, lengths, TPM, reads.

    Raises
    ------
    InputError
        Another table, a cell that is no number, a table that is not whole (its TPM do not sum to one million), numbers
        that contradict each other (see `anpi.expression.quant_account`).
    """
    name = str(path)
    quant = read_cells(path)
    for column in QUANT_COLUMNS[1:]:
        numbers = pd.to_numeric(quant[column], errors="coerce").astype(float)
        for row in np.flatnonzero(~np.isfinite(numbers))[:1]:
            cell = quant[column].iloc[row]
            found = "" if pd.isna(cell) else cell
            mend = "Copy it again."
            raise InputError(
                Problem(name, row=int(row) + 2, column=column, found=found, expected="a number", mend=mend)
            )
        quant[column] = numbers
    total = float(quant["TPM"].sum())
    if quant["NumReads"].sum() > 0 and abs(total - 1e6) > 1e4:
        raise InputError(Problem(name, "the TPM do not sum to one million", found=f"{total:.6g}", mend=COPY_AGAIN))
    quant["Name"] = quant["Name"].str.split("|").str[0]
    refuse(number_problems(quant, name))
    return quant


def read_cells(path: Path) -> pd.DataFrame:
    """Read the cells of a salmon table as texts."""
    name = str(path)
    try:
        text = read_text(path)
        if strange := CONTROL.search(text):
            row = text.count("\n", 0, strange.start()) + 1
            fault = "a character that stands in no table"
            raise InputError(Problem(name, fault, row=row, found=strange[0], mend=COPY_AGAIN))
        quant = pd.read_csv(
            io.StringIO(text),
            sep="\t",
            dtype=str,
            keep_default_na=False,
            quoting=csv.QUOTE_NONE,
            skip_blank_lines=False,
        )
    except InputError as error:
        problems = (replace(p, message=f"no readable salmon table: {p.message}") for p in error.problems)
        raise InputError(problems) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(Problem(name, f"no readable salmon table ({error})", mend="Copy it again.")) from None
    if list(quant.columns) != QUANT_COLUMNS:
        raise InputError(Problem(name, row=1, found=", ".join(quant.columns), expected=", ".join(QUANT_COLUMNS)))
    if not isinstance(quant.index, pd.RangeIndex):
        raise InputError(Problem(name, row=2, found="more cells than in the header", expected="5", mend=COPY_AGAIN))
    return quant


def summarise_genes(quant: pd.DataFrame, transcripts: pd.DataFrame, file: str) -> tuple[pd.DataFrame, float]:
    """Sum reads and TPM over the transcripts of each gene.

    Parameters
    ----------
    quant : pandas.DataFrame
        See `read_quant`.
    transcripts : pandas.DataFrame
        ``transcript_id`` and ``gene_id`` (see `anpi.quantification.reference.build_reference`).

    Returns
    -------
    genes : pandas.DataFrame
        ``gene_id`` (sorted; every gene of the reference), ``counts`` (reads or pairs, estimated), ``tpm``.
    unknown : float
        Share of reads on transcripts that the reference lacks.

    Raises
    ------
    InputError
        When more than a tenth of the reads lie on unknown transcripts: another annotation was quantified against.
    """
    gene_of = dict(zip(transcripts["transcript_id"], transcripts["gene_id"], strict=True))
    without_version = {strip_transcript_version(name): gene for name, gene in gene_of.items()}
    genes = quant["Name"].map(gene_of)
    genes = genes.where(genes.notna(), quant["Name"].map(strip_transcript_version).map(without_version))
    total = float(quant["NumReads"].sum())
    unknown = float(quant.loc[genes.isna(), "NumReads"].sum()) / total if total else 0.0
    if (total and unknown > MOST_UNKNOWN_SHARE) or (len(quant) and genes.isna().all()):
        missing = quant.loc[genes.isna(), "Name"].iloc[0]
        raise InputError(
            Problem(
                file,
                f"{unknown:.0%} of the reads lie on transcripts that the reference lacks, such as {missing}",
                mend="Give in reference.transcripts or reference.gtf the annotation that salmon was run with.",
            )
        )
    sums = quant.assign(gene_id=genes).groupby("gene_id")[["NumReads", "TPM"]].sum()
    every = pd.Index(sorted(set(transcripts["gene_id"])), name="gene_id")
    table = sums.reindex(every, fill_value=0.0).rename(columns={"NumReads": "counts", "TPM": "tpm"})
    table["counts"] = table["counts"].round(3)
    table["tpm"] = table["tpm"].round(6)
    return table.reset_index(), unknown


class Length(TypedDict, total=False):
    """Mean length of the fragments, and whether it was measured or given."""

    mean: float
    source: str


class Orientation(TypedDict):
    """Fragments that map as the transcript reads, and against it."""

    forward: int
    reverse: int


class Reads(TypedDict, total=False):
    """What ``reads.json`` tells of a sample; what is not known lacks or is None."""

    failure: str | None
    layout: str | None
    fragments: int | None
    fragments_passed: int | None
    fragments_mapped: int | None
    mapped_overcounted: bool
    molecules: int | None
    strangers: dict[str, int] | None
    library_type: str | None
    strandedness_declared: str | None
    orientation: Orientation | None
    fragment_length: Length | None


def quality_facts(
    genes: pd.DataFrame, reads: Reads, fastp: Mapping[str, Any] | None, formats: Mapping[str, int]
) -> Row:
    """State the QC metrics of a sample; None where its input cannot tell.

    Parameters
    ----------
    genes : pandas.DataFrame
        See `summarise_genes`.
    reads : dict
        ``reads.json`` of the quantify step, or an empty dict. With ``failure`` its genes tell nothing.
    fastp : dict or None
        fastp's report.
    formats : dict
        salmon's ``lib_format_counts.json``, or an empty dict.

    Returns
    -------
    dict
        Shares in percent.
    """
    counts = genes["counts"].to_numpy()
    total = float(counts.sum())
    passed = reads.get("fragments_passed")
    fragments = reads.get("fragments")
    length: Length = reads.get("fragment_length") or {}
    facts: Row = {
        "failure": reads.get("failure"),
        "layout": reads.get("layout"),
        "fragments": fragments,
        "fragments_passed": passed,
        "fragments_mapped": reads.get("fragments_mapped"),
        "passed_filter_rate": percent(passed, fragments),
        "mapping_rate": percent(reads.get("fragments_mapped"), passed),
        **stranger_facts(reads.get("strangers")),
        "molecules": reads.get("molecules"),
        "molecule_duplicate_rate": duplicate_rate(reads.get("molecules"), reads.get("fragments_mapped")),
        "genes_detected": int((counts >= DETECTED_COUNT).sum()),
        "top_gene_share": percent(float(counts.max(initial=0)), total),
        "fragments_on_genes": round(total),
        "library_type": reads.get("library_type"),
        "strandedness_declared": reads.get("strandedness_declared"),
        "strandedness": quantified_strandedness(reads, formats),
        "fragment_length": length.get("mean"),
        "fragment_length_measured": length.get("source", MEASURED) == MEASURED if length else None,
        "q30_rate": None,
        "gc_content": None,
    }
    if reads.get("failure"):
        facts |= dict.fromkeys(FROM_GENES)
    if fastp:
        before = fastp["summary"]["before_filtering"]
        facts["q30_rate"] = percent(before.get("q30_bases"), before.get("total_bases"))
        if "gc_content" in before:
            facts["gc_content"] = round(100 * before["gc_content"], 2)
    return facts


def stranger_facts(found: Mapping[str, int] | None) -> Row:
    """State which of the drawn fragments are of others than the tumour's genes; nothing without contigs to tell by.

    Parameters
    ----------
    found : mapping or None
        Fragments by class of contigs, and ``fragments``: all of them (see `anpi.reads.strangers.count_strangers`).

    Returns
    -------
    dict
        ``drawn_<class>`` and ``foreign_share`` in percent, ``viruses``: classes with 2 fragments or more.
    """
    if found is None:
        return {}
    total = found["fragments"]
    shares = {f"drawn_{kind}": percent(found[kind], total) for kind in CLASSES if kind in found}
    foreign = sum(found.get(kind, 0) for kind in CLASSES if kind not in OWN)
    viruses = [kind for kind in VIRUSES if found.get(kind, 0) >= LEAST_VIRAL]
    return {
        **shares,
        "foreign_share": percent(foreign, total) if total else None,
        "viruses": ", ".join(viruses) or None,
    }


def duplicate_rate(molecules: int | None, mapped: int | None) -> float | None:
    """Return the percentage of mapped fragments that are further copies of a molecule; None without identifiers."""
    return percent(mapped - molecules, mapped) if molecules is not None and mapped else None


def percent(part: float | None, whole: float | None) -> float | None:
    if part is None or whole is None:
        return None
    return round(100 * part / whole, 2) if whole else 0.0


def quantified_strandedness(reads: Reads, formats: Mapping[str, int]) -> str | None:
    """Tell the strandedness from ``reads.json``, else from salmon's ``lib_format_counts.json`` (see `strandedness_of`).

    The latter leaves out what is against a library type that salmon was given.
    """
    orientation = reads.get("orientation")
    return strand_call(**orientation) if orientation else strandedness_of(formats)


def strandedness_of(formats: Mapping[str, int]) -> str | None:
    """Tell the strandedness from the fragments that map in each orientation (salmon's ``lib_format_counts.json``).

    salmon's own guess comes from the first reads alone, and is ``unstranded`` for want of reads.

    Returns
    -------
    str or None
        ``forward`` (at least 80% on the gene's strand), ``reverse`` (at most 20%), ``unstranded`` (40 to 60%),
        ``unclear`` between; None for fewer than 500 fragments.
    """
    pairs = [sum(formats.get(kind + strand, 0) for kind in ("I", "O", "M")) for strand in ("SF", "SR")]
    forward, reverse = pairs if sum(pairs) else (formats.get("SF", 0), formats.get("SR", 0))
    return strand_call(forward, reverse)


def strand_call(forward: int, reverse: int) -> str | None:
    """Name the strandedness of a library by its fragments read as the transcript and against it; None below 500."""
    if forward + reverse < LEAST_STRANDED:
        return None
    share = forward / (forward + reverse)
    return next((name for name, (low, high) in FORWARD_SHARES.items() if low <= share <= high), "unclear")


def depth_facts(genes: pd.DataFrame, subtype_genes: Mapping[str, str], anchors: Sequence[str]) -> Row:
    """State how many fragments stand behind a subtype call; None for genes that the reference lacks.

    Parameters
    ----------
    genes : pandas.DataFrame
        See `summarise_genes`.
    subtype_genes : mapping
        Symbol by id of the genes whose level makes the subtypes.
    anchors : sequence of str
        Ids of the genes that the others are scaled by.

    Returns
    -------
    dict
        ``subtype_gene_counts`` (sum) and ``subtype_gene_median`` over the subtype genes, ``anchor_gene_median``, and
        the counts of ASCL1, NEUROD1, POU2F3 and YAP1 by their own names (``counts_ASCL1``).
    """
    counts = genes.set_index("gene_id")["counts"]
    chosen = counts[counts.index.isin(list(subtype_genes))]
    fixed = counts[counts.index.isin(list(anchors))]
    by_symbol = {subtype_genes[gene]: count for gene, count in chosen.items()}
    return {
        "subtype_gene_counts": round(float(chosen.sum()), 1) if len(chosen) else None,
        "subtype_gene_median": round(float(chosen.median()), 1) if len(chosen) else None,
        "anchor_gene_median": round(float(fixed.median()), 1) if len(fixed) else None,
        **{f"counts_{symbol}": by_symbol.get(symbol) for symbol in FACTORS},
    }


def alignment_facts(measured: Mapping[str, Any]) -> Row:
    """Return the facts of ``alignment.json`` without its curves."""
    return {name: value for name, value in measured.items() if not isinstance(value, list) and name not in CURVES}


def matrix_facts(tpm: pd.Series, counts: pd.Series | None) -> Row:
    """State the QC metrics that a column of a matrix can tell."""
    values = tpm.to_numpy() if counts is None else counts.to_numpy()
    detected = tpm >= 1 if counts is None else counts >= DETECTED_COUNT
    total = float(np.nansum(values))
    return {
        "genes_detected": int(detected.sum()),
        "top_gene_share": percent(float(np.nan_to_num(values).max(initial=0)), total),
        "fragments_on_genes": round(total) if counts is not None else None,
    }


def library_formats(folder: Path) -> dict[str, int]:
    """Return salmon's counts of fragments by orientation; empty when the folder has none."""
    file = folder / "lib_format_counts.json"
    found = salmon_json(file) if file.is_file() else {}
    refuse([fault for name in found if ORIENTATION.fullmatch(name) for fault in count_faults(file, found, name)])
    return {name: count for name, count in found.items() if isinstance(count, int)}


def salmon_json(file: Path) -> dict[str, Any]:
    """Read a JSON file of a user's salmon folder.

    Raises
    ------
    InputError
        A file that is cut, empty, no text, or holds something else.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise InputError(Problem(str(file), "no readable JSON", mend=SALMON_AGAIN)) from None
    if not isinstance(found, dict):
        expected = "names and values, as salmon writes them"
        raise InputError(Problem(str(file), found=json.dumps(found), expected=expected, mend=SALMON_AGAIN))
    return found


def count_faults(file: Path, found: Mapping[str, Any], name: str) -> list[Problem]:
    """Find out whether a value that may lack is a count."""
    value = found.get(name)
    sound = value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)
    return [] if sound else [salmon_fault(file, name, value, "a whole number, 0 or more")]


def salmon_fault(file: Path, name: str, value: object, expected: str) -> Problem:
    return Problem(str(file), column=name, found=json.dumps(value), expected=expected, mend=SALMON_AGAIN)


def meta_faults(file: Path, found: Mapping[str, Any]) -> list[Problem]:
    """Find what salmon does not write into its ``meta_info.json``."""
    problems = [fault for name in ("num_processed", "num_mapped") for fault in count_faults(file, found, name)]
    length, types = found.get("frag_length_mean"), found.get("library_types")
    if length is not None and not (isinstance(length, int | float) and np.isfinite(length) and length >= 0):
        problems.append(salmon_fault(file, "frag_length_mean", length, "a number of bases"))
    if types is not None and not (isinstance(types, list) and all(isinstance(kind, str) and kind for kind in types)):
        problems.append(salmon_fault(file, "library_types", types, "a list such as ISR"))
    if problems:
        return problems
    processed, mapped = found.get("num_processed"), found.get("num_mapped")
    if processed is not None and mapped is not None and mapped > processed:
        return [salmon_fault(file, "num_mapped", mapped, f"at most {processed}, num_processed")]
    return []


def overcounted(version: str) -> bool:
    """Return whether ``num_mapped`` of this salmon holds fragments that it then dropped for their strand.

    So it was from 2.0.0 to 2.1.0 (its issue 1025); before and after, ``NumReads`` sum to ``num_mapped``.
    """
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    return (2, 0, 0) <= numbers < (2, 1, 1)


def salmon_reads(folder: Path) -> Reads:
    """Return what a salmon folder tells of its reads, in the words of ``reads.json``; empty when it tells nothing.

    Of alignments (as of nf-core's ``star_salmon``) salmon sees those that align alone: how many reads there were, and
    so the share that maps, is not known.

    Raises
    ------
    InputError
        A ``meta_info.json`` that cannot be read, or that holds what salmon does not write.
    """
    file = folder / "aux_info" / "meta_info.json"
    if not file.is_file():
        return {}
    facts = salmon_json(file)
    refuse(meta_faults(file, facts))
    library = (facts.get("library_types") or [None])[0]
    paired = library is not None and library[0] in "IOM"
    length: Length = {"mean": round(facts["frag_length_mean"])} if facts.get("frag_length_mean") else {}
    if length and library and not paired:
        length["source"] = GIVEN
    return {
        "fragments_passed": None if facts.get("mapping_type") == "alignment" else facts.get("num_processed"),
        "fragments_mapped": facts.get("num_mapped"),
        "mapped_overcounted": overcounted(str(facts.get("salmon_version", ""))),
        "library_type": library,
        "layout": ("paired" if paired else "single") if library else None,
        "fragment_length": length or None,
    }
