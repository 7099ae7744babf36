# The reference: needs reference.* of the config; makes transcripts, genes and the salmon index.
REMOTE = {
    download_name(name): name for name in ("transcripts", "gtf", "genome") if is_url(SETTINGS["reference"][name] or "")
}


def url_variable(name):
    """Return the variable of the environment that holds the URL of a reference file.

    A presigned URL holds its key, and Snakemake shows the command of a job that failed.
    """
    return f"ANPI_URL_{name.upper()}"


os.environ.update({url_variable(name): SETTINGS["reference"][name] for name in REMOTE.values()})


def reference_fasta():
    """Return the FASTA of the reference, which stays when alignments to transcripts are quantified by it."""
    path = out("reference/transcripts.fa")
    return path if UNITS is not None and (UNITS["aligned_to"] == "transcriptome").any() else temp(path)


rule fetch_reference:
    output:
        out("reference/download/{file}"),
    log:
        logs("fetch_reference/{file}"),
    retries: 2
    # Where Snakemake runs: nodes of a cluster often see no network.
    localrule: True
    conda:
        "../../envs/anpi.yaml"
    params:
        # What is downloaded is known by its checksum, whatever fetched it.
        program=Unrecorded(str(program("fetch_reference"))),
        variable=lambda wildcards: url_variable(REMOTE[wildcards.file]),
        sha256=lambda wildcards: SETTINGS["reference"]["sha256"][REMOTE[wildcards.file]],
    shell:
        "{params.program} --url-variable {params.variable} --sha256 {params.sha256} --out {output:q}" " > {log:q} 2>&1"


rule build_reference:
    input:
        transcripts=reference_file("transcripts"),
        gtf=reference_file("gtf"),
        genome=reference_file("genome"),
    output:
        fasta=reference_fasta(),
        decoys=out("reference/decoys.txt"),
        transcripts=out("reference/transcripts.tsv.gz"),
        genes=out("reference/genes.tsv.gz"),
        landmarks=out("reference/landmarks.npy"),
        identity=out("reference/reference.json"),
    log:
        logs("build_reference"),
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 6000),
        runtime=needs("runtime", 30, input_mb=0.1),
    params:
        program=program("build_reference", files=["reference."]),
        sources=options_of("transcripts", "gtf", "genome"),
    shell:
        "{params.program}"
        " {params.sources}"
        " --out-fasta {output.fasta:q} --out-decoys {output.decoys:q}"
        " --out-transcripts {output.transcripts:q} --out-genes {output.genes:q}"
        " --out-landmarks {output.landmarks:q} --out-identity {output.identity:q} > {log:q} 2>&1"


rule index_transcripts:
    input:
        fasta=out("reference/transcripts.fa"),
        decoys=out("reference/decoys.txt"),
    output:
        directory(out("reference/salmon_index")),
    log:
        logs("index_transcripts"),
    cache: "omit-software"
    conda:
        "../../envs/salmon.yaml"
    threads: 4
    resources:
        mem_mb=needs("mem_mb", 4000, input_mb=6),
        runtime=needs("runtime", 30, input_mb=0.1),
    shell:
        # In a folder of its own, then moved: a job that outlives a killed run cannot mix into the next one's index.
        "rm -rf {output:q}.part.* && part=$(mktemp -d {output:q}.part.XXXXXX) && "
        'salmon index --transcripts {input.fasta:q} --index "$part" --threads {threads} --keepDuplicates'
        " $(test ! -s {input.decoys:q} || echo --decoys {input.decoys:q}) > {log:q} 2>&1"
        ' && chmod =rwx "$part" && rm -rf {output:q} && mv "$part" {output:q}'
