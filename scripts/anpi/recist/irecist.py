"""iRECIST: progression that must be confirmed, and may be taken back by what follows.

Source: Seymour et al., Lancet Oncol 2017;18:e143-e152 (doi:10.1016/S1470-2045(17)30074-8), tables 2 and 3, and the
questions answered on recist.eortc.org. RECIST 1.1 holds up to the first progression, which is unconfirmed (iUPD). A
later scan confirms it (iCPD), leaves it as it is, or shows less disease: then the bar is reset, and only a new iUPD can
be confirmed. Days count from the reference date, lengths are nanometres.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import NamedTuple

from anpi.recist.best_response import Best, ResponseRules, Scan, best_response, confirmed_best_response, first_day
from anpi.recist.timepoint import LEAST_GROWTH, overall_response

CODES = {
    "NE": "NE", "CR": "iCR", "PR": "iPR", "SD": "iSD", "NON-CR/NON-PD": "NON-iCR/NON-iUPD", "PD": "iUPD",
}  # fmt: skip
RECIST = {code: word for word, code in CODES.items()}
RESETS = ("iCR", "iPR", "iSD", "NON-iCR/NON-iUPD")
LESS = RESETS[1:]
# From best to worst, as the worst of several readings of a day is kept.
ORDER = ("NE", *RESETS, "iUPD", "iCPD")
LATEST = 56  # days from an iUPD to the scan that confirms it
NO_IUPD = "icpd_without_iupd"
DISREGARDED = ("scan_disregarded", "confirmation_too_early")


@dataclass(frozen=True)
class ImmuneRules:
    """Where the paper leaves a choice (``irecist`` of endpoints.yaml says each).

    Parameters
    ----------
    minimum_days, variance_days : int
        A scan earlier than this after an iUPD is disregarded; the variance widens both ends of the window.
    window : str
        ``query``, ``strict`` (a later scan does not confirm) or ``none``.
    growth : str
        ``>=5`` or ``>5``: mm that confirm when both target and non-target lesions had progressed.
    reference : str
        Growth counts from the ``first_iupd`` of its block or from the ``previous_scan``.
    blind_between : str
        Is iUPD, NE, iUPD ``unconfirmed`` or ``confirmed``.
    less_is_progression : bool
        Less than an earlier iCR is progression.
    """

    minimum_days: int = 28
    variance_days: int = 0
    window: str = "query"
    growth: str = ">=5"
    reference: str = "first_iupd"
    blind_between: str = "unconfirmed"
    less_is_progression: bool = False


@dataclass(frozen=True)
class Finding:
    """What one scan shows.

    Parameters
    ----------
    day : int
        Days from the reference date.
    response : str or None
        Overall response by RECIST 1.1.
    reader : str or None
        The response by iRECIST as a reader gave it; it counts.
    measured : bool
        The lesions themselves are known, not only what was reported of them.
    target, nontarget, new : str or None
        Response of the target lesions, of the non-target ones, and whether a new lesion was told (Y, N, E).
    total : int or None
        Sum of the target lesions.
    news, gone : frozenset of str
        The new lesions that are there, and those that are said to be absent.
    new_targets, new_others, others : mapping
        Sizes of new target lesions, of other new lesions and of non-target lesions, of those measured.
    new_grew, others_grew : bool
        A new lesion without a size, or a non-target one, was found larger than at the last scan.
    progressed, evaluated : frozenset of str
        The non-target lesions that progressed, and those that could be evaluated.
    symptom : bool
        The scan was made because of a new symptom.
    """

    day: int
    response: str | None
    reader: str | None = None
    measured: bool = False
    target: str | None = None
    nontarget: str | None = None
    new: str | None = None
    total: int | None = None
    news: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    new_targets: Mapping[str, int] = field(default_factory=dict)
    new_others: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)
    new_grew: bool = False
    others_grew: bool = False
    progressed: frozenset[str] = frozenset()
    evaluated: frozenset[str] = frozenset()
    symptom: bool = False


class Asked(NamedTuple):
    """What a scan leaves open: a question's severity, its rule and its words."""

    severity: str
    rule: str
    text: str


class Reading(NamedTuple):
    """The iRECIST response of one scan; ``first`` is the day of the first iUPD of its block."""

    day: int
    code: str
    first: int | None = None
    asked: tuple[Asked, ...] = ()


class Progression(NamedTuple):
    """The progression of a course: the day of its first iUPD and of the iCPD; None when it was never confirmed."""

    day: int
    confirmed: int | None


