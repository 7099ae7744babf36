"""The ids of a patient blotted out of a state: where it names persons and in its free texts, and nowhere else.

Versions, rates, results, counts and digests stay as they were. An id that is a mere number or word (``2``, ``A``) is
blotted out where it can only be a person: in what people write of samples, elsewhere after a word such as "patient".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

from anpi.ledger.recorded import PatientState, SampleState, State

PURGED = "(purged)"
PLAIN = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
START, END = r"(?<![A-Za-z0-9._-])", r"(?![A-Za-z0-9_-])"
NOT_OF_A_NUMBER = (r"(?<!\d[.,])", r"(?![.,]\d|\s?%)")
PERSONS = r"(?i:\b(?:patient|subject|sample)s?)[ :#]+(?:[\w.()-]+(?:, ?| and ))*?"
# A fact held against its limit, as verdicts word it: its numbers are no ids.
MEASURE = re.compile(r"(?:sample failed quality: )?[\d.,e+-]+[^;]*, (?:above|below) [\d.,e+-]+[^;]*")
SETTINGS = ("settings", "plan", "rules")


class Blots:
    """The ids to blot out of texts.

    Parameters
    ----------
    gone : collection of str
        Ids of the patient and of the samples.
    others : iterable of str
        All other ids of the state: one that holds an id that goes, such as ``P2.1`` that of ``P2``, stays whole.
    """

    def __init__(self, gone: Collection[str], others: Iterable[str]):
        self.gone = set(gone)
        numbers = {name for name in self.gone if NUMBER.fullmatch(name)}
        told = {name for name in self.gone if not PLAIN.fullmatch(name)}
        names = self.gone - numbers
        inside = re.compile(f"{START}(?:{either(self.gone)}){END}")
        self.kept = {name for name in others if name not in self.gone and inside.search(name)}
        self.names = self.pattern(names, START, END)
        self.told = self.pattern(told, START, END)
        self.numbers = self.pattern(numbers, START + NOT_OF_A_NUMBER[0], END + NOT_OF_A_NUMBER[1])
        self.persons = re.compile(rf"({PERSONS})(?:{either(self.gone)})(?![A-Za-z0-9_-]|\.\w)")

    def pattern(self, names: Collection[str], start: str, end: str) -> re.Pattern[str] | None:
        return re.compile(f"{start}(?:{either({*names, *self.kept})}){end}") if names else None

    def named(self, name: str) -> str:
        """Blot out a value that is an id and nothing else."""
        return PURGED if name in self.gone else name

    def written(self, text: str) -> str:
        """Blot out a text that people or programs wrote of samples: numbers of measures stay."""
        return "; ".join(self.part(part) for part in text.split("; "))

    def part(self, text: str) -> str:
        text = self.cautious(replaced(self.names, text, self.gone))
        return text if MEASURE.fullmatch(text) else replaced(self.numbers, text, self.gone)

    def cautious(self, text: str) -> str:
        """Blot out a text in which a mere number or word is most likely none of a person."""
        before = ""
        while before != text:  # one id of a list after the other
            before = text
            text = self.persons.sub(rf"\g<1>{PURGED}", text)
        return replaced(self.told, text, self.gone)


def either(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))


def replaced(pattern: re.Pattern[str] | None, text: str, gone: Collection[str]) -> str:
    """Replace what a pattern finds, but for ids of others."""
    return text if pattern is None else pattern.sub(lambda found: PURGED if found[0] in gone else found[0], text)


def blot_state(state: State, gone: Collection[str]) -> State:
    """Return a state in which these ids of a patient and of samples name nobody any more."""
    blots = Blots(gone, {*state["patients"], *state["samples"]})
    kept = cast(dict[str, Any], state.copy())
    kept["patients"] = {name: blot_patient(value, blots) for name, value in state["patients"].items()}
    kept["samples"] = {name: blot_sample(value, blots) for name, value in state["samples"].items()}
    kept["endpoints"] = {name: blot_reasons(value, blots) for name, value in state["endpoints"].items()}
    kept |= {name: blot_texts(kept[name], blots) for name in SETTINGS if name in kept}
    return cast(State, kept)


def blot_patient(patient: PatientState, blots: Blots) -> PatientState:
    found = patient.copy()
    if sample := patient.get("sample"):
        found["sample"] = blots.named(sample)
    if reason := patient.get("reason_out"):
        found["reason_out"] = blots.written(reason)
    return found


def blot_sample(sample: SampleState, blots: Blots) -> SampleState:
    found = sample.copy()
    found["patient"] = blots.named(sample["patient"])
    if reasons := sample.get("reasons"):
        found["reasons"] = blots.written(reasons)
    if reason := sample.get("call_reason"):
        found["call_reason"] = blots.cautious(reason)
    return found


def blot_reasons(endpoints: Mapping[str, str], blots: Blots) -> dict[str, str]:
    return {name: blots.cautious(value) if name.endswith("_reason") else value for name, value in endpoints.items()}


def blot_texts(value: Any, blots: Blots) -> Any:
    """Blot out all texts of settings, whatever they stand in."""
    if isinstance(value, dict):
        return {key: blot_texts(item, blots) for key, item in value.items()}
    if isinstance(value, list):
        return [blot_texts(item, blots) for item in value]
    return blots.cautious(value) if isinstance(value, str) else value
