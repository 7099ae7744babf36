"""Which of several dates ends a time to event, and why.

The choice is that of ``derive_param_tte`` of the R package admiral: the earliest event wins over any
censoring; without one, the latest censoring date counts; dates after the first end date do not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Moment(NamedTuple):
    """A dated fact that may end a time: days from the start, what it is, where it was read.

    ``code`` says in one or two words what happened, ``cause`` of what, when that is known; ``rank`` orders facts of
    one day (lower first).
    """

    day: int
    code: str
    source: str | None = None
    rank: int = 0
    cause: str | None = None


class Outcome(NamedTuple):
    """The end of a time: its day from the start, whether it is an event, and the facts behind it.

    ``end`` is what cut the observation short (cut-off, new therapy), when something did.
    """

    day: int
    event: bool
    moment: Moment
    end: Moment | None = None


def first_event(
    events: Iterable[Moment],
    censorings: Sequence[Moment],
    ends: Iterable[Moment] = (),
    start: int | None = 0,
    wait_to_end: bool = False,
) -> Outcome | None:
    """Choose the event or the censoring that ends a time.

    Parameters
    ----------
    events, censorings : iterable of Moment
        On one day the event of the lowest rank counts; of censorings on one day the last in the list.
    ends : iterable of Moment
        The earliest of them closes the observation; what happens on that very day still counts.
    start : int or None
        Nothing ends before it; None when the start is not known.
    wait_to_end : bool
        For an event that is wished for (a response): without it, the time runs to the end date.

    Returns
    -------
    Outcome or None
        None when there is neither an event nor a censoring date.
    """
    end = min(ends, key=lambda moment: (moment.day, moment.rank), default=None)

    def seen(moment: Moment) -> bool:
        return end is None or moment.day <= end.day

    event = min(filter(seen, events), key=lambda moment: (moment.day, moment.rank), default=None)
    if event is not None:
        return Outcome(not_before(event.day, start), True, event, None)
    if wait_to_end and end is not None:
        return Outcome(not_before(end.day, start), False, end, end)
    censoring = max(
        ((moment.day, place, moment) for place, moment in enumerate(censorings) if seen(moment)), default=None
    )
    if censoring is None:
        return None
    return Outcome(not_before(censoring[0], start), False, censoring[2], end)


def not_before(day: int, start: int | None) -> int:
    return day if start is None else max(day, start)
