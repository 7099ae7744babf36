"""Which groups are tested, which are only described, and against which the others are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from anpi.association.plan import Plan
from anpi.words.lists import plural


@dataclass(frozen=True)
class Groups:
    """Levels in their stated order: ``tested`` (the first is the reference, the largest), ``small``."""

    levels: tuple[str, ...]
    tested: tuple[str, ...]
    small: tuple[str, ...]

    @property
    def reference(self) -> str | None:
        """Group against which the others are compared."""
        return self.tested[0] if self.tested else None

    def dummies(self, marker: pd.Series) -> pd.DataFrame:
        """Return one 0/1 column for each tested group but the reference."""
        return pd.DataFrame({level: marker.eq(level).astype(float) for level in self.tested[1:]}, index=marker.index)


def split_groups(marker: pd.Series, plan: Plan, biomarker: str) -> Groups:
    """Order the levels of a marker and set aside groups that are too small to test.

    The largest tested group is the reference; of groups of one size the one that stands first in the stated order.
    """
    counts = marker.value_counts()
    stated = list(plan.subtype_order) if biomarker == "subtype" else []
    extra = sorted(str(level) for level in counts.index if level not in stated)
    levels = [*stated, *extra] if biomarker == "subtype" else extra
    size = {level: int(counts.get(level, 0)) for level in levels}
    tested = [level for level in levels if size[level] >= plan.smallest_group]
    small = tuple(level for level in levels if size[level] < plan.smallest_group)
    tested.sort(key=lambda level: -size[level])
    return Groups(tuple(levels), tuple(tested), small)


def small_group_note(level: str, size: int, smallest: int) -> str:
    """Return why a group is not tested."""
    if size == 0:
        return "no patient in this group"
    return f"{plural(size, 'patient')}, fewer than {smallest}: described, not tested"


def standardised(values: pd.Series) -> pd.Series:
    """Centre a marker and divide by its standard deviation; NaN for a marker that is the same in all patients."""
    numbers = values.astype(float)
    if numbers.nunique() < 2:
        return numbers * np.nan
    return (numbers - numbers.mean()) / numbers.std(ddof=1)
