"""What a delivery leaves open: decided by an answer of the user or by evidence, else asked. Nothing is guessed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from anpi.problems import InputError, Problem, nearest, shorten
from anpi.tables.schema import load_yaml
from anpi.words.lists import listed

LEAVE_OUT = "leave_out"
MOST_ASKED = 12  # items that are asked one by one
MEND = "Take mapping.yaml as it was written, or delete all of it but the block answers."
MOST_SHOWN = 40  # choices of a question that are written out


@dataclass(frozen=True)
class Question:
    """Something that the files do not tell.

    Parameters
    ----------
    name : str
        By which the answer is kept, for this delivery and the next ones.
    text : str
        What is asked, and what makes it open.
    choices : tuple of str
        The answers that can be given; none where any text can.
    """

    name: str
    text: str
    choices: tuple[str, ...] = ()


@dataclass
class Decisions:
    """What was decided for a delivery, and the questions that are open.

    Parameters
    ----------
    answers : dict
        What the user answered, now or for an earlier delivery, by the name of the question.
    file : str
        File that the answers stand in, for messages.
    earlier : dict
        Columns of the tables of an earlier delivery, by their key.
    written : set of str
        Tables that an earlier delivery wrote.
    recorded : bool
        That it says which those are.
    samples : dict
        What it wrote of each sample that a person may change.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    file: str = "answers"
    earlier: dict[str, list[str]] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    recorded: bool = False
    samples: dict[str, dict[str, str]] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    open: dict[str, Question] = field(default_factory=dict)
    faults: list[Problem] = field(default_factory=list)

    def anew(self) -> Decisions:
        """Return the same answers with nothing decided yet."""
        return replace(self, made={}, open={}, faults=[])

    def decide(
        self,
        name: str,
        text: str,
        choices: Sequence[str] = (),
        inferred: str | None = None,
        refuted: Sequence[str] = (),
    ) -> str | None:
        """Return what was decided; None while the question is open.

        Parameters
        ----------
        inferred : str, optional
            What the files themselves tell, where they do.
        refuted : sequence of str
            Answers that the files contradict.
        """
        if self.answers.get(name) is not None:
            answer = str(self.answers[name])
            if choices and answer not in choices:
                near = nearest(answer, choices)
                mend = f"Did you mean {near}?" if near else None
                expected = "one of " + ", ".join(choices)
                self.faults.append(Problem(self.file, column=name, found=answer, expected=expected, mend=mend))
                return None
            if answer in refuted:
                fault = f"the answer {shorten(answer)} contradicts the files"
                self.faults.append(Problem(self.file, fault, column=name, mend=text))
                return None
            self.made[name] = answer
            return answer
        if inferred is not None:
            self.made[name] = inferred
            return inferred
        self.open[name] = Question(name, text, tuple(choice for choice in choices if choice not in refuted))
        return None

    def decide_each(self, name: str, text: str, items: Sequence[str], choices: Sequence[str] = ()) -> dict[str, str]:
        """Return what was decided of each of some items; those that are open lack.

        An answer to ``name`` is one for all items, or a block with a line an item. A few items are asked one by one.
        """
        answer = self.answers.get(name)
        block = {str(item): value for item, value in answer.items()} if isinstance(answer, Mapping) else {}
        decided = {}
        for item in items:
            single = f"{name}, {item}"
            value = self.answers.get(single, block.get(item, None if isinstance(answer, Mapping) else answer))
            found = None if value is None else str(value)
            if found is not None and choices and found not in choices:
                near = nearest(found, choices)
                mend = f"Did you mean {near}?" if near else None
                expected = f"one of {listed(choices, 12)}"
                self.faults.append(Problem(self.file, column=single, found=found, expected=expected, mend=mend))
            elif found is not None:
                decided[item] = self.made[single] = found
        open_items = [item for item in items if item not in decided]
        if len(open_items) > MOST_ASKED:
            more = f"{text}\n{listed(open_items)}: one answer for all of them, or below the colon a line each."
            self.open[name] = Question(name, more, tuple(choices))
        else:
            for item in open_items:
                self.open[f"{name}, {item}"] = Question(f"{name}, {item}", f"{text} {shorten(item)}?", tuple(choices))
        return decided


