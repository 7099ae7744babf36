"""FASTQ files by their names: whose they are, which mate, which lane. What a name leaves open is asked."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from anpi.delivery.decisions import Decisions
from anpi.problems import InputError, Problem
from anpi.words.lists import listed

# Signs of lanes are capitals: tumour_s1 and tumour_s2 are two samples.
FASTQ = re.compile(
    r"(?P<sample>.+?)(?P<lane>(?:_S\d+)?(?:_L\d{3})?)(?:(?P<mate>(?i:[._]R?[12]))|(?P<index>_I[12]))?(?:_\d{3})?"
    r"(?P<done>(?i:[._-](?:trimmed|trim|val_[12]|clean|cleaned|filtered|paired|fastp|cutadapt))*)"
    r"(?i:\.(?:fastq|fq)(?:\.gz)?)"
)
LIKE_FASTQ = re.compile(r".+\.(?:fastq|fq)(?:[._~-].*)?", re.IGNORECASE)
BESIDE_FASTQ = re.compile(r".+\.(?:md5|md5sum|sha1|sha256|txt|html|json|log)", re.IGNORECASE)
ENDING = re.compile(r"\.(?:fastq|fq)(?:\.gz)?$", re.IGNORECASE)
VAL = re.compile(r"val_([12])", re.IGNORECASE)  # Trim Galore's mates
ODD_MATE = re.compile(r"[._-]R?([12])(?=[._-]|P?$)", re.IGNORECASE)
THIRD = re.compile(r"(?P<stem>.+)[._]R?3(?:_\d{3})?", re.IGNORECASE)
SHORT_LANE = re.compile(r"(?P<sample>.+)_(?P<lane>L\d{1,2})")
OF_A_PROVIDER = re.compile(r".+_[A-Z]{3,}\d{6,}[A-Z0-9-]*_[A-Z0-9]{9,10}_L\d")  # library and flow cell before the lane
LANE = re.compile(r"L\d{3}\b")
LONE, SINGLE = "reads: first mates alone", "single_end"
MATES, LANES = "reads: 1 and 2 in names", "reads: L1 and L2 in names"


@dataclass(frozen=True)
class Named:
    """What the name of a FASTQ file tells."""

    file: Path
    sample: str
    lane: str
    mate: str | None
    done: bool  # trimmed or filtered before

    @property
    def place(self) -> tuple[Path, str, str]:
        """Return what mates have in common."""
        return self.file.parent, self.sample, self.lane


def sample_id(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")


def refuse_one_id(names: Mapping[Path, str]) -> None:
    """Refuse files of which no id can be made, and two names that would be one sample: its reads would be pooled."""
    first: dict[str, tuple[str, Path]] = {}
    for file, name in names.items():
        mend = "Name it with letters of ASCII and digits, another name for each sample."
        known, other = first.setdefault(sample_id(name), (name, file))
        if not sample_id(name):
            raise InputError(Problem(str(file), "no id of a sample can be made of its name", mend=mend))
        if known != name:
            fault = f"it becomes sample {sample_id(name)}, as {other.name} does"
            raise InputError(Problem(str(file), fault, mend=mend))


def absolute(file: Path | str) -> str:
    return os.path.abspath(file)


def fastq_notes(files: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Return the files that look like reads and are not taken, each with the reason."""
    for file in files:
        match = FASTQ.fullmatch(file.name)
        if match is not None and match["index"]:
            yield file, "left out: reads of the index, which hold no sequence of the sample"
        elif match is None and LIKE_FASTQ.fullmatch(file.name) and not BESIDE_FASTQ.fullmatch(file.name):
            yield file, "left out: no FASTQ by its name, which ends with .fastq, .fq, .fastq.gz or .fq.gz"
    for file in set(files) - set(once(files)):
        yield file, "left out: a link to a file of the same name that is taken already"


def lacking_lanes(rows: Sequence[Mapping[str, str]]) -> Iterator[tuple[Path, str]]:
    """Return the samples that lack lanes which most others have, as after a copy that broke off."""
    lanes: dict[str, set[str]] = {}
    for row in rows:
        if lane := LANE.search(row["unit_id"]):
            lanes.setdefault(row["sample_id"], set()).add(lane[0])
    counts = Counter(frozenset(found) for found in lanes.values())
    usual, samples = counts.most_common(1)[0] if counts else (frozenset(), 0)
    for sample, found in lanes.items():
        if 2 * samples > len(lanes) and samples > 1 and found < usual:
            why = f"lanes {listed(sorted(found))} alone, where most samples have {listed(sorted(usual))} too"
            yield Path(sample), f"{why}: are the others still to be copied?"


def once(files: Sequence[Path]) -> list[Path]:
    """Return files without links to others of them that have the same name: reads would count twice."""
    found: dict[tuple[str, str], Path] = {}
    for file in sorted(files, key=lambda file: (file.is_symlink(), str(file))):
        key = (file.name, os.path.realpath(file) if FASTQ.fullmatch(file.name) else str(file))
        found.setdefault(key, file)
    return sorted(found.values())


