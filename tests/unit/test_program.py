"""How every program ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PROGRAM = """
import contextlib, sys
sys.path.insert(0, {scripts!r})
from anpi.problems import InputError, Problem
from anpi.program import run_program

def main():
    with contextlib.suppress(OSError):
        print("made")
    raise {error}

run_program(main)
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("InputError(Problem('samples.tsv', 'is empty', mend='Fill it.'))", 2),
        ("FileNotFoundError(2, 'No such file', 'samples.tsv')", 2),
        ("OSError(28, 'No space left on device', 'results/a.tsv')", 2),
        ("KeyboardInterrupt", 130),
    ],
)
def test_a_program_whose_words_find_no_room_ends_with_the_same_code(error, code, unbuffered):
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-c", PROGRAM.format(scripts=str(SCRIPTS), error=error)]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=full, env=environment, check=False)
    assert ended.returncode == code
    said = subprocess.run(command, capture_output=True, env=environment, text=True, check=False)
    assert said.returncode == code
    assert said.stderr
    assert "Traceback" not in said.stderr
