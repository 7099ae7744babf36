"""Strand and fragment length by landmarks, against reads of known origin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anpi.problems import InputError
from anpi.quantification.landmarks import (
    LONGEST_FRAGMENT,
    MOST_TRANSCRIPTS,
    WORD,
    Evidence,
    list_landmarks,
    look_at_reads,
    opposite,
    places_of,
    read_landmarks,
    write_landmarks,
)
from anpi.quantification.salmon import FragmentLength, measure_library, unit_faults

COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")


def drawn(rng: np.random.Generator, length: int) -> bytes:
    return rng.choice(np.frombuffer(b"ACGT", np.uint8), length).tobytes()


def turned(bases: bytes) -> bytes:
    return bases[::-1].translate(COMPLEMENT)


def number_of(word: bytes) -> int:
    return int(word.translate(bytes.maketrans(b"ACGT", b"0123")), 4)


def mates(fragment: bytes, size: int = 100) -> tuple[bytes, bytes]:
    return fragment[:size], turned(fragment)[:size]


def write(folder: Path, name: str, reads: list[bytes]) -> Path:
    path = folder / name
    path.write_bytes(b"".join(b"@r%d\n%b\n+\n%b\n" % (i, read, b"I" * len(read)) for i, read in enumerate(reads)))
    return path


def tells_nothing(found: Evidence) -> bool:
    return not (len(found.lengths) or len(found.weights) or found.forward or found.reverse)


@pytest.fixture
def look(tmp_path):
    """Return a function that looks at pairs (or single reads) of transcripts."""

    def look(transcripts: list[bytes], *reads: list[bytes]):
        write_landmarks(tmp_path / "landmarks.npy", list_landmarks(transcripts))
        files = [write(tmp_path, f"{mate}.fastq", part) for mate, part in enumerate(reads)]
        return look_at_reads([(files[0], files[1] if len(files) > 1 else None)], tmp_path / "landmarks.npy")

    return look


def test_a_word_of_the_other_strand_is_the_turned_word():
    rng = np.random.default_rng(1)
    for size in (8, WORD):
        words = [drawn(rng, size) for _ in range(50)]
        numbers = np.array([number_of(word) for word in words], np.uint64)
        assert opposite(numbers, size).tolist() == [number_of(turned(word)) for word in words]


def test_landmarks_are_words_at_their_places_about_one_in_32():
    rng = np.random.default_rng(2)
    transcripts = [drawn(rng, 3000) for _ in range(40)]
    words, places = list_landmarks(transcripts)
    assert 0.8 < len(words) / (40 * 2970 / 32) < 1.2
    for word, place in zip(words.tolist(), places.tolist(), strict=True):
        begin = place & 0xFFFFFFFF
        assert number_of(transcripts[place >> 32][begin : begin + WORD]) == word
    assert (np.diff(words.astype(object)) >= 0).all()


def test_a_word_that_a_transcript_has_twice_or_too_many_have_is_no_landmark():
    rng = np.random.default_rng(3)
    once, twice, common = (drawn(rng, 2000) for _ in range(3))
    transcripts = [once, twice + twice, *[common] * (MOST_TRANSCRIPTS + 1)]
    _, places = list_landmarks(transcripts)
    assert set((places >> np.uint64(32)).tolist()) <= {0, 1}
    # only what spans the seam lies once in the doubled one
    assert {place & 0xFFFFFFFF for place in places.tolist() if place >> 32 == 1} <= set(range(1970, 2000))
    assert len(list_landmarks([common] * MOST_TRANSCRIPTS)[0]) > 1000


def test_other_letters_and_ends_break_words():
    rng = np.random.default_rng(4)
    bases = drawn(rng, 40)
    broken = [bases[:20] + b"N" + bases[20:], bases[:30], b"", bases[10:]]
    for stretch in (broken, [bases.lower()]):
        for word, place in zip(*list_landmarks(stretch), strict=True):
            begin = int(place) & 0xFFFFFFFF
            assert number_of(stretch[int(place) >> 32][begin : begin + WORD].upper()) == int(word)


def test_reads_lie_where_they_were_taken_from():
    rng = np.random.default_rng(5)
    transcripts = [drawn(rng, 3000) for _ in range(5)]
    begins = rng.integers(0, 2850, 400).tolist()
    reads = [transcripts[n % 5][begin : begin + 150] for n, begin in enumerate(begins)]
    reads = [turned(read) if n % 2 else read for n, read in enumerate(reads)]
    ahead, against = places_of(reads, list_landmarks(transcripts))
    assert len(ahead.read) + len(against.read) > 380
    for lying, odd, behind in ((ahead, 0, 0), (against, 1, 150)):
        assert set((lying.read % 2).tolist()) == {odd}
        assert (lying.transcript == lying.read % 5).all()
        assert (lying.place == np.array(begins)[lying.read] + behind).all()


def test_fragments_shorter_than_the_reads_count_as_often_as_there_are_of_them(look):
    """A third each. Mates of 60 share their landmarks, those of 120 a part of them, those of 200 none."""
    rng = np.random.default_rng(13)
    transcripts = [drawn(rng, 2000) for _ in range(60)]
    pairs = [
        mates(transcripts[rng.integers(60)][begin : begin + length])
        for length in (60, 120, 200)
        for begin in rng.integers(0, 1800, 3000).tolist()
    ]
    told = look(transcripts, *map(list, zip(*pairs, strict=True)))
    assert (told.lengths == 60).mean() < 0.31
    for length in (60, 120, 200):
        assert told.weights[told.lengths == length].sum() == pytest.approx(3000, rel=0.1)


@pytest.mark.parametrize("forward", [True, False])
def test_pairs_tell_their_length_and_strand(look, forward):
    rng = np.random.default_rng(6)
    transcripts = [drawn(rng, 2000) for _ in range(30)]
    lengths = np.clip(rng.normal(250, 30, 1000), 100, None).round().astype(int).tolist()
    pairs = []
    for length in lengths:
        source, begin = transcripts[rng.integers(30)], rng.integers(0, 2000 - length)
        one, two = mates(source[begin : begin + length])
        pairs.append((one, two) if forward else (two, one))
    told = look(transcripts, *map(list, zip(*pairs, strict=True)))
    assert len(told.lengths) > 700
    assert (told.forward, told.reverse) == ((len(told.lengths), 0) if forward else (0, len(told.lengths)))
    assert np.mean(told.lengths) == pytest.approx(250, abs=4)
    assert np.std(told.lengths) == pytest.approx(30, abs=3)
    assert not set(told.lengths.tolist()) - set(lengths)


def test_a_length_is_told_where_all_transcripts_agree_and_only_there(look):
    """Isoforms share exons; between two mates one of them may have an exon that the other has not."""
    rng = np.random.default_rng(7)
    transcripts, within, across = [], [], []
    for _ in range(10):
        left, cassette, right = drawn(rng, 400), drawn(rng, 90), drawn(rng, 400)
        transcripts += [left + cassette + right, left + right]
        within += [mates(left[begin : begin + 250]) for begin in range(0, 150, 5)]
        across += [mates((left + right)[begin : begin + 250]) for begin in range(250, 300, 5)]
    told = look(transcripts, *map(list, zip(*within, strict=True)))
    assert len(told.lengths) > 100
    assert set(told.lengths.tolist()) == {250}
    told = look(transcripts, *map(list, zip(*across, strict=True)))
    assert not len(told.lengths)
    assert told.forward > 40


def test_mates_that_do_not_face_each_other_tell_nothing(look):
    rng = np.random.default_rng(8)
    transcripts = [drawn(rng, 4000) for _ in range(2)]
    begins = range(0, 1000, 10)
    far = LONGEST_FRAGMENT + 1
    same = [(transcripts[0][b : b + 100], transcripts[0][b + 150 : b + 250]) for b in begins]
    apart = [mates(transcripts[0][b : b + far]) for b in begins]
    away = [(turned(transcripts[0][b : b + 100]), transcripts[0][b + 150 : b + 250]) for b in begins]
    two = [(transcripts[0][b : b + 100], turned(transcripts[1][b : b + 100])) for b in begins]
    for pairs in (same, apart, away, two):
        assert tells_nothing(look(transcripts, *map(list, zip(*pairs, strict=True))))


def test_reads_of_both_strands_of_transcripts_tell_none(look):
    rng = np.random.default_rng(9)
    alone, shared = drawn(rng, 2000), drawn(rng, 2000)
    both = [shared[begin : begin + 150] for begin in range(0, 1850, 10)]
    one = [alone[begin : begin + 150] for begin in range(0, 1850, 10)]
    assert look([alone, shared, turned(shared)], one).forward > 170
    told = look([alone, shared, turned(shared)], both)
    # a few hold a landmark of one strand and none of the other
    assert told.forward + told.reverse < 20


def test_single_reads_tell_their_strand(look):
    rng = np.random.default_rng(10)
    source = drawn(rng, 3000)
    reads = [source[begin : begin + 100] for begin in range(0, 2900, 10)]
    told = look([source], [turned(read) if n % 4 else read for n, read in enumerate(reads)])
    assert told.reverse == pytest.approx(3 * told.forward, rel=0.15)


@pytest.mark.parametrize("forward", [True, False])
def test_of_pairs_of_36_bases_the_first_mates_tell_the_strand(tmp_path, forward):
    """Both mates of one in thirty hold a landmark: too few of 10,000 for a length, which is the configured one."""
    rng = np.random.default_rng(11)
    transcripts = [drawn(rng, 3000) for _ in range(20)]
    write_landmarks(tmp_path / "landmarks.npy", list_landmarks(transcripts))
    begins = rng.integers(0, 2700, 10_000).tolist()
    pairs = [mates(transcripts[n % 20][begin : begin + 250], 36) for n, begin in enumerate(begins)]
    files = [write(tmp_path, f"{mate}.fastq", list(reads)) for mate, reads in enumerate(zip(*pairs, strict=True))]
    first, second = (file.name for file in (files if forward else files[::-1]))
    configured = FragmentLength(200, 20, "config")
    library = measure_library([(first, second)], tmp_path / "landmarks.npy", tmp_path, configured)
    told, against = (library.forward, library.reverse) if forward else (library.reverse, library.forward)
    # six words of 31, each a landmark by 1 in 32
    assert told == pytest.approx(10_000 * (1 - (31 / 32) ** 6), rel=0.25)
    assert against == 0
    assert (library.length.mean, library.length.sd) == (configured.mean, configured.sd)
    assert library.length.source == "config, too few concordant pairs"


def test_short_reads_and_none_at_all_tell_nothing(look):
    transcripts = [drawn(np.random.default_rng(11), 500)]
    assert tells_nothing(look(transcripts, [b"ACGT"] * 3, [b"", b"A", b"C"]))
    assert tells_nothing(look(transcripts, [], []))
    assert tells_nothing(look([], [transcripts[0][:100]], [transcripts[0][:100]]))


def test_landmarks_that_are_cut_short_are_told(tmp_path):
    path = tmp_path / "landmarks.npy"
    write_landmarks(path, list_landmarks([drawn(np.random.default_rng(12), 5000)]))
    whole = path.read_bytes()
    for cut in (len(whole) - 8, 60, 0):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError, match="damaged or cut short"):
            read_landmarks(path)


def test_mates_of_one_fragment_lie_together_and_those_of_two_by_chance(look):
    """Whichever way they face: of swapped files too; a few fragments may join two transcripts."""
    rng = np.random.default_rng(20)
    transcripts = [drawn(rng, 2000) for _ in range(40)]
    fragments = [transcripts[n % 40][start : start + 250] for n, start in enumerate(rng.integers(0, 1700, 1000))]
    firsts, seconds = (list(reads) for reads in zip(*map(mates, fragments), strict=True))
    found = look(transcripts, firsts, seconds)
    assert found.placed == found.together > 700
    assert look(transcripts, seconds, firsts)[4:] == found[4:]
    joined = look(transcripts, firsts, seconds[:900] + seconds[901:] + seconds[900:901])
    assert 0.85 < joined.together / joined.placed < 0.95
    apart = look(transcripts, firsts, [*seconds[1:], seconds[0]])
    assert apart.placed > 700
    assert apart.together == 0
    assert look(transcripts, firsts)[4:] == (0, 0)


def evidence(forward: int = 0, reverse: int = 0, placed: int = 0, together: int = 0) -> Evidence:
    return Evidence(np.empty(0, int), np.empty(0), forward, reverse, placed, together)


@pytest.mark.parametrize(
    ("placed", "together", "told"), [(99, 0, False), (100, 69, True), (100, 70, False), (5000, 4000, False)]
)
def test_files_that_are_no_mates_are_told_of_a_hundred_pairs_on(placed, together, told):
    faults = unit_faults("S1", ["L1"], [evidence(placed=placed, together=together)])
    assert len(faults) == told
    if faults:
        assert str(faults[0]).startswith("S1: the mates of unit L1, found '69 of 100 drawn pairs with both mates on")


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ((900, 100), (50, 950), True),
        ((900, 100), (900, 100), False),
        ((900, 100), (500, 500), False),
        ((500, 500), (50, 950), False),
        ((900, 100), (5, 90), False),
    ],
)
def test_units_of_opposite_strands_are_told_and_one_without_strand_is_not(first, second, told):
    """As where the mates of one lane are exchanged, or the second mates are given as another lane of single reads."""
    faults = unit_faults("S1", ["L1", "L2"], [evidence(*first), evidence(*second)])
    assert len(faults) == told
    if faults:
        assert "found 'unit L1 reads as the transcripts, unit L2 against them'" in str(faults[0])
