# What the plan declares, and nothing else: needs plan of the config; makes association/, expression/ and change/.
from anpi.tables.schema import read_settings

PUBLISHED = RESOURCES / "published" / "cohorts.tsv"
GENE_SETS = RESOURCES / "signatures" / "genes" / "hallmark.tsv"
# The one rule of the endpoints that the tests hang on beside the endpoints themselves.
COUNTED_FROM = in_words(read_settings, RULES, "endpoints")["reference"]


rule test_associations:
    input:
        endpoints=out("clinical/endpoints.tsv"),
        sets=out("analysis/sets.tsv"),
        patients=clinical("patients"),
        own_plan=own("plan", PLAN),
        calls=expressed("subtypes/calls.tsv"),
        scores=expressed("immune/scores.tsv"),
        tpm=expressed("cohort/tpm.parquet"),
        genes=expressed("cohort/genes.tsv"),
        samples=sample_sheet(),
        adverse_events=clinical("adverse_events"),
        biomarkers=clinical("biomarkers"),
    output:
        results=report(
            out("association/results.tsv"),
            caption="../report/results.rst",
            category="Associations",
            labels={"table": "results"},
        ),
        survival=out("association/survival.tsv"),
        curves=out("association/curves.tsv"),
        response=out("association/response.tsv"),
        statements=out("association/statements.json"),
        sensitivity=out("association/sensitivity.tsv"),
        influence=out("association/influence.tsv"),
        detectable=out("association/detectable.tsv"),
        estimands=out("association/estimands.tsv"),
        subgroups=out("association/subgroups.tsv"),
        incidence=out("association/incidence.tsv"),
        published=out("association/published.tsv"),
        agreement=out("association/agreement.tsv"),
        representativeness=out("association/representativeness.tsv"),
    log:
        logs("test_associations"),
    benchmark:
        out("benchmarks/test_associations.tsv")
    priority: SECOND
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2500, sample=8),
        runtime=needs("runtime", 60, sample=0.2),
    params:
        program=program(
            "test_associations",
            *(PLAN, REGISTRY, PUBLISHED),
            files=["clinical.patients", "clinical.adverse_events", "clinical.biomarkers", "samples"],
        ),
        plan=PLAN,
        reference=COUNTED_FROM,
        expression=options_of("calls", "scores", "tpm", "genes", "samples", "adverse_events", "biomarkers"),
        folder=subpath(output.results, parent=True),
        # The memory of plans stays in the folder of the run, wherever results are stored.
        history=out("association/plan_history.json"),
        kept=kept("test_associations"),
    shell:
        "{params.program} --plan {params.plan:q} --endpoints {input.endpoints:q} --sets {input.sets:q}"
        " --patients {input.patients:q} {params.expression} --reference {params.reference} --history {params.history:q}"
        " {params.kept} --out-dir {params.folder:q} > {log:q} 2>&1"


def contrast_threads(wildcards):
    """Ask for a core a contrast (responders, four subtypes), as far as this machine has them."""
    cores = workflow.resource_settings.cores
    return 5 if IS_JOB or cores is None else min(5, cores)


rule test_expression:
    input:
        counts=out("cohort/counts.parquet"),
        genes=out("cohort/genes.tsv"),
        sets=out("analysis/sets.tsv"),
        endpoints=out("clinical/endpoints.tsv"),
        patients=clinical("patients"),
        samples=sample_sheet(),
        calls=out("subtypes/calls.tsv"),
        own_plan=own("plan", PLAN),
    output:
        contrasts=out("expression/contrasts.tsv"),
        differential=report(
            out("expression/differential.tsv"),
            caption="../report/differential.rst",
            category="Expression",
            labels={"table": "genes"},
        ),
        enrichment=report(
            out("expression/enrichment.tsv"),
            caption="../report/enrichment.rst",
            category="Expression",
            labels={"table": "gene sets"},
        ),
    log:
        logs("test_expression"),
    benchmark:
        out("benchmarks/test_expression.tsv")
    priority: FIRST
    conda:
        "../../envs/anpi.yaml"
    threads: contrast_threads
    resources:
        mem_mb=needs("mem_mb", 4000, sample=4),
        runtime=needs("runtime", 60, sample=0.2),
    params:
        program=program("test_expression", PLAN, GENE_SETS, files=["clinical.patients", "samples"]),
        gene_sets=GENE_SETS,
        plan=PLAN,
        folder=subpath(output.differential, parent=True),
        kept=kept("test_expression"),
    shell:
        "{params.program} --counts {input.counts:q} --genes {input.genes:q} --sets {input.sets:q}"
        " --endpoints {input.endpoints:q} --patients {input.patients:q} --samples {input.samples:q}"
        " --calls {input.calls:q} --gene-sets {params.gene_sets:q} --plan {params.plan:q}"
        " --threads {threads} --memory {resources.mem_mb} {params.kept} --out-dir {params.folder:q} > {log:q} 2>&1"


