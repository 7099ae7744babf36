"""Random numbers that belong to a name, so that one sample's draws never depend on another's."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *names: object) -> np.random.Generator:
    """Return the generator of a name, such as ``stream(1, "reads", "P001-B")``.

    Two names have independent streams; the same seed and name always give the same numbers.
    """
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    key = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *key])))