def read_answers(files: Sequence[Path]) -> Decisions:
    """Read answers: files of questions that were filled in, or the mapping of an earlier delivery; later ones count.

    Raises
    ------
    InputError
        No such file, no YAML, no block ``answers``.
    """
    decisions = Decisions(file=str(files[-1]) if files else "answers")
    for path in files:
        content = load_yaml(path)
        answers = content.get("answers") or {}
        if "answers" not in content or not isinstance(answers, dict):
            mend = "Give the file of questions, filled in, or mapping.yaml of an earlier delivery."
            expected = "answers: and below it a line each"
            raise InputError(Problem(str(path), "no block answers", expected=expected, mend=mend))
        decisions.answers |= {str(name): as_typed(value) for name, value in answers.items() if value is not None}
        read_earlier(decisions, str(path), content)
    return decisions


def read_earlier(decisions: Decisions, file: str, content: Mapping[str, Any]) -> None:
    """Take up what mapping.yaml tells of the tables of an earlier delivery."""
    sources = block_of(file, content, "sources")
    for key in sources:
        source = block_of(file, sources, key, "sources.")
        decisions.earlier[str(key)] = list_of(file, source, "columns", f"sources.{key}.")
    if "written" not in content:
        return
    written = block_of(file, content, "written")
    samples = block_of(file, written, "samples", "written.")
    decisions.written, decisions.recorded = set(list_of(file, written, "tables", "written.")), True
    decisions.samples = {
        str(name): {str(key): str(as_typed(v)) for key, v in block_of(file, samples, name, "written.samples.").items()}
        for name in samples
    }


def block_of(file: str, content: Mapping[Any, Any], key: Any, above: str = "") -> dict[Any, Any]:
    """Return a block of keys, empty where there is none; anything else is an InputError."""
    value = content.get(key)
    if value is not None and not isinstance(value, dict):
        raise InputError(Problem(file, column=f"{above}{key}", found=str(value), expected="a block of keys", mend=MEND))
    return value or {}


def list_of(file: str, content: Mapping[Any, Any], key: str, above: str) -> list[str]:
    """Return a list of names, empty where there is none; anything else is an InputError."""
    value = content.get(key)
    if value is not None and not isinstance(value, list):
        raise InputError(Problem(file, column=f"{above}{key}", found=str(value), expected="a list", mend=MEND))
    return list(map(str, value or ()))


def ask(question: Question, read: Callable[[str], str]) -> str | None:
    """Ask at the terminal until the answer is one of the choices; none for an empty line, or where the input ends."""
    print(f"\n{question.text}", file=sys.stderr)
    for number, choice in enumerate(question.choices, start=1):
        print(f"  {number}  {choice}", file=sys.stderr)
    while True:
        try:
            answer = read("> ").strip()
        except EOFError:
            return None
        if answer.isdigit() and 1 <= int(answer) <= len(question.choices) and answer not in question.choices:
            return question.choices[int(answer) - 1]
        if not answer or not question.choices or answer in question.choices:
            return answer or None
        print("Type one of the answers or its number, or nothing to leave it open.", file=sys.stderr)


def as_typed(value: Any) -> Any:
    """Return an answer as it was typed: YAML takes yes and no for true and false."""
    if isinstance(value, Mapping):
        return {str(item): as_typed(answer) for item, answer in value.items()}
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def template(questions: Sequence[Question], answers: Mapping[str, Any]) -> str:
    """Return a file of questions to be filled in, with the answers that were given before."""
    lines = ["# Write each answer behind its colon, and give this file as --answers.", "answers:"]
    for question in questions:
        lines += ["", *(f"  # {line}" for line in question.text.splitlines())]
        if question.choices:
            shown = ", ".join(question.choices[:MOST_SHOWN])
            more = f" and {len(question.choices) - MOST_SHOWN} more" if len(question.choices) > MOST_SHOWN else ""
            lines.append(f"  # one of: {shown}{more}")
        lines.append(f"  {quoted(question.name)}:")
    asked = {question.name for question in questions}
    kept = {name: value for name, value in answers.items() if name not in asked}
    if kept:
        lines += ["", "  # Answered before:"]
        text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=10_000)
        lines += [f"  {line}" for line in text.splitlines()]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Write a text as YAML reads it back, on one line."""
    written = yaml.safe_dump(text, allow_unicode=True, width=10_000, default_style='"')
    return written.splitlines()[0]
