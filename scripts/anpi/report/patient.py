"""The page of one patient."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.cohort.facts import FACTS
from anpi.figures.course import course
from anpi.report import sentences as say
from anpi.report.baseline import VARIABLES, level_words
from anpi.report.biology import PROGRAMMES, drawn_signatures
from anpi.report.blocks import Bar, Bars, Cell, Drawing, Note, Section, Table, Text, table_of
from anpi.report.numbers import NONE, decimal, known, months, text
from anpi.report.quality import number, verdict_columns
from anpi.report.schemes import schemes_of_sample
from anpi.report.strips import percentile_bars, percentiles, strips_of
from anpi.report.tables import Run, end_days
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


def patient_sections(run: Run, patient: str) -> list[Section]:
    """Return the sections of a patient's page."""
    row = run.people.loc[patient]
    sample = row.get("sample_id")
    return [
        Section("patient", "In short", overview(run, row)),
        Section("course", "Course", course_blocks(run, patient, row)),
        Section("events", "Adverse events", event_blocks(run, patient)),
        Section("subtype", "Subtype", subtype_blocks(run, patient, sample)),
        Section("signatures", "Signatures", signature_blocks(run, sample)),
        Section("targets", "What this tumour offers to therapies", target_blocks(run, sample)),
        Section("change", "Change under treatment", change_blocks(run, patient)),
        Section("quality", "Samples and quality", quality_blocks(run, patient)),
        Section("queries", "Data queries", query_blocks(run, patient)),
    ]


def overview(run: Run, row: pd.Series) -> list[Any]:
    facts = [("Arm", text(row["arm"]))]
    facts += [(words, level_words(name, row[name])) for name, words in VARIABLES.items() if known(row.get(name))]
    facts.append(("Best response", f"{text(row.get('bor'))}; confirmed {text(row.get('cbor'))}"))
    for endpoint in SURVIVAL:
        facts.append((say.capital(endpoint_words(endpoint)), time_words(row, endpoint)))
    sets = [
        c.replace("_", " ")
        for c in run.tables["sets"]
        if run.tables["sets"][c].isin(["yes", "no"]).any() and row.get(c) == "yes"
    ]
    facts.append(("Analysis sets", ", ".join(sets) or "none"))
    if known(row.get("reason_out")):
        facts.append(("Left out of others because", text(row["reason_out"])))
    table = Table("facts", "Facts", ["", ""], [[Cell(words), Cell(value)] for words, value in facts])
    warning = Note("Research use. Not a diagnostic result; do not treat by it.", "limit")
    return [Text([verdict_line(run, row)], "verdict"), warning, table]


def verdict_line(run: Run, row: pd.Series) -> str:
    """Return a patient in a line: the call with its probability, the sample's verdict, sex, tissue, identity."""
    sample = row.get("sample_id")
    calls = run.rows("calls", "sample_id", sample)
    if calls is None:
        return "No subtype: no sample of this patient was called."
    call = calls.iloc[0]
    if known(call["subtype"]):
        parts = [f"SCLC-{call['subtype']}, {call['call']} call, probability {decimal(call['p_' + call['subtype']])}"]
    else:
        why = f": {call['reason']}" if known(call["reason"]) else ""
        parts = [f"{'Mixed call' if call['call'] == 'mixed' else 'No call'}{why}"]
    return "; ".join([*parts, *sample_flags(run, sample)]) + "."


def sample_flags(run: Run, sample: str) -> list[str]:
    """Return what speaks for and against a sample: quality, sex by genes, genotypes, tissue."""
    found = []
    verdicts, tissues = (run.rows(table, "sample_id", sample) for table in ("verdicts", "tissues"))
    if verdicts is not None:
        one = verdicts.iloc[0]
        found.append(f"quality {one['verdict']}")
        sexes = [one.get("sex_clinical"), one.get("sex_expression")]
        if all(sex in ("F", "M") for sex in sexes):
            agree = sexes[0] == sexes[1]
            found.append("sex agrees" if agree else "SEX BY GENES DIFFERS: maybe another person's sample")
        if known(one.get("identity")) and one["identity"] != "unknown":
            fits = one["identity"] == "match"
            found.append("genotypes fit" if fits else "GENOTYPES DO NOT FIT: maybe another person's sample")
        if known(one.get("viruses")):
            told = [VIRUSES[kind].partition(":") for kind in str(one["viruses"]).split(", ")]
            found += [f"{head.upper()}:{rest}" for head, _, rest in told]
    if tissues is not None:
        words = {"yes": "SCLC by its genes", "doubt": "TISSUE IN DOUBT", "no": "NOT SCLC by its genes"}
        found += [words[answer] for answer in tissues["sclc"] if answer in words]
    return found


def time_words(row: pd.Series, endpoint: str) -> str:
    days = row.get(f"{endpoint}_days")
    if not known(days):
        return NONE
    how = "event" if row.get(f"{endpoint}_event") == 1 else "censored"
    return (
        f"{months(float(days) / DAYS_PER_MONTH)} months ({text(float(days))} days), {how}: "
        f"{text(row.get(f'{endpoint}_reason'))}"
    )


