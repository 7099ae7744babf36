"""Where a patient stands among responders and others: short lines along the track of a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from anpi.report.blocks import Bar
from anpi.report.tables import Run

MOST_LINES = 40  # of a group: more are told by as many evenly spaced quantiles
NAMES = {"scores": "signature", "targets": "target"}

Strips = dict[str, tuple[tuple[float, ...], tuple[float, ...]]]


def strips_of(run: Run, table: str) -> tuple[Strips, str]:
    """Return the percentiles of responders and of others by name, and what a caption says of them; made once a run."""
    if table not in run.strips:
        run.strips[table] = (made_strips(run, table), strip_words(run, table))
    return run.strips[table]


def responses_of(run: Run, table: str) -> pd.DataFrame:
    """Return the known percentiles of the chosen samples of patients whose response is known."""
    frame, people = run.table(table), run.people
    if frame is None or "response" not in people or "sample_id" not in people:
        return pd.DataFrame(columns=["sample_id", NAMES[table], "reference_percentile", "response"])
    response = people.dropna(subset=["sample_id"]).set_index("sample_id")["response"]
    rows = frame.assign(response=frame["sample_id"].map(response))
    return rows.dropna(subset=["response", "reference_percentile"])


def made_strips(run: Run, table: str) -> Strips:
    by_name = responses_of(run, table).groupby(NAMES[table], sort=False)
    return {str(name): (thinned(part, "Y"), thinned(part, "N")) for name, part in by_name}


def thinned(rows: pd.DataFrame, response: str) -> tuple[float, ...]:
    values = np.sort(rows.loc[rows["response"].eq(response), "reference_percentile"].to_numpy(float))
    if len(values) > MOST_LINES:
        values = np.quantile(values, np.linspace(0, 1, MOST_LINES))
    return tuple(values.round(1).tolist())


@lru_cache(maxsize=1024)
def lines(values: tuple[float, ...], top: int) -> str:
    """Write the path of short lines at 0 to 100, of which ``top`` is the upper end."""
    return "".join(f"M{value:g} {top}v4" for value in values)


def strip_words(run: Run, table: str) -> str:
    """Return what the lines are; empty where no response is known."""
    counts = responses_of(run, table).drop_duplicates("sample_id")["response"].value_counts()
    if counts.empty:
        return ""
    return (
        f" Lines above: {counts.get('Y', 0)} responders, below: {counts.get('N', 0)} others; hollow: other samples of "
        "this patient."
    )


def percentile_bars(run: Run, table: str, sample: str, names: Mapping[str, str]) -> list[Bar]:
    """Return a dot a name at the percentile of a sample, with the lines of all and the dots of the other samples."""
    found = percentiles(run, table, [sample])
    own = found[0][1] if found else {}
    patient = str(run.sample_patients.get(sample, ""))
    others = percentiles(run, table, [s for s in run.samples_of.get(patient, ()) if s != sample])
    beside, _ = strips_of(run, table)
    bars = []
    for name, words in names.items():
        if name not in own:
            continue
        responders, rest = beside.get(name, ((), ()))
        hollow = [ranks[name] for _, ranks in others if name in ranks]
        value = f"{own[name]:.0f}" + "".join(f"; {ranks[name]:.0f} in {s}" for s, ranks in others if name in ranks)
        bars.append(Bar(words, own[name], value, None, lines(responders, 0), lines(rest, 8), hollow))
    return bars


def percentiles(run: Run, table: str, samples: Iterable[str]) -> list[tuple[str, dict[str, float]]]:
    """Return the known percentiles of samples by name."""
    found = [(sample, run.rows(table, "sample_id", sample)) for sample in samples]
    known = [(s, rows.dropna(subset=["reference_percentile"])) for s, rows in found if rows is not None]
    return [(s, dict(zip(r[NAMES[table]], r["reference_percentile"].astype(float), strict=True))) for s, r in known]
