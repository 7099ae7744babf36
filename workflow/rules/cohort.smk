# The samples side by side: needs samples of the config and units or expression; makes cohort/, qc/, subtypes/, immune/, targets/.
EXPLORATION = "components variance umap markers nmf_ranks nmf_clusters nmf_names nmf_agreement notes".split()


def expression_source(wildcards):
    """List what the cohort is assembled from: the samples' summaries, or the user's matrix."""
    if not EXPRESSED:  # Snakemake then says in words that this is missing
        return {"matrix": given("samples and expression (or units) of the config, which has clinical tables alone")}
    if UNITS is None:
        return {"matrix": given(file_of(SETTINGS["expression"]["matrix"]))}
    return {
        "summaries": expand(out("samples/{sample}/genes.parquet"), sample=RUN.used),
        "qc": expand(out("samples/{sample}/qc.json"), sample=RUN.used),
        "reference_genes": out("reference/genes.tsv.gz"),
    }


def sheet_of_matrix(wildcards):
    """Return the sheet of a workbook that the user's matrix is, behind its sign; nothing of another one."""
    path = SETTINGS["expression"]["matrix"] if EXPRESSED and UNITS is None else ""
    return path.removeprefix(file_of(path))


def expression_options(wildcards, input):
    """Write the options that tell where the cohort is assembled from."""
    if UNITS is None:
        return option("--matrix", [f"{input.matrix}{sheet_of_matrix(wildcards)}"]) + option(
            " --unit", [setting("expression.unit")]
        )
    folder = Path(input.qc[0]).parents[1]
    return option("--samples-dir", [folder]) + option(" --reference-genes", [input.reference_genes])


rule assemble_cohort:
    input:
        unpack(expression_source),
    output:
        counts=[out(f"cohort/counts.{kind}") for kind in ("tsv.gz", "parquet")],
        tpm=[out(f"cohort/tpm.{kind}") for kind in ("tsv.gz", "parquet")],
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
        program=program("assemble_cohort", GENES, settings=["expression.unit"], files=["expression.matrix"]),
        source=expression_options,
        sheet=sheet_of_matrix,
        samples=RUN.used,
        kept=kept("assemble_cohort", ""),
    shell:
        "{params.program} {params.source} {params.kept} --samples {params.samples}"
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
    priority: FIRST
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500, sample=1),
        runtime=needs("runtime", 15),
    params:
        program=program("judge_samples", settings=["qc"], files=["samples"]),
        thresholds=threshold_options(),
        tables=options_of("samples", "identity"),
    shell:
        "{params.program} --facts {input.facts:q} {params.tables} {params.thresholds} --out {output:q}"
        " > {log:q} 2>&1"


rule call_subtypes:
    input:
        tpm=out("cohort/tpm.parquet"),
        counts=out("cohort/counts.parquet") if COUNTED else [],
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
    priority: FIRST
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=8),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=program("call_subtypes", MODEL, FOREST, GENES),
        model=MODEL,
        counts=options_of("counts"),
        kept=kept("call_subtypes"),
    shell:
        "{params.program} --expression {input.tpm:q} --unit tpm --model {params.model:q}"
        " {params.counts} --verdicts {input.verdicts:q} --programmes {output.programmes:q}"
        " --tissues {output.tissues:q} {params.kept}"
        " --out {output.calls:q} > {log:q} 2>&1"


rule score_signatures:
    input:
        tpm=out("cohort/tpm.parquet"),
        gmt=[given(path) for path in SETTINGS["signatures"]["gmt"]],
    output:
        report(
            out("immune/scores.tsv"), caption="../report/scores.rst", category="Signatures", labels={"table": "scores"}
        ),
    log:
        logs("score_signatures"),
    benchmark:
        out("benchmarks/score_signatures.tsv")
    priority: SECOND
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=8),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=program(
            "score_signatures", RESOURCES / "signatures", GENES, RESOURCES / "expression", files=["signatures.gmt"]
        ),
        gmt=options_of("gmt"),
        kept=kept("score_signatures"),
    shell:
        "{params.program} --expression {input.tpm:q} --unit tpm {params.gmt} {params.kept} --out {output:q}"
        " > {log:q} 2>&1"


rule score_targets:
    input:
        tpm=out("cohort/tpm.parquet"),
        counts=out("cohort/counts.parquet") if COUNTED else [],
        calls=out("subtypes/calls.tsv"),
        tissues=out("subtypes/tissues.tsv"),
        own=[given(path) for path in [SETTINGS["targets"]["own"]] if path],
    output:
        out("targets/targets.tsv"),
    log:
        logs("score_targets"),
    benchmark:
        out("benchmarks/score_targets.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=4),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=program("score_targets", RESOURCES / "targets", GENES, RESOURCES / "expression", files=["targets.own"]),
        tables=options_of("counts", "calls", "tissues", "own"),
        kept=kept("score_targets"),
    shell:
        "{params.program} --expression {input.tpm:q} --unit tpm {params.tables} {params.kept} --out {output:q}"
        " > {log:q} 2>&1"


rule explore_cohort:
    input:
        tpm=out("cohort/tpm.parquet"),
        calls=out("subtypes/calls.tsv"),
    output:
        [out(f"exploration/{table}.tsv") for table in EXPLORATION],
    log:
        logs("explore_cohort"),
    benchmark:
        out("benchmarks/explore_cohort.tsv")
    priority: SECOND
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 3000, sample=12),
        runtime=needs("runtime", 60, sample=0.2),
    params:
        program=program("explore_cohort", MODEL, GENES, settings=["seed"]),
        model=MODEL,
        folder=subpath(output[0], parent=True),
    shell:
        "{params.program} --expression {input.tpm:q} --unit tpm --calls {input.calls:q}"
        " --model {params.model:q} --seed {params.program.settings[seed]} --out {params.folder:q} > {log:q} 2>&1"


rule compare_signatures:
    input:
        scores=out("immune/scores.tsv"),
        calls=out("subtypes/calls.tsv"),
        tpm=out("cohort/tpm.parquet"),
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
        program=program("compare_signatures", RESOURCES / "signatures", GENES),
        folder=subpath(output.by_subtype, parent=True),
        kept=kept("compare_signatures"),
    shell:
        "{params.program} --scores {input.scores:q} --calls {input.calls:q} --expression {input.tpm:q} {params.kept}"
        " --out {params.folder:q} > {log:q} 2>&1"


rule write_cohort:
    input:
        tpm=out("cohort/tpm.parquet"),
        counts=out("cohort/counts.parquet"),
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
        program=program("write_cohort", settings=["carry_columns"], files=["samples"]),
        carry=option("--carry", SETTINGS["carry_columns"]),
    shell:
        "{params.program} --tpm {input.tpm:q} --counts {input.counts:q} --genes {input.genes:q}"
        " --samples {input.samples:q} --verdicts {input.verdicts:q} --calls {input.calls:q}"
        " --scores {input.scores:q} {params.carry} --out {output:q} > {log:q} 2>&1"
