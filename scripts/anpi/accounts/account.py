"""An account and how it closes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from anpi.problems import Problem, refuse

COUNTS = ["given", "used", "asked", "left_out"]
COLUMNS = ["account", "scope", *COUNTS, "difference", "reason"]


@dataclass(frozen=True)
class Account:
    """What became of things of one kind.

    Parameters
    ----------
    account : str
        The kind: reads, transcripts, rows of a table, patients.
    scope : str
        Where: a sample, a table, a set.
    given, used : int
    asked : int
        Not used until a query is answered.
    left_out : mapping of str to int
        Number by reason.
    note : str
        What else is to be said; closes nothing.
    """

    account: str
    scope: str
    given: int
    used: int
    asked: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    note: str = ""

    @property
    def difference(self) -> int:
        return self.given - self.used - self.asked - sum(self.left_out.values())

    @property
    def reason(self) -> str | None:
        parts = [f"{number} {why}" for why, number in self.left_out.items() if number]
        return "; ".join(parts + ([self.note] if self.note else [])) or None


def account_table(accounts: Iterable[Account]) -> pd.DataFrame:
    """Return the accounts as a table (`COLUMNS`), one row an account."""
    rows = [
        (a.account, a.scope, a.given, a.used, a.asked, sum(a.left_out.values()), a.difference, a.reason)
        for a in accounts
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def refuse_open(table: pd.DataFrame) -> None:
    """Refuse a run with an account that does not close, by its numbers and not by what it says of them.

    Raises
    ------
    InputError
        Naming each of them.
    """
    counts = table[COUNTS].apply(pd.to_numeric, errors="coerce")
    closes = (counts["given"] == counts[COUNTS[1:]].sum(axis=1, skipna=False)) & (table["difference"] == 0)
    refuse(
        [
            Problem(
                "accounts.tsv",
                f"the account of {row['account']} of {row['scope']} does not close",
                found=", ".join(f"{row[name]} {name.replace('_', ' ')}" for name in COUNTS),
                expected="sums that agree",
                mend="Results of another run may stand in the folder, or one was changed by hand: delete them and run"
                " again. If it stays, it is a fault of anpi: tell its authors, and do not use the results.",
            )
            for row in table[~closes | table[["account", "scope"]].isna().any(axis=1)].to_dict("records")
        ]
    )
