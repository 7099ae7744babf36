"""The command ``anpi``: every program of scripts/ by its name, such as ``anpi call-subtypes --help``."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

from anpi import __version__
from anpi.files.shipped import ROOT
from anpi.problems import nearest

SHORT = {"init": "init-trial"}


def programs() -> dict[str, Path]:
    """Return the programs by the name that the command gives them."""
    found = sorted(file for file in (ROOT / "scripts").glob("*.py") if not file.name.startswith("_"))
    return {file.stem.replace("_", "-"): file for file in found}


def first_line(program: Path) -> str:
    """Return the first line of what a program says of itself."""
    words = ast.get_docstring(ast.parse(program.read_text(encoding="utf-8"))) or ""
    return words.split("\n", 1)[0]


def usage() -> str:
    """Return the list of programs, a line each."""
    commands = programs()
    width = max(map(len, commands))
    lines = [f"  {name:{width}}  {first_line(program)}" for name, program in commands.items()]
    return "\n".join(["usage: anpi PROGRAM [OPTIONS]; anpi PROGRAM --help", "", *lines])


def main() -> None:
    """Run the program that is named first, with the words that follow."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    commands = programs()
    if name in ("-h", "--help"):
        print(usage())
    elif name == "--version":
        print(f"anpi {__version__}")
    elif program := commands.get(SHORT.get(name, name.replace("_", "-"))):
        sys.argv = [f"anpi {program.stem.replace('_', '-')}", *sys.argv[2:]]
        runpy.run_path(str(program), run_name="__main__")
    else:
        near = nearest(name, commands)
        print(
            f"anpi: no program is called {name!r}. " + (f"Is it {near}? " if near else "") + "anpi --help lists all.",
            file=sys.stderr,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
