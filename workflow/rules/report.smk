# The report, the ledger and the manifest: needs everything above; makes report/, ledger/, manifest.json and the RO-Crate.


rule describe_run:
    input:
        clinical=[out(f"clinical/{table}.tsv") for table in ("endpoints", "rates")],
        analysis=[out(f"analysis/{table}.tsv") for table in ("sets", "attrition")],
        association=[out(f"association/{table}.tsv") for table in ("results", "survival")],
        verdicts=expressed("qc/verdicts.tsv"),
        calls=expressed("subtypes/calls.tsv"),
        scores=expressed("immune/scores.tsv"),
        made=sample_results(),
        reference=out("reference/reference.json") if UNITS is not None else [],
        files=list(user_files().values()),
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
        program=Program("describe_run"),
        plan=PLAN,
        rules=RULES,
        code=code("describe_run", PLAN, RULES),
        own_files=content_of(""),
        settings=json.dumps(SETTINGS, sort_keys=True),
        files=keyed_files,
        samples=RUN.used,
        results=subpath(output.state, ancestor=2),
        # The memory of runs stays in the folder of the run, wherever results are stored.
        ledger=lambda wildcards: out("ledger"),
    message:
        "Comparing with the last run"
    shell:
        "{params.program} --settings {params.settings:q} --inputs {params.files}"
        " --plan {params.plan:q} --rules {params.rules:q} --samples {params.samples} --results {params.results:q}"
        " --ledger {params.ledger:q} --out-state {output.state:q} --out-changes {output.changes:q} > {log:q} 2>&1"


rule write_report:
    input:
        patients=clinical("patients"),
        samples=sample_sheet(),
        adverse_events=clinical("adverse_events"),
        therapies=clinical("therapies"),
        tables=report_tables,
        changes=out("ledger/changes.json"),
        own_plan=own("plan", PLAN),
        own_rules=own("endpoints", RULES),
    output:
        page=out("report/index.html"),
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
    resources:
        mem_mb=needs("mem_mb", 3000, sample=4),
        runtime=needs("runtime", 60, sample=0.2),
    params:
        program=Program("write_report"),
        plan=PLAN,
        rules=RULES,
        code=code("write_report", TEMPLATES, PLAN, RULES, REGISTRY),
        own_files=content_of("clinical.", "samples"),
        title=SETTINGS["title"],
        results=subpath(output.page, ancestor=2),
        folder=subpath(output.page, parent=True),
        thresholds=threshold_options(),
        multiqc=option("--multiqc", ["../multiqc/multiqc.html"] if UNITS is not None else []),
        tables=options_of("samples", "adverse_events", "therapies"),
        exploration="--exploration" if EXPRESSED else "",
    message:
        "Writing the report"
    shell:
        "{params.program} --results {params.results:q} --patients {input.patients:q} --plan {params.plan:q}"
        " --rules {params.rules:q} {params.tables} --title {params.title:q} {params.thresholds} {params.multiqc}"
        " {params.exploration}"
        " --out-dir {params.folder:q}"
        " > {log:q} 2>&1"


rule write_manifest:
    input:
        report=out("report/index.html"),
        made=run_results,
        files=list(user_files().values()),
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
        program=Program("write_manifest"),
        model=MODEL,
        plan=PLAN,
        rules=RULES,
        registry=REGISTRY,
        gene_names=GENES,
        code=code("write_manifest"),
        own_files=content_of(""),
        settings=json.dumps(SETTINGS, sort_keys=True),
        files=keyed_files,
        steps=lambda wildcards: Unrecorded(steps()),
        snakemake=Unrecorded(snakemake_version),
        deployment=Unrecorded(" ".join(sorted(map(str, workflow.deployment_settings.deployment_method)))),
        samples=RUN.used,
        results=subpath(output[0], parent=True),
    message:
        "Writing the manifest"
    shell:
        "{params.program} --settings {params.settings:q} --inputs {params.files}"
        " --plan {params.plan:q} --rules {params.rules:q} --steps {params.steps:q} --snakemake {params.snakemake} --deployment {params.deployment}"
        " --resources {params.model:q} {params.registry:q} {params.gene_names:q} {params.plan:q} {params.rules:q}"
        " --samples {params.samples} --results {params.results:q} --out {output:q} > {log:q} 2>&1"


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
        program=Program("record_run"),
        code=code("record_run"),
        ledger=lambda wildcards: out("ledger"),
    message:
        "Adding the run to the ledger"
    shell:
        "{params.program} --state {input.state:q} --ledger {params.ledger:q} --out {output:q} > {log:q} 2>&1"


rule write_crate:
    input:
        manifest=out("manifest.json"),
        recorded=out("ledger/recorded.json"),
        made=run_results,
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
        program=Program("write_crate"),
        code=code("write_crate", ROOT / "workflow" / "Snakefile", ROOT / "workflow" / "rules"),
        results=subpath(output.crate, parent=True),
    message:
        "Packing the run as an RO-Crate"
    shell:
        "{params.program} --results {params.results:q} --manifest {input.manifest:q} --recorded {input.recorded:q}"
        " --out {output.crate:q} --workflow {output.workflow:q} > {log:q} 2>&1"
