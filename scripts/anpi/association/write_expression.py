"""Run the declared contrasts of expression and write their tables."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from anpi.association import differential, enrichment
from anpi.association.plan import Plan
from anpi.association.trial import Trial
from anpi.files.kept import Kept, frame_bytes, frame_of
from anpi.files.writing import write_estimates
from anpi.progress import say
from anpi.workers import workers

# What a contrast takes beside the program: its counts, rounded and whole, their means, and a block that is fitted.
CONTRAST_COPIES = 4
BASE_MB = 600
Compared = tuple[pd.DataFrame, pd.DataFrame]
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


@dataclass(frozen=True)
class Given:
    """What all contrasts are computed from.

    Parameters
    ----------
    counts : pandas.DataFrame
        Genes x patients.
    symbols : dict
        Symbol by gene id.
    sets : dict
        Symbols by gene set.
    settings : dict
        Block ``expression`` of the plan.
    seed : int
        Of the permutations of enrichment.
    """

    counts: pd.DataFrame
    symbols: dict[str, str]
    sets: dict[str, list[str]]
    settings: dict[str, Any]
    seed: int


def write_expression(
    plan: Plan,
    trial: Trial,
    counts: pd.DataFrame | None,
    symbols: dict[str, str],
    sets: dict[str, list[str]],
    out: Path,
    threads: int = 1,
    memory: int | None = None,
    kept: Kept | None = None,
) -> None:
    """Write differential.tsv, enrichment.tsv and contrasts.tsv (what was compared, or why not).

    Parameters
    ----------
    counts : (genes, samples) DataFrame or None
        None when the matrix has no counts: then no contrast is tested, and the table says so.
    symbols : dict
        Symbol by gene id.
    threads : int
        Contrasts that are computed at a time, each in a process of its own.
    memory : int, optional
        MB that they may take together: where it is too little, fewer are computed at a time.
    kept : Kept, optional
        What an earlier run computed.
    """
    by_patient = None if counts is None else counts_by_patient(counts, trial)
    items = list(differential.declared_contrasts(plan, trial))
    summaries = [item.summary() for item in items]
    for item, summary in zip(items, summaries, strict=True):
        summary["reason"] = summary["reason"] or lack_of_counts(item, by_patient)
    tested = [place for place, summary in enumerate(summaries) if summary["reason"] is None]
    genes: list[pd.DataFrame] = []
    scores: list[pd.DataFrame] = []
    if by_patient is not None:
        say(f"{len(by_patient)} genes; {len(tested)} of {len(items)} contrasts can be tested")
        at_a_time = contrasts_at_a_time(by_patient.size, threads, memory)
        given = Given(by_patient, symbols, sets, plan.settings["expression"], plan.seed)
        compared = compare_all([items[place] for place in tested], given, at_a_time, kept or Kept(None))
        for place, (table, enriched) in zip(tested, compared, strict=True):
            say(f"{items[place].name}: done, {len(genes) + 1} of {len(tested)}")
            genes.append(table)
            scores.append(enriched)
            summaries[place]["genes_tested"] = int(table["p"].notna().sum())
            summaries[place]["genes_fdr_5"] = int((table["p_adjusted"] < 0.05).sum())
            summaries[place]["gene_sets_tested"] = int(enriched["nes"].notna().sum())
    write_estimates(out / "differential.tsv", stack(genes, differential.COLUMNS))
    write_estimates(out / "enrichment.tsv", stack(scores, enrichment.COLUMNS))
    frame = pd.DataFrame(summaries, columns=list(CONTRAST_COLUMNS))
    whole = ["genes_tested", "genes_fdr_5", "gene_sets_tested"]
    write_estimates(out / "contrasts.tsv", frame.astype(dict.fromkeys(whole, "Int64")))


def lack_of_counts(item: differential.Contrast, counts: pd.DataFrame | None) -> str | None:
    """Return why a contrast has no counts to be tested on, or nothing when it has."""
    if counts is None:
        return "differential expression needs counts; the expression matrix holds none"
    lacking = [str(patient) for patient in item.inside.index if patient not in counts.columns]
    return f"no counts for the samples of {', '.join(lacking[:5])}: not tested" if lacking else None


def contrasts_at_a_time(cells: int, threads: int, memory: int | None) -> int:
    """Return how many contrasts of a matrix with so many cells fit into memory (MB), at least one."""
    if memory is None:
        return threads
    each = BASE_MB + CONTRAST_COPIES * cells * 8 / 2**20
    return max(1, min(threads, int(memory / each)))


def compare_all(items: Sequence[differential.Contrast], given: Given, threads: int, kept: Kept) -> Iterator[Compared]:
    """Compare the contrasts, but for those that an earlier run has compared, on the same counts and groups."""
    beside = kept.key(given.symbols, given.sets, given.settings, given.seed, given.counts.index.to_list())
    keys = [kept.key(beside, item, given.counts[item.inside.index].to_numpy()) for item in items]
    found = [(kept.take(f"{key}.genes"), kept.take(f"{key}.sets")) for key in keys]
    lacking = [item for item, parts in zip(items, found, strict=True) if None in parts]
    computed = side_by_side(lacking, given, threads)
    for key, (genes, sets) in zip(keys, found, strict=True):
        if genes is not None and sets is not None:
            yield frame_of(genes), frame_of(sets)
            continue
        table, enriched = next(computed)
        kept.put(f"{key}.genes", frame_bytes(table))
        kept.put(f"{key}.sets", frame_bytes(enriched))
        yield table, enriched


def side_by_side(items: Sequence[differential.Contrast], given: Given, threads: int) -> Iterator[Compared]:
    """Compare contrasts, several at a time when there are threads; forked, so that nothing is imported again.

    Gene sets are tasks of their own behind those of genes: five contrasts on two cores do not end with one of them.
    """
    at_a_time = min(threads, len(items))
    if at_a_time < 2:
        for item in items:
            table = compare_genes(item, given)
            yield table, compare_sets(item, table, given)
        return
    import gseapy  # noqa: F401  loaded before the fork, for all processes at once

    import anpi.association.deseq  # noqa: F401  as well

    with workers(at_a_time, given) as start:
        begun: deque[tuple[pd.DataFrame, Future]] = deque()
        comparing = [start(compare_genes, item) for item in items]
        for item, compared in zip(items, comparing, strict=True):
            table = compared.result()
            begun.append((table, start(compare_sets, item, table)))
            while begun and begun[0][1].done():
                table, enriching = begun.popleft()
                yield table, enriching.result()
        for table, enriching in begun:
            yield table, enriching.result()


def compare_genes(item: differential.Contrast, given: Given) -> pd.DataFrame:
    """Compare one contrast gene by gene, sorted by p."""
    table = differential.compare_groups(given.counts, item, given.settings["minimum_count"])
    table = table.rename_axis("gene_id").reset_index()
    table.insert(0, "contrast", item.name)
    table.insert(2, "symbol", table["gene_id"].map(given.symbols))
    return table.sort_values(["p", "gene_id"], na_position="last")


def compare_sets(item: differential.Contrast, table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """Compare the gene sets of a contrast, of the table of its genes; sorted by p."""
    settings = given.settings
    enriched = enrichment.enrich(
        enrichment.rank_genes(table),
        given.sets,
        settings["smallest_gene_set"],
        settings["largest_gene_set"],
        settings["permutations"],
        given.seed,
    )
    enriched.insert(0, "contrast", item.name)
    return enriched.sort_values(["p", "gene_set"], na_position="last")


def counts_by_patient(counts: pd.DataFrame, trial: Trial) -> pd.DataFrame:
    """Return counts of the sample that the sets name for each patient (genes x patients)."""
    chosen = trial.sets["sample_id"].dropna()
    chosen = chosen[chosen.isin(counts.columns)]
    return counts[chosen.to_list()].set_axis(list(chosen.index), axis=1)


def stack(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.concat(parts)[list(columns)] if parts else pd.DataFrame(columns=list(columns))
