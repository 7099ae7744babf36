"""The endpoints, each once: its kind, its variants, and what tables, ADaM and sentences call it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anpi.trial import methods

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Endpoint:
    """An endpoint of ``endpoints.tsv``.

    Parameters
    ----------
    name : str
        As plans and the columns of ``endpoints.tsv`` have it.
    kind : str
        ``time`` (columns ``<name>_days``, ``<name>_event`` …), ``binary`` (Y, N) or ``ordered`` (best responses).
    words : str
        Within a sentence.
    variants : mapping
        Suffix of each other rule that it is derived by, and the words of that variant where they are its own.
    irecist_of : str, optional
        The endpoint that this one answers by iRECIST.
    code, label : str, optional
        PARAMCD and PARAM of ADTTE (times) or ADRS; None leaves it out of them.
    day : str, optional
        Column with the study day of a response.
    measure : str, optional
        Of ``rates.tsv``: the rate of a binary endpoint, else the beginning of ``<measure>_median``; None: not there.
    measured : mapping
        Suffixes of a binary endpoint's variants that ``rates.tsv`` has ("" is its own), with the words of their rates;
        None: not in the report.
    short : str
        Name of a time where medians are listed.
    of_responders : bool
        Only patients with a response have this time.
    of_scans : bool
        It depends on who reads the scans.
    supplied : bool
        ``patients.csv`` may bring it.
    least_median : int, optional
        Days; a lower median of what ``patients.csv`` brings looks like months or weeks.
    status : tuple of str, optional
        What cBioPortal calls a time without and with the event.
    """

    name: str
    kind: str
    words: str
    variants: Mapping[str, str | None] = field(default_factory=dict)
    irecist_of: str | None = None
    code: str | None = None
    label: str | None = None
    day: str | None = None
    measure: str | None = None
    measured: Mapping[str, str | None] = field(default_factory=dict)
    short: str = ""
    of_responders: bool = False
    of_scans: bool = True
    supplied: bool = False
    least_median: int | None = None
    status: tuple[str, str] | None = None

    @property
    def method(self) -> methods.Method:
        """Record of the method that derives it."""
        return methods.IRECIST if self.irecist_of else methods.RECIST if self.of_scans else methods.DEATH


# Suffixes of variants, as they stand in endpoints.tsv, and what they say behind the words of an endpoint.
RULES = {
    "_ema": "EMA censoring",
    "_fda": "FDA censoring",
    "_unconfirmed": "unconfirmed",
    "_strict": "strict confirmation",
    "_confirmed": "confirmed",
}
CENSORING = {"_ema": None, "_fda": None}
# Strategies for intercurrent events, as the names of estimands have them behind ``_if_``.
STRATEGIES = {
    "therapy_censored": "censored at a new therapy",
    "therapy_counted": "counted after a new therapy",
    "therapy_event": "a new therapy is an event",
    "missed_censored": "censored at missed scans",
    "missed_counted": "counted after missed scans",
    "withdrawal_censored": "censored at withdrawal",
    "withdrawal_counted": "counted after withdrawal",
    "radiotherapy_new_therapy": "radiotherapy is a new therapy",
    "radiotherapy_ignored": "radiotherapy ignored",
    "clinical_no_event": "clinical progression is no event",
    "clinical_event": "clinical progression is an event",
    "recist": "beyond progression by RECIST 1.1",
    "irecist": "beyond progression by iRECIST",
}
ENDPOINTS = (
    Endpoint(
        "pfs", "time", "progression-free survival", CENSORING, code="PFS", label="Progression-Free Survival",
        measure="PFS", short="PFS", supplied=True, least_median=21, status=("0:CENSORED", "1:PROGRESSED"),
    ),
    Endpoint(
        "os", "time", "overall survival", code="OS", label="Overall Survival", measure="OS", short="OS", of_scans=False,
        supplied=True, least_median=60, status=("0:LIVING", "1:DECEASED"),
    ),
    Endpoint(
        "dor", "time", "duration of response", {**CENSORING, "_unconfirmed": None}, code="DOR",
        label="Duration of Confirmed Response", measure="DOR", short="Duration of response", of_responders=True,
    ),
    Endpoint(
        "bor", "ordered", "best response", code="BOR", label="Best Overall Response", day="bor_day", supplied=True,
    ),
    Endpoint(
        "cbor", "ordered", "confirmed best response", {"_strict": None}, code="CBOR",
        label="Confirmed Best Overall Response", day="cbor_day",
    ),
    Endpoint(
        "response", "binary", "confirmed response", {"_unconfirmed": "unconfirmed response", "_strict": None},
        code="CRSP", label="Confirmed Response", day="ttr_days", measure="ORR",
        measured={
            "": "Objective response, confirmed", "_unconfirmed": "Objective response, unconfirmed", "_strict": None,
        },
    ),
    Endpoint(
        "disease_control", "binary", "disease control", {"_unconfirmed": None, "_strict": None}, code="DCR",
        label="Disease Control", measure="DCR", measured={"": "Disease control", "_strict": None},
    ),
    Endpoint(
        "ipfs", "time", "progression-free survival (iRECIST)", irecist_of="pfs", code="IPFS",
        label="Progression-Free Survival by iRECIST", measure="iPFS", short="PFS by iRECIST",
    ),
    Endpoint("idor", "time", "duration of response (iRECIST)", irecist_of="dor", of_responders=True),
    Endpoint(
        "ibor", "ordered", "best response (iRECIST)", irecist_of="bor", code="IBOR",
        label="iRECIST Best Overall Response", day="ibor_day",
    ),
    Endpoint(
        "icbor", "ordered", "confirmed best response (iRECIST)", irecist_of="cbor", code="ICBOR",
        label="iRECIST Best Confirmed Overall Response", day="icbor_day",
    ),
    Endpoint(
        "iresponse", "binary", "unconfirmed response (iRECIST)", {"_confirmed": "confirmed response (iRECIST)"},
        irecist_of="response", measure="ORR_irecist",
        measured={
            "": "Objective response by iRECIST, unconfirmed", "_confirmed": "Objective response by iRECIST, confirmed",
        },
    ),
)  # fmt: skip
BY_NAME = {endpoint.name: endpoint for endpoint in ENDPOINTS}
# By RECIST 1.1: the times, those that every patient has, and the responses, ordered ones first.
RECIST = tuple(endpoint for endpoint in ENDPOINTS if not endpoint.irecist_of)
TIMES = tuple(endpoint.name for endpoint in RECIST if endpoint.kind == "time")
SURVIVAL = tuple(endpoint.name for endpoint in RECIST if endpoint.kind == "time" and not endpoint.of_responders)
BINARY = tuple(endpoint.name for endpoint in RECIST if endpoint.kind == "binary")
RESPONSES = tuple(endpoint.name for endpoint in RECIST if endpoint.kind != "time")
SUPPLIED_TIMES = tuple(endpoint.name for endpoint in RECIST if endpoint.supplied and endpoint.kind == "time")
SUPPLIED_RESPONSES = tuple(endpoint.name for endpoint in RECIST if endpoint.supplied and endpoint.kind != "time")
# Every name that a plan may hold, those of variants too.
NAMES = tuple(BY_NAME) + tuple(f"{one.name}{suffix}" for one in ENDPOINTS for suffix in one.variants)
# How the reason of an endpoint begins that the sponsor supplied.
AS_SUPPLIED = "as supplied in patients"
OTHER_VIEW = re.compile(r"_(?:by|if)_[a-z0-9_]+$")  # another evaluator, other strategies for intercurrent events


def endpoint_parts(endpoint: str) -> tuple[str, str]:
    """Split the name of an endpoint into its base (``pfs``, ``ipfs``) and the suffix of its variant, or nothing."""
    found = OTHER_VIEW.search(endpoint)
    view = found.group() if found else ""
    rest = endpoint.removesuffix(view)
    for base in ENDPOINTS:
        for suffix in base.variants:
            if rest == f"{base.name}{suffix}":
                return base.name, suffix + view
    return rest, view


def declared_endpoint(endpoint: str) -> str:
    """Return the endpoint that a variant answers in its own way: ``pfs`` of ``pfs_ema``, ``ipfs`` and ``pfs_by_x``."""
    base = endpoint_parts(endpoint)[0]
    return (BY_NAME[base].irecist_of or base) if base in BY_NAME else base


def is_endpoint(endpoint: str) -> bool:
    """Return whether anpi may derive an endpoint of this name."""
    return OTHER_VIEW.sub("", endpoint) in NAMES


def endpoint_kind(endpoint: str) -> str:
    """Return whether an endpoint is a ``time``, a ``binary`` or an ``ordered`` outcome."""
    base = endpoint_parts(endpoint)[0]
    return BY_NAME[base].kind if base in BY_NAME else "ordered"


def endpoint_columns(endpoint: str) -> tuple[str, ...]:
    """Return columns of endpoints.tsv that an endpoint stands on; the suffix of a variant comes last."""
    if endpoint_kind(endpoint) != "time":
        return (endpoint,)
    base, suffix = endpoint_parts(endpoint)
    return f"{base}_days{suffix}", f"{base}_event{suffix}"


def endpoint_variants(endpoint: str, columns: Iterable[str]) -> list[str]:
    """Return the variants of an endpoint that a table holds: other rules, iRECIST, other evaluators, in its order."""
    columns = list(columns)
    names = dict.fromkeys(column.replace("_days", "", 1) for column in columns)
    return [
        name
        for name in names
        if name != endpoint
        and is_endpoint(name)
        and declared_endpoint(name) == endpoint
        and set(endpoint_columns(name)) <= set(columns)
    ]


def endpoint_words(endpoint: str) -> str:
    """Name an endpoint within a sentence, with the rule, strategies or evaluator of a variant."""
    rest, _, strategies = endpoint.partition("_if_")
    rest, _, evaluator = rest.partition("_by_")
    base, suffix = endpoint_parts(rest)
    words = BY_NAME[base].words if base in BY_NAME else base
    if suffix:
        words = BY_NAME[base].variants[suffix] or f"{words} ({RULES[suffix]})"
    words += f" (read by {evaluator})" if evaluator else ""
    return words + (f" ({strategy_words(strategies)})" if strategies else "")


def strategy_words(strategies: str) -> str:
    """Name strategies that are joined by ``_``; an evaluator comes last."""
    for name, words in STRATEGIES.items():
        if strategies == name:
            return words
        if strategies.startswith(f"{name}_"):
            return f"{words}, {strategy_words(strategies.removeprefix(f'{name}_'))}"
    return f"read by {strategies.removeprefix('by_')}"


def supplied(reasons: pd.Series) -> pd.Series:
    """Return by their reasons which endpoints the sponsor supplied; True or False, also where there is none."""
    return reasons.astype("string").str.startswith(AS_SUPPLIED).fillna(False).astype(bool)
