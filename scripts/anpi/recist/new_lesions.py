"""What lesions tell beyond RECIST 1.1: which new ones are there, and how they and the non-target ones change.

iRECIST records new lesions apart, outside the sum: at most five of them, two of an organ, are measured as new target
lesions, the rest are new non-target ones (Seymour et al. 2017, table 2 and text).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypedDict

import pandas as pd

from anpi.recist.baseline import MOST_OF_ORGAN, MOST_TARGETS, Candidate, classify, organ_of


class Evidence(TypedDict, total=False):
    """Fields of `irecist.Finding` that the lesions of a scan tell."""

    news: frozenset[str]
    new_targets: dict[str, int]
    new_others: dict[str, int]
    others: dict[str, int]
    new_grew: bool
    others_grew: bool
    symptom: bool


def lesion_evidence(rows: pd.DataFrame, patients: Collection[str]) -> dict[tuple[str, int], Evidence]:
    """Return the fields of `irecist.Finding` that lesions tell, by patient and first row of the scan.

    Parameters
    ----------
    rows : DataFrame
        Rows after baseline as `lesions` has them, with ``point`` (the first row of the scan), ``grew`` (found larger
        than at the last scan) and ``symptom`` (the scan was made for a new symptom).
    patients : collection of str
        Whose lesions are wanted.
    """
    evidence: dict[tuple[str, int], Evidence] = {}
    rows = rows[rows["patient_id"].isin(patients)].sort_values(["patient_id", "day", "row"], kind="stable")
    for patient, mine in rows.groupby("patient_id", sort=False):
        new = mine[mine["kind"] == "new"]
        sure = set(new.loc[new["state"] == "unequivocal", "lesion_id"])
        targets = new_targets(new[new["lesion_id"].isin(sure)])
        for point, scan in mine.groupby("point", sort=False):
            evidence[(str(patient), int(str(point)))] = of_scan(scan, sure, targets)
    return evidence


def of_scan(scan: pd.DataFrame, sure: set[str], targets: set[str]) -> Evidence:
    new = scan[(scan["kind"] == "new") & scan["lesion_id"].isin(sure)]
    others = scan[scan["kind"] == "nontarget"]
    measured = sizes(new)
    return {
        "news": frozenset(new.loc[new["state"] != "absent", "lesion_id"]),
        "new_targets": {lesion: size for lesion, size in measured.items() if lesion in targets},
        "new_others": {lesion: size for lesion, size in measured.items() if lesion not in targets},
        "others": sizes(others),
        "new_grew": bool((new["grew"] & ~new["lesion_id"].isin(targets)).any()),
        "others_grew": bool(others["grew"].any()),
        "symptom": bool(scan["symptom"].any()),
    }


def sizes(rows: pd.DataFrame) -> dict[str, int]:
    """Return the largest size of each lesion that was measured."""
    found: dict[str, int] = {}
    for lesion, size in zip(rows["lesion_id"], rows["size"], strict=True):
        if not pd.isna(size):
            found[lesion] = max(int(size), found.get(lesion, 0))
    return found


def new_targets(new: pd.DataFrame) -> set[str]:
    """Choose new target lesions as they appear: measurable, the largest first, five at most and two of an organ."""
    seen = new[new["state"] != "absent"].drop_duplicates("lesion_id")
    lesions = [
        (day, Candidate(lesion, location or "", None if pd.isna(size) else int(size), bool(node)))
        for day, lesion, location, size, node in zip(
            *(seen[column] for column in ("day", "lesion_id", "location", "size", "node")), strict=True
        )
    ]
    chosen: list[Candidate] = []
    for _, lesion in sorted(lesions, key=lambda one: (one[0], -(one[1].size or 0), one[1].lesion_id)):
        organ = organ_of(lesion)
        of_organ = sum(organ_of(one) == organ for one in chosen) if organ else 0
        if classify(lesion) == "target" and len(chosen) < MOST_TARGETS and of_organ < MOST_OF_ORGAN:
            chosen.append(lesion)
    return {lesion.lesion_id for lesion in chosen}
