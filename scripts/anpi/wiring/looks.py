"""How often Snakemake looks for jobs to start on this machine."""

from __future__ import annotations

from typing import Any

EXECUTOR = "snakemake.executors.local"
BOUND = (100, 1)  # Snakemake's own: starts in so many seconds


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
