# Whose sample is it: needs samples of the config, alignments for genotypes; makes samples/<sample>/{genotypes.tsv,
# identity.json} and qc/{identity,identity_pairs}.tsv.


rule genotype_sample:
    input:
        alignment=settled_alignments,
        genome=genome_of_cram,
    output:
        genotypes=out("samples/{sample}/genotypes.tsv"),
        facts=out("samples/{sample}/identity.json"),
    log:
        logs("genotype_sample/{sample}"),
    benchmark:
        out("benchmarks/genotype_sample/{sample}.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1000),
        runtime=needs("runtime", 15, input_mb=0.01),
    params:
        program=Program("genotype_sample"),
        code=code("genotype_sample", SNPS),
        files=options_of("alignment", "genome"),
        content=alignment_fingerprints,
    message:
        "Genotyping sample {wildcards.sample} at the listed SNPs"
    shell:
        "{params.program} {params.files} --record-failure"
        " --out {output.genotypes:q} --out-facts {output.facts:q} > {log:q} 2>&1"


rule compare_identities:
    input:
        samples=sample_sheet(),
        tpm=out("cohort/tpm.tsv.gz"),
        genotypes=expand(out("samples/{sample}/genotypes.tsv"), sample=genotyped_samples()),
        facts=expand(out("samples/{sample}/identity.json"), sample=genotyped_samples()),
    output:
        identity=report(
            out("qc/identity.tsv"),
            caption="../report/identity.rst",
            category="Samples",
            labels={"table": "identity"},
        ),
        pairs=out("qc/identity_pairs.tsv"),
    log:
        logs("compare_identities"),
    benchmark:
        out("benchmarks/compare_identities.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500, sample=2),
        runtime=needs("runtime", 10, sample=0.02),
    params:
        program=Program("compare_identities"),
        code=code("compare_identities", SNPS),
        own_files=content_of("samples"),
        tables=options_of("samples", "tpm"),
        folder=subpath(output.identity, ancestor=2),
        genotyped=genotyped_samples(),
        # Not the clinical table itself: a new data cut must not run the sample half again.
        sexes=[f"{patient}={sex}" for patient, sex in RUN.sexes.items()],
    message:
        "Comparing the samples: sex, genotypes, contamination"
    shell:
        "{params.program} {params.tables} --samples-dir {params.folder:q}/samples --genotyped {params.genotyped}"
        " --sex {params.sexes}"
        " --out {output.identity:q} --out-pairs {output.pairs:q} > {log:q} 2>&1"
