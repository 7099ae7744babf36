"""Run the programs of others: in a folder, stopped when they stall, and with words when they fail."""

from __future__ import annotations

import errno
import gzip
import os
import re
import shutil
import signal
import subprocess
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import psutil

from anpi.problems import InputError, Problem, refuse

ANSWER_SECONDS = 60
STALL_SECONDS = 300
POLL_SECONDS = 0.1
# Processor time is asked for so often in that time: each look goes through all processes of the machine.
LOOKS = 30
WORDS_KEPT = 1500
LEAST_SPACE = 1 << 20
NO_SPACE = os.strerror(errno.ENOSPC)
BROKEN_PIPE = -signal.SIGPIPE
NO_SERVER = "/nonexistent/%s"
VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?[a-z]?")


@dataclass(frozen=True)
class Tool:
    """A program of others.

    Parameters
    ----------
    name : str
        As it is called.
    versions : tuple of str
        Whose options and files anpi knows: from the first on, below the second.
    home : str
        Page of its project.
    package : str
        Its name in Debian and conda where that is another.
    asked : str
        The option that it answers with its version.
    environment : str
        File of ``envs/`` that has it.
    """

    name: str
    versions: tuple[str, str]
    home: str
    package: str = ""
    asked: str = "--version"
    environment: str = "quantify"


@dataclass(frozen=True)
class Aligner:
    """An aligner of the config: its program, and the memory of a job in MB a MB of the genome."""

    program: str
    memory: float


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("salmon", ("1.4", "2"), "https://combine-lab.github.io/salmon/"),
        Tool("fastp", ("0.20", "2"), "https://github.com/OpenGene/fastp"),
        Tool("samtools", ("1.10", "2"), "https://www.htslib.org/"),
        Tool("STAR", ("2.7", "3"), "https://github.com/alexdobin/STAR", "rna-star", environment="align"),
        Tool("hisat2", ("2.1", "3"), "https://daehwankimlab.github.io/hisat2/", environment="align"),
        Tool("featureCounts", ("2.0", "3"), "https://subread.sourceforge.net/", "subread", "-v", "align"),
    )
}
# What every run of reads needs, and what alignment on demand needs beside its aligner.
ALWAYS = ("salmon", "fastp", "samtools")
COUNTER = "featureCounts"
ALIGNERS = {"star": Aligner("STAR", 11), "hisat2": Aligner("hisat2", 1.5)}


class ToolFailed(InputError):
    """A tool that ended with another code than 0."""


class Stopped(Exception):
    """A tool that was stopped because its result is not wanted any more."""


def version_of(tool: str) -> str | None:
    """Return the version of a program; None when it is not here, or says none."""
    program = shutil.which(tool)
    return None if program is None else asked_version(program, TOOLS[tool].asked if tool in TOOLS else "--version")


@cache
def asked_version(program: str, option: str) -> str | None:
    """Ask a program for its version once; None when it says none."""
    try:
        command = [program, option]
        answer = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=ANSWER_SECONDS
        )
    # Not installed, or it hangs: `require_tools` and `run_tool` say so where the tool is needed.
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = VERSION.search(answer.stdout + answer.stderr)
    return match.group() if match else None


def major_version(tool: str) -> int:
    """Return the first number of a program's version, 0 where it is not known."""
    return (*numbers(version_of(tool) or ""), 0)[0]


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, to be compared."""
    return tuple(map(int, re.findall(r"\d+", version)))


def version_problems(tools: Iterable[str]) -> list[Problem]:
    """Find programs of a version that anpi does not know; one that says no version passes."""
    problems = []
    for tool in tools:
        found, (first, below) = version_of(tool), TOOLS[tool].versions if tool in TOOLS else ("0", "9999")
        if found is not None and not numbers(first) <= numbers(found) < numbers(below):
            mend = "Its options and files may be others: install a version that is known (envs/ names one)."
            problems.append(Problem(tool, found=found, expected=f"version {first} or later, below {below}", mend=mend))
    return problems


def tools_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """List the programs that a config asks for."""
    aligner = str((settings.get("alignment") or {}).get("tool"))
    return (*ALWAYS, ALIGNERS[aligner].program, COUNTER) if aligner in ALIGNERS else ALWAYS


def check_versions(tools: Iterable[str]) -> None:
    """Refuse programs of a version that anpi does not know."""
    refuse(version_problems(tools))


def require_tools(*tools: str) -> None:
    """Refuse to begin without a program, or with one of an unknown version, and say which package holds it."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    listed_tools = [TOOLS[tool] for tool in missing if tool in TOOLS]
    packages = " ".join(TOOLS[tool].package or tool if tool in TOOLS else tool for tool in missing)
    environment = "align" if any(tool.environment == "align" for tool in listed_tools) else "quantify"
    mend = f"Install {packages} (Debian: apt-get install {packages}; conda: envs/{environment}.yaml)."
    refuse([Problem(tool, "the program is not installed", mend=mend) for tool in missing])
    check_versions(tool for tool in tools if tool in TOOLS)


def stay_offline() -> None:
    """Let htslib, here and in the tools that are started, look for the references of CRAM files in folders alone."""
    if "://" in os.environ.get("REF_PATH", "://"):  # without the variable it asks a server
        os.environ["REF_PATH"] = NO_SERVER


