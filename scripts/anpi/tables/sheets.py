"""The sample sheets: who was sampled, and which files hold each sample's reads."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from anpi.files.plain import odd_file
from anpi.files.stored import is_object, is_stored
from anpi.problems import Problem, nearest, nearest_file, odd_path, refuse
from anpi.tables.clinical import Timeline
from anpi.tables.reading import FIRST_DATA_ROW, case_problems, missing_at_end, read_table

KINDS = ("fastq_1", "bam", "quant")
# What columns of a matrix are called that are no samples.
RESERVED = ("gene_id", "gene_name", "symbol", "biotype", "length")
OLD_SAMPLE = 366  # days before treatment from which on a sample is told of
WORD = re.compile(r"[A-Za-z0-9]+")
SHORTEST_ID = 3  # characters; shorter ones stand in names by chance
FILES = ("fastq_1", "fastq_2", "bam", "quant")


def sheet_row(index: object) -> int:
    """Return the row in the file of a table's index (see `anpi.tables.reading.read_text_table`)."""
    return int(str(index)) + FIRST_DATA_ROW


def read_samples(path: Path | str, patients: pd.Index | None = None) -> pd.DataFrame:
    """Read ``samples.tsv``; every sample must belong to a patient of the clinical table.

    Returns
    -------
    pandas.DataFrame
        Columns of the schema; samples with ``use`` = no are kept (they are counted later).
    """
    samples = read_table(path, "samples")
    problems = case_problems(samples, "sample_id")
    for index, sample in samples["sample_id"].items():
        if sample in RESERVED:
            expected = f"another id: columns of genes are called {', '.join(RESERVED)}"
            fault = Problem(str(path), row=sheet_row(index), column="sample_id", found=sample, expected=expected)
            problems.append(fault)
    if patients is not None:
        for index, patient in samples["patient_id"].items():
            if patient not in patients:
                near = nearest(patient, patients, 0.8)
                problems.append(
                    Problem(
                        str(path),
                        row=sheet_row(index),
                        column="patient_id",
                        found=patient,
                        expected="a patient of the patients table",
                        mend=f"Did you mean {near}?" if near else "Add the patient, or mend the id.",
                    )
                )
    refuse(problems + override_problems(samples))
    return samples


def override_problems(samples: pd.DataFrame) -> list[Problem]:
    """Ask for the reason of each verdict that a person set, and for the verdict of each reason."""
    problems = []
    for given, lacking in (("verdict_override", "override_reason"), ("override_reason", "verdict_override")):
        for index in samples.index[samples[given].notna() & samples[lacking].isna()]:
            mend = "Say why in a few words; the report shows them." if lacking == "override_reason" else "Fill it."
            fault = f"{given} is given without {lacking}"
            problems.append(Problem(samples.attrs["file"], fault, row=sheet_row(index), column=lacking, mend=mend))
    return problems


def timepoint_problems(samples: pd.DataFrame, timeline: Timeline) -> list[Problem]:
    """Find samples whose day of collection contradicts their time point; a baseline may be of the first day."""
    day = timeline.offsets(samples, "collection")
    baseline = samples["timepoint"] == "baseline"
    column = "collection_day" if "collection_day" in samples else "collection_date"
    problems = []
    for odd, expected in (
        (baseline & (day > 0), "a day before treatment, or its first, for a baseline sample"),
        (~baseline & (day < 0), "a day of treatment, or after it, for a sample that is no baseline"),
    ):
        for index in samples.index[odd]:
            found = f"{samples.at[index, column]}".removesuffix(" 00:00:00")
            mend = "Mend the date, or the time point."
            file = samples.attrs["file"]
            problems.append(
                Problem(file, row=sheet_row(index), column=column, found=found, expected=expected, mend=mend)
            )
    return problems


def sample_notes(samples: pd.DataFrame, timeline: Timeline) -> list[str]:
    """Return which samples are old, which sites and batches have one alone, and that the sheet may be cut."""
    file, patients = samples.attrs["file"], timeline.treated.index
    notes = [f"{file}: the last row has no line end; was the file cut short?"] if samples.attrs.get("cut") else []
    lacking = missing_at_end(patients.isin(samples["patient_id"]))
    if lacking:
        last = f"no sample of the last {lacking} patient(s), from {patients[-lacking]} on"
        notes.append(f"{file}: {last}; was the file cut short, or are they to come?")
    day = timeline.offsets(samples, "collection")
    for index in samples.index[day < -OLD_SAMPLE]:
        notes.append(f"{file}, row {sheet_row(index)}: collected {-day[index]:.0f} days before treatment")
    for column in ("site", "batch"):
        counts = samples[column].value_counts()
        for name in sorted(counts.index[counts == 1]) if len(counts) > 1 else []:
            row = sheet_row(samples.index[samples[column] == name][0])
            notes.append(f"{file}, row {row}, column {column}: no other sample has {name!r}; is it another name?")
    return notes


