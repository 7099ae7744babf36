# The files of the user as inputs of rules: tables, the reference, and the reads, alignments or salmon result of a sample.

from anpi.wiring.outdated import replaced_files

USER_FILES = {key: path for key, path in sorted(config_paths(SETTINGS).items()) if key != "results"}
BESIDE_QUANT = ("lib_format_counts.json", "aux_info/meta_info.json")
LOCAL_READS = {sample: [file for file in UNITS_OF[sample].reads if not is_stored(file)] for sample in UNITS_OF}
READ_AGAIN = set() if IS_JOB else in_words(replaced_files, Path(SETTINGS["results"]), LOCAL_READS)


def given(path):
    """Return a file of the user as an input: an object of S3, or a local file wherever results go."""
    return storage(path) if is_stored(path) else local(path)


def known(path):
    """Return the user's reads or alignments as an input: an object is known by its time in the bucket, a file by content.

    One that failed its sample and was written again is looked at whole.
    """
    return given(path) if is_stored(path) or path in READ_AGAIN else ancient(given(path))


def table(key):
    """Return a table of the user as an input: its file, or the text that is read out of a sheet of a workbook."""
    path = setting(key)
    return given(path) if split_sheet(path)[1] is None else out(f"inputs/{key.split('.')[-1]}.csv")


def sample_sheet():
    """Return the sample sheet, or nothing when the run has none."""
    return table("samples") if SETTINGS["samples"] else []


def clinical(name):
    """Return a clinical table as a list of one path, or of none when the config has none."""
    return [table(f"clinical.{name}")] if SETTINGS["clinical"][name] else []


def own(key, path):
    """Return a file of the user as an input; a shipped one is none, its content is part of the code."""
    return given(str(path)) if SETTINGS[key] else []


def download_name(name):
    """Name the file that a reference is downloaded to."""
    return "".join([name, *Path(SETTINGS["reference"][name]).suffixes[-2:]])


def reference_file(name):
    """Return a reference file as an input: the user's own, or where a download goes."""
    value = SETTINGS["reference"][name]
    if not value:
        return []
    return [out(f"reference/download/{download_name(name)}") if is_url(value) else given(value)]


def units_of(sample):
    """Return the units of a sample; an unknown sample has none."""
    return UNITS_OF.get(sample, SampleUnits())


def decisive_units(wildcards):
    """Return what of a sample's units decides its results: how the reads are read, and what the local files are known by."""
    units = units_of(wildcards.sample)
    return [*units.decisive, *(reads_digest(file) for file in units.reads if not is_stored(file))]


def read_files(wildcards):
    """Return the files that hold the reads of a sample as inputs."""
    return [known(file) for file in units_of(wildcards.sample).reads]


def unit_options(wildcards, input):
    """Write the options that name the units of a sample, with the files where the job finds them."""
    units = units_of(wildcards.sample)
    return units.options(dict(zip(units.reads, input.reads)))


def strandedness_of(wildcards):
    """Return the declared strandedness of a sample; auto when none is."""
    return units_of(wildcards.sample).strandedness


def molecules_of(wildcards):
    """Write the option by which molecules are counted once, of a sample whose reads have identifiers."""
    return "--molecules" if units_of(wildcards.sample).identified else ""


def alignments_of(sample):
    """List the alignments to the genome (BAM or CRAM) of a sample; none when it has none."""
    units = units_of(sample)
    if ALIGNER and units.kinds <= {"paired", "single"}:
        return [out(f"samples/{sample}/aligned.bam")]
    return [] if units.aligned_to == "transcriptome" else units.alignments


def alignment_files(wildcards):
    """Return the alignments of a sample; the user's are known by their content, not by their time."""
    users = set(units_of(wildcards.sample).alignments)
    return [known(file) if file in users else file for file in alignments_of(wildcards.sample)]


def alignment_fingerprints(wildcards):
    """Return what the user's alignments of a sample are known by."""
    users = set(units_of(wildcards.sample).alignments)
    return [reads_digest(file) for file in alignments_of(wildcards.sample) if file in users and not is_stored(file)]


def genome_of_cram(wildcards):
    """Return the genome when a sample has an alignment that cannot be read without."""
    crams = [file for file in alignments_of(wildcards.sample) if file.endswith(".cram")]
    return reference_file("genome") if crams else []


def genome_known_by(wildcards):
    """Return what the genome is known by when a sample needs it."""
    return content_of("reference.genome") if genome_of_cram(wildcards) else {}


@functools.cache
def genotyped_samples():
    """List the samples with alignments to the genome, whose genotypes can be called."""
    used = [] if UNITS is None else RUN.used
    return [sample for sample in used if alignments_of(sample)]


# Whether alignments and the genes of their genome are all that there is.
COUNTED_ALONE = counted_alone(SETTINGS["reference"], UNITS)
COUNTED_BY_ALIGNMENT = genotyped_samples() if ALIGNER else []
# The user's salmon results by sample.
QUANTIFIED = {
    sample: given(quant if is_stored(quant) else str(quant_file(quant)))
    for sample in ([] if UNITS is None else RUN.used)
    if (quant := units_of(sample).quant)
}


@functools.cache
def salmon_result(sample):
    """Return the counts of a sample (the user's salmon result, the quantify step's, of alignments) and what goes with them."""
    if sample in QUANTIFIED:
        return {"quant": QUANTIFIED[sample]}
    folder = out(f"samples/{sample}")
    measured = {"alignment": f"{folder}/alignment.json"} if alignments_of(sample) else {}
    if COUNTED_ALONE:
        counts = {"gene_counts": f"{folder}/gene_counts.tsv", "counting": f"{folder}/gene_counts.summary"}
        return {**counts, "reads": f"{folder}/reads.json", **measured}
    return {
        "quant": f"{folder}/salmon/quant.sf",
        "formats": f"{folder}/salmon/lib_format_counts.json",
        "reads": f"{folder}/reads.json",
        "fastp": f"{folder}/fastp.json",
        **measured,
        **({"gene_counts": f"{folder}/gene_counts.tsv"} if sample in COUNTED_BY_ALIGNMENT else {}),
    }
