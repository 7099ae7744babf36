"""The choice of target lesions at baseline: what is measurable, how many, and how many of one organ.

Source: RECIST 1.1, sections 3.1 and 4.1: at most five target lesions and two of an organ; at least 10 mm
in longest diameter, or 15 mm in short axis for a node; nodes of 10 to 15 mm are non-target disease.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from anpi.recist.timepoint import NM

MOST_TARGETS = 5
MOST_OF_ORGAN = 2
LEAST_DIAMETER = 10 * NM
LEAST_SHORT_AXIS = 15 * NM
NODE_ORGAN = "lymph node"
SIDES = {"left", "right", "l", "r"}


class Candidate(NamedTuple):
    """A lesion seen at baseline; size in nm, None when it cannot be measured."""

    lesion_id: str
    organ: str
    size: int | None
    node: bool


def classify(lesion: Candidate) -> str:
    """Return whether a lesion could be ``target``, is ``nontarget`` or ``no disease`` (a node below 10 mm)."""
    if lesion.size is None:
        return "nontarget"
    if lesion.node:
        if lesion.size < LEAST_DIAMETER:
            return "no disease"
        return "target" if lesion.size >= LEAST_SHORT_AXIS else "nontarget"
    return "target" if lesion.size >= LEAST_DIAMETER else "nontarget"


def choose_targets(lesions: list[Candidate]) -> list[Candidate]:
    """Choose target lesions: the largest measurable ones, at most five and two of an organ."""
    chosen: list[Candidate] = []
    measurable = [lesion for lesion in lesions if classify(lesion) == "target"]
    for lesion in sorted(measurable, key=lambda one: (-(one.size or 0), one.lesion_id)):
        of_organ = sum(organ_of(one) == organ_of(lesion) for one in chosen)
        if len(chosen) < MOST_TARGETS and of_organ < MOST_OF_ORGAN:
            chosen.append(lesion)
    return chosen


def organ_of(lesion: Candidate) -> str:
    """Name the organ: all nodes are one, and so are the sides of a paired organ."""
    if lesion.node:
        return NODE_ORGAN
    return " ".join(word for word in lesion.organ.lower().replace(",", " ").split() if word not in SIDES)


def selection_faults(targets: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """Find what is against the rules in the target lesions of each patient.

    Parameters
    ----------
    targets : DataFrame
        ``patient_id``, ``lesion_id``, ``location``, ``node``, ``size`` (nm, missing when not measured), ``row``.

    Yields
    ------
    tuple
        Patient, severity, rule and message.
    """
    chosen: dict[str, list[tuple[Candidate, int]]] = {}
    columns = ("patient_id", "lesion_id", "location", "node", "size", "row")
    for patient, lesion_id, location, node, size, row in zip(*(targets[column] for column in columns), strict=True):
        lesion = Candidate(lesion_id, location or "", None if pd.isna(size) else int(size), bool(node))
        chosen.setdefault(patient, []).append((lesion, row))
    for patient, lesions in chosen.items():
        yield from count_faults(patient, [lesion for lesion, _ in lesions])
        for lesion, row in lesions:
            place = f"lesions row {row}: target lesion {lesion.lesion_id}"
            if lesion.size is None:
                yield patient, "error", "target_without_size", f"{place} was not measured at baseline"
            elif classify(lesion) != "target":
                least = (LEAST_SHORT_AXIS if lesion.node else LEAST_DIAMETER) // NM
                axis = "short axis of a node" if lesion.node else "longest diameter"
                text = f"{place} measures {lesion.size / NM:g} mm at baseline; the {axis} must be {least} mm or more"
                yield patient, "warning", "target_too_small", text


def count_faults(patient: str, lesions: list[Candidate]) -> Iterator[tuple[str, str, str, str]]:
    if len(lesions) > MOST_TARGETS:
        largest = ", ".join(lesion.lesion_id for lesion in choose_targets(lesions))
        text = f"{len(lesions)} target lesions at baseline, {MOST_TARGETS} at most; RECIST 1.1 would take {largest}"
        yield patient, "warning", "too_many_targets", text
    organs = [organ_of(lesion) for lesion in lesions if organ_of(lesion)]
    for organ in sorted(set(organs)):
        if organs.count(organ) > MOST_OF_ORGAN:
            text = f"{organs.count(organ)} target lesions in {organ}, {MOST_OF_ORGAN} at most"
            yield patient, "warning", "too_many_targets_of_organ", text
