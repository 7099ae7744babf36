"""The page of one patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from anpi.figures.course import Scan, course
from anpi.report import sentences as say
from anpi.report.baseline import VARIABLES, YES_NO, level_words
from anpi.report.biology import PROGRAMMES, chosen_signatures
from anpi.report.blocks import Bar, Bars, Cell, Note, Picture, Section, Table, Text, table_of_rows
from anpi.report.numbers import NONE, decimal, has_value, months, text
from anpi.report.patient_record import PatientRecord, Rows
from anpi.report.quality import VERDICT_WORDS, verdict_columns
from anpi.report.schemes import schemes_of_sample
from anpi.report.strips import WORDS, percentile_bars, percentiles
from anpi.report.tables import end_days
from anpi.report.targets import target_blocks
from anpi.report.under_treatment import change_blocks
from anpi.trial.endpoints import SURVIVAL, endpoint_words
from anpi.trial.subtypes import SUBTYPES
from anpi.trial.times import DAYS_PER_MONTH
from anpi.words.strangers import VIRUSES

LONGEST = 100.0
COURSE = "Course of treatment"
COURSE_WORDS = (
    "Above: treatment (bar), scans by response and follow-up (line). Below: change of the sum of diameters from "
    "baseline; dashed: −30% (response) and +20%, which stands for progression only when the baseline is the nadir."
)


def patient_sections(record: PatientRecord) -> list[Section]:
    """Return the sections of a patient's page."""
    return [
        Section("patient", "In short", overview(record)),
        Section("course", "Course", course_blocks(record)),
        Section("events", "Adverse events", event_blocks(record)),
        Section("subtype", "Subtype", subtype_blocks(record)),
        Section("signatures", "Signatures", signature_blocks(record)),
        Section("targets", "What this tumour offers to therapies", target_blocks(record)),
        Section("change", "Change under treatment", change_blocks(record)),
        Section("quality", "Samples and quality", quality_blocks(record)),
        Section("queries", "Data queries", query_blocks(record)),
    ]


def overview(record: PatientRecord) -> list[Any]:
    row = record.person
    facts = [("Arm", text(row["arm"]))]
    facts += [(words, level_words(name, row[name])) for name, words in VARIABLES.items() if has_value(row.get(name))]
    facts.append(("Best response", f"{text(row.get('bor'))}; confirmed {text(row.get('cbor'))}"))
    for endpoint in SURVIVAL:
        facts.append((say.capital(endpoint_words(endpoint)), time_words(row, endpoint)))
    sets = [set_words(name) for name in record.shared.sets if row.get(name) == "yes"]
    facts.append(("Analysis sets", ", ".join(sets) or "none"))
    if has_value(row.get("reason_out")):
        facts.append(("Left out of others because", text(row["reason_out"])))
    table = Table("facts", "Facts", ["", ""], [[Cell(words), Cell(value)] for words, value in facts])
    warning = Note("Research use. Not a diagnostic result; do not treat by it.", "limit")
    return [Text([verdict_line(record)], "verdict"), warning, table]


def verdict_line(record: PatientRecord) -> str:
    """Return a patient in a line: the call with its probability, the sample's verdict, sex, tissue, identity."""
    calls = record.of_sample("calls", record.sample)
    if not calls:
        return "No subtype: no sample of this patient was called."
    call = calls[0]
    if has_value(call["subtype"]):
        parts = [f"SCLC-{call['subtype']}, {call['call']} call, probability {decimal(call['p_' + call['subtype']])}"]
    else:
        why = f": {call['reason']}" if has_value(call["reason"]) else ""
        parts = [f"{'Mixed call' if call['call'] == 'mixed' else 'No call'}{why}"]
    return "; ".join([*parts, *sample_flags(record)]) + "."


