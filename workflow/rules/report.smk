# The report, the ledger and the manifest: needs everything above; makes report/, ledger/, manifest.json and the RO-Crate.

import re

from anpi.report.inputs import expected_files


def user_inputs():
    """Return the user's files as inputs, by the key of the config that names them."""
    is_reference = {key for key in USER_FILES if key.startswith("reference.")}
    return {
        key: reference_file(key.split(".")[1])[0] if key in is_reference else given(file_of(path))
        for key, path in USER_FILES.items()
    }


def keyed_files(wildcards, input):
    """Write the files of the user as arguments, each behind its key, where the job finds them."""
    return named_files(USER_FILES, input.files)


def named_files(keys, files):
    """Write files of the user as arguments, each behind its key; of a sheet its name too."""
    sheets = [USER_FILES[key].removeprefix(file_of(USER_FILES[key])) for key in keys]
    return " ".join(shlex.quote(f"{key}={file}{sheet}") for key, file, sheet in zip(keys, files, sheets))


def report_tables(wildcards):
    """List what the report reads of this run."""
    return [
        out(file) for file in expected_files(EXPRESSED, bool(clinical("adverse_events")), bool(genotyped_samples()))
    ]


@functools.cache
def files_of_sample(sample):
    """List the tables and facts that the run makes of a sample, below the sample's folder."""
    if UNITS is None:
        return ()
    parts = [
        name for name in ("reads", "fastp", "alignment", "gene_counts", "counting") if name in salmon_result(sample)
    ]
    names = [os.path.basename(salmon_result(sample)[name]) for name in parts]
    names += ["genes.parquet", "qc.json", "accounts.tsv"]
    if alignments_of(sample):
        names += ["genotypes.tsv", "identity.json", *(["gene_counts.summary"] if ALIGNER else [])]
    return tuple(dict.fromkeys(names))


def made_of_samples():
    """Write as JSON which samples have which files in this run; others in their folders are of earlier runs."""
    groups = {}
    for sample in RUN.used:
        groups.setdefault(" ".join(sorted(files_of_sample(sample))), []).append(sample)
    return json.dumps(groups, sort_keys=True)


def sample_results():
    """List the tables and facts that the run makes of single samples."""
    return [out(f"samples/{sample}/{name}") for sample in RUN.used for name in files_of_sample(sample)]


def measured_samples():
    """List what of single samples the state of a run has digests of."""
    return [file for file in sample_results() if os.path.basename(file) in ("genes.parquet", "reads.json")]


def run_results(wildcards):
    """List what the manifest holds checksums of: all of it is made before, and fetched when it is stored elsewhere."""
    files = ["clinical/adtte.csv", "clinical/adrs.csv", "ledger/current.json", "ledger/changes.json"]
    files += [f"report/{file}" for file in ("index.html", "details.html", "genes.js", "strips.css", "tables.xlsx")]
    if EXPRESSED:
        files += [f"cohort/{file}" for file in ("counts.tsv.gz", "tpm.tsv.gz", "counts.parquet", "cohort.h5ad")]
        files += ["qc/facts.tsv", "qc/identity.tsv", "qc/identity_pairs.tsv", "immune/by_subtype.tsv"]
        files += ["change/differential.tsv", "change/enrichment.tsv"]
        files += [f"exploration/{table}.tsv" for table in EXPLORATION]
    if UNITS is not None:
        files += [f"reference/{file}" for file in ("genes.tsv.gz", "transcripts.tsv.gz", "reference.json")]
    files += ["reference/gene_model.npz"] if genotyped_samples() and reference_file("gtf") else []
    files += ["cohort/alignment_counts.tsv.gz"] if COUNTED_BY_ALIGNMENT else []
    # Folders are known by their time alone; they are made with the page, whose content tells.
    folders = [ancient(out(f"report/{folder}")) for folder in ("patients", "figures")]
    return [*report_tables(wildcards), *sample_results(), *map(out, files), *folders]


