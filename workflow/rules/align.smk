# Alignment on demand: needs alignment.tool, reference.genome and reference.gtf of the config; makes
# samples/<sample>/{aligned.bam,gene_counts.tsv} and cohort/alignment_counts.tsv.gz.

from anpi.tools import ALIGNERS


def genome_memory(base, factor):
    """Ask for the memory of an aligner: a base, and so much a MB of the genome."""
    size = genome_mb(next(iter(reference_file("genome")), None))
    return lambda wildcards, attempt: capped("mem_mb", base + factor * size, attempt)


rule index_star:
    input:
        genome=reference_file("genome"),
        gtf=reference_file("gtf"),
    output:
        directory(out("reference/star_index")),
    log:
        logs("index_star"),
    cache: "omit-software"
    conda:
        "../../envs/align.yaml"
    threads: 8
    resources:
        mem_mb=genome_memory(2000, 11),
        runtime=needs("runtime", 60, input_mb=0.1),
    params:
        own_files=content_of("reference.genome", "reference.gtf"),
    shell:
        # In a folder of its own, then moved: a job that outlives a killed run cannot mix into the next one's index.
        # The length of the words that STAR looks up by is its manual's for genomes of any size.
        "rm -rf {output:q}.part.* && part=$(mktemp -d {output:q}.part.XXXXXX) &&"
        ' gzip -cdf {input.genome:q} > "$part/genome.fa" && gzip -cdf {input.gtf:q} > "$part/genes.gtf" &&'
        " words=$(grep -v '^>' \"$part/genome.fa\" | wc -c |"
        " awk '{{n = int(log($1) / log(2) / 2 - 1); print n < 14 ? n : 14}}') &&"
        ' STAR --runMode genomeGenerate --genomeDir "$part" --genomeFastaFiles "$part/genome.fa"'
        ' --sjdbGTFfile "$part/genes.gtf" --sjdbOverhang 100 --genomeSAindexNbases "$words"'
        " --limitGenomeGenerateRAM $(({resources.mem_mb} * 1000000)) --runThreadN {threads}"
        ' --outFileNamePrefix "$part/" > {log:q} 2>&1 &&'
        ' rm -rf "$part/genome.fa" "$part/genes.gtf" "$part/Log.out" "$part/_STARtmp" && chmod =rwx "$part" &&'
        ' rm -rf {output:q} && mv "$part" {output:q}'


rule index_hisat2:
    input:
        genome=reference_file("genome"),
    output:
        directory(out("reference/hisat2_index")),
    log:
        logs("index_hisat2"),
    cache: "omit-software"
    conda:
        "../../envs/align.yaml"
    threads: 8
    resources:
        mem_mb=genome_memory(2000, 6),
        runtime=needs("runtime", 60, input_mb=0.1),
    params:
        own_files=content_of("reference.genome"),
    shell:
        "rm -rf {output:q}.part.* && part=$(mktemp -d {output:q}.part.XXXXXX) &&"
        ' gzip -cdf {input.genome:q} > "$part/genome.fa" &&'
        ' hisat2-build -p {threads} "$part/genome.fa" "$part/genome" > {log:q} 2>&1 &&'
        ' rm "$part/genome.fa" && chmod =rwx "$part" && rm -rf {output:q} && mv "$part" {output:q}'


rule list_splice_sites:
    input:
        gtf=reference_file("gtf"),
    output:
        out("reference/splice_sites.tsv"),
    log:
        logs("list_splice_sites"),
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 6000),
        runtime=needs("runtime", 15, input_mb=0.1),
    params:
        program=program("list_splice_sites", files=["reference.gtf"]),
    shell:
        "{params.program} --gtf {input.gtf:q} --out {output:q} > {log:q} 2>&1"


rule align_sample:
    input:
        # Reads and index are known by their content (params, reference.json), not by their time.
        reads=read_files,
        index=ancient(out(f"reference/{ALIGNER}_index")),
        reference=out("reference/reference.json"),
        splice_sites=out("reference/splice_sites.tsv"),
    output:
        bam=out("samples/{sample}/aligned.bam"),
        index=out("samples/{sample}/aligned.bam.bai"),
    log:
        logs("align_sample/{sample}"),
    benchmark:
        out("benchmarks/align_sample/{sample}.tsv")
    conda:
        "../../envs/align.yaml"
    threads: 4
    resources:
        # the index, then the sorting
        mem_mb=genome_memory(4000, ALIGNERS[ALIGNER].memory if ALIGNER else 0),
        runtime=needs("runtime", 60, input_mb=0.1),
    params:
        program=program("align_sample"),
        known_by=decisive_units,
        tool=ALIGNER,
        units=unit_options,
    shell:
        "{params.program} --sample {wildcards.sample} {params.units} --tool {params.tool} --index {input.index:q}"
        " --splice-sites {input.splice_sites:q} --threads {threads} --scratch {resources.tmpdir:q} --record-failure"
        " --out {output.bam:q} > {log:q} 2>&1"


rule count_alignments:
    input:
        bam=alignment_files,
        gtf=reference_file("gtf"),
        reads=out("samples/{sample}/reads.json"),
        alignment=out("samples/{sample}/alignment.json"),
        genome=reference_file("genome"),
    output:
        counts=out("samples/{sample}/gene_counts.tsv"),
        summary=out("samples/{sample}/gene_counts.summary"),
    log:
        logs("count_alignments/{sample}"),
    conda:
        "../../envs/align.yaml"
    threads: 2
    resources:
        mem_mb=needs("mem_mb", 4000),
        runtime=needs("runtime", 30, input_mb=0.02),
    params:
        program=program("count_alignments", files=["reference.gtf"]),
        known_by=alignment_fingerprints,
        tables=options_of("bam", "gtf", "reads", "alignment", "genome"),
        strandedness=strandedness_of,
        molecules=molecules_of,
    shell:
        "{params.program} --sample {wildcards.sample} {params.tables} --strandedness {params.strandedness}"
        " {params.molecules}"
        " --threads {threads} --scratch {resources.tmpdir:q} --out {output.counts:q}"
        " --out-summary {output.summary:q} > {log:q} 2>&1"


rule join_counts:
    input:
        expand(out("samples/{sample}/gene_counts.tsv"), sample=COUNTED_BY_ALIGNMENT),
    output:
        out("cohort/alignment_counts.tsv.gz"),
    log:
        logs("join_counts"),
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=10),
        runtime=needs("runtime", 15),
    params:
        program=program("join_counts"),
        folder=lambda wildcards, input: str(Path(input[0]).parents[1]),
        samples=COUNTED_BY_ALIGNMENT,
    shell:
        "{params.program} --samples-dir {params.folder:q} --samples {params.samples} --out {output:q} > {log:q} 2>&1"
