# Wiring: the checked run, where results go, how programs are called and by which digest they are known.
import json
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir).parent
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from anpi.check import check_run, is_url, shipped
from anpi.provenance import code_digest, fingerprint
from anpi.tables.problems import InputError
from anpi.tables.schema import load_yaml
from anpi.tables.sheets import quant_file

CONFIG_FILE = str(workflow.configfiles[-1]) if workflow.configfiles else "config/config.yaml"
try:
    load_yaml(CONFIG_FILE)  # refuses a key given twice, of which Snakemake keeps the last
    RUN = check_run(config, CONFIG_FILE)
except InputError as error:
    raise WorkflowError(str(error))

SETTINGS = RUN.config
UNITS = RUN.units
# Under conda, the environment's Python; else the one that runs Snakemake, whatever PATH says.
PYTHON = "python" if workflow.deployment_settings.deployment_method else sys.executable
RESOURCES = ROOT / "resources"
REGISTRY = RESOURCES / "signatures" / "registry.tsv"
GENE_SETS = RESOURCES / "signatures" / "genes" / "hallmark.tsv"
MODEL = Path(SETTINGS["subtype_model"] or RESOURCES / "subtypes" / "sclc_anpi" / "1.0.0")
RULES = shipped(SETTINGS["endpoints"], "endpoints.yaml")
PLAN = shipped(SETTINGS["plan"], "plan.yaml")


wildcard_constraints:
    sample="[A-Za-z0-9][A-Za-z0-9._-]*",


def out(path):
    """Give the path of a result below the results folder of the config."""
    return os.path.normpath(os.path.join(SETTINGS["results"], path))


def logs(path):
    """Give the path of a log file, beside the results."""
    return out(f"logs/{path}.log")


def code(program, *resources):
    """Digest a program with the modules and shipped files behind it (see anpi.provenance)."""
    return code_digest(f"{program}.py", *resources)


def clinical(name):
    """Give a clinical table as a list of one path, or of none when the config has none."""
    path = SETTINGS["clinical"][name]
    return [path] if path else []


def option(flag, paths):
    """Write a command-line option with its paths, or nothing when there are none."""
    return " ".join([flag, *map(shlex.quote, map(str, paths))]) if paths else ""


def threshold_options():
    """Write the thresholds of the verdict as options of the programs that read them."""
    limits = SETTINGS["qc"].items()
    return " ".join(option("--threshold", [f"{fact}={limit['warn']},{limit['fail']}"]) for fact, limit in limits)
