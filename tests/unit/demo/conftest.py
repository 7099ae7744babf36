"""A transcriptome and a small trial, simulated once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from demo.genes import choose_genes
from demo.reads import Transcriptome, build_transcriptome
from demo.trial import SimulatedTrial, write_trial

PAIRS = 2000


@pytest.fixture(scope="session")
def genes() -> pd.DataFrame:
    return choose_genes()


@pytest.fixture(scope="session")
def transcriptome(genes: pd.DataFrame) -> Transcriptome:
    return build_transcriptome(genes)


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SimulatedTrial]:
    folder = tmp_path_factory.mktemp("trial")
    return folder, write_trial(folder, patients=24, pairs=PAIRS, seed=1)
