"""What the attacker may do to a file: kinds of mutations, each by its name."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mutated:
    """A file after a mutation.

    Parameters
    ----------
    content : bytes
    about : frozenset of str
        Patients whose rows were touched: a query about another one does not tell it. Empty: any new word does.
    """

    content: bytes
    about: frozenset[str] = frozenset()


Change = Callable[[random.Random, bytes], "Mutated | bytes | None"]


@dataclass(frozen=True)
class Kind:
    """A kind of mutation.

    Parameters
    ----------
    name : str
    change : callable
        Takes a source of chance and the file; returns it changed, or None where it cannot be applied.
    judgement : str
        Why no rule can find it in the file alone; empty for all that must be found.
    """

    name: str
    change: Change
    judgement: str = ""


@dataclass
class Kinds:
    """The kinds of mutations of one sort of file."""

    kinds: dict[str, Kind] = field(default_factory=dict)

    def add(self, name: str, judgement: str = "") -> Callable[[Change], Change]:
        """Register a function as a kind of mutation."""

        def register(change: Change) -> Change:
            assert name not in self.kinds, name
            self.kinds[name] = Kind(name, change, judgement)
            return change

        return register


def apply(kind: Kind, seed: int, content: bytes) -> Mutated | None:
    """Mutate a file; None where the kind does not apply or changes nothing."""
    changed = kind.change(random.Random(f"{seed} {kind.name}"), content)
    mutated = Mutated(changed) if isinstance(changed, bytes) else changed
    return None if mutated is None or mutated.content == content else mutated


def text_kinds() -> Kinds:
    """Return what can be done to any text file, whatever it holds."""
    kinds = Kinds()

    @kinds.add("empty file")
    def _(rng, content):
        return b""

    @kinds.add("blank lines alone")
    def _(rng, content):
        return b"\n\n\n"

    @kinds.add("NUL")
    def _(rng, content):
        place = rng.randrange(len(content))
        return content[:place] + b"\0" + content[place:]

    @kinds.add("bytes of no encoding")
    def _(rng, content):
        place = rng.randrange(len(content))
        return content[:place] + rng.choice([b"\xff", b"\xc3\x28", b"\xed\xa0\x80"]) + content[place:]

    @kinds.add("control character")
    def _(rng, content):
        place = rng.randrange(len(content))
        return content[:place] + rng.choice([b"\x07", b"\x1b[31m", b"\x08", b"\xe2\x80\xae"]) + content[place:]

    @kinds.add("UTF-16")
    def _(rng, content):
        return content.decode().encode(rng.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32"]))

    @kinds.add("byte order mark")
    def _(rng, content):
        return b"\xef\xbb\xbf" + content

    @kinds.add("line ends of another system")
    def _(rng, content):
        return content.replace(b"\n", rng.choice([b"\r\n", b"\r", b"\n\n"]))

    @kinds.add("marks of a merge")
    def _(rng, content):
        lines = content.splitlines(keepends=True)
        place = rng.randrange(1, len(lines))
        return b"".join([*lines[:place], b"<<<<<<< HEAD\n", lines[place], b"=======\n", *lines[place:]])

    @kinds.add("another kind of file")
    def _(rng, content):
        return rng.choice([b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"%PDF-1.4\n", b"\x89PNG\r\n", b"<html>"]) + content

    @kinds.add("cut within a line")
    def _(rng, content):
        ends = [place for place in range(len(content) // 4, len(content) - 1) if content[place] == 10]
        place = rng.choice(ends) + 1
        following = content.find(b"\n", place)
        return content[: rng.randrange(place + 1, following)] if following > place + 1 else None

    return kinds
