"""How every program of scripts/ runs: signals, exit codes, threads."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from threadpoolctl import threadpool_limits

from anpi.arithmetic import start_with_same_arithmetic
from anpi.files.made_from import recorded
from anpi.problems import InputError

AGAIN = 1.0  # seconds until a program that goes on is stopped once more
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


@contextmanager
def stopped_in_words() -> Iterator[None]:
    """End with 128 and the signal's number when the run is cancelled, whatever the program is at.

    Python raises the exit wherever the program is at that moment; scratch is removed on its way out. A parser may take
    it for a fault of its file, which no user is to be told; a destructor, or what runs at a fork, loses it: then it is
    raised again.
    """
    asked: list[int] = []

    def stop(number: int, frame: object) -> None:
        asked.append(number)
        kill_children()
        signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
        leave(number, frame)

    def leave(number: int, frame: object) -> None:
        if not leaving():
            sys.exit(128 + asked[0])

    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGALRM: leave}
    heard = [number for number in handlers if signal.getsignal(number) not in (signal.SIG_IGN, None)]  # nohup, `&`
    before = {number: signal.signal(number, handlers[number]) for number in heard}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        if asked:
            end(f"{Path(sys.argv[0]).name}: stopped", 128 + asked[0])


def kill_children() -> None:
    """Kill what this program started.

    Tools end with what waits for them; but one that was started a moment ago is not waited for yet.
    """
    import psutil  # costs more than some programs take

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()


def leaving() -> bool:
    """Return whether an exit is on its way: what cleans up behind it is not interrupted."""
    error = sys.exception()
    while error is not None and not isinstance(error, SystemExit):
        error = error.__context__
    return error is not None


@contextmanager
def one_thread() -> Iterator[None]:
    """Leave linear algebra one thread: the same bytes on any machine, and faster for the matrices of a cohort.

    Libraries that are loaded are told; those that a program loads later read the environment.
    """
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        with threadpool_limits(1):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def run_program(main: Callable[[], object]) -> None:
    """Run a program's main function; a user's mistake ends with words and exit code 2, not a traceback."""
    start_with_same_arithmetic()
    program = Path(sys.argv[0]).name
    gc.freeze()  # libraries stay: looking through them for garbage again and again is a tenth of some programs
    try:
        with stopped_in_words(), one_thread(), recorded():
            main()
    except InputError as error:
        end(f"{program}: {error}", 2)
    except FileNotFoundError as error:
        end(f"{program}: file not found: {error.filename}", 2)
    except OSError as error:
        end(f"{program}: {error.strerror or error}: {error.filename or ''}".rstrip(": "), 2)


def end(words: str, code: int) -> NoReturn:
    """End the program with words, as far as there is room for them: its log may lie on the disk that is full.

    What a stream still holds then goes nowhere: Python would try it once more and end with a code of its own.
    """
    with suppress(OSError):
        print(words, file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)
