"""What lesions tell beyond RECIST 1.1: which new ones are there, and how they and the non-target ones change.

iRECIST records new lesions apart, outside the sum: at most five of them, two of an organ, are measured as new target
lesions, the rest are new non-target ones (Seymour et al. 2017, table 2 and text).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypedDict

import pandas as pd

from anpi.recist.baseline import MOST_OF_ORGAN, MOST_TARGETS, Candidate, classify, organ_of
from anpi.recist.lesions import surely_new


class Evidence(TypedDict, total=False):
    """Fields of `irecist.Finding` that the lesions of a scan tell."""

    news: frozenset[str]
    gone: frozenset[str]
    new_targets: dict[str, int]
    new_others: dict[str, int]
    others: dict[str, int]
    new_grew: bool
    others_grew: bool
    progressed: frozenset[str]
    evaluated: frozenset[str]
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
    rows = rows.assign(sure=surely_new(rows)["sure"].reindex(rows.index).eq(True))
    for patient, mine in by(rows.itertuples(index=False), "patient_id").items():
        sure = [row for row in mine if row.sure]
        targets = new_targets(sure)
        for point, scan in by(mine, "point").items():
            evidence[(str(patient), int(point))] = of_scan(scan, {row.lesion_id for row in sure}, targets)
    return evidence


def by(rows: Iterable[Any], column: str) -> dict[Any, list[Any]]:
    """Return rows by what a column holds, in their order."""
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, column), []).append(row)
    return found


def of_scan(scan: list[Any], sure: set[str], targets: set[str]) -> Evidence:
    # What is absent now, or before it is found for sure, has a size of 0.
    new = [row for row in scan if row.sure or (row.kind == "new" and row.state == "absent" and row.lesion_id in sure)]
    others = [row for row in scan if row.kind == "nontarget"]
    measured = sizes(new)
    return {
        "news": frozenset(row.lesion_id for row in new if row.state != "absent"),
        "gone": frozenset(row.lesion_id for row in new if row.state == "absent"),
        "new_targets": {lesion: size for lesion, size in measured.items() if lesion in targets},
        "new_others": {lesion: size for lesion, size in measured.items() if lesion not in targets},
        "others": sizes(others),
        "new_grew": any(row.grew for row in new if row.lesion_id not in targets),
        "others_grew": any(row.grew for row in others),
        "progressed": frozenset(row.lesion_id for row in others if row.state == "progression"),
        "evaluated": frozenset(row.lesion_id for row in others if row.state != "not evaluable"),
        "symptom": any(row.symptom for row in scan),
    }


def sizes(rows: list[Any]) -> dict[str, int]:
    """Return the largest size of each lesion that was measured."""
    found: dict[str, int] = {}
    for row in rows:
        if not pd.isna(row.size):
            found[row.lesion_id] = max(int(row.size), found.get(row.lesion_id, 0))
    return found


def new_targets(new: list[Any]) -> set[str]:
    """Choose new target lesions as they appear: measurable, the largest first, five at most and two of an organ."""
    first = [rows[0] for rows in by(new, "lesion_id").values()]
    lesions = [
        (row.day, Candidate(row.lesion_id, row.location or "", None if pd.isna(row.size) else int(row.size), row.node))
        for row in first
    ]
    chosen: list[Candidate] = []
    for _, lesion in sorted(lesions, key=lambda one: (one[0], -(one[1].size or 0), one[1].lesion_id)):
        organ = organ_of(lesion)
        of_organ = sum(organ_of(one) == organ for one in chosen) if organ else 0
        if classify(lesion) == "target" and len(chosen) < MOST_TARGETS and of_organ < MOST_OF_ORGAN:
            chosen.append(lesion)
    return {lesion.lesion_id for lesion in chosen}
