"""Schemas of tables and of YAML files, and the check of values against them.

A table's schema is a JSON schema (YAML) of one row under ``workflow/schemas``. Beside the standard words
it may hold ``unique`` (list of lists of columns that together name a row once) and, for a column,
``format: date``, ``format: decimal`` or ``name: true``: the name of a group of rows, one spelling each (see
`anpi.tables.names`), unique in the rows of the column that ``within`` names, in any case with ``any_case``;
``plain: true`` takes letters and digits of full width for those of half.
``row`` says what a row is. Each distinct value of a column is checked once, so long tables are
cheap.
"""

from __future__ import annotations

import copy
import functools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from anpi.files.plain import refuse_odd_file
from anpi.files.shipped import ROOT
from anpi.problems import InputError, Problem, fold, missing_file, nearest
from anpi.tables.names import meant_word, name_fault, plain_name, text_fault, unseen

if TYPE_CHECKING:  # loaded when something is checked: a planning that remembers its checks starts without it
    import jsonschema

SCHEMAS = ROOT / "workflow" / "schemas"
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
Key = tuple[str | int, ...]  # where a value stands in settings
FIRST_DAY, LAST_DAY = -36_525, 7_305  # study days: what began a century before, and 20 years of follow-up
MOST_YAML_NODES = 100_000
PLAIN_NUMBER = re.compile(
    r"[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?\.inf|\.nan", re.ASCII | re.IGNORECASE
)
WHOLE = re.compile(r"(?<=\d)\.0+$")  # a whole number as software writes it that knows no missing whole numbers


