# Wiring: the checked run, where results go, how programs are called and by what they are known.
import functools
import json
import math
import os
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

from snakemake import __version__ as snakemake_version
from snakemake.exceptions import WorkflowError
from snakemake.io import is_flagged

ROOT = Path(workflow.basedir).parent
sys.path.insert(0, str(ROOT / "scripts"))

from anpi.arithmetic import SAME
from anpi.check import check_run, check_writable, is_url, shipped
from anpi.provenance import code_digest, file_digest, fingerprint
from anpi.subtypes.model import load_model, subtype_genes
from anpi.tables.identifiers import VARIABLE
from anpi.problems import InputError
from anpi.tables.schema import load_yaml
from anpi.tables.sheets import is_stored, quant_file

CONFIG_FILE = str(workflow.configfiles[-1]) if workflow.configfiles else "config/config.yaml"
try:
    load_yaml(CONFIG_FILE)  # refuses a key given twice, of which Snakemake keeps the last
    check_writable(os.getcwd())
    RUN = check_run(config, CONFIG_FILE)
except InputError as error:
    raise WorkflowError(str(error))

for note in RUN.notes if workflow.is_main_process else ():
    print(note, file=sys.stderr)
SETTINGS = RUN.config
os.environ.update(SAME)  # of all jobs, wherever they run
os.environ[VARIABLE] = ",".join(SETTINGS["allow_columns"])  # programs refuse all other columns that identify a person
if SETTINGS["private"]:
    os.umask(0o027)
    for folder in filter(os.path.isdir, (".snakemake", SETTINGS["results"])):
        os.chmod(folder, os.stat(folder).st_mode & ~0o027)
UNITS = RUN.units
UNITS_OF = {} if UNITS is None else dict(tuple(UNITS.groupby("sample_id")))
EXPRESSED = RUN.samples is not None
ALIGNER = SETTINGS["alignment"]["tool"]
COUNTED = UNITS is not None or (SETTINGS["expression"] or {}).get("unit") == "counts"

# Shipped files are Paths: Snakemake keeps no record of such params, so a moved installation reruns nothing. Their content
# stands in the digest of `code`.
RESOURCES = ROOT / "resources"
GENES = RESOURCES / "genes"
REGISTRY = RESOURCES / "signatures" / "registry.tsv"
GENE_SETS = RESOURCES / "signatures" / "genes" / "hallmark.tsv"
MODEL = Path(SETTINGS["subtype_model"] or RESOURCES / "subtypes" / "sclc_anpi" / "1.0.0")
RULES = shipped(SETTINGS["endpoints"], "endpoints.yaml")
PLAN = shipped(SETTINGS["plan"], "plan.yaml")
TEMPLATES = ROOT / "workflow" / "report"
SNPS = RESOURCES / "identity" / "snps.tsv"
ASSOCIATIONS = "results survival curves response sensitivity influence detectable representativeness".split()
EXPLORATION = "components variance umap markers nmf_ranks nmf_clusters nmf_names nmf_agreement notes".split()
# The most that one job asks for (MB, minutes), however large its input and however often it is tried again.
CEILING = {"mem_mb": 64_000, "runtime": 1_440}
BESIDE_QUANT = ("lib_format_counts.json", "aux_info/meta_info.json")
MOST_READ = 100_000_000  # bytes of a file of the user that planning reads whole


wildcard_constraints:
    sample="[A-Za-z0-9][A-Za-z0-9._-]*",


class Program(dict):
    """How a program of scripts/ is called; Snakemake records its name and not its place."""

    def __init__(self, name):
        super().__init__(program=name)
        # Under conda, the environment's Python; else the one that runs Snakemake, whatever PATH says.
        python = "python" if workflow.deployment_settings.deployment_method else sys.executable
        self.words = shlex.join([python, str(ROOT / "scripts" / f"{name}.py")])

    def __str__(self):
        return self.words


class Unrecorded:
    """Words of a command line that Snakemake keeps no record of, so that other ones rerun nothing."""

    def __init__(self, words):
        self.words = words

    def __str__(self):
        return self.words


def out(path):
    """Give the path of a result below the results folder of the config."""
    return os.path.normpath(os.path.join(SETTINGS["results"], path))


def logs(path):
    """Give the path of a log file, beside the results."""
    return out(f"logs/{path}.log")


