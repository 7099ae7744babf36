"""The shipped list of SNPs, against itself, transcripts and reads."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

from anpi.identity.genotypes import genotype_table
from anpi.identity.pileup import count_alleles
from anpi.identity.sites import POPULATIONS, SITES, build_of, contig_names, read_sites
from anpi.problems import InputError

COMPLEMENT = str.maketrans("ACGT", "TGCA")


def test_positions_of_the_two_builds_move_together():
    """Between neighbours the offset changes by a few bases, or by kilobases where a gap of the assembly was filled."""
    sites = read_sites()
    for _, rows in sites.groupby("chromosome"):
        steps = (rows["grch38"] - rows["grch37"]).diff().dropna().abs()
        assert rows["grch38"].is_monotonic_increasing
        assert rows["grch37"].is_monotonic_increasing
        assert ((steps <= 262) | (steps > 800)).all()
        assert (steps > 800).sum() <= 5
        assert rows["grch38"].diff().min() > 40_000


def test_frequencies_agree_with_those_of_the_populations():
    """1000 Genomes: 504 East Asian, 347 American, 661 African, 503 European, 489 South Asian samples."""
    sites = read_sites()
    weights = pd.Series([504, 347, 661, 503, 489], index=POPULATIONS) / 2504
    expected = (sites[list(POPULATIONS)] * weights).sum(axis=1)
    assert (expected - sites["af"]).abs().max() < 0.006
    assert sites["af"].between(0.2, 0.8).all()


def test_build_and_names():
    assert build_of(["chr1"], [248956422]) == "grch38"
    assert build_of(["1", "X"], [249250621, 5]) == "grch37"
    assert build_of(["chr1"], [195471971]) is None
    assert build_of(["22"], [3000001]) is None
    assert contig_names(pd.Series(["1", "2", "3"]), ["chr1", "2"]).tolist() == ["chr1", "2", None]


def test_every_fault_of_a_list_is_told(tmp_path: Path):
    rows = SITES.read_text().splitlines()[:4]
    broken = [
        rows[0],
        rows[1].replace("\tT\t", "\tU\t", 1),
        re.sub(r"\t\d{7}\t", "\t-7\t", rows[2], count=1),
        rows[3],
        rows[3],
    ]
    path = tmp_path / "snps.tsv"
    path.write_text("\n".join(broken) + "\n")
    with pytest.raises(InputError) as caught:
        read_sites(path)
    told = str(caught.value)
    assert "row 2" in told
    assert "U" in told
    assert "row 3" in told
    assert "-7" in told
    assert "stands twice" in told


def read_exons(path: Path) -> dict[str, list[tuple[int, int]]]:
    exons = defaultdict(list)
    with gzip.open(path, "rt") as lines:
        for line in lines:
            fields = line.split("\t")
            if len(fields) > 8 and fields[2] == "exon" and fields[0] == "chr19":
                transcript = re.search(r'transcript_id "([^".]+)', fields[8]).group(1)
                exons[transcript, fields[6]].append((int(fields[3]), int(fields[4])))
    return exons


def read_sequences(path: Path) -> dict[str, str]:
    with gzip.open(path, "rt") as lines:
        records = lines.read().split(">")[1:]
    return {record.split(".")[0]: "".join(record.splitlines()[1:]) for record in records}


def base_of(sequence: str, exons: list[tuple[int, int]], strand: str, position: int) -> str:
    before = 0
    for start, end in sorted(exons, reverse=strand == "-"):
        if start <= position <= end:
            place = before + (position - start if strand == "+" else end - position)
            return sequence[place] if strand == "+" else sequence[place].translate(COMPLEMENT)
        before += end - start + 1
    raise AssertionError(position)


def test_reference_bases_of_chromosome_19_are_those_of_the_transcripts(external_data: Path):
    folder = external_data / "data" / "reads" / "encode_chr19"
    exons = read_exons(folder / "gencodeV24pri-tRNAs-ERCC-phiX_onlychr19_and_spikeins.gtf.gz")
    sequences = read_sequences(folder / "Homo_sapiens.GRCh38.cdna.all.chr19_ERCC_phix.fa.gz")
    sites = read_sites()
    sites = sites[sites["checked"] == "transcripts"]
    assert len(sites) == 27
    for position, ref in zip(sites["grch38"], sites["ref"], strict=True):
        bases = {
            base_of(sequences[name], places, strand, position)
            for (name, strand), places in exons.items()
            if any(start <= position <= end for start, end in places)
            and len(sequences.get(name, "")) == sum(end - start + 1 for start, end in places)
        }
        assert bases == {ref}, position


def test_both_airway_samples_show_the_two_listed_alleles_in_mtor(external_data: Path):
    """Two samples of one donor (SRR1039508: 16 C and 15 T before mates are joined)."""
    sites = read_sites()
    for sample in ("SRR1039508", "SRR1039509"):
        path = external_data / "data" / "reads" / "airway_star_bams" / f"{sample}_subset.bam"
        table = genotype_table(count_alleles([path], sites), sites).set_index("rsid")
        row = table.loc["rs1057079"]
        assert row["position"] == 11205058
        assert row["genotype"] == "0/1"
        assert row["other_reads"] == 0
        assert min(row["ref_reads"], row["alt_reads"]) >= 3
        assert (table["depth"].drop("rs1057079") == 0).all()
