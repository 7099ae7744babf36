"""Plans and trials for the tests of the association engine."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from unit.association.trial_files import make_trial

from anpi.association.plan import Plan, read_plan
from anpi.association.trial import Trial, read_trial

PLAN: dict[str, Any] = {
    "permutations": 999,
    "families": [
        {
            "family": "primary",
            "tier": "primary",
            "entries": [{"entry": "main", "endpoints": ["pfs"], "biomarker": "subtype"}],
        }
    ],
}


@pytest.fixture
def write_plan(tmp_path: Path) -> Callable[..., Path]:
    """Write a plan of one entry; keys given change the entry, ``settings`` the plan."""

    def write(settings: dict[str, Any] | None = None, **entry: Any) -> Path:
        content = copy.deepcopy(PLAN) | (settings or {})
        content["families"][0]["entries"][0] |= entry
        path = tmp_path / "plan.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    return write


@pytest.fixture
def plan_of(write_plan: Callable[..., Path]) -> Callable[..., Plan]:
    """Read such a plan."""
    return lambda settings=None, **entry: read_plan(write_plan(settings, **entry))


@pytest.fixture
def trial_of(tmp_path: Path) -> Callable[..., Trial]:
    """Make a trial and read it."""

    def make(**options: Any) -> Trial:
        arguments = make_trial(tmp_path / "trial", **options)
        names = [name.removeprefix("--") for name in arguments[::2]]
        return read_trial(**dict(zip(names, arguments[1::2], strict=True)))

    return make


@pytest.fixture
def registry() -> pd.DataFrame:
    """A small registry of signatures."""
    return pd.DataFrame(
        {
            "id": ["gep18", "ifng6", "t_effector", "cytolytic", "hypoxia"],
            "category": ["T cell", "interferon", "T cell", "T cell", "stroma"],
        }
    )
