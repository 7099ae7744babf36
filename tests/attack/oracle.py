"""What comes of an input: refused in words, asked about, the same as undisturbed; or one of three faults."""

from __future__ import annotations

import contextlib
import io
import shutil
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from anpi.problems import InputError
from attack.mutation import Mutated

SECONDS = 60
GOOD = ("refused", "asked", "the same")
BAD = ("silent", "traceback", "hang")


@dataclass(frozen=True)
class Outcome:
    """What a run over some inputs leaves.

    Parameters
    ----------
    told : frozenset of (str, str)
        Whom it concerns (a patient or sample; empty for no one) and the words.
    results : dict of str to str
        Results by name; the same for the same inputs.
    """

    told: frozenset[tuple[str, str]]
    results: dict[str, str]


class Hang(BaseException):
    """Raised within what takes too long; nothing that runs programs may catch it."""


@contextlib.contextmanager
def bounded(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def judge(
    run: Callable[[], Outcome], undisturbed: Outcome, about: frozenset[str], seconds: int = SECONDS
) -> tuple[str, str]:
    """Run and return the verdict, with the words that belong to it."""
    said = io.StringIO()
    try:
        with bounded(seconds), contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            outcome = run()
    except Hang:
        return "hang", f"after {seconds} s"
    except InputError as error:
        return ("refused", str(error)) if error.problems else ("silent", "refused without a word")
    except OSError as error:
        # run_program tells these in words, with the file
        return ("refused", str(error)) if error.filename else ("traceback", traceback.format_exc())
    except SystemExit as end:
        return ("refused", said.getvalue()) if end.code == 2 and said.getvalue() else ("traceback", repr(end))
    except BaseException:
        return "traceback", traceback.format_exc()
    changed = {name for name in undisturbed.results if outcome.results.get(name) != undisturbed.results[name]}
    told = outcome.told - undisturbed.told
    new = [(who, words) for who, words in told if not about or not who or who.lstrip("'") in about]
    if new:
        return "asked", "; ".join(words for _, words in sorted(new)[:3])
    if not changed:
        return "the same", ""
    return "silent", differences(outcome, undisturbed, changed)


def differences(outcome: Outcome, undisturbed: Outcome, changed: set[str]) -> str:
    """Show the first lines in which results differ."""
    shown = []
    for name in sorted(changed):
        old, new = (set(o.results.get(name, "").splitlines()) for o in (undisturbed, outcome))
        shown += [f"{name}: - {line[:160]}" for line in sorted(old - new)[:2]]
        shown += [f"{name}: + {line[:160]}" for line in sorted(new - old)[:2]]
    return "\n".join(shown) or ", ".join(sorted(changed))


def attack(run: Callable[[], Outcome], undisturbed: Outcome, file: str, mutated: Mutated) -> tuple[str, str]:
    """Put a mutated file in its place below the current folder, run there, and put the good one back."""
    path, there = Path(file), set(Path().iterdir())
    good = path.read_bytes()
    path.unlink()
    path.write_bytes(mutated.content)
    try:
        return judge(run, undisturbed, mutated.about)
    finally:
        path.write_bytes(good)
        for left in set(Path().iterdir()) - there:  # an index beside a genome, say
            left.unlink() if left.is_file() else shutil.rmtree(left)
