"""What takes long to make is made once for all workers of a test run."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


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
