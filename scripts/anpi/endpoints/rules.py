"""The protocol's rules: ``endpoints.yaml``, checked and with its defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from anpi.endpoints.progression import Handling
from anpi.endpoints.schedule import Schedule
from anpi.files.shipped import ROOT
from anpi.problems import InputError, Problem
from anpi.recist.best_response import ResponseRules
from anpi.recist.irecist import ImmuneRules
from anpi.tables.schema import check_settings, load_schema, load_yaml, parse_date

DEFAULT = ROOT / "config" / "endpoints.yaml"


@dataclass(frozen=True)
class Rules:
    """The settings of ``endpoints.yaml`` in the form that the derivations take (see that file for each)."""

    settings: Mapping[str, Any]
    cutoff: date | None

    @property
    def confirmation(self) -> ResponseRules:
        return self.response_rules("minimum_days")

    @property
    def strict_confirmation(self) -> ResponseRules:
        return self.response_rules("strict_minimum_days")

    @property
    def immune_confirmation(self) -> ResponseRules:
        return replace(self.confirmation, progression_between=self.settings["irecist"]["iupd_between"])

    def response_rules(self, key: str) -> ResponseRules:
        confirmation = self.settings["confirmation"]
        return ResponseRules(
            minimum_stable_days=self.settings["stable_disease"]["minimum_days"],
            confirmation_days=confirmation[key],
            not_evaluable_between=confirmation["not_evaluable_between"],
            stable_between=confirmation["stable_between"],
        )

    @property
    def immune(self) -> ImmuneRules:
        """The choices of iRECIST."""
        irecist = self.settings["irecist"]
        return ImmuneRules(
            minimum_days=irecist["confirmation_minimum_days"],
            variance_days=irecist["confirmation_variance_days"],
            window=irecist["confirmation_window"],
            growth=irecist["confirmation_growth"],
            reference=irecist["increase_reference"],
            blind_between=irecist["iupd_ne_iupd"],
            less_is_progression=self.settings["best_response"]["cr_then_less"] == "progression",
        )

    @property
    def schedule(self) -> Schedule:
        scans = self.settings["scans"]
        later = tuple((step["from_day"] - 1, step["interval_days"]) for step in scans["later"])
        return Schedule(scans["interval_days"], scans["window_days"], scans["missed_scans"], later)

    def handling(self, style: str) -> Handling:
        """Return how a style (``fda`` or ``ema``) takes intercurrent events."""
        clinical = self.settings["progression"]["clinical"] == "event"
        if style == "ema":
            return Handling(replace(self.schedule, missed=None), "count", "count", clinical, new_lesions_alone=True)
        return Handling(self.schedule, "censor", self.settings["progression"]["after_withdrawal"], clinical)

    @property
    def styles(self) -> dict[str, str]:
        """The suffix of the columns of each style of censoring; none for the primary one."""
        primary, sensitivity = self.settings["progression"]["primary"], self.settings["progression"]["sensitivity"]
        styles = {primary: ""}
        if sensitivity is not None:
            styles.setdefault(sensitivity, f"_{sensitivity}")
        return styles


def read_rules(path: Path | str = DEFAULT) -> Rules:
    """Read ``endpoints.yaml``.

    Raises
    ------
    InputError
        Unknown keys, wrong kinds and values, a cut-off that is no date.
    """
    return make_rules(load_yaml(path), str(path))


def make_rules(settings: Mapping[str, Any], file: str = "endpoints.yaml") -> Rules:
    """Check settings and fill in the defaults (see `read_rules`)."""
    given = dict(settings)
    if isinstance(given.get("data_cutoff"), date):
        given["data_cutoff"] = str(given["data_cutoff"])
    filled = check_settings(given, load_schema("endpoints"), file)
    cutoff = filled["data_cutoff"]
    try:
        return Rules(filled, None if cutoff is None else parse_date(cutoff))
    except ValueError:
        raise InputError(
            Problem(file, column="data_cutoff", found=str(cutoff), expected="a date as YYYY-MM-DD or null")
        ) from None
