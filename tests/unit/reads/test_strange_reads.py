"""Drawn reads of others than the tumour's genes: known mixtures of made-up contigs, and what is said of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.cohort.verdicts import findings_of
from anpi.expression.contigs import read_contigs
from anpi.expression.summary import stranger_facts
from anpi.problems import InputError
from anpi.reads.strangers import WORD, count_strangers, words_of

TURN = str.maketrans("ACGT", "TGCA")


def bases(seed: int, length: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length))


def write_contigs(folder: Path) -> tuple[Path, dict[str, str]]:
    """Write a mouse and a human mitochondrion that share a stretch, a phage, a virus in lines of 60."""
    shared = bases(1, 400)
    contigs = {
        "mitochondrion": bases(2, 3000) + shared,
        "mouse": bases(3, 3000) + shared,
        "phix": bases(4, 2000),
        "merkel": bases(5, 2000),
    }
    path = folder / "contigs.fa"
    lines = [
        f">c{n} {kind} words\n" + "\n".join(text[i : i + 60] for i in range(0, len(text), 60)) + "\n"
        for n, (kind, text) in enumerate(contigs.items())
    ]
    path.write_text("".join(lines))
    return path, contigs | {"shared": shared}


def fastq(path: Path, reads: list[str]) -> Path:
    path.write_bytes(gzip.compress("".join(f"@r{n}\n{r}\n+\n{'I' * len(r)}\n" for n, r in enumerate(reads)).encode()))
    return path


def test_words_are_the_same_on_both_strands_and_leave_out_other_letters():
    text = bases(6, 200)
    forward, places = words_of(text.encode())
    assert len(forward) == 200 - WORD + 1
    digits, opposite = str.maketrans("ACGT", "0123"), str.maketrans("ACGT", "3210")
    for number, word in zip(forward.tolist(), (text[at : at + WORD] for at in range(len(text))), strict=False):
        assert number == min(int(word.translate(digits), 4), int(word[::-1].translate(opposite), 4))
    turned, _ = words_of(text[::-1].translate(TURN).encode())
    assert turned[::-1].tolist() == forward.tolist()
    assert words_of(text.lower().replace("t", "u").encode())[0].tolist() == forward.tolist()
    _, places = words_of((text[:100] + "N" + text[101:]).encode())
    assert places.tolist() == [*range(100 - WORD + 1), *range(101, 200 - WORD + 1)]
    assert len(words_of(b"ACGT")[0]) == len(words_of(b"")[0]) == 0


@pytest.mark.parametrize("paired", [True, False])
def test_a_known_mixture_is_found(tmp_path: Path, paired: bool):
    """Errors at 1 % of the bases, both strands; what two classes share is of neither."""
    contigs, sources = write_contigs(tmp_path)
    draw = np.random.default_rng(8)
    truth = {"mouse": 300, "phix": 50, "merkel": 3, "mitochondrion": 0, "shared": 40, "": 4607}
    reads: list[list[str]] = []
    for kind, number in truth.items():
        source = sources.get(kind) or bases(9, 100_000)
        for _ in range(number):
            length = 100 if kind == "shared" else 180
            start = int(draw.integers(len(source) - length - (400 if kind in ("mouse", "mitochondrion") else 0)))
            piece = source[start : start + length]
            piece = "".join(x if draw.random() > 0.01 else draw.choice(list("ACGT")) for x in piece)
            piece = piece if draw.random() < 0.5 else piece[::-1].translate(TURN)
            reads.append([piece[:75], piece[-75:][::-1].translate(TURN)])
    order = draw.permutation(len(reads))
    files = [fastq(tmp_path / f"r_{mate}.fastq.gz", [reads[n][mate] for n in order]) for mate in range(1 + paired)]
    found = count_strangers([(files[0], files[1] if paired else None)], contigs)
    assert found["fragments"] == 5000
    assert found["mitochondrion"] == 0
    for kind in ("mouse", "phix", "merkel"):
        assert found[kind] == pytest.approx(truth[kind], abs=0 if paired else 0.02 * truth[kind])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (">a\nACGT\n", "row 1: found '>a', expected the contig's name and its class: rrna, mitochondrion, mouse"),
        (">a yeast\nACGT\n", "row 1: found '>a yeast'"),
        ("ACGT\n", "row 1: no FASTA file, found 'ACGT'"),
        (">a phix\nAC1T\n", "row 2: no FASTA file, found 'AC1T'"),
        ("", "no sequence"),
        (">a phix\n", "no sequence"),
    ],
)
def test_contigs_that_cannot_be(tmp_path: Path, text: str, words: str):
    (tmp_path / "contigs.fa").write_text(text)
    with pytest.raises(InputError, match=words):
        read_contigs(tmp_path / "contigs.fa")


def test_facts_are_shares_and_a_sum_without_the_patients_own():
    facts = stranger_facts({"fragments": 2000, "rrna": 100, "mouse": 50, "merkel": 1})
    assert facts == {"drawn_rrna": 5, "drawn_mouse": 2.5, "drawn_merkel": 0.05, "foreign_share": 2.55, "viruses": None}
    assert stranger_facts({"fragments": 2000, "merkel": 2, "ebv": 1})["viruses"] == "merkel"
    assert stranger_facts(None) == {}
    assert stranger_facts({"fragments": 0, "mouse": 0})["foreign_share"] is None


def test_a_virus_is_a_warning_in_words():
    found = findings_of(pd.Series({"viruses": "merkel"}), {"foreign_share": {"warn": 1, "fail": 20}})
    assert [(finding.fact, finding.level) for finding in found] == [("viruses", "warn")]
    assert found[0].reason == ("Merkel cell polyomavirus is in the reads: a Merkel cell carcinoma resembles SCLC")
    assert [f.level for f in findings_of(pd.Series({"viruses": None}), {})] == ["pass"]
    assert findings_of(pd.Series({"genes_detected": 1}), {}) == []
