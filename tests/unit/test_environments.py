"""Where software comes from: conda environments, container, lock, CI and manifest name the same versions."""

from __future__ import annotations

import ast
import functools
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from anpi.manifest import PACKAGES
from anpi.provenance import SCRIPTS, modules_behind
from anpi.tools import ALWAYS

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = {file.name: file for file in sorted((ROOT / "envs").glob("*.yaml"))}
DOCKERFILE = (ROOT / "envs" / "Dockerfile").read_text(encoding="utf-8")
# A program as it is called: how it tells its version, and its names on conda and in Debian.
BINARIES = {
    "salmon": ("--version", "salmon", "salmon"),
    "fastp": ("--version", "fastp", "fastp"),
    "samtools": ("--version", "samtools", "samtools"),
    "STAR": ("--version", "star", "rna-star"),
    "hisat2": ("--version", "hisat2", "hisat2"),
    "featureCounts": ("-v", "subread", "subread"),
}
# The programs that those of anpi start.
STARTED = {
    "quantify_sample": {"salmon", "fastp"},
    "align_sample": {"STAR", "hisat2", "fastp"},
    "count_alignments": {"featureCounts"},
}


def pins(file: Path) -> dict[str, str]:
    """Read the versions that an environment asks for, by the name without conda's prefix for Python."""
    listed = []
    for item in yaml.safe_load(file.read_text(encoding="utf-8"))["dependencies"]:
        listed += item["pip"] if isinstance(item, dict) else [item]
    pairs = [re.split(r"\s*={1,2}\s*", item, maxsplit=1) for item in listed if item != "pip"]
    assert [pair for pair in pairs if len(pair) != 2] == []
    return {re.sub(r"^python-(?=.)", "", name): version for name, version in pairs}


def rules() -> dict[str, tuple[str, str]]:
    """Return each rule's text and the name of its environment."""
    found = {}
    for file in sorted((ROOT / "workflow").rglob("*.smk")):
        for block in re.split(r"^rule ", file.read_text(encoding="utf-8"), flags=re.M)[1:]:
            environment = re.search(r'conda:\s+"(?:\.\./)+envs/([^"]+)"', block)
            assert environment, block.split(":")[0]
            found[block.split(":")[0]] = (block, environment.group(1))
    return found


RULES = rules()
RUNS = sorted((rule, name) for rule, (text, _) in RULES.items() for name in re.findall(r'program\(\s*"(\w+)"', text))


@functools.cache
def owners() -> dict[str, list[str]]:
    return {name: sorted(found) for name, found in metadata.packages_distributions().items()}


def imported_packages(program: str) -> set[str]:
    """List the distributions that a program and the modules behind it import."""
    return set().union(*map(imported_by, modules_behind(SCRIPTS / f"{program}.py")))


@functools.cache
def imported_by(module: Path) -> frozenset[str]:
    found = set()
    for node in nodes_of(module):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        tops = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"anpi", "demo"}
        found |= {re.sub(r"^python-", "", owners()[top][0].lower()) for top in tops}
    return frozenset(found)


