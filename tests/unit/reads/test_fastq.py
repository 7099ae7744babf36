"""Integrity of reads, before any tool sees them."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from anpi.problems import InputError
from anpi.reads import fastq as reading
from anpi.reads import sample_reads, together
from anpi.reads.fastq import FaultyReads, look_at_start, read_through
from anpi.reads.together import check_reads


def fastq(reads: int, length: int = 50) -> bytes:
    return b"".join(b"@r%d\n%s\n+\n%s\n" % (i, b"ACGTG" * (length // 5), b"I" * length) for i in range(reads))


def write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.fastq", fastq(7)),
        ("one_member.fastq.gz", gzip.compress(fastq(7))),
        ("several_members.fastq.gz", gzip.compress(fastq(3)) + gzip.compress(fastq(4))),
        ("named_gz_but_plain.fastq.gz", fastq(7)),
        ("no_last_newline.fastq", fastq(7)[:-1]),
        ("windows.fastq", fastq(7).replace(b"\n", b"\r\n")),
        (
            "both_ends.fastq",
            fastq(3, 50).replace(b"\n", b"\r\n") + fastq(4, 50).replace(b"G\n", b"GA\n").replace(b"I\n", b"II\n"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_counts_the_reads_of_every_kind_of_file(tmp_path, name, content):
    found = read_through(write(tmp_path / name, content))
    assert (found.reads, found.sha256) == (7, hashlib.sha256(content).hexdigest())
    assert (found.lowest, found.highest) == (ord("I"), ord("I"))


def test_an_empty_gzip_file_holds_no_reads(tmp_path):
    assert read_through(write(tmp_path / "empty.fastq.gz", gzip.compress(b""))).reads == 0


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_gzip_file_is_named(tmp_path, kept):
    whole = gzip.compress(fastq(5000))
    path = write(tmp_path / "cut.fastq.gz", whole[: int(len(whole) * kept)])
    with pytest.raises(InputError, match=r"cut\.fastq\.gz: the gzip file is cut short"):
        read_through(path)


def test_a_flipped_byte_fails_the_checksum(tmp_path):
    content = bytearray(gzip.compress(fastq(5000), compresslevel=0))
    content[len(content) // 2] ^= 1
    with pytest.raises(InputError, match="damaged"):
        read_through(write(tmp_path / "flipped.fastq.gz", bytes(content)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b">r1\nACGT\n", "expected a header that begins with @"),
        (b"@r1\nACGT\nIIII\n@r2\n", "expected a line that begins with \\+"),
        (b"@r1\nACGT\n+\nIII\n", "found '3 qualities', expected 4"),
        (b"@r1\nACGT\n", "the first read is not whole"),
        (fastq(3) + b"@r4\nACGT\n", "the last record begins in line 13"),
    ],
)
def test_what_is_no_fastq_is_refused_in_words(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        read_through(write(tmp_path / "bad.fastq", content))


def test_a_file_under_two_names_is_refused(tmp_path):
    """As two lanes its reads would count twice, as mates each would be its own; files without reads are alike."""
    first, second, other = (
        write(tmp_path / f"{name}.fastq", content)
        for name, content in (("a", fastq(5)), ("b", fastq(5)), ("c", fastq(6)))
    )
    for units in ([(first, second)], [(first, None), (other, None), (second, None)]):
        with pytest.raises(FaultyReads, match=r"b\.fastq: the same file as .*a\.fastq, under another name"):
            check_reads(units)
    empty = write(tmp_path / "1.fastq", b""), write(tmp_path / "2.fastq", b"")
    assert check_reads([empty])[empty[1]].reads == 0


def test_mates_of_unequal_number_are_refused(tmp_path):
    first, second = write(tmp_path / "1.fastq", fastq(5)), write(tmp_path / "2.fastq", fastq(4))
    with pytest.raises(InputError, match=r"2\.fastq.*found '4 reads', expected 5 as in .*1\.fastq"):
        check_reads([(first, second)])


def test_all_faulty_files_are_told_at_once(tmp_path):
    cut = gzip.compress(fastq(500))[:-20]
    files = [(write(tmp_path / f"{i}_1.fastq.gz", cut), write(tmp_path / f"{i}_2.fastq", fastq(500))) for i in range(3)]
    with pytest.raises(InputError) as caught:
        check_reads(files, threads=2)
    assert len(caught.value.problems) == 3


MANY = 30_000


def records(number: int, suffix: bytes = b"", seed: int = 1) -> list[bytes]:
    """Records of many lengths and qualities, over several blocks."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(30, 76, number).tolist()
    bases, qualities = bytes(rng.choice(list(b"ACGTN"), 76).tolist()), b"#,:F" * 19
    return [b"@run:%d%s\n%s\n+\n%s\n" % (n, suffix, bases[:size], qualities[:size]) for n, size in enumerate(lengths)]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda r: r.replace(b"@", b">", 1), r"row 80001: read 20001, found '>run:20000', expected a header"),
        (lambda r: r.replace(b"\n+\n", b"\n-\n"), r"row 80003: read 20001, found '-', expected a line that begins"),
        (lambda r: r[:-2] + b"\n", r"row 80004: read 20001 \(run:20000\), found '\d+ qualities', expected \d+, one a"),
        (lambda r: r.replace(b"A", b"*", 1), r"row 80002: read 20001 \(run:20000\), found '\*', expected bases"),
        (lambda r: r.replace(b"A", b"a", 1), r"found 'a', expected bases .* Write the bases in capitals, and T for U"),
        (lambda r: r.replace(b"T", b"U", 1), r"found 'U', expected bases .* Write the bases in capitals, and T for U"),
        (lambda r: r[:-3] + b" F\n", r"row 80004: read 20001 \(run:20000\), found ' ', expected qualities from ! to ~"),
        (lambda r: r.replace(b"A", b"\r", 1), r"row 80002: read 20001 \(run:20000\), found '\\r', expected bases"),
        (
            lambda r: r[:-2] + b"\r\n",
            r"row 80004: read 20001 \(run:20000\), found '\d+ qualities', expected \d+, one a",
        ),
        (
            lambda r: r.replace(b"\n", b" x\ry\n", 1),
            r"row 80001: read 20001, found '@run:20000 x\\ry', expected a carriage return at the end of a line alone",
        ),
        (lambda r: r.replace(b"\n+\n", b"\n+\r\r\n"), r"row 80003: read 20001, found '\+\\r', expected a carriage"),
        (lambda r: r + b"\n", r"row 80005: read 20002, found '', expected a header"),
    ],
    ids=[
        "header",
        "plus line",
        "lengths",
        "bases",
        "small letters",
        "RNA",
        "qualities",
        "return",
        "one shorter",
        "return in a header",
        "return in a plus line",
        "blank line",
    ],
)
def test_a_fault_within_a_file_is_told_with_the_number_of_the_read(tmp_path, spoil, words):
    listed = records(MANY)
    listed[20_000] = spoil(listed[20_000])
    with pytest.raises(FaultyReads, match=words):
        read_through(write(tmp_path / "reads.fastq.gz", gzip.compress(b"".join(listed), 1)))