def other_owner_notes(samples: pd.DataFrame, patients: Iterable[str]) -> list[str]:
    """Return which samples are called by another patient than the sheet gives them."""
    ids, notes = {str(patient) for patient in patients}, []
    for index, sample, patient in zip(samples.index, samples["sample_id"], samples["patient_id"], strict=True):
        inside = ids_inside(sample, ids)
        if inside and patient not in parts_of(sample):
            others = " and ".join(sorted(inside))
            words = f"sample {sample} is of patient {patient}, and its name holds {others}; is it exchanged?"
            notes.append(f"{samples.attrs['file']}, row {sheet_row(index)}: {words}")
    return notes


def unit_notes(units: pd.DataFrame, samples: pd.DataFrame) -> list[str]:
    """Return which files are called by another sample, or by another patient, than the sheet of units gives them."""
    owner = dict(zip(map(str, samples["sample_id"]), map(str, samples["patient_id"]), strict=True))
    ids, notes = {*owner, *owner.values()}, []
    for index, unit in units.iterrows():
        sample = str(unit["sample_id"])
        for column, value in ((column, unit[column]) for column in FILES):
            if value is None or sample in parts_of(value):
                continue
            name = "/".join(value.rstrip("/").split("/")[-2 if column == "quant" else -1 :])
            inside = ids_inside(name, ids)
            others = inside - {owner[sample]}
            if others and (owner[sample] not in parts_of(name) or not others.isdisjoint(owner)):
                words = f"{name} is given for sample {sample}, and its name holds {' and '.join(sorted(others))}"
                notes.append(
                    f"{units.attrs['file']}, row {sheet_row(index)}, column {column}: {words}; is it exchanged?"
                )
    return notes


def ids_inside(name: str, ids: Container[str]) -> set[str]:
    """Return the ids of three characters or more that stand in a name, set off by signs; of nested ones the longest.

    >>> sorted(ids_inside("run1/P001-B_S1_R1.fastq.gz", {"P001", "P001-B", "P00", "S1"}))
    ['P001-B']
    """
    found = {part for part in parts_of(name) if len(part) >= SHORTEST_ID and part in ids}
    return {part for part in found if not any(part != other and part in other for other in found)}


def parts_of(name: str) -> set[str]:
    """Return the words of a name, and what stands from one to another."""
    words = [match.span() for match in WORD.finditer(name)]
    return {name[begin:end] for place, (begin, _) in enumerate(words) for _, end in words[place:]}


def read_units(path: Path | str, samples: pd.DataFrame) -> pd.DataFrame:
    """Read ``units.tsv`` and check it against the samples and the files on disk.

    Returns
    -------
    pandas.DataFrame
        Columns of the schema plus ``kind``: ``paired``, ``single`` (interleaved pairs too, which only the reads tell),
        ``bam`` (BAM or CRAM) or ``quant``, one kind a sample.

    Raises
    ------
    InputError
        Units of no sample or samples of no unit, no file or several kinds in a row, files that do not exist, a file
        named twice, single and paired units mixed in a sample, alignments to genome and transcriptome mixed.
    """
    units = read_table(path, "units")
    name = str(path)
    used = ~units["sample_id"].isin(samples.loc[samples["use"] == "no", "sample_id"])
    problems = [problem for index in units.index for problem in unit_problems(units.loc[index], name, used[index])]
    problems += sample_matches(units, samples, name)
    problems += repeated_files(units, name)
    refuse(problems)
    units["kind"] = [unit_kind(units.loc[index]) for index in units.index]
    refuse(mixed_kinds(units, name))
    return units


def unit_kind(unit: pd.Series) -> str:
    if unit["fastq_1"] is not None:
        return "paired" if unit["fastq_2"] is not None else "single"
    return "bam" if unit["bam"] is not None else "quant"


def unit_problems(unit: pd.Series, name: str, used: bool) -> list[Problem]:
    """Check a row; files of a sample that is not in use need not be there."""
    row = sheet_row(unit.name)
    given = [kind for kind in KINDS if unit[kind] is not None]
    if len(given) != 1:
        found = " and ".join(given) if given else "none"
        mend = "Fill fastq_1 when fastq_2 is filled." if unit["fastq_2"] is not None and not given else None
        return [Problem(name, row=row, found=found, expected="exactly one of fastq_1, bam, quant", mend=mend)]
    problems = []
    if unit["fastq_2"] is not None and given != ["fastq_1"]:
        problems.append(Problem(name, f"fastq_2 beside {given[0]}", row=row, column="fastq_2"))
    if unit["aligned_to"] is not None and given != ["bam"]:
        found = f"{unit['aligned_to']} beside {given[0]}"
        problems.append(Problem(name, row=row, column="aligned_to", found=found, expected="nothing: only a bam has it"))
    if unit["umi"] is not None and unit["umi"] != "name" and given != ["fastq_1"]:
        mend = "Molecules can be taken from FASTQ alone."
        found = f"{unit['umi']} beside {given[0]}"
        problems.append(Problem(name, row=row, column="umi", found=found, expected="name, or nothing", mend=mend))
    for column in FILES:
        if used and unit[column] is not None:
            problems += path_problems(unit[column], column, row, name)
    return problems