def sample_flags(record: PatientRecord) -> list[str]:
    """Return what speaks for and against a sample: quality, sex by genes, genotypes, tissue."""
    found = []
    verdicts, tissues = (record.of_sample(table, record.sample) for table in ("verdicts", "tissues"))
    if verdicts:
        one = verdicts[0]
        found.append(f"quality {one['verdict']}")
        sexes = [one.get("sex_clinical"), one.get("sex_expression")]
        if all(sex in ("F", "M") for sex in sexes):
            agree = sexes[0] == sexes[1]
            found.append("sex agrees" if agree else "SEX BY GENES DIFFERS: maybe another person's sample")
        if has_value(one.get("identity")) and one["identity"] != "unknown":
            fits = one["identity"] == "match"
            found.append("genotypes fit" if fits else "GENOTYPES DO NOT FIT: maybe another person's sample")
        if has_value(one.get("viruses")):
            told = [VIRUSES[kind].partition(":") for kind in str(one["viruses"]).split(", ")]
            found += [f"{head.upper()}:{rest}" for head, _, rest in told]
    words = {"yes": "SCLC by its genes", "doubt": "TISSUE IN DOUBT", "no": "NOT SCLC by its genes"}
    return found + [words[tissue["sclc"]] for tissue in tissues if tissue["sclc"] in words]


def set_words(name: str) -> str:
    return name.replace("_", " ").replace("rna ", "RNA ")


def time_words(row: Mapping[str, Any], endpoint: str) -> str:
    days: Any = row.get(f"{endpoint}_days")
    if not has_value(days):
        return NONE
    how = "event" if row.get(f"{endpoint}_event") == 1 else "censored"
    return (
        f"{months(float(days) / DAYS_PER_MONTH)} months ({text(float(days))} days), {how}: "
        f"{text(row.get(f'{endpoint}_reason'))}"
    )


def course_blocks(record: PatientRecord) -> list[Any]:
    mine = record.rows.get("timepoints")
    if mine is None:
        return [Note("No scan after the start of treatment is in the tables.", "absent")]
    mine = sorted(mine, key=lambda row: row["assessment_day"])
    scans = [Scan(float(r["assessment_day"]), r["overall"], float_of(r["change_from_baseline_pct"])) for r in mine]
    ends = end_days(record.person)
    if "therapies" in record.rows:
        ends["new_therapy"] = float(min(row["start_day"] for row in record.rows["therapies"]))
    figure = Picture("course", COURSE, COURSE_WORDS, course(scans, ends, "fig-course", COURSE, COURSE_WORDS))
    columns = {
        "assessment_date": "Date",
        "assessment_day": "Day",
        "sum_mm": "Sum, mm",
        "change_from_baseline_pct": "From baseline, %",
        "change_from_nadir_pct": "From nadir, %",
        "overall": "Response",
        "overall_reported": "Reported",
        "new_lesion": "New lesion",
        "queries": "Queries",
    }
    columns = {c: words for c, words in columns.items() if c == "overall" or is_told(mine, c)}
    write = {
        "queries": lambda v: text(v).replace("_", " "),
        "change_from_baseline_pct": lambda v: decimal(v, 1),
        "change_from_nadir_pct": lambda v: decimal(v, 1),
    }
    return [figure, table_of_rows(mine, "scans", "Scans", columns, write)]


def float_of(value: Any) -> float | None:
    return None if not has_value(value) else float(value)


def is_told(rows: Rows, column: str) -> bool:
    return any(has_value(row.get(column)) for row in rows)


