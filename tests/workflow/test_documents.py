"""The documents against what the workflow takes and makes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from documents.markdown import ROOT, blocks
from documents.result_pages import page_faults, result_pages, untold_files

from workflow.running import planned

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.xdist_group("reruns"),
]
needs_tools = pytest.mark.skipif(
    not (shutil.which("salmon") and shutil.which("fastp")), reason="salmon and fastp are needed"
)


@needs_tools
def test_the_pages_of_the_results_are_in_step_with_a_run(finished_trial: Path):
    results = finished_trial / "results"
    assert [fault for page in result_pages() for fault in page_faults(page, results)] == []
    assert untold_files(results) == set()


def test_the_tables_of_the_tutorial_pass_the_checks_of_a_plan(external_data: Path, tmp_path: Path):
    """All of it is run by ``make test-docs``; here its tables are written and a run on them planned."""
    reads = external_data / "data" / "reads" / "armor_airway_chr1"
    folder = tmp_path / "airway"
    shutil.copytree(reads / "FASTQ", folder / "reads", copy_function=os.symlink)
    (folder / "reference").mkdir()
    transcripts = reads / "reference" / "Gencode28" / "gencode.v28.transcripts.1.1.10M.fa.gz"
    (folder / "reference" / "transcripts.fa.gz").symlink_to(transcripts)
    _, sums, tables, *_ = [
        b for b in blocks(ROOT / "docs" / "tutorial.md") if b.language == "bash" and b.word != "install"
    ]
    script = f"{sums.text}\n{tables.text}".replace("cd airway", "cd .")
    subprocess.run(["bash", "-euo", "pipefail"], input=script, cwd=folder, text=True, check=True, capture_output=True)
    assert planned(ROOT, folder)["quantify_sample"] == 4
