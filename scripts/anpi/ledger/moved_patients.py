"""Patients and samples of two states: who came and left, and whose sets, calls, rows and endpoints moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from anpi.ledger.reasons import Reasons, cell_words, row_words
from anpi.ledger.recorded import SampleState, State
from anpi.ledger.sections import section
from anpi.trial.compared import Section
from anpi.trial.endpoints import BY_NAME, RESPONSES, TIMES
from anpi.trial.subtypes import CALLED
from anpi.words.lists import listed, plural

Rows = Sequence[Mapping[str, str]]
RESPONSE_NAMES = {name: BY_NAME[name].words for name in RESPONSES} | {
    "response_evaluable": "response-evaluable",
    "ttr_days": "days to response",
}
MOVES = (
    "now an event",
    "no longer an event",
    "event earlier",
    "event later",
    "followed longer",
    "followed shorter",
    "now known",
    "no longer known",
    "other reason",
)


def people(old: State, new: State, reasons: Reasons) -> Section:
    """List patients and samples that came or left, and samples that became another patient's."""
    rows: list[tuple[str, str | None, str, str]] = []
    told = []
    samples = [sample_patients(state) for state in (old, new)]
    for kind, (before, after), sheets in (
        ("patient", [{name: name for name in state["patients"]} for state in (old, new)], [(), ()]),
        ("sample", samples, [list(state["samples"]) for state in (old, new)]),
    ):
        added, gone = sorted(set(after) - set(before)), sorted(set(before) - set(after))
        for name in added:
            rows.append((after[name], name if kind == "sample" else None, "added", came(name, sheets[0])))
        for name in gone:
            rows.append((before[name], name if kind == "sample" else None, "withdrawn", left(name, sheets[1])))
        counts = [f"{len(ids)} {what} ({listed(ids)})" for ids, what in ((added, "added"), (gone, "withdrawn")) if ids]
        if counts:
            told.append(f"{kind.capitalize()}s: {listed(counts)}; now {len(after)}.")
    sentences = [" ".join(told)] if told else []
    for name in sorted(set(samples[0]) & set(samples[1])):
        was, now = samples[0][name], samples[1][name]
        if was != now:
            rows.append((now, name, "moved", f"was a sample of {was}"))
            sentences.append(f"Sample {name} was of patient {was} and is now of {now}.")
    rows.sort(key=lambda row: (row[0] or "", row[1] or ""))
    header = ["Patient", "Sample", "Change", "Why"]
    shown = [row[0] for row in rows]
    title, same = "Patients and samples that came or left", "patients and samples"
    return section("people", title, same, sentences, header, rows, shown)


def sample_patients(state: State) -> dict[str, str]:
    """Return the patient of each sample that the run uses."""
    return {name: sample["patient"] for name, sample in present(state["samples"]).items()}


def present(states: Mapping[str, SampleState]) -> dict[str, SampleState]:
    """Leave out the samples that the sheet holds but the run does not use."""
    return {name: state for name, state in states.items() if state.get("used", True)}


def came(name: str, before: Collection[str]) -> str:
    return "no longer set aside in the sheet" if name in before else "new in the table"


def left(name: str, after: Collection[str]) -> str:
    return "set aside in the sheet (use: no)" if name in after else "no longer in the table"


