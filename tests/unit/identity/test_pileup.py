"""Counts at sites from alignments: what counts, what does not, with an index and without."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest
from unit.identity.alignments import header_of, made_up_sites, read_of, write_alignment, write_sample

from anpi.identity.pileup import count_alleles, usable_sites
from anpi.problems import InputError

SITE = pd.DataFrame(
    {"rsid": ["rs1"], "chromosome": ["1"], "grch38": [1001], "grch37": [2001], "ref": ["A"], "alt": ["G"]}
)
POSITION = 1000  # from 0


def counts_of(path: Path, sites: pd.DataFrame = SITE) -> list[int]:
    """Return depth, ref, alt and other reads at the first site."""
    return count_alleles([path], sites).counts.iloc[0, 1:].tolist()


def over_site(name: str, base: str, **facts: object) -> pysam.AlignedSegment:
    return read_of(header_of(), name, POSITION - 10, "C" * 10 + base + "C" * 10, **facts)


def test_no_server_is_asked_for_the_reference_of_a_cram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write_alignment(tmp_path / "a.bam", header_of(), [over_site("a", "A")], True)
    for value in (None, "https://example.org/%s"):
        monkeypatch.delenv("REF_PATH", raising=False)
        if value:
            monkeypatch.setenv("REF_PATH", value)
        counts_of(path)
        assert "://" not in os.environ["REF_PATH"]
    monkeypatch.setenv("REF_PATH", str(tmp_path))
    counts_of(path)
    assert os.environ["REF_PATH"] == str(tmp_path)


CASES = {
    "ref": ([("a", "A", {})], [1, 1, 0, 0]),
    "alt": ([("a", "G", {})], [1, 0, 1, 0]),
    "other": ([("a", "T", {})], [1, 0, 0, 1]),
    "duplicate": ([("a", "A", {"flag": 1024})], [0, 0, 0, 0]),
    "secondary": ([("a", "A", {"flag": 256})], [0, 0, 0, 0]),
    "supplementary": ([("a", "A", {"flag": 2048})], [0, 0, 0, 0]),
    "failed filter": ([("a", "A", {"flag": 512})], [0, 0, 0, 0]),
    "low mapping quality": ([("a", "A", {"quality": 3})], [0, 0, 0, 0]),
    "low base quality": ([("a", "A", {"bases": 12})], [0, 0, 0, 0]),
    "mates that agree": ([("a", "G", {"flag": 99}), ("a", "G", {"flag": 147})], [1, 0, 1, 0]),
    "mates that differ": ([("a", "G", {"flag": 99}), ("a", "A", {"flag": 147})], [0, 0, 0, 0]),
    "two fragments": ([("a", "G", {}), ("b", "A", {})], [2, 1, 1, 0]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("index", [True, False])
def test_what_counts(case: str, index: bool, tmp_path: Path):
    reads, expected = CASES[case]
    path = write_alignment(
        tmp_path / "a.bam", header_of(), [over_site(name, base, **facts) for name, base, facts in reads], index
    )
    assert counts_of(path) == expected


@pytest.mark.parametrize(
    ("start", "sequence", "cigar", "base"),
    [
        (990, "C" * 10 + "G" + "C" * 4, "15M", "G"),
        (980, "C" * 10 + "G" + "C" * 4, "10M10N5M", "G"),  # spliced up to the site
        (900, "C" * 10 + "C" * 10, "10M200N10M", None),  # spliced over it
        (990, "C" * 5 + "TTT" + "C" * 5 + "G" + "CCC", "5M3I9M", "G"),
        (988, "C" * 5 + "C" * 5 + "G" + "CCC", "5M2D9M", "G"),
        (998, "C" * 4, "2M2D2M", None),  # deleted
        (998, "TTTT" + "CCG" + "CC", "4S5M", "G"),
        (1000, "TTTTG", "4S1M", "G"),
        (995, "CCCCC" + "TTTT", "5M4S", None),  # clipped before it
        (990, "C" * 10 + "G" + "C" * 4, "2H10=1X4=", "G"),
    ],
)
def test_the_base_over_a_site(start: int, sequence: str, cigar: str, base: str | None, tmp_path: Path):
    path = write_alignment(tmp_path / "a.bam", header_of(), [read_of(header_of(), "a", start, sequence, cigar=cigar)])
    assert counts_of(path) == ([1, 0, 1, 0] if base else [0, 0, 0, 0])


def test_agrees_with_the_pileup_of_samtools(tmp_path: Path):
    """Unpaired reads with gaps, introns and clips at random: as htslib's own pileup counts them."""
    draw = np.random.default_rng(5)
    sites, header = made_up_sites(12), header_of()
    reads = []
    for i in range(1500):
        site = sites.iloc[draw.integers(len(sites))]
        first, second = (int(n) for n in draw.integers(5, 60, 2))
        operation = str(draw.choice(["", "3I", "4D", "40N", "9N"]))
        cigar = f"{first}M{operation}{second}M" if operation else f"{first + second}M"
        length = first + second + (3 if operation == "3I" else 0)
        qualities = [int(q) for q in draw.choice([8, 19, 20, 37], length)]
        start = int(site["grch38"]) - 1 - int(draw.integers(0, 90))
        sequence = "".join(draw.choice(list("ACGT"), length))
        quality = int(draw.choice([0, 19, 20, 60]))
        contig = int(site["chromosome"]) - 1
        reads.append(read_of(header, f"r{i}", start, sequence, contig, cigar, quality=quality, bases=qualities))
    path = write_alignment(tmp_path / "a.bam", header, reads)
    counts = count_alleles([path], sites).counts
    with pysam.AlignmentFile(str(path)) as alignment:
        for row, site in sites.iterrows():
            place = site["grch38"] - 1
            columns = alignment.pileup(
                f"chr{site['chromosome']}", place, place + 1, truncate=True, min_base_quality=20, min_mapping_quality=20
            )
            seen = [base.upper() for column in columns for base in column.get_query_sequences() if base]
            expected = [len(seen), seen.count(site["ref"]), seen.count(site["alt"])]
            assert counts.loc[row, ["depth", "ref_reads", "alt_reads"]].tolist() == expected
            assert expected[0] > 10


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Path]:
    sites = made_up_sites(30)
    person = np.random.default_rng(2).binomial(2, sites["af"])
    return sites, write_sample(tmp_path_factory.mktemp("sample") / "s.bam", sites, [(person, 1.0)], 20, seed=3)


