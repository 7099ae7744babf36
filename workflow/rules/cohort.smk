# The samples side by side: needs samples of the config and units or expression; makes cohort/, qc/, subtypes/, immune/.


rule assemble_cohort:
    input:
        unpack(expression_source),
    output:
        counts=out("cohort/counts.tsv.gz"),
        tpm=out("cohort/tpm.tsv.gz"),
        genes=out("cohort/genes.tsv"),
        facts=out("qc/facts.tsv"),
    log:
        logs("assemble_cohort"),
    benchmark:
        out("benchmarks/assemble_cohort.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=6),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=Program("assemble_cohort"),
        code=code("assemble_cohort", GENES),
        own_files=content_of("expression.matrix"),
        source=expression_options,
        samples=RUN.used,
    message:
        "Assembling the cohort"
    shell:
        "{params.program} {params.source} --samples {params.samples}"
        " --out-counts {output.counts:q} --out-tpm {output.tpm:q} --out-genes {output.genes:q}"
        " --out-facts {output.facts:q} > {log:q} 2>&1"


rule judge_samples:
    input:
        facts=out("qc/facts.tsv"),
        identity=out("qc/identity.tsv"),
        samples=sample_sheet(),
    output:
        report(
            out("qc/verdicts.tsv"), caption="../report/verdicts.rst", category="Samples", labels={"table": "verdicts"}
        ),
    log:
        logs("judge_samples"),
    benchmark:
        out("benchmarks/judge_samples.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500, sample=1),
        runtime=needs("runtime", 15),
    params:
        program=Program("judge_samples"),
        code=code("judge_samples"),
        own_files=content_of("samples"),
        thresholds=threshold_options(),
        tables=options_of("samples", "identity"),
    message:
        "Judging the samples"
    shell:
        "{params.program} --facts {input.facts:q} {params.tables} {params.thresholds} --out {output:q}"
        " > {log:q} 2>&1"


rule call_subtypes:
    input:
        tpm=out("cohort/tpm.tsv.gz"),
        counts=out("cohort/counts.tsv.gz") if COUNTED else [],
        verdicts=out("qc/verdicts.tsv"),
    output:
        calls=report(
            out("subtypes/calls.tsv"), caption="../report/calls.rst", category="Subtypes", labels={"table": "calls"}
        ),
        programmes=out("subtypes/programmes.tsv"),
        tissues=out("subtypes/tissues.tsv"),
    log:
        logs("call_subtypes"),
    benchmark:
        out("benchmarks/call_subtypes.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=8),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=Program("call_subtypes"),
        model=MODEL,
        code=code("call_subtypes", MODEL, GENES),
        counts=options_of("counts"),
    message:
        "Calling subtypes"
    shell:
        "{params.program} --expression {input.tpm:q} --unit tpm --model {params.model:q}"
        " {params.counts} --verdicts {input.verdicts:q} --programmes {output.programmes:q}"
        " --tissues {output.tissues:q}"
        " --out {output.calls:q} > {log:q} 2>&1"


rule score_signatures:
    input:
        tpm=out("cohort/tpm.tsv.gz"),
        gmt=[given(path) for path in SETTINGS["signatures"]["gmt"]],
    output:
        report(
            out("immune/scores.tsv"), caption="../report/scores.rst", category="Signatures", labels={"table": "scores"}
        ),
    log:
        logs("score_signatures"),
    benchmark:
        out("benchmarks/score_signatures.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=8),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=Program("score_signatures"),
        code=code("score_signatures", RESOURCES / "signatures", GENES, RESOURCES / "expression"),
        own_files=content_of("signatures.gmt"),
        gmt=options_of("gmt"),
    message:
        "Scoring signatures"
    shell:
        "{params.program} --expression {input.tpm:q} --unit tpm {params.gmt} --out {output:q}" " > {log:q} 2>&1"


rule explore_cohort:
    input:
        tpm=out("cohort/tpm.tsv.gz"),
        calls=out("subtypes/calls.tsv"),
    output:
        [out(f"exploration/{table}.tsv") for table in EXPLORATION],
    log:
        logs("explore_cohort"),
    benchmark:
        out("benchmarks/explore_cohort.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 3000, sample=12),
        runtime=needs("runtime", 60, sample=0.2),
    params:
        program=Program("explore_cohort"),
        model=MODEL,
        code=code("explore_cohort", MODEL, GENES),
        seed=SETTINGS["seed"],
        folder=subpath(output[0], parent=True),
    message:
        "Exploring the cohort: consensus NMF, components, markers"
    shell:
        "{params.program} --expression {input.tpm:q} --unit tpm --calls {input.calls:q}"
        " --model {params.model:q} --seed {params.seed} --out {params.folder:q} > {log:q} 2>&1"


rule compare_signatures:
    input:
        scores=out("immune/scores.tsv"),
        calls=out("subtypes/calls.tsv"),
        tpm=out("cohort/tpm.tsv.gz"),
    output:
        by_subtype=out("immune/by_subtype.tsv"),
        correlation=out("immune/correlation.tsv"),
        methods=out("immune/methods.tsv"),
    log:
        logs("compare_signatures"),
    benchmark:
        out("benchmarks/compare_signatures.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=8),
        runtime=needs("runtime", 30, sample=0.1),
    params:
        program=Program("compare_signatures"),
        code=code("compare_signatures", RESOURCES / "signatures", GENES),
        folder=subpath(output.by_subtype, parent=True),
    message:
        "Comparing signatures over the cohort"
    shell:
        "{params.program} --scores {input.scores:q} --calls {input.calls:q} --expression {input.tpm:q}"
        " --out {params.folder:q} > {log:q} 2>&1"


rule write_cohort:
    input:
        tpm=out("cohort/tpm.tsv.gz"),
        counts=out("cohort/counts.tsv.gz"),
        genes=out("cohort/genes.tsv"),
        samples=sample_sheet(),
        verdicts=out("qc/verdicts.tsv"),
        calls=out("subtypes/calls.tsv"),
        scores=out("immune/scores.tsv"),
    output:
        out("cohort/cohort.h5ad"),
    log:
        logs("write_cohort"),
    benchmark:
        out("benchmarks/write_cohort.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=10),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=Program("write_cohort"),
        code=code("write_cohort"),
        own_files=content_of("samples"),
    message:
        "Writing the cohort as AnnData"
    shell:
        "{params.program} --tpm {input.tpm:q} --counts {input.counts:q} --genes {input.genes:q}"
        " --samples {input.samples:q} --verdicts {input.verdicts:q} --calls {input.calls:q}"
        " --scores {input.scores:q} --out {output:q} > {log:q} 2>&1"
