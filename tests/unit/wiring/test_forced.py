"""What steps kept is forgotten when steps are forced, and only then: held against the Snakemake that is locked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from warm import snakemake

from anpi.files.shipped import ROOT

SNAKEFILE = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT / "scripts")!r})
from anpi.wiring.forced import forget_when_forced

onstart:
    forget_when_forced(workflow, Path("ledger"))

rule one:
    output: "made"
    shell: "touch {{output}}"
"""


@pytest.mark.parametrize(
    ("words", "forgotten"),
    [
        (["--forceall"], True),
        (["--force"], True),
        (["--forcerun", "one"], True),
        ([], False),
        (["--rerun-triggers", "mtime"], False),
        (["--forceall", "--dry-run"], False),
    ],
)
def test_only_a_forced_run_forgets(tmp_path: Path, words: list[str], forgotten: bool) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    for name in ("kept", "pages"):
        (tmp_path / "ledger" / name).mkdir(parents=True)
    (tmp_path / "ledger" / "0001.json").touch()
    done = subprocess.run([*snakemake(), "--cores", "1", *words], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    left = sorted(path.name for path in (tmp_path / "ledger").iterdir())
    assert left == (["0001.json"] if forgotten else ["0001.json", "kept", "pages"])
