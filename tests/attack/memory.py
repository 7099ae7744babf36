"""What is read of good files is remembered while inputs are tried: each disturbs one file, and all others stay.

A reading is known by the content of its files, the words of its call, the folder and the columns that are allowed. A
disturbed file is another content and is read anew. Each call gets a copy of its own; what is refused is not remembered.
"""

from __future__ import annotations

import functools
import io
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from anpi.adverse_events import table
from anpi.association import plan
from anpi.endpoints import rules
from anpi.expression import reference_look
from anpi.files.sheet import file_of
from anpi.tables import biomarkers, clinical, reading, schema, sheets
from anpi.tables.allowed import ALLOWED_COLUMNS

READERS = (
    (table, "adverse_event_table"),  # of the safety set, which most disturbed files leave as it is
    (schema, "load_yaml"),
    (schema, "read_settings"),
    (reading, "read_text_table"),
    (reading, "read_table"),
    (clinical, "read_clinical"),
    (biomarkers, "biomarker_problems"),
    (sheets, "read_samples"),
    (sheets, "read_units"),
    (rules, "read_rules"),
    (plan, "plan_faults"),
    (reference_look, "look_at_reference"),
)
MOST = 400  # readings, of which those of disturbed files are never asked for again


class Memory:
    """Remembers readings within a block of ``with``."""

    def __init__(self) -> None:
        self.active = False
        self.known: dict[bytes, bytes] = {}
        loaded = [module for key, module in sys.modules.items() if key.split(".")[0] in ("anpi", "attack")]
        self.places = []
        for home, name in READERS:
            reader = getattr(home, name)
            remembering = self.before(reader)
            holders = [module for module in loaded if getattr(module, name, None) is reader]
            self.places += [(module, name, reader, remembering) for module in holders]

    def before(self, reader: Callable[..., Any]) -> Callable[..., Any]:
        """Return what stands in the place of a reader, in every module that took it by its name."""

        @functools.wraps(reader)
        def remembering(*words: Any, **options: Any) -> Any:
            # A module that is loaded within a block keeps this.
            return self.recall(reader, words, options) if self.active else reader(*words, **options)

        return remembering

    def __enter__(self) -> None:
        self.active = True
        for module, name, _, remembering in self.places:
            setattr(module, name, remembering)

    def __exit__(self, *fault: object) -> None:
        self.active = False
        for module, name, reader, _ in self.places:
            setattr(module, name, reader)

    def recall(self, reader: Callable[..., Any], words: tuple[Any, ...], options: dict[str, Any]) -> Any:
        key = key_of(reader, words, options)
        if key not in self.known:
            read = reader(*words, **options)
            read = pickle.dumps(list(read) if isinstance(read, Iterator) else read)
            if len(self.known) >= MOST:
                del self.known[next(iter(self.known))]  # the eldest
            self.known[key] = read
        else:
            self.known[key] = self.known.pop(key)  # asked for again: the youngest
        return pickle.loads(self.known[key])


def key_of(reader: Callable[..., Any], words: tuple[Any, ...], options: dict[str, Any]) -> bytes:
    place = (reader.__module__, reader.__name__, os.getcwd(), os.environ.get(ALLOWED_COLUMNS))
    written = io.BytesIO()
    pickler = pickle.Pickler(written)
    pickler.fast = True  # equal words are written alike, whether or not they are one object
    pickler.dump((place, words, options))
    digest = blake2b(written.getvalue())
    for file in files_in((*words, *options.values())):
        digest.update(Path(file).read_bytes())
    return digest.digest()


def files_in(words: tuple[Any, ...]) -> Iterator[str | Path]:
    """List the files that are named in the words of a call, and in mappings among them."""
    for word in words:
        if isinstance(word, dict):
            yield from files_in(tuple(word.values()))
        elif isinstance(word, str | Path) and os.path.isfile(file_of(word)):
            yield file_of(word)
