"""The tutorial, as a reader runs it: ``make test-docs``.

Its blocks run in one shell, in order, in an empty folder. What stands in a block of text must be what the block before
it printed. Downloads are made, unless the files lie in the folder of real data (ANPI_EXTERNAL_DATA).
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from documents.markdown import ROOT, Block, blocks

TUTORIAL = ROOT / "docs" / "tutorial.md"
SHARED = Path(os.environ.get("ANPI_EXTERNAL_DATA", ROOT.parent / "shared"))
ARMOR = SHARED / "data" / "reads" / "armor_airway_chr1"
CUT = "-- end of block --"


def prepare_downloads(folder: Path) -> None:
    """Put the files of the download block in their places."""
    (folder / "airway").mkdir()
    shutil.copytree(ARMOR / "FASTQ", folder / "airway" / "reads", copy_function=shutil.copyfile)
    (folder / "airway" / "reference").mkdir()
    transcripts = ARMOR / "reference" / "Gencode28" / "gencode.v28.transcripts.1.1.10M.fa.gz"
    shutil.copyfile(transcripts, folder / "airway" / "reference" / "transcripts.fa.gz")


def executable(block: Block) -> bool:
    return block.language == "bash" and (block.word == "" or (block.word == "download" and not ARMOR.is_dir()))


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[Block, str]]]:
    """Run the tutorial; give its folder and, of each block, what it printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "anpi").symlink_to(ROOT)
    if ARMOR.is_dir():
        prepare_downloads(folder)
    run = [block for block in blocks(TUTORIAL) if executable(block)]
    script = "".join(f"{block.text}\necho '{CUT}'\n" for block in run)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail"],
        input=script,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return folder, list(zip(run, done.stdout.split(f"{CUT}\n"), strict=False))


def test_the_tutorial_prints_what_it_says(tutorial: tuple[Path, list[tuple[Block, str]]]) -> None:
    printed = dict(tutorial[1])
    listed = blocks(TUTORIAL)
    pairs = [(before, after) for before, after in itertools.pairwise(listed) if after.language == "text"]
    assert len(pairs) == 4
    for before, after in pairs:
        assert printed[before].endswith(after.text)


def test_the_trial_has_its_known_answers(tutorial: tuple[Path, list[tuple[Block, str]]]) -> None:
    """Held against lifelines, another implementation of what the workflow's own code computes."""
    from lifelines import CoxPHFitter
    from sksurv.datasets import load_veterans_lung_cancer

    known, outcome = load_veterans_lung_cancer()
    frame = pd.DataFrame({"days": outcome["Survival_in_days"], "died": outcome["Status"], "arm": known["Treatment"]})
    frame["score"] = known["Karnofsky_score"] / known["Karnofsky_score"].std()
    expected = CoxPHFitter().fit(frame, "days", "died", strata=["arm"]).hazard_ratios_["score"]
    results = pd.read_csv(tutorial[0] / "veterans" / "results" / "association" / "results.tsv", sep="\t")
    assert results.set_index("biomarker").at["karnofsky", "estimate"] == pytest.approx(expected, rel=1e-4)


def test_both_reports_are_written(tutorial: tuple[Path, list[tuple[Block, str]]]) -> None:
    for name, title in (("airway", "Airway smooth muscle"), ("veterans", "Veterans&#39; lung cancer trial")):
        page = (tutorial[0] / name / "results" / "report" / "index.html").read_text()
        assert re.search(title.replace("&#39;", "(&#39;|')"), page)
