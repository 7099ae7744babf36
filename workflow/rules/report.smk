# The report and the manifest: needs everything above; makes report/ and manifest.json.


EXPRESSION_TABLES = [
    out(path)
    for path in (
        "qc/verdicts.tsv",
        "subtypes/calls.tsv",
        "subtypes/programmes.tsv",
        "immune/scores.tsv",
        "expression/differential.tsv",
        "expression/enrichment.tsv",
        "expression/contrasts.tsv",
    )
]


def user_files():
    """List the tables, the matrix and the reference of the user, which the manifest holds checksums of."""
    settings = [SETTINGS[name] for name in ("samples", "units", "endpoints", "plan", "subtype_model")]
    matrix = [SETTINGS["expression"]["matrix"]] if SETTINGS["expression"] else []
    reference = [path for name in ("transcripts", "gtf", "genome") for path in reference_file(name)]
    files = [*settings, *matrix, *SETTINGS["clinical"].values(), *reference, *SETTINGS["signatures"]["gmt"]]
    return [path for path in files if path]


READS = UNITS is not None and not set(UNITS["kind"]) <= {"quant"}
MULTIQC_CONFIG = ROOT / "workflow" / "report" / "multiqc.yaml"


rule show_reads:
    input:
        fastp=[
            out(f"samples/{sample}/fastp.json")
            for sample in RUN.used
            if UNITS is not None and not is_quantified(sample)
        ],
        verdicts=out("qc/verdicts.tsv"),
    output:
        out("multiqc/multiqc.html"),
    log:
        logs("show_reads"),
    conda:
        "../../envs/multiqc.yaml"
    params:
        config=fingerprint(MULTIQC_CONFIG),
        samples=out("samples"),
        folder=subpath(output[0], parent=True),
    message:
        "Showing the reads with MultiQC"
    shell:
        # By a list: samples that were taken out since may still have a folder.
        "files=$(mktemp) && trap 'rm -f \"$files\"' EXIT &&"
        " (echo {input.verdicts:q}; tail -n +2 {input.verdicts:q} | cut -f1 | while read -r sample;"
        ' do find {params.samples:q}/"$sample" -maxdepth 1 -name fastp.json; done) > "$files" &&'
        " multiqc --no-ansi --force --config {MULTIQC_CONFIG:q} -m custom_content -m fastp --no-data-dir"
        ' --outdir {params.folder:q} --filename multiqc.html --file-list "$files" > {log:q} 2>&1'


rule write_report:
    input:
        patients=clinical("patients"),
        adverse_events=clinical("adverse_events"),
        adverse_event_table=out("clinical/adverse_events.tsv") if clinical("adverse_events") else [],
        endpoints=out("clinical/endpoints.tsv"),
        timepoints=out("clinical/timepoints.tsv"),
        queries=out("clinical/queries.tsv"),
        rates=out("clinical/rates.tsv"),
        sets=out("analysis/sets.tsv"),
        attrition=out("analysis/attrition.tsv"),
        results=out("association/results.tsv"),
        statements=out("association/statements.json"),
        samples=SETTINGS["samples"] or [],
        expression=EXPRESSION_TABLES if RUN.samples is not None else [],
        plan=PLAN if SETTINGS["plan"] else [],
        rules=RULES if SETTINGS["endpoints"] else [],
    output:
        page=out("report/index.html"),
        patients=directory(out("report/patients")),
        figures=directory(out("report/figures")),
        workbook=out("report/tables.xlsx"),
    log:
        logs("write_report"),
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
    params:
        code=code("write_report", ROOT / "workflow" / "report", PLAN, RULES),
        title=SETTINGS["title"],
        results=subpath(output.page, ancestor=2),
        folder=subpath(output.page, parent=True),
        thresholds=threshold_options(),
        multiqc=option("--multiqc", ["../multiqc/multiqc.html"] if READS else []),
        tables=lambda wildcards, input: " ".join(
            option(f"--{name.replace('_', '-')}", [input[name]])
            for name in ("samples", "adverse_events")
            if input[name]
        ),
    message:
        "Writing the report"
    shell:
        "{PYTHON} {SCRIPTS:q}/write_report.py --results {params.results:q} --patients {input.patients:q} --plan {PLAN:q}"
        " --rules {RULES:q} {params.tables} --title {params.title:q} {params.thresholds} {params.multiqc}"
        " --out-dir {params.folder:q}"
        " > {log:q} 2>&1"


rule write_manifest:
    input:
        report=out("report/index.html"),
        cohort=[out("cohort/cohort.h5ad"), out("exploration/notes.tsv")] if RUN.samples is not None else [],
        files=user_files(),
    output:
        out("manifest.json"),
    log:
        logs("write_manifest"),
    conda:
        "../../envs/anpi.yaml"
    params:
        code=code("write_manifest"),
        settings=json.dumps(SETTINGS, sort_keys=True),
        samples=RUN.used,
        results=subpath(output[0], parent=True),
    message:
        "Writing the manifest"
    shell:
        "{PYTHON} {SCRIPTS:q}/write_manifest.py --settings {params.settings:q} --inputs {input.files:q}"
        " --resources {MODEL:q} {REGISTRY:q} {RESOURCES:q}/genes {PLAN:q} {RULES:q}"
        " --samples {params.samples} --results {params.results:q} --out {output:q} > {log:q} 2>&1"
