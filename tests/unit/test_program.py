"""How every program ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
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


READS = """
    class Table(io.StringIO):
        def read(self, size):
            ready()
            time.sleep(60)

    try:
        pandas.read_csv(Table())
    except pandas.errors.ParserError:
        raise InputError(Problem("a.tsv", "the result is damaged or cut short"))
"""
LOSES_IT = """
    class Held:
        def __del__(self):
            ready()
            time.sleep(60)

    held = Held()
    del held
    time.sleep(60)
"""
CLEANS_UP = """
    try:
        ready()
        time.sleep(60)
    finally:
        time.sleep(1.5)
        print("cleaned up", file=sys.stderr)
"""
STOPPED = """
import io, sys, time
sys.path.insert(0, {scripts!r})
import pandas
from anpi.problems import InputError, Problem
from anpi.program import run_program

def ready():
    print("ready", flush=True)

def main():
{main}

run_program(main)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("main", [READS, LOSES_IT, CLEANS_UP], ids=["reads", "loses it", "cleans up"])
def test_a_program_that_is_stopped_ends_whatever_it_does_and_blames_no_file(main, number):
    """A parser takes the exit for a fault of its file, a destructor loses it, a clean-up comes to its end."""
    command = [sys.executable, "-c", STOPPED.format(scripts=str(SCRIPTS), main=main)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout.readline() == "ready\n"
        began = time.monotonic()
        program.send_signal(number)
        time.sleep(0.2)
        program.send_signal(signal.SIGINT)  # impatience interrupts no clean-up
        said = program.stderr.read()
    assert program.returncode == 128 + number
    assert time.monotonic() - began < 20
    assert "a.tsv" not in said
    assert ("cleaned up" in said) == (main is CLEANS_UP)
    assert said.endswith("-c: stopped\n")


def test_a_signal_that_is_ignored_where_the_program_is_started_stays_ignored():
    """As an interrupt is for what a shell runs in the background."""
    main = "    ready()\n    time.sleep(1)\n    print('whole', file=sys.stderr)\n"
    words = [sys.executable, "-c", STOPPED.format(scripts=str(SCRIPTS), main=main)]
    command = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGINT)
        assert program.stderr.read() == "whole\n"
    assert program.returncode == 0
