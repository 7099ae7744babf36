"""What a user without root or without Python reads."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run_as_user(script: str, path: Path, *words: str) -> subprocess.CompletedProcess:
    """Run an installation script as somebody who is not root, with the programs of ``path`` alone."""
    (path / "id").write_text("#!/bin/sh\necho 1000\n")
    (path / "id").chmod(0o755)
    for tool in ("dirname", "cat"):
        (path / tool).symlink_to(shutil.which(tool))
    return subprocess.run(
        [shutil.which("bash"), str(ROOT / ".ci" / script), *words],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_missing_programs_are_named_with_how_to_install_them(tmp_path: Path):
    (tmp_path / "samtools").write_text("#!/bin/sh\n")
    (tmp_path / "samtools").chmod(0o755)
    done = run_as_user("install-tools", tmp_path)
    assert done.returncode == 1
    assert "Missing programs: salmon fastp" in done.stderr
    assert "sudo apt-get install salmon fastp" in done.stderr
    assert "-c conda-forge -c bioconda salmon fastp" in done.stderr


def test_nothing_is_said_when_all_programs_are_there(tmp_path: Path):
    for tool in ("salmon", "fastp", "samtools"):
        (tmp_path / tool).write_text("#!/bin/sh\n")
        (tmp_path / tool).chmod(0o755)
    done = run_as_user("install-tools", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_missing_python_is_named(tmp_path: Path):
    done = run_as_user("install-python", tmp_path, "python3")
    assert done.returncode == 1
    assert "apt-get install python3 python3-venv" in done.stderr


def test_an_old_python_is_refused(tmp_path: Path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2"\nexit 1\n')
    old.chmod(0o755)
    done = run_as_user("install-python", tmp_path, "python3")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed, found Python 3.9.2" in done.stderr


def test_make_lets_programs_keep_their_bytecode(tmp_path: Path):
    """Where the environment tells Python to write none, each program of a run would compile all of anpi."""
    (tmp_path / "more.mk").write_text(f'include {ROOT / "Makefile"}\nshow: ; @echo "[$$PYTHONDONTWRITEBYTECODE]"\n')
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    words = ["make", "-s", "-f", str(tmp_path / "more.mk"), "show"]
    done = subprocess.run(words, env=environment, text=True, capture_output=True, check=True)
    assert done.stdout == "[]\n"
