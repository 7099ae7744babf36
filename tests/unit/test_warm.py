"""A program that is forked does what one that is started does."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from warm import Server, python

STATE = """
import os, sys
mask = os.umask(0)
print(os.getcwd(), oct(mask), os.environ["MARK"], sys.argv[1:], sys.stdin.read(), "scanpy" in sys.modules)
print("words", file=sys.stderr)
"""


def call(program: str, folder: Path, *words: str, **variables: str) -> tuple[int, str, str]:
    environment = {**os.environ, "MARK": "here", **variables}
    done = subprocess.run(
        [program, *words], input="typed", cwd=folder, env=environment, capture_output=True, text=True, umask=0o027
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def program(tmp_path: Path) -> str:
    (tmp_path / "state.py").write_text(STATE)
    return "state.py"


def test_folder_mask_environment_arguments_and_streams_are_those_of_the_caller(tmp_path, program):
    code, said, complained = call(python(), tmp_path, program, "a b", "c")
    assert (code, complained) == (0, "words\n")
    assert said == f"{tmp_path} 0o27 here ['a b', 'c'] typed True\n"
    assert call(sys.executable, tmp_path, program, "a b", "c") == (0, said.replace("True", "False"), "words\n")


@pytest.mark.parametrize("variable", [{"OPENBLAS_CORETYPE": "Haswell"}, {"PYTHONHASHSEED": "7"}])
def test_what_libraries_read_when_they_are_loaded_starts_a_program_anew(tmp_path, program, variable):
    assert call(python(), tmp_path, program, **variable)[1].endswith("False\n")


def test_a_python_of_another_environment_forks_for_the_programs_of_that_environment(tmp_path):
    """Matplotlib changes the environment where no home can be written into."""
    text = "import sys; print(sorted({'abcd', 'efgh', 'ijkl', 'mnop'}, key=hash), 'scanpy' in sys.modules)"
    other = {"PYTHONHASHSEED": "7", "HOME": "/proc", "XDG_CACHE_HOME": str(tmp_path)}
    forked, started = (call(one, tmp_path, "-c", text, **other)[1] for one in (python(**other), sys.executable))
    assert forked == started.replace("False", "True")
    assert call(python(**other), tmp_path, "-c", text)[1].endswith("False\n")


def test_plugins_of_snakemake_are_found_once_and_are_those_of_a_snakemake_that_is_started(tmp_path):
    text = (
        "import sys; found = 'snakemake.report.html_reporter' in sys.modules;"
        "from snakemake.cli import get_argument_parser as get; print(found, sorted(get()._option_string_actions))"
    )
    forked, started = (call(one, tmp_path, "-c", text)[1] for one in (python(), sys.executable))
    assert "--storage-s3-endpoint-url" in forked
    assert forked.startswith("True ")
    assert forked == started.replace("False", "True", 1)


@pytest.mark.parametrize("told", [b"", bytes(8), (99).to_bytes(8, "big") + b"{"])
def test_a_client_that_is_killed_while_it_asks_hurts_no_other(tmp_path, told):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(Path(python()).with_name("socket")))
        client.sendall(told)
    assert call(python(), tmp_path, "-c", "print(1)") == (0, "1\n", "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 0),
        ("import sys; sys.exit(3)", 3),
        ("import sys; sys.exit('words')", 1),
        ("1 / 0", 1),
        ("import os; os.abort()", -6),
    ],
)
def test_it_ends_with_the_same_code_and_words(tmp_path, text, code):
    forked, started = (call(one, tmp_path, "-c", text) for one in (python(), sys.executable))
    assert forked[0] == started[0] == code
    assert forked[2].splitlines()[-1:] == started[2].splitlines()[-1:]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_the_one_that_asked_for_it(tmp_path, number):
    text = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    with subprocess.Popen([python(), "-c", text], cwd=tmp_path) as client:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
        child = psutil.Process(int((tmp_path / "pid").read_text()))
        client.send_signal(number)
        assert client.wait() == -number
    child.wait(10)
    assert not child.is_running()


@pytest.mark.parametrize("text", ["print('words')", "import sys; sys.exit('words')", "import sys; sys.exit(3)"])
def test_a_stream_that_takes_no_more_ends_a_program_as_python_ends_it(text):
    def ended(program: str, **full: int) -> tuple[int, bool]:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **full}
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        done = subprocess.run([program, "-c", text], text=True, check=False, env=environment, **streams)
        return done.returncode, "Traceback" in (done.stderr or "")

    with Path("/dev/full").open("w") as full:
        for stream in ("stdout", "stderr"):
            assert ended(python(), **{stream: full.fileno()}) == ended(sys.executable, **{stream: full.fileno()})


def test_a_client_that_goes_just_as_its_program_ends_leaves_the_server_alive():
    """Both are seen in one look: the program's end is told first, then the closed connection is met."""
    server, (connection, _client) = Server.__new__(Server), socket.socketpair()
    server.waiting = selectors.DefaultSelector()
    child = subprocess.Popen(["true"])
    ended = os.pidfd_open(child.pid)
    for waited in (ended, connection):
        server.waiting.register(waited, selectors.EVENT_READ)
    server.tell(connection, child.pid, ended)
    server.stop(connection, child.pid)
    assert not server.waiting.get_map()
