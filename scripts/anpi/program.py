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

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


def stop_all(number: int, frame: object) -> None:
    """Stop what this program started, and end it, when the run is cancelled; scratch is removed on the way out.

    Tools end with what waits for them; but one that was started a moment ago is not waited for yet.
    """
    import psutil  # costs more than some programs take

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
    sys.exit(128 + number)


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
    signal.signal(signal.SIGTERM, stop_all)
    gc.freeze()  # libraries stay: looking through them for garbage again and again is a tenth of some programs
    try:
        with one_thread(), recorded():
            main()
    except InputError as error:
        end(f"{program}: {error}", 2)
    except FileNotFoundError as error:
        end(f"{program}: file not found: {error.filename}", 2)
    except OSError as error:
        end(f"{program}: {error.strerror or error}: {error.filename or ''}".rstrip(": "), 2)
    except KeyboardInterrupt:
        end(f"{program}: stopped", 130)


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
