"""The reference that reads are quantified against: transcripts, genes, and where they come from."""

from __future__ import annotations

import gzip
import hashlib
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, pairwise
from pathlib import Path

import pandas as pd
import pysam

from anpi.expression.annotation import ATTRIBUTE, parse_header
from anpi.expression.genes import ENSEMBL_GENE, strip_version
from anpi.expression.reference_look import BYTE_ORDER_MARK, marked_file
from anpi.expression.transcript_ids import strip_transcript_version
from anpi.files.plain import refuse_odd_file
from anpi.files.writing import whole_file, write_text
from anpi.problems import InputError, Problem
from anpi.progress import say
from anpi.quantification.landmarks import list_landmarks, write_landmarks

COMPLEMENT = str.maketrans("ACGTRYKMBDHVNacgtrykmbdhvn", "TGCAYRMKVHDBNtgcayrmkvhdbn")
LINE = 80
NUCLEOTIDES = b"ACGTNRYKMSWBDHVacgtnrykmswbdhv"
LOOKED_AT = 1 << 20
TRANSCRIPT_COLUMNS = ["transcript_id", "gene_id", "symbol", "biotype", "length"]
CANONICAL = {"MANE_Select": "2", "Ensembl_canonical": "1"}
WITHOUT_GENE = "no_gene"
MOST_WITHOUT_GENE = 0.1
MOST_MOVED = 0.1


