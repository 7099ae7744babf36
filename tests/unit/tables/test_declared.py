"""The types of what users declare, held against the schemas that check it."""

from __future__ import annotations

from typing import get_args, get_type_hints, is_typeddict

import pytest

from anpi.tables.schema import load_schema
from anpi.trial.declared import DeclaredPlan, DeclaredRules

NAMES = {"string": {"str"}, "integer": {"int"}, "number": {"int", "float"}, "boolean": {"bool"}, "null": {"NoneType"}}


def assert_same(kind: type, rule: dict, place: str) -> None:
    """Hold a block to the keys of its type, a list to the type of its items, a value to the kinds that it may have."""
    if rule.get("type") == "object":
        assert is_typeddict(kind), place
        hints = get_type_hints(kind)
        lacking = set() if kind is DeclaredRules else set(rule["properties"]) - set(hints)
        assert lacking | set(hints) - set(rule["properties"]) == set(), place
        for key, inner in hints.items():
            assert_same(inner, rule["properties"][key], f"{place}.{key}")
    elif rule.get("type") == "array":
        assert_same(get_args(kind)[0], rule["items"], f"{place}[]")
    else:
        kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        declared = {part.__name__ for part in get_args(kind) or (kind,)} - {"list"}
        allowed = set().union(*(NAMES[one] for one in kinds if one != "array"))
        assert declared <= allowed, place
        assert all(declared & NAMES[one] for one in kinds if one != "array"), place


@pytest.mark.parametrize(("name", "kind"), [("plan", DeclaredPlan), ("endpoints", DeclaredRules)])
def test_what_is_declared_has_keys_and_kinds_of_its_schema(name: str, kind: type):
    assert_same(kind, load_schema(name), name)
