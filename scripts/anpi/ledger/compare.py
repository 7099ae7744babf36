"""Two states of a trial side by side: who came and left, what moved, and why.

The comparison is plain data (sentences and tables of texts), which the report shows and ``compare_runs.py`` prints.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from anpi.association.history import compare
from anpi.ledger.entries import Entry
from anpi.ledger.reasons import Reasons, listed, plural, row_words, words
from anpi.ledger.state import RATE_KEYS, RESPONSES, RESULT_KEYS, SURVIVAL_KEYS, TIMES

State = Mapping[str, Any]
Rows = Sequence[Mapping[str, str]]
Pair = tuple[dict[str, str], Mapping[str, str] | None, Mapping[str, str] | None]
RESPONSE_NAMES = {
    "bor": "best response",
    "cbor": "confirmed best response",
    "response": "response",
    "disease_control": "disease control",
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
HEXADECIMAL = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}")
HEADLINES = ("ORR, all treated", "Median PFS, all treated", "Median OS, all treated")
FIRST = "This is the first run recorded."
TIERS = ("primary", "secondary", "exploratory", "descriptive")


def compare_runs(old: Entry | None, new: Entry) -> dict[str, Any]:
    """Compare two states.

    Parameters
    ----------
    old : Entry or None
        The earlier state; None when there is none.
    new : Entry
        The later one.

    Returns
    -------
    dict
        ``first`` (there is no earlier one), ``since`` (number, date and checksum of the earlier one), ``sentences``
        (the whole in a few lines), ``further`` (lines of less weight) and ``sections``, each with ``name``, ``title``,
        ``sentences``, ``further``, ``header``, ``rows``
        (texts) and ``patients`` (of each row, where rows are patients').
    """
    if old is None:
        return {"first": True, "since": None, "sentences": [FIRST], "further": [], "sections": []}
    since = {"number": old.number, "date": old.date, "sha256": old.sha256, "words": old.words}
    reasons = Reasons(old.state, new.state)
    makers: tuple[Callable[[State, State, Reasons], dict[str, Any]], ...] = (
        people, calls, memberships, corrections, endpoints, efficacy, results, plan, inputs, software
    )  # fmt: skip
    sections = [make(old.state, new.state, reasons) for make in makers]
    told = [part for part in sections if part["rows"] or part["sentences"] or part["further"]]
    same = [section["same"] for section in sections if section not in told]
    lines, further = ([line for part in told for line in part[key]] for key in ("sentences", "further"))
    if not told:
        lines = ["Nothing changed."]
    elif same:
        (further if lines else lines).append(f"The same as before: {listed(same, len(same))}.")
    return {"first": False, "since": since, "sentences": lines, "further": further, "sections": told}


def section(
    name: str,
    title: str,
    same: str,
    sentences: Sequence[str],
    header: Sequence[str] = (),
    rows: Sequence[Sequence[object]] = (),
    patients: Sequence[str | None] = (),
    further: Sequence[str] = (),
) -> dict[str, Any]:
    """Put together one part of a comparison; ``same`` names it when nothing in it moved."""
    cells = [[words(cell) for cell in row] for row in rows]
    return {
        "name": name, "title": title, "same": same, "sentences": list(sentences), "further": list(further),
        "header": list(header), "rows": cells, "patients": list(patients),
    }  # fmt: skip


def people(old: State, new: State, reasons: Reasons) -> dict[str, Any]:
    """List patients and samples that came or left, and samples that became another patient's."""
    rows: list[tuple[str, str | None, str, str]] = []
    told = []
    for kind, key, column in (("patient", "patients", 0), ("sample", "samples", 1)):
        before, after = present(old[key]), present(new[key])
        added, gone = sorted(set(after) - set(before)), sorted(set(before) - set(after))
        for name in added:
            who = name if column == 0 else after[name]["patient"]
            rows.append((who, None if column == 0 else name, "added", came(name, old[key])))
        for name in gone:
            who = name if column == 0 else before[name]["patient"]
            rows.append((who, None if column == 0 else name, "withdrawn", left(name, new[key])))
        counts = [f"{len(ids)} {what} ({listed(ids)})" for ids, what in ((added, "added"), (gone, "withdrawn")) if ids]
        if counts:
            told.append(f"{kind.capitalize()}s: {listed(counts)}; now {len(after)}.")
    sentences = [" ".join(told)] if told else []
    before, after = present(old["samples"]), present(new["samples"])
    for name in sorted(set(before) & set(after)):
        was, now = before[name]["patient"], after[name]["patient"]
        if was != now:
            rows.append((now, name, "moved", f"was a sample of {was}"))
            sentences.append(f"Sample {name} was of patient {was} and is now of {now}.")
    rows.sort(key=lambda row: (row[0] or "", row[1] or ""))
    header = ["Patient", "Sample", "Change", "Why"]
    shown = [row[0] for row in rows]
    title, same = "Patients and samples that came or left", "patients and samples"
    return section("people", title, same, sentences, header, rows, shown)


def present(states: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the samples that the sheet holds but the run does not use."""
    return {name: state for name, state in states.items() if state.get("used", True)}


def came(name: str, before: Mapping[str, Any]) -> str:
    return "no longer set aside in the sheet" if name in before else "new in the table"


def left(name: str, after: Mapping[str, Any]) -> str:
    return "set aside in the sheet (use: no)" if name in after else "no longer in the table"


def calls(old: State, new: State, reasons: Reasons) -> dict[str, Any]:
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


def call_words(sample: Mapping[str, Any]) -> str:
    """Write a call: ``SCLC-A, confident``, ``mixed`` or ``none``."""
    if sample.get("call") in ("confident", "lean"):
        return f"SCLC-{sample.get('subtype')}, {sample['call']}"
    return words(sample.get("call"))


def memberships(old: State, new: State, reasons: Reasons) -> dict[str, Any]:
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


def corrections(old: State, new: State, reasons: Reasons) -> dict[str, Any]:
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


def endpoints(old: State, new: State, reasons: Reasons) -> dict[str, Any]:
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
    for name in [*(RESPONSE_NAMES[key] for key in RESPONSES), *(time.upper() for time in TIMES)]:
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
    for name in RESPONSES:
        if was.get(name) != now.get(name):
            yield RESPONSE_NAMES[name], "", words(was.get(name)), words(now.get(name)), "", ""


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


def efficacy(old: State, new: State, reasons: Reasons) -> dict[str, Any]:
    """List response rates and medians that moved."""
    rows = [
        (rate_name(key), rate_words(was), rate_words(now))
        for key, was, now in moved_rows(old["rates"], new["rates"], RATE_KEYS)
    ]
    rows += [
        (survival_name(key), median_words(was), median_words(now))
        for key, was, now in moved_rows(old["survival"], new["survival"], SURVIVAL_KEYS)
    ]
    headlines = [f"{name}: {was} became {now}." for name, was, now in rows if name in HEADLINES]
    further = [f"Rates and medians: {plural(len(rows), 'row')} moved."] if rows else []
    title = "Rates and medians that moved"
    return section("efficacy", title, "rates and medians", headlines, ["What", "Was", "Is"], rows, (), further)


def moved_rows(old: Rows, new: Rows, keys: Sequence[str]) -> Iterator[Pair]:
    """Give the pairs of rows of two tables that differ."""
    return ((key, was, now) for key, was, now in paired_rows(old, new, keys) if was != now)


def paired_rows(old: Rows, new: Rows, keys: Sequence[str]) -> Iterator[Pair]:
    """Pair the rows of two tables by their keys; a row of one alone has None."""

    def keyed(rows: Rows) -> dict[tuple[str, ...], Mapping[str, str]]:
        seen: Counter[tuple[str, ...]] = Counter()
        found = {}
        for row in rows:
            key = tuple(row.get(name, "") for name in keys)
            found[(*key, str(seen[key]))] = row  # rows that share their keys are told apart by their order
            seen[key] += 1
        return found

    before, after = keyed(old), keyed(new)
    for key in [*after, *(key for key in before if key not in after)]:
        yield dict(zip(keys, key, strict=False)), before.get(key), after.get(key)


def paired_results(old: Rows, new: Rows) -> Iterator[Pair]:
    """Pair results; one that is estimated otherwise now, or only described, stays the answer to the same question."""
    pairs = list(paired_rows(old, new, RESULT_KEYS))
    gone: dict[tuple[str, ...], list[Mapping[str, str]]] = defaultdict(list)
    for key, was, now in pairs:
        if was is not None and now is None:
            gone[question_of(key)].append(was)
    for key, was, now in pairs:
        waiting = gone[question_of(key)]
        if now is not None:
            yield key, waiting.pop(0) if was is None and waiting else was, now
        elif was in waiting:
            waiting.remove(was)
            yield key, was, now


def question_of(key: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(value for name, value in key.items() if name != "effect")


def rate_name(key: Mapping[str, str]) -> str:
    months = f" at {key['months']} months" if key["months"] else ""
    return f"{key['measure']}{months}, {key['arm']}, {key['population']}".replace(", all, ", ", ")


def rate_words(row: Mapping[str, str] | None) -> str:
    if row is None:
        return "not given"
    counts = f"{row['events']} of {row['n']}, " if "events" in row and "n" in row else ""
    if row.get("unit") == "proportion":
        share, low, high = (percent(row.get(name)) for name in ("estimate", "ci_low", "ci_high"))
        return f"{counts}{share}" + (f" ({low} to {high})" if "ci_low" in row else "")
    unit = f" {row['unit']}" if "unit" in row and "estimate" in row else ""
    return counts + estimate_words(row, "estimate", "ci_low", "ci_high") + unit


def percent(share: str | None) -> str:
    return "not estimated" if share is None else f"{100 * float(share):.0f}%"


def survival_name(key: Mapping[str, str]) -> str:
    group = "all" if key["level"] == "all" else f"{key['biomarker']} {key['level']}"
    if key["entry"] == "efficacy":
        return f"Median {key['endpoint'].upper()}, " + ", ".join(
            dict.fromkeys(["all treated" if key["set"] == "all_treated" else key["set"]] + [group] * (group != "all"))
        )
    return f"Median {key['endpoint'].upper()}, {group} ({key['entry']}, {key['set']})"


def median_words(row: Mapping[str, str] | None) -> str:
    if row is None:
        return "not given"
    median = estimate_words(row, "median_months", "median_months_low", "median_months_high", "not reached")
    months = " months" if "median_months" in row else ""
    return f"{median}{months}, {row.get('events', '0')} events in {row.get('n', '0')} patients"


def estimate_words(row: Mapping[str, str], name: str, low: str, high: str, missing: str = "not estimated") -> str:
    """Write an estimate with its interval."""
    if name not in row:
        return missing
    bounds = f" ({short(row.get(low))} to {short(row.get(high))})" if low in row or high in row else ""
    return short(row[name]) + bounds


def short(value: str | None) -> str:
    """Write a number with three significant digits."""
    return "not reached" if value is None else f"{float(value):.3g}"


def results(old: State, new: State, reasons: Reasons) -> dict[str, Any]:
    """List associations that moved: estimate, interval and p from and to; an adjusted p that crosses alpha is named."""
    before, alpha = float(old["plan"]["alpha"]), float(new["plan"]["alpha"])
    rows: list[tuple[Any, ...]] = []
    tiers: Counter[str] = Counter()
    for key, was, now in paired_results(old["results"], new["results"]):
        crossing = crossing_words(was, now, alpha, before)
        if was == now and not crossing:
            continue
        tier = (now or was or {}).get("tier", "")
        tiers[tier] += 1
        rows.append((tier, result_name(key), result_words(was, before), result_words(now, alpha), crossing))
    rows.sort(key=lambda row: TIERS.index(row[0]) if row[0] in TIERS else len(TIERS))
    crossed = [f"{row[1]} ({row[0]}): {row[4]}." for row in rows if row[4]]
    sentences = []
    if rows:
        counts = listed([f"{tiers[tier]} {tier or 'without a tier'}" for tier in (*TIERS, "") if tiers[tier]])
        behind = f"; what changed: {listed(reasons.drivers(), 12)}" if reasons.drivers() else ""
        sentences.append(f"Results: {plural(len(rows), 'row')} moved ({counts}){behind}.")
        sentences += [result_sentence(row) for row in rows if row[0] == "primary" and not row[4]][:4]
        sentences += crossed[:6]
        sentences += [f"And {len(crossed) - 6} more crossed {alpha:g}; the table has them."] if len(crossed) > 6 else []
    header = ["Tier", "Result", "Was", "Is", "Note"]
    return section("results", "Results that moved", "results of the declared tests", sentences, header, rows)


def result_sentence(row: Sequence[Any]) -> str:
    return f"Primary, {row[1]}: {row[2]} became {row[3]}."


def result_name(key: Mapping[str, str]) -> str:
    against = f" against {key['reference']}" if key["reference"] else ""
    level = f" {key['level']}" if key["level"] else ""
    return f"{key['endpoint'].upper()} by {key['biomarker']}{level}{against} ({key['entry']}, {key['set']})"


def result_words(row: Mapping[str, str] | None, alpha: float) -> str:
    if row is None:
        return "not in the results"
    if "estimate" not in row and "p" not in row:
        return f"described, {row.get('n', '0')} patients"
    parts = [f"{row.get('effect', 'estimate')} {estimate_words(row, 'estimate', 'ci_low', 'ci_high')}"]
    parts += [f"p {p_short(row['p'], alpha)}"] if "p" in row else []
    parts += (
        [f"adjusted {p_short(row['p_adjusted'], alpha)}"] if row.get("p_adjusted", row.get("p")) != row.get("p") else []
    )
    return ", ".join(parts)


def crossing_words(
    was: Mapping[str, str] | None, now: Mapping[str, str] | None, alpha: float, alpha_before: float
) -> str:
    """Say that an adjusted p-value came to lie on the other side of the declared level, appeared below it or went."""
    before, after = ((row or {}).get("p_adjusted") for row in (was, now))
    was_below = before is not None and float(before) < alpha_before
    is_below = after is not None and float(after) < alpha
    if was_below == is_below:
        return ""
    declared = f"the declared {alpha:g}" + (f" ({alpha_before:g} before)" if alpha != alpha_before else "")
    if before is None or after is None:
        shown = p_short(str(after), alpha) if before is None else p_short(before, alpha_before)
        return (
            f"an adjusted p, {shown}, that was not there before, is below {declared}"
            if before is None
            else f"the adjusted p, {shown} and below the declared {alpha_before:g} before, is not there any more"
        )
    side = "below" if is_below else "not below"
    shown = f"{p_short(before, alpha_before)} before and {p_short(after, alpha)} now"
    return f"the adjusted p, {shown}, is {side} {declared}"


def p_short(value: str, alpha: float) -> str:
    """Write a p-value with three significant digits, and with as many more as tell it from the declared level."""
    digits = next((n for n in range(3, 17) if float(f"{float(value):.{n}g}") != alpha), 3)
    return f"{float(value):.{digits}g}"


def plan(old: State, new: State, reasons: Reasons) -> dict[str, Any]:
    """Say what changed in the plan of tests and in the rules of the endpoints."""
    rows = [("plan", line) for line in reasons.plan]
    rows += [("data cut-off", reasons.cutoff)] if reasons.cutoff else []
    rows += [("rules of the endpoints", line) for line in reasons.rules]
    rows += [("thresholds of quality", line) for line in reasons.settings]
    sentences = []
    if reasons.plan:
        sentences.append(f"The plan changed: {listed(reasons.plan, 3)}.")
    if reasons.cutoff:
        sentences.append(f"The {reasons.cutoff}.")
    if reasons.rules:
        sentences.append(f"The rules of the endpoints changed: {listed(reasons.rules, 3)}.")
    if reasons.settings:
        sentences.append(f"The thresholds of quality changed: {listed(reasons.settings, 3)}.")
    title = "Plan, rules and thresholds"
    return section("plan", title, "plan, rules and thresholds", sentences, ["Of", "Change"], rows)


def inputs(old: State, new: State, reasons: Reasons) -> dict[str, Any]:
    """List input files and settings that differ."""
    names = sorted(set(old["inputs"]) | set(new["inputs"]))
    rows = [(name, file_words(old["inputs"].get(name), new["inputs"].get(name))) for name in names]
    rows = [(name, what) for name, what in rows if what]
    rows += [("reference", "built anew, with other content")] if reasons.reference_changed() else []
    before, after = ({k: v for k, v in state["settings"].items() if k != "qc"} for state in (old, new))
    rows += [("settings", line) for line in compare(before, after)]
    rows += [("subtype model", f"{listed(old['models'])} became {listed(new['models'])}")] * (
        old["models"] != new["models"]
    )
    changed = list(dict.fromkeys(name for name, _ in rows))
    further = [f"Inputs that differ: {listed(changed, 12)}."] if changed else []
    sentences = []
    if old["models"] != new["models"]:
        sentences.append(f"The subtype model changed: {listed(old['models'])} became {listed(new['models'])}.")
    if reasons.reference_changed():
        sentences.append("The reference of the reads changed.")
    title, header = "Inputs and settings that differ", ["Input", "Change"]
    return section("inputs", title, "inputs and settings", sentences, header, rows, (), further)


def file_words(before: str | None, after: str | None) -> str:
    if before == after:
        return ""
    return "added" if before is None else "no longer given" if after is None else "other content"


def software(old: State, new: State, reasons: Reasons) -> dict[str, Any]:
    """List programs and packages of another version."""
    rows = [tuple(HEXADECIMAL.sub(r"\1…", line).split(": ", 1)) for line in reasons.software]
    names = [row[0] for row in rows]
    sentences = [f"Software that differs: {listed(names, 6)}."] if names else []
    return section("software", "Software that differs", "software", sentences, ["What", "Change"], rows)
