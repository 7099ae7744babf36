"""How Snakemake's plugin for SLURM starts jobs and looks after them, where its own way costs more than small jobs do.

The plugin (2.8.0) offers no options for either. What stands here is set on the executor of a run before its first job
is handed in; a Snakemake that keeps its executor elsewhere, or another executor, is left as it is.
"""

from __future__ import annotations

from typing import Any

from anpi.wiring.looks import spare_looks, spare_pipes, spare_sums

PLUGIN = "snakemake_executor_plugin_slurm"


def spare_starts_and_waits(workflow: Any) -> None:
    """Let jobs of SLURM start one Snakemake each, and be looked at no more rarely than the user set.

    Of a run on one machine the looks for jobs to start are spared, of any run the checksums that are known already.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The run, about to begin.
    """
    spare_sums(workflow)
    spare_pipes(workflow)
    executor = getattr(getattr(workflow, "scheduler", None), "_executor", None)
    if type(executor).__module__ != PLUGIN:
        spare_looks(workflow)
        return
    start_once(executor)
    first = workflow.executor_settings.init_seconds_before_status_checks or 0
    bound_waits(executor, max(workflow.remote_execution_settings.seconds_between_status_checks, first))


def start_once(executor: Any) -> None:
    """Let one Snakemake run all programs of a job, each as soon as its inputs, a core and memory are there.

    The plugin's own way starts one to plan the job and, in a step of its own (``srun``), one more for each rule, one
    after the other whatever cores the group was given. Array jobs need that way and keep it.
    """
    if executor.array_jobs:
        return
    plain = executor.format_job_exec

    def format_job_exec(job: Any) -> str:
        memory = job.resources.get("mem_mb")
        bound = f" --resources mem_mb={memory}" if isinstance(memory, int) else ""
        return f"{plain(job)} --cores {job.threads}{bound}"

    executor.additional_general_args = lambda: "--executor local"
    executor.format_job_exec = format_job_exec


def bound_waits(executor: Any, seconds: float) -> None:
    """Let no wait between two looks at the jobs be longer than so many seconds.

    The plugin waits ten seconds longer after each look that finds no job ended, up to three minutes, and does not read
    Snakemake's ``--seconds-between-status-checks``: a step of half a minute is found ended half a minute late.
    """
    plain = executor.sleep

    async def sleep() -> None:
        executor.next_seconds_between_status_checks = min(executor.next_seconds_between_status_checks, seconds)
        await plain()

    executor.sleep = sleep
