"""A delivery as a whole: what was made of it, and the folder that holds the trial."""

from __future__ import annotations

import functools
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from anpi.delivery import columns, datasets
from anpi.delivery.conversions import Conversions
from anpi.delivery.decisions import LEAVE_OUT, Decisions, ask, read_answers
from anpi.delivery.earlier import (
    clinical_kept,
    decide_absent,
    earlier_config,
    kept_tables,
    lasting_answers,
    named_tables,
    table_path,
    unrecorded_samples,
    with_edits,
    written_of,
)
from anpi.delivery.reads import choose, decide_reference, decide_unit, find_reads
from anpi.delivery.samples import build_samples
from anpi.delivery.sources import continue_sources, read_sources
from anpi.delivery.tables import Table, build_tables, single_arm
from anpi.files.sheet import split_sheet
from anpi.files.shipped import ROOT
from anpi.files.writing import write_table, write_text
from anpi.problems import InputError, Problem, refuse
from anpi.tables.clinical import TABLES
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import DATE, column_rule, load_schema

MAPPING, QUESTIONS = "mapping.yaml", "answers.yaml"
ROW = re.compile(r"\brow (\d+)")
CUTOFF = re.compile(r"^data_cutoff:.*$", re.MULTILINE)
HEAD = """# yaml-language-server: $schema=https://json-schema.org/draft/2020-12/schema
# Written by init_trial. Every key, with its default and an example: config/README.md of anpi.
# What was converted on the way here stands in conversion.tsv, what was decided in mapping.yaml.
"""
MAPPING_HEAD = """# What the columns of the delivery were taken for, and what was decided; read for the next delivery
# (init_trial into the same folder, or --answers mapping.yaml), which then asks only about what is new.
"""


@dataclass
class Proposal:
    """What a delivery becomes.

    Parameters
    ----------
    tables : dict of str to Table
        Clinical tables, ``samples`` and ``units``.
    settings : dict
        Of the config, but the paths of the tables.
    cutoff : str or None
        The data cut-off for endpoints.yaml.
    said : list of str
        What each column was taken for, and what was left out.
    """

    tables: dict[str, Table]
    settings: dict[str, Any]
    cutoff: str | None
    said: list[str]
    mapping: dict[str, Any]
    conversions: Conversions
    decisions: Decisions = field(default_factory=Decisions)


def earlier_answers(out: Path, given: Path | None) -> Decisions:
    """Return the answers of an earlier delivery in the folder, of its questions filled in, and those given."""
    decisions = read_answers(
        [file for file in (out / MAPPING, out / QUESTIONS) if file.is_file()] + ([given] if given else [])
    )
    if not decisions.recorded:
        decisions.written = named_tables(out)
    return decisions


def propose(reads: Path | None, clinical: Sequence[Path], answers: Decisions) -> Proposal:
    """Turn a delivery into tables and settings, as far as it is decided.

    Raises
    ------
    InputError
        What no answer can mend; answers that cannot be.
    """
    conversions, decisions = Conversions(), answers.anew()
    sources = read_sources(clinical, conversions)
    if reads is not None:  # a sheet of the same workbook
        sources = [source for source in sources if os.path.abspath(source.shown) != os.path.abspath(reads)]
    said = continue_sources(sources, answers.earlier)
    of_cdisc, others = datasets.split_sources(sources)
    sheets = [columns.recognise(source, decisions, conversions) for source in others]
    said += [*datasets.described(of_cdisc), *(line for sheet in sheets for line in columns.described(sheet))]
    tables = build_tables(sheets, decisions, conversions)
    if of_cdisc:
        made, notes = datasets.convert_sources(of_cdisc, conversions)
        said += notes
        tables = merged(tables, made)
    single_arm(tables, decisions)
    waits = "samples" not in tables and any("samples" in sheet.tables for sheet in sheets)
    settings = {} if waits else expression_settings(reads, clinical, tables, decisions, conversions, said)
    cutoff = decide_cutoff(tables, decisions)
    if cutoff is not None and latest_date(tables)[0] > cutoff:
        said.append(f"The data cut-off is {cutoff}: what lies after it, up to {latest_date(tables)[0]}, does not count")
    if not decisions.open:  # which may be about the tables that lack
        decide_absent(tables, decisions)
    if "patients" not in tables and not decisions.open:
        expected = "a table with one row a patient: an id, and arm, sex, age or start of treatment"
        raise InputError(Problem(", ".join(map(str, clinical)), "no table of patients found", expected=expected))
    refuse(decisions.faults)
    mapping = {sheet.source.key: columns.mapping_of(sheet) for sheet in sheets}
    mapping |= {
        source.key: {"columns": list(source.frame.columns), "dataset": name} for name, source in of_cdisc.items()
    }
    return Proposal(tables, settings, cutoff, said, mapping, conversions, decisions)