def code(program, *resources):
    """Digest a program with the modules and shipped files behind it (see anpi.provenance)."""
    return code_digest(f"{program}.py", *resources)


def genes_of_model():
    """List the genes that the subtype model calls by: another version with the same genes changes no fact of a sample."""
    try:
        return [sorted(genes) for genes in subtype_genes(load_model(MODEL))] if EXPRESSED else []
    except InputError as error:
        raise WorkflowError(str(error))


def option(flag, paths):
    """Write a command-line option with its paths, or nothing when there are none."""
    return " ".join([flag, *map(shlex.quote, map(str, paths))]) if paths else ""


def options_of(*names):
    """Write the options of those inputs of a rule that it has, each called as the input is."""

    def write(wildcards, input):
        present = {name: input[name] for name in names if name in input.keys() and input[name]}
        return " ".join(
            option(f"--{name.replace('_', '-')}", [path] if isinstance(path, str) else path)
            for name, path in present.items()
        )

    return write


def given(path):
    """Give a file of the user as an input: an object of S3, or a local file wherever results go."""
    return storage(path) if is_stored(path) else local(path)


def known(path):
    """Give the user's reads or alignments as an input: an object is known by its time in the bucket, a file by content."""
    return given(path) if is_stored(path) else ancient(given(path))


def sample_sheet():
    """Give the sample sheet, or nothing when the run has none."""
    return given(SETTINGS["samples"]) if SETTINGS["samples"] else []


def clinical(name):
    """Give a clinical table as a list of one path, or of none when the config has none."""
    path = SETTINGS["clinical"][name]
    return [given(path)] if path else []


def expressed(path):
    """Give the path of a result that needs expression, or nothing when the run has none."""
    return out(path) if EXPRESSED else []


def own(key, path):
    """Give a file of the user as an input; a shipped one is none, its content is part of the code."""
    return given(str(path)) if SETTINGS[key] else []


def threshold_options():
    """Write the thresholds of the verdict as options of the programs that read them."""
    limits = SETTINGS["qc"].items()
    return " ".join(option("--threshold", [f"{fact}={limit['warn']},{limit['fail']}"]) for fact, limit in limits)


def reference_file(name):
    """Give a reference file as an input: the user's own, or where a download goes."""
    value = SETTINGS["reference"][name]
    if not value:
        return []
    return [out(f"reference/download/{download_name(name)}") if is_url(value) else given(value)]


def download_name(name):
    """Name the file that a reference is downloaded to."""
    return "".join([name, *Path(SETTINGS["reference"][name]).suffixes[-2:]])


REMOTE = {
    download_name(name): name for name in ("transcripts", "gtf", "genome") if is_url(SETTINGS["reference"][name] or "")
}


def units_of(sample):
    """Give the units of a sample; an unknown sample has none."""
    return UNITS_OF.get(sample, UNITS.iloc[:0])


def reads_of(wildcards):
    """List the files of a sample that hold its reads: FASTQ, BAM or CRAM."""
    units = units_of(wildcards.sample)
    return [file for column in ("fastq_1", "fastq_2", "bam") for file in units[column] if file is not None]


def read_files(wildcards):
    """Give the files that hold the reads of a sample as inputs."""
    return [known(file) for file in reads_of(wildcards)]


def fingerprints(wildcards):
    """Give what the local files that hold the reads of a sample are known by."""
    return [fingerprint(file) for file in reads_of(wildcards) if not is_stored(file)]


def alignments_of(wildcards):
    """List the alignments to the genome (BAM or CRAM) of a sample; none when it has none."""
    units = units_of(wildcards.sample)
    if ALIGNER and set(units["kind"]) <= {"paired", "single"}:
        return [out(f"samples/{wildcards.sample}/aligned.bam")]
    return [] if aligned_to(units) == "transcriptome" else [file for file in units["bam"] if file is not None]


@functools.cache
def genotyped_samples():
    """List the samples with alignments to the genome, whose genotypes can be told."""
    used = [] if UNITS is None else RUN.used
    return [sample for sample in used if alignments_of(SimpleNamespace(sample=sample))]


def settled_alignments(wildcards):
    """Give the alignments of a sample; the user's are known by their content, not by their time."""
    own = set(units_of(wildcards.sample)["bam"])
    return [known(file) if file in own else file for file in alignments_of(wildcards)]


