"""Every number that a user gives has a least and a greatest value, and is a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from anpi.endpoints.rules import read_rules
from anpi.problems import InputError
from anpi.tables.schema import SCHEMAS, check_settings, load_schema, load_yaml

NAMES = sorted(file.name.removesuffix(".schema.yaml") for file in SCHEMAS.glob("*.schema.yaml"))


def numbers(rule: Any, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Go through all parts of a schema that take a number of any size."""
    if isinstance(rule, dict):
        kinds = rule.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if ({"integer", "number"} & set(kinds) or rule.get("format") == "decimal") and "enum" not in rule:
            yield key, rule
        for name, part in rule.items():
            yield from numbers(part, f"{key}.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_schema_is_bounded(name: str):
    open_ended = [
        key
        for key, rule in numbers(load_schema(name), name)
        if not ({"minimum", "exclusiveMinimum"} & set(rule) and {"maximum", "exclusiveMaximum"} & set(rule))
    ]
    assert set(open_ended) <= {"plan.properties.families.items.properties.entries.items.properties.cut"}


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "1.0e+29", "1e29", "1" + "0" * 29])
@pytest.mark.parametrize(
    ("name", "key", "rest"),
    [
        ("config", "qc: {mapping_rate: {warn: 60, fail: %s}}", {"clinical": {"patients": "p.csv"}}),
        ("config", "seed: %s", {"clinical": {"patients": "p.csv"}}),
        ("endpoints", "scans: {window_days: %s}", {}),
        ("endpoints", "rates: {months: [3, %s]}", {}),
        ("plan", "alpha: %s", {"families": []}),
    ],
)
def test_a_number_that_is_none_is_refused(name: str, key: str, rest: dict[str, Any], number: str):
    settings = yaml.safe_load(key % number) | rest
    with pytest.raises(InputError) as caught:
        check_settings(settings, load_schema(name), f"{name}.yaml")
    place = key.split(":")[0]
    assert any((problem.column or "").startswith(place) for problem in caught.value.problems)


def lists(rule: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Go through the lists of texts and of numbers that a schema takes: the keys above each, and what it holds."""
    for key, part in rule.get("properties", {}).items():
        kinds = part.get("items", {}).get("type") if part.get("type") == "array" else None
        if kinds in ("string", "number", "integer"):
            yield (*above, key), kinds
        yield from lists(part.get("items", part) if kinds is None else {}, (*above, key))


LISTS = [(name, *found) for name in NAMES for found in lists(load_schema(name))]


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), None, "", " ", "nan", ".nan", "\u200b"])
@pytest.mark.parametrize(("name", "keys", "kind"), LISTS, ids=[f"{name}-{'.'.join(keys)}" for name, keys, _ in LISTS])
def test_a_list_of_words_or_numbers_holds_nothing_else(name, keys, kind, odd):
    """An empty word stands in every text: as a word for radiotherapy it would make all therapies one."""
    settings: Any = ["a" if kind == "string" else 5, odd]
    for key in reversed(keys):
        settings = {key: [settings] if key in ("families", "entries", "expected_changes") else settings}
    with pytest.raises(InputError) as caught:
        check_settings(settings, load_schema(name), f"{name}.yaml")
    assert any((problem.column or "").endswith(f"{keys[-1]}.2") for problem in caught.value.problems)


@pytest.mark.parametrize("version", ["2024-02-30", "\u202e5", "five", "", "5.0 ", "v5"])
@pytest.mark.parametrize("key", ["ctcae_version", "meddra_version"])
def test_a_version_is_a_number_in_quotes(key, version):
    with pytest.raises(InputError, match=f"adverse_events.{key}"):
        check_settings({"adverse_events": {key: version}}, load_schema("endpoints"), "endpoints.yaml")
    check_settings({"adverse_events": {key: "26.1"}}, load_schema("endpoints"), "endpoints.yaml")


def test_a_text_with_marks_that_cannot_be_seen_is_refused():
    with pytest.raises(
        InputError, match=r"all_treated: found .*, expected a text without characters that cannot be seen"
    ):
        check_settings({"all_treated": "all\u202e", "families": []}, load_schema("plan"), "plan.yaml")


@pytest.mark.parametrize("number", ["010", "1:30", "0x1F", "1_000", "0b11"])
def test_a_number_of_two_readings_is_refused(tmp_path, number):
    """YAML 1.1 takes 010 for 8, 1:30 for 90 and 1_000 for 1000."""
    file = tmp_path / "rules.yaml"
    file.write_text(f"confirmation:\n  minimum_days: {number}\n")
    with pytest.raises(InputError, match=rf"row 2: not valid YAML: {number} has two readings"):
        load_yaml(file)


@pytest.mark.parametrize("text", ["", "\n\n", "  \n"])
def test_an_empty_file_of_settings_is_refused(tmp_path, text):
    """All of its keys would take their defaults."""
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=r"rules\.yaml: the file is empty"):
        load_yaml(file)


def test_a_cutoff_with_an_hour_is_refused(tmp_path):
    """In another time zone it is another day."""
    file = tmp_path / "rules.yaml"
    file.write_text("data_cutoff: 2024-01-01T23:30:00-05:00\n")
    with pytest.raises(InputError, match=r"data_cutoff: found .*, expected a date as"):
        read_rules(file)
    file.write_text("data_cutoff: 2024-01-01\n")
    assert str(read_rules(file).cutoff) == "2024-01-01"
