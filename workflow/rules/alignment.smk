# Quality of alignments: needs units of kind bam or alignment.tool, and reference.gtf for most facts; makes
# reference/gene_model.npz and samples/<sample>/alignment.json.


rule build_gene_model:
    input:
        gtf=reference_file("gtf"),
    output:
        out("reference/gene_model.npz"),
    log:
        logs("build_gene_model"),
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 6000),
        runtime=needs("runtime", 15, input_mb=0.1),
    params:
        program=program("build_gene_model", files=["reference.gtf"]),
    shell:
        "{params.program} --gtf {input.gtf:q} --out {output:q} > {log:q} 2>&1"


rule measure_alignment:
    input:
        alignment=alignment_files,
        gene_model=out("reference/gene_model.npz") if reference_file("gtf") else [],
        genome=genome_of_cram,
    output:
        out("samples/{sample}/alignment.json"),
    log:
        logs("measure_alignment/{sample}"),
    benchmark:
        out("benchmarks/measure_alignment/{sample}.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500),
        runtime=needs("runtime", 20, input_mb=0.02),
    params:
        program=program("measure_alignment"),
        files=options_of("alignment", "gene_model", "genome"),
        known_by=alignment_fingerprints,
        genome=genome_known_by,
    shell:
        "{params.program} {params.files} --record-failure --out {output:q} > {log:q} 2>&1"
