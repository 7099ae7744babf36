"""Results of two states: rates, medians and tests that moved, and the declared level that some crossed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from anpi.ledger.reasons import Reasons
from anpi.ledger.recorded import State
from anpi.ledger.sections import section
from anpi.ledger.state import RATE_KEYS, RESULT_KEYS, SURVIVAL_KEYS
from anpi.trial.compared import Section
from anpi.words.lists import listed, plural

Rows = Sequence[Mapping[str, str]]
Pair = tuple[dict[str, str], Mapping[str, str] | None, Mapping[str, str] | None]
HEADLINES = ("ORR, all treated", "Median PFS, all treated", "Median OS, all treated")
TIERS = ("primary", "secondary", "exploratory", "descriptive")


def efficacy(old: State, new: State, reasons: Reasons) -> Section:
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
    """Return the pairs of rows of two tables that differ."""
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
        share, low, high = (percent_words(row.get(name)) for name in ("estimate", "ci_low", "ci_high"))
        return f"{counts}{share}" + (f" ({low} to {high})" if "ci_low" in row else "")
    unit = f" {row['unit']}" if "unit" in row and "estimate" in row else ""
    return counts + estimate_words(row, "estimate", "ci_low", "ci_high") + unit


def percent_words(share: str | None) -> str:
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


def results(old: State, new: State, reasons: Reasons) -> Section:
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
    """Return that an adjusted p-value came to lie on the other side of the level, appeared below it or went."""
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
