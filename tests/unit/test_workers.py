"""Calls side by side: in processes of their own, or here and at once; what fails is told."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

from anpi.workers import workers


def where(number: int) -> tuple[int, int]:
    return os.getpid(), number**2


def fail(number: int) -> None:
    raise ValueError(number)


def test_one_thread_calls_here_and_at_once():
    with workers(1) as start:
        assert start(where, 3).result() == (os.getpid(), 9)
        with pytest.raises(ValueError, match="7"):
            start(fail, 7)


def test_more_threads_call_in_processes_of_their_own():
    with workers(2) as start:
        results = [calling.result() for calling in [start(where, number) for number in range(5)]]
    assert [square for _, square in results] == [0, 1, 4, 9, 16]
    processes = {process for process, _ in results}
    assert os.getpid() not in processes
    assert len(processes) <= 2


@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_shared_stands_behind_the_arguments_of_every_call(threads):
    """It is forked: what cannot be sent can be shared."""
    with workers(threads, lambda number: number + 1, 10) as start:
        assert [start(apply, number).result() for number in (1, 2)] == [20, 30]
    with workers(threads) as start:
        assert start(where, 3).result()[1] == 9


def apply(number: int, change: Callable[[int], int], times: int) -> int:
    return change(number) * times


def test_what_fails_is_told_where_its_result_is_asked_for():
    with pytest.raises(ValueError, match="7"), workers(2) as start:
        start(fail, 7).result()


def test_nothing_of_the_pool_is_left_when_it_is_left_by_an_error():
    """The end of the program would else meet the end of the pool, and sometimes says so in a traceback."""
    before = threading.active_count()
    with pytest.raises(OSError, match="full"):
        fail_while_others_work()
    assert threading.active_count() == before


def fail_while_others_work() -> None:
    with workers(2) as start:
        start(time.sleep, 0.5)
        raise OSError("full")