def fastq_units(files: Sequence[Path], decisions: Decisions) -> Iterator[dict[str, str]]:
    """Pair the mates of FASTQ files; lanes are units of one sample."""
    names = [name for file in once(files) if (name := named(file))]
    names = with_lanes(with_mates(names, decisions), decisions)
    refuse_third(names)
    refuse_twice(names)
    pairs: dict[tuple[Path, str, str], dict[str, Path]] = {}
    for name in names:
        mate = name.mate or "1"
        by_mate = pairs.setdefault(name.place, {})
        if mate in by_mate:
            fault = f"two files for mate {mate} of {name.sample}"
            mend = f"The other is {by_mate[mate].name}; keep one, or name the lanes."
            raise InputError(Problem(str(name.file), fault, mend=mend))
        by_mate[mate] = name.file
    if any(len(mates) > 1 for mates in pairs.values()):
        decide_lone([name for name in names if name.mate and len(pairs[name.place]) == 1], decisions)
    refuse_one_id({mates["1"]: place[1] for place, mates in pairs.items() if "1" in mates})
    numbers: dict[str, int] = {}
    for (_, sample, lane), mates in pairs.items():
        if "1" not in mates:
            raise InputError(
                Problem(str(mates["2"]), "the second mates without the first", mend="Copy the first mates too.")
            )
        numbers[sample] = numbers.get(sample, 0) + 1
        unit = lane.strip("_") or "unit"
        row = {"sample_id": sample_id(sample), "unit_id": f"{unit}-{numbers[sample]}" if numbers[sample] > 1 else unit}
        yield row | {f"fastq_{mate}": absolute(mates[mate]) for mate in sorted(mates)}


def named(file: Path) -> Named | None:
    """Return what the name of a file tells; None for one that holds no reads of a sample."""
    match = FASTQ.fullmatch(file.name)
    if match is None or match["index"]:
        return None
    val = VAL.search(match["done"])
    mate = match["mate"][-1] if match["mate"] else val[1] if val else None
    if match["mate"] and val and mate != val[1]:
        found, expected = file.name, "one number of a mate"
        raise InputError(Problem(str(file), found=found, expected=expected, mend="Name it by one mate."))
    # A name without a mate stays whole: nothing shows that its last word is no part of it.
    sample = match["sample"] + ("" if mate else match["done"])
    return Named(file, sample, match["lane"], mate, bool(match["done"] and mate))


def with_mates(names: Sequence[Named], decisions: Decisions) -> list[Named]:
    """Ask whether files are mates that no name of mates tells, and that are alike but for a 1 and a 2."""
    alone = {name.file for name in names if name.mate is None}
    mates: dict[Path, tuple[str, str]] = {}
    for file in alone:
        stem = ENDING.sub("", file.name)
        for match in ODD_MATE.finditer(stem):
            other = f"{stem[: match.start(1)]}{3 - int(match[1])}{stem[match.end(1) :]}"
            rest = stem[: match.start()] + stem[match.end() :].removesuffix("P")
            if rest and file.with_name(other + file.name[len(stem) :]) in alone:
                mates[file] = (rest, match[1])
    if not mates:
        return list(names)
    first = min(mates)
    text = f"{len(mates)} files have names that differ in 1 and 2 alone, such as {first}. "
    text += "Are they the two mates of a sample, or samples of their own?"
    if decisions.decide(MATES, text, ("mates", "samples")) != "mates":
        return list(names)
    return [
        replace(name, sample=mates[name.file][0], mate=mates[name.file][1]) if name.file in mates else name
        for name in names
    ]


def with_lanes(names: Sequence[Named], decisions: Decisions) -> list[Named]:
    """Ask whether L1 and L2 at the end of names are lanes of one sample or samples of their own."""
    short = {name: match for name in names if name.mate and (match := SHORT_LANE.fullmatch(name.sample))}
    lanes: dict[str, set[str]] = {}
    for match in short.values():
        lanes.setdefault(match["sample"], set()).add(match["lane"])
    several = sorted(sample for sample, found in lanes.items() if len(found) > 1)
    inferred = "lanes" if short and all(OF_A_PROVIDER.fullmatch(name.sample) for name in short) else None
    if not several and inferred is None:
        return list(names)
    shown = listed(f"{sample}_{lane}" for sample in several[:3] for lane in sorted(lanes[sample]))
    text = f"Files are named {shown or min(name.sample for name in short)}. "
    text += "Are L1, L2 and so on lanes, in which one sample was sequenced, or samples of their own?"
    if decisions.decide(LANES, text, ("lanes", "samples"), inferred) != "lanes":
        return list(names)
    return [
        replace(name, sample=short[name]["sample"], lane=short[name]["lane"]) if name in short else name
        for name in names
    ]


def decide_lone(names: Sequence[Named], decisions: Decisions) -> None:
    """Ask about first mates without the second, where other samples have both: a copy may have left them out."""
    text = f"Others have two mates. Is it single-end ({SINGLE}), or is the second mate still to be copied, of"
    lone = sorted({name.file.name for name in names if name.mate == "1"})
    decisions.decide_each(LONE, text, lone, (SINGLE,))


def refuse_third(names: Sequence[Named]) -> None:
    """Refuse a third file beside two mates: one of them may then hold molecular barcodes, not reads."""
    paired = {(name.file.parent, name.sample) for name in names if name.mate == "2"}
    for name in names:
        match = THIRD.fullmatch(name.sample + name.lane)
        found = FASTQ.fullmatch(f"{match['stem']}_1.fq") if match else None
        if found and name.mate is None and (name.file.parent, found["sample"]) in paired:
            mend = "Move the file of barcodes away and name the mates 1 and 2; three samples need other names."
            raise InputError(Problem(str(name.file), "a third file beside two mates", expected="R1 and R2", mend=mend))


def refuse_twice(names: Sequence[Named]) -> None:
    """Refuse reads that are there as they came and trimmed: they would count twice, or one mate of each be a pair."""
    first: dict[tuple[str, str], Named] = {}
    for name in names:
        other = first.setdefault((name.sample, name.lane), name)
        if other.done != name.done:
            fault = f"the reads of {name.sample} are there trimmed and as they came"
            mend = f"The other is {other.file}; give --reads a folder with one kind alone."
            raise InputError(Problem(str(name.file), fault, mend=mend))
