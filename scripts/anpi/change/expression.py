"""All genes of the pairs: DESeq2 with the patient as block, and gene sets by its statistic."""

from __future__ import annotations

import pandas as pd

from anpi.association import differential, enrichment
from anpi.association.plan import Plan
from anpi.change.pairs import CONTRASTS
from anpi.change.tests import LEAST_PAIRS, WORDS


def paired_contrast(pairs: pd.DataFrame, contrast: str, counted: list[str]) -> differential.Contrast:
    """Return the later samples against the baseline ones, each patient a block; with an obstacle below five pairs."""
    used = pairs[pairs["contrast"].eq(contrast) & pairs["used"].eq("yes")]
    used = used[used["from_sample"].isin(counted) & used["to_sample"].isin(counted)].sort_values("patient_id")
    samples = [*used["from_sample"], *used["to_sample"]]
    inside = pd.Series([0.0] * len(used) + [1.0] * len(used), index=samples, dtype=float)
    patient = pd.Series([*used["patient_id"]] * 2, index=samples, dtype=object)
    blocks = pd.get_dummies(patient, prefix="patient", prefix_sep=": ", dtype=float).iloc[:, 1:]
    obstacle = f"{len(used)} pairs, fewer than {LEAST_PAIRS}: not tested" if len(used) < LEAST_PAIRS else None
    if len(blocks.columns) + 2 > differential.MOST_COLUMNS:
        obstacle = f"{len(used)} pairs, more than the {differential.MOST_COLUMNS} columns of a design: not tested"
    return differential.Contrast(f"{WORDS[contrast]} against baseline", inside, blocks, (), obstacle)


def compare_pairs(
    plan: Plan, pairs: pd.DataFrame, counts: pd.DataFrame, symbols: dict[str, str], sets: dict[str, list[str]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return differential expression and enrichment of the contrasts that the plan declares.

    Returns
    -------
    genes, sets : pandas.DataFrame
        As ``expression/differential.tsv`` and ``expression/enrichment.tsv``.
    """
    settings, genes, scores = plan.settings["expression"], [], []
    for contrast in CONTRASTS:
        item = paired_contrast(pairs, contrast, list(counts.columns))
        if contrast not in plan.settings["change"]["contrasts"] or item.obstacle:
            continue
        table = differential.compare_groups(counts, item, settings["minimum_count"]).rename_axis("gene_id")
        table = table.reset_index()
        table.insert(0, "contrast", item.name)
        table.insert(2, "symbol", table["gene_id"].map(symbols))
        limits = settings["smallest_gene_set"], settings["largest_gene_set"], settings["permutations"]
        enriched = enrichment.enrich(enrichment.rank_genes(table), sets, *limits, plan.seed)
        enriched.insert(0, "contrast", item.name)
        genes.append(table.sort_values(["p", "gene_id"], na_position="last"))
        scores.append(enriched.sort_values(["p", "gene_set"], na_position="last"))
    return stack(genes, differential.COLUMNS), stack(scores, enrichment.COLUMNS)


def stack(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.concat(parts)[list(columns)] if parts else pd.DataFrame(columns=list(columns))