def alignment_fingerprints(wildcards):
    """Give what the user's alignments of a sample are known by."""
    own = set(units_of(wildcards.sample)["bam"])
    return [fingerprint(file) for file in alignments_of(wildcards) if file in own and not is_stored(file)]


def genome_of_cram(wildcards):
    """Give the genome when a sample has an alignment that cannot be read without."""
    return reference_file("genome") if any(file.endswith(".cram") for file in alignments_of(wildcards)) else []


def aligned_to(units):
    """Tell what the alignments of a sample's units are to: genome or transcriptome."""
    return next(iter(units["aligned_to"].dropna()), "genome")


def unit_options(wildcards, input):
    """Write the options that name the units of a sample, with the files where the job finds them."""
    place = dict(zip(reads_of(wildcards), input.reads))
    words = []
    for unit in units_of(wildcards.sample).to_dict("records"):
        files = [place[unit[column]] for column in ("fastq_1", "fastq_2", "bam") if unit[column] is not None]
        words.append(option("--unit" if unit["bam"] is None else "--alignment", [unit["unit_id"], *files]))
        words += [option("--umi", [unit["unit_id"], unit["umi"]])] if unit["umi"] is not None else []
    return " ".join(words)


def alignment_references(wildcards):
    """Give what alignments of the user's need to be read or quantified."""
    units = units_of(wildcards.sample)
    if set(units["kind"]) != {"bam"}:
        return {}
    needed = {"transcripts": out("reference/transcripts.tsv.gz"), "genome": genome_of_cram(wildcards)}
    to_transcripts = aligned_to(units) == "transcriptome"
    return needed | ({"transcripts_fasta": out("reference/transcripts.fa")} if to_transcripts else {})


def reference_fasta():
    """Give the FASTA of the reference, which stays when alignments to transcripts are quantified by it."""
    path = out("reference/transcripts.fa")
    return path if UNITS is not None and (UNITS["aligned_to"] == "transcriptome").any() else temp(path)


def strandedness_of(wildcards):
    """Give the declared strandedness of a sample; auto when none is."""
    return next(iter(set(units_of(wildcards.sample)["strandedness"].dropna()) - {"auto"}), "auto")


def is_quantified(sample):
    """Say whether a sample comes with a salmon result of the user's."""
    return set(units_of(sample)["kind"]) == {"quant"}


def salmon_result(wildcards):
    """Give the salmon result of a sample (the user's own or the quantify step's) and what goes with it."""
    if is_quantified(wildcards.sample):
        quant = units_of(wildcards.sample)["quant"].iloc[0]
        return {"quant": given(quant if is_stored(quant) else str(quant_file(quant)))}
    folder = out(f"samples/{wildcards.sample}")
    measured = {"alignment": f"{folder}/alignment.json"} if alignments_of(wildcards) else {}
    return {
        "quant": f"{folder}/salmon/quant.sf",
        "formats": f"{folder}/salmon/lib_format_counts.json",
        "reads": f"{folder}/reads.json",
        "fastp": f"{folder}/fastp.json",
        **measured,
        **({"gene_counts": f"{folder}/gene_counts.tsv"} if wildcards.sample in COUNTED_BY_ALIGNMENT else {}),
    }


COUNTED_BY_ALIGNMENT = genotyped_samples() if ALIGNER else []
QUANTIFIED = {
    sample: salmon_result(SimpleNamespace(sample=sample))["quant"]
    for sample in ([] if UNITS is None else RUN.used)
    if is_quantified(sample)
}


def own_quantification(wildcards):
    """Give what the salmon result of the user is known by: its table, and what lies beside it and tells of the reads."""
    quant = QUANTIFIED.get(wildcards.sample, "")
    if not quant or is_flagged(quant, "storage_object"):
        return known_by(quant)
    beside = [known_by(os.path.join(os.path.dirname(quant), file)) for file in BESIDE_QUANT]
    return " ".join(filter(None, [known_by(quant), *beside]))


def shown_files():
    """List what MultiQC shows of the samples that are quantified here."""
    here = [] if UNITS is None else [sample for sample in RUN.used if sample not in QUANTIFIED]
    files = expand(out("samples/{sample}/{file}"), sample=here, file=["fastp.json", "salmon/lib_format_counts.json"])
    files += expand(out("samples/{sample}/alignment.json"), sample=genotyped_samples())
    return files + expand(out("samples/{sample}/gene_counts.summary"), sample=COUNTED_BY_ALIGNMENT)


