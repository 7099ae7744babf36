# The clinical half: needs clinical.* of the config; makes clinical/ and analysis/.


def of_sheet(wildcards):
    """Return the sheet that a table of the user is, as the config names it."""
    return SETTINGS["samples"] if wildcards.table == "samples" else SETTINGS["clinical"][wildcards.table]


rule read_sheet:
    input:
        lambda wildcards: given(file_of(of_sheet(wildcards))),
    output:
        temp(out("inputs/{table}.csv")),
    log:
        logs("read_sheet/{table}"),
    benchmark:
        out("benchmarks/read_sheet/{table}.tsv")
    wildcard_constraints:
        table="[a-z_]+",
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1000, input_mb=50),
        runtime=needs("runtime", 5, input_mb=1),
    params:
        program=program("read_sheet", files=["clinical.", "samples"]),
        sheet=lambda wildcards: split_sheet(of_sheet(wildcards))[1],
    shell:
        "{params.program} --workbook {input:q} --sheet {params.sheet:q} --out {output:q} > {log:q} 2>&1"


rule derive_endpoints:
    input:
        patients=clinical("patients"),
        assessments=clinical("assessments"),
        lesions=clinical("lesions"),
        therapies=clinical("therapies"),
        adverse_events=clinical("adverse_events"),
        biomarkers=clinical("biomarkers"),
        own_rules=own("endpoints", RULES),
    output:
        endpoints=report(
            out("clinical/endpoints.tsv"),
            caption="../report/endpoints.rst",
            category="Clinical",
            labels={"table": "endpoints"},
        ),
        timepoints=out("clinical/timepoints.tsv"),
        queries=report(
            out("clinical/queries.tsv"),
            caption="../report/queries.rst",
            category="Clinical",
            labels={"table": "queries"},
        ),
        concordance=out("clinical/concordance.tsv"),
        estimands=out("clinical/estimands.tsv"),
        rates=out("clinical/rates.tsv"),
        adtte=out("clinical/adtte.csv"),
        adrs=out("clinical/adrs.csv"),
    log:
        logs("derive_endpoints"),
    benchmark:
        out("benchmarks/derive_endpoints.tsv")
    priority: FIRST
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500, sample=1),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=program("derive_endpoints", RULES, files=["clinical."]),
        rules=RULES,
        tables=options_of("assessments", "lesions", "therapies", "adverse_events", "biomarkers"),
        folder=subpath(output.endpoints, parent=True),
    shell:
        "{params.program} --patients {input.patients:q} {params.tables} --rules {params.rules:q}"
        " --out-dir {params.folder:q} > {log:q} 2>&1"


rule tabulate_adverse_events:
    input:
        patients=clinical("patients"),
        adverse_events=clinical("adverse_events"),
        own_rules=own("endpoints", RULES),
    output:
        events=report(
            out("clinical/adverse_events.tsv"),
            caption="../report/adverse_events.rst",
            category="Clinical",
            labels={"table": "adverse events"},
        ),
        exposure=out("clinical/exposure.tsv"),
        shifts=out("clinical/shifts.tsv"),
    log:
        logs("tabulate_adverse_events"),
    benchmark:
        out("benchmarks/tabulate_adverse_events.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500, sample=1),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=program("tabulate_adverse_events", RULES, files=["clinical.patients", "clinical.adverse_events"]),
        rules=RULES,
    shell:
        "{params.program} --patients {input.patients:q}"
        " --adverse-events {input.adverse_events:q} --rules {params.rules:q} --out {output.events:q}"
        " --exposure-out {output.exposure:q} --shifts-out {output.shifts:q} > {log:q} 2>&1"


rule build_sets:
    input:
        patients=clinical("patients"),
        endpoints=out("clinical/endpoints.tsv"),
        samples=sample_sheet(),
        verdicts=expressed("qc/verdicts.tsv"),
        calls=expressed("subtypes/calls.tsv"),
    output:
        sets=report(
            out("analysis/sets.tsv"),
            caption="../report/sets.rst",
            category="Patients",
            labels={"table": "analysis sets"},
        ),
        attrition=report(
            out("analysis/attrition.tsv"),
            caption="../report/attrition.rst",
            category="Patients",
            labels={"table": "attrition"},
        ),
    log:
        logs("build_sets"),
    benchmark:
        out("benchmarks/build_sets.tsv")
    priority: FIRST
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500, sample=1),
        runtime=needs("runtime", 15),
    params:
        program=program("build_sets", settings=["tumour"], files=["clinical.patients", "samples"]),
        expression=options_of("samples", "verdicts", "calls"),
    shell:
        "{params.program} --patients {input.patients:q} --endpoints {input.endpoints:q}"
        " --tumour {params.program.settings[tumour]} {params.expression} --out-sets {output.sets:q} --out-attrition {output.attrition:q} > {log:q} 2>&1"