def open_text(path: Path) -> Iterator[str]:
    """Iterate over the lines of a text file, gzipped or not; a damaged one is an InputError."""
    refuse_odd_file(path)
    with open(path, "rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    opener = gzip.open if zipped else open
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            first = next(lines, "")
            if first.startswith(BYTE_ORDER_MARK):
                raise InputError(marked_file(str(path)))
            yield from chain([first] if first else [], lines)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(Problem(str(path), "the gzip file is damaged or cut short", mend="Copy it again.")) from None
    except UnicodeDecodeError:
        raise InputError(Problem(str(path), "not a text file")) from None


def read_fasta(path: Path) -> Iterator[tuple[str, str]]:
    """Iterate over (header without ``>``, sequence) of a FASTA file; blanks at the ends of lines are no letters.

    Raises
    ------
    InputError
        No FASTA file, a header without a name or with one that tools cannot write, a sequence without bases, letters
        that are no nucleotides.
    """
    header: str | None = None
    begin = 0
    parts: list[str] = []
    for number, line in enumerate(open_text(path), start=1):
        line = line.rstrip()
        if line.startswith(">"):
            if header is not None:
                yield header, joined(path, begin, parts)
            refuse_odd_name(path, number, line)
            header, begin, parts = line[1:], number, []
        elif header is None:
            found = line[:40]
            raise InputError(Problem(str(path), "no FASTA file", row=number, found=found, expected="a line with >"))
        else:
            parts.append(line)
    if header is not None:
        yield header, joined(path, begin, parts)


def refuse_odd_name(path: Path, number: int, line: str) -> None:
    """Refuse a header whose name lacks, or has letters that tools do not know."""
    words = line[1:].split()
    if not words or words[0].startswith("|"):
        expected = "a name behind the >"
        raise InputError(Problem(str(path), "a sequence", row=number, found=line[:40], expected=expected))
    if not words[0].isascii():
        expected = "a name of ASCII letters and signs"
        raise InputError(Problem(str(path), "a sequence", row=number, found=line[:40], expected=expected))


def joined(path: Path, begin: int, parts: list[str]) -> str:
    """Join the lines of a sequence whose header stands in row ``begin``, and look at its letters."""
    sequence = "".join(parts)
    if not sequence:
        mend = "Is the file cut short, or put together of others? Give its bases, or leave its header out."
        raise InputError(Problem(str(path), "a sequence", row=begin, found="no bases", expected="bases", mend=mend))
    if strange_letter(sequence):
        row, letter = next((row, found) for row, part in enumerate(parts, begin + 1) if (found := strange_letter(part)))
        raise InputError(letter_fault(path, "a sequence", letter, row))
    return sequence


def strange_letter(sequence: str) -> str:
    """Return the first letter that is no nucleotide of IUPAC; none, the empty text."""
    pieces = (sequence[begin : begin + LOOKED_AT] for begin in range(0, len(sequence), LOOKED_AT))
    strange = next((left for piece in pieces if (left := piece.encode().translate(None, NUCLEOTIDES))), b"")
    return strange.decode(errors="replace")[:1]


def letter_fault(path: Path, what: str, letter: str, row: int | None = None) -> Problem:
    """Return that a letter is no nucleotide, and which file was meant."""
    mend = (
        "Write T for U."
        if letter in "Uu"
        else "Is it a FASTA of proteins, or an alignment with gaps? Give nucleotides."
    )
    expected = "nucleotides: A, C, G, T, N and the other letters of IUPAC"
    return Problem(str(path), what, row=row, found=letter, expected=expected, mend=mend)


Exon = tuple[str, int, int, str]


def read_gtf(path: Path) -> tuple[pd.DataFrame, dict[str, list[Exon]]]:
    """Read the transcripts and their exons from a GTF.

    Returns
    -------
    transcripts : pandas.DataFrame
        ``transcript_id``, ``gene_id``, ``symbol``, ``biotype``, ``canonical`` (2 for MANE Select, 1 for Ensembl's
        canonical transcript, 0 for others), one row a transcript that has exons.
    exons : dict
        For each transcript its exons as (chromosome, start counted from 0, end, strand), by start.

    Raises
    ------
    InputError
        No GTF; an exon without ids or with places that are none; a transcript of two genes; exons of one transcript
        that overlap, as in a file that holds its lines twice.
    """
    rows: dict[str, dict[str, str]] = {}
    exons: dict[str, list[Exon]] = {}
    places: dict[str, list[int]] = {}
    for number, line in enumerate(open_text(path), start=1):
        if line.startswith("#") or not line.strip():
            continue
        fields = line.rstrip("\n").split("\t")
        if len(fields) != 9:
            raise InputError(
                Problem(str(path), "no GTF file", row=number, found=f"{len(fields)} columns", expected="9, with tabs")
            )
        if fields[2] != "exon":
            continue
        attributes = dict(ATTRIBUTE.findall(fields[8]))
        refuse_nameless_exon(path, number, attributes)
        name = versioned(attributes, "transcript")
        gene = versioned(attributes, "gene")
        if name in rows and rows[name]["gene_id"] != gene:
            expected = f"{rows[name]['gene_id']}, as of its exons before"
            mend = "Give each transcript an id of its own, or leave those exons out."
            message = f"transcript {name} of another gene"
            raise InputError(Problem(str(path), message, row=number, found=gene, expected=expected, mend=mend))
        rows[name] = {
            "transcript_id": name,
            "gene_id": gene,
            "symbol": attributes.get("gene_name", strip_version(gene)),
            "biotype": attributes.get("gene_type") or attributes.get("gene_biotype", "unknown"),
            "canonical": next((rank for tag, rank in CANONICAL.items() if f'"{tag}"' in fields[8]), "0"),
        }
        if not (fields[3].isdecimal() and fields[4].isdecimal() and 0 < int(fields[3]) <= int(fields[4])):
            found = f"{fields[3]} to {fields[4]}"
            raise InputError(
                Problem(str(path), "an exon", row=number, found=found, expected="a start and an end from 1 on")
            )
        exons.setdefault(name, []).append((fields[0], int(fields[3]) - 1, int(fields[4]), fields[6]))
        places.setdefault(name, []).append(number)
    for name, parts in exons.items():
        refuse_overlap(path, name, parts, places[name])
        parts.sort(key=lambda exon: exon[1])
    return pd.DataFrame(rows.values(), columns=[*TRANSCRIPT_COLUMNS[:-1], "canonical"]), exons


def refuse_nameless_exon(path: Path, number: int, attributes: dict[str, str]) -> None:
    """Refuse an exon of no gene or no transcript."""
    if "transcript_id" not in attributes or "gene_id" not in attributes:
        raise InputError(Problem(str(path), "an exon without gene_id and transcript_id", row=number))
    for key in ("gene_id", "transcript_id"):
        if not attributes[key].strip():
            mend = "All exons without it would be one; leave them out, or give each transcript an id."
            raise InputError(
                Problem(str(path), "an exon", row=number, found=f"an empty {key}", expected=key, mend=mend)
            )


def refuse_overlap(path: Path, name: str, parts: list[Exon], rows: list[int]) -> None:
    """Refuse a transcript whose exons overlap: their bases would count twice."""
    by_place = sorted(range(len(parts)), key=lambda number: parts[number])
    for one, other in pairwise(by_place):
        (chromosome, start, end, _), (second, begin, stop, _) = parts[one], parts[other]
        if chromosome == second and begin < end:
            first, row = sorted((rows[one], rows[other]))
            found = f"exons {start + 1} to {end} and {begin + 1} to {stop}, which overlap (rows {first} and {row})"
            mend = "Does the file hold its lines twice, or two transcripts of one id? Give each exon once."
            raise InputError(Problem(str(path), f"transcript {name}", row=row, found=found, mend=mend))


def refuse_scattered(gtf: Path, name: str, parts: list[Exon]) -> None:
    """Refuse a transcript whose exons lie on several chromosomes or strands."""
    places = sorted({(exon[0], exon[3]) for exon in parts})
    if len(places) > 1:
        found = "exons on " + " and ".join(f"{place} ({strand})" for place, strand in places)
        mend = "Give each copy a transcript_id of its own, as GENCODE, Ensembl and RefSeq do."
        raise InputError(Problem(str(gtf), f"transcript {name}", found=found, expected="one strand", mend=mend))


def versioned(attributes: dict[str, str], kind: str) -> str:
    """Return an id with its version: GENCODE writes it in the id, Ensembl beside it."""
    name, version = attributes[f"{kind}_id"], attributes.get(f"{kind}_version")
    return name if version is None or "." in name else f"{name}.{version}"


def extract_transcripts(gtf: Path, genome: Path) -> Iterator[tuple[str, str]]:
    """Cut the spliced transcripts of a GTF out of a genome FASTA, plain or bgzip.

    An index beside the file is not used: of a file that had the name before, it would give other bases, and no error.
    """
    _, exons = read_gtf(gtf)
    with indexed_anew(genome) as sequences:
        length = dict(zip(sequences.references, sequences.lengths, strict=True))
        for name, parts in exons.items():
            chromosome = parts[0][0]
            refuse_scattered(gtf, name, parts)
            if chromosome not in length:
                expected = f"a chromosome of {genome}, such as {sequences.references[0]}"
                raise InputError(Problem(str(gtf), f"transcript {name}", found=chromosome, expected=expected))
            if parts[-1][2] > length[chromosome]:
                found = f"an exon that ends at {parts[-1][2]}"
                expected = f"at most {length[chromosome]}, the length of {chromosome} in {genome}"
                mend = "Take both files from the same assembly."
                raise InputError(Problem(str(gtf), f"transcript {name}", found=found, expected=expected, mend=mend))
            spliced = "".join(sequences.fetch(chromosome, start, end) for chromosome, start, end, _ in parts)
            if letter := strange_letter(spliced):
                raise InputError(letter_fault(genome, f"the bases of transcript {name}", letter))
            yield name, spliced[::-1].translate(COMPLEMENT) if parts[0][3] == "-" else spliced


@contextmanager
def indexed_anew(genome: Path) -> Iterator[pysam.FastaFile]:
    """Open a FASTA file for search, with an index of its own in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / genome.name
        link.symlink_to(genome.resolve())
        try:
            opened = pysam.FastaFile(str(link))
        except OSError:
            mend = "Unpack it, or compress it with bgzip (a plain .gz cannot be searched)."
            raise InputError(Problem(str(genome), "no FASTA file that can be searched", mend=mend)) from None
        with opened as sequences:
            yield sequences


def build_reference(transcripts: Path | None, gtf: Path | None, genome: Path | None, fasta_out: Path) -> pd.DataFrame:
    """Write the transcripts with plain names and tell which gene each belongs to.

    Parameters
    ----------
    transcripts, gtf, genome : Path or None
        A transcript FASTA; or a GTF with a genome; or a FASTA whose headers name no gene, with the GTF that does; or
        a GTF alone, for what is counted or quantified already.
    fasta_out : Path
        Written: sequences with the transcript id alone as header; none of a GTF alone.

    Returns
    -------
    pandas.DataFrame
        ``transcript_id`` (with version), ``gene_id`` (without), ``symbol``, ``biotype``, ``length``.

    Raises
    ------
    InputError
        More than a tenth of the transcripts whose gene neither file tells (fewer, such as spike-ins, stand for
        themselves), or of which headers and GTF tell two; a transcript that stands twice, nothing to build from.
    """
    if transcripts is None and genome is None and gtf is not None:
        write_text(fasta_out, "")
        return annotated_transcripts(gtf)
    if transcripts is None and (gtf is None or genome is None):
        mend = "Give reference.transcripts, or reference.gtf with reference.genome."
        raise InputError(Problem("config", "nothing to quantify against", column="reference", mend=mend))
    known = read_gtf(gtf)[0].set_index("transcript_id").to_dict("index") if gtf is not None else {}
    known |= {strip_transcript_version(name): row for name, row in known.items()}
    source: Iterable[tuple[str, str]]
    if transcripts is not None:
        source = read_fasta(transcripts)
    else:
        assert gtf is not None
        assert genome is not None
        source = extract_transcripts(gtf, genome)
    rows, orphans = {}, []
    told_twice: list[tuple[str, str, str]] = []
    with whole_file(fasta_out) as part, open(part, "w", encoding="ascii") as out:
        for header, sequence in source:
            row = parse_header(header)
            name = row["transcript_id"]
            annotated = known.get(name) or known.get(strip_transcript_version(name)) or {}
            if transcripts is not None and annotated and "gene_id" in row:
                told_twice.append((name, strip_version(row["gene_id"]), strip_version(annotated["gene_id"])))
            row |= annotated
            row["transcript_id"] = name
            if "gene_id" not in row:
                # such as a spike-in, which has no gene
                orphans.append(name)
                row |= {"gene_id": name, "symbol": name, "biotype": WITHOUT_GENE}
            if name in rows:
                raise InputError(Problem(str(transcripts), f"transcript {name} stands twice"))
            rows[name] = {**row, "length": len(sequence)}
            out.write(f">{name}\n")
            out.writelines(f"{sequence[i : i + LINE]}\n" for i in range(0, len(sequence), LINE))
        if len(orphans) > MOST_WITHOUT_GENE * len(rows):
            found = ", ".join(orphans[:3])
            mend = "Use a FASTA of GENCODE or Ensembl, or give the GTF of the same release as reference.gtf."
            raise InputError(
                Problem(
                    str(transcripts),
                    f"{len(orphans)} of {len(rows)} transcripts of no known gene",
                    found=found,
                    mend=mend,
                )
            )
        if not rows:
            raise InputError(Problem(str(transcripts or gtf), "no transcript found"))
        refuse_other_genes(gtf, told_twice)
    table = pd.DataFrame(rows.values()).reindex(columns=TRANSCRIPT_COLUMNS)
    table["gene_id"] = table["gene_id"].map(strip_version)
    table["symbol"] = table["symbol"].fillna(table["gene_id"])
    table["biotype"] = table["biotype"].fillna("unknown")
    return table


def refuse_other_genes(gtf: Path | None, told_twice: Sequence[tuple[str, str, str]]) -> None:
    """Refuse a GTF by which many transcripts are of another gene than their headers say; it goes before them.

    Parameters
    ----------
    told_twice : sequence of (transcript, gene, gene)
        Transcripts whose gene header and GTF tell. Between releases some move from one gene to another; ids of two
        registers are not compared.
    """
    moved = [told for told in told_twice if told[1] != told[2] and all(map(ENSEMBL_GENE.fullmatch, told[1:]))]
    if len(moved) > MOST_MOVED * len(told_twice):
        name, header, annotated = moved[0]
        fault = f"{len(moved)} of {len(told_twice)} transcripts of another gene than their FASTA headers say"
        mend = "Take both files of one release, or leave reference.gtf out."
        raise InputError(
            Problem(
                str(gtf), fault, found=f"{name} of {annotated}", expected=f"{header}, as its header says", mend=mend
            )
        )
    if moved:
        say(f"{gtf}: {len(moved)} of {len(told_twice)} transcripts of another gene than their headers say; it decides")


def build_landmarks(fasta: Path, landmarks_out: Path) -> None:
    """Write the landmarks of the transcripts of a FASTA file (see `anpi.quantification.landmarks`)."""
    write_landmarks(landmarks_out, list_landmarks(sequence.encode() for _, sequence in read_fasta(fasta)))


def annotated_transcripts(gtf: Path) -> pd.DataFrame:
    """Return the transcripts of a GTF with the lengths of their exons (columns of `build_reference`)."""
    table, exons = read_gtf(gtf)
    if table.empty:
        raise InputError(Problem(str(gtf), "no transcript found"))
    for name, parts in exons.items():
        refuse_scattered(gtf, name, parts)
    table["length"] = [sum(exon[2] - exon[1] for exon in exons[name]) for name in table["transcript_id"]]
    return table[TRANSCRIPT_COLUMNS].assign(gene_id=table["gene_id"].map(strip_version))


def same_sequences(fasta: Path) -> dict[str, str]:
    """Find transcripts of one sequence: for each but the first, the first one.

    salmon keeps the first alone, unless its index is made with ``--keepDuplicates``.
    """
    first_of: dict[bytes, str] = {}
    same = {}
    for name, sequence in read_fasta(fasta):
        first = first_of.setdefault(hashlib.blake2b(sequence.upper().encode(), digest_size=16).digest(), name)
        if first != name:
            same[name] = first
    return same


def gene_table(transcripts: pd.DataFrame) -> pd.DataFrame:
    """Reduce transcripts to genes, by id: ``gene_id``, ``symbol``, ``biotype``, ``length`` (median of transcripts).

    GENCODE's FASTA headers tell the biotype of the transcript: a gene is protein_coding when one of its transcripts
    is, else what most of them are.
    """
    grouped = transcripts.groupby("gene_id", sort=True)
    genes = grouped[["symbol"]].first()
    kinds = transcripts.groupby(["gene_id", "biotype"]).size().rename("transcripts").reset_index()
    kinds["coding"] = kinds["biotype"].eq("protein_coding")
    kinds = kinds.sort_values(["coding", "transcripts", "biotype"], ascending=[False, False, True])
    genes["biotype"] = kinds.drop_duplicates("gene_id").set_index("gene_id")["biotype"]
    genes["length"] = grouped["length"].median()
    return genes.reset_index()


def write_decoys(genome: Path, fasta: Path, names: Path) -> None:
    """Append a genome to the transcripts, as decoys, and list the names of its sequences."""
    with (
        whole_file(names) as part,
        open(part, "w", encoding="ascii") as listed,
        open(fasta, "a", encoding="ascii") as out,
    ):
        for header, sequence in read_fasta(genome):
            name = header.split()[0]
            listed.write(name + "\n")
            out.write(f">{name}\n")
            out.writelines(f"{sequence[i : i + LINE]}\n" for i in range(0, len(sequence), LINE))