def quantified_options(wildcards, input):
    """Write the options that tell where the salmon results of the user's lie."""
    return " ".join(option("--quant", pair) for pair in zip(QUANTIFIED, input.quantified))


def capped(resource, amount, attempt):
    """Give an amount of a resource once more for each attempt, up to the ceiling."""
    return min(math.ceil(amount) * attempt, CEILING[resource])


def needs(resource, base, input_mb=0, sample=0):
    """Ask for a resource: a base, so much a MB of input, so much a sample of the run; more at each attempt, up to CEILING."""

    def ask(wildcards, input, attempt):
        size = input_mb * input.size_mb if input_mb else 0
        return capped(resource, base + size + sample * len(RUN.used), attempt)

    return ask


def quantify_memory(wildcards, input, attempt):
    """Ask for the memory of fastp, which holds packs of reads, and of salmon, which holds the index."""
    return capped("mem_mb", 2000 + 2 * index_mb(input.index), attempt)


def genome_memory(base, factor):
    """Ask for the memory of an aligner: a base, and so much a MB of the genome (a gzipped one counts four times)."""
    genome = reference_file("genome")
    here = genome and os.path.isfile(genome[0])
    size = os.path.getsize(genome[0]) / 2**20 * (4 if genome[0].endswith(".gz") else 1) if here else 3100
    return lambda wildcards, attempt: capped("mem_mb", base + factor * size, attempt)


def index_mb(index):
    """Give the size of the salmon index, or what that of a human transcriptome needs when it is not made yet."""
    files = [file for file in Path(index).glob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) // 2**20 if files else 1000


def expression_source(wildcards):
    """List what the cohort is assembled from: the samples' summaries, or the user's matrix."""
    if UNITS is None:
        return {"matrix": given(SETTINGS["expression"]["matrix"])}
    return {
        "summaries": expand(out("samples/{sample}/genes.parquet"), sample=RUN.used),
        "qc": expand(out("samples/{sample}/qc.json"), sample=RUN.used),
        "reference_genes": out("reference/genes.tsv.gz"),
    }


def expression_options(wildcards, input):
    """Write the options that tell where the cohort is assembled from."""
    if UNITS is None:
        return option("--matrix", [input.matrix]) + option(" --unit", [SETTINGS["expression"]["unit"]])
    folder = Path(input.qc[0]).parents[1]
    return option("--samples-dir", [folder]) + option(" --reference-genes", [input.reference_genes])


def report_tables(wildcards):
    """List the tables that the report needs, those of the expression only when the run has it."""
    tables = [f"clinical/{table}.tsv" for table in ("endpoints", "timepoints", "queries", "rates")]
    tables += ["analysis/sets.tsv", "analysis/attrition.tsv", "association/statements.json"]
    tables += [f"association/{table}.tsv" for table in ASSOCIATIONS]
    if clinical("adverse_events"):
        tables.append("clinical/adverse_events.tsv")
    if EXPRESSED:
        tables += ["qc/gene_body_coverage.tsv"] if genotyped_samples() else []
        tables += [
            "qc/verdicts.tsv",
            "subtypes/calls.tsv",
            "subtypes/programmes.tsv",
            "subtypes/tissues.tsv",
            "immune/scores.tsv",
        ]
        tables += [f"expression/{table}.tsv" for table in ("differential", "enrichment", "contrasts")]
        tables += [f"exploration/{table}.tsv" for table in EXPLORATION]
        tables += [f"immune/{table}.tsv" for table in ("by_subtype", "correlation", "methods")]
    return [out(table) for table in tables]


def sample_results():
    """List the tables and facts that the run makes of single samples."""
    made = []
    for sample in [] if UNITS is None else RUN.used:
        parts = salmon_result(SimpleNamespace(sample=sample))
        made += [parts[name] for name in ("reads", "fastp", "alignment", "gene_counts") if name in parts]
        made += [out(f"samples/{sample}/{file}") for file in ("genes.parquet", "qc.json")]
    genotypes = expand(
        out("samples/{sample}/{file}"), sample=genotyped_samples(), file=["genotypes.tsv", "identity.json"]
    )
    return made + genotypes + expand(out("samples/{sample}/gene_counts.summary"), sample=COUNTED_BY_ALIGNMENT)


