"""What code and which resources stand behind a result, told by content and not by time or place.

Snakemake compares a program by its modification time and does not see the modules that it imports. A digest of
the program, of every anpi module that it imports (and they import), and of the shipped files that it reads goes
into the rule's params instead: a fresh clone, a ``touch`` or a moved folder changes nothing, an edited module
changes exactly the rules that use it.
"""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path

from anpi.files.checksums import hash_file
from anpi.files.shipped import PACKAGE

SCRIPTS = PACKAGE.parent
SCHEMAS = SCRIPTS.parent / "workflow" / "schemas"
# "from anpi… import …", its names in brackets or to the end of the line, or "import …"
IMPORT = re.compile(r"\bfrom\s+((?:anpi|demo)[\w.]*)\s+import\s+(\([^)]*\)|[^\n;]*)|\bimport\s+([^\n;]*)")
WORD = re.compile(r"[\w.]+")
STRING = re.compile(r"""["'](\w+)["']""")


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
    names = []
    for package, members, modules in IMPORT.findall(text_of(file)):
        names += WORD.findall(modules)
        names += [package, *(f"{package}.{member}" for member in WORD.findall(members))] if package else []
    homes = {"anpi": SCRIPTS, "demo": SCRIPTS.parent}
    places = [homes[top] / name.replace(".", "/") for name in names if (top := name.split(".")[0]) in homes]
    files = [file for place in places for file in (place.with_suffix(".py"), place / "__init__.py")]
    return tuple(dict.fromkeys(file for file in files if is_shipped(file)))


@functools.cache
def is_shipped(file: Path) -> bool:
    return file.is_file()


@functools.cache
def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file's content, read once a process."""
    return hash_file(file)