def test_mates_are_compared_by_name_up_to_the_number_of_the_mate_and_the_comment(tmp_path):
    first, second = records(MANY, b"/1 1:N:0:ACGT"), records(MANY, b"/2\t2:N:0:ACGT")
    files = write(tmp_path / "1.fastq", b"".join(first)), write(tmp_path / "2.fastq", b"".join(second))
    assert check_reads([files])[files[0]].reads == MANY
    second[25_000], second[25_001] = second[25_001], second[25_000]
    write(tmp_path / "2.fastq", b"".join(second))
    words = r"2\.fastq, row 100001: read 25001, found '@run:25001/2.*expected the mate of @run:25000/1"
    with pytest.raises(FaultyReads, match=words):
        check_reads([files])


def test_names_that_end_alike_or_begin_alike_are_told_apart(tmp_path):
    """Also where only one holds a blank, and where a name is longer than a word of the digest."""
    for one, other in [
        (b"a/1", b"a/3"),
        (b"read11", b"read1"),
        (b"x" * 40 + b"1" + b"y" * 9, b"x" * 40 + b"2" + b"y" * 9),
    ]:
        files = [write(tmp_path / f"{n}.fq", b"@%s\nA\n+\nI\n" % name) for n, name in enumerate((one, other))]
        with pytest.raises(FaultyReads, match="expected the mate of"):
            check_reads([(files[0], files[1])])


