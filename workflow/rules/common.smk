# Wiring: the checked run, where results go, how programs are called and by what they are known.
import functools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from snakemake import __version__ as snakemake_version
from snakemake_interface_executor_plugins.settings import ExecMode


def installation():
    """Return the folder that anpi lies in: this clone, or a checkout of the repository that a module comes from."""
    place = workflow.current_basedir.join("../..")
    if place.is_local:
        return Path(place.get_path_or_uri(secret_free=True)).resolve()
    repository = getattr(place, "repo_path", None) or place.hosted_repo.repo_clone
    git = ["git", "-C", str(repository)]
    commit = subprocess.run([*git, "rev-parse", f"{place.ref}^{{commit}}"], check=True, capture_output=True, text=True)
    folder = Path(workflow.sourcecache.cache_path) / "anpi" / commit.stdout.strip()
    if not folder.is_dir():
        part = folder.with_name(f".{folder.name}.{os.getpid()}")
        part.mkdir(parents=True)
        archive = subprocess.run([*git, "archive", commit.stdout.strip()], check=True, capture_output=True)
        subprocess.run(["tar", "-x", "-C", str(part)], check=True, input=archive.stdout)
        part.replace(folder)
    return folder


ROOT = installation()
if str(ROOT / "scripts") not in sys.path:
    sys.path.insert(0, str(ROOT / "scripts"))

from anpi.arithmetic import SAME
from anpi.files.bucket import kept_copy, kept_in
from anpi.files.checksums import reads_digest
from anpi.files.made_from import RECORDS
from anpi.files.sheet import file_of, split_sheet
from anpi.files.shipped import REGISTRY
from anpi.files.stored import is_stored, quant_file
from anpi.tables.allowed import ALLOWED_COLUMNS
from anpi.tables.config import check_writable, config_paths, counted_alone, is_url, shipped
from anpi.ledger.delivery import check_delivery
from anpi.ledger.kept import fetch_entries
from anpi.tables.schema import load_yaml
from anpi.tools import check_versions, tools_of
from anpi.wiring import programs
from anpi.wiring.checked import checked_run
from anpi.wiring.cluster import spare_starts_and_waits
from anpi.wiring.files import known_by
from anpi.wiring.outdated import outdate, watch_triggers
from anpi.wiring.programs import Unrecorded, option
from anpi.wiring.resources import CEILING, capped, cores_for_reads, genome_mb, index_mb
from anpi.wiring.told import in_words
from anpi.wiring.units import SampleUnits, units_by_sample
from anpi.words.urls import public_urls

CONFIG_FILE = str(workflow.configfiles[-1]) if workflow.configfiles else "config/config.yaml"
# A job of its own process plans again what was checked before it was handed out; its program checks what it reads.
IS_JOB = workflow.exec_mode != ExecMode.DEFAULT
in_words(load_yaml, CONFIG_FILE)  # refuses a key given twice, of which Snakemake keeps the last
in_words(check_writable, os.getcwd())
RUN = in_words(checked_run, config, CONFIG_FILE, IS_JOB)
for note in () if IS_JOB else RUN.notes:
    print(note, file=sys.stderr)
SETTINGS = RUN.config
os.environ.update(SAME)  # of all jobs, wherever they run
# Programs refuse all other columns that identify a person.
os.environ[ALLOWED_COLUMNS] = ",".join(SETTINGS["allow_columns"])
if SETTINGS["private"]:
    os.umask(0o027)
    for folder in filter(os.path.isdir, (".snakemake", SETTINGS["results"])):
        os.chmod(folder, os.stat(folder).st_mode & ~0o027)
UNITS = RUN.units
UNITS_OF = units_by_sample(UNITS)
if not (UNITS is None or IS_JOB or workflow.deployment_settings.deployment_method):
    # Those that are here; others are in an environment or on another node.
    in_words(check_versions, tools_of(SETTINGS))
EXPRESSED = RUN.samples is not None
ALIGNER = SETTINGS["alignment"]["tool"]
COUNTED = UNITS is not None or (SETTINGS["expression"] or {}).get("unit") == "counts"

