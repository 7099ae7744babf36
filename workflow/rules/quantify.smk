# Two jobs a sample: needs units of the config; makes samples/<sample>/{salmon,fastp.json,reads.json,genes.parquet,qc.json}.
from anpi.wiring.checked import genes_of_model


def alignment_references(wildcards):
    """Return what alignments of the user's need to be read or quantified."""
    units = units_of(wildcards.sample)
    if units.kinds != {"bam"}:
        return {}
    needed = {"transcripts": out("reference/transcripts.tsv.gz"), "genome": genome_of_cram(wildcards)}
    to_transcripts = units.aligned_to == "transcriptome"
    return needed | ({"transcripts_fasta": out("reference/transcripts.fa")} if to_transcripts else {})


def quantify_memory(wildcards, input, attempt):
    """Ask for the memory of fastp, which holds packs of reads, and of salmon, which holds the index."""
    return capped("mem_mb", 2000 + 2 * index_mb(input.index), attempt)


def quantify_threads(wildcards):
    """Ask for cores by the size of the reads."""
    return cores_for_reads(units_of(wildcards.sample).reads)


def own_quantification(wildcards):
    """Return what the salmon result of the user is known by: its table, and what lies beside it and tells of the reads."""
    quant = str(QUANTIFIED.get(wildcards.sample, ""))
    if not quant or is_stored(units_of(wildcards.sample).quant):
        return ""
    beside = [known_by(os.path.join(os.path.dirname(quant), file)) for file in BESIDE_QUANT]
    return [known_by(quant), *beside]


rule quantify_sample:
    input:
        unpack(alignment_references),
        # Reads and index are known by their content (params, reference.json), not by their time.
        reads=read_files,
        strangers=[given(path) for path in [SETTINGS["strangers"]["contigs"]] if path],
        index=ancient(out("reference/salmon_index")),
        landmarks=ancient(out("reference/landmarks.npy")),
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
    threads: quantify_threads
    resources:
        mem_mb=quantify_memory,
        runtime=needs("runtime", 20, input_mb=0.03),
    params:
        program=program("quantify_sample", settings=["fragment_length"], files=["strangers.contigs"]),
        known_by=decisive_units,
        genome=genome_known_by,
        units=unit_options,
        aligned_to=lambda wildcards: units_of(wildcards.sample).aligned_to,
        references=options_of("landmarks", "transcripts", "transcripts_fasta", "genome", "strangers"),
        strandedness=strandedness_of,
        folder=subpath(output.fastp, parent=True),
    shell:
        # A fault of the sample's own files becomes its result, so that the others go on and the report tells it.
        "{params.program} --sample {wildcards.sample} {params.units} --index {input.index:q} --record-failure"
        " --aligned-to {params.aligned_to} {params.references}"
        " --out-dir {params.folder:q} --strandedness {params.strandedness}"
        " --fragment-mean {params.program.settings[fragment_length][mean]} --fragment-sd {params.program.settings[fragment_length][sd]}"
        " --threads {threads} --scratch {resources.tmpdir:q} > {log:q} 2>&1"


rule summarise_sample:
    input:
        unpack(lambda wildcards: salmon_result(wildcards.sample)),
        transcripts=out("reference/transcripts.tsv.gz"),
    output:
        genes=out("samples/{sample}/genes.parquet"),
        qc=out("samples/{sample}/qc.json"),
        accounts=out("samples/{sample}/accounts.tsv"),
    log:
        logs("summarise_sample/{sample}"),
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 1500),
        runtime=needs("runtime", 15),
    params:
        program=program("summarise_sample"),
        model=MODEL,
        known_by=own_quantification,
        # Another version of the model with the same genes changes no fact of a sample.
        genes=in_words(genes_of_model, MODEL) if EXPRESSED else [],
        facts=options_of("quant", "reads", "fastp", "alignment", "gene_counts", "counting"),
        strandedness=strandedness_of,
    shell:
        "{params.program} --transcripts {input.transcripts:q}"
        " {params.facts} --model {params.model:q} --strandedness {params.strandedness}"
        " --sample {wildcards.sample} --out-accounts {output.accounts:q}"
        " --out-genes {output.genes:q} --out-qc {output.qc:q} > {log:q} 2>&1"