def course_blocks(run: Run, patient: str, row: pd.Series) -> list[Any]:
    mine = run.rows("timepoints", "patient_id", patient)
    if mine is None:
        return [Note("No scan after the start of treatment is in the tables.", "absent")]
    mine = mine.sort_values("assessment_day")
    scans = pd.DataFrame(
        {
            "day": mine["assessment_day"].astype(float),
            "response": mine["overall"].astype(object),
            "change": pd.to_numeric(mine["change_from_baseline_pct"], errors="coerce"),
        }
    )
    ends = end_days(row)
    if run.therapies is not None and run.therapies["patient_id"].eq(patient).any():
        ends["new_therapy"] = float(run.therapies.loc[run.therapies["patient_id"].eq(patient), "start_day"].min())
    drawn = course(scans, ends, "fig-course", COURSE, COURSE_WORDS)
    figure = Drawing("course", COURSE, COURSE_WORDS, drawn, b"", scans)
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
    columns = {c: w for c, w in columns.items() if c in mine and (mine[c].notna().any() or c == "overall")}
    write = {
        "queries": lambda v: text(v).replace("_", " "),
        "change_from_baseline_pct": lambda v: decimal(v, 1),
        "change_from_nadir_pct": lambda v: decimal(v, 1),
    }
    return [figure, table_of(mine, "scans", "Scans", columns, write)]


def event_blocks(run: Run, patient: str) -> list[Any]:
    if run.adverse_events is None:
        return [Note("Adverse events were not given to this run.", "absent")]
    mine = run.adverse_events[run.adverse_events["patient_id"] == patient]
    if mine.empty:
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
    columns = {c: words for c, words in columns.items() if c in mine and mine[c].notna().any()}
    day = "start_day" if "start_day" in columns else "start_date"
    order = [c for c in (day, "term") if c in mine]
    caption = "As reported, treatment-emergent or not."
    return [table_of(mine.sort_values(order), "events", "Adverse events", columns, caption=caption)]


def subtype_blocks(run: Run, patient: str, sample: Any) -> list[Any]:
    calls = run.rows("calls", "sample_id", sample)
    if calls is None:
        return [Note("No sample of this patient was called.", "absent")]
    call = calls.iloc[0]
    if known(call["subtype"]):
        sentence = f"Sample {sample}: SCLC-{call['subtype']}, {call['call']} call."
    else:
        sentence = f"Sample {sample}: no call."
    reason = [f"Reason: {call['reason']}."] if known(call["reason"]) else []
    other = [f"Highest transcription factor (NAPY): {text(call['napy'])}."] if known(call["napy"]) else []
    chances = [Bar(f"SCLC-{k}", share_of(call[f"p_{k}"]), decimal(call[f"p_{k}"]), k) for k in SUBTYPES]
    caption = (
        f"Model {text(call['model'])}. A probability says how the model weighs this one sample, not how the "
        "patient will fare."
    )
    blocks: list[Any] = [Text([sentence, *reason, *other]), Bars("Probability of each class", chances, "fill", caption)]
    programmes = run.rows("programmes", "sample_id", sample)
    if programmes is not None:
        levels = programmes.iloc[0]
        bars = [
            Bar(words, (float(levels[k]) + 3) / 6 * 100, decimal(levels[k]))
            for k, words in PROGRAMMES.items()
            if k in levels and known(levels[k])
        ]
        bars = [Bar(b.words, min(max(b.share, 0), LONGEST), b.value) for b in bars]
        blocks.append(Bars("Programmes", bars, "dot", "Mean z against the locked reference, from −3 to +3."))
    return [*blocks, *schemes_of_sample(call)]


def share_of(value: Any) -> float:
    return 100 * float(value) if known(value) else 0.0


def signature_blocks(run: Run, sample: Any) -> list[Any]:
    mine = run.rows("scores", "sample_id", sample)
    if mine is None:
        return [Note("No signature was scored for this patient.", "absent")]
    ((_, ranks),) = percentiles(run, "scores", [sample])
    drawn = drawn_signatures(run, ranks)
    bars = percentile_bars(run, "scores", sample, {name: run.signature_names.get(name, name) for name in drawn})
    if not bars:
        return [Note("No signature of this sample has a percentile of the reference.", "absent")]
    caption = "Percentile among the reference tumours (George 2015); 50 is their median. Not a threshold for anything."
    return [Bars("Signatures as percentiles", bars, "dot", caption + strips_of(run, "scores")[1])]


def quality_blocks(run: Run, patient: str) -> list[Any]:
    verdicts = run.table("verdicts")
    if verdicts is None:
        return [Note("This run has no expression data.", "absent")]
    own = [run.rows("verdicts", "sample_id", sample) for sample in run.samples_of.get(patient, ())]
    found = [rows for rows in own if rows is not None]
    if not found:
        return [Note("No sample of this patient is in the run.", "absent")]
    mine = pd.concat(found).sort_index()
    columns = {"sample_id": "Sample", **verdict_columns(mine)}
    return [table_of(mine, "samples", "Samples", columns, dict.fromkeys(FACTS, number))]


def query_blocks(run: Run, patient: str) -> list[Any]:
    mine = run.rows("queries", "patient_id", patient)
    if mine is None:
        return [Text(["No contradiction was found in this patient's tables."])]
    columns = {"severity": "Severity", "rule": "Check", "message": "What was found"}
    return [
        Text([say.query_sentence(mine)]),
        table_of(mine, "queries", "Queries", columns, {"rule": lambda v: str(v).replace("_", " ")}),
    ]
