# Alignments as the only count: only where reference.gtf alone is given, and every unit is a bam to the genome; makes
# samples/<sample>/{gene_counts.tsv,gene_counts.summary,reads.json}.


ruleorder: count_sample > quantify_sample


rule count_sample:
    input:
        bam=alignment_files,
        gtf=reference_file("gtf"),
        alignment=out("samples/{sample}/alignment.json"),
    output:
        counts=out("samples/{sample}/gene_counts.tsv"),
        summary=out("samples/{sample}/gene_counts.summary"),
        reads=out("samples/{sample}/reads.json"),
    log:
        logs("count_sample/{sample}"),
    conda:
        "../../envs/align.yaml"
    threads: 2
    resources:
        mem_mb=needs("mem_mb", 4000),
        runtime=needs("runtime", 30, input_mb=0.02),
    params:
        program=program("count_alignments", files=["reference.gtf"]),
        known_by=alignment_fingerprints,
        tables=options_of("bam", "gtf", "alignment"),
        units=lambda wildcards: option("--unit-id", units_of(wildcards.sample).column("unit_id")),
        strandedness=strandedness_of,
        molecules=molecules_of,
    shell:
        "{params.program} --sample {wildcards.sample} {params.tables} {params.units}"
        " --strandedness {params.strandedness} {params.molecules} --threads {threads} --scratch {resources.tmpdir:q}"
        " --out {output.counts:q} --out-summary {output.summary:q} --out-reads {output.reads:q} > {log:q} 2>&1"
