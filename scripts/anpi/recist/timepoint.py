"""The response at one time point: lengths, non-target lesions, and RECIST 1.1 tables 1 and 2.

Lengths are whole nanometres (int), so that 14.0 mm to 9.8 mm is a decrease of exactly 30%.

Source: Eisenhauer et al., Eur J Cancer 2009;45:228-247, sections 4.3 and 4.4, tables 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

NM = 1_000_000  # nanometres in a millimetre
NODE_NORMAL = 10 * NM
LEAST_GROWTH = 5 * NM

# Responses, and new lesions, from best to worst: of several readings of a day the worst is kept.
SEVERITY = {"NE": 0, "CR": 1, "PR": 2, "SD": 3, "NON-CR/NON-PD": 4, "PD": 5, "N": 0, "E": 1, "Y": 2}


def nanometres(length_mm: Decimal | float | int | str) -> int:
    """Turn millimetres into whole nanometres; what stands beyond the sixth decimal is rounded away."""
    return int((Decimal(str(length_mm)) * NM).to_integral_value())


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


def joint_response(responses: Sequence[str], targets: bool = True) -> str:
    """Combine the overall responses that were given to the scans of one time point.

    Any PD is one. CR, PR and SD speak of target lesions, and the worst counts; NON-CR/NON-PD and NE beside them are
    said of the rest (table 1). Without target lesions not all evaluated is NE, and a CR is one where all else is
    (table 2).
    """
    found = set(responses)
    if len(found) == 1 or "PD" in found:
        return max(found, key=SEVERITY.__getitem__)
    spoken = {"CR", "PR", "SD"} if targets else {"PR", "SD"}
    target = max(found & spoken, key=SEVERITY.__getitem__, default=None)
    rest = [word for word in ("NE", "NON-CR/NON-PD") if word in found]
    return overall_response(target, rest[0] if rest else None, None)
