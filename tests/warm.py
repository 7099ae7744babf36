"""A Python that has its libraries loaded, for the many programs that tests start.

Most of what a short program costs is the import of pandas, scipy, scanpy or Snakemake. One process loads them once
for a test run and forks for each program: same code, arguments, folder, environment and streams. `python` returns what
stands for ``sys.executable``. A program whose environment would load libraries otherwise (another kernel of linear
algebra, options of Python) starts cold, unless `python` was asked for one of that environment, and so does all that
asks for ``sys.executable``.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import gc
import hashlib
import importlib
import marshal
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import psutil

LIBRARIES = (
    *("pandas", "pyarrow.parquet", "pysam", "isal.igzip", "psutil", "requests", "yaml", "openpyxl", "jinja2"),
    *("scipy.stats", "scipy.optimize", "scipy.spatial", "sklearn.decomposition", "sklearn.ensemble", "anndata"),
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "matplotlib.backends.backend_pdf"),
    *("scanpy", "gseapy", "pydeseq2.dds", "pydeseq2.ds", "rocrate.rocrate", "jsonschema"),
    *("snakemake.cli", "snakemake.executors.local", "snakemake_executor_plugin_slurm", "snakemake_storage_plugin_s3"),
    "snakemake.storage",
)
FOLDER = "ANPI_WARM"
# What libraries read when they are loaded; programs hold the threads of linear algebra at one themselves.
DECISIVE = ("PYTHON", "OPENBLAS_CORETYPE", "NPY", "MPL", "NUMBA", "HOME", "XDG")

# Modules that Python holds itself: json, signal and socket would take twice as long as all else that a client does.
CLIENT = """#!{python} -IS
import _signal, _socket, marshal, os, sys
here = os.path.dirname(os.path.abspath(__file__))
mask = os.umask(0)
os.umask(mask)
asked = {{"words": sys.argv[1:], "folder": os.getcwd(), "mask": mask, "environment": dict(os.environ)}}
asked |= {{"program": os.path.abspath(__file__), "group": os.getpgid(0)}}
text = marshal.dumps(asked)
connection = _socket.socket(_socket.AF_UNIX)
connection.connect(os.path.join(here, "socket"))
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
connection.sendmsg([len(text).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
connection.sendall(text)
answer = open(connection.fileno(), "rb", closefd=False)
started = answer.readline()
if started == b"cold\\n":
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
for number in (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP, _signal.SIGUSR1):
    _signal.signal(number, lambda number, frame: os.kill(int(started), number))
code = int(answer.readline())
if code < 0:
    if -code not in (_signal.SIGKILL, _signal.SIGSTOP):
        _signal.signal(-code, _signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@functools.cache
def python(**variables: str) -> str:
    """Return a program that is called as Python is; the first call in a test run starts its server.

    Parameters
    ----------
    variables : str
        Of the environment that the program will be called in. Where libraries read one of them when they are loaded,
        the server is one of its own, which takes seconds to start: for whole runs.
    """
    own = repr(sorted(variables.items())) if decisive(variables) else ""
    folder = Path(os.environ[FOLDER], hashlib.sha256(own.encode()).hexdigest()[:8])
    folder.mkdir(exist_ok=True)
    client = folder / "python"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not client.exists():
            number = start_server(folder, {**os.environ, **variables} if own else None)
            (folder / "pid").write_text(str(number))
            client.write_text(CLIENT.format(python=sys.executable), encoding="utf-8")
            client.chmod(0o755)
    return str(client)


def snakemake(**variables: str) -> tuple[str, ...]:
    """Return the words that call Snakemake, whose jobs call `python`."""
    return python(**variables), "-m", "snakemake"


def server_of(program: str) -> psutil.Process:
    """Return the process whose children are the programs that `python` stands for."""
    return psutil.Process(int(Path(program).with_name("pid").read_text()))


def start_server(folder: Path, environment: dict[str, str] | None) -> int:
    """Start the server, which ends with the process that all workers of the test run have in common; give its pid."""
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    command = [sys.executable, __file__, str(folder / "socket"), str(owner)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n", "the warm Python does not start"
    return server.pid


def decisive(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(DECISIVE)}


class Server:
    """Forks for each client until its owner ends; a client that goes away takes its program with it."""

    def __init__(self, place: str, owner: int, environment: dict[str, str]):
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(place)
        self.listening.listen(64)
        self.loaded_by = decisive(environment)
        self.waiting = selectors.DefaultSelector()
        self.waiting.register(self.listening, selectors.EVENT_READ, self.answer)
        self.waiting.register(os.pidfd_open(owner), selectors.EVENT_READ, sys.exit)

    def serve(self) -> None:
        while True:
            for key, _ in self.waiting.select():
                key.data()

    def answer(self) -> None:
        connection, _ = self.listening.accept()
        asked, streams = received(connection)
        first = asked["words"][0] if asked else ""
        if not asked:  # the client was killed while it asked
            connection.close()
        elif decisive(asked["environment"]) != self.loaded_by or (first.startswith("-") and first not in ("-m", "-c")):
            connection.sendall(b"cold\n")
            connection.close()
        elif child := os.fork():
            with suppress(OSError):
                connection.sendall(b"%d\n" % child)
            ended = os.pidfd_open(child)
            self.waiting.register(ended, selectors.EVENT_READ, lambda: self.tell(connection, child, ended))
            self.waiting.register(connection, selectors.EVENT_READ, lambda: self.stop(connection, child))
        else:
            self.waiting.close()
            self.listening.close()
            become(asked, streams)
        for stream in streams:
            os.close(stream)

    def tell(self, connection: socket.socket, child: int, ended: int) -> None:
        """Tell a client how its program ended."""
        _, status = os.waitpid(child, 0)
        self.waiting.unregister(ended)
        os.close(ended)
        if connection.fileno() >= 0:
            self.waiting.unregister(connection)
            with suppress(OSError):
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            connection.close()

    def stop(self, connection: socket.socket, child: int) -> None:
        """End the program of a client that was killed."""
        if connection.fileno() < 0:  # it was told the end of its program a moment ago
            return
        self.waiting.unregister(connection)
        connection.close()
        os.kill(child, signal.SIGKILL)


def received(connection: socket.socket) -> tuple[dict, list[int]]:
    """Return what a client asks for, nothing if it does not come to the end of it, and its streams."""
    head, streams, _, _ = socket.recv_fds(connection, 8, 3)
    size, text = int.from_bytes(head, "big"), b""
    while len(text) < size and (more := connection.recv(size - len(text))):
        text += more
    return marshal.loads(text) if text and len(text) == size else {}, streams


def become(asked: dict, streams: list[int]) -> NoReturn:
    """Run the program that a client asks for, in this process, and end."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    os.umask(asked["mask"])
    sys.executable = asked["program"]
    atexit.unregister(shutil.rmtree)  # of a folder that matplotlib made for the server
    code: object = 0
    try:
        os.setpgid(0, asked["group"])
        run_as_main(asked["words"], asked["folder"])
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    end_process(code)


def end_process(code: object) -> NoReturn:
    """End as Python does, but leave what is loaded to the system, which is faster than taking it apart."""
    if not isinstance(code, int | None):
        with suppress(OSError):
            print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        with suppress(OSError):
            print(f"Exception ignored in: {sys.stdout}\n{error!r}", file=sys.stderr, flush=True)
        code = 120
    os._exit(code or 0)


def run_as_main(words: list[str], folder: str) -> None:
    """Run what Python would run with these words: a module, a text or a file."""
    kind = words[0] if words[0] in ("-m", "-c") else ""
    sys.argv = words[1:] if kind else words
    sys.path[0] = folder if kind else str(Path(words[0]).resolve().parent)
    if kind == "-m":
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.argv[0] = "-c"
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        runpy.run_path(words[0], run_name="__main__")


def main() -> None:
    """Load the libraries and serve."""
    environment = dict(os.environ)  # some libraries change it
    for name in LIBRARIES:
        importlib.import_module(name)
    # Snakemake looks through all packages for its plugins when it makes its options, a third of a short plan.
    importlib.import_module("snakemake.cli").get_argument_parser()
    gc.freeze()  # so that the pages of what is loaded stay shared
    # What programs import of the project is compiled once, also where Python is told to write nothing beside it.
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(Path(sys.argv[1]).with_name("compiled"))
    server = Server(sys.argv[1], int(sys.argv[2]), environment)
    print("ready", flush=True)
    server.serve()


if __name__ == "__main__":
    main()
