"""How Snakemake's plugin for SLURM starts jobs and looks after them: held against the plugin that is locked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_slurm import Executor
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from anpi.wiring.cluster import bound_waits, spare_starts_and_waits

GROUP = SimpleNamespace(threads=5, resources={"mem_mb": 9500})


def executor_of(between: int = 10, first: int | None = 20, array_jobs: tuple[str, ...] = ()) -> Executor:
    """Make an executor without a run: it hands nothing in."""
    executor = Executor.__new__(Executor)
    executor._next_seconds_between_status_checks = first
    executor.array_jobs = set(array_jobs)
    executor.workflow = SimpleNamespace(
        remote_execution_settings=SimpleNamespace(seconds_between_status_checks=between),
        executor_settings=SimpleNamespace(init_seconds_before_status_checks=first, pass_command_as_script=False),
        scheduler=SimpleNamespace(_executor=executor),
    )
    return executor


@pytest.fixture
def plain_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a job is started with, shortened to what the plugin adds for itself."""
    monkeypatch.setattr(
        RemoteExecutor,
        "format_job_exec",
        lambda self, job: f"snakemake --cores all {self.additional_general_args()} --mode remote",
    )


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> Callable[[Executor, int], list[float]]:
    """Look at jobs so many times, none of which ends, and give the seconds waited after each look."""
    seconds: list[float] = []

    async def sleep(duration: float) -> None:
        seconds.append(duration)

    async def look(executor: Executor, times: int) -> None:
        for _ in range(times):
            await executor.sleep()
            executor.next_seconds_between_status_checks += 10  # the plugin's own step

    def looks(executor: Executor, times: int) -> list[float]:
        monkeypatch.setattr(asyncio, "sleep", sleep)
        asyncio.run(look(executor, times))
        return seconds

    return looks


@pytest.mark.usefixtures("plain_command")
def test_a_job_of_slurm_starts_snakemake_once_on_the_cores_and_in_the_memory_it_asked_for():
    executor = executor_of()
    assert "--executor slurm-jobstep" in executor.format_job_exec(GROUP)
    spare_starts_and_waits(executor.workflow)
    plain = "snakemake --cores all --executor local --mode remote"
    assert executor.format_job_exec(GROUP) == f"{plain} --cores 5 --resources mem_mb=9500"
    assert executor.format_job_exec(SimpleNamespace(threads=1, resources={})) == f"{plain} --cores 1"


@pytest.mark.usefixtures("plain_command")
def test_array_jobs_keep_the_way_of_the_plugin():
    executor = executor_of(array_jobs=("all",))
    spare_starts_and_waits(executor.workflow)
    assert "--executor slurm-jobstep" in executor.format_job_exec(GROUP)


def test_without_a_bound_waits_grow(waited):
    assert waited(executor_of(), 4) == [20, 30, 40, 50]


def test_waits_stay_within_the_bound(waited):
    executor = executor_of()
    bound_waits(executor, 35)
    assert waited(executor, 4) == [20, 30, 35, 35]


@pytest.mark.parametrize(("between", "first", "bound"), [(60, 20, 60), (10, 40, 40), (1, 1, 1)])
def test_the_bound_is_what_the_user_set_and_no_less_than_the_wait_before_the_first_look(between, first, bound, waited):
    executor = executor_of(between, first)
    spare_starts_and_waits(executor.workflow)
    assert max(waited(executor, 9)) == bound


@pytest.mark.parametrize("scheduler", [{}, {"scheduler": None}, {"scheduler": SimpleNamespace()}])
def test_a_run_without_an_executor_is_left_alone(scheduler):
    run = SimpleNamespace(**scheduler)
    spare_starts_and_waits(run)
    assert vars(run) == scheduler


def test_another_executor_is_left_alone():
    other = SimpleNamespace(array_jobs=set(), format_job_exec=len, sleep=len)
    spare_starts_and_waits(SimpleNamespace(scheduler=SimpleNamespace(_executor=other)))
    assert vars(other) == {"array_jobs": set(), "format_job_exec": len, "sleep": len}
