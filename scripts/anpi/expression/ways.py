"""In which ways the samples of a sheet came to their counts: what is compared should be made in one way."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.expression.summary import salmon_json
from anpi.files.stored import is_stored
from anpi.problems import InputError

MOST_SHOWN = 5
HERE, ALIGNED = "here, from reads", "here, from alignments to transcripts"
COUNTED = "here, as counts of alignments alone"
MATTERS = (("gc_bias_correct", "correction of GC bias"), ("seq_bias_correct", "correction of sequence bias"))


def way_notes(units: pd.DataFrame, counted_alone: bool = False) -> list[str]:
    """Return that samples were quantified in several ways, and which in which.

    Parameters
    ----------
    units : pandas.DataFrame
        ``sample_id``, ``kind``, ``aligned_to`` and ``quant`` (see `anpi.tables.sheets.read_units`).
    counted_alone : bool
        Whether alignments are counted, and not turned back to reads.
    """
    ways: dict[str, list[str]] = {}
    for unit in units.to_dict("records"):
        samples = ways.setdefault(way_of(unit, counted_alone), [])
        if unit["sample_id"] not in samples:
            samples.append(unit["sample_id"])
    if len(ways) < 2:
        return []
    shown = "; ".join(f"{way}: {shown_names(samples)}" for way, samples in sorted(ways.items()))
    words = "levels of two ways are not quite alike; are they even in the groups that are compared?"
    return [f"samples are quantified in {len(ways)} ways ({shown}): {words}"]


def shown_names(samples: list[str]) -> str:
    more = f" and {len(samples) - MOST_SHOWN} more" if len(samples) > MOST_SHOWN else ""
    return ", ".join(samples[:MOST_SHOWN]) + more


def way_of(unit: Mapping[str, Any], counted_alone: bool) -> str:
    """Return how a unit comes to its counts."""
    if unit["kind"] == "quant":
        return salmon_way(str(unit["quant"]))
    if unit["kind"] == "bam" and unit["aligned_to"] == "transcriptome":
        return ALIGNED
    return COUNTED if counted_alone and unit["kind"] == "bam" else HERE


def salmon_way(place: str) -> str:
    """Return how a salmon folder was made, as far as it tells: version, reads or alignments, decoys, corrections."""
    folder = Path(place) if os.path.isdir(place) else Path(place).parent
    file = folder / "aux_info" / "meta_info.json"
    if is_stored(place) or not file.is_file():
        return "a salmon result that does not tell"
    try:
        facts = salmon_json(file)
    except InputError:  # told where its numbers are read
        return "a salmon result that does not tell"
    words = [f"salmon {facts.get('salmon_version', 'of a version that is not told')}"]
    words += ["of alignments"] if facts.get("mapping_type") == "alignment" else []
    words += ["with decoys"] if facts.get("num_decoy_targets") else []
    words += [f"with {name}" for key, name in MATTERS if facts.get(key) is True]
    return " ".join([words[0], " and ".join(words[1:])]).strip()