# Shipped files are Paths: Snakemake keeps no record of such params, so a moved installation reruns nothing. Their content
# stands in the digest of the program's code.
RESOURCES = ROOT / "resources"
GENES = RESOURCES / "genes"
MODEL = Path(SETTINGS["subtype_model"] or RESOURCES / "subtypes" / "sclc_anpi" / "2.0.0")
FOREST = RESOURCES / "subtypes" / "fatherree_forest" / "1.0.0"
RULES = shipped(SETTINGS["endpoints"], "endpoints.yaml")
PLAN = shipped(SETTINGS["plan"], "plan.yaml")
TEMPLATES = ROOT / "workflow" / "report"
# Priorities: the contrasts take longest, and wait for some steps; then come tests and exploration.
FIRST, SECOND = 2, 1


wildcard_constraints:
    sample="[A-Za-z0-9][A-Za-z0-9._-]*",


def program(name, *shipped, settings=(), files=()):
    """Call a program of scripts/, known by its code and the shipped files, settings and user files that it takes.

    ``settings`` are keys of the config (``"expression.unit"``), ``files`` beginnings of the keys that name files.
    """
    # Under conda, the environment's Python; else the one that runs Snakemake, whatever PATH says.
    python = "python" if workflow.deployment_settings.deployment_method else sys.executable
    values = {key: setting(key) for key in settings}
    return programs.Program(name, python, shipped, values, lambda: content_of(*files), out(RECORDS))


def setting(key):
    """Return the value of a dotted key of the config, None below a block that is not given."""
    value = SETTINGS
    for part in key.split("."):
        value = None if value is None else value[part]
    return value


def content_of(*keys):
    """Return what the user's files are known by that the config names by keys with these beginnings.

    Snakemake looks at a file only when it is newer than what was made of it: a copy that kept an old date, or a clock
    that went back, would hide a corrected table. Downloads are known by their checksum.
    """
    files = {key: path for key, path in USER_FILES.items() if keys and key.startswith(keys)}
    checksums = SETTINGS["reference"]["sha256"]
    return {key: checksums[key.split(".")[1]] if is_url(path) else known_by(path) for key, path in files.items()}


def options_of(*names):
    """Write the options of those inputs of a rule that it has, each called as the input is."""
    return lambda wildcards, input: programs.options_of(names, dict(input.items()))


def needs(resource, base, input_mb=0, sample=0):
    """Ask for a resource: a base, so much a MB of input, so much a sample of the run; more at each attempt, up to CEILING."""

    def ask(wildcards, input, attempt):
        size = input_mb * input.size_mb if input_mb else 0
        return capped(resource, base + size + sample * len(RUN.used), attempt)

    return ask


def out(path):
    """Return the path of a result below the results folder of the config."""
    return os.path.normpath(os.path.join(SETTINGS["results"], path))


# What outlives runs (the ledger, the history of plans) is kept in the bucket as well; jobs find it by the environment.
STORAGE = workflow.storage_settings
if STORAGE.default_storage_provider == "s3":
    of_plugin = workflow.storage_provider_settings.get("s3")
    os.environ.update(kept_in(STORAGE.default_storage_prefix, of_plugin and of_plugin.get_settings(None)))


if not IS_JOB:
    watch_triggers(workflow)
    in_files = str(workflow.workflow_settings.persistence_backend) == "file"
    for words in in_words(outdate, SETTINGS["results"], RUN.used, in_files):
        print(words, file=sys.stderr)
    in_words(fetch_entries, Path(out("ledger")), in_words(kept_copy, out("ledger")))
    in_words(check_delivery, SETTINGS, RULES, out("ledger"), CONFIG_FILE)


def kept(step, ending=".zip"):
    """Write the option by which a step keeps what it computed, in the folder of the run wherever results are stored."""
    return lambda wildcards: f"--kept {shlex.quote(out(f'ledger/kept/{step}{ending}'))}"


def logs(path):
    """Return the path of a log file, beside the results."""
    return out(f"logs/{path}.log")


def expressed(path):
    """Return the path of a result that needs expression, or nothing when the run has none."""
    return out(path) if EXPRESSED else []


def threshold_options():
    """Write the thresholds of the verdict as options of the programs that read them."""
    limits = SETTINGS["qc"].items()
    return " ".join(option("--threshold", [f"{fact}={limit['warn']},{limit['fail']}"]) for fact, limit in limits)


def say_failed():
    """Name the samples that failed at the end of a run, which goes on without them."""
    verdicts = Path(out("qc/verdicts.tsv"))
    lines = verdicts.read_text(encoding="utf-8").splitlines() if verdicts.is_file() else []
    failed = [line.split("\t")[0] for line in lines if line.split("\t")[1] == "fail"]
    if failed:
        print(f"Failed, and in no test: {', '.join(failed)}; the reasons stand in {verdicts}", file=sys.stderr)
