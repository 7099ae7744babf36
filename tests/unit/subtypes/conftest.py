"""A simulated cohort whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.simulated_tumours import KINDS, TISSUES, World, as_expression, make_world, measure, tissue, tumour

from anpi.expression.matrix import Expression
from anpi.subtypes.model import Model, load_model


@pytest.fixture(scope="session")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="session")
def world(model: Model) -> World:
    return make_world(model)


@pytest.fixture(scope="session")
def cohort(world: World) -> Expression:
    """Counts of 80 samples: tumours of every kind, pure and half normal tissue."""
    rng = np.random.default_rng(3)
    counts = {}
    for i in range(80):
        kind = KINDS[i % 4]
        tpm = tumour(world, kind, rng)
        if i >= 60:
            tpm = 0.5 * tpm + 0.5 * tissue(world, TISSUES[i % 6], rng)
        counts[f"{kind}{i:02d}"] = measure(world, tpm, rng, depth=3e6)
    return as_expression(world, counts)
