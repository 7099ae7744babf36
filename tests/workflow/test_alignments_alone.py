"""A trial of BAM files with a GTF and no sequences runs to its report, which says what such counts cannot tell."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

from anpi.check import check_run
from anpi.expression.genes import GENES as KNOWN_GENES
from anpi.problems import InputError
from anpi.tables.schema import load_yaml
from anpi.words.counting import LOST
from workflow.conftest import Trial
from workflow.running import ROOT, run

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("alignments")]
USED = ("P001-B", "P003-B")
GENES, STEP, READS = 400, 2000, 6000


def write_bam(path: Path, seed: int) -> pd.Series:
    """Write single reads over the genes, some in two places; return the reads of each gene."""
    draw = np.random.default_rng(seed)
    header = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr22", "LN": 50_818_468}]})
    gene = draw.integers(GENES, size=READS)
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for number, place in enumerate(gene.tolist()):
            record = pysam.AlignedSegment(header)
            record.query_name, record.query_sequence, record.reference_id = f"r{number}", "ACGTT" * 10, 0
            record.query_qualities = pysam.qualitystring_to_array("I" * 50)
            record.reference_start = STEP * (place + 1) + int(draw.integers(600))
            record.cigartuples, record.mapping_quality = [(0, 50)], 60
            record.set_tag("NH", 2 if number % 10 == 0 else 1)
            out.write(record)
    once = np.arange(READS) % 10 > 0
    return pd.Series(np.bincount(gene[once], minlength=GENES))


@pytest.fixture
def alone(trial: Trial) -> tuple[Trial, list[str], dict[str, pd.Series]]:
    """A trial of two samples as BAM files, the genes of the annotation in its order, and the reads of each."""
    ids = pd.read_csv(KNOWN_GENES, sep="\t", dtype=str)["gene_id"].head(GENES).tolist()
    rows = [
        f'chr22\tt\texon\t{STEP * n + 1}\t{STEP * n + 700}\t.\t+\t.\tgene_id "{gene}"; transcript_id "T{n}";\n'
        for n, gene in enumerate(ids, start=1)
    ]
    trial.path("genes.gtf").write_text("#!genome-build GRCh38\n" + "".join(rows))
    truth = {sample: write_bam(trial.path(f"{sample}.bam"), seed) for seed, sample in enumerate(USED)}
    samples = pd.read_csv(trial.path("config/samples.tsv"), sep="\t", dtype=str)
    samples["use"] = ["yes" if sample in USED else "no" for sample in samples["sample_id"]]
    samples.to_csv(trial.path("config/samples.tsv"), sep="\t", index=False, na_rep="NA")
    units = pd.DataFrame({"sample_id": USED, "unit_id": "B1", "bam": [f"{sample}.bam" for sample in USED]})
    units.to_csv(trial.path("config/units.tsv"), sep="\t", index=False)
    trial.setting("reference", {"gtf": "genes.gtf"})
    return trial, ids, truth


@pytest.mark.skipif(not shutil.which("featureCounts"), reason="featureCounts is needed")
def test_alignments_and_genes_are_enough_for_counts(alone):
    trial, ids, truth = alone
    run(ROOT, trial.folder, "results/cohort/counts.tsv.gz", "results/accounts.tsv", "results/multiqc/multiqc.html")
    counts = pd.read_csv(trial.path("results/cohort/counts.tsv.gz"), sep="\t", index_col="gene_id")
    for sample in USED:
        assert counts[sample].reindex(ids).tolist() == truth[sample].tolist()
    accounts = pd.read_csv(trial.path("results/accounts.tsv"), sep="\t")
    mine = accounts[accounts["account"].eq("reads") & accounts["scope"].isin(USED)]
    assert mine["reason"].tolist() == [f"{READS // 10} at several places (each place counts here); featureCounts"] * 2
    assert not trial.path("results/reference/salmon_index").exists()


@pytest.mark.usefixtures("alone")
def test_what_is_lost_is_said_at_planning():
    notes = check_run(load_yaml("config/config.yaml"), "config.yaml").notes
    assert any(LOST in note and "Give reference.genome" in note for note in notes)


def test_a_cram_without_its_genome_is_refused(alone):
    trial, _, _ = alone
    shutil.copy(trial.path("P001-B.bam"), trial.path("P001-B.cram"))
    trial.edit("config/units.tsv", lambda text: text.replace("P001-B.bam", "P001-B.cram"))
    with pytest.raises(InputError, match=r"bam: a CRAM needs the genome, found 'P001-B\.cram'"):
        check_run(load_yaml("config/config.yaml"), "config.yaml")


def test_a_mix_with_salmon_results_is_not_counted_in_two_ways(alone):
    trial, _, _ = alone
    trial.path("quant.sf").write_text("Name\tLength\tEffectiveLength\tTPM\tNumReads\n")
    units = pd.read_csv(trial.path("config/units.tsv"), sep="\t", dtype=str).assign(quant=["quant.sf", "NA"])
    units.loc[0, "bam"] = "NA"
    units.to_csv(trial.path("config/units.tsv"), sep="\t", index=False, na_rep="NA")
    with pytest.raises(InputError, match="units need a reference"):
        check_run(load_yaml("config/config.yaml"), "config.yaml")