def test_interleaved_mates_are_told_by_their_names(tmp_path):
    pairs = list(chain(*zip(records(MANY, b"/1"), records(MANY, b"/2", seed=2), strict=True)))
    path = write(tmp_path / "pairs.fastq", b"".join(pairs))
    assert look_at_start(path).interleaved
    assert read_through(path, interleaved=True).reads == MANY
    assert not look_at_start(write(tmp_path / "single.fastq", b"".join(records(MANY)))).interleaved
    del pairs[50_001]
    words = r"reads 50001 and 50002, found '@run:25000/1 and @run:25001/1', expected mates of one name"
    with pytest.raises(FaultyReads, match=words):
        read_through(write(Path(path), b"".join(pairs)), interleaved=True)
    with pytest.raises(FaultyReads, match="lacks its mate"):
        read_through(write(Path(path), b"".join(pairs[:50_001])), interleaved=True)


@pytest.mark.parametrize(
    ("qualities", "phred64"),
    [(b"#,:FJ", False), (b"IIIII", False), (b"FFFFF", False), (b"!~~~~", False), (b"BKh^c", True), (b";@hhh", True)],
)
def test_qualities_that_count_from_64_are_told_by_their_range(tmp_path, qualities, phred64):
    path = write(tmp_path / "reads.fq", b"@r\nACGTA\n+\n%s\n" % qualities)
    assert read_through(path).phred64 is phred64
    assert look_at_start(path).phred64 is phred64


@pytest.mark.parametrize("size", [100, 5_000])
def test_the_drawn_reads_do_not_hang_on_the_order(tmp_path, size):
    """The same are drawn of mates, of a shuffled file, and of lanes together."""
    first, second = records(MANY), records(MANY, b" 2:N:0", seed=2)
    order = np.random.default_rng(3).permutation(MANY)
    whole = read_through(write(tmp_path / "1.fq", b"".join(first)), size).draw
    mates = read_through(write(tmp_path / "2.fq", b"".join(second)), size).draw
    shuffled = read_through(write(tmp_path / "3.fq", b"".join(first[i] for i in order)), size).draw
    assert len(whole.keys) == size
    assert (shuffled.keys, shuffled.records) == (whole.keys, whole.records)
    names = [[record.split()[0] for record in draw.records] for draw in (whole, mates)]
    assert names[0] == names[1]
    lanes = [read_through(write(tmp_path / "4.fq", b"".join(part)), size).draw for part in (first[:9000], first[9000:])]
    together = sorted(zip(lanes[0].keys + lanes[1].keys, lanes[0].records + lanes[1].records, strict=True))
    assert [record for _, record in together[:size]] == whole.records
    # drawn evenly: the mean of the drawn numbers is that of all, within four standard errors
    numbers = [int(name[5:]) for name in names[0]]
    assert abs(np.mean(numbers) - MANY / 2) < 4 * MANY / np.sqrt(12 * size)


