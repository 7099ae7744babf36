"""The tables of a run that the report reads: the workflow waits for them, the workbook has a sheet of each.

Imports nothing heavy: the rules read it at each start.
"""

from __future__ import annotations

TABLES = {
    "endpoints": "clinical/endpoints.tsv",
    "timepoints": "clinical/timepoints.tsv",
    "queries": "clinical/queries.tsv",
    "rates": "clinical/rates.tsv",
    "concordance": "clinical/concordance.tsv",
    "strategies": "clinical/estimands.tsv",
    "adverse_events": "clinical/adverse_events.tsv",
    "exposure": "clinical/exposure.tsv",
    "shifts": "clinical/shifts.tsv",
    "sets": "analysis/sets.tsv",
    "attrition": "analysis/attrition.tsv",
    "accounts": "accounts.tsv",
    "verdicts": "qc/verdicts.tsv",
    "gene_body": "qc/gene_body_coverage.tsv",
    "calls": "subtypes/calls.tsv",
    "programmes": "subtypes/programmes.tsv",
    "tissues": "subtypes/tissues.tsv",
    "scores": "immune/scores.tsv",
    "targets": "targets/targets.tsv",
    "pairs": "change/pairs.tsv",
    "changes": "change/changes.tsv",
    "change_tests": "change/tests.tsv",
    "components": "exploration/components.tsv",
    "variance": "exploration/variance.tsv",
    "exploration_notes": "exploration/notes.tsv",
    "nmf_ranks": "exploration/nmf_ranks.tsv",
    "nmf_names": "exploration/nmf_names.tsv",
    "nmf_agreement": "exploration/nmf_agreement.tsv",
    "signature_correlation": "immune/correlation.tsv",
    "signature_methods": "immune/methods.tsv",
    "fractions": "immune/fractions.tsv",
    "pathways": "immune/pathways.tsv",
    "results": "association/results.tsv",
    "survival": "association/survival.tsv",
    "curves": "association/curves.tsv",
    "response": "association/response.tsv",
    "sensitivity": "association/sensitivity.tsv",
    "influence": "association/influence.tsv",
    "representativeness": "association/representativeness.tsv",
    "detectable": "association/detectable.tsv",
    "estimands": "association/estimands.tsv",
    "subgroups": "association/subgroups.tsv",
    "incidence": "association/incidence.tsv",
    "published": "association/published.tsv",
    "agreement": "association/agreement.tsv",
    "contrasts": "expression/contrasts.tsv",
    "differential": "expression/differential.tsv",
    "enrichment": "expression/enrichment.tsv",
}
NEEDED = ("endpoints", "sets", "attrition")
# Folders that only a run with samples has.
FOLDERS_OF_SAMPLES = ("qc", "subtypes", "immune", "targets", "change", "exploration", "expression")
OF_EVENTS = ("adverse_events", "exposure", "shifts")
OF_GENOTYPES = ("gene_body",)
# What is read beside the tables.
STATEMENTS = "association/statements.json"
GENES = ("cohort/tpm.parquet", "cohort/genes.tsv")


def expected_tables(samples: bool, adverse_events: bool, genotypes: bool) -> dict[str, str]:
    """Return the tables of a run by what it was given; others may still stand in the folder, of an earlier run."""
    left_out = (() if adverse_events else OF_EVENTS) + (() if genotypes else OF_GENOTYPES)
    found = {name: path for name, path in TABLES.items() if name not in left_out}
    return {name: path for name, path in found.items() if samples or path.split("/")[0] not in FOLDERS_OF_SAMPLES}


def expected_files(samples: bool, adverse_events: bool, genotypes: bool) -> list[str]:
    """Return all that the report reads below the results of a run."""
    tables = expected_tables(samples, adverse_events, genotypes).values()
    return [*tables, STATEMENTS, *(GENES if samples else ())]
