# Who is in the tumour and which pathways are active, of single samples: needs cohort/tpm.parquet; makes tables of immune/.


rule estimate_fractions:
    input:
        tpm=out("cohort/tpm.parquet"),
        tissues=out("subtypes/tissues.tsv"),
    output:
        report(
            out("immune/fractions.tsv"),
            caption="../report/fractions.rst",
            category="Signatures",
            labels={"table": "fractions"},
        ),
    log:
        logs("estimate_fractions"),
    benchmark:
        out("benchmarks/estimate_fractions.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=8),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=program("estimate_fractions", RESOURCES / "fractions", GENES),
        kept=kept("estimate_fractions"),
    shell:
        "{params.program} --expression {input.tpm:q} --unit tpm --tumour --tissues {input.tissues:q}"
        " {params.kept} --out {output:q} > {log:q} 2>&1"


rule score_pathways:
    input:
        tpm=out("cohort/tpm.parquet"),
    output:
        report(
            out("immune/pathways.tsv"),
            caption="../report/pathways.rst",
            category="Signatures",
            labels={"table": "pathways"},
        ),
    log:
        logs("score_pathways"),
    benchmark:
        out("benchmarks/score_pathways.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=8),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=program("score_pathways", RESOURCES / "pathways", GENES, RESOURCES / "expression"),
        kept=kept("score_pathways"),
    shell:
        "{params.program} --expression {input.tpm:q} --unit tpm {params.kept} --out {output:q} > {log:q} 2>&1"
