"""Everything that can be checked before anything runs: config, sheets, clinical tables, plan."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from anpi.association.plan import plan_faults
from anpi.cohort.facts import is_ceiling
from anpi.endpoints.rules import read_rules
from anpi.expression.contigs import read_contigs
from anpi.expression.ways import way_notes
from anpi.files.sheet import file_of
from anpi.files.shipped import REGISTRY
from anpi.files.stored import is_object, is_stored
from anpi.files.text import read_text
from anpi.problems import InputError, Problem, nearest, nearest_file, odd_path, refuse
from anpi.tables.allowed import allowed_columns, allowing
from anpi.tables.biomarkers import strange_samples
from anpi.tables.clinical import DERIVED, Clinical, Timeline, read_clinical, row_number, tables_of
from anpi.tables.config import (
    REFERENCE_FILES,
    SHIPPED_SETTINGS,
    Run,
    config_paths,
    counted_alone,
    is_url,
    path_problems,
    shipped,
)
from anpi.tables.identifiers import kind_of_file, looks_like_person
from anpi.tables.reading import read_table, read_text_table
from anpi.tables.schema import check_settings, column_rule, load_schema, load_yaml
from anpi.tables.sheets import (
    other_owner_notes,
    read_samples,
    read_units,
    sample_notes,
    timepoint_problems,
    unit_notes,
    used_samples,
)
from anpi.tables.targets import read_target_table
from anpi.words.counting import LOST
from anpi.words.urls import public_url, url_fault

GIVE_GENOME = "Give reference.genome (the FASTA of the alignment) beside reference.gtf."
Result = TypeVar("Result")


def check_run(config: Mapping[str, Any], file: str = "config.yaml") -> Run:
    """Check all inputs of a run.

    Raises
    ------
    InputError
        With the faults of all files, each with its place and how to mend it.
    """
    settings = check_settings(config, load_schema("config"), file)
    refuse(path_problems(settings, file) + name_problems(settings, file))
    with allowing(settings["allow_columns"]):
        return check_inputs(settings, file)


def read_checked(settings: dict[str, Any]) -> Run:
    """Read the tables by which the rules are wired: sheets, and the sexes that samples are compared with."""
    samples = read_samples(settings["samples"]) if settings["samples"] else None
    used = [] if samples is None else used_samples(samples)
    units = None
    if samples is not None and settings["units"]:
        units = read_units(settings["units"], samples)
        units = units[units["sample_id"].isin(used)]
    patients = None if samples is None else read_clinical({"patients": Path(settings["clinical"]["patients"])}).patients
    return Run(settings, samples, units, used, sexes_of(patients, samples, used))


def planning_notes(clinical: Clinical, samples: pd.DataFrame | None, today: date) -> list[str]:
    """Return what is odd on the day of planning, which no result may depend on, and what is odd in the sample sheet."""
    frames = tables_of(clinical) | ({} if samples is None else {"samples": samples})
    notes = []
    for table, frame in frames.items():
        file = frame.attrs["file"]
        given = [str(column) for column in frame if column not in DERIVED]
        extra = [column for column in given if column_rule(load_schema(table), column) is None]
        if extra:
            notes.append(f"{file}: columns that are kept, and read where the plan names them: {', '.join(extra)}")
        empty = [column for column in frame.columns[: frame.attrs.get("columns", 0)] if frame[column].isna().all()]
        if empty:
            notes.append(f"{file}: columns without any value: {', '.join(empty)}")
        for column in frame.columns[[str(kind).startswith("datetime") for kind in frame.dtypes]]:
            late = frame.index[frame[column] > pd.Timestamp(today)]
            if len(late):
                rows = f"row {row_number(late[0])}" + (f" and {len(late) - 1} more" if len(late) > 1 else "")
                notes.append(f"{file}, {rows}, column {column}: a date after today, {today:%Y-%m-%d}")
    if samples is not None:
        notes += sample_notes(samples, Timeline(clinical.patients))
        notes += other_owner_notes(samples, clinical.patients["patient_id"])
    return notes


def check_inputs(settings: dict[str, Any], file: str) -> Run:
    problems = allowance_problems(settings, file) + unnamed_problems(settings, file)
    problems += (
        source_problems(settings, file) + reference_problems(settings, file) + threshold_problems(settings, file)
    )
    notes: list[str] = []
    collect = Collector(problems)
    tables = {name: Path(path) for name, path in settings["clinical"].items() if path}
    clinical = collect(lambda: read_clinical(tables))
    patients = pd.Index(clinical.patients["patient_id"]) if clinical is not None else None
    samples = units = None
    used: list[str] = []
    if settings["samples"]:
        samples = collect(lambda: read_samples(settings["samples"], patients))
    if samples is not None:
        used = used_samples(samples)
        if settings["units"]:
            units = collect(lambda: read_units(settings["units"], samples))
            if units is not None:
                units = units[units["sample_id"].isin(used)]
        elif settings["expression"] and os.path.isfile(file_of(settings["expression"]["matrix"])):
            collect(lambda: check_matrix(settings["expression"]["matrix"], used))
    elif settings["units"]:
        collect(lambda: read_table(settings["units"], "units"))
    problems += unit_problems(settings, units, file) + alignment_problems(settings, file)
    rules = collect(lambda: read_rules(shipped(settings["endpoints"], SHIPPED_SETTINGS["endpoints"])))
    if clinical is not None and rules is not None:
        # Here and below: a planning that remembers its checks starts without what only they need.
        from anpi.endpoints.estimands import check_estimands
        from anpi.endpoints.observations import check_rules

        collect(lambda: check_rules(clinical, rules))
        collect(lambda: check_estimands(clinical, rules))
    contigs = settings["strangers"]["contigs"]
    if contigs and os.path.isfile(contigs):
        collect(lambda: read_contigs(contigs))
    user_targets = settings["targets"]["own"]
    if user_targets and os.path.isfile(user_targets):
        notes += collect(lambda: check_targets(user_targets, settings["expression"])) or []
    signatures = collect(lambda: registered_signatures(settings["signatures"]["gmt"]))
    if signatures is not None:
        plan = shipped(settings["plan"], SHIPPED_SETTINGS["plan"])
        told = None if clinical is None else clinical.patients
        markers = None if clinical is None else markers_of(clinical)
        problems += collect(lambda: plan_faults(plan, signatures, told, samples, markers)) or []
    if clinical is not None and clinical.biomarkers is not None and samples is not None:
        problems += strange_samples(clinical.biomarkers, samples, clinical.biomarkers.attrs["file"])
    if clinical is not None and samples is not None:
        problems += timepoint_problems(samples, Timeline(clinical.patients))
    refuse(problems)
    assert clinical is not None
    notes += planning_notes(clinical, samples, date.today())
    alone = counted_alone(settings["reference"], units)
    notes += [f"{file}: {LOST} {GIVE_GENOME}"] if alone else []
    if units is not None:
        assert samples is not None
        notes += unit_notes(units, samples)
        notes += [f"{settings['units']}: {note}" for note in way_notes(units, alone)]
    return Run(settings, samples, units, used, sexes_of(clinical.patients, samples, used), notes)


def markers_of(clinical: Clinical) -> list[str]:
    """Return the markers that biomarkers.csv has values of."""
    table = clinical.biomarkers
    return [] if table is None else sorted(table.loc[table["value"].notna(), "marker"].dropna().unique())


def sexes_of(patients: pd.DataFrame | None, samples: pd.DataFrame | None, used: list[str]) -> dict[str, str]:
    """Return the sex of the patients of the samples in use, where it is known."""
    if patients is None or samples is None or "sex" not in patients:
        return {}
    owners = set(samples.loc[samples["sample_id"].isin(used), "patient_id"])
    stated = patients[patients["patient_id"].isin(owners) & patients["sex"].notna()]
    return dict(sorted(zip(stated["patient_id"], stated["sex"], strict=True)))


def name_problems(settings: Mapping[str, Any], file: str) -> list[Problem]:
    """Find names of files that look like direct identifiers."""
    paths = {key: path for key, path in config_paths(settings).items() if key != "results" and not odd_path(path)}
    kinds = {key: kind_of_file(os.path.basename(path)) for key, path in paths.items()}
    mend = "It would stand in the records of the run: rename it."
    return [
        Problem(file, f"the name of the file looks like a direct identifier: {kind}", column=key, mend=mend)
        for key, kind in kinds.items()
        if kind
    ]


def allowance_problems(settings: Mapping[str, Any], file: str) -> list[Problem]:
    """Find columns of no table that are allowed or to be carried along."""
    tables = {table: path for table, path in settings["clinical"].items() if path}
    tables |= {name: settings[name] for name in ("samples", "units") if settings[name]}
    headers: dict[str, list[str]] = {}
    entries = [(key, entry) for key in ("allow_columns", "carry_columns") for entry in settings[key]]
    for table in sorted({entry.split(".", 1)[0] for _, entry in entries} & set(tables)):
        headers[table] = read_header(tables[table])
    if settings["expression"] and os.path.isfile(file_of(settings["expression"]["matrix"])):
        headers["expression"] = ["samples"]
    columns_given = [f"{table}.{column}" for table, columns in headers.items() for column in columns]
    problems = []
    for key, entry in entries:
        if entry not in columns_given:
            near = nearest(entry, columns_given)
            mend = f"Did you mean {near}?" if near else "Tables of this run: " + ", ".join(tables) + "."
            expected = "a column that one of the tables has"
            problems.append(Problem(file, column=key, found=entry, expected=expected, mend=mend))
    return problems


def read_header(path: str) -> list[str]:
    """Return the columns of a table; none of one that cannot be read, whose faults are told elsewhere."""
    try:
        return list(map(str, read_text_table(path).columns))
    except InputError:
        return []


def unnamed_problems(settings: Mapping[str, Any], file: str) -> list[Problem]:
    """Find a plan or rules beside the config that it does not name and that differ from the shipped ones.

    The shipped ones would be used in their place without a word.
    """
    problems = []
    for key, name in SHIPPED_SETTINGS.items():
        beside = os.path.join(os.path.dirname(file), name)
        if settings[key] is None and os.path.isfile(beside) and not says_the_same(beside, shipped(None, name)):
            fault = f"{beside} lies beside the config, is not named in it, and differs from the shipped file in use"
            mend = f"Add {key}: and its path to the config, or remove the file to use the shipped one."
            problems.append(Problem(file, fault, column=key, mend=mend))
    return problems


def says_the_same(one: Path | str, other: Path | str) -> bool:
    """Return whether two YAML files can be read and hold the same keys and values, whatever their comments."""
    try:
        return load_yaml(one) == load_yaml(other)
    except InputError:
        return False


def registered_signatures(gmt: Sequence[str]) -> pd.DataFrame:
    """List the signatures that can be scored: the shipped registry's, then the sets of the user's GMT files."""
    registry = read_text_table(REGISTRY)[["id", "category"]]
    names = [line.split("\t")[0] for path in gmt if Path(path).is_file() for line in read_text(path).splitlines()]
    user_signatures = pd.DataFrame({"id": [name for name in names if name], "category": "user"})
    return pd.concat([registry, user_signatures], ignore_index=True)


class Collector:
    """Run checks one after the other and gather what they refuse."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems

    def __call__(self, check: Callable[[], Result]) -> Result | None:
        try:
            return check()
        except InputError as error:
            self.problems += error.problems
            return None