def settle(
    reads: Path | None, clinical: Sequence[Path], decisions: Decisions, read: Callable[[str], str] | None
) -> Proposal:
    """Return what the delivery becomes; with a way to ask, questions are asked until none is answered any more."""
    while True:
        proposal = propose(reads, clinical, decisions)
        if read is None or not proposal.decisions.open:
            return proposal
        given = {name: ask(question, read) for name, question in proposal.decisions.open.items()}
        if not any(given.values()):
            return proposal
        decisions.answers |= {name: answer for name, answer in given.items() if answer}


def merged(tables: Mapping[str, Table], made: Mapping[str, Table]) -> dict[str, Table]:
    """Join the tables of sheets with those of datasets; one of both kinds is refused."""
    for table in sorted(set(tables) & set(made)):
        place, other = tables[table].file, made[table].file
        raise InputError(Problem(place, f"{table} a second time, beside {other}", mend="Give one of them."))
    return {**tables, **made}


def expression_settings(
    place: Path | None,
    clinical: Sequence[Path],
    tables: dict[str, Table],
    decisions: Decisions,
    conversions: Conversions,
    said: list[str],
) -> dict[str, Any]:
    """Add samples and units to the tables, and return the settings of the config for them; none without reads."""
    if place is None:
        if samples := tables.pop("samples", None):
            file, sheet = split_sheet(samples.file)
            conversions.add((file, sheet or ""), None, "", "samples", "", "left out: no --reads were given")
        return {}
    reads = find_reads(place, clinical, decisions)
    patients = list(tables["patients"].frame["patient_id"].dropna()) if "patients" in tables else []
    kind = choose(reads, place, patients, decisions)
    for path, why in reads.notes:
        conversions.add((str(path), ""), None, "", "file", "", why)
        said.append(f"{path}: {why}")
    if kind is None:
        return {}
    rows = reads.units.get(kind)
    found = reads.matrices[kind] if rows is None else list(dict.fromkeys(row["sample_id"] for row in rows))
    tables["samples"] = build_samples(found, tables.get("samples"), patients, decisions, conversions)
    if rows is None:
        return {"expression": {"matrix": kind, "unit": decide_unit(kind, decisions)}}
    kept = set(tables["samples"].frame["sample_id"])
    units = pd.DataFrame([row for row in rows if row["sample_id"] in kept], dtype=object)
    tables["units"] = Table(units.where(units.notna(), None))
    return {"reference": dict(decide_reference(reads, kind, decisions))}


def latest_date(tables: Mapping[str, Table]) -> tuple[str, str]:
    """Return the latest date of all tables, and the column in which it stands; empty texts for none."""
    latest, where = "", ""
    for name, table in tables.items():
        for column in map(str, table.frame):
            rule = column_rule(load_schema(name), column) or {}
            days = [text for text in table.frame[column].dropna() if DATE.fullmatch(str(text))]
            if rule.get("format") == "date" and days and max(days) > latest:
                latest, where = max(days), f"{name}.{column}"
    return latest, where


def decide_cutoff(tables: Mapping[str, Table], decisions: Decisions) -> str | None:
    """Return the data cut-off: asked for wherever there are dates, for no table tells it."""
    latest, where = latest_date(tables)
    by_patient = "patients" in tables and bool({"cutoff_date", "cutoff_day"} & set(tables["patients"].frame))
    if not latest or by_patient:
        return None
    text = "Which is the data cut-off (YYYY-MM-DD; none where all that is in the tables counts)? "
    text += f"The latest date is {latest}, in {where}."
    answer = decisions.decide("endpoints: data cut-off", text)
    if answer in (None, "none"):
        return None
    if not DATE.fullmatch(str(answer)):
        expected = "a date as YYYY-MM-DD, or none"
        decisions.faults.append(
            Problem(decisions.file, column="endpoints: data cut-off", found=answer, expected=expected)
        )
    return answer