def event_blocks(record: PatientRecord) -> list[Any]:
    if not record.shared.has_events:
        return [Note("Adverse events were not given to this run.", "absent")]
    mine = record.rows.get("adverse_events")
    if mine is None:
        return [Text(["No adverse event is in the tables."])]
    columns = {
        "term": "Term",
        "grade": "Grade",
        "start_date": "Start",
        "start_day": "Start day",
        "end_date": "End",
        "end_day": "End day",
        "serious": "Serious",
        "related": "Related",
        "immune_related": "Immune-related",
        "action": "Action",
    }
    columns = {c: words for c, words in columns.items() if is_told(mine, c)}
    day = "start_day" if "start_day" in columns else "start_date"
    mine = sorted(mine, key=lambda row: (not has_value(row.get(day)), row.get(day) or 0, str(row.get("term"))))
    write = dict.fromkeys(("serious", "related", "immune_related"), lambda value: YES_NO.get(value, text(value)))
    caption = "As reported, treatment-emergent or not."
    return [table_of_rows(mine, "events", "Adverse events", columns, write, caption)]


def subtype_blocks(record: PatientRecord) -> list[Any]:
    calls = record.of_sample("calls", record.sample)
    if not calls:
        return [Note("No sample of this patient was called.", "absent")]
    call = calls[0]
    if has_value(call["subtype"]):
        sentence = f"Sample {record.sample}: SCLC-{call['subtype']}, {call['call']} call."
    else:
        sentence = f"Sample {record.sample}: no call."
    reason = [f"Reason: {call['reason']}."] if has_value(call["reason"]) else []
    other = [f"Highest transcription factor (NAPY): {text(call['napy'])}."] if has_value(call["napy"]) else []
    chances = [Bar(f"SCLC-{k}", share_of(call[f"p_{k}"]), decimal(call[f"p_{k}"]), k) for k in SUBTYPES]
    caption = (
        f"Model {text(call['model'])}. A probability says how the model weighs this one sample, not how the "
        "patient will fare."
    )
    blocks: list[Any] = [Text([sentence, *reason, *other]), Bars("Probability of each class", chances, "fill", caption)]
    for levels in record.of_sample("programmes", record.sample)[:1]:
        bars = [
            Bar(words, (float(levels[k]) + 3) / 6 * 100, decimal(levels[k]))
            for k, words in PROGRAMMES.items()
            if has_value(levels.get(k))
        ]
        bars = [Bar(b.words, min(max(b.share, 0), LONGEST), b.value) for b in bars]
        blocks.append(Bars("Programmes", bars, "dot", "Mean z against the locked reference, from −3 to +3."))
    return [*blocks, *schemes_of_sample(call)]


def share_of(value: Any) -> float:
    return 100 * float(value) if has_value(value) else 0.0


def signature_blocks(record: PatientRecord) -> list[Any]:
    mine = record.of_sample("scores", record.sample)
    if not mine:
        return [Note("No signature was scored for this patient.", "absent")]
    drawn = chosen_signatures(record.shared.drawable, percentiles(mine, "scores"))
    bars = percentile_bars(record, "scores", {name: record.shared.signatures.get(name, name) for name in drawn})
    if not bars:
        return [Note("No signature of this sample has a percentile of the reference.", "absent")]
    caption = "Percentile among the reference tumours (George 2015); 50 is their median. Not a threshold for anything."
    return [Bars("Signatures as percentiles", bars, "dot", caption + WORDS, "scores")]


def quality_blocks(record: PatientRecord) -> list[Any]:
    if not record.shared.has_verdicts:
        return [Note("This run has no expression data.", "absent")]
    mine = record.rows.get("verdicts")
    if mine is None:
        return [Note("No sample of this patient is in the run.", "absent")]
    columns = {"sample_id": "Sample", **verdict_columns(lambda column: is_told(mine, column))}
    return [table_of_rows(mine, "samples", "Samples", columns, VERDICT_WORDS)]


def query_blocks(record: PatientRecord) -> list[Any]:
    mine = record.rows.get("queries")
    if mine is None:
        return [Text(["No contradiction was found in this patient's tables."])]
    columns = {"severity": "Severity", "rule": "Check", "message": "What was found"}
    return [
        Text([say.query_sentence(pd.DataFrame(mine))]),
        table_of_rows(mine, "queries", "Queries", columns, {"rule": lambda v: str(v).replace("_", " ")}),
    ]
