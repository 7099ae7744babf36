"""How every program of scripts/ runs: signals, exit codes, threads."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_limits

from anpi.arithmetic import start_with_same_arithmetic
from anpi.files.made_from import recorded
from anpi.problems import InputError


def run_program(main: Callable[[], object]) -> None:
    """Run a program's main function; a user's mistake ends with words and exit code 2, not a traceback."""
    start_with_same_arithmetic()
    program = Path(sys.argv[0]).name
    # So that tools are stopped and scratch is removed when the run is cancelled.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        # One thread of linear algebra: the same bytes on any machine, and faster for the matrices of a cohort.
        with threadpool_limits(1), recorded():
            main()
    except InputError as error:
        print(f"{program}: {error}", file=sys.stderr)
        sys.exit(2)
    except FileNotFoundError as error:
        print(f"{program}: file not found: {error.filename}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"{program}: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(f"{program}: stopped", file=sys.stderr)
        sys.exit(130)
