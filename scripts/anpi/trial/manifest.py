"""The shape of ``manifest.json``; keys that came later lack in the manifests of earlier versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from anpi.trial.declared import DeclaredPlan, DeclaredRules


class NamedFile(TypedDict):
    """A file of settings, known by its content, and whether it is as anpi ships it."""

    file: str
    sha256: str
    as_shipped: bool


class Step(TypedDict):
    """What a rule makes, and all that decides it; a rule without a program of anpi has no more than the first two."""

    makes: list[str]
    code: str | None
    program: NotRequired[str]
    settings: NotRequired[Mapping[str, Any]]
    files: NotRequired[Mapping[str, str]]


class Record(TypedDict):
    """What a program wrote down: the digest of what decided it, its options of a sample, what it read and made."""

    decided_by: str
    read: dict[str, str]
    made: dict[str, str]
    declared: NotRequired[dict[str, list[str]]]


class Manifest(TypedDict):
    """What a run was made from. ``settings`` is the config."""

    anpi: str
    commit: str | None
    code: str
    settings: Mapping[str, Any]
    plan: DeclaredPlan
    rules: DeclaredRules
    plan_and_rules: dict[str, NamedFile]
    software: dict[str, str | None]
    deployment: list[str]
    environments: dict[str, str]
    inputs: dict[str, str]
    given_as: dict[str, str]
    reads: dict[str, list[str]]
    declared: dict[str, dict[str, list[str]]]
    quantified_with: dict[str, list[str]]
    verdicts_by_hand: dict[str, dict[str, str]]
    resources: dict[str, str]
    steps: dict[str, Step]
    results: dict[str, str]
    made_by: dict[str, str]
    records: list[Record]
