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
    output:
        results=report(out("association/results.tsv"), category="Associations", labels={"table": "results"}),
        survival=out("association/survival.tsv"),
        curves=out("association/curves.tsv"),
        response=out("association/response.tsv"),
        statements=out("association/statements.json"),
        influence=out("association/influence.tsv"),
        representativeness=out("association/representativeness.tsv"),
    log:
        logs("test_associations"),
    conda:
        "../../envs/anpi.yaml"
    params:
        code=code("test_associations", PLAN, REGISTRY),
        expression=lambda wildcards, input: " ".join(
            option(f"--{name}", [input[name]]) for name in ("calls", "scores", "tpm", "genes") if input[name]
        ),
        folder=subpath(output.results, parent=True),
    message:
        "Testing what the plan declares"
    shell:
        "{PYTHON} {SCRIPTS:q}/test_associations.py --plan {PLAN:q} --endpoints {input.endpoints:q} --sets {input.sets:q}"
        " --patients {input.patients:q} {params.expression} --out-dir {params.folder:q} > {log:q} 2>&1"
