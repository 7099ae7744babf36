"""The house rules that a machine can hold: rooms, versions, documentation in step with schemas."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "scripts" / "anpi"
# On these stands everything.
GROUND = {"problems", "progress", "workers", "files", "words", "trial"}
# What each room may import beside itself and the ground; a room that is not listed imports nothing of anpi.
MAY_IMPORT = {
    "problems": set(),
    "progress": set(),
    "workers": set(),
    "words": set(),
    "files": {"problems"},
    "trial": {"words"},
    "arithmetic": set(),
    "program": {"problems", "arithmetic", "files"},
    "tools": {"problems"},
    "tables": GROUND,
    "provenance": {"files"},
    "wiring": GROUND | {"tables", "provenance", "check", "subtypes"},
    "stats": GROUND,
    "expression": GROUND | {"tables"},
    "reads": GROUND | {"tools", "expression"},
    "quantification": GROUND | {"tools", "expression", "reads"},
    "alignment": GROUND | {"tools", "expression", "reads", "quantification"},
    "recist": GROUND,
    "adverse_events": GROUND | {"tables", "endpoints"},
    "subtypes": GROUND | {"tables", "expression", "stats"},
    "signatures": GROUND | {"tables", "expression", "stats"},
    "fractions": GROUND | {"tables", "expression", "signatures"},
    "pathways": GROUND | {"tables", "expression", "signatures"},
    "endpoints": GROUND | {"tables", "recist", "stats"},
    "identity": GROUND | {"tables", "reads", "expression", "alignment"},
    "change": GROUND | {"tables", "expression", "signatures", "cohort", "association", "stats"},
    "targets": GROUND | {"tables", "expression", "signatures"},
    "cohort": GROUND | {"tables"},
    "association": GROUND | {"tables", "stats"},
    "figures": GROUND,
    "report": GROUND | {"tables", "figures", "cohort"},
    "api": GROUND | {"tables", "expression", "subtypes", "signatures", "endpoints", "stats", "fractions", "pathways"},
    "main": {"files", "problems"},
    "accounts": GROUND | {"tables", "endpoints", "adverse_events"},
    "check": GROUND | {"tables", "association", "endpoints", "cohort", "expression"},
    "manifest": GROUND | {"tables", "provenance", "tools"},
    "ledger": GROUND | {"tables", "provenance", "manifest", "association", "tools"},
    "exports": GROUND | {"tables", "association", "tools", "manifest"},
    "delivery": GROUND | {"tables", "expression"},
}
SMK = sorted((ROOT / "workflow").rglob("*.smk"))


def room_of(file: Path) -> str:
    part = file.relative_to(LIBRARY).parts[0]
    return part.removesuffix(".py")


def imported_rooms(file: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "anpi" else [f"anpi.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("anpi.")}
    return rooms - {"__version__"}


@pytest.mark.parametrize("file", sorted(LIBRARY.rglob("*.py")), ids=lambda file: str(file.relative_to(LIBRARY)))
def test_a_module_imports_only_what_its_room_may(file: Path):
    room = room_of(file)
    assert imported_rooms(file) - {room} <= MAY_IMPORT.get(room, set())


def test_the_rooms_form_no_circle():
    def below(room: str, path: tuple[str, ...]) -> None:
        assert room not in path, " -> ".join((*path, room))
        for other in MAY_IMPORT[room]:
            below(other, (*path, room))

    for room in MAY_IMPORT:
        below(room, ())


def test_packages_export_nothing():
    for file in LIBRARY.rglob("__init__.py"):
        body = ast.parse(file.read_text()).body
        if file.parent == LIBRARY:  # its version, and what stands in anpi.api, had when asked for
            continue
        rest = body[1:]
        assert isinstance(body[0], ast.Expr), file
        assert rest == [], file


def locked_versions() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = [re.match(r"([A-Za-z0-9_.-]+)==([^ ;\\]+)", line) for line in lines]
    return {match.group(1).lower(): match.group(2) for match in pairs if match}


@pytest.mark.parametrize("file", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda file: file.name)
def test_environments_pin_the_locked_versions(file: Path):
    locked = locked_versions()
    for item in yaml.safe_load(file.read_text())["dependencies"]:
        for dependency in item["pip"] if isinstance(item, dict) else [item]:
            if dependency in ("pip",):
                continue
            name, version = re.fullmatch(r"([a-z0-9-]+) ?==? ?([\d.]+[a-z]?)", dependency).groups()
            name = name if name in locked else name.removeprefix("python-")
            if name in locked:
                assert locked[name] == version, dependency
            else:
                assert name in ("python", "salmon", "fastp", "samtools", "hisat2", "star", "subread"), dependency


def test_every_rule_that_runs_a_program_names_an_environment_that_exists():
    for file in SMK:
        text = file.read_text()
        for rule in re.split(r"^rule ", text, flags=re.M)[1:]:
            env = re.search(r'conda:\s+"([^"]+)"', rule)
            assert env, rule.split(":")[0]
            assert (file.parent / env.group(1)).resolve().is_file(), env.group(1)


def rules_of(file: Path) -> dict[str, str]:
    """Return the text of each rule of a file by its name."""
    parts = re.split(r"^rule (\w+):", file.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_program_is_called_by_what_carries_its_digest():
    """The words that call a program are its record: neither can stand without the other, or with that of another."""
    calls = 0
    for file in SMK:
        for name, rule in rules_of(file).items():
            (shell,) = re.findall(r"    shell:\n(.*)", rule, flags=re.S)
            assert not re.search(r"\bpython|\bscripts/|\.py\b|ROOT", shell), f"{name} calls a program by its path"
            recorded = re.findall(r"^        (\w+)=(?:Unrecorded\(str\()?program\(", rule, flags=re.M)
            called = [word for word in re.findall(r"\{params\.(\w+)\}", shell) if word in ("program", *recorded)]
            assert called == recorded, name
            calls += len(called)
    assert calls > 25


def test_the_wiring_all_rules_share_is_short():
    assert len((ROOT / "workflow" / "rules" / "common.smk").read_text().splitlines()) < 200


def test_a_helper_that_one_file_of_rules_uses_stands_in_it():
    texts = {file.name: file.read_text() for file in [*SMK, ROOT / "workflow" / "Snakefile"]}
    misplaced = []
    for home in ("common.smk", "inputs.smk"):
        for name in re.findall(r"^def (\w+)", texts[home], flags=re.M):
            uses = {file: len(re.findall(rf"\b{name}\b", text)) for file, text in texts.items()}
            users = [file for file, count in uses.items() if count > (file == home)]
            if users != [home] and len(users) < 2 and users != ["Snakefile"]:
                misplaced.append((name, users))
    assert misplaced == []


def schema_keys(schema: dict, prefix: str = "") -> list[str]:
    keys = []
    for name, rule in schema.get("properties", {}).items():
        inner = schema_keys(rule, f"{prefix}{name}.")
        keys += inner or [f"{prefix}{name}"]
    return keys


def test_the_guide_to_the_config_names_every_key():
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())
    guide = (ROOT / "config" / "README.md").read_text()
    for key in schema_keys(schema):
        if not key.startswith("reference.sha256"):
            assert f"`{key}`" in guide, key


def plan_keys(rule: dict) -> list[tuple[str, object]]:
    """Return the keys of a plan or of rules, each with its default."""
    inner = rule.get("items", {}) if rule.get("type") == "array" else rule
    found = [(name, part.get("default")) for name, part in inner.get("properties", {}).items()]
    return found + [key for part in inner.get("properties", {}).values() for key in plan_keys(part)]


@pytest.mark.parametrize("file", ["plan", "endpoints"])
def test_the_shipped_plan_and_rules_or_the_guide_name_every_key(file: str):
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / f"{file}.schema.yaml").read_text())
    shipped = (ROOT / "config" / f"{file}.yaml").read_text()
    guide = (ROOT / "config" / "README.md").read_text().partition("## Further keys of")[2]
    for key, default in plan_keys(schema):
        if re.search(rf"\b{key}:", shipped) is None:
            rows = [line for line in guide.splitlines() if f"`{key}`" in line.partition(" | ")[0]]
            shown = yaml.safe_dump(default, default_flow_style=True).removesuffix("...\n").strip()
            assert any(shown in row for row in rows), key


@pytest.mark.parametrize(
    "table", ["samples", "units", "patients", "assessments", "lesions", "therapies", "adverse_events", "biomarkers"]
)
def test_the_guide_to_the_tables_names_every_column(table: str):
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / f"{table}.schema.yaml").read_text())
    guide = (ROOT / "config" / "README.md").read_text()
    assert [column for column in schema["properties"] if f"`{column}`" not in guide] == []


def test_no_path_of_a_machine_stands_in_the_project():
    pattern = re.compile(r"/(?:root/|home/[a-z]|Users/[a-z])")
    kinds = {".py", ".smk", ".md", ".yaml", ".yml", ".toml", ".rst", ".j2", ".tsv", ".csv", ".json", ".lock"}
    for folder in ("scripts", "workflow", "config", "docs", "envs", "tests", "resources", ".ci"):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and file.suffix in kinds and file != Path(__file__):
                found = pattern.search(file.read_text(encoding="utf-8", errors="replace"))
                assert found is None, f"{file}: {found.group()}" if found else ""


def test_files_of_tests_have_names_of_their_own():
    """Two of one name in different folders end a run of all tests before it begins."""
    files = [file for folder in ("unit", "parity", "workflow") for file in (ROOT / "tests" / folder).rglob("test_*.py")]
    names = Counter(file.name for file in files if not (file.parent / "__init__.py").exists())
    assert [name for name, count in names.items() if count > 1] == []


def test_help_tells_every_option_and_its_default():
    lacking = []
    for file in sorted((ROOT / "scripts").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
                words = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                silent = words.get("default", "None") in ("None", "[]", "()") or "default" in words.get("help", "")
                if "help" not in words or not silent:
                    lacking.append(f"{file.relative_to(ROOT)}, line {node.lineno}")
    assert lacking == []
