"""How the rules call the programs of ``scripts/``, and what is recorded of a call."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from anpi.files.checksums import short_digest
from anpi.files.made_from import DIGEST, FOLDER
from anpi.provenance import SCRIPTS, code_digest


class Program(dict[str, Any]):
    """A program with all that decides its results and is the same for every sample.

    Written into a command it is the words that call the program; Snakemake's record of a job holds its ``repr``: name,
    digest of the code, settings and digests of files. None of them can be left out or taken from another program. What
    is recorded is computed when it is asked for, which a job on a cluster never does.

    Parameters
    ----------
    name : str
        Name below ``scripts/``, without ``.py``.
    python : str
        The Python that runs it.
    shipped : iterable of Path
        Files and folders of the installation that the program reads.
    settings : mapping
        Values of the config that decide the results, by key.
    files : callable
        Gives the digests of the user's files that the program reads, by the key of the config that names them.
    records : str, optional
        Folder that the program leaves a record in of what it read and made.
    """

    def __init__(
        self,
        name: str,
        python: str = "python",
        shipped: Iterable[Path] = (),
        settings: Mapping[str, Any] | None = None,
        files: Callable[[], Mapping[str, str]] = dict,
        records: str | None = None,
    ):
        super().__init__(program=name)
        self.shipped = tuple(shipped)
        self.settings = dict(settings or {})
        self.files = files
        self.records = records
        self.call = shlex.join([python, str(SCRIPTS / f"{name}.py")])

    def __str__(self) -> str:
        if not self.records:
            return self.call
        return f"{DIGEST}={short_digest(self.decisive)} {FOLDER}={shlex.quote(self.records)} {self.call}"

    def __repr__(self) -> str:
        return repr(self.decisive)

    @cached_property
    def decisive(self) -> dict[str, Any]:
        """All that decides the results, of values that JSON knows."""
        code = code_digest(f"{self['program']}.py", *self.shipped)
        return {**self, "code": code, "settings": self.settings, "files": dict(self.files())}


class Unrecorded:
    """Words of a command line that Snakemake keeps no record of, so that other ones rerun nothing."""

    def __init__(self, words: str):
        self.words = words

    def __str__(self) -> str:
        return self.words


def option(flag: str, paths: Iterable[object]) -> str:
    """Write a command-line option with its values, or nothing when there are none."""
    words = [shlex.quote(str(path)) for path in paths]
    return " ".join([flag, *words]) if words else ""


def options_of(names: Iterable[str], given: Mapping[str, Any]) -> str:
    """Write the options of those inputs of a rule that it has, each called as the input is."""
    present = {name: given[name] for name in names if given.get(name)}
    return " ".join(
        option(f"--{name.replace('_', '-')}", [path] if isinstance(path, str) else path)
        for name, path in present.items()
    )