def run_tool(
    command: Sequence[str],
    folder: Path,
    name: str,
    stop: Event | None = None,
    out: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a tool in a folder; one that fails, or that does nothing for minutes, ends with its last words.

    Parameters
    ----------
    stop : threading.Event, optional
        Set from elsewhere, it ends the tool, and `Stopped` is raised.
    out : Path, optional
        Takes what the tool writes to standard output; else that goes to its log.
    """
    run_pipe([command], folder, name, stop, out, environment)


def run_pipe(
    commands: Sequence[Sequence[str]],
    folder: Path,
    name: str,
    stop: Event | None = None,
    out: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run tools of which each reads what the one before writes; the code of every one is looked at.

    Raises
    ------
    ToolFailed
        With the last words of the tools that failed.
    InputError
        A tool that is not installed, that did nothing for minutes, or that had no space left.
    """
    require_tools(*(command[0] for command in commands))
    logs = [folder / f"{name.split(',')[0]}.{place}.log" for place in range(len(commands))]
    started: list[psutil.Popen] = []
    try:
        started.extend(start(commands, folder, logs, out, environment))
        stalled = wait_or_stall(started, stop)
    finally:
        for process in started:
            stop_family(process)
    words = [log.read_text(errors="replace").strip()[-WORDS_KEPT:] for log in logs]
    if stop is not None and stop.is_set():
        raise Stopped
    if stalled:
        message = f"did nothing for {STALL_SECONDS} s and was stopped; its last words: {' '.join(words)}"
        raise InputError(Problem(name, message))
    # A tool whose reader ended first dies of the broken pipe: the reader's own end says why, and head's is meant.
    failed = [place for place, process in enumerate(started) if process.returncode not in (0, BROKEN_PIPE)]
    if not failed and commands[-1][0] != "head":
        failed = [place for place, process in enumerate(started) if process.returncode]
    if not failed and NO_SPACE in " ".join(words):
        refuse_full_disk(folder, NO_SPACE)
    if failed:
        refuse_full_disk(folder, " ".join(words))
        message = "; ".join(f"ended with code {started[p].returncode}; its last words: {words[p]}" for p in failed)
        raise (InputError if any(started[p].returncode < 0 for p in failed) else ToolFailed)(Problem(name, message))


def start(
    commands: Sequence[Sequence[str]],
    folder: Path,
    logs: Sequence[Path],
    out: Path | None,
    environment: Mapping[str, str] | None,
) -> Iterator[psutil.Popen]:
    """Start tools, each reading from the one before."""
    before: psutil.Popen | None = None
    for place, (command, log) in enumerate(zip(commands, logs, strict=True), start=1):
        last = place == len(commands)
        with open(log, "wb") as words, open(out or os.devnull, "wb") as target:
            sink = (target if out else words) if last else subprocess.PIPE
            process = psutil.Popen(
                command,
                cwd=folder,
                stdin=before.stdout if before else subprocess.DEVNULL,
                stdout=sink,
                stderr=words,
                env=environment and {**os.environ, **environment},
            )
        if before:
            before.stdout.close()
        before = process
        yield process


def wait_or_stall(processes: Sequence[psutil.Popen], stop: Event | None = None) -> bool:
    """Wait for processes, or until ``stop`` is set; True when they used no processor time for STALL_SECONDS."""
    used, since, looked = -1.0, time.monotonic(), 0.0
    while not (stop is not None and stop.is_set()):
        running = [process for process in processes if process.poll() is None]
        if not running:
            return False
        try:
            running[0].wait(timeout=POLL_SECONDS)
        except psutil.TimeoutExpired:
            if time.monotonic() - looked < STALL_SECONDS / LOOKS:
                continue
            now, looked = sum(map(processor_time, running)), time.monotonic()
            if abs(now - used) > 0.01:
                used, since = now, time.monotonic()
            elif time.monotonic() - since > STALL_SECONDS:
                return True
    return False


def family(process: psutil.Process) -> list[psutil.Process]:
    """List a process with all that it started: some tools are scripts around their program."""
    try:
        return [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return []


def processor_time(process: psutil.Process) -> float:
    """Return the seconds of processor time that a process and all that it started have used."""
    used = 0.0
    for member in family(process):
        with suppress(psutil.NoSuchProcess):
            used += sum(member.cpu_times()[:2])
    return used


def stop_family(process: psutil.Popen) -> None:
    """Kill a process with all that it started, when it still runs."""
    if process.is_running():
        for member in family(process):
            with suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()


def refuse_full_disk(folder: Path, words: str = "") -> None:
    """Say so when the disk of a folder is full, whatever the tool that met it made of it.

    Parameters
    ----------
    words : str
        What the tool said; it may have freed the disk again when it ended.
    """
    if shutil.disk_usage(folder).free < LEAST_SPACE or NO_SPACE in words:
        mend = (
            "Give a scratch folder with more room (TMPDIR, or tmpdir of Snakemake's default resources), and run again."
        )
        raise InputError(Problem(str(folder), "no space left on the disk of temporary files", mend=mend))


@contextmanager
def whole_output(folder: Path, tool: str) -> Iterator[None]:
    """Turn what readers raise on a file that a tool left unfinished in scratch into words.

    Raises
    ------
    InputError
        The disk is full, or the tool ended well and its file is cut short all the same.
    """
    try:
        yield
    except (ValueError, KeyError, IndexError, TypeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        refuse_full_disk(folder)
        mend = "Was the disk of temporary files full for a moment? See that it has room, and run again."
        raise InputError(Problem(tool, "what it wrote is cut short or damaged", mend=mend)) from error


@contextmanager
def room_in(scratch: Path, out_dir: Path) -> Iterator[None]:
    """Turn the end of the room on a disk, met by this program itself, into words that name the disk."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        refuse_full_disk(scratch)
        mend = "Make room, and run again; the sample's earlier result, if any, stands."
        raise InputError(Problem(str(out_dir), "no space left on the disk of results", mend=mend)) from None