def check_targets(path: str, expression: Mapping[str, Any] | None) -> list[str]:
    """Look at the user's own targets and their genes; return a note for each that the matrix cannot tell."""
    from anpi.expression.gene_lists import check_genes

    table = read_target_table(users=path)
    mine = table["genes"].iloc[len(read_target_table()) :]
    matrix = expression["matrix"] if expression and os.path.isfile(expression["matrix"]) else None
    return check_genes(path, "genes", list(mine), matrix, "its level cannot be told")


def check_matrix(path: str, samples: Sequence[str]) -> None:
    """Look into the header of a matrix for the samples of the sheet; the values are looked at when it is read."""
    from anpi.expression.assemble import missing_samples
    from anpi.expression.matrix import read_sample_names

    names = read_sample_names(path)
    persons = 0 if "expression.samples" in allowed_columns() else sum(looks_like_person(name) for name in names)
    if persons:
        mend = (
            "Name the samples by ids; if they are none, allow them: allow_columns: [expression.samples] in the config."
        )
        found = f"{persons} of {len(names)} sample names look like direct identifiers"
        raise InputError(Problem(path, found, row=1, mend=mend))
    refuse(missing_samples(path, names, samples))


def source_problems(settings: Mapping[str, Any], file: str) -> list[Problem]:
    """Find contradictions in where the expression comes from, and files that are not there."""
    samples, units, matrix = settings["samples"], settings["units"], settings["expression"]
    problems = []
    if units and matrix:
        problems.append(Problem(file, "both units and expression are given", mend="Keep the one that holds your data."))
    if (units or matrix) and not samples:
        source = "units" if units else "expression"
        mend = "Give samples: the path of samples.tsv."
        problems.append(Problem(file, f"{source} is given without samples", mend=mend))
    if samples and not units and not matrix:
        mend = "Give one of them, or drop samples."
        problems.append(Problem(file, "samples is given without units or expression", mend=mend))
    paths = [("expression.matrix", matrix["matrix"])] if matrix else []
    paths += [("signatures.gmt", path) for path in settings["signatures"]["gmt"]]
    paths += [("targets.own", path) for path in [settings["targets"]["own"]] if path]
    paths += [("strangers.contigs", path) for path in [settings["strangers"]["contigs"]] if path]
    return problems + [absent_file(file, key, path) for key, path in paths if not os.path.isfile(file_of(path))]


