"""What Snakemake would record of each job of a run, and which rules a change of the inputs makes it plan again."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import snakemake.jobs
from snakemake.api import SnakemakeApi
from snakemake.parser import parse
from snakemake.persistence.file import FilePersistence
from snakemake.settings.enums import Quietness
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings
from snakemake.sourcecache import SourceFile
from snakemake.workflow import Workflow

from anpi import provenance
from anpi.wiring.files import known_by
from anpi.wiring.programs import Program, Unrecorded

ROOT = Path(__file__).resolve().parents[2]
Job = tuple[str, tuple[str, ...]]
Record = tuple[frozenset[str], tuple[str, ...]]
COMPILED = functools.cache(compile)
PARSED: dict[tuple[str, int], tuple[str, int, dict[int, int]]] = {}


def parse_once(path: SourceFile, flow: Workflow, linemap: dict[int, int], rulecount: int) -> tuple[str, int]:
    """Stand for Snakemake's parser, which takes a third of a plan, where the same rules are planned again and again."""
    key = (path.get_path_or_uri(secret_free=True), rulecount)
    if key not in PARSED:
        lines: dict[int, int] = {}
        PARSED[key] = *parse(path, flow, lines, rulecount=rulecount), lines
    code, after, lines = PARSED[key]
    linemap.update(lines)
    return code, after


def forget_workflows() -> None:
    """Clear what Snakemake remembers, and with it whole workflows: of 300 plans, 2 GB that slow every later test."""
    for kind in FilePersistence.__mro__:
        for member in vars(kind).values():
            method = getattr(member, "fget", member)
            if hasattr(method, "cache_clear"):
                method.cache_clear()


@contextlib.contextmanager
def process_kept() -> Iterator[None]:
    """Leave the process as it was: loading a workflow changes its folder, its variables and the mask of new files."""
    mask, here, environment = os.umask(0o022), Path.cwd(), dict(os.environ)
    try:
        yield
    finally:
        os.umask(mask)
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)


@contextlib.contextmanager
def planned_workflow(folder: Path) -> Iterator[Workflow]:
    """Plan a run in this process, and leave the process as it was."""
    provenance.file_digest.cache_clear()
    provenance.code_digest.cache_clear()
    known_by.cache_clear()
    config = ConfigSettings(configfiles=[folder / "config" / "config.yaml"], replace_workflow_config=True)
    try:
        with (
            process_kept(),
            SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api,
            contextlib.redirect_stdout(io.StringIO()),
            patch.dict("snakemake.workflow.__dict__", parse=parse_once, compile=COMPILED),  # it takes the workflow up
        ):
            loaded = api.workflow(
                ResourceSettings(cores=1),
                config_settings=config,
                snakefile=ROOT / "workflow" / "Snakefile",
                workdir=folder,
            )
            loaded.dag().printrulegraph()
            yield loaded._workflow
    finally:
        forget_workflows()


def records(folder: Path) -> dict[Job, Record]:
    """Plan a run and give what the record of each job compares: params, and names of inputs."""
    with planned_workflow(folder) as flow:
        compared = flow.persistence
        return {
            (job.rule.name, tuple(map(str, job.output))): (
                frozenset(compared._params(job)),
                tuple(map(str, compared._input(job))),
            )
            for job in flow.dag.jobs
        }


def replanned(before: dict[Job, Record], after: dict[Job, Record]) -> set[str]:
    """List the rules with a job that is new or whose record differs."""
    return {rule for (rule, output), record in after.items() if before.get((rule, output)) != record}


def unrecorded_words(job: snakemake.jobs.Job) -> list[str]:
    """List the words of a job's command that may decide its result and stand in no record.

    Recorded are the text of the rule and params whose function takes wildcards alone. Places of inputs and outputs (and
    folders above them), the name of an option before its value, threads and resources decide nothing.
    """
    files = [str(file) for file in (*job.input, *job.output, *job.log)]
    places = {str(parent) for file in files for parent in (Path(file), *Path(file).parents)}
    params = list(job.params)
    recorded = {word for value in job.non_derived_params for word in words_of(value)}
    exempt = {word for value in params if isinstance(value, Unrecorded) for word in shlex.split(str(value))}
    shipped = {str(path) for value in params if isinstance(value, Program) for path in value.shipped}
    asked = {str(value) for value in (job.threads, *job.resources)} | set(job.wildcards)
    template = re.sub(r"\{[^{}]*\}", " ", job.rule.shellcmd).replace("'", " ").replace('"', " ").split()
    known = recorded | exempt | asked | places | set(template)
    known |= {place + end for place in places for end in template if end[0] in "/."}
    call = next((str(value) for value in params if isinstance(value, Program)), "")
    words = shlex.split(job.shellcmd.replace(call, ""))
    following = [*words[1:], "--"]
    return [
        word
        for word, after in zip(words, following, strict=True)
        if not (is_known(word, known, shipped, places) or (word.startswith("--") and not after.startswith("--")))
    ]


def is_known(word: str, known: set[str], shipped: set[str], places: set[str]) -> bool:
    """Return whether a word is known, a shipped file in the digest of the code, or a file behind its key."""
    key, _, path = word.partition("=")
    below = any(word == place or word.startswith(f"{place}/") for place in shipped)
    return word in known or below or (key in known and path in places) or bool(re.search(r'["$&|()]', word))


def words_of(value: object) -> set[str]:
    """List the words that a recorded value can be written as in a command."""
    if isinstance(value, Program):
        return words_of(value.decisive)
    if isinstance(value, dict):
        return (
            {str(key) for key in value}
            | {f"--{key}" for key in value}
            | {w for v in value.values() for w in words_of(v)}
        )
    if isinstance(value, (list, tuple)):
        return {word for part in value for word in words_of(part)}
    return {str(value), *shlex.split(str(value))} if isinstance(value, (str, int, float)) else set()