@dataclass
class State:
    """What the scans so far have shown.

    Parameters
    ----------
    block : list of Finding
        The iUPD since the last reset.
    reported, before, there : frozenset of str
        The new lesions seen so far, those that were known before the block began, and those not said to be gone since.
    last : Finding or None
        The last evaluable scan.
    begun, confirmed, complete, blind : bool
        Was there an iUPD, an iCPD, an iCR; has there been an NE since the last iUPD.
    """

    block: list[Finding] = field(default_factory=list)
    reported: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    there: frozenset[str] = frozenset()
    last: Finding | None = None
    begun: bool = False
    confirmed: bool = False
    complete: bool = False
    blind: bool = False


def read_course(findings: Iterable[Finding], rules: ImmuneRules) -> list[Reading]:
    """Return the iRECIST response of each scan of a patient that has a response, in order of time."""
    state, readings = State(), []
    for finding in sorted(findings, key=lambda one: one.day):
        if finding.response not in CODES and finding.reader is None:
            continue
        readings.append(read_scan(finding, state, rules))
    return readings


def read_scan(finding: Finding, state: State, rules: ImmuneRules) -> Reading:
    """Read one scan in the light of those before it, and take it up among them."""
    asked: list[Asked] = []
    if finding.reader is not None:
        code = as_read(finding.reader, finding, state, rules, asked)
    else:
        code = judge(finding, state, rules, asked)
    if rules.less_is_progression and state.complete and code in LESS:
        code = "iUPD"
    if code == "iUPD" and state.block and state.blind:
        if rules.blind_between == "confirmed":
            code = "iCPD"
        else:
            text = "iUPD, NE, iUPD may mean that progression was confirmed (iRECIST); was it?"
            asked.append(Asked("note", "iupd_after_ne", text))
    first = state.block[0].day if state.block else finding.day
    if not any(question.rule in DISREGARDED and code == "NE" for question in asked):
        remember(finding, code, state)
    return Reading(finding.day, code, first if code in ("iUPD", "iCPD") else None, tuple(asked))


def remember(finding: Finding, code: str, state: State) -> None:
    state.there = (state.there | (frozenset() if code == "NE" else finding.news)) - (finding.gone - finding.news)
    if code == "NE":
        state.blind = bool(state.block)
        return
    state.blind = False
    state.before = state.before if state.block else state.reported
    state.reported, state.last = state.reported | finding.news, finding
    state.complete |= code == "iCR"
    state.begun |= code in ("iUPD", "iCPD")
    state.confirmed |= code == "iCPD"
    state.block = [*state.block, finding] if code == "iUPD" else []


def as_read(reader: str, finding: Finding, state: State, rules: ImmuneRules, asked: list[Asked]) -> str:
    """Take a reader's code; RECIST 1.1 words become i-codes, and an iCPD is held against its iUPD."""
    code = CODES.get(reader, reader)
    if code != "iCPD" or state.confirmed:
        return code
    if not state.block:
        asked.append(Asked("error", NO_IUPD, "iCPD without an iUPD before it; it counts as the first iUPD"))
        return code
    if too_early(finding, state, rules):
        days = finding.day - state.block[-1].day
        text = f"iCPD {days} days after the iUPD, less than {rules.minimum_days}; was the scan made for a new symptom?"
        asked.append(Asked("warning", "confirmation_too_early", text))
        return "NE" if rules.window == "strict" else code
    return not_too_late(code, finding, state, rules, asked)


def too_early(finding: Finding, state: State, rules: ImmuneRules) -> bool:
    least = rules.minimum_days - rules.variance_days
    return bool(state.block) and rules.window != "none" and finding.day - state.block[-1].day < least


def not_too_late(code: str, finding: Finding, state: State, rules: ImmuneRules, asked: list[Asked]) -> str:
    """Ask about an iCPD more than eight weeks after the last iUPD, or leave it unconfirmed, as the window says."""
    days = finding.day - state.block[-1].day
    if rules.window == "none" or days <= LATEST + rules.variance_days:
        return code
    used = "it counts" if rules.window == "query" else "it does not confirm"
    text = f"iCPD {days} days after the iUPD, more than {LATEST}; {used}"
    asked.append(Asked("warning", "confirmation_too_late", text))
    return code if rules.window == "query" else "iUPD"


