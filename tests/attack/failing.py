"""Every write and every tool call of a small run fails once, in turn, as in the tests of SQLite.

A write fails as on a full disk. A tool ends with 1, is killed, may write no more than some bytes to a file, or leaves
half of what it writes and ends with 0. Each time the run must end in words or with the same bytes as undisturbed,
leave no half-written result, and lead to the same bytes when it is repeated.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import assemble_cohort
import call_subtypes
import count_alignments
import derive_endpoints
import score_signatures
import tabulate_adverse_events

from anpi.tools import asked_version
from attack.oracle import Outcome, judge
from attack.read_targets import SAMPLE, UNITS, quantify, run_main, summarise_into

TOOLS = tuple(tool for tool in ("salmon", "fastp", "samtools", "featureCounts") if shutil.which(tool))
WAYS = ("ends with 1", "is killed", "finds no room", "cuts what it writes")
ROOM = 100  # bytes of each file
STAND_IN = """\
#!{python}
import os, resource, signal, subprocess, sys

with open({count!r}, "a") as calls:
    calls.write("call\\n")
fails = len(open({count!r}).readlines()) == {number}
command = [{name!r}, *sys.argv[1:]]
if not fails:
    os.execv({real!r}, command)
if {way!r} == "ends with 1":
    sys.exit(1)
if {way!r} == "is killed":
    os.kill(os.getpid(), signal.SIGKILL)
if {way!r} == "finds no room":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
    os.execv({real!r}, command)


def files():
    listed = [os.path.join(folder, name) for folder, _, names in os.walk(".") for name in names]
    return {{file: os.stat(file).st_mtime_ns for file in listed if os.path.isfile(file) and not file.endswith(".log")}}


