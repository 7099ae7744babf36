"""The same arithmetic on every x86-64 processor, so that the same inputs give the same bytes.

OpenBLAS and numpy choose among several versions of a function by what the processor has; these differ in the last bits,
and an optimiser may carry a last bit up to the third digit (shrunken fold changes of pydeseq2 do). numpy's sorting for
AVX2 leaves equal values in another order than its sorting without.
"""

from __future__ import annotations

import os
import platform
import sys

# Kernels that all of these processors have, and none of numpy's functions for newer ones. Read when a program starts.
ARITHMETIC = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"}
SAME = ARITHMETIC if platform.machine().lower() in ("x86_64", "amd64") else {}


def start_with_same_arithmetic() -> None:
    """Start the running program anew, once, where its environment lets the processor choose.

    Within a workflow the environment is set for all jobs, and nothing happens here. Nothing happens either where
    another program, such as a test, calls this one's functions.
    """
    if sys.argv[0] not in sys.orig_argv or all(os.environ.get(name) == value for name, value in SAME.items()):
        return
    os.environ.update(SAME)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
