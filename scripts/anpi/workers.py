"""Calls that run side by side, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context


@contextmanager
def workers(threads: int) -> Iterator[Callable[..., Future]]:
    """Yield a function that starts calls of others, as many at a time as there are threads.

    Each runs in a process forked from this one when the first is started, so that nothing is imported again; with one
    thread, here and at once. They return what they make: a file that one wrote would not stand in the record of this
    program (`anpi.files.made_from`).
    """
    if threads < 2:
        yield called
        return
    with ProcessPoolExecutor(threads, mp_context=get_context("fork")) as pool:
        try:
            yield pool.submit
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def called(function: Callable[..., object], *arguments: object) -> Future:
    """Call a function at once, and return what stands for its result."""
    done: Future = Future()
    done.set_result(function(*arguments))
    return done
