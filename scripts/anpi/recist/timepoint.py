"""The response at one time point: target lesions in exact arithmetic, and RECIST 1.1 tables 1 and 2.

Lengths are whole nanometres (int), so that 14.0 mm to 9.8 mm is a decrease of exactly 30 %.

Source: Eisenhauer et al., Eur J Cancer 2009;45:228-247, sections 4.3 and 4.4, tables 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

NM = 1_000_000  # nanometres in a millimetre
NODE_NORMAL = 10 * NM
LEAST_GROWTH = 5 * NM

# From best to worst evidence when the same day has several readings: the worst is kept.
SEVERITY = {"NE": 0, "CR": 1, "PR": 2, "SD": 3, "NON-CR/NON-PD": 4, "PD": 5}


def nanometres(length_mm: Decimal | float | int | str) -> int:
    """Turn millimetres into whole nanometres; what stands beyond the sixth decimal is rounded away."""
    return int((Decimal(str(length_mm)) * NM).to_integral_value())


def is_progression(total: int, nadir: int | None) -> bool:
    """Tell whether a sum is 20 % and 5 mm or more above the nadir (nm); from a nadir of 0, any lesion is."""
    if nadir is None:
        return False
    if nadir == 0:
        return total > 0
    return 5 * total >= 6 * nadir and total - nadir >= LEAST_GROWTH


def is_partial(total: int, baseline: int | None) -> bool:
    """Tell whether a sum is 30 % or more below the baseline sum (nm)."""
    return baseline is not None and 10 * total <= 7 * baseline


def target_response(
    *, total: int, complete: bool, gone: bool, came_back: bool, baseline: int | None, nadir: int | None
) -> str:
    """Judge the target lesions of one scan.

    Parameters
    ----------
    total : int
        Sum of the diameters that were measured, in nm (short axis of nodes).
    complete : bool
        Every baseline target lesion was measured.
    gone : bool
        Every measured non-node is 0 and every measured node below 10 mm.
    came_back : bool
        The target lesions had all gone at an earlier scan, and one that is no node is there again.
    baseline, nadir : int or None
        Sum at baseline and lowest complete sum before this scan, in nm; None when not known.

    Returns
    -------
    str
        CR, PD, PR, SD or NE. An incomplete scan is PD when its measured part alone is, else NE.
    """
    if complete and gone:
        return "CR"
    if came_back or (not gone and is_progression(total, nadir)):
        return "PD"
    if not complete or baseline is None:
        return "NE"
    return "PR" if is_partial(total, baseline) else "SD"


def nontarget_response(states: Iterable[str | None]) -> str:
    """Judge the non-target lesions of one scan from the state of each (absent, present, progression or None).

    When not all were evaluated the answer is NE (RECIST 1.1, table 2), unless one of them progressed.
    """
    found = set(states)
    if "progression" in found:
        return "PD"
    if None in found or not found:
        return "NE"
    return "NON-CR/NON-PD" if "present" in found else "CR"


def overall_response(target: str | None, nontarget: str | None, new_lesion: str | None) -> str:
    """Combine target, non-target and new lesions by RECIST 1.1 table 1, or table 2 without target lesions.

    Parameters
    ----------
    target, nontarget : str or None
        None when the patient has no such lesion at baseline.
    new_lesion : str or None
        Y is an unequivocal new lesion. E (equivocal), N and None are no progression.
    """
    if new_lesion == "Y" or "PD" in (target, nontarget):
        return "PD"
    if target is None:
        return nontarget or "NE"
    if target == "CR":
        return "CR" if nontarget in ("CR", None) else "PR"
    return target
