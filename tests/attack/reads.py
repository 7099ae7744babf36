"""Mutations of reads and of alignments."""

from __future__ import annotations

import gzip
import random
import subprocess
from collections.abc import Callable

from attack.mutation import Kinds

GOOD_GENOME = "made/genome.fa"  # a copy with its index that nobody attacks


def records_of(content: bytes) -> list[list[bytes]]:
    lines = content.splitlines()
    return [lines[place : place + 4] for place in range(0, len(lines), 4)]


def joined(records: list[list[bytes]]) -> bytes:
    return b"".join(line + b"\n" for record in records for line in record)


def fastq_kinds() -> Kinds:
    """Return what can be done to the first file of a pair."""
    kinds = Kinds()
    byte_kinds(kinds)
    record_kinds(kinds)
    order_kinds(kinds)
    return kinds


def nul_kinds(kinds: Kinds, lost: int = 0) -> None:
    """Add NULs where a disk was full: in place of an end of more than so many bytes, and of a block."""

    @kinds.add("NULs at the end")
    def _(rng, content):
        return content[: rng.randrange(len(content) // 2, len(content) - lost)] + b"\0" * 5000

    @kinds.add("NULs amid the file")
    def _(rng, content):
        place = rng.randrange(len(content) - 600)
        return content[:place] + b"\0" * 512 + content[place + 512 :]


def byte_kinds(kinds: Kinds) -> None:
    @kinds.add("empty file")
    def _(rng, content):
        return b""

    @kinds.add("cut within a record")
    def _(rng, content):
        place = rng.randrange(len(content) // 4, len(content) - 2)
        return content[:place] if content[:place].count(b"\n") % 4 else content[: place - content[:place].rfind(b"\n")]

    nul_kinds(kinds)

    @kinds.add("a bit flipped in a line's end")
    def _(rng, content):
        place = rng.choice([place for place, byte in enumerate(content) if byte == 10])
        return content[:place] + b"\x0b" + content[place + 1 :]

    @kinds.add("a block of the file lost")
    def _(rng, content):
        place = rng.randrange(len(content) // 2)
        return content[:place] + content[place + 4096 :]

    @kinds.add("line ends of another system")
    def _(rng, content):
        return content.replace(b"\n", rng.choice([b"\r\n", b"\r"]))

    @kinds.add("blank lines at the end")
    def _(rng, content):
        return content + b"\n" * rng.randrange(1, 5)

    @kinds.add("blank line amid the file")
    def _(rng, content):
        records = records_of(content)
        place = rng.randrange(1, len(records))
        return joined(records[:place]) + b"\n" + joined(records[place:])

    @kinds.add("page of a web server")
    def _(rng, content):
        return b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"

    @kinds.add("gzip cut")
    def _(rng, content):
        squeezed = gzip.compress(content)
        return squeezed[: rng.randrange(len(squeezed) // 4, len(squeezed) - 1)]

    @kinds.add("gzip with a bit flipped")
    def _(rng, content):
        squeezed = bytearray(gzip.compress(content))
        squeezed[rng.randrange(20, len(squeezed) - 8)] ^= 1 << rng.randrange(8)
        return bytes(squeezed)

    @kinds.add("gzip with more after it")
    def _(rng, content):
        return gzip.compress(content) + b"garbage after the end"

    @kinds.add("gzip twice")
    def _(rng, content):
        return gzip.compress(gzip.compress(content))


def record_kinds(kinds: Kinds) -> None:
    def one(name: str, change: Callable[[random.Random, list[bytes]], list[bytes]]) -> None:
        @kinds.add(name)
        def _(rng, content):
            records = records_of(content)
            place = rng.randrange(len(records))
            records[place] = change(rng, list(records[place]))
            return joined(records)

    one("qualities shorter than the read", lambda rng, r: [*r[:3], r[3][:-1]])
    one("read shorter than its qualities", lambda rng, r: [r[0], r[1][:-1], *r[2:]])
    one("letters that are no bases", lambda rng, r: [r[0], rng.choice([b"*", b"=", b"J", b"1"]) + r[1][1:], *r[2:]])
    one("qualities out of range", lambda rng, r: [*r[:3], b"\x7f\x20" + r[3][2:]])
    one("name lost", lambda rng, r: [b"@", *r[1:]])
    one("no @ before the name", lambda rng, r: [r[0][1:], *r[1:]])
    one("no + line", lambda rng, r: [*r[:2], b"", r[3]])
    one("read without bases", lambda rng, r: [r[0], b"", r[2], b""])
    one("read of a megabase", lambda rng, r: [r[0], b"ACGT" * 300_000, r[2], b"IIII" * 300_000])
    one("name of another read", lambda rng, r: [r[0].split(b" ")[0].rstrip(b"/12") + b"x", *r[1:]])
    one("control character in a name", lambda rng, r: [r[0] + b"\x07", *r[1:]])

    def every(name: str, change: Callable[[list[bytes]], list[bytes]], judgement: str = "") -> None:
        kinds.add(name, judgement)(lambda rng, content: joined([change(record) for record in records_of(content)]))

    every("RNA letters", lambda r: [r[0], r[1].replace(b"T", b"U"), *r[2:]])
    every("bases in lower case", lambda r: [r[0], r[1].lower(), *r[2:]])
    every("Phred + 64", lambda r: [*r[:3], bytes(byte + 31 for byte in r[3])])
    every("FASTA", lambda r: [b">" + r[0][1:], r[1]])
    every("names of the mates differ", lambda r: [b"@z" + r[0][1:], *r[1:]])


def order_kinds(kinds: Kinds) -> None:
    def records(name: str, change: Callable[[random.Random, list], list], judgement: str = "") -> None:
        kinds.add(name, judgement)(lambda rng, content: joined(change(rng, records_of(content))))

    def without(rng, rows):
        place = rng.randrange(len(rows))
        return rows[:place] + rows[place + 1 :]

    records("a record lost", without)
    records("a record twice", lambda rng, rows: [*rows[:9], rows[8], *rows[9:]])
    records("records lost at the end", lambda rng, rows: rows[: len(rows) // 2])
    records("records in another order", lambda rng, rows: rng.sample(rows, len(rows)))
    records("two records exchanged", lambda rng, rows: [rows[1], rows[0], *rows[2:]])
    records("all records twice", lambda rng, rows: rows + rows)


def alignment_kinds(form: str) -> Kinds:
    """Return what can be done to a BAM or CRAM file.

    Parameters
    ----------
    form : str
        b or c, as ``samtools view`` names it.
    """
    kinds = Kinds()

    @kinds.add("empty file")
    def _(rng, content):
        return b""

    @kinds.add("cut")
    def _(rng, content):
        return content[: rng.randrange(1, len(content) - 30)]

    @kinds.add("end mark lost")
    def _(rng, content):
        return content[:-28] if form == "b" else content[:-38]

    nul_kinds(kinds, lost=60)

    @kinds.add("bit flipped")
    def _(rng, content):
        place = rng.randrange(len(content))
        return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]

    @kinds.add("block lost")
    def _(rng, content):
        place = rng.randrange(len(content) // 2)
        return content[:place] + content[place + 2048 :]

    @kinds.add("page of a web server")
    def _(rng, content):
        return b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"

    sam_kinds(kinds, form)
    return kinds


def sam_kinds(kinds: Kinds, form: str) -> None:
    def rewritten(
        name: str, change: Callable[[random.Random, list[list[bytes]]], list[list[bytes]]], judgement: str = ""
    ) -> None:
        @kinds.add(name, judgement)
        def _(rng, content):
            text = samtools(["view", "-h", "-T", GOOD_GENOME, "-"], content)
            lines = [line.split(b"\t") for line in text.splitlines()]
            head = [line for line in lines if line[0].startswith(b"@") and len(line[0]) == 3]
            new = change(rng, [line for line in lines if line not in head])
            changed = b"".join(b"\t".join(line) + b"\n" for line in [*head, *new])
            return samtools(["view", f"-{form}", "-T", GOOD_GENOME, "--no-PG", "-"], changed)

    def flagged(row, flag):
        return [row[0], str(int(row[1]) | flag).encode(), *row[2:]]

    rewritten("header alone", lambda rng, rows: [])
    rewritten("a mate lost", lambda rng, rows: rows[:5] + rows[6:])
    rewritten("records twice", lambda rng, rows: [row for row in rows for _ in "12"])
    rewritten("mates with one flag", lambda rng, rows: [[row[0], b"65", *row[2:]] for row in rows])
    rewritten("secondary records alone", lambda rng, rows: [flagged(row, 0x100) for row in rows])
    rewritten("all fail the vendor's check", lambda rng, rows: [flagged(row, 0x200) for row in rows])
    rewritten("without sequences", lambda rng, rows: [[*row[:5], b"*", *row[6:9], b"*", b"*"] for row in rows])
    rewritten("without qualities", lambda rng, rows: [[*row[:10], b"*", *row[11:]] for row in rows])
    rewritten("one name for all", lambda rng, rows: [[b"r1", *row[1:]] for row in rows])
    rewritten("records in another order", lambda rng, rows: rng.sample(rows, len(rows)))
    rewritten("hard clipped", lambda rng, rows: [[*row[:5], b"5H" + row[5], *row[6:]] for row in rows])


def samtools(words: list[str], content: bytes) -> bytes:
    return subprocess.run(["samtools", *words], input=content, capture_output=True, check=True).stdout


def genome_kinds() -> Kinds:
    """Return what can be done to the genome by which a CRAM is read."""
    kinds = Kinds()

    @kinds.add("another sequence")
    def _(rng, content):
        head, sequence = content.split(b"\n", 1)
        return head + b"\n" + bytes(rng.choice(b"ACGT") for _ in sequence.strip()) + b"\n"

    @kinds.add("sequence cut")
    def _(rng, content):
        return content[: rng.randrange(len(content) // 4, len(content) - 2)] + b"\n"

    @kinds.add("contig of another name")
    def _(rng, content):
        return content.replace(b">chr1", rng.choice([b">1", b">Chr1", b">chr2", b">"]))

    @kinds.add("contig twice")
    def _(rng, content):
        return content + content

    @kinds.add("empty file")
    def _(rng, content):
        return b""

    @kinds.add("NULs amid the file")
    def _(rng, content):
        place = rng.randrange(len(content) - 600)
        return content[:place] + b"\0" * 512 + content[place + 512 :]

    @kinds.add("one base another")
    def _(rng, content):
        place = rng.randrange(10, len(content) - 2)
        return content[:place] + (b"A" if content[place : place + 1] != b"A" else b"C") + content[place + 1 :]

    return kinds