def settings_in(part: Path, folder: Path, proposal: Proposal, earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config with the paths of what is written in one folder; what a person set in an earlier one stays.

    Parameters
    ----------
    part, folder : Path
        Where the files lie that are written, and where those of the earlier delivery lie.
    """
    tables, decisions = proposal.tables, proposal.decisions
    found: dict[str, Any] = {name: str(table_path(part, name)) for name in ("samples", "units") if name in tables}
    found |= {key: value for key, value in proposal.settings.items() if value}
    found["clinical"] = {name: str(table_path(part, name)) for name in TABLES if name in tables}
    found["clinical"] |= clinical_kept(folder, earlier, tables, decisions)
    found |= {"endpoints": str(part / "endpoints.yaml"), "plan": str(part / "plan.yaml")}
    replaced = {"samples", "units", "expression", "clinical", "reference", "endpoints", "plan"}
    if "samples" not in tables and ("samples" not in decisions.written or "samples" in kept_tables(tables, decisions)):
        replaced -= {"samples", "units", "expression"}
    kept = {key: value for key, value in earlier.items() if key not in replaced}
    reference = {**(earlier.get("reference") or {}), **found.get("reference", {})}
    return {**kept, **found, **({"reference": reference} if reference else {})}


def write_trial(folder: Path, proposal: Proposal, check: Callable[[dict[str, Any], str], object]) -> None:
    """Write the trial whole or not at all: it is checked beside its place, then moved into it.

    Parameters
    ----------
    check : callable
        Raises InputError for a config, given with its file name, that a run would refuse.
    """
    folder = Path(os.path.abspath(folder))
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        earlier = earlier_config(folder)
        checked = settings_in(part, folder, proposal, earlier)
        files = write_files(part, folder, proposal)
        try:
            check(checked, str(part / "config.yaml"))
        except InputError as error:
            raise InputError([traced(problem, part, proposal) for problem in error.problems]) from None
        settings = settings_in(folder, folder, proposal, earlier)
        write_text(part / "config.yaml", HEAD + yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
        for name in [*files, "config.yaml"]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(part / name, folder / name)
        kept = {*proposal.tables, *kept_tables(proposal.tables, proposal.decisions)}
        for table in (proposal.decisions.written & set(TABLES)) - kept:
            table_path(folder, table).unlink(missing_ok=True)
        (folder / QUESTIONS).unlink(missing_ok=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_files(part: Path, folder: Path, proposal: Proposal) -> list[str]:
    """Write all but the config, and return the names; earlier rules and plan stay, but for the cut-off."""
    names = []
    for name, table in proposal.tables.items():
        path = table_path(part, name)
        write_table(path, edited(folder, table.frame, proposal) if name == "samples" else table.frame)
        names.append(path.relative_to(part).as_posix())
    for name in ("endpoints.yaml", "plan.yaml"):
        source = folder / name if (folder / name).is_file() else ROOT / "config" / name
        text = source.read_text(encoding="utf-8")
        if name == "endpoints.yaml":
            line = f"data_cutoff: {proposal.cutoff or 'null'}"
            text = CUTOFF.sub(line, text) if CUTOFF.search(text) else f"{text.rstrip()}\n{line}\n"
        write_text(part / name, text)
    write_text(part / MAPPING, mapping_text(proposal))
    write_table(part / "conversion.tsv", proposal.conversions.table())
    return [*names, "endpoints.yaml", "plan.yaml", MAPPING, "conversion.tsv"]


def edited(folder: Path, samples: pd.DataFrame, proposal: Proposal) -> pd.DataFrame:
    """Return the sheet of samples with what a person changed in that of the earlier delivery."""
    mapping = folder / MAPPING
    earlier = read_answers([mapping] if mapping.is_file() else [])
    written = earlier.samples if earlier.recorded else unrecorded_samples(folder / "conversion.tsv")
    return with_edits(samples, table_path(folder, "samples"), written, proposal.conversions)


def mapping_text(proposal: Proposal) -> str:
    """Return what the next delivery needs to know of this one."""
    tables, decisions = proposal.tables, proposal.decisions
    answers = lasting_answers(tables, {**decisions.answers, **decisions.made})
    samples = written_of(tables["samples"].frame) if "samples" in tables else decisions.samples
    written = {"tables": sorted({*tables, *kept_tables(tables, decisions)}), "samples": samples}
    content = {"format": 1, "answers": answers, "sources": proposal.mapping, "written": written}
    return MAPPING_HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def row_in(table: Table, file: str, match: re.Match[str]) -> str:
    """Return a row of a table, which a fault names, as the row of the file that it comes from."""
    place = int(match[1]) - FIRST_DATA_ROW
    origin, row = table.origins[place] if 0 <= place < len(table.origins) else ("", 0)
    return f"row {row}" if origin == file else f"row {row} of {origin}" if origin else match[0]


def mend_of_column(problem: Problem, name: str, table: Table) -> str | None:
    """Say what can be done about a column that a table lacks; other faults of a header have their mend."""
    if problem.column is None or problem.column in table.frame:
        return problem.mend
    answers = f"'<table>, <column>: column of {name}': {problem.column}, or '<table>: table': {LEAVE_OUT}"
    return f"{problem.mend or ''} Add it in the delivery, or answer which column it is: {answers}.".strip()


def traced(problem: Problem, part: Path, proposal: Proposal) -> Problem:
    """Name the place of a fault in the delivery's own files, where the table that has it was made of them."""
    for name, table in proposal.tables.items():
        if problem.file == str(table_path(part, name)):
            shown = table.file
            column = table.headers.get(str(problem.column), problem.column)
            if problem.row is not None and 0 <= problem.row - FIRST_DATA_ROW < len(table.origins):
                file, row = table.origins[problem.row - FIRST_DATA_ROW]
                expected = problem.expected and ROW.sub(functools.partial(row_in, table, file), problem.expected)
                return replace(problem, file=file, row=row or None, column=column, expected=expected)
            return replace(problem, file=shown, column=column, row=None, mend=mend_of_column(problem, name, table))
    return replace(problem, file=problem.file.replace(str(part), proposal.decisions.file))
