"""Reads come from where they are said to come."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from demo.expression import build_model, pure_tumours, simulate_expression
from demo.reads import (
    ADAPTERS,
    BASES,
    Transcriptome,
    build_transcriptome,
    draw_counts,
    write_reads,
    write_transcripts,
)
from demo.streams import stream

SWAP = str.maketrans("ACGT", "TGCA")
WORD = 25


def read_fastq(path: Path) -> list[tuple[str, str, str]]:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert len(lines) % 4 == 0
    assert set(lines[2::4]) == {"+"}
    return list(zip(lines[::4], lines[1::4], lines[3::4], strict=True))


def reverse_complement(sequence: str) -> str:
    return sequence.translate(SWAP)[::-1]


@pytest.fixture(scope="module")
def counts(transcriptome: Transcriptome) -> np.ndarray:
    return stream(1, "counts").multinomial(3000, np.full(len(transcriptome.table), 1 / len(transcriptome.table)))


def words(bases: np.ndarray) -> np.ndarray:
    """Number every run of 25 bases (along the last axis)."""
    count = bases.shape[-1] - WORD + 1
    number = np.zeros((*bases.shape[:-1], count), dtype=np.int64)
    for i in range(WORD):
        number = number * 4 + bases[..., i : i + count]
    return number


def places(reads: list[str], transcriptome: Transcriptome) -> np.ndarray:
    """Find where the first 25 bases of each read first stand in the joined transcripts; -1 for nowhere."""
    known = words(transcriptome.bases)
    order = np.argsort(known, kind="stable")
    letters = np.frombuffer("".join(read[:WORD] for read in reads).encode(), dtype=np.uint8).reshape(-1, WORD)
    asked = words(np.searchsorted(BASES, letters))[:, 0]
    at = np.minimum(np.searchsorted(known, asked, sorter=order), len(order) - 1)
    return np.where(known[order[at]] == asked, order[at], -1)


def write_pair(folder: Path, counts: np.ndarray, transcriptome: Transcriptome, **options) -> list[list]:
    paths = [folder / "r_1.fastq.gz", folder / "r_2.fastq.gz"]
    write_reads(paths, counts, transcriptome, stream(1, "reads"), **options)
    return [read_fastq(path) for path in paths]


def test_reads_are_well_formed_and_as_many_as_fragments(tmp_path, transcriptome, counts) -> None:
    first, second = write_pair(tmp_path, counts, transcriptome, name="S1:L1")
    assert len(first) == len(second) == counts.sum() == 3000
    assert [name for name, _, _ in first] == [name for name, _, _ in second]
    assert len({name for name, _, _ in first}) == 3000
    assert first[0][0].startswith("@S1:L1:")
    for _, sequence, quality in first + second:
        assert len(sequence) == len(quality) == 75
        assert set(sequence) <= set("ACGT")


def test_mates_point_inward_and_read_1_is_antisense(tmp_path, transcriptome, counts) -> None:
    first, second = write_pair(tmp_path, counts, transcriptome)
    sense = places([sequence for _, sequence, _ in second], transcriptome)
    wrong = places([sequence for _, sequence, _ in first], transcriptome)
    antisense = places([reverse_complement(sequence)[-25:] for _, sequence, _ in first], transcriptome)
    assert (wrong >= 0).sum() == 0
    assert (sense >= 0).mean() > 0.9
    assert (antisense >= 0).mean() > 0.9
    both = (sense >= 0) & (antisense >= 0)
    fragment = antisense[both] + 25 - sense[both]
    long = fragment >= 75
    assert fragment[long].mean() == pytest.approx(180, abs=3)
    assert fragment[long].std() == pytest.approx(30, abs=3)
    assert (~long).mean() == pytest.approx(0.03, abs=0.015)


def test_fragments_by_transcript_are_the_counts(tmp_path, transcriptome, counts) -> None:
    _, second = write_pair(tmp_path, counts, transcriptome)
    found = places([sequence for _, sequence, _ in second], transcriptome)
    found = found[found >= 0]
    origin = np.searchsorted(transcriptome.starts, found, side="right") - 1
    # Second isoforms are the tail of the first: count by gene.
    genes = transcriptome.table["gene_id"].to_numpy()
    seen = dict.fromkeys(genes, 0)
    for gene in genes[origin]:
        seen[gene] += 1
    truth = transcriptome.gene_counts(counts)
    assert truth.sum() == 3000
    assert all(seen[gene] <= truth[gene] for gene in truth.index)
    assert sum(seen.values()) > 0.9 * truth.sum()


@pytest.mark.parametrize(("strandedness", "low", "high"), [("forward", 1, 1), ("unstranded", 0.45, 0.55)])
def test_strandedness(tmp_path, transcriptome, counts, strandedness, low, high) -> None:
    first, _ = write_pair(tmp_path, counts, transcriptome, strandedness=strandedness)
    sense = (places([sequence for _, sequence, _ in first], transcriptome) >= 0).sum()
    antisense = (places([reverse_complement(s)[-25:] for _, s, _ in first], transcriptome) >= 0).sum()
    assert low <= sense / (sense + antisense) <= high


def test_short_fragments_run_into_the_adapters(tmp_path, transcriptome, counts) -> None:
    mates = write_pair(tmp_path, counts, transcriptome)
    for reads, adapter in zip(mates, ADAPTERS, strict=True):
        with_adapter = sum(adapter[:12] in sequence for _, sequence, _ in reads)
        # 3% short ones of 36 to 74 bases; 12 bases of adapter are whole in those up to 63.
        assert with_adapter / len(reads) == pytest.approx(0.03 * 28 / 39, abs=0.01)


def test_errors_and_their_quality(tmp_path, transcriptome, counts) -> None:
    _, second = write_pair(tmp_path, counts, transcriptome)
    joined = BASES[transcriptome.bases].tobytes().decode()
    wrong = total = doubtful = 0
    starts = places([sequence for _, sequence, _ in second], transcriptome)
    for start, (_, sequence, quality) in zip(starts, second, strict=True):
        if start < 0 or ADAPTERS[1][:6] in sequence:
            continue
        for base, true, mark in zip(sequence[25:40], joined[start + 25 : start + 40], quality[25:40], strict=True):
            total += 1
            wrong += base != true
            doubtful += base != true and mark == ","
    assert wrong / total == pytest.approx(0.003, abs=0.0012)
    assert doubtful / wrong > 0.6


def test_unmapped_fragments_lie_nowhere(tmp_path, transcriptome) -> None:
    none = np.zeros(len(transcriptome.table), dtype=int)
    first, second = write_pair(tmp_path, none, transcriptome, unmapped=200)
    assert len(first) == 200
    reads = [s for _, s, _ in first + second]
    assert (places(reads, transcriptome) >= 0).sum() == 0
    assert (places([reverse_complement(s) for s in reads], transcriptome) >= 0).sum() == 0


def test_same_bytes_and_plain_text_too(tmp_path, transcriptome, counts) -> None:
    write_pair(tmp_path, counts, transcriptome)
    before = (tmp_path / "r_1.fastq.gz").read_bytes()
    write_pair(tmp_path, counts, transcriptome)
    assert (tmp_path / "r_1.fastq.gz").read_bytes() == before
    write_reads([tmp_path / "plain.fastq"], counts, transcriptome, stream(1, "reads"))
    assert (tmp_path / "plain.fastq").read_bytes() == gzip.decompress(before)


def test_blocks_join_without_a_seam(tmp_path, transcriptome, counts, monkeypatch) -> None:
    monkeypatch.setattr("demo.reads.BLOCK", 700)
    first, _ = write_pair(tmp_path, counts, transcriptome)
    assert [name for name, _, _ in first] == [f"@sim:{i:09d}" for i in range(1, 3001)]


def test_draws_follow_tpm_and_length(transcriptome, genes) -> None:
    tpm = simulate_expression(pure_tumours(["A"]), 1, build_model(genes)).iloc[:, 0]
    drawn = transcriptome.gene_counts(draw_counts(tpm, transcriptome, 2_000_000, stream(1, "deep")))
    weights = transcriptome.table["share"] * (transcriptome.table["length"] - 179)
    length = weights.groupby(transcriptome.table["gene_id"]).sum()
    back = drawn / length
    back *= 1e6 / back.sum()
    large = drawn > 1000
    assert large.sum() > 50
    assert np.abs(np.log2(back[large] / tpm[large])).max() < 0.2


def test_transcripts_carry_gencode_headers(tmp_path, transcriptome, genes) -> None:
    path = tmp_path / "transcripts.fa.gz"
    write_transcripts(path, transcriptome)
    records = gzip.decompress(path.read_bytes()).decode().split(">")[1:]
    assert len(records) == len(transcriptome.table) > len(genes)
    names = set()
    for record, row in zip(records, transcriptome.table.itertuples(), strict=True):
        header, sequence = record.split("\n", 1)
        fields = header.split("|")
        assert len(fields) == 9
        assert fields[0].startswith("ENST")
        assert fields[1].split(".")[0] == row.gene_id
        assert (fields[5], int(fields[6]), fields[7]) == (row.symbol, row.length, row.biotype)
        assert len(sequence.replace("\n", "")) == row.length
        names.add(fields[0])
    assert len(names) == len(records)


def test_a_gene_keeps_its_sequence_when_others_come(transcriptome, genes) -> None:
    one = build_transcriptome(genes.loc[["ENSG00000139352"]])
    place = transcriptome.table.index[transcriptome.table["gene_id"] == "ENSG00000139352"][0]
    start = transcriptome.starts[place]
    assert np.array_equal(transcriptome.bases[start : start + len(one.bases)], one.bases)