def read_lines(number: int, length: int = 50) -> bytes:
    bases = np.random.default_rng(number).choice(np.frombuffer(b"ACGT", np.uint8), length).tobytes()
    return b"@read%d\n%b\n+\n%b\n" % (number, bases, b"I" * length)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bytes(40_000_000), r"x\.fastq, row 1: read 1, .*expected a header that begins with @"),
        (b"@" + b"A" * 3_000_000, r"x\.fastq, row 1: read 1, found 'a line of more than 10,000 characters'"),
        (read_lines(1) + read_lines(2, 2_000_000), r"row 6: read 2, found 'a line of more than 10,000 characters'"),
        (read_lines(1) * 9 + read_lines(2, 10_001) + read_lines(3), r"row 38: read 10, .*at most 10,000"),
    ],
)
def test_a_line_longer_than_any_of_a_read_ends_the_reading_at_once(tmp_path, content, words):
    """A file of NULs took time by the square of its size, and fastp does not end on a read of two million bases."""
    for name, data in (("x.fastq", content), ("x.fastq.gz", gzip.compress(content, 1))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(FaultyReads, match=words.replace(r"x\.fastq", name)):
            read_through(tmp_path / name)


def test_no_more_is_read_of_a_file_without_lines_than_a_record_may_be_long(tmp_path, monkeypatch):
    (tmp_path / "x.fastq").write_bytes(bytes(40_000_000))
    sizes = []
    plain = reading.read_chunks
    monkeypatch.setattr(reading, "read_chunks", lambda *file: (sizes.append(len(c)) or c for c in plain(*file)))
    with pytest.raises(FaultyReads):
        read_through(tmp_path / "x.fastq")
    assert sum(sizes) <= 1 << 20


def test_reads_of_ten_thousand_bases_are_taken(tmp_path):
    (tmp_path / "x.fastq").write_bytes(read_lines(1, 10_000) + read_lines(2, 30))
    assert read_through(tmp_path / "x.fastq").reads == 2


def drawn(folder: Path, name: str, content: bytes, size: int = 100) -> tuple[str, reading.Draw]:
    (folder / name).write_bytes(content)
    return name, read_through(folder / name, size).draw


@pytest.mark.parametrize("size", [100, 5000])
def test_reads_that_stand_twice_are_told_in_one_file_and_in_two(tmp_path, size):
    reads = [read_lines(number) for number in range(1000)]
    once = drawn(tmp_path, "once.fastq", b"".join(reads), size)
    assert together.counted_twice([once]) == []
    (twice,) = together.counted_twice([drawn(tmp_path, "twice.fastq", b"".join(reads + reads), size)])
    assert "twice.fastq: reads stand twice" in str(twice)
    other = drawn(tmp_path, "other.fastq", b"".join(reversed(reads)), size)
    assert together.count_twice([once, other]) == {("other.fastq", "once.fastq"): min(size, 1000)}
    (shared,) = together.counted_twice([once, other])
    assert f"other.fastq: its reads stand in once.fastq too, found '{min(size, 1000)} among " in str(shared)


@pytest.mark.parametrize("size", [100, 5000])
def test_a_lane_that_a_larger_file_holds_too_is_told_and_lanes_of_their_own_are_not(tmp_path, size):
    """As where lanes were put together and one of them is given beside the whole."""
    reads = [read_lines(number) for number in range(4000)]
    lane = drawn(tmp_path, "lane.fastq", b"".join(reads[:500]), size)
    rest = drawn(tmp_path, "rest.fastq", b"".join(reads[500:]), size)
    whole = drawn(tmp_path, "whole.fastq", b"".join(reads), size)
    assert together.counted_twice([lane, rest]) == []
    for files in ([lane, whole], [whole, lane]):
        (shared,) = together.counted_twice(files)
        assert f"{files[1][0]}: its reads stand in {files[0][0]} too" in str(shared)
    few = drawn(tmp_path, "few.fastq", b"".join(reads[500:] + reads[:5]), 5000)
    assert together.counted_twice([drawn(tmp_path, "lane.fastq", b"".join(reads[:500]), 5000), few]) == []


def test_a_few_reads_that_stand_twice_are_counted_and_let_pass(tmp_path):
    """10 of 10,000 reads of a published subset are such."""
    reads = [read_lines(number) for number in range(1000)]
    few = drawn(tmp_path, "few.fastq", b"".join(reads + reads[:5]), 5000)
    assert together.counted_twice([few]) == []
    assert together.count_twice([few]) == {("few.fastq", "few.fastq"): 5}


def test_namesakes_of_other_bases_and_nameless_reads_are_not_counted_twice(tmp_path):
    """Both mates in one file, or lanes that count from 1 each, share names alone."""
    mates = b"".join(read_lines(n).replace(b"@read%d" % n, b"@read%d" % (n % 500)) for n in range(1000))
    assert together.counted_twice([drawn(tmp_path, "mates.fastq", mates)]) == []
    nameless = b"".join(read_lines(n % 900, 8).replace(b"read%d" % (n % 900), b"x") for n in range(1000))
    assert together.counted_twice([drawn(tmp_path, "nameless.fastq", nameless, 5000)]) == []


def pair_names(kind: str, number: int) -> tuple[bytes, bytes]:
    first, second = {
        "slash": ("/1", "/2"),
        "slash before a comment": ("/1 x", "/2 x"),
        "comment": (" 1:N:0:ACGT", " 2:N:0:ACGT"),
        "filtered": (" 1:Y:0:ACGT", " 2:Y:0:ACGT"),
        "end of the line": (" HWI:7/1", " HWI:7/2"),
        "dot": (".1", ".2"),
        "none": ("", ""),
    }[kind]
    return b"@run:%d%s" % (number, first.encode()), b"@run:%d%s" % (number, second.encode())


KINDS = ["slash", "slash before a comment", "comment", "filtered", "end of the line", "dot", "none"]


def mates(kind: str, pairs: int) -> tuple[list[bytes], list[bytes]]:
    """Pairs of random bases, the mates of which are named in one of the ways of sequencers."""
    lines = [[read_lines(2 * n + mate).split(b"\n", 1)[1] for n in range(pairs)] for mate in (0, 1)]
    names = [pair_names(kind, n) for n in range(pairs)]
    first, second = ([names[n][mate] + b"\n" + lines[mate][n] for n in range(pairs)] for mate in (0, 1))
    return first, second


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("dot", "none")])
def test_mates_given_as_two_units_of_single_reads_are_told(tmp_path, kind):
    files = [write(tmp_path / f"{n}.fq", b"".join(reads)) for n, reads in enumerate(mates(kind, 50), start=1)]
    units = [sample_reads.Unit(file, file) for file in files]
    lanes, _ = sample_reads.open_units(units, tmp_path, 1, (), None)
    with pytest.raises(
        FaultyReads, match=r"2\.fq, row 1: single reads, found '@run:0.*as @run:0.* in .*1\.fq: these are"
    ):
        sample_reads.check_lanes(lanes, 1)