def calls(old: State, new: State, reasons: Reasons) -> Section:
    """List samples whose verdict or call is another one."""
    before, after = present(old["samples"]), present(new["samples"])
    both = sorted(set(before) & set(after))
    rows: list[tuple[Any, ...]] = []
    kinds: Counter[str] = Counter()
    for sample in both:
        was, now = before[sample], after[sample]
        parts = [("call", call_words(was), call_words(now)), ("verdict", was.get("verdict"), now.get("verdict"))]
        moved = [(kind, a, b) for kind, a, b in parts if a != b]
        kinds.update(kind for kind, _, _ in moved)
        said = {"call": now.get("call_reason"), "verdict": now.get("reasons")}
        rows += [
            (now["patient"], sample, kind, a, b, reasons.of_sample(sample, kind), said[kind]) for kind, a, b in moved
        ]
    quiet = {
        name: sum(before[s].get(key) != after[s].get(key) for s in both)
        for name, key in (("subtype probabilities", "probabilities"), ("signature scores", "scores"))
    }
    sentences = []
    if rows:
        told = [f"{plural(kinds[kind], 'sample')} with another {kind}" for kind in ("call", "verdict") if kinds[kind]]
        sentences.append(f"Of {plural(len(both), 'sample')} in both: {listed(told)}.")
    quiet_words = [f"the {name} of {plural(count, 'sample')}" for name, count in quiet.items() if count]
    further = [f"Numbers moved too: {listed(quiet_words)}."] if quiet_words else []
    header = ["Patient", "Sample", "What", "Was", "Is", "Why", "Said of it now"]
    shown = [row[0] for row in rows]
    same = "calls, verdicts and scores of the samples in both" if both else "calls"
    return section("calls", "Samples that were judged anew", same, sentences, header, rows, shown, further)


def call_words(sample: SampleState) -> str:
    """Write a call: ``SCLC-A, confident``, ``mixed`` or ``none``."""
    if sample.get("call") in CALLED:
        return f"SCLC-{sample.get('subtype')}, {sample['call']}"
    return cell_words(sample.get("call"))


def memberships(old: State, new: State, reasons: Reasons) -> Section:
    """List patients who changed sample, arm or analysis sets."""
    rows: list[tuple[Any, ...]] = []
    counts: Counter[tuple[str, bool]] = Counter()
    for patient in sorted(set(old["patients"]) & set(new["patients"])):
        was, now = old["patients"][patient], new["patients"][patient]
        if was["arm"] != now["arm"]:
            rows.append((patient, "arm", was["arm"], now["arm"], "corrected in patients"))
        if was["sample"] != now["sample"]:
            rows.append((patient, "sample of the analyses", was["sample"], now["sample"], None))
        for name in sorted(set(was["sets"]) ^ set(now["sets"])):
            inside = name in now["sets"]
            counts[(name, inside)] += 1
            why = was["reason_out"] if inside else now["reason_out"]
            rows.append((patient, name.replace("_", " "), "out" if inside else "in", "in" if inside else "out", why))
    told = [
        f"{name.replace('_', ' ')} {'gained' if inside else 'lost'} {count}"
        for (name, inside), count in sorted(counts.items())
    ]
    arms = [row[0] for row in rows if row[1] == "arm"]
    sentences = [f"The arm of {plural(len(arms), 'patient')} is another one ({listed(arms)})."] if arms else []
    sentences += [f"Analysis sets, of the patients in both: {listed(told)}."] if told else []
    steps = [
        f"{step.replace('_', ' ')} {old['attrition'].get(step, 0)} before and {count} now"
        for step, count in new["attrition"].items()
        if old["attrition"].get(step) != count
    ]
    further = [f"Patients at each step: {listed(steps, len(steps))}."] if steps else []
    header = ["Patient", "What", "Was", "Is", "Reason out"]
    return section(
        "sets", "Patients who changed analysis sets", "analysis sets of the patients in both", sentences, header, rows,
        [row[0] for row in rows], further,
    )  # fmt: skip


def corrections(old: State, new: State, reasons: Reasons) -> Section:
    """List whose rows and reads differ, also where nothing that is compared moved with them."""
    both = sorted(set(old["patients"]) & set(new["patients"]))
    patients = [(p, None, row_words(old["patients"][p], new["patients"][p])) for p in both]
    kept = sorted(set(present(old["samples"])) & set(present(new["samples"])))
    samples = [(new["samples"][s]["patient"], s, reasons.cells_and_reads(s)) for s in kept]
    rows = [(patient, sample, "; ".join(what)) for patient, sample, what in (*patients, *samples) if what]
    sex = [patient for patient in both if reasons.sex_changed(patient)]
    sentences = [f"The sex of {plural(len(sex), 'patient')} is another one ({listed(sex)})."] if sex else []
    count = sum(sample is None for _, sample, _ in rows)
    counted = [(count, "patient"), (len(rows) - count, "sample")]
    told = [plural(number, what) for number, what in counted if number]
    further = [f"Rows or reads differ of {listed(told)} in both."] if told else []
    return section(
        "corrections", "Patients and samples whose rows or reads differ", "rows and reads of those in both", sentences,
        ["Patient", "Sample", "What differs"], rows, [row[0] for row in rows], further,
    )  # fmt: skip