def judge(finding: Finding, state: State, rules: ImmuneRules, asked: list[Asked]) -> str:
    """Derive the response of a scan that no reader judged by iRECIST (table 2)."""
    assert finding.response is not None
    if not state.begun or finding.response == "NE":
        return CODES[finding.response]
    further = finding.news - state.reported
    if too_early(finding, state, rules) and not (finding.symptom and further):
        days = finding.day - state.block[-1].day
        open_end = "; a further new lesion is seen: was the scan made for a new symptom?" if further else ""
        text = f"{days} days after the iUPD, less than {rules.minimum_days}: disregarded by iRECIST{open_end}"
        asked.append(Asked("warning" if further else "note", "scan_disregarded", text))
        return "NE"
    found = without_earlier(finding, further)
    if state.confirmed:
        return "iCPD" if found == "PD" else CODES[found]
    if not state.block:
        if found != "PD" and grown_after_reset(finding, state):
            text = "a new lesion of an iUPD that was reset grew; iRECIST does not say whether that is an iUPD"
            asked.append(Asked("warning", "new_lesion_grew", text))
        return CODES[found]
    if (finding.measured or found == "PD") and confirms(finding, further, state.block, rules):
        return not_too_late("iCPD", finding, state, rules, asked)
    return unconfirmed(finding, found, state, asked)


def without_earlier(finding: Finding, further: frozenset[str]) -> str:
    """Return the response by RECIST 1.1 when new lesions that are known already stand apart."""
    assert finding.response is not None
    if not finding.measured:
        return finding.response
    return overall_response(finding.target, finding.nontarget, "Y" if further else None)


def unconfirmed(finding: Finding, found: str, state: State, asked: list[Asked]) -> str:
    """Return the response of a scan after an iUPD that does not confirm it: iUPD, NE or what resets the bar.

    While a new lesion is there, only a response of the other lesions that came after it resets the bar. What the scan
    says nothing of may be there.
    """
    first, before = state.block[0], state.block[-1]
    if found == "PD" and not finding.measured:
        text = "progression again, but not whether it grew further: irecist_response would tell iUPD from iCPD"
        asked.append(Asked("note", "confirmation_not_known", text))
    elif finding.nontarget == before.nontarget == "PD" and not finding.others:
        text = "non-target progression again, without a word whether it grew (status: increased, or ncla)"
        asked.append(Asked("note", "confirmation_not_known", text))
    there = finding.news - state.before
    unseen = state.there - state.before - finding.news - finding.gone
    if found in ("PD", "NE") or not finding.measured:
        return CODES[found]
    if nontargets_unseen(finding, state.block):
        return not_told("the non-target lesions that had progressed", asked)
    if not there and not unseen:
        return CODES[found]
    had = without_earlier(first, frozenset())
    if found == "CR" or (found == "PR" and had not in ("CR", "PR")):
        return CODES[found]
    if not there:
        return not_told("the new lesion of the iUPD", asked)
    if shrank(finding.new_targets, first.new_targets):
        text = "the new lesions shrank and the other lesions are stable: iRECIST allows iUPD or iSD; iUPD is taken"
        asked.append(Asked("note", "new_lesion_shrank", text))
    return "iUPD"


def nontargets_unseen(finding: Finding, block: Sequence[Finding]) -> bool:
    """Return whether non-target lesions that had progressed were not evaluated now."""
    if finding.nontarget not in (None, "NE") or all(one.nontarget != "PD" for one in block):
        return False
    progressed = frozenset().union(*(one.progressed for one in block))
    return not progressed or not progressed <= finding.evaluated


def not_told(what: str, asked: list[Asked]) -> str:
    """Leave the bar as it is: what is not known to have gone resets nothing."""
    text = f"nothing is said of {what}: the iUPD is neither confirmed nor reset; a row (absent, present) would tell"
    asked.append(Asked("warning", "progression_not_followed", text))
    return "NE"


def confirms(finding: Finding, further: frozenset[str], block: Sequence[Finding], rules: ImmuneRules) -> bool:
    """Return whether a scan confirms the iUPD before it: more growth where it progressed, or progression elsewhere."""
    before = block[-1]
    if finding.measured and (further or new_growth(finding, block, rules)):
        return True
    if finding.target == "PD" and newly(before.target, before, finding):
        return True
    if finding.nontarget == "PD" and newly(before.nontarget, before, finding):
        return True
    if not finding.measured and finding.new == "Y" and before.new in ("N", "E"):
        return True
    return target_growth(finding, block, rules) or nontarget_growth(finding, block, rules)


def newly(earlier: str | None, before: Finding, now: Finding) -> bool:
    """Return whether a category that progressed now had not before; one that was not told cannot be told."""
    return earlier != "PD" and (earlier is not None or (before.measured and now.measured))


