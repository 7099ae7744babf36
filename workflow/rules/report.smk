# The report and the manifest: needs everything above; makes report/ and manifest.json.


def user_files():
    """List the tables, the matrix and the reference of the user, which the manifest holds checksums of."""
    settings = [SETTINGS[name] for name in ("samples", "units", "endpoints", "plan", "subtype_model")]
    matrix = [SETTINGS["expression"]["matrix"]] if SETTINGS["expression"] else []
    reference = [path for name in ("transcripts", "gtf", "genome") for path in reference_file(name)]
    files = [*settings, *matrix, *SETTINGS["clinical"].values(), *reference, *SETTINGS["signatures"]["gmt"]]
    return [path for path in files if path]


rule write_manifest:
    input:
        report=out("report/index.html"),
        cohort=out("cohort/cohort.h5ad") if RUN.samples is not None else [],
        files=user_files(),
    output:
        out("manifest.json"),
    log:
        logs("write_manifest"),
    conda:
        "../../envs/anpi.yaml"
    params:
        code=code("write_manifest"),
        settings=json.dumps(SETTINGS, sort_keys=True),
        results=subpath(output[0], parent=True),
    message:
        "Writing the manifest"
    shell:
        "{PYTHON} {SCRIPTS:q}/write_manifest.py --settings {params.settings:q} --inputs {input.files:q}"
        " --resources {MODEL:q} {REGISTRY:q} {RESOURCES:q}/genes {PLAN:q} {RULES:q}"
        " --results {params.results:q} --out {output:q} > {log:q} 2>&1"
