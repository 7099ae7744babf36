"""The shape of ``manifest.json``; keys that came later lack in the manifests of earlier versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from anpi.trial.declared import DeclaredPlan, DeclaredRules

TEXT = {"type": "string"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
MANY_TEXTS = {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}
CHECKSUM = {"type": "string", "pattern": "^([0-9a-f]{2})+$"}
VERSIONS = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
BLOCK = {"type": "object"}
LIST_OF_TEXTS = {"type": "array", "items": TEXT}
ENTRY = {
    "type": "object",
    "required": ["entry", "endpoints", "biomarker", "genes", "adjust_for", "cut", "stratify_by_arm"],
    "properties": {"entry": TEXT, "biomarker": TEXT}
    | dict.fromkeys(("endpoints", "genes", "columns", "adjust_for"), LIST_OF_TEXTS),
}
FAMILY = {
    "type": "object",
    "required": ["family", "tier", "multiplicity", "entries"],
    "properties": {"family": TEXT, "tier": TEXT, "multiplicity": TEXT, "entries": {"type": "array", "items": ENTRY}},
}
STEP = {
    "type": "object",
    "required": ["makes", "code"],
    "properties": {"makes": LIST_OF_TEXTS, "code": {"type": ["string", "null"]}, "settings": BLOCK, "files": TEXTS},
}
RECORD = {
    "type": "object",
    "required": ["decided_by", "read", "made"],
    "properties": {"decided_by": TEXT, "read": TEXTS, "made": TEXTS | {"minProperties": 1}, "declared": MANY_TEXTS},
}
# What those who read a manifest rest on, by its keys.
SHAPE: dict[str, Mapping[str, Any]] = {
    "anpi": TEXT,
    "commit": {"type": ["string", "null"]},
    "code": TEXT,
    "settings": {
        "type": "object",
        "properties": {"title": TEXT, "publication": {"type": ["object", "null"]}}
        | dict.fromkeys(("carry_columns", "allow_columns"), LIST_OF_TEXTS),
    },
    "plan": {
        "type": "object",
        "required": ["families", "smallest_group", "subtype_order"],
        "properties": {"families": {"type": "array", "items": FAMILY}}
        | dict.fromkeys(("subtype_order", "subgroups"), LIST_OF_TEXTS),
    },
    "rules": BLOCK,
    "software": VERSIONS,
    "inputs": {"type": "object", "additionalProperties": CHECKSUM},
    "reads": {"type": "object", "additionalProperties": {"type": "array", "items": CHECKSUM}},
    "quantified_with": MANY_TEXTS,
    "declared": BLOCK,
    "steps": {"type": "object", "additionalProperties": STEP},
    "records": {"type": "array", "items": RECORD},
    **dict.fromkeys(("environments", "given_as", "resources", "results", "made_by"), TEXTS),
}
ASKED_FOR = ("records", "rules", "quantified_with")  # by who takes a manifest without them
# Values of the first are keys of the second; of results, the keys are.
NAMED_IN = (("given_as", "inputs"), ("made_by", "steps"), ("results", "made_by"))
OF_RECORDED: dict[str, Mapping[str, Any]] = {
    "entry": {"type": "string", "pattern": r"^\d{4,}-[0-9a-f]{12}\.json$"},
    "number": {"type": "integer"},
    "date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    "sha256": TEXT,
}


class Recorded(TypedDict):
    """``ledger/recorded.json``: the entry of the ledger that a run has."""

    entry: str
    number: int
    date: str
    sha256: str


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