def lanes_of(folder: Path, first: Path | str, second: Path | str | None = None) -> list:
    """Open a unit as a sample does: what its lanes are, or a fault of its reads."""
    lanes, _ = sample_reads.open_units(
        [sample_reads.Unit("u", str(first), second and str(second))], folder, 1, (), None
    )
    sample_reads.check_lanes(lanes, 1)
    return lanes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["one after the other", "by place on the genome", "one without its mate"])
def test_both_mates_in_a_file_of_single_reads_are_told(tmp_path, kind, order):
    first, second = mates(kind, 400)
    if order == "one after the other":
        listed = first + second
    elif order == "by place on the genome":
        listed = [(first + second)[i] for i in np.random.default_rng(1).permutation(800)]
    else:
        listed = list(chain(*zip(first, second, strict=True)))
        del listed[11]
    with pytest.raises(FaultyReads, match=r"reads\.fq.*single reads, found .*fastq_1 and fastq_2"):
        lanes_of(tmp_path, write(tmp_path / "reads.fq", b"".join(listed)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_reads_of_one_mate_are_single_reads(tmp_path, kind):
    for number, reads in enumerate(mates(kind, 400)):
        (lane,) = lanes_of(tmp_path, write(tmp_path / f"{number}.fq", b"".join(reads)))
        assert not lane.paired


@pytest.mark.parametrize("name", ["@read/%d", "@read.%d", "@SRR1.%d %d:1:7:%d/30", "@r%d 1:22:333"])
def test_numbers_that_count_reads_are_no_mates(tmp_path, name):
    names = [(name.replace("%d", str(n)) + "\n").encode() for n in range(1, 400)]
    reads = b"".join(line + read_lines(n).split(b"\n", 1)[1] for n, line in enumerate(names))
    assert not lanes_of(tmp_path, write(tmp_path / "reads.fq", reads))[0].paired


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "dot"])
def test_mates_in_their_places_are_taken_in_two_files_and_in_one(tmp_path, kind):
    first, second = mates(kind, 400)
    files = write(tmp_path / "1.fq", b"".join(first)), write(tmp_path / "2.fq", b"".join(second))
    assert lanes_of(tmp_path, *files)[0].paired
    both = write(tmp_path / "both.fq", b"".join(chain(*zip(first, second, strict=True))))
    assert lanes_of(tmp_path, both)[0].interleaved


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("dot", "none")])
def test_swapped_mates_and_one_mate_twice_are_told_by_their_numbers(tmp_path, kind):
    first, second = mates(kind, 100)
    one, two = write(tmp_path / "1.fq", b"".join(first)), write(tmp_path / "2.fq", b"".join(second))
    other = [(tmp_path / f"again{n}.fq.gz", gzip.compress(b"".join(reads))) for n, reads in enumerate((first, second))]
    again = [write(*file) for file in other]
    swapped = write(tmp_path / "swapped.fq", b"".join(chain(*zip(second, first, strict=True))))
    for unit, words in [
        ((two, one), r"2\.fq, row 1: mates, found '@run:0.*expected a first mate \(/1 or 1:N:\). Name the file"),
        ((one, again[0]), r"again0\.fq\.gz, row 1: mates, found '@run:0.*expected a second mate"),
        ((two, again[1]), r"2\.fq, row 1: mates, .*expected a first mate"),
        ((swapped, None), r"swapped\.fq, row 1: mates, .*the first mate stands first"),
    ]:
        with pytest.raises(FaultyReads, match=words):
            lanes_of(tmp_path, *unit)


