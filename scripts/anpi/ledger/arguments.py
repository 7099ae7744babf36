"""Arguments that several programs share."""

from __future__ import annotations

from pathlib import Path


def named_file(text: str) -> tuple[str, Path]:
    """Read ``key=path``, such as ``clinical.patients=config/patients.csv``."""
    name, _, path = text.partition("=")
    return name, Path(path)
