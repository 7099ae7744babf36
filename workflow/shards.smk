# Samples beyond one trial: a shard of them at a time is called and scored, then the tables of all are laid one behind the
# other. Needs of each sample what summarise_sample leaves; docs/design_100000.md shows how it is run.
import os
import sys
from pathlib import Path

from snakemake_interface_executor_plugins.settings import ExecMode

ROOT = Path(workflow.basedir).parent
sys.path.insert(0, str(ROOT / "scripts"))

from anpi.arithmetic import SAME
from anpi.wiring.cluster import spare_starts_and_waits
from anpi.wiring.files import known_by
from anpi.wiring.outdated import date_unrecorded, watch_triggers
from anpi.wiring.programs import Program, Unrecorded, option
from anpi.wiring.resources import capped
from anpi.wiring.shards import checked_shards, made_of
from anpi.wiring.told import in_words

IS_JOB = workflow.exec_mode != ExecMode.DEFAULT
RUN = in_words(checked_shards, config, IS_JOB)
SETTINGS = RUN.settings
SHIPPED = [
    ROOT / "resources" / name for name in ("genes", "subtypes", "signatures", "expression", "fractions", "pathways")
]
TABLES = ("calls", "tissues", "scores", "fractions", "pathways", "facts", "digests")
os.environ.update(SAME)  # the same arithmetic in all jobs
if not IS_JOB:
    watch_triggers(workflow)
if not IS_JOB and str(workflow.workflow_settings.persistence_backend) == "file":
    tables = [f"{shard}/{table}.tsv" for shard in RUN.samples for table in TABLES]
    in_words(date_unrecorded, Path(SETTINGS["results"]), tables)


def out(path):
    """Return the path of a result."""
    return os.path.join(SETTINGS["results"], path)


def program(name, *shipped):
    """Call a program of scripts/, known by its code and the files of the installation that it reads."""
    python = "python" if workflow.deployment_settings.deployment_method else sys.executable
    return Program(name, python, shipped)


def needs(resource, base, sample):
    """Ask for a resource: a base, and so much for each sample of a shard; more at each attempt."""
    return lambda wildcards, attempt: capped(resource, base + sample * SETTINGS["shard_size"], attempt)


SCORED = program("score_shard", *SHIPPED)


onstart:
    spare_starts_and_waits(workflow)


rule lay_shards:
    default_target: True
    input:
        tables=expand(out("{shard}/{table}.tsv"), shard=RUN.samples, table=TABLES),
        samples=ancient(expand(out("{shard}/samples.tsv"), shard=RUN.samples)),
    output:
        expand(out("{table}.tsv"), table=[*TABLES, "accounts"]),
    log:
        out("logs/lay_shards.log"),
    benchmark:
        out("benchmarks/lay_shards.tsv")
    conda:
        "../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1000, sample=0),
        runtime=needs("runtime", 60, sample=0),
    params:
        program=program("lay_shards"),
        # What the tables of shards hold, whatever their times.
        scored=SCORED,
        made_of=[made_of(out(f"{shard}/samples.tsv")) for shard in RUN.samples],
        shards=[out(shard) for shard in RUN.samples],
        tables=TABLES,
        folder=subpath(output[0], parent=True),
    shell:
        "{params.program} --shards {params.shards:q} --tables {params.tables} --out {params.folder:q} > {log:q} 2>&1"


rule score_shard:
    input:
        # The files of samples stand in this list with what they are known by; as inputs each would be looked up.
        samples=ancient(out("{shard}/samples.tsv")),
        genes=SETTINGS["reference_genes"],
    output:
        expand(out("{{shard}}/{table}.tsv"), table=TABLES),
    log:
        out("logs/score_shard/{shard}.log"),
    benchmark:
        out("benchmarks/score_shard/{shard}.tsv")
    conda:
        "../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500, sample=4),
        runtime=needs("runtime", 20, sample=0.2),
    params:
        program=program("score_shard", *SHIPPED),
        made_of=lambda wildcards: made_of(out(f"{wildcards.shard}/samples.tsv")),
        genes=known_by(SETTINGS["reference_genes"]),
        samples_dir=Unrecorded(option("--samples-dir", [SETTINGS["samples_dir"]])),
        folder=subpath(output[0], parent=True),
    shell:
        "{params.program} {params.samples_dir} --reference-genes {input.genes:q} --listed {input.samples:q}"
        " --out {params.folder:q} > {log:q} 2>&1"
