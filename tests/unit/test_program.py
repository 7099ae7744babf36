"""How every program ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PROGRAM = """
import sys
sys.path.insert(0, {scripts!r})
from anpi.problems import InputError, Problem
from anpi.program import run_program

def main():
    raise {error}

run_program(main)
"""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("InputError(Problem('samples.tsv', 'is empty', mend='Fill it.'))", 2),
        ("FileNotFoundError(2, 'No such file', 'samples.tsv')", 2),
        ("OSError(28, 'No space left on device', 'results/a.tsv')", 2),
        ("KeyboardInterrupt", 130),
    ],
)
def test_a_program_whose_words_find_no_room_ends_with_the_same_code(error, code):
    command = [sys.executable, "-c", PROGRAM.format(scripts=str(SCRIPTS), error=error)]
    with Path("/dev/full").open("w") as full:
        assert subprocess.run(command, stderr=full, check=False).returncode == code
    said = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert said.returncode == code
    assert said.stderr
    assert "Traceback" not in said.stderr