def test_index_or_none_sorted_or_not(sample: tuple[pd.DataFrame, Path], tmp_path: Path):
    sites, path = sample
    expected = count_alleles([path], sites).counts
    assert expected["depth"].min() > 5
    unindexed = tmp_path / "u.bam"
    unindexed.write_bytes(path.read_bytes())
    pysam.sort("-n", "-o", str(tmp_path / "n.bam"), str(path))
    for other in (unindexed, tmp_path / "n.bam"):
        pd.testing.assert_frame_equal(count_alleles([other], sites).counts, expected)


def test_an_index_older_than_its_file_is_not_trusted(sample: tuple[pd.DataFrame, Path], tmp_path: Path):
    sites, path = sample
    old = write_alignment(tmp_path / "s.bam", header_of(), [over_site("x", "A")])
    old.write_bytes(path.read_bytes())
    os.utime(f"{old}.bai", (1, 1))
    pd.testing.assert_frame_equal(count_alleles([old], sites).counts, count_alleles([path], sites).counts)


def test_several_files_of_a_sample_add_up(sample: tuple[pd.DataFrame, Path], tmp_path: Path):
    sites, path = sample
    with pysam.AlignmentFile(str(path)) as file:
        reads = list(file)
        header = file.header
    halves = [[read for read in reads if int(read.query_name.split(".")[1]) % 2 == k] for k in (0, 1)]
    paths = [write_alignment(tmp_path / f"{k}.bam", header, half) for k, half in enumerate(halves)]
    pd.testing.assert_frame_equal(count_alleles(paths, sites).counts, count_alleles([path], sites).counts)


def test_the_same_person_in_the_other_build_and_without_chr(tmp_path: Path):
    sites = made_up_sites(10)
    person = np.ones(10, dtype=int)
    new = write_sample(tmp_path / "38.bam", sites, [(person, 1.0)], 15, seed=4)
    old = write_sample(tmp_path / "37.bam", sites, [(person, 1.0)], 15, seed=4, build="grch37")
    columns = ["depth", "ref_reads", "alt_reads", "other_reads"]
    first, second = count_alleles([new], sites), count_alleles([old], sites)
    assert (first.build, second.build) == ("grch38", "grch37")
    pd.testing.assert_frame_equal(first.counts[columns], second.counts[columns])
    assert (second.counts["position"] - first.counts["position"] == 321).all()
    with pytest.raises(InputError, match=r"several genomes: 38\.bam to grch38, 37\.bam to grch37"):
        count_alleles([new, old], sites)


def test_another_genome_gives_no_counts(tmp_path: Path):
    header = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "chr1", "LN": 195471971}]})
    pileup = count_alleles([write_alignment(tmp_path / "m.bam", header, [])], SITE)
    assert pileup.build is None
    assert "not aligned to GRCh38 or GRCh37" in pileup.note
    assert pileup.counts["depth"].isna().all()


def test_a_chromosome_that_the_file_lacks_is_not_zero(tmp_path: Path):
    header = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "1", "LN": 248956422}]})
    sites = pd.concat([SITE, SITE.assign(rsid="rs2", chromosome="7")], ignore_index=True)
    depth = count_alleles([write_alignment(tmp_path / "a.bam", header, [])], sites).counts["depth"]
    assert depth.isna().tolist() == [False, True]


def test_cram_with_its_reference(tmp_path: Path):
    """A genome of one short chromosome cannot have the build's length, so CRAM without a reference is written."""
    path = tmp_path / "a.cram"
    with pysam.AlignmentFile(str(path), "wc", header=header_of(), format_options=[b"no_ref=1"]) as file:
        file.write(over_site("a", "G"))
    assert counts_of(path) == [1, 0, 1, 0]
    pysam.index(str(path))
    assert counts_of(path) == [1, 0, 1, 0]


def test_damaged_files_end_in_words(sample: tuple[pd.DataFrame, Path], tmp_path: Path):
    sites, path = sample
    cut = tmp_path / "cut.bam"
    content = path.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"cut\.bam: no whole alignment file \(no BGZF EOF marker"):
        count_alleles([cut], sites)
    hole = tmp_path / "hole.bam"  # its head and its end are whole
    hole.write_bytes(content[: len(content) // 2] + bytes(2000) + content[len(content) // 2 + 2000 :])
    with pytest.raises(InputError, match=r"hole\.bam: damaged or cut short \(truncated file\)"):
        count_alleles([hole], sites)
    text = tmp_path / "text.bam"
    text.write_text("no alignment")
    with pytest.raises(InputError, match="no whole alignment file"):
        count_alleles([text], sites)


def test_sites_with_strange_bases_are_not_used():
    table = pd.DataFrame({"depth": [10, 10, 0, pd.NA], "other_reads": [2, 3, 0, pd.NA]}, dtype="Int64")
    assert usable_sites(table).tolist() == [True, False, False, False]
