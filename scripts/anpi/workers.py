"""Calls that run side by side, each in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context

# What all calls of a process take, which has it from the process that it was forked from.
SHARED: list[object] = []


@contextmanager
def workers(threads: int, *shared: object) -> Iterator[Callable[..., Future]]:
    """Yield a function that starts calls of others, as many at a time as there are threads.

    Each runs in a process forked from this one when the first is started, so that nothing is imported again; with one
    thread, here and at once. They return what they make: a file that one wrote would not stand in the record of this
    program (`anpi.files.made_from`).

    Parameters
    ----------
    threads : int
    shared : objects
        What every call takes behind its own arguments. It is forked and not sent: a large table costs nothing.
    """
    if threads < 2:
        yield partial(called, shared)
        return
    context = get_context("fork")
    with ProcessPoolExecutor(threads, mp_context=context, initializer=SHARED.extend, initargs=(shared,)) as pool:
        try:
            yield lambda function, *arguments: pool.submit(call, function, *arguments)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def call(function: Callable[..., object], *arguments: object) -> object:
    """Call a function in a process of `workers`."""
    return function(*arguments, *SHARED)


def called(shared: tuple[object, ...], function: Callable[..., object], *arguments: object) -> Future:
    """Call a function at once, and return what stands for its result."""
    done: Future = Future()
    done.set_result(function(*arguments, *shared))
    return done
