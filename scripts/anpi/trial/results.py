"""Codes of ``results.tsv`` that those who read it know, and which files a run makes of a sample."""

from __future__ import annotations

import json
from collections.abc import Mapping

# The samples of a run, each with the files that the run makes of it; others in their folders are of another run.
Made = Mapping[str, frozenset[str]]

# What `effect` of a result is called whose question is whether arms differ in it.
INTERACTION = "interaction with arm"
# What the effect of restricted means is called.
MEANS = "difference, months"
# How the warning of a result begins whose family waits for another one that did not pass.
GATE_CLOSED = "gate closed"
# How the warning of a result ends whose groups hardly stand beside each other within arms.
APART_IN_ARMS = "and arm can hardly be told apart"
# How the biomarker of a result begins that is the clearance of a marker.
CLEARANCE = "clearance of "


def made_of_samples(text: str) -> Made:
    """Read JSON of which samples have which files: ``{"genes.parquet qc.json": ["S1", "S2"]}``."""
    return {sample: frozenset(names.split()) for names, samples in json.loads(text).items() for sample in samples}