@functools.cache
def load_schema(name: str) -> dict[str, Any]:
    """Load ``workflow/schemas/<name>.schema.yaml``, references to its ``$defs`` put in place."""
    text = (SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8")
    schema = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # the same values, ten times faster
    return resolve(schema, schema.get("$defs", {}))


def resolve(rule: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(rule, list):
        return [resolve(part, definitions) for part in rule]
    if not isinstance(rule, dict):
        return rule
    stated = {key: resolve(part, definitions) for key, part in rule.items() if key != "$ref"}
    return definitions[rule["$ref"].rsplit("/", 1)[1]] | stated if "$ref" in rule else stated


def day_form(column: str) -> str | None:
    """Name a column of dates as it is called with study days: ``x_day`` of ``x_date``, ``day`` of ``date``."""
    return f"{column[:-4]}day" if column == "date" or column.endswith("_date") else None


def date_form(column: str) -> str | None:
    """Name a column of study days as it is called with dates."""
    return f"{column[:-3]}date" if column == "day" or column.endswith("_day") else None


def column_rule(schema: Mapping[str, Any], column: str) -> Mapping[str, Any] | None:
    """Return the rule of a column; ``x_day`` stands for a declared ``x_date``. None for an extra column."""
    properties = schema["properties"]
    if column in properties:
        return properties[column]
    if date_form(column) in properties:
        return {
            "type": "integer",
            "not": {"const": 0},
            "minimum": FIRST_DAY,
            "maximum": LAST_DAY,
            "description": "a study day (day 1 = treatment start, no day 0)",
        }
    return None


def parse_value(text: str, rule: Mapping[str, Any]) -> tuple[Any, str | None]:
    """Turn a text into the value its rule declares.

    Returns
    -------
    value : object
        int, float, Decimal, datetime.date or str.
    fault : str or None
        What was expected instead, when the text cannot be such a value.
    """
    kind = rule.get("format") or rule.get("type", "string")
    if kind in ("integer", "number", "decimal") and not NUMBER.fullmatch(text):
        return None, describe(rule)
    try:
        if kind == "integer":
            return int(WHOLE.sub("", text)), None
        if kind == "number":
            return finite(float(text)), None
        if kind == "decimal":
            return finite(Decimal(text)), None
        if kind == "date":
            return parse_date(text), None
        if rule.get("name"):
            return plain_name(text), name_fault(text)
    except (ValueError, InvalidOperation):
        return None, describe(rule)
    text = plain_name(text) if rule.get("plain") else text
    return text, next(iter(validation_faults(text, rule)), None) or text_fault(text)


def parse_date(text: str) -> date:
    """Read an ISO date (YYYY-MM-DD) of the years 1900 to 2100; anything else is a ValueError."""
    if not DATE.fullmatch(text) or not 1900 <= int(text[:4]) <= 2100:
        raise ValueError(text)
    return date.fromisoformat(text)


def finite(number: Any) -> Any:
    if not math.isfinite(number):
        raise ValueError(number)
    return number


def validation_faults(value: Any, rule: Mapping[str, Any]) -> list[str]:
    """List what ``value`` breaks of the rule, in words."""
    import jsonschema

    checked = {key: word for key, word in rule.items() if key not in ("format", "default")}
    if isinstance(value, Decimal):
        value = float(value)
        checked["type"] = "number"
    errors = list(jsonschema.Draft202012Validator(checked).iter_errors(value))
    if "not" in rule and any(error.validator in ("minimum", "maximum") for error in errors):
        return [f"a study day from {FIRST_DAY} to {LAST_DAY}, which is 20 years"]
    return [describe(rule) for _ in errors][:1]


def describe(rule: Mapping[str, Any]) -> str:
    """Return in words what a rule expects."""
    if "enum" in rule:
        return "one of " + ", ".join("null" if value is None else str(value) for value in rule["enum"])
    kind = rule.get("format") or rule.get("type", "string")
    words = {
        "integer": "a whole number",
        "number": "a number with a decimal point",
        "decimal": "a number with a decimal point",
        "date": "a date as YYYY-MM-DD",
        "boolean": "true or false",
        "array": "a list",
        "object": "a block of keys",
    }
    kinds = [kind] if isinstance(kind, str) else kind
    text = " or ".join(words.get(str(name), "null" if name == "null" else "a text") for name in kinds)
    if kind == "array":
        text += f" of at least {rule['minItems']}" if "minItems" in rule else ""
        text += ", each once" if rule.get("uniqueItems") else ""
    if "minimum" in rule and "maximum" in rule:
        text += f" from {rule['minimum']} to {rule['maximum']}"
    elif "minimum" in rule:
        text += f" of at least {rule['minimum']}"
    elif "exclusiveMinimum" in rule:
        text += f" above {rule['exclusiveMinimum']}"
        text += f" and of at most {rule['maximum']}" if "maximum" in rule else ""
    elif "maximum" in rule:
        text += f" of at most {rule['maximum']}"
    if "pattern" in rule or kind == "string" or "not" in rule or len(kinds) > 1:
        return rule.get("description", text)
    return text


class StrictLoader(yaml.SafeLoader):
    """Reads YAML and refuses what has two readings: a key that a block holds twice, numbers of other notations."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key.value} stands twice", problem_mark=key.start_mark
                )
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        """Refuse numbers that YAML 1.1 reads otherwise than a person does: 010 is 8, 1:30 is 90, 1_000 is 1000."""
        if not PLAIN_NUMBER.fullmatch(node.value):
            raise yaml.constructor.ConstructorError(
                problem=f"{node.value[:20]} has two readings; write a number in decimal digits, or a text in quotes",
                problem_mark=node.start_mark,
            )
        return self.construct_yaml_int(node) if node.tag.endswith("int") else self.construct_yaml_float(node)


for kind in ("int", "float"):
    StrictLoader.add_constructor(f"tag:yaml.org,2002:{kind}", StrictLoader.construct_number)


def load_bounded(text: str) -> Any:
    """Load YAML, unless its references to itself make it boundless or larger than `MOST_YAML_NODES`."""
    loader = StrictLoader(text)
    try:
        node = loader.get_single_node()
        if node is not None and expanded_size(node, {}) > MOST_YAML_NODES:
            raise yaml.constructor.ConstructorError(
                problem="references that make it too large", problem_mark=node.start_mark
            )
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def expanded_size(node: yaml.Node, sizes: dict[int, float]) -> float:
    """Count the nodes below one with every reference written out; infinite for one that holds itself."""
    if id(node) not in sizes:
        sizes[id(node)] = math.inf
        parts = node.value if isinstance(node, yaml.CollectionNode) else []
        below = [child for part in parts for child in (part if isinstance(part, tuple) else (part,))]
        sizes[id(node)] = 1 + sum(expanded_size(child, sizes) for child in below)
    return sizes[id(node)]


def load_yaml(path: Path | str) -> dict[str, Any]:
    """Read a YAML file of keys; a file that is none is an InputError."""
    refuse_odd_file(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
        if not text.strip():
            raise InputError(Problem(str(path), "the file is empty", mend="Copy it again, or leave it out."))
        content = load_bounded(text)
    except FileNotFoundError:
        raise InputError(missing_file(path)) from None
    except OSError as error:
        raise InputError(Problem(str(path), f"cannot be read: {error.strerror}")) from None
    except RecursionError:
        raise InputError(Problem(str(path), "not valid YAML: blocks within blocks without end")) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + 1 if mark else None
        reason = getattr(error, "problem", None) or "not readable"
        raise InputError(Problem(str(path), f"not valid YAML: {reason}", row=row)) from None
    except UnicodeDecodeError:
        raise InputError(Problem(str(path), "not UTF-8 text", mend="Save the file as UTF-8.")) from None
    except ValueError as error:  # a date such as 2024-13-01
        raise InputError(Problem(str(path), f"a value cannot be: {error}")) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(Problem(str(path), found=type(content).__name__, expected="a block of keys"))
    return content


def read_settings(path: Path | str, name: str) -> Any:
    """Read a YAML file with the defaults of its schema; a date that YAML took for one is a text again.

    Who reads it says what it is (`anpi.trial.declared`): a schema named here would stand behind every program.
    """
    content = {key: str(value) if isinstance(value, date) else value for key, value in load_yaml(path).items()}
    return check_settings(content, load_schema(name), str(path))


def check_settings(settings: Mapping[str, Any], schema: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Check a YAML file's content against its schema and fill in the defaults.

    Raises
    ------
    InputError
        With every fault: unknown keys (and the nearest known one), wrong types and values.
    """
    filled, problems = check_forgiving(settings, schema, file)
    if problems:
        raise InputError(problems)
    return filled


def check_forgiving(
    settings: Mapping[str, Any], schema: Mapping[str, Any], file: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Check settings; faulty values are given without, or by their default, so that all else can still be checked.

    Returns
    -------
    settings : dict
        With every default filled in.
    problems : list of Problem
        Every fault; with any, the settings are good for checks alone.
    """
    import jsonschema

    filled = copy.deepcopy(dict(settings))
    problems = [
        Problem(file, column=place(key, filled), message="unknown key", mend=hint)
        for key, hint in unknown_keys(filled, schema, (), places_of_keys(schema, ""))
    ]
    fill_defaults(filled, schema)
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(filled), key=lambda e: [str(p) for p in e.absolute_path])
    shown = [error for error in errors if error.validator not in ("additionalProperties", "unevaluatedProperties")]
    problems += dict.fromkeys(settings_problem(error, filled, file) for error in shown)
    odd = {tuple(error.absolute_path) for error in shown if error.validator != "required"}
    for key, number in numbers(filled, ()):
        if key not in odd and not math.isfinite(number):
            problems.append(Problem(file, column=place(key, filled), found=str(number), expected="a finite number"))
    problems += [
        problem for key, text in texts(filled, ()) if key not in odd for problem in odd_text(key, text, filled, file)
    ]
    for key in sorted(odd, key=lambda key: (len(key), [f"{part:09}" for part in key]), reverse=True):
        drop(filled, key)
    fill_defaults(filled, schema)
    return filled, problems


def numbers(settings: Any, key: Key) -> Iterator[tuple[Key, float]]:
    """Go through all numbers with a decimal point; of whole ones the schemas bound each."""
    if isinstance(settings, float):
        yield key, settings
    for name, value in parts(settings):
        yield from numbers(value, (*key, name))


def texts(settings: Any, key: Key) -> Iterator[tuple[Key, str]]:
    """Go through all texts, those of lists too."""
    if isinstance(settings, str):
        yield key, settings
    for name, value in parts(settings):
        yield from texts(value, (*key, name))


def odd_text(key: Key, text: str, settings: Mapping[str, Any], file: str) -> Iterator[Problem]:
    """Find marks that cannot be seen, and empty words of lists, which would stand in every text."""
    if unseen(text):
        expected = "a text without characters that cannot be seen"
        yield Problem(file, column=place(key, settings), found=text, expected=expected)
    elif isinstance(key[-1], int) and (not text.strip() or fold(text) == "nan"):
        yield Problem(file, column=place(key, settings), found=text, expected="a word")


def parts(settings: Any) -> Iterable[tuple[str | int, Any]]:
    """Return the values of a block or a list, each by its key or number."""
    if isinstance(settings, dict):
        return settings.items()
    return enumerate(settings) if isinstance(settings, list) else ()


def drop(settings: Any, key: Key) -> None:
    """Take a value out of settings; the last of a list first, so that those before it keep their places."""
    for part in key[:-1]:
        settings = settings[part]
    if key:
        del settings[key[-1]]


def settings_problem(error: jsonschema.ValidationError, settings: Mapping[str, Any], file: str) -> Problem:
    key = place(tuple(error.absolute_path), settings) or "the file"
    if error.validator == "required":
        missing = error.message.split("'")[1]
        return Problem(file, column=key, message=f"key {missing} is missing")
    rule = error.schema if isinstance(error.schema, dict) else {}
    plain = {None: "null", True: "true", False: "false"}
    found = plain[error.instance] if error.instance is None or isinstance(error.instance, bool) else str(error.instance)
    near = meant_word(found, [str(word) for word in rule["enum"]]) if "enum" in rule else None
    return Problem(
        file, column=key, found=found, expected=describe(rule), mend=f"Did you mean {near}?" if near else None
    )


def place(key: Key, settings: Any) -> str:
    """Name a key as a user does: dotted, and a block of a list by its name where it has one.

    A block of the list ``families`` is named by its key ``family``, one of ``entries`` by ``entry``.
    """
    words: list[str] = []
    dotted: list[str] = []
    above = ""
    for part in key:
        settings = settings[part] if isinstance(part, int) or part in settings else None
        one = above[:-3] + "y" if above.endswith("ies") else above.removesuffix("s")
        if isinstance(part, int) and isinstance(settings, dict):
            name = settings.get(one)
            words += [".".join(dotted[:-1])] if len(dotted) > 1 else []
            words.append(f"{one} {name}" if isinstance(name, str) else f"{one} {part + 1}")
            dotted = []
        else:
            dotted.append(str(part + 1 if isinstance(part, int) else part))
        above = str(part)
    return ", ".join([*words, ".".join(dotted)] if dotted else words)


def places_of_keys(schema: Mapping[str, Any], block: str) -> dict[str, list[str]]:
    """Return the blocks in which each key of a schema may stand, dotted; empty for the file itself."""
    places: dict[str, list[str]] = {}
    for key, rule in schema.get("properties", {}).items():
        places.setdefault(key, []).append(block)
        within = f"{block}.{key}".lstrip(".")
        for part in (rule, rule.get("items", {})):
            for name, blocks in places_of_keys(part if isinstance(part, dict) else {}, within).items():
                places.setdefault(name, []).extend(blocks)
    return places


def unknown_keys(
    settings: Any, schema: Mapping[str, Any], prefix: Key, places: Mapping[str, list[str]]
) -> list[tuple[Key, str]]:
    """List keys that the schema does not know there, each with its place or a hint at the nearest one."""
    if isinstance(settings, list) and isinstance(schema.get("items"), dict):
        pairs = [unknown_keys(item, schema["items"], (*prefix, i), places) for i, item in enumerate(settings)]
        return [pair for found in pairs for pair in found]
    if not isinstance(settings, dict):
        return []
    properties = schema.get("properties", {})
    rest = schema.get("additionalProperties", True)
    faults = []
    for key, value in settings.items():
        if key in properties:
            faults += unknown_keys(value, properties[key], (*prefix, key), places)
        elif isinstance(rest, dict):
            faults += unknown_keys(value, rest, (*prefix, key), places)
        elif rest is False:
            near = nearest(str(key), properties)
            elsewhere = [f"below {block}" if block else "at the top of the file" for block in places.get(str(key), ())]
            hint = f"Did you mean {near}?" if near else "Known keys: " + ", ".join(properties) + "."
            hint = f"It stands {' or '.join(elsewhere)}." if elsewhere else hint
            faults.append(((*prefix, key), hint))
    return faults


def fill_defaults(settings: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Write the schema's defaults into ``settings`` where a key is absent, blocks and lists of blocks included."""
    for key, rule in schema.get("properties", {}).items():
        if "default" in rule:
            settings.setdefault(key, copy.deepcopy(rule["default"]))
        value = settings.get(key)
        for block in value if isinstance(value, list) else [value]:
            if isinstance(block, dict):
                fill_defaults(block, rule.get("items", {}) if isinstance(value, list) else rule)
