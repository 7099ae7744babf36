"""How often Snakemake looks for jobs to start on this machine, and reads the inputs of a job that has ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

EXECUTOR = "snakemake.executors.local"
BOUND = (100, 1)  # Snakemake's own: starts in so many seconds
# Checksums of the inputs of the job whose record is being written.
OF_JOB: ContextVar[dict[Any, str | None] | None] = ContextVar("OF_JOB", default=None)


def spare_looks(workflow: Any) -> None:
    """Let a run on this machine look for jobs to start when one has ended, and at no other time.

    Snakemake (9.27) bounds the starts a second, for the sake of queues. To keep to it, it sets out after each look on
    another one a second later, and so on for each job that ended while others wait: after a thousand jobs it looks a
    thousand times a second, at the inputs of all that wait. A bound that the user set stays.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The run, about to begin.
    """
    scheduler: Any = getattr(workflow, "scheduler", None)
    if type(getattr(scheduler, "_executor", None)).__module__ != EXECUTOR:
        return
    bound = workflow.scheduling_settings.max_jobs_per_timespan
    if bound is not None and (bound.max_jobs, bound.timespan) == BOUND:
        scheduler.job_rate_limiter = None


def spare_sums(workflow: Any) -> None:
    """Let the checksum of each input be computed once for each job that ends.

    Snakemake (9.27) computes it for each output of the job anew: the merge of thousands of samples has six. While the
    record of a job is written, what was found is remembered, for that job alone: others may end at the same time.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The run, about to begin.
    """
    persistence = getattr(workflow, "persistence", None)
    if persistence is None:
        return
    plain = persistence.finished

    async def finished(job: Any) -> None:
        found = OF_JOB.set({})
        try:
            await plain(job)
        finally:
            OF_JOB.reset(found)

    persistence.finished = finished
    for kind in {type(file) for job in workflow.dag.jobs for file in job.input}:
        if not hasattr(kind.checksum, "plain"):
            kind.checksum = remembered(kind.checksum)


def remembered(plain: Callable[..., Awaitable[str | None]]) -> Callable[..., Awaitable[str | None]]:
    """Return a method that computes a file's checksum once while the record of a job is written."""

    async def checksum(file: Any, *words: Any, **named: Any) -> str | None:
        sums = OF_JOB.get()
        if sums is None:
            return await plain(file, *words, **named)
        key = (file, *words, *named.items())
        if key not in sums:
            sums[key] = await plain(file, *words, **named)
        return sums[key]

    checksum.plain = plain  # type: ignore[attr-defined]
    return checksum


def spare_pipes(workflow: Any) -> None:
    """Let no job be asked which of its inputs come through a pipe, where no job of the run makes one.

    Snakemake (9.27) holds each input of a job that begins against all jobs that it depends on, before it says that none
    is a pipe: of the 9,000 inputs of 3,000 samples that takes longer than some jobs.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The run, about to begin.
    """
    dag = getattr(workflow, "dag", None)
    jobs = [] if dag is None else list(dag.jobs)
    if not jobs or any(job.is_checkpoint or job.pipe_or_service_output for job in jobs):
        return
    for kind in {type(job) for job in jobs}:
        plain = kind.is_pipe_or_service_input
        # Another run of this process is asked as ever.
        kind.is_pipe_or_service_input = lambda job, path, plain=plain: job.dag is not dag and plain(job, path)