def steps():
    """Describe each step of the run as JSON: what it makes below the results, and all that decides it."""
    (last,) = [step for step in workflow.rules if step.name.endswith("write_manifest")]
    root, before = os.path.dirname(last.output[0]), last.name.removesuffix("write_manifest")
    made = {os.path.relpath(str(path), SETTINGS["results"]) for path in run_results(None)}
    of_samples = {f"samples/{{sample}}/{name}" for sample in RUN.used for name in files_of_sample(sample)}
    described = {}
    for step in workflow.rules:
        paths = [os.path.relpath(path, root) for path in map(str, step.output)]
        # Others are of another kind of run, whose results may stand there since, or made from the manifest.
        # A wildcard stands there with its constraint.
        of_run = not (made | of_samples).isdisjoint(re.sub(r"\{[^}]+\}", "{sample}", path) for path in paths)
        if of_run and step.name.startswith(before) and not any(path.startswith("..") for path in paths):
            call = getattr(step.params, "program", None)
            decisive = call.decisive if isinstance(call, programs.Program) else {"code": None}
            described[step.name.removeprefix(before)] = {**decisive, "makes": paths}
    return json.dumps(described, sort_keys=True)


rule describe_run:
    input:
        clinical=[out(f"clinical/{table}.tsv") for table in ("endpoints", "rates")],
        analysis=[out(f"analysis/{table}.tsv") for table in ("sets", "attrition")],
        association=[out(f"association/{table}.tsv") for table in ("results", "survival")],
        verdicts=expressed("qc/verdicts.tsv"),
        calls=expressed("subtypes/calls.tsv"),
        scores=expressed("immune/scores.tsv"),
        made=measured_samples(),
        reference=out("reference/reference.json") if UNITS is not None else [],
        files=list(user_inputs().values()),
    output:
        state=out("ledger/current.json"),
        changes=out("ledger/changes.json"),
    log:
        logs("describe_run"),
    benchmark:
        out("benchmarks/describe_run.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1000, sample=1),
        runtime=needs("runtime", 10, sample=0.02),
    params:
        program=program("describe_run", PLAN, RULES, settings=["title", "qc", "seed", "fragment_length"], files=[""]),
        plan=PLAN,
        rules=RULES,
        settings=json.dumps(public_urls(SETTINGS), sort_keys=True),
        files=keyed_files,
        made=made_of_samples(),
        results=subpath(output.state, ancestor=2),
        # The memory of runs is in the folder of the run, wherever results are stored; in a bucket the programs keep it too.
        ledger=lambda wildcards: out("ledger"),
    shell:
        "{params.program} --settings {params.settings:q} --inputs {params.files}"
        " --plan {params.plan:q} --rules {params.rules:q} --samples {params.made:q}"
        " --results {params.results:q} --ledger {params.ledger:q} --out-state {output.state:q} --out-changes {output.changes:q} > {log:q} 2>&1"


rule write_report:
    input:
        patients=clinical("patients"),
        samples=sample_sheet(),
        adverse_events=clinical("adverse_events"),
        therapies=clinical("therapies"),
        own_targets=[given(path) for path in [SETTINGS["targets"]["own"]] if path],
        tables=report_tables,
        changes=out("ledger/changes.json"),
        own_plan=own("plan", PLAN),
        own_rules=own("endpoints", RULES),
    output:
        page=report(
            out("report/index.html"),
            caption="../report/page.rst",
            category="Report",
            labels={"page": "to decide by"},
        ),
        details=report(
            out("report/details.html"),
            caption="../report/page.rst",
            category="Report",
            labels={"page": "details, methods, all tables"},
        ),
        genes=out("report/genes.js"),
        strips=out("report/strips.css"),
        patients=directory(out("report/patients")),
        figures=report(
            directory(out("report/figures")),
            patterns=["{name}.svg"],
            caption="../report/figures.rst",
            category="Figures",
            labels={"figure": "{name}"},
        ),
        workbook=out("report/tables.xlsx"),
    log:
        logs("write_report"),
    benchmark:
        out("benchmarks/write_report.tsv")
    conda:
        "../../envs/anpi.yaml"
    threads: 2
    resources:
        mem_mb=needs("mem_mb", 3000, sample=4),
        runtime=needs("runtime", 60, sample=0.2),
    params:
        program=program(
            "write_report",
            *(TEMPLATES, PLAN, RULES, REGISTRY, GENES, RESOURCES / "targets"),
            settings=["title", "qc", "carry_columns"],
            files=["clinical.", "samples", "targets.own"],
        ),
        plan=PLAN,
        rules=RULES,
        results=subpath(output.page, ancestor=2),
        folder=subpath(output.page, parent=True),
        # The memory of runs stays in the folder of the run, wherever results are stored.
        memory=lambda wildcards: out("ledger/pages"),
        thresholds=threshold_options(),
        alignments="" if genotyped_samples() else "--no-alignments",
        multiqc=option("--multiqc", ["../multiqc/multiqc.html"] if UNITS is not None else []),
        tables=options_of("samples", "adverse_events", "therapies", "own_targets"),
        carry=option("--carry", SETTINGS["carry_columns"]),
    shell:
        "{params.program} --results {params.results:q} --patients {input.patients:q} --plan {params.plan:q}"
        " --rules {params.rules:q} {params.tables} --title {params.program.settings[title]:q} {params.thresholds} {params.multiqc}"
        " {params.alignments}"
        " {params.carry} --memory {params.memory:q} --threads {threads} --out-dir {params.folder:q}"
        " > {log:q} 2>&1"


rule write_manifest:
    input:
        report=out("report/index.html"),
        made=run_results,
        files=list(user_inputs().values()),
    output:
        out("manifest.json"),
    log:
        logs("write_manifest"),
    benchmark:
        out("benchmarks/write_manifest.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500),
        runtime=needs("runtime", 60, input_mb=0.01),
    params:
        program=program("write_manifest", MODEL, REGISTRY, GENES, PLAN, RULES, files=[""]),
        model=MODEL,
        plan=PLAN,
        rules=RULES,
        registry=REGISTRY,
        gene_names=GENES,
        settings=json.dumps(public_urls(SETTINGS), sort_keys=True),
        files=keyed_files,
        steps=lambda wildcards: Unrecorded(steps()),
        snakemake=Unrecorded(snakemake_version),
        deployment=Unrecorded(" ".join(sorted(map(str, workflow.deployment_settings.deployment_method)))),
        made=made_of_samples(),
        results=subpath(output[0], parent=True),
    shell:
        "{params.program} --settings {params.settings:q} --inputs {params.files}"
        " --plan {params.plan:q} --rules {params.rules:q} --steps {params.steps:q} --snakemake {params.snakemake} --deployment {params.deployment}"
        " --resources {params.model:q} {params.registry:q} {params.gene_names:q} {params.plan:q} {params.rules:q}"
        " --samples {params.made:q} --results {params.results:q} --out {output:q}"
        " > {log:q} 2>&1"


rule record_run:
    input:
        state=out("ledger/current.json"),
        manifest=out("manifest.json"),
    output:
        out("ledger/recorded.json"),
    log:
        logs("record_run"),
    benchmark:
        out("benchmarks/record_run.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1000, sample=1),
        runtime=needs("runtime", 5),
    params:
        program=program("record_run"),
        ledger=lambda wildcards: out("ledger"),
    shell:
        "{params.program} --state {input.state:q} --ledger {params.ledger:q} --out {output:q} > {log:q} 2>&1"


rule write_crate:
    input:
        manifest=out("manifest.json"),
        recorded=out("ledger/recorded.json"),
        # The manifest holds the checksums of all results, and stands for them where they need not be fetched.
        made=run_results if STORAGE.default_storage_provider else [],
    output:
        crate=out("ro-crate-metadata.json"),
        workflow=directory(out("provenance")),
    log:
        logs("write_crate"),
    benchmark:
        out("benchmarks/write_crate.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1000, sample=1),
        runtime=needs("runtime", 5, sample=0.01),
    params:
        program=program("write_crate", ROOT / "workflow" / "Snakefile", ROOT / "workflow" / "rules"),
        results=subpath(output.crate, parent=True),
        ledger=lambda wildcards: out("ledger"),
    shell:
        "{params.program} --results {params.results:q} --manifest {input.manifest:q} --recorded {input.recorded:q}"
        " --ledger {params.ledger:q} --out {output.crate:q} --workflow {output.workflow:q} > {log:q} 2>&1"