before = files()
done = subprocess.run(command, executable={real!r}, stdout=subprocess.PIPE)
os.write(1, done.stdout[: len(done.stdout) // 2])
for file, time in files().items():
    if before.get(file) != time:
        os.truncate(file, os.path.getsize(file) // 2)
sys.exit(done.returncode)
"""
Program = Callable[[Path], None]


def programs() -> dict[str, tuple[str, Program]]:
    """Return the programs of a small run: the folder in which each starts, and its call by where its results go."""
    clinical = "config/clinical"
    tables = ["--patients", f"{clinical}/patients.csv", "--adverse-events", f"{clinical}/adverse_events.csv"]
    scans = ["--assessments", f"{clinical}/assessments.csv", "--lesions", f"{clinical}/lesions.csv"]
    samples = ["--samples", "P001-B", "P002-B", "P003-B"]
    matrix = ["--matrix", "tpm.tsv", "--unit", "tpm", *samples]

    def cohort(out: Path) -> list[object]:
        names = {"counts": "counts.tsv.gz", "tpm": "tpm.tsv.gz", "genes": "genes.tsv", "facts": "facts.tsv"}
        return [word for name, file in names.items() for word in (f"--out-{name}", out / file)]

    def counted(out: Path, alignments: str) -> None:
        outs = ["--out", out / "counts.tsv", "--out-summary", out / "summary", "--out-reads", out / "reads.json"]
        words = ["--sample", SAMPLE, "--bam", alignments, "--gtf", "genes.gtf", "--unit-id", "L1"]
        run_main(count_alignments, *words, "--genome", "genome.fa", *outs)

    counting = {
        "count_alignments": ("reads", lambda out: counted(out, "reads.bam")),
        "count_alignments of a CRAM": ("reads", lambda out: counted(out, "reads.cram")),
    }
    expression = ["--expression", "tpm.tsv", "--unit", "tpm"]
    return (counting if "featureCounts" in TOOLS else {}) | {
        "derive_endpoints": ("dates", lambda out: run_main(derive_endpoints, *tables, *scans, "--out-dir", out)),
        "tabulate_adverse_events": (
            "dates",
            lambda out: run_main(tabulate_adverse_events, *tables, "--out", out / "events.tsv"),
        ),
        "assemble_cohort": ("expression", lambda out: run_main(assemble_cohort, *matrix, *cohort(out))),
        "call_subtypes": (
            "expression",
            lambda out: run_main(call_subtypes, *expression, "--tissues", out / "t.tsv", "--out", out / "calls.tsv"),
        ),
        "score_signatures": (
            "expression",
            lambda out: run_main(score_signatures, *expression, "--out", out / "scores.tsv"),
        ),
        "summarise_sample": ("reads", lambda out: summarise_into(out, Path("quant/salmon"))),
        "quantify_sample": ("reads", lambda out: quantify(out, UNITS["fastq"])),
        "quantify_sample of a CRAM": ("reads", lambda out: quantify(out, UNITS["cram"])),
    }


class OnFullDisk(io.FileIO):
    """A file that can be made, for which there is no room."""

    def write(self, content: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_file(file: str | Path, mode: str) -> io.BufferedIOBase | io.TextIOWrapper:
    raw = OnFullDisk(file, mode.replace("b", "").replace("t", ""))
    buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    return buffered if "b" in mode else io.TextIOWrapper(buffered, "utf-8")


class Writes:
    """Counts the openings of files to write and the moves of this process; the one of a number fails."""

    def __init__(self, failing: int = 0):
        self.failing, self.number = failing, 0

    def fails(self) -> bool:
        self.number += 1
        return self.number == self.failing

    @contextlib.contextmanager
    def watched(self) -> Iterator[Writes]:
        """Write to a full disk where a file is opened, or end a move as there."""
        real_open, real_replace = builtins.open, os.replace

        def opened(file: Any, mode: str = "r", *words: Any, **options: Any) -> Any:
            full = bool(set(mode) & set("wax+")) and isinstance(file, str | Path) and self.fails()
            return full_file(file, mode) if full else real_open(file, mode, *words, **options)

        def replaced(source: Any, target: Any, **options: Any) -> None:
            if self.fails():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
            real_replace(source, target, **options)

        watched = ((builtins, "open", opened), (io, "open", opened), (os, "replace", replaced))
        with contextlib.ExitStack() as stack:
            for place, name, function in watched:
                stack.enter_context(mock.patch.object(place, name, function))
            yield self


class Calls:
    """Counts the tools that are started, by stand-ins before them on the path; the one of a number fails."""

    def __init__(self, failing: int = 0, way: str = ""):
        self.failing, self.way, self.number = failing, way, 0

    @contextlib.contextmanager
    def watched(self) -> Iterator[Calls]:
        with tempfile.TemporaryDirectory(prefix="tools-") as folder:
            count = Path(folder) / "calls"
            count.touch()
            for tool in TOOLS:
                real = shutil.which(tool)
                stand_in = Path(folder) / tool
                facts = {"python": sys.executable, "count": str(count), "name": tool, "real": real, "room": ROOM}
                stand_in.write_text(STAND_IN.format(**facts, number=self.failing, way=self.way))
                stand_in.chmod(0o755)
            with mock.patch.dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"):
                try:
                    yield self
                finally:
                    self.number = len(count.read_text().splitlines())


def results_in(out: Path) -> dict[str, str]:
    """Read what a program left, by name; what it left half-written too."""
    files = sorted(file for file in out.rglob("*") if file.is_file())
    return {str(file.relative_to(out)): file.read_bytes().hex() for file in files}


def fail_each(name: str, program: Program, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Let each write and each tool call of a program fail once; yield what failed, the verdict and its words."""
    out = folder / "undisturbed"
    asked_version.cache_clear()
    with Calls().watched() as calls, Writes().watched() as writes, contextlib.redirect_stderr(io.StringIO()):
        program(out)
    good = results_in(out)
    for number in range(1, writes.number + 1):
        verdict, words = fail_once(program, folder / f"write{number}", Writes(number), good)
        yield f"{name}: write {number} fails", verdict, words
    for number in range(1, calls.number + 1):
        for way in WAYS:
            place = folder / f"call{number}{way[0]}"
            verdict, words = fail_once(program, place, Calls(number, way), good)
            yield f"{name}: tool {number} {way}", verdict, words


def fail_once(program: Program, out: Path, watch: Writes | Calls, good: dict[str, str]) -> tuple[str, str]:
    """Run a program of which one step fails, look at what it left, and run it again."""

    def run() -> Outcome:
        asked_version.cache_clear()  # so that these calls fail too
        with watch.watched():
            program(out)
        return Outcome(frozenset(told_in(out)), results_in(out))

    verdict, words = judge(run, Outcome(frozenset(), good), frozenset())
    if watch.number < watch.failing:
        return "silent", f"step {watch.failing} was not reached"
    left = results_in(out) if out.is_dir() else {}
    half = sorted(name for name, content in left.items() if good.get(name) != content)
    if verdict == "refused" and half:
        return "silent", f"half-written: {half}; {words}"
    again, more = judge(lambda: rerun(program, out), Outcome(frozenset(), good), frozenset())
    return (verdict, words) if again == "the same" else (again, f"when repeated after: {words}\n{more}")


def rerun(program: Program, out: Path) -> Outcome:
    program(out)
    return Outcome(frozenset(), results_in(out))


def told_in(out: Path) -> Iterator[tuple[str, str]]:
    """Return the failure that a sample's result records."""
    reads = out / "reads.json"
    if reads.is_file() and '"failure"' in reads.read_text():
        yield "", reads.read_text()
