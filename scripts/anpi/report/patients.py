"""Patients: how they dwindle, who they are (Table 1), and a row for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anpi.figures.clinical import attrition
from anpi.report import sentences as say
from anpi.report.baseline import NUMBERS, VARIABLES, level_words, variable_words
from anpi.report.blocks import Cell, Drawing, Link, Note, Section, Table, Text, table_of
from anpi.report.numbers import NONE, decimal, has_value, months, text
from anpi.report.quality import failed_blocks, override_blocks, verdict_sentence, worst_first
from anpi.report.tables import Run, numbers_of
from anpi.trial.subtypes import SUBTYPES
from anpi.trial.times import DAYS_PER_MONTH
from anpi.words.quartiles import quartile_words
from anpi.words.shares import share


def patients(run: Run) -> Section:
    """Return attrition and Table 1."""
    return Section("patients", "Patients", [*attrition_blocks(run), *baseline_blocks(run)])


def everybody(run: Run) -> Section:
    """Return one table of all patients with their samples: the way into the pages of patients."""
    verdicts = run.table("verdicts")
    notes = []
    if verdicts is not None:
        verdicts = worst_first(verdicts.assign(patient_id=verdicts["sample_id"].map(run.sample_patients)))
        notes = [Text([verdict_sentence(verdicts)]), *failed_blocks(verdicts), *override_blocks(verdicts)]
    more = Link("details.html#quality", "Quality, subtypes and signatures of each sample")
    return Section("people", "Patients and samples", [*notes, people_table(run), more], "Patients and samples")


def attrition_blocks(run: Run) -> list[Any]:
    table = run.tables["attrition"]
    who = table_of(
        table,
        "attrition",
        "Who left at which step",
        {
            "step": "Step",
            "description": "Meaning",
            "patients": "Patients",
            "from_step": "Of",
            "left": "Left",
            "who_left": "Who",
        },
        {"step": lambda s: text(s).replace("_", " "), "from_step": lambda s: text(s).replace("_", " ")},
        folded=True,
    )
    caption = (
        "Patients at each step from enrolment to analysis; in brackets how many left since the step named in the table."
    )
    return [Text(say.step_sentence(table)), Drawing("attrition", "Attrition", caption, attrition, (table,)), who]


def baseline_blocks(run: Run) -> list[Any]:
    treated = run.members("all_treated")
    if treated.empty:
        return [Note("No patient was treated: there is no Table 1.", "absent")]
    caption = "Median [interquartile range] or n (%) of those known; missing values are counted, not filled."
    if treated["arm"].nunique() == 2:
        caption += (
            " Difference: standardised mean difference between the arms (the largest over categories); no test "
            "is made of it."
        )
    blocks: list[Any] = [baseline_table(treated, caption)]
    represent = run.table("representativeness")
    if represent is not None:
        blocks.append(representativeness_table(represent))
    return blocks


def baseline_table(treated: pd.DataFrame, caption: str) -> Table:
    """Return Table 1 by arm and overall.

    Parameters
    ----------
    treated : pandas.DataFrame
        One row a patient with ``arm`` and the columns of `baseline.VARIABLES`.
    """
    arms = sorted(treated["arm"].astype(str).unique())
    parts = [treated[treated["arm"].astype(str) == arm] for arm in arms]
    everyone = [treated] if len(arms) > 1 else []
    header = ["", *(f"{arm} (n = {len(part)})" for arm, part in zip(arms, parts, strict=True))]
    header += [f"All (n = {len(treated)})"] * len(everyone) + (["Difference"] if len(arms) == 2 else [])
    rows: list[list[Cell]] = []
    for column, words in VARIABLES.items():
        if column not in treated or not treated[column].notna().any():
            continue
        rows += variable_rows(column, words, [*parts, *everyone], len(arms) == 2)
    empty = "No baseline characteristic was given."
    return Table("table-1", "Table 1. Patients who began treatment", header, rows, caption, empty=empty)


def variable_rows(column: str, words: str, parts: list[pd.DataFrame], compare: bool) -> list[list[Cell]]:
    if column in NUMBERS:
        numbers = [numbers_of(part, column) for part in parts]
        smd = [Cell(smd_words(smd_numbers(numbers[0], numbers[1])))] if compare else []
        rows = [[Cell(f"{words}, median [IQR]"), *(Cell(median_iqr(values)) for values in numbers), *smd]]
    else:
        texts = [part[column].map(text).where(part[column].notna()) for part in parts]
        levels = sorted({level for values in texts for level in values.dropna()}, key=natural)
        smd = (
            [Cell(smd_words(max((smd_share(texts[0], texts[1], level) for level in levels), key=size_of)))]
            if compare
            else []
        )
        rows = [[Cell(words), *(Cell("") for _ in parts), *smd]]
        blank = [Cell("")] if compare else []
        rows += [
            [
                Cell(f"   {level_words(column, level)}"),
                *(Cell(share(int(values.eq(level).sum()), int(values.count()), NONE)) for values in texts),
                *blank,
            ]
            for level in levels
        ]
    missing = [int(part[column].isna().sum()) for part in parts]
    if any(missing):
        rows.append([Cell("   missing"), *(Cell(str(count)) for count in missing), *([Cell("")] if compare else [])])
    return rows


def natural(level: str) -> tuple[float, str]:
    return (float(level), "") if level.replace(".", "", 1).isdigit() else (np.inf, level)


def median_iqr(values: pd.Series) -> str:
    """Write a median with its quartiles (type 7)."""
    there = values.dropna()
    if there.empty:
        return NONE
    low, middle, high = np.percentile(there, [25, 50, 75])
    return quartile_words(middle, low, high)


def smd_numbers(first: pd.Series, second: pd.Series) -> float:
    """Return the standardised mean difference of a number between two groups (pooled standard deviation)."""
    a, b = first.dropna(), second.dropna()
    if len(a) < 2 or len(b) < 2:
        return float("nan")
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    return float((a.mean() - b.mean()) / spread) if spread > 0 else float("nan")


def smd_share(first: pd.Series, second: pd.Series, level: str) -> float:
    """Return the standardised difference of a proportion between two groups."""
    a, b = first.dropna().eq(level), second.dropna().eq(level)
    if a.empty or b.empty:
        return float("nan")
    p, q = a.mean(), b.mean()
    spread = np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    return float((p - q) / spread) if spread > 0 else (0.0 if p == q else float("nan"))


def size_of(value: float) -> float:
    return abs(value) if has_value(value) else -1.0


def smd_words(value: float) -> str:
    return decimal(abs(value)) if has_value(value) else NONE


def representativeness_table(represent: pd.DataFrame) -> Table:
    columns = {
        "variable": "Variable",
        "level": "Level",
        "evaluable": "With subtype",
        "not_evaluable": "Without",
        "all_treated": "All treated",
        "smd": "Difference",
        "warning": "Note",
    }
    caption = "Do the patients with a subtype stand for all who were treated? Differences are standardised."
    frame = represent.assign(
        variable=[say.capital(variable_words(str(name))) for name in represent["variable"]],
        level=[level_words(*pair) for pair in zip(represent["variable"], represent["level"], strict=True)],
    )
    return table_of(
        frame,
        "representativeness",
        "Patients with and without a subtype",
        columns,
        {"smd": decimal},
        caption=caption,
        folded=True,
    )


def people_table(run: Run) -> Table:
    """Return one row a patient: the way into the pages, and the equivalent of the figures for who cannot see them."""
    people = run.people
    header = ["Patient", "Arm", "Subtype", "Call", "Best response", "PFS, months", "OS, months", "Sample", "Quality"]
    header += ["Reasons and why left out"]
    verdicts = run.table("verdicts")
    judged = {} if verdicts is None else verdicts.set_index("sample_id")[["verdict", "reasons"]].to_dict("index")
    rows = []
    for patient, row in people.iterrows():
        group, sample = row["group"], row.get("sample_id")
        verdict = judged.get(sample, {})
        out, noted = (text(value, "") for value in (row.get("reason_out"), verdict.get("reasons")))
        why = [words for words in (out, noted if noted not in out else "") if words]
        rows.append(
            [
                Cell(str(patient)),
                Cell(text(row["arm"])),
                Cell(group_name(group), ORDER.get(group, 6), group),
                Cell(text(row["call"])),
                Cell(text(row.get("cbor"))),
                time_cell(row, "pfs"),
                time_cell(row, "os"),
                Cell(text(sample)),
                Cell(text(verdict.get("verdict"))),
                Cell("; ".join(dict.fromkeys(why)) or NONE),
            ]
        )
    caption = "+ after a time: censored. Confirmed best response. Point at a row to find the patient in the figures."
    numeric = [False] * 5 + [True] * 2 + [False] * 3
    return Table("people", "All patients", header, rows, caption, numeric, [str(p) for p in people.index], filter=True)


ORDER = {"A": 0, "N": 1, "P": 2, "I": 3, "mixed": 4, "none": 5}


def group_name(group: Any) -> str:
    """Name a call as it is searched for: ``SCLC-A``, ``mixed``, ``no call``."""
    return f"SCLC-{group}" if group in SUBTYPES else {"none": "no call"}.get(group, text(group))


def time_cell(row: pd.Series, endpoint: str) -> Cell:
    days, event = row.get(f"{endpoint}_days"), row.get(f"{endpoint}_event")
    if not has_value(days):
        return Cell(NONE)
    value = float(days) / DAYS_PER_MONTH
    return Cell(months(value) + ("" if event == 1 else "+"), value)