def endpoints(old: State, new: State, reasons: Reasons) -> Section:
    """List endpoints that moved, from and to with both reasons, and what is behind it."""
    rows: list[tuple[Any, ...]] = []
    moves: Counter[tuple[str, str]] = Counter()
    moved = set()
    both = sorted(set(old["endpoints"]) & set(new["endpoints"]))
    variants = []
    for patient in both:
        was, now = old["endpoints"][patient], new["endpoints"][patient]
        found = list(response_moves(was, now)) + list(time_moves(was, now))
        variants += [patient] if not found and was.get("variants") != now.get("variants") else []
        for name, move, *rest in found:
            moves[(name, move)] += 1
            moved.add(patient)
            rows.append((patient, name, *rest, reasons.of_patient(patient)))
    told = []
    for name in [*RESPONSE_NAMES.values(), *(time.upper() for time in TIMES)]:
        kinds = sorted((MOVES.index(m) if m in MOVES else 0, m, n) for (other, m), n in moves.items() if other == name)
        if kinds:
            inner = listed([f"{n} {m}" for _, m, n in kinds]) if name in [t.upper() for t in TIMES] else ""
            told.append(f"{name} {sum(n for *_, n in kinds)}" + (f" ({inner})" if inner else ""))
    sentences = []
    if moved:
        sentences.append(f"Endpoints moved in {len(moved)} of {plural(len(both), 'patient')} in both: {listed(told)}.")
    others = f"Of {plural(len(variants), 'further patient')} only sensitivity variants or notes moved"
    further = [f"{others} ({listed(variants)})."] if variants else []
    header = ["Patient", "Endpoint", "Was", "Is", "Reason then", "Reason now", "Why"]
    return section(
        "endpoints", "Endpoints that moved", "endpoints of the patients in both", sentences, header, rows,
        [row[0] for row in rows], further,
    )  # fmt: skip


def response_moves(was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for name, called in RESPONSE_NAMES.items():
        if was.get(name) != now.get(name):
            yield called, "", cell_words(was.get(name)), cell_words(now.get(name)), "", ""


def time_moves(was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for name in TIMES:
        if any(was.get(f"{name}_{part}") != now.get(f"{name}_{part}") for part in ("days", "event", "reason")):
            reasons = (was.get(f"{name}_reason", ""), now.get(f"{name}_reason", ""))
            yield name.upper(), move_of(name, was, now), time_words(name, was), time_words(name, now), *reasons


def move_of(name: str, was: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Name the kind of a move of a time to an event."""
    days = [state.get(f"{name}_days") for state in (was, now)]
    events = [state.get(f"{name}_event") for state in (was, now)]
    if days[0] is None or days[1] is None:
        return "other reason" if days[0] == days[1] else "now known" if days[0] is None else "no longer known"
    if events[0] != events[1]:
        return "now an event" if events[1] == "1" else "no longer an event"
    change = float(days[1]) - float(days[0])
    if not change:
        return "other reason"
    if events[1] == "1":
        return "event later" if change > 0 else "event earlier"
    return "followed longer" if change > 0 else "followed shorter"


def time_words(name: str, state: Mapping[str, str]) -> str:
    days = state.get(f"{name}_days")
    return (
        "not known" if days is None else f"{days} days, {'event' if state.get(f'{name}_event') == '1' else 'censored'}"
    )
