# Results in the formats of other people's tools, only when asked for: `snakemake export`, or one folder of exports/.

OF_EXPRESSION = ["gct", "mudata"]
FORMATS = ["ars", "cbioportal", "definexml", "parquet", "phenopackets", "sbom", *(OF_EXPRESSION if EXPRESSED else [])]
EXPORTED = [key for key in USER_FILES if key.startswith("clinical.") or key == "samples"]


rule export_results:
    input:
        manifest=out("manifest.json"),
        recorded=out("ledger/recorded.json"),
        made=run_results,
        tables=[user_inputs()[key] for key in EXPORTED],
    output:
        directory(out("exports/{format}")),
    log:
        logs("export_results/{format}"),
    benchmark:
        out("benchmarks/export_results/{format}.tsv")
    wildcard_constraints:
        format="|".join(FORMATS),
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2000, sample=6),
        runtime=needs("runtime", 20, sample=0.1),
    params:
        program=program(
            "export_results",
            RESOURCES / "exports" / "reproduce.R",
            ROOT / "requirements.lock",
            files=["clinical.", "samples"],
        ),
        results=subpath(input.manifest, parent=True),
        tables=lambda wildcards, input: named_files(EXPORTED, input.tables),
    shell:
        "{params.program} --results {params.results:q} --format {wildcards.format} --inputs {params.tables}"
        " --out {output:q} > {log:q} 2>&1"
