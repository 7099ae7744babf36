"""Columns of a delivery, and cells of them turned into words that the schemas take. Each change is noted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from anpi.delivery.conversions import Conversions
from anpi.delivery.decisions import Decisions
from anpi.delivery.sources import Source
from anpi.problems import InputError, Problem, fold
from anpi.tables.adam import GRADES
from anpi.tables.names import OTHER_WORDS, alike, is_unknown, plain_name
from anpi.tables.reading import FIRST_DATA_ROW
from anpi.tables.schema import describe, parse_value
from anpi.words.lists import listed, plural

MISSING = "missing"  # the answer by which a cell is emptied
CENSORED = ("censor", "cnsr", "cens", "删失")
PARTS = re.compile(r"[()\[\]:=,;]|\s[-–/]\s")
DEAD = {
    "dead", "deceased", "died", "verstorben", "gestorben", "tot", "décédé", "décédée", "fallecido", "死亡", "已死亡",
}  # fmt: skip
ALIVE = {"alive", "living", "lebend", "lebt", "amleben", "vivant", "vivante", "vivo", "存活", "生存"}
# Ids that a spreadsheet took for dates: 01-01 is shown as 1-Jan or Jan-01, and exported as 2001-01-01.
ID_AS_DATE = re.compile(
    r"(?:19|20)\d\d-[01]\d-[0-3]\d|(?:\d{1,2}[-. ]+{M}|{M}-\d\d)".replace(
        "{M}", "(?:Jan|Feb|Mar|Mrz|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez)"
    )
)
UNSURE = {"post", "posttreatment"}  # of treatment under way, or of its end
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5"}


@dataclass
class Column:
    """A column of a source on its way into a table."""

    source: Source
    header: str
    target: str
    rule: Mapping[str, Any]
    unit: str | None
    decisions: Decisions
    conversions: Conversions

    @property
    def texts(self) -> pd.Series:
        return self.source.frame[self.header]

    def name(self, what: str) -> str:
        """Name a question about the column."""
        return f"{self.source.key}, {self.header}: {what}"

    @property
    def shown(self) -> str:
        """Name the column in a question."""
        return f"{self.source.shown}, column {self.header}"

    def place_of(self, index: object) -> tuple[int | None, str]:
        """Return the row, as the spreadsheet counts, and the column of a cell."""
        return int(str(index)) + FIRST_DATA_ROW, self.header

    def refuse(self, texts: Sequence[str], expected: str, mend: str) -> None:
        """Note as a fault the first cell that holds one of some texts, and how many there are."""
        places = [(self.place_of(index), text) for index, text in self.texts.items() if text in texts]
        (row, header), text = places[0]
        more = f"; so it is in {plural(len(places) - 1, 'more row')}" if len(places) > 1 else ""
        fault = Problem(self.source.shown, row=row, column=header, found=text, expected=expected + more, mend=mend)
        self.decisions.faults.append(fault)

    def ask(
        self,
        what: str,
        text: str,
        choices: Sequence[str] = (),
        inferred: str | None = None,
        refuted: Sequence[str] = (),
    ) -> str | None:
        return self.decisions.decide(self.name(what), f"{self.shown}: {text}", choices, inferred, refuted)

    def convert(self, become: Mapping[str, tuple[str | None, str]]) -> pd.Series:
        """Put other texts in place of some, each with its reason, and note every cell."""
        result = self.texts.copy()
        for index, text in self.texts.items():
            if text is not None and text in become:
                value, why = become[text]
                result.at[index] = value
                if value != text:
                    self.conversions.add(self.source.place, *self.place_of(index), text, value, why)
        return result

    def answered(
        self, odd: Sequence[str], expected: str, choices: Sequence[str] = ()
    ) -> dict[str, tuple[str | None, str]]:
        """Return what the user says of values that cannot be read."""
        if not odd:
            return {}
        text = f"{self.shown}: {self.target} takes {expected}, or {MISSING} where none is known. What is"
        answers = self.decisions.decide_each(
            self.name("values"), text, list(odd), [*choices, MISSING] if choices else ()
        )
        return {item: (None if answer == MISSING else answer, "so answered") for item, answer in answers.items()}


def unknown_words(texts: Sequence[str]) -> dict[str, tuple[str | None, str]]:
    """Return the words for "not known", which become empty cells."""
    return {text: (None, "a word for not known") for text in texts if is_unknown(text)}


def distinct(texts: pd.Series) -> list[str]:
    return sorted(texts.dropna().unique())


def convert_words(column: Column) -> pd.Series:
    """Return a column of the words that its rule takes; other words for them are known, all else is asked about."""
    allowed = [str(word) for word in column.rule["enum"]]
    become = unknown_words(distinct(column.texts))
    odd = []
    for text in distinct(column.texts):
        if text in become or text in allowed:
            continue
        meant = meaning(text, allowed)
        if meant is not None and fold(text) not in UNSURE:
            become[text] = (meant, f"another word for {meant}")
        else:
            odd.append(text)
    return column.convert(become | column.answered(odd, f"one of {', '.join(allowed)}", allowed))


def meaning(text: str, allowed: Sequence[str]) -> str | None:
    """Return the one word of a list that a text means, also in two forms at once (``Stable disease (SD)``)."""
    if whole := meanings(text, allowed):
        return whole[0] if len(whole) == 1 else None
    parts = [meanings(part, allowed) for part in PARTS.split(text) if part.strip()]
    words = {word for part in parts for word in part}
    return words.pop() if len(words) == 1 and all(parts) else None


def meanings(text: str, allowed: Sequence[str]) -> list[str]:
    """Return the words of a list that a text is in other letters, or those that it is another word for."""
    folded = fold(text)
    same = [word for word in allowed if fold(word) == folded]
    return same or [word for word in allowed if folded in OTHER_WORDS.get(word, ())]


def convert_grades(column: Column) -> pd.Series:
    """Return a column of whole numbers, of grades also as words or with the word before them."""
    become = unknown_words(distinct(column.texts))
    odd = []
    for text in distinct(column.texts):
        if text in become or parse_value(text, column.rule)[1] is None:
            continue
        short = re.sub(r"^(?:ctcae\s*)?(?:grade|grad|g)\s*|\s*[级分度]$", "", text, flags=re.IGNORECASE).strip().upper()
        value = GRADES.get(short) or ROMAN.get(short) or short
        if column.target in ("grade", "initial_grade", "ecog") and parse_value(value, column.rule)[1] is None:
            become[text] = (value, "a grade in words")
        else:
            odd.append(text)
    return column.convert(become | column.answered(odd, describe(column.rule)))


def convert_names(column: Column) -> pd.Series:
    """Return a column of names, each in one spelling: those that differ in case or look alone are asked about."""
    become = unknown_words(distinct(column.texts))
    plain = {text: plain_name(text) for text in distinct(column.texts) if text not in become}
    become |= {text: (name, "blanks and letters in one form") for text, name in plain.items() if text != name}
    if column.rule.get("any_case") or column.rule.get("within"):
        return column.convert(become)
    counts = column.texts.map(plain).value_counts().to_dict()
    for odd, other in sorted(alike(counts, counts).items()):
        here, there = (f"{name!r} ({plural(counts[name], 'row')})" for name in (odd, other))
        text = f"{here} differs from {there} in case or look alone."
        text += " Which name is right?"
        answer = column.ask(" or ".join(sorted((odd, other))), text, (other, odd))
        if answer is not None:
            wrong = odd if answer == other else other
            become |= {
                text: (answer, "the spelling that was answered") for text, name in plain.items() if name == wrong
            }
    return column.convert(become)


def convert_events(column: Column) -> tuple[str, pd.Series]:
    """Return 1 for an event and 0 for a censored time."""
    target = f"{column.target.split('_')[0]}_event"
    words = dict.fromkeys(DEAD, "1") | dict.fromkeys(ALIVE, "0")
    words |= {"event": "1", "progressed": "1", "censored": "0", "删失": "0", "是": "1", "否": "0"}
    words |= {"yes": "1", "y": "1", "true": "1", "no": "0", "n": "0", "false": "0"}
    texts = distinct(column.texts)
    become = unknown_words(texts)
    texts = [text for text in texts if text not in become]
    if set(texts) <= {"0", "1"}:
        censor = any(part in fold(column.header) for part in CENSORED)
        inferred = "1_is_censored" if censor else "1_is_event" if column.target.endswith("_event") else None
        text = "does 1 stand for an event or for a censored time?"
        coded = column.ask("coding", text, ("1_is_event", "1_is_censored"), inferred)
        if coded == "1_is_censored":
            become |= {"0": ("1", "0 stands for an event"), "1": ("0", "1 stands for a censored time")}
        return target, column.convert(become)
    inverted = any(part in fold(column.header) for part in CENSORED)
    understood = {} if inverted else {text: words[fold(text)] for text in texts if fold(text) in words}
    become |= {text: (value, "an event" if value == "1" else "no event") for text, value in understood.items()}
    odd = [text for text in texts if text not in understood]
    return target, column.convert(become | column.answered(odd, "1 for an event, 0 for a censored time", ("0", "1")))


def is_status_of_life(texts: pd.Series) -> bool:
    """Return whether a column says of each patient that they are dead or alive, where it says anything."""
    words = {fold(text) for text in texts.dropna().unique() if not is_unknown(text)}
    return bool(words) and words <= DEAD | ALIVE


def convert_ids(column: Column, ids: Sequence[str]) -> pd.Series:
    """Return ids of patients or samples; those written otherwise than in the table of patients are asked about once.

    Parameters
    ----------
    ids : sequence of str
        Ids of the table of patients; none for that table itself.
    """
    texts = distinct(column.texts)
    if dates := [text for text in texts if ID_AS_DATE.fullmatch(text)]:
        mend = "Format the column as text, and type the ids anew."
        column.refuse(dates, "an id, not a date of a spreadsheet", mend)
    patients = set(ids)
    plain = {text: (sanitised(text), "an id of letters, digits, . _ and -") for text in texts}
    if not patients:
        valid = [text for text in texts if parse_value(text, column.rule)[1] is not None]
        become = {text: plain[text] for text in valid}
        clash = [text for text, (new, _) in become.items() if new in texts or not new]
        if clash or len({new for new, _ in become.values()}) < len(become):
            if column.name("rows of no patient") in column.decisions.open:
                return column.texts
            found, expected = (clash or valid)[0], describe(column.rule)
            row, header = next(column.place_of(index) for index, text in column.texts.items() if text == found)
            raise InputError(Problem(column.source.shown, row=row, column=header, found=found, expected=expected))
        return column.convert(become)
    become = {text: plain[text] for text in texts if text not in patients and plain[text][0] in patients}
    texts = [text for text in texts if text not in become]
    by_core: dict[str, list[str]] = {}
    for patient in patients:
        by_core.setdefault(core(patient), []).append(patient)
    others = {
        text: by_core[core(text)][0] for text in texts if text not in patients and len(by_core.get(core(text), ())) == 1
    }
    if not others:
        return column.convert(become)
    shown = listed(f"{text} for {patient}" for text, patient in sorted(others.items()))
    text = f"ids are written otherwise than in the table of patients: {shown}. Are they the same patients?"
    if column.ask("ids", text, ("yes", "no")) == "yes":
        become |= {text: (patient, "the id in the table of patients") for text, patient in others.items()}
    return column.convert(become)


def sanitised(text: str) -> str:
    """Return an id with a dash in place of what an id cannot hold."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")


def core(text: str) -> str:
    """Return what is left of an id without case, signs and leading zeros."""
    return "".join(
        part.lstrip("0") or "0" if part.isdigit() else part for part in re.findall(r"[a-z]+|\d+", text.lower())
    )
