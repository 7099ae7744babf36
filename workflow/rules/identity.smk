# Whose sample is it: needs samples of the config, alignments for genotypes; makes samples/<sample>/{genotypes.tsv,
# identity.json} and qc/{identity,identity_pairs}.tsv.
SNPS = RESOURCES / "identity" / "snps.tsv"


rule genotype_sample:
    input:
        alignment=alignment_files,
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
        program=program("genotype_sample", SNPS),
        files=options_of("alignment", "genome"),
        known_by=alignment_fingerprints,
        genome=genome_known_by,
    shell:
        "{params.program} {params.files} --record-failure"
        " --out {output.genotypes:q} --out-facts {output.facts:q} > {log:q} 2>&1"


rule compare_identities:
    input:
        samples=sample_sheet(),
        tpm=out("cohort/tpm.parquet"),
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
    priority: FIRST
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500, sample=2),
        runtime=needs("runtime", 10, sample=0.02),
    params:
        program=program("compare_identities", SNPS, files=["samples"]),
        tables=options_of("samples", "tpm"),
        folder=subpath(output.identity, ancestor=2),
        genotyped=genotyped_samples(),
        # Not the clinical table itself: a new data cut must not run the sample half again.
        sexes=[f"{patient}={sex}" for patient, sex in RUN.sexes.items()],
    shell:
        "{params.program} {params.tables} --samples-dir {params.folder:q}/samples --genotyped {params.genotyped}"
        " --sex {params.sexes}"
        " --out {output.identity:q} --out-pairs {output.pairs:q} > {log:q} 2>&1"
