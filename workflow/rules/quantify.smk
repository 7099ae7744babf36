# Two jobs a sample: needs units of the config; makes samples/<sample>/{salmon,fastp.json,reads.json,genes.parquet,qc.json}.


UNITS_OF = {} if UNITS is None else dict(tuple(UNITS.groupby("sample_id")))


def units_of(sample):
    """Give the units of a sample; an unknown sample has none."""
    return UNITS_OF.get(sample, UNITS.iloc[:0])


def reads_of(wildcards):
    """List the FASTQ files of a sample."""
    units = units_of(wildcards.sample)
    return [file for column in ("fastq_1", "fastq_2") for file in units[column] if file is not None]


def unit_options(wildcards):
    """Write the --unit options of a sample."""
    units = units_of(wildcards.sample)
    rows = zip(units["unit_id"], units["fastq_1"], units["fastq_2"])
    return " ".join(option("--unit", [part for part in row if part is not None]) for row in rows)


def strandedness_of(wildcards):
    """Give the declared strandedness of a sample; auto when none is."""
    return next(iter(set(units_of(wildcards.sample)["strandedness"].dropna()) - {"auto"}), "auto")


def is_quantified(sample):
    """Say whether a sample comes with a salmon result of the user's."""
    return set(units_of(sample)["kind"]) == {"quant"}


def salmon_result(wildcards):
    """Give the salmon result of a sample (the user's own or the quantify step's) and what goes with it."""
    if is_quantified(wildcards.sample):
        return {"quant": str(quant_file(units_of(wildcards.sample)["quant"].iloc[0]))}
    folder = out(f"samples/{wildcards.sample}")
    return {
        "quant": f"{folder}/salmon/quant.sf",
        "formats": f"{folder}/salmon/lib_format_counts.json",
        "reads": f"{folder}/reads.json",
        "fastp": f"{folder}/fastp.json",
    }


def index_mb(index):
    """Give the size of the salmon index, or what that of a human transcriptome needs when it is not made yet."""
    files = [file for file in Path(index).glob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) // 2**20 if files else 1000


rule quantify_sample:
    input:
        # Reads and index are known by their content (params, reference.json), not by their time.
        reads=lambda wildcards: [ancient(file) for file in reads_of(wildcards)],
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
        # fastp holds packs of reads, salmon the index
        mem_mb=lambda wildcards, input, attempt: min((2000 + 2 * index_mb(input.index)) * attempt, 64000),
    params:
        code=code("quantify_sample"),
        units=unit_options,
        reads=lambda wildcards: [fingerprint(file) for file in reads_of(wildcards)],
        strandedness=strandedness_of,
        length=SETTINGS["fragment_length"],
        folder=subpath(output.fastp, parent=True),
    message:
        "Quantifying sample {wildcards.sample}"
    shell:
        "{PYTHON} {SCRIPTS:q}/quantify_sample.py --sample {wildcards.sample} {params.units} --index {input.index:q}"
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
    params:
        code=code("summarise_sample"),
        reads=lambda wildcards, input: " ".join(
            option(f"--{name}", [input[name]]) for name in ("reads", "fastp") if name in input.keys()
        ),
        strandedness=strandedness_of,
    message:
        "Summing sample {wildcards.sample} to genes"
    shell:
        "{PYTHON} {SCRIPTS:q}/summarise_sample.py --quant {input.quant:q} --transcripts {input.transcripts:q}"
        " {params.reads} --strandedness {params.strandedness}"
        " --out-genes {output.genes:q} --out-qc {output.qc:q} > {log:q} 2>&1"
