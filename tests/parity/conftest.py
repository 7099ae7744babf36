"""R's values and the small public data sets they were computed from (see tests/data/parity/README.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "data" / "parity"


@pytest.fixture(scope="session")
def r() -> dict[str, Any]:
    """Values computed by R."""
    return json.loads((FOLDER / "r_values.json").read_text())


@pytest.fixture(scope="session")
def lung() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "lung.csv")[["time", "event", "age", "sex", "ph.ecog"]].dropna()


@pytest.fixture(scope="session")
def lung_all() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "lung.csv")


@pytest.fixture(scope="session")
def veteran() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "veteran.csv")


@pytest.fixture(scope="session")
def ovarian() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "ovarian.csv")


@pytest.fixture(scope="session")
def pharmaverse() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "pharmaverse_pfs.csv")


@pytest.fixture(scope="session")
def data() -> Path:
    return FOLDER
