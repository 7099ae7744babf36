"""Alignments of the user's are measured by the workflow, once, and again only when their content changes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pysam
import pytest

from anpi.alignment.gene_model import build_gene_model
from anpi.alignment.measure import measure_alignments
from workflow.conftest import Trial
from workflow.running import ROOT, planned, run

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("alignments")]
FACTS = "results/samples/P001-B/alignment.json"
GENES = [(1000 * i + 1, 1000 * i + 700) for i in range(1, 19)]


def write_bam(path: Path, seed: int) -> None:
    """Write 900 single reads over the genes, against their strand, with a header of GRCh38's chromosome 22."""
    draw = np.random.default_rng(seed)
    rows = []
    for i in range(900):
        start = GENES[i % len(GENES)][0] + int(draw.integers(650))
        rows.append(f"r{i}\t16\tchr22\t{start}\t60\t50M\t*\t0\t0\t{'ACGTT' * 10}\t{'I' * 50}\tNM:i:{i % 2}\n")
    text = path.with_suffix(".sam")
    text.write_text("@HD\tVN:1.6\n@SQ\tSN:chr22\tLN:50818468\n" + "".join(rows))
    pysam.view("-b", "-o", str(path), str(text), catch_stdout=False)


@pytest.fixture
def aligned(trial: Trial) -> Trial:
    """A trial whose first sample comes as a BAM file."""
    genes = "".join(
        f'22\tt\texon\t{start}\t{end}\t.\t+\t.\tgene_id "ENSG{start:011d}"; transcript_id "ENST{start:011d}";\n'
        for start, end in GENES
    )
    trial.path("genes.gtf").write_text("#!genome-build GRCh38\n" + genes)
    write_bam(trial.path("reads/P001-B.bam"), 1)
    units = trial.path("config/units.tsv").read_text().splitlines()
    columns = units[0].split("\t")
    kept = [f"{line}\t" for line in units[1:] if line.split("\t")[0] != "P001-B"]
    row = dict.fromkeys([*columns, "bam"], "") | {"sample_id": "P001-B", "unit_id": "B1", "bam": "reads/P001-B.bam"}
    table = ["\t".join([*columns, "bam"]), "\t".join(row.values()), *kept]
    trial.path("config/units.tsv").write_text("\n".join(table) + "\n")
    trial.setting("reference.gtf", "genes.gtf")
    return trial


def test_an_alignment_is_measured_and_again_only_when_its_content_changes(aligned: Trial):
    folder = aligned.folder
    run(ROOT, folder, FACTS)
    facts = json.loads((folder / FACTS).read_text())
    model = build_gene_model(folder / "genes.gtf")
    assert facts == measure_alignments([folder / "reads/P001-B.bam"], model)
    assert (facts["aligned_strandedness"], facts["exonic_share"], facts["error_rate"]) == ("reverse", 100, 1)
    (folder / "reads/P001-B.bam").touch()
    assert planned(ROOT, folder, FACTS) == {}
    write_bam(folder / "reads/P001-B.bam", 2)
    # Its facts go into the sample's; those of a sample of reads do not come from an alignment.
    plan = planned(ROOT, folder, *(f"results/samples/{sample}/qc.json" for sample in ("P001-B", "P003-B")))
    assert (plan["measure_alignment"], plan["summarise_sample"]) == (1, 2)
    assert "build_gene_model" not in plan