def run_results(wildcards):
    """List what the manifest holds checksums of: all of it is made before, and fetched when it is stored elsewhere."""
    files = ["clinical/adtte.csv", "clinical/adrs.csv", "ledger/current.json", "ledger/changes.json"]
    files += ["report/index.html", "report/tables.xlsx"]
    if EXPRESSED:
        files += [f"cohort/{file}" for file in ("counts.tsv.gz", "tpm.tsv.gz", "genes.tsv", "cohort.h5ad")]
        files += ["qc/facts.tsv", "qc/identity.tsv", "qc/identity_pairs.tsv"]
    if UNITS is not None:
        files += [f"reference/{file}" for file in ("genes.tsv.gz", "transcripts.tsv.gz", "reference.json")]
    files += ["reference/gene_model.npz"] if genotyped_samples() and reference_file("gtf") else []
    files += ["cohort/alignment_counts.tsv.gz"] if COUNTED_BY_ALIGNMENT else []
    # Folders are known by their time alone; they are made with the page, whose content tells.
    folders = [ancient(out(f"report/{folder}")) for folder in ("patients", "figures")]
    return [*report_tables(wildcards), *sample_results(), *map(out, files), *folders]


def user_files():
    """Give the tables, the matrix, the reference and the models of the user by the key of the config that names them."""
    files = {name: [SETTINGS[name]] for name in ("samples", "units", "endpoints", "plan", "subtype_model")}
    files |= {f"clinical.{name}": [path] for name, path in SETTINGS["clinical"].items()}
    files |= {f"reference.{name}": reference_file(name) for name in ("transcripts", "gtf", "genome")}
    files |= {f"signatures.gmt.{number}": [path] for number, path in enumerate(SETTINGS["signatures"]["gmt"], start=1)}
    files["expression.matrix"] = [SETTINGS["expression"]["matrix"]] if SETTINGS["expression"] else []
    return {
        name: path if name.startswith("reference.") else given(path)
        for name, paths in sorted(files.items())
        for path in paths
        if path
    }


def content_of(*keys):
    """Give what the user's files are known by that the config names by keys with these beginnings.

    Snakemake looks at a file only when it is newer than what was made of it: a copy that kept an old date, or a clock
    that went back, would hide a corrected table. Downloads are known by their checksum.
    """
    downloads = {f"reference.{name}" for name in REMOTE.values()}
    files = {name: path for name, path in user_files().items() if name.startswith(keys) and name not in downloads}
    return " ".join(map(known_by, files.values()))


def known_by(path):
    """Give the digest of a file here, or the fingerprint of one too large to be read at each planning.

    An object of S3 is known by its time in the bucket, whether a copy of it lies here or not.
    """
    if is_flagged(path, "storage_object") or not os.path.isfile(path):
        return ""
    return fingerprint(path) if os.path.getsize(path) > MOST_READ else file_digest(Path(path))


def keyed_files(wildcards, input):
    """Write the files of the user as arguments, each behind its key, where the job finds them."""
    return " ".join(shlex.quote(f"{name}={path}") for name, path in zip(user_files(), input.files))


def steps():
    """Tell of each rule what it makes below the results, and the digest of the code behind it, as JSON."""
    told = {}
    root = os.path.dirname(workflow.get_rule("write_manifest").output[0])
    for step in workflow.rules:
        paths = [os.path.relpath(path, root) for path in map(str, step.output)]
        if paths:
            told[step.name] = {"code": getattr(step.params, "code", None), "makes": paths}
    return json.dumps(told, sort_keys=True)


def refuse_read_only(folder):
    """End a run in words when a folder that it writes into, or the one that it would be made in, is read-only."""
    try:
        check_writable(folder)
    except InputError as error:
        raise WorkflowError(str(error))


def say_failed():
    """Name the samples that failed at the end of a run, which goes on without them."""
    verdicts = Path(out("qc/verdicts.tsv"))
    if not verdicts.is_file():
        return
    rows = [line.split("\t")[:2] for line in verdicts.read_text(encoding="utf-8").splitlines()]
    failed = [sample for sample, verdict in rows if verdict == "fail"]
    if failed:
        print(f"Failed, and in no test: {', '.join(failed)}; the reasons stand in {verdicts}", file=sys.stderr)
