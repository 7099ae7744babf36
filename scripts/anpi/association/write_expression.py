"""Run the declared contrasts of expression and write their tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from anpi.association import differential, enrichment
from anpi.association.plan import Plan
from anpi.association.trial import Trial
from anpi.tables.writing import write_table

CONTRAST_COLUMNS = (
    "contrast",
    "n_group",
    "n_reference",
    "design",
    "genes_tested",
    "genes_fdr_5",
    "gene_sets_tested",
    "notes",
    "reason",
)


def write_expression(
    plan: Plan,
    trial: Trial,
    counts: pd.DataFrame | None,
    symbols: dict[str, str],
    sets: dict[str, list[str]],
    out: Path,
) -> None:
    """Write differential.tsv, enrichment.tsv and contrasts.tsv (what was compared, or why not).

    Parameters
    ----------
    counts : (genes, samples) DataFrame or None
        None when the matrix has no counts: then no contrast is tested, and the table says so.
    symbols : dict
        Symbol by gene id.
    """
    settings = plan.settings["expression"]
    genes, scores, contrasts = [], [], []
    by_patient = None if counts is None else counts_by_patient(counts, trial)
    for item in differential.declared_contrasts(plan, trial):
        summary = item.summary()
        contrasts.append(summary)
        if summary["reason"] is None and by_patient is None:
            summary["reason"] = "differential expression needs counts; the expression matrix holds none"
        elif summary["reason"] is None and by_patient is not None:
            lacking = [patient for patient in item.inside.index if patient not in by_patient.columns]
            if lacking:
                summary["reason"] = f"no counts for the samples of {', '.join(map(str, lacking[:5]))}: not tested"
        if summary["reason"] is not None or by_patient is None:
            continue
        table = differential.compare_groups(by_patient, item, settings["minimum_count"])
        table = table.rename_axis("gene_id").reset_index()
        table.insert(0, "contrast", item.name)
        table.insert(2, "symbol", table["gene_id"].map(symbols))
        genes.append(table.sort_values(["p", "gene_id"], na_position="last"))
        ranks = enrichment.rank_genes(table)
        enriched = enrichment.enrich(
            ranks,
            sets,
            settings["smallest_gene_set"],
            settings["largest_gene_set"],
            settings["permutations"],
            plan.seed,
        )
        enriched.insert(0, "contrast", item.name)
        scores.append(enriched.sort_values(["p", "gene_set"], na_position="last"))
        summary["genes_tested"] = int(table["p"].notna().sum())
        summary["genes_fdr_5"] = int((table["p_adjusted"] < 0.05).sum())
        summary["gene_sets_tested"] = int(enriched["nes"].notna().sum())
    write_table(out / "differential.tsv", stack(genes, differential.COLUMNS))
    write_table(out / "enrichment.tsv", stack(scores, enrichment.COLUMNS))
    frame = pd.DataFrame(contrasts, columns=list(CONTRAST_COLUMNS))
    whole = ["genes_tested", "genes_fdr_5", "gene_sets_tested"]
    write_table(out / "contrasts.tsv", frame.astype(dict.fromkeys(whole, "Int64")))


def counts_by_patient(counts: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Counts of the sample that the sets name for each patient (genes x patients)."""
    chosen = trial.sets["sample_id"].dropna()
    chosen = chosen[chosen.isin(counts.columns)]
    return counts[chosen.to_list()].set_axis(list(chosen.index), axis=1)


def stack(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.concat(parts)[list(columns)] if parts else pd.DataFrame(columns=list(columns))