def stored_problems(value: str, column: str, row: int, name: str) -> list[Problem]:
    """Check the shape of the URL of an object."""
    expected = "s3://bucket/key"
    shaped = is_object(value)
    if column == "quant":
        expected += " of a file, …/quant.sf or …/quant.sf.gz"
        shaped = shaped and value.endswith(("/quant.sf", "/quant.sf.gz"))
    mend = None if is_stored(value) else "Of URLs, only s3:// can be given; download the file, or copy it to a bucket."
    return [] if shaped else [Problem(name, row=row, column=column, found=value, expected=expected, mend=mend)]


def path_problems(value: str, column: str, row: int, name: str) -> list[Problem]:
    path = Path(value)
    expected = odd_path(value)
    if expected:
        return [Problem(name, row=row, column=column, found=value, expected=expected)]
    if "://" in value:
        return stored_problems(value, column, row, name)
    if not os.path.exists(path):
        near = nearest_file(value)
        mend = f"Is it {near}?" if near else "Paths are relative to the folder in which the run is started."
        return [Problem(name, "the file does not exist", row=row, column=column, found=value, mend=mend)]
    if problem := odd_file(path, name, column):
        return [replace(problem, row=row)]
    if column == "quant":
        if path.is_dir() and not any((path / file).is_file() for file in ("quant.sf", "quant.sf.gz")):
            return [Problem(name, row=row, column=column, found=value, expected="a salmon folder with quant.sf inside")]
        return []
    if not path.is_file():
        return [Problem(name, row=row, column=column, found=value, expected="a file, not a folder")]
    if path.stat().st_size == 0:
        return [
            Problem(name, "the file is empty (0 bytes)", row=row, column=column, found=value, mend="Copy it again.")
        ]
    return []


def sample_matches(units: pd.DataFrame, samples: pd.DataFrame, name: str) -> list[Problem]:
    problems = []
    listed_samples = set(samples["sample_id"])
    for index, sample in units["sample_id"].items():
        if sample not in listed_samples:
            near = nearest(sample, listed_samples, 0.8)
            mend = f"Did you mean {near}?" if near else "Add the sample to the sample sheet."
            problems.append(
                Problem(
                    name,
                    row=sheet_row(index),
                    column="sample_id",
                    found=sample,
                    expected="a sample of the sample sheet",
                    mend=mend,
                )
            )
    used, with_units = samples[samples["use"] != "no"], set(units["sample_id"])
    for sample in used["sample_id"]:
        if sample not in with_units:
            mend = "Add its files, or set use to no in the sample sheet."
            problems.append(Problem(name, f"sample {sample} has no unit", column="sample_id", mend=mend))
    return problems


def repeated_files(units: pd.DataFrame, name: str) -> list[Problem]:
    seen: dict[str, int] = {}
    problems = []
    for index in units.index:
        for column in FILES:
            value = units.at[index, column]
            if value is None:
                continue
            file = value if is_stored(value) else os.path.realpath(value)
            if file in seen:
                expected = f"each file once; it stands in row {seen[file]} already"
                problems.append(Problem(name, row=sheet_row(index), column=column, found=value, expected=expected))
            seen.setdefault(file, sheet_row(index))
    return problems


def mixed_kinds(units: pd.DataFrame, name: str) -> list[Problem]:
    problems = []
    for sample, group in units.groupby("sample_id", sort=False):
        kinds = sorted(set(group["kind"]))
        if len(kinds) > 1:
            problems.append(
                Problem(
                    name,
                    f"sample {sample} mixes units",
                    row=sheet_row(group.index[-1]),
                    found=" and ".join(kinds),
                    expected="one kind a sample",
                    mend="Give each kind a sample of its own.",
                )
            )
        elif kinds == ["quant"] and len(group) > 1:
            expected = "one salmon result a sample"
            problems.append(
                Problem(
                    name,
                    f"sample {sample}",
                    row=sheet_row(group.index[-1]),
                    found=f"{len(group)} salmon results",
                    expected=expected,
                )
            )
        said = {
            "strandedness": set(group["strandedness"].dropna()) - {"auto"},
            "aligned_to": set(group["aligned_to"].fillna("genome")) if kinds == ["bam"] else set(),
            "umi": {"nothing" if place is None else "molecular identifiers" for place in group["umi"]},
        }
        problems += [
            Problem(
                name,
                f"sample {sample}",
                row=sheet_row(group.index[-1]),
                column=column,
                found=" and ".join(sorted(values)),
                expected="one for all units of a sample",
            )
            for column, values in said.items()
            if len(values) > 1
        ]
    return problems


def used_samples(samples: pd.DataFrame) -> list[str]:
    """List the samples that take part, sorted: all but those with ``use`` = no."""
    return sorted(samples.loc[samples["use"] != "no", "sample_id"])
