"""The map of patients: all that is known of each side by side, to sort, to filter and to select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from anpi.figures.clinical import best_change
from anpi.figures.course import RESPONSE_COLOURS
from anpi.figures.patient_map import Track, patient_map
from anpi.figures.style import OTHER_COLOURS, SUBTYPE_COLOURS, VERDICT_COLOURS
from anpi.report.biology import drawn_signatures, given_in
from anpi.report.blocks import Section, Text
from anpi.report.numbers import drawn_of, has_value
from anpi.report.tables import Run, numbers_of
from anpi.trial.subtypes import SUBTYPES
from anpi.trial.times import DAYS_PER_MONTH
from anpi.words.lists import plural
from anpi.words.names import short_names

MOST_SIGNATURES = 4
MOST_TARGETS = 4
PRESENTATION = "MHC-I"
NO_TEST = (
    "A selection never gets a p-value: whoever chooses patients after seeing their outcomes finds a difference by "
    "choosing."
)
PALE = ("#dbe6f1", "#f6e3cf", "#d8ecd9", "#e8dff0", "#efe6d2", "#e0e0e0")


@dataclass(frozen=True)
class Map:
    """The map with what the script of the page needs: chips by name with their patients, and sort keys a track."""

    svg: str
    chips: Sequence[tuple[str, Sequence[tuple[str, Sequence[str]]]]]
    orders: dict[str, Sequence[int]]
    note: str
    caption: str
    kind: str = "map"


def patients_on_a_map(run: Run) -> Section:
    """Return the map with its chips; a selection dims all other patients everywhere on the page."""
    people = run.people
    drawn = people[run.is_drawn(people.index)]
    tracks = [track for track in all_tracks(run, drawn) if any(is_known(value) for value in track.values)]
    left = len(people) - len(drawn)
    words = (
        f"{plural(len(drawn), 'patient')}, a column each. Click columns, or use the arrows and the space bar, to select"
        "; chips select by what patients share. A selection dims all others in every figure and table below."
    )
    words += f" Drawn: {drawn_of(len(drawn), len(people), 'patient')}; chips hold all." if left else ""
    svg = patient_map([str(p) for p in drawn.index], tracks, "Map of patients")
    block = Map(svg, chips(run), {t.name: order_of(t.values) for t in tracks}, NO_TEST, caption_of(run, tracks))
    return Section("patient-map", "Patient map", [Text([words]), block], "Patient map")


def arms_of(run: Run) -> list[str]:
    return sorted(run.people["arm"].dropna().astype(str).unique())


def caption_of(run: Run, tracks: Sequence[Track]) -> str:
    names = {track.name for track in tracks}
    words = "; ".join(f"Arm {place}: {arm}" for place, arm in enumerate(arms_of(run), 1)) + ". "
    words += (
        "A thin line: not known. Signatures and targets: darker is a higher percentile of the reference tumours. PFS "
        "event: e, censored: c."
    )
    if "Subtype shares" in names:
        words += " Shares from above: A, N, P, I."
    return words + " Flags: Q quality, S sex by genes differs, T tissue in doubt, L lean, M mixed, – no call."


def is_known(value: object) -> bool:
    return (not isinstance(value, (list, tuple)) and has_value(value)) or isinstance(value, (list, tuple))


def all_tracks(run: Run, people: pd.DataFrame) -> list[Track]:
    """Return the tracks in the order of the map; one of which nothing is known is not drawn."""
    arms = arms_of(run)
    group = [SHORT.get(str(g), str(g)) if has_value(g) else None for g in people["group"]]
    return [
        Track("Arm", "word", numbered(column(people, "arm"), arms), dict(zip("123456", PALE, strict=True))),
        Track("Subtype", "word", group, SUBTYPE_COLOURS | {"m": SUBTYPE_COLOURS["mixed"], "–": "#ffffff"}),
        Track("Subtype shares", "shares", shares(run, people)),
        *signature_tracks(run, people),
        *target_tracks(run, people),
        Track("Best change, %", "change", changes(run, people)),
        Track("Best response", "word", column(people, "cbor"), RESPONSE_COLOURS),
        Track("PFS, months", "bar", list(numbers_of(people, "pfs_days") / DAYS_PER_MONTH)),
        Track(
            "PFS event", "word", ["e" if e == 1 else "c" if has_value(e) else None for e in column(people, "pfs_event")]
        ),
        Track("OS, months", "bar", list(numbers_of(people, "os_days") / DAYS_PER_MONTH)),
        Track("Second sample", "word", second_samples(run, people), {"yes": OTHER_COLOURS[0]}),
        Track("Flags", "word", flags(run, people), dict.fromkeys(FLAG_WORDS, VERDICT_COLOURS["warn"])),
    ]


SHORT = {"mixed": "m", "none": "–"}
FLAG_WORDS = [a + b + c + d for a in ("", "Q") for b in ("", "S") for c in ("", "T") for d in ("", "L", "M", "–")][1:]


def numbered(values: list[Any], names: list[str]) -> list[str | None]:
    """Return the place of each value among the names, from 1: it fits a narrow column."""
    return [str(names.index(str(value)) + 1) if has_value(value) else None for value in values]


def column(people: pd.DataFrame, name: str) -> list[Any]:
    if name not in people:
        return [None] * len(people)
    return [value if has_value(value) else None for value in people[name]]


def of_samples(people: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of samples with the row of each patient's chosen sample."""
    return table.drop_duplicates("sample_id").set_index("sample_id").reindex(people["sample_id"]).set_axis(people.index)


