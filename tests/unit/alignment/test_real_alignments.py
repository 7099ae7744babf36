"""Facts of real alignments against samtools, run here, and against RSeQC 5.0.6, whose figures stand in tests/data.

RSeQC was run on the same files with BED12 made of the same annotations. In those for read_distribution every exon is
untranslated, since the program leaves out what is 5' and 3' untranslated at once; those for geneBody_coverage
hold the longest transcript of each protein-coding gene, of 500 bases and more, as the gene model does without tags.
"""

from __future__ import annotations

import csv
import json
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from anpi.alignment.gene_model import build_gene_model
from anpi.alignment.measure import measure_alignments
from anpi.expression.summary import FORWARD_SHARES, LEAST_STRANDED

DATA = Path(__file__).resolve().parents[2] / "data" / "alignment"
AIRWAY = ("SRR1039508_subset", "SRR1039509_subset")
PIGX = ("HBR_Rep1", "HBR_Rep2", "HBR_Rep3", "UHR_Rep1", "UHR_Rep2", "UHR_Rep3")
LIBRARIES = (*AIRWAY, *PIGX, "hcc1395")
# The file of HCC1395 lies in this gene of GRCh37 (Ensembl 75, ENSG00000070831), and comes without an annotation.
CDC42 = '1\tensembl\texon\t22379120\t22419437\t.\t+\t.\tgene_id "CDC42"; transcript_id "CDC42";\n'

pytestmark = pytest.mark.external


def read_rseqc() -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, float]] = defaultdict(dict)
    with open(DATA / "rseqc.tsv") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            figures[row["alignment"]][f"{row['program']}.{row['metric']}"] = float(row["value"])
    return figures


RSEQC = read_rseqc()


@pytest.fixture(scope="module")
def files(external_data) -> dict[str, Path]:
    reads = external_data / "data" / "reads"
    aligned = reads / "pigx_hbr_uhr" / "preprocessed" / "mapped_reads" / "hisat2"
    return {
        **{name: reads / "airway_star_bams" / f"{name}.bam" for name in AIRWAY},
        **{name: aligned / f"{name}_Aligned.sortedByCoord.out.bam" for name in PIGX},
        "hcc1395": reads / "regtools_hcc1395" / "test_hcc1395.bam",
    }


@pytest.fixture(scope="module")
def models(external_data, tmp_path_factory):
    reads = external_data / "data" / "reads"
    cdc42 = tmp_path_factory.mktemp("genes") / "cdc42.gtf"
    cdc42.write_text("#!genome-build GRCh37\n" + CDC42)
    airway = build_gene_model(reads / "airway_star_bams" / "Homo_sapiens.GRCh37.75_subset.gtf")
    pigx = build_gene_model(reads / "pigx_hbr_uhr" / "sample.gtf")
    return {**dict.fromkeys(AIRWAY, airway), **dict.fromkeys(PIGX, pigx), "hcc1395": build_gene_model(cdc42)}


@pytest.fixture(scope="module")
def facts(files, models):
    return {name: measure_alignments([files[name]], models[name]) for name in LIBRARIES}


