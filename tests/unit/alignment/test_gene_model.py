"""From an annotation to sorted arrays, and annotations of another assembly than the alignment's."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anpi.alignment.contigs import assembly_of, plain_name
from anpi.alignment.gene_model import build_gene_model, match_contigs, write_gene_model
from anpi.alignment.intervals import Intervals, inside, overlaps, subtract, union
from anpi.problems import InputError

GRCH37, GRCH38 = ("chr1", 249250621), ("chr1", 248956422)


def exon(transcript: str, start: int, end: int, strand: str = "+", more: str = "", gene: str = "G") -> str:
    names = f'gene_id "{gene}"; transcript_id "{transcript}"; gene_biotype "protein_coding";{more}'
    return f"chr1\ttest\texon\t{start}\t{end}\t.\t{strand}\t.\t{names}\n"


def build(tmp_path, text: str):
    (tmp_path / "genes.gtf").write_text(text)
    return build_gene_model(tmp_path / "genes.gtf")


def pairs(intervals: Intervals) -> list[tuple[int, int]]:
    return list(zip(intervals.starts.tolist(), intervals.ends.tolist(), strict=True))


def bases(intervals) -> set[int]:
    return {base for start, end in intervals for base in range(start, end)}


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)).map(lambda x: (x[0], x[0] + x[1])), max_size=8)


@settings(deadline=None)
@given(spans, spans, st.integers(-2, 80), st.integers(1, 9))
def test_sets_of_intervals_are_sets_of_bases(one, two, point, length):
    first, second = (union(*(np.array([x[i] for x in part], np.int64) for i in (0, 1))) for part in (one, two))
    assert bases(pairs(first)) == bases(one)
    assert all(left[1] < right[0] for left, right in zip(pairs(first), pairs(first)[1:], strict=False))
    assert bases(pairs(subtract(first, second))) == bases(one) - bases(two)
    assert inside(np.array([point]), first)[0] == (point in bases(one))
    window = set(range(point, point + length))
    assert overlaps(np.array([point]), np.array([point + length]), first)[0] == bool(window & bases(one))


def test_exons_introns_and_genes_of_two_transcripts(tmp_path):
    model = build(
        tmp_path,
        exon("T1", 101, 200) + exon("T1", 301, 1500) + exon("T2", 151, 320) + exon("T2", 2001, 3600),
    )
    assert pairs(model.exons) == [(100, 1500), (2000, 3600)]
    assert pairs(model.genes) == [(100, 3600)]
    assert pairs(model.forward) == [(100, 3600)]
    assert pairs(model.reverse) == []
    assert (model.donors.tolist(), model.acceptors.tolist()) == ([200, 320], [300, 2000])
    # From 320 to 1500 an exon of T1 lies in the intron of T2.
    assert pairs(model.long_exons) == [(2000, 3600)]


def test_the_transcript_that_stands_for_a_gene(tmp_path):
    """MANE Select before canonical before the longest, each of 500 bases at least."""
    longest, canonical = exon("T1", 1, 1000), exon("T2", 2001, 2600, more=' tag "Ensembl_canonical";')
    select, short = exon("T3", 4001, 4700, more=' tag "MANE_Select";'), exon("T4", 5001, 5499)
    for text, start in ((longest + canonical + select, 4000), (longest + canonical, 2000), (longest + short, 0)):
        model = build(tmp_path, text)
        assert len(model.body_positions) == 100
        assert start <= model.body_positions[0] < start + 10
    assert len(build(tmp_path, short).body_positions) == 0


@pytest.mark.parametrize("strand", "+-")
def test_percentiles_run_from_the_five_prime_end_over_exons_alone(tmp_path, strand):
    model = build(tmp_path, exon("T", 1, 300, strand) + exon("T", 1001, 1700, strand))
    own = np.concatenate([np.arange(300), np.arange(1000, 1700)])
    wanted = own[np.arange(1, 101) * 999 // 100]
    assert sorted(model.body_positions) == sorted(wanted)
    order = np.argsort(model.body_slots)
    along = model.body_positions[order]
    assert (np.diff(along) > 0).all() if strand == "+" else (np.diff(along) < 0).all()


def test_the_order_of_the_annotation_does_not_change_a_byte(tmp_path):
    lines = [exon(f"T{i}", 1000 * i + 1, 1000 * i + 800, "+-"[i % 2], gene=f"G{i % 7}") for i in range(30)]
    files = []
    for name, text in (("a", lines), ("b", lines[::-1])):
        write_gene_model(build(tmp_path, "".join(text)), tmp_path / name)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
    with zipfile.ZipFile(tmp_path / "a") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


@pytest.mark.parametrize(
    ("name", "plain"),
    [("chr1", "1"), ("1", "1"), ("NC_000023.11", "X"), ("NC_000001.10", "1"), ("chrM", "MT"), ("MT", "MT"), ("M", "MT")]
    + [("chrUn_KI270742v1", "Un_KI270742v1"), ("ERCC-00002", "ERCC-00002"), ("NC_012920.1", "MT"), ("chrX", "X")],
)
def test_a_chromosome_has_one_plain_name(name, plain):
    assert plain_name(name) == plain


def test_lengths_tell_the_assembly():
    assert assembly_of({"1": 249250621}) == "GRCh37"
    assert assembly_of({"X": 156040895, "22": 50818468}) == "GRCh38"
    assert assembly_of({"1": 3000001}) is None
    assert assembly_of({"1": 249250621, "2": 242193529}) is None


def match(model, *contigs: tuple[str, int]):
    return match_contigs(model, [name for name, _ in contigs], [length for _, length in contigs], "reads.bam")


def test_an_annotation_of_another_assembly_is_refused_with_both_names(tmp_path):
    model = build(tmp_path, "#!genome-build GRCh38.p14\n" + exon("T", 1, 1000))
    assert match(model, GRCH38, ("chr9", 1000)).tolist() == [0, -1]
    with pytest.raises(InputError, match=r"reads\.bam: the alignment is to GRCh37, the annotation is of GRCh38\. Give"):
        match(model, GRCH37)


def test_genes_beyond_the_end_of_a_contig_are_refused(tmp_path):
    model = build(tmp_path, exon("T", 248960001, 248961000))
    assert match(model, GRCH37).tolist() == [0]
    with pytest.raises(InputError, match=r"contig 1 of the alignment \(GRCh38\) is shorter.*248956422.*248961000"):
        match(model, GRCH38)


def test_no_common_contig_is_refused(tmp_path):
    model = build(tmp_path, exon("T", 1, 1000))
    with pytest.raises(InputError, match=r"no contig of the annotation, found 'contigs ENST1, ENST2'.*such as 1"):
        match(model, ("ENST1", 1000), ("ENST2", 1000))


def test_a_gtf_without_exons_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"genes\.gtf: no exon found"):
        build(tmp_path, "#!genome-build GRCh38\n")