def absent_file(file: str, key: str, path: str) -> Problem:
    """Return that a file of the config is not there."""
    near = nearest_file(path)
    mend = f"Is it {near}?" if near else "Paths are relative to the folder in which the run is started."
    return Problem(file, "the file does not exist", column=key, found=path, mend=mend)


def threshold_problems(settings: Mapping[str, Any], file: str) -> list[Problem]:
    """Find thresholds of the verdict by which a sample would fail before it is warned of."""
    problems = []
    for fact, limits in settings["qc"].items():
        warn, fail = limits["warn"], limits["fail"]
        if fail < warn if is_ceiling(fact) else fail > warn:
            expected = f"fail at or {'above' if is_ceiling(fact) else 'below'} warn"
            problems.append(
                Problem(file, column=f"qc.{fact}", found=f"warn {warn:g}, fail {fail:g}", expected=expected)
            )
    return problems


def reference_problems(settings: Mapping[str, Any], file: str) -> list[Problem]:
    """Check the reference's paths, URLs and checksums."""
    reference, problems = settings["reference"], []
    for name in REFERENCE_FILES:
        value = reference[name]
        key = f"reference.{name}"
        if not value:
            continue
        if is_stored(value):
            if not is_object(value):
                problems.append(Problem(file, column=key, found=value, expected="s3://bucket/key"))
            if name in reference["sha256"]:
                mend = f"Leave reference.sha256.{name} out; checksums are compared with downloads alone."
                problems.append(Problem(file, "a checksum of an object of S3", column=key, found=value, mend=mend))
        elif is_url(value):
            shown = public_url(value)
            if "@" in value.split("/")[2]:
                mend = "It would stand in logs. Download the file yourself and give its path."
                problems.append(Problem(file, "a user name or password in a URL", column=key, mend=mend))
                continue
            fault = url_fault(value)
            if fault:
                expected = f"a path, an s3 URL, or {fault}"
                problems.append(Problem(file, column=key, found=shown, expected=expected))
            if name not in reference["sha256"]:
                mend = f"Add reference.sha256.{name}, as its publisher states it."
                problems.append(Problem(file, "a URL without a checksum", column=key, found=shown, mend=mend))
        elif not os.path.isfile(value):
            problems.append(absent_file(file, key, value))
        else:
            from anpi.expression.reference_look import look_at_reference

            problems += look_at_reference(name, value, file)
    return problems