def samtools(*words: str | Path) -> str:
    return subprocess.run(["samtools", *map(str, words)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", LIBRARIES)
def test_counts_are_those_of_flagstat(name, files, facts):
    told = json.loads(samtools("flagstat", "-O", "json", files[name]))
    passed, failed = told["QC-passed reads"], told["QC-failed reads"]
    total = {key: passed[key] + failed[key] for key in passed if not key.endswith("%")}
    own = facts[name]
    assert own["aligned_records"] == total["total"]
    assert own["aligned_primary"] == total["primary"]
    assert own["aligned_secondary"] == total["secondary"]
    assert own["aligned_supplementary"] == total["supplementary"]
    assert own["aligned_mapped"] == total["primary mapped"]
    if total["primary mapped"] < total["primary"]:
        assert own["aligned_rate"] == round(100 * total["primary mapped"] / total["primary"], 2)
    else:
        assert own["aligned_rate"] is None
    if total["paired in sequencing"]:
        expected = 100 * total["properly paired"] / total["paired in sequencing"]
        assert own["aligned_proper_pair_rate"] == round(expected, 2)
    assert own["duplicates_marked"] == (name == "hcc1395")
    if name == "hcc1395":
        assert total["primary duplicates"] == 9138
        assert own["duplicate_rate"] == round(100 * 9138 / total["primary mapped"], 2)


@pytest.mark.parametrize("name", LIBRARIES)
def test_errors_and_lengths_are_those_of_samtools_stats(name, files, facts):
    lines = [line.split("\t") for line in samtools("stats", files[name]).splitlines() if line.startswith("SN")]
    told = {line[1].rstrip(":"): float(line[2]) for line in lines}
    own = facts[name]
    if name in AIRWAY:
        # STAR wrote nM, which samtools does not read.
        assert (own["error_source"], told["mismatches"]) == ("nM", 0)
    else:
        assert own["error_rate"] == pytest.approx(100 * told["error rate"], abs=1e-4)
    assert own["aligned_read_length"] == pytest.approx(told["total length"] / told["raw total sequences"], abs=0.06)


@pytest.mark.parametrize("name", LIBRARIES)
def test_gc_is_that_of_a_count_of_the_letters(name, files, facts):
    sequences = "".join(line.split("\t")[9] for line in samtools("view", "-F", "0x900", files[name]).splitlines())
    gc, known = sum(map(sequences.count, "GC")), sum(map(sequences.count, "ACGT"))
    assert facts[name]["aligned_gc_content"] == round(100 * gc / known, 2)


@pytest.mark.parametrize("name", LIBRARIES)
def test_exonic_and_intronic_shares_are_those_of_read_distribution(name, facts):
    """RSeQC finds the first base of an exon outside, and shifts blocks by bases clipped before them."""
    told = RSEQC[name]
    tags = told["read_distribution.total_tags"]
    assert facts[name]["exonic_share"] == pytest.approx(100 * told["read_distribution.exon_tags"] / tags, abs=0.05)
    assert facts[name]["intronic_share"] == pytest.approx(100 * told["read_distribution.intron_tags"] / tags, abs=0.02)


@pytest.mark.parametrize("name", LIBRARIES)
def test_strand_calls_are_those_of_infer_experiment(name, facts):
    told = RSEQC[name]
    forward, reverse = (told[f"infer_experiment.{strand}_fraction"] for strand in ("forward", "reverse"))
    share = forward / (forward + reverse)
    own = facts[name]
    assert own["aligned_forward_share"] == pytest.approx(100 * share, abs=0.05)
    called = next((call for call, (low, high) in FORWARD_SHARES.items() if low <= share <= high), "unclear")
    assert own["aligned_mapped"] > LEAST_STRANDED
    assert own["aligned_strandedness"] == called
    assert called == ("reverse" if name in PIGX else "unstranded")


@pytest.mark.parametrize("name", LIBRARIES)
def test_junctions_are_those_of_junction_annotation(name, facts):
    told = RSEQC[name]
    total, known = told["junction_annotation.total_junctions"], told["junction_annotation.known_junctions"]
    assert facts[name]["junctions"] == total
    assert facts[name]["junctions_known_share"] == round(100 * known / total, 2)


@pytest.mark.parametrize("name", AIRWAY)
def test_saturation_is_as_in_the_draws_of_junction_saturation(name, facts):
    """RSeQC draws anew at each run: three runs, of known junctions those at half of the reads."""
    told = RSEQC[name]
    low, high = (told[f"junction_saturation.{end}_half_percent"] for end in ("lowest", "highest"))
    assert low - 2 <= facts[name]["junction_saturation"] <= high + 2


@pytest.mark.parametrize("name", ["HBR_Rep2", "HBR_Rep3", "UHR_Rep1", "UHR_Rep2"])
def test_fragments_are_as_long_as_inner_distance_and_two_reads(name, facts):
    """RSeQC looks at pairs in any exons, the gene model at those in long ones; so within a tenth."""
    expected = RSEQC[name]["inner_distance.median"] + 2 * facts[name]["aligned_read_length"]
    assert facts[name]["fragment_length_median"] == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("name", LIBRARIES)
def test_coverage_of_gene_bodies_is_that_of_samtools_depth(name, files, models, facts):
    """The same depth at every percentile of every transcript, summed over transcripts."""
    depth: dict[int, int] = {}
    for line in samtools("depth", files[name]).splitlines():
        contig, position, count = line.split("\t")
        if contig == str(models[name].contigs[0]):
            depth[int(position) - 1] = int(count)
    model = models[name]
    curve = np.zeros(100)
    for position, slot in zip(model.body_positions.tolist(), model.body_slots.tolist(), strict=True):
        curve[slot % 100] += depth.get(position, 0)
    assert facts[name]["gene_body_coverage"] == pytest.approx(curve / curve.mean(), abs=1e-4)


@pytest.mark.parametrize("name", LIBRARIES)
def test_coverage_of_gene_bodies_goes_with_that_of_rseqc(name, facts):
    """RSeQC counts overlapping mates once, up to 8,000 reads, and leaves out bases below quality 13 and lone mates."""
    with open(DATA / "rseqc_gene_body.tsv") as table:
        told = {row["alignment"]: row for row in csv.DictReader(table, delimiter="\t")}[name]
    expected = np.array([float(told[f"p{i}"]) for i in range(1, 101)])
    assert np.corrcoef(facts[name]["gene_body_coverage"], expected)[0, 1] > 0.93


def test_a_cram_and_another_order_give_the_same(files, facts, models, external_data, tmp_path):
    name = "UHR_Rep1"
    genome = tmp_path / "genome.fa"
    genome.write_bytes((external_data / "data" / "reads" / "pigx_hbr_uhr" / "sample.fasta").read_bytes())
    samtools("view", "-C", "-T", genome, "-o", tmp_path / "a.cram", files[name])
    samtools("sort", "-n", "-o", tmp_path / "a.bam", files[name])
    assert measure_alignments([tmp_path / "a.cram"], models[name], genome) == facts[name]
    assert measure_alignments([tmp_path / "a.bam"], models[name]) == facts[name]
