# The samples in MultiQC: needs units of the config; makes multiqc/ and qc/gene_body_coverage.tsv.


def shown_files():
    """List what MultiQC shows of the samples that are quantified here."""
    here = [] if UNITS is None else [sample for sample in RUN.used if sample not in QUANTIFIED]
    of_reads = ["gene_counts.summary"] if COUNTED_ALONE else ["fastp.json", "salmon/lib_format_counts.json"]
    files = expand(out("samples/{sample}/{file}"), sample=here, file=of_reads)
    files += expand(out("samples/{sample}/alignment.json"), sample=genotyped_samples())
    return files + expand(out("samples/{sample}/gene_counts.summary"), sample=COUNTED_BY_ALIGNMENT)


def quantified_options(wildcards, input):
    """Write the options that tell where the salmon results of the user's lie."""
    return " ".join(option("--quant", pair) for pair in zip(QUANTIFIED, input.quantified))


rule tabulate_coverage:
    input:
        expand(out("samples/{sample}/alignment.json"), sample=genotyped_samples()),
    output:
        out("qc/gene_body_coverage.tsv"),
    log:
        logs("tabulate_coverage"),
    benchmark:
        out("benchmarks/tabulate_coverage.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 500),
        runtime=needs("runtime", 10),
    params:
        program=program("tabulate_coverage"),
        folder=lambda wildcards, input: str(Path(input[0]).parents[1]),
        samples=genotyped_samples(),
    shell:
        "{params.program} --samples-dir {params.folder:q} --samples {params.samples} --out {output:q} > {log:q} 2>&1"


rule show_samples:
    input:
        verdicts=out("qc/verdicts.tsv"),
        made=shown_files(),
        quantified=list(QUANTIFIED.values()),
    output:
        out("multiqc/multiqc.html"),
    log:
        logs("show_samples"),
    benchmark:
        out("benchmarks/show_samples.tsv")
    conda:
        "../../envs/multiqc.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=5),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=program("gather_multiqc", TEMPLATES / "multiqc.yaml"),
        multiqc_config=TEMPLATES / "multiqc.yaml",
        results=subpath(input.verdicts, ancestor=2),
        of_users=list(QUANTIFIED),
        quantified=quantified_options,
        made=lambda wildcards: made_of_samples(),
        folder=subpath(output[0], parent=True),
    shell:
        # In a folder of its own: files by their sample's name, and none of samples that were taken out since.
        "staged=$(mktemp -d -p {resources.tmpdir:q}) && trap 'rm -rf \"$staged\"' EXIT &&"
        " {params.program} --verdicts {input.verdicts:q} --samples-dir {params.results:q}/samples {params.quantified}"
        " --samples {params.made:q}"
        ' --out-dir "$staged" > {log:q} 2>&1 &&'
        " multiqc --no-ansi --force --config {params.multiqc_config:q}"
        " -m custom_content -m fastp -m salmon -m featurecounts --no-data-dir --outdir {params.folder:q}"
        ' --filename multiqc.html "$staged" >> {log:q} 2>&1'