def alignment_problems(settings: Mapping[str, Any], file: str) -> list[Problem]:
    """Ask for what alignment on demand needs: reads, a genome, its genes."""
    tool, problems = settings["alignment"]["tool"], []
    if not tool:
        return []
    if not settings["units"]:
        mend = "Give units with reads, or leave alignment.tool out."
        problems.append(Problem(file, "nothing to align: no units are given", column="alignment.tool", mend=mend))
    for name, what in (("genome", "the genome's FASTA"), ("gtf", "the genes of that genome")):
        if not settings["reference"][name]:
            mend = f"Give reference.{name} ({what}), or leave alignment.tool out."
            fault = f"{tool} needs it"
            problems.append(Problem(file, fault, column=f"reference.{name}", mend=mend))
    return problems


def unit_problems(settings: Mapping[str, Any], units: pd.DataFrame | None, file: str) -> list[Problem]:
    """Ask for the reference that units need."""
    reference = settings["reference"]
    if units is None or reference["transcripts"] or (reference["gtf"] and reference["genome"]):
        return []
    if set(units["kind"]) == {"quant"} and reference["gtf"]:
        return []
    if counted_alone(reference, units):
        return [
            Problem(settings["units"], "a CRAM needs the genome", column="bam", found=path, mend=GIVE_GENOME)
            for path in units["bam"]
            if str(path).endswith(".cram")
        ][:1]
    mend = "Give reference.transcripts, or reference.gtf with reference.genome."
    return [Problem(file, "units need a reference", column="reference", mend=mend)]
