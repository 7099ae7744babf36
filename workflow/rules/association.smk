# What the plan declares, and nothing else: needs plan of the config; makes association/ and expression/.


rule test_associations:
    input:
        endpoints=out("clinical/endpoints.tsv"),
        sets=out("analysis/sets.tsv"),
        patients=clinical("patients"),
        plan=PLAN if SETTINGS["plan"] else [],
        calls=out("subtypes/calls.tsv") if RUN.samples is not None else [],
        scores=out("immune/scores.tsv") if RUN.samples is not None else [],
        tpm=out("cohort/tpm.tsv.gz") if RUN.samples is not None else [],
        genes=out("cohort/genes.tsv") if RUN.samples is not None else [],
        samples=SETTINGS["samples"] or [],
        adverse_events=clinical("adverse_events"),
    output:
        results=report(
            out("association/results.tsv"),
            caption="../report/results.rst",
            category="Associations",
            labels={"table": "results"},
        ),
        survival=out("association/survival.tsv"),
        curves=out("association/curves.tsv"),
        response=out("association/response.tsv"),
        statements=out("association/statements.json"),
        sensitivity=out("association/sensitivity.tsv"),
        influence=out("association/influence.tsv"),
        representativeness=out("association/representativeness.tsv"),
    log:
        logs("test_associations"),
    conda:
        "../../envs/anpi.yaml"
    params:
        code=code("test_associations", PLAN, REGISTRY),
        expression=lambda wildcards, input: " ".join(
            option(f"--{name.replace('_', '-')}", [input[name]])
            for name in ("calls", "scores", "tpm", "genes", "samples", "adverse_events")
            if input[name]
        ),
        folder=subpath(output.results, parent=True),
    message:
        "Testing what the plan declares"
    shell:
        "{PYTHON} {SCRIPTS:q}/test_associations.py --plan {PLAN:q} --endpoints {input.endpoints:q} --sets {input.sets:q}"
        " --patients {input.patients:q} {params.expression} --out-dir {params.folder:q} > {log:q} 2>&1"


rule test_expression:
    input:
        counts=out("cohort/counts.tsv.gz"),
        genes=out("cohort/genes.tsv"),
        sets=out("analysis/sets.tsv"),
        endpoints=out("clinical/endpoints.tsv"),
        patients=clinical("patients"),
        samples=SETTINGS["samples"] or [],
        calls=out("subtypes/calls.tsv"),
        plan=PLAN if SETTINGS["plan"] else [],
    output:
        contrasts=out("expression/contrasts.tsv"),
        differential=report(
            out("expression/differential.tsv"),
            caption="../report/differential.rst",
            category="Expression",
            labels={"table": "genes"},
        ),
        enrichment=report(
            out("expression/enrichment.tsv"),
            caption="../report/enrichment.rst",
            category="Expression",
            labels={"table": "gene sets"},
        ),
    log:
        logs("test_expression"),
    conda:
        "../../envs/anpi.yaml"
    threads: 2
    resources:
        mem_mb=lambda wildcards, input, attempt: min(3000 + 40 * int(input.size_mb) * attempt, 64000),
    params:
        code=code("test_expression", PLAN, GENE_SETS),
        folder=subpath(output.differential, parent=True),
    message:
        "Comparing expression between responders and non-responders"
    shell:
        "{PYTHON} {SCRIPTS:q}/test_expression.py --counts {input.counts:q} --genes {input.genes:q} --sets {input.sets:q}"
        " --endpoints {input.endpoints:q} --patients {input.patients:q} --samples {input.samples:q}"
        " --calls {input.calls:q} --gene-sets {GENE_SETS:q} --plan {PLAN:q} --out-dir {params.folder:q} > {log:q} 2>&1"