rule measure_changes:
    input:
        samples=sample_sheet(),
        patients=clinical("patients"),
        own_plan=own("plan", PLAN),
        verdicts=out("qc/verdicts.tsv"),
        identity=out("qc/identity.tsv"),
        identity_pairs=out("qc/identity_pairs.tsv"),
        calls=out("subtypes/calls.tsv"),
        programmes=out("subtypes/programmes.tsv"),
        scores=out("immune/scores.tsv"),
        targets=out("targets/targets.tsv"),
        fractions=out("immune/fractions.tsv"),
        pathways=out("immune/pathways.tsv"),
        tpm=out("cohort/tpm.parquet"),
        counts=out("cohort/counts.parquet") if COUNTED else [],
        gmt=[given(path) for path in SETTINGS["signatures"]["gmt"]],
    output:
        pairs=out("change/pairs.tsv"),
        changes=out("change/changes.tsv"),
    log:
        logs("measure_changes"),
    benchmark:
        out("benchmarks/measure_changes.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 2500, sample=8),
        runtime=needs("runtime", 30, sample=0.5),
    params:
        program=program(
            "measure_changes",
            *(PLAN, MODEL, RESOURCES / "signatures", RESOURCES / "pathways", GENES),
            settings=["tumour"],
            files=["clinical.patients", "samples", "signatures.gmt"],
        ),
        plan=PLAN,
        model=MODEL,
        tables=options_of(
            *("samples", "patients", "verdicts", "identity", "identity_pairs", "calls", "programmes"),
            *("scores", "targets", "fractions", "pathways", "tpm", "counts", "gmt"),
        ),
    shell:
        "{params.program} --plan {params.plan:q} --model {params.model:q} --tumour {params.program.settings[tumour]} {params.tables}"
        " --out-pairs {output.pairs:q} --out-changes {output.changes:q} > {log:q} 2>&1"


rule test_changes:
    input:
        own_plan=own("plan", PLAN),
        pairs=out("change/pairs.tsv"),
        changes=out("change/changes.tsv"),
        endpoints=out("clinical/endpoints.tsv"),
        sets=out("analysis/sets.tsv"),
        patients=clinical("patients"),
        counts=out("cohort/counts.parquet") if COUNTED else [],
        genes=out("cohort/genes.tsv"),
    output:
        tests=out("change/tests.tsv"),
        differential=out("change/differential.tsv"),
        enrichment=out("change/enrichment.tsv"),
    log:
        logs("test_changes"),
    benchmark:
        out("benchmarks/test_changes.tsv")
    conda:
        "../../envs/anpi.yaml"
    resources:
        mem_mb=needs("mem_mb", 3000, sample=12),
        runtime=needs("runtime", 60, sample=0.2),
    params:
        program=program("test_changes", PLAN, GENE_SETS, files=["clinical.patients"]),
        plan=PLAN,
        reference=COUNTED_FROM,
        gene_sets=GENE_SETS,
        tables=options_of("pairs", "changes", "endpoints", "sets", "patients", "counts", "genes"),
        folder=subpath(output.tests, parent=True),
    shell:
        "{params.program} --plan {params.plan:q} --reference {params.reference} {params.tables}"
        " --gene-sets {params.gene_sets:q} --out-dir {params.folder:q} > {log:q} 2>&1"
