"""What code and which resources stand behind a result, told by content and not by time or place.

Snakemake compares a program by its modification time and does not see the modules that it imports. A digest of
the program, of every anpi module that it imports (and they import), and of the shipped files that it reads goes
into the rule's params instead: a fresh clone, a ``touch`` or a moved folder changes nothing, an edited module
changes exactly the rules that use it.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from pathlib import Path

from anpi.files.checksums import hash_file

SCRIPTS = Path(__file__).resolve().parents[1]
ENDS = 1 << 16


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
    named = {text for module in modules for text in strings_in(module)}
    folder = SCRIPTS.parent / "workflow" / "schemas"
    return {file for file in folder.glob("*.schema.yaml") if file.name.split(".")[0] in named - {"config"}}


@functools.cache
def strings_in(file: Path) -> frozenset[str]:
    """List the strings that a module holds."""
    constants = (node.value for node in nodes_of(file) if isinstance(node, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str))


@functools.cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


@functools.cache
def imported_modules(file: Path) -> tuple[Path, ...]:
    """List the files of the anpi modules that a file imports itself."""
    names = []
    for node in nodes_of(file):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    places = [SCRIPTS / name.replace(".", "/") for name in names if name.split(".")[0] == "anpi"]
    files = [file for place in places for file in (place.with_suffix(".py"), place / "__init__.py")]
    return tuple(file for file in files if file.is_file())


@functools.cache
def file_digest(file: Path) -> str:
    """Give the SHA-256 of a file's content, read once a process."""
    return hash_file(file)


def fingerprint(file: Path | str) -> str:
    """Tell a large file from another by its size and its two ends, in no time and whatever its modification time.

    A copy or a touch of the same reads keeps the fingerprint; other reads, compressed, have another size or other ends.
    """
    path = Path(file)
    size = path.stat().st_size
    with open(path, "rb") as handle:
        ends = handle.read(ENDS)
        handle.seek(max(size - ENDS, 0))
        ends += handle.read(ENDS)
    return f"{size}-{hashlib.sha256(ends).hexdigest()[:16]}"