def test_one_mate_twice_is_told_by_its_bases_where_names_hold_no_number(tmp_path):
    first, _ = mates("none", 500)
    one = write(tmp_path / "1.fq", b"".join(first))
    packed = write(tmp_path / "1.fq.gz", gzip.compress(b"".join(first)))
    both = write(tmp_path / "both.fq", b"".join(read + read for read in first))
    for unit in ((one, packed), (both, None)):
        with pytest.raises(FaultyReads, match="the bases of both mates are the same in all of 500 pairs"):
            lanes_of(tmp_path, *unit)


def test_mates_of_one_letter_alone_are_no_mates_given_twice(tmp_path):
    """As of clusters without a signal, whose both mates are G throughout."""
    dark = b"".join(b"@run:%d\n%s\n+\n%s\n" % (n, b"G" * 50, b"I" * 50) for n in range(9))
    files = write(tmp_path / "1.fq", dark), write(tmp_path / "2.fq", dark.replace(b"I", b"F"))
    assert lanes_of(tmp_path, *files)[0].paired


@pytest.mark.parametrize("name", ["read", " 1 of a run", ""])
def test_single_reads_without_names_of_their_own_are_no_pairs(tmp_path, name):
    reads = b"".join(b"@%s\n%s" % (name.encode(), read_lines(n).split(b"\n", 1)[1]) for n in range(100))
    with pytest.raises(FaultyReads, match=r"reads\.fq: reads that follow one another have one name.*Number the reads"):
        lanes_of(tmp_path, write(tmp_path / "reads.fq", reads))


@pytest.mark.parametrize(
    ("content", "packed"),
    [(bz2.compress(b"@r\nA\n+\nI\n"), "bzip2"), (b"\x28\xb5\x2f\xfd\x24\x09I", "zstd"), (lzma.compress(b"@r"), "xz")]
    + [(b"PK\x03\x04\x14\x00", "zip"), (gzip.compress(gzip.compress(b"@r\nA\n+\nI\n")), "gzip twice")],
)
def test_reads_packed_by_another_program_are_told(content: bytes, packed: str, tmp_path):
    words = f"x.fastq: it is packed by {packed}, expected plain text or gzip. Unpack it, and pack it with gzip"
    with pytest.raises(InputError, match=words):
        read_through(write(tmp_path / "x.fastq", content))


def test_mates_that_a_dump_of_sra_numbered_are_told(tmp_path):
    """fastq-dump -I ends the names of mates with .1 and .2: no name of one is that of the other."""
    first, second = (
        write(tmp_path / f"{mate}.fastq", b"".join(b"@SRR1.%d.%d\nACGT\n+\nIIII\n" % (n, mate) for n in range(1, 9)))
        for mate in (1, 2)
    )
    with pytest.raises(InputError, match=r"found '@SRR1.1.2'.* fastq-dump -I .*\.1 and \.2"):
        check_reads([(first, second)])