@functools.cache
def nodes_of(file: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def started_programs(program: str) -> set[str]:
    """List the words that begin a command line in a program and the modules behind it."""
    lists = [node for file in modules_behind(SCRIPTS / f"{program}.py") for node in nodes_of(file)]
    firsts = [node.elts[0] for node in lists if isinstance(node, ast.List) and node.elts]
    return {first.value for first in firsts if isinstance(first, ast.Constant)} & set(BINARIES)


def test_every_environment_is_used_and_every_one_that_is_named_exists():
    assert {environment for _, environment in RULES.values()} == set(ENVIRONMENTS)


def test_imports_are_found():
    """The test below would pass if they were not."""
    assert {"numpy", "pandas", "scipy"} <= {name for _, program in RUNS for name in imported_packages(program)}


@pytest.mark.parametrize(("rule", "program"), RUNS)
def test_the_environment_of_a_rule_has_what_its_program_imports(rule: str, program: str):
    assert imported_packages(program) - set(pins(ENVIRONMENTS[RULES[rule][1]])) == set()


@pytest.mark.parametrize("program", STARTED)
def test_the_environment_of_a_program_has_the_programs_that_it_starts(program: str):
    assert STARTED[program] <= started_programs(program)
    for rule, name in RUNS:
        if name == program:
            assert {BINARIES[tool][1] for tool in STARTED[program]} <= set(pins(ENVIRONMENTS[RULES[rule][1]]))


def test_programs_that_rules_call_themselves_are_in_their_environments():
    calls = {
        (rule, conda)
        for rule, (text, _) in RULES.items()
        for name, (_, conda, _) in {
            **BINARIES,
            "hisat2-build": BINARIES["hisat2"],
            "multiqc": ("", "multiqc", ""),
        }.items()
        if re.search(rf"(?<![\w./-])(?<!-m ){name} -?-", text.split("shell:")[1])
    }
    assert ("show_samples", "multiqc") in calls
    assert [call for call in calls if call[1] not in pins(ENVIRONMENTS[RULES[call[0]][1]])] == []


def test_a_version_is_the_same_in_all_environments():
    versions: dict[str, set[str]] = {}
    for file in ENVIRONMENTS.values():
        for name, version in pins(file).items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", BINARIES)
def test_the_programs_of_this_machine_are_those_of_the_environments(name: str):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    flag, conda, _ = BINARIES[name]
    answer = subprocess.run([name, flag], capture_output=True, text=True, errors="replace", check=False)
    version = re.search(r"\d+\.\d+(?:\.\d+)?[a-z]?", answer.stdout + answer.stderr)
    wanted = {pins(file)[conda] for file in ENVIRONMENTS.values() if conda in pins(file)}
    assert {version.group()} == wanted


def test_the_manifest_records_what_the_lock_and_the_environments_name():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", lock, flags=re.M))
    assert {name: metadata.version(name) for name in PACKAGES} == {name: locked[name] for name in PACKAGES}
    listed = {name for file in ENVIRONMENTS.values() for name in pins(file)}
    # Snakemake is what makes the environments.
    assert (set(PACKAGES) | {BINARIES[tool][1] for tool in ALWAYS}) - listed == {"snakemake"}


def test_the_container_is_the_system_of_continuous_integration():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    image = workflow["jobs"]["run"]["container"]
    assert re.search(r"^FROM (\S+)$", DOCKERFILE, flags=re.M).group(1) == f"{image}-slim"
    assert "python =3.11" in (ROOT / "envs" / "anpi.yaml").read_text(encoding="utf-8")
    assert image == "debian:bookworm"  # whose Python is 3.11


def test_the_container_holds_every_program_and_the_locked_packages():
    installed = set(re.search(r"apt-get install (.*?)\s+&&", DOCKERFILE, flags=re.S).group(1).replace("\\", "").split())
    tools = re.search(r"for tool in (.*?); do", (ROOT / ".ci" / "install-tools").read_text(encoding="utf-8")).group(1)
    assert set(tools.split()) <= {debian for _, _, debian in BINARIES.values()} <= installed
    assert re.search(r"^COPY requirements.lock \.$", DOCKERFILE, flags=re.M)
    assert re.search(r"^RUN \.ci/install-tools && \.ci/install-python", DOCKERFILE, flags=re.M)


def test_the_container_runs_as_nobody_special_and_without_an_entry_point():
    words = re.findall(r"^([A-Z]+) (.*)$", DOCKERFILE, flags=re.M)
    assert [value for word, value in words if word == "USER"] == ["anpi"]
    assert "ENTRYPOINT" not in [word for word, _ in words]


def test_the_image_leaves_out_what_git_leaves_out():
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines() if line}
    left_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line.removeprefix("**/") for line in left_out if not line.startswith("#")} == ignored
