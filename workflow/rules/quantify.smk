# Two jobs a sample: needs units of the config; makes samples/<sample>/{salmon,fastp.json,reads.json,genes.parquet,qc.json}.


def units_of(sample):
    return UNITS[UNITS["sample_id"] == sample]


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
        return {"quant": units_of(wildcards.sample)["quant"].iloc[0]}
    folder = out(f"samples/{wildcards.sample}")
    return {"quant": f"{folder}/salmon", "reads": f"{folder}/reads.json", "fastp": f"{folder}/fastp.json"}


def index_mb(index):
    """Give the size of the salmon index, or what that of a human transcriptome needs when it is not made yet."""
    files = [file for file in Path(index).glob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) // 2**20 if files else 1000


rule quantify_sample:
    input:
        reads=reads_of,
        index=out("reference/salmon_index"),
    output:
        salmon=directory(out("samples/{sample}/salmon")),
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
