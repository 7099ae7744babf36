"""Programs of others are known by version: one outside the range is refused before it does anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from anpi import tools
from anpi.problems import InputError
from anpi.quantification.salmon import DETERMINISTIC


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a program on the path that says a version."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def make(tool: str, words: str) -> None:
        program = tmp_path / tool
        program.write_text(f"#!/bin/sh\necho '{words}'\n")
        program.chmod(0o755)

    return make


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("salmon", "salmon 2.0.1"),
        ("salmon", "salmon 0.14.2"),
        ("fastp", "fastp 2.0.0"),
        ("samtools", "samtools 1.9"),
        ("STAR", "2.6.1d"),
    ],
)
def test_an_unknown_version_is_refused(tool: str, words: str, pretend, tells):
    pretend(tool, words)
    with pytest.raises(InputError) as fault:
        tools.require_tools(tool)
    tells(f"the {tool} that is installed says {words}", map(str, fault.value.problems))


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("salmon", "salmon 1.10.1"),
        ("salmon", "salmon 1.11.0"),
        ("fastp", "fastp 1.0.1"),
        ("samtools", "samtools 1.16.1"),
        ("STAR", "2.7.10b"),
        ("featureCounts", "featureCounts v2.0.3"),
        ("hisat2", "no version at all"),
    ],
)
def test_a_known_version_or_none_passes(tool: str, words: str, pretend):
    pretend(tool, words)
    tools.require_tools(tool)
    assert tools.version_of(tool) == (words.split()[-1].lstrip("v") if words[-1] in "0123456789b" else None)


def test_options_are_known_of_each_major_version_in_the_range():
    first, below = (tools.numbers(version)[0] for version in tools.TOOLS["salmon"].versions)
    assert set(DETERMINISTIC) == set(range(first, below))


def test_a_program_that_hangs_when_asked_has_no_version(pretend, monkeypatch, tmp_path):
    pretend("salmon", "")
    (tmp_path / "salmon").write_text("#!/bin/sh\nexec sleep 600\n")
    monkeypatch.setattr(tools, "ANSWER_SECONDS", 0.2)
    assert tools.version_of("salmon") is None


def test_another_program_of_the_name_is_asked_anew(pretend, tmp_path, monkeypatch):
    pretend("salmon", "salmon 1.10.1")
    assert tools.version_of("salmon") == "1.10.1"
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "other"), prepend=":")
    pretend("other/salmon", "salmon 1.11.0")
    assert tools.version_of("salmon") == "1.11.0"
