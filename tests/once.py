"""What takes long to make is made once for all workers of a test run."""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anpi.tables.allowed import allowed_columns


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that the first worker who asks makes, while the others wait; nobody may change it.

    Parameters
    ----------
    name : str
        Of the folder.
    make : callable
        Fills the empty folder that it is given.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # that of all workers
    folder, made = base / "once" / name, base / "once" / f"{name}.made"
    folder.parent.mkdir(exist_ok=True)
    with open(base / "once" / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # what a worker that failed has left
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def done_once(check: Callable[..., Any]) -> Callable[..., Any]:
    """Stand for a check that knows its arguments and the allowed columns alone: what passed is not checked again.

    Each call gets a copy of its own; what a check refuses is looked at anew.
    """
    passed: dict[bytes, bytes] = {}

    def give(*words: object) -> Any:
        key = pickle.dumps((words, sorted(allowed_columns())))
        if key not in passed:
            passed[key] = pickle.dumps(check(*words))
        return pickle.loads(passed[key])

    return give