def shares(run: Run, people: pd.DataFrame) -> list[Any]:
    calls = run.table("calls")
    if calls is None:
        return [None] * len(people)
    rows = of_samples(people, calls)[[f"p_{k}" for k in SUBTYPES]]
    return [tuple(row) if pd.notna(row).all() else None for row in rows.to_numpy(float)]


def signature_tracks(run: Run, people: pd.DataFrame) -> list[Track]:
    """Return the first signatures of the registry, which no data chose."""
    scores = run.table("scores")
    if scores is None:
        return []
    wide = scores.pivot(index="sample_id", columns="signature", values="reference_percentile")
    rows = wide.reindex(people["sample_id"])
    names = drawn_signatures(run, given_in(wide))[:MOST_SIGNATURES]
    shown = short_names([run.signature_names.get(name, name) for name in names], 36)
    return [Track(s, "heat", list(rows[name].astype(float))) for name, s in zip(names, shown, strict=True)]


def target_tracks(run: Run, people: pd.DataFrame) -> list[Track]:
    """Return the first targets of the list, which no data chose, and whose antigen presentation is low."""
    found = run.table("targets")
    if found is None:
        return []
    wide = found.pivot(index="sample_id", columns="target", values="reference_percentile").reindex(people["sample_id"])
    names = [name for name in dict.fromkeys(found["target"]) if wide[name].notna().any()][:MOST_TARGETS]
    levels = found[found["target"].eq(PRESENTATION)].set_index("sample_id")["level"].reindex(people["sample_id"])
    low = ["low" if level == "low" else None for level in levels]
    tracks = [Track(f"{name}, target", "heat", list(wide[name].astype(float))) for name in names]
    return [*tracks, Track(f"{PRESENTATION} low", "word", low, {"low": VERDICT_COLOURS["warn"]})]


def changes(run: Run, people: pd.DataFrame) -> list[Any]:
    points = run.table("timepoints")
    if points is None:
        return [None] * len(people)
    found = best_change(people.reset_index(), points).set_index("patient_id")["change"].reindex(people.index)
    return [float(value) if has_value(value) else None for value in found]


def second_samples(run: Run, people: pd.DataFrame) -> list[Any]:
    count = run.sample_patients.value_counts()
    return ["yes" if count.get(patient, 0) > 1 else None for patient in people.index]


def flags(run: Run, people: pd.DataFrame) -> list[Any]:
    """Return a patient's flags as letters: quality, sex, tissue, and the kind of call."""
    letters = pd.Series("", index=people.index)
    verdicts, tissues = run.table("verdicts"), run.table("tissues")
    if verdicts is not None and "sample_id" in people:
        rows = of_samples(people, verdicts)
        letters += np.where(rows["verdict"].isin(["warn", "fail"]), "Q", "")
        if {"sex_clinical", "sex_expression"} <= set(rows):
            told = rows["sex_clinical"].isin(["F", "M"]) & rows["sex_expression"].isin(["F", "M"])
            letters += np.where(told & rows["sex_clinical"].ne(rows["sex_expression"]), "S", "")
    if tissues is not None and "sample_id" in people:
        letters += np.where(of_samples(people, tissues)["sclc"].isin(["no", "doubt"]), "T", "")
    letters += people["call"].map({"lean": "L", "mixed": "M", "none": "–"}).fillna("").astype(str)
    return [value or None for value in letters]


def order_of(values: Sequence[Any]) -> list[int]:
    """Return the rank of each patient by a track; what is not known comes last."""
    keys = pd.Series([sort_key(value) for value in values], dtype=object)
    there = keys[keys.notna()]
    words = pd.Series(there.astype(str) if there.map(type).eq(str).any() else there.astype(float))
    rank = words.rank(method="first").reindex(keys.index)
    return [int(value) for value in rank.fillna(len(keys) + 1)]


def sort_key(value: Any) -> Any:
    if isinstance(value, tuple):
        return float(np.argmax(value)) + 1 - float(max(value))
    return value if has_value(value) else None


def chips(run: Run) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Return the chips in groups: subtype, call, response, arm, each with its patients."""
    people = run.people

    def where(mask: pd.Series) -> list[str]:
        return [str(patient) for patient in people.index[mask.fillna(False).astype(bool)]]

    found = [
        ("Subtype", [(f"SCLC-{k}", where(people["group"].eq(k))) for k in SUBTYPES]),
        (
            "Call",
            [
                (f"{c} only" if c == "confident" else c, where(people["call"].eq(c)))
                for c in ("confident", "lean", "mixed")
            ],
        ),
    ]
    if "response" in people:
        answers = (("responder", "Y"), ("no response", "N"))
        found.append(("Response", [(words, where(people["response"].eq(answer))) for words, answer in answers]))
    arms = arms_of(run)
    if len(arms) > 1:
        found.append(("Arm", [(arm, where(people["arm"].eq(arm))) for arm in arms]))
    kept = [(name, [(words, who) for words, who in group if who]) for name, group in found]
    return [(name, group) for name, group in kept if group]
