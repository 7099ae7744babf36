"""What code and which resources stand behind a result, told by content and not by time or place.

Snakemake compares a program by its modification time and does not see the modules that it imports. A digest of
the program, of every anpi module that it imports (and they import), and of the shipped files that it reads goes
into the rule's params instead: a fresh clone, a ``touch`` or a moved folder changes nothing, an edited module
changes exactly the rules that use it.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import re
import sys
from pathlib import Path

from anpi.files.checksums import hash_file
from anpi.files.kept import Place
from anpi.files.shipped import PACKAGE, ROOT

SCRIPTS = PACKAGE.parent
RESOURCES = ROOT / "resources"
SCHEMAS = SCRIPTS.parent / "workflow" / "schemas"
# What stands behind "import", in brackets or to the end of the statement, and the package before it. Both are fast: the
# one begins with a word, the other looks at a few letters; one pattern for both would try every letter of the code.
IMPORT = re.compile(r"import\s+(\([^)]*\)|[^\n;]*)")
PACKAGE_BEFORE = re.compile(r"\bfrom\s+((?:anpi|demo)[\w.]*)\s+$")
LONGEST_FROM = 200
WORD = re.compile(r"[\w.]+")
STRING = re.compile(r"""["'](\w+)["']""")


def add_kept(parser: argparse.ArgumentParser) -> None:
    """Add ``--kept``, the file by which a program that is run again computes only what is not right any more."""
    words = "file that keeps what was computed, for the next run to take what is still right from (default: none)"
    parser.add_argument("--kept", type=Path, metavar="FILE", help=words)


def kept_place(path: Path | None, program: str, *files: Path) -> Place | None:
    """Return where a program keeps what it computed, known by all code behind it, packages and shipped resources.

    Parameters
    ----------
    files : Path
        Files or folders that decide all that it computes; what decides a part of it belongs into the key of that part.
    """
    if path is None:
        return None
    return Place(path, " ".join([code_digest(program, RESOURCES, *files), sys.version, *installed_packages()]))


def installed_packages() -> list[str]:
    """List the installed packages by name and version."""
    folders = [folder for folder in sys.path if os.path.isdir(folder)]
    return sorted({name for folder in folders for name in os.listdir(folder) if name.endswith(".dist-info")})


@functools.cache
def code_digest(program: str, *resources: Path) -> str:
    """Digest a program of ``scripts/``, the anpi modules and schemas behind it and the files or folders that it reads.

    Parameters
    ----------
    program : str
        Name below ``scripts/``, such as ``call_subtypes.py``.
    resources : Path
        Shipped files or folders whose content the program reads.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    modules = modules_behind(SCRIPTS / program)
    for file in sorted(modules) + sorted(schemas_behind(modules)):
        digest.update(file_digest(file).encode())
    for resource in resources:
        for file in sorted(resource.rglob("*")) if resource.is_dir() else [resource]:
            if file.is_file():
                name = file.relative_to(resource).as_posix() if resource.is_dir() else file.name
                digest.update(name.encode() + file_digest(file).encode())
    return digest.hexdigest()[:16]


def modules_behind(program: Path) -> set[Path]:
    """List a program and all anpi modules that it imports, directly or through others."""
    found: set[Path] = set()
    waiting = [program]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += imported_modules(file)
    return found


def schemas_behind(modules: set[Path]) -> set[Path]:
    """List the schemas that modules name, when they read schemas at all; defaults in a schema decide results.

    That of the config is read by the Snakefile alone, which hands its values to programs.
    """
    if SCRIPTS / "anpi" / "tables" / "schema.py" not in modules:
        return set()
    named = set().union(*map(schemas_named_in, modules))
    return {SCHEMAS / f"{name}.schema.yaml" for name in named - {"config"}}


@functools.cache
def schemas_named_in(module: Path) -> frozenset[str]:
    """List the schemas whose names stand in a module as strings."""
    strings = set(STRING.findall(text_of(module)))
    return frozenset(name for name in schema_names() if name in strings)


@functools.cache
def schema_names() -> frozenset[str]:
    return frozenset(file.name.split(".")[0] for file in SCHEMAS.glob("*.schema.yaml"))


@functools.cache
def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8").replace("\\\n", " ")


@functools.cache
def imported_modules(file: Path) -> tuple[Path, ...]:
    """List the files of the anpi modules that a file imports itself, found by its text, faster than parsed.

    Words of a text that read like an import count too: one module too many in a digest is harmless, one too few is not.
    """
    text = text_of(file)
    names: list[str] = []
    for found in IMPORT.finditer(text):
        members = WORD.findall(found[1])
        package = PACKAGE_BEFORE.search(text[max(0, found.start() - LONGEST_FROM) : found.start()])
        names += [package[1], *(f"{package[1]}.{member}" for member in members)] if package else members
    shipped = shipped_modules(SCRIPTS)
    return tuple(dict.fromkeys(module for name in names for module in shipped.get(name, ())))


@functools.cache
def shipped_modules(scripts: Path) -> dict[str, list[Path]]:
    """List the files in and beside ``scripts/`` that a dotted name stands for: a module or a package."""
    found: dict[str, list[Path]] = {}
    for top, home in (("anpi", scripts), ("demo", scripts.parent)):
        for folder, _, files in os.walk(home / top):
            package = ".".join(Path(folder).relative_to(home).parts)
            for file in files:
                if file.endswith(".py"):
                    name = package if file == "__init__.py" else f"{package}.{file[:-3]}"
                    found.setdefault(name, []).append(Path(folder, file))
    return found


@functools.cache
def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file's content, read once a process."""
    return hash_file(file)
