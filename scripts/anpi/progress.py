"""Return how far a long piece of work is."""

from __future__ import annotations

import sys
import time


def say(text: str) -> None:
    """Write a line to standard error, with the hour."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
