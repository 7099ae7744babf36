# What became of all that was given: makes accounts.tsv, and ends the run when an account does not close.


def sample_account_files(wildcards):
    """List the accounts of the samples that came as reads or salmon results."""
    return expand(out("samples/{sample}/accounts.tsv"), sample=[] if UNITS is None else RUN.used)


rule close_accounts:
    input:
        patients=clinical("patients"),
        assessments=clinical("assessments"),
        lesions=clinical("lesions"),
        therapies=clinical("therapies"),
        adverse_events=clinical("adverse_events"),
        biomarkers=clinical("biomarkers"),
        own_rules=own("endpoints", RULES),
        endpoints=out("clinical/endpoints.tsv"),
        timepoints=out("clinical/timepoints.tsv"),
        events=out("clinical/adverse_events.tsv") if clinical("adverse_events") else [],
        sets=out("analysis/sets.tsv"),
        samples=sample_sheet(),
        verdicts=expressed("qc/verdicts.tsv"),
        of_samples=sample_account_files,
    output:
        out("accounts.tsv"),
    log:
        logs("close_accounts"),
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500, sample=1),
        runtime=needs("runtime", 15, sample=0.05),
    params:
        program=program("close_accounts", RULES, files=["clinical.", "samples"]),
        rules=RULES,
        tables=options_of(
            *("assessments", "lesions", "therapies", "adverse_events", "biomarkers", "events", "samples", "verdicts")
        ),
        of_samples=options_of("of_samples"),
    shell:
        "{params.program} --patients {input.patients:q} {params.tables} --rules {params.rules:q}"
        " --endpoints {input.endpoints:q} --timepoints {input.timepoints:q} --sets {input.sets:q}"
        " {params.of_samples} --out {output:q} > {log:q} 2>&1"
