"""make attack: thousands of wrong inputs, drawn by a seed, and what came of each.

Then each write and each tool call of a small run fails once (see `attack.failing`), and counts as an input too.
The last line is as ``5,000 inputs: 0 silent, 0 tracebacks, 0 hangs``; the exit code is 0 when all three are 0.

    python -m attack.run --inputs 5000 --seed 1
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from anpi.progress import say
from anpi.words.lists import plural
from attack.failing import fail_each, programs
from attack.memory import Memory
from attack.mutation import apply
from attack.oracle import BAD, attack
from attack.targets import Target, all_targets
from attack.trials import write_trials

FAILURES = "writes and tools that fail"


@dataclass(frozen=True)
class Finding:
    """What came of one input."""

    target: str
    kind: str
    seed: int
    verdict: str
    words: str
    judgement: str


class Attacker:
    """A copy of the trials, with what they lead to when nothing is disturbed."""

    def __init__(self, folder: Path):
        self.folder = folder
        write_trials(folder)
        self.targets = {target.name: target for target in all_targets()}
        self.undisturbed: dict = {}
        self.memory = Memory()

    def try_one(self, name: str, kind_name: str, seed: int) -> Finding | None:
        """Try one input; None where the kind does not apply."""
        target = self.targets[name]
        trial = self.folder / target.folder
        key = target.folder, target.run
        kind = target.kinds.kinds[kind_name]
        with chdir(trial), self.memory:
            if key not in self.undisturbed:
                self.undisturbed[key] = target.run()
            mutated = apply(kind, seed, Path(target.file).read_bytes())
            if mutated is None:
                return None
            verdict, words = attack(target.run, self.undisturbed[key], target.file, mutated)
        return Finding(name, kind_name, seed, verdict, words, target.judgement(kind_name))


def draw(inputs: int, seed: int, targets: list[Target]) -> Iterator[tuple[str, str, int]]:
    """Draw targets by their shares, and the kinds of each in turn."""
    rng = random.Random(seed)
    turns: Counter[str] = Counter()
    for number in range(inputs):
        target = rng.choices(targets, [target.share for target in targets])[0]
        names = list(target.kinds.kinds)
        yield target.name, names[(turns[target.name] + seed * 7) % len(names)], seed * 1_000_000 + number
        turns[target.name] += 1


attacker: Attacker | None = None


def start(folder: str) -> None:
    global attacker
    attacker = Attacker(Path(tempfile.mkdtemp(dir=folder)))


def try_drawn(drawn: tuple[str, str, int]) -> Finding:
    assert attacker is not None
    return try_drawn_by(attacker, drawn)


def try_drawn_by(attacker: Attacker, drawn: tuple[str, str, int]) -> Finding:
    """Try a drawn input; a kind that does not apply gives its turn to another one of the same target."""
    name, kind, seed = drawn
    finding = attacker.try_one(name, kind, seed)
    rng = random.Random(seed)
    while finding is None:
        finding = attacker.try_one(name, rng.choice(list(attacker.targets[name].kinds.kinds)), rng.randrange(10**9))
    return finding


def try_failures(name: str) -> list[Finding]:
    """Let each write and each tool call of a program fail once."""
    assert attacker is not None
    say(f"each write and tool call of {name} fails in turn")
    folder, program = programs()[name]
    quiet = contextlib.redirect_stdout(io.StringIO())
    with tempfile.TemporaryDirectory() as out, chdir(attacker.folder / folder), quiet:
        tried = list(fail_each(name, program, Path(out)))
    return [Finding(FAILURES, what, 0, verdict, words, "") for what, verdict, words in tried]


def is_fault(finding: Finding) -> bool:
    """Return whether a finding is one that must not be; what no rule can find is a call of judgement when silent."""
    return finding.verdict in BAD and not (finding.verdict == "silent" and finding.judgement)


def attack_all(inputs: int, seed: int, processes: int, only: str = "", failures: bool = False) -> Iterator[Finding]:
    """Try as many inputs, in as many processes, and let writes and tools fail where ``failures`` says so."""
    targets = [target for target in all_targets() if only in target.name]
    drawn = list(draw(inputs, seed, targets))
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        context = multiprocessing.get_context("spawn")
        with context.Pool(processes, start, (folder,)) as pool:
            failing = [pool.apply_async(try_failures, (name,)) for name in programs()] if failures else []
            yield from pool.imap_unordered(try_drawn, drawn, chunksize=8)
            for tried in failing:
                yield from tried.get()


class Progress:
    """Tells on the terminal how many inputs were tried and how many faults were found, now and then."""

    def __init__(self, inputs: int, seconds: float = 10):
        self.inputs, self.seconds = inputs, seconds
        self.tried = self.faults = 0
        self.last = time.monotonic()
        say(f"writing the trials; then {plural(inputs, 'input')}")

    def count(self, finding: Finding) -> None:
        drawn = finding.target != FAILURES
        self.tried += drawn
        self.faults += is_fault(finding)
        if time.monotonic() - self.last >= self.seconds or (drawn and self.tried == self.inputs):
            self.last = time.monotonic()
            say(f"{self.tried:,} of {plural(self.inputs, 'input')} tried, {plural(self.faults, 'fault')}")


def summary(findings: list[Finding]) -> str:
    """Count the verdicts by target, list the judgement calls with their reasons, and write the last line."""
    lines = []
    for target in dict.fromkeys(finding.target for finding in findings):
        own = [finding for finding in findings if finding.target == target]
        lines.append(f"{target}: {counts_of(own)}")
    called = Counter((f.target, f.kind, f.judgement) for f in findings if f.verdict == "silent" and f.judgement)
    lines += [
        f"judgement call, {plural(n, 'time')}: {target}, {kind}: {why}"
        for (target, kind, why), n in sorted(called.items())
    ]
    silent, tracebacks, hangs = (
        sum(finding.verdict == verdict and is_fault(finding) for finding in findings) for verdict in BAD
    )
    counted = f"{silent} silent, {plural(tracebacks, 'traceback')}, {plural(hangs, 'hang')}"
    lines.append(f"{plural(len(findings), 'input')}: {counted}")
    return "\n".join(lines)


def counts_of(findings: list[Finding]) -> str:
    """Count verdicts in words; silent ones that no rule can find are judgement calls."""
    words = {"asked": "asked about", "silent": "silent"}
    counts = Counter(
        "judgement call"
        if finding.verdict in BAD and not is_fault(finding)
        else words.get(finding.verdict, finding.verdict)
        for finding in findings
    )
    counted = {word: f"{counts[word]} {word}" for word in ("refused", "asked about", "the same", "silent")}
    counted |= {word: plural(counts[word], word) for word in ("judgement call", "traceback", "hang")}
    order = ("refused", "asked about", "the same", "judgement call", "silent", "traceback", "hang")
    return f"{plural(len(findings), 'input')}: " + ", ".join(counted[word] for word in order if counts[word])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="attack targets whose names hold this alone")
    arguments = parser.parse_args()
    begun, findings = time.monotonic(), []
    progress = Progress(arguments.inputs)
    for finding in attack_all(
        arguments.inputs, arguments.seed, arguments.processes, arguments.only, not arguments.only
    ):
        findings.append(finding)
        progress.count(finding)
        if is_fault(finding):
            print(
                f"{finding.verdict}: {finding.target}, {finding.kind}, seed {finding.seed}\n{finding.words}\n",
                flush=True,
            )
    print(f"{time.monotonic() - begun:.0f} s")
    print(summary(findings))
    sys.exit(any(map(is_fault, findings)))


if __name__ == "__main__":
    main()
