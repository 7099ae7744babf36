"""Where a patient stands among responders and others: short lines along the track of a value.

The lines are of the whole run and stand in a file of their own beside the pages, so that a patient more leaves the
pages of the others as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import quote

import numpy as np
import pandas as pd

from anpi.report.blocks import Bar
from anpi.report.numbers import has_value
from anpi.report.patient_record import PatientRecord, Rows
from anpi.report.tables import Run
from anpi.words.lists import plural

FILE = "strips.css"
MOST_LINES = 40  # of a group: more are told by as many evenly spaced quantiles
NAMES = {"scores": "signature", "targets": "target"}
WORDS = " Hollow: other samples of this patient. Lines above: responders; below: others."
SHAPE = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 1' preserveAspectRatio='none'>{}</svg>"
SAFE = " =:/'"
LINE = "<path d='{}' stroke='#000' stroke-width='1.2' vector-effect='non-scaling-stroke'/>"

Strips = dict[str, tuple[tuple[float, ...], tuple[float, ...]]]


def strip_file(run: Run) -> str:
    """Write the lines of responders and of others as pictures that the pages of patients lay along their tracks."""
    rules = []
    for table in NAMES:
        found = responses_of(run, table)
        counts = found.drop_duplicates("sample_id")["response"].value_counts()
        told = f"{plural(int(counts.get('Y', 0)), 'responder')}, {plural(int(counts.get('N', 0)), 'other')}"
        told = f" In this run: {told}." if len(counts) else " No response is known."
        rules.append(f'.strips-{table}::after {{ content: "{told}"; }}')
        for name, (responders, rest) in strips_of(found, table).items():
            pictures = f"--above: {picture(responders)}; --below: {picture(rest)}"
            rules.append(f".{strip_class(table, name)} {{ {pictures}; }}")
    return "\n".join([*rules, ""])


def picture(places: tuple[float, ...]) -> str:
    drawn = LINE.format("".join(f"M{place:g} 0v1" for place in places)) if places else ""
    return f'url("data:image/svg+xml,{quote(SHAPE.format(drawn), safe=SAFE)}")'


def strip_class(table: str, name: str) -> str:
    """Name the lines of a value; names of users never stand in a style."""
    return f"strip-{hashlib.sha256(f'{table} {name}'.encode()).hexdigest()[:8]}"


def responses_of(run: Run, table: str) -> pd.DataFrame:
    """Return the known percentiles of the chosen samples of patients whose response is known."""
    frame, people = run.table(table), run.people
    if frame is None or "response" not in people or "sample_id" not in people:
        return pd.DataFrame(columns=["sample_id", NAMES[table], "reference_percentile", "response"])
    response = people.dropna(subset=["sample_id"]).set_index("sample_id")["response"]
    rows = frame.assign(response=frame["sample_id"].map(response))
    return rows.dropna(subset=["response", "reference_percentile"])


def strips_of(responses: pd.DataFrame, table: str) -> Strips:
    """Return the percentiles of responders and of others by name."""
    by_name = responses.groupby(NAMES[table], sort=False)
    return {str(name): (thinned(part, "Y"), thinned(part, "N")) for name, part in by_name}


def thinned(rows: pd.DataFrame, response: str) -> tuple[float, ...]:
    values = np.sort(rows.loc[rows["response"].eq(response), "reference_percentile"].to_numpy(float))
    if len(values) > MOST_LINES:
        values = np.quantile(values, np.linspace(0, 1, MOST_LINES))
    return tuple(values.round(1).tolist())


def percentile_bars(record: PatientRecord, table: str, names: Mapping[str, str]) -> list[Bar]:
    """Return a dot a name at the percentile of the chosen sample, with the dots of the patient's other samples."""
    mine = percentiles(record.of_sample(table, record.sample), table)
    others = [(s, percentiles(record.of_sample(table, s), table)) for s in record.samples if s != record.sample]
    bars = []
    for name, words in names.items():
        if name in mine:
            hollow = [(ranks[name], sample) for sample, ranks in others if name in ranks]
            value = f"{mine[name]:.0f}" + "".join(f"; {rank:.0f} in {sample}" for rank, sample in hollow)
            bars.append(Bar(words, mine[name], value, None, strip_class(table, name), [rank for rank, _ in hollow]))
    return bars


def percentiles(rows: Rows, table: str) -> dict[str, float]:
    """Return the known percentiles of a sample by name."""
    return {str(row[NAMES[table]]): float(rank) for row in rows if has_value(rank := row["reference_percentile"])}