def reference(block: Sequence[Finding], rules: ImmuneRules) -> Finding:
    return block[0] if rules.reference == "first_iupd" else block[-1]


def target_growth(finding: Finding, block: Sequence[Finding], rules: ImmuneRules) -> bool:
    """Return whether target lesions that had progressed grew by 5 mm more."""
    before = block[-1]
    if before.target != "PD" or finding.total is None:
        return False
    progressed = [one for one in block if one.target == "PD" and one.total is not None]
    if not progressed:
        return False
    growth = finding.total - (reference(progressed, rules).total or 0)
    both = before.nontarget == "PD" and not before.news
    return growth > LEAST_GROWTH if both and rules.growth == ">5" else growth >= LEAST_GROWTH


def nontarget_growth(finding: Finding, block: Sequence[Finding], rules: ImmuneRules) -> bool:
    """Return whether non-target lesions that had progressed grew at all."""
    before = block[-1]
    return before.nontarget == "PD" and (finding.others_grew or grew(finding.others, reference(block, rules).others))


def new_growth(finding: Finding, block: Sequence[Finding], rules: ImmuneRules) -> bool:
    """Return whether the new target lesions grew by 5 mm in sum, or another new lesion at all."""
    if not block[-1].news:
        return False
    since = reference([one for one in block if one.news], rules)
    if finding.new_grew or grew(finding.new_others, since.new_others):
        return True
    return growth_in_sum(finding.new_targets, since.new_targets) >= LEAST_GROWTH


def grown_after_reset(finding: Finding, state: State) -> bool:
    """Return whether a new lesion that the reset left behind was found larger than at the scan before."""
    if state.last is None or not finding.news & state.reported:
        return False
    larger = growth_in_sum(finding.new_targets, state.last.new_targets) >= LEAST_GROWTH
    return larger or finding.new_grew or grew(finding.new_others, state.last.new_others)


def growth_in_sum(now: Mapping[str, int], then: Mapping[str, int]) -> int:
    """Return how much the sum of the lesions of then grew; those not measured now cannot add to it."""
    return sum(now.get(lesion, 0) for lesion in then) - sum(then.values())


def grew(now: Mapping[str, int], then: Mapping[str, int]) -> bool:
    return any(size > then[lesion] for lesion, size in now.items() if lesion in then)


def shrank(now: Mapping[str, int], then: Mapping[str, int]) -> bool:
    return any(size < then[lesion] for lesion, size in now.items() if lesion in then)


def up_to_confirmed(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings up to the first iCPD, that one included; later ones are not used."""
    last = next((place for place, reading in enumerate(readings) if reading.code == "iCPD"), len(readings))
    return list(readings[: last + 1])


def progression(readings: Sequence[Reading]) -> Progression | None:
    """Return the progression that counts: dated at the first iUPD of its block, None when it was reset or never was.

    An iCPD that no iUPD precedes can be no more than an iUPD. Readings that are left out reset nothing.
    """
    evaluable = [reading for reading in up_to_confirmed(readings) if reading.code != "NE"]
    block = list(takewhile(lambda reading: reading.first is not None, reversed(evaluable)))
    if not block:
        return None
    return Progression(block[-1].first or 0, block[0].day if sound(block[0]) else None)


def sound(reading: Reading) -> bool:
    return reading.code == "iCPD" and reading.first != reading.day


def immune_best(readings: Sequence[Reading], rules: ResponseRules, confirm: bool = False) -> Best:
    """Return the best response by iRECIST up to the first iCPD: iCR, iPR, iSD, (NON-iCR/NON-iUPD), iCPD, iUPD, NE.

    Parameters
    ----------
    confirm : bool
        A response needs a later scan to confirm it, else it is stable disease.
    """
    used = up_to_confirmed(readings)
    scans = as_recist(used)
    best = confirmed_best_response(scans, rules) if confirm else best_response(scans, rules)
    if best.value != "PD":
        return best._replace(value=CODES.get(best.value, best.value))
    confirmed = next((reading for reading in used if sound(reading)), None)
    return Best("iUPD", best.day) if confirmed is None else Best("iCPD", confirmed.first)


def as_recist(readings: Iterable[Reading]) -> list[Scan]:
    """Return the readings in the words of RECIST 1.1; iUPD and iCPD are PD."""
    return [Scan(reading.day, RECIST.get(reading.code, "PD")) for reading in readings]


def immune_response_day(readings: Sequence[Reading]) -> int | None:
    """Return the day of the first iCR or iPR before the iCPD."""
    return first_day(as_recist(up_to_confirmed(readings)), ("CR", "PR"))
