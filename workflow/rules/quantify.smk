# Two jobs a sample: needs units of the config; makes samples/<sample>/{salmon,fastp.json,reads.json,genes.parquet,qc.json}.


rule quantify_sample:
    input:
        unpack(alignment_references),
        # Reads and index are known by their content (params, reference.json), not by their time.
        reads=read_files,
        index=ancient(out("reference/salmon_index")),
        reference=out("reference/reference.json"),
    output:
        quant=out("samples/{sample}/salmon/quant.sf"),
        formats=out("samples/{sample}/salmon/lib_format_counts.json"),
        facts=out("samples/{sample}/salmon/aux_info/meta_info.json"),
        fastp=out("samples/{sample}/fastp.json"),
        reads=out("samples/{sample}/reads.json"),
    log:
        logs("quantify_sample/{sample}"),
    benchmark:
        out("benchmarks/quantify_sample/{sample}.tsv")
    conda:
        "../../envs/quantify.yaml"
    threads: 2
    resources:
        mem_mb=quantify_memory,
        runtime=needs("runtime", 20, input_mb=0.03),
    params:
        program=Program("quantify_sample"),
        code=code("quantify_sample"),
        units=unit_options,
        aligned_to=lambda wildcards: aligned_to(units_of(wildcards.sample)),
        references=options_of("transcripts", "transcripts_fasta", "genome"),
        reads=fingerprints,
        strandedness=strandedness_of,
        length=SETTINGS["fragment_length"],
        folder=subpath(output.fastp, parent=True),
    message:
        "Quantifying sample {wildcards.sample}"
    shell:
        # A fault of the sample's own files becomes its result, so that the others go on and the report tells it.
        "{params.program} --sample {wildcards.sample} {params.units} --index {input.index:q} --record-failure"
        " --aligned-to {params.aligned_to} {params.references}"
        " --out-dir {params.folder:q} --strandedness {params.strandedness}"
        " --fragment-mean {params.length[mean]} --fragment-sd {params.length[sd]}"
        " --threads {threads} --scratch {resources.tmpdir:q} > {log:q} 2>&1"


rule summarise_sample:
    input:
        unpack(salmon_result),
        transcripts=out("reference/transcripts.tsv.gz"),
    output:
        genes=out("samples/{sample}/genes.parquet"),
        qc=out("samples/{sample}/qc.json"),
    log:
        logs("summarise_sample/{sample}"),
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500),
        runtime=needs("runtime", 15),
    params:
        program=Program("summarise_sample"),
        model=MODEL,
        code=code("summarise_sample"),
        own_files=own_quantification,
        genes=genes_of_model(),
        facts=options_of("reads", "fastp", "alignment", "gene_counts"),
        strandedness=strandedness_of,
    message:
        "Summing sample {wildcards.sample} to genes"
    shell:
        "{params.program} --quant {input.quant:q} --transcripts {input.transcripts:q}"
        " {params.facts} --model {params.model:q} --strandedness {params.strandedness}"
        " --out-genes {output.genes:q} --out-qc {output.qc:q} > {log:q} 2>&1"
